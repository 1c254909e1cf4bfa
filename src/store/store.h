/* The results database: one record per finished run, written whole or not at all.
 * Plain records, no simulator types. What the tables and views mean is in docs/database.md.
 *
 * Any number of processes may write one database. A store belongs to one thread at a
 * time, must not be used across fork(), and a process opens a database at most once. */
#ifndef SPILLWAY_STORE_STORE_H
#define SPILLWAY_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* All pointers in the records are borrowed for the length of the call. Texts are UTF-8 and
 * may not be NULL unless said so. Counts and bytes beyond INT64_MAX are refused. */

struct store_network {
  const char *name;
  const char *hash; /* of the file's content, in hex */
};

/* Kept once per distinct content. */
struct store_hardware {
  const char *name;
  const char *description; /* the whole description, YAML */
  uint64_t buffer_bytes;
  uint64_t activation_bits;
  uint64_t weight_bits;
  uint64_t bias_bits;
};

/* What a plan or a group takes on the clock. Ratios are from 0 to 1. */
struct store_timed {
  uint64_t cycles;
  uint64_t phase_compute_cycles, phase_port_cycles, phase_dram_cycles, phase_room_cycles;
  uint64_t array_busy_cycles, lanes_busy_cycles;
  uint64_t dram_busy_cycles; /* summed over channels */
  uint64_t macs, vector_operations;
  uint64_t buffer_read_bytes, buffer_write_bytes;
  uint64_t dram_activates;
  uint64_t peak_occupied_bytes;
  double mac_pj, vector_pj, buffer_pj, dram_pj, static_pj;
  double energy_pj; /* their sum */
  double latency_seconds;
  double array_utilisation, lanes_utilisation, dram_utilisation;
  double arithmetic_intensity; /* MACs for each byte of DRAM traffic */
  double machine_balance;      /* infinite: computing takes no time; stored as NULL */
  const char *bound;           /* "compute" or "memory" */
};

struct store_group_timed {
  struct store_timed cost;
  uint64_t start_cycle;
};

struct store_run_timed {
  struct store_timed cost;
  uint64_t inferences; /* that all of this is of: the batch */
  uint64_t layer_by_layer_cycles;
  double layer_by_layer_pj;
};

/* One fusion group of the resulting plan. */
struct store_group {
  const char *ops; /* JSON array of op names in label order */
  const char *first_op;
  const char *last_op;
  uint64_t op_count;
  const char *method; /* under which it runs */
  bool valid;
  bool fuseable;
  uint64_t required_bytes;
  uint64_t dram_read_bytes;
  uint64_t dram_write_bytes;
  uint64_t weight_bytes; /* contained in dram_read_bytes */
  uint64_t stripes;
  const struct store_group_timed *timed; /* NULL: untimed */
};

/* The best plan so far had fuseable_dram_bytes when `plans` plans had been proposed. */
struct store_curve_point {
  uint64_t plans;
  uint64_t fuseable_dram_bytes;
};

/* One overflow explained and the cut that followed, merged over all groups in which the
 * same culprit op led to the same cut edge; the bytes and group are those of the first. */
struct store_explanation {
  const char *group_first_op;
  const char *group_last_op;
  uint64_t required_bytes;
  uint64_t capacity_bytes;
  const char *culprit_op;
  uint64_t culprit_weight_bytes; /* of its weights at the peak */
  uint64_t culprit_row_bytes;    /* of its rows at the peak */
  const char *cut_from;          /* the edge that was cut */
  const char *cut_to;
  uint64_t side_a_bytes; /* predicted requirement of the producer's side */
  uint64_t side_b_bytes; /* and of the consumer's side */
  uint64_t times;        /* how often it was given */
};

/* One plan of the Pareto front that a search of several objectives found. */
struct store_front_point {
  uint64_t fuseable_dram_bytes;
  uint64_t max_required_bytes;
  uint64_t group_count;
  const uint64_t *cycles;  /* NULL: untimed */
  const double *energy_pj; /* NULL: untimed */
  const char *groups;      /* JSON array of arrays of op names */
};

