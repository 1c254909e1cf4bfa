/* Attribution: which op holds the buffer when it overflows. */
#ifndef SPILLWAY_GET_ATTRIBUTION_H
#define SPILLWAY_GET_ATTRIBUTION_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/trace.h"
#include "util/error.h"

/* Whose bytes each event of the trace adds or takes away: weights are their op's, rows those
 * of the op that computed them, rows from outside those of the op that keeps them last,
 * which is the one that lets them go, or the one that loaded them if the trace ends before.
 * The caller frees *owners with free(). ERROR_INPUT if the trace holds no event or if its
 * rows do not follow from one another; ERROR_MEMORY also if events of the trace were lost. */
int trace_owners(uint32_t **owners, const struct trace *trace, struct error *err);

enum attribution_instant {
  ATTRIBUTION_PEAK,     /* the first instant of the largest occupancy */
  ATTRIBUTION_OVERFLOW, /* the first event above capacity; the peak if there is none */
};

/* Every occupied byte belongs to one op, as trace_owners() says, or to the staging area. The
 * shares sum to occupied_bytes.
 *
 * Bytes above capacity in proportion would not be whole numbers. So above_capacity_byte_steps
 * is, by op, the bytes that it holds at each step at which more than capacity is occupied,
 * summed over those steps: they sum to the occupied bytes summed over them. An event's
 * occupancy lasts until the step of the next one, that of the last event for one step. All
 * are 0 if the capacity is not known. */
struct attribution {
  uint64_t *weight_bytes, *row_bytes;  /* by op of the trace */
  uint64_t *above_capacity_byte_steps; /* by op of the trace */
  size_t op_count;
  uint64_t staging_bytes; /* a share of its own, of streamed weights that pass through; 0 if none do */
  uint32_t staging_op;    /* that needs most of it, and that above_capacity_byte_steps counts it for */
  uint64_t step; /* of the instant */
  uint64_t occupied_bytes;
};

/* Shares of an op, with the staging area if it needs most of that. */
static inline uint64_t attribution_op_bytes(const struct attribution *attribution, uint32_t op) {
  bool stages = attribution->staging_bytes > 0 && attribution->staging_op == op;
  return attribution->weight_bytes[op] + attribution->row_bytes[op] + (stages ? attribution->staging_bytes : 0);
}

/* Takes a trace of the simulator or one that trace_read_csv() checked, in time linear in
 * its events. The caller frees with attribution_free(). Errors of trace_owners(), and
 * ERROR_INPUT if byte-steps do not fit 64 bits. */
int attribution_create(struct attribution *out, const struct trace *trace, enum attribution_instant instant,
                       struct error *err);
void attribution_free(struct attribution *attribution);

#endif
