#include "gnn/rg.h"

#include <stdlib.h>
#include <string.h>

#include "gnn/rg_walk.h"

void gnn_rg_free(struct gnn_rg *rg) {
  free(rg->parameters);
  *rg = (struct gnn_rg){0};
}

/* ---- explaining ---- */

/* Takes the likeliest node out of what is left; of equals the first. */
static uint32_t take_likeliest(float *locations, uint32_t count) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < count; i++) best = locations[i] > locations[best] ? i : best;
  locations[best] = -1;
  return best;
}

static int start_from_seeds(struct rg_pass *pass, uint64_t seeds) {
  uint32_t nodes = pass->graph.node_count;
  size_t count = seeds < nodes ? (size_t)seeds : nodes;
  if (rg_walks_make_room(pass, count > 0 ? count : 1) != 0) return -1;
  rg_locate(&pass->network);
  for (size_t w = 0; w < pass->walk_count; w++) rg_walk_start(pass, w, take_likeliest(pass->network.locations, nodes));
  return 0;
}

/* An edge joins with the later of its ends; that with the first of all scores 1. */
static void score_edges(float *scores, const struct rg_graph *graph, const struct rg_growth *growth, uint32_t *joined) {
  bool any = false;
  for (uint32_t i = 0; i < graph->node_count; i++) joined[i] = UINT32_MAX;
  for (uint32_t i = 0; i < growth->count; i++) joined[growth->nodes[i]] = i;
  for (uint32_t e = 0; e < graph->edge_count; e++) {
    uint32_t a = joined[graph->from[e]], b = joined[graph->to[e]], later = a > b ? a : b;
    scores[e] = later == UINT32_MAX ? 0 : 1 - (float)(later - 1) / (float)growth->count;
    any = any || later != UINT32_MAX;
  }
  for (uint32_t e = 0; e < graph->edge_count && !any; e++) {
    scores[e] = graph->from[e] == growth->nodes[0] || graph->to[e] == growth->nodes[0];
  }
}

int gnn_rg_scores(float *scores, struct rg_pass *pass, const struct gnn_batch *batch,
                  const struct rg_explain_options *options) {
  const struct rg_prices prices = {options->edge_price, options->radius_price, options->embedding_price};
  uint64_t most_nodes = options->most_nodes > 0 ? options->most_nodes : UINT64_MAX;
  if (rg_look(pass, batch) != 0 || start_from_seeds(pass, options->seeds) != 0) return -1;
  if (rg_walk_all(pass, most_nodes, NULL, NULL) != 0 || rg_judge_walks(pass, &prices) != 0) return -1;
  size_t best = 0;
  for (size_t w = 1; w < pass->walk_count; w++) best = pass->rewards[w] > pass->rewards[best] ? w : best;
  score_edges(scores, &pass->graph, &pass->walks[best].growth, pass->judge.marks);
  return 0;
}

/* ---- files ---- */

int gnn_rg_save(const struct gnn_rg *rg, const struct weights_origin *origin, const char *path, struct error *err) {
  struct perceptron perceptron = rg_layers(rg->embedding);
  return perceptron_save(&perceptron, rg->parameters, "rg", origin, path, err);
}

int gnn_rg_load(struct gnn_rg *out, const struct gnn_model *model, const char *path, const char *method,
                struct error *err) {
  struct perceptron perceptron = rg_layers(model->shape.hidden);
  *out = (struct gnn_rg){.embedding = model->shape.hidden, .parameter_count = perceptron.parameter_count};
  if (perceptron_load(&out->parameters, &perceptron, "rg", method, path, err) == 0) return 0;
  *out = (struct gnn_rg){0};
  return -1;
}
