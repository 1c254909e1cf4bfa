#include "onnx_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

static size_t count_items(const char *text) {
  size_t count = *text != '\0';
  for (; *text != '\0'; text++) count += *text == ',';
  return count;
}

static int64_t *parse_ints(struct arena *arena, size_t *count, const char *text) {
  *count = count_items(text);
  int64_t *items = ARENA_NEW(arena, int64_t, *count);
  for (size_t i = 0; i < *count; i++) {
    char *end;
    items[i] = strtoll(text, &end, 10);
    text = end + 1;
  }
  return items;
}

static float *parse_floats(struct arena *arena, size_t *count, const char *text) {
  *count = count_items(text);
  float *items = ARENA_NEW(arena, float, *count);
  for (size_t i = 0; i < *count; i++) {
    char *end;
    items[i] = strtof(text, &end);
    text = end + 1;
  }
  return items;
}

static void *append(struct arena *arena, void ***items, size_t *count, void *item) {
  if (*items == NULL) *items = ARENA_NEW(arena, void *, ONNX_MODEL_MAX_ITEMS);
  ck_assert_uint_lt(*count, ONNX_MODEL_MAX_ITEMS);
  (*items)[(*count)++] = item;
  return item;
}

#define APPEND(arena, list, count, item) append((arena), (void ***)&(list), &(count), (item))
#define NEW(arena, type, init) \
  ({ type *made = ARENA_NEW((arena), type, 1); init(made); made; })

/* ---- tensors ---- */

static void set_raw(Onnx__TensorProto *tensor, int32_t type, void *bytes, size_t length) {
  tensor->has_data_type = tensor->has_raw_data = 1;
  tensor->data_type = type;
  tensor->raw_data = (ProtobufCBinaryData){length, bytes};
}

static Onnx__TensorProto *tensor_of_dims(struct arena *arena, const char *dims) {
  Onnx__TensorProto *tensor = NEW(arena, Onnx__TensorProto, onnx__tensor_proto__init);
  if (strcmp(dims, "-") != 0) tensor->dims = parse_ints(arena, &tensor->n_dims, dims);
  tensor->has_data_type = 1;
  tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  return tensor;
}

static Onnx__TensorProto *tensor_of_numbers(struct arena *arena, const char *numbers, bool whole, bool scalar) {
  Onnx__TensorProto *tensor = NEW(arena, Onnx__TensorProto, onnx__tensor_proto__init);
  size_t count;
  if (whole) {
    void *items = parse_ints(arena, &count, numbers);
    set_raw(tensor, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, items, count * sizeof(int64_t));
  } else {
    void *items = parse_floats(arena, &count, numbers);
    set_raw(tensor, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, items, count * sizeof(float));
  }
  if (scalar) return tensor;
  tensor->dims = ARENA_NEW(arena, int64_t, 1);
  tensor->dims[0] = (int64_t)count;
  tensor->n_dims = 1;
  return tensor;
}

static void fill_data(struct arena *arena, Onnx__TensorProto *tensor) {
  size_t elements = 1;
  for (size_t d = 0; d < tensor->n_dims; d++) elements *= (size_t)tensor->dims[d];
  set_raw(tensor, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, ARENA_NEW(arena, float, elements), elements * sizeof(float));
}

static void add_initializer(struct arena *arena, Onnx__GraphProto *graph, const char *kind, const char *name,
                            const char *rest) {
  bool ints = strncmp(kind, "int", 3) == 0, floats = strncmp(kind, "float", 5) == 0;
  bool scalar = strcmp(kind, "int") == 0 || strcmp(kind, "float") == 0;
  Onnx__TensorProto *tensor =
      ints || floats ? tensor_of_numbers(arena, rest, ints, scalar) : tensor_of_dims(arena, rest);
  tensor->name = arena_strdup(arena, name);
  if (strcmp(kind, "data") == 0) fill_data(arena, tensor);
  if (strcmp(kind, "external") == 0) {
    tensor->has_data_location = 1;
    tensor->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
  }
  APPEND(arena, graph->initializer, graph->n_initializer, tensor);
}

/* ---- inputs, outputs, shapes ---- */

static Onnx__TensorShapeProto__Dimension *parse_dim(struct arena *arena, const char *text) {
  Onnx__TensorShapeProto__Dimension *dim =
      NEW(arena, Onnx__TensorShapeProto__Dimension, onnx__tensor_shape_proto__dimension__init);
  if (strcmp(text, "?") == 0) return dim;
  if (strchr("-0123456789", text[0]) != NULL) {
    dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    dim->dim_value = strtoll(text, NULL, 10);
  } else {
    dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    dim->dim_param = arena_strdup(arena, text);
  }
  return dim;
}

