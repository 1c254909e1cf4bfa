/* Whatever happens, the database stays whole and finished runs stay in it; whoever cannot
 * write says so. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_run.h"

#define DATABASE "results/spillway.db"

static void assert_whole(const char *path) {
  ck_assert_int_eq(cli_sql(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
  ck_assert_int_eq(cli_sql(path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
  ck_assert_int_eq(cli_sql(path,
                           "SELECT count(*) FROM v_run AS r WHERE group_count <>"
                           " (SELECT count(*) FROM v_group AS g WHERE g.run_id = r.run_id)"),
                   0);
}

static int64_t runs(const char *path) { return cli_sql(path, "SELECT count(*) FROM v_run"); }

/* ---- databases that cannot be used ---- */

START_TEST(a_database_that_cannot_be_made_is_told_before_the_work) {
  cli_write("file", "x");
  ck_assert_int_eq(mkdir("directory", 0777), 0);
  COMPLAINS("file/x.db: cannot open the database: Not a directory; choose another path with --db", "schedule",
            "alexnet", "--budget", "1000000000", "--db", "file/x.db");
  COMPLAINS_OF("directory: is a directory where a database file was expected; choose another path with --db",
               "schedule", "alexnet", "--budget", "1000000000", "--db", "directory");
  COMPLAINS_OF(
      "a/b: cannot create the directory for the database: No such file or directory; create it first, choose another "
      "path with --db, or keep no record with --no-db",
      "simulate", "alexnet", "--db", "a/b/c.db");
  COMPLAINS_OF("/dev/null: is not a regular file where a database file was expected", "simulate", "alexnet", "--db",
               "/dev/null");
  if (geteuid() == 0) {
    cli_skip("root may write into every directory");
    return;
  }
  ck_assert_int_eq(chmod("directory", 0555), 0);
  COMPLAINS_OF("directory/x.db: cannot open the database", "simulate", "alexnet", "--db", "directory/x.db");
}
END_TEST

START_TEST(other_files_are_left_alone) {
  cli_write("text.db",
            "this is no database, but it is longer than a header of SQLite's, which has a hundred bytes in it\n");
  COMPLAINS_OF(
      "text.db: cannot read the database: it is not an SQLite database (file is not a database); name another file",
      "schedule", "alexnet", "--budget", "2", "--db", "text.db");
  COMPLAINS_OF("text.db: cannot read the database", "query", "runs", "--db", "text.db");
  OUTPUT("simulate", "alexnet");
  cli_sql(DATABASE, "PRAGMA user_version = 1000");
  COMPLAINS_OF("newer Spillway: schema version 1000", "simulate", "alexnet");
  COMPLAINS_OF("newer Spillway: schema version 1000", "query", "runs");
  cli_sql(DATABASE, "PRAGMA application_id = 5");
  COMPLAINS_OF("database of another program", "simulate", "alexnet");
}
END_TEST

/* ---- full disks ---- */

START_TEST(a_file_that_may_not_grow_costs_only_the_new_run) {
  static const uint64_t limits[] = {4096, 12288, 32768, 49152, 65536, 81920, 98304, 131072, 262144};
  int64_t kept = 1;
  size_t failed = 0;
  OUTPUT("schedule", "alexnet", "--budget", "3");
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    const struct cli_setting setting = {.largest_file_bytes = limits[i]};
    struct cli_result result =
        cli_run(&setting, ARGUMENTS("schedule", "mobilenet_v2", "--budget", "3", "--buffer", "40KiB"));
    if (result.status == 0) {
      kept++;
    } else {
      cli_assert_complaint(&result);
      cli_assert_has(result.err, DATABASE ": cannot ");
      failed++;
    }
    assert_whole(DATABASE);
    ck_assert_int_eq(runs(DATABASE), kept);
  }
  ck_assert_uint_gt(failed, 0);
  ck_assert_int_gt(kept, 1);
  OUTPUT("schedule", "alexnet", "--budget", "3");
  ck_assert_int_eq(runs(DATABASE), kept + 1);
}
END_TEST

/* Whether this process may mount what no other one sees. */
static bool may_mount(void) {
  bool may = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
  if (!may) cli_skip("nothing can be mounted here");
  return may;
}

