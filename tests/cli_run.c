#include "cli_run.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "support.h"

/* ---- texts that live as long as the test ---- */

static char **texts;
static size_t text_count;

static char *text_keep(char *text) {
  texts = realloc(texts, (text_count + 1) * sizeof *texts);
  ck_assert_ptr_nonnull(texts);
  texts[text_count++] = text;
  return text;
}

static char *text_new(size_t bytes) {
  char *text = calloc(1, bytes);
  ck_assert_ptr_nonnull(text);
  return text_keep(text);
}

const char *cli_format(const char *format, ...) {
  va_list args;
  char *text;
  va_start(args, format);
  int length = vasprintf(&text, format, args);
  va_end(args);
  ck_assert_int_ge(length, 0);
  return text_keep(text);
}

/* ---- the directory ---- */

static char directory[64];

void cli_enter(void) {
  strcpy(directory, "/tmp/spillway-cli-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(directory));
  ck_assert_int_eq(chdir(directory), 0);
  setenv("SPILLWAY_NETWORKS", support_path("configs/networks"), 1);
  setenv("SPILLWAY_HARDWARE", support_path("configs/hw"), 1);
  setenv("SPILLWAY_EXPERIMENTS", support_path("configs/experiments"), 1);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
  (void)status, (void)kind, (void)place;
  return remove(path);
}

void cli_leave(void) {
  ck_assert_int_eq(chdir("/"), 0);
  ck_assert_int_eq(nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), 0);
  for (size_t i = 0; i < text_count; i++) free(texts[i]);
  free(texts);
  texts = NULL;
  text_count = 0;
}

/* ---- running ---- */

/* A sanitizer's report must not look like an answer of the program. */
static void set_sanitizers(void) {
  setenv("ASAN_OPTIONS", "exitcode=99", 0);
  setenv("UBSAN_OPTIONS", "exitcode=99:print_stacktrace=1", 0);
}

static void become(const struct cli_setting *setting, const char *const *arguments, int out, int err) {
  const char *words[64] = {setting->program == NULL ? getenv("SPILLWAY_PROGRAM") : setting->program};
  size_t count = 1;
  for (; arguments[count - 1] != NULL && count < 63; count++) words[count] = arguments[count - 1];
  if (setting->largest_file_bytes > 0) {
    const struct rlimit limit = {setting->largest_file_bytes, setting->largest_file_bytes};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(98);
  }
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(out, 1);
  dup2(err, 2);
  for (int descriptor = 0; descriptor <= 2; descriptor++) {
    if ((setting->closed >> descriptor & 1) != 0) close(descriptor);
  }
  set_sanitizers();
  execvp(words[0], (char *const *)(void *)words);
  _exit(97);
}

/* A file that has no name. */
static int catching_file(void) {
  char name[] = "/tmp/spillway-caught-XXXXXX";
  int file = mkstemp(name);
  ck_assert_int_ge(file, 0);
  unlink(name);
  fcntl(file, F_SETFD, FD_CLOEXEC);
  return file;
}

