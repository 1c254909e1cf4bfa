/* Who holds the buffer over the time of a trace: the second view of attribution. */
#ifndef SPILLWAY_GET_OCCUPANCY_H
#define SPILLWAY_GET_OCCUPANCY_H

#include <stddef.h>
#include <stdint.h>

#include "sim/trace.h"
#include "util/error.h"

/* The trace in samples of consecutive events, each seen at its event of the largest
 * occupancy, so that no peak is lost. Bytes belong to ops as in struct attribution; those
 * of a sample sum to its occupied_bytes. */
struct occupancy {
  size_t sample_count, op_count;
  uint64_t *steps;          /* of the event seen */
  uint64_t *occupied_bytes; /* at it */
  uint64_t *bytes;          /* sample_count x op_count */
};

/* At most `limit` (>= 1) samples. The caller frees with occupancy_free(). Errors as in
 * attribution_create(). */
int occupancy_create(struct occupancy *out, const struct trace *trace, size_t limit, struct error *err);
void occupancy_free(struct occupancy *occupancy);

#endif
