/* Attribution: which op holds the buffer when it overflows. */
#ifndef SPILLWAY_GET_ATTRIBUTION_H
#define SPILLWAY_GET_ATTRIBUTION_H

#include <stdint.h>

#include "sim/trace.h"
#include "util/error.h"

enum attribution_instant {
  ATTRIBUTION_PEAK,     /* the first instant of the largest occupancy */
  ATTRIBUTION_OVERFLOW, /* the first step above capacity; the peak if there is none */
};

/* Every occupied byte belongs to one op: weights to their op, rows to the op that computed
 * them, rows from outside to the op that keeps them last. The shares sum to occupied_bytes. */
struct attribution {
  uint64_t *weight_bytes, *row_bytes; /* by op of the trace */
  uint64_t *above_capacity_byte_steps; /* by op: its share of each step above capacity, over all such steps */
  size_t op_count;
  uint64_t step; /* of the instant */
  uint64_t occupied_bytes;
};

/* The caller frees with attribution_free(). ERROR_INPUT if the trace holds no event. */
int attribution_create(struct attribution *out, const struct trace *trace, enum attribution_instant instant,
                       struct error *err);
void attribution_free(struct attribution *attribution);

#endif
