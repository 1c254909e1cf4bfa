/* Experiments as a user runs them. The cases are in the files test_sweep_*.c. */
#include <check.h>

#include "suites.h"
#include "sweep_fixture.h"

Suite *sweep_suite(void) {
  Suite *suite = suite_create("sweep");
  suite_add_tcase(suite, sweep_files_case());
  suite_add_tcase(suite, sweep_runs_case());
  suite_add_tcase(suite, sweep_faults_case());
  suite_add_tcase(suite, sweep_merge_case());
  return suite;
}
