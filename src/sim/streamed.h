/* One op alone with its weights streamed through a staging area, stripe by stripe: how an
 * op runs whose weights do not fit the buffer (design 2.4 for a group of one op). */
#ifndef SPILLWAY_SIM_STREAMED_H
#define SPILLWAY_SIM_STREAMED_H

#include <stdint.h>

#include "sim/lines.h"
#include "sim/sim.h"

/* lines: built for the group {op}. cost: that group's under LBDF, turned into the cost of
 * the fewest stripes that fit. Returns 0; 1 if not even stripes of one row fit,
 * required_bytes then being theirs. */
int streamed_cost(const struct lines *lines, uint32_t op, uint64_t capacity_bytes, struct group_cost *cost);

#endif
