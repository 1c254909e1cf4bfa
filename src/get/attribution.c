#include "get/attribution.h"

#include <stdlib.h>

/* Bytes that an op holds while the events go by, and since when. */
struct holding {
  uint64_t bytes;
  uint64_t since; /* steps above capacity that had passed when bytes last changed */
  uint64_t byte_steps;
};

/* ---- whose bytes an event moves ---- */

/* owners[i]: the op whose bytes event i adds or takes away. A row from outside is its
 * loader's until somebody lets it go. */
static int find_row_owner(uint32_t *owners, const struct trace *trace, size_t i, struct trace_rows *rows) {
  const struct trace_event *event = &trace->events[i];
  if (event->kind == TRACE_LOAD || event->kind == TRACE_ALLOC) {
    return trace_rows_add(rows, event->tensor, event->row, i);
  }
  if (event->kind != TRACE_FREE) return 0;
  size_t came = trace_rows_remove(rows, event->tensor, event->row);
  if (came == TRACE_NO_EVENT) return 1;
  if (trace->events[came].kind == TRACE_LOAD) owners[came] = event->op;
  owners[i] = owners[came];
  return 0;
}

static int find_owners(uint32_t *owners, const struct trace *trace, struct error *err) {
  struct trace_rows *rows = trace_rows_create();
  int status = rows == NULL ? -1 : 0;
  for (size_t i = 0; i < trace->event_count && status == 0; i++) {
    owners[i] = trace->events[i].op;
    status = find_row_owner(owners, trace, i, rows);
    if (status <= 0) continue;
    error_set(err, ERROR_INPUT, "event %zu of the trace: %s of a row that is %s in the buffer", i,
              trace_kind_names[trace->events[i].kind], trace->events[i].kind == TRACE_FREE ? "not" : "already");
  }
  trace_rows_free(rows);
  if (status < 0) return error_memory(err);
  return status == 0 ? 0 : -1;
}

int trace_owners(uint32_t **owners, const struct trace *trace, struct error *err) {
  if (trace->out_of_memory) return error_memory(err);
  if (trace->event_count == 0) return error_set(err, ERROR_INPUT, "the trace holds no event");
  *owners = calloc(trace->event_count, sizeof **owners);
  if (*owners == NULL) return error_memory(err);
  if (find_owners(*owners, trace, err) == 0) return 0;
  free(*owners);
  return -1;
}

/* ---- the instant ---- */

static bool is_above(const struct trace *trace, const struct trace_event *event) {
  return trace->capacity_bytes != 0 && event->occupied_bytes > trace->capacity_bytes;
}

static size_t find_instant(const struct trace *trace, enum attribution_instant instant) {
  size_t peak = 0;
  for (size_t i = 0; i < trace->event_count; i++) {
    const struct trace_event *event = &trace->events[i];
    if (instant == ATTRIBUTION_OVERFLOW && (event->kind == TRACE_OVERFLOW || is_above(trace, event))) return i;
    if (event->occupied_bytes > trace->events[peak].occupied_bytes) peak = i;
  }
  return peak;
}

/* Adds or takes away what event i moves. */
static void move_bytes(struct attribution *out, const struct trace_event *event, uint32_t owner) {
  switch (event->kind) {
    case TRACE_WEIGHTS: out->weight_bytes[owner] += event->bytes; break;
    case TRACE_STAGING:
      out->staging_bytes = event->bytes;
      out->staging_op = owner;
      break;
    case TRACE_LOAD:
    case TRACE_ALLOC: out->row_bytes[owner] += event->bytes; break;
    case TRACE_FREE: out->row_bytes[owner] -= event->bytes; break;
    case TRACE_FETCH:
    case TRACE_READ:
    case TRACE_FIRE:
    case TRACE_STORE:
    case TRACE_OVERFLOW: break;
  }
}

static void share_instant(struct attribution *out, const struct trace *trace, const uint32_t *owners, size_t at) {
  for (size_t i = 0; i <= at; i++) move_bytes(out, &trace->events[i], owners[i]);
  out->step = trace->events[at].step;
  out->occupied_bytes = trace->events[at].occupied_bytes;
}

