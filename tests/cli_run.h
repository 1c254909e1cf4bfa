/* Runs the program as a user does: with arguments, in a fresh directory, its output caught.
 * The environment variable SPILLWAY_PROGRAM has its absolute path. */
#ifndef SPILLWAY_TESTS_CLI_RUN_H
#define SPILLWAY_TESTS_CLI_RUN_H

#include <check.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  CLI_TIMEOUT_SECONDS = 40, /* then a run is killed and the test fails */
  CLI_TEST_SECONDS = 120,   /* for tcase_set_timeout() */
  CLI_SIGNALLED = 1000,     /* plus the signal: the status of a run that one ended */
};

/* What differs from a plain run; zeroed, nothing does. */
struct cli_setting {
  const char *program;         /* NULL: SPILLWAY_PROGRAM */
  int out, err;                /* descriptors that get the output; 0: it is caught */
  unsigned closed;             /* standard descriptors that are closed, 1u << descriptor */
  uint64_t largest_file_bytes; /* RLIMIT_FSIZE; 0: no limit */
};

/* Texts live until cli_leave(). */
struct cli_result {
  int status;
  char *out, *err;
  size_t out_length;
};

struct cli_process {
  pid_t pid;
  int out, err; /* files that catch; -1: not caught */
};

/* A fixture around each test: an empty working directory, which is removed afterwards, and
 * the networks and hardware of the source tree, wherever the program was built. */
void cli_enter(void);
void cli_leave(void);

/* arguments, without the program's name, end with NULL. */
struct cli_process cli_start(const struct cli_setting *setting, const char *const *arguments);
struct cli_result cli_wait(struct cli_process process);
struct cli_result cli_run(const struct cli_setting *setting, const char *const *arguments);

/* These fail the test unless the program does as the name says. */
const char *cli_output(const char *const *arguments);   /* exits 0, silent on stderr; its stdout */
json_t *cli_document(const char *const *arguments);     /* the same, and stdout is one JSON document; caller decrefs */
const char *cli_complaint(const char *const *arguments); /* exits 2, nothing on stdout, one message, no file changed */
void cli_assert_complaint(const struct cli_result *result);

#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OUTPUT(...) cli_output(ARGUMENTS(__VA_ARGS__))
#define DOCUMENT(...) cli_document(ARGUMENTS(__VA_ARGS__))
#define RUN(...) cli_run(&(const struct cli_setting){0}, ARGUMENTS(__VA_ARGS__))

void cli_assert_has(const char *text, const char *words);
void cli_assert_lacks(const char *text, const char *words);

/* The program complains in exactly these words; or in words that hold those. */
#define COMPLAINS(words, ...) ck_assert_str_eq(cli_complaint(ARGUMENTS(__VA_ARGS__)), words)
#define COMPLAINS_OF(words, ...) cli_assert_has(cli_complaint(ARGUMENTS(__VA_ARGS__)), words)

/* What path ("totals.groups", "groups.0.ops") leads to; the test fails if it is missing. Borrowed. */
json_t *cli_at(const json_t *document, const char *path);
int64_t cli_number(const json_t *document, const char *path);
const char *cli_text(const json_t *document, const char *path);
/* The keys of an object in their order, with blanks between. */
const char *cli_keys(const json_t *object);

/* What `spillway list KIND` lists, up to a NULL; lives until cli_leave(). */
const char *const *cli_names(const char *kind);

/* Text in a buffer that lives until cli_leave(). */
const char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Files. cli_read() takes no text with NULs; the text lives until cli_leave(). */
void cli_write(const char *path, const char *text);
const char *cli_read(const char *path);
size_t cli_count_files(void);      /* below the working directory */
uint64_t cli_fingerprint(void);    /* of all names and contents below it */

/* One number out of a database, opened by SQLite itself. */
int64_t cli_sql(const char *path, const char *sql);

void cli_sleep(unsigned milliseconds);

/* Where on the PATH a program is; NULL if nowhere, and then says that the test is skipped. */
const char *cli_find_program(const char *name);
void cli_skip(const char *why);

/* The parts of the suite, one a file. */
TCase *cli_bad_files_case(void);
TCase *cli_bad_words_case(void);
TCase *cli_compare_case(void);
TCase *cli_completion_case(void);
TCase *cli_explain_case(void);
TCase *cli_faults_case(void);
TCase *cli_figures_case(void);
TCase *cli_front_case(void);
TCase *cli_golden_case(void);
TCase *cli_help_case(void);
TCase *cli_learned_case(void);
TCase *cli_plot_case(void);
TCase *cli_query_case(void);
TCase *cli_sample_case(void);
TCase *cli_schedule_case(void);
TCase *cli_simulate_case(void);
TCase *cli_terminal_case(void);
TCase *cli_timed_case(void);
TCase *cli_train_case(void);
TCase *cli_train_explainers_case(void);

#endif
