/* How often streamed weights are fetched at least, whatever else is in the group. */
#ifndef SPILLWAY_SCHED_FETCHES_H
#define SPILLWAY_SCHED_FETCHES_H

#include <stdint.h>

#include "sim/model.h"

/* Stripes in which the op has new rows, of one image, wherever it is streamed as by BRR: in each
 * its new rows, the rows that they need, and its staging area are in the buffer together. Only for
 * an op of one output, all rows of which are needed. At least 1. */
uint64_t fetches_least(const struct sim_model *model, uint32_t op);

#endif
