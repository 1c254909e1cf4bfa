/* Execution in stripes with streamed weights (design 2.4): a group runs stripe by stripe of its
 * output rows, its ops one after another within a stripe, each fetching its weights through a
 * staging area. On the engine of the walk. */
#ifndef SPILLWAY_SIM_BRR_H
#define SPILLWAY_SIM_BRR_H

#include <stdint.h>

#include "sim/sim.h"
#include "sim/walk.h"

/* Two sub-groups of output channels of the op's weights: one loads while the other is used. */
uint64_t brr_staging_bytes(const struct sim_model *model, uint32_t op);

/* Staging of the op whose first line that is, as the prepared group runs: sub-groups of input channels where
 * it accumulates slices (slices.h), none where its weights stay. */
uint64_t brr_op_staging_bytes(const struct walk *walk, uint32_t line);

/* The line after those of the op, or of the segment, that begins with that line. */
uint32_t brr_segment_end(const struct walk *walk, uint32_t first);

/* The staging area of the prepared group: the largest sum over the ops of a segment. *neediest is the op that
 * needs most of it; GRAPH_NO_OP if there is none. */
uint64_t brr_staging(const struct walk *walk, uint32_t *neediest);

/* Rows of the tallest output of the prepared group. */
uint32_t brr_rows(const struct walk *walk);

/* The height of its stripes when there are so many. */
uint32_t brr_height(const struct walk *walk, uint32_t stripes);

/* Runs the prepared group; peak_bytes is then its required bytes at that height, fetched_bytes
 * the weights of one image that are streamed. */
void brr_run(struct walk *walk, uint32_t height);

/* The same with neither staging area nor weights: peak_bytes is that of live rows. */
void brr_run_rows(struct walk *walk, uint32_t height);

/* cost: of the prepared group under LBDF, turned into that of the tallest stripes that fit.
 * Returns 0; 1 if stripes of one row do not fit, whose cost it then is, but for what is above
 * give_up_bytes (at least capacity_bytes), where their run ends. */
int brr_cost(struct walk *walk, uint64_t capacity_bytes, uint64_t give_up_bytes, struct group_cost *cost);

#endif
