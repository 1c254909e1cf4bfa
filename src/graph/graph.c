#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

#include "util/bitset.h"

/* The builder is a graph whose arrays still grow; ops and tensors live on the heap until
 * finish, everything they point to in the arena from the start. */
struct graph_builder {
  struct graph graph;
  uint32_t op_capacity, tensor_capacity;
};

uint32_t graph_find_op(const struct graph *graph, const char *name) {
  for (uint32_t v = 0; v < graph->op_count; v++) {
    if (strcmp(graph->ops[v].name, name) == 0) return v;
  }
  return GRAPH_NO_OP;
}

void graph_free(struct graph *graph) {
  if (graph == NULL) return;
  free(graph->ops);
  free(graph->tensors);
  arena_free(&graph->arena);
  free(graph);
}

void graph_builder_free(struct graph_builder *builder) {
  if (builder == NULL) return;
  free(builder->graph.ops);
  free(builder->graph.tensors);
  arena_free(&builder->graph.arena);
  free(builder);
}

int graph_builder_create(struct graph_builder **out, const char *name, uint64_t batch, struct error *err) {
  if (batch > GRAPH_MAX_BATCH) {
    return error_set(err, ERROR_INPUT, "a batch of %llu; expected at most %d", (unsigned long long)batch,
                     GRAPH_MAX_BATCH);
  }
  struct graph_builder *builder = calloc(1, sizeof *builder);
  if (builder == NULL) return error_memory(err);
  builder->graph.batch = batch == 0 ? 1 : batch;
  builder->graph.name = arena_strdup(&builder->graph.arena, name);
  if (builder->graph.name == NULL) {
    graph_builder_free(builder);
    return error_memory(err);
  }
  *out = builder;
  return 0;
}

/* Makes room for one more item of an array that doubles; 0 or -1. */
static int builder_reserve(void **items, uint32_t count, uint32_t *capacity, size_t item_bytes) {
  if (count < *capacity) return 0;
  uint32_t wanted = *capacity == 0 ? 64 : *capacity * 2;
  void *grown = realloc(*items, wanted * item_bytes);
  if (grown == NULL) return -1;
  *items = grown;
  *capacity = wanted;
  return 0;
}

static int builder_tensor(struct graph_builder *builder, uint32_t *index, const struct tensor_spec *spec,
                          uint32_t producer, struct error *err) {
  struct graph *graph = &builder->graph;
  if (spec->rows == 0 || spec->rows > GRAPH_MAX_ROWS || spec->row_elements == 0) {
    return error_set(err, ERROR_INPUT, "tensor '%s' has %u rows of %llu elements; expected 1 to %u rows of at least 1",
                     spec->name, spec->rows, (unsigned long long)spec->row_elements, GRAPH_MAX_ROWS);
  }
  if (spec->row_elements > GRAPH_MAX_ELEMENTS / spec->rows) {
    return error_set(err, ERROR_INPUT, "tensor '%s' has %u rows of %llu elements, more than 2^40 elements in all",
                     spec->name, spec->rows, (unsigned long long)spec->row_elements);
  }
  if (builder_reserve((void **)&graph->tensors, graph->tensor_count, &builder->tensor_capacity,
                      sizeof *graph->tensors) != 0) {
    return error_memory(err);
  }
  struct tensor *tensor = &graph->tensors[graph->tensor_count];
  *tensor = (struct tensor){
      .name = arena_strdup(&graph->arena, spec->name),
      .producer = producer,
      .rows = spec->rows,
      .row_elements = spec->row_elements,
      .rank = spec->rank,
      .elementwise = spec->elementwise,
  };
  memcpy(tensor->dims, spec->dims, sizeof tensor->dims);
  if (tensor->name == NULL) return error_memory(err);
  *index = graph->tensor_count++;
  return 0;
}

int graph_builder_input(struct graph_builder *builder, uint32_t *tensor, const struct tensor_spec *spec,
                        struct error *err) {
  return builder_tensor(builder, tensor, spec, GRAPH_NO_OP, err);
}

static bool work_is_whole(const struct op_work *work) {
  if (work->filters == 0) return true;
  return work->groups > 0 && work->filters % work->groups == 0 && work->channels % work->groups == 0 &&
         work->channels > 0 && work->taps > 0 && work->row_pixels > 0;
}

