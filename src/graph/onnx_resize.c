/* Resize and Upsample. Positions in the input are exact fractions of the sizes, because the
 * row that a rounded one names may be another. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "graph/onnx_import.h"
#include "util/saturate.h"

enum resize_mode { MODE_NEAREST, MODE_LINEAR, MODE_CUBIC };
enum resize_round { ROUND_PREFER_FLOOR, ROUND_PREFER_CEIL, ROUND_FLOOR, ROUND_CEIL };

/* Numerator and denominator (> 0) of the place of an output row in the input. */
struct fraction {
  int64_t n, d;
};

static struct fraction place_half_pixel(int64_t r, int64_t in, int64_t out) {
  return (struct fraction){(2 * r + 1) * in - out, 2 * out};
}

static struct fraction place_pytorch_half_pixel(int64_t r, int64_t in, int64_t out) {
  return out == 1 ? (struct fraction){0, 1} : place_half_pixel(r, in, out);
}

static struct fraction place_align_corners(int64_t r, int64_t in, int64_t out) {
  return out == 1 ? (struct fraction){0, 1} : (struct fraction){r * (in - 1), out - 1};
}

static struct fraction place_asymmetric(int64_t r, int64_t in, int64_t out) { return (struct fraction){r * in, out}; }

static struct fraction place_tf_half_pixel(int64_t r, int64_t in, int64_t out) {
  return (struct fraction){(2 * r + 1) * in, 2 * out};
}

typedef struct fraction place_function(int64_t r, int64_t in, int64_t out);

/* half_pixel_symmetric differs only where the scale is not the ratio of the sizes. */
static const char *const place_names[] = {"half_pixel",    "pytorch_half_pixel",   "align_corners",
                                          "asymmetric",    "tf_half_pixel_for_nn", "half_pixel_symmetric",
                                          "tf_crop_and_resize"};
static place_function *const places[] = {place_half_pixel, place_pytorch_half_pixel, place_align_corners,
                                         place_asymmetric, place_tf_half_pixel,      place_half_pixel,
                                         NULL};
enum { PLACE_COUNT = sizeof places / sizeof places[0] };

