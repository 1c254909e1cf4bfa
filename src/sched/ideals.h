/* Order ideals of the network: op sets that hold every op's predecessors with it. Run in any
 * order of its graph of groups, a plan passes through a chain of ideals, and each of its
 * groups is the difference of two that follow each other. */
#ifndef SPILLWAY_SCHED_IDEALS_H
#define SPILLWAY_SCHED_IDEALS_H

#include <stdbool.h>
#include <stdint.h>

#include "graph/graph.h"
#include "util/error.h"

struct ideal_step {
  uint32_t op, to; /* the ideal with that op added */
};

/* By ascending number of ops: the empty ideal is the first, that of all ops the last. */
struct ideals {
  const struct graph *graph;
  uint64_t *sets; /* count x set_words */
  uint32_t count, capacity;
  uint32_t *first_step; /* by ideal, count + 1 of them */
  struct ideal_step *steps; /* of each ideal by ascending op */
  uint32_t step_count, step_capacity;
  uint32_t *slots; /* hash table of ideals */
  uint32_t slot_count;
};

/* 0; 1 if there are more than `most`; -1 without memory. The graph is borrowed. The caller frees in
 * all cases. */
int ideals_create(struct ideals *out, const struct graph *graph, uint64_t most, struct error *err);
void ideals_free(struct ideals *ideals);

static inline const uint64_t *ideals_set(const struct ideals *ideals, uint32_t ideal) {
  return ideals->sets + (size_t)ideal * ideals->graph->set_words;
}

#endif
