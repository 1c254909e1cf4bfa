/* Groups small enough to be worked out by hand. A byte is an element: rows and weights have
 * 8 bits, biases 32. "t1 r" is row r of what op 1 computes, "x r" one of the input. */
#include <check.h>
#include <stdlib.h>

#include "build_graph.h"
#include "sim/trace.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

#define CAPACITY (UINT64_C(1) << 20)

struct expected {
  uint64_t required, in, out, weights;
};

static void check_cost(const struct group_cost *cost, struct expected expected) {
  ck_assert_uint_eq(cost->required_bytes, expected.required);
  ck_assert_uint_eq(cost->dram_in_bytes, expected.in);
  ck_assert_uint_eq(cost->dram_out_bytes, expected.out);
  ck_assert_uint_eq(cost->weight_bytes, expected.weights);
}

/* Ops first to last of a network, which is used up, on that hardware. */
static void check_range(struct graph *graph, const struct hw *hw, uint32_t first, uint32_t last,
                        struct expected expected) {
  struct sim_fixture fixture;
  struct group_cost cost;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  sim_fixture_open(&fixture, graph, hw);
  group_of_range(graph, first, last, group);
  ck_assert_int_eq(sim_cost_plain(fixture.sim, group, &cost), 0);
  check_cost(&cost, expected);
  ck_assert_int_eq(sim_cost(fixture.sim, group, &cost), 0);
  check_cost(&cost, expected);
  ck_assert_uint_eq(cost.stripes, 0);
  sim_fixture_close(&fixture);
}

static void check_whole(struct net *net, uint32_t output, struct expected expected) {
  const struct hw hw = support_hw(CAPACITY);
  net_mark(net, output);
  uint32_t last = net->op_count - 1;
  check_range(net_end(net), &hw, 0, last, expected);
}

#define SAME_3X3 ((struct net_window){.kernel = 3, .stride = 1, .pad = 1, .dilation = 1})
#define SAME_1X1 ((struct net_window){.kernel = 1, .stride = 1, .pad = 0, .dilation = 1})

/* ---- windows ---- */

/* Weights 100 + 5*4 and 200. For t1 r rows r-1..r+1 of t0 must be there, for the last of
 * them rows r..r+2 of x, of which r is free again. At t0 r+1: 3 rows of x and 3 of t0 are
 * 30 + 60 = 90; at t1 r: 2 of x, 3 of t0 and itself are 20 + 60 + 30 = 110. */
START_TEST(a_chain_of_3x3_convs_keeps_three_rows_of_the_map_between) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 8, 10);
  net.weights = 100;
  net.biases = 5;
  uint32_t t0 = net_conv(&net, x, 20, SAME_3X3);
  net.weights = 200;
  uint32_t t1 = net_conv(&net, t0, 30, SAME_3X3);
  check_whole(&net, t1, (struct expected){320 + 110, 80, 240, 320});
}
END_TEST

/* Row r needs rows 2r-1..2r+1; the last, row 4, needs 7 and 8. Three of them and the
 * output row: 30 + 7. */
START_TEST(a_stride_of_two_lets_two_rows_go_at_a_time) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 9, 10);
  uint32_t t0 = net_conv(&net, x, 7, (struct net_window){.kernel = 3, .stride = 2, .pad = 1, .dilation = 1});
  ck_assert_uint_eq(net.rows[t0], 5);
  check_whole(&net, t0, (struct expected){37, 90, 35, 0});
}
END_TEST

/* Row r needs r-2, r and r+2, and r-1 and r+1 stay for the next: five rows and the output. */
START_TEST(dilation_keeps_the_rows_between_the_taps) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 12, 10);
  uint32_t t0 = net_conv(&net, x, 10, (struct net_window){.kernel = 3, .stride = 1, .pad = 2, .dilation = 2});
  ck_assert_uint_eq(net.rows[t0], 12);
  check_whole(&net, t0, (struct expected){60, 120, 120, 0});
}
END_TEST

/* Rows 0, 3, 6, ... meet the taps 0 and 2 of a kernel with dilation 2: row r needs 3r and
 * 3r+2, and 3r+1 is never loaded. 11 rows: r = 0..2, so 6 rows. */
