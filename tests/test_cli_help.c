/* spillway help and list: everything explains itself. */
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"

START_TEST(every_verb_has_help) {
  const char *const *verbs = cli_names("verbs");
  const char *all = OUTPUT("help");
  size_t count = 0;
  for (; verbs[count] != NULL; count++) {
    const char *help = OUTPUT("help", verbs[count]);
    cli_assert_has(all, cli_format("\n  %s ", verbs[count]));
    cli_assert_has(help, cli_format("Usage: spillway %s", verbs[count]));
    ck_assert_str_eq(OUTPUT(verbs[count], "-h"), help);
    ck_assert_str_eq(OUTPUT(verbs[count], "--help"), help);
    ck_assert_str_eq(OUTPUT(verbs[count], "some", "words", "--help"), help);
  }
  ck_assert_uint_ge(count, 8);
  ck_assert_str_eq(OUTPUT("--help"), all);
  ck_assert_str_eq(OUTPUT("-h"), all);
}
END_TEST

START_TEST(every_option_is_in_the_help_and_in_the_manual) {
  const char *manual = OUTPUT("help", "--man");
  const char *const *verbs = cli_names("verbs");
  for (size_t v = 0; verbs[v] != NULL; v++) {
    const char *help = OUTPUT("help", verbs[v]);
    json_t *options = DOCUMENT("list", "options", verbs[v], "--json"), *option;
    size_t i;
    cli_assert_has(manual, cli_format("\n.SS \"spillway %s", verbs[v]));
    ck_assert_uint_ge(json_array_size(options), 2);
    json_array_foreach(options, i, option) {
      const char *name = cli_text(option, "name"), *summary = cli_text(option, "summary");
      cli_assert_has(help, name[1] == '-' ? name : cli_format("%.2s, --", name));
      cli_assert_has(help, summary);
      if (strcmp(summary, "show this help") == 0) continue;
      const char *roff = "";
      for (const char *c = cli_format("%.*s", (int)strcspn(name, " "), name); *c != '\0'; c++) {
        roff = cli_format("%s%s%c", roff, *c == '-' ? "\\" : "", *c);
      }
      cli_assert_has(manual, cli_format("\\fB%s\\fR", roff));
    }
    json_decref(options);
  }
  const char *const *keys = cli_names("hw-keys");
  for (size_t i = 0; keys[i] != NULL; i++) cli_assert_has(manual, cli_format("\n\\fB%s\\fR (", keys[i]));
}
END_TEST

START_TEST(every_kind_can_be_listed) {
  const char *const *kinds = cli_names("kinds");
  size_t count = 0;
  for (; kinds[count] != NULL; count++) {
    const char *table = OUTPUT("list", kinds[count]);
    json_t *document = DOCUMENT("list", kinds[count], "--json"), *item;
    const char *const *names = cli_names(kinds[count]);
    size_t i;
    json_array_foreach(document, i, item) {
      ck_assert_str_eq(names[i], cli_text(item, "name"));
      cli_assert_has(table, cli_format("%s ", names[i]));
      cli_assert_has(table, cli_text(item, "summary"));
    }
    ck_assert_uint_gt(i, 0);
    ck_assert_ptr_null(names[i]);
    json_decref(document);
  }
  ck_assert_uint_ge(count, 10);
  ck_assert_str_eq(OUTPUT("list"), OUTPUT("list", "kinds"));
}
END_TEST

START_TEST(list_tells_what_options_and_arguments_can_be) {
  ck_assert_str_eq(OUTPUT("list", "--names", "values", "schedule", "search"), OUTPUT("list", "searches", "--names"));
  ck_assert_str_eq(OUTPUT("list", "--names", "values", "schedule", "1"), OUTPUT("list", "networks", "--names"));
  ck_assert_str_eq(OUTPUT("list", "--names", "values", "query", "f"), OUTPUT("list", "formats", "--names"));
  ck_assert_str_eq(OUTPUT("list", "--names", "values", "show", "2"), "");
  ck_assert_str_eq(OUTPUT("list", "--names", "values", "schedule", "budget"), "");
  cli_assert_has(OUTPUT("list", "options", "schedule", "--names"), "\n--budget N\n-n N\n");
  COMPLAINS("list options needs a verb", "list", "options");
  COMPLAINS_OF("list values needs a verb, and an option or the number", "list", "values", "show");
  COMPLAINS_OF("unknown verb 'shw'; did you mean 'show'?", "list", "options", "shw");
}
END_TEST

START_TEST(nothing_at_all_is_met_with_the_verbs) {
  struct cli_result result = RUN(NULL);
  ck_assert_int_eq(result.status, 2);
  ck_assert_str_eq(result.out, "");
  ck_assert_str_eq(result.err, OUTPUT("help"));
  cli_assert_has(OUTPUT("--version"), "spillway ");
}
END_TEST

TCase *cli_help_case(void) {
  TCase *tests = tcase_create("help and list");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, every_verb_has_help);
  tcase_add_test(tests, every_option_is_in_the_help_and_in_the_manual);
  tcase_add_test(tests, every_kind_can_be_listed);
  tcase_add_test(tests, list_tells_what_options_and_arguments_can_be);
  tcase_add_test(tests, nothing_at_all_is_met_with_the_verbs);
  return tests;
}
