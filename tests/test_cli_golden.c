/* What people read, kept in tests/golden. After a change that is meant,
 *
 *   make check SPILLWAY_UPDATE_GOLDEN=1
 *
 * writes the files anew (the variable only has to be in the environment); read them as a user
 * would, and commit them. */
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"
#include "support.h"

static const struct {
  const char *file;
  const char *from; /* what is kept begins there; NULL: all of it */
  const char *arguments[12];
} golden[] = {
    {"show-resnet18.txt", NULL, {"show", "resnet18"}},
    {"show-ops-alexnet.txt", NULL, {"show", "alexnet", "--ops"}},
    {"simulate-squeezenet1_1-totals.txt", "fuseable DRAM", {"simulate", "squeezenet1_1", "--no-db"}},
    {"simulate-alexnet.txt", NULL, {"simulate", "alexnet", "--buffer", "128KiB", "--bits", "16", "--no-db"}},
    {"simulate-timed-alexnet.txt", NULL, {"simulate", "alexnet", "--timed", "--no-db"}},
    {"explain-squeezenet1_1.txt", NULL, {"explain", "squeezenet1_1", "--buffer", "32KiB", "--group", "10..20"}},
    {"explain-alexnet.txt", NULL, {"explain", "alexnet", "--group", "13..15"}},
    {"list-verbs.txt", NULL, {"list", "verbs"}},
    {"list-hw-keys.txt", NULL, {"list", "hw-keys"}},
    {"query.txt", NULL, {"query"}},
    {"help.txt", NULL, {"help"}},
    {"help-schedule.txt", NULL, {"help", "schedule"}},
    {"schedule-nsga2-mobilenet_v3_small.txt",
     NULL,
     {"schedule", "mobilenet_v3_small", "--search", "nsga2", "--objectives", "dram,buffer,cycles", "-n", "60", "-q",
      "--no-db"}},
    {"simulate-fuseable-only-vgg16.txt",
     NULL,
     {"simulate", "vgg16", "--buffer", "48KiB", "--fuseable-only", "--no-db"}},
};

START_TEST(people_read_what_was_approved) {
  const char *path = cli_format("%s", support_path(cli_format("tests/golden/%s", golden[_i].file)));
  const char *text = cli_output(golden[_i].arguments);
  if (golden[_i].from != NULL) text = strstr(text, golden[_i].from);
  ck_assert_ptr_nonnull(text);
  const char *seconds = strstr(text, "\nseconds "); /* these are no two times the same, and come last */
  if (seconds != NULL) text = cli_format("%.*s\n", (int)(seconds - text), text);
  if (getenv("SPILLWAY_UPDATE_GOLDEN") != NULL) cli_write(path, text);
  ck_assert_str_eq(text, cli_read(path));
}
END_TEST

TCase *cli_golden_case(void) {
  TCase *tests = tcase_create("golden");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_loop_test(tests, people_read_what_was_approved, 0, sizeof golden / sizeof golden[0]);
  return tests;
}
