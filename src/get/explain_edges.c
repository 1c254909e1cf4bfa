/* What the explainers that score edges have in common: from scores to cuts. */
#include <math.h>
#include <stdlib.h>

#include "get/explainers.h"
#include "get/rank.h"
#include "util/bitset.h"

/* In the order of the edges of context->batch; how many. What is no number, of weights without sense, scores 0. */
static size_t list_edges(struct explain_context *context, const uint64_t *group, double (*mask)(float score)) {
  const struct graph *graph = sim_model(context->sim)->graph;
  size_t count = 0;
  for BITSET_EACH (v, group, graph->set_words) {
    const struct op *op = &graph->ops[v];
    for (uint32_t i = 0; i < op->successor_count; i++) {
      if (!bitset_has(group, op->successors[i])) continue;
      float score = isnan(context->edge_scores[count]) ? 0 : context->edge_scores[count];
      double masked = mask == NULL ? (double)score : mask(score);
      context->scored_edges[count++] = (struct scored_edge){{(uint32_t)v, op->successors[i]}, score, masked};
    }
  }
  return count;
}

static int compare_scores(const void *left, const void *right) {
  const struct scored_edge *a = left, *b = right;
  if (a->score != b->score) return a->score > b->score ? -1 : 1;
  if (a->edge.from != b->edge.from) return a->edge.from < b->edge.from ? -1 : 1;
  return a->edge.to < b->edge.to ? -1 : a->edge.to > b->edge.to;
}

/* How many of the edges, the best first, the explanation names: none whose mask is 0, but for the first. */
static size_t count_named(const struct scored_edge *edges, size_t count, size_t most) {
  size_t named = 1;
  while (named < count && named < most && edges[named].mask > 0) named++;
  return named;
}

/* Cuts are in the order of their edges. */
static void set_scores(struct explanation *explanation, const struct scored_edge *edge) {
  for (size_t i = 0; i < explanation->count; i++) {
    struct edge cut = explanation->cuts[i].cut.edge;
    while (edge->edge.from != cut.from || edge->edge.to != cut.to) edge++;
    explanation->cuts[i].score = (double)edge->score;
  }
}

int explain_by_edges(struct explain_context *context, const uint64_t *group,
                     int (*score)(struct explain_context *context), double (*mask)(float score)) {
  const struct sim_model *model = sim_model(context->sim);
  struct explanation *explanation = &context->explanation;
  struct scored_edge *edges = context->scored_edges;
  explanation_clear(explanation);
  group_cuts_clear(&context->cut_list);
  gnn_batch_clear(&context->batch);
  if (gnn_batch_add(&context->batch, context->network, group, model->hw.buffer_capacity_bytes) != 0) return -1;
  if (score(context) != 0) return -1;
  size_t count = list_edges(context, group, mask);
  qsort(edges, count, sizeof *edges, compare_scores);
  count = count_named(edges, count, explanation_edge_count(model->graph, group, context->fraction));
  for (size_t i = 0; i < count; i++) group_cuts_add(model->graph, group, edges[i].edge, &context->cut_list);
  explanation->count = context->cut_list.count;
  if (rank_measure(explanation->cuts, model->graph, group, &context->cut_list, NULL, context->tensor_bytes) != 0) {
    return -1;
  }
  set_scores(explanation, edges);
  return 0;
}
