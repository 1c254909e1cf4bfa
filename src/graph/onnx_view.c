/* Nodes that leave the elements as they are: folded away, or another shape of the same
 * tensor. */
#include <inttypes.h>
#include <string.h>

#include "graph/onnx_import.h"

static void set_view(struct node *node) { node->is_view = node->keeps_numbers = true; }

/* The result is input 0; in inference that holds for Dropout too. */
static int infer_same(struct node *node) {
  set_view(node);
  return node_set_shape(node, 0, &node->inputs[0]->shape);
}

/* The type of the numbers does not matter to rows, only to the numbers themselves. */
static int infer_cast(struct node *node) {
  node->is_view = true;
  return node_set_shape(node, 0, &node->inputs[0]->shape);
}

static int infer_flatten(struct node *node) {
  const struct shape *in = &node->inputs[0]->shape;
  struct shape head = {0}, tail = {0};
  int64_t axis = node_int(node, "axis", 1);
  if (axis < 0) axis += in->rank;
  if (axis < 0 || axis > in->rank) {
    return node_error(node, "axis %" PRId64 " does not exist; its input has %u dimensions", axis, in->rank);
  }
  head.rank = (uint32_t)axis;
  tail.rank = in->rank - head.rank;
  memcpy(head.dims, in->dims, head.rank * sizeof in->dims[0]);
  memcpy(tail.dims, in->dims + axis, tail.rank * sizeof in->dims[0]);
  struct shape out = {.rank = 2, .dims = {shape_elements(&head), shape_elements(&tail)}};
  set_view(node);
  return node_set_shape(node, 0, &out);
}

/* ---- Reshape ---- */

/* Fills in the dimension of -1. */
static int reshape_infer_dim(struct node *node, struct shape *out, uint32_t open, uint64_t elements) {
  out->dims[open] = 1;
  uint64_t others = shape_elements(out);
  if (others == 0 || others == UINT64_MAX || elements % others != 0) {
    char text[SHAPE_TEXT_BYTES];
    return node_error(node, "%" PRIu64 " elements do not divide into %s with dimension %u free", elements,
                      shape_text(text, out), open);
  }
  out->dims[open] = elements / others;
  return 0;
}

static int infer_reshape(struct node *node) {
  const struct shape *in = &node->inputs[0]->shape;
  struct shape out = {0};
  struct int_list dims;
  uint32_t open = SHAPE_NO_AXIS;
  set_view(node);
  if (node_int_list(node, "shape", 1, &dims) != 0) return -1;
  if (!dims.given) return node_error(node, "its new shape is missing");
  if (!dims.known) return 0;
  if (dims.count > GRAPH_MAX_RANK) {
    return node_error(node, "its result has %zu dimensions; at most %d are supported", dims.count, GRAPH_MAX_RANK);
  }
  out.rank = (uint32_t)dims.count;
  bool zero_is_zero = node_int(node, "allowzero", 0) != 0;
  for (uint32_t d = 0; d < out.rank; d++) {
    int64_t dim = dims.items[d];
    if (dim < -1 || (dim == -1 && open != SHAPE_NO_AXIS) || (dim == 0 && !zero_is_zero && d >= in->rank)) {
      return node_error(node, "dimension %u of its new shape is %" PRId64 "; expected a size, 0 to keep one of the "
                              "input's %u dimensions, or -1 once",
                        d, dim, in->rank);
    }
    if (dim == -1) open = d;
    out.dims[d] = dim == 0 && !zero_is_zero ? in->dims[d] : (uint64_t)dim;
  }
  if (open != SHAPE_NO_AXIS && reshape_infer_dim(node, &out, open, shape_elements(in)) != 0) return -1;
  return node_set_shape(node, 0, &out);
}

/* ---- Squeeze, Unsqueeze ---- */

static int infer_squeeze(struct node *node) {
  struct shape out = node->inputs[0]->shape;
  struct int_list axes;
  uint32_t mask = 0, rank = out.rank;
  set_view(node);
  if (node_int_list(node, "axes", 1, &axes) != 0) return -1;
  if (!axes.known) return 0;
  if (node_axes(node, &axes, rank, &mask) != 0) return -1;
  for (uint32_t d = rank; d-- > 0;) {
    bool named = (mask >> d & 1) != 0;
    if (named && out.dims[d] != 1) {
      return node_error(node, "cannot squeeze axis %u, whose size is %" PRIu64 "; expected 1", d, out.dims[d]);
    }
    if (named || (!axes.given && out.dims[d] == 1)) shape_remove_axis(&out, d);
  }
  return node_set_shape(node, 0, &out);
}

static int infer_unsqueeze(struct node *node) {
  struct shape out = node->inputs[0]->shape;
  struct int_list axes;
  uint32_t mask = 0;
  set_view(node);
  if (node_int_list(node, "axes", 1, &axes) != 0) return -1;
  if (!axes.given) return node_error(node, "its axes are missing");
  if (!axes.known) return 0;
  if (axes.count > GRAPH_MAX_RANK - out.rank) {
    return node_error(node, "its result has %zu dimensions; at most %d are supported", out.rank + axes.count,
                      GRAPH_MAX_RANK);
  }
  uint32_t rank = out.rank + (uint32_t)axes.count;
  if (node_axes(node, &axes, rank, &mask) != 0) return -1;
  for (uint32_t d = 0; d < rank; d++) {
    if ((mask >> d & 1) != 0) shape_insert_axis(&out, d, 1);
  }
  return node_set_shape(node, 0, &out);
}

static const struct node_type types[] = {
    {"Cast", infer_cast, 1, 1, 1, false},
    {"CastLike", infer_cast, 2, 2, 1, false},
    {"Dropout", infer_same, 1, 3, 1, false},
    {"Flatten", infer_flatten, 1, 1, 1, false},
    {"Identity", infer_same, 1, 1, 1, false},
    {"Reshape", infer_reshape, 1, 2, 1, false},
    {"Squeeze", infer_squeeze, 1, 2, 1, false},
    {"Unsqueeze", infer_unsqueeze, 1, 2, 1, false},
};

const struct node_family onnx_view_family = {types, sizeof types / sizeof types[0]};
