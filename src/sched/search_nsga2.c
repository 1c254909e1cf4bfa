/* NSGA-II (Deb et al., IEEE TEC 2002): K plans that evolve for several objectives at once. In each
 * generation K children are proposed: parents by binary tournament, crossover, one edit. Of
 * parents and children together K survive, front by front and within the last front the least
 * crowded. With so few, plans that are there twice would soon be all there is: they go first. */
#include "sched/searcher.h"

enum { K = 10 };

/* Deb et al.'s, for crossover; every child is edited, or most would be plans that were there before. */
static const double crossover_probability = 0.9;

struct population {
  struct searcher *searcher;
  struct candidate plans[2 * K];     /* parents, in the order in which they survived, then children */
  struct pareto_point points[2 * K]; /* of the plans */
  struct candidate crossed[K];       /* by child: before its edit */
  uint64_t first;                    /* proposal of plans[from] */
  uint32_t from;                     /* first plan of this generation */
  bool drawing;                      /* plans are drawn afresh: the first generation */
};

static const struct candidate *draw_parent(const struct population *population, struct rng *rng) {
  uint32_t a = rng_below(rng, K), b = rng_below(rng, K);
  return &population->plans[pareto_before(&population->points[b], &population->points[a]) ? b : a];
}

static void breed(struct population *population, uint64_t child, struct candidate_space *space, struct rng *rng) {
  const struct candidate *outer = draw_parent(population, rng), *inner = draw_parent(population, rng);
  bool crosses = rng_unit(rng) < crossover_probability;
  if (crosses) candidate_cross(&population->crossed[child], outer, inner, space, rng);
  candidate_mutate(&population->plans[K + child], crosses ? &population->crossed[child] : outer, space, rng);
}

static void population_propose(void *context, unsigned worker, uint64_t item) {
  struct population *population = context;
  struct searcher *searcher = population->searcher;
  struct candidate_space *space = &searcher->workers[worker].space;
  struct rng rng = searcher_rng(searcher, population->first + item);
  struct candidate *plan = &population->plans[population->from + item];
  if (population->drawing) {
    candidate_draw(plan, space, &rng);
  } else {
    breed(population, item, space, &rng);
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
  for (uint64_t i = population->from; i < population->from + count; i++) {
    searcher_values(searcher, &population->plans[i], population->points[i].values);
    if (searcher_record(searcher, &population->plans[i], err) != 0) return -1;
  }
  return (int)count;
}

/* Moves a plan forward, past those between. */
static void population_move(struct population *population, uint32_t from, uint32_t to) {
  struct candidate plan = population->plans[from];
  struct pareto_point point = population->points[from];
  for (; from > to; from--) {
    population->plans[from] = population->plans[from - 1];
    population->points[from] = population->points[from - 1];
  }
  population->plans[to] = plan;
  population->points[to] = point;
}

/* Puts the first `count` plans in the order in which they survive; of equals the older first. */
static void population_order(struct population *population, uint32_t count) {
  const struct searcher *searcher = population->searcher;
  uint32_t distinct = 0;
  for (uint32_t i = 0; i < count; i++) {
    bool repeats = candidate_is_among(&population->plans[i], population->plans, distinct, searcher->model->graph);
    population->points[i].rank = UINT32_MAX;
    if (!repeats) population_move(population, i, distinct++);
  }
  pareto_sort(population->points, distinct, searcher->front.objectives);
  for (uint32_t i = 1; i < distinct; i++) {
    uint32_t place = i;
    while (place > 0 && pareto_before(&population->points[i], &population->points[place - 1])) place--;
    population_move(population, i, place);
  }
}

static int population_evolve(struct population *population, struct error *err) {
  struct searcher *searcher = population->searcher;
  population->drawing = true;
  int count = population_round(population, err);
  population->drawing = false;
  population->from = K;
  if (count == K) population_order(population, K);
  while (count == K && searcher->proposed < searcher->options->budget) {
    count = population_round(population, err);
    if (count == K) population_order(population, 2 * K);
  }
  return count < 0 ? -1 : 0;
}

int search_nsga2(struct searcher *searcher, struct error *err) {
  struct population population = {.searcher = searcher};
  int status = 0;
  for (uint32_t i = 0; i < 2 * K && status == 0; i++) {
    status = candidate_create(&population.plans[i], searcher->model->graph, err);
  }
  for (uint32_t i = 0; i < K && status == 0; i++) {
    status = candidate_create(&population.crossed[i], searcher->model->graph, err);
  }
  if (status == 0) status = population_evolve(&population, err);
  for (uint32_t i = 0; i < 2 * K; i++) candidate_free(&population.plans[i]);
  for (uint32_t i = 0; i < K; i++) candidate_free(&population.crossed[i]);
  return status;
}
