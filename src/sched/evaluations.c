#include "sched/evaluations.h"

#include <stdlib.h>

#include "graph/group_table.h"

/* One step of the staircase: the cost at capacities from least_bytes to most_bytes. */
struct stair {
  struct group_cost cost;
  uint64_t least_bytes, most_bytes;
  struct stair *next;
};

struct evaluation {
  uint64_t too_small_bytes; /* the largest capacity known that does not do */
  struct stair *stairs;
};

struct evaluations {
  struct group_table *table;
  struct overflows *overflows;
};

int evaluations_create(struct evaluations **out, const struct graph *graph, size_t limit_bytes, struct error *err) {
  struct evaluations *evaluations = calloc(1, sizeof *evaluations);
  if (evaluations == NULL) return error_memory(err);
  if (group_table_create(&evaluations->table, graph, sizeof(struct evaluation), limit_bytes / 2, err) != 0 ||
      overflows_create(&evaluations->overflows, graph, limit_bytes / 2, err) != 0) {
    evaluations_free(evaluations);
    return -1;
  }
  *out = evaluations;
  return 0;
}

void evaluations_free(struct evaluations *evaluations) {
  if (evaluations == NULL) return;
  group_table_free(evaluations->table);
  overflows_free(evaluations->overflows);
  free(evaluations);
}

struct overflows *evaluations_overflows(const struct evaluations *evaluations) { return evaluations->overflows; }

static bool find_stair(const struct evaluation *evaluation, uint64_t capacity_bytes, struct group_cost *cost) {
  for (const struct stair *stair = evaluation->stairs; stair != NULL; stair = stair->next) {
    if (capacity_bytes < stair->least_bytes || capacity_bytes > stair->most_bytes) continue;
    *cost = stair->cost;
    return true;
  }
  return false;
}

bool evaluations_find(struct evaluations *evaluations, const uint64_t *group, uint64_t capacity_bytes,
                      struct group_cost *cost) {
  struct group_slot slot = group_table_find(evaluations->table, group);
  const struct evaluation *evaluation = slot.value;
  bool found = false;
  if (evaluation != NULL && capacity_bytes <= evaluation->too_small_bytes) {
    *cost = (struct group_cost){.required_bytes = capacity_bytes + 1};
    found = true;
  } else if (evaluation != NULL) {
    found = find_stair(evaluation, capacity_bytes, cost);
  }
  group_slot_release(slot);
  return found;
}

static void add_stair(struct evaluation *evaluation, struct arena *arena, const struct group_cost *cost,
                      uint64_t least_bytes, uint64_t most_bytes) {
  for (struct stair *stair = evaluation->stairs; stair != NULL; stair = stair->next) {
    if (stair->cost.required_bytes != cost->required_bytes || stair->cost.stripes != cost->stripes) continue;
    if (stair->most_bytes < most_bytes) stair->most_bytes = most_bytes;
    return;
  }
  struct stair *stair = ARENA_NEW(arena, struct stair, 1);
  if (stair == NULL) return;
  *stair = (struct stair){*cost, least_bytes, most_bytes, evaluation->stairs};
  evaluation->stairs = stair;
}

void evaluations_add(struct evaluations *evaluations, const uint64_t *group, uint64_t least_bytes,
                     uint64_t capacity_bytes, const struct group_cost *cost) {
  struct group_slot slot = group_table_add(evaluations->table, group);
  struct evaluation *evaluation = slot.value;
  if (evaluation != NULL && cost->required_bytes > capacity_bytes) {
    if (evaluation->too_small_bytes < capacity_bytes) evaluation->too_small_bytes = capacity_bytes;
  } else if (evaluation != NULL) {
    add_stair(evaluation, slot.arena, cost, least_bytes, cost->stripes == 0 ? UINT64_MAX : capacity_bytes);
  }
  group_slot_release(slot);
}
