/* Nodes that pick or place elements by indices. */
#include <inttypes.h>
#include <string.h>

#include "graph/onnx_import.h"

static int too_many_dims(const struct node *node, uint32_t rank) {
  return node_error(node, "its result has %u dimensions; at most %d are supported", rank, GRAPH_MAX_RANK);
}

/* ---- Gather ---- */

/* Picks rows on the row axis: a table if they ascend, so that they can come in order. */
static int gather_rows(struct node *node) {
  const struct shape *in = &node->inputs[0]->shape, *indices = &node->inputs[1]->shape;
  const struct numbers *numbers = node_numbers(node, 1);
  int64_t rows = (int64_t)shape_rows(in), before = 0;
  if (!node->inputs[0]->active || numbers == NULL || numbers->kind != NUMBER_INT || indices->rank > 1) return 0;
  uint64_t count = shape_elements(indices);
  struct row_span *spans;
  if (node_new_spans(node, count, &spans) != 0) return -1;
  for (uint64_t i = 0; i < count; i++) {
    int64_t row = numbers->items[i].i;
    if (row < -rows || row >= rows) {
      return node_error(node, "index %" PRId64 " is not among the %" PRId64 " of its axis", row, rows);
    }
    row += row < 0 ? rows : 0;
    if (row < before) return 0;
    before = row;
    spans[i] = (struct row_span){(uint32_t)row, 1};
  }
  struct row_map one = {.kind = ROW_WINDOW, .dilation = 1, .kernel = 1, .offset = before};
  bool scalar = indices->rank == 0;
  node_set_rows(node, 0, 0, scalar ? one : (struct row_map){.kind = ROW_TABLE, .spans = spans});
  return 0;
}

static int infer_gather(struct node *node) {
  const struct shape *in = &node->inputs[0]->shape, *indices = &node->inputs[1]->shape;
  struct shape out = {0};
  uint32_t axis;
  if (node_axis(node, node_int(node, "axis", 0), in->rank, &axis) != 0) return -1;
  if (in->rank - 1 + indices->rank > GRAPH_MAX_RANK) return too_many_dims(node, in->rank - 1 + indices->rank);
  out.rank = in->rank - 1 + indices->rank;
  memcpy(out.dims, in->dims, axis * sizeof in->dims[0]);
  memcpy(out.dims + axis, indices->dims, indices->rank * sizeof in->dims[0]);
  memcpy(out.dims + axis + indices->rank, in->dims + axis + 1, (in->rank - 1 - axis) * sizeof in->dims[0]);
  if (node_set_shape(node, 0, &out) != 0) return -1;
  node_add_weights(node, 0); /* a table that indices computed from the input look up */
  uint32_t row_axis = shape_row_axis(in);
  if (row_axis == SHAPE_NO_AXIS) return 0;
  if (axis == row_axis) return gather_rows(node);
  uint32_t moved_to = axis < row_axis ? row_axis + indices->rank - 1 : row_axis;
  if (moved_to == shape_row_axis(&out)) node_set_rows(node, 0, 0, ROW_MAP_SAME);
  return 0;
}

/* ---- others: all rows of every input ---- */

static int infer_like_data(struct node *node) {
  node_add_weights(node, 0);
  return node_set_shape(node, 0, &node->inputs[0]->shape);
}

static int infer_like_indices(struct node *node) {
  node_add_weights(node, 0);
  return node_set_shape(node, 0, &node->inputs[1]->shape);
}

/* [batch..., indices..., what is left of the data] */
static int infer_gather_nd(struct node *node) {
  const struct shape *in = &node->inputs[0]->shape, *indices = &node->inputs[1]->shape;
  struct shape out = *indices;
  int64_t batch = node_int(node, "batch_dims", 0);
  uint64_t picked = indices->rank == 0 ? 0 : indices->dims[indices->rank - 1];
  if (indices->rank == 0 || batch < 0 || batch >= indices->rank || picked > in->rank ||
      (uint64_t)batch + picked > in->rank) {
    return node_error(node, "its indices do not fit its data of %u dimensions", in->rank);
  }
  uint32_t first_left = (uint32_t)batch + (uint32_t)picked, left = in->rank - first_left;
  out.rank = indices->rank - 1 + left;
  if (out.rank > GRAPH_MAX_RANK) return too_many_dims(node, out.rank);
  memcpy(out.dims + indices->rank - 1, in->dims + first_left, left * sizeof in->dims[0]);
  node_add_weights(node, 0);
  return node_set_shape(node, 0, &out);
}

