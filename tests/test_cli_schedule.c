/* spillway schedule: the same question has the same answer, whoever asks and however. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli_plan.h"
#include "cli_run.h"
#include "sim_fixture.h"

/* What may differ between two runs of the same search. */
static void forget_times(json_t *document) {
  json_object_del(cli_at(document, "search"), "seconds");
  json_object_del(cli_at(document, "search"), "jobs");
}

static void assert_curve(const json_t *document) {
  json_t *curve = cli_at(document, "search.curve"), *point;
  int64_t plans = 0, bytes = INT64_MAX;
  size_t i;
  ck_assert_uint_gt(json_array_size(curve), 0);
  json_array_foreach(curve, i, point) {
    ck_assert_int_gt(cli_number(point, "0"), plans);
    ck_assert_int_le(cli_number(point, "1"), bytes);
    plans = cli_number(point, "0");
    bytes = cli_number(point, "1");
  }
  ck_assert_int_eq(bytes, cli_number(document, "totals.fuseable_dram_bytes"));
  ck_assert_int_le(plans, cli_number(document, "search.plans_proposed"));
  bool proven = json_is_true(json_object_get(cli_at(document, "search"), "bound_is_optimum"));
  ck_assert_int_eq(cli_number(document, "search.plans_proposed"), proven ? 1 : cli_number(document, "search.budget"));
}

START_TEST(a_schedule_adds_up_and_beats_layer_by_layer) {
  json_t *document = DOCUMENT("schedule", "squeezenet1_1", "--no-db", "--json", "--budget", "60", "--buffer", "128KiB");
  cli_assert_plan(document);
  assert_curve(document);
  ck_assert_str_eq(cli_keys(document),
                   "network network_hash method hardware compulsory_bytes layer_by_layer groups totals search");
  ck_assert_str_eq(
      cli_keys(cli_at(document, "search")),
      "name objective objective_value split budget seed fraction breadth jobs plans_proposed groups_proposed "
      "groups_proposed_valid groups_evaluated "
      "groups_split seconds curve culprits");
  ck_assert_int_lt(cli_number(document, "totals.fuseable_dram_bytes"),
                   cli_number(document, "layer_by_layer.fuseable_dram_bytes"));
  ck_assert_int_eq(cli_number(document, "totals.invalid_groups"), 0);
  ck_assert_uint_gt(json_array_size(cli_at(document, "search.culprits")), 0);
  ck_assert_str_eq(cli_keys(cli_at(document, "search.culprits.0")),
                   "op weight_bytes row_bytes edge predicted_bytes first_op last_op required_bytes times");
  json_decref(document);
}
END_TEST

START_TEST(the_plan_that_was_written_simulates_the_same) {
  json_t *found = DOCUMENT("schedule", "mobilenet_v3_small", "--no-db", "--json", "-n", "40", "--buffer", "96KiB", "-o",
                           "plan.yaml");
  json_t *again =
      DOCUMENT("simulate", "mobilenet_v3_small", "--no-db", "--json", "--buffer", "96KiB", "--plan", "plan.yaml");
  ck_assert(json_equal(cli_at(found, "groups"), cli_at(again, "groups")));
  json_object_del(found, "search");
  ck_assert(json_equal(found, again));
  OUTPUT("simulate", "mobilenet_v3_small", "--no-db", "--buffer", "96KiB", "--plan", "plan.yaml", "--strict");
  ck_assert_uint_eq(cli_count_files(), 1);
  json_decref(found);
  json_decref(again);
}
END_TEST

/* Under auto it says what of brr-plus a group makes use of. */
static const char *method_of_group(const json_t *group, const char *method) {
  if (strcmp(method, "auto") != 0) return method;
  if (cli_number(group, "stripes") == 0) return "lbdf";
  return cli_number(group, "resident_ops") + cli_number(group, "sliced_maps") > 0 ? "brr-plus" : "brr";
}

