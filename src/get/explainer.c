#include "get/explainer.h"

#include <stdlib.h>
#include <string.h>

#include "get/explainers.h"

const struct explainer explainers[] = {
    {"trace-get", "edges whose cutting relieves the overflow most, by who holds the buffer at the peak", false, true,
     explain_by_trace},
    {"random", "one cut drawn at random, with no regard to the buffer or DRAM", true, false, explain_at_random},
    {"middle", "the cut that halves the group's ops best", false, false, explain_at_middle},
    {"exhaustive", "every cut", false, false, explain_exhaustively},
};
const size_t explainer_count = sizeof explainers / sizeof explainers[0];

const struct explainer *explainer_find(const char *name) {
  for (size_t i = 0; i < explainer_count; i++) {
    if (strcmp(explainers[i].name, name) == 0) return &explainers[i];
  }
  return NULL;
}

int explain_context_create(struct explain_context *out, struct sim *sim, const struct method *method,
                           double fraction, struct error *err) {
  const struct graph *graph = sim_model(sim)->graph;
  size_t ops = graph->op_count;
  *out = (struct explain_context){.sim = sim, .method = method, .fraction = fraction};
  if (group_cut_list_create(&out->cut_list, graph, err) != 0) return -1;
  struct explanation *explanation = &out->explanation;
  explanation->cuts = malloc(2 * ops * sizeof *explanation->cuts);
  explanation->peak.weight_bytes = malloc(ops * sizeof(uint64_t));
  explanation->peak.row_bytes = malloc(ops * sizeof(uint64_t));
  if (explanation->cuts != NULL && explanation->peak.weight_bytes != NULL && explanation->peak.row_bytes != NULL) {
    return 0;
  }
  explain_context_free(out);
  return error_memory(err);
}

void explain_context_free(struct explain_context *context) {
  group_cut_list_free(&context->cut_list);
  free(context->explanation.cuts);
  free(context->explanation.peak.weight_bytes);
  free(context->explanation.peak.row_bytes);
  *context = (struct explain_context){0};
}

uint32_t explanation_culprit(const struct explanation *explanation, uint32_t op_count) {
  const struct sim_peak *peak = &explanation->peak;
  uint32_t culprit = 0;
  for (uint32_t v = 1; v < op_count; v++) {
    if (peak->weight_bytes[v] + peak->row_bytes[v] > peak->weight_bytes[culprit] + peak->row_bytes[culprit]) {
      culprit = v;
    }
  }
  return culprit;
}

void explain_context_list_cuts(struct explain_context *context, const uint64_t *group) {
  group_cuts(sim_model(context->sim)->graph, group, &context->cut_list);
  context->explanation.cost = (struct group_cost){0};
  context->explanation.peak.occupied_bytes = 0;
}
