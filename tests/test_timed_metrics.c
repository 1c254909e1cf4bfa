/* What a timed cost comes to, against numbers worked out by hand. */
#include <check.h>
#include <math.h>

#include "build_graph.h"
#include "sim/timed_metrics.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"

/* 100 MHz, 4 x 8 MACs, 16 lanes, two channels that move 5 bytes a cycle together: 500 MB/s
 * and 3.2 GMAC/s peak, a balance of 6.4 MAC/B. */
static const struct timed_peaks peaks = {
    .cycles_per_second = 1e8,
    .macs_per_cycle = 32,
    .operations_per_cycle = 16,
    .dram_bytes_per_cycle = 5,
    .dram_channels = 2,
    .images = 4,
};

/* 10,000 cycles are 100 us, in which the array could do 320,000 MACs, the lanes 160,000
 * operations, and DRAM could move 50,000 bytes. */
static struct timed_cost example(void) {
  return (struct timed_cost){
      .cycles = 10000,
      .phase_cycles = {[TIMED_COMPUTE] = 5000, [TIMED_PORT] = 2500, [TIMED_DRAM] = 2000, [TIMED_ROOM] = 500},
      .array_busy_cycles = 6000,
      .lanes_busy_cycles = 1000,
      .dram_busy_cycles = 10000,
      .macs = 80000,
      .vector_operations = 4000,
      .dram_read_bytes = 30000,
      .dram_write_bytes = 10000,
      .energy_pj = {[TIMED_MAC] = 1e6, [TIMED_VECTOR] = 2e6, [TIMED_BUFFER] = 3e6, [TIMED_DRAM_ENERGY] = 10e6,
                    [TIMED_STATIC] = 4e6},
  };
}

static void assert_near(double found, double expected) {
  ck_assert_double_eq_tol(found, expected, 1e-12 * fabs(expected));
}

START_TEST(times_and_shares_are_of_the_cycles) {
  const struct timed_cost cost = example();
  const struct timed_metrics metrics = timed_metrics_of(&cost, &peaks);
  assert_near(metrics.seconds, 100e-6);
  assert_near(metrics.images_per_second, 40000); /* four in 100 us */
  assert_near(metrics.phase_ratio[TIMED_COMPUTE], 0.5);
  assert_near(metrics.phase_ratio[TIMED_PORT], 0.25);
  assert_near(metrics.phase_ratio[TIMED_DRAM], 0.2);
  assert_near(metrics.phase_ratio[TIMED_ROOM], 0.05);
}
END_TEST

START_TEST(utilisation_is_of_the_peak_and_busy_of_the_time) {
  const struct timed_cost cost = example();
  const struct timed_metrics metrics = timed_metrics_of(&cost, &peaks);
  assert_near(metrics.array_utilisation, 0.25); /* 80,000 of 320,000 */
  assert_near(metrics.array_busy_ratio, 0.6);
  assert_near(metrics.lanes_utilisation, 0.025); /* 4,000 of 160,000 */
  assert_near(metrics.lanes_busy_ratio, 0.1);
  assert_near(metrics.dram_utilisation, 0.8); /* 40,000 of 50,000 */
  assert_near(metrics.dram_busy_ratio, 0.5);  /* 10,000 of two times 10,000 */
  assert_near(metrics.dram_bytes_per_second, 400e6);
}
END_TEST

START_TEST(energy_is_of_all_images_and_of_one) {
  const struct timed_cost cost = example();
  const struct timed_metrics metrics = timed_metrics_of(&cost, &peaks);
  assert_near(metrics.energy_j, 20e-6);
  assert_near(metrics.image_energy_j, 5e-6);
  assert_near(metrics.power_w, 0.2);  /* 20 uJ in 100 us */
  assert_near(metrics.edp_js, 2e-9);  /* 20 uJ times 100 us */
}
END_TEST

START_TEST(a_low_intensity_is_bound_by_memory) {
  const struct timed_cost cost = example();
  const struct roofline roofline = timed_metrics_of(&cost, &peaks).roofline;
  assert_near(roofline.macs_per_byte, 2); /* 80,000 MACs, 40,000 bytes */
  assert_near(roofline.balance_macs_per_byte, 6.4);
  assert_near(roofline.peak_macs_per_second, 3.2e9);
  assert_near(roofline.peak_dram_bytes_per_second, 500e6);
  assert_near(roofline.attainable_macs_per_second, 1e9); /* 2 MAC/B at 500 MB/s */
  assert_near(roofline.achieved_macs_per_second, 0.8e9);
  ck_assert_int_eq(roofline.bound, ROOFLINE_MEMORY);
}
END_TEST

START_TEST(from_the_balance_on_the_array_bounds) {
  struct timed_cost cost = example();
  cost.macs = 256000; /* 6.4 for each of 40,000 bytes */
  struct roofline roofline = timed_metrics_of(&cost, &peaks).roofline;
  ck_assert_int_eq(roofline.bound, ROOFLINE_COMPUTE);
  assert_near(roofline.attainable_macs_per_second, 3.2e9);
  cost.macs--;
  roofline = timed_metrics_of(&cost, &peaks).roofline;
  ck_assert_int_eq(roofline.bound, ROOFLINE_MEMORY);
  ck_assert_double_lt(roofline.attainable_macs_per_second, 3.2e9);
}
END_TEST