int graph_builder_op(struct graph_builder *builder, uint32_t *op, const struct op_spec *spec,
                     struct error *err) {
  struct graph *graph = &builder->graph;
  if (graph->op_count >= GRAPH_MAX_OPS) {
    return error_set(err, ERROR_INPUT, "the network has more than %d ops", GRAPH_MAX_OPS);
  }
  if (spec->weight_elements > GRAPH_MAX_ELEMENTS || spec->bias_elements > GRAPH_MAX_ELEMENTS) {
    return error_set(err, ERROR_INPUT, "op '%s' has more than 2^40 weights", spec->name);
  }
  if (!work_is_whole(&spec->work)) {
    return error_set(err, ERROR_INPUT, "op '%s' has channels that do not divide into its groups", spec->name);
  }
  if (builder_reserve((void **)&graph->ops, graph->op_count, &builder->op_capacity, sizeof *graph->ops) != 0) {
    return error_memory(err);
  }
  graph->ops[graph->op_count] = (struct op){
      .name = arena_strdup(&graph->arena, spec->name),
      .type = arena_strdup(&graph->arena, spec->type),
      .weight_elements = spec->weight_elements,
      .bias_elements = spec->bias_elements,
      .macs = spec->macs,
      .work = spec->work,
      .out_channels = spec->out_channels == 0 ? 1 : spec->out_channels,
      .first_output = graph->tensor_count,
  };
  const struct op *added = &graph->ops[graph->op_count];
  if (added->name == NULL || added->type == NULL) return error_memory(err);
  *op = graph->op_count++;
  return 0;
}

/* ---- row maps ---- */

static int table_check(const struct tensor_spec *output, const struct tensor *input, const struct row_map *map,
                       struct error *err) {
  uint32_t first = 0, last = 0;
  for (uint32_t r = 0; r < output->rows; r++) {
    struct row_span span = map->spans[r];
    if (span.count == 0) continue;
    if (span.first >= input->rows || span.count > input->rows - span.first || span.first < first ||
        span.first + span.count - 1 < last) {
      return error_set(err, ERROR_INPUT, "row %u of '%s' needs rows of '%s' out of range or order", r,
                       output->name, input->name);
    }
    first = span.first;
    last = span.first + span.count - 1;
  }
  return 0;
}

static int row_map_check(const struct tensor_spec *output, const struct tensor *input, const struct row_map *map,
                         struct error *err) {
  if (map->kind == ROW_TABLE) return table_check(output, input, map, err);
  if (map->kind == ROW_STREAMED) {
    if (output->rows == 1) return 0;
    return error_set(err, ERROR_INPUT, "'%s' reduces all rows of '%s' but has %u rows itself", output->name,
                     input->name, output->rows);
  }
  const int64_t limit = INT32_MAX;
  if (map->dilation == 0 || map->kernel == 0 || map->stride > GRAPH_MAX_ROWS ||
      (uint64_t)map->dilation * map->kernel > (uint64_t)limit || map->offset > limit || map->offset < -limit) {
    return error_set(err, ERROR_INPUT, "'%s' reads '%s' by a window out of range (stride %u, dilation %u, kernel %u)",
                     output->name, input->name, map->stride, map->dilation, map->kernel);
  }
  return 0;
}

/* Turns a table of evenly spaced spans of one length into the window that it is. */
static bool table_to_window(struct row_map *map, uint32_t rows) {
  const struct row_span *spans = map->spans;
  uint32_t count = spans[0].count, stride = rows > 1 ? spans[1].first - spans[0].first : 0;
  if (count == 0) return false;
  for (uint32_t r = 0; r < rows; r++) {
    if (spans[r].count != count || spans[r].first != spans[0].first + r * stride) return false;
  }
  *map = (struct row_map){
      .kind = ROW_WINDOW, .stride = stride, .dilation = 1, .kernel = count, .offset = spans[0].first};
  return true;
}

static int builder_copy_map(struct graph *graph, struct row_map *map, uint32_t rows) {
  if (map->kind != ROW_TABLE || table_to_window(map, rows)) return 0;
  struct row_span *spans = ARENA_NEW(&graph->arena, struct row_span, rows);
  if (spans == NULL) return -1;
  memcpy(spans, map->spans, rows * sizeof *spans);
  map->spans = spans;
  return 0;
}

