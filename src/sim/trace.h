/* Trace of an execution: what happened in the buffer, in order. */
#ifndef SPILLWAY_SIM_TRACE_H
#define SPILLWAY_SIM_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "graph/graph.h"
#include "util/error.h"

enum trace_kind {
  TRACE_WEIGHTS,  /* the op's weights were loaded and stay */
  TRACE_STAGING,  /* room for the staging area of streamed weights, for good; op is the one that needs most of it */
  TRACE_FETCH,    /* the op's weights pass through the staging area; no bytes change */
  TRACE_LOAD,     /* a row came from DRAM; op is the one that asked for it */
  TRACE_ALLOC,    /* room for a row that op is about to compute */
  TRACE_READ,     /* op reads the row, which stays for now; no bytes change. Given for each row
                   * that a reduction takes, and once for each tensor that an op reads. */
  TRACE_FIRE,     /* op computed the row; no bytes change */
  TRACE_STORE,    /* the row went to DRAM; no bytes change */
  TRACE_FREE,     /* the row was let go; op is the one that needed it last */
  TRACE_OVERFLOW, /* occupied bytes rose above capacity; bytes is what was asked for */
};
enum { TRACE_KIND_COUNT = 10 };

#define TRACE_NO_TENSOR UINT32_MAX

/* A row that passes in slices (slices.h) is loaded or given room, and let go, with the bytes of a slice.
 * tensor and row are TRACE_NO_TENSOR and 0 where there is none: for weights and staging, and for an
 * overflow that these caused. occupied_bytes is after the event. A row that is written
 * in place over another is freed first. Steps never decrease. */
struct trace_event {
  uint64_t step;
  enum trace_kind kind;
  uint32_t op, tensor, row;
  uint64_t bytes, occupied_bytes;
};

/* Receives events as they happen. */
struct trace_sink {
  void (*event)(void *context, const struct trace_event *event);
  void *context;
};

/* A whole trace. Names are borrowed from the graph, or owned if it was read from a file.
 * It need not end with an empty buffer: it may have been cut off. */
struct trace {
  struct trace_event *events;
  size_t event_count, event_capacity;
  uint64_t capacity_bytes; /* of the buffer; 0 if not known */
  const char *network;     /* "" if not known */
  const char **op_names;
  size_t op_count;
  const char **tensor_names;
  size_t tensor_count;
  struct arena arena;
  bool out_of_memory; /* events were lost */
};

/* An empty trace for the ops and tensors of graph, which must outlive it. */
int trace_create(struct trace *out, const struct graph *graph, uint64_t capacity_bytes, struct error *err);
void trace_free(struct trace *trace);

/* Appends to the trace given as context: a trace_sink. */
void trace_append(void *context, const struct trace_event *event);

#define TRACE_MAX_FILE_BYTES ((size_t)1 << 30)
#define TRACE_MAX_NAME_BYTES 4096

/* CSV: comment lines "# network: NAME", "# capacity_bytes: N", then a header line and one
 * event a line: step,kind,op,tensor,row,bytes,occupied_bytes (traces/README.md). Flushes
 * file; path is for messages. ERROR_OUTPUT if writing fails. */
int trace_write_csv(const struct trace *trace, FILE *file, const char *path, struct error *err);

/* Reads such a file, from wherever it comes; checks that every event follows from the one
 * before (occupied bytes add up, nothing is freed that is not there). Ops and tensors are
 * numbered as they first appear. The caller frees *out with trace_free(); after a failure
 * there is nothing to free. */
int trace_read_csv(struct trace *out, const char *path, struct error *err);
int trace_read_csv_memory(struct trace *out, const void *bytes, size_t length, const char *path, struct error *err);

/* ---- following a trace ---- */

/* A set of rows, each with the number of an event: those in the buffer, while somebody
 * goes through the events of a trace. */
struct trace_rows;

#define TRACE_NO_EVENT SIZE_MAX

/* NULL without memory. */
struct trace_rows *trace_rows_create(void);
void trace_rows_free(struct trace_rows *rows);

/* 0; 1, and nothing changes, if the row is there already; -1 without memory. */
int trace_rows_add(struct trace_rows *rows, uint32_t tensor, uint32_t row, size_t event);

/* The number given with the row, or TRACE_NO_EVENT if it is not there. */
size_t trace_rows_find(const struct trace_rows *rows, uint32_t tensor, uint32_t row);
size_t trace_rows_remove(struct trace_rows *rows, uint32_t tensor, uint32_t row);

extern const char *const trace_kind_names[TRACE_KIND_COUNT];

#endif
