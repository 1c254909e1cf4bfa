/* spillway schedule --search nsga2: a Pareto front, on the screen, as JSON, as plan files and in the
 * database. */
#include <stdlib.h>
#include <string.h>

#include "cli_plan.h"
#include "cli_run.h"

static json_t *front_of(const json_t *document) { return cli_at(document, "search.front"); }

/* Values ascend by the first objective, and each later point is better by another one. */
static void assert_front(const json_t *document) {
  json_t *front = front_of(document), *point;
  size_t i;
  ck_assert_uint_gt(json_array_size(front), 0);
  json_array_foreach(front, i, point) {
    ck_assert_int_eq((int64_t)json_number_value(cli_at(point, "values.0")), cli_number(point, "fuseable_dram_bytes"));
    ck_assert_int_eq((int64_t)json_number_value(cli_at(point, "values.1")), cli_number(point, "max_required_bytes"));
    if (i == 0) continue;
    const json_t *before = json_array_get(front, i - 1);
    ck_assert_int_gt(cli_number(point, "fuseable_dram_bytes"), cli_number(before, "fuseable_dram_bytes"));
    ck_assert_int_lt(cli_number(point, "max_required_bytes"), cli_number(before, "max_required_bytes"));
  }
}

START_TEST(the_best_plan_is_the_first_of_the_front) {
  json_t *document = DOCUMENT("schedule", "mobilenet_v2", "--search", "nsga2", "--no-db", "--json", "-n", "300",
                              "--buffer", "160KiB");
  cli_assert_plan(document);
  assert_front(document);
  ck_assert_uint_gt(json_array_size(front_of(document)), 1);
  ck_assert_str_eq(cli_keys(cli_at(document, "search.front.0")),
                   "values fuseable_dram_bytes max_required_bytes groups");
  ck_assert_str_eq(cli_text(document, "search.objective"), "dram");
  ck_assert_str_eq(cli_text(document, "search.objectives.0"), "dram");
  ck_assert_str_eq(cli_text(document, "search.objectives.1"), "buffer");
  ck_assert_int_eq(cli_number(document, "search.front.0.fuseable_dram_bytes"),
                   cli_number(document, "totals.fuseable_dram_bytes"));
  json_t *groups = cli_at(document, "search.front.0.groups"), *group;
  size_t g;
  ck_assert_int_eq(json_array_size(groups), json_array_size(cli_at(document, "groups")));
  json_array_foreach(groups, g, group) {
    ck_assert(json_equal(group, cli_at(document, cli_format("groups.%zu.ops", g))));
  }
  json_decref(document);
}
END_TEST

/* The plan files of a front are the plans of its points, and simulate to what the front says. */
START_TEST(each_point_is_a_plan_that_simulates_to_its_values) {
  json_t *document = DOCUMENT("schedule", "mobilenet_v2", "--search", "nsga2", "--no-db", "--json", "-n", "200",
                              "--buffer", "160KiB", "--objectives", "dram,buffer,cycles", "--front-dir", "front", "-o",
                              "best.yaml"),
         *point;
  size_t i;
  ck_assert_str_eq(cli_keys(cli_at(document, "search.front.0")),
                   "values fuseable_dram_bytes max_required_bytes cycles energy_pj groups");
  ck_assert_uint_gt(json_array_size(front_of(document)), 2);
  json_array_foreach(front_of(document), i, point) {
    json_t *again = DOCUMENT("simulate", "mobilenet_v2", "--no-db", "--json", "--timed", "--buffer", "160KiB",
                             "--strict", "--plan", cli_format("front/%zu.yaml", i));
    ck_assert_int_eq(cli_number(again, "totals.fuseable_dram_bytes"), cli_number(point, "fuseable_dram_bytes"));
    ck_assert_int_eq(cli_number(again, "totals.max_required_bytes"), cli_number(point, "max_required_bytes"));
    ck_assert_int_eq(cli_number(again, "totals.timed.cycles"), cli_number(point, "cycles"));
    ck_assert_int_eq(cli_number(again, "totals.groups"), json_array_size(cli_at(point, "groups")));
    json_decref(again);
  }
  ck_assert_uint_eq(cli_count_files(), i + 1);
  ck_assert_str_eq(cli_read("best.yaml"), cli_read("front/0.yaml"));
  json_decref(document);
}
END_TEST

