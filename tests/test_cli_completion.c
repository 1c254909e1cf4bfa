/* docs/spillway.bash, driven as bash drives it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_run.h"
#include "support.h"

/* Prints what completes the last word. */
static const char driver[] =
    "source \"$1\"; shift; compopt() { :; }\n"
    "COMP_WORDS=(\"$SPILLWAY_PROGRAM\" \"$@\"); COMP_CWORD=$#; _spillway\n"
    "[ \"${#COMPREPLY[@]}\" -eq 0 ] || printf '%s\\n' \"${COMPREPLY[@]}\"\n";

static const char *complete(const char *const *words) {
  const struct cli_setting bash = {.program = "bash"};
  const char *line[16] = {"driver.sh", cli_format("%s", support_path("docs/spillway.bash"))};
  for (size_t i = 0; words[i] != NULL; i++) line[i + 2] = words[i];
  cli_write("driver.sh", driver);
  struct cli_result result = cli_run(&bash, line);
  ck_assert_str_eq(result.err, "");
  return result.out;
}

#define COMPLETES(expected, ...) ck_assert_str_eq(complete(ARGUMENTS(__VA_ARGS__)), expected)

START_TEST(everything_that_has_a_name_is_completed) {
  if (cli_find_program("bash") == NULL) return;
  COMPLETES(OUTPUT("list", "verbs", "--names"), "");
  COMPLETES("schedule\n", "sc");
  COMPLETES("--search\n--seed\n", "schedule", "--se");
  COMPLETES("--help\n", "list", "--h");
  COMPLETES("resnet101\nresnet152\nresnet18\nresnet50\n", "show", "res");
  COMPLETES(OUTPUT("list", "networks", "--names"), "simulate", "--json", "");
  COMPLETES(OUTPUT("list", "searches", "--names"), "schedule", "--search", "");
  COMPLETES("trace-get\n", "explain", "alexnet", "--split", "t");
  COMPLETES(OUTPUT("list", "hardware", "--names"), "show", "--hw", "");
  COMPLETES("edge-256k\n", "show", "--hw", "edge-2");
  COMPLETES(OUTPUT("list", "formats", "--names"), "query", "-f", "");
  COMPLETES("best\n", "query", "be");
  COMPLETES("occupancy\n", "plot", "o");
  COMPLETES("explainers\nexplainer-options\n", "list", "expl");
  COMPLETES(OUTPUT("list", "experiments", "--names"), "sweep", "");
  COMPLETES("simulate\n", "help", "si");
  COMPLETES("simulate\n", "list", "options", "si");
}
END_TEST

START_TEST(arguments_of_options_are_told_from_arguments) {
  if (cli_find_program("bash") == NULL) return;
  COMPLETES("local\n", "schedule", "--search", "=", "lo");
  COMPLETES(OUTPUT("list", "searches", "--names"), "schedule", "--search", "=");
  COMPLETES("vgg16\n", "schedule", "--budget", "5", "-q", "-n", "7", "v");
  COMPLETES("vgg16\n", "schedule", "--budget", "=", "5", "v");
  COMPLETES(OUTPUT("list", "figures", "--names"), "plot", "-o", "x.svg", "");
  COMPLETES("vgg16\n", "plot", "occupancy", "--output", "x.svg", "v");
  COMPLETES("", "schedule", "--budget", "");
  COMPLETES("", "show", "alexnet", "");
  COMPLETES("", "nonsense", "");
}
END_TEST

START_TEST(names_of_files_are_quoted_and_never_run) {
  if (cli_find_program("bash") == NULL) return;
  ck_assert_int_eq(mkdir("nets", 0777), 0);
  cli_write("nets/two words.onnx", "x");
  cli_write("nets/$(touch ran).onnx", "x");
  cli_write("nets/`touch ran`.onnx", "x");
  cli_write("nets/*.onnx", "x");
  setenv("SPILLWAY_NETWORKS", "nets", 1);
  COMPLETES("two\\ words\n", "show", "tw");
  COMPLETES("two\\ words\n", "show", "two\\ w");
  COMPLETES("\\$\\(touch\\ ran\\)\n", "show", "$");
  COMPLETES("\\*\n", "show", "*");
  complete(ARGUMENTS("show", ""));
  ck_assert_int_ne(access("ran", F_OK), 0);
}
END_TEST

TCase *cli_completion_case(void) {
  TCase *tests = tcase_create("completion");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, everything_that_has_a_name_is_completed);
  tcase_add_test(tests, arguments_of_options_are_told_from_arguments);
  tcase_add_test(tests, names_of_files_are_quoted_and_never_run);
  return tests;
}
