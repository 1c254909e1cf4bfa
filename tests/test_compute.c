/* compute: cycles of the array and of the lanes. */
#include <check.h>
#include <inttypes.h>
#include <string.h>

#include "sim/compute.h"
#include "suites.h"
#include "support.h"
#include "util/rng.h"

static struct hw array_of(const char *dataflow, uint32_t rows, uint32_t columns) {
  struct hw hw = hw_default();
  struct error err = ERROR_INIT;
  ck_assert_int_eq(hw_set(&hw, "compute.dataflow", dataflow, &err), 0);
  hw.array_rows = rows;
  hw.array_columns = columns;
  return hw;
}

static void check_cycles(const char *dataflow, uint32_t rows, uint32_t columns, struct op_work work, uint64_t pixels,
                         uint64_t expected) {
  struct hw hw = array_of(dataflow, rows, columns);
  uint64_t cycles = compute_array_cycles(&hw, &work, pixels);
  ck_assert_msg(cycles == expected, "%s on %ux%u: %" PRIu64 " cycles, expected %" PRIu64, dataflow, rows, columns,
                cycles, expected);
}

static const struct hw_key *dataflow_key(void) {
  for (size_t i = 0; i < hw_key_count; i++) {
    if (strcmp(hw_keys[i].key, "compute.dataflow") == 0) return &hw_keys[i];
  }
  ck_abort_msg("no such key");
}

/* hw does not know sim, so the names stand in both. */
START_TEST(the_key_names_every_dataflow_in_its_order) {
  const char *const *names = dataflow_key()->names;
  for (size_t i = 0; i < dataflow_count; i++) {
    ck_assert_ptr_nonnull(names[i]);
    ck_assert_str_eq(names[i], dataflows[i].name);
    ck_assert_ptr_eq(dataflow_find(names[i]), &dataflows[i]);
  }
  ck_assert_ptr_null(names[dataflow_count]);
  ck_assert_ptr_null(dataflow_find("systolic"));
}
END_TEST

START_TEST(spatial_takes_a_cycle_for_each_tap_of_each_place_and_each_fold) {
  const struct op_work dense = {.filters = 64, .channels = 96, .groups = 1, .taps = 9, .row_pixels = 56};
  check_cycles("spatial", 32, 32, dense, 56, 56 * 9 * 2 * 3);
  check_cycles("spatial", 16, 128, dense, 56, 56 * 9 * 4 * 1);
  check_cycles("spatial", 1, 1, dense, 56, UINT64_C(56) * 9 * 64 * 96); /* every product by itself */
  const struct op_work odd = {.filters = 33, .channels = 3, .groups = 1, .taps = 49, .row_pixels = 7};
  check_cycles("spatial", 32, 32, odd, 7, 7 * 49 * 2 * 1);
  const struct op_work grouped = {.filters = 64, .channels = 96, .groups = 4, .taps = 9, .row_pixels = 10};
  check_cycles("spatial", 32, 32, grouped, 10, 10 * 9 * 4 * 1 * 1);
  check_cycles("spatial", 8, 8, grouped, 10, 10 * 9 * 4 * 2 * 3);
}
END_TEST

START_TEST(spatial_spreads_a_depthwise_convolution_over_the_rows) {
  const struct op_work once = {.filters = 96, .channels = 96, .groups = 96, .taps = 9, .row_pixels = 56};
  check_cycles("spatial", 32, 32, once, 56, 56 * 9 * 3);
  check_cycles("spatial", 32, 1, once, 56, 56 * 9 * 3);
  const struct op_work twice = {.filters = 192, .channels = 96, .groups = 96, .taps = 9, .row_pixels = 56};
  check_cycles("spatial", 32, 32, twice, 56, 56 * 9 * 6);
  const struct op_work grey = {.filters = 40, .channels = 1, .groups = 1, .taps = 25, .row_pixels = 28};
  check_cycles("spatial", 32, 32, grey, 28, 28 * 25 * 2); /* one channel: both rules say the same */
}
END_TEST

