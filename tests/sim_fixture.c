#include "sim_fixture.h"

#include <check.h>

#include "build_graph.h"
#include "random_learned.h"
#include "support.h"
#include "util/bitset.h"

void sim_fixture_open(struct sim_fixture *fixture, struct graph *graph, const struct hw *hw) {
  struct error err = ERROR_INIT;
  fixture->graph = graph;
  int status = sim_model_create(&fixture->model, graph, hw, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  ck_assert_int_eq(sim_create(&fixture->sim, &fixture->model, &err), 0);
}

void sim_fixture_close(struct sim_fixture *fixture) {
  sim_free(fixture->sim);
  sim_model_free(&fixture->model);
  graph_free(fixture->graph);
}

void group_of_range(const struct graph *graph, uint32_t first, uint32_t last, uint64_t *group) {
  bitset_clear(group, graph->set_words);
  for (uint32_t v = first; v <= last; v++) bitset_add(group, v);
}

static void draw_learned(struct learned *out, uint64_t seed) {
  const struct hw hw = support_hw(1035);
  struct sim_fixture fixture;
  struct error err = ERROR_INIT;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  sim_fixture_open(&fixture, net_heavy_third(), &hw);
  group_of_all(fixture.graph, group);
  int status = random_learned(out, 4, 2, seed, &fixture.model, group, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  out->settings.gnne.steps = 5;
  sim_fixture_close(&fixture);
}

void sim_fixture_draw_learned(struct learned *out) { draw_learned(out, 1); }

void sim_fixture_save_learned(const char *folder, uint64_t seed) {
  static const char *const classifiers[] = {"lbdf", "brr"};
  struct learned learned;
  struct error err = ERROR_INIT;
  draw_learned(&learned, seed);
  for (size_t i = 0; i < 2; i++) {
    int status = random_learned_save(&learned, folder, classifiers[i], &err);
    ck_assert_msg(status == 0, "%s", err.message);
  }
  learned_free(&learned);
}

void group_of_all(const struct graph *graph, uint64_t *group) {
  group_of_range(graph, 0, graph->op_count - 1, group);
}

/* The n-th neighbour of the group, counted along its ops' edges, or how many there are. */
static uint32_t group_neighbour(const struct graph *graph, const uint64_t *group, uint32_t n, uint32_t *op) {
  uint32_t seen = 0;
  for BITSET_EACH (v, group, graph->set_words) {
    const struct op *inside = &graph->ops[v];
    for (uint32_t i = 0; i < inside->successor_count + inside->predecessor_count; i++) {
      uint32_t u = i < inside->successor_count ? inside->successors[i]
                                               : inside->predecessors[i - inside->successor_count];
      if (bitset_has(group, u)) continue;
      if (seen == n) *op = u;
      seen++;
    }
  }
  return seen;
}

void group_at_random(const struct graph *graph, struct rng *rng, uint32_t ops, uint64_t *group) {
  bitset_clear(group, graph->set_words);
  bitset_add(group, rng_below(rng, graph->op_count));
  for (uint32_t n = 1; n < ops; n++) {
    uint32_t op, neighbours = group_neighbour(graph, group, UINT32_MAX, &op);
    if (neighbours == 0) return;
    group_neighbour(graph, group, rng_below(rng, neighbours), &op);
    bitset_add(group, op);
  }
}

void sim_subject_open(struct sim_subject *subject, uint64_t seed, uint32_t stream, uint32_t number,
                      const struct random_net_options *options) {
  subject->rng = rng_stream(seed, stream, number);
  subject->number = number;
  struct graph *graph = random_net(&subject->rng, options);
  const struct hw hw = random_hw(&subject->rng);
  sim_fixture_open(&subject->fixture, graph, &hw);
  if (rng_below(&subject->rng, 3) == 0) {
    group_of_all(graph, subject->group);
  } else {
    group_at_random(graph, &subject->rng, 1 + rng_below(&subject->rng, options->most_ops), subject->group);
  }
}

void sim_subject_close(struct sim_subject *subject) { sim_fixture_close(&subject->fixture); }
