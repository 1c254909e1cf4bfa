/* Nodes whose result is a constant: given in the file, or made from shapes. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "graph/onnx_import.h"

/* ---- Constant ---- */

/* The lists that a Constant may hold instead of a tensor. */
static uint64_t constant_list_count(const Onnx__AttributeProto *attribute) {
  return attribute->n_ints != 0 ? attribute->n_ints : attribute->n_floats != 0 ? attribute->n_floats
                                                                                : attribute->n_strings;
}

static const Onnx__AttributeProto *constant_attribute(const struct node *node) {
  return node->proto->n_attribute == 1 ? node->proto->attribute[0] : NULL;
}

static int infer_constant(struct node *node) {
  const Onnx__AttributeProto *attribute = constant_attribute(node);
  struct shape shape = {0};
  struct error cause = ERROR_INIT;
  if (attribute == NULL || attribute->name == NULL) {
    return node_error(node, "expected one attribute that holds its value");
  }
  if (attribute->t != NULL || attribute->sparse_tensor != NULL) {
    Onnx__TensorProto dense = {0};
    if (attribute->sparse_tensor != NULL) {
      dense.n_dims = attribute->sparse_tensor->n_dims;
      dense.dims = attribute->sparse_tensor->dims;
    }
    if (onnx_tensor_shape(attribute->t != NULL ? attribute->t : &dense, &shape, &cause) != 0) {
      return node_error(node, "%s", cause.message);
    }
  } else if (strcmp(attribute->name, "value_ints") == 0 || strcmp(attribute->name, "value_floats") == 0 ||
             strcmp(attribute->name, "value_strings") == 0) {
    shape = (struct shape){.rank = 1, .dims = {constant_list_count(attribute)}};
  }
  return node_set_shape(node, 0, &shape);
}

static bool fold_constant_tensor(struct fold *fold, const Onnx__TensorProto *proto) {
  struct value value = {.shape = fold->result->shape, .proto = proto};
  if (!onnx_value_decode(fold->node->importer, &value) || value.numbers.items == NULL) return false;
  fold->kind = value.numbers.kind;
  memcpy(fold->out, value.numbers.items, fold->count * sizeof *fold->out);
  return true;
}

static bool fold_constant(struct fold *fold) {
  const Onnx__AttributeProto *attribute = constant_attribute(fold->node);
  if (attribute->t != NULL) return fold_constant_tensor(fold, attribute->t);
  bool has_int = attribute->n_ints > 0 || attribute->has_i;
  if (!has_int && attribute->n_floats == 0 && !attribute->has_f) return false;
  fold->kind = has_int ? NUMBER_INT : NUMBER_FLOAT;
  for (uint64_t i = 0; i < fold->count; i++) {
    if (has_int) {
      if (attribute->n_ints > 0 && i >= attribute->n_ints) return false;
      fold->out[i].i = attribute->n_ints > 0 ? attribute->ints[i] : attribute->i;
    } else {
      if (attribute->n_floats > 0 && i >= attribute->n_floats) return false;
      fold->out[i].f = (double)(attribute->n_floats > 0 ? attribute->floats[i] : attribute->f);
    }
  }
  return true;
}

/* ---- ConstantOfShape ---- */

static int infer_constant_of_shape(struct node *node) {
  struct shape out = {0};
  struct int_list dims;
  if (node_int_list(node, NULL, 0, &dims) != 0) return -1;
  if (!dims.known) return 0;
  if (dims.count > GRAPH_MAX_RANK) {
    return node_error(node, "its result has %zu dimensions; at most %d are supported", dims.count, GRAPH_MAX_RANK);
  }
  out.rank = (uint32_t)dims.count;
  for (uint32_t d = 0; d < out.rank; d++) {
    if (dims.items[d] < 0) return node_error(node, "dimension %u of its shape is %" PRId64, d, dims.items[d]);
    out.dims[d] = (uint64_t)dims.items[d];
  }
  return node_set_shape(node, 0, &out);
}

