/* Searches over partition plans. One const table, one file per search. */
#ifndef SPILLWAY_SCHED_SEARCH_H
#define SPILLWAY_SCHED_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/plan.h"
#include "sched/evaluations.h"
#include "sched/split.h"
#include "sim/model.h"
#include "util/error.h"
#include "util/progress.h"

/* Where an exact search stops and settles for a bound. */
struct search_limits {
  uint64_t ideals; /* order ideals of the network */
  uint64_t steps;  /* groups looked at, in all */
  uint64_t groups; /* groups evaluated */
};

/* A minute or two at the very worst; no network of configs/networks comes near. */
#define SEARCH_DEFAULT_IDEALS 200000
#define SEARCH_DEFAULT_STEPS 200000000
#define SEARCH_DEFAULT_GROUPS 1000000
#define SEARCH_DEFAULT_LIMITS \
  ((struct search_limits){SEARCH_DEFAULT_IDEALS, SEARCH_DEFAULT_STEPS, SEARCH_DEFAULT_GROUPS})

enum { SEARCH_MOST_OBJECTIVES = 3 };

struct search_options {
  struct split_rules split; /* how groups that overflow are repaired, the method of all groups, the first objective */
  const struct objective *further[SEARCH_MOST_OBJECTIVES - 1]; /* objectives, for a search that takes several */
  size_t further_count;
  uint64_t budget;                  /* plans that may be proposed, >= 1 */
  uint64_t seed;
  bool bound; /* prove a bound beside the search; an exact search does anyway */
  struct search_limits limits;
  unsigned jobs; /* threads, >= 1; the result does not depend on it */
  struct progress *progress; /* may be NULL */
  struct evaluations *evaluations; /* shared with other searches (evaluations.h), or NULL; the result is the same */
};

/* The best plan after `plans` proposals; one point per improvement and one at the end. */
struct search_point {
  uint64_t plans, fuseable_dram_bytes;
  double value; /* of the objective */
};

/* How often an op was named as culprit and the cut that followed, over the distinct
 * invalid groups that the search met and that a trace explains. */
struct search_culprit {
  uint32_t op;
  uint64_t weight_bytes, row_bytes; /* its share at the peak of the group given below */
  struct edge edge;                 /* most responsible cut */
  uint64_t side_bytes, other_bytes; /* predicted of that cut */
  uint32_t first_op, last_op;       /* of the largest such group */
  uint64_t required_bytes;          /* of that group */
  uint64_t times;
};

/* What no plan can go below. */
struct search_bound {
  bool known;
  bool optimum;   /* and some plan reaches it: it is the optimum */
  double value;   /* of the objective, like search_result.value */
  uint64_t dram_bytes; /* fuseable ones, if those are the objective; else 0 */
  uint64_t groups_evaluated; /* to prove it; not those of a search beside it */
};

/* A plan that no plan proposed dominates: none is better by one objective and nowhere worse. */
struct search_front_point {
  struct plan plan;
  struct expense expense; /* bytes of the groups of fusable ops; cycles and energy of the whole network, if timed */
};

/* Whether an objective needs the clock. */
bool search_options_timed(const struct search_options *options);

struct search_result {
  struct plan plan; /* the best plan found: every op of the network, unfusable ones alone. Of several that are
                       equal by the first objective the best by the second, and so on */
  uint64_t fuseable_dram_bytes;
  double value; /* of the objective, for the whole network if it is timed */
  struct search_bound bound;
  struct search_point *curve;
  size_t curve_count;
  struct search_front_point *front; /* of several objectives: one for each vector of values, in their order */
  size_t front_count;
  struct search_culprit *culprits; /* by op, then edge */
  size_t culprit_count;
  uint64_t plans_proposed;
  uint64_t groups_proposed;       /* of two or more fusable ops, in plans as proposed, before repair; with repetition */
  uint64_t groups_proposed_valid; /* those of them that fit as proposed */
  uint64_t groups_evaluated; /* distinct groups whose cost was asked for */
  uint64_t groups_split;     /* invalid groups that were split: distinct ones, unless the splitter draws */
};

struct searcher; /* see searcher.h */

struct search {
  const char *name, *summary;
  bool has_front; /* takes two or three objectives, and gives a front; others take one */
  int (*run)(struct searcher *searcher, struct error *err);
};

extern const struct search searches[];
extern const size_t search_count;

/* NULL if there is none of that name. */
const struct search *search_find(const char *name);

/* The caller frees with search_result_free(). Same options but jobs: same result. */
int search_run(struct search_result *out, const struct search *search, const struct sim_model *model,
               const struct search_options *options, struct error *err);
void search_result_free(struct search_result *result);

#endif
