#include "get/trace_graph.h"

#include <stdlib.h>

#include "util/bitset.h"

/* What one op computed of a tensor, or what came of it from outside. Ops are numbered here
 * in the order in which they appear. */
struct traced_tensor {
  const char *name;
  uint32_t op; /* or GRAPH_NO_OP */
  uint64_t bytes;
  bool stored, read;
  uint32_t next;  /* another one of the same op, or NO_TENSOR */
  uint32_t index; /* in the graph */
};

#define NO_TENSOR UINT32_MAX

/* Reader and what it reads. */
struct traced_read {
  uint32_t op, tensor;
};

struct tracer {
  const struct trace *trace;
  uint32_t *number_of; /* by op of the trace, or GRAPH_NO_OP */
  uint32_t *op_of;     /* by number: op of the trace */
  uint64_t *weight_bytes;
  uint32_t op_count;
  struct traced_tensor *tensors;
  uint32_t tensor_count;
  struct traced_read *reads;
  size_t read_count;
  /* Sets of pairs, each with a number. */
  struct trace_rows *sources;  /* (tensor of the trace, op): its traced_tensor */
  struct trace_rows *present;  /* (tensor of the trace, row): its traced_tensor, while it is there */
  struct trace_rows *seen;     /* (traced_tensor, row) */
  struct trace_rows *reading;  /* (op, traced_tensor) */
  uint32_t *order;             /* ops by label */
};

static void tracer_free(struct tracer *tracer) {
  free(tracer->number_of);
  free(tracer->op_of);
  free(tracer->weight_bytes);
  free(tracer->tensors);
  free(tracer->reads);
  trace_rows_free(tracer->sources);
  trace_rows_free(tracer->present);
  trace_rows_free(tracer->seen);
  trace_rows_free(tracer->reading);
  free(tracer->order);
}

/* Each event adds at most one tensor and one read. */
static int tracer_create(struct tracer *tracer, const struct trace *trace) {
  size_t ops = trace->op_count, events = trace->event_count;
  *tracer = (struct tracer){
      .trace = trace,
      .number_of = malloc(ops * sizeof *tracer->number_of),
      .op_of = malloc(ops * sizeof *tracer->op_of),
      .weight_bytes = calloc(ops, sizeof *tracer->weight_bytes),
      .tensors = calloc(events, sizeof *tracer->tensors),
      .reads = calloc(events, sizeof *tracer->reads),
      .sources = trace_rows_create(),
      .present = trace_rows_create(),
      .seen = trace_rows_create(),
      .reading = trace_rows_create(),
      .order = malloc(ops * sizeof *tracer->order),
  };
  if (tracer->number_of == NULL || tracer->op_of == NULL || tracer->weight_bytes == NULL ||
      tracer->tensors == NULL || tracer->reads == NULL || tracer->sources == NULL || tracer->present == NULL ||
      tracer->seen == NULL || tracer->reading == NULL || tracer->order == NULL) {
    tracer_free(tracer);
    return -1;
  }
  for (size_t v = 0; v < ops; v++) tracer->number_of[v] = GRAPH_NO_OP;
  return 0;
}

/* ---- what the events tell ---- */

static uint32_t event_op(struct tracer *tracer, const struct trace_event *event) {
  uint32_t *number = &tracer->number_of[event->op];
  if (*number == GRAPH_NO_OP) {
    *number = tracer->op_count++;
    tracer->op_of[*number] = event->op;
  }
  return *number;
}

/* The traced_tensor of a tensor of the trace that comes from op, a new one if need be. */
static int find_source(struct tracer *tracer, uint32_t tensor, uint32_t op, uint32_t *source) {
  size_t found = trace_rows_find(tracer->sources, tensor, op);
  if (found != TRACE_NO_EVENT) {
    *source = (uint32_t)found;
    return 0;
  }
  *source = tracer->tensor_count++;
  tracer->tensors[*source] = (struct traced_tensor){.name = tracer->trace->tensor_names[tensor], .op = op};
  return trace_rows_add(tracer->sources, tensor, op, *source);
}

