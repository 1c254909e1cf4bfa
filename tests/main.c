/* Runs every suite in a process of its own: each test is forked from its suite's process, and under a sanitizer
 * forking one that has run every suite before takes longer than most tests do. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suites.h"

struct counts {
  int checks, failures, errors;
};

static struct counts run(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  struct counts counts = {srunner_ntests_run(runner), 0, 0};
  int failed = srunner_ntests_failed(runner);
  TestResult **results = srunner_failures(runner);
  for (int i = 0; i < failed; i++) *(tr_rtype(results[i]) == CK_FAILURE ? &counts.failures : &counts.errors) += 1;
  free(results);
  srunner_free(runner);
  return counts;
}

/* A suite that ends its process instead of returning counts as one error. */
static struct counts run_apart(const char *name, Suite *(*suite)(void)) {
  struct counts counts;
  int ends[2];
  if (pipe(ends) != 0) abort();
  fflush(NULL);
  pid_t child = fork();
  if (child < 0) abort();
  if (child == 0) {
    close(ends[0]);
    counts = run(suite());
    if (write(ends[1], &counts, sizeof counts) != sizeof counts) abort();
    exit(EXIT_SUCCESS);
  }
  close(ends[1]);
  bool whole = read(ends[0], &counts, sizeof counts) == sizeof counts;
  close(ends[0]);
  int status;
  waitpid(child, &status, 0);
  if (!whole || status != 0) {
    printf("%s: the suite's process ended with status %d\n", name, status);
    return (struct counts){0, 0, 1};
  }
  return counts;
}

int main(void) {
  const char *only = getenv("CK_RUN_SUITE");
  struct counts total = {0, 0, 0};
#define RUN_SUITE(name) \
  if (only == NULL || strcmp(only, #name) == 0) { \
    struct counts counts = run_apart(#name, name##_suite); \
    total.checks += counts.checks; \
    total.failures += counts.failures; \
    total.errors += counts.errors; \
  }
  SUITES(RUN_SUITE)
#undef RUN_SUITE
  int failed = total.failures + total.errors;
  int percent = total.checks == 0 ? 0 : (total.checks - failed) * 100 / total.checks;
  printf("%d%%: Checks: %d, Failures: %d, Errors: %d\n", percent, total.checks, total.failures, total.errors);
  return failed == 0 && total.checks > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
