/* Execution methods: how a group uses the buffer. One const table; adding a method is
 * adding a line to it. */
#ifndef SPILLWAY_SIM_METHOD_H
#define SPILLWAY_SIM_METHOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/sim.h"

#define METHOD_LBDF "lbdf"
#define METHOD_BRR "brr"
#define METHOD_BRR_PLUS "brr-plus"

/* The functions are those of sim.h, which see. */
struct method {
  const char *name, *summary;
  bool weights_stay; /* a group holds all its weights, so that they alone may rule it out */
  bool streams_whole; /* where they do not, an op's new rows of a stripe and what these need are there together */
  bool chooses;      /* among the other methods, for each group */
  /* What attempt() gives at capacity C it gives from sim_steady_from() up to C, without stripes also above
   * C; what does not fit C fits nothing smaller; and a group has the same peak at all capacities at
   * which it does not fit. */
  bool steady;
  const char *alone; /* method of an op that does not fit under this one, and so runs by itself */
  const char *classifier; /* method whose validity classifier (src/gnn) stands for this one */
  int (*cost)(struct sim *sim, const uint64_t *group, struct group_cost *cost);
  int (*attempt)(struct sim *sim, const uint64_t *group, struct group_cost *cost); /* sim_try() */
  int (*find_peak)(struct sim *sim, const uint64_t *group, struct group_cost *cost, struct sim_peak *peak);
  int (*trace)(struct sim *sim, const uint64_t *group, uint64_t capacity_bytes, const struct trace_sink *sink);
};

extern const struct method methods[];
extern const size_t method_count;

/* NULL if there is none of that name. */
const struct method *method_find(const char *name);

/* The method of that name, alone. */
const struct method *method_alone(const struct method *method);

/* The name of the method under which the group ran, at that cost; NULL without memory. */
const char *method_ran(const struct method *method, struct sim *sim, const uint64_t *group,
                       const struct group_cost *cost);

#endif
