/* Plans with several objectives, all smaller for better. A point dominates another if it is nowhere
 * worse and somewhere better. */
#ifndef SPILLWAY_SCHED_PARETO_H
#define SPILLWAY_SCHED_PARETO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/candidate.h"
#include "util/error.h"

enum { PARETO_MOST_OBJECTIVES = 3, PARETO_MOST_SORTED = 64 };

struct pareto_point {
  double values[PARETO_MOST_OBJECTIVES];
  uint32_t rank;   /* of its front, 0 for the points that none dominates */
  double crowding; /* distance to its neighbours in its front; infinite at the ends */
};

bool pareto_dominates(const double *a, const double *b, size_t axes);

/* Lexicographic: -1, 0 or 1. */
int pareto_compare(const double *a, const double *b, size_t axes);

/* Fills in ranks and crowding of at most PARETO_MOST_SORTED points: the fast non-dominated sort and
 * the crowding distance of Deb et al., "A fast and elitist multiobjective genetic algorithm:
 * NSGA-II", IEEE TEC 2002, section III. Of points with the same value the first in the array
 * counts as the smaller. */
void pareto_sort(struct pareto_point *points, size_t count, size_t axes);

/* Whether a goes before b (crowded comparison): by rank, then the less crowded. */
bool pareto_before(const struct pareto_point *a, const struct pareto_point *b);

/* Plans that no plan offered so far dominates, one for each vector of values: the first offered. */
struct pareto_plan {
  double values[PARETO_MOST_OBJECTIVES];
  struct expense expense;
  struct candidate plan;
};

struct pareto_archive {
  const struct graph *graph;
  size_t objectives;
  struct pareto_plan *plans; /* in no order */
  size_t count, capacity;
};

/* Copies the candidate if it belongs in the archive. expense: of the plan, kept with it. */
int pareto_offer(struct pareto_archive *archive, const double *values, const struct expense *expense,
                 const struct candidate *candidate, struct error *err);

/* Puts the plans in lexicographic order of their values. */
void pareto_order(struct pareto_archive *archive);
void pareto_archive_free(struct pareto_archive *archive);

#endif
