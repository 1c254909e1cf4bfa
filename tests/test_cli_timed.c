/* --timed: what a plan takes on the clock, as it is printed and as it is recorded. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli_plan.h"
#include "cli_run.h"

#define COST_KEYS                                                                                                     \
  "cycles phase_cycles array_busy_cycles lanes_busy_cycles dram_busy_cycles macs vector_operations "                  \
  "buffer_read_bytes buffer_write_bytes dram_read_bytes dram_write_bytes dram_activates energy_pj "                   \
  "peak_occupied_bytes seconds inferences_per_second energy_per_inference_pj average_power_watts "                    \
  "energy_delay_product_joule_seconds dram_bytes_per_second utilisation roofline"

static double real(const json_t *document, const char *path) {
  json_t *value = cli_at(document, path);
  ck_assert_msg(json_is_number(value), "%s is no number", path);
  return json_number_value(value);
}

/* JSON has twelve digits. */
static void assert_near(double found, double expected) {
  ck_assert_msg(fabs(found - expected) <= 1e-10 * fabs(expected), "%.12g is not %.12g", found, expected);
}

/* ---- documents ---- */

static const char *const phases[] = {"compute", "port", "dram", "room"};
static const char *const energies[] = {"mac", "vector", "buffer", "dram", "static"};
static const char *const ratios[] = {"array", "array_busy", "lanes", "lanes_busy", "dram_bandwidth", "dram_busy"};
static const char *const sums[] = {
    "cycles",           "phase_cycles.compute", "phase_cycles.port",   "phase_cycles.dram",  "phase_cycles.room",
    "array_busy_cycles", "lanes_busy_cycles",   "dram_busy_cycles",    "macs",               "vector_operations",
    "buffer_read_bytes", "buffer_write_bytes",  "dram_read_bytes",     "dram_write_bytes",   "dram_activates",
};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* One `timed` object by itself, on a machine of that many MHz. */
static void assert_cost(const json_t *timed, double clock_mhz) {
  int64_t cycles = 0;
  double energy = 0, seconds = real(timed, "seconds"), macs = real(timed, "macs");
  double bytes = real(timed, "dram_read_bytes") + real(timed, "dram_write_bytes");
  for (size_t i = 0; i < COUNT(phases); i++) cycles += cli_number(timed, cli_format("phase_cycles.%s", phases[i]));
  for (size_t i = 0; i < COUNT(energies); i++) energy += real(timed, cli_format("energy_pj.%s", energies[i]));
  for (size_t i = 0; i < COUNT(ratios); i++) {
    double ratio = real(timed, cli_format("utilisation.%s", ratios[i]));
    ck_assert_msg(ratio >= 0 && ratio <= 1, "%s is %g", ratios[i], ratio);
  }
  ck_assert_int_eq(cycles, cli_number(timed, "cycles"));
  ck_assert_int_gt(cycles, 0);
  assert_near(real(timed, "energy_pj.total"), energy);
  assert_near(seconds, (double)cycles / (clock_mhz * 1e6));
  assert_near(real(timed, "average_power_watts"), energy * 1e-12 / seconds);
  assert_near(real(timed, "energy_delay_product_joule_seconds"), energy * 1e-12 * seconds);
  assert_near(real(timed, "dram_bytes_per_second"), bytes / seconds);
  assert_near(real(timed, "roofline.arithmetic_intensity_macs_per_byte"), macs / bytes);
  assert_near(real(timed, "roofline.achieved_macs_per_second"), macs / seconds);
  ck_assert_double_le(real(timed, "roofline.achieved_macs_per_second"),
                      real(timed, "roofline.attainable_macs_per_second") * (1 + 1e-9));
  bool below = real(timed, "roofline.arithmetic_intensity_macs_per_byte") <
               real(timed, "roofline.machine_balance_macs_per_byte");
  ck_assert_str_eq(cli_text(timed, "roofline.bound"), below ? "memory" : "compute");
}

