/* Nodes whose result element needs the elements at its own place, broadcast. */
#include "graph/onnx_import.h"

/* Constants that scale or shift whole channels or more are weights; a single number, a
 * part of the operation. */
static void elementwise_weights(struct node *node, uint32_t input) {
  const struct value *value = node_input(node, input);
  if (value != NULL && shape_elements(&value->shape) > 1) node_add_weights(node, input);
}

static int elementwise_finish(struct node *node, const struct shape *out) {
  if (node_set_shape(node, 0, out) != 0) return -1;
  node->results[0].elementwise = true;
  for (uint32_t i = 0; i < node->input_count; i++) {
    node_set_rows_broadcast(node, 0, i);
    elementwise_weights(node, i);
  }
  return 0;
}

/* Row r of a result needs row r or row 0 of an input only if broadcasting lines up their
 * row axes, which it does from the last dimension on. */
static int infer_broadcast(struct node *node) {
  struct shape out = {0};
  for (uint32_t i = 0; i < node->input_count; i++) {
    const struct value *value = node->inputs[i];
    struct shape before = out;
    if (value == NULL || shape_broadcast(&out, &value->shape)) continue;
    char left[SHAPE_TEXT_BYTES], right[SHAPE_TEXT_BYTES];
    return node_error(node, "shapes %s and %s ('%s') do not broadcast", shape_text(left, &before),
                      shape_text(right, &value->shape), value->name);
  }
  return elementwise_finish(node, &out);
}

/* The result has the shape of input 0, whatever the others (slopes, scales) look like. */
static int infer_like_first(struct node *node) { return elementwise_finish(node, &node->inputs[0]->shape); }

/* ---- BatchNormalization ---- */

/* The convolution that input 0 comes from, if nobody else reads it. */
static struct draft_op *batch_norm_host(const struct node *node) {
  static const char *const hosts[] = {"Conv", "ConvTranspose", "Gemm"};
  const struct importer *importer = node->importer;
  const struct value *value = node->inputs[0];
  if (!value->active || value->uses != 1 || importer->tensors[value->tensor].name != value->name) return NULL;
  uint32_t op = importer->tensors[value->tensor].op;
  for (size_t h = 0; op != GRAPH_NO_OP && h < sizeof hosts / sizeof hosts[0]; h++) {
    if (importer->ops[op].spec.type == onnx_find_type(hosts[h])->name) return &importer->ops[op];
  }
  return NULL;
}

static int infer_batch_norm(struct node *node) {
  struct draft_op *host = node->importer->options->fold_batch_norm ? batch_norm_host(node) : NULL;
  if (host != NULL) {
    host->spec.bias_elements = host->spec.out_channels;
    node->is_view = true;
    return node_set_shape(node, 0, &node->inputs[0]->shape);
  }
  if (node_set_shape(node, 0, &node->inputs[0]->shape) != 0) return -1;
  node->results[0].elementwise = true;
  node_set_rows(node, 0, 0, ROW_MAP_SAME);
  for (uint32_t i = 1; i < 5; i++) node_add_weights(node, i);
  return 0;
}

/* Expand repeats rows and columns, so a result row is not written over an input row. */
static int infer_expand(struct node *node) {
  struct shape out = node->inputs[0]->shape, wanted = {0};
  struct int_list dims;
  if (node_int_list(node, NULL, 1, &dims) != 0) return -1;
  if (!dims.known) return 0;
  if (dims.count > GRAPH_MAX_RANK) {
    return node_error(node, "its result has %zu dimensions; at most %d are supported", dims.count, GRAPH_MAX_RANK);
  }
  wanted.rank = (uint32_t)dims.count;
  for (uint32_t d = 0; d < wanted.rank; d++) {
    if (dims.items[d] < 0) return node_error(node, "dimension %u of its new shape is negative", d);
    wanted.dims[d] = (uint64_t)dims.items[d];
  }
  if (!shape_broadcast(&out, &wanted)) {
    char from[SHAPE_TEXT_BYTES], to[SHAPE_TEXT_BYTES];
    return node_error(node, "cannot expand %s to %s", shape_text(from, &node->inputs[0]->shape),
                      shape_text(to, &wanted));
  }
  if (node_set_shape(node, 0, &out) != 0) return -1;
  node->repeats = true;
  node_set_rows_broadcast(node, 0, 0);
  return 0;
}

#define UNARY(name) {name, infer_broadcast, 1, 1, 1, false}
#define BINARY(name) {name, infer_broadcast, 2, 2, 1, false}
#define VARIADIC(name) {name, infer_broadcast, 1, NODE_MAX_ARITY, 1, false}

static const struct node_type types[] = {
    UNARY("Abs"),
    UNARY("Acos"),
    UNARY("Acosh"),
    BINARY("Add"),
    BINARY("And"),
    UNARY("Asin"),
    UNARY("Asinh"),
    UNARY("Atan"),
    UNARY("Atanh"),
    {"BatchNormalization", infer_batch_norm, 5, 5, 1, false},
    BINARY("BitShift"),
    UNARY("Ceil"),
    UNARY("Celu"),
    {"Clip", infer_like_first, 1, 3, 1, false},
    UNARY("Cos"),
    UNARY("Cosh"),
    {"DequantizeLinear", infer_like_first, 2, 3, 1, false},
    BINARY("Div"),
    UNARY("Elu"),
    BINARY("Equal"),
    UNARY("Erf"),
    UNARY("Exp"),
    {"Expand", infer_expand, 2, 2, 1, false},
    UNARY("Floor"),
    UNARY("Gelu"),
    BINARY("Greater"),
    BINARY("GreaterOrEqual"),
    UNARY("HardSigmoid"),
    UNARY("HardSwish"),
    UNARY("IsInf"),
    UNARY("IsNaN"),
    UNARY("LeakyRelu"),
    BINARY("Less"),
    BINARY("LessOrEqual"),
    UNARY("Log"),
    VARIADIC("Max"),
    VARIADIC("Mean"),
    VARIADIC("Min"),
    UNARY("Mish"),
    BINARY("Mod"),
    BINARY("Mul"),
    UNARY("Neg"),
    UNARY("Not"),
    BINARY("Or"),
    BINARY("Pow"),
    {"PRelu", infer_like_first, 2, 2, 1, false},
    {"QuantizeLinear", infer_like_first, 2, 3, 1, false},
    UNARY("Reciprocal"),
    UNARY("Relu"),
    UNARY("Round"),
    UNARY("Selu"),
    UNARY("Shrink"),
    UNARY("Sigmoid"),
    UNARY("Sign"),
    UNARY("Sin"),
    UNARY("Sinh"),
    UNARY("Softplus"),
    UNARY("Softsign"),
    UNARY("Sqrt"),
    BINARY("Sub"),
    VARIADIC("Sum"),
    UNARY("Swish"),
    UNARY("Tan"),
    UNARY("Tanh"),
    UNARY("ThresholdedRelu"),
    {"Where", infer_broadcast, 3, 3, 1, false},
    BINARY("Xor"),
};

const struct node_family onnx_elementwise_family = {types, sizeof types / sizeof types[0]};
