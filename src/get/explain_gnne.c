/* GNNExplainer: edges of the mask that it learns for the group. */
#include "get/explainers.h"

static int score(struct explain_context *context) {
  return gnn_gnne(context->edge_scores, context->pass, &context->batch, &context->learned->settings.gnne);
}

int explain_by_gnne(struct explain_context *context, const uint64_t *group, struct rng *rng) {
  (void)rng;
  return explain_by_edges(context, group, score, NULL);
}
