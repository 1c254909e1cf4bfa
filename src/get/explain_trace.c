/* GET attribution by the simulated buffer: the explanation is the smallest set of cuts,
 * a fraction of the group's edges, that relieve the overflow most. */
#include <math.h>
#include <stdlib.h>

#include "get/explainers.h"
#include "get/rank.h"
#include "util/bitset.h"

static size_t group_edge_count(const struct graph *graph, const uint64_t *group) {
  size_t edges = 0;
  for BITSET_EACH (v, group, graph->set_words) {
    const struct op *op = &graph->ops[v];
    for (uint32_t i = 0; i < op->successor_count; i++) edges += bitset_has(group, op->successors[i]);
  }
  return edges;
}

static size_t explanation_size(const struct explain_context *context, const uint64_t *group) {
  size_t edges = group_edge_count(sim_model(context->sim)->graph, group);
  size_t size = (size_t)ceil(context->fraction * (double)edges);
  if (size < EXPLAIN_LEAST_CUTS) size = EXPLAIN_LEAST_CUTS;
  return size < context->cut_list.count ? size : context->cut_list.count;
}

int explain_by_trace(struct explain_context *context, const uint64_t *group, struct rng *rng) {
  (void)rng;
  const struct sim_model *model = sim_model(context->sim);
  const struct graph *graph = model->graph;
  struct explanation *explanation = &context->explanation;
  explain_context_list_cuts(context, group);
  if (context->method->find_peak(context->sim, group, &explanation->cost, &explanation->peak) != 0) return -1;
  uint64_t *op_bytes = malloc(graph->op_count * sizeof *op_bytes);
  uint64_t *tensor_bytes = malloc(graph->tensor_count * sizeof *tensor_bytes);
  if (op_bytes != NULL && tensor_bytes != NULL) {
    for (uint32_t v = 0; v < graph->op_count; v++) {
      op_bytes[v] = explanation->peak.weight_bytes[v] + explanation->peak.row_bytes[v];
    }
    for (uint32_t t = 0; t < graph->tensor_count; t++) {
      tensor_bytes[t] = model->row_bytes[t] * graph->tensors[t].rows * graph->batch;
    }
    rank_cuts(explanation->cuts, graph, group, &context->cut_list, op_bytes, tensor_bytes,
              model->hw.buffer_capacity_bytes);
    explanation->count = explanation_size(context, group);
  }
  int status = op_bytes != NULL && tensor_bytes != NULL ? 0 : -1;
  free(op_bytes);
  free(tensor_bytes);
  return status;
}
