/* Explainers side by side: each of them repairs the same invalid groups by the recursive greedy
 * tree split, from an empty memo. docs/explainers.md says what is measured and how it came out. */
#ifndef SPILLWAY_SCHED_COMPARE_H
#define SPILLWAY_SCHED_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/split.h"
#include "util/progress.h"

struct compare_options {
  const struct sim_model *cells; /* where groups are drawn: a network with a buffer each */
  size_t cell_count;
  const struct method *method;
  const bool *left_out; /* by explainer, those that repair nothing; never the exhaustive one; NULL: none */
  double fraction;  /* as in struct split_rules */
  uint64_t breadth; /* likewise */
  const struct learned *learned; /* with what all explainers need; NULL if they need nothing: then no fidelity */
  uint64_t groups;  /* wanted, over all cells */
  uint64_t seed;
  unsigned jobs;             /* threads, >= 1; nothing but times depends on it */
  struct progress *progress; /* counts groups; may be NULL */
};

/* What an explainer made of a group. */
struct repair {
  bool rectified;   /* the tree split ended with all parts valid */
  bool at_once;     /* the edges named for the whole group suffice, without any further explanation */
  bool first_cut;   /* a single cut of those named leaves both sides valid */
  uint64_t dram_bytes;           /* of all parts of the split */
  uint64_t first_cut_dram_bytes; /* of the cheapest first cut, if there is one */
  uint64_t explanations;         /* of the group and of parts of it */
  uint64_t simulations;          /* distinct groups run, and explanations that took a run of their own */
  uint64_t nanoseconds;          /* of a processor */
  /* Of the edges that the explanation of the whole group names: */
  double sparsity;                      /* share of the group's edges that are not among them */
  double stability;                     /* their mean overlap (Jaccard) with those named under other seeds */
  double fidelity_plus, fidelity_minus; /* gnn/fidelity.h; 0 without a classifier */
};

/* Groups that overflow their cell's buffer, of ops that are each valid alone; connected, and
 * distinct within a cell. In order of cells. */
struct comparison {
  size_t group_count;
  uint32_t *cell_of;      /* by group */
  uint32_t *op_counts;    /* likewise */
  struct repair *repairs; /* by group, explainer_count of each, in the order of explainers[]; 0 of those left out */
};

/* Draws plans of each cell as random search does, until the cells have the groups wanted, in
 * equal numbers as far as they have that many, and lets the explainers repair them. A cell in which
 * many plans in a row bring no new invalid group gives no more, so that there may be fewer, or none.
 * The caller frees with comparison_free(). ERROR_MEMORY. */
int comparison_run(struct comparison *out, const struct compare_options *options, struct error *err);
void comparison_free(struct comparison *comparison);

/* The number of the exhaustive explainer, which the others are measured by. */
size_t comparison_reference(void);

/* Of one explainer over some groups. Regret is DRAM bytes over those of the exhaustive split,
 * less 1, where both rectified the group. */
struct repair_summary {
  uint64_t groups;
  uint64_t rectified, at_once, first_cuts; /* of these groups; see struct repair */
  uint64_t possible_first_cuts;            /* groups that have any first cut */
  uint64_t best_first_cuts;                /* of these, groups with one named that is as cheap as the cheapest */
  uint64_t regret_groups;                  /* of which both made valid parts */
  uint64_t better, equal;                  /* of these, less or as many DRAM bytes as the exhaustive split */
  double regret_sum, regret_median, regret_mean, regret_worst; /* 0 if there are none */
  uint64_t explanations, simulations;                          /* sums */
  double microseconds_median, microseconds_mean;
  double sparsity, stability, fidelity_plus, fidelity_minus; /* means; 0 of none */
};

/* cells: by cell, whether its groups count; NULL for all. 0, or -1 without memory. */
int comparison_summarise(struct repair_summary *out, const struct comparison *comparison, size_t explainer,
                         const bool *cells);

#endif
