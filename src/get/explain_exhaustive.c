/* Every cut, for judging the others. */
#include "get/explainers.h"

int explain_exhaustively(struct explain_context *context, const uint64_t *group, struct rng *rng) {
  (void)rng;
  explain_context_list_cuts(context, group);
  for (size_t i = 0; i < context->cut_list.count; i++) {
    context->explanation.cuts[i] = (struct explained_cut){.cut = context->cut_list.cuts[i]};
  }
  context->explanation.count = context->cut_list.count;
  return 0;
}
