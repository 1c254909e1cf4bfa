/* What a whole plan takes and moves (design 2.6). */
#ifndef SPILLWAY_SIM_REPORT_H
#define SPILLWAY_SIM_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"
#include "sim/method.h"
#include "sim/sim.h"
#include "util/error.h"

#define REPORT_LEFT_OUT "none" /* method of an op that is left out */

struct group_report {
  struct group_cost cost;
  const char *method; /* that it ran under: the plan's, what auto chose, that of ops alone or REPORT_LEFT_OUT */
  bool valid;         /* required bytes fit the buffer */
  bool fuseable;      /* none of its ops is unfusable under the method */
  bool left_out;      /* one op that fits the buffer in no way: it moves nothing here, and no total counts it */
};

struct plan_report {
  struct group_report *groups; /* one per group of the plan */
  uint32_t group_count;
  uint32_t invalid_groups;
  uint32_t left_out_groups;
  uint64_t fuseable_dram_bytes; /* groups of fusable ops only: the paper's metric */
  uint64_t total_dram_bytes, dram_read_bytes, dram_write_bytes; /* reads contain weights */
  uint64_t weight_bytes;
  uint64_t max_required_bytes;
};

/* Runs every group of the plan. ERROR_INPUT if an op fits the buffer in no way, naming
 * it and the bytes it needs. The caller frees with plan_report_free(). */
int plan_report_create(struct plan_report *out, struct sim *sim, const struct method *method,
                       const struct plan *plan, struct error *err);

/* The same, but ops that fit the buffer in no way are no error: they are left out. */
int plan_report_create_runnable(struct plan_report *out, struct sim *sim, const struct method *method,
                                const struct plan *plan, struct error *err);
void plan_report_free(struct plan_report *report);

/* The ops that may be in a group of several: those that are valid alone. set is an op set
 * of the caller. 0, or -1 without memory. */
int report_fuseable_ops(struct sim *sim, const struct method *method, uint64_t *set);

/* What no plan of those ops can go below: what they read from elsewhere, what others read of theirs,
 * and their weights, once each. */
int report_compulsory_bytes(struct sim *sim, const uint64_t *ops, uint64_t *bytes, struct error *err);

#endif