START_TEST(the_front_is_recorded) {
  static const char *const objectives[] = {"dram,buffer", "buffer,energy"};
  for (size_t o = 0; o < 2; o++) {
    json_t *document = DOCUMENT("schedule", "mobilenet_v2", "--search", "nsga2", "--json", "-n", "120", "--buffer",
                                "160KiB", "--objectives", objectives[o]),
           *rows = DOCUMENT("query", "--json",
                            "SELECT v_front.* FROM v_front WHERE run_id = (SELECT max(run_id) FROM v_run) "
                            "ORDER BY ordinal"),
           *row;
    size_t i;
    ck_assert_uint_eq(json_array_size(rows), json_array_size(front_of(document)));
    json_array_foreach(rows, i, row) {
      const json_t *point = json_array_get(front_of(document), i);
      ck_assert_int_eq(cli_number(row, "fuseable_dram_bytes"), cli_number(point, "fuseable_dram_bytes"));
      ck_assert_int_eq(cli_number(row, "max_required_bytes"), cli_number(point, "max_required_bytes"));
      ck_assert_int_eq(cli_number(row, "group_count"), json_array_size(cli_at(point, "groups")));
      ck_assert(json_is_null(cli_at(row, "cycles")) == (o == 0));
      if (o > 0) ck_assert(json_equal(cli_at(row, "cycles"), cli_at(point, "cycles")));
      if (o > 0) ck_assert(json_equal(cli_at(row, "energy_pj"), cli_at(point, "energy_pj")));
      json_t *groups = json_loads(cli_text(row, "groups"), 0, NULL);
      ck_assert(json_equal(groups, cli_at(point, "groups")));
      json_decref(groups);
    }
    json_decref(rows);
    json_decref(document);
  }
  ck_assert_int_eq(cli_sql("results/spillway.db", "SELECT count(*) FROM v_run WHERE options ->> '$.objectives[1]' = "
                                                  "'buffer' AND options ->> 'objective' = 'dram'"), 1);
  ck_assert_int_eq(cli_sql("results/spillway.db", "SELECT count(*) FROM v_run WHERE groups_proposed_valid > 0 AND "
                                                  "groups_proposed_valid < groups_proposed"), 2);
}
END_TEST

START_TEST(people_read_a_row_per_point) {
  const char *text = OUTPUT("schedule", "mobilenet_v2", "--search", "nsga2", "--no-db", "-q", "-n", "300", "--buffer",
                            "160KiB");
  json_t *document = DOCUMENT("schedule", "mobilenet_v2", "--search", "nsga2", "--no-db", "--json", "-n", "300",
                              "--buffer", "160KiB");
  size_t points = json_array_size(front_of(document));
  cli_assert_has(text, cli_format("Pareto front of the plans proposed: %zu points; the best plan is point 0", points));
  cli_assert_has(text, "point  DRAM MB  buffer KiB  groups");
  for (size_t i = 0; i < points; i++) {
    const json_t *point = json_array_get(front_of(document), i);
    cli_assert_has(text, cli_format("%.3f", (double)cli_number(point, "fuseable_dram_bytes") / 1e6));
    cli_assert_has(text, cli_format("%.3f", (double)cli_number(point, "max_required_bytes") / 1024));
  }
  json_decref(document);
  cli_assert_lacks(OUTPUT("schedule", "alexnet", "--no-db", "-n", "5"), "Pareto");
}
END_TEST

/* One objective goes by the name of --objective too, as any beginning of an option that is unique. */
START_TEST(a_search_of_one_objective_takes_one) {
  json_t *document = DOCUMENT("schedule", "alexnet", "--objective", "cycles", "--no-db", "--json", "-n", "5");
  ck_assert_str_eq(cli_text(document, "search.objective"), "cycles");
  ck_assert_ptr_null(json_object_get(cli_at(document, "search"), "front"));
  json_decref(document);
}
END_TEST

