/* spillway compare-explainers, as a user runs it. */
#include <string.h>

#include "cli_run.h"

#define TWO "compare-explainers", "vgg16", "mobilenet_v2", "--groups", "50", "--buffer", "128KiB,256KiB"
#define EXPLAINERS 4

START_TEST(figures_are_printed_and_kept) {
  json_t *document = DOCUMENT(TWO, "--json", "--by", "network", "--db", "a.db");
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
  const char *table = OUTPUT(TWO, "--by", "buffer", "--no-db", "--method", "brr", "--jobs", "2");
  cli_assert_has(table, "50 groups that overflow, of 2 networks in 2 buffers: brr, 8-bit activations");
  cli_assert_has(table, "128 KiB  trace-get");
  cli_assert_has(table, "256 KiB  trace-get");
  cli_assert_has(table, "all      trace-get");
  ck_assert_uint_eq(cli_count_files(), 0);
}
END_TEST

START_TEST(fewer_groups_than_were_wanted_are_told) {
  const char *table = OUTPUT("compare-explainers", "alexnet", "--buffer", "2MiB", "--no-db");
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
               "squeezenet1_1", "--buffer", "1GiB", "--no-db");
}
END_TEST

TCase *cli_compare_case(void) {
  TCase *tcase = tcase_create("compare");
  tcase_add_checked_fixture(tcase, cli_enter, cli_leave);
  tcase_set_timeout(tcase, CLI_TEST_SECONDS);
  tcase_add_test(tcase, figures_are_printed_and_kept);
  tcase_add_test(tcase, people_get_a_table);
  tcase_add_test(tcase, fewer_groups_than_were_wanted_are_told);
  tcase_add_test(tcase, what_makes_no_sense_is_told);
  return tcase;
}
