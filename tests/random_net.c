#include "random_net.h"

#include <check.h>
#include <stdlib.h>

#include "build_graph.h"
#include "support.h"

struct maker {
  struct net net;
  struct rng *rng;
  const struct random_net_options *options;
};

static uint32_t below(struct maker *maker, uint32_t bound) { return rng_below(maker->rng, bound); }

static uint64_t some_elements(struct maker *maker) { return 1 + below(maker, 12); }

/* A tensor, the later ones more likely: long chains with skips. */
static uint32_t some_tensor(struct maker *maker) {
  uint32_t a = below(maker, maker->net.tensor_count), b = below(maker, maker->net.tensor_count);
  if (below(maker, 2) == 0) return maker->net.tensor_count - 1;
  return a > b ? a : b;
}

/* Another tensor with so many rows, or the same one. */
static uint32_t partner(struct maker *maker, uint32_t tensor, uint32_t rows) {
  uint32_t count = maker->net.tensor_count, from = below(maker, count);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t other = (from + i) % count;
    if (other != tensor && maker->net.rows[other] == rows) return other;
  }
  return tensor;
}

/* ---- ops ---- */

static struct net_window some_window(struct maker *maker) {
  static const struct net_window usual[] = {{3, 1, 1, 1}, {1, 1, 0, 1}, {3, 2, 1, 1}, {1, 2, 0, 1},
                                            {2, 2, 0, 1}, {5, 1, 2, 1}, {3, 1, 2, 2}, {7, 2, 3, 1}};
  if (maker->options->smooth || below(maker, 3) > 0) return usual[below(maker, sizeof usual / sizeof usual[0])];
  return (struct net_window){1 + below(maker, 5), 1 + below(maker, 4), below(maker, 5), 1 + below(maker, 4)};
}

static void add_conv(struct maker *maker, uint32_t from) {
  struct net_window window = some_window(maker);
  uint32_t reach = window.dilation * (window.kernel - 1) + 1;
  while (maker->net.rows[from] + 2 * window.pad < reach) window.pad++;
  net_conv(&maker->net, from, some_elements(maker), window);
}

static void add_unary(struct maker *maker, uint32_t from) { net_unary(&maker->net, from); }

static void add_binary(struct maker *maker, uint32_t from) {
  net_binary(&maker->net, from, partner(maker, from, maker->net.rows[from]));
}

static void add_reduce(struct maker *maker, uint32_t from) { net_reduce(&maker->net, from, some_elements(maker)); }

static void add_scale(struct maker *maker, uint32_t from) {
  uint32_t one = partner(maker, from, 1);
  if (one == from) one = net_reduce(&maker->net, from, maker->net.elements[from]);
  if (maker->net.rows[one] == 1) net_scale(&maker->net, from, one);
}

/* Squeeze-and-excitation. */
static void add_gate(struct maker *maker, uint32_t from) {
  const struct net_window point = {1, 1, 0, 1};
  uint32_t mean = net_reduce(&maker->net, from, maker->net.elements[from]);
  uint32_t gate = net_conv(&maker->net, mean, maker->net.elements[from], point);
  net_scale(&maker->net, from, gate);
}

static void add_residual(struct maker *maker, uint32_t from) {
  const struct net_window window = {3, 1, 1, 1};
  uint64_t elements = maker->net.elements[from];
  uint32_t a = net_conv(&maker->net, from, elements, window);
  uint32_t b = below(maker, 2) == 0 ? a : net_conv(&maker->net, a, elements, window);
  net_binary(&maker->net, b, from);
}

static void add_resize(struct maker *maker, uint32_t from) {
  uint32_t rows = maker->net.rows[from];
  uint32_t to = below(maker, 2) == 0 ? 2 * rows : 1 + below(maker, 2 * rows);
  if (maker->options->smooth) to = (1 + below(maker, 4)) * rows;
  if (to > 4 * maker->options->most_rows) to = rows;
  if (below(maker, 2) == 0) {
    net_nearest(&maker->net, from, to);
  } else {
    net_linear(&maker->net, from, to, below(maker, 2) == 0);
  }
}

/* Spans whose first and last rows never step back; some are empty. */
static struct row_span *some_spans(struct maker *maker, uint32_t rows, uint32_t rows_in) {
  struct row_span *spans = calloc(rows, sizeof *spans);
  ck_assert_ptr_nonnull(spans);
  uint32_t first = 0, last = 0;
  for (uint32_t r = 0; r < rows; r++) {
    if (below(maker, 6) == 0) continue;
    if (below(maker, 2) == 0) first += below(maker, 3);
    if (first >= rows_in) first = rows_in - 1;
    if (last < first) last = first;
    last += below(maker, 3) % 2;
    if (last >= rows_in) last = rows_in - 1;
    spans[r] = (struct row_span){first, last - first + 1};
  }
  return spans;
}

/* One table over a tensor, or two. */
static void add_table(struct maker *maker, uint32_t from) {
  uint32_t rows_in = maker->net.rows[from], rows = 1 + below(maker, 2 * rows_in);
  struct row_span *a = some_spans(maker, rows, rows_in), *b = some_spans(maker, rows, rows_in);
  const struct tensor_input inputs[] = {{from, {.kind = ROW_TABLE, .spans = a}},
                                        {from, {.kind = ROW_TABLE, .spans = b}}};
  net_op(&maker->net);
  net_output(&maker->net, rows, maker->net.elements[from], below(maker, 3) == 0, inputs, 1 + below(maker, 3) / 2);
  free(a);
  free(b);
}

