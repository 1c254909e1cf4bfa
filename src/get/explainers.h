/* The explainers behind the table in explainer.c; see struct explainer. */
#ifndef SPILLWAY_GET_EXPLAINERS_H
#define SPILLWAY_GET_EXPLAINERS_H

#include "get/explainer.h"

int explain_by_trace(struct explain_context *context, const uint64_t *group, struct rng *rng);
int explain_at_random(struct explain_context *context, const uint64_t *group, struct rng *rng);
int explain_at_middle(struct explain_context *context, const uint64_t *group, struct rng *rng);
int explain_exhaustively(struct explain_context *context, const uint64_t *group, struct rng *rng);
int explain_by_gnn_cut(struct explain_context *context, const uint64_t *group, struct rng *rng);
int explain_by_gnne(struct explain_context *context, const uint64_t *group, struct rng *rng);
int explain_by_pg(struct explain_context *context, const uint64_t *group, struct rng *rng);
int explain_by_rg(struct explain_context *context, const uint64_t *group, struct rng *rng);

/* For them: lists the group's cuts in context->cut_list and empties the explanation. */
void explain_context_list_cuts(struct explain_context *context, const uint64_t *group);

/* An explanation without cuts, of nothing simulated. */
void explanation_clear(struct explanation *explanation);

struct scored_edge {
  struct edge edge;
  float score;  /* the greater, the better */
  double mask;  /* in 0..1: how much of the edge stays */
};

/* For those that learn to score edges: puts the group alone into context->batch, lets score() fill in
 * context->edge_scores by edge of it, and explains by the cuts of the best edges, the better edge first. mask()
 * tells how much of an edge of that score stays, in 0..1; NULL if scores are that themselves. An edge of which nothing
 * stays is not named unless it is the best. 0, or -1 without memory. */
int explain_by_edges(struct explain_context *context, const uint64_t *group,
                     int (*score)(struct explain_context *context), double (*mask)(float score));

#endif
