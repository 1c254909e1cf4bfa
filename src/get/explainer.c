#include "get/explainer.h"

#include <stdlib.h>
#include <string.h>

#include "get/explainers.h"

const struct explainer explainers[] = {
    {.name = "trace-get",
     .summary = "edges whose cutting relieves the overflow most for its DRAM bytes, by who holds the peak",
     .uses_trace = true,
     .ranks = true,
     .explain = explain_by_trace},
    {.name = "gnn-cut",
     .summary = "cuts whose two sides a trained graph neural network holds to fit, fewest DRAM bytes first",
     .ranks = true,
     .need = LEARNED_MODEL,
     .explain = explain_by_gnn_cut},
    {.name = "gnne",
     .summary = "GNNExplainer: edges that keep such a network saying that the group overflows",
     .ranks = true,
     .need = LEARNED_MODEL,
     .explain = explain_by_gnne},
    {.name = "pg",
     .summary = "PGExplainer: the same, by a perceptron trained to find such edges",
     .ranks = true,
     .need = LEARNED_PG,
     .explain = explain_by_pg},
    {.name = "rg",
     .summary = "RG-Explainer: the same, by a policy trained to grow a connected part of the group",
     .ranks = true,
     .need = LEARNED_RG,
     .explain = explain_by_rg},
    {.name = "random",
     .summary = "one cut drawn at random, with no regard to the buffer or DRAM",
     .uses_rng = true,
     .explain = explain_at_random},
    {.name = "middle", .summary = "the cut that halves the group's ops best", .explain = explain_at_middle},
    {.name = "exhaustive", .summary = "every cut", .explain = explain_exhaustively},
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

static int open_learned(struct explain_context *context, const struct learned *learned, struct error *err) {
  const struct sim_model *model = sim_model(context->sim);
  size_t edges = model->graph->edge_count + 1;
  if (learned == NULL) return 0;
  context->learned = learned;
  context->scored_edges = malloc(edges * sizeof *context->scored_edges);
  context->edge_scores = malloc(edges * sizeof *context->edge_scores);
  if (context->scored_edges == NULL || context->edge_scores == NULL) return error_memory(err);
  if (gnn_network_create(&context->network, model, err) != 0) return -1;
  if (gnn_pass_create(&context->pass, &learned->model, err) != 0) return -1;
  return learned->rg.parameters == NULL ? 0 : rg_pass_create(&context->rg_pass, &learned->rg, context->pass, err);
}

int explain_context_create(struct explain_context *out, struct sim *sim, const struct method *method,
                           double fraction, const struct learned *learned, struct error *err) {
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
    if (open_learned(out, learned, err) == 0) return 0;
  } else {
    error_memory(err);
  }
  explain_context_free(out);
  return -1;
}

void explain_context_free(struct explain_context *context) {
  group_cut_list_free(&context->cut_list);
  free(context->tensor_bytes);
  free(context->op_bytes);
  free(context->explanation.cuts);
  free(context->explanation.peak.weight_bytes);
  free(context->explanation.peak.row_bytes);
  rg_pass_free(context->rg_pass);
  gnn_pass_free(context->pass);
  gnn_network_free(context->network);
  gnn_batch_free(&context->batch);
  free(context->scored_edges);
  free(context->edge_scores);
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

void explanation_clear(struct explanation *explanation) {
  explanation->count = 0;
  explanation->cost = (struct group_cost){0};
  explanation->peak.occupied_bytes = explanation->peak.staging_bytes = 0;
}

void explain_context_list_cuts(struct explain_context *context, const uint64_t *group) {
  group_cuts(sim_model(context->sim)->graph, group, &context->cut_list);
  explanation_clear(&context->explanation);
}