static int note_arrival(struct tracer *tracer, const struct trace_event *event, uint32_t op) {
  uint32_t source;
  if (find_source(tracer, event->tensor, event->kind == TRACE_LOAD ? GRAPH_NO_OP : op, &source) != 0) return -1;
  int status = trace_rows_add(tracer->seen, source, event->row, 0);
  struct traced_tensor *tensor = &tracer->tensors[source];
  if (status == 0 && __builtin_add_overflow(tensor->bytes, event->bytes, &tensor->bytes)) tensor->bytes = UINT64_MAX;
  return status < 0 ? -1 : trace_rows_add(tracer->present, event->tensor, event->row, source);
}

/* An op that lets go of its own row read nothing. */
static int note_read(struct tracer *tracer, uint32_t op, size_t source) {
  if (source == TRACE_NO_EVENT || tracer->tensors[source].op == op) return 0;
  int status = trace_rows_add(tracer->reading, op, (uint32_t)source, 0);
  if (status != 0) return status < 0 ? -1 : 0;
  tracer->tensors[source].read = true;
  tracer->reads[tracer->read_count++] = (struct traced_read){op, (uint32_t)source};
  return 0;
}

static void note_store(struct tracer *tracer, const struct trace_event *event) {
  size_t source = trace_rows_find(tracer->present, event->tensor, event->row);
  if (source != TRACE_NO_EVENT) tracer->tensors[source].stored = true;
}

static int note_event(struct tracer *tracer, const struct trace_event *event) {
  uint32_t op = event_op(tracer, event);
  switch (event->kind) {
    case TRACE_WEIGHTS: tracer->weight_bytes[op] += event->bytes; return 0;
    case TRACE_LOAD:
    case TRACE_ALLOC: return note_arrival(tracer, event, op);
    case TRACE_READ: return note_read(tracer, op, trace_rows_find(tracer->present, event->tensor, event->row));
    case TRACE_FREE: return note_read(tracer, op, trace_rows_remove(tracer->present, event->tensor, event->row));
    case TRACE_STORE: note_store(tracer, event); return 0;
    case TRACE_STAGING:
    case TRACE_FETCH:
    case TRACE_FIRE:
    case TRACE_OVERFLOW: break;
  }
  return 0;
}

/* 0, or -1 without memory. */
static int note_events(struct tracer *tracer) {
  for (size_t i = 0; i < tracer->trace->event_count; i++) {
    if (note_event(tracer, &tracer->trace->events[i]) < 0) return -1;
  }
  return 0;
}

/* ---- order ---- */

/* The reads of each op, or of what each op computed: list[begin[v]] .. list[begin[v+1]-1]. */
struct read_index {
  size_t *begin;
  uint32_t *list;
};

static void read_index_free(struct read_index *index) {
  free(index->begin);
  free(index->list);
}

static uint32_t read_key(const struct tracer *tracer, size_t read, bool by_producer) {
  return by_producer ? tracer->tensors[tracer->reads[read].tensor].op : tracer->reads[read].op;
}

static int read_index_create(struct read_index *index, const struct tracer *tracer, bool by_producer) {
  index->begin = calloc(tracer->op_count + 2, sizeof *index->begin);
  index->list = malloc((tracer->read_count + 1) * sizeof *index->list);
  if (index->begin == NULL || index->list == NULL) {
    read_index_free(index);
    return -1;
  }
  for (size_t i = 0; i < tracer->read_count; i++) {
    uint32_t key = read_key(tracer, i, by_producer);
    if (key != GRAPH_NO_OP) index->begin[key + 2]++;
  }
  for (size_t v = 2; v < tracer->op_count + 2; v++) index->begin[v] += index->begin[v - 1];
  for (size_t i = 0; i < tracer->read_count; i++) {
    uint32_t key = read_key(tracer, i, by_producer);
    if (key != GRAPH_NO_OP) index->list[index->begin[key + 1]++] = (uint32_t)i;
  }
  return 0;
}

/* Takes the first op that waits for nobody, again and again; returns how many were taken. */
static uint32_t take_ready(struct tracer *tracer, const struct read_index *outgoing, uint32_t *waiting,
                           uint64_t *ready) {
  size_t words = bitset_words(tracer->op_count);
  uint32_t taken = 0;
  for (uint32_t v = 0; v < tracer->op_count; v++) {
    if (waiting[v] == 0) bitset_add(ready, v);
  }
  for (size_t v = bitset_next(ready, words, 0); v < tracer->op_count; v = bitset_next(ready, words, 0)) {
    bitset_remove(ready, v);
    tracer->order[taken++] = (uint32_t)v;
    for (size_t i = outgoing->begin[v]; i < outgoing->begin[v + 1]; i++) {
      uint32_t reader = tracer->reads[outgoing->list[i]].op;
      if (--waiting[reader] == 0) bitset_add(ready, reader);
    }
  }
  return taken;
}

