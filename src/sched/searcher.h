/* What every search needs: threads with their workspaces, the memo, and the best plan so
 * far. */
#ifndef SPILLWAY_SCHED_SEARCHER_H
#define SPILLWAY_SCHED_SEARCHER_H

#include <stdatomic.h>
#include <stdint.h>

#include "sched/candidate.h"
#include "sched/pareto.h"
#include "sched/search.h"
#include "util/parallel.h"

struct search_worker {
  struct candidate_space space;
  struct splitter *splitter;
};

struct searcher {
  const struct sim_model *model;
  const struct search_options *options;
  uint64_t *fuseable;       /* op set */
  struct expense unfusable; /* of the other ops, which every plan runs alone: cycles and energy, if needed */
  struct split_memo *memo;
  struct parallel *parallel;
  struct search_worker *workers; /* options->jobs */
  atomic_bool out_of_memory;
  struct candidate best;
  struct pareto_archive front; /* of all plans so far, if there are several objectives */
  uint64_t proposed;           /* plans so far */
  struct search_result *result;
  size_t curve_capacity;
};

int searcher_create(struct searcher *out, struct search_result *result, const struct sim_model *model,
                    const struct search_options *options, struct error *err);
void searcher_free(struct searcher *searcher);

/* Counts a repaired proposal, in the order of proposals, and keeps it if it is the best. */
int searcher_record(struct searcher *searcher, const struct candidate *candidate, struct error *err);

/* Repairs the candidate by the worker's splitter; failures are remembered. */
void searcher_repair(struct searcher *searcher, unsigned worker, struct candidate *candidate, struct rng *rng);

/* The values of all objectives, options->split.objective first. Returns how many. */
size_t searcher_values(const struct searcher *searcher, const struct candidate *candidate,
                       double values[PARETO_MOST_OBJECTIVES]);

/* The random numbers of proposal `plan`. */
struct rng searcher_rng(const struct searcher *searcher, uint64_t plan);

/* Makes candidates[item], a proposal; rng is that proposal's. On any thread. */
typedef void searcher_make(void *context, uint64_t item, struct candidate *candidate, struct candidate_space *space,
                           struct rng *rng);

/* Proposes `most` plans, or what the budget has left: makes and repairs them on all threads and records them in
 * their order. Returns how many, or -1. */
int searcher_propose(struct searcher *searcher, struct candidate *candidates, uint64_t most, searcher_make *make,
                     void *context, struct error *err);

/* The searches behind the table in search.c. Each proposes options->budget plans, but the exact
 * one, which proposes one that it knows to be best, and only without it as many. */
int search_exact(struct searcher *searcher, struct error *err);
int search_random(struct searcher *searcher, struct error *err);
int search_local(struct searcher *searcher, struct error *err);
int search_nsga2(struct searcher *searcher, struct error *err);

#endif