START_TEST(a_gap_between_windows_and_taps_is_not_loaded) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 11, 10);
  uint32_t t0 = net_conv(&net, x, 5, (struct net_window){.kernel = 2, .stride = 3, .pad = 0, .dilation = 2});
  ck_assert_uint_eq(net.rows[t0], 3);
  check_whole(&net, t0, (struct expected){25, 60, 15, 0});
}
END_TEST

/* Rows 0, 2, 4, 6, 8 of 9 are loaded, relu computes only those, one at a time: relu writes
 * over x, then 10 + 7 with the conv's. */
START_TEST(a_1x1_conv_of_stride_two_makes_nobody_load_or_compute_the_odd_rows) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 9, 10);
  uint32_t relu = net_unary(&net, x);
  uint32_t t1 = net_conv(&net, relu, 7, (struct net_window){.kernel = 1, .stride = 2, .pad = 0, .dilation = 1});
  check_whole(&net, t1, (struct expected){17, 50, 35, 0});
}
END_TEST

/* A pooling window of 3 rows that starts one above a map of one row meets just that row. */
START_TEST(a_map_of_one_row_is_padding_and_that_row) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 1, 10);
  uint32_t t0 = net_conv(&net, x, 4, SAME_3X3);
  check_whole(&net, t0, (struct expected){14, 10, 4, 0});
}
END_TEST

/* ---- skips and reductions ---- */

/* add r takes t1 r, for which t0 r-1..r+1 and so x up to r+2 must be there; add still needs
 * x r. At t1 r: 3 rows of x, 3 of t0 and itself. At add r, in place: 3 of x, 2 of t0, 1. */
START_TEST(a_residual_block_keeps_the_rows_of_its_skip) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 16, 10);
  net.weights = 50;
  uint32_t t0 = net_conv(&net, x, 10, SAME_3X3);
  net.weights = 60;
  uint32_t t1 = net_conv(&net, t0, 10, SAME_3X3);
  uint32_t sum = net_binary(&net, t1, x);
  check_whole(&net, sum, (struct expected){110 + 70, 160, 160, 110});
}
END_TEST

/* scale 0 takes t0 0, then the scale's row, for which all six rows of t0 go through the
 * accumulator and stay. At t0 5: x 5, six rows of t0 and the accumulator are 8 + 48 + 8.
 * The two small convs: 48 + 8 + 2 and 48 + 2 + 8. */
START_TEST(a_squeeze_and_excitation_block_holds_the_whole_map) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 6, 8);
  net.weights = 64;
  uint32_t t0 = net_conv(&net, x, 8, SAME_1X1);
  uint32_t mean = net_reduce(&net, t0, 8);
  net.weights = 16;
  uint32_t squeezed = net_conv(&net, mean, 2, SAME_1X1);
  net.weights = 16;
  uint32_t excited = net_conv(&net, squeezed, 8, SAME_1X1);
  uint32_t scaled = net_scale(&net, t0, excited);
  check_whole(&net, scaled, (struct expected){96 + 64, 48, 48, 96});
}
END_TEST

/* The accumulator, one row of x and one of t0: the map is never held. */
START_TEST(a_reduction_takes_its_map_row_by_row) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 100, 10);
  uint32_t t0 = net_conv(&net, x, 11, SAME_1X1);
  uint32_t mean = net_reduce(&net, t0, 4);
  check_whole(&net, mean, (struct expected){25, 1000, 4, 0});
}
END_TEST

/* t0 is an output too. (1/5 .. 5/5 of t0, 1/1 of the mean; ties to t0.) So t0 is stored row
 * by row and kept for the reduction, which comes last: 5 rows of t0 and the accumulator of
 * 12 are 62; before, at t0 4, x 4 and 5 rows of t0 were 60. */
START_TEST(a_reduced_map_that_is_needed_elsewhere_stays_until_it_is_taken) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 5, 10);
  uint32_t t0 = net_conv(&net, x, 10, SAME_1X1);
  uint32_t mean = net_reduce(&net, t0, 12);
  net_mark(&net, t0);
  check_whole(&net, mean, (struct expected){62, 50, 62, 0});
}
END_TEST

