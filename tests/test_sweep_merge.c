/* Merging databases: everything once, and nothing in part. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_run.h"
#include "sweep_fixture.h"

START_TEST(shards_merged_are_one_run) {
  const char *arguments[9] = {"merge", "out.db"};
  sweep_write();
  const char *expected = sweep_undisturbed();
  for (int i = 1; i <= 5; i++) {
    arguments[1 + i] = cli_format("%d.db", i);
    OUTPUT("sweep", "exp.yaml", "-q", "--db", arguments[1 + i], "--shard", cli_format("%d/5", i));
  }
  cli_output(arguments);
  ck_assert_str_eq(sweep_contents("out.db"), expected);
  ck_assert_int_eq(sweep_runs("out.db"), SWEEP_CELLS);
  sweep_assert_whole("out.db");
  /* What is merged is done. */
  ck_assert_str_eq(OUTPUT("sweep", "exp.yaml", "-q", "--db", "out.db", "--resume"),
                   "experiment exp: 24 cells: 0 run, 24 were there, 0 failed; out.db\n");
}
END_TEST

START_TEST(merging_twice_changes_nothing) {
  sweep_write();
  OUTPUT("sweep", "exp.yaml", "-q", "--db", "a.db", "--shard", "1/6");
  OUTPUT("simulate", "alexnet", "--timed", "--db", "a.db");
  OUTPUT("schedule", "alexnet", "-n", "5", "-q", "--db", "a.db");
  OUTPUT("schedule", "mobilenet_v3_small", "--search", "nsga2", "-n", "40", "-q", "--db", "b.db");
  ck_assert_str_eq(OUTPUT("merge", "out.db", "a.db", "b.db"),
                   "a.db: 6 runs merged, 0 were there\nb.db: 1 run merged, 0 were there\n");
  const char *once = OUTPUT("query", "SELECT * FROM v_run", "--db", "out.db", "--format", "csv");
  ck_assert_str_eq(OUTPUT("merge", "out.db", "b.db", "a.db", "b.db"),
                   "b.db: 0 runs merged, 1 were there\na.db: 0 runs merged, 6 were there\n"
                   "b.db: 0 runs merged, 1 were there\n");
  ck_assert_str_eq(OUTPUT("query", "SELECT * FROM v_run", "--db", "out.db", "--format", "csv"), once);
  sweep_assert_whole("out.db");
  /* Every part of a run came along. */
  static const char *const parts[] = {"run_group", "run_curve", "run_explanation", "run_timed", "run_group_timed",
                                      "run_front", "network",   "hardware"};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    const char *count = cli_format("SELECT count(*) FROM %s", parts[i]);
    int64_t there = cli_sql("out.db", count), most = cli_sql("a.db", count) + cli_sql("b.db", count);
    ck_assert_int_gt(there, 0);
    ck_assert_int_le(there, most);
    if (strncmp(parts[i], "run_", 4) == 0) ck_assert_int_eq(there, most);
  }
  /* Rows belong to the run that they belonged to. */
  ck_assert_str_eq(
      OUTPUT("query", "SELECT network, v_front.* FROM v_front JOIN v_run USING (run_id) ORDER BY ordinal LIMIT 1",
             "--db", "out.db", "--format", "json"),
      cli_format("%s", OUTPUT("query",
                              "SELECT network, 7 AS run_id, ordinal, v_front.fuseable_dram_bytes,"
                              " v_front.max_required_bytes, v_front.group_count, v_front.cycles, v_front.energy_pj,"
                              " groups FROM v_front JOIN v_run USING (run_id) ORDER BY ordinal LIMIT 1",
                              "--db", "b.db", "--format", "json")));
}
END_TEST

START_TEST(the_first_result_of_a_cell_stays) {
  sweep_write();
  OUTPUT("sweep", "exp.yaml", "-q", "--db", "a.db", "--shard", "1/6");
  OUTPUT("sweep", "exp.yaml", "-q", "--db", "b.db", "--shard", "1/3"); /* these cells and others */
  cli_sql("b.db", "UPDATE run SET fuseable_dram_bytes = 1");
  ck_assert_str_eq(OUTPUT("merge", "a.db", "b.db"), "b.db: 4 runs merged, 4 were there\n");
  ck_assert_int_eq(cli_sql("a.db", "SELECT count(*) FROM v_run WHERE fuseable_dram_bytes = 1"), 4);
  json_t *document = DOCUMENT("merge", "a.db", "b.db", "--json");
  ck_assert_int_eq(cli_number(document, "0.merged"), 0);
  ck_assert_int_eq(cli_number(document, "0.present"), 8);
  json_decref(document);
}
END_TEST

static void assert_refused(const char *path, const char *words) {
  struct cli_result result = RUN("merge", "out.db", path);
  cli_assert_complaint(&result);
  cli_assert_has(result.err, words);
  ck_assert_str_eq(result.out, "");
}

START_TEST(what_cannot_be_merged_is_left_alone) {
  OUTPUT("simulate", "alexnet", "--db", "a.db");
  assert_refused("missing.db", "missing.db: no such database");
  ck_assert_msg(access("out.db", F_OK) != 0, "an empty database was made");
  OUTPUT("merge", "out.db", "a.db");
  cli_write("text.db",
            "this is no database, but it is longer than a header of SQLite's, which has a hundred bytes: it\n");
  assert_refused("text.db", "text.db: cannot read the database");
  assert_refused("missing.db", "missing.db: no such database");
  assert_refused("./out.db", "out.db: is the database to merge into; leave it out");
  cli_sql("a.db", "PRAGMA application_id = 5");
  assert_refused("a.db", "a.db: is an SQLite database of another program");
  cli_sql("a.db", "PRAGMA application_id = 1399879545");
  cli_sql("a.db", "PRAGMA user_version = 1000");
  assert_refused("a.db", "a.db: was written by a newer Spillway");
  ck_assert_int_eq(sweep_runs("out.db"), 1);
}
END_TEST

START_TEST(a_full_disk_merges_nothing) {
  const struct cli_setting setting = {.largest_file_bytes = 100000};
  sweep_write();
  OUTPUT("sweep", "exp.yaml", "-q", "--db", "a.db");
  OUTPUT("simulate", "alexnet", "--db", "out.db");
  struct cli_result result = cli_run(&setting, ARGUMENTS("merge", "out.db", "a.db"));
  cli_assert_complaint(&result);
  sweep_assert_whole("out.db");
  ck_assert_int_eq(sweep_runs("out.db"), 1);
  OUTPUT("merge", "out.db", "a.db");
  ck_assert_int_eq(sweep_runs("out.db"), SWEEP_CELLS + 1);
}
END_TEST

TCase *sweep_merge_case(void) {
  TCase *tests = tcase_create("merge");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, shards_merged_are_one_run);
  tcase_add_test(tests, merging_twice_changes_nothing);
  tcase_add_test(tests, the_first_result_of_a_cell_stays);
  tcase_add_test(tests, what_cannot_be_merged_is_left_alone);
  tcase_add_test(tests, a_full_disk_merges_nothing);
  return tests;
}
