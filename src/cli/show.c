/* spillway show: what a network consists of, and how it meets the buffer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/document.h"
#include "cli/memory.h"
#include "cli/settings.h"
#include "cli/subject.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "util/bitset.h"
#include "util/units.h"

struct show_settings {
  bool ops;
  struct target_options target;
  struct method_options method;
  struct output_options output;
};

struct type_count {
  const char *type;
  uint32_t count;
};

struct show {
  struct subject subject;
  const struct method *method;
  struct baseline baseline;
  struct error unrunnable; /* why it cannot run on this hardware layer by layer, and so not at all */
  uint64_t weight_bytes, macs;
  uint32_t heaviest_op;
  uint64_t unfusable[GRAPH_MAX_SET_WORDS];
  uint32_t unfusable_count;
  struct group_cost *alone; /* by op: as its own group under the method */
  struct type_count *types;  /* most frequent first, then by name */
  size_t type_count;
};

/* ---- what is shown ---- */

static int compare_types(const void *left, const void *right) {
  const struct type_count *a = left, *b = right;
  if (a->count != b->count) return a->count > b->count ? -1 : 1;
  return strcmp(a->type, b->type);
}

static void count_types(struct show *show) {
  const struct graph *graph = show->subject.graph;
  show->types = cli_alloc(graph->op_count, sizeof *show->types);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    size_t i = 0;
    while (i < show->type_count && strcmp(show->types[i].type, graph->ops[v].type) != 0) i++;
    if (i == show->type_count) show->types[show->type_count++].type = graph->ops[v].type;
    show->types[i].count++;
  }
  qsort(show->types, show->type_count, sizeof *show->types, compare_types);
}

static void add_weights(struct show *show) {
  const struct graph *graph = show->subject.graph;
  const uint64_t *weight_bytes = show->subject.model.weight_bytes;
  for (uint32_t v = 0; v < graph->op_count; v++) {
    show->weight_bytes += weight_bytes[v];
    show->macs += graph->ops[v].macs * graph->batch;
    if (weight_bytes[v] > weight_bytes[show->heaviest_op]) show->heaviest_op = v;
  }
}

static int cost_alone(struct show *show, struct error *err) {
  const struct graph *graph = show->subject.graph;
  uint64_t set[GRAPH_MAX_SET_WORDS];
  show->alone = cli_alloc(graph->op_count, sizeof *show->alone);
  bitset_clear(set, graph->set_words);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    bitset_add(set, v);
    if (show->method->cost(show->subject.sim, set, &show->alone[v]) != 0) return error_memory(err);
    bitset_remove(set, v);
    if (show->alone[v].required_bytes <= show->subject.model.hw.buffer_capacity_bytes) continue;
    bitset_add(show->unfusable, v);
    show->unfusable_count++;
  }
  return 0;
}

static int show_prepare(struct show *show, struct error *err) {
  if (cost_alone(show, err) != 0) return -1;
  add_weights(show);
  count_types(show);
  if (baseline_create(&show->baseline, &show->subject, show->method, &show->unrunnable) == 0) return 0;
  if (show->unrunnable.kind == ERROR_INPUT) return 0; /* it can be shown all the same */
  *err = show->unrunnable;
  return -1;
}

static void show_close(struct show *show) {
  baseline_free(&show->baseline);
  free(show->alone);
  free(show->types);
  subject_close(&show->subject);
}

/* "1x3x224x224"; "?" if the dimensions are not known. The caller frees it. */
static char *shape_text(const struct tensor *tensor) {
  char *text = cli_strdup(tensor->rank == 0 ? "?" : "");
  for (uint32_t d = 0; d < tensor->rank; d++) {
    char *longer = cli_format("%s%s%llu", text, d == 0 ? "" : "x", (unsigned long long)tensor->dims[d]);
    free(text);
    text = longer;
  }
  return text;
}

static const struct tensor *op_output(const struct graph *graph, uint32_t op) {
  return &graph->tensors[graph->ops[op].first_output];
}

static bool is_network_input(const struct tensor *tensor) { return tensor->producer == GRAPH_NO_OP; }
static bool is_network_output(const struct tensor *tensor) { return tensor->is_output; }

/* ---- JSON ---- */

static json_t *shape_document(const struct tensor *tensor) {
  json_t *dims = json_array();
  for (uint32_t d = 0; d < tensor->rank; d++) document_append(dims, document_count(tensor->dims[d]));
  return dims;
}

