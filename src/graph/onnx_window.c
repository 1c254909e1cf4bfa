/* Convolutions and poolings: windows that slide over the axes after the second. */
#include <inttypes.h>
#include <string.h>

#include "graph/onnx_import.h"
#include "util/saturate.h"

enum { WINDOW_MAX_AXES = GRAPH_MAX_RANK - 2, WINDOW_MAX_SETTING = 1 << 24 };

/* One axis that the window slides over. */
struct window_axis {
  int64_t in, kernel, stride, dilation, pad_begin, pad_end, out;
};

struct window {
  uint32_t axis_count;
  struct window_axis axes[WINDOW_MAX_AXES];
};

enum auto_pad { PAD_NOTSET, PAD_SAME_UPPER, PAD_SAME_LOWER, PAD_VALID };
static const char *const auto_pads[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};

static int window_auto_pad(const struct node *node, enum auto_pad *pad) {
  size_t choice;
  const size_t count = sizeof auto_pads / sizeof auto_pads[0];
  if (node_choice(node, "auto_pad", auto_pads, count, "NOTSET", &choice) != 0) return -1;
  *pad = (enum auto_pad)choice;
  return 0;
}

static int64_t window_extent(const struct window_axis *axis) { return (axis->kernel - 1) * axis->dilation + 1; }

/* ---- attributes ---- */

/* A setting per axis, or `fallback` for all; pads have two per axis. */
static int window_setting(struct node *node, const char *name, size_t count, int64_t minimum, int64_t fallback,
                          int64_t *out) {
  struct int_list list;
  if (node_int_list(node, name, NODE_NO_INPUT, &list) != 0) return -1;
  if (list.given && list.count != count) {
    return node_error(node, "attribute '%s' has %zu numbers; expected %zu", name, list.count, count);
  }
  for (size_t i = 0; i < count; i++) {
    out[i] = list.given ? list.items[i] : fallback;
    if (out[i] < minimum || out[i] > WINDOW_MAX_SETTING) {
      return node_error(node, "attribute '%s' holds %" PRId64 "; expected %" PRId64 " to %d", name, out[i], minimum,
                        WINDOW_MAX_SETTING);
    }
  }
  return 0;
}

/* kernel: the sizes that the weights have, or NULL where kernel_shape must give them. */
static int window_read(struct node *node, struct window *window, const uint64_t *kernel) {
  const struct shape *in = &node->inputs[0]->shape;
  int64_t strides[WINDOW_MAX_AXES], dilations[WINDOW_MAX_AXES], kernels[WINDOW_MAX_AXES], pads[2 * WINDOW_MAX_AXES];
  if (in->rank < 3) return node_error(node, "its input has %u dimensions; expected 3 at least", in->rank);
  uint32_t n = window->axis_count = in->rank - 2;
  if (kernel == NULL && node_attribute(node, "kernel_shape") == NULL) {
    return node_error(node, "attribute 'kernel_shape' is missing");
  }
  if (window_setting(node, "kernel_shape", n, 1, 1, kernels) != 0 ||
      window_setting(node, "strides", n, 1, 1, strides) != 0 ||
      window_setting(node, "dilations", n, 1, 1, dilations) != 0 ||
      window_setting(node, "pads", 2 * n, 0, 0, pads) != 0) {
    return -1;
  }
  for (uint32_t a = 0; a < n; a++) {
    if (in->dims[a + 2] > UINT32_MAX) {
      return node_error(node, "axis %u of its input is %" PRIu64 " long; expected at most %u", a + 2, in->dims[a + 2],
                        UINT32_MAX);
    }
    if (kernel != NULL && node_attribute(node, "kernel_shape") != NULL && (uint64_t)kernels[a] != kernel[a]) {
      return node_error(node, "attribute 'kernel_shape' says %" PRId64 " on axis %u, its weights say %" PRIu64,
                        kernels[a], a + 2, kernel[a]);
    }
    if (kernel != NULL && (kernel[a] == 0 || kernel[a] > WINDOW_MAX_SETTING)) {
      return node_error(node, "its weights are %" PRIu64 " wide on axis %u; expected 1 to %d", kernel[a], a + 2,
                        WINDOW_MAX_SETTING);
    }
    window->axes[a] = (struct window_axis){
        .in = (int64_t)in->dims[a + 2],
        .kernel = kernel != NULL ? (int64_t)kernel[a] : kernels[a],
        .stride = strides[a],
        .dilation = dilations[a],
        .pad_begin = pads[a],
        .pad_end = pads[n + a],
    };
  }
  return 0;
}

