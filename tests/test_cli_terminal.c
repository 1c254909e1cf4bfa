/* What a person at a terminal sees: progress that comes and goes, tables that fit. */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli_run.h"

#define WIPE "\r\033[K"

struct terminal {
  int master, slave;
  char text[1 << 16];
  size_t length;
};

static struct terminal terminal;

static void terminal_open(unsigned short columns) {
  const struct winsize size = {.ws_row = 24, .ws_col = columns};
  terminal.length = 0;
  ck_assert_int_eq(openpty(&terminal.master, &terminal.slave, NULL, NULL, &size), 0);
  ck_assert_int_eq(fcntl(terminal.master, F_SETFL, O_NONBLOCK), 0);
  fcntl(terminal.master, F_SETFD, FD_CLOEXEC);
  fcntl(terminal.slave, F_SETFD, FD_CLOEXEC);
}

/* A terminal holds little, so it is read until the program has ended and nothing is left. */
static const char *terminal_text(pid_t writer) {
  for (int quiet = 0; quiet < 10;) {
    ssize_t got = read(terminal.master, terminal.text + terminal.length, sizeof terminal.text - 1 - terminal.length);
    if (got > 0) {
      terminal.length += (size_t)got;
      continue;
    }
    siginfo_t ended = {0};
    if (waitid(P_PID, (id_t)writer, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == writer) quiet++;
    cli_sleep(2);
  }
  terminal.text[terminal.length] = '\0';
  close(terminal.master);
  close(terminal.slave);
  return terminal.text;
}

static const char *progress_of(const char *const *arguments) {
  terminal_open(80);
  struct cli_process process = cli_start(&(const struct cli_setting){.err = terminal.slave}, arguments);
  const char *text = terminal_text(process.pid);
  struct cli_result result = cli_wait(process);
  ck_assert_int_eq(result.status, 0);
  cli_assert_has(result.out, "total DRAM");
  cli_assert_lacks(result.out, "\033");
  return text;
}

static size_t widest_line(const char *text) {
  size_t widest = 0, width = 0;
  for (; *text != '\0'; text++) {
    if (*text == '\n' || *text == '\r') {
      width = 0;
    } else if (((unsigned char)*text & 0xc0) != 0x80 && ++width > widest) {
      widest = width;
    }
  }
  return widest;
}

#define SEARCH "schedule", "efficientnet_b0", "--budget", "300", "--buffer", "128KiB", "--no-db"

START_TEST(progress_is_drawn_on_a_terminal_and_wiped) {
  const char *text = progress_of(ARGUMENTS(SEARCH));
  cli_assert_has(text, WIPE "efficientnet_b0 [");
  cli_assert_has(text, "%");
  cli_assert_lacks(text, "\n");
  size_t end = strlen(WIPE);
  ck_assert_uint_gt(strlen(text), end);
  ck_assert_str_eq(text + strlen(text) - end, WIPE);
}
END_TEST

START_TEST(a_sweep_draws_its_cells_in_one_line) {
  cli_write("exp.yaml",
            "networks: [efficientnet_b0, mobilenet_v3_large]\nbuffers: {from: 64KiB, to: 256KiB, factor: 2}\n"
            "methods: [lbdf, brr]\nbudgets: 200\n");
  terminal_open(80);
  struct cli_process process =
      cli_start(&(const struct cli_setting){.err = terminal.slave}, ARGUMENTS("sweep", "exp.yaml"));
  const char *text = terminal_text(process.pid);
  struct cli_result result = cli_wait(process);
  ck_assert_int_eq(result.status, 0);
  cli_assert_has(text, WIPE "exp [");
  cli_assert_has(text, " s left  ");
  cli_assert_has(text, "/12 cells  ");
  cli_assert_lacks(text, "\n");
  ck_assert_uint_lt(widest_line(text), 80 + strlen("\033[K"));
  ck_assert_str_eq(text + strlen(text) - strlen(WIPE), WIPE);
}
END_TEST

START_TEST(quiet_draws_nothing) {
  ck_assert_str_eq(progress_of(ARGUMENTS(SEARCH, "--quiet")), "");
  ck_assert_str_eq(progress_of(ARGUMENTS(SEARCH, "-q")), "");
}
END_TEST

START_TEST(no_terminal_gets_no_progress) { OUTPUT(SEARCH); /* which has to be silent on stderr */ }
END_TEST

static const char *shown_in(unsigned short columns, const char *const *arguments) {
  terminal_open(columns);
  struct cli_process process = cli_start(&(const struct cli_setting){.out = terminal.slave}, arguments);
  const char *text = terminal_text(process.pid);
  struct cli_result result = cli_wait(process);
  ck_assert_int_eq(result.status, 0);
  ck_assert_str_eq(result.err, "");
  return text;
}

START_TEST(tables_fit_the_terminal) {
  const char *const line[] = {"simulate", "alexnet", "--no-db", NULL};
  const char *text = shown_in(100, line);
  ck_assert_uint_le(widest_line(text), 100);
  cli_assert_has(text, "\xe2\x80\xa6");
  text = shown_in(300, line);
  cli_assert_lacks(text, "\xe2\x80\xa6");
  cli_assert_has(text, "/n/classifier/classifier.1/Gemm");
  cli_assert_has(shown_in(1, line), "total DRAM");
}
END_TEST

TCase *cli_terminal_case(void) {
  TCase *tests = tcase_create("terminal");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, progress_is_drawn_on_a_terminal_and_wiped);
  tcase_add_test(tests, a_sweep_draws_its_cells_in_one_line);
  tcase_add_test(tests, quiet_draws_nothing);
  tcase_add_test(tests, no_terminal_gets_no_progress);
  tcase_add_test(tests, tables_fit_the_terminal);
  return tests;
}
