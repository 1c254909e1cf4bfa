/* Nodes that move elements by axis: they need just the rows that they pick. */
#include <inttypes.h>
#include <string.h>

#include "graph/onnx_import.h"

/* Rows from `first` on, `step` apart. */
static struct row_map map_rows(int64_t first, uint32_t step) {
  return (struct row_map){.kind = ROW_WINDOW, .stride = step, .dilation = 1, .kernel = 1, .offset = first};
}

static struct pick pick_all(void) {
  struct pick pick;
  for (uint32_t d = 0; d < GRAPH_MAX_RANK; d++) {
    pick.from[d] = d;
    pick.start[d] = 0;
    pick.step[d] = 1;
  }
  return pick;
}

/* ---- Concat, Split ---- */

static int concat_check(const struct node *node, const struct shape *first, uint32_t axis, uint32_t input) {
  const struct value *value = node->inputs[input];
  if (value == NULL) return node_error(node, "its input %u is left out", input);
  struct shape expected = value->shape;
  if (expected.rank == first->rank) expected.dims[axis] = first->dims[axis];
  if (shape_equal(&expected, first)) return 0;
  char a[SHAPE_TEXT_BYTES], b[SHAPE_TEXT_BYTES];
  return node_error(node, "cannot put %s and %s ('%s') together on axis %u", shape_text(a, first),
                    shape_text(b, &value->shape), value->name, axis);
}

static int infer_concat(struct node *node) {
  struct shape out = node->inputs[0]->shape;
  const struct shape first = out;
  uint32_t axis;
  if (node_axis(node, node_int(node, "axis", 1), out.rank, &axis) != 0) return -1;
  out.dims[axis] = 0;
  for (uint32_t i = 0; i < node->input_count; i++) {
    if (concat_check(node, &first, axis, i) != 0) return -1;
    int64_t before = (int64_t)out.dims[axis];
    bool fits = before <= GRAPH_MAX_ROWS;
    node_set_rows(node, 0, i, axis != shape_row_axis(&first) ? ROW_MAP_SAME : map_rows(fits ? -before : 0, 1));
    node_add_weights(node, i);
    out.dims[axis] += node->inputs[i]->shape.dims[axis];
  }
  return node_set_shape(node, 0, &out);
}

/* Sizes given, or the axis in equal parts of which the last may be smaller. */
static int split_size(const struct node *node, const struct int_list *sizes, uint64_t total, size_t parts, size_t k,
                      uint64_t *size) {
  if (!sizes->given) {
    uint64_t part = total / parts + (total % parts != 0);
    *size = part * (k + 1) <= total ? part : part * k < total ? total - part * k : 0;
    return 0;
  }
  if (k >= sizes->count || sizes->items[k] < 0 || (uint64_t)sizes->items[k] > total) {
    return node_error(node, "its part %zu of %zu has no size between 0 and %" PRIu64, k, parts, total);
  }
  *size = (uint64_t)sizes->items[k];
  return 0;
}

static int infer_split(struct node *node) {
  const struct shape *in = &node->inputs[0]->shape;
  struct int_list sizes;
  uint32_t axis;
  if (node_axis(node, node_int(node, "axis", 0), in->rank, &axis) != 0) return -1;
  if (node_int_list(node, "split", 1, &sizes) != 0) return -1;
  if (!sizes.known) return 0;
  uint64_t before = 0, total = in->dims[axis];
  for (uint32_t k = 0; k < node->result_count; k++) {
    struct shape out = *in;
    if (split_size(node, &sizes, total, node->proto->n_output, k, &out.dims[axis]) != 0) return -1;
    if (out.dims[axis] > total - before) {
      return node_error(node, "its parts are more than the %" PRIu64 " that axis %u has", total, axis);
    }
    if (node_set_shape(node, k, &out) != 0) return -1;
    bool fits = before <= GRAPH_MAX_ROWS;
    node->results[k].pick = pick_all();
    node->results[k].pick.start[axis] = (int64_t)before;
    node_set_rows(node, k, 0, axis != shape_row_axis(in) ? ROW_MAP_SAME : map_rows(fits ? (int64_t)before : 0, 1));
    before += out.dims[axis];
  }
  return 0;
}