/* ---- steps above capacity ---- */

/* Counts what the op held until now, when so many steps above capacity have passed. */
static bool settle(struct holding *holding, uint64_t above_steps) {
  uint64_t byte_steps;
  if (__builtin_mul_overflow(holding->bytes, above_steps - holding->since, &byte_steps)) return false;
  holding->since = above_steps;
  return !__builtin_add_overflow(holding->byte_steps, byte_steps, &holding->byte_steps);
}

static bool hold(struct holding *holding, const struct trace_event *event, uint64_t above_steps) {
  switch (event->kind) {
    case TRACE_WEIGHTS:
    case TRACE_STAGING:
    case TRACE_LOAD:
    case TRACE_ALLOC:
      if (!settle(holding, above_steps)) return false;
      holding->bytes += event->bytes;
      break;
    case TRACE_FREE:
      if (!settle(holding, above_steps)) return false;
      holding->bytes -= event->bytes;
      break;
    case TRACE_FETCH:
    case TRACE_READ:
    case TRACE_FIRE:
    case TRACE_STORE:
    case TRACE_OVERFLOW: break;
  }
  return true;
}

/* False if a sum does not fit. Each event settles one op only, so this is linear. */
static bool hold_all(struct holding *holdings, size_t op_count, const struct trace *trace, const uint32_t *owners) {
  uint64_t above_steps = 0;
  for (size_t i = 0; i < trace->event_count; i++) {
    const struct trace_event *event = &trace->events[i];
    if (!hold(&holdings[owners[i]], event, above_steps)) return false;
    if (!is_above(trace, event)) continue;
    uint64_t steps = i + 1 < trace->event_count ? trace->events[i + 1].step - event->step : 1;
    if (__builtin_add_overflow(above_steps, steps, &above_steps)) return false;
  }
  for (size_t v = 0; v < op_count; v++) {
    if (!settle(&holdings[v], above_steps)) return false;
  }
  return true;
}

static int share_above(struct attribution *out, const struct trace *trace, const uint32_t *owners,
                       struct error *err) {
  struct holding *holdings = calloc(out->op_count, sizeof *holdings);
  if (holdings == NULL) return error_memory(err);
  bool fits = hold_all(holdings, out->op_count, trace, owners);
  for (size_t v = 0; v < out->op_count; v++) out->above_capacity_byte_steps[v] = holdings[v].byte_steps;
  free(holdings);
  if (fits) return 0;
  return error_set(err, ERROR_INPUT, "bytes above capacity times steps do not fit 64 bits; expected smaller steps");
}

/* ---- the whole ---- */

static int attribute(struct attribution *out, const struct trace *trace, enum attribution_instant instant,
                     struct error *err) {
  uint32_t *owners;
  if (trace_owners(&owners, trace, err) != 0) return -1;
  share_instant(out, trace, owners, find_instant(trace, instant));
  int status = share_above(out, trace, owners, err);
  free(owners);
  return status;
}

int attribution_create(struct attribution *out, const struct trace *trace, enum attribution_instant instant,
                       struct error *err) {
  *out = (struct attribution){.op_count = trace->op_count};
  out->weight_bytes = calloc(out->op_count, sizeof *out->weight_bytes);
  out->row_bytes = calloc(out->op_count, sizeof *out->row_bytes);
  out->above_capacity_byte_steps = calloc(out->op_count, sizeof *out->above_capacity_byte_steps);
  int status;
  if (out->weight_bytes == NULL || out->row_bytes == NULL || out->above_capacity_byte_steps == NULL) {
    status = error_memory(err);
  } else {
    status = attribute(out, trace, instant, err);
  }
  if (status != 0) attribution_free(out);
  return status;
}

void attribution_free(struct attribution *attribution) {
  free(attribution->weight_bytes);
  free(attribution->row_bytes);
  free(attribution->above_capacity_byte_steps);
  *attribution = (struct attribution){0};
}
