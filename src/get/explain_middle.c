/* The cut that leaves the two sides with the most equal numbers of ops. */
#include "get/explainers.h"
#include "util/bitset.h"

int explain_at_middle(struct explain_context *context, const uint64_t *group, struct rng *rng) {
  (void)rng;
  const struct graph *graph = sim_model(context->sim)->graph;
  uint64_t side[GRAPH_MAX_SET_WORDS];
  size_t ops = bitset_count(group, graph->set_words), best = SIZE_MAX;
  explain_context_list_cuts(context, group);
  for (size_t i = 0; i < context->cut_list.count; i++) {
    group_cut_side(graph, group, context->cut_list.cuts[i], side);
    size_t size = bitset_count(side, graph->set_words);
    size_t imbalance = 2 * size > ops ? 2 * size - ops : ops - 2 * size;
    if (imbalance >= best) continue;
    best = imbalance;
    context->explanation.cuts[0] = (struct explained_cut){.cut = context->cut_list.cuts[i]};
  }
  context->explanation.count = 1;
  return 0;
}