/* ---- Slice ---- */

struct slice {
  int64_t start, step;
  uint64_t count;
};

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

/* As Python's slices, with a step that may be negative. */
static struct slice slice_axis(int64_t start, int64_t end, int64_t step, int64_t size) {
  struct slice slice = {.step = step};
  if (size == 0) return slice;
  int64_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? size : size - 1;
  if (start < 0) start += size; /* far below zero both stay below */
  if (end < 0) end += size;
  slice.start = clamp(start, step > 0 ? lowest : 0, highest);
  end = clamp(end, lowest, highest);
  int64_t span = step > 0 ? end - slice.start : slice.start - end;
  uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
  if (span > 0) slice.count = ((uint64_t)span - 1) / stride + 1;
  return slice;
}

struct slice_lists {
  struct int_list starts, ends, axes, steps;
};

static int slice_read(struct node *node, struct slice_lists *lists) {
  bool inputs = node->opset >= 10;
  if (node_int_list(node, "starts", inputs ? 1 : NODE_NO_INPUT, &lists->starts) != 0 ||
      node_int_list(node, "ends", inputs ? 2 : NODE_NO_INPUT, &lists->ends) != 0 ||
      node_int_list(node, "axes", inputs ? 3 : NODE_NO_INPUT, &lists->axes) != 0 ||
      node_int_list(node, "steps", inputs ? 4 : NODE_NO_INPUT, &lists->steps) != 0) {
    return -1;
  }
  if (!lists->starts.given || !lists->ends.given) return node_error(node, "its starts or ends are missing");
  size_t count = lists->starts.count;
  bool known = lists->starts.known && lists->ends.known && lists->axes.known && lists->steps.known;
  if (known && (lists->ends.count != count || (lists->axes.given && lists->axes.count != count) ||
                (lists->steps.given && lists->steps.count != count))) {
    return node_error(node, "its starts, ends, axes and steps are not equally many");
  }
  if (known && !lists->axes.given && count > node->inputs[0]->shape.rank) {
    return node_error(node, "it slices %zu axes; its input has %u", count, node->inputs[0]->shape.rank);
  }
  return known ? 1 : 0;
}

static int infer_slice(struct node *node) {
  struct shape out = node->inputs[0]->shape;
  struct slice_lists lists;
  uint32_t row_axis = shape_row_axis(&out), mask;
  struct row_map map = ROW_MAP_SAME;
  struct pick *pick = &node->results[0].pick;
  int known = slice_read(node, &lists);
  if (known <= 0) return known;
  *pick = pick_all();
  if (node_axes(node, &lists.axes, out.rank, &mask) != 0) return -1;
  for (size_t i = 0; i < lists.starts.count; i++) {
    uint32_t axis = (uint32_t)i;
    if (lists.axes.given && node_axis(node, lists.axes.items[i], out.rank, &axis) != 0) return -1;
    int64_t step = lists.steps.given ? lists.steps.items[i] : 1;
    if (step == 0) return node_error(node, "its step on axis %u is 0", axis);
    struct slice slice = slice_axis(lists.starts.items[i], lists.ends.items[i], step, (int64_t)out.dims[axis]);
    bool fits = out.dims[axis] <= GRAPH_MAX_ROWS && step > 0;
    out.dims[axis] = slice.count;
    pick->start[axis] = slice.start;
    pick->step[axis] = step;
    if (axis != row_axis) continue;
    map = fits ? map_rows(slice.start, slice.count > 1 ? (uint32_t)step : 1) : (struct row_map){0};
  }
  node_set_rows(node, 0, 0, map);
  return node_set_shape(node, 0, &out);
}

/* ---- Transpose ---- */