static json_t *tensors_document(const struct graph *graph, bool (*chosen)(const struct tensor *tensor)) {
  json_t *list = json_array();
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    if (!chosen(&graph->tensors[t])) continue;
    json_t *object = json_object();
    document_add_text(object, "name", graph->tensors[t].name);
    document_add(object, "shape", shape_document(&graph->tensors[t]));
    document_append(list, object);
  }
  return list;
}

static json_t *op_document(const struct show *show, uint32_t v) {
  const struct graph *graph = show->subject.graph;
  const struct tensor *output = op_output(graph, v);
  json_t *object = json_object();
  document_add_count(object, "label", v);
  document_add_text(object, "name", graph->ops[v].name);
  document_add_text(object, "type", graph->ops[v].type);
  document_add(object, "output_shape", shape_document(output));
  document_add_count(object, "rows", output->rows);
  document_add_count(object, "row_bytes", show->subject.model.row_bytes[graph->ops[v].first_output]);
  document_add_count(object, "weight_bytes", show->subject.model.weight_bytes[v]);
  document_add_count(object, "macs", graph->ops[v].macs);
  document_add_count(object, "required_bytes", show->alone[v].required_bytes);
  document_add(object, "fuseable", json_boolean(!bitset_has(show->unfusable, v)));
  return object;
}

static json_t *types_document(const struct show *show) {
  json_t *types = json_object();
  for (size_t i = 0; i < show->type_count; i++) document_add_count(types, show->types[i].type, show->types[i].count);
  return types;
}

static void show_json(const struct show *show) {
  const struct graph *graph = show->subject.graph;
  json_t *document = json_object(), *layers = json_object(), *unfusable = json_array(), *ops = json_array();
  document_add_text(document, "network", graph->name);
  document_add_text(document, "network_hash", show->subject.hash);
  document_add_text(document, "method", show->method->name);
  document_add(document, "hardware", subject_hardware_document(&show->subject.model.hw));
  document_add_count(document, "batch", graph->batch);
  document_add_count(document, "op_count", graph->op_count);
  document_add_count(document, "tensor_count", graph->tensor_count);
  document_add_count(document, "edge_count", graph->edge_count);
  document_add(document, "inputs", tensors_document(graph, is_network_input));
  document_add(document, "outputs", tensors_document(graph, is_network_output));
  document_add_count(document, "weight_bytes", show->weight_bytes);
  document_add_count(document, "macs", show->macs);
  document_add_count(document, "compulsory_bytes", show->baseline.compulsory_bytes);
  bool runs = show->unrunnable.kind == ERROR_NONE;
  document_add_count(layers, "fuseable_dram_bytes", show->baseline.layers.fuseable_dram_bytes);
  document_add_count(layers, "total_dram_bytes", show->baseline.layers.total_dram_bytes);
  document_add(document, "layer_by_layer", runs ? json_incref(layers) : json_null());
  document_add_text(document, "unrunnable", runs ? NULL : show->unrunnable.message);
  json_decref(layers);
  document_add(document, "types", types_document(show));
  for BITSET_EACH (v, show->unfusable, graph->set_words) document_append(unfusable, document_text(graph->ops[v].name));
  document_add(document, "unfusable", unfusable);
  for (uint32_t v = 0; v < graph->op_count; v++) document_append(ops, op_document(show, v));
  document_add(document, "ops", ops);
  document_finish(document);
}

/* ---- tables ---- */

static const struct table_column pair_columns[] = {{NULL, TABLE_LEFT}, {NULL, TABLE_LEFT}};

/* Takes the value. */
static void pair(struct table *table, const char *title, char *value) {
  table_text(table, title);
  table_text(table, value);
  free(value);
}

static void pair_bytes(struct table *table, const char *title, uint64_t bytes, const char *more) {
  pair(table, title, cli_format("%.3f MB%s", (double)bytes / 1e6, more));
}

static void pair_tensors(struct table *table, const char *title, const struct graph *graph,
                         bool (*chosen)(const struct tensor *tensor)) {
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    if (!chosen(&graph->tensors[t])) continue;
    char *shape = shape_text(&graph->tensors[t]);
    pair(table, title, cli_format("%s %s", graph->tensors[t].name, shape));
    free(shape);
  }
}