/* Groups that are too heavy for LBDF, and still fit: the plan says so, and simulates the same. */
START_TEST(plans_may_stream_their_weights) {
  static const char *const methods[] = {"brr", "brr-plus", "auto"};
  json_t *found = DOCUMENT("schedule", "mobilenet_v2", "--method", methods[_i], "--no-db", "--json", "-n", "60",
                           "--buffer", "128KiB", "-o", "plan.yaml");
  cli_assert_plan(found);
  cli_assert_has(cli_read("plan.yaml"), cli_format("method: %s", methods[_i]));
  json_t *again = DOCUMENT("simulate", "mobilenet_v2", "--no-db", "--json", "--buffer", "128KiB", "--plan", "plan.yaml"),
         *timed = DOCUMENT("simulate", "mobilenet_v2", "--no-db", "--json", "--timed", "--buffer", "128KiB", "--plan",
                           "plan.yaml"),
         *group;
  size_t g, fused = 0;
  ck_assert(json_equal(cli_at(found, "groups"), cli_at(again, "groups")));
  ck_assert_int_eq(cli_number(found, "totals.fuseable_dram_bytes"), cli_number(found, "totals.total_dram_bytes"));
  ck_assert_int_eq(cli_number(found, "totals.invalid_groups"), 0);
  ck_assert_int_eq(cli_number(timed, "totals.dram_read_bytes"), cli_number(found, "totals.dram_read_bytes"));
  json_array_foreach(cli_at(found, "groups"), g, group) {
    fused += cli_number(group, "stripes") > 0 && json_array_size(cli_at(group, "ops")) > 1;
    ck_assert_str_eq(cli_text(group, "method"), method_of_group(group, methods[_i]));
  }
  ck_assert_uint_gt(fused, 0);
  json_decref(found);
  json_decref(again);
  json_decref(timed);
}
END_TEST

static const char *const determined[][4] = {
    {"exact", "trace-get", "efficientnet_b0", "128KiB"},
    {"nsga2", "trace-get", "squeezenet1_1", "128KiB"},
    {"nsga2", "random", "mobilenet_v2", "128KiB"},
    {"local", "trace-get", "squeezenet1_1", "64KiB"},
    {"random", "random", "squeezenet1_1", "128KiB"},
    {"local", "random", "mobilenet_v3_small", "64KiB"},
    {"random", "trace-get", "mobilenet_v2", "128KiB"},
};

START_TEST(the_same_seed_gives_the_same_result_on_any_number_of_threads) {
  static const char *const jobs[] = {"1", "1", "2", "3", "0"};
  const char *const *of = determined[_i];
  char *first = NULL;
  for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
    const char *plan = cli_format("plan%zu.yaml", i);
    json_t *document = DOCUMENT("schedule", of[2], "--search", of[0], "--split", of[1], "--buffer", of[3], "--seed",
                                "7", "--budget", "50", "--no-db", "--json", "-j", jobs[i], "-o", plan);
    forget_times(document);
    char *text = json_dumps(document, 0);
    if (first != NULL) ck_assert_str_eq(text, first);
    ck_assert_str_eq(cli_read(plan), cli_read("plan0.yaml"));
    if (first == NULL) {
      first = text;
    } else {
      free(text);
    }
    json_decref(document);
  }
  free(first);
}
END_TEST

START_TEST(tables_are_the_same_but_for_the_time) {
  const char *first = OUTPUT("schedule", "squeezenet1_1", "--no-db", "--budget", "30", "-j1");
  const char *second = OUTPUT("schedule", "squeezenet1_1", "--no-db", "--budget", "30", "-j2");
  size_t length = (size_t)(strstr(first, "\nseconds ") - first);
  ck_assert_str_eq(strchr(first + length + 1, '\n'), "\n");
  ck_assert_uint_eq(length, strstr(second, "\nseconds ") - second);
  ck_assert_mem_eq(first, second, length);
}
END_TEST

START_TEST(a_bound_tells_how_far_the_optimum_is) {
  json_t *exact = DOCUMENT("schedule", "efficientnet_b3", "--no-db", "--json", "--search", "exact", "--buffer", "256KiB",
                           "--bits", "16");
  json_t *other = DOCUMENT("schedule", "efficientnet_b3", "--no-db", "--json", "--budget", "20", "--buffer", "256KiB",
                           "--bits", "16", "--bound");
  json_t *limited = DOCUMENT("schedule", "efficientnet_b3", "--no-db", "--json", "--budget", "20", "--buffer", "256KiB",
                             "--bits", "16", "--bound", "--max-groups", "100");
  ck_assert_int_eq(cli_number(exact, "search.optimum_dram_bytes"), 80452368);
  ck_assert_int_eq(cli_number(exact, "totals.fuseable_dram_bytes"), 80452368);
  ck_assert_double_eq(json_number_value(cli_at(exact, "search.gap_percent")), 0);
  ck_assert_int_eq(cli_number(other, "search.optimum_dram_bytes"), 80452368);
  ck_assert_double_gt(json_number_value(cli_at(other, "search.gap_percent")), 0);
  ck_assert_ptr_null(json_object_get(cli_at(limited, "search"), "optimum_dram_bytes"));
  ck_assert_int_lt(cli_number(limited, "search.bound_dram_bytes"), 80452368);
  /* What the search found and did is the same. */
  ck_assert(json_equal(cli_at(other, "groups"), cli_at(limited, "groups")));
  ck_assert_int_eq(cli_number(other, "search.groups_evaluated"), cli_number(limited, "search.groups_evaluated"));
  json_decref(exact);
  json_decref(other);
  json_decref(limited);
}
END_TEST