static int infer_transpose(struct node *node) {
  const struct shape *in = &node->inputs[0]->shape;
  struct shape out = {.rank = in->rank};
  struct int_list perm;
  uint32_t mask;
  if (node_int_list(node, "perm", NODE_NO_INPUT, &perm) != 0) return -1;
  if (perm.given && perm.count != in->rank) {
    return node_error(node, "attribute 'perm' has %zu axes; its input has %u", perm.count, in->rank);
  }
  if (node_axes(node, &perm, in->rank, &mask) != 0) return -1;
  node->results[0].pick = pick_all();
  for (uint32_t d = 0; d < in->rank; d++) {
    uint32_t from = in->rank - 1 - d;
    if (perm.given && node_axis(node, perm.items[d], in->rank, &from) != 0) return -1;
    out.dims[d] = in->dims[from];
    node->results[0].pick.from[d] = from;
    if (d == shape_row_axis(in) && from == d) node_set_rows(node, 0, 0, ROW_MAP_SAME);
  }
  return node_set_shape(node, 0, &out);
}

/* ---- Pad, Tile ---- */

enum pad_mode { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT, PAD_WRAP };
static const char *const pad_modes[] = {"constant", "edge", "reflect", "wrap"};

/* The row at each place, the first and last repeated outside. */
static int pad_edge_rows(struct node *node, int64_t begin, uint64_t rows_in, uint64_t rows_out) {
  struct row_span *spans;
  if (!node->inputs[0]->active || rows_in > GRAPH_MAX_ROWS) return 0;
  if (node_new_spans(node, rows_out, &spans) != 0) return -1;
  for (uint64_t r = 0; r < rows_out; r++) {
    spans[r] = (struct row_span){(uint32_t)clamp((int64_t)r - begin, 0, (int64_t)rows_in - 1), 1};
  }
  node_set_rows(node, 0, 0, (struct row_map){.kind = ROW_TABLE, .spans = spans});
  return 0;
}

static int pad_set_rows(struct node *node, enum pad_mode mode, int64_t begin, int64_t end) {
  const struct shape *in = &node->inputs[0]->shape, *out = &node->results[0].shape;
  if (begin == 0 && end == 0) {
    node_set_rows(node, 0, 0, ROW_MAP_SAME);
  } else if (mode == PAD_CONSTANT && begin <= GRAPH_MAX_ROWS) {
    node_set_rows(node, 0, 0, map_rows(-begin, 1));
  } else if (mode == PAD_EDGE && node->results[0].value != NULL) {
    return pad_edge_rows(node, begin, shape_rows(in), shape_rows(out));
  }
  return 0;
}

/* pads: begins of the axes in `axes` (or of all), then ends. */
static int pad_axes(struct node *node, const struct int_list *pads, const struct int_list *axes, enum pad_mode mode) {
  const struct shape *in = &node->inputs[0]->shape;
  struct shape out = *in;
  uint32_t mask, row_axis = shape_row_axis(in);
  int64_t row_begin = 0, row_end = 0;
  size_t count = axes->given ? axes->count : in->rank;
  if (node_axes(node, axes, in->rank, &mask) != 0) return -1;
  if (pads->count != 2 * count) return node_error(node, "it has %zu pads; expected %zu", pads->count, 2 * count);
  for (size_t i = 0; i < count; i++) {
    uint32_t axis = (uint32_t)i;
    int64_t begin = pads->items[i], end = pads->items[count + i];
    const int64_t limit = (int64_t)SHAPE_MAX_ELEMENTS;
    if (axes->given && node_axis(node, axes->items[i], in->rank, &axis) != 0) return -1;
    int64_t size = (int64_t)in->dims[axis];
    if (begin < -size || begin > limit || end < -size || end > limit || begin + end < -size) {
      return node_error(node, "pads %" PRId64 " and %" PRId64 " do not fit axis %u of size %" PRId64, begin, end, axis,
                        size);
    }
    out.dims[axis] = (uint64_t)(size + begin + end);
    if (axis != row_axis) continue;
    row_begin = begin;
    row_end = end;
  }
  if (node_set_shape(node, 0, &out) != 0) return -1;
  return pad_set_rows(node, mode, row_begin, row_end);
}

static int infer_pad(struct node *node) {
  struct int_list pads, axes;
  size_t mode;
  if (node_choice(node, "mode", pad_modes, sizeof pad_modes / sizeof pad_modes[0], "constant", &mode) != 0) return -1;
  if (node_int_list(node, node_attribute(node, "paddings") != NULL ? "paddings" : "pads", 1, &pads) != 0) return -1;
  if (node_int_list(node, NULL, 3, &axes) != 0) return -1;
  if (!pads.given) return node_error(node, "its pads are missing");
  if (!pads.known || !axes.known) return 0;
  return pad_axes(node, &pads, &axes, (enum pad_mode)mode);
}

