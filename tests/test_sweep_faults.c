/* Sweeps that are killed, interrupted, out of disk or not alone: --resume always ends with the rows of
 * an undisturbed run. */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli_run.h"
#include "sweep_fixture.h"
#include "util/rng.h"

static const struct cli_setting plain = {0};

static void assert_resumed(const char *expected) {
  ck_assert_int_eq(RUN("sweep", "exp.yaml", "--db", "a.db", "-q", "--resume").status, 0);
  sweep_assert_whole("a.db");
  ck_assert_int_eq(sweep_runs("a.db"), SWEEP_CELLS);
  ck_assert_str_eq(sweep_contents("a.db"), expected);
}

static bool is_there(const char *path) {
  struct stat status;
  return stat(path, &status) == 0;
}

/* Whatever the moment of death; the moments are drawn from the time that a whole run takes. */
START_TEST(kill_9_at_any_moment_loses_no_finished_cell) {
  struct rng rng = rng_stream(4, (uint64_t)_i, 0);
  sweep_write();
  const char *expected = sweep_undisturbed();
  int64_t kept = 0;
  for (int death = 0; death < 6; death++) {
    struct cli_process process =
        cli_start(&plain, ARGUMENTS("sweep", "exp.yaml", "--db", "a.db", "-q", "--resume", "-j", "2"));
    cli_sleep(rng_below(&rng, 80));
    kill(process.pid, SIGKILL);
    cli_wait(process);
    if (!is_there("a.db")) continue; /* killed before it was made */
    struct cli_result runs = RUN("query", "SELECT count(*) FROM v_run", "--db", "a.db", "--format", "csv");
    if (runs.status != 0) continue; /* killed before there was a table in it */
    ck_assert_int_ge(sweep_runs("a.db"), kept);
    kept = sweep_runs("a.db");
    sweep_assert_whole("a.db");
  }
  assert_resumed(expected);
}
END_TEST

/* Waits until the process has written a run, or has ended. */
static void wait_for_a_run(const char *database) {
  for (int i = 0; i < 2000; i++) {
    cli_sleep(5);
    if (!is_there(database)) continue;
    struct cli_result runs = RUN("query", "SELECT count(*) FROM v_run", "--db", database, "--format", "csv");
    if (runs.status == 0 && strcmp(runs.out, "count(*)\r\n0\r\n") != 0) return;
  }
}

START_TEST(signals_end_a_sweep_in_order) {
  static const int signals[] = {SIGINT, SIGTERM};
  /* A cell that is done at once, and many that take long. */
  cli_write("exp.yaml",
            "networks: efficientnet_b3\nbuffers: 256KiB\ncells:\n  - {networks: alexnet, budgets: 1}\n"
            "  - {budgets: 100000000, seeds: 1..9}\n");
  struct cli_process process = cli_start(&plain, ARGUMENTS("sweep", "exp.yaml", "--db", "a.db", "-q", "-j", "2"));
  wait_for_a_run("a.db");
  kill(process.pid, signals[_i]);
  struct cli_result result = cli_wait(process);
  ck_assert_int_eq(result.status, 128 + signals[_i]);
  ck_assert_str_eq(result.err,
                   "spillway: interrupted; 1 of 10 cells were done and are kept in a.db; --resume runs the others\n");
  ck_assert_str_eq(result.out, "");
  sweep_assert_whole("a.db");
  ck_assert_int_eq(sweep_runs("a.db"), 1);
  ck_assert(!is_there("a.db-cells"));
  ck_assert(!is_there("a.db-wal"));
}
END_TEST

START_TEST(a_full_disk_keeps_what_is_done) {
  static const uint64_t limits[] = {150000, 200000, 300000, 400000};
  size_t failed = 0;
  sweep_write();
  const char *expected = sweep_undisturbed();
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    const struct cli_setting setting = {.largest_file_bytes = limits[i]};
    struct cli_result result = cli_run(&setting, ARGUMENTS("sweep", "exp.yaml", "--db", "a.db", "-q", "--resume"));
    sweep_assert_whole("a.db");
    if (result.status == 0) continue;
    cli_assert_complaint(&result);
    cli_assert_has(result.err, "the disk is full");
    failed++;
  }
  ck_assert_uint_gt(failed, 0);
  assert_resumed(expected);
}
END_TEST

START_TEST(processes_share_out_the_cells) {
  enum { PROCESSES = 3 };
  struct cli_process processes[PROCESSES];
  int64_t ran = 0;
  sweep_write();
  const char *expected = sweep_undisturbed();
  for (int i = 0; i < PROCESSES; i++) {
    processes[i] =
        cli_start(&plain, ARGUMENTS("sweep", "exp.yaml", "--db", "a.db", "-q", "--resume", "--json", "-j", "2"));
  }
  for (int i = 0; i < PROCESSES; i++) {
    struct cli_result result = cli_wait(processes[i]);
    ck_assert_msg(result.status == 0, "%s", result.err);
    json_t *document = json_loads(result.out, 0, NULL);
    ran += cli_number(document, "ran");
    ck_assert_int_eq(cli_number(document, "ran") + cli_number(document, "present"), SWEEP_CELLS);
    json_decref(document);
  }
  ck_assert_int_eq(ran, SWEEP_CELLS); /* none twice */
  sweep_assert_whole("a.db");
  ck_assert_str_eq(sweep_contents("a.db"), expected);
}
END_TEST

/* A process that is killed while it has claimed cells does not keep others from them. */
START_TEST(claims_go_with_their_process) {
  cli_write("exp.yaml", "networks: alexnet\nbudgets: [100000000, 1]\nsearches: random\n");
  struct cli_process first = cli_start(&plain, ARGUMENTS("sweep", "exp.yaml", "--db", "a.db", "-q", "-j", "2"));
  wait_for_a_run("a.db");
  struct cli_process second = cli_start(&plain, ARGUMENTS("sweep", "exp.yaml", "--db", "a.db", "-q", "--resume"));
  cli_sleep(200);
  kill(first.pid, SIGKILL);
  cli_wait(first);
  cli_sleep(200); /* now the second is at the cell */
  kill(second.pid, SIGINT);
  ck_assert_int_eq(cli_wait(second).status, 130);
  ck_assert_int_eq(sweep_runs("a.db"), 1);
}
END_TEST

START_TEST(databases_that_cannot_be_used_are_told_before_the_work) {
  sweep_write();
  cli_write("text.db",
            "this is no database, but it is longer than a header of SQLite's, which has a hundred bytes: it\n");
  COMPLAINS_OF("text.db: cannot read the database", "sweep", "exp.yaml", "--db", "text.db");
  COMPLAINS_OF("a/b: cannot create the directory", "sweep", "exp.yaml", "--db", "a/b/c.db");
}
END_TEST

TCase *sweep_faults_case(void) {
  TCase *tests = tcase_create("faults");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_loop_test(tests, kill_9_at_any_moment_loses_no_finished_cell, 0, 3);
  tcase_add_loop_test(tests, signals_end_a_sweep_in_order, 0, 2);
  tcase_add_test(tests, a_full_disk_keeps_what_is_done);
  tcase_add_test(tests, processes_share_out_the_cells);
  tcase_add_test(tests, claims_go_with_their_process);
  tcase_add_test(tests, databases_that_cannot_be_used_are_told_before_the_work);
  return tests;
}