START_TEST(spatial_takes_a_fold_of_a_fully_connected_layer_in_a_cycle) {
  const struct op_work layer = {.filters = 1000, .channels = 2048, .groups = 1, .taps = 1, .row_pixels = 1};
  check_cycles("spatial", 32, 32, layer, 1, 32 * 64);
  const struct op_work heads = {.filters = 12 * 197, .channels = 12 * 64, .groups = 12, .taps = 1, .row_pixels = 1};
  check_cycles("spatial", 32, 32, heads, 1, 12 * 7 * 2);
}
END_TEST

/* Worked out by SCALE-Sim's formulas: a 3x3 convolution of 64 channels to 64 at 54x54
 * places; one of 16 to 32 at 14x14. */
START_TEST(systolic_arrays_take_what_scale_sim_says) {
  const struct op_work large = {.filters = 64, .channels = 64, .groups = 1, .taps = 9, .row_pixels = 54};
  check_cycles("output_stationary", 32, 32, large, 54 * 54, 117392); /* 92 * 2 * (576 + 62) */
  check_cycles("weight_stationary", 32, 32, large, 54 * 54, 108360); /* 18 * 2 * (64 + 32 + 2916 - 2) */
  const struct op_work small = {.filters = 32, .channels = 16, .groups = 1, .taps = 9, .row_pixels = 14};
  check_cycles("output_stationary", 32, 32, small, 14 * 14, 1442); /* 7 * 1 * (144 + 62) */
  check_cycles("weight_stationary", 32, 32, small, 14 * 14, 1450); /* 5 * 1 * (64 + 32 + 196 - 2) */
}
END_TEST

START_TEST(systolic_arrays_tell_rows_from_columns) {
  const struct op_work work = {.filters = 40, .channels = 10, .groups = 1, .taps = 9, .row_pixels = 20};
  check_cycles("output_stationary", 8, 16, work, 20, 3 * 3 * (90 + 22));
  check_cycles("output_stationary", 16, 8, work, 20, 2 * 5 * (90 + 22));
  check_cycles("weight_stationary", 8, 16, work, 20, 12 * 3 * (16 + 16 + 20 - 2));
  check_cycles("weight_stationary", 16, 8, work, 20, 6 * 5 * (32 + 8 + 20 - 2));
}
END_TEST

START_TEST(systolic_arrays_take_groups_one_after_another) {
  const struct op_work one = {.filters = 8, .channels = 4, .groups = 1, .taps = 9, .row_pixels = 20};
  struct op_work five = one;
  five.filters *= 5;
  five.channels *= 5;
  five.groups = 5;
  for (size_t i = 1; i < dataflow_count; i++) {
    ck_assert_uint_eq(dataflows[i].cycles(&five, 20, 16, 16), 5 * dataflows[i].cycles(&one, 20, 16, 16));
  }
}
END_TEST

/* One unit does one product a cycle, so no array is faster than its units. */
START_TEST(no_dataflow_does_more_products_than_the_array_has_units) {
  struct rng rng = rng_stream(1, 1, 0);
  for (uint32_t round = 0; round < 2000; round++) {
    uint64_t groups = 1 + rng_below(&rng, 4);
    const struct op_work work = {.filters = groups * (1 + rng_below(&rng, 70)),
                                 .channels = groups * (1 + rng_below(&rng, 70)),
                                 .groups = groups,
                                 .taps = 1 + rng_below(&rng, 9),
                                 .row_pixels = 1};
    uint64_t pixels = 1 + rng_below(&rng, 60);
    uint32_t rows = 1 + rng_below(&rng, 40), columns = 1 + rng_below(&rng, 40);
    uint64_t products = pixels * work.taps * work.filters * (work.channels / groups);
    for (size_t i = 0; i < dataflow_count; i++) {
      uint64_t cycles = dataflows[i].cycles(&work, pixels, rows, columns);
      ck_assert_msg(cycles * rows * columns >= products, "%s, round %u", dataflows[i].name, round);
      ck_assert_uint_le(cycles, dataflows[i].cycles(&work, pixels + 1, rows, columns));
    }
  }
}
END_TEST

