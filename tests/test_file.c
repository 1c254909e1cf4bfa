/* util/file and util/text: reading with a limit, writing whole or not at all, near names. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"
#include "util/file.h"
#include "util/text.h"

Suite *file_suite(void);

static size_t entries_here(void) {
  size_t count = 0;
  DIR *entries = opendir(".");
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  }
  closedir(entries);
  return count;
}

static void holds(const char *path, const char *expected) {
  char *bytes;
  size_t length;
  struct error err = ERROR_INIT;
  ck_assert_msg(file_read(&bytes, &length, path, 1 << 20, &err) == 0, "%s", err.message);
  ck_assert_uint_eq(length, strlen(expected));
  ck_assert_str_eq(bytes, expected);
  free(bytes);
}

static void refuse_read(const char *path, size_t limit, const char *message) {
  char *bytes;
  size_t length;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(file_read(&bytes, &length, path, limit, &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_str_eq(err.message, message);
}

START_TEST(what_is_written_is_read) {
  struct error err = ERROR_INIT;
  ck_assert_int_eq(file_write("a", "hello\n", 6, &err), 0);
  holds("a", "hello\n");
  ck_assert_int_eq(file_write("./a", "bye", 3, &err), 0);
  holds("a", "bye");
  ck_assert_uint_eq(entries_here(), 1);
}
END_TEST

START_TEST(unreadable_files_are_refused) {
  struct error err = ERROR_INIT;
  ck_assert_int_eq(file_write("twelve", "123456789012", 12, &err), 0);
  ck_assert_int_eq(file_write("nothing", "", 0, &err), 0);
  holds("twelve", "123456789012");
  refuse_read("twelve", 11, "twelve: larger than 11 B, the most that is read of such a file");
  refuse_read("/dev/zero", 1 << 20, "/dev/zero: larger than 1 MiB, the most that is read of such a file");
  refuse_read("nothing", 100, "nothing: is empty");
  refuse_read("/dev/null", 100, "/dev/null: is empty");
  refuse_read(".", 100, ".: is a directory; expected a file");
  refuse_read("missing", 100, "missing: cannot open: No such file or directory");
  char *bytes;
  size_t length;
  ck_assert_int_eq(file_read(&bytes, &length, "twelve", 12, &err), 0);
  ck_assert_uint_eq(length, 12);
  free(bytes);
}
END_TEST

static void refuse_write(const char *path, const void *bytes, size_t length, const char *message) {
  struct error err = ERROR_INIT;
  ck_assert_int_eq(file_write(path, bytes, length, &err), -1);
  ck_assert_int_eq(err.kind, ERROR_OUTPUT);
  ck_assert_str_eq(err.message, message);
}

START_TEST(a_full_disk_leaves_the_old_file) {
  static char large[100000];
  struct error err = ERROR_INIT;
  struct rlimit saved, limit;
  ck_assert_int_eq(file_write("a", "old", 3, &err), 0);
  getrlimit(RLIMIT_FSIZE, &saved);
  limit = (struct rlimit){.rlim_cur = 50000, .rlim_max = saved.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  /* Check's own message file is under the limit too: far fewer bytes than this one allows. */
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
  refuse_write("a", large, sizeof large, "a: cannot write: File too large");
  refuse_write("b", large, sizeof large, "b: cannot write: File too large");
  setrlimit(RLIMIT_FSIZE, &saved);
  signal(SIGXFSZ, SIG_DFL);
  refuse_write("/dev/full", "x", 1, "/dev/full: cannot write: No space left on device");
  holds("a", "old");
  ck_assert_uint_eq(entries_here(), 1);
}
END_TEST

START_TEST(unwritable_places_are_told) {
  refuse_write("no/such/place", "x", 1, "no/such/place: cannot write: No such file or directory");
  refuse_write(".", "x", 1, ".: cannot write: Is a directory");
  refuse_write("", "x", 1, ": cannot write: No such file or directory");
  ck_assert_uint_eq(entries_here(), 0);
}
END_TEST

