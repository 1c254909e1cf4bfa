/* Traces of a group. */
#ifndef SPILLWAY_CLI_GROUP_TRACE_H
#define SPILLWAY_CLI_GROUP_TRACE_H

#include <stdint.h>

#include "cli/subject.h"
#include "sim/method.h"
#include "sim/trace.h"
#include "util/error.h"

/* What can be seen of a trace without keeping it. */
struct trace_outline {
  uint64_t event_count;
  uint64_t peak_step;             /* the first instant of the largest occupancy */
  uint64_t peak_bytes;
  struct trace_event overflow;    /* the first; kind is TRACE_OVERFLOW if there was one */
};

int group_outline(struct trace_outline *out, const struct subject *subject, const struct method *method,
                  const uint64_t *group, struct error *err);

/* The whole trace; refuses one that is too long to be kept. The caller frees with trace_free(). */
int group_trace(struct trace *out, const struct subject *subject, const struct method *method, const uint64_t *group,
                struct error *err);

/* From a CSV file with at least one event. The caller frees with trace_free(). */
int group_trace_load(struct trace *out, const char *path, struct error *err);

/* Writes path whole or not at all. */
int group_trace_save(const struct trace *trace, const char *path, struct error *err);

#endif
