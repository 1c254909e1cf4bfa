#include "get/occupancy.h"

#include <stdlib.h>
#include <string.h>

#include "get/attribution.h"

static void move_bytes(uint64_t *held, const struct trace_event *event, uint32_t owner) {
  switch (event->kind) {
    case TRACE_WEIGHTS:
    case TRACE_STAGING:
    case TRACE_LOAD:
    case TRACE_ALLOC: held[owner] += event->bytes; break;
    case TRACE_FREE: held[owner] -= event->bytes; break;
    case TRACE_FETCH:
    case TRACE_READ:
    case TRACE_FIRE:
    case TRACE_STORE:
    case TRACE_OVERFLOW: break;
  }
}

static size_t largest_event(const struct trace *trace, size_t from, size_t to) {
  size_t largest = from;
  for (size_t i = from; i < to; i++) {
    if (trace->events[i].occupied_bytes > trace->events[largest].occupied_bytes) largest = i;
  }
  return largest;
}

/* Sample s covers the events from here to the same of s + 1. */
static size_t sample_start(const struct occupancy *occupancy, const struct trace *trace, size_t s) {
  return (size_t)((unsigned __int128)trace->event_count * s / occupancy->sample_count);
}

static void fill(struct occupancy *out, const struct trace *trace, const uint32_t *owners, uint64_t *held) {
  for (size_t s = 0; s < out->sample_count; s++) {
    size_t from = sample_start(out, trace, s), to = sample_start(out, trace, s + 1);
    size_t seen = largest_event(trace, from, to);
    for (size_t i = from; i < to; i++) {
      move_bytes(held, &trace->events[i], owners[i]);
      if (i == seen) memcpy(out->bytes + s * out->op_count, held, out->op_count * sizeof *held);
    }
    out->steps[s] = trace->events[seen].step;
    out->occupied_bytes[s] = trace->events[seen].occupied_bytes;
  }
}

int occupancy_create(struct occupancy *out, const struct trace *trace, size_t limit, struct error *err) {
  uint32_t *owners;
  *out = (struct occupancy){.op_count = trace->op_count};
  if (trace_owners(&owners, trace, err) != 0) return -1;
  out->sample_count = trace->event_count < limit ? trace->event_count : limit;
  out->steps = calloc(out->sample_count, sizeof *out->steps);
  out->occupied_bytes = calloc(out->sample_count, sizeof *out->occupied_bytes);
  out->bytes = calloc(out->sample_count, out->op_count * sizeof *out->bytes);
  uint64_t *held = calloc(out->op_count, sizeof *held);
  bool complete = out->steps != NULL && out->occupied_bytes != NULL && out->bytes != NULL && held != NULL;
  if (complete) fill(out, trace, owners, held);
  free(held);
  free(owners);
  if (complete) return 0;
  occupancy_free(out);
  return error_memory(err);
}

void occupancy_free(struct occupancy *occupancy) {
  free(occupancy->steps);
  free(occupancy->occupied_bytes);
  free(occupancy->bytes);
  *occupancy = (struct occupancy){0};
}
