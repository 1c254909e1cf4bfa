/* Explainers that learn, as a user runs them: weights, settings, and what is recorded of them. */
#include <stdlib.h>
#include <string.h>

#include "cli_plan.h"
#include "cli_run.h"
#include "sim_fixture.h"

#define SMALL "squeezenet1_1", "--buffer", "64KiB", "--budget", "10"

/* The search of a run that splits by the explainer; the caller decrefs. */
static json_t *scheduled(const char *explainer, const char *models, const char *options) {
  return DOCUMENT("schedule", SMALL, "--json", "--no-db", "--split", explainer, "--models", models,
                  "--explainer-options", options);
}

START_TEST(weights_come_from_the_option_or_the_environment) {
  sim_fixture_save_learned("weights", 1);
  json_t *document = scheduled("gnn-cut", "weights", "gnne.steps=1");
  cli_assert_plan(document);
  const char *hash = cli_format("%s", cli_text(document, "search.weights"));
  ck_assert_str_eq(cli_text(document, "search.explainer_options"), ""); /* gnn-cut has none */
  json_decref(document);
  setenv("SPILLWAY_MODELS", "weights", 1);
  document = DOCUMENT("schedule", SMALL, "--json", "--no-db", "--split", "gnn-cut");
  unsetenv("SPILLWAY_MODELS");
  ck_assert_str_eq(cli_text(document, "search.weights"), hash);
  json_decref(document);
  sim_fixture_save_learned("weights", 2);
  document = scheduled("gnn-cut", "weights", "gnne.steps=1");
  ck_assert_str_ne(cli_text(document, "search.weights"), hash);
  json_decref(document);
}
END_TEST

/* brr-plus and auto have no weights of their own. */
START_TEST(methods_take_the_weights_of_their_classifier) {
  static const char *const methods[] = {"brr", "brr-plus", "auto"};
  sim_fixture_save_learned("weights", 1);
  ck_assert_int_eq(system("rm -r weights/lbdf"), 0);
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
    json_t *document = DOCUMENT("schedule", SMALL, "--json", "--no-db", "--split", "pg", "--models", "weights",
                                "--method", methods[i]);
    ck_assert_int_eq(cli_number(document, "totals.invalid_groups"), 0);
    json_decref(document);
  }
  COMPLAINS_OF("weights/lbdf/validity.safetensors: cannot open", "schedule", SMALL, "--no-db", "--split", "pg",
               "--models", "weights");
}
END_TEST

START_TEST(settings_are_taken_and_recorded) {
  sim_fixture_save_learned("weights", 1);
  OUTPUT("schedule", SMALL, "--db", "a.db", "--split", "gnne", "--models", "weights", "--explainer-options",
         "gnne.steps=4,gnne.noise=0.5");
  OUTPUT("schedule", SMALL, "--db", "a.db", "--split", "trace-get", "--models", "nowhere");
  ck_assert_int_eq(cli_sql("a.db", "SELECT count(*) FROM v_run WHERE options ->> 'explainer_options' LIKE"
                                   " 'gnne.steps=4,gnne.rate=%,gnne.noise=0.5,gnne.seed=%'"),
                   1);
  ck_assert_int_eq(cli_sql("a.db", "SELECT count(*) FROM v_run WHERE length(options ->> 'weights') = 32"), 1);
  ck_assert_int_eq(cli_sql("a.db", "SELECT count(*) FROM v_run WHERE options ->> 'weights' IS NULL AND"
                                   " splitter = 'trace-get'"),
                   1);
}
END_TEST

/* With no steps all edges score 1/2; without simulation there is nothing to tell of what a cut leaves. */
START_TEST(scores_are_shown_and_nothing_that_is_not_known) {
  sim_fixture_save_learned("weights", 1);
  const char *const line[] = {"explain", "squeezenet1_1", "--buffer", "32KiB",    "--group",             "10..20",
                              "--split", "gnne",          "--models", "weights", "--explainer-options", "gnne.steps=0",
                              NULL};
  const char *text = cli_output(line);
  cli_assert_has(text, "Where to cut, by gnne:");
  cli_assert_has(text, "  score  more DRAM KiB");
  cli_assert_has(text, "  0.5  ");
  cli_assert_lacks(text, "relief");
  cli_assert_lacks(text, "leaves 0 B");
  json_t *document = DOCUMENT("explain", "squeezenet1_1", "--buffer", "32KiB", "--group", "10..20", "--split", "gnne",
                              "--models", "weights", "--explainer-options", "gnne.steps=0", "--json");
  ck_assert_double_eq(json_real_value(cli_at(document, "findings.0.cuts.0.score")), 0.5);
  ck_assert_int_gt(cli_number(document, "findings.0.cuts.0.crossing_dram_bytes"), 0);
  ck_assert_ptr_null(json_object_get(cli_at(document, "findings.0.cuts.0"), "relief_bytes"));
  json_decref(document);
}
END_TEST

START_TEST(what_makes_no_sense_is_told) {
  COMPLAINS_OF("--explainer-options: unknown 'gnne.step'; did you mean 'gnne.steps'?", "schedule", "alexnet",
               "--explainer-options", "gnne.step=1");
  COMPLAINS_OF("nowhere/lbdf/validity.safetensors: cannot open: No such file or directory (weights; scripts/train makes"
               " them, and --models DIR names another directory)",
               "schedule", "alexnet", "--split", "gnn-cut", "--models", "nowhere");
  COMPLAINS_OF("--models is empty", "schedule", "alexnet", "--models", "");
  sim_fixture_save_learned("weights", 1);
  cli_write("weights/lbdf/rg.safetensors", "fnord");
  COMPLAINS_OF("weights/lbdf/rg.safetensors: ", "schedule", "alexnet", "--split", "rg", "--models", "weights");
  ck_assert_int_eq(system("cp weights/brr/validity.safetensors weights/lbdf"), 0);
  COMPLAINS_OF("weights/lbdf/validity.safetensors: weights of another kind: method is 'brr'; expected 'lbdf'",
               "schedule", "alexnet", "--split", "gnne", "--models", "weights");
}
END_TEST

START_TEST(the_settings_can_be_listed) {
  const char *list = OUTPUT("list", "explainer-options");
  cli_assert_has(list, "\ngnne.steps ");
  cli_assert_has(list, "\nrg.seeds ");
  cli_assert_has(list, ": a whole number from 0 to 1000000; default ");
}
END_TEST

TCase *cli_learned_case(void) {
  TCase *tests = tcase_create("learned");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, weights_come_from_the_option_or_the_environment);
  tcase_add_test(tests, methods_take_the_weights_of_their_classifier);
  tcase_add_test(tests, settings_are_taken_and_recorded);
  tcase_add_test(tests, scores_are_shown_and_nothing_that_is_not_known);
  tcase_add_test(tests, what_makes_no_sense_is_told);
  tcase_add_test(tests, the_settings_can_be_listed);
  return tests;
}
