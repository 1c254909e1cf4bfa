/* Sweeps that nothing disturbs: what a cell leaves is what schedule leaves, however it was run. */
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"
#include "sweep_fixture.h"

/* The same search as a cell and by schedule. */
static const struct {
  const char *text;
  const char *options[16];
} searches[] = {
    {"networks: mobilenet_v3_small\nbuffers: 96KiB\nbudgets: 60\n", {"--buffer", "96KiB", "-n", "60"}},
    {"networks: mobilenet_v3_small\n", {NULL}},
    {"networks: mobilenet_v3_small\nbuffers: 64KiB\nmethods: brr\nsearches: exact\ntimed: true\nbits: 16\n",
     {"--buffer", "64KiB", "--method", "brr", "--search", "exact", "--timed", "--bits", "16"}},
    {"networks: mobilenet_v3_small\nhardware: edge-npu\nsearches: random\nsplitters: random\nseeds: 9\nbudgets: 40\n"
     "bound: true\nfold_bn: true\n",
     {"--hw", "edge-npu", "--search", "random", "--split", "random", "-s", "9", "-n", "40", "--bound", "--fold-bn"}},
    {"networks: mobilenet_v3_small\nsearches: nsga2\nobjectives: 'dram,cycles'\nbudgets: 40\nbreadth: 0\n"
     "fraction: 0.5\n",
     {"--search", "nsga2", "--objectives", "dram,cycles", "-n", "40", "--breadth", "0", "--fraction", "0.5"}},
};

START_TEST(a_cell_is_what_schedule_does) {
  const char *arguments[24] = {"schedule", "mobilenet_v3_small", "--db", "schedule.db", "-q", "-j", "1"};
  for (size_t i = 0; i < 16; i++) arguments[7 + i] = searches[_i].options[i];
  cli_output(arguments);
  cli_write("exp.yaml", searches[_i].text);
  OUTPUT("sweep", "exp.yaml", "-q", "--db", "sweep.db");
  ck_assert_str_eq(OUTPUT("query", "SELECT experiment FROM v_run", "--db", "sweep.db", "--format", "csv"),
                   "experiment\r\nexp\r\n");
  /* The one thing that tells them apart: which cell of which experiment it is. */
  cli_sql("schedule.db", "UPDATE run SET experiment = 'exp', cell_key = 'x'");
  cli_sql("sweep.db", "UPDATE run SET cell_key = 'x'");
  ck_assert_str_eq(sweep_contents("schedule.db"), sweep_contents("sweep.db"));
}
END_TEST

START_TEST(neither_jobs_nor_sharing_matter) {
  sweep_write();
  const char *expected = sweep_undisturbed();
  OUTPUT("sweep", "exp.yaml", "-q", "--db", "alone.db", "--jobs", "1", "--sharing", "0");
  ck_assert_str_eq(sweep_contents("alone.db"), expected);
  OUTPUT("sweep", "exp.yaml", "-q", "--db", "many.db", "--jobs", "7");
  ck_assert_str_eq(sweep_contents("many.db"), expected);
  /* The memory is used up after a few groups. */
  OUTPUT("sweep", "exp.yaml", "-q", "--db", "little.db", "--jobs", "3", "--sharing", "100KiB");
  ck_assert_str_eq(sweep_contents("little.db"), expected);
}
END_TEST

START_TEST(a_sweep_says_what_it_did) {
  sweep_write();
  struct cli_result result = RUN("sweep", "exp.yaml", "--db", "a.db", "--shard", "1/4");
  ck_assert_int_eq(result.status, 0);
  ck_assert_str_eq(result.out, "experiment exp: 6 cells: 6 run, 0 were there, 0 failed; a.db\n");
  cli_assert_has(result.err, "\n6/6 ");
  cli_assert_has(result.err, ": done, about 0 s left\n");
  ck_assert_str_eq(OUTPUT("sweep", "exp.yaml", "--db", "a.db", "--resume", "-q"),
                   "experiment exp: 24 cells: 18 run, 6 were there, 0 failed; a.db\n");
  json_t *document = DOCUMENT("sweep", "exp.yaml", "--db", "a.db", "--resume", "-q", "--json");
  ck_assert_str_eq(cli_keys(document), "experiment cells ran present failed");
  ck_assert_int_eq(cli_number(document, "ran"), 0);
  ck_assert_int_eq(cli_number(document, "present"), SWEEP_CELLS);
  json_decref(document);
  ck_assert_uint_eq(cli_count_files(), 2); /* and no file of claims */
}
END_TEST