static int cycle_error(const struct tracer *tracer, const uint32_t *waiting, struct error *err) {
  uint32_t v = 0;
  while (waiting[v] == 0) v++;
  return error_set(err, ERROR_INPUT,
                   "the ops of the trace read from one another in a circle; '%s' is in it or behind it",
                   tracer->trace->op_names[tracer->op_of[v]]);
}

static int find_order(struct tracer *tracer, struct error *err) {
  struct read_index outgoing;
  if (read_index_create(&outgoing, tracer, true) != 0) return error_memory(err);
  uint32_t *waiting = calloc(tracer->op_count, sizeof *waiting);
  uint64_t *ready = calloc(bitset_words(tracer->op_count), sizeof *ready);
  int status = waiting == NULL || ready == NULL ? error_memory(err) : 0;
  for (size_t i = 0; i < tracer->read_count && status == 0; i++) {
    if (tracer->tensors[tracer->reads[i].tensor].op != GRAPH_NO_OP) waiting[tracer->reads[i].op]++;
  }
  if (status == 0 && take_ready(tracer, &outgoing, waiting, ready) < tracer->op_count) {
    status = cycle_error(tracer, waiting, err);
  }
  read_index_free(&outgoing);
  free(waiting);
  free(ready);
  return status;
}

/* ---- the graph ---- */

struct emitter {
  struct tracer *tracer;
  struct graph_builder *builder;
  struct read_index incoming;
  uint32_t *first_output;      /* by op: a list through traced_tensor.next, or NO_TENSOR */
  struct tensor_input *inputs; /* of the op at hand */
  uint32_t outside;            /* for ops that are seen to read nothing */
};

static struct tensor_spec tensor_spec(const struct traced_tensor *tensor) {
  return (struct tensor_spec){
      .name = tensor->name, .rows = 1, .row_elements = tensor->bytes == 0 ? 1 : tensor->bytes};
}

static int emit_inputs(struct emitter *emitter, struct error *err) {
  const struct tensor_spec outside = {.name = "outside", .rows = 1, .row_elements = 1};
  if (graph_builder_input(emitter->builder, &emitter->outside, &outside, err) != 0) return -1;
  for (uint32_t t = 0; t < emitter->tracer->tensor_count; t++) {
    struct traced_tensor *tensor = &emitter->tracer->tensors[t];
    const struct tensor_spec spec = tensor_spec(tensor);
    if (tensor->op != GRAPH_NO_OP) continue;
    if (graph_builder_input(emitter->builder, &tensor->index, &spec, err) != 0) return -1;
  }
  return 0;
}

static size_t list_inputs(struct emitter *emitter, uint32_t op) {
  const struct tracer *tracer = emitter->tracer;
  size_t count = 0;
  for (size_t i = emitter->incoming.begin[op]; i < emitter->incoming.begin[op + 1]; i++) {
    uint32_t tensor = tracer->reads[emitter->incoming.list[i]].tensor;
    emitter->inputs[count++] = (struct tensor_input){tracer->tensors[tensor].index, ROW_MAP_SAME};
  }
  if (count == 0) emitter->inputs[count++] = (struct tensor_input){emitter->outside, ROW_MAP_SAME};
  return count;
}

static int emit_output(struct emitter *emitter, struct traced_tensor *tensor, size_t input_count, struct error *err) {
  const struct tensor_spec spec = tensor_spec(tensor);
  if (graph_builder_output(emitter->builder, &tensor->index, &spec, emitter->inputs, input_count, err) != 0) return -1;
  if (tensor->stored || !tensor->read) graph_builder_mark_output(emitter->builder, tensor->index);
  return 0;
}

