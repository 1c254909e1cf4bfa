#include "gnn/rg_walk.h"

#include <stdlib.h>
#include <string.h>

int rg_pass_create(struct rg_pass **out, const struct gnn_rg *rg, struct gnn_pass *pass, struct error *err) {
  *out = calloc(1, sizeof **out);
  if (*out == NULL) return error_memory(err);
  (*out)->perceptron = rg_layers(rg->embedding);
  (*out)->pass = pass;
  (*out)->network = (struct rg_network){
      .perceptron = &(*out)->perceptron, .parameters = rg->parameters, .embedding = rg->embedding};
  (*out)->judge = (struct rg_judge){.pass = pass, .hidden = rg->embedding};
  return 0;
}

void rg_pass_free(struct rg_pass *pass) {
  if (pass == NULL) return;
  for (size_t w = 0; w < pass->walk_capacity; w++) rg_growth_free(&pass->walks[w].growth);
  free(pass->walks);
  rg_graph_free(&pass->graph);
  rg_network_free(&pass->network);
  rg_judge_free(&pass->judge);
  rg_decisions_free(&pass->decisions);
  rg_sets_free(&pass->sets);
  free(pass->rewards);
  free(pass);
}

int rg_look(struct rg_pass *pass, const struct gnn_batch *batch) {
  if (gnn_forward(pass->pass, batch, NULL) != 0 || rg_graph_read(&pass->graph, batch) != 0) return -1;
  if (rg_network_look(&pass->network, pass->pass, batch) != 0) return -1;
  return rg_judge_look(&pass->judge, batch, &pass->graph);
}

/* ---- walks ---- */

int rg_walks_make_room(struct rg_pass *pass, size_t count) {
  if (count > pass->walk_capacity) {
    struct rg_walk *grown = realloc(pass->walks, count * sizeof *grown);
    if (grown == NULL) return -1;
    memset(grown + pass->walk_capacity, 0, (count - pass->walk_capacity) * sizeof *grown);
    pass->walks = grown;
    pass->walk_capacity = count;
  }
  for (size_t w = 0; w < count; w++) {
    if (rg_growth_make_room(&pass->walks[w].growth, &pass->graph) != 0) return -1;
    pass->walks[w].ended = false;
  }
  pass->walk_count = count;
  return 0;
}

void rg_walk_start(struct rg_pass *pass, size_t walk, uint32_t seed) {
  rg_growth_start(&pass->walks[walk].growth, &pass->graph, seed);
}

uint32_t rg_draw(const float *probabilities, uint32_t count, struct rng *rng) {
  float left = (float)rng_unit(rng);
  for (uint32_t i = 0; i < count; i++) {
    left -= probabilities[i];
    if (left < 0) return i;
  }
  return count;
}

/* Of equals, the first of the boundary, and to grow rather than to stop. */
static uint32_t likeliest(const float *probabilities, uint32_t count, float stop) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < count; i++) best = probabilities[i] > probabilities[best] ? i : best;
  return stop > probabilities[best] ? count : best;
}

static int add_step(struct rg_pass *pass, uint64_t most_nodes) {
  rg_decisions_clear(&pass->decisions);
  for (size_t w = 0; w < pass->walk_count; w++) {
    struct rg_walk *walk = &pass->walks[w];
    if (walk->growth.boundary_count == 0 || walk->growth.count >= most_nodes) walk->ended = true;
    if (!walk->ended && rg_decisions_add(&pass->decisions, &walk->growth, 0) != 0) return -1;
  }
  return 0;
}

static int take_step(struct rg_pass *pass, struct rng *rng, struct rg_decisions *record) {
  size_t d = 0;
  if (rg_decide(&pass->network, &pass->decisions) != 0) return -1;
  for (size_t w = 0; w < pass->walk_count; w++) {
    struct rg_walk *walk = &pass->walks[w];
    if (walk->ended) continue;
    const struct rg_decision *decision = &pass->decisions.items[d];
    const float *probabilities = pass->network.probabilities + decision->first_row;
    uint32_t choice = rng == NULL ? likeliest(probabilities, decision->row_count, pass->network.stops[d])
                                  : rg_draw(probabilities, decision->row_count, rng);
    if (record != NULL && w == 0 && rg_decisions_add(record, &walk->growth, choice) != 0) return -1;
    walk->ended = choice == decision->row_count;
    if (!walk->ended) rg_growth_add(&walk->growth, &pass->graph, walk->growth.boundary[choice]);
    d++;
  }
  return 0;
}

int rg_walk_all(struct rg_pass *pass, uint64_t most_nodes, struct rng *rng, struct rg_decisions *record) {
  for (;;) {
    if (add_step(pass, most_nodes) != 0) return -1;
    if (pass->decisions.count == 0) return 0;
    if (take_step(pass, rng, record) != 0) return -1;
  }
}

/* ---- rewards ---- */

int rg_judge_sets(struct rg_pass *pass, const struct rg_prices *prices) {
  if (pass->sets.count > pass->reward_capacity) {
    double *grown = realloc(pass->rewards, 2 * pass->sets.count * sizeof *grown);
    if (grown == NULL) return -1;
    pass->rewards = grown;
    pass->reward_capacity = 2 * pass->sets.count;
  }
  return rg_rewards(pass->rewards, &pass->judge, &pass->sets, prices);
}

int rg_judge_walks(struct rg_pass *pass, const struct rg_prices *prices) {
  rg_sets_clear(&pass->sets);
  for (size_t w = 0; w < pass->walk_count; w++) {
    const struct rg_growth *growth = &pass->walks[w].growth;
    if (rg_sets_add(&pass->sets, growth->nodes, growth->count) != 0) return -1;
  }
  return rg_judge_sets(pass, prices);
}
