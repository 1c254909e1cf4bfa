/* Nodes that reduce axes to one number. */
#include "graph/onnx_import.h"

static struct shape reduced_shape(const struct shape *in, uint32_t mask, bool keep) {
  struct shape out = *in;
  for (uint32_t d = in->rank; d-- > 0;) {
    if ((mask >> d & 1) == 0) continue;
    if (keep) {
      out.dims[d] = 1;
    } else {
      shape_remove_axis(&out, d);
    }
  }
  return out;
}

/* Where the row axis of the input is among the axes that are left. */
static uint32_t axis_after(uint32_t axis, uint32_t mask, bool keep) {
  return keep ? axis : axis - (uint32_t)__builtin_popcount(mask & ((1u << axis) - 1));
}

/* may_stream: the result can be accumulated from rows as they come. */
static int reduce_set(struct node *node, uint32_t mask, bool may_stream) {
  const struct shape *in = &node->inputs[0]->shape;
  bool keep = node_int(node, "keepdims", 1) != 0;
  struct shape out = reduced_shape(in, mask, keep);
  if (node_set_shape(node, 0, &out) != 0) return -1;
  node->operations = shape_elements(in);
  uint32_t rows_in = shape_row_axis(in), rows_out = shape_row_axis(&out);
  if (may_stream && mask != 0) node_set_reduces(node, 0, 0);
  if (rows_in == SHAPE_NO_AXIS) {
    node_set_rows_broadcast(node, 0, 0);
  } else if ((mask >> rows_in & 1) != 0) {
    if (may_stream && shape_rows(&out) == 1) node_set_rows(node, 0, 0, ROW_MAP_STREAMED);
  } else if (rows_out == axis_after(rows_in, mask, keep)) {
    node_set_rows(node, 0, 0, ROW_MAP_SAME);
  }
  return 0;
}

/* Axes are an attribute, or from opset 13 (ReduceSum) and 18 on an input; none means all,
 * unless the node says that none means none. */
static int infer_reduce(struct node *node) {
  uint32_t rank = node->inputs[0]->shape.rank, mask;
  struct int_list axes;
  if (node_int_list(node, "axes", 1, &axes) != 0) return -1;
  if (!axes.known) return 0;
  if (node_axes(node, &axes, rank, &mask) != 0) return -1;
  if (axes.count == 0 && node_int(node, "noop_with_empty_axes", 0) == 0) mask = (1u << rank) - 1;
  return reduce_set(node, mask, true);
}

static int infer_arg(struct node *node) {
  uint32_t axis;
  if (node_axis(node, node_int(node, "axis", 0), node->inputs[0]->shape.rank, &axis) != 0) return -1;
  return reduce_set(node, 1u << axis, false);
}

#define REDUCE(name) {name, infer_reduce, 1, 2, 1, false}

static const struct node_type types[] = {
    {"ArgMax", infer_arg, 1, 1, 1, false},
    {"ArgMin", infer_arg, 1, 1, 1, false},
    REDUCE("ReduceL1"),
    REDUCE("ReduceL2"),
    REDUCE("ReduceLogSum"),
    REDUCE("ReduceLogSumExp"),
    REDUCE("ReduceMax"),
    REDUCE("ReduceMean"),
    REDUCE("ReduceMin"),
    REDUCE("ReduceProd"),
    REDUCE("ReduceSum"),
    REDUCE("ReduceSumSquare"),
};

const struct node_family onnx_reduce_family = {types, sizeof types / sizeof types[0]};