START_TEST(people_read_whether_it_is_the_optimum) {
  const char *text = OUTPUT("schedule", "squeezenet1_1", "--no-db", "--search", "exact");
  ck_assert_ptr_nonnull(strstr(text, "\noptimum (certified)"));
  ck_assert_ptr_nonnull(strstr(text, "0.00 %\n"));
  text = OUTPUT("schedule", "squeezenet1_1", "--no-db", "-n", "5", "--bound", "--max-steps", "50");
  ck_assert_ptr_nonnull(strstr(text, "\nlower bound"));
}
END_TEST

START_TEST(seeds_differ) {
  char *plans[4];
  size_t same = 0;
  for (size_t seed = 0; seed < 4; seed++) {
    json_t *document = DOCUMENT("schedule", "squeezenet1_1", "--no-db", "--json", "--budget", "5", "--buffer", "64KiB",
                                "--search", "random", "--split", "random", "--seed", cli_format("%zu", seed));
    plans[seed] = json_dumps(cli_at(document, "groups"), 0);
    ck_assert_int_eq(cli_number(document, "search.seed"), seed);
    for (size_t i = 0; i < seed; i++) same += strcmp(plans[i], plans[seed]) == 0;
    json_decref(document);
  }
  ck_assert_uint_eq(same, 0);
  for (size_t i = 0; i < 4; i++) free(plans[i]);
}
END_TEST

START_TEST(every_search_takes_every_split) {
  const char *const *searches = cli_names("searches"), *const *splits = cli_names("explainers");
  size_t count = 0;
  sim_fixture_save_learned("models", 1);
  for (size_t a = 0; searches[a] != NULL; a++) {
    for (size_t b = 0; splits[b] != NULL; b++, count++) {
      json_t *document = DOCUMENT("schedule", "squeezenet1_1", "--no-db", "--json", "--budget", "6", "--buffer",
                                  "64KiB", "--search", searches[a], "--split", splits[b], "--models", "models");
      cli_assert_plan(document);
      assert_curve(document);
      ck_assert_str_eq(cli_text(document, "search.name"), searches[a]);
      ck_assert_str_eq(cli_text(document, "search.split"), splits[b]);
      json_decref(document);
    }
  }
  ck_assert_uint_ge(count, 8);
}
END_TEST

START_TEST(breadth_and_fraction_are_taken) {
  static const char *const values[][2] = {{"0", "0"}, {"1", "1"}, {"1000000", "0.75"}};
  for (size_t i = 0; i < 3; i++) {
    json_t *document = DOCUMENT("schedule", "squeezenet1_1", "--no-db", "--json", "--budget", "10", "--buffer", "48KiB",
                                "--breadth", values[i][0], "--fraction", values[i][1]);
    ck_assert_int_eq(cli_number(document, "search.breadth"), atoll(values[i][0]));
    ck_assert_double_eq(json_real_value(cli_at(document, "search.fraction")), atof(values[i][1]));
    ck_assert_int_eq(cli_number(document, "totals.invalid_groups"), 0);
    json_decref(document);
  }
}
END_TEST

