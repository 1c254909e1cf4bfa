#include "sim/timeline.h"

#include <inttypes.h>
#include <stdlib.h>

#include "util/bitset.h"
#include "util/json.h"

const struct timeline_detail_name timeline_details[] = {
    {"row", "every firing, load, store and DRAM request, and what each tensor holds"},
    {"op", "an op's work in a group from its first start to its last end"},
    {"group", "groups and their peaks"},
};
const size_t timeline_detail_count = sizeof timeline_details / sizeof timeline_details[0];

enum { PROCESS_ACCELERATOR = 1, PROCESS_DMA, PROCESS_DRAM };
enum { THREAD_GROUPS = 1, THREAD_ARRAY, THREAD_LANES };
enum { DMA_THREAD = 1, CHANNEL_THREAD = 1 };

/* From the first start of an op's work in a group to its last end. */
struct op_extent {
  uint64_t start_cycle, end_cycle;
  uint32_t pieces;
};

struct timeline {
  FILE *file;
  const struct sim_model *model;
  const struct plan *plan;
  enum timeline_detail detail;
  struct timed_sink sink;
  bool empty; /* no event yet */
  uint64_t *tensor_bytes, *weight_bytes; /* in the buffer, by tensor and by op */
  uint64_t peak_bytes;                   /* of the group so far */
  struct op_extent *extents;             /* by op */
};

/* ---- events ---- */

/* Begins an event; the caller closes the brace. */
static void event_start(struct timeline *timeline, char phase, int process, int thread, uint64_t cycle) {
  double microseconds = (double)cycle / timeline->model->hw.clock_mhz;
  fprintf(timeline->file, "%s\n{\"ph\":\"%c\",\"pid\":%d,\"tid\":%d,\"ts\":%.6f", timeline->empty ? "" : ",", phase,
          process, thread, microseconds);
  timeline->empty = false;
}

static void put_name(struct timeline *timeline, const char *prefix, const char *name) {
  fputs(",\"name\":", timeline->file);
  json_put_string(timeline->file, prefix, name);
}

/* A name of a process or thread. */
static void put_metadata(struct timeline *timeline, const char *what, int process, int thread, const char *name) {
  event_start(timeline, 'M', process, thread, 0);
  fprintf(timeline->file, ",\"name\":\"%s\",\"args\":{\"name\":", what);
  json_put_string(timeline->file, "", name);
  fputs("}}", timeline->file);
}

static void put_counter(struct timeline *timeline, const char *prefix, const char *name, uint64_t cycle,
                        uint64_t bytes) {
  event_start(timeline, 'C', PROCESS_ACCELERATOR, 0, cycle);
  put_name(timeline, prefix, name);
  fprintf(timeline->file, ",\"args\":{\"bytes\":%" PRIu64 "}}", bytes);
}

static const char *op_name(const struct timeline *timeline, uint32_t op) {
  return timeline->model->graph->ops[op].name;
}

static void put_slice_start(struct timeline *timeline, const struct timed_span *span, int process, int thread) {
  event_start(timeline, 'B', process, thread, span->start_cycle);
  put_name(timeline, "", op_name(timeline, span->op));
  fprintf(timeline->file, ",\"args\":{\"tensor\":");
  bool weights = span->tensor == TRACE_NO_TENSOR;
  json_put_string(timeline->file, "", weights ? "weights" : timeline->model->graph->tensors[span->tensor].name);
  fprintf(timeline->file, ",\"%s\":%u", weights ? "part" : "row", span->row);
  if (span->bytes > 0) fprintf(timeline->file, ",\"bytes\":%" PRIu64, span->bytes);
  if (process == PROCESS_DRAM) fprintf(timeline->file, ",\"write\":%s", span->write ? "true" : "false");
  fputs("}}", timeline->file);
}

static void put_slice_end(struct timeline *timeline, uint64_t cycle, int process, int thread) {
  event_start(timeline, 'E', process, thread, cycle);
  putc('}', timeline->file);
}

