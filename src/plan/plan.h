/* Partition plans: a network's ops divided into fusion groups. */
#ifndef SPILLWAY_PLAN_PLAN_H
#define SPILLWAY_PLAN_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"
#include "util/error.h"

/* Groups are op sets of graph->set_words words, disjoint, in the order of their smallest
 * labels. The graph is borrowed and must outlive the plan. */
struct plan {
  const struct graph *graph;
  uint64_t *groups; /* group_count x set_words */
  uint32_t group_count;
};

static inline uint64_t *plan_group(const struct plan *plan, uint32_t group) {
  return plan->groups + (size_t)group * plan->graph->set_words;
}

/* Every op its own group. The caller frees with plan_free(). */
int plan_layer_by_layer(struct plan *out, const struct graph *graph, struct error *err);

/* From a group number per op, any numbers below group_limit; empty ones are dropped.
 * group_limit is at most op_count. Legality is not checked. */
int plan_from_numbers(struct plan *out, const struct graph *graph, const uint32_t *group_of,
                      uint32_t group_limit, struct error *err);

/* Legal: the groups are disjoint, not empty and cover the ops, each is weakly connected,
 * and the graph of groups is acyclic. ERROR_INPUT names the ops that break the law. */
int plan_check(const struct plan *plan, struct error *err);

/* Takes a zeroed plan. */
void plan_free(struct plan *plan);

#endif
