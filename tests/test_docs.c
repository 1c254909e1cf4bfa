/* What the documents say can be done, can be done: their command lines are run, and the
 * manual page leaves nothing out. */
#include <check.h>
#include <glob.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_run.h"
#include "suites.h"
#include "support.h"

/* ---- finding the command lines ---- */

/* Lines of a document from the first one on; rest is where the next one begins. */
struct reader {
  char *rest;
};

static char *next_line(struct reader *reader) { return reader->rest == NULL ? NULL : strsep(&reader->rest, "\n"); }

/* Whether a shell would wait for more. */
static bool is_open(const char *command) {
  char quote = '\0';
  for (; *command != '\0'; command++) {
    if (*command == '\\' && quote != '\'') {
      if (*++command == '\0') return true;
    } else if (quote == '\0' && (*command == '\'' || *command == '"')) {
      quote = *command;
    } else if (*command == quote) {
      quote = '\0';
    }
  }
  return quote != '\0';
}

/* The command that begins with line. */
static const char *whole_command(struct reader *reader, const char *line) {
  for (const char *more; is_open(line) && (more = next_line(reader)) != NULL;) line = cli_format("%s\n%s", line, more);
  return line;
}

static void run_command(const char *file, const char *command) {
  static const struct cli_setting shell = {.program = "sh"};
  const char *script = cli_format("spillway() { \"$SPILLWAY_PROGRAM\" \"$@\"; }\n%s\n", command);
  if (strstr(command, "spillway plot") != NULL && cli_find_program("gnuplot") == NULL) return;
  struct cli_result result = cli_run(&shell, ARGUMENTS("-e", "-c", script));
  ck_assert_msg(result.status == 0, "%s: %s: exit status %d: %s", file, command, result.status, result.err);
}

/* Runs the commands between lines that begin with `from` and `to`; how many there were. */
static size_t run_commands(const char *file, const char *text, const char *from, const char *to) {
  struct reader reader = {strdup(text)};
  char *start = reader.rest;
  size_t count = 0;
  bool inside = false;
  for (const char *line; (line = next_line(&reader)) != NULL;) {
    if (!inside) {
      inside = strcmp(line, from) == 0;
    } else if (strncmp(line, to, strlen(to)) == 0) {
      inside = false;
    } else if (strncmp(line, "spillway ", 9) == 0) {
      run_command(file, whole_command(&reader, line));
      count++;
    }
  }
  free(start);
  return count;
}

/* Writes the files that the document shows, each below a line such as ```yaml NAME. */
static void write_files(const char *text) {
  static const char fence[] = "```yaml ";
  struct reader reader = {strdup(text)};
  char *start = reader.rest;
  FILE *file = NULL;
  for (const char *line; (line = next_line(&reader)) != NULL;) {
    if (file == NULL && strncmp(line, fence, strlen(fence)) == 0) {
      file = fopen(line + strlen(fence), "w");
      ck_assert_ptr_nonnull(file);
    } else if (file != NULL && strcmp(line, "```") == 0) {
      fclose(file);
      file = NULL;
    } else if (file != NULL) {
      fprintf(file, "%s\n", line);
    }
  }
  ck_assert_ptr_null(file);
  free(start);
}

/* A fresh directory in which configs/ is where a reader in the source tree finds it. */
static void enter_fresh(const char *name) {
  ck_assert_int_eq(mkdir(name, 0777), 0);
  ck_assert_int_eq(chdir(name), 0);
  ck_assert_int_eq(symlink(support_path("configs"), "configs"), 0);
}

static void leave_fresh(void) { ck_assert_int_eq(chdir(".."), 0); }

/* ---- documents ---- */

static size_t run_documents(const char *pattern) {
  glob_t files;
  size_t count = 0;
  int status = glob(support_path(pattern), 0, NULL, &files);
  ck_assert(status == 0 || status == GLOB_NOMATCH);
  for (size_t i = 0; status == 0 && i < files.gl_pathc; i++) {
    const char *path = files.gl_pathv[i];
    enter_fresh(basename((char *)(uintptr_t)cli_format("%s", path)));
    write_files(cli_read(path));
    count += run_commands(path, cli_read(path), "```sh", "```");
    leave_fresh();
  }
  globfree(&files);
  return count;
}

START_TEST(the_commands_of_the_documents_work) {
  ck_assert_uint_gt(run_documents("docs/*.md"), 0);
  run_documents("[A-Z]*.md");
}
END_TEST

/* ---- the manual page ---- */

/* The built page with roff's dashes and quotes as people see them. */
static const char *manual(void) {
  const char *directory = dirname((char *)(uintptr_t)cli_format("%s", getenv("SPILLWAY_PROGRAM")));
  const char *page = cli_read(cli_format("%s/docs/spillway.1", directory));
  char *plain = (char *)(uintptr_t)cli_format("%s", page), *to = plain;
  for (const char *from = page; *from != '\0'; from++) {
    if (from[0] == '\\' && from[1] == 'f') {
      from += 2;
    } else if (strncmp(from, "\\(aq", 4) == 0) {
      from += 3;
      *to++ = '\'';
    } else if (from[0] == '\\' && from[1] == '-') {
      from++;
      *to++ = '-';
    } else {
      *to++ = *from;
    }
  }
  *to = '\0';
  return plain;
}

START_TEST(the_examples_of_the_manual_page_work) {
  const char *examples = strstr(manual(), ".SH EXAMPLES\n");
  ck_assert_ptr_nonnull(examples);
  enter_fresh("manual");
  ck_assert_uint_gt(run_commands("spillway.1", examples, ".nf", ".fi"), 0);
  leave_fresh();
}
END_TEST

START_TEST(the_manual_page_has_every_verb_and_option) {
  const char *page = manual(), *const *verbs = cli_names("verbs");
  cli_assert_lacks(page, "@VERBS@");
  for (size_t v = 0; verbs[v] != NULL; v++) {
    const char *section = strstr(page, cli_format("\n.SS \"spillway %s", verbs[v]));
    ck_assert_msg(section != NULL, "the manual page lacks the verb %s", verbs[v]);
    const char *end = strstr(section + 1, "\n.S");
    const char *own = cli_format("%.*s", (int)(end - section), section);
    json_t *options = DOCUMENT("list", "options", verbs[v], "--json"), *option;
    size_t o;
    json_array_foreach(options, o, option) {
      const char *name = cli_text(option, "name");
      if (strcmp(cli_text(option, "summary"), "show this help") == 0) continue;
      cli_assert_has(own, name[1] == '-' ? name : cli_format("\n%.2s, --", name));
    }
    ck_assert_uint_gt(o, 1);
    json_decref(options);
  }
  static const char *const kinds[] = {"methods", "searches", "explainers", "dataflows",
                                      "figures", "queries",  "formats",    "hw-keys"};
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
    const char *const *names = cli_names(kinds[k]);
    for (size_t i = 0; names[i] != NULL; i++) cli_assert_has(page, names[i]);
  }
}
END_TEST

Suite *docs_suite(void) {
  Suite *suite = suite_create("docs");
  TCase *tests = tcase_create("docs");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, the_commands_of_the_documents_work);
  tcase_add_test(tests, the_examples_of_the_manual_page_work);
  tcase_add_test(tests, the_manual_page_has_every_verb_and_option);
  suite_add_tcase(suite, tests);
  return suite;
}