static void show_summary(const struct show *show) {
  const struct graph *graph = show->subject.graph;
  char heaviest[UNITS_TEXT_BYTES];
  struct table *table = table_create(pair_columns, 2);
  pair(table, "ops", cli_format("%u", graph->op_count));
  pair(table, "tensors", cli_format("%u", graph->tensor_count));
  if (graph->batch != 1) pair(table, "batch", cli_format("%llu", (unsigned long long)graph->batch));
  pair_tensors(table, "input", graph, is_network_input);
  pair_tensors(table, "output", graph, is_network_output);
  pair_bytes(table, "weights", show->weight_bytes, "");
  pair(table, "largest weights",
       cli_format("%s, %s", graph->ops[show->heaviest_op].name,
                  units_format_bytes(heaviest, show->subject.model.weight_bytes[show->heaviest_op])));
  pair(table, "MACs", cli_format("%.3f million", (double)show->macs / 1e6));
  pair_bytes(table, "compulsory DRAM", show->baseline.compulsory_bytes, " (input, output and weights, once each)");
  if (show->unrunnable.kind == ERROR_NONE) {
    pair_bytes(table, "layer by layer", show->baseline.layers.total_dram_bytes, " of DRAM traffic");
    pair_bytes(table, "  of fuseable ops", show->baseline.layers.fuseable_dram_bytes, "");
  } else {
    pair(table, "layer by layer", cli_format("cannot run: %s", show->unrunnable.message));
  }
  pair(table, "unfusable ops", cli_format("%u under %s", show->unfusable_count, show->method->name));
  for BITSET_EACH (v, show->unfusable, graph->set_words) {
    char needs[UNITS_TEXT_BYTES];
    pair(table, "", cli_format("%s needs %s", graph->ops[v].name,
                               units_format_bytes(needs, show->alone[v].required_bytes)));
  }
  table_finish(table, stdout);
}

static void show_types(const struct show *show) {
  static const struct table_column columns[] = {{"op type", TABLE_LEFT}, {"count", TABLE_RIGHT}};
  struct table *table = table_create(columns, 2);
  for (size_t i = 0; i < show->type_count; i++) {
    table_text(table, show->types[i].type);
    table_count(table, show->types[i].count);
  }
  table_finish(table, stdout);
}

static void show_ops(const struct show *show) {
  static const struct table_column columns[] = {
      {"label", TABLE_RIGHT}, {"op", TABLE_LEFT},           {"type", TABLE_LEFT},
      {"output", TABLE_LEFT}, {"rows", TABLE_RIGHT},        {"row B", TABLE_RIGHT},
      {"weights B", TABLE_RIGHT}, {"MACs", TABLE_RIGHT},    {"needs B alone", TABLE_RIGHT},
  };
  const struct graph *graph = show->subject.graph;
  struct table *table = table_create(columns, sizeof columns / sizeof columns[0]);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    char *shape = shape_text(op_output(graph, v));
    table_count(table, v);
    table_text(table, graph->ops[v].name);
    table_text(table, graph->ops[v].type);
    table_text(table, shape);
    table_count(table, op_output(graph, v)->rows);
    table_count(table, show->subject.model.row_bytes[graph->ops[v].first_output]);
    table_count(table, show->subject.model.weight_bytes[v]);
    table_count(table, graph->ops[v].macs);
    table_count(table, show->alone[v].required_bytes);
    free(shape);
  }
  table_finish(table, stdout);
}

static void show_print(const struct show *show, const struct show_settings *settings) {
  if (settings->output.json) {
    show_json(show);
    return;
  }
  subject_print(&show->subject);
  putchar('\n');
  show_summary(show);
  putchar('\n');
  (settings->ops ? show_ops : show_types)(show);
}

/* ---- the verb ---- */

static enum verb_result show_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  const struct show_settings *settings = opaque;
  struct show show = {.method = settings_method(settings->method.name, err)};
  if (show.method == NULL) return VERB_FAILED;
  if (subject_open(&show.subject, arguments->values[0], &settings->target, err) != 0) return VERB_FAILED;
  int status = show_prepare(&show, err);
  if (status == 0) show_print(&show, settings);
  show_close(&show);
  return status == 0 ? VERB_DONE : VERB_FAILED;
}

#define SETTING(field) offsetof(struct show_settings, field)

static const struct option_spec show_own_options[] = {
    {"ops", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "a row for each op", SETTING(ops)},
};
static const struct option_group show_group = OPTION_GROUP(show_own_options);
static const struct option_use show_options[] = {
    {&show_group, 0}, {&method_group, SETTING(method)}, {&target_group, SETTING(target)},
    {&output_group, SETTING(output)}, {0}};
static const struct verb_argument show_arguments[] = {
    {"NET", "networks", false, false, "network: a name or an ONNX file"}, {0}};

const struct verb show_verb = {
    .name = "show",
    .summary = "summarise a network: shapes, weights, ops and what the buffer makes of them",
    .arguments = show_arguments,
    .options = show_options,
    .settings_bytes = sizeof(struct show_settings),
    .run = show_run,
};
