/* Stripes with two refinements (docs/methods.md): weights of some ops stay (residency.h), and maps pass in
 * slices of channels (slices.h). On the engine of brr.h. */
#ifndef SPILLWAY_SIM_BRR_PLUS_H
#define SPILLWAY_SIM_BRR_PLUS_H

#include <stdint.h>

#include "sim/residency.h"
#include "sim/sim.h"
#include "sim/walk.h"

/* cost: of the prepared group under LBDF, turned into that of the stripes that fetch the fewest weights: of
 * all heights that fit, with and without slices, each with the best choice of weights that stay; of equal ones
 * without slices, then of fewer stripes. Returns 0; 1 if neither stripes of one row nor, in slices, one
 * stripe of all rows fit, whose cost it then is, of the way that requires least but for what is above
 * give_up_bytes. */
int brr_plus_cost(struct walk *walk, struct residency *residency, uint64_t capacity_bytes, uint64_t give_up_bytes,
                  struct group_cost *cost);

/* Makes the prepared group run as at that cost, for a buffer of that size, when brr_run() is called with the
 * height of its stripes. */
void brr_plus_restore(struct walk *walk, struct residency *residency, uint64_t capacity_bytes,
                      const struct group_cost *cost);

#endif
