/* GET attribution by the simulated buffer: the explanation is the cuts of the edges, a
 * fraction of the group's, whose cutting relieves the overflow most for what it costs. */
#include <math.h>

#include "get/explainers.h"
#include "get/overflows.h"
#include "get/rank.h"
#include "util/bitset.h"

size_t explanation_edge_count(const struct graph *graph, const uint64_t *group, double fraction) {
  size_t named = (size_t)ceil(fraction * (double)group_edge_count(graph, group));
  return named < EXPLAIN_LEAST_EDGES ? EXPLAIN_LEAST_EDGES : named;
}

/* The peak and what the cuts leave and send through DRAM; runs the group. */
static int measure(struct explain_context *context, const uint64_t *group) {
  const struct graph *graph = sim_model(context->sim)->graph;
  struct explanation *explanation = &context->explanation;
  const struct sim_peak *peak = &explanation->peak;
  if (context->method->find_peak(context->sim, group, &explanation->cost, &explanation->peak) != 0) return -1;
  for BITSET_EACH (v, group, graph->set_words) context->op_bytes[v] = sim_peak_bytes(peak, (uint32_t)v);
  return rank_measure(explanation->cuts, graph, group, &context->cut_list, context->op_bytes, context->tensor_bytes);
}

/* The same, from what others found out before if that is shared. */
static int find_out(struct explain_context *context, const uint64_t *group) {
  struct overflows *shared = context->overflows;
  if (shared == NULL) return measure(context, group);
  if (overflows_find(shared, group, &context->cut_list, &context->explanation)) return 0;
  if (measure(context, group) != 0) return -1;
  overflows_add(shared, group, context->cut_list.count, &context->explanation);
  return 0;
}

int explain_by_trace(struct explain_context *context, const uint64_t *group, struct rng *rng) {
  (void)rng;
  const struct sim_model *model = sim_model(context->sim);
  struct explanation *explanation = &context->explanation;
  size_t edges = explanation_edge_count(model->graph, group, context->fraction);
  explain_context_list_cuts(context, group);
  if (find_out(context, group) != 0) return -1;
  if (rank_order(explanation->cuts, context->cut_list.count, model->hw.buffer_capacity_bytes) != 0) return -1;
  explanation->count = rank_cuts_of_edges(explanation->cuts, context->cut_list.count, edges);
  return 0;
}
