/* spillway query: named queries and SQL, which read and never write. */
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"

static void two_runs(void) {
  OUTPUT("schedule", "squeezenet1_1", "--budget", "20", "--buffer", "64KiB", "--split", "random");
  OUTPUT("schedule", "squeezenet1_1", "--budget", "20", "--buffer", "64KiB", "--split", "trace-get");
}

START_TEST(every_named_query_answers_in_every_format) {
  two_runs();
  OUTPUT("simulate", "squeezenet1_1", "--timed");
  const char *const *names = cli_names("queries");
  size_t count = 0;
  for (; names[count] != NULL; count++) {
    json_t *document = DOCUMENT("query", names[count], "--json");
    ck_assert_msg(json_array_size(document) > 0, "%s answers nothing", names[count]);
    const char *first_key = strtok((char *)(uintptr_t)cli_keys(json_array_get(document, 0)), " ");
    ck_assert_str_eq(OUTPUT("query", names[count], "-f", "json"), OUTPUT("query", names[count], "--json"));
    const char *csv = OUTPUT("query", names[count], "--format", "csv"), *table = OUTPUT("query", names[count]);
    ck_assert_int_eq(strncmp(csv, first_key, strlen(first_key)), 0);
    cli_assert_has(csv, "\r\n");
    cli_assert_has(table, first_key);
    cli_assert_has(table, "\n--");
    cli_assert_has(OUTPUT("query"), cli_format("\n%s ", names[count]));
    json_decref(document);
  }
  ck_assert_uint_ge(count, 6);
}
END_TEST

START_TEST(parameters_choose) {
  two_runs();
  json_t *document = DOCUMENT("query", "--json", "runs", "network=squeezenet1_1", "buffer=64KiB", "limit=1");
  ck_assert_uint_eq(json_array_size(document), 1);
  ck_assert_int_eq(cli_number(document, "0.run"), 2);
  json_decref(document);
  ck_assert_str_eq(OUTPUT("query", "runs", "--json", "network=other"), "[]\n");
  ck_assert_str_eq(OUTPUT("query", "--format", "csv", "SELECT :n || 'x' AS a, typeof(:m) AS b", "n=5", "m=7"),
                   "a,b\r\n5x,integer\r\n");
  ck_assert_str_eq(OUTPUT("query", "--json", "SELECT count(*) AS n FROM v_run WHERE splitter = :s", "s=random"),
                   "[\n{\"n\": 1}\n]\n");
}
END_TEST

static const struct {
  const char *query, *words;
} refused[] = {
    {"DELETE FROM run", "the query was refused: it may only read, and it asks for DELETE FROM run"},
    {"UPDATE run SET verb = 'x'", "it may only read"},
    {"INSERT INTO network (name, hash) VALUES ('a', 'b')", "it may only read"},
    {"DROP TABLE run", "it may only read"},
    {"PRAGMA user_version = 99", "it may only read, and it asks for PRAGMA user_version"},
    {"PRAGMA journal_mode = DELETE", "it may only read"},
    {"ATTACH 'other.db' AS other", "it may only read, and it asks for ATTACH"},
    {"VACUUM INTO 'copy.db'", "it may only read"},
    {"SELECT load_extension('x.so')", "it may only read"},
    {"SELECT 1; DROP TABLE run", "another text follows it: \" DROP TABLE run\""},
    {"WITH x AS (SELECT 1) DELETE FROM run", "it may only read"},
    {"BEGIN IMMEDIATE", "it may only read"},
    {"SELECT nope FROM v_run", "cannot run the query: no such column: nope"},
    {"SELECT * FROM v_runs", "no such table: v_runs; the views are v_run, v_group, v_curve, v_explanation, "
                             "v_front, v_sample and v_explainer"},
    {"SELEC 1 FROM x", "near \"SELEC\": syntax error"},
    {"SELECT :a", "the SQL's parameter \"a\" has no value; give it as a=VALUE"},
    {"", "the query is empty"},
    {"rnus", "no query is called \"rnus\"; did you mean \"runs\"? there are best, saving, "},
    {"nothing",
     "no query is called \"nothing\"; there are best, saving, spread, culprits, "},
};

START_TEST(what_would_write_or_makes_no_sense_is_refused) {
  OUTPUT("simulate", "alexnet");
  const char *dump = OUTPUT("query", "SELECT * FROM v_run, v_group USING (run_id)", "--json");
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    COMPLAINS_OF(refused[i].words, "query", refused[i].query);
  }
  ck_assert_str_eq(OUTPUT("query", "SELECT * FROM v_run, v_group USING (run_id)", "--json"), dump);
  ck_assert_int_eq(
      cli_sql("results/spillway.db", "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}
END_TEST

START_TEST(wrong_parameters_are_told) {
  OUTPUT("simulate", "alexnet");
  COMPLAINS("parameter limit=x: expected a whole number", "query", "runs", "limit=x");
  COMPLAINS("runs has no parameter \"foo\"; it takes network, buffer, method, limit", "query", "runs", "foo=1");
  COMPLAINS("parameter \"foo\": expected name=value", "query", "runs", "foo");
  COMPLAINS_OF("parameter buffer=much: expected a size such as 262144, 256KiB or 1MiB", "query", "runs", "buffer=much");
  COMPLAINS("unknown format 'xml'; known are table, csv, json, markdown", "query", "runs", "--format", "xml");
}
END_TEST

START_TEST(a_database_that_is_missing_is_not_made) {
  COMPLAINS(
      "results/spillway.db: no such database; `spillway schedule` or `spillway simulate` creates it, --db chooses "
      "another",
      "query", "runs");
  COMPLAINS_OF("other.db: no such database", "query", "runs", "--db", "other.db");
  ck_assert_uint_eq(cli_count_files(), 0);
}
END_TEST

TCase *cli_query_case(void) {
  TCase *tests = tcase_create("query");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, every_named_query_answers_in_every_format);
  tcase_add_test(tests, parameters_choose);
  tcase_add_test(tests, what_would_write_or_makes_no_sense_is_refused);
  tcase_add_test(tests, wrong_parameters_are_told);
  tcase_add_test(tests, a_database_that_is_missing_is_not_made);
  return tests;
}
