/* What infer functions ask of a node and say about its results. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "graph/onnx_import.h"
#include "util/saturate.h"

int node_error(const struct node *node, const char *format, ...) {
  char message[ERROR_MESSAGE_BYTES];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  const char *type = node->proto->op_type == NULL ? "" : node->proto->op_type;
  return error_input(node->err, node->importer->path, 0, "node '%s' (%s): %s", node->name, type, message);
}

const struct value *node_input(const struct node *node, uint32_t input) {
  return input < node->input_count ? node->inputs[input] : NULL;
}

/* ---- attributes ---- */

const Onnx__AttributeProto *node_attribute(const struct node *node, const char *name) {
  for (size_t a = 0; a < node->proto->n_attribute; a++) {
    const Onnx__AttributeProto *attribute = node->proto->attribute[a];
    if (attribute->name != NULL && strcmp(attribute->name, name) == 0) return attribute;
  }
  return NULL;
}

int64_t node_int(const struct node *node, const char *name, int64_t fallback) {
  const Onnx__AttributeProto *attribute = node_attribute(node, name);
  return attribute != NULL && attribute->has_i ? attribute->i : fallback;
}

int node_choice(const struct node *node, const char *name, const char *const *choices, size_t count,
                const char *fallback, size_t *choice) {
  const Onnx__AttributeProto *attribute = node_attribute(node, name);
  const char *text = fallback;
  size_t length = strlen(fallback);
  if (attribute != NULL && attribute->has_s) {
    text = attribute->s.data == NULL ? "" : (const char *)attribute->s.data;
    length = attribute->s.len;
  }
  for (size_t c = 0; c < count; c++) {
    if (strlen(choices[c]) == length && memcmp(choices[c], text, length) == 0) {
      *choice = c;
      return 0;
    }
  }
  char known[256] = "";
  size_t used = 0;
  for (size_t c = 0; c < count && used < sizeof known; c++) {
    used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", c == 0 ? "" : ", ", choices[c]);
  }
  return node_error(node, "attribute '%s' is '%.*s'; expected one of %s", name, (int)(length < 64 ? length : 64),
                    text, known);
}

/* ---- numbers ---- */

const struct numbers *node_numbers(struct node *node, uint32_t input) {
  struct value *value = input < node->input_count ? node->inputs[input] : NULL;
  if (value == NULL) return NULL;
  if (!value->active && onnx_value_decode(node->importer, value) && value->numbers.items != NULL) {
    return &value->numbers;
  }
  node->unknown = value;
  return NULL;
}

static int int_list_from_input(struct node *node, uint32_t input, struct int_list *list) {
  const struct value *value = node_input(node, input);
  if (value == NULL) return 0;
  list->given = true;
  const struct numbers *numbers = node_numbers(node, input);
  list->known = numbers != NULL;
  if (numbers == NULL) return 0;
  if (numbers->kind != NUMBER_INT) {
    return node_error(node, "input '%s' holds fractions; expected whole numbers", value->name);
  }
  list->count = (size_t)shape_elements(&value->shape);
  int64_t *items = ARENA_NEW(&node->importer->scratch, int64_t, list->count);
  if (items == NULL) return error_memory(node->err);
  for (size_t i = 0; i < list->count; i++) items[i] = numbers->items[i].i;
  list->items = items;
  return 0;
}

int node_int_list(struct node *node, const char *attribute, uint32_t input, struct int_list *list) {
  *list = (struct int_list){.known = true};
  const Onnx__AttributeProto *found = attribute == NULL ? NULL : node_attribute(node, attribute);
  if (found == NULL) return input == NODE_NO_INPUT ? 0 : int_list_from_input(node, input, list);
  list->given = true;
  list->items = found->ints;
  list->count = found->n_ints;
  if (found->n_ints == 0 && found->has_i) {
    list->items = &found->i;
    list->count = 1;
  }
  return 0;
}

/* ---- axes ---- */

int node_axis(const struct node *node, int64_t axis, uint32_t rank, uint32_t *out) {
  int64_t from_front = axis < 0 ? axis + rank : axis;
  if (from_front < 0 || from_front >= rank) {
    return node_error(node, "axis %" PRId64 " does not exist; its input has %u dimensions", axis, rank);
  }
  *out = (uint32_t)from_front;
  return 0;
}