/* A group moves what it moves without a clock, and prefetches into what is free only. */
static void assert_group(const json_t *group, int64_t capacity) {
  const json_t *timed = cli_at(group, "timed");
  int64_t peak = cli_number(timed, "peak_occupied_bytes"), required = cli_number(group, "required_bytes");
  ck_assert_str_eq(cli_keys(timed), COST_KEYS " start_cycle");
  ck_assert_int_eq(cli_number(timed, "dram_read_bytes"), cli_number(group, "dram_read_bytes"));
  ck_assert_int_eq(cli_number(timed, "dram_write_bytes"), cli_number(group, "dram_write_bytes"));
  ck_assert_int_le(peak, required > capacity ? required : capacity);
}

/* Groups follow one another: sorted by their starts, each begins where one ends. */
static void assert_starts(const json_t *document) {
  json_t *groups = cli_at(document, "groups"), *group, *other;
  size_t g, h;
  json_array_foreach(groups, g, group) {
    int64_t end = cli_number(group, "timed.start_cycle") + cli_number(group, "timed.cycles");
    bool found = end == cli_number(document, "totals.timed.cycles");
    json_array_foreach(groups, h, other) found = found || cli_number(other, "timed.start_cycle") == end;
    ck_assert(found);
  }
}

static void assert_timed(const json_t *document) {
  json_t *group, *totals = cli_at(document, "totals.timed");
  double clock_mhz = real(document, "hardware.clock.frequency");
  size_t g;
  cli_assert_plan(document);
  ck_assert_str_eq(cli_keys(totals), COST_KEYS " inferences");
  json_array_foreach(cli_at(document, "groups"), g, group) {
    assert_group(group, cli_number(document, "hardware.buffer.capacity"));
    assert_cost(cli_at(group, "timed"), clock_mhz);
  }
  for (size_t i = 0; i < COUNT(sums); i++) {
    int64_t sum = 0;
    json_array_foreach(cli_at(document, "groups"), g, group) sum += cli_number(cli_at(group, "timed"), sums[i]);
    ck_assert_msg(sum == cli_number(totals, sums[i]), "%s does not add up", sums[i]);
  }
  assert_cost(totals, clock_mhz);
  assert_cost(cli_at(document, "layer_by_layer.timed"), clock_mhz);
  assert_near(real(totals, "inferences_per_second"), real(totals, "inferences") / real(totals, "seconds"));
  assert_starts(document);
}

static const struct {
  const char *network, *buffer, *hardware;
} timed_runs[] = {
    {"squeezenet1_1", "256KiB", "name: a\n"},
    {"alexnet", "64KiB", "clock: {frequency: 700}\ncompute: {rows: 16, columns: 8, dataflow: weight_stationary}\n"},
    {"mobilenet_v3_small", "1MiB", "dram: {standard: HBM2, channels: 4}\ncompute: {dataflow: output_stationary}\n"},
    {"efficientnet_b0", "128KiB", "buffer: {read_bytes_per_cycle: 8}\ndma: {read_queue: 2, write_queue: 1}\n"},
};

START_TEST(what_is_timed_adds_up) {
  cli_write("hw.yaml", timed_runs[_i].hardware);
  json_t *document = DOCUMENT("simulate", timed_runs[_i].network, "--timed", "--json", "--no-db", "--hw", "hw.yaml",
                              "--buffer", timed_runs[_i].buffer);
  assert_timed(document);
  ck_assert_int_eq(cli_number(document, "totals.timed.cycles"), cli_number(document, "layer_by_layer.timed.cycles"));
  json_decref(document);
}
END_TEST

START_TEST(a_network_has_its_macs) {
  json_t *timed = DOCUMENT("simulate", "resnet18", "--timed", "--json", "--no-db"), *shown =
      DOCUMENT("show", "resnet18", "--json");
  ck_assert_int_eq(cli_number(timed, "totals.timed.macs"), cli_number(shown, "macs"));
  assert_near(real(timed, "totals.timed.energy_pj.mac"),
              (double)cli_number(shown, "macs") * real(timed, "hardware.energy.mac_pj"));
  assert_near(real(timed, "totals.timed.roofline.peak_macs_per_second"), 1024e9); /* 32 x 32 at 1 GHz */
  json_decref(timed);
  json_decref(shown);
}
END_TEST

