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

/* Puts the parts of both sides of every cut into the batch; first_part: by cut, and behind the last. */
static int list_parts(struct explain_context *context, const uint64_t *group, uint32_t *first_part) {
  const struct graph *graph = sim_model(context->sim)->graph;
  uint64_t side[GRAPH_MAX_SET_WORDS], other[GRAPH_MAX_SET_WORDS];
  size_t i = 0;
  gnn_batch_clear(&context->batch);
  for (; i < context->cut_list.count; i++) {
    first_part[i] = context->batch.graph_count;
    group_cut_side(graph, group, context->cut_list.cuts[i], side);
    bitset_minus(other, group, side, graph->set_words);
    if (add_parts(context, side) != 0 || add_parts(context, other) != 0) return -1;
  }
  first_part[i] = context->batch.graph_count;
  return 0;
}

/* By the part that is least likely to fit. In double precision no two that overflow look alike. */
static void judge(struct explained_cut *cut, const float *logits, uint32_t first, uint32_t end) {
  float least = logits[first];
  for (uint32_t part = first + 1; part < end; part++) least = logits[part] < least ? logits[part] : least;
  cut->score = 1 / (1 + exp(-(double)least));
  cut->enough = least > 0;
}

static int judge_cuts(struct explain_context *context, const uint64_t *group) {
  size_t count = context->cut_list.count;
  uint32_t *first_part = malloc((count + 1) * sizeof *first_part);
  int status = first_part == NULL ? -1 : list_parts(context, group, first_part);
  if (status == 0) status = gnn_forward(context->pass, &context->batch, NULL);
  for (size_t i = 0; i < count && status == 0; i++) {
    judge(&context->explanation.cuts[i], gnn_logits(context->pass), first_part[i], first_part[i + 1]);
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
