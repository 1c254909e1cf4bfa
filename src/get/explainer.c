#include "get/explainer.h"

#include <stdlib.h>
#include <string.h>

#include "get/explainers.h"

const struct explainer explainers[] = {
    {"trace-get", "edges whose cutting relieves the overflow most for its DRAM bytes, by who holds the peak", false,
     true, true, explain_by_trace},
    {"random", "one cut drawn at random, with no regard to the buffer or DRAM", true, false, false,
     explain_at_random},
    {"middle", "the cut that halves the group's ops best", false, false, false, explain_at_middle},
    {"exhaustive", "every cut", false, false, false, explain_exhaustively},
};
const size_t explainer_count = sizeof explainers / sizeof explainers[0];

const struct explainer *explainer_find(const char *name) {
  for (size_t i = 0; i < explainer_count; i++) {
    if (strcmp(explainers[i].name, name) == 0) return &explainers[i];
  }
  return NULL;
}

static uint64_t *all_tensor_bytes(const struct sim_model *model) {
  const struct graph *graph = model->graph;
  uint64_t *bytes = malloc(graph->tensor_count * sizeof *bytes);
  for (uint32_t t = 0; t < graph->tensor_count && bytes != NULL; t++) {
    bytes[t] = model->row_bytes[t] * graph->tensors[t].rows * graph->batch;
  }
  return bytes;
}

int explain_context_create(struct explain_context *out, struct sim *sim, const struct method *method,
                           double fraction, struct error *err) {
  const struct graph *graph = sim_model(sim)->graph;
  size_t ops = graph->op_count;
  *out = (struct explain_context){.sim = sim, .method = method, .fraction = fraction};
  if (group_cut_list_create(&out->cut_list, graph, err) != 0) return -1;
  struct explanation *explanation = &out->explanation;
  out->tensor_bytes = all_tensor_bytes(sim_model(sim));
  out->op_bytes = malloc(ops * sizeof *out->op_bytes);
  explanation->cuts = malloc(2 * ops * sizeof *explanation->cuts);
  explanation->peak.weight_bytes = malloc(ops * sizeof(uint64_t));
  explanation->peak.row_bytes = malloc(ops * sizeof(uint64_t));
  if (out->tensor_bytes != NULL && out->op_bytes != NULL && explanation->cuts != NULL &&
      explanation->peak.weight_bytes != NULL && explanation->peak.row_bytes != NULL) {
    return 0;
  }
  explain_context_free(out);
  return error_memory(err);
}

void explain_context_free(struct explain_context *context) {
  group_cut_list_free(&context->cut_list);
  free(context->tensor_bytes);
  free(context->op_bytes);
  free(context->explanation.cuts);
  free(context->explanation.peak.weight_bytes);
  free(context->explanation.peak.row_bytes);
  *context = (struct explain_context){0};
}

uint32_t explanation_culprit(const struct explanation *explanation, uint32_t op_count) {
  const struct sim_peak *peak = &explanation->peak;
  uint32_t culprit = 0;
  for (uint32_t v = 1; v < op_count; v++) {
    if (sim_peak_bytes(peak, v) > sim_peak_bytes(peak, culprit)) culprit = v;
  }
  return culprit;
}

void explain_context_list_cuts(struct explain_context *context, const uint64_t *group) {
  group_cuts(sim_model(context->sim)->graph, group, &context->cut_list);
  context->explanation.cost = (struct group_cost){0};
  context->explanation.peak.occupied_bytes = context->explanation.peak.staging_bytes = 0;
}
