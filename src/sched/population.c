#include "sched/population.h"

enum { K = POPULATION_K };

static void propose(void *context, unsigned worker, uint64_t item) {
  struct population *population = context;
  struct searcher *searcher = population->searcher;
  struct candidate_space *space = &searcher->workers[worker].space;
  struct rng rng = searcher_rng(searcher, population->first + item);
  struct candidate *plan = &population->plans[population->from + item];
  if (population->from == 0) {
    candidate_draw(plan, space, &rng);
  } else {
    population->breed(population, item, space, &rng);
  }
  searcher_repair(searcher, worker, plan, &rng);
}

/* Proposes up to K plans into plans[from ...]; returns how many, or -1. */
static int run_generation(struct population *population, struct error *err) {
  struct searcher *searcher = population->searcher;
  uint64_t left = searcher->options->budget - searcher->proposed;
  uint64_t count = left < K ? left : K;
  population->first = searcher->proposed;
  parallel_for(searcher->parallel, count, propose, population);
  for (uint64_t i = 0; i < count; i++) {
    if (searcher_record(searcher, &population->plans[population->from + i], err) != 0) return -1;
  }
  return (int)count;
}

static int evolve(struct population *population, struct error *err) {
  const struct searcher *searcher = population->searcher;
  int count = run_generation(population, err);
  if (count == K) population->select(population, K);
  population->from = K;
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
