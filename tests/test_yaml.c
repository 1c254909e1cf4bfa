/* util/yaml and util/yaml_write: what is read, what is refused and with which words, and
 * that every text comes back as it was. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "util/rng.h"
#include "util/yaml.h"
#include "util/yaml_write.h"

Suite *yaml_suite(void);

static void refuse(const void *bytes, size_t length, const char *message) {
  struct yaml_tree tree;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(yaml_tree_parse(&tree, bytes, length, "x.yaml", &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_str_eq(err.message, message);
}

START_TEST(tree_keeps_order_lines_and_kinds) {
  static const char text[] = "# note\nb: 1\na:\n  - x y\n  - \"q: #\"\nc: {d: [], e: ''}\nf:\n";
  struct yaml_tree tree;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(yaml_tree_parse(&tree, text, strlen(text), "x.yaml", &err), 0);
  const struct yaml_node *root = tree.root;
  ck_assert_int_eq(root->kind, YAML_MAP);
  ck_assert_uint_eq(root->count, 4);
  ck_assert_str_eq(root->first->key, "b");
  ck_assert_uint_eq(root->first->key_line, 2);
  ck_assert_str_eq(root->first->next->key, "a");
  const struct yaml_node *list = yaml_tree_get(root, "a");
  ck_assert_int_eq(list->kind, YAML_LIST);
  ck_assert_uint_eq(list->count, 2);
  ck_assert_str_eq(list->first->text, "x y");
  ck_assert(list->first->plain);
  ck_assert_uint_eq(list->first->next->line, 5);
  ck_assert_uint_eq(list->first->next->position, 1);
  ck_assert_str_eq(list->first->next->text, "q: #");
  ck_assert(!list->first->next->plain);
  ck_assert_ptr_null(list->first->next->next);
  const struct yaml_node *map = yaml_tree_get(root, "c");
  ck_assert_uint_eq(yaml_tree_get(map, "d")->count, 0);
  ck_assert(!yaml_tree_is_void(yaml_tree_get(map, "e")));
  ck_assert(yaml_tree_is_void(yaml_tree_get(root, "f")));
  ck_assert_ptr_null(yaml_tree_get(root, "g"));
  ck_assert_ptr_null(yaml_tree_get(list, "a"));
  yaml_tree_free(&tree);
}
END_TEST

static const struct {
  const char *text, *message;
} refused[] = {
    {"", "x.yaml: holds nothing but comments"},
    {"# only this\n", "x.yaml: holds nothing but comments"},
    {"a: 1\nb: [1, 2\nc: 3\n",
     "x.yaml:3: not valid YAML: did not find expected ',' or ']' (column 2), while parsing a flow sequence "
     "that "
     "begins on line 2"},
    {"a: b: c\n", "x.yaml:1: not valid YAML: mapping values are not allowed in this context (column 5)"},
    {"a: 1\nb: \xff\n", "x.yaml:2: not YAML text: invalid leading UTF-8 octet (byte 8 of the file)"},
    {"a: 1\n\nb: \x01\n", "x.yaml:3: not YAML text: control characters are not allowed (byte 9 of the file)"},
    {"a: 1\nb: 2\nc: 3\nb: 4\nb: 5\n", "x.yaml:4: the key 'b' is there already, on line 2"},
    {"z: 1\na: 2\nz: 3\na: 4\n", "x.yaml:3: the key 'z' is there already, on line 1"},
    {"a: &here 1\n", "x.yaml:1: the anchor '&here' is not supported; write the value out"},
    {"a: &here [1]\n", "x.yaml:1: the anchor '&here' is not supported; write the value out"},
    {"a: 1\nb: *here\n", "x.yaml:2: the alias '*here' is not supported; write the value out"},
    {"a: !!int 1\n", "x.yaml:1: the tag 'tag:yaml.org,2002:int' is not supported; leave it out"},
    {"a: ! {b: 1}\n", "x.yaml:1: the tag '!' is not supported; leave it out"},
    {"%TAG ! a\n--- a\n", "x.yaml:1: a %TAG directive is not supported; leave it out"},
    {"a\n...\r%TAG ! a\n--- a\n", "x.yaml:2: a %TAG directive is not supported; leave it out"},
    {"\xff\xfe", "x.yaml: is UTF-16 text; expected UTF-8"},
    {"[a, b]: 1\n", "x.yaml:1: a list as a key; expected text"},
    {"? {a: b}\n: 1\n", "x.yaml:1: a mapping as a key; expected text"},
    {"a: 1\n---\nb: 2\n", "x.yaml:2: a second document; expected one in the file"},
    {"a: \"x\\0y\"\n", "x.yaml:1: a NUL character in 'x'"},
};

START_TEST(refusals_name_file_line_and_reason) {
  refuse(refused[_i].text, strlen(refused[_i].text), refused[_i].message);
}
END_TEST

static char *repeated(const char *piece, size_t count) {
  size_t length = strlen(piece);
  char *text = malloc(length * count + 1);
  ck_assert_ptr_nonnull(text);
  for (size_t i = 0; i < count; i++) memcpy(text + i * length, piece, length);
  text[length * count] = '\0';
  return text;
}

START_TEST(byte_order_mark_and_percent_signs_are_taken) {
  static const char text[] = "\xef\xbb\xbf%YAML 1.1\n---\na: 50 %TAG\nb: '%'\n";
  struct yaml_tree tree;
  struct error err = ERROR_INIT;
  ck_assert_msg(yaml_tree_parse(&tree, text, strlen(text), "x.yaml", &err) == 0, "%s", err.message);
  ck_assert_str_eq(yaml_tree_get(tree.root, "a")->text, "50 %TAG");
  ck_assert_str_eq(yaml_tree_get(tree.root, "b")->text, "%");
  yaml_tree_free(&tree);
}
END_TEST

START_TEST(nesting_is_limited) {
  char text[2 * YAML_MAX_DEPTH + 3];
  struct yaml_tree tree;
  struct error err = ERROR_INIT;
  memset(text, '[', YAML_MAX_DEPTH);
  memset(text + YAML_MAX_DEPTH, ']', YAML_MAX_DEPTH);
  ck_assert_int_eq(yaml_tree_parse(&tree, text, 2 * YAML_MAX_DEPTH, "x.yaml", &err), 0);
  yaml_tree_free(&tree);
  memset(text, '[', YAML_MAX_DEPTH + 1);
  refuse(text, YAML_MAX_DEPTH + 1, "x.yaml:1: nested deeper than 32 levels");
  memset(text + YAML_MAX_DEPTH + 1, ']', YAML_MAX_DEPTH + 1);
  refuse(text, 2 * YAML_MAX_DEPTH + 2, "x.yaml:1: nested deeper than 32 levels");
}
END_TEST

START_TEST(size_and_values_are_limited) {
  char *many = repeated("- a\n", YAML_MAX_NODES);
  refuse(many, strlen(many), "x.yaml:262144: more than 262144 values, the most that is read");
  struct yaml_tree tree;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(yaml_tree_parse(&tree, many, strlen(many) - 4, "x.yaml", &err), 0);
  ck_assert_uint_eq(tree.root->count, YAML_MAX_NODES - 1);
  yaml_tree_free(&tree);
  free(many);
  char *large = repeated(" ", YAML_MAX_BYTES + 1);
  refuse(large, YAML_MAX_BYTES + 1, "x.yaml: larger than 16 MiB, the most that is read of such a file");
  free(large);
}
END_TEST

START_TEST(expectations_are_told) {
  static const char text[] = "a:\nb: word\nc: [1]\n";
  struct yaml_tree tree;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(yaml_tree_parse(&tree, text, strlen(text), "x.yaml", &err), 0);
  ck_assert_int_eq(yaml_tree_expect(&tree, yaml_tree_get(tree.root, "b"), YAML_TEXT, "b", &err), 0);
  ck_assert_int_eq(yaml_tree_expect(&tree, yaml_tree_get(tree.root, "a"), YAML_TEXT, "a", &err), -1);
  ck_assert_str_eq(err.message, "x.yaml:1: a has no value; expected a single value");
  ck_assert_int_eq(yaml_tree_expect(&tree, yaml_tree_get(tree.root, "b"), YAML_MAP, "b", &err), -1);
  ck_assert_str_eq(err.message, "x.yaml:2: b is 'word'; expected a mapping");
  ck_assert_int_eq(yaml_tree_expect(&tree, yaml_tree_get(tree.root, "c"), YAML_TEXT, "c", &err), -1);
  ck_assert_str_eq(err.message, "x.yaml:3: c is a list; expected a single value");
  yaml_tree_free(&tree);
}
END_TEST

static char *write_list(const char *text, struct error *err) {
  struct yaml_writer *writer = yaml_writer_create();
  yaml_writer_list(writer);
  yaml_writer_text(writer, text);
  yaml_writer_list_end(writer);
  return yaml_writer_finish(writer, err);
}

static const char *const odd_texts[] = {
    "",
    " ",
    "a b",
    " lead",
    "trail ",
    "- a",
    "-",
    "a: b",
    "a:",
    "#x",
    "x #y",
    "'",
    "\"",
    "\\",
    "[",
    "{a}",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%",
    "@",
    "`",
    "?",
    "~",
    "null",
    "true",
    "Yes",
    "1",
    "1e3",
    "0x10",
    ".5",
    "=",
    "<<",
    "a\nb",
    "a\n",
    "\n",
    "\t",
    "a\tb",
    "\x01\x1f\x7f",
    "---",
    "...",
    "\xc3\xa9",
    "\xe2\x80\xa8",
    "\xef\xbb\xbf",
    "\xf0\x9f\x8c\x8a",
    "\xc2\x85",
    "\xc2\xa0",
    "\xef\xbf\xbe",
    "/features/features.1/Conv",
};

static void come_back(const char *text) {
  struct yaml_tree tree;
  struct error err = ERROR_INIT;
  char *yaml = write_list(text, &err);
  ck_assert_msg(yaml != NULL, "%s", err.message);
  ck_assert_msg(yaml_tree_parse(&tree, yaml, strlen(yaml), "x.yaml", &err) == 0, "%s in <%s>", err.message,
                yaml);
  ck_assert_uint_eq(tree.root->count, 1);
  ck_assert_str_eq(tree.root->first->text, text);
  ck_assert_msg(strchr(yaml, '\n') == yaml + strlen(yaml) - 1, "<%s> is folded", yaml);
  yaml_tree_free(&tree);
  free(yaml);
}

START_TEST(odd_texts_come_back) { come_back(odd_texts[_i]); }
END_TEST

START_TEST(random_texts_come_back) {
  static const char *const pieces[] = {"a",
                                       "Z",
                                       "0",
                                       " ",
                                       "  ",
                                       "\n",
                                       ":",
                                       ": ",
                                       " #",
                                       "'",
                                       "\"",
                                       "\\",
                                       "-",
                                       "/",
                                       "\t",
                                       "\r",
                                       ",",
                                       "[",
                                       "\xc3\xbc",
                                       "\xe6\xbc\xa2",
                                       "\xf0\x9f\x8c\x8a",
                                       "\xe2\x80\xa9",
                                       "\x1b",
                                       "a long word "};
  struct rng rng = rng_stream(1, 2, 3);
  for (int round = 0; round < 2000; round++) {
    char text[2048] = "";
    for (uint32_t n = rng_below(&rng, 80); n > 0; n--) {
      strcat(text, pieces[rng_below(&rng, sizeof pieces / sizeof pieces[0])]);
    }
    come_back(text);
  }
}
END_TEST

START_TEST(only_odd_texts_are_quoted) {
  struct error err = ERROR_INIT;
  static const char *const expected[][2] = {
      {"/a/b.c_d-1", "- /a/b.c_d-1\n"}, {"no", "- \"no\"\n"}, {"12", "- \"12\"\n"}, {"a b", "- \"a b\"\n"}};
  for (size_t i = 0; i < 4; i++) {
    char *yaml = write_list(expected[i][0], &err);
    ck_assert_str_eq(yaml, expected[i][1]);
    free(yaml);
  }
}
END_TEST

START_TEST(texts_that_are_no_utf8_are_refused) {
  static const char *const texts[] = {"a\xff",   "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xe2\x82"};
  struct error err = ERROR_INIT;
  ck_assert_ptr_null(write_list(texts[_i], &err));
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.message, "is not UTF-8 text"));
}
END_TEST

Suite *yaml_suite(void) {
  Suite *suite = suite_create("yaml");
  TCase *tests = tcase_create("tree");
  tcase_add_test(tests, tree_keeps_order_lines_and_kinds);
  tcase_add_loop_test(tests, refusals_name_file_line_and_reason, 0, sizeof refused / sizeof refused[0]);
  tcase_add_test(tests, byte_order_mark_and_percent_signs_are_taken);
  tcase_add_test(tests, nesting_is_limited);
  tcase_add_test(tests, size_and_values_are_limited);
  tcase_add_test(tests, expectations_are_told);
  suite_add_tcase(suite, tests);
  tests = tcase_create("writer");
  tcase_add_loop_test(tests, odd_texts_come_back, 0, sizeof odd_texts / sizeof odd_texts[0]);
  tcase_add_test(tests, random_texts_come_back);
  tcase_add_test(tests, only_odd_texts_are_quoted);
  tcase_add_loop_test(tests, texts_that_are_no_utf8_are_refused, 0, 6);
  suite_add_tcase(suite, tests);
  return suite;
}