static Onnx__ValueInfoProto *parse_info(struct arena *arena, const char *name, const char *dims) {
  Onnx__ValueInfoProto *info = NEW(arena, Onnx__ValueInfoProto, onnx__value_info_proto__init);
  info->name = arena_strdup(arena, name);
  if (strcmp(dims, "~") == 0) return info;
  info->type = NEW(arena, Onnx__TypeProto, onnx__type_proto__init);
  info->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  info->type->tensor_type = NEW(arena, Onnx__TypeProto__Tensor, onnx__type_proto__tensor__init);
  Onnx__TensorShapeProto *shape = NEW(arena, Onnx__TensorShapeProto, onnx__tensor_shape_proto__init);
  info->type->tensor_type->shape = shape;
  char *rest = arena_strdup(arena, dims);
  if (strcmp(dims, "-") == 0) return info;
  for (char *dim; (dim = strsep(&rest, ",")) != NULL;) APPEND(arena, shape->dim, shape->n_dim, parse_dim(arena, dim));
  return info;
}

/* ---- nodes ---- */

static char *unwrap(struct arena *arena, const char *text) { return arena_strndup(arena, text + 1, strlen(text) - 2); }

static void set_list(struct arena *arena, Onnx__AttributeProto *attribute, const char *list) {
  if (strchr(list, '.') != NULL) {
    attribute->floats = parse_floats(arena, &attribute->n_floats, list);
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
  } else {
    attribute->ints = parse_ints(arena, &attribute->n_ints, list);
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
  }
}

static void set_single(struct arena *arena, Onnx__AttributeProto *attribute, const char *text) {
  if (strchr("-0123456789", text[0]) == NULL) {
    attribute->has_s = 1;
    attribute->s = (ProtobufCBinaryData){strlen(text), (uint8_t *)arena_strdup(arena, text)};
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
  } else if (strchr(text, '.') != NULL) {
    attribute->has_f = 1;
    attribute->f = strtof(text, NULL);
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
  } else {
    attribute->has_i = 1;
    attribute->i = strtoll(text, NULL, 10);
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
  }
}

static Onnx__AttributeProto *parse_attribute(struct arena *arena, const char *word) {
  Onnx__AttributeProto *attribute = NEW(arena, Onnx__AttributeProto, onnx__attribute_proto__init);
  const char *value = strchr(word, '=') + 1;
  attribute->name = arena_strndup(arena, word, (size_t)(value - 1 - word));
  attribute->has_type = 1;
  if (value[0] == '[') {
    set_list(arena, attribute, unwrap(arena, value));
  } else if (value[0] == '{') {
    const char *numbers = unwrap(arena, value);
    bool scalar = numbers[0] == '=', whole = strchr(numbers, '.') == NULL;
    attribute->t = tensor_of_numbers(arena, numbers + scalar, whole, scalar);
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
  } else {
    set_single(arena, attribute, value);
  }
  return attribute;
}

static void add_node(struct arena *arena, Onnx__GraphProto *graph, char *type, char **words) {
  Onnx__NodeProto *node = NEW(arena, Onnx__NodeProto, onnx__node_proto__init);
  bool after = false;
  node->op_type = arena_strdup(arena, strsep(&type, "@"));
  if (type != NULL) node->name = arena_strdup(arena, type);
  for (char *word; (word = strsep(words, " \n")) != NULL;) {
    const char *name = strcmp(word, "_") == 0 ? "" : word;
    if (word[0] == '\0') continue;
    if (strcmp(word, "->") == 0) {
      after = true;
    } else if (strchr(word, '=') != NULL) {
      APPEND(arena, node->attribute, node->n_attribute, parse_attribute(arena, word));
    } else if (after) {
      APPEND(arena, node->output, node->n_output, arena_strdup(arena, name));
    } else {
      APPEND(arena, node->input, node->n_input, arena_strdup(arena, name));
    }
  }
  ck_assert_msg(after, "node '%s' has no '->'", node->op_type);
  APPEND(arena, graph->node, graph->n_node, node);
}

/* ---- models ---- */

static char *next_word(char **words) {
  char *word;
  while ((word = strsep(words, " \n")) != NULL && word[0] == '\0') continue;
  return word;
}