START_TEST(wrong_objectives_are_told) {
  COMPLAINS_OF("objectives is 'dram,buffer', but search 'local' minimises one objective; name one, or take search "
               "nsga2", "schedule", "alexnet", "--objectives", "dram,buffer");
  COMPLAINS_OF("objectives is 'dram', but search 'nsga2' takes two or three objectives, not 1; name them in one text "
               "with commas between, such as 'dram,buffer'",
               "schedule", "alexnet", "--search", "nsga2", "--objectives", "dram");
  COMPLAINS_OF("takes two or three objectives, not 4", "schedule", "alexnet", "--search", "nsga2", "--objectives",
               "dram,cycles,energy,buffer");
  COMPLAINS_OF("objectives names 'dram' twice", "schedule", "alexnet", "--search", "nsga2", "--objectives",
               "dram,dram");
  COMPLAINS_OF("unknown objective 'buffers'; did you mean 'buffer'?", "schedule", "alexnet", "--search", "nsga2",
               "--objectives", "dram,buffers");
  COMPLAINS_OF("unknown objective ''", "schedule", "alexnet", "--search", "nsga2", "--objectives", "dram,");
  COMPLAINS_OF("no optimum or bound can be proven for the objective 'buffer'", "schedule", "alexnet", "--search",
               "exact", "--objectives", "buffer", "--no-db");
}
END_TEST

START_TEST(a_front_that_has_no_place_is_refused_before_the_search) {
  COMPLAINS_OF("--front-dir is for a Pareto front, and search 'local' gives none; use --search nsga2", "schedule",
               "alexnet", "--front-dir", "front");
  COMPLAINS_OF("nowhere/front: cannot write the plans of the front there: No such file or directory; give a new or an "
               "empty directory with --front-dir", "schedule", "alexnet", "--search", "nsga2", "--front-dir",
               "nowhere/front", "-n", "1000000000");
  cli_write("file", "x");
  COMPLAINS_OF("file: cannot write the plans of the front there: Not a directory", "schedule", "alexnet", "--search",
               "nsga2", "--front-dir", "file", "-n", "1000000000");
  COMPLAINS_OF(".: cannot write the plans of the front there: it has files", "schedule", "alexnet", "--search", "nsga2",
               "--front-dir", ".", "-n", "1000000000");
}
END_TEST

/* ---- --fuseable-only ---- */

START_TEST(ops_that_fit_in_no_way_can_be_left_out) {
  static const char *const verbs[] = {"simulate", "schedule"};
  const char *verb = verbs[_i];
  COMPLAINS_OF("or leave such ops out: --fuseable-only, or fuseable_only in an experiment", verb,
               "deeplabv3_mobilenet_v3_large", "--buffer", "256KiB");
  json_t *document = DOCUMENT(verb, "deeplabv3_mobilenet_v3_large", "--buffer", "256KiB", "--fuseable-only", "--json",
                              "--timed"),
         *group, *timed;
  size_t g, left_out = 0;
  int64_t bytes = 0, cycles = 0, most = 0;
  ck_assert_uint_eq(json_array_size(cli_at(document, "left_out")), 4);
  json_array_foreach(cli_at(document, "groups"), g, group) {
    int64_t own = cli_number(group, "dram_read_bytes") + cli_number(group, "dram_write_bytes");
    int64_t required = cli_number(group, "required_bytes");
    timed = cli_at(group, "timed");
    bytes += own;
    cycles += cli_number(timed, "cycles");
    if (strcmp(cli_text(group, "method"), "none") != 0) {
      if (required > most) most = required;
      continue;
    }
    const json_t *named = json_array_get(cli_at(document, "left_out"), left_out++);
    ck_assert_str_eq(cli_text(group, "ops.0"), cli_text(named, "op"));
    ck_assert_int_eq(required, cli_number(named, "required_bytes"));
    ck_assert_int_gt(required, 256 * 1024);
    ck_assert_int_eq(own, 0);
    ck_assert_int_eq(cli_number(timed, "cycles"), 0);
  }
  ck_assert_uint_eq(left_out, 4);
  ck_assert_int_eq(cli_number(document, "totals.total_dram_bytes"), bytes);
  ck_assert_int_eq(cli_number(document, "totals.timed.cycles"), cycles);
  ck_assert_int_eq(cli_number(document, "totals.max_required_bytes"), most);
  ck_assert_int_le(most, 256 * 1024);
  ck_assert_int_eq(cli_number(document, "totals.groups"), (int64_t)g);
  ck_assert_int_eq(cli_number(document, "totals.invalid_groups"), 0);
  ck_assert_int_le(cli_number(document, "compulsory_bytes"), bytes);
  ck_assert_int_ge(cli_number(document, "layer_by_layer.total_dram_bytes"), bytes);
  ck_assert_int_eq(cli_sql("results/spillway.db", "SELECT options ->> 'fuseable_only' FROM v_run"), 1);
  json_decref(document);
}
END_TEST

