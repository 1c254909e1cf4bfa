#include "sched/population.h"

enum { K = POPULATION_K };

static void make(void *context, uint64_t item, struct candidate *candidate, struct candidate_space *space,
                 struct rng *rng) {
  struct population *population = context;
  if (population->children) {
    population->breed(population, item, space, rng);
  } else {
    candidate_draw(candidate, space, rng);
  }
}

/* Proposes K plans or what the budget has left, in their places. Returns how many, or -1. */
static int run_generation(struct population *population, struct error *err) {
  struct candidate *plans = population->plans + (population->children ? K : 0);
  return searcher_propose(population->searcher, plans, K, make, population, err);
}

static int evolve(struct population *population, struct error *err) {
  const struct searcher *searcher = population->searcher;
  int count = run_generation(population, err);
  if (count == K) population->select(population, K);
  population->children = true;
  while (count == K && searcher->proposed < searcher->options->budget) {
    count = run_generation(population, err);
    if (count == K) population->select(population, 2 * K);
  }
  return count < 0 ? -1 : 0;
}

int population_search(struct population *population, struct error *err) {
  int status = 0;
  for (uint32_t i = 0; i < 2 * K && status == 0; i++) {
    status = candidate_create(&population->plans[i], population->searcher->model->graph, err);
  }
  if (status == 0) status = evolve(population, err);
  for (uint32_t i = 0; i < 2 * K; i++) candidate_free(&population->plans[i]);
  return status;
}