START_TEST(links_modes_and_long_names_are_kept) {
  struct error err = ERROR_INIT;
  struct stat status;
  char longest[256];
  ck_assert_int_eq(file_write("target", "1", 1, &err), 0);
  ck_assert_int_eq(chmod("target", 0640), 0);
  ck_assert_int_eq(symlink("target", "link"), 0);
  ck_assert_int_eq(file_write("link", "2", 1, &err), 0);
  holds("target", "2");
  ck_assert_int_eq(lstat("link", &status), 0);
  ck_assert(S_ISLNK(status.st_mode));
  ck_assert_int_eq(stat("target", &status), 0);
  ck_assert_uint_eq(status.st_mode & 07777, 0640);
  memset(longest, 'n', 255);
  longest[255] = '\0';
  ck_assert_int_eq(file_write(longest, "3", 1, &err), 0);
  ck_assert_uint_eq(entries_here(), 3);
}
END_TEST

START_TEST(what_is_no_file_is_written_to) {
  int ends[2];
  char path[64], got[8] = "";
  struct error err = ERROR_INIT;
  ck_assert_int_eq(pipe(ends), 0);
  snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
  ck_assert_int_eq(file_write(path, "through", 7, &err), 0);
  ck_assert_int_eq(read(ends[0], got, sizeof got), 7);
  ck_assert_str_eq(got, "through");
  close(ends[0]);
  close(ends[1]);
}
END_TEST

/* Writes the number of lines that context says, or fails after them. */
struct lines_to_put {
  int count;
  bool fails;
};

static int put_lines(void *context, FILE *file, struct error *err) {
  const struct lines_to_put *lines = context;
  for (int i = 0; i < lines->count; i++) fprintf(file, "line %d\n", i);
  return lines->fails ? error_set(err, ERROR_INPUT, "no more lines") : 0;
}