static void forget_timed(json_t *document) {
  json_t *group;
  size_t g;
  json_array_foreach(cli_at(document, "groups"), g, group) json_object_del(group, "timed");
  json_object_del(cli_at(document, "totals"), "timed");
  json_object_del(cli_at(document, "layer_by_layer"), "timed");
}

START_TEST(the_clock_changes_nothing_else) {
  json_t *timed = DOCUMENT("simulate", "squeezenet1_1", "--timed", "--json", "--no-db");
  json_t *plain = DOCUMENT("simulate", "squeezenet1_1", "--json", "--no-db");
  ck_assert(!json_equal(timed, plain));
  forget_timed(timed);
  ck_assert(json_equal(timed, plain));
  const char *table = OUTPUT("simulate", "squeezenet1_1", "--no-db");
  ck_assert_int_eq(strncmp(OUTPUT("simulate", "squeezenet1_1", "--timed", "--no-db"), table, strlen(table)), 0);
  json_decref(timed);
  json_decref(plain);
}
END_TEST

START_TEST(a_schedule_takes_what_its_plan_takes) {
  json_t *found = DOCUMENT("schedule", "mobilenet_v2", "--timed", "--json", "--no-db", "-n", "40", "-o", "plan.yaml");
  json_t *again = DOCUMENT("simulate", "mobilenet_v2", "--timed", "--json", "--no-db", "-p", "plan.yaml");
  assert_timed(found);
  json_object_del(found, "search");
  ck_assert(json_equal(found, again));
  ck_assert_int_lt(cli_number(found, "totals.timed.cycles"), cli_number(found, "layer_by_layer.timed.cycles"));
  const char *table = OUTPUT("schedule", "mobilenet_v2", "--timed", "--no-db", "-n", "40");
  ck_assert_double_eq(cli_table_number(table, "cycles"), (double)cli_number(found, "totals.timed.cycles"));
  json_decref(found);
  json_decref(again);
}
END_TEST

START_TEST(a_plan_that_overflows_is_timed_as_if_it_fitted) {
  cli_write_whole_plan("plan.yaml", "squeezenet1_1");
  json_t *document = DOCUMENT("simulate", "squeezenet1_1", "--timed", "--json", "--no-db", "-p", "plan.yaml");
  assert_timed(document);
  ck_assert_int_eq(cli_number(document, "totals.invalid_groups"), 1);
  ck_assert_int_eq(cli_number(document, "totals.timed.peak_occupied_bytes"),
                   cli_number(document, "totals.max_required_bytes"));
  json_decref(document);
}
END_TEST

/* ---- tables ---- */

START_TEST(the_timed_table_says_the_same_as_the_document) {
  const char *table = strstr(OUTPUT("simulate", "squeezenet1_1", "--timed", "--no-db"), "\ncycles ");
  json_t *document = DOCUMENT("simulate", "squeezenet1_1", "--timed", "--no-db", "--json");
  static const struct {
    const char *label, *path;
    double scale, tolerance;
  } figures[] = {
      {"cycles", "cycles", 1, 0.5},
      {"time", "seconds", 1e3, 0.00051},
      {"throughput", "inferences_per_second", 1, 0.0051},
      {"array utilisation", "utilisation.array", 100, 0.0051},
      {"vector lane utilisation", "utilisation.lanes", 100, 0.0051},
      {"DRAM bandwidth utilisation", "utilisation.dram_bandwidth", 100, 0.0051},
      {"energy ", "energy_pj.total", 1e-6, 0.051},
      {"  MACs", "energy_pj.mac", 1e-6, 0.051},
      {"  static", "energy_pj.static", 1e-6, 0.051},
      {"energy per inference", "energy_per_inference_pj", 1e-6, 0.051},
      {"average power", "average_power_watts", 1e3, 0.051},
      {"energy-delay product", "energy_delay_product_joule_seconds", 1e6, 0.00051},
      {"arithmetic intensity", "roofline.arithmetic_intensity_macs_per_byte", 1, 0.0051},
      {"machine balance", "roofline.machine_balance_macs_per_byte", 1, 0.0051},
      {"  attainable", "roofline.attainable_macs_per_second", 1e-9, 0.0051},
  };
  ck_assert_ptr_nonnull(table);
  for (size_t i = 0; i < COUNT(figures); i++) {
    double expected = real(cli_at(document, "totals.timed"), figures[i].path) * figures[i].scale;
    ck_assert_double_eq_tol(cli_table_number(table, figures[i].label), expected, figures[i].tolerance);
  }
  double waiting = real(document, "totals.timed.phase_cycles.dram") / real(document, "totals.timed.cycles");
  ck_assert_double_eq_tol(cli_table_number(table, "  waiting for DRAM"), 100 * waiting, 0.0051);
  cli_assert_has(table, cli_text(document, "totals.timed.roofline.bound"));
  json_decref(document);
}
END_TEST

