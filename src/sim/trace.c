#include "sim/trace.h"

#include <stdlib.h>

#include "sim/hash.h"

const char *const trace_kind_names[TRACE_KIND_COUNT] = {
    [TRACE_WEIGHTS] = "weights", [TRACE_STAGING] = "staging", [TRACE_FETCH] = "fetch",
    [TRACE_LOAD] = "load",       [TRACE_ALLOC] = "alloc",     [TRACE_READ] = "read",
    [TRACE_FIRE] = "fire",       [TRACE_STORE] = "store",     [TRACE_FREE] = "free",
    [TRACE_OVERFLOW] = "overflow",
};

int trace_create(struct trace *out, const struct graph *graph, uint64_t capacity_bytes, struct error *err) {
  *out = (struct trace){
      .capacity_bytes = capacity_bytes,
      .network = graph->name,
      .op_count = graph->op_count,
      .tensor_count = graph->tensor_count,
      .arena = ARENA_INIT,
  };
  out->op_names = ARENA_NEW(&out->arena, const char *, graph->op_count);
  out->tensor_names = ARENA_NEW(&out->arena, const char *, graph->tensor_count);
  if (out->op_names == NULL || out->tensor_names == NULL) {
    trace_free(out);
    return error_memory(err);
  }
  for (uint32_t v = 0; v < graph->op_count; v++) out->op_names[v] = graph->ops[v].name;
  for (uint32_t t = 0; t < graph->tensor_count; t++) out->tensor_names[t] = graph->tensors[t].name;
  return 0;
}

void trace_free(struct trace *trace) {
  free(trace->events);
  arena_free(&trace->arena);
  *trace = (struct trace){0};
}

void trace_append(void *context, const struct trace_event *event) {
  struct trace *trace = context;
  if (trace->out_of_memory) return;
  if (trace->event_count == trace->event_capacity) {
    size_t wanted = trace->event_capacity == 0 ? 64 : trace->event_capacity * 2;
    struct trace_event *grown = reallocarray(trace->events, wanted, sizeof *grown);
    if (grown == NULL) {
      trace->out_of_memory = true;
      return;
    }
    trace->events = grown;
    trace->event_capacity = wanted;
  }
  trace->events[trace->event_count++] = *event;
}

/* ---- sets of rows ---- */

struct row_entry {
  uint64_t key;
  size_t event;
  struct row_entry *spare; /* while not in use */
  UT_hash_handle hh;
};

struct trace_rows {
  struct row_entry *present;
  struct row_entry *spare; /* rows come and go: their entries are used again */
};

static uint64_t row_key(uint32_t tensor, uint32_t row) { return (uint64_t)tensor << 32 | row; }

static struct row_entry *rows_entry(const struct trace_rows *rows, uint64_t key) {
  struct row_entry *entry;
  HASH_FIND(hh, rows->present, &key, sizeof key, entry);
  return entry;
}

struct trace_rows *trace_rows_create(void) { return calloc(1, sizeof(struct trace_rows)); }

void trace_rows_free(struct trace_rows *rows) {
  if (rows == NULL) return;
  struct row_entry *entry, *next;
  HASH_ITER(hh, rows->present, entry, next) {
    HASH_DEL(rows->present, entry);
    free(entry);
  }
  for (entry = rows->spare; entry != NULL; entry = next) {
    next = entry->spare;
    free(entry);
  }
  free(rows);
}

int trace_rows_add(struct trace_rows *rows, uint32_t tensor, uint32_t row, size_t event) {
  uint64_t key = row_key(tensor, row);
  if (rows_entry(rows, key) != NULL) return 1;
  struct row_entry *entry = rows->spare;
  if (entry != NULL) {
    rows->spare = entry->spare;
  } else {
    entry = malloc(sizeof *entry);
    if (entry == NULL) return -1;
  }
  *entry = (struct row_entry){.key = key, .event = event};
  HASH_ADD(hh, rows->present, key, sizeof entry->key, entry);
  if (entry->hh.tbl != NULL) return 0;
  free(entry);
  return -1;
}

size_t trace_rows_find(const struct trace_rows *rows, uint32_t tensor, uint32_t row) {
  const struct row_entry *entry = rows_entry(rows, row_key(tensor, row));
  return entry == NULL ? TRACE_NO_EVENT : entry->event;
}

size_t trace_rows_remove(struct trace_rows *rows, uint32_t tensor, uint32_t row) {
  struct row_entry *entry = rows_entry(rows, row_key(tensor, row));
  if (entry == NULL) return TRACE_NO_EVENT;
  HASH_DEL(rows->present, entry);
  entry->spare = rows->spare;
  rows->spare = entry;
  return entry->event;
}