struct cli_process cli_start(const struct cli_setting *setting, const char *const *arguments) {
  struct cli_process process = {.out = -1, .err = -1};
  ck_assert_msg(getenv("SPILLWAY_PROGRAM") != NULL, "SPILLWAY_PROGRAM is not set; run the tests with make check");
  int out = setting->out > 0 ? setting->out : (process.out = catching_file());
  int err = setting->err > 0 ? setting->err : (process.err = catching_file());
  /* The runner's handlers must not meet a signal that is meant for the program. */
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  process.pid = fork();
  if (process.pid == 0) {
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    become(setting, arguments, out, err);
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
  ck_assert_int_ge(process.pid, 0);
  return process;
}

static char *caught(int file, size_t *length) {
  struct stat status;
  if (file < 0) return text_new(1);
  ck_assert_int_eq(fstat(file, &status), 0);
  char *text = text_new((size_t)status.st_size + 1);
  ck_assert_int_eq(pread(file, text, (size_t)status.st_size, 0), status.st_size);
  if (length != NULL) *length = (size_t)status.st_size;
  close(file);
  return text;
}

void cli_sleep(unsigned milliseconds) {
  const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static int wait_status(pid_t pid) {
  int status;
  for (int waited = 0; waited < CLI_TIMEOUT_SECONDS * 1000; waited += 2) {
    pid_t ended = waitpid(pid, &status, WNOHANG);
    ck_assert(ended >= 0);
    if (ended == pid) return WIFEXITED(status) ? WEXITSTATUS(status) : CLI_SIGNALLED + WTERMSIG(status);
    cli_sleep(2);
  }
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  ck_abort_msg("the program ran for more than %d seconds", CLI_TIMEOUT_SECONDS);
  return -1;
}

struct cli_result cli_wait(struct cli_process process) {
  struct cli_result result = {.status = wait_status(process.pid)};
  result.out = caught(process.out, &result.out_length);
  result.err = caught(process.err, NULL);
  bool stopped = result.status == 128 + SIGINT || result.status == 128 + SIGTERM;
  ck_assert_msg(result.status < 97 || stopped || result.status >= CLI_SIGNALLED, "exit status %d: %s",
                result.status, result.err);
  return result;
}

struct cli_result cli_run(const struct cli_setting *setting, const char *const *arguments) {
  return cli_wait(cli_start(setting, arguments));
}

/* ---- what is expected ---- */

static const char *line_text(const char *const *arguments) {
  const char *text = "";
  for (; *arguments != NULL; arguments++) text = cli_format("%s %s", text, *arguments);
  return text;
}

const char *cli_output(const char *const *arguments) {
  struct cli_result result = cli_run(&(const struct cli_setting){0}, arguments);
  ck_assert_msg(result.status == 0, "spillway%s: exit status %d: %s", line_text(arguments), result.status, result.err);
  ck_assert_msg(result.err[0] == '\0', "spillway%s: on stderr: %s", line_text(arguments), result.err);
  return result.out;
}

json_t *cli_document(const char *const *arguments) {
  json_error_t error;
  json_t *document = json_loads(cli_output(arguments), JSON_REJECT_DUPLICATES, &error);
  ck_assert_msg(document != NULL, "spillway%s: no JSON: line %d: %s", line_text(arguments), error.line, error.text);
  return document;
}

void cli_assert_complaint(const struct cli_result *result) {
  const char *first_end = strchr(result->err, '\n');
  ck_assert_msg(result->status == 2, "exit status %d, expected 2: %s", result->status, result->err);
  ck_assert_msg(strncmp(result->err, "spillway: ", 10) == 0 && first_end != NULL, "no message: \"%s\"", result->err);
  const char *second = first_end + 1;
  ck_assert_msg(second[0] == '\0' || (strncmp(second, "Try 'spillway ", 14) == 0 && strchr(second, '\n')[1] == '\0'),
                "more than one message: \"%s\"", result->err);
}

const char *cli_complaint(const char *const *arguments) {
  uint64_t before = cli_fingerprint();
  struct cli_result result = cli_run(&(const struct cli_setting){0}, arguments);
  cli_assert_complaint(&result);
  ck_assert_msg(result.out[0] == '\0', "spillway%s: printed \"%s\"", line_text(arguments), result.out);
  ck_assert_msg(cli_fingerprint() == before, "spillway%s: changed files", line_text(arguments));
  *strchr(result.err, '\n') = '\0';
  return result.err + strlen("spillway: ");
}

void cli_assert_has(const char *text, const char *words) {
  ck_assert_msg(strstr(text, words) != NULL, "\"%.1500s\" lacks \"%.500s\"", text, words);
}

void cli_assert_lacks(const char *text, const char *words) {
  ck_assert_msg(strstr(text, words) == NULL, "\"%.1500s\" has \"%.500s\"", text, words);
}

/* ---- JSON ---- */

json_t *cli_at(const json_t *document, const char *path) {
  char copy[256], *rest = copy;
  json_t *value = (json_t *)(uintptr_t)document;
  snprintf(copy, sizeof copy, "%s", path);
  while (rest != NULL && value != NULL) {
    const char *key = strsep(&rest, ".");
    value = json_is_array(value) ? json_array_get(value, strtoul(key, NULL, 10)) : json_object_get(value, key);
  }
  ck_assert_msg(value != NULL, "no %s", path);
  return value;
}

int64_t cli_number(const json_t *document, const char *path) {
  json_t *value = cli_at(document, path);
  ck_assert_msg(json_is_integer(value), "%s is no whole number", path);
  return json_integer_value(value);
}

const char *cli_text(const json_t *document, const char *path) {
  json_t *value = cli_at(document, path);
  ck_assert_msg(json_is_string(value), "%s is no text", path);
  return json_string_value(value);
}

const char *cli_keys(const json_t *object) {
  const char *text = "", *key;
  json_t *value;
  ck_assert(json_is_object(object));
  json_object_foreach((json_t *)(uintptr_t)object, key, value) {
    text = cli_format("%s%s%s", text, text[0] == '\0' ? "" : " ", key);
  }
  return text;
}

const char *const *cli_names(const char *kind) {
  char *rest = text_keep(strdup(OUTPUT("list", kind, "--names")));
  const char **names = (const char **)(void *)text_new((strlen(rest) + 1) * sizeof *names);
  for (size_t i = 0; *rest != '\0'; i++) names[i] = strsep(&rest, "\n");
  return names;
}

/* ---- files ---- */

static bool ends_with(const char *text, const char *ending) {
  size_t length = strlen(text), end = strlen(ending);
  return length >= end && strcmp(text + length - end, ending) == 0;
}

void cli_write(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
  ck_assert_int_ge(fputs(text, file), 0);
  ck_assert_int_eq(fclose(file), 0);
}

const char *cli_read(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ck_assert_msg(file >= 0, "%s: %s", path, strerror(errno));
  return caught(file, NULL);
}

static size_t walked_files;
static uint64_t walked_hash;

static int walk_file(const char *path, const struct stat *status, int kind, struct FTW *place) {
  (void)place;
  /* Readers of a database leave these behind, with nothing in them that is kept. */
  if (ends_with(path, ".db-shm") || (ends_with(path, ".db-wal") && status->st_size == 0)) return 0;
  uint64_t hash = XXH3_64bits_withSeed(path, strlen(path), (uint64_t)kind);
  if (kind == FTW_F) {
    char *bytes = malloc((size_t)status->st_size + 1);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, bytes, (size_t)status->st_size);
    hash = XXH3_64bits_withSeed(bytes, (size_t)(length < 0 ? 0 : length), hash);
    if (file >= 0) close(file);
    free(bytes);
    walked_files++;
  }
  walked_hash += hash; /* in whatever order they come */
  return 0;
}

static void walk(void) {
  walked_files = 0;
  walked_hash = 0;
  ck_assert_int_eq(nftw(".", walk_file, 16, FTW_PHYS), 0);
}

size_t cli_count_files(void) {
  walk();
  return walked_files;
}

uint64_t cli_fingerprint(void) {
  walk();
  return walked_hash;
}

int64_t cli_sql(const char *path, const char *sql) {
  sqlite3 *db;
  sqlite3_stmt *statement;
  ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
  ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", path, sqlite3_errmsg(db));
  int64_t number = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
  sqlite3_close(db);
  return number;
}

/* ---- skipping ---- */

void cli_skip(const char *why) { fprintf(stderr, "cli: a test is skipped: %s\n", why); }

const char *cli_find_program(const char *name) {
  char *rest = text_keep(strdup(getenv("PATH") == NULL ? "" : getenv("PATH")));
  while (rest != NULL) {
    const char *file = cli_format("%s/%s", strsep(&rest, ":"), name);
    if (access(file, X_OK) == 0) return file;
  }
  cli_skip(cli_format("%s is not installed", name));
  return NULL;
}