/* ---- machines without limits, and without sense ---- */

START_TEST(what_is_infinite_is_null_and_a_dash) {
  cli_write("compute.yaml", "compute: {unlimited: true}\n");
  cli_write("dram.yaml", "dram: {unlimited: true}\n");
  cli_write("both.yaml", "compute: {unlimited: true}\ndram: {unlimited: true}\n");
  json_t *document = DOCUMENT("simulate", "alexnet", "--timed", "--json", "--no-db", "--hw", "compute.yaml");
  ck_assert(json_is_null(cli_at(document, "totals.timed.roofline.machine_balance_macs_per_byte")));
  ck_assert(json_is_null(cli_at(document, "totals.timed.roofline.peak_macs_per_second")));
  ck_assert_int_eq(cli_number(document, "totals.timed.phase_cycles.compute"), 0);
  json_decref(document);
  document = DOCUMENT("simulate", "alexnet", "--timed", "--json", "--no-db", "--hw", "dram.yaml");
  ck_assert(json_is_null(cli_at(document, "totals.timed.roofline.peak_dram_bytes_per_second")));
  ck_assert_str_eq(cli_text(document, "totals.timed.roofline.bound"), "compute");
  ck_assert_int_eq(cli_number(document, "totals.timed.phase_cycles.dram"), 0);
  json_decref(document);
  const char *table = OUTPUT("simulate", "alexnet", "--timed", "--no-db", "--hw", "both.yaml");
  ck_assert_double_eq(cli_table_number(table, "cycles"), 0);
  cli_assert_lacks(table, "inf ");
  cli_assert_lacks(table, "nan");
  document = DOCUMENT("simulate", "alexnet", "--timed", "--json", "--hw", "both.yaml");
  ck_assert_int_eq(cli_number(document, "totals.timed.cycles"), 0);
  ck_assert_int_eq(cli_sql("results/spillway.db", "SELECT count(*) FROM v_run WHERE cycles = 0"), 1);
  json_decref(document);
  document = DOCUMENT("query", "timed", "--json");
  ck_assert(json_is_null(cli_at(document, "0.speedup")));
  json_decref(document);
}
END_TEST

START_TEST(a_dram_that_nobody_knows_matters_to_the_clock_alone) {
  cli_write("standard.yaml", "name: odd\ndram: {standard: DDR9-1}\n");
  cli_write("mapping.yaml", "dram: {mapping: zigzag}\n");
  COMPLAINS_OF("unknown DRAM standard 'DDR9-1'", "simulate", "alexnet", "--timed", "--hw", "standard.yaml");
  COMPLAINS_OF("hardware 'odd'", "simulate", "alexnet", "--timed", "--hw", "standard.yaml", "--trace", "t.csv",
               "--group", "0");
  COMPLAINS_OF("unknown DRAM mapping 'zigzag'", "simulate", "alexnet", "--timed", "--hw", "mapping.yaml");
  COMPLAINS_OF("unknown DRAM standard 'DDR9-1'", "schedule", "alexnet", "--timed", "--hw", "standard.yaml", "-n",
               "1000000000", "-o", "plan.yaml");
  OUTPUT("simulate", "alexnet", "--hw", "standard.yaml", "--no-db");
  OUTPUT("schedule", "alexnet", "--hw", "mapping.yaml", "--no-db", "-n", "5");
}
END_TEST

/* ---- the record ---- */