struct store_run {
  const char *tool_version;
  const char *started_at; /* UTC, ISO 8601: 2024-05-06T07:08:09Z */
  double wall_seconds;
  const char *verb; /* "simulate" or "schedule" */
  struct store_network network;
  struct store_hardware hardware;
  const char *method;
  const char *search;     /* NULL: nothing was searched */
  const char *splitter;   /* NULL: nothing was split */
  const uint64_t *budget; /* plans; NULL: none */
  const uint64_t *seed;   /* NULL: nothing random; stored as a signed number of the same 64 bits */
  uint64_t jobs;          /* threads */
  const char *options;    /* JSON object of all other options */
  uint64_t fuseable_dram_bytes;
  uint64_t total_dram_bytes;
  uint64_t dram_read_bytes;
  uint64_t dram_write_bytes;
  uint64_t weight_bytes;
  uint64_t max_required_bytes;
  uint64_t layer_by_layer_dram_bytes;  /* fuseable ops, each its own group */
  uint64_t layer_by_layer_total_bytes; /* all ops, each its own group */
  uint64_t compulsory_bytes;
  const uint64_t *optimum_dram_bytes; /* certified optimum of fuseable_dram_bytes; NULL: unknown */
  const uint64_t *bound_dram_bytes;   /* proven lower bound of fuseable_dram_bytes; NULL: unknown */
  uint64_t simulations;               /* distinct groups evaluated */
  uint64_t plans_proposed;
  uint64_t invalid_groups; /* distinct groups found to overflow */
  const uint64_t *groups_proposed;       /* see docs/database.md; NULL: nothing was searched */
  const uint64_t *groups_proposed_valid; /* likewise */
  const char *experiment;                /* that the run is part of; NULL: none */
  const char *cell_key;                  /* hash of all that the run's results depend on, unique; NULL: no experiment */
  const struct store_run_timed *timed; /* NULL: untimed */
  const struct store_group *groups;
  uint64_t group_count;
  const struct store_curve_point *curve;
  uint64_t curve_count;
  const struct store_explanation *explanations;
  uint64_t explanation_count;
  const struct store_front_point *front;
  uint64_t front_count; /* 0: one objective */
};

/* How many groups of a sample of a network's groups fit one buffer. */
struct store_sample {
  const char *tool_version;
  const char *started_at; /* UTC, ISO 8601 */
  double wall_seconds;    /* for all buffers that the sample was measured at together */
  struct store_network network;
  struct store_hardware hardware;
  const char *method;
  const uint64_t *seed; /* stored as a signed number of the same 64 bits */
  uint64_t jobs;        /* threads */
  const char *options;  /* JSON object of all other options */
  uint64_t groups_wanted;
  uint64_t groups; /* distinct ones that were drawn */
  uint64_t valid_groups;
  double mean_ops; /* of a group */
  uint64_t plans_drawn;
  const char *cell_key; /* hash of all that the counts depend on, unique among samples */
};

/* What one explainer made of the groups of one network in one buffer; sched/compare.h says what
 * the figures are. */
struct store_explainer {
  struct store_network network;
  struct store_hardware hardware;
  const char *explainer;
  uint64_t group_count;
  uint64_t rectified, rectified_at_once, first_cuts, possible_first_cuts, best_first_cuts;
  uint64_t regret_groups, better, equal;
  double regret_sum, regret_median, regret_mean, regret_worst;
  uint64_t explanations, simulations;
  double microseconds_median, microseconds_mean;
  double sparsity, stability;
  double fidelity_plus, fidelity_minus; /* infinite: not measured, and stored as NULL */
};

/* Explainers that repaired the same groups. */
struct store_comparison {
  const char *tool_version;
  const char *started_at; /* as in struct store_run */
  double wall_seconds;
  const char *method;
  double fraction;
  uint64_t breadth;
  const uint64_t *seed; /* likewise; not NULL */
  uint64_t jobs;
  uint64_t groups_wanted;
  const char *options; /* JSON object of all other options */
  const struct store_explainer *explainers;
  uint64_t explainer_count;
};

struct store;

/* Opens the database for writing: creates it, and its directory (one level), if missing,
 * brings an older one up to date and proves that it can be written. Refuses, untouched,
 * a file that is not a database of Spillway's or that a newer Spillway wrote. Failures are
 * ERROR_OUTPUT. The caller closes *store, which is NULL after a failure. */
int store_open(struct store **store, const char *path, struct error *err);

/* Writes the run with all its groups, curve and explanations in one transaction and gives
 * its number (run_id may be NULL). Returns 1 and writes nothing if there is a run with its
 * cell_key. After a failure (ERROR_OUTPUT) nothing of it is there and the store can be used on. */
int store_write_run(struct store *store, int64_t *run_id, const struct store_run *run, struct error *err);

/* Writes the comparison with all its rows in one transaction and gives its number (comparison_id may be
 * NULL). After a failure (ERROR_OUTPUT) nothing of it is there. */
int store_write_comparison(struct store *store, int64_t *comparison_id, const struct store_comparison *comparison,
                           struct error *err);

/* Writes all of the samples or, after a failure (ERROR_OUTPUT), none. One with the same cell_key is replaced. */
int store_write_samples(struct store *store, const struct store_sample *samples, size_t count, struct error *err);

/* Whether there is a run with that cell_key. ERROR_OUTPUT. */
int store_has_cell(struct store *store, const char *cell_key, bool *has, struct error *err);

/* Deletes the runs with these cell_keys, all or, after a failure, none. */
int store_drop_cells(struct store *store, const char *const *cell_keys, size_t count, struct error *err);

/* Runs that a merge copied, and those that were there already. */
struct store_merged {
  uint64_t copied, present;
};

/* Copies everything from the database at path, which is not changed, in one transaction. What is
 * there already is not copied again: runs with the same cell_key, whatever else they hold, and
 * rows without one of which every column is the same. An older database is read as the current
 * schema would have it. Failures are ERROR_INPUT, about that database, and ERROR_OUTPUT. */
int store_merge(struct store *store, const char *path, struct store_merged *out, struct error *err);

/* Takes NULL. */
void store_close(struct store *store);

#endif