/* The left operand goes row by row, the right one is there whole: 3 rows of 8 stay, then
 * each row of the left (6) and its product (4). */
START_TEST(a_product_of_two_maps_holds_all_rows_of_the_right_one) {
  struct net net;
  net_begin(&net, 1);
  uint32_t left = net_input(&net, 9, 6), right = net_input(&net, 3, 8);
  const struct tensor_input inputs[] = {{left, ROW_MAP_SAME}, {right, ROW_MAP_ALL(3)}};
  net_op(&net);
  uint32_t product = net_output(&net, 9, 4, false, inputs, 2);
  check_whole(&net, product, (struct expected){24 + 10, 54 + 24, 36, 0});
}
END_TEST

/* Concat of rows: 2 of a, then 3 of b, each wanted one at a time. */
START_TEST(rows_put_below_one_another_are_loaded_when_their_turn_comes) {
  struct net net;
  net_begin(&net, 1);
  uint32_t a = net_input(&net, 2, 10), b = net_input(&net, 3, 10);
  struct row_map below = ROW_MAP_SAME;
  below.offset = -2;
  const struct tensor_input inputs[] = {{a, ROW_MAP_SAME}, {b, below}};
  net_op(&net);
  uint32_t both = net_output(&net, 5, 10, false, inputs, 2);
  check_whole(&net, both, (struct expected){20, 50, 50, 0});
}
END_TEST

/* ---- resizing ---- */

START_TEST(nearest_upsampling_reads_each_row_twice_and_loads_it_once) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 4, 10);
  check_whole(&net, net_nearest(&net, x, 8), (struct expected){20, 40, 80, 0});
}
END_TEST

/* floor(r*5/3) = 0, 1, 3 */
START_TEST(nearest_downsampling_skips_rows) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 5, 10);
  check_whole(&net, net_nearest(&net, x, 3), (struct expected){20, 30, 30, 0});
}
END_TEST

/* x = r/2 - 1/4: rows 0 | 0 1 | 0 1 | 1 2 | 1 2 | 2 3 | 2 3 | 3: two and the output. */
START_TEST(linear_upsampling_holds_two_rows) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 4, 10);
  check_whole(&net, net_linear(&net, x, 8, false), (struct expected){30, 40, 80, 0});
}
END_TEST

/* x = r*(3-1)/(3-1): whole numbers, so one row each. */
START_TEST(linear_resizing_onto_whole_rows_holds_one) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 3, 10);
  check_whole(&net, net_linear(&net, x, 3, true), (struct expected){20, 30, 30, 0});
}
END_TEST

/* ---- outputs ---- */

/* t0 (8 rows) and t1 (4 rows, stride 2) both leave. By their shares of rows done the order
 * is t0 0, t0 1, t1 0, t0 2, t0 3, t1 1, ...: at t1 1 rows 1..3 of t0 and itself are 30 + 30;
 * at t0 3: x 3 and rows 1..3 of t0. */
static struct graph *two_heights(void) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 8, 10);
  uint32_t t0 = net_conv(&net, x, 10, SAME_1X1);
  uint32_t t1 = net_conv(&net, t0, 30, (struct net_window){.kernel = 3, .stride = 2, .pad = 1, .dilation = 1});
  ck_assert_uint_eq(net.rows[t1], 4);
  net_mark(&net, t0);
  net_mark(&net, t1);
  return net_end(&net);
}

START_TEST(outputs_of_different_heights_advance_in_proportion) {
  const struct hw hw = support_hw(CAPACITY);
  check_range(two_heights(), &hw, 0, 1, (struct expected){60, 80, 80 + 120, 0});
}
END_TEST

/* t1 reads rows 0, 4, 8 and 1, 5, 9 of t0, which is an output too: the others are stored and
 * let go at once, whatever a stride of 1 suggests. t1 0 comes after t0 4 (1/2 and 5/10) and
 * calls for rows up to 8: x 8 and rows 0, 1, 4, 5 and 8 of t0. */
