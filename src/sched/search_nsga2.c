/* NSGA-II (Deb et al., IEEE TEC 2002): K plans that evolve for several objectives at once. In each
 * generation K children are proposed: parents by binary tournament, crossover, one edit. Of
 * parents and children together K survive, front by front and within the last front the least
 * crowded. With so few, plans that are there twice would soon be all there is: they go first. */
#include "sched/population.h"

enum { K = POPULATION_K };

/* Deb et al.'s, for crossover; every child is edited, or most would be plans that were there before. */
static const double crossover_probability = 0.9;

struct nsga2 {
  struct population population;      /* first: its functions get no more than this */
  struct pareto_point points[2 * K]; /* of its plans */
  struct candidate crossed[K];       /* by child: before its edit */
};

static struct nsga2 *nsga2_of(struct population *population) { return (struct nsga2 *)(void *)population; }

static const struct candidate *draw_parent(const struct nsga2 *nsga2, struct rng *rng) {
  uint32_t a = rng_below(rng, K), b = rng_below(rng, K);
  return &nsga2->population.plans[pareto_before(&nsga2->points[b], &nsga2->points[a]) ? b : a];
}

static void breed(struct population *population, uint64_t child, struct candidate_space *space, struct rng *rng) {
  struct nsga2 *nsga2 = nsga2_of(population);
  const struct candidate *outer = draw_parent(nsga2, rng), *inner = draw_parent(nsga2, rng);
  bool crosses = rng_unit(rng) < crossover_probability;
  if (crosses) candidate_cross(&nsga2->crossed[child], outer, inner, space, rng);
  candidate_mutate(&population->plans[K + child], crosses ? &nsga2->crossed[child] : outer, space, rng);
}

/* Moves a plan forward, past those between. */
static void move_forward(struct nsga2 *nsga2, uint32_t from, uint32_t to) {
  struct candidate plan = nsga2->population.plans[from];
  struct pareto_point point = nsga2->points[from];
  for (; from > to; from--) {
    nsga2->population.plans[from] = nsga2->population.plans[from - 1];
    nsga2->points[from] = nsga2->points[from - 1];
  }
  nsga2->population.plans[to] = plan;
  nsga2->points[to] = point;
}

/* Puts the first `count` plans in the order in which they survive; of equals the older first. */
static void order_by_survival(struct population *population, uint32_t count) {
  struct nsga2 *nsga2 = nsga2_of(population);
  const struct searcher *searcher = population->searcher;
  uint32_t distinct = 0;
  for (uint32_t i = 0; i < count; i++) {
    bool repeats = candidate_is_among(&population->plans[i], population->plans, distinct, searcher->model->graph);
    searcher_values(searcher, &population->plans[i], nsga2->points[i].values);
    nsga2->points[i].rank = UINT32_MAX;
    if (!repeats) move_forward(nsga2, i, distinct++);
  }
  pareto_sort(nsga2->points, distinct, searcher->front.objectives);
  for (uint32_t i = 1; i < distinct; i++) {
    uint32_t place = i;
    while (place > 0 && pareto_before(&nsga2->points[i], &nsga2->points[place - 1])) place--;
    move_forward(nsga2, i, place);
  }
}

int search_nsga2(struct searcher *searcher, struct error *err) {
  struct nsga2 nsga2 = {.population = {.searcher = searcher, .breed = breed, .select = order_by_survival}};
  int status = 0;
  for (uint32_t i = 0; i < K && status == 0; i++) {
    status = candidate_create(&nsga2.crossed[i], searcher->model->graph, err);
  }
  if (status == 0) status = population_search(&nsga2.population, err);
  for (uint32_t i = 0; i < K; i++) candidate_free(&nsga2.crossed[i]);
  return status;
}
