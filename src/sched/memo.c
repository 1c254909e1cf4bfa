#include "sched/memo.h"

#include <stdlib.h>
#include <string.h>

#include "graph/group_table.h"

struct memo_entry {
  bool has_cost, has_side, has_split, has_reason;
  struct group_cost cost;
  struct expense expense;
  struct memo_side side;
  struct split split;
  struct memo_reason reason;
};

struct split_memo {
  const struct sim_model *model;
  struct evaluations *evaluations;
  struct group_table *table;
};

int split_memo_create(struct split_memo **out, const struct sim_model *model, struct error *err) {
  struct split_memo *memo = malloc(sizeof *memo);
  if (memo == NULL) return error_memory(err);
  *memo = (struct split_memo){.model = model};
  if (group_table_create(&memo->table, model->graph, sizeof(struct memo_entry), SIZE_MAX, err) != 0) {
    free(memo);
    return -1;
  }
  *out = memo;
  return 0;
}

void split_memo_free(struct split_memo *memo) {
  if (memo == NULL) return;
  group_table_free(memo->table);
  free(memo);
}

const struct sim_model *memo_model(const struct split_memo *memo) { return memo->model; }

void memo_share(struct split_memo *memo, struct evaluations *evaluations) { memo->evaluations = evaluations; }

struct evaluations *memo_evaluations(const struct split_memo *memo) { return memo->evaluations; }

bool memo_find_cost(struct split_memo *memo, const uint64_t *group, struct group_cost *cost, struct expense *expense) {
  struct group_slot slot = group_table_find(memo->table, group);
  const struct memo_entry *entry = slot.value;
  bool found = entry != NULL && entry->has_cost;
  if (found) {
    *cost = entry->cost;
    *expense = entry->expense;
  }
  group_slot_release(slot);
  return found;
}

int memo_add_cost(struct split_memo *memo, const uint64_t *group, const struct group_cost *cost,
                  const struct expense *expense) {
  struct group_slot slot = group_table_add(memo->table, group);
  struct memo_entry *entry = slot.value;
  if (entry != NULL) {
    entry->cost = *cost;
    entry->expense = *expense;
    entry->has_cost = true;
  }
  group_slot_release(slot);
  return entry == NULL ? -1 : 0;
}

bool memo_find_side(struct split_memo *memo, const uint64_t *ops, struct memo_side *side) {
  struct group_slot slot = group_table_find(memo->table, ops);
  const struct memo_entry *entry = slot.value;
  bool found = entry != NULL && entry->has_side;
  if (found) *side = entry->side;
  group_slot_release(slot);
  return found;
}

int memo_add_side(struct split_memo *memo, const uint64_t *ops, const struct memo_side *side) {
  struct group_slot slot = group_table_add(memo->table, ops);
  struct memo_entry *entry = slot.value;
  if (entry != NULL) {
    entry->side = *side;
    entry->has_side = true;
  }
  group_slot_release(slot);
  return entry == NULL ? -1 : 0;
}

bool memo_find_split(struct split_memo *memo, const uint64_t *group, struct split *split) {
  struct group_slot slot = group_table_find(memo->table, group);
  const struct memo_entry *entry = slot.value;
  bool found = entry != NULL && entry->has_split;
  if (found) *split = entry->split;
  group_slot_release(slot);
  return found;
}

static int split_copy(struct split *to, const struct split *from, size_t group_bytes, struct arena *arena) {
  uint64_t *sets = arena_alloc(arena, from->part_count, group_bytes);
  struct group_cost *costs = ARENA_NEW(arena, struct group_cost, from->part_count);
  if (sets == NULL || costs == NULL) return -1;
  memcpy(sets, from->sets, from->part_count * group_bytes);
  memcpy(costs, from->costs, from->part_count * sizeof *costs);
  *to = (struct split){from->expense, from->part_count, costs, sets};
  return 0;
}

int memo_add_split(struct split_memo *memo, const uint64_t *group, struct split *split,
                   const struct memo_reason *reason) {
  struct group_slot slot = group_table_add(memo->table, group);
  struct memo_entry *entry = slot.value;
  int status = entry == NULL ? -1 : 0;
  if (entry != NULL && !entry->has_split) {
    status = split_copy(&entry->split, split, memo->model->graph->set_words * sizeof *group, slot.arena);
    entry->has_split = status == 0;
    entry->has_reason = reason != NULL;
    if (reason != NULL) entry->reason = *reason;
  }
  if (status == 0) *split = entry->split;
  group_slot_release(slot);
  return status;
}

/* ---- all of them ---- */

struct reason_order {
  const uint64_t *group;
  const struct memo_reason *reason;
  size_t bytes; /* of the group */
};

struct reason_list {
  struct reason_order *items;
  size_t count, bytes;
};

static void list_reason(void *context, const uint64_t *group, const void *value) {
  struct reason_list *list = context;
  const struct memo_entry *entry = value;
  if (entry->has_reason) list->items[list->count++] = (struct reason_order){group, &entry->reason, list->bytes};
}

static int compare_reasons(const void *left, const void *right) {
  const struct reason_order *a = left, *b = right;
  return memcmp(a->group, b->group, a->bytes);
}

int memo_visit_reasons(const struct split_memo *memo,
                       void (*visit)(void *context, const uint64_t *group, const struct memo_reason *reason),
                       void *context) {
  uint64_t costs, splits;
  struct reason_list list = {.bytes = memo->model->graph->set_words * sizeof(uint64_t)};
  memo_count(memo, &costs, &splits);
  list.items = malloc((splits + 1) * sizeof *list.items);
  if (list.items == NULL) return -1;
  group_table_visit(memo->table, list_reason, &list);
  qsort(list.items, list.count, sizeof *list.items, compare_reasons);
  for (size_t i = 0; i < list.count; i++) visit(context, list.items[i].group, list.items[i].reason);
  free(list.items);
  return 0;
}

struct memo_counts {
  uint64_t costs, splits;
};

static void count_entry(void *context, const uint64_t *group, const void *value) {
  struct memo_counts *counts = context;
  const struct memo_entry *entry = value;
  (void)group;
  counts->costs += entry->has_cost;
  counts->splits += entry->has_split;
}

void memo_count(const struct split_memo *memo, uint64_t *costs, uint64_t *splits) {
  struct memo_counts counts = {0};
  group_table_visit(memo->table, count_entry, &counts);
  *costs = counts.costs;
  *splits = counts.splits;
}