/* ---- sizes ---- */

static void window_pad_same(struct window_axis *axis, enum auto_pad pad) {
  axis->out = (axis->in + axis->stride - 1) / axis->stride;
  int64_t total = (axis->out - 1) * axis->stride + window_extent(axis) - axis->in;
  if (total < 0) total = 0;
  axis->pad_begin = pad == PAD_SAME_LOWER ? total - total / 2 : total / 2;
  axis->pad_end = total - axis->pad_begin;
}

static void window_slide(struct window_axis *axis, bool ceil_mode) {
  int64_t room = axis->in + axis->pad_begin + axis->pad_end - window_extent(axis);
  if (ceil_mode) room += axis->stride - 1;
  axis->out = room < 0 ? 0 : room / axis->stride + 1;
  /* Rounding up must not add a window that begins in the padding at the end. */
  if (ceil_mode && (axis->out - 1) * axis->stride >= axis->in + axis->pad_begin) axis->out--;
}

static int window_sizes(struct node *node, struct window *window, bool ceil_mode) {
  enum auto_pad pad;
  if (window_auto_pad(node, &pad) != 0) return -1;
  for (uint32_t a = 0; a < window->axis_count; a++) {
    struct window_axis *axis = &window->axes[a];
    if (pad == PAD_SAME_UPPER || pad == PAD_SAME_LOWER) {
      window_pad_same(axis, pad);
    } else {
      if (pad == PAD_VALID) axis->pad_begin = axis->pad_end = 0;
      window_slide(axis, ceil_mode);
    }
    if (axis->out < 1) {
      return node_error(node, "a window of %" PRId64 " does not fit into axis %u of size %" PRId64 " with padding "
                              "%" PRId64 "+%" PRId64,
                        window_extent(axis), a + 2, axis->in, axis->pad_begin, axis->pad_end);
    }
  }
  return 0;
}

static int window_set_shape(struct node *node, const struct window *window, uint64_t channels) {
  struct shape out = {.rank = window->axis_count + 2, .dims = {node->inputs[0]->shape.dims[0], channels}};
  for (uint32_t a = 0; a < window->axis_count; a++) out.dims[a + 2] = (uint64_t)window->axes[a].out;
  for (uint32_t k = 0; k < node->result_count; k++) {
    if (node_set_shape(node, k, &out) != 0) return -1;
  }
  return 0;
}

/* Rows are the second-to-last axis; with one axis to slide over they are the channels. */
static const struct window_axis *window_row_axis(const struct window *window) {
  return window->axis_count < 2 ? NULL : &window->axes[window->axis_count - 2];
}

static void window_set_rows(struct node *node, const struct window *window) {
  const struct window_axis *axis = window_row_axis(window);
  if (axis == NULL) return;
  struct row_map map = {
      .kind = ROW_WINDOW,
      .stride = (uint32_t)axis->stride,
      .dilation = (uint32_t)axis->dilation,
      .kernel = (uint32_t)axis->kernel,
      .offset = -axis->pad_begin,
  };
  for (uint32_t k = 0; k < node->result_count; k++) node_set_rows(node, k, 0, map);
}

/* ---- convolutions ---- */

/* Weights [M, C/group, k...] of Conv, [C, M/group, k...] of ConvTranspose. */
static int conv_check(struct node *node, uint64_t *group) {
  const struct shape *in = &node->inputs[0]->shape, *weights = &node->inputs[1]->shape;
  char text[SHAPE_TEXT_BYTES];
  bool transposed = node->type == onnx_find_type("ConvTranspose");
  int64_t given = node_int(node, "group", 1);
  if (in->rank < 3 || weights->rank != in->rank || shape_elements(weights) == 0) {
    return node_error(node, "its weights '%s' are %s; expected %u dimensions, as many as its input has, and 3 at least",
                      node->inputs[1]->name, shape_text(text, weights), in->rank);
  }
  if (given < 1 || in->dims[1] % (uint64_t)given != 0 || weights->dims[0] % (uint64_t)given != 0) {
    return node_error(node, "attribute 'group' is %" PRId64 "; expected a number that divides its %" PRIu64
                            " input channels and the first dimension of its weights, %" PRIu64,
                      given, in->dims[1], weights->dims[0]);
  }
  *group = (uint64_t)given;
  uint64_t expected = weights->dims[0];
  bool overflow = !transposed && __builtin_mul_overflow(weights->dims[1], *group, &expected);
  if (overflow || in->dims[1] != expected) {
    return node_error(node, "its weights '%s' %s are for %" PRIu64 " input channels; its input has %" PRIu64,
                      node->inputs[1]->name, shape_text(text, weights), expected, in->dims[1]);
  }
  return 0;
}

