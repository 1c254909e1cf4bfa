#include "sched/ideals.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "util/bitset.h"

#define NO_IDEAL UINT32_MAX

void ideals_free(struct ideals *ideals) {
  free(ideals->sets);
  free(ideals->first_step);
  free(ideals->steps);
  free(ideals->slots);
  *ideals = (struct ideals){0};
}

static uint32_t *ideals_slot(const struct ideals *ideals, const uint64_t *set) {
  size_t words = ideals->graph->set_words;
  uint32_t mask = ideals->slot_count - 1, slot = (uint32_t)XXH3_64bits(set, words * sizeof *set) & mask;
  while (ideals->slots[slot] != NO_IDEAL && !bitset_equal(ideals_set(ideals, ideals->slots[slot]), set, words)) {
    slot = (slot + 1) & mask;
  }
  return &ideals->slots[slot];
}

static int ideals_grow(struct ideals *ideals) {
  uint32_t capacity = ideals->capacity == 0 ? 1024 : 2 * ideals->capacity;
  uint64_t *sets = realloc(ideals->sets, (size_t)capacity * ideals->graph->set_words * sizeof *sets);
  if (sets != NULL) ideals->sets = sets;
  uint32_t *first_step = realloc(ideals->first_step, ((size_t)capacity + 1) * sizeof *first_step);
  if (first_step != NULL) ideals->first_step = first_step;
  uint32_t *slots = malloc(2 * (size_t)capacity * sizeof *slots);
  if (sets == NULL || first_step == NULL || slots == NULL) {
    free(slots);
    return -1;
  }
  free(ideals->slots);
  ideals->slots = slots;
  ideals->slot_count = 2 * capacity;
  ideals->capacity = capacity;
  for (uint32_t i = 0; i < ideals->slot_count; i++) slots[i] = NO_IDEAL;
  for (uint32_t i = 0; i < ideals->count; i++) *ideals_slot(ideals, ideals_set(ideals, i)) = i;
  return 0;
}

static int ideals_find_or_add(struct ideals *ideals, const uint64_t *set, uint32_t *out) {
  uint32_t *slot = ideals_slot(ideals, set);
  if (*slot == NO_IDEAL) {
    if (ideals->count == ideals->capacity) {
      if (ideals_grow(ideals) != 0) return -1;
      slot = ideals_slot(ideals, set);
    }
    *slot = ideals->count;
    bitset_copy(ideals->sets + (size_t)ideals->count++ * ideals->graph->set_words, set, ideals->graph->set_words);
  }
  *out = *slot;
  return 0;
}

static int ideals_add_step(struct ideals *ideals, uint32_t op, uint32_t to) {
  if (ideals->step_count == ideals->step_capacity) {
    uint32_t capacity = ideals->step_capacity == 0 ? 4096 : 2 * ideals->step_capacity;
    struct ideal_step *steps = realloc(ideals->steps, (size_t)capacity * sizeof *steps);
    if (steps == NULL) return -1;
    ideals->steps = steps;
    ideals->step_capacity = capacity;
  }
  ideals->steps[ideals->step_count++] = (struct ideal_step){op, to};
  return 0;
}

static bool op_ready(const struct op *op, const uint64_t *ideal) {
  for (uint32_t i = 0; i < op->predecessor_count; i++) {
    if (!bitset_has(ideal, op->predecessors[i])) return false;
  }
  return true;
}

/* Ideals are met in the order of their numbers of ops, as each has one op more than those that
 * lead to it. */
static int ideals_expand(struct ideals *ideals, uint32_t ideal) {
  uint64_t set[GRAPH_MAX_SET_WORDS];
  bitset_copy(set, ideals_set(ideals, ideal), ideals->graph->set_words);
  ideals->first_step[ideal] = ideals->step_count;
  for (uint32_t v = 0; v < ideals->graph->op_count; v++) {
    uint32_t to;
    if (bitset_has(set, v) || !op_ready(&ideals->graph->ops[v], set)) continue;
    bitset_add(set, v);
    if (ideals_find_or_add(ideals, set, &to) != 0 || ideals_add_step(ideals, v, to) != 0) return -1;
    bitset_remove(set, v);
  }
  return 0;
}

int ideals_create(struct ideals *out, const struct graph *graph, uint64_t most, struct error *err) {
  uint64_t empty[GRAPH_MAX_SET_WORDS] = {0};
  uint32_t first;
  /* Numbers of ideals and steps have 32 bits. */
  uint64_t limit = UINT32_MAX / 8 / graph->op_count;
  if (most > limit) most = limit;
  *out = (struct ideals){.graph = graph};
  int status = ideals_grow(out) == 0 ? ideals_find_or_add(out, empty, &first) : -1;
  for (uint32_t i = 0; status == 0 && i < out->count; i++) {
    status = out->count > most ? 1 : ideals_expand(out, i);
    out->first_step[i + 1] = out->step_count;
  }
  return status < 0 ? error_memory(err) : status;
}