static void parse_statement(struct arena *arena, Onnx__GraphProto *graph, char *words) {
  static const char *const initializers[] = {"weight", "data", "external", "ints", "int", "floats", "float"};
  char *kind = next_word(&words);
  if (kind == NULL || kind[0] == '#') return;
  for (size_t i = 0; i < sizeof initializers / sizeof initializers[0]; i++) {
    if (strcmp(kind, initializers[i]) != 0) continue;
    char *name = next_word(&words), *rest = next_word(&words);
    add_initializer(arena, graph, kind, name, rest == NULL ? "" : rest);
    return;
  }
  bool in = strcmp(kind, "in") == 0, out = strcmp(kind, "out") == 0, info = strcmp(kind, "info") == 0;
  if (!in && !out && !info) {
    add_node(arena, graph, kind, &words);
    return;
  }
  const char *name = next_word(&words), *dims = next_word(&words);
  Onnx__ValueInfoProto *item = parse_info(arena, name, dims == NULL ? "~" : dims);
  if (in) APPEND(arena, graph->input, graph->n_input, item);
  if (out) APPEND(arena, graph->output, graph->n_output, item);
  if (info) APPEND(arena, graph->value_info, graph->n_value_info, item);
}

Onnx__ModelProto *onnx_model_parse(struct arena *arena, int64_t opset, const char *text) {
  Onnx__ModelProto *model = NEW(arena, Onnx__ModelProto, onnx__model_proto__init);
  Onnx__OperatorSetIdProto *id = NEW(arena, Onnx__OperatorSetIdProto, onnx__operator_set_id_proto__init);
  id->has_version = 1;
  id->version = opset;
  APPEND(arena, model->opset_import, model->n_opset_import, id);
  model->graph = NEW(arena, Onnx__GraphProto, onnx__graph_proto__init);
  char *rest = arena_strdup(arena, text);
  for (char *statement; (statement = strsep(&rest, ";")) != NULL;) parse_statement(arena, model->graph, statement);
  return model;
}

uint8_t *onnx_model_pack(struct arena *arena, size_t *length, const Onnx__ModelProto *model) {
  *length = onnx__model_proto__get_packed_size(model);
  uint8_t *bytes = arena_alloc(arena, *length, 1);
  ck_assert_uint_eq(onnx__model_proto__pack(model, bytes), *length);
  return bytes;
}

static int import_text(struct graph **graph, int64_t opset, const char *text, const struct onnx_options *options,
                       struct error *err) {
  struct arena arena = ARENA_INIT;
  size_t length;
  const uint8_t *bytes = onnx_model_pack(&arena, &length, onnx_model_parse(&arena, opset, text));
  int status = onnx_import_memory(graph, bytes, length, "model.onnx", options, err);
  arena_free(&arena);
  return status;
}

struct graph *onnx_model_import_with(int64_t opset, const char *text, const struct onnx_options *options) {
  struct error err = ERROR_INIT;
  struct graph *graph = NULL;
  int status = import_text(&graph, opset, text, options, &err);
  ck_assert_msg(status == 0, "%s\nin opset %d: %.2000s", err.message, (int)opset, text);
  return graph;
}

struct graph *onnx_model_import(int64_t opset, const char *text) {
  const struct onnx_options options = ONNX_OPTIONS_INIT;
  return onnx_model_import_with(opset, text, &options);
}

const char *onnx_model_refusal(int64_t opset, const char *text) {
  static struct error err;
  const struct onnx_options options = ONNX_OPTIONS_INIT;
  struct graph *graph = NULL;
  err = (struct error)ERROR_INIT;
  int status = import_text(&graph, opset, text, &options, &err);
  ck_assert_msg(status == -1, "not refused in opset %d: %.2000s", (int)opset, text);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  return err.message;
}

/* ---- looking at graphs ---- */

static const struct tensor *find_tensor(const struct graph *graph, const char *name) {
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    if (strcmp(graph->tensors[t].name, name) == 0) return &graph->tensors[t];
  }
  return NULL;
}

const struct tensor *onnx_model_tensor(const struct graph *graph, const char *name) {
  const struct tensor *tensor = find_tensor(graph, name);
  ck_assert_msg(tensor != NULL, "no tensor '%s'", name);
  return tensor;
}

bool onnx_model_has_tensor(const struct graph *graph, const char *name) { return find_tensor(graph, name) != NULL; }

uint64_t onnx_model_weights(const struct graph *graph) {
  uint64_t sum = 0;
  for (uint32_t v = 0; v < graph->op_count; v++) sum += graph->ops[v].weight_elements;
  return sum;
}

uint64_t onnx_model_biases(const struct graph *graph) {
  uint64_t sum = 0;
  for (uint32_t v = 0; v < graph->op_count; v++) sum += graph->ops[v].bias_elements;
  return sum;
}

