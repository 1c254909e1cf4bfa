/* PGExplainer: edges by the perceptron trained over many groups. */
#include <math.h>

#include "get/explainers.h"

static int score(struct explain_context *context) {
  return gnn_pg_omegas(context->edge_scores, &context->learned->pg, context->pass, &context->batch);
}

static double mask_of(float omega) { return 1 / (1 + exp(-(double)omega)); }

int explain_by_pg(struct explain_context *context, const uint64_t *group, struct rng *rng) {
  (void)rng;
  return explain_by_edges(context, group, score, mask_of);
}
