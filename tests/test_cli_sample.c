/* spillway sample: shares of valid groups, on the screen, as JSON and in the database. */
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"

#define DATABASE "results/spillway.db"

static int64_t rows(const char *condition) {
  return cli_sql(DATABASE, cli_format("SELECT count(*) FROM v_sample WHERE %s", condition));
}

START_TEST(shares_rise_with_the_buffer_and_are_on_record) {
  json_t *document = DOCUMENT("sample", "squeezenet1_1", "alexnet", "--buffers", "1MiB,64KiB,256KiB", "-n", "80",
                              "--seed", "7", "--json");
  ck_assert_str_eq(cli_keys(document),
                   "method hardware activation_bits weight_bits bias_bits fold_bn seed groups_wanted jobs networks");
  ck_assert_str_eq(cli_text(document, "method"), "lbdf");
  ck_assert_str_eq(cli_keys(cli_at(document, "networks.1")),
                   "network network_hash groups mean_ops plans_drawn seconds buffers");
  ck_assert_uint_eq(json_array_size(cli_at(document, "networks")), 2);
  for (size_t n = 0; n < 2; n++) {
    json_t *network = cli_at(document, cli_format("networks.%zu", n)), *buffer;
    static const int64_t bytes[] = {65536, 262144, 1048576};
    int64_t before = 0;
    size_t b;
    ck_assert_uint_eq(json_array_size(cli_at(network, "buffers")), 3);
    json_array_foreach(cli_at(network, "buffers"), b, buffer) {
      int64_t valid = cli_number(buffer, "valid_groups");
      ck_assert_int_eq(cli_number(buffer, "buffer_bytes"), bytes[b]);
      ck_assert_int_ge(valid, before);
      ck_assert_double_eq_tol(json_number_value(cli_at(buffer, "valid_percent")),
                              100.0 * (double)valid / (double)cli_number(network, "groups"), 1e-9);
      ck_assert_int_eq(rows(cli_format("network = '%s' AND buffer_bytes = %d AND valid_groups = %d AND groups = %d "
                                       "AND method = 'lbdf' AND seed = 7 AND groups_wanted = 80 AND weight_bits = 8 "
                                       "AND mean_ops >= 2 AND plans_drawn > 0 AND options = '{\"fold_bn\":false}'",
                                       cli_text(network, "network"), (int)bytes[b], (int)valid,
                                       (int)cli_number(network, "groups"))),
                       1);
      before = valid;
    }
  }
  ck_assert_int_eq(cli_number(document, "networks.0.groups"), 80);
  ck_assert_int_gt(cli_number(document, "networks.0.buffers.2.valid_groups"),
                   cli_number(document, "networks.0.buffers.0.valid_groups"));
  ck_assert_int_eq(rows("true"), 6);
  json_decref(document);
}
END_TEST

/* The same inputs replace the row, whatever the number of threads; others stand beside it. */
START_TEST(measuring_again_replaces_the_record) {
  OUTPUT("sample", "alexnet", "--buffers", "128KiB,256KiB", "-n", "30", "--jobs", "1");
  int64_t valid = cli_sql(DATABASE, "SELECT sum(valid_groups) FROM v_sample");
  OUTPUT("sample", "alexnet", "--buffers", "256KiB,128KiB", "-n", "30", "--jobs", "3");
  ck_assert_int_eq(rows("jobs = 3"), 2);
  ck_assert_int_eq(rows("true"), 2);
  ck_assert_int_eq(cli_sql(DATABASE, "SELECT sum(valid_groups) FROM v_sample"), valid);
  OUTPUT("sample", "alexnet", "--buffers", "256KiB", "-n", "30", "--method", "brr");
  OUTPUT("sample", "alexnet", "--buffers", "256KiB", "-n", "30", "--bits", "16");
  OUTPUT("sample", "alexnet", "--buffers", "256KiB", "-n", "30", "--fold-bn");
  OUTPUT("sample", "alexnet", "--buffers", "256KiB", "-n", "30", "--seed", "2");
  OUTPUT("sample", "alexnet", "--buffers", "256KiB", "-n", "29");
  ck_assert_int_eq(rows("true"), 7);
}
END_TEST