/* Loads and stores overlap: asynchronous slices, told apart by their number. */
static void put_move(struct timeline *timeline, const struct timed_span *span, char phase, uint64_t cycle) {
  event_start(timeline, phase, PROCESS_DMA, DMA_THREAD, cycle);
  put_name(timeline, span->write ? "store: " : "load: ",
           span->tensor == TRACE_NO_TENSOR ? op_name(timeline, span->op)
                                           : timeline->model->graph->tensors[span->tensor].name);
  fprintf(timeline->file, ",\"cat\":\"%s\",\"id\":%" PRIu64, span->write ? "store" : "load", span->number);
  if (phase == 'b') fprintf(timeline->file, ",\"args\":{\"row\":%u,\"bytes\":%" PRIu64 "}", span->row, span->bytes);
  putc('}', timeline->file);
}

/* ---- rows ---- */

static int work_thread(const struct timed_span *span) {
  return span->track == TIMED_TRACK_ARRAY ? THREAD_ARRAY : THREAD_LANES;
}

static void row_begins(void *context, const struct timed_span *span) {
  struct timeline *timeline = context;
  switch (span->track) {
    case TIMED_TRACK_ARRAY:
    case TIMED_TRACK_LANES: put_slice_start(timeline, span, PROCESS_ACCELERATOR, work_thread(span)); break;
    case TIMED_TRACK_READ:
    case TIMED_TRACK_WRITE: put_move(timeline, span, 'b', span->start_cycle); break;
    case TIMED_TRACK_CHANNEL:
      put_slice_start(timeline, span, PROCESS_DRAM, CHANNEL_THREAD + (int)span->channel);
      break;
  }
}

static void row_ends(void *context, const struct timed_span *span) {
  struct timeline *timeline = context;
  switch (span->track) {
    case TIMED_TRACK_ARRAY:
    case TIMED_TRACK_LANES: put_slice_end(timeline, span->end_cycle, PROCESS_ACCELERATOR, work_thread(span)); break;
    case TIMED_TRACK_READ:
    case TIMED_TRACK_WRITE: put_move(timeline, span, 'e', span->end_cycle); break;
    case TIMED_TRACK_CHANNEL:
      put_slice_end(timeline, span->end_cycle, PROCESS_DRAM, CHANNEL_THREAD + (int)span->channel);
      break;
  }
}

/* Where the bytes of an event are counted, and under which name. */
static uint64_t *holding_of(struct timeline *timeline, const struct trace_event *event, const char **prefix,
                            const char **name) {
  const struct graph *graph = timeline->model->graph;
  if (event->tensor == TRACE_NO_TENSOR) {
    *prefix = "weights: ";
    *name = op_name(timeline, event->op);
    return &timeline->weight_bytes[event->op];
  }
  *prefix = "rows: ";
  *name = graph->tensors[event->tensor].name;
  return &timeline->tensor_bytes[event->tensor];
}

static void room_changes(void *context, const struct trace_event *event) {
  struct timeline *timeline = context;
  bool takes = event->kind == TRACE_WEIGHTS || event->kind == TRACE_LOAD || event->kind == TRACE_ALLOC;
  const char *prefix, *name;
  if (!takes && event->kind != TRACE_FREE) return;
  uint64_t *holding = holding_of(timeline, event, &prefix, &name);
  *holding += takes ? event->bytes : 0 - event->bytes;
  put_counter(timeline, prefix, name, event->step, *holding);
  put_counter(timeline, "", "occupied", event->step, event->occupied_bytes);
}

static void requirement_changes(void *context, uint64_t cycle, uint64_t bytes) {
  put_counter(context, "", "required", cycle, bytes);
}

/* ---- ops ---- */

static void op_begins(void *context, const struct timed_span *span) {
  struct timeline *timeline = context;
  if (span->track != TIMED_TRACK_ARRAY && span->track != TIMED_TRACK_LANES) return;
  struct op_extent *extent = &timeline->extents[span->op];
  if (extent->pieces++ == 0) extent->start_cycle = span->start_cycle;
}

