/* RG-Explainer: edges of the part of the group that the policy grows. */
#include "get/explainers.h"

static int score(struct explain_context *context) {
  return gnn_rg_scores(context->edge_scores, context->rg_pass, &context->batch, &context->learned->settings.rg);
}

int explain_by_rg(struct explain_context *context, const uint64_t *group, struct rng *rng) {
  (void)rng;
  return explain_by_edges(context, group, score, NULL);
}
