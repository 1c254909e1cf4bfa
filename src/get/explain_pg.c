/* PGExplainer: edges by the perceptron trained over many groups. */
#include "get/explainers.h"

static int score(struct explain_context *context) {
  return gnn_pg_scores(context->edge_scores, &context->learned->pg, context->pass, &context->batch);
}

int explain_by_pg(struct explain_context *context, const uint64_t *group, struct rng *rng) {
  (void)rng;
  return explain_by_edges(context, group, score);
}
