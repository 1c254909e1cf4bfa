/* A population of plans that evolves: what local search and NSGA-II share. K plans (10, as in arXiv 2501.00636)
 * are drawn; then K children are proposed in each generation, and K of parents and children survive. */
#ifndef SPILLWAY_SCHED_POPULATION_H
#define SPILLWAY_SCHED_POPULATION_H

#include <stdbool.h>

#include "sched/searcher.h"

enum { POPULATION_K = 10 };

struct population {
  struct searcher *searcher;
  struct candidate plans[2 * POPULATION_K]; /* parents, in the order in which they survived, then children */
  /* Makes child i, plans[K + i], of the parents. On any thread. */
  void (*breed)(struct population *population, uint64_t child, struct candidate_space *space, struct rng *rng);
  /* Puts those of the first `count` plans that survive in front: K just after they were drawn, then 2 K. */
  void (*select)(struct population *population, uint32_t count);
  bool children; /* are proposed now; before that the first K plans are drawn */
};

/* Proposes as many plans as the budget has. The caller sets searcher, breed and select, the rest is 0; what may stand
 * around a population is its own. */
int population_search(struct population *population, struct error *err);

#endif