START_TEST(without_macs_nothing_is_attainable) {
  struct timed_cost cost = example();
  cost.macs = 0;
  const struct roofline roofline = timed_metrics_of(&cost, &peaks).roofline;
  ck_assert_double_eq(roofline.macs_per_byte, 0);
  ck_assert_double_eq(roofline.attainable_macs_per_second, 0);
  ck_assert_double_eq(roofline.achieved_macs_per_second, 0);
  ck_assert_int_eq(roofline.bound, ROOFLINE_MEMORY);
}
END_TEST

START_TEST(dram_that_takes_no_time_never_bounds) {
  struct timed_peaks fast = peaks;
  struct timed_cost cost = example();
  fast.dram_bytes_per_cycle = HUGE_VAL;
  const struct timed_metrics metrics = timed_metrics_of(&cost, &fast);
  ck_assert_double_eq(metrics.dram_utilisation, 0);
  ck_assert_double_eq(metrics.roofline.balance_macs_per_byte, 0);
  assert_near(metrics.roofline.attainable_macs_per_second, 3.2e9);
  ck_assert_int_eq(metrics.roofline.bound, ROOFLINE_COMPUTE);
  cost.macs = 0;
  ck_assert_double_eq(timed_metrics_of(&cost, &fast).roofline.attainable_macs_per_second, 0);
}
END_TEST

START_TEST(computing_that_takes_no_time_never_bounds) {
  struct timed_peaks fast = peaks;
  const struct timed_cost cost = example();
  fast.macs_per_cycle = fast.operations_per_cycle = HUGE_VAL;
  const struct timed_metrics metrics = timed_metrics_of(&cost, &fast);
  ck_assert_double_eq(metrics.array_utilisation, 0);
  ck_assert_double_eq(metrics.lanes_utilisation, 0);
  ck_assert(isinf(metrics.roofline.balance_macs_per_byte));
  assert_near(metrics.roofline.attainable_macs_per_second, 1e9);
  ck_assert_int_eq(metrics.roofline.bound, ROOFLINE_MEMORY);
}
END_TEST

START_TEST(no_time_at_all_gives_no_rates) {
  struct timed_peaks fast = peaks;
  struct timed_cost cost = example();
  fast.macs_per_cycle = fast.operations_per_cycle = fast.dram_bytes_per_cycle = HUGE_VAL;
  cost.cycles = cost.array_busy_cycles = cost.lanes_busy_cycles = cost.dram_busy_cycles = 0;
  for (int p = 0; p < TIMED_PHASES; p++) cost.phase_cycles[p] = 0;
  const struct timed_metrics metrics = timed_metrics_of(&cost, &fast);
  const double zeros[] = {metrics.seconds,           metrics.images_per_second, metrics.phase_ratio[TIMED_DRAM],
                          metrics.array_utilisation, metrics.array_busy_ratio,  metrics.dram_utilisation,
                          metrics.dram_busy_ratio,   metrics.power_w,           metrics.edp_js,
                          metrics.roofline.achieved_macs_per_second, metrics.roofline.balance_macs_per_byte};
  for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++) ck_assert_double_eq(zeros[i], 0);
  assert_near(metrics.energy_j, 20e-6);
}
END_TEST

/* A batch of 3 images, each of 8 rows through one convolution. */
static struct graph *small_batch(void) {
  struct net net;
  net_begin(&net, 3);
  net_mark(&net, net_conv(&net, net_input(&net, 8, 16), 4, (struct net_window){3, 1, 1, 1}));
  return net_end(&net);
}

START_TEST(peaks_are_those_of_the_hardware) {
  struct error err = ERROR_INIT;
  struct sim_fixture fixture;
  struct hw hw = support_hw(1 << 20);
  struct timed *timed;
  hw.clock_mhz = 500;
  hw.array_rows = 16;
  hw.array_columns = 8;
  hw.lanes = 4;
  hw.dram_channels = 2;
  sim_fixture_open(&fixture, small_batch(), &hw);
  ck_assert_msg(timed_create(&timed, &fixture.model, &err) == 0, "%s", err.message);
  const struct timed_peaks found = timed_peaks_of(timed, &fixture.model);
  assert_near(found.cycles_per_second, 500e6);
  assert_near(found.macs_per_cycle, 128);
  assert_near(found.operations_per_cycle, 4);
  ck_assert_double_eq_tol(found.dram_bytes_per_cycle, 51.2, 1e-9); /* LPDDR4-3200: two times 12.8 GB/s */
  ck_assert_uint_eq(found.dram_channels, 2);
  ck_assert_uint_eq(found.images, 3);
  timed_free(timed);
  sim_fixture_close(&fixture);
}
END_TEST

Suite *timed_metrics_suite(void) {
  Suite *suite = suite_create("timed_metrics");
  TCase *tests = tcase_create("timed_metrics");
  tcase_add_test(tests, times_and_shares_are_of_the_cycles);
  tcase_add_test(tests, utilisation_is_of_the_peak_and_busy_of_the_time);
  tcase_add_test(tests, energy_is_of_all_images_and_of_one);
  tcase_add_test(tests, a_low_intensity_is_bound_by_memory);
  tcase_add_test(tests, from_the_balance_on_the_array_bounds);
  tcase_add_test(tests, without_macs_nothing_is_attainable);
  tcase_add_test(tests, dram_that_takes_no_time_never_bounds);
  tcase_add_test(tests, computing_that_takes_no_time_never_bounds);
  tcase_add_test(tests, no_time_at_all_gives_no_rates);
  tcase_add_test(tests, peaks_are_those_of_the_hardware);
  suite_add_tcase(suite, tests);
  return suite;
}