/* Whole maps of every network: what rows take one after another, spatial takes at once. */
START_TEST(spatial_takes_as_long_for_a_map_as_for_its_rows) {
  struct graph *graph = support_network("mobilenet_v2");
  struct hw hw = hw_default();
  for (uint32_t v = 0; v < graph->op_count; v++) {
    const struct op_work *work = &graph->ops[v].work;
    uint64_t rows = graph->tensors[graph->ops[v].first_output].rows;
    if (work->filters == 0) continue;
    uint64_t row = compute_array_cycles(&hw, work, work->row_pixels);
    ck_assert_uint_eq(compute_array_cycles(&hw, work, rows * work->row_pixels), rows * row);
    ck_assert_uint_ge(rows * row * 32 * 32, graph->ops[v].macs);
  }
  graph_free(graph);
}
END_TEST

START_TEST(lanes_take_an_operation_each) {
  struct hw hw = hw_default();
  ck_assert_uint_eq(compute_vector_cycles(&hw, 0), 0);
  ck_assert_uint_eq(compute_vector_cycles(&hw, 1), 1);
  ck_assert_uint_eq(compute_vector_cycles(&hw, 32), 1);
  ck_assert_uint_eq(compute_vector_cycles(&hw, 33), 2);
  hw.lanes = 1;
  ck_assert_uint_eq(compute_vector_cycles(&hw, UINT64_MAX), UINT64_MAX);
}
END_TEST

START_TEST(unlimited_compute_takes_no_time) {
  const struct op_work work = {.filters = 64, .channels = 64, .groups = 1, .taps = 9, .row_pixels = 54};
  for (size_t i = 0; i < dataflow_count; i++) {
    struct hw hw = array_of(dataflows[i].name, 32, 32);
    ck_assert_uint_gt(compute_array_cycles(&hw, &work, 54), 0);
    ck_assert_uint_eq(compute_array_cycles(&hw, &work, 0), 0);
    hw.compute_unlimited = true;
    ck_assert_uint_eq(compute_array_cycles(&hw, &work, 54), 0);
    ck_assert_uint_eq(compute_vector_cycles(&hw, 54), 0);
  }
}
END_TEST

START_TEST(counts_that_do_not_fit_stay_at_the_limit) {
  const uint64_t large = UINT64_C(1) << 40;
  const struct op_work work = {.filters = large, .channels = large, .groups = 1, .taps = large, .row_pixels = 1};
  for (size_t i = 0; i < dataflow_count; i++) {
    struct hw hw = array_of(dataflows[i].name, 1, 1);
    ck_assert_uint_eq(compute_array_cycles(&hw, &work, large), UINT64_MAX);
  }
}
END_TEST

Suite *compute_suite(void) {
  Suite *suite = suite_create("compute");
  TCase *tests = tcase_create("compute");
  tcase_add_test(tests, the_key_names_every_dataflow_in_its_order);
  tcase_add_test(tests, spatial_takes_a_cycle_for_each_tap_of_each_place_and_each_fold);
  tcase_add_test(tests, spatial_spreads_a_depthwise_convolution_over_the_rows);
  tcase_add_test(tests, spatial_takes_a_fold_of_a_fully_connected_layer_in_a_cycle);
  tcase_add_test(tests, systolic_arrays_take_what_scale_sim_says);
  tcase_add_test(tests, systolic_arrays_tell_rows_from_columns);
  tcase_add_test(tests, systolic_arrays_take_groups_one_after_another);
  tcase_add_test(tests, no_dataflow_does_more_products_than_the_array_has_units);
  tcase_add_test(tests, spatial_takes_as_long_for_a_map_as_for_its_rows);
  tcase_add_test(tests, lanes_take_an_operation_each);
  tcase_add_test(tests, unlimited_compute_takes_no_time);
  tcase_add_test(tests, counts_that_do_not_fit_stay_at_the_limit);
  suite_add_tcase(suite, tests);
  return suite;
}