/* Left row by row, right whole. */
static void add_product(struct maker *maker, uint32_t from) {
  uint32_t right = some_tensor(maker);
  const struct tensor_input inputs[] = {{from, ROW_MAP_SAME}, {right, ROW_MAP_ALL(maker->net.rows[right])}};
  net_op(&maker->net);
  net_output(&maker->net, maker->net.rows[from], some_elements(maker), false, inputs, 2);
}

/* Two windows over one tensor, as x + x shifted; the output may or may not be elementwise. */
static void add_shifted(struct maker *maker, uint32_t from) {
  struct row_map shifted = {.kind = ROW_WINDOW, .stride = 1, .dilation = 1 + below(maker, 3),
                            .kernel = 1 + below(maker, 3), .offset = (int64_t)below(maker, 7) - 3};
  const struct tensor_input inputs[] = {{from, ROW_MAP_SAME}, {from, shifted}};
  net_op(&maker->net);
  net_output(&maker->net, maker->net.rows[from], maker->net.elements[from], below(maker, 2) == 0, inputs, 2);
}

/* Rows of one tensor below those of another. */
static void add_concat(struct maker *maker, uint32_t from) {
  uint32_t other = some_tensor(maker);
  struct row_map below_from = ROW_MAP_SAME;
  below_from.offset = -(int64_t)maker->net.rows[from];
  const struct tensor_input inputs[] = {{from, ROW_MAP_SAME}, {other, below_from}};
  net_op(&maker->net);
  net_output(&maker->net, maker->net.rows[from] + maker->net.rows[other], some_elements(maker), false, inputs, 2);
}

/* Split by channels, or by rows where the second part has another height. */
static void add_split(struct maker *maker, uint32_t from) {
  uint32_t rows = maker->net.rows[from], top = rows > 1 ? 1 + below(maker, rows - 1) : 1;
  struct row_map rest = ROW_MAP_SAME;
  rest.offset = top;
  bool by_rows = rows > 1 && below(maker, 2) == 0;
  const struct tensor_input parts[] = {{from, ROW_MAP_SAME}, {from, by_rows ? rest : ROW_MAP_SAME}};
  net_op(&maker->net);
  net_output(&maker->net, by_rows ? top : rows, some_elements(maker), false, &parts[0], 1);
  net_output(&maker->net, by_rows ? rows - top : rows, some_elements(maker), false, &parts[1], 1);
}

/* One row of a reduction and of something that is there whole. */
static void add_mixed(struct maker *maker, uint32_t from) {
  uint32_t other = some_tensor(maker), second = some_tensor(maker);
  const struct tensor_input inputs[] = {{other, ROW_MAP_ALL(1 + below(maker, 3))}, {from, ROW_MAP_STREAMED},
                                        {second, ROW_MAP_STREAMED}};
  net_op(&maker->net);
  net_output(&maker->net, 1, maker->net.elements[other], below(maker, 2) == 0, inputs, second == from ? 2 : 3);
}

typedef void add_op(struct maker *maker, uint32_t from);
static add_op *const smooth_ops[] = {add_conv, add_conv, add_conv,   add_unary,    add_binary,
                                     add_gate, add_scale, add_reduce, add_residual, add_resize};
static add_op *const all_ops[] = {add_conv,   add_conv,   add_conv,  add_unary,   add_binary,  add_reduce,
                                  add_scale,  add_gate,   add_resize, add_table,  add_product, add_shifted,
                                  add_concat, add_split,  add_mixed,  add_residual};

/* ---- networks ---- */

static void mark_outputs(struct maker *maker) {
  for (uint32_t t = 0; t < maker->net.tensor_count; t++) {
    if (!maker->net.read[t] || below(maker, 8) == 0) net_mark(&maker->net, t);
  }
}

struct graph *random_net(struct rng *rng, const struct random_net_options *options) {
  struct maker maker = {.rng = rng, .options = options};
  uint32_t ops = 1 + below(&maker, options->most_ops), inputs = 1 + below(&maker, 4) / 3;
  net_begin(&maker.net, 1 + below(&maker, 4) / 3 * below(&maker, 5));
  for (uint32_t i = 0; i < inputs; i++) {
    uint32_t rows = below(&maker, 4) == 0 ? 1 + below(&maker, 4) : 1 + below(&maker, options->most_rows);
    net_input(&maker.net, rows, some_elements(&maker));
  }
  while (maker.net.op_count < ops) {
    uint32_t from = some_tensor(&maker);
    if (maker.net.rows[from] > 4 * options->most_rows) from = 0;
    maker.net.weights = below(&maker, 3) == 0 ? below(&maker, 60) : 0;
    maker.net.biases = below(&maker, 5) == 0 ? below(&maker, 6) : 0;
    maker.net.channels = below(&maker, 8);
    if (options->smooth) {
      smooth_ops[below(&maker, sizeof smooth_ops / sizeof smooth_ops[0])](&maker, from);
    } else {
      all_ops[below(&maker, sizeof all_ops / sizeof all_ops[0])](&maker, from);
    }
  }
  mark_outputs(&maker);
  return net_end(&maker.net);
}

struct hw random_hw(struct rng *rng) {
  static const uint32_t bits[] = {8, 8, 16, 4, 3, 1, 32, 12};
  struct hw hw = support_hw(UINT64_C(1) << 20);
  hw.activation_bits = bits[rng_below(rng, 8)];
  hw.weight_bits = bits[rng_below(rng, 8)];
  hw.bias_bits = bits[rng_below(rng, 8)];
  hw.in_place = rng_below(rng, 4) > 0;
  hw.brr_subgroup_channels = 1 + rng_below(rng, 3);
  return hw;
}