START_TEST(a_search_is_recorded_with_all_that_it_takes_to_repeat_it) {
  json_t *document =
      DOCUMENT("schedule", "squeezenet1_1", "--json", "--budget", "20", "--buffer", "64KiB", "--seed", "3", "--search",
               "random", "--split", "middle", "--breadth", "5", "--fraction", "0.5", "-j", "2");
  json_t *rows = DOCUMENT("query", "--json",
                          "SELECT *, options ->> 'breadth' AS breadth, options ->> 'fraction' AS fraction,"
                          " (SELECT count(*) FROM v_curve) AS points, (SELECT count(*) FROM v_group) AS parts"
                          " FROM v_run");
  static const char *const same[][2] = {
      {"network", "network"},
      {"network_hash", "network_hash"},
      {"search", "search.name"},
      {"splitter", "search.split"},
      {"budget", "search.budget"},
      {"seed", "search.seed"},
      {"jobs", "search.jobs"},
      {"breadth", "search.breadth"},
      {"fraction", "search.fraction"},
      {"fuseable_dram_bytes", "totals.fuseable_dram_bytes"},
      {"total_dram_bytes", "totals.total_dram_bytes"},
      {"compulsory_bytes", "compulsory_bytes"},
      {"parts", "totals.groups"},
      {"simulations", "search.groups_evaluated"},
      {"groups_proposed", "search.groups_proposed"},
      {"groups_proposed_valid", "search.groups_proposed_valid"},
      {"layer_by_layer_dram_bytes", "layer_by_layer.fuseable_dram_bytes"},
      {"buffer_bytes", "hardware.buffer.capacity"},
  };
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
    const json_t *row = json_array_get(rows, 0);
    ck_assert_msg(json_equal(cli_at(row, same[i][0]), cli_at(document, same[i][1])), "%s differs", same[i][0]);
  }
  ck_assert_int_eq(cli_number(rows, "0.points"), json_array_size(cli_at(document, "search.curve")));
  json_decref(document);
  json_decref(rows);
}
END_TEST

START_TEST(no_db_leaves_no_file) {
  OUTPUT("schedule", "alexnet", "--no-db", "--budget", "5");
  OUTPUT("schedule", "alexnet", "--no-db", "--db", "never.db", "--budget", "5", "--json");
  ck_assert_uint_eq(cli_count_files(), 0);
}
END_TEST

START_TEST(a_plan_that_has_no_place_is_refused_before_the_search) {
  COMPLAINS("nowhere/plan.yaml: cannot write the plan: No such file or directory; give another path with --output",
            "schedule", "alexnet", "--budget", "1000000000", "-o", "nowhere/plan.yaml");
  COMPLAINS_OF(".: cannot write the plan: Is a directory", "schedule", "alexnet", "--budget", "1000000000", "-o", ".");
  cli_write("file", "x");
  COMPLAINS_OF("file/plan: cannot write the plan: Not a directory", "schedule", "alexnet", "--budget", "1000000000",
               "-o", "file/plan");
}
END_TEST

START_TEST(a_plan_that_cannot_be_written_does_not_cost_the_record) {
  struct cli_result result = RUN("schedule", "alexnet", "--budget", "5", "-o", "/dev/full");
  cli_assert_complaint(&result);
  cli_assert_has(result.err, "/dev/full: cannot write: No space left on device");
  cli_assert_has(result.out, "total DRAM");
  ck_assert_int_eq(cli_sql("results/spillway.db", "SELECT count(*) FROM v_run"), 1);
}
END_TEST

TCase *cli_schedule_case(void) {
  TCase *tests = tcase_create("schedule");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, a_schedule_adds_up_and_beats_layer_by_layer);
  tcase_add_test(tests, the_plan_that_was_written_simulates_the_same);
  tcase_add_loop_test(tests, plans_may_stream_their_weights, 0, 3);
  tcase_add_loop_test(tests, the_same_seed_gives_the_same_result_on_any_number_of_threads, 0,
                      sizeof determined / sizeof determined[0]);
  tcase_add_test(tests, tables_are_the_same_but_for_the_time);
  tcase_add_test(tests, a_bound_tells_how_far_the_optimum_is);
  tcase_add_test(tests, people_read_whether_it_is_the_optimum);
  tcase_add_test(tests, seeds_differ);
  tcase_add_test(tests, every_search_takes_every_split);
  tcase_add_test(tests, breadth_and_fraction_are_taken);
  tcase_add_test(tests, a_search_is_recorded_with_all_that_it_takes_to_repeat_it);
  tcase_add_test(tests, no_db_leaves_no_file);
  tcase_add_test(tests, a_plan_that_has_no_place_is_refused_before_the_search);
  tcase_add_test(tests, a_plan_that_cannot_be_written_does_not_cost_the_record);
  return tests;
}