int graph_builder_output(struct graph_builder *builder, uint32_t *index, const struct tensor_spec *spec,
                         const struct tensor_input *inputs, size_t input_count, struct error *err) {
  struct graph *graph = &builder->graph;
  for (size_t i = 0; i < input_count; i++) {
    if (inputs[i].tensor >= graph->tensor_count) {
      return error_set(err, ERROR_INPUT, "'%s' reads a tensor that does not exist yet", spec->name);
    }
    if (row_map_check(spec, &graph->tensors[inputs[i].tensor], &inputs[i].map, err) != 0) return -1;
  }
  if (builder_tensor(builder, index, spec, graph->op_count - 1, err) != 0) return -1;
  struct tensor_input *copies = ARENA_NEW(&graph->arena, struct tensor_input, input_count);
  if (copies == NULL) return error_memory(err);
  for (size_t i = 0; i < input_count; i++) {
    copies[i] = inputs[i];
    if (builder_copy_map(graph, &copies[i].map, spec->rows) != 0) return error_memory(err);
  }
  graph->tensors[*index].inputs = copies;
  graph->tensors[*index].input_count = (uint32_t)input_count;
  graph->ops[graph->op_count - 1].output_count++;
  return 0;
}

void graph_builder_mark_output(struct graph_builder *builder, uint32_t tensor) {
  builder->graph.tensors[tensor].is_output = true;
}

/* ---- finishing ---- */

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int finish_check_names(const struct graph *graph, struct error *err) {
  const char **names = malloc(graph->op_count * sizeof *names);
  if (names == NULL) return error_memory(err);
  for (uint32_t v = 0; v < graph->op_count; v++) names[v] = graph->ops[v].name;
  qsort(names, graph->op_count, sizeof *names, compare_names);
  int status = 0;
  for (uint32_t v = 1; v < graph->op_count && status == 0; v++) {
    if (strcmp(names[v - 1], names[v]) == 0) {
      status = error_set(err, ERROR_INPUT, "two ops have the name '%s'", names[v]);
    }
  }
  free(names);
  return status;
}

static int finish_check(const struct graph *graph, struct error *err) {
  bool has_output = false;
  if (graph->op_count == 0) return error_set(err, ERROR_INPUT, "the network has no ops");
  for (uint32_t t = 0; t < graph->tensor_count; t++) has_output = has_output || graph->tensors[t].is_output;
  if (!has_output) return error_set(err, ERROR_INPUT, "the network has no outputs");
  for (uint32_t v = 0; v < graph->op_count; v++) {
    const struct op *op = &graph->ops[v];
    uint32_t inputs = 0;
    for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
      inputs += graph->tensors[t].input_count;
    }
    if (inputs == 0) {
      return error_set(err, ERROR_INPUT, "op '%s' has %s", op->name,
                       op->output_count == 0 ? "no output" : "no input that depends on the network's input");
    }
  }
  return finish_check_names(graph, err);
}

/* Consumers of every tensor: count, then fill; ascending because tensors are visited so. */
static int finish_consumers(struct graph *graph) {
  uint32_t *fill = calloc(graph->tensor_count, sizeof *fill);
  if (fill == NULL) return -1;
  for (int pass = 0; pass < 2; pass++) {
    for (uint32_t u = 0; u < graph->tensor_count; u++) {
      const struct tensor *consumer = &graph->tensors[u];
      for (uint32_t i = 0; i < consumer->input_count; i++) {
        uint32_t t = consumer->inputs[i].tensor;
        bool repeated = false;
        for (uint32_t j = 0; j < i; j++) repeated = repeated || consumer->inputs[j].tensor == t;
        if (repeated) continue;
        struct tensor *tensor = &graph->tensors[t];
        if (pass == 0) {
          tensor->consumer_count++;
        } else {
          ((uint32_t *)(uintptr_t)tensor->consumers)[fill[t]++] = u;
        }
      }
    }
    for (uint32_t t = 0; t < graph->tensor_count && pass == 0; t++) {
      struct tensor *tensor = &graph->tensors[t];
      tensor->consumers = ARENA_NEW(&graph->arena, uint32_t, tensor->consumer_count);
      if (tensor->consumers == NULL) {
        free(fill);
        return -1;
      }
    }
  }
  free(fill);
  return 0;
}

