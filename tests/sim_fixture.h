/* A network, its model and a simulator, for the suites of src/sim and src/get. */
#ifndef SPILLWAY_TESTS_SIM_FIXTURE_H
#define SPILLWAY_TESTS_SIM_FIXTURE_H

#include <stdint.h>

#include "get/learned.h"
#include "graph/graph.h"
#include "hw/hw.h"
#include "random_net.h"
#include "sim/sim.h"
#include "util/rng.h"

struct sim_fixture {
  struct graph *graph;
  struct sim_model model;
  struct sim *sim;
};

/* Takes over the graph. */
void sim_fixture_open(struct sim_fixture *fixture, struct graph *graph, const struct hw *hw);
void sim_fixture_close(struct sim_fixture *fixture);

/* Weights for explainers that learn, drawn at random (random_learned.h): small and quick, for any network. */
void sim_fixture_draw_learned(struct learned *out);
/* The same as files below the folder, for --models; other weights for another seed. */
void sim_fixture_save_learned(const char *folder, uint64_t seed);

/* All ops of the graph. */
void group_of_all(const struct graph *graph, uint64_t *group);

/* Ops first to last. */
void group_of_range(const struct graph *graph, uint32_t first, uint32_t last, uint64_t *group);

/* A weakly connected group of at most `ops` ops, grown from a random op along random edges. */
void group_at_random(const struct graph *graph, struct rng *rng, uint32_t ops, uint64_t *group);

/* A random network on random hardware, with a random group of it. */
struct sim_subject {
  struct sim_fixture fixture;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  struct rng rng;
  uint32_t number;
};

void sim_subject_open(struct sim_subject *subject, uint64_t seed, uint32_t stream, uint32_t number,
                      const struct random_net_options *options);
void sim_subject_close(struct sim_subject *subject);

#endif
