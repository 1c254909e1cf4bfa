/* Checks a trace against the network by going through its events: what may never happen,
 * whatever the order of the rows is. */
#ifndef SPILLWAY_TESTS_TRACE_REPLAY_H
#define SPILLWAY_TESTS_TRACE_REPLAY_H

#include <stdint.h>

#include "graph/graph.h"
#include "sim/trace.h"

struct replay {
  uint64_t peak_bytes, load_bytes, store_bytes, weight_bytes; /* for one image */
  uint64_t staging_bytes, fetched_bytes;
  uint64_t overflows;
};

/* Fails the test at the first event that breaks a rule; fills in the sums. */
void replay_trace(struct replay *out, const struct graph *graph, const uint64_t *group, const struct trace *trace);

#endif
