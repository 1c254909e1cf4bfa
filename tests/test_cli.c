/* The program as a user meets it. The cases are in the files test_cli_*.c. */
#include <check.h>

#include "cli_run.h"
#include "suites.h"

Suite *cli_suite(void) {
  Suite *suite = suite_create("cli");
  suite_add_tcase(suite, cli_help_case());
  suite_add_tcase(suite, cli_learned_case());
  suite_add_tcase(suite, cli_simulate_case());
  suite_add_tcase(suite, cli_schedule_case());
  suite_add_tcase(suite, cli_sample_case());
  suite_add_tcase(suite, cli_timed_case());
  suite_add_tcase(suite, cli_train_case());
  suite_add_tcase(suite, cli_train_explainers_case());
  suite_add_tcase(suite, cli_explain_case());
  suite_add_tcase(suite, cli_plot_case());
  suite_add_tcase(suite, cli_figures_case());
  suite_add_tcase(suite, cli_query_case());
  suite_add_tcase(suite, cli_bad_words_case());
  suite_add_tcase(suite, cli_bad_files_case());
  suite_add_tcase(suite, cli_faults_case());
  suite_add_tcase(suite, cli_terminal_case());
  suite_add_tcase(suite, cli_compare_case());
  suite_add_tcase(suite, cli_compare_case());
  suite_add_tcase(suite, cli_completion_case());
  suite_add_tcase(suite, cli_front_case());
  suite_add_tcase(suite, cli_golden_case());
  return suite;
}