static void add_text(char *text, const char *more) {
  size_t used = strlen(text);
  ck_assert_uint_lt(used + strlen(more), ONNX_MODEL_TEXT_BYTES);
  memcpy(text + used, more, strlen(more) + 1);
}

static void add_row(char *text, int64_t row) {
  static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  ck_assert_int_lt(row, (int64_t)sizeof digits - 1);
  add_text(text, (char[]){digits[row], '\0'});
}

static void add_window_row(char *text, const struct row_map *map, uint32_t rows, uint32_t r) {
  for (uint32_t j = 0; j < map->kernel; j++) {
    int64_t row = (int64_t)r * map->stride + map->offset + (int64_t)j * map->dilation;
    if (row >= 0 && row < rows) add_row(text, row);
  }
}

const char *onnx_model_rows(char *text, const struct graph *graph, const char *name) {
  const struct tensor *tensor = onnx_model_tensor(graph, name);
  text[0] = '\0';
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    const struct row_map *map = &tensor->inputs[i].map;
    const struct tensor *input = &graph->tensors[tensor->inputs[i].tensor];
    add_text(text, i == 0 ? "" : " ");
    add_text(text, input->name);
    add_text(text, map->kind == ROW_STREAMED ? ":stream" : ":");
    for (uint32_t r = 0; r < tensor->rows && map->kind != ROW_STREAMED; r++) {
      add_text(text, r == 0 ? "" : "|");
      if (map->kind == ROW_WINDOW) {
        add_window_row(text, map, input->rows, r);
      } else {
        for (uint32_t j = 0; j < map->spans[r].count; j++) add_row(text, map->spans[r].first + j);
      }
    }
  }
  return text;
}

const char *onnx_model_dims(char *text, const struct tensor *tensor) {
  text[0] = '\0';
  for (uint32_t d = 0; d < tensor->rank; d++) {
    char number[24];
    snprintf(number, sizeof number, "%s%" PRIu64, d == 0 ? "" : ",", tensor->dims[d]);
    add_text(text, number);
  }
  return text;
}

const char *onnx_model_types(char *text, const struct graph *graph) {
  text[0] = '\0';
  for (uint32_t v = 0; v < graph->op_count; v++) {
    add_text(text, v == 0 ? "" : " ");
    add_text(text, graph->ops[v].type);
  }
  return text;
}

/* ---- comparing graphs ---- */

static bool same_work(const struct op_work *a, const struct op_work *b) {
  return a->filters == b->filters && a->channels == b->channels && a->groups == b->groups && a->taps == b->taps &&
         a->row_pixels == b->row_pixels && a->row_operations == b->row_operations;
}

static bool same_op(const struct op *a, const struct op *b) {
  return same_work(&a->work, &b->work) && strcmp(a->type, b->type) == 0 && a->weight_elements == b->weight_elements &&
         a->bias_elements == b->bias_elements && a->macs == b->macs && a->out_channels == b->out_channels &&
         a->first_output == b->first_output && a->output_count == b->output_count;
}

static bool same_map(const struct row_map *a, const struct row_map *b, uint32_t rows) {
  if (a->kind != b->kind) return false;
  if (a->kind == ROW_TABLE) return memcmp(a->spans, b->spans, rows * sizeof *a->spans) == 0;
  return a->kind == ROW_STREAMED || (a->stride == b->stride && a->dilation == b->dilation && a->kernel == b->kernel &&
                                     a->offset == b->offset);
}

static bool same_tensor(const struct tensor *a, const struct tensor *b) {
  if (a->producer != b->producer || a->rows != b->rows || a->row_elements != b->row_elements || a->rank != b->rank ||
      a->is_output != b->is_output || a->elementwise != b->elementwise || a->input_count != b->input_count ||
      memcmp(a->dims, b->dims, a->rank * sizeof a->dims[0]) != 0) {
    return false;
  }
  for (uint32_t i = 0; i < a->input_count; i++) {
    if (a->inputs[i].tensor != b->inputs[i].tensor) return false;
    if (!same_map(&a->inputs[i].map, &b->inputs[i].map, a->rows)) return false;
  }
  return true;
}

bool onnx_model_same(const struct graph *a, const struct graph *b) {
  if (a->batch != b->batch || a->op_count != b->op_count || a->tensor_count != b->tensor_count) return false;
  for (uint32_t v = 0; v < a->op_count; v++) {
    if (!same_op(&a->ops[v], &b->ops[v])) return false;
  }
  for (uint32_t t = 0; t < a->tensor_count; t++) {
    if (!same_tensor(&a->tensors[t], &b->tensors[t])) return false;
  }
  return true;
}