START_TEST(a_full_disk_costs_only_the_new_run) {
  struct cli_result result = {0};
  int64_t kept = 0;
  ck_assert_int_eq(mkdir("small", 0777), 0);
  if (!may_mount()) return;
  ck_assert_int_eq(mount("none", "small", "tmpfs", 0, "size=440k"), 0);
  while (kept < 200) {
    result =
        cli_run(&(const struct cli_setting){0}, ARGUMENTS("schedule", "mobilenet_v2", "--budget", "2", "--buffer",
                                                          "40KiB", "--db", "small/runs.db", "-o", "small/plan.yaml"));
    if (result.status != 0) break;
    kept++;
  }
  cli_assert_complaint(&result);
  cli_assert_has(result.err, "small/");
  cli_assert_has(result.err, "full");
  ck_assert_int_gt(kept, 0);
  ck_assert_int_eq(RUN("query", "runs", "--db", "small/runs.db").status, 0);
  assert_whole("small/runs.db");
  ck_assert_int_eq(runs("small/runs.db"), kept);
  OUTPUT("simulate", "mobilenet_v2", "--plan", "small/plan.yaml", "--no-db", "--buffer", "40KiB");
  ck_assert_int_eq(umount("small"), 0);
}
END_TEST

START_TEST(a_missing_gnuplot_is_told_with_its_package) {
  const char *gnuplot = cli_find_program("gnuplot");
  if (gnuplot == NULL || !may_mount()) return;
  ck_assert_int_eq(mount("/dev/null", gnuplot, NULL, MS_BIND, NULL), 0);
  COMPLAINS(cli_format("cannot run %s (Permission denied); pictures take the Debian package gnuplot-nox", gnuplot),
            "plot", "occupancy", "alexnet", "--group", "0..2", "-o", "a.svg");
}
END_TEST

/* ---- standard output and error ---- */

static const char *const printing[][6] = {
    {"show", "alexnet"},
    {"simulate", "alexnet", "--json"},
    {"schedule", "alexnet", "--budget", "2"},
    {"list", "networks"},
    {"help", "show"},
    {"query", "runs"},
    {"explain", "alexnet", "--group", "0..2"},
    {"help", "--man"},
};

START_TEST(output_that_cannot_be_written_is_told) {
  int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  OUTPUT("simulate", "alexnet");
  int64_t before = runs(DATABASE);
  struct cli_result result = cli_run(&(const struct cli_setting){.out = full}, printing[_i]);
  cli_assert_complaint(&result);
  cli_assert_has(result.err, "spillway: cannot write ");
  cli_assert_has(result.err, ": No space left on device\n");
  result = cli_run(&(const struct cli_setting){.closed = 1u << 1}, printing[_i]);
  cli_assert_complaint(&result);
  cli_assert_has(result.err, ": Bad file descriptor\n");
  close(full);
  assert_whole(DATABASE);
  ck_assert_int_eq(runs(DATABASE) - before, printing[_i][0][0] == 's' && printing[_i][0][1] != 'h' ? 2 : 0);
}
END_TEST

START_TEST(closed_input_and_error_do_no_harm) {
  struct cli_result result = cli_run(&(const struct cli_setting){.closed = 1u << 0 | 1u << 2}, printing[_i]);
  ck_assert_int_eq(result.status, strcmp(printing[_i][0], "query") == 0 ? 2 : 0);
  ck_assert_str_eq(result.err, "");
  result = cli_run(&(const struct cli_setting){.closed = 7}, printing[_i]);
  ck_assert_int_eq(result.status, 2);
  if (access(DATABASE, F_OK) == 0) assert_whole(DATABASE);
}
END_TEST

START_TEST(a_reader_that_goes_away_ends_the_program_silently) {
  int ends[2];
  ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
  close(ends[0]);
  struct cli_result result =
      cli_run(&(const struct cli_setting){.out = ends[1]}, ARGUMENTS("schedule", "alexnet", "--budget", "2"));
  ck_assert_int_eq(result.status, CLI_SIGNALLED + SIGPIPE);
  ck_assert_str_eq(result.err, "");
  close(ends[1]);
  assert_whole(DATABASE);
  ck_assert_int_eq(runs(DATABASE), 1);
}
END_TEST