START_TEST(rows_between_the_taps_of_a_later_reader_do_not_stay) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 10, 10);
  uint32_t t0 = net_conv(&net, x, 10, SAME_1X1);
  const struct tensor_input input = {
      t0, {.kind = ROW_WINDOW, .stride = 1, .dilation = 4, .kernel = 3, .offset = 0}};
  net_op(&net);
  uint32_t t1 = net_output(&net, 2, 1, false, &input, 1);
  net_mark(&net, t0);
  check_whole(&net, t1, (struct expected){60, 100, 102, 0});
}
END_TEST

static void check_skips_nothing(struct net *net) {
  const struct hw hw = support_hw(CAPACITY);
  struct sim_fixture fixture;
  struct group_cost cost, plain;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  sim_fixture_open(&fixture, net_end(net), &hw);
  group_of_all(fixture.graph, group);
  ck_assert_int_eq(sim_cost(fixture.sim, group, &cost), 0);
  ck_assert_int_eq(sim_cost_plain(fixture.sim, group, &plain), 0);
  ck_assert_uint_eq(cost.required_bytes, plain.required_bytes);
  sim_fixture_close(&fixture);
}

/* Outputs of 12 and 7 rows: 2 and 1 turns, until the first falls behind. The second has fewer
 * rows left than are worth skipping long before the first. */
START_TEST(turns_of_an_output_with_few_rows_left_count) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 12, 1);
  const struct tensor_input input = {x, ROW_MAP_SAME};
  net_op(&net);
  uint32_t t0 = net_output(&net, 12, 4, false, &input, 1), t1 = net_output(&net, 12, 3, false, &input, 1);
  uint32_t t2 = net_conv(&net, t0, 4, SAME_3X3);
  uint32_t t3 = net_binary(&net, t2, t0);
  uint32_t t4 = net_conv(&net, t3, 4, (struct net_window){.kernel = 4, .stride = 2, .pad = 2, .dilation = 1});
  ck_assert_uint_eq(net.rows[t4], 7);
  net_mark(&net, t1);
  net_mark(&net, t4);
  check_skips_nothing(&net);
}
END_TEST

/* t0 is an output whose rows the other outputs call for, so it moves on without being picked. */
START_TEST(an_output_also_moves_on_when_others_call_for_its_rows) {
  const struct net_window half = {.kernel = 3, .stride = 2, .pad = 1, .dilation = 1};
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 97, 8);
  uint32_t t0 = net_conv(&net, x, 9, SAME_3X3);
  uint32_t t1 = net_conv(&net, t0, 8, SAME_3X3);
  uint32_t t3 = net_unary(&net, net_binary(&net, t1, x));
  uint32_t t5 = net_conv(&net, net_conv(&net, t1, 8, half), 1, half);
  net_mark(&net, t0);
  net_mark(&net, t3);
  net_mark(&net, t5);
  check_skips_nothing(&net);
}
END_TEST

struct stores {
  struct {
    uint32_t op, row;
  } items[16];
  size_t count;
};

static void note_store(void *context, const struct trace_event *event) {
  struct stores *stores = context;
  if (event->kind != TRACE_STORE) return;
  ck_assert_uint_lt(stores->count, sizeof stores->items / sizeof stores->items[0]);
  stores->items[stores->count].op = event->op;
  stores->items[stores->count++].row = event->row;
}

START_TEST(the_output_with_the_smallest_share_done_is_next_and_ties_go_to_the_smaller_label) {
  static const uint32_t ops[] = {0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1};
  static const uint32_t rows[] = {0, 1, 0, 2, 3, 1, 4, 5, 2, 6, 7, 3};
  const struct hw hw = support_hw(CAPACITY);
  struct sim_fixture fixture;
  struct stores stores = {.count = 0};
  const struct trace_sink sink = {note_store, &stores};
  uint64_t group[GRAPH_MAX_SET_WORDS];
  sim_fixture_open(&fixture, two_heights(), &hw);
  group_of_all(fixture.graph, group);
  ck_assert_int_eq(sim_trace(fixture.sim, group, CAPACITY, &sink), 0);
  ck_assert_uint_eq(stores.count, sizeof ops / sizeof ops[0]);
  for (size_t i = 0; i < stores.count; i++) {
    ck_assert_uint_eq(stores.items[i].op, ops[i]);
    ck_assert_uint_eq(stores.items[i].row, rows[i]);
  }
  sim_fixture_close(&fixture);
}
END_TEST