START_TEST(nothing_is_run_or_lost_unasked) {
  sweep_write();
  OUTPUT("sweep", "exp.yaml", "--db", "a.db", "--shard", "1/4", "-q");
  struct cli_result refused = RUN("sweep", "exp.yaml", "--db", "a.db");
  cli_assert_complaint(&refused);
  cli_assert_has(refused.err,
                 "a.db holds 6 of the 24 cells of experiment 'exp' already; give --resume to run the other 18, or "
                 "--again to delete them and run all");
  OUTPUT("sweep", "exp.yaml", "--db", "a.db", "--shard", "2/4", "-q"); /* has none of its cells yet */
  const char *expected = sweep_undisturbed();
  OUTPUT("sweep", "exp.yaml", "--db", "a.db", "--again", "-q");
  ck_assert_str_eq(sweep_contents("a.db"), expected);
  ck_assert_int_eq(sweep_runs("a.db"), SWEEP_CELLS);
  ck_assert_int_eq(cli_sql("a.db", "SELECT min(run_id) FROM v_run"), 13); /* numbers are not used again */
  sweep_assert_whole("a.db");
}
END_TEST

START_TEST(a_dry_run_touches_nothing) {
  sweep_write();
  uint64_t before = cli_fingerprint();
  cli_assert_has(OUTPUT("sweep", "exp.yaml", "--dry-run"), "\n24 cells, 0 done, 24 missing\n");
  ck_assert_uint_eq(cli_fingerprint(), before);
  OUTPUT("sweep", "exp.yaml", "--db", "a.db", "--shard", "1/4", "-q");
  before = cli_fingerprint();
  cli_assert_has(OUTPUT("sweep", "exp.yaml", "--dry-run", "--db", "a.db"), "\n24 cells, 6 done, 18 missing\n");
  ck_assert_uint_eq(cli_fingerprint(), before);
}
END_TEST

/* Ops of DeepLab's head fit 128 KiB in no way. */
START_TEST(a_cell_that_cannot_be_done_stops_no_other) {
  cli_write("exp.yaml",
            "networks: [alexnet, deeplabv3_mobilenet_v3_large, squeezenet1_1]\nbuffers: 128KiB\nbudgets: 5\n");
  for (int round = 0; round < 2; round++) {
    struct cli_result result = RUN("sweep", "exp.yaml", "--db", "a.db", "-q", "--resume");
    ck_assert_int_eq(result.status, 1);
    ck_assert_str_eq(result.out, round == 0 ? "experiment exp: 3 cells: 2 run, 0 were there, 1 failed; a.db\n"
                                            : "experiment exp: 3 cells: 0 run, 2 were there, 1 failed; a.db\n");
    cli_assert_has(result.err, "spillway: cell deeplabv3_mobilenet_v3_large: op '");
    cli_assert_has(result.err, "give a larger buffer");
    ck_assert_int_eq(sweep_runs("a.db"), 2);
  }
  struct cli_result result = RUN("sweep", "exp.yaml", "--db", "a.db", "-q", "--resume", "--json");
  json_t *document = json_loads(result.out, 0, NULL);
  ck_assert_str_eq(cli_text(document, "failed.0.label"), "deeplabv3_mobilenet_v3_large");
  json_decref(document);
}
END_TEST

TCase *sweep_runs_case(void) {
  TCase *tests = tcase_create("runs");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_loop_test(tests, a_cell_is_what_schedule_does, 0, sizeof searches / sizeof searches[0]);
  tcase_add_test(tests, neither_jobs_nor_sharing_matter);
  tcase_add_test(tests, a_sweep_says_what_it_did);
  tcase_add_test(tests, nothing_is_run_or_lost_unasked);
  tcase_add_test(tests, a_dry_run_touches_nothing);
  tcase_add_test(tests, a_cell_that_cannot_be_done_stops_no_other);
  return tests;
}