START_TEST(what_is_left_out_is_told) {
  cli_assert_has(OUTPUT("simulate", "deeplabv3_mobilenet_v3_large", "--buffer", "256KiB", "--fuseable-only", "--no-db"),
                 "Left out of all totals: 4 ops that fit the buffer in no way, the neediest "
                 "'/n/classifier/classifier.0/convs.2/convs.2.0/Conv', which needs 1.022 MiB even alone.\n");
  /* Where all ops run the option changes nothing. */
  json_t *all = DOCUMENT("simulate", "alexnet", "--no-db", "--json"),
         *only = DOCUMENT("simulate", "alexnet", "--no-db", "--json", "--fuseable-only");
  ck_assert_uint_eq(json_array_size(cli_at(only, "left_out")), 0);
  json_object_del(only, "left_out");
  ck_assert(json_equal(all, only));
  json_decref(all);
  json_decref(only);
  ck_assert_str_eq(OUTPUT("simulate", "alexnet", "--no-db"),
                   OUTPUT("simulate", "alexnet", "--no-db", "--fuseable-only"));
}
END_TEST

/* The optimum of what runs is what a search of it may reach, and its plan simulates the same. */
START_TEST(the_rest_of_a_network_is_scheduled) {
  json_t *exact = DOCUMENT("schedule", "deeplabv3_mobilenet_v3_large", "--buffer", "256KiB", "--fuseable-only",
                           "--json", "--no-db", "--search", "exact", "-o", "plan.yaml"),
         *found = DOCUMENT("schedule", "deeplabv3_mobilenet_v3_large", "--buffer", "256KiB", "--fuseable-only",
                           "--json", "--no-db", "--search", "nsga2", "-n", "100"),
         *again = DOCUMENT("simulate", "deeplabv3_mobilenet_v3_large", "--buffer", "256KiB", "--fuseable-only",
                           "--json", "--no-db", "--plan", "plan.yaml", "--strict");
  ck_assert(json_is_true(cli_at(exact, "search.bound_is_optimum")));
  ck_assert_int_eq(cli_number(exact, "search.optimum_dram_bytes"), cli_number(exact, "totals.fuseable_dram_bytes"));
  ck_assert_int_le(cli_number(exact, "totals.fuseable_dram_bytes"), cli_number(found, "totals.fuseable_dram_bytes"));
  ck_assert(json_equal(cli_at(exact, "totals"), cli_at(again, "totals")));
  json_decref(exact);
  json_decref(found);
  json_decref(again);
}
END_TEST

TCase *cli_front_case(void) {
  TCase *tests = tcase_create("front");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, the_best_plan_is_the_first_of_the_front);
  tcase_add_test(tests, each_point_is_a_plan_that_simulates_to_its_values);
  tcase_add_test(tests, the_front_is_recorded);
  tcase_add_test(tests, people_read_a_row_per_point);
  tcase_add_test(tests, a_search_of_one_objective_takes_one);
  tcase_add_test(tests, wrong_objectives_are_told);
  tcase_add_test(tests, a_front_that_has_no_place_is_refused_before_the_search);
  tcase_add_loop_test(tests, ops_that_fit_in_no_way_can_be_left_out, 0, 2);
  tcase_add_test(tests, what_is_left_out_is_told);
  tcase_add_test(tests, the_rest_of_a_network_is_scheduled);
  return tests;
}