/* An op that is not seen to compute anything has an output of its own name. */
static int emit_outputs(struct emitter *emitter, uint32_t op, const char *name, struct error *err) {
  size_t input_count = list_inputs(emitter, op);
  struct traced_tensor unseen = {.name = name};
  uint32_t tensor = emitter->first_output[op];
  if (tensor == NO_TENSOR) return emit_output(emitter, &unseen, input_count, err);
  for (; tensor != NO_TENSOR; tensor = emitter->tracer->tensors[tensor].next) {
    if (emit_output(emitter, &emitter->tracer->tensors[tensor], input_count, err) != 0) return -1;
  }
  return 0;
}

static int emit_ops(struct emitter *emitter, struct error *err) {
  const struct tracer *tracer = emitter->tracer;
  for (uint32_t label = 0; label < tracer->op_count; label++) {
    uint32_t v = tracer->order[label], op;
    const char *name = tracer->trace->op_names[tracer->op_of[v]];
    const struct op_spec spec = {.name = name, .type = "traced", .weight_elements = tracer->weight_bytes[v]};
    if (graph_builder_op(emitter->builder, &op, &spec, err) != 0) return -1;
    if (emit_outputs(emitter, v, name, err) != 0) return -1;
  }
  return 0;
}

static void list_outputs(struct emitter *emitter) {
  struct tracer *tracer = emitter->tracer;
  for (uint32_t v = 0; v < tracer->op_count; v++) emitter->first_output[v] = NO_TENSOR;
  for (uint32_t t = tracer->tensor_count; t-- > 0;) {
    struct traced_tensor *tensor = &tracer->tensors[t];
    if (tensor->op == GRAPH_NO_OP) continue;
    tensor->next = emitter->first_output[tensor->op];
    emitter->first_output[tensor->op] = t;
  }
}

/* Also ends the builder. */
static int emit_all(struct graph **out, struct emitter *emitter, struct error *err) {
  const struct tracer *tracer = emitter->tracer;
  emitter->inputs = malloc((tracer->read_count + 1) * sizeof *emitter->inputs);
  emitter->first_output = malloc(tracer->op_count * sizeof *emitter->first_output);
  int status = emitter->inputs == NULL || emitter->first_output == NULL ? error_memory(err) : 0;
  if (status == 0) list_outputs(emitter);
  if (status == 0 && (emit_inputs(emitter, err) != 0 || emit_ops(emitter, err) != 0)) status = -1;
  free(emitter->inputs);
  free(emitter->first_output);
  if (status == 0) return graph_builder_finish(out, emitter->builder, err);
  graph_builder_free(emitter->builder);
  return -1;
}

static int emit_graph(struct graph **out, struct tracer *tracer, struct error *err) {
  struct emitter emitter = {.tracer = tracer};
  const char *name = *tracer->trace->network == '\0' ? "trace" : tracer->trace->network;
  if (graph_builder_create(&emitter.builder, name, 1, err) != 0) return -1;
  if (read_index_create(&emitter.incoming, tracer, false) != 0) {
    graph_builder_free(emitter.builder);
    return error_memory(err);
  }
  int status = emit_all(out, &emitter, err);
  read_index_free(&emitter.incoming);
  return status;
}

/* ---- the whole ---- */

static int list_labels(uint32_t **labels, const struct tracer *tracer, struct error *err) {
  size_t ops = tracer->trace->op_count;
  *labels = malloc(ops * sizeof **labels);
  if (*labels == NULL) return error_memory(err);
  for (size_t v = 0; v < ops; v++) (*labels)[v] = GRAPH_NO_OP;
  for (uint32_t label = 0; label < tracer->op_count; label++) (*labels)[tracer->op_of[tracer->order[label]]] = label;
  return 0;
}

static int build(struct graph **out, uint32_t **labels, struct tracer *tracer, struct error *err) {
  if (note_events(tracer) != 0) return error_memory(err);
  if (find_order(tracer, err) != 0 || list_labels(labels, tracer, err) != 0) return -1;
  if (emit_graph(out, tracer, err) == 0) return 0;
  free(*labels);
  return -1;
}

int trace_graph_create(struct graph **out, uint32_t **labels, const struct trace *trace, struct error *err) {
  struct tracer tracer;
  if (trace->out_of_memory) return error_memory(err);
  if (trace->event_count == 0) return error_set(err, ERROR_INPUT, "the trace holds no event");
  if (tracer_create(&tracer, trace) != 0) return error_memory(err);
  int status = build(out, labels, &tracer, err);
  tracer_free(&tracer);
  return status;
}
