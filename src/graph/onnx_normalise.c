/* Nodes that keep the shape and relate the elements along some axes: softmax, norms. */
#include "graph/onnx_import.h"

/* Row by row if none of the axes in mask is the row axis; a shape that is one row always. */
static int normalise_set(struct node *node, uint32_t mask) {
  const struct shape *shape = &node->inputs[0]->shape;
  uint32_t rows = shape_row_axis(shape);
  if (node_set_shape(node, 0, shape) != 0) return -1;
  if (rows == SHAPE_NO_AXIS || (mask >> rows & 1) == 0) node_set_rows(node, 0, 0, ROW_MAP_SAME);
  return 0;
}

/* Until opset 12 everything from the axis on is flattened and normalised together. */
static int infer_softmax(struct node *node) {
  uint32_t rank = node->inputs[0]->shape.rank, axis;
  bool flattens = node->opset < 13;
  if (rank == 0) return normalise_set(node, 0);
  int64_t given = node_int(node, "axis", flattens && rank > 1 ? 1 : -1);
  if (node_axis(node, given, rank, &axis) != 0) return -1;
  return normalise_set(node, flattens ? ~0u << axis : 1u << axis);
}

static int infer_one_axis(struct node *node) {
  uint32_t axis;
  if (node_axis(node, node_int(node, "axis", -1), node->inputs[0]->shape.rank, &axis) != 0) return -1;
  return normalise_set(node, 1u << axis);
}

/* Over neighbouring channels, the second axis. */
static int infer_lrn(struct node *node) { return normalise_set(node, 1u << 1); }

/* Over everything from the axis on. The mean and deviation have size 1 there. */
static int infer_layer_norm(struct node *node) {
  const struct shape *in = &node->inputs[0]->shape;
  uint32_t axis;
  if (node_axis(node, node_int(node, "axis", -1), in->rank, &axis) != 0) return -1;
  if (normalise_set(node, ~0u << axis) != 0) return -1;
  struct shape statistics = *in;
  for (uint32_t d = axis; d < in->rank; d++) statistics.dims[d] = 1;
  bool by_row = in->rank >= 3 && axis == in->rank - 1;
  for (uint32_t k = 1; k < node->result_count; k++) {
    if (node_set_shape(node, k, &statistics) != 0) return -1;
    if (by_row) node_set_rows(node, k, 0, ROW_MAP_SAME);
  }
  node_add_weights(node, 1);
  node_add_weights(node, 2);
  return 0;
}

/* Over each channel's whole map. */
static int infer_map_norm(struct node *node) {
  node_add_weights(node, 1);
  node_add_weights(node, 2);
  return normalise_set(node, ~0u);
}

static int infer_mean_variance(struct node *node) {
  static const int64_t usual[] = {0, 2, 3};
  struct int_list axes;
  uint32_t mask;
  if (node_int_list(node, "axes", NODE_NO_INPUT, &axes) != 0) return -1;
  if (!axes.given) axes = (struct int_list){.items = usual, .count = 3, .known = true};
  if (node_axes(node, &axes, node->inputs[0]->shape.rank, &mask) != 0) return -1;
  return normalise_set(node, mask);
}

static int infer_cumulate(struct node *node) {
  struct int_list axis;
  uint32_t mask = ~0u;
  if (node_int_list(node, NULL, 1, &axis) != 0) return -1;
  if (axis.known && node_axes(node, &axis, node->inputs[0]->shape.rank, &mask) != 0) return -1;
  return normalise_set(node, mask);
}

/* Keeps or clears each element by its place alone. */
static int infer_by_place(struct node *node) { return normalise_set(node, 0); }

static const struct node_type types[] = {
    {"CumSum", infer_cumulate, 2, 2, 1, false},
    {"GroupNormalization", infer_map_norm, 3, 3, 1, false},
    {"Hardmax", infer_softmax, 1, 1, 1, false},
    {"InstanceNormalization", infer_map_norm, 3, 3, 1, false},
    {"LRN", infer_lrn, 1, 1, 1, false},
    {"LayerNormalization", infer_layer_norm, 2, 3, 3, false},
    {"LogSoftmax", infer_softmax, 1, 1, 1, false},
    {"LpNormalization", infer_one_axis, 1, 1, 1, false},
    {"MeanVarianceNormalization", infer_mean_variance, 1, 1, 1, false},
    {"Softmax", infer_softmax, 1, 1, 1, false},
    {"Trilu", infer_by_place, 1, 2, 1, false},
};

const struct node_family onnx_normalise_family = {types, sizeof types / sizeof types[0]};
