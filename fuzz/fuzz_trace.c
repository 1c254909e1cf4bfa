/* Any bytes as a trace: no crash, one line of message, and of what loads: it comes back the
 * same from trace_write_csv(), its shares sum to what is occupied, and its graph is one. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "get/attribution.h"
#include "get/occupancy.h"
#include "get/trace_graph.h"
#include "sim/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_refused(const struct error *err) {
  if (err->kind == ERROR_NONE || strlen(err->message) == 0 || strchr(err->message, '\n') != NULL) abort();
}

static char *fuzz_text(const struct trace *trace, size_t *length) {
  struct error err = ERROR_INIT;
  char *text = NULL;
  FILE *file = open_memstream(&text, length);
  if (file == NULL || trace_write_csv(trace, file, "memory", &err) != 0 || fclose(file) != 0) abort();
  return text;
}

static void fuzz_comes_back(const struct trace *trace) {
  struct trace again;
  struct error err = ERROR_INIT;
  size_t length, length_again;
  char *text = fuzz_text(trace, &length);
  if (trace_read_csv_memory(&again, text, length, "written", &err) != 0) abort();
  char *text_again = fuzz_text(&again, &length_again);
  if (again.event_count != trace->event_count || again.op_count != trace->op_count) abort();
  if (length != length_again || memcmp(text, text_again, length) != 0) abort();
  trace_free(&again);
  free(text);
  free(text_again);
}

static uint64_t fuzz_sum(const uint64_t *items, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += items[i];
  return sum;
}

static void fuzz_attribution(const struct trace *trace, enum attribution_instant instant) {
  struct attribution attribution;
  struct error err = ERROR_INIT;
  if (attribution_create(&attribution, trace, instant, &err) != 0) {
    fuzz_refused(&err);
    return;
  }
  uint64_t weights = fuzz_sum(attribution.weight_bytes, attribution.op_count);
  if (weights + fuzz_sum(attribution.row_bytes, attribution.op_count) != attribution.occupied_bytes) abort();
  attribution_free(&attribution);
}

static void fuzz_occupancy(const struct trace *trace) {
  struct occupancy occupancy;
  struct error err = ERROR_INIT;
  if (occupancy_create(&occupancy, trace, 7, &err) != 0) {
    fuzz_refused(&err);
    return;
  }
  for (size_t s = 0; s < occupancy.sample_count; s++) {
    const uint64_t *bytes = occupancy.bytes + s * occupancy.op_count;
    if (fuzz_sum(bytes, occupancy.op_count) != occupancy.occupied_bytes[s]) abort();
  }
  occupancy_free(&occupancy);
}

static void fuzz_graph(const struct trace *trace) {
  struct graph *graph;
  struct error err = ERROR_INIT;
  uint32_t *labels;
  if (trace_graph_create(&graph, &labels, trace, &err) != 0) {
    fuzz_refused(&err);
    return;
  }
  for (size_t v = 0; v < trace->op_count; v++) {
    if (labels[v] >= graph->op_count || strcmp(graph->ops[labels[v]].name, trace->op_names[v]) != 0) abort();
  }
  free(labels);
  graph_free(graph);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct trace trace;
  struct error err = ERROR_INIT;
  if (trace_read_csv_memory(&trace, data, size, "fuzz", &err) != 0) {
    fuzz_refused(&err);
    return 0;
  }
  fuzz_comes_back(&trace);
  fuzz_attribution(&trace, ATTRIBUTION_PEAK);
  fuzz_attribution(&trace, ATTRIBUTION_OVERFLOW);
  fuzz_occupancy(&trace);
  fuzz_graph(&trace);
  trace_free(&trace);
  return 0;
}