static void op_ends(void *context, const struct timed_span *span) {
  struct timeline *timeline = context;
  if (span->track == TIMED_TRACK_ARRAY || span->track == TIMED_TRACK_LANES) {
    timeline->extents[span->op].end_cycle = span->end_cycle;
  }
}

static void peak_rises(void *context, const struct trace_event *event) {
  struct timeline *timeline = context;
  if (event->occupied_bytes > timeline->peak_bytes) timeline->peak_bytes = event->occupied_bytes;
}

/* An end of an op's extent. */
struct extent_end {
  uint64_t cycle;
  uint32_t op;
  bool ends;
};

static int compare_ends(const void *left, const void *right) {
  const struct extent_end *a = left, *b = right;
  if (a->cycle != b->cycle) return a->cycle < b->cycle ? -1 : 1;
  if (a->ends != b->ends) return a->ends ? 1 : -1; /* an extent without length starts before it ends */
  return a->op < b->op ? -1 : a->op > b->op;
}

static void put_extents(struct timeline *timeline, const uint64_t *group) {
  size_t words = timeline->model->graph->set_words, count = 0;
  struct extent_end *ends = malloc((2 * bitset_count(group, words) + 1) * sizeof *ends);
  if (ends == NULL) return;
  for BITSET_EACH (v, group, words) {
    struct op_extent *extent = &timeline->extents[v];
    if (extent->pieces == 0) continue;
    ends[count++] = (struct extent_end){extent->start_cycle, (uint32_t)v, false};
    ends[count++] = (struct extent_end){extent->end_cycle, (uint32_t)v, true};
  }
  qsort(ends, count, sizeof *ends, compare_ends);
  for (size_t i = 0; i < count; i++) {
    struct op_extent *extent = &timeline->extents[ends[i].op];
    event_start(timeline, ends[i].ends ? 'e' : 'b', PROCESS_ACCELERATOR, THREAD_ARRAY, ends[i].cycle);
    put_name(timeline, "", op_name(timeline, ends[i].op));
    fprintf(timeline->file, ",\"cat\":\"op\",\"id\":%u", ends[i].op);
    if (!ends[i].ends) fprintf(timeline->file, ",\"args\":{\"firings\":%u}", extent->pieces);
    putc('}', timeline->file);
    if (ends[i].ends) extent->pieces = 0;
  }
  free(ends);
}

/* ---- groups ---- */

static void put_group_start(struct timeline *timeline, uint32_t group, uint64_t cycle) {
  const uint64_t *ops = plan_group(timeline->plan, group);
  size_t words = timeline->model->graph->set_words;
  event_start(timeline, 'B', PROCESS_ACCELERATOR, THREAD_GROUPS, cycle);
  put_name(timeline, "", op_name(timeline, (uint32_t)bitset_next(ops, words, 0)));
  fprintf(timeline->file, ",\"args\":{\"group\":%u,\"ops\":%zu}}", group, bitset_count(ops, words));
}

/* The buffer is empty again. */
static void clear_holdings(struct timeline *timeline, const uint64_t *group, uint64_t cycle) {
  const struct graph *graph = timeline->model->graph;
  for BITSET_EACH (v, group, graph->set_words) {
    if (timeline->weight_bytes[v] == 0) continue;
    timeline->weight_bytes[v] = 0;
    put_counter(timeline, "weights: ", graph->ops[v].name, cycle, 0);
  }
  put_counter(timeline, "", "occupied", cycle, 0);
  put_counter(timeline, "", "required", cycle, 0);
}

/* With the coarser details a group is written when it has ended; its start is past, but later
 * than all that was written before. */