/* By column, what is in the document; of the same scale. */
static const char *const recorded[][2] = {
    {"cycles", "cycles"},
    {"phase_compute_cycles", "phase_cycles.compute"},
    {"phase_port_cycles", "phase_cycles.port"},
    {"phase_dram_cycles", "phase_cycles.dram"},
    {"phase_room_cycles", "phase_cycles.room"},
    {"array_busy_cycles", "array_busy_cycles"},
    {"lanes_busy_cycles", "lanes_busy_cycles"},
    {"dram_busy_cycles", "dram_busy_cycles"},
    {"macs", "macs"},
    {"vector_operations", "vector_operations"},
    {"buffer_read_bytes", "buffer_read_bytes"},
    {"buffer_write_bytes", "buffer_write_bytes"},
    {"dram_activates", "dram_activates"},
    {"peak_occupied_bytes", "peak_occupied_bytes"},
    {"mac_pj", "energy_pj.mac"},
    {"vector_pj", "energy_pj.vector"},
    {"buffer_pj", "energy_pj.buffer"},
    {"dram_pj", "energy_pj.dram"},
    {"static_pj", "energy_pj.static"},
    {"energy_pj", "energy_pj.total"},
    {"latency_seconds", "seconds"},
    {"array_utilisation", "utilisation.array"},
    {"lanes_utilisation", "utilisation.lanes"},
    {"dram_utilisation", "utilisation.dram_bandwidth"},
    {"arithmetic_intensity", "roofline.arithmetic_intensity_macs_per_byte"},
    {"machine_balance", "roofline.machine_balance_macs_per_byte"},
};

static void assert_recorded(const json_t *row, const json_t *timed) {
  for (size_t i = 0; i < COUNT(recorded); i++) assert_near(real(row, recorded[i][0]), real(timed, recorded[i][1]));
  ck_assert_str_eq(cli_text(row, "bound"), cli_text(timed, "roofline.bound"));
}

START_TEST(a_timed_run_is_recorded_with_its_groups) {
  json_t *document = DOCUMENT("schedule", "squeezenet1_1", "--timed", "--json", "-n", "20"), *group;
  json_t *runs = DOCUMENT("query", "--json", "SELECT * FROM v_run");
  json_t *groups = DOCUMENT("query", "--json", "SELECT * FROM v_group ORDER BY ordinal");
  const json_t *run = json_array_get(runs, 0);
  size_t g;
  assert_recorded(run, cli_at(document, "totals.timed"));
  ck_assert_int_eq(cli_number(run, "inferences"), 1);
  ck_assert_int_eq(cli_number(run, "layer_by_layer_cycles"), cli_number(document, "layer_by_layer.timed.cycles"));
  assert_near(real(run, "layer_by_layer_pj"), real(document, "layer_by_layer.timed.energy_pj.total"));
  ck_assert_uint_eq(json_array_size(groups), json_array_size(cli_at(document, "groups")));
  json_array_foreach(cli_at(document, "groups"), g, group) {
    const json_t *row = json_array_get(groups, g);
    assert_recorded(row, cli_at(group, "timed"));
    ck_assert_int_eq(cli_number(row, "start_cycle"), cli_number(group, "timed.start_cycle"));
  }
  json_decref(document);
  json_decref(runs);
  json_decref(groups);
}
END_TEST

START_TEST(an_untimed_run_is_recorded_without_times) {
  OUTPUT("simulate", "alexnet");
  ck_assert_int_eq(cli_sql("results/spillway.db", "SELECT count(*) FROM v_run WHERE cycles IS NULL AND bound IS NULL"),
                   1);
  ck_assert_int_eq(cli_sql("results/spillway.db", "SELECT count(*) FROM v_group WHERE cycles IS NOT NULL"), 0);
  cli_assert_has(OUTPUT("query", "timed"), "(no rows)");
  cli_assert_has(OUTPUT("query", "hotspots"), "(no rows)");
  OUTPUT("simulate", "alexnet", "--timed");
  cli_assert_has(OUTPUT("query", "timed"), "alexnet");
  cli_assert_has(OUTPUT("query", "hotspots", "limit=1"), "/n/classifier/classifier.1/Gemm");
}
END_TEST

static const char *const details[] = {"row", "op", "group"};

