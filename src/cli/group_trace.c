#include "cli/group_trace.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/file.h"

#define TRACE_MAX_EVENTS (UINT64_C(1) << 25)

static void outline_event(void *context, const struct trace_event *event) {
  struct trace_outline *outline = context;
  outline->event_count++;
  if (event->occupied_bytes > outline->peak_bytes) {
    outline->peak_bytes = event->occupied_bytes;
    outline->peak_step = event->step;
  }
  if (event->kind == TRACE_OVERFLOW && outline->overflow.kind != TRACE_OVERFLOW) outline->overflow = *event;
}

int group_outline(struct trace_outline *out, const struct subject *subject, const struct method *method,
                  const uint64_t *group, struct error *err) {
  *out = (struct trace_outline){0};
  const struct trace_sink sink = {outline_event, out};
  uint64_t capacity = subject->model.hw.buffer_capacity_bytes;
  return method->trace(subject->sim, group, capacity, &sink) == 0 ? 0 : error_memory(err);
}

int group_trace(struct trace *out, const struct subject *subject, const struct method *method, const uint64_t *group,
                struct error *err) {
  struct trace_outline outline;
  uint64_t capacity = subject->model.hw.buffer_capacity_bytes;
  if (group_outline(&outline, subject, method, group, err) != 0) return -1;
  if (outline.event_count > TRACE_MAX_EVENTS) {
    return error_set(err, ERROR_INPUT,
                     "the trace of this group has %llu events, more than the %llu that are kept; take fewer ops",
                     (unsigned long long)outline.event_count, (unsigned long long)TRACE_MAX_EVENTS);
  }
  if (trace_create(out, subject->graph, capacity, err) != 0) return -1;
  const struct trace_sink sink = {trace_append, out};
  if (method->trace(subject->sim, group, capacity, &sink) == 0 && !out->out_of_memory) return 0;
  trace_free(out);
  return error_memory(err);
}

int group_trace_load(struct trace *out, const char *path, struct error *err) {
  if (trace_read_csv(out, path, err) != 0) return -1;
  if (out->event_count > 0) return 0;
  trace_free(out);
  return error_input(err, path, 0, "has no events; expected a line for each below the header");
}

int group_trace_save(const struct trace *trace, const char *path, struct error *err) {
  char *text = NULL;
  size_t length = 0;
  FILE *memory = open_memstream(&text, &length);
  if (memory == NULL) return error_memory(err);
  int status = trace_write_csv(trace, memory, path, err);
  if (fclose(memory) != 0 && status == 0) status = error_memory(err);
  if (status == 0) status = file_write(path, text, length, err);
  free(text);
  return status;
}