static bool fold_constant_of_shape(struct fold *fold) {
  const Onnx__AttributeProto *attribute = node_attribute(fold->node, "value");
  union number fill = {.f = 0};
  fold->kind = NUMBER_FLOAT;
  if (attribute != NULL && attribute->t != NULL) {
    struct value value = {.shape = {.rank = 1, .dims = {1}}, .proto = attribute->t};
    if (!onnx_value_decode(fold->node->importer, &value) || value.numbers.items == NULL) return false;
    fold->kind = value.numbers.kind;
    fill = value.numbers.items[0];
  }
  for (uint64_t i = 0; i < fold->count; i++) fold->out[i] = fill;
  return true;
}

/* ---- Shape, Size ---- */

/* The part of the shape that is asked for, from opset 15 on; as a slice is clamped. */
static void shape_part(const struct node *node, uint32_t *from, uint32_t *to) {
  int64_t rank = node->inputs[0]->shape.rank;
  int64_t start = node_int(node, "start", 0), end = node_int(node, "end", rank);
  if (start < 0) start += rank;
  if (end < 0) end += rank;
  start = start < 0 ? 0 : start > rank ? rank : start;
  end = end < start ? start : end > rank ? rank : end;
  *from = (uint32_t)start;
  *to = (uint32_t)end;
}

static int infer_shape(struct node *node) {
  uint32_t from, to;
  shape_part(node, &from, &to);
  const struct shape out = {.rank = 1, .dims = {to - from}};
  return node_set_shape(node, 0, &out);
}

static bool fold_shape(struct fold *fold) {
  uint32_t from, to;
  shape_part(fold->node, &from, &to);
  fold->kind = NUMBER_INT;
  for (uint32_t d = from; d < to; d++) fold->out[d - from].i = (int64_t)fold->node->inputs[0]->shape.dims[d];
  return true;
}

static int infer_size(struct node *node) { return node_set_shape(node, 0, &(struct shape){0}); }

static bool fold_size(struct fold *fold) {
  fold->kind = NUMBER_INT;
  fold->out[0].i = (int64_t)shape_elements(&fold->node->inputs[0]->shape);
  return true;
}

/* ---- Range ---- */

/* Start, limit and step as doubles: exact for every size that is accepted. */
static bool range_read(struct node *node, double *settings, enum number_kind *kind) {
  for (uint32_t i = 0; i < 3; i++) {
    const struct numbers *numbers = node_numbers(node, i);
    if (numbers == NULL || shape_elements(&node->inputs[i]->shape) != 1) return false;
    *kind = numbers->kind;
    settings[i] = number_to_double(numbers->kind, numbers->items[0]);
  }
  return true;
}

static int infer_range(struct node *node) {
  double settings[3];
  enum number_kind kind;
  if (!range_read(node, settings, &kind)) return 0;
  double count = ceil((settings[1] - settings[0]) / settings[2]);
  if (settings[2] == 0.0 || !(count <= (double)SHAPE_MAX_ELEMENTS)) {
    return node_error(node, "a range from %g to %g by %g is endless", settings[0], settings[1], settings[2]);
  }
  const struct shape out = {.rank = 1, .dims = {count > 0 ? (uint64_t)count : 0}};
  return node_set_shape(node, 0, &out);
}

static bool fold_range(struct fold *fold) {
  double settings[3];
  if (!range_read(fold->node, settings, &fold->kind)) return false;
  for (uint64_t i = 0; i < fold->count; i++) {
    double value = settings[0] + (double)i * settings[2];
    if (fold->kind == NUMBER_INT && !(fabs(value) < 0x1p62)) return false;
    fold->out[i] = number_from_double(fold->kind, value);
  }
  return true;
}

static const struct node_type types[] = {
    {"Constant", infer_constant, 0, 0, 1, true},
    {"ConstantOfShape", infer_constant_of_shape, 1, 1, 1, true},
    {"Range", infer_range, 3, 3, 1, false},
    {"Shape", infer_shape, 1, 1, 1, true},
    {"Size", infer_size, 1, 1, 1, true},
};

const struct node_family onnx_constant_family = {types, sizeof types / sizeof types[0]};

static const struct fold_rule rules[] = {
    {"Constant", fold_constant, true}, {"ConstantOfShape", fold_constant_of_shape, false},
    {"Range", fold_range, false},      {"Shape", fold_shape, true},
    {"Size", fold_size, true},
};

const struct fold_rules onnx_constant_folds = {rules, sizeof rules / sizeof rules[0]};