static const char *const mode_names[] = {"nearest", "linear", "cubic", "bilinear"};
static const char *const round_names[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
static const char *const aspect_names[] = {"stretch", "not_larger", "not_smaller"};

struct resize {
  enum resize_mode mode;
  enum resize_round round;
  place_function *place; /* NULL: depends on more than the sizes */
  size_t aspect;
  bool antialias;
};

static int resize_read(struct node *node, struct resize *resize) {
  size_t mode, round, place;
  bool has_settings = strcmp(node->type->name, "Resize") == 0 && node->opset >= 11;
  const char *usual_place = has_settings ? "half_pixel" : "asymmetric";
  const char *usual_round = has_settings ? "round_prefer_floor" : "floor";
  if (node_choice(node, "mode", mode_names, 4, "nearest", &mode) != 0 ||
      node_choice(node, "nearest_mode", round_names, 4, usual_round, &round) != 0 ||
      node_choice(node, "coordinate_transformation_mode", place_names, PLACE_COUNT, usual_place, &place) != 0 ||
      node_choice(node, "keep_aspect_ratio_policy", aspect_names, 3, "stretch", &resize->aspect) != 0) {
    return -1;
  }
  resize->mode = mode == 3 ? MODE_LINEAR : (enum resize_mode)mode;
  resize->round = (enum resize_round)round;
  resize->place = places[place];
  resize->antialias = node_int(node, "antialias", 0) != 0;
  return 0;
}

/* ---- rows ---- */

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int64_t clamp_row(int64_t row, int64_t rows) { return row < 0 ? 0 : row >= rows ? rows - 1 : row; }

static int64_t nearest_row(enum resize_round round, struct fraction x) {
  switch (round) {
  case ROUND_PREFER_FLOOR: return -floor_divide(x.d - 2 * x.n, 2 * x.d);
  case ROUND_PREFER_CEIL: return floor_divide(2 * x.n + x.d, 2 * x.d);
  case ROUND_FLOOR: return floor_divide(x.n, x.d);
  default: return -floor_divide(-x.n, x.d);
  }
}

static struct row_span resize_span(const struct resize *resize, int64_t r, int64_t in, int64_t out) {
  struct fraction x = resize->place(r, in, out);
  int64_t first, last;
  if (resize->mode == MODE_NEAREST) {
    first = last = nearest_row(resize->round, x);
  } else if (resize->mode == MODE_LINEAR) {
    if (x.n < 0) x.n = 0;
    first = floor_divide(x.n, x.d);
    last = first + (x.n % x.d != 0);
  } else {
    first = floor_divide(x.n, x.d) - 1;
    last = first + 3;
  }
  first = clamp_row(first, in);
  last = clamp_row(last, in);
  return (struct row_span){(uint32_t)first, (uint32_t)(last - first + 1)};
}

static int resize_set_rows(struct node *node, const struct resize *resize) {
  const struct shape *in = &node->inputs[0]->shape;
  uint64_t rows_in = shape_rows(in), rows_out = shape_rows(&node->results[0].shape);
  struct row_span *spans;
  if (!node->inputs[0]->active || rows_in > GRAPH_MAX_ROWS) return 0;
  if (resize->place == NULL) return 0;
  if (rows_in == rows_out && resize->place != place_tf_half_pixel) {
    node_set_rows(node, 0, 0, ROW_MAP_SAME);
    return 0;
  }
  /* Antialiasing widens the filter when rows get fewer. */
  if (resize->antialias && rows_out < rows_in) return 0;
  if (node_new_spans(node, rows_out, &spans) != 0) return -1;
  for (uint64_t r = 0; r < rows_out; r++) {
    spans[r] = resize_span(resize, (int64_t)r, (int64_t)rows_in, (int64_t)rows_out);
  }
  node_set_rows(node, 0, 0, (struct row_map){.kind = ROW_TABLE, .spans = spans});
  return 0;
}

/* ---- sizes ---- */

/* The axes in the order of scales and sizes. */
struct resize_axes {
  uint32_t count, items[GRAPH_MAX_RANK];
};

static int resize_read_axes(struct node *node, struct resize_axes *axes) {
  uint32_t rank = node->inputs[0]->shape.rank, mask;
  struct int_list list;
  if (node_int_list(node, "axes", NODE_NO_INPUT, &list) != 0 || node_axes(node, &list, rank, &mask) != 0) return -1;
  axes->count = list.given ? (uint32_t)list.count : rank;
  for (uint32_t i = 0; i < axes->count; i++) {
    axes->items[i] = i;
    if (list.given && node_axis(node, list.items[i], rank, &axes->items[i]) != 0) return -1;
  }
  return 0;
}

static int resize_check_count(const struct node *node, const char *what, uint64_t count,
                              const struct resize_axes *axes) {
  if (count == axes->count) return 0;
  return node_error(node, "it has %" PRIu64 " %s; expected %u", count, what, axes->count);
}

static int scaled_dim(const struct node *node, uint32_t axis, double scale, uint64_t *dim) {
  /* In single precision, as runtimes do: 33 * (float)(513.0 / 33) is 513. */
  float scaled = floorf((float)*dim * (float)scale);
  if (!(scale > 0) || !(scaled >= 0.0f) || scaled > (float)SHAPE_MAX_ELEMENTS) {
    return node_error(node, "scale %g on axis %u is out of range", scale, axis);
  }
  *dim = (uint64_t)scaled;
  return 0;
}

/* Upsample has its scales as an attribute until opset 8, else they are an input. */
static int resize_by_scales(struct node *node, uint32_t input, const struct resize_axes *axes, struct shape *out) {
  const Onnx__AttributeProto *attribute = node_attribute(node, "scales");
  const struct numbers *numbers = attribute != NULL ? NULL : node_numbers(node, input);
  if (attribute == NULL && numbers == NULL) return 0;
  if (numbers != NULL && numbers->kind == NUMBER_INT) {
    return node_error(node, "its scales are whole numbers; expected fractions");
  }
  uint64_t count = attribute != NULL ? attribute->n_floats : shape_elements(&node->inputs[input]->shape);
  if (resize_check_count(node, "scales", count, axes) != 0) return -1;
  for (uint32_t i = 0; i < axes->count; i++) {
    uint32_t axis = axes->items[i];
    double scale = attribute != NULL ? (double)attribute->floats[i] : numbers->items[i].f;
    if (scaled_dim(node, axis, scale, &out->dims[axis]) != 0) return -1;
  }
  return node_set_shape(node, 0, out);
}

/* One scale for all axes: the smallest that a size allows, or the largest. */
static void keep_aspect(const struct resize *resize, const struct resize_axes *axes, const struct shape *in,
                        struct shape *out) {
  double scale = 0;
  for (uint32_t i = 0; i < axes->count; i++) {
    double wanted = (double)out->dims[axes->items[i]] / (double)in->dims[axes->items[i]];
    bool better = resize->aspect == 1 ? wanted < scale : wanted > scale;
    if (i == 0 || better) scale = wanted;
  }
  for (uint32_t i = 0; i < axes->count; i++) {
    double size = floor(scale * (double)in->dims[axes->items[i]] + 0.5);
    const double most = (double)SHAPE_MAX_ELEMENTS;
    out->dims[axes->items[i]] = (uint64_t)(size > most ? most : size);
  }
}

static int resize_by_sizes(struct node *node, const struct resize *resize, const struct resize_axes *axes,
                           struct shape *out) {
  const struct shape *in = &node->inputs[0]->shape;
  struct int_list sizes;
  if (node_int_list(node, NULL, 3, &sizes) != 0) return -1;
  if (!sizes.known) return 0;
  if (resize_check_count(node, "sizes", sizes.count, axes) != 0) return -1;
  for (uint32_t i = 0; i < axes->count; i++) {
    int64_t size = sizes.items[i];
    if (size < 1 || (uint64_t)size > SHAPE_MAX_ELEMENTS || in->dims[axes->items[i]] == 0) {
      return node_error(node, "size %" PRId64 " on axis %u is out of range", size, axes->items[i]);
    }
    out->dims[axes->items[i]] = (uint64_t)size;
  }
  if (resize->aspect != 0) keep_aspect(resize, axes, in, out);
  return node_set_shape(node, 0, out);
}

/* An input that is left out may also be there with no elements. */
static bool is_given(const struct node *node, uint32_t input) {
  const struct value *value = node_input(node, input);
  return value != NULL && shape_elements(&value->shape) > 0;
}

/* Along each axis that changes, an element is one of the input's, or blends two or four. */
static void resize_set_operations(struct node *node, const struct resize *resize) {
  static const uint64_t blended[] = {[MODE_NEAREST] = 1, [MODE_LINEAR] = 2, [MODE_CUBIC] = 4};
  const struct shape *in = &node->inputs[0]->shape, *out = &node->results[0].shape;
  node->operations = shape_elements(out);
  for (uint32_t d = 0; d < out->rank; d++) {
    if (out->dims[d] != in->dims[d]) node->operations = saturate_multiply(node->operations, blended[resize->mode]);
  }
}

static int infer_resize(struct node *node) {
  struct shape out = node->inputs[0]->shape;
  struct resize resize;
  struct resize_axes axes;
  if (resize_read(node, &resize) != 0 || resize_read_axes(node, &axes) != 0) return -1;
  uint32_t scales = node->opset >= 11 && strcmp(node->type->name, "Resize") == 0 ? 2 : 1;
  if (scales == 2 && is_given(node, 3)) {
    if (resize_by_sizes(node, &resize, &axes, &out) != 0) return -1;
  } else if (is_given(node, scales) || node_attribute(node, "scales") != NULL) {
    if (resize_by_scales(node, scales, &axes, &out) != 0) return -1;
  } else {
    return node_error(node, "its scales or sizes are missing");
  }
  if (!node->results[0].known) return 0;
  resize_set_operations(node, &resize);
  return resize_set_rows(node, &resize);
}

static const struct node_type types[] = {
    {"Resize", infer_resize, 1, 4, 1, false},
    {"Upsample", infer_resize, 1, 2, 1, false},
};

const struct node_family onnx_resize_family = {types, sizeof types / sizeof types[0]};
