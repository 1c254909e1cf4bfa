/* Plans as searches handle them: a group number per op. */
#ifndef SPILLWAY_SCHED_CANDIDATE_H
#define SPILLWAY_SCHED_CANDIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "sched/split.h"
#include "util/rng.h"

struct candidate {
  uint32_t *group_of; /* by op; numbers below group_count, in order of smallest label */
  uint32_t group_count;
  /* Set by candidate_repair(): */
  struct expense expense;                   /* of the groups of fusable ops */
  uint32_t proposed_groups, proposed_valid; /* groups of several fusable ops before repair; those of them that fit */
  double value;           /* of the objective, for the whole network; set by the searcher */
};

/* What candidates of one search share, and the scratch space of one thread. */
struct candidate_space {
  const struct graph *graph;
  const uint64_t *fuseable; /* op set, borrowed */
  uint32_t *numbers;        /* scratch, by op or group */
  uint32_t *queue;
  uint64_t *sets; /* scratch: op_count x set_words */
};

int candidate_space_create(struct candidate_space *out, const struct graph *graph, const uint64_t *fuseable,
                           struct error *err);
void candidate_space_free(struct candidate_space *space);

int candidate_create(struct candidate *out, const struct graph *graph, struct error *err);
void candidate_free(struct candidate *candidate);
void candidate_copy(struct candidate *to, const struct candidate *from, const struct graph *graph);
/* Whether one of the others is the same plan, at the same cost. */
bool candidate_is_among(const struct candidate *candidate, const struct candidate *others, size_t count,
                        const struct graph *graph);

/* A legal plan drawn at random: ops in topological order join the group of a fusable
 * predecessor with a probability that is itself drawn per plan, such that the mean size
 * of groups is anything from one op to all of them, each order of magnitude as likely as
 * the next. Unfusable ops stay alone. */
void candidate_draw(struct candidate *candidate, struct candidate_space *space, struct rng *rng);

/* Its groups as op sets in space->sets, by number. */
void candidate_sets(const struct candidate *candidate, struct candidate_space *space);

/* A legal plan one edit away (move an op to a neighbouring group, merge two groups, split
 * one); the same plan if no legal edit was found in a fair number of tries. */
void candidate_mutate(struct candidate *child, const struct candidate *parent, struct candidate_space *space,
                      struct rng *rng);

/* A legal plan out of two parents: the inner one's groups between two random places in the order of
 * the ops, the outer one's before and after. */
void candidate_cross(struct candidate *child, const struct candidate *outer, const struct candidate *inner,
                     struct candidate_space *space, struct rng *rng);

/* Splits every group that overflows and sums what the groups cost. 0, or -1 without memory. */
int candidate_repair(struct candidate *candidate, struct candidate_space *space, struct splitter *splitter,
                     struct rng *rng);

#endif