START_TEST(a_timeline_of_the_plan_is_written) {
  OUTPUT("simulate", "squeezenet1_1", "--timed", "--no-db", "--trace", "t.json", "--detail", details[_i]);
  json_t *document = json_loads(cli_read("t.json"), 0, NULL);
  ck_assert_ptr_nonnull(document);
  ck_assert_str_eq(cli_text(document, "otherData.network"), "squeezenet1_1");
  ck_assert_uint_gt(json_array_size(cli_at(document, "traceEvents")), 100);
  json_decref(document);
  ck_assert_uint_eq(cli_count_files(), 1);
}
END_TEST

START_TEST(a_timeline_needs_the_clock_and_no_group) {
  COMPLAINS_OF("needs the clock; give --timed too", "simulate", "alexnet", "--no-db", "--trace", "t.json");
  COMPLAINS_OF("leave --group out", "simulate", "alexnet", "--no-db", "--timed", "--trace", "t.json", "--group", "1..2");
  COMPLAINS_OF("unknown detail 'rows'; did you mean 'row'?", "simulate", "alexnet", "--timed", "--detail", "rows");
  ck_assert_uint_eq(cli_count_files(), 0);
}
END_TEST

/* What is loaded ahead takes room too, so the peak is that of the buffer in time. */
START_TEST(a_trace_with_cycles_is_explained) {
  OUTPUT("simulate", "squeezenet1_1", "--timed", "--no-db", "--buffer", "32KiB", "--group", "10..20", "--trace", "t.csv");
  json_t *document = DOCUMENT("explain", "--trace", "t.csv", "--json"), *share;
  int64_t held = 0;
  size_t i;
  ck_assert(json_is_false(cli_at(document, "findings.0.valid")));
  json_array_foreach(cli_at(document, "findings.0.shares"), i, share) {
    held += cli_number(share, "weight_bytes") + cli_number(share, "row_bytes");
  }
  ck_assert_int_eq(held, cli_number(document, "findings.0.required_bytes"));
  ck_assert_uint_gt(json_array_size(cli_at(document, "findings.0.cuts")), 0);
  json_decref(document);
}
END_TEST

START_TEST(a_search_for_cycles_finds_a_faster_plan) {
  json_t *dram = DOCUMENT("schedule", "squeezenet1_1", "--no-db", "--timed", "--budget", "60", "--json");
  json_t *cycles = DOCUMENT("schedule", "squeezenet1_1", "--no-db", "--timed", "--budget", "60", "--json", "--objective",
                            "cycles");
  ck_assert_str_eq(cli_text(cycles, "search.objective"), "cycles");
  ck_assert_int_le(cli_number(cycles, "totals.timed.cycles"), cli_number(dram, "totals.timed.cycles"));
  ck_assert_double_eq(json_number_value(cli_at(cycles, "search.objective_value")),
                      (double)cli_number(cycles, "totals.timed.cycles"));
  json_decref(dram);
  json_decref(cycles);
}
END_TEST

TCase *cli_timed_case(void) {
  TCase *tests = tcase_create("timed");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_loop_test(tests, what_is_timed_adds_up, 0, COUNT(timed_runs));
  tcase_add_loop_test(tests, a_timeline_of_the_plan_is_written, 0, COUNT(details));
  tcase_add_test(tests, a_timeline_needs_the_clock_and_no_group);
  tcase_add_test(tests, a_trace_with_cycles_is_explained);
  tcase_add_test(tests, a_search_for_cycles_finds_a_faster_plan);
  tcase_add_test(tests, a_network_has_its_macs);
  tcase_add_test(tests, the_clock_changes_nothing_else);
  tcase_add_test(tests, a_schedule_takes_what_its_plan_takes);
  tcase_add_test(tests, a_plan_that_overflows_is_timed_as_if_it_fitted);
  tcase_add_test(tests, the_timed_table_says_the_same_as_the_document);
  tcase_add_test(tests, what_is_infinite_is_null_and_a_dash);
  tcase_add_test(tests, a_dram_that_nobody_knows_matters_to_the_clock_alone);
  tcase_add_test(tests, a_timed_run_is_recorded_with_its_groups);
  tcase_add_test(tests, an_untimed_run_is_recorded_without_times);
  return tests;
}