/* Only t1 of the same network: t0 comes from outside, whole. Rows 1..3 and the output. */
START_TEST(a_tensor_from_outside_is_loaded_and_not_computed) {
  const struct hw hw = support_hw(CAPACITY);
  check_range(two_heights(), &hw, 1, 1, (struct expected){60, 80, 120, 0});
}
END_TEST

/* Only t0: t1 is outside and needs it, and so does the network's output: stored once. */
START_TEST(a_tensor_that_two_outsiders_need_is_stored_once) {
  const struct hw hw = support_hw(CAPACITY);
  check_range(two_heights(), &hw, 0, 0, (struct expected){20, 80, 80, 0});
}
END_TEST

/* ---- hardware and batch ---- */

static struct graph *conv_and_relu(uint64_t batch) {
  struct net net;
  net_begin(&net, batch);
  uint32_t x = net_input(&net, 6, 10);
  net.weights = 33;
  net.biases = 2;
  uint32_t t0 = net_conv(&net, x, 40, SAME_1X1);
  net_mark(&net, net_unary(&net, t0));
  return net_end(&net);
}

/* At the conv's row: 10 + 40; the relu writes over it. Weights 33 + 8. */
START_TEST(an_elementwise_op_writes_over_its_dying_input) {
  const struct hw hw = support_hw(CAPACITY);
  check_range(conv_and_relu(1), &hw, 0, 1, (struct expected){41 + 50, 60, 240, 41});
}
END_TEST

/* Both rows at once: 40 + 40. */
START_TEST(without_in_place_it_takes_a_row_of_its_own) {
  struct hw hw = support_hw(CAPACITY);
  hw.in_place = false;
  check_range(conv_and_relu(1), &hw, 0, 1, (struct expected){41 + 80, 60, 240, 41});
}
END_TEST

/* The relu's input stays for the add: 10 + 10 at the relu, then the add writes over one. */
START_TEST(an_input_row_that_somebody_still_needs_is_not_written_over) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 6, 10);
  uint32_t relu = net_unary(&net, x);
  check_whole(&net, net_binary(&net, relu, x), (struct expected){20, 60, 60, 0});
}
END_TEST

START_TEST(a_batch_multiplies_rows_but_not_weights_or_room) {
  const struct hw hw = support_hw(CAPACITY);
  check_range(conv_and_relu(5), &hw, 0, 1, (struct expected){41 + 50, 300, 1200, 41});
}
END_TEST

/* 10 and 40 elements of 4 bits; 33 weights of 3 bits are 99 bits, 13 bytes; 2 biases of 16. */
START_TEST(rows_weights_and_biases_have_their_own_bits) {
  struct hw hw = support_hw(CAPACITY);
  hw.activation_bits = 4;
  hw.weight_bits = 3;
  hw.bias_bits = 16;
  check_range(conv_and_relu(1), &hw, 0, 1, (struct expected){17 + 25, 30, 120, 17});
}
END_TEST

/* ---- streamed ops (design 2.4 for one op) ---- */

/* 900 bytes of weights in 10 channels: staging 2 * 90. Rows of x and t0 for stripes of
 * height 8: 8 + 8; 4: 5 + 4; 3: 5 + 3 (the middle one); 2: 4 + 2; 1: 3 + 1; 10 bytes each. */
static const struct {
  uint64_t required;
  uint32_t stripes;
} stripings[] = {{180 + 160, 1}, {180 + 90, 2}, {180 + 80, 3}, {180 + 60, 4}, {180 + 40, 8}};
enum { STRIPINGS = sizeof stripings / sizeof stripings[0] };

static struct graph *large_conv(uint64_t batch) {
  struct net net;
  net_begin(&net, batch);
  uint32_t x = net_input(&net, 8, 10);
  net.weights = 900;
  net.channels = 10;
  net_mark(&net, net_conv(&net, x, 10, SAME_3X3));
  return net_end(&net);
}