int node_axes(const struct node *node, const struct int_list *axes, uint32_t rank, uint32_t *mask) {
  *mask = 0;
  for (size_t i = 0; i < axes->count; i++) {
    uint32_t axis = 0;
    if (node_axis(node, axes->items[i], rank, &axis) != 0) return -1;
    if ((*mask >> axis & 1) != 0) return node_error(node, "axis %u is named twice", axis);
    *mask |= 1u << axis;
  }
  return 0;
}

/* ---- results ---- */

int node_set_shape(struct node *node, uint32_t result, const struct shape *shape) {
  if (result >= node->result_count) return 0;
  if (shape_elements(shape) == UINT64_MAX) {
    char text[SHAPE_TEXT_BYTES];
    return node_error(node, "output %u has shape %s, which is more than 2^40 elements", result,
                      shape_text(text, shape));
  }
  struct result *set = &node->results[result];
  set->shape = (struct shape){.rank = shape->rank};
  memcpy(set->shape.dims, shape->dims, shape->rank * sizeof shape->dims[0]);
  set->known = true;
  return 0;
}

static struct input_rows *node_rows(struct node *node, uint32_t result, uint32_t input) {
  if (result >= node->result_count || node->results[result].value == NULL || input >= node->input_count) return NULL;
  return &node->results[result].inputs[input];
}

void node_set_rows(struct node *node, uint32_t result, uint32_t input, struct row_map map) {
  struct input_rows *rows = node_rows(node, result, input);
  if (rows != NULL) rows->map = map;
}

void node_set_rows_broadcast(struct node *node, uint32_t result, uint32_t input) {
  const struct value *value = node_input(node, input);
  if (value == NULL || result >= node->result_count) return;
  uint64_t rows_in = shape_rows(&value->shape), rows_out = shape_rows(&node->results[result].shape);
  if (rows_in == rows_out) {
    node_set_rows(node, result, input, ROW_MAP_SAME);
  } else if (rows_in == 1) {
    node_set_rows(node, result, input, ROW_MAP_FIRST);
  }
}

void node_set_reduces(struct node *node, uint32_t result, uint32_t input) {
  struct input_rows *rows = node_rows(node, result, input);
  if (rows != NULL) rows->reduces = true;
}

int node_new_spans(struct node *node, uint64_t rows, struct row_span **spans) {
  struct importer *importer = node->importer;
  if (rows > importer->spans_left) {
    return node_error(node, "its output has %" PRIu64 " rows, too many for an op that picks rows one by one", rows);
  }
  importer->spans_left -= rows;
  *spans = ARENA_NEW(&importer->arena, struct row_span, rows);
  return *spans == NULL ? error_memory(node->err) : 0;
}

/* What Expand repeats, such as the class token of each image, is stored once. */
void node_add_weights(struct node *node, uint32_t input) {
  const struct value *value = node_input(node, input);
  if (value == NULL || value->active) return;
  node->cost.weight_elements += value->stored != 0 ? value->stored : shape_elements(&value->shape);
}

void node_set_macs(struct node *node, uint64_t outputs, uint64_t per_output) {
  node->cost.macs = saturate_divide(saturate_multiply(outputs, per_output), node->importer->batch);
}

/* The first axis holds the images of the batch; the row axis is one firing each. */
void node_set_work(struct node *node, const enum axis_role *roles, uint64_t taps, uint64_t channels) {
  const struct shape *out = &node->results[0].shape;
  uint64_t sizes[] = {[AXIS_PIXEL] = 1, [AXIS_FILTER] = 1, [AXIS_GROUP] = 1};
  for (uint32_t d = 0; d < out->rank; d++) {
    if (d == shape_row_axis(out)) continue;
    uint64_t size = d == 0 ? saturate_divide(out->dims[d], node->importer->batch) : out->dims[d];
    sizes[roles[d]] = saturate_multiply(sizes[roles[d]], size);
  }
  node->cost.work = (struct op_work){
      .filters = saturate_multiply(sizes[AXIS_GROUP], sizes[AXIS_FILTER]),
      .channels = saturate_multiply(sizes[AXIS_GROUP], channels),
      .groups = sizes[AXIS_GROUP],
      .taps = taps,
      .row_pixels = sizes[AXIS_PIXEL],
  };
}