START_TEST(streams_are_written_whole_or_not_at_all) {
  struct error err = ERROR_INIT;
  struct lines_to_put two = {2, false}, failing = {2, true}, many = {100000, false};
  ck_assert_int_eq(file_stream("a", put_lines, &two, &err), 0);
  holds("a", "line 0\nline 1\n");
  ck_assert_int_eq(file_stream("a", put_lines, &failing, &err), -1);
  ck_assert_str_eq(err.message, "no more lines");
  holds("a", "line 0\nline 1\n");
  ck_assert_int_eq(file_stream("missing/a", put_lines, &two, &err), -1);
  ck_assert_str_eq(err.message, "missing/a: cannot write: No such file or directory");
  struct rlimit saved, small;
  getrlimit(RLIMIT_FSIZE, &saved);
  small = (struct rlimit){.rlim_cur = 1000, .rlim_max = saved.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  /* Check's own message file is under the limit too, so nothing is asserted until it is lifted. */
  setrlimit(RLIMIT_FSIZE, &small);
  int status = file_stream("a", put_lines, &many, &err);
  setrlimit(RLIMIT_FSIZE, &saved);
  ck_assert_int_eq(status, -1);
  ck_assert_ptr_nonnull(strstr(err.message, "a: cannot write: File too large"));
  holds("a", "line 0\nline 1\n");
}
END_TEST

START_TEST(stale_temporary_files_do_no_harm) {
  struct error err = ERROR_INIT;
  char name[64];
  snprintf(name, sizeof name, ".spillway-%ld-0.tmp", (long)getpid());
  close(open(name, O_WRONLY | O_CREAT, 0600));
  ck_assert_int_eq(file_write("a", "x", 1, &err), 0);
  holds("a", "x");
  refuse_read(name, 10, strcat(strcpy((char[128]){0}, name), ": is empty"));
}
END_TEST

static const struct {
  const char *found, *best;
} near[] = {
    {"capcity", "capacity"},
    {"cpaacity", "capacity"},
    {"Capacity", "capacity"},
    {"capacity", "capacity"},
    {"xyz", NULL},
    {"", NULL},
    {"capacities", "capacity"},
    {"weihgt", "weight"},
    {"bias", "bias"},
    {"bais", "bias"},
};

START_TEST(near_names_are_found) {
  static const char *const names[] = {"capacity", "weight", "bias", "basis"};
  struct text_nearest nearest = text_nearest_start(near[_i].found);
  for (size_t i = 0; i < 4; i++) text_nearest_offer(&nearest, names[i]);
  ck_assert_pstr_eq(nearest.best, near[_i].best);
}
END_TEST

START_TEST(very_long_names_are_never_near) {
  char text[400], limit[256];
  memset(text, 'a', sizeof text);
  text[sizeof text - 1] = '\0';
  struct text_nearest nearest = text_nearest_start(text);
  text_nearest_offer(&nearest, text);
  ck_assert_ptr_null(nearest.best);
  memset(limit, 'a', 255);
  limit[255] = '\0';
  text[255] = '\0';
  text[254] = 'b';
  nearest = text_nearest_start(text);
  text_nearest_offer(&nearest, limit);
  ck_assert_ptr_eq(nearest.best, limit);
  ck_assert_uint_eq(nearest.limit, 1);
}
END_TEST

/* The recursive definition of optimal string alignment. */
static size_t slow_distance(const char *a, size_t n, const char *b, size_t m) {
  if (n == 0 || m == 0) return n + m;
  size_t best = slow_distance(a, n - 1, b, m - 1) + (a[n - 1] != b[m - 1]);
  size_t other = slow_distance(a, n - 1, b, m) + 1;
  if (other < best) best = other;
  other = slow_distance(a, n, b, m - 1) + 1;
  if (other < best) best = other;
  if (n > 1 && m > 1 && a[n - 1] == b[m - 2] && a[n - 2] == b[m - 1]) {
    other = slow_distance(a, n - 2, b, m - 2) + 1;
    if (other < best) best = other;
  }
  return best;
}

START_TEST(distance_agrees_with_its_definition) {
  unsigned state = 7;
  for (int round = 0; round < 3000; round++) {
    char a[8], b[8];
    for (size_t i = 0; i < 14; i++) {
      state = state * 1103515245u + 12345u;
      *(i < 7 ? &a[i] : &b[i - 7]) = (char)('a' + (state >> 16) % 3);
    }
    size_t n = (state >> 20) % 8, m = (state >> 24) % 8;
    a[n] = b[m] = '\0';
    size_t expected = slow_distance(a, n, b, m);
    for (size_t limit = 0; limit < 8; limit++) {
      struct text_nearest nearest = {.found = a, .limit = limit};
      text_nearest_offer(&nearest, b);
      ck_assert_int_eq(nearest.best != NULL, expected <= limit);
      if (nearest.best != NULL) ck_assert_uint_eq(nearest.limit, expected);
    }
  }
}
END_TEST

Suite *file_suite(void) {
  Suite *suite = suite_create("file");
  TCase *tests = tcase_create("file");
  tcase_add_checked_fixture(tests, support_enter, support_leave);
  tcase_add_test(tests, what_is_written_is_read);
  tcase_add_test(tests, unreadable_files_are_refused);
  tcase_add_test(tests, a_full_disk_leaves_the_old_file);
  tcase_add_test(tests, unwritable_places_are_told);
  tcase_add_test(tests, links_modes_and_long_names_are_kept);
  tcase_add_test(tests, what_is_no_file_is_written_to);
  tcase_add_test(tests, streams_are_written_whole_or_not_at_all);
  tcase_add_test(tests, stale_temporary_files_do_no_harm);
  suite_add_tcase(suite, tests);
  tests = tcase_create("text");
  tcase_add_loop_test(tests, near_names_are_found, 0, sizeof near / sizeof near[0]);
  tcase_add_test(tests, very_long_names_are_never_near);
  tcase_add_test(tests, distance_agrees_with_its_definition);
  suite_add_tcase(suite, tests);
  return suite;
}