START_TEST(a_streamed_op_runs_in_the_fewest_stripes_that_fit) {
  const struct hw hw = support_hw(CAPACITY);
  struct sim_fixture fixture;
  struct group_cost cost;
  sim_fixture_open(&fixture, large_conv(1), &hw);
  for (size_t i = 0; i < STRIPINGS; i++) {
    uint64_t limits[] = {stripings[i].required, i == 0 ? CAPACITY : stripings[i - 1].required - 1};
    for (size_t k = 0; k < 2; k++) { /* exactly enough, and not quite enough for fewer stripes */
      ck_assert_int_eq(sim_cost_streamed(fixture.sim, (const uint64_t[GRAPH_MAX_SET_WORDS]){1}, limits[k], &cost), 0);
      check_cost(&cost, (struct expected){stripings[i].required, 80, 80, 900 * stripings[i].stripes});
      ck_assert_uint_eq(cost.stripes, stripings[i].stripes);
    }
  }
  sim_fixture_close(&fixture);
}
END_TEST

START_TEST(a_streamed_op_that_does_not_fit_says_what_it_takes) {
  const struct hw hw = support_hw(CAPACITY);
  struct sim_fixture fixture;
  struct group_cost cost;
  sim_fixture_open(&fixture, large_conv(1), &hw);
  for (uint64_t capacity = 0; capacity < 220; capacity += 73) {
    ck_assert_int_eq(sim_cost_streamed(fixture.sim, (const uint64_t[GRAPH_MAX_SET_WORDS]){1}, capacity, &cost), 1);
    ck_assert_uint_eq(cost.required_bytes, 220);
  }
  sim_fixture_close(&fixture);
}
END_TEST

START_TEST(streamed_weights_are_fetched_for_every_stripe_and_image) {
  const struct hw hw = support_hw(CAPACITY);
  struct sim_fixture fixture;
  struct group_cost cost;
  sim_fixture_open(&fixture, large_conv(3), &hw);
  ck_assert_int_eq(sim_cost_streamed(fixture.sim, (const uint64_t[GRAPH_MAX_SET_WORDS]){1}, 270, &cost), 0);
  check_cost(&cost, (struct expected){270, 240, 240, 900 * 2 * 3});
  sim_fixture_close(&fixture);
}
END_TEST

/* c = 3: staging 2 * 3 * 90; c = 6: 1080, more than the weights, so 900. */
START_TEST(staging_holds_two_subgroups_but_no_more_than_the_weights) {
  static const uint64_t staging[] = {540, 900};
  struct hw hw = support_hw(CAPACITY);
  for (uint32_t i = 0; i < 2; i++) {
    struct sim_fixture fixture;
    struct group_cost cost;
    hw.brr_subgroup_channels = 3 * (i + 1);
    sim_fixture_open(&fixture, large_conv(1), &hw);
    ck_assert_int_eq(sim_cost_streamed(fixture.sim, (const uint64_t[GRAPH_MAX_SET_WORDS]){1}, CAPACITY, &cost), 0);
    ck_assert_uint_eq(cost.required_bytes, staging[i] + 160);
    sim_fixture_close(&fixture);
  }
}
END_TEST

/* An FC over a map: its accumulator row and one row of x, however tall the stripe. */
START_TEST(a_streamed_reduction_takes_its_rows_one_by_one) {
  const struct hw hw = support_hw(CAPACITY);
  struct sim_fixture fixture;
  struct group_cost cost;
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 50, 10);
  net.weights = 400;
  net.channels = 4;
  net_mark(&net, net_reduce(&net, x, 4));
  sim_fixture_open(&fixture, net_end(&net), &hw);
  ck_assert_int_eq(sim_cost_streamed(fixture.sim, (const uint64_t[GRAPH_MAX_SET_WORDS]){1}, 300, &cost), 0);
  check_cost(&cost, (struct expected){200 + 4 + 10, 500, 4, 400});
  ck_assert_uint_eq(cost.stripes, 1);
  sim_fixture_close(&fixture);
}
END_TEST

