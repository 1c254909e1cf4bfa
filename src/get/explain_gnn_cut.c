/* Every cut, judged by what the validity classifier says of the two sides. Sides that do not hang together
 * are judged as they are run: each connected part by itself. */
#include <math.h>
#include <stdlib.h>

#include "get/explainers.h"
#include "get/rank.h"
#include "util/bitset.h"

static int add_parts(struct explain_context *context, uint64_t *ops) {
  const struct sim_model *model = sim_model(context->sim);
  uint64_t part[GRAPH_MAX_SET_WORDS];
  while (group_take_component(model->graph, ops, part)) {
    if (gnn_batch_add(&context->batch, context->network, part, model->hw.buffer_capacity_bytes) != 0) return -1;
  }
  return 0;
}

/* The parts of both sides of the cut. */
static int add_cut(struct explain_context *context, const uint64_t *group, struct group_cut cut) {
  const struct graph *graph = sim_model(context->sim)->graph;
  uint64_t side[GRAPH_MAX_SET_WORDS], other[GRAPH_MAX_SET_WORDS];
  group_cut_side(graph, group, cut, side);
  bitset_minus(other, group, side, graph->set_words);
  return add_parts(context, side) != 0 || add_parts(context, other) != 0 ? -1 : 0;
}

/* By the part that is least likely to fit; what is no number, of weights without sense, is least of all. In double
 * precision no two that overflow look alike. */
static void judge(struct explained_cut *cut, const float *logits, uint32_t first, uint32_t end) {
  float least = logits[first];
  for (uint32_t part = first + 1; part < end; part++) {
    if (logits[part] < least || isnan(logits[part])) least = logits[part];
  }
  cut->score = isnan(least) ? 0 : 1 / (1 + exp(-(double)least));
  cut->enough = least > 0;
}

/* Cuts are judged together until their sides have so many ops: a pass needs some kilobytes for each. */
enum { MOST_NODES = 4096 };

/* Judges cuts from number `first` on, and gives how many. 0, or -1 without memory. */
static int judge_some(struct explain_context *context, const uint64_t *group, size_t first, uint32_t *first_part,
                      size_t *judged) {
  const struct group_cut_list *list = &context->cut_list;
  size_t count = 0;
  gnn_batch_clear(&context->batch);
  first_part[0] = 0;
  do {
    if (add_cut(context, group, list->cuts[first + count]) != 0) return -1;
    first_part[++count] = context->batch.graph_count;
  } while (first + count < list->count && context->batch.node_count < MOST_NODES);
  if (gnn_forward(context->pass, &context->batch, NULL) != 0) return -1;
  for (size_t i = 0; i < count; i++) {
    judge(&context->explanation.cuts[first + i], gnn_logits(context->pass), first_part[i], first_part[i + 1]);
  }
  *judged = count;
  return 0;
}

static int judge_cuts(struct explain_context *context, const uint64_t *group) {
  size_t count = context->cut_list.count, judged;
  uint32_t *first_part = malloc((count + 1) * sizeof *first_part);
  int status = first_part == NULL ? -1 : 0;
  for (size_t first = 0; first < count && status == 0; first += judged) {
    status = judge_some(context, group, first, first_part, &judged);
  }
  free(first_part);
  return status;
}

int explain_by_gnn_cut(struct explain_context *context, const uint64_t *group, struct rng *rng) {
  (void)rng;
  const struct graph *graph = sim_model(context->sim)->graph;
  struct explained_cut *cuts = context->explanation.cuts;
  explain_context_list_cuts(context, group);
  const struct group_cut_list *list = &context->cut_list;
  if (rank_measure(cuts, graph, group, list, NULL, context->tensor_bytes) != 0) return -1;
  if (judge_cuts(context, group) != 0 || rank_sort(cuts, list->count) != 0) return -1;
  size_t edges = explanation_edge_count(graph, group, context->fraction);
  context->explanation.count = rank_cuts_of_edges(cuts, list->count, edges);
  return 0;
}
