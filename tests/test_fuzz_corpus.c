/* Replays the fuzzing corpus: every file of it goes through the target that it is for, which
 * must come back from it. CK_VERBOSITY=verbose names each file before it is tried. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "util/error.h"
#include "util/file.h"

#define LIMIT_BYTES ((size_t)16 << 20)

/* fuzz/local.mk gives LLVMFuzzerTestOneInput() of each target one of these names. */
int fuzz_dataset(const uint8_t *data, size_t size);
int fuzz_hw(const uint8_t *data, size_t size);
int fuzz_onnx(const uint8_t *data, size_t size);
int fuzz_plan(const uint8_t *data, size_t size);
int fuzz_safetensors(const uint8_t *data, size_t size);
int fuzz_trace(const uint8_t *data, size_t size);

static const struct target {
  const char *name;
  int (*run)(const uint8_t *data, size_t size);
} targets[] = {
    {"dataset", fuzz_dataset},
    {"hw", fuzz_hw},
    {"onnx", fuzz_onnx},
    {"plan", fuzz_plan},
    {"safetensors", fuzz_safetensors},
    {"trace", fuzz_trace},
};

static int is_input(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* In memory of exactly its size, so that a sanitizer sees a read beyond it. */
static void replay(const struct target *target, const char *path) {
  struct error err = ERROR_INIT;
  char *bytes;
  size_t length;
  ck_assert_msg(file_read(&bytes, &length, path, LIMIT_BYTES, &err) == 0, "%s", err.message);
  uint8_t *data = malloc(length);
  ck_assert_ptr_nonnull(data);
  memcpy(data, bytes, length);
  free(bytes);
  const char *verbosity = getenv("CK_VERBOSITY");
  if (verbosity != NULL && strcmp(verbosity, "verbose") == 0) fprintf(stderr, "%s\n", path);
  ck_assert_int_eq(target->run(data, length), 0);
  free(data);
}

START_TEST(the_corpus_does_no_harm) {
  const struct target *target = &targets[_i];
  const char *root = getenv("SPILLWAY_SOURCE_DIR");
  char folder[2048], path[4096];
  snprintf(folder, sizeof folder, "%s/fuzz/corpus/%s", root != NULL ? root : ".", target->name);
  struct dirent **inputs;
  int count = scandir(folder, &inputs, is_input, alphasort);
  ck_assert_msg(count >= 0, "%s: %s; set SPILLWAY_SOURCE_DIR to the top of the source tree", folder,
                strerror(errno));
  ck_assert_msg(count > 0, "%s: holds no input", folder);
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, inputs[i]->d_name);
    replay(target, path);
    free(inputs[i]);
  }
  free(inputs);
}
END_TEST

START_TEST(no_bytes_do_no_harm) {
  uint8_t nothing = 0;
  ck_assert_int_eq(targets[_i].run(&nothing, 0), 0);
}
END_TEST

Suite *fuzz_corpus_suite(void) {
  Suite *suite = suite_create("fuzz_corpus");
  TCase *test_case = tcase_create("fuzz corpus");
  tcase_set_timeout(test_case, 60);
  tcase_add_loop_test(test_case, the_corpus_does_no_harm, 0, sizeof targets / sizeof targets[0]);
  tcase_add_loop_test(test_case, no_bytes_do_no_harm, 0, sizeof targets / sizeof targets[0]);
  suite_add_tcase(suite, test_case);
  return suite;
}
