#include "plan/plan.h"

#include <assert.h>
#include <stdlib.h>

#include "util/bitset.h"

/* number_of, which holds group_limit items, receives each group's place in the plan. */
static uint32_t plan_renumber(uint32_t *number_of, const struct graph *graph, const uint32_t *group_of,
                              uint32_t group_limit) {
  uint32_t count = 0;
  for (uint32_t g = 0; g < group_limit; g++) number_of[g] = UINT32_MAX;
  for (uint32_t v = 0; v < graph->op_count; v++) {
    assert(group_of[v] < group_limit);
    if (number_of[group_of[v]] == UINT32_MAX) number_of[group_of[v]] = count++;
  }
  return count;
}

int plan_from_numbers(struct plan *out, const struct graph *graph, const uint32_t *group_of,
                      uint32_t group_limit, struct error *err) {
  uint32_t *number_of = calloc(group_limit, sizeof *number_of);
  if (number_of == NULL) return error_memory(err);
  struct plan plan = {.graph = graph, .group_count = plan_renumber(number_of, graph, group_of, group_limit)};
  plan.groups = calloc(plan.group_count, graph->set_words * sizeof *plan.groups);
  if (plan.groups != NULL) {
    for (uint32_t v = 0; v < graph->op_count; v++) bitset_add(plan_group(&plan, number_of[group_of[v]]), v);
  }
  free(number_of);
  if (plan.groups == NULL) return error_memory(err);
  *out = plan;
  return 0;
}

int plan_layer_by_layer(struct plan *out, const struct graph *graph, struct error *err) {
  uint32_t *group_of = calloc(graph->op_count, sizeof *group_of);
  if (group_of == NULL) return error_memory(err);
  for (uint32_t v = 0; v < graph->op_count; v++) group_of[v] = v;
  int result = plan_from_numbers(out, graph, group_of, graph->op_count, err);
  free(group_of);
  return result;
}

void plan_free(struct plan *plan) {
  free(plan->groups);
  *plan = (struct plan){0};
}
