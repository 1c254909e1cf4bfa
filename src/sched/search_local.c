/* Local search: the best K plans, each mutated by one edit per iteration (K = 10). */
#include <math.h>

#include "sched/searcher.h"

enum { K = 10 };

struct population {
  struct searcher *searcher;
  struct candidate plans[2 * K]; /* parents, then children */
  uint64_t first;                /* proposal of plans[from] */
  uint32_t from;                 /* first plan of this round */
  bool drawing;                  /* plans are drawn afresh, not mutated */
};

static void population_propose(void *context, unsigned worker, uint64_t item) {
  struct population *population = context;
  struct searcher *searcher = population->searcher;
  struct candidate_space *space = &searcher->workers[worker].space;
  struct rng rng = searcher_rng(searcher, population->first + item);
  struct candidate *plan = &population->plans[population->from + item];
  if (population->drawing) {
    candidate_draw(plan, space, &rng);
  } else {
    candidate_mutate(plan, &population->plans[item], space, &rng);
  }
  searcher_repair(searcher, worker, plan, &rng);
}

/* Proposes up to K plans into plans[from ...]; returns how many, or -1. */
static int population_round(struct population *population, struct error *err) {
  struct searcher *searcher = population->searcher;
  uint64_t left = searcher->options->budget - searcher->proposed;
  uint64_t count = left < K ? left : K;
  population->first = searcher->proposed;
  parallel_for(searcher->parallel, count, population_propose, population);
  for (uint64_t i = 0; i < count; i++) {
    if (searcher_record(searcher, &population->plans[population->from + i], err) != 0) return -1;
  }
  return (int)count;
}

/* Puts the best K of the first `count` plans in front, older before younger; a plan that
 * is there twice counts as the worst. */
static void population_select(struct population *population, uint32_t count) {
  struct candidate *plans = population->plans;
  for (uint32_t i = K; i < count; i++) {
    if (candidate_is_among(&plans[i], plans, i, population->searcher->model->graph)) plans[i].value = (double)INFINITY;
  }
  for (uint32_t i = 1; i < count; i++) {
    struct candidate moving = plans[i];
    uint32_t place = i;
    while (place > 0 && plans[place - 1].value > moving.value) {
      plans[place] = plans[place - 1];
      place--;
    }
    plans[place] = moving;
  }
}

static int population_evolve(struct population *population, struct error *err) {
  struct searcher *searcher = population->searcher;
  population->drawing = true;
  int count = population_round(population, err);
  population->drawing = false;
  population->from = K;
  while (count == K && searcher->proposed < searcher->options->budget) {
    count = population_round(population, err);
    if (count > 0) population_select(population, K + (uint32_t)count);
  }
  return count < 0 ? -1 : 0;
}

int search_local(struct searcher *searcher, struct error *err) {
  struct population population = {.searcher = searcher};
  int status = 0;
  for (uint32_t i = 0; i < 2 * K && status == 0; i++) {
    status = candidate_create(&population.plans[i], searcher->model->graph, err);
  }
  if (status == 0) status = population_evolve(&population, err);
  for (uint32_t i = 0; i < 2 * K; i++) candidate_free(&population.plans[i]);
  return status;
}
