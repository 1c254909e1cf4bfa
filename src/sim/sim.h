/* Execution of fusion groups. A struct sim is the workspace of one thread over a shared
 * model; nothing here depends on what was run before. */
#ifndef SPILLWAY_SIM_SIM_H
#define SPILLWAY_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/model.h"
#include "sim/trace.h"

/* What running a group takes and moves. Row traffic is for the whole batch. */
struct group_cost {
  uint64_t required_bytes; /* F_beta: the largest number of occupied bytes */
  uint64_t dram_in_bytes;  /* needed rows of tensors from outside, without weights */
  uint64_t dram_out_bytes; /* output tensors */
  uint64_t weight_bytes;   /* weights fetched */
  uint32_t stripes;        /* in which the group ran with streamed weights; 0 under LBDF, where they stay */
  uint32_t resident_ops;   /* under brr-plus: ops whose weights stay all the same */
  uint32_t sliced_maps;    /* under brr-plus: maps that pass in slices, */
  uint32_t slicing;        /* planned in that way (enum slicing) */
};

/* F_D: all DRAM bytes of a group. */
static inline uint64_t group_cost_dram_bytes(const struct group_cost *cost) {
  return cost->dram_in_bytes + cost->dram_out_bytes + cost->weight_bytes;
}

/* Who holds the buffer at the instant of the peak (the first, if it is reached twice).
 * Rows from outside count for the op that keeps them last. The staging area is a share of its
 * own; 0 under LBDF. The shares sum to occupied_bytes. Arrays are by op label, op_count long,
 * and belong to the caller. */
struct sim_peak {
  uint64_t *weight_bytes, *row_bytes;
  uint64_t occupied_bytes;
  uint64_t staging_bytes;
  uint32_t staging_op; /* that needs most of it */
};

/* What an op holds, and the staging area if the op is the one that needs most of it: a cut that
 * puts the op aside relieves the rest of that too. */
static inline uint64_t sim_peak_bytes(const struct sim_peak *peak, uint32_t op) {
  return peak->weight_bytes[op] + peak->row_bytes[op] + (peak->staging_op == op ? peak->staging_bytes : 0);
}

struct sim;

/* The model is borrowed and must outlive the simulator. */
int sim_create(struct sim **out, const struct sim_model *model, struct error *err);
void sim_free(struct sim *sim);
const struct sim_model *sim_model(const struct sim *sim);

/* All that follow take any non-empty op set and return 0, or -1 without memory. */

/* Costs under LBDF. A cost walk skips steady state unless that is turned off, which is
 * for tests. */
int sim_cost(struct sim *sim, const uint64_t *group, struct group_cost *cost);
int sim_cost_plain(struct sim *sim, const uint64_t *group, struct group_cost *cost);

/* The cost of a group that is valid; of another one required_bytes is merely more than the
 * buffer has, which is known sooner. */
int sim_try(struct sim *sim, const uint64_t *group, struct group_cost *cost);

/* The least capacity at which the attempt (sim_try() or sim_try_brr()) that just gave this cost, of a
 * group that is valid, would have given the same. */
uint64_t sim_steady_from(const struct sim *sim, const struct group_cost *cost);

/* Traffic alone, which needs no walk: required_bytes is a lower bound (the weights). */
int sim_traffic(struct sim *sim, const uint64_t *group, struct group_cost *cost);

/* Who holds the buffer at the peak; fills in cost too. */
int sim_find_peak(struct sim *sim, const uint64_t *group, struct group_cost *cost, struct sim_peak *peak);

/* Every step of the group, with overflow events above capacity_bytes. */
int sim_trace(struct sim *sim, const uint64_t *group, uint64_t capacity_bytes, const struct trace_sink *sink);

/* ---- streamed weights (design 2.4) ---- */

/* Costs under BRR: those under LBDF if they fit the buffer, else those of the tallest stripes that
 * fit. If none do, stripes of one row or LBDF, whichever requires less. */
int sim_cost_brr(struct sim *sim, const uint64_t *group, struct group_cost *cost);
int sim_try_brr(struct sim *sim, const uint64_t *group, struct group_cost *cost); /* as sim_try() */

/* Who holds the buffer under BRR, and every step; as for LBDF. */
int sim_find_peak_brr(struct sim *sim, const uint64_t *group, struct group_cost *cost, struct sim_peak *peak);
int sim_trace_brr(struct sim *sim, const uint64_t *group, uint64_t capacity_bytes, const struct trace_sink *sink);

/* Costs under brr-plus (docs/methods.md): those under LBDF if they fit the buffer, else those of the stripes,
 * resident weights and slices that fetch the fewest bytes. If nothing fits, stripes of one row, sliced or
 * not, one stripe in slices, or LBDF, whichever requires least. Never more than under BRR. */
int sim_cost_brr_plus(struct sim *sim, const uint64_t *group, struct group_cost *cost);
int sim_try_brr_plus(struct sim *sim, const uint64_t *group, struct group_cost *cost); /* as sim_try() */
int sim_find_peak_brr_plus(struct sim *sim, const uint64_t *group, struct group_cost *cost, struct sim_peak *peak);
int sim_trace_brr_plus(struct sim *sim, const uint64_t *group, uint64_t capacity_bytes, const struct trace_sink *sink);

/* The group with streamed weights even if it fits under LBDF, in the tallest stripes that fit
 * capacity_bytes. Returns 0; 1 if not even stripes of one row fit, whose cost it then is; -1
 * without memory. */
int sim_cost_streamed(struct sim *sim, const uint64_t *group, uint64_t capacity_bytes, struct group_cost *cost);

#endif