static int conv_set_cost(struct node *node, uint64_t channels, uint64_t outputs, uint64_t per_output) {
  if (channels > UINT32_MAX) return node_error(node, "it has %" PRIu64 " output channels; too many", channels);
  node_add_weights(node, 1);
  const struct value *bias = node_input(node, 2);
  if (bias != NULL && !bias->active) {
    if (shape_elements(&bias->shape) != channels) {
      return node_error(node, "its bias '%s' has %" PRIu64 " elements; expected one for each of %" PRIu64
                              " output channels",
                        bias->name, shape_elements(&bias->shape), channels);
    }
    node->cost.bias_elements = channels;
  }
  node->cost.out_channels = (uint32_t)channels;
  node_set_macs(node, outputs, per_output);
  return 0;
}

static uint64_t kernel_elements(const struct window *window) {
  struct shape kernel = {.rank = window->axis_count};
  for (uint32_t a = 0; a < window->axis_count; a++) kernel.dims[a] = (uint64_t)window->axes[a].kernel;
  return shape_elements(&kernel);
}

/* Where there is one axis to slide over, rows are channels: a firing computes one of them. */
static void conv_set_work(struct node *node, const struct window *window, uint64_t group) {
  static const enum axis_role roles[GRAPH_MAX_RANK] = {[1] = AXIS_FILTER};
  uint64_t channels = node->inputs[0]->shape.dims[1];
  node_set_work(node, roles, kernel_elements(window), channels / group);
  if (window_row_axis(window) == NULL) return;
  node->cost.work.groups = group;
  node->cost.work.channels = channels;
}

static int infer_conv(struct node *node) {
  const struct shape *weights = &node->inputs[1]->shape;
  struct window window;
  uint64_t group;
  if (conv_check(node, &group) != 0 || window_read(node, &window, weights->dims + 2) != 0) return -1;
  if (window_sizes(node, &window, false) != 0 || window_set_shape(node, &window, weights->dims[0]) != 0) return -1;
  window_set_rows(node, &window);
  conv_set_work(node, &window, group);
  return conv_set_cost(node, weights->dims[0], shape_elements(&node->results[0].shape),
                       weights->dims[1] * kernel_elements(&window));
}

/* ---- ConvTranspose ---- */

static int transposed_sizes(struct node *node, struct window *window) {
  int64_t added[WINDOW_MAX_AXES], wanted[WINDOW_MAX_AXES];
  enum auto_pad pad;
  uint32_t n = window->axis_count;
  if (window_auto_pad(node, &pad) != 0 || window_setting(node, "output_padding", n, 0, 0, added) != 0) return -1;
  bool sized = node_attribute(node, "output_shape") != NULL;
  if (sized && window_setting(node, "output_shape", n, 1, 1, wanted) != 0) return -1;
  for (uint32_t a = 0; a < n; a++) {
    struct window_axis *axis = &window->axes[a];
    bool same = pad == PAD_SAME_UPPER || pad == PAD_SAME_LOWER;
    int64_t full = (axis->in - 1) * axis->stride + added[a] + window_extent(axis);
    if (sized || same) {
      int64_t total = full - (sized ? wanted[a] : axis->in * axis->stride);
      axis->pad_begin = pad == PAD_SAME_UPPER ? total / 2 : total - total / 2;
      axis->pad_end = total - axis->pad_begin;
    } else if (pad == PAD_VALID) {
      axis->pad_begin = axis->pad_end = 0;
    }
    axis->out = full - axis->pad_begin - axis->pad_end;
    if (axis->out < 1) {
      return node_error(node, "its output would have no elements on axis %u (padding %" PRId64 "+%" PRId64 ")", a + 2,
                        axis->pad_begin, axis->pad_end);
    }
  }
  return 0;
}

static int64_t greatest_common_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Output row r is the sum over input rows i and kernel rows j with i*stride + j*dilation =
 * r + pad: none if the common divisor of both steps does not divide r + pad; else rows in
 * the span from j = kernel-1 to j = 0. */