static int infer_top_k(struct node *node) {
  struct shape out = node->inputs[0]->shape;
  struct int_list k;
  uint32_t axis;
  if (node_axis(node, node_int(node, "axis", -1), out.rank, &axis) != 0) return -1;
  if (node_int_list(node, "k", 1, &k) != 0) return -1;
  if (!k.given) return node_error(node, "its k is missing");
  if (!k.known) return 0;
  if (k.count != 1 || k.items[0] < 1 || (uint64_t)k.items[0] > out.dims[axis]) {
    return node_error(node, "its k is not one number between 1 and %" PRIu64, out.dims[axis]);
  }
  out.dims[axis] = (uint64_t)k.items[0];
  for (uint32_t r = 0; r < node->result_count; r++) {
    if (node_set_shape(node, r, &out) != 0) return -1;
  }
  return 0;
}

static int infer_one_hot(struct node *node) {
  struct shape out = node->inputs[0]->shape;
  struct int_list depth;
  uint32_t axis;
  if (out.rank == GRAPH_MAX_RANK) return too_many_dims(node, out.rank + 1);
  if (node_axis(node, node_int(node, "axis", -1), out.rank + 1, &axis) != 0) return -1;
  if (node_int_list(node, NULL, 1, &depth) != 0) return -1;
  if (!depth.known) return 0;
  if (depth.count != 1 || depth.items[0] < 1) return node_error(node, "its depth is not one number of 1 or more");
  shape_insert_axis(&out, axis, (uint64_t)depth.items[0]);
  return node_set_shape(node, 0, &out);
}

static int infer_roi_align(struct node *node) {
  const struct shape *in = &node->inputs[0]->shape, *rois = &node->inputs[1]->shape;
  int64_t height = node_int(node, "output_height", 1), width = node_int(node, "output_width", 1);
  if (in->rank != 4 || rois->rank != 2 || height < 1 || width < 1) {
    return node_error(node, "expected an input of 4 dimensions, regions of 2, and an output of 1 x 1 at least");
  }
  const struct shape out = {.rank = 4, .dims = {rois->dims[0], in->dims[1], (uint64_t)height, (uint64_t)width}};
  return node_set_shape(node, 0, &out);
}

static int infer_grid_sample(struct node *node) {
  const struct shape *in = &node->inputs[0]->shape, *grid = &node->inputs[1]->shape;
  if (in->rank != 4 || grid->rank != 4) return node_error(node, "expected an input and a grid of 4 dimensions");
  const struct shape out = {.rank = 4, .dims = {in->dims[0], in->dims[1], grid->dims[1], grid->dims[2]}};
  return node_set_shape(node, 0, &out);
}

/* How many elements come out depends on the numbers; only the file can say. */
static int infer_from_file(struct node *node) {
  node->unknown = node->inputs[0];
  return 0;
}

static int infer_non_zero(struct node *node) {
  const struct shape *in = &node->inputs[0]->shape;
  const struct numbers *numbers = node_numbers(node, 0);
  if (numbers == NULL) return 0;
  uint64_t found = 0, count = shape_elements(in);
  for (uint64_t i = 0; i < count; i++) {
    found += numbers->kind == NUMBER_INT ? numbers->items[i].i != 0 : numbers->items[i].f != 0;
  }
  const struct shape out = {.rank = 2, .dims = {in->rank, found}};
  return node_set_shape(node, 0, &out);
}

static const struct node_type types[] = {
    {"Compress", infer_from_file, 2, 2, 1, false},
    {"Gather", infer_gather, 2, 2, 1, false},
    {"GatherElements", infer_like_indices, 2, 2, 1, false},
    {"GatherND", infer_gather_nd, 2, 2, 1, false},
    {"GridSample", infer_grid_sample, 2, 2, 1, false},
    {"NonMaxSuppression", infer_from_file, 2, 5, 1, false},
    {"NonZero", infer_non_zero, 1, 1, 1, false},
    {"OneHot", infer_one_hot, 3, 3, 1, false},
    {"ReverseSequence", infer_like_data, 2, 2, 1, false},
    {"RoiAlign", infer_roi_align, 3, 3, 1, false},
    {"Scatter", infer_like_data, 3, 3, 1, false},
    {"ScatterElements", infer_like_data, 3, 3, 1, false},
    {"ScatterND", infer_like_data, 3, 3, 1, false},
    {"TopK", infer_top_k, 1, 2, 2, false},
    {"Unique", infer_from_file, 1, 1, 4, false},
};

const struct node_family onnx_index_family = {types, sizeof types / sizeof types[0]};