START_TEST(a_sample_is_merged_once) {
  OUTPUT("sample", "alexnet", "--buffers", "128KiB,256KiB", "-n", "30");
  OUTPUT("sample", "alexnet", "--buffers", "256KiB,512KiB", "-n", "30", "--db", "other.db");
  OUTPUT("merge", DATABASE, "other.db");
  OUTPUT("merge", DATABASE, "other.db");
  ck_assert_int_eq(rows("true"), 3);
  ck_assert_int_eq(rows("buffer_bytes = 524288 AND network = 'alexnet'"), 1);
}
END_TEST

START_TEST(the_table_has_a_column_for_each_buffer) {
  const char *table = OUTPUT("sample", "alexnet", "--buffers", "128KiB,1.5MiB", "-n", "30", "--bits", "16", "--no-db");
  cli_assert_has(table, "groups that fit under lbdf, in percent, by buffer: default, 16-bit activations, 16-bit "
                        "weights, 32-bit biases, seed 1\n\n");
  cli_assert_has(table, "128 KiB  1.5 MiB\n");
  cli_assert_has(table, "\nalexnet ");
  ck_assert_uint_eq(cli_count_files(), 0);
}
END_TEST

START_TEST(without_arguments_it_is_the_papers_figure) {
  json_t *document = DOCUMENT("sample", "-n", "5", "--json");
  ck_assert_uint_eq(json_array_size(cli_at(document, "networks")), 9);
  ck_assert_str_eq(cli_text(document, "networks.0.network"), "vgg16");
  ck_assert_str_eq(cli_text(document, "networks.8.network"), "efficientnet_b3");
  ck_assert_int_eq(cli_number(document, "networks.8.buffers.0.buffer_bytes"), 128 << 10);
  ck_assert_int_eq(cli_number(document, "networks.8.buffers.4.buffer_bytes"), 2 << 20);
  ck_assert_int_eq(rows("true"), 45);
  json_decref(document);
}
END_TEST

START_TEST(what_is_wrong_is_told_before_anything_is_measured) {
  COMPLAINS_OF("--buffers: ", "sample", "alexnet", "--buffers", "128KiB,many");
  COMPLAINS_OF("--buffers: '' is no size; expected sizes with commas between", "sample", "alexnet", "--buffers",
               "128KiB,");
  COMPLAINS_OF("--buffers: '65536' is there twice", "sample", "alexnet", "--buffers", "64KiB,65536");
  COMPLAINS_OF("--buffers: ", "sample", "alexnet", "--buffers", ",128KiB");
  COMPLAINS_OF("--buffers: ", "sample", "alexnet", "--buffers", "0");
  COMPLAINS_OF("did you mean 'alexnet'?", "sample", "squeezenet1_1", "alexnt");
  COMPLAINS_OF("did you mean 'lbdf'?", "sample", "alexnet", "--method", "lbdg");
  COMPLAINS_OF("--groups", "sample", "alexnet", "--groups", "0");
  COMPLAINS_OF("--bits", "sample", "alexnet", "--bits", "x");
  COMPLAINS_OF("nowhere/x: cannot create the directory", "sample", "alexnet", "--db", "nowhere/x/runs.db");
}
END_TEST

TCase *cli_sample_case(void) {
  TCase *tests = tcase_create("sample");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, shares_rise_with_the_buffer_and_are_on_record);
  tcase_add_test(tests, measuring_again_replaces_the_record);
  tcase_add_test(tests, a_sample_is_merged_once);
  tcase_add_test(tests, the_table_has_a_column_for_each_buffer);
  tcase_add_test(tests, without_arguments_it_is_the_papers_figure);
  tcase_add_test(tests, what_is_wrong_is_told_before_anything_is_measured);
  return tests;
}
