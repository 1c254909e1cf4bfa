/* spillway train-explainers, as a user runs it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli_plan.h"
#include "cli_run.h"

#define EXPLAINERS "train-explainers", "d", "--quiet", "--models", "m", "--samples", "30"
#define BRIEF "--pg-epochs", "2", "--rg-epochs", "1", "--rg-imitation-epochs", "1", "--rg-locator-steps", "2"

/* Data, and a classifier of them that knows most groups that overflow. */
static void make_classifier(void) {
  OUTPUT("train-validity", "alexnet", "resnet18", "--groups", "30", "--buffers", "1MiB,256KiB", "--make-data", "d");
  ck_assert_int_eq(mkdir("m", 0777), 0);
  ck_assert_int_eq(mkdir("m/lbdf", 0777), 0);
  OUTPUT("train-validity", "d", "--hidden", "8", "--layers", "2", "--epochs", "10", "--rate", "0.01", "--quiet", "-o",
         "m/lbdf/validity.safetensors");
}

START_TEST(both_are_trained_and_used) {
  make_classifier();
  const char *told = OUTPUT(EXPLAINERS, BRIEF, "--jobs", "1");
  cli_assert_has(told, "30 groups that overflow under lbdf\nm/lbdf/pg.safetensors: learned in ");
  cli_assert_has(told, "\nm/lbdf/rg.safetensors: learned in ");
  uint64_t fingerprint = cli_fingerprint();
  OUTPUT(EXPLAINERS, BRIEF, "--jobs", "3");
  ck_assert(cli_fingerprint() == fingerprint);
  static const char *const explainers[] = {"pg", "rg"};
  for (size_t e = 0; e < 2; e++) {
    json_t *document = DOCUMENT("schedule", "alexnet", "--buffer", "256KiB", "--budget", "4", "--no-db", "--json",
                                "--models", "m", "--split", explainers[e]);
    cli_assert_plan(document);
    json_decref(document);
  }
  OUTPUT(EXPLAINERS, BRIEF, "--seed", "2");
  ck_assert(cli_fingerprint() != fingerprint);
}
END_TEST

START_TEST(complaints_say_what_to_do) {
  COMPLAINS_OF("m/lbdf/validity.safetensors: cannot open", EXPLAINERS);
  make_classifier();
  COMPLAINS("--pg-first-temperature and --pg-last-temperature must be above 0", EXPLAINERS, "--pg-last-temperature",
            "0");
  COMPLAINS_OF("nowhere: cannot open", "train-explainers", "nowhere", "--models", "m");
  COMPLAINS_OF("--rg-rollouts", EXPLAINERS, "--rg-rollouts", "0");
  COMPLAINS_OF("m/brr/validity.safetensors: cannot open", EXPLAINERS, "--method", "brr");
  COMPLAINS_OF("there are no labels for the method 'auto'", EXPLAINERS, "--method", "auto");
  /* Everything fits. */
  OUTPUT("train-validity", "squeezenet1_1", "--groups", "5", "--halves", "0", "--buffers", "1GiB", "--make-data", "d");
  COMPLAINS_OF("d: no group of the training part overflows under lbdf", EXPLAINERS);
}
END_TEST

TCase *cli_train_explainers_case(void) {
  TCase *test_case = tcase_create("train_explainers");
  tcase_set_timeout(test_case, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(test_case, cli_enter, cli_leave);
  tcase_add_test(test_case, both_are_trained_and_used);
  tcase_add_test(test_case, complaints_say_what_to_do);
  return test_case;
}
