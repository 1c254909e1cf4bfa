/* The paper's baseline without explanation: one cut, drawn uniformly. */
#include "get/explainers.h"

int explain_at_random(struct explain_context *context, const uint64_t *group, struct rng *rng) {
  explain_context_list_cuts(context, group);
  uint32_t drawn = rng_below(rng, (uint32_t)context->cut_list.count);
  context->explanation.cuts[0] = (struct explained_cut){.cut = context->cut_list.cuts[drawn]};
  context->explanation.count = 1;
  return 0;
}
