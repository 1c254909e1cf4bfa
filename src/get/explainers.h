/* The explainers behind the table in explainer.c; see struct explainer. */
#ifndef SPILLWAY_GET_EXPLAINERS_H
#define SPILLWAY_GET_EXPLAINERS_H

#include "get/explainer.h"

int explain_by_trace(struct explain_context *context, const uint64_t *group, struct rng *rng);
int explain_at_random(struct explain_context *context, const uint64_t *group, struct rng *rng);
int explain_at_middle(struct explain_context *context, const uint64_t *group, struct rng *rng);
int explain_exhaustively(struct explain_context *context, const uint64_t *group, struct rng *rng);

/* For them: lists the group's cuts in context->cut_list and empties the explanation. */
void explain_context_list_cuts(struct explain_context *context, const uint64_t *group);

#endif
