/* spillway compare-explainers, as a user runs it. */
#include <string.h>

#include "cli_run.h"
#include "sim_fixture.h"

#define TWO "compare-explainers", "vgg16", "mobilenet_v2", "--groups", "50", "--buffer", "128KiB,256KiB"
#define WITHOUT_WEIGHTS "--explainers", "trace-get,random,middle"
#define EXPLAINERS 4 /* these and exhaustive */

START_TEST(figures_are_printed_and_kept) {
  json_t *document = DOCUMENT(TWO, WITHOUT_WEIGHTS, "--json", "--by", "network", "--db", "a.db");
  ck_assert_int_eq(cli_number(document, "groups"), 50);
  ck_assert_str_eq(cli_text(document, "networks.1"), "mobilenet_v2");
  ck_assert_int_eq(cli_number(document, "buffer_bytes.1"), 256 * 1024);
  ck_assert_uint_eq(json_array_size(cli_at(document, "explainers")), EXPLAINERS);
  ck_assert_uint_eq(json_array_size(cli_at(document, "parts")), 2 * EXPLAINERS);
  for (int e = 0; e < EXPLAINERS; e++) {
    int64_t all = cli_number(document, cli_format("explainers.%d.simulations", e));
    int64_t vgg = cli_number(document, cli_format("parts.%d.simulations", e));
    int64_t mobile = cli_number(document, cli_format("parts.%d.simulations", EXPLAINERS + e));
    ck_assert_int_eq(cli_number(document, cli_format("explainers.%d.groups", e)), 50);
    ck_assert_int_eq(cli_number(document, cli_format("explainers.%d.rectified", e)), 50);
    ck_assert_int_eq(all, vgg + mobile);
    const char *name = cli_text(document, cli_format("explainers.%d.explainer", e));
    const char *sql = cli_format("SELECT sum(simulations) FROM v_explainer WHERE explainer = '%s'", name);
    ck_assert_int_eq(cli_sql("a.db", sql), all);
  }
  ck_assert_int_eq(cli_sql("a.db", "SELECT count(DISTINCT comparison_id) FROM v_explainer"), 1);
  ck_assert_int_eq(cli_sql("a.db", "SELECT sum(group_count) FROM v_explainer"), 50 * EXPLAINERS);
  ck_assert_int_eq(cli_sql("a.db", "SELECT count(DISTINCT buffer_bytes) FROM v_explainer"), 2);
  json_decref(document);
}
END_TEST

START_TEST(people_get_a_table) {
  const char *table = OUTPUT(TWO, WITHOUT_WEIGHTS, "--by", "buffer", "--no-db", "--method", "brr", "--jobs", "2");
  cli_assert_has(table, "50 groups that overflow, of 2 networks in 2 buffers: brr, 8-bit activations");
  cli_assert_has(table, "128 KiB  trace-get");
  cli_assert_has(table, "256 KiB  trace-get");
  cli_assert_has(table, "all      trace-get");
  ck_assert_uint_eq(cli_count_files(), 0);
}
END_TEST

START_TEST(fewer_groups_than_were_wanted_are_told) {
  const char *table = OUTPUT("compare-explainers", "alexnet", "--buffer", "2MiB", "--no-db", WITHOUT_WEIGHTS);
  cli_assert_has(table, "Of 1000 groups that were wanted, no more were found.");
}
END_TEST

START_TEST(what_makes_no_sense_is_told) {
  COMPLAINS_OF("--buffer: 'big' is no size; expected sizes with commas between", "compare-explainers", "--buffer",
               "128KiB,big");
  COMPLAINS_OF("--buffer: '' is no size", "compare-explainers", "--buffer", "128KiB,");
  COMPLAINS_OF("--buffer: '131072' is there twice", "compare-explainers", "--buffer", "128KiB,131072");
  COMPLAINS_OF("'vgg16' is named twice", "compare-explainers", "vgg16", "alexnet", "vgg16");
  COMPLAINS_OF("unknown breakdown 'op'; known are network, buffer", "compare-explainers", "--by", "op");
  COMPLAINS_OF("did you mean 'vgg16'?", "compare-explainers", "vgg61");
  COMPLAINS_OF("--groups is '0'; expected a whole number from 1", "compare-explainers", "--groups", "0");
  COMPLAINS_OF("nothing to compare: no group that was drawn overflows its buffer", "compare-explainers",
               "squeezenet1_1", "--buffer", "1GiB", "--no-db", WITHOUT_WEIGHTS);
  COMPLAINS_OF("unknown explainer 'gnn'; did you mean 'gnne'?", "compare-explainers", "--explainers", "middle,gnn");
  COMPLAINS_OF("nowhere/lbdf/validity.safetensors: cannot open: No such file or directory (weights; scripts/train makes"
               " them, and --models DIR names another directory); --explainers LIST leaves out those that need it",
               "compare-explainers", "vgg16", "--models", "nowhere", "--no-db");
}
END_TEST

/* All of them, with weights; what they were trained to is part of the record. */
START_TEST(explainers_that_learn_take_part) {
  size_t count = 0;
  for (const char *const *names = cli_names("explainers"); names[count] != NULL;) count++;
  sim_fixture_save_learned("models", 1);
  json_t *document = DOCUMENT("compare-explainers", "vgg16", "--groups", "10", "--buffer", "256KiB", "--json", "--db",
                              "a.db", "--models", "models", "--explainer-options", "gnne.steps=3");
  ck_assert_uint_eq(json_array_size(cli_at(document, "explainers")), count);
  for (size_t e = 0; e < count; e++) {
    ck_assert_int_eq(cli_number(document, cli_format("explainers.%zu.rectified", e)), 10);
    ck_assert(json_is_real(cli_at(document, cli_format("explainers.%zu.fidelity_plus", e)))); /* by the classifier */
  }
  cli_assert_has(cli_text(document, "explainer_options"), "gnne.steps=3,");
  const char *weights = cli_text(document, "weights");
  ck_assert_int_eq(cli_sql("a.db", cli_format("SELECT count(*) FROM v_explainer WHERE options ->> 'weights' = '%s'"
                                              " AND options ->> 'explainer_options' LIKE '%%gnne.steps=3,%%'",
                                              weights)),
                   (int64_t)count);
  json_decref(document);
}
END_TEST

START_TEST(one_can_leave_explainers_out) {
  json_t *document = DOCUMENT("compare-explainers", "vgg16", "--groups", "10", "--buffer", "256KiB", "--json",
                              "--no-db", "--explainers", "middle");
  ck_assert_uint_eq(json_array_size(cli_at(document, "explainers")), 2);
  ck_assert_str_eq(cli_text(document, "explainers.0.explainer"), "middle");
  ck_assert_str_eq(cli_text(document, "explainers.1.explainer"), "exhaustive");
  ck_assert(json_is_null(cli_at(document, "explainers.0.fidelity_plus")));
  json_decref(document);
}
END_TEST

TCase *cli_compare_case(void) {
  TCase *tcase = tcase_create("compare");
  tcase_add_checked_fixture(tcase, cli_enter, cli_leave);
  tcase_set_timeout(tcase, CLI_TEST_SECONDS);
  tcase_add_test(tcase, figures_are_printed_and_kept);
  tcase_add_test(tcase, people_get_a_table);
  tcase_add_test(tcase, fewer_groups_than_were_wanted_are_told);
  tcase_add_test(tcase, explainers_that_learn_take_part);
  tcase_add_test(tcase, one_can_leave_explainers_out);
  tcase_add_test(tcase, what_makes_no_sense_is_told);
  return tcase;
}
