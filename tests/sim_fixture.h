/* A network, its model and a simulator, for the suites of src/sim and src/get. */
#ifndef SPILLWAY_TESTS_SIM_FIXTURE_H
#define SPILLWAY_TESTS_SIM_FIXTURE_H

#include <stdint.h>

#include "graph/graph.h"
#include "hw/hw.h"
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

/* All ops of the graph. */
void group_of_all(const struct graph *graph, uint64_t *group);

/* Ops first to last. */
void group_of_range(const struct graph *graph, uint32_t first, uint32_t last, uint64_t *group);

/* A weakly connected group of at most `ops` ops, grown from a random op along random edges. */
void group_at_random(const struct graph *graph, struct rng *rng, uint32_t ops, uint64_t *group);

#endif
