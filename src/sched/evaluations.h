/* What groups cost in buffers of whatever capacity: shared by searches, in any number of threads,
 * over the same network and hardware but for the capacity, under the same method, which must be
 * steady (method.h).
 *
 * Such a method's cost is a staircase over the capacity: what a group costs at capacity C it costs
 * at all capacities from some number of bytes on up to C, and with weights that stay also above;
 * and a group that does not fit C fits no less. So each group is run once if capacities come largest
 * first, and seldom more often whatever their order. Nothing here changes what a search finds:
 * what is known is what would be computed again. */
#ifndef SPILLWAY_SCHED_EVALUATIONS_H
#define SPILLWAY_SCHED_EVALUATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "get/overflows.h"
#include "sim/sim.h"
#include "util/error.h"

struct evaluations;

/* Once about limit_bytes are used, half of them for the overflows, nothing more is kept. */
int evaluations_create(struct evaluations **out, const struct graph *graph, size_t limit_bytes, struct error *err);
void evaluations_free(struct evaluations *evaluations);

/* Why groups overflow, which is shared in the same way. */
struct overflows *evaluations_overflows(const struct evaluations *evaluations);

/* Whether it is known what the group costs at that capacity; required_bytes is more than it if
 * the group does not fit, and that is all that *cost tells then. */
bool evaluations_find(struct evaluations *evaluations, const uint64_t *group, uint64_t capacity_bytes,
                      struct group_cost *cost);

/* cost is as the method's attempt() gives it at that capacity, and the same from least_bytes on
 * (sim_steady_from()). Keeps it if there is room. */
void evaluations_add(struct evaluations *evaluations, const uint64_t *group, uint64_t least_bytes,
                     uint64_t capacity_bytes, const struct group_cost *cost);

#endif