/* Without weights there is nothing to stream: row by row as under LBDF. */
START_TEST(an_op_without_weights_streams_as_it_runs) {
  const struct hw hw = support_hw(CAPACITY);
  struct sim_fixture fixture;
  struct group_cost cost;
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 8, 10);
  net_mark(&net, net_conv(&net, x, 10, SAME_3X3));
  sim_fixture_open(&fixture, net_end(&net), &hw);
  ck_assert_int_eq(sim_cost_streamed(fixture.sim, (const uint64_t[GRAPH_MAX_SET_WORDS]){1}, 40, &cost), 0);
  check_cost(&cost, (struct expected){40, 80, 80, 0});
  ck_assert_int_eq(sim_cost_streamed(fixture.sim, (const uint64_t[GRAPH_MAX_SET_WORDS]){1}, 39, &cost), 1);
  ck_assert_uint_eq(cost.required_bytes, 40);
  sim_fixture_close(&fixture);
}
END_TEST

/* ---- traces/example.csv ---- */

static uint32_t named_op(struct graph_builder *builder, const char *name, uint64_t weights, const char *tensor,
                         uint32_t rows, uint64_t elements, struct tensor_input input) {
  const struct op_spec op = {.name = name, .type = "Test", .weight_elements = weights};
  const struct tensor_spec output = {.name = tensor, .rows = rows, .row_elements = elements};
  struct error err = ERROR_INIT;
  uint32_t index;
  ck_assert_int_eq(graph_builder_op(builder, &index, &op, &err), 0);
  ck_assert_int_eq(graph_builder_output(builder, &index, &output, &input, 1, &err), 0);
  return index;
}

/* A 3x3 conv over four rows of 8 bytes and a 2x2 pooling. */
static struct graph *example_graph(void) {
  const struct row_map conv = {.kind = ROW_WINDOW, .stride = 1, .dilation = 1, .kernel = 3, .offset = -1};
  const struct row_map pool = {.kind = ROW_WINDOW, .stride = 2, .dilation = 1, .kernel = 2};
  const struct tensor_spec input = {.name = "input", .rows = 4, .row_elements = 8};
  struct graph_builder *builder;
  struct graph *graph;
  struct error err = ERROR_INIT;
  uint32_t tensor;
  ck_assert_int_eq(graph_builder_create(&builder, "example", 1, &err), 0);
  ck_assert_int_eq(graph_builder_input(builder, &tensor, &input, &err), 0);
  tensor = named_op(builder, "conv", 9, "map", 4, 8, (struct tensor_input){tensor, conv});
  tensor = named_op(builder, "pool", 0, "pooled", 2, 4, (struct tensor_input){tensor, pool});
  graph_builder_mark_output(builder, tensor);
  ck_assert_int_eq(graph_builder_finish(&graph, builder, &err), 0);
  return graph;
}

static char *trace_text(const struct trace *trace, size_t *length) {
  struct error err = ERROR_INIT;
  char *text = NULL;
  FILE *file = open_memstream(&text, length);
  ck_assert_ptr_nonnull(file);
  ck_assert_int_eq(trace_write_csv(trace, file, "memory", &err), 0);
  fclose(file);
  return text;
}

START_TEST(the_example_trace_is_what_the_simulator_writes_and_what_the_reader_reads) {
  const struct hw hw = support_hw(48);
  struct sim_fixture fixture;
  struct trace trace, read;
  struct error err = ERROR_INIT;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  size_t length, length_read;
  sim_fixture_open(&fixture, example_graph(), &hw);
  group_of_all(fixture.graph, group);
  ck_assert_int_eq(trace_create(&trace, fixture.graph, 48, &err), 0);
  const struct trace_sink sink = {trace_append, &trace};
  ck_assert_int_eq(sim_trace(fixture.sim, group, 48, &sink), 0);
  int status = trace_read_csv(&read, support_path("traces/example.csv"), &err);
  ck_assert_msg(status == 0, "%s", err.message);
  char *text = trace_text(&trace, &length), *text_read = trace_text(&read, &length_read);
  ck_assert_str_eq(text, text_read);
  free(text);
  free(text_read);
  trace_free(&read);
  trace_free(&trace);
  sim_fixture_close(&fixture);
}
END_TEST

