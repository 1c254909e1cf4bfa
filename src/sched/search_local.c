/* Local search: the best K plans, each mutated by one edit per iteration. */
#include <math.h>

#include "sched/population.h"

enum { K = POPULATION_K };

static void mutate(struct population *population, uint64_t child, struct candidate_space *space, struct rng *rng) {
  candidate_mutate(&population->plans[K + child], &population->plans[child], space, rng);
}

/* The best come first, of equals the older; a plan that is there twice counts as the worst. Those that were drawn
 * stay in the order of their proposals. */
static void select_best(struct population *population, uint32_t count) {
  struct candidate *plans = population->plans;
  for (uint32_t i = K; i < count; i++) {
    if (candidate_is_among(&plans[i], plans, i, population->searcher->model->graph)) plans[i].value = (double)INFINITY;
  }
  for (uint32_t i = 1; i < count && count > K; i++) {
    struct candidate moving = plans[i];
    uint32_t place = i;
    while (place > 0 && plans[place - 1].value > moving.value) {
      plans[place] = plans[place - 1];
      place--;
    }
    plans[place] = moving;
  }
}

int search_local(struct searcher *searcher, struct error *err) {
  struct population population = {.searcher = searcher, .breed = mutate, .select = select_best};
  return population_search(&population, err);
}