/* ---- signals ---- */

static const int signals[] = {SIGTERM, SIGINT, SIGKILL, SIGHUP};

START_TEST(a_search_that_is_ended_leaves_what_was_there) {
  OUTPUT("schedule", "alexnet", "--budget", "3");
  for (unsigned wait = 0; wait <= 200; wait += 100) {
    const char *const line[] = {"schedule", "efficientnet_b0", "--budget", "1000000000", "--buffer", "64KiB",
                                "-o",       "plan.yaml",       NULL};
    struct cli_process process = cli_start(&(const struct cli_setting){0}, line);
    cli_sleep(wait);
    ck_assert_int_eq(kill(process.pid, signals[_i]), 0);
    struct cli_result result = cli_wait(process);
    ck_assert_int_eq(result.status, CLI_SIGNALLED + signals[_i]);
    ck_assert_str_eq(result.out, "");
    ck_assert_str_eq(result.err, "");
    assert_whole(DATABASE);
    ck_assert_int_eq(runs(DATABASE), 1);
  }
  ck_assert_int_ne(access("plan.yaml", F_OK), 0);
  OUTPUT("schedule", "alexnet", "--budget", "3");
  ck_assert_int_eq(runs(DATABASE), 2);
}
END_TEST

START_TEST(runs_killed_at_any_moment_are_there_or_not) {
  int64_t kept = 1;
  OUTPUT("simulate", "alexnet");
  for (unsigned wait = 2; wait <= 60; wait += 3) {
    struct cli_process process =
        cli_start(&(const struct cli_setting){0}, ARGUMENTS("schedule", "mobilenet_v2", "--budget", "5"));
    cli_sleep(wait);
    kill(process.pid, SIGKILL);
    struct cli_result result = cli_wait(process);
    assert_whole(DATABASE);
    int64_t now = runs(DATABASE);
    ck_assert_int_ge(now, kept + (result.status == 0));
    ck_assert_int_le(now, kept + 1);
    kept = now;
  }
  OUTPUT("simulate", "alexnet");
  ck_assert_int_eq(runs(DATABASE), kept + 1);
}
END_TEST

START_TEST(two_processes_write_one_database) {
  for (int round = 0; round < 8; round++) {
    struct cli_process a =
        cli_start(&(const struct cli_setting){0}, ARGUMENTS("schedule", "alexnet", "--budget", "20"));
    struct cli_process b = cli_start(&(const struct cli_setting){0}, ARGUMENTS("simulate", "squeezenet1_1"));
    struct cli_result first = cli_wait(a), second = cli_wait(b);
    ck_assert_msg(first.status == 0 && second.status == 0, "%s%s", first.err, second.err);
  }
  assert_whole(DATABASE);
  ck_assert_int_eq(cli_sql(DATABASE, "SELECT count(*) FROM v_run WHERE verb = 'schedule' AND network = 'alexnet'"), 8);
  ck_assert_int_eq(
      cli_sql(DATABASE, "SELECT count(*) FROM v_run WHERE verb = 'simulate' AND network = 'squeezenet1_1'"), 8);
}
END_TEST

TCase *cli_faults_case(void) {
  TCase *tests = tcase_create("faults");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, a_database_that_cannot_be_made_is_told_before_the_work);
  tcase_add_test(tests, other_files_are_left_alone);
  tcase_add_test(tests, a_file_that_may_not_grow_costs_only_the_new_run);
  tcase_add_test(tests, a_full_disk_costs_only_the_new_run);
  tcase_add_test(tests, a_missing_gnuplot_is_told_with_its_package);
  tcase_add_loop_test(tests, output_that_cannot_be_written_is_told, 0, sizeof printing / sizeof printing[0]);
  tcase_add_loop_test(tests, closed_input_and_error_do_no_harm, 0, sizeof printing / sizeof printing[0]);
  tcase_add_test(tests, a_reader_that_goes_away_ends_the_program_silently);
  tcase_add_loop_test(tests, a_search_that_is_ended_leaves_what_was_there, 0, sizeof signals / sizeof signals[0]);
  tcase_add_test(tests, runs_killed_at_any_moment_are_there_or_not);
  tcase_add_test(tests, two_processes_write_one_database);
  return tests;
}