static int infer_tile(struct node *node) {
  struct shape out = node->inputs[0]->shape;
  struct int_list repeats;
  if (node_int_list(node, NULL, 1, &repeats) != 0) return -1;
  if (!repeats.known) return 0;
  if (repeats.count != out.rank) {
    return node_error(node, "it has %zu repeats; its input has %u dimensions", repeats.count, out.rank);
  }
  for (uint32_t d = 0; d < out.rank; d++) {
    if (repeats.items[d] < 0 || __builtin_mul_overflow(out.dims[d], (uint64_t)repeats.items[d], &out.dims[d])) {
      return node_error(node, "repeats %" PRId64 " on axis %u are out of range", repeats.items[d], d);
    }
  }
  if (node_set_shape(node, 0, &out) != 0) return -1;
  node->repeats = true;
  node_set_rows_broadcast(node, 0, 0);
  return 0;
}

/* ---- DepthToSpace, SpaceToDepth ---- */

static int read_blocksize(struct node *node, uint64_t *block) {
  const struct shape *in = &node->inputs[0]->shape;
  int64_t given = node_int(node, "blocksize", 0);
  if (in->rank != 4) return node_error(node, "its input has %u dimensions; expected 4", in->rank);
  if (given < 1 || given > 65536) {
    return node_error(node, "attribute 'blocksize' is %" PRId64 "; expected 1 to 65536", given);
  }
  *block = (uint64_t)given;
  return 0;
}

static int infer_depth_to_space(struct node *node) {
  struct shape out = node->inputs[0]->shape;
  struct row_span *spans;
  uint64_t block;
  if (read_blocksize(node, &block) != 0) return -1;
  if (out.dims[1] % (block * block) != 0) {
    return node_error(node, "its %" PRIu64 " channels do not divide by the square of blocksize %" PRIu64, out.dims[1],
                      block);
  }
  out.dims[1] /= block * block;
  out.dims[2] *= block;
  out.dims[3] *= block;
  if (node_set_shape(node, 0, &out) != 0) return -1;
  if (!node->inputs[0]->active) return 0;
  if (node_new_spans(node, out.dims[2], &spans) != 0) return -1;
  for (uint64_t r = 0; r < out.dims[2]; r++) spans[r] = (struct row_span){(uint32_t)(r / block), 1};
  node_set_rows(node, 0, 0, (struct row_map){.kind = ROW_TABLE, .spans = spans});
  return 0;
}

static int infer_space_to_depth(struct node *node) {
  struct shape out = node->inputs[0]->shape;
  uint64_t block;
  if (read_blocksize(node, &block) != 0) return -1;
  if (out.dims[2] % block != 0 || out.dims[3] % block != 0) {
    return node_error(node, "its map of %" PRIu64 " x %" PRIu64 " does not divide by blocksize %" PRIu64, out.dims[2],
                      out.dims[3], block);
  }
  out.dims[1] *= block * block;
  out.dims[2] /= block;
  out.dims[3] /= block;
  const uint32_t rows = (uint32_t)block;
  node_set_rows(node, 0, 0, (struct row_map){.kind = ROW_WINDOW, .stride = rows, .dilation = 1, .kernel = rows});
  return node_set_shape(node, 0, &out);
}

static const struct node_type types[] = {
    {"Concat", infer_concat, 1, NODE_MAX_ARITY, 1, false},
    {"DepthToSpace", infer_depth_to_space, 1, 1, 1, false},
    {"Pad", infer_pad, 1, 4, 1, false},
    {"Slice", infer_slice, 1, 5, 1, false},
    {"SpaceToDepth", infer_space_to_depth, 1, 1, 1, false},
    {"Split", infer_split, 1, 2, NODE_MAX_ARITY, false},
    {"Tile", infer_tile, 2, 2, 1, false},
    {"Transpose", infer_transpose, 1, 1, 1, false},
};

const struct node_family onnx_move_family = {types, sizeof types / sizeof types[0]};