/* Writes the members of set as an array in the arena. */
static int finish_list(struct graph *graph, const uint32_t **list, uint32_t *count, const uint64_t *set) {
  *count = (uint32_t)bitset_count(set, graph->set_words);
  uint32_t *items = ARENA_NEW(&graph->arena, uint32_t, *count);
  if (items == NULL) return -1;
  uint32_t n = 0;
  for BITSET_EACH (v, set, graph->set_words) items[n++] = (uint32_t)v;
  *list = items;
  return 0;
}

static int finish_neighbours(struct graph *graph, uint64_t *set) {
  for (uint32_t v = 0; v < graph->op_count; v++) {
    struct op *op = &graph->ops[v];
    bitset_clear(set, graph->set_words);
    for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
      const struct tensor *tensor = &graph->tensors[t];
      for (uint32_t i = 0; i < tensor->input_count; i++) {
        uint32_t producer = graph->tensors[tensor->inputs[i].tensor].producer;
        if (producer != GRAPH_NO_OP) bitset_add(set, producer);
      }
    }
    if (finish_list(graph, &op->predecessors, &op->predecessor_count, set) != 0) return -1;
    graph->edge_count += op->predecessor_count;
    bitset_clear(set, graph->set_words);
    for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
      const struct tensor *tensor = &graph->tensors[t];
      for (uint32_t i = 0; i < tensor->consumer_count; i++) {
        bitset_add(set, graph->tensors[tensor->consumers[i]].producer);
      }
    }
    if (finish_list(graph, &op->successors, &op->successor_count, set) != 0) return -1;
  }
  return 0;
}

static int finish_edges(struct graph *graph) {
  graph->edges = ARENA_NEW(&graph->arena, struct edge, graph->edge_count);
  if (graph->edges == NULL) return -1;
  uint32_t n = 0;
  for (uint32_t v = 0; v < graph->op_count; v++) {
    for (uint32_t i = 0; i < graph->ops[v].successor_count; i++) {
      graph->edges[n++] = (struct edge){v, graph->ops[v].successors[i]};
    }
  }
  return 0;
}

static int finish_reachability(struct graph *graph) {
  size_t words = graph->set_words;
  uint64_t *ancestors = ARENA_NEW(&graph->arena, uint64_t, graph->op_count * words);
  uint64_t *descendants = ARENA_NEW(&graph->arena, uint64_t, graph->op_count * words);
  if (ancestors == NULL || descendants == NULL) return -1;
  for (uint32_t v = 0; v < graph->op_count; v++) {
    struct op *op = &graph->ops[v];
    uint64_t *set = ancestors + v * words;
    bitset_add(set, v);
    for (uint32_t i = 0; i < op->predecessor_count; i++) bitset_or(set, ancestors + op->predecessors[i] * words, words);
    op->ancestors = set;
  }
  for (uint32_t v = graph->op_count; v-- > 0;) {
    struct op *op = &graph->ops[v];
    uint64_t *set = descendants + v * words;
    bitset_add(set, v);
    for (uint32_t i = 0; i < op->successor_count; i++) bitset_or(set, descendants + op->successors[i] * words, words);
    op->descendants = set;
  }
  return 0;
}

static int finish_derive(struct graph *graph) {
  graph->set_words = (uint32_t)bitset_words(graph->op_count);
  uint64_t *set = calloc(graph->set_words, sizeof *set);
  if (set == NULL) return -1;
  int status = finish_consumers(graph) != 0 || finish_neighbours(graph, set) != 0 || finish_edges(graph) != 0 ||
               finish_reachability(graph) != 0;
  free(set);
  return status ? -1 : 0;
}

int graph_builder_finish(struct graph **out, struct graph_builder *builder, struct error *err) {
  struct graph *graph = malloc(sizeof *graph);
  int status = graph == NULL ? error_memory(err) : finish_check(&builder->graph, err);
  if (status == 0 && finish_derive(&builder->graph) != 0) status = error_memory(err);
  if (status != 0) {
    free(graph);
    graph_builder_free(builder);
    return -1;
  }
  *graph = builder->graph;
  free(builder);
  *out = graph;
  return 0;
}