Suite *sim_suite(void) {
  Suite *suite = suite_create("sim");
  TCase *windows = tcase_create("windows");
  tcase_add_test(windows, a_chain_of_3x3_convs_keeps_three_rows_of_the_map_between);
  tcase_add_test(windows, a_stride_of_two_lets_two_rows_go_at_a_time);
  tcase_add_test(windows, dilation_keeps_the_rows_between_the_taps);
  tcase_add_test(windows, a_gap_between_windows_and_taps_is_not_loaded);
  tcase_add_test(windows, a_1x1_conv_of_stride_two_makes_nobody_load_or_compute_the_odd_rows);
  tcase_add_test(windows, a_map_of_one_row_is_padding_and_that_row);
  suite_add_tcase(suite, windows);
  TCase *shapes = tcase_create("skips and reductions");
  tcase_add_test(shapes, a_residual_block_keeps_the_rows_of_its_skip);
  tcase_add_test(shapes, a_squeeze_and_excitation_block_holds_the_whole_map);
  tcase_add_test(shapes, a_reduction_takes_its_map_row_by_row);
  tcase_add_test(shapes, a_reduced_map_that_is_needed_elsewhere_stays_until_it_is_taken);
  tcase_add_test(shapes, a_product_of_two_maps_holds_all_rows_of_the_right_one);
  tcase_add_test(shapes, rows_put_below_one_another_are_loaded_when_their_turn_comes);
  tcase_add_test(shapes, nearest_upsampling_reads_each_row_twice_and_loads_it_once);
  tcase_add_test(shapes, nearest_downsampling_skips_rows);
  tcase_add_test(shapes, linear_upsampling_holds_two_rows);
  tcase_add_test(shapes, linear_resizing_onto_whole_rows_holds_one);
  suite_add_tcase(suite, shapes);
  TCase *outputs = tcase_create("outputs");
  tcase_add_test(outputs, outputs_of_different_heights_advance_in_proportion);
  tcase_add_test(outputs, the_output_with_the_smallest_share_done_is_next_and_ties_go_to_the_smaller_label);
  tcase_add_test(outputs, rows_between_the_taps_of_a_later_reader_do_not_stay);
  tcase_add_test(outputs, turns_of_an_output_with_few_rows_left_count);
  tcase_add_test(outputs, an_output_also_moves_on_when_others_call_for_its_rows);
  tcase_add_test(outputs, a_tensor_from_outside_is_loaded_and_not_computed);
  tcase_add_test(outputs, a_tensor_that_two_outsiders_need_is_stored_once);
  suite_add_tcase(suite, outputs);
  TCase *hardware = tcase_create("hardware");
  tcase_add_test(hardware, an_elementwise_op_writes_over_its_dying_input);
  tcase_add_test(hardware, without_in_place_it_takes_a_row_of_its_own);
  tcase_add_test(hardware, an_input_row_that_somebody_still_needs_is_not_written_over);
  tcase_add_test(hardware, a_batch_multiplies_rows_but_not_weights_or_room);
  tcase_add_test(hardware, rows_weights_and_biases_have_their_own_bits);
  suite_add_tcase(suite, hardware);
  TCase *streamed = tcase_create("streamed ops");
  tcase_add_test(streamed, a_streamed_op_runs_in_the_fewest_stripes_that_fit);
  tcase_add_test(streamed, a_streamed_op_that_does_not_fit_says_what_it_takes);
  tcase_add_test(streamed, streamed_weights_are_fetched_for_every_stripe_and_image);
  tcase_add_test(streamed, staging_holds_two_subgroups_but_no_more_than_the_weights);
  tcase_add_test(streamed, a_streamed_reduction_takes_its_rows_one_by_one);
  tcase_add_test(streamed, an_op_without_weights_streams_as_it_runs);
  suite_add_tcase(suite, streamed);
  TCase *traces = tcase_create("traces");
  tcase_add_test(traces, the_example_trace_is_what_the_simulator_writes_and_what_the_reader_reads);
  suite_add_tcase(suite, traces);
  return suite;
}