static struct row_span transposed_span(const struct window_axis *axis, int64_t r) {
  int64_t at = r + axis->pad_begin, reach = window_extent(axis) - 1;
  if (at % greatest_common_divisor(axis->stride, axis->dilation) != 0) return (struct row_span){0, 0};
  int64_t first = -floor_divide(reach - at, axis->stride), last = floor_divide(at, axis->stride);
  if (first < 0) first = 0;
  if (last > axis->in - 1) last = axis->in - 1;
  return last < first ? (struct row_span){0, 0} : (struct row_span){(uint32_t)first, (uint32_t)(last - first + 1)};
}

static int transposed_set_rows(struct node *node, const struct window *window) {
  const struct window_axis *axis = window_row_axis(window);
  struct row_span *spans;
  if (axis == NULL || !node->inputs[0]->active) return 0;
  if (node_new_spans(node, (uint64_t)axis->out, &spans) != 0) return -1;
  for (int64_t r = 0; r < axis->out; r++) spans[r] = transposed_span(axis, r);
  node_set_rows(node, 0, 0, (struct row_map){.kind = ROW_TABLE, .spans = spans});
  return 0;
}

/* Every place of the input meets every tap, so each output row does its share of them. */
static void transposed_set_work(struct node *node, const struct window *window, uint64_t group) {
  const struct shape *in = &node->inputs[0]->shape;
  const struct window_axis *axis = window_row_axis(window);
  uint64_t places = shape_elements(in) / in->dims[1], rows = axis == NULL ? 1 : (uint64_t)axis->out;
  conv_set_work(node, window, group);
  node->cost.work.row_pixels = saturate_divide(places, node->importer->batch * rows);
}

static int infer_conv_transpose(struct node *node) {
  const struct shape *weights = &node->inputs[1]->shape;
  struct window window;
  uint64_t group, channels;
  if (conv_check(node, &group) != 0 || window_read(node, &window, weights->dims + 2) != 0) return -1;
  if (__builtin_mul_overflow(weights->dims[1], group, &channels)) channels = UINT64_MAX;
  if (transposed_sizes(node, &window) != 0 || window_set_shape(node, &window, channels) != 0) return -1;
  if (transposed_set_rows(node, &window) != 0) return -1;
  transposed_set_work(node, &window, group);
  return conv_set_cost(node, channels, shape_elements(&node->inputs[0]->shape),
                       weights->dims[1] * kernel_elements(&window));
}

/* ---- poolings ---- */

static int infer_pool(struct node *node) {
  struct window window;
  if (window_read(node, &window, NULL) != 0) return -1;
  if (window_sizes(node, &window, node_int(node, "ceil_mode", 0) != 0) != 0) return -1;
  if (window_set_shape(node, &window, node->inputs[0]->shape.dims[1]) != 0) return -1;
  node->operations = saturate_multiply(shape_elements(&node->results[0].shape), kernel_elements(&window));
  if (window_row_axis(&window) == NULL) { /* a row is a channel, and pooled by itself */
    for (uint32_t k = 0; k < node->result_count; k++) node_set_rows(node, k, 0, ROW_MAP_SAME);
  }
  window_set_rows(node, &window);
  return 0;
}

static int infer_global_pool(struct node *node) {
  struct shape out = node->inputs[0]->shape;
  if (out.rank < 2) return node_error(node, "its input has %u dimensions; expected 2 at least", out.rank);
  for (uint32_t d = 2; d < out.rank; d++) out.dims[d] = 1;
  node->operations = shape_elements(&node->inputs[0]->shape);
  if (node_set_shape(node, 0, &out) != 0) return -1;
  node_set_reduces(node, 0, 0);
  node_set_rows(node, 0, 0, out.rank >= 4 ? ROW_MAP_STREAMED : ROW_MAP_SAME);
  return 0;
}

static const struct node_type types[] = {
    {"AveragePool", infer_pool, 1, 1, 1, false},
    {"Conv", infer_conv, 2, 3, 1, false},
    {"ConvTranspose", infer_conv_transpose, 2, 3, 1, false},
    {"GlobalAveragePool", infer_global_pool, 1, 1, 1, false},
    {"GlobalLpPool", infer_global_pool, 1, 1, 1, false},
    {"GlobalMaxPool", infer_global_pool, 1, 1, 1, false},
    {"LpPool", infer_pool, 1, 1, 1, false},
    {"MaxPool", infer_pool, 1, 1, 2, false},
};

const struct node_family onnx_window_family = {types, sizeof types / sizeof types[0]};