static void group_changes(void *context, uint32_t group, uint64_t cycle, bool ends) {
  struct timeline *timeline = context;
  if (!ends) {
    put_group_start(timeline, group, cycle);
    timeline->peak_bytes = 0;
    return;
  }
  if (timeline->detail == TIMELINE_OP) put_extents(timeline, plan_group(timeline->plan, group));
  if (timeline->detail == TIMELINE_ROW) {
    clear_holdings(timeline, plan_group(timeline->plan, group), cycle);
  } else {
    put_counter(timeline, "", "peak of the group", cycle, timeline->peak_bytes);
  }
  put_slice_end(timeline, cycle, PROCESS_ACCELERATOR, THREAD_GROUPS);
}

/* ---- the whole ---- */

static void put_header(struct timeline *timeline) {
  const struct hw *hw = &timeline->model->hw;
  fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"network\":", timeline->file);
  json_put_string(timeline->file, "", timeline->model->graph->name);
  fputs(",\"hardware\":", timeline->file);
  json_put_string(timeline->file, "", hw->name);
  fprintf(timeline->file, ",\"clock_mhz\":\"%.17g\"},\"traceEvents\":[", hw->clock_mhz);
  put_metadata(timeline, "process_name", PROCESS_ACCELERATOR, 0, "accelerator");
  put_metadata(timeline, "thread_name", PROCESS_ACCELERATOR, THREAD_GROUPS, "groups");
  if (timeline->detail == TIMELINE_ROW) {
    put_metadata(timeline, "thread_name", PROCESS_ACCELERATOR, THREAD_ARRAY, "compute array");
    put_metadata(timeline, "thread_name", PROCESS_ACCELERATOR, THREAD_LANES, "vector lanes");
    put_metadata(timeline, "process_name", PROCESS_DMA, 0, "DMA");
    put_metadata(timeline, "process_name", PROCESS_DRAM, 0, "DRAM");
  }
  for (uint32_t c = 0; c < hw->dram_channels && timeline->detail == TIMELINE_ROW; c++) {
    char name[32];
    snprintf(name, sizeof name, "channel %u", c);
    put_metadata(timeline, "thread_name", PROCESS_DRAM, CHANNEL_THREAD + (int)c, name);
  }
  put_counter(timeline, "", "capacity", 0, hw->buffer_capacity_bytes);
}

static struct timed_sink sink_for(struct timeline *timeline) {
  struct timed_sink sink = {.group = group_changes, .context = timeline};
  switch (timeline->detail) {
    case TIMELINE_ROW:
      sink.begin = row_begins;
      sink.span = row_ends;
      sink.trace = room_changes;
      sink.required = requirement_changes;
      break;
    case TIMELINE_OP:
      sink.begin = op_begins;
      sink.span = op_ends;
      sink.trace = peak_rises;
      break;
    case TIMELINE_GROUP: sink.trace = peak_rises; break;
  }
  return sink;
}

static void timeline_free(struct timeline *timeline) {
  free(timeline->tensor_bytes);
  free(timeline->weight_bytes);
  free(timeline->extents);
  free(timeline);
}

int timeline_start(struct timeline **out, FILE *file, const struct sim_model *model, const struct plan *plan,
                   enum timeline_detail detail, struct error *err) {
  const struct graph *graph = model->graph;
  struct timeline *timeline = calloc(1, sizeof *timeline);
  if (timeline == NULL) return error_memory(err);
  *timeline = (struct timeline){.file = file, .model = model, .plan = plan, .detail = detail, .empty = true};
  timeline->tensor_bytes = calloc(graph->tensor_count, sizeof *timeline->tensor_bytes);
  timeline->weight_bytes = calloc(graph->op_count, sizeof *timeline->weight_bytes);
  timeline->extents = calloc(graph->op_count, sizeof *timeline->extents);
  if (timeline->tensor_bytes == NULL || timeline->weight_bytes == NULL || timeline->extents == NULL) {
    timeline_free(timeline);
    return error_memory(err);
  }
  timeline->sink = sink_for(timeline);
  put_header(timeline);
  *out = timeline;
  return 0;
}

const struct timed_sink *timeline_sink(const struct timeline *timeline) { return &timeline->sink; }

void timeline_finish(struct timeline *timeline) {
  fputs("\n]}\n", timeline->file);
  timeline_free(timeline);
}
