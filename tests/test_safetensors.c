/* gnn/safetensors and gnn/weights: what is written comes back, and hostile files are refused in words. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gnn/safetensors.h"
#include "gnn/weights.h"
#include "suites.h"
#include "support.h"
#include "util/file.h"
#include "util/rng.h"

/* ---- files ---- */

/* A file of that header and data: its length, or that given. The caller frees. */
static char *file_of(const char *header, uint64_t header_length, const void *data, size_t data_length,
                     size_t *length) {
  size_t text = strlen(header);
  char *bytes = malloc(8 + text + data_length);
  for (int i = 0; i < 8; i++) bytes[i] = (char)(header_length >> 8 * i);
  memcpy(bytes + 8, header, text);
  if (data_length > 0) memcpy(bytes + 8 + text, data, data_length);
  *length = 8 + text + data_length;
  return bytes;
}

static void refuse(const char *header, uint64_t header_length, const void *data, size_t data_length,
                   const char *message) {
  struct safetensors file;
  struct error err = ERROR_INIT;
  size_t length;
  char *bytes = file_of(header, header_length, data, data_length, &length);
  ck_assert_int_eq(safetensors_parse(&file, "f", bytes, length, &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_msg(strstr(err.message, message) != NULL, "'%s' lacks '%s'", err.message, message);
  free(bytes);
}

static void refuse_header(const char *header, const char *message) {
  const float data[4] = {1, 2, 3, 4};
  refuse(header, strlen(header), data, sizeof data, message);
}

/* 1.0 is 0x3f800000, -2.5 is 0xc0200000. */
START_TEST(bytes_are_read_as_the_format_says) {
  static const char header[] =
      "{\"__metadata__\":{\"k\":\"v\",\"a\":\"\\u00e9\"},\"w\":{\"dtype\":\"F32\",\"shape\":[2,1],"
      "\"data_offsets\":[4,12]},\"b\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}  ";
  static const unsigned char data[12] = {0, 0, 0x20, 0xc0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0};
  struct safetensors file;
  struct error err = ERROR_INIT;
  size_t length;
  char *bytes = file_of(header, strlen(header), data, sizeof data, &length);
  ck_assert_msg(safetensors_parse(&file, "f", bytes, length, &err) == 0, "%s", err.message);
  free(bytes);
  ck_assert_uint_eq(file.tensor_count, 2);
  ck_assert_str_eq(file.tensors[0].name, "b");
  ck_assert_uint_eq(file.tensors[0].rank, 0);
  ck_assert_double_eq((double)file.tensors[0].values[0], -2.5);
  const struct safetensor *w = safetensors_find(&file, "w");
  ck_assert_uint_eq(w->rank, 2);
  ck_assert_uint_eq(w->dims[0], 2);
  ck_assert_double_eq((double)w->values[0], 1);
  ck_assert_double_eq((double)w->values[1], 0);
  ck_assert_ptr_null(safetensors_find(&file, "x"));
  ck_assert_str_eq(file.metadata[0].key, "a");
  ck_assert_str_eq(safetensors_find_metadata(&file, "k"), "v");
  ck_assert_str_eq(safetensors_find_metadata(&file, "a"), "\xc3\xa9");
  ck_assert_ptr_null(safetensors_find_metadata(&file, "b"));
  safetensors_free(&file);
}
END_TEST

#define ENTRY(dtype, shape, offsets) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

START_TEST(what_is_no_such_file_is_refused) {
  refuse("", 0, NULL, 0, "the header is no JSON");
  refuse("{}", 3, NULL, 0, "the length of the header, say 3; expected at most 2");
  refuse("{}", UINT64_MAX, NULL, 0, "say 18446744073709551615; expected at most 2");
  refuse("{}", 2, "more", 4, "the tensors end at byte 0 of the data, but the file's ends at 4");
  refuse_header("[]", "the header is no JSON object");
  refuse_header("{\"a\":", "the header is no JSON");
  refuse_header("{} {}", "the header is no JSON");
  refuse_header("{\"__metadata__\":[]}", "__metadata__ is no object");
  refuse_header("{\"__metadata__\":{\"k\":1}}", "__metadata__: 'k' is no text");
  refuse_header("{\"__metadata__\":{\"k\":\"1\",\"k\":\"1\"}}", "duplicate object key");
  refuse_header("{\"a\":" ENTRY("F32", "[2]", "[0,8]") ",\"a\":" ENTRY("F32", "[2]", "[8,16]") "}",
                "duplicate object key");
}
END_TEST

START_TEST(tensors_that_make_no_sense_are_refused) {
  refuse_header("{\"a\":3}", "tensor 'a': expected dtype, shape and data_offsets");
  refuse_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[4]}}", "tensor 'a': expected dtype, shape and data_offsets");
  refuse_header("{\"a\":" ENTRY("F16", "[8]", "[0,16]") "}", "tensor 'a': expected dtype F32");
  refuse_header("{\"a\":" ENTRY("F32", "[1,1,1,1,4]", "[0,16]") "}", "a list of up to 4 sizes");
  refuse_header("{\"a\":" ENTRY("F32", "[0]", "[0,0]") "}", "each 1 or more");
  refuse_header("{\"a\":" ENTRY("F32", "[-4]", "[0,16]") "}", "each 1 or more");
  refuse_header("{\"a\":" ENTRY("F32", "[4.0]", "[0,16]") "}", "each 1 or more");
  refuse_header("{\"a\":" ENTRY("F32", "4", "[0,16]") "}", "each 1 or more");
  refuse_header("{\"a\":" ENTRY("F32", "[4]", "[0]") "}", "data_offsets a list of two numbers");
  refuse_header("{\"a\":" ENTRY("F32", "[4]", "[0,16,16]") "}", "data_offsets a list of two numbers");
  refuse_header("{\"a\":" ENTRY("F32", "[4]", "[0,20]") "}", "its data ends at 20, but the file's at 16");
  refuse_header("{\"a\":" ENTRY("F32", "[4]", "[16,0]") "}", "its data ends at 0");
  refuse_header("{\"a\":" ENTRY("F32", "[3]", "[0,16]") "}", "it has 16 bytes, but its shape asks for 12");
  /* 2^62 values are 2^64 bytes, which would be 0 if they wrapped around. */
  refuse_header("{\"a\":" ENTRY("F32", "[2147483648,2147483648]", "[0,0]") "}",
                "its shape asks for 18446744073709551615");
}
END_TEST

START_TEST(gaps_and_overlaps_are_refused) {
  refuse_header("{\"a\":" ENTRY("F32", "[2]", "[0,8]") "}",
                "the tensors end at byte 8 of the data, but the file's ends at 16");
  refuse_header("{\"a\":" ENTRY("F32", "[2]", "[8,16]") "}", "tensor 'a': its data begins at 8; expected 0");
  refuse_header("{\"a\":" ENTRY("F32", "[4]", "[0,16]") ",\"b\":" ENTRY("F32", "[2]", "[8,16]") "}",
                "tensor 'b': its data begins at 8; expected 16");
  refuse_header("{\"b\":" ENTRY("F32", "[1]", "[12,16]") ",\"a\":" ENTRY("F32", "[2]", "[0,8]") "}",
                "tensor 'b': its data begins at 12; expected 8");
}
END_TEST

/* Before any values are taken, which could be those of the whole file once for each tensor: these are no numbers. */
START_TEST(overlaps_are_refused_before_they_take_memory) {
  static const unsigned char data[8] = {0, 0, 0x80, 0x7f, 0, 0, 0x80, 0x7f};
  static const char header[] = "{\"a\":" ENTRY("F32", "[2]", "[0,8]") ",\"b\":" ENTRY("F32", "[2]", "[0,8]") "}";
  refuse(header, strlen(header), data, sizeof data, "its data begins at 0; expected 8");
}
END_TEST

START_TEST(values_that_are_no_numbers_are_refused) {
  static const unsigned char data[8] = {0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x7f}; /* 1, infinity */
  static const char header[] = "{\"a\":" ENTRY("F32", "[2]", "[0,8]") "}";
  refuse(header, strlen(header), data, sizeof data, "tensor 'a': value 1 is no finite number");
}
END_TEST

/* Every beginning of a file is refused, and every file with one byte changed is refused or read. */
START_TEST(no_prefix_and_no_change_does_harm) {
  static const char header[] = "{\"a\":" ENTRY("F32", "[2]", "[0,8]") ",\"b\":" ENTRY("F32", "[1,2]", "[8,16]") "}";
  const float data[4] = {1, 2, 3, 4};
  struct safetensors file;
  struct error err = ERROR_INIT;
  size_t length;
  char *bytes = file_of(header, strlen(header), data, sizeof data, &length);
  for (size_t n = 0; n < length; n++) {
    char *prefix = malloc(n + 1); /* of its size, for a sanitizer */
    memcpy(prefix, bytes, n);
    ck_assert_int_eq(safetensors_parse(&file, "f", prefix, n, &err), -1);
    free(prefix);
  }
  for (size_t n = 0; n < length * 256; n++) {
    char before = bytes[n / 256];
    bytes[n / 256] = (char)(n % 256);
    if (safetensors_parse(&file, "f", bytes, length, &err) == 0) safetensors_free(&file);
    bytes[n / 256] = before;
  }
  free(bytes);
}
END_TEST

START_TEST(what_is_written_comes_back) {
  const float values[6] = {1, -2, 0.1f, 1e-40f, 3e38f, -0.0f};
  struct safetensor tensors[] = {{"z", 2, {2, 2}, values}, {"a", 1, {1}, values + 4}, {"m", 0, {0}, values + 5}};
  struct safetensors_metadata metadata[] = {{"text", "\"quoted\"\n\xc3\xa9"}, {"empty", ""}};
  const struct safetensors written = {tensors, 3, metadata, 2, ARENA_INIT};
  struct safetensors file;
  struct error err = ERROR_INIT;
  char *first, *second;
  size_t first_length, second_length;
  ck_assert_msg(safetensors_write(&written, "w", &err) == 0, "%s", err.message);
  ck_assert_msg(safetensors_read(&file, "w", &err) == 0, "%s", err.message);
  ck_assert_uint_eq(file.tensor_count, 3);
  ck_assert_mem_eq(safetensors_find(&file, "z")->values, values, 16);
  ck_assert_mem_eq(safetensors_find(&file, "a")->values, values + 4, 4);
  ck_assert_mem_eq(safetensors_find(&file, "m")->values, values + 5, 4);
  ck_assert_str_eq(safetensors_find_metadata(&file, "text"), "\"quoted\"\n\xc3\xa9");
  ck_assert_str_eq(safetensors_find_metadata(&file, "empty"), "");
  safetensors_free(&file);
  ck_assert_int_eq(safetensors_write(&written, "again", &err), 0);
  ck_assert_int_eq(file_read(&first, &first_length, "w", 1 << 20, &err), 0);
  ck_assert_int_eq(file_read(&second, &second_length, "again", 1 << 20, &err), 0);
  ck_assert_uint_eq(first_length, second_length);
  ck_assert_mem_eq(first, second, first_length);
  /* Data is aligned, for those who map it. */
  ck_assert_uint_eq((unsigned char)first[0] % 8, 0);
  free(first);
  free(second);
}
END_TEST

START_TEST(what_cannot_be_written_is_told) {
  struct safetensors_metadata metadata[] = {{"text", "\xff"}};
  const struct safetensors nothing = {NULL, 0, NULL, 0, ARENA_INIT}, garbled = {NULL, 0, metadata, 1, ARENA_INIT};
  struct error err = ERROR_INIT;
  ck_assert_int_eq(safetensors_write(&nothing, "missing/w", &err), -1);
  ck_assert_int_eq(err.kind, ERROR_OUTPUT);
  ck_assert_int_eq(safetensors_write(&garbled, "w", &err), -1);
  ck_assert_int_eq(err.kind, ERROR_OUTPUT);
  const float values[2] = {1, INFINITY};
  struct safetensor tensor = {"a", 1, {2}, values};
  const struct safetensors endless = {&tensor, 1, NULL, 0, ARENA_INIT};
  ck_assert_int_eq(safetensors_write(&endless, "w", &err), -1);
  ck_assert_str_eq(err.message, "w: not written: value 1 of tensor 'a' is no finite number");
  tensor.dims[0] = SAFETENSORS_MAX_BYTES / sizeof(float); /* no room is left for the header */
  ck_assert_int_eq(safetensors_write(&endless, "w", &err), -1);
  ck_assert_ptr_nonnull(strstr(err.message, "w: not written: a header of "));
  ck_assert_int_ne(access("w", F_OK), 0);
}
END_TEST

/* ---- weights ---- */

static const struct weights_origin origin = {"lbdf", 3, 0xabc, "epochs=1"};

static void model_of(struct gnn_model *model, uint32_t hidden, uint32_t layers) {
  struct error err = ERROR_INIT;
  struct rng rng = rng_stream(1, 0, 0);
  ck_assert_int_eq(gnn_model_create(model, (struct gnn_shape){(uint32_t)gnn_feature_count(), hidden, layers}, &err), 0);
  gnn_model_draw(model, &rng);
}

START_TEST(a_classifier_comes_back) {
  struct gnn_model model, again;
  struct safetensors file;
  struct error err = ERROR_INIT;
  model_of(&model, 5 + (uint32_t)_i, 1 + (uint32_t)_i);
  ck_assert_msg(gnn_model_save(&model, &origin, "v.safetensors", &err) == 0, "%s", err.message);
  ck_assert_msg(gnn_model_load(&again, "v.safetensors", "lbdf", &err) == 0, "%s", err.message);
  ck_assert_mem_eq(&again.shape, &model.shape, sizeof model.shape);
  ck_assert_mem_eq(again.parameters, model.parameters, model.parameter_count * sizeof(float));
  ck_assert_int_eq(safetensors_read(&file, "v.safetensors", &err), 0);
  ck_assert_str_eq(safetensors_find_metadata(&file, "data_hash"), "0000000000000abc");
  ck_assert_str_eq(safetensors_find_metadata(&file, "seed"), "3");
  ck_assert_str_eq(safetensors_find_metadata(&file, "training"), "epochs=1");
  const struct safetensor *bias = safetensors_find(&file, "convs.0.lin_rel.bias");
  ck_assert_uint_eq(bias->rank, 1);
  ck_assert_uint_eq(bias->dims[0], model.shape.hidden);
  safetensors_free(&file);
  gnn_model_free(&again);
  gnn_model_free(&model);
}
END_TEST

static void refuse_weights(const char *path, const char *method, const char *message) {
  struct gnn_model model;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(gnn_model_load(&model, path, method, &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_msg(strstr(err.message, message) != NULL, "'%s' lacks '%s'", err.message, message);
}

/* A weights file like that at path, changed: without its last tensor, or with another value for a key. */
static void write_changed(const char *path, const char *to, bool shorter, const char *key, const char *value) {
  struct safetensors file;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(safetensors_read(&file, path, &err), 0);
  for (size_t i = 0; i < file.metadata_count; i++) {
    if (key != NULL && strcmp(file.metadata[i].key, key) == 0) file.metadata[i].value = value;
  }
  if (shorter) file.tensor_count--;
  ck_assert_int_eq(safetensors_write(&file, to, &err), 0);
  safetensors_free(&file);
}

START_TEST(weights_of_something_else_are_refused) {
  struct gnn_model model;
  struct safetensors other;
  struct error err = ERROR_INIT;
  float values[2];
  model_of(&model, 4, 2);
  ck_assert_int_eq(gnn_model_save(&model, &origin, "v", &err), 0);
  refuse_weights("missing", "lbdf", "missing");
  refuse_weights("v", "brr", "method is 'lbdf'; expected 'brr'");
  write_changed("v", "kind", false, "kind", "pg");
  refuse_weights("kind", "lbdf", "kind is 'pg'; expected 'validity'");
  write_changed("v", "version", false, "feature_version", "0");
  refuse_weights("version", "lbdf", "feature_version is '0'");
  write_changed("v", "words", false, "op_vocabulary", "[\"Conv\"]");
  refuse_weights("words", "lbdf", "other op types");
  write_changed("v", "short", true, NULL, NULL);
  refuse_weights("short", "lbdf", "7 tensors are none of a validity classifier");
  const float one = 1;
  const struct safetensor lonely[] = {{"lin.bias", 1, {1}, &one}};
  ck_assert_int_eq(weights_write(lonely, 1, "validity", &origin, "lonely", &err), 0);
  refuse_weights("lonely", "lbdf", "none of a validity classifier");
  ck_assert_int_eq(weights_read(&other, "validity", "lbdf", "v", &err), 0);
  ck_assert_int_eq(weights_take(values, &other, "v", "lin.bias", 2, 0, &err), -1);
  ck_assert_str_eq(err.message, "v: tensor 'lin.bias' is of another shape; expected one of shape [2]");
  ck_assert_int_eq(weights_take(values, &other, "v", "lin.bogus", 2, 3, &err), -1);
  ck_assert_str_eq(err.message, "v: tensor 'lin.bogus' is not there; expected one of shape [2, 3]");
  ck_assert_int_eq(weights_take(values, &other, "v", "lin.bias", 1, 0, &err), 0);
  safetensors_free(&other);
  gnn_model_free(&model);
}
END_TEST

Suite *safetensors_suite(void) {
  Suite *suite = suite_create("safetensors");
  TCase *files = tcase_create("files"), *weights = tcase_create("weights");
  tcase_add_checked_fixture(files, support_enter, support_leave);
  tcase_add_checked_fixture(weights, support_enter, support_leave);
  tcase_set_timeout(files, 60);
  tcase_add_test(files, bytes_are_read_as_the_format_says);
  tcase_add_test(files, what_is_no_such_file_is_refused);
  tcase_add_test(files, tensors_that_make_no_sense_are_refused);
  tcase_add_test(files, gaps_and_overlaps_are_refused);
  tcase_add_test(files, overlaps_are_refused_before_they_take_memory);
  tcase_add_test(files, values_that_are_no_numbers_are_refused);
  tcase_add_test(files, no_prefix_and_no_change_does_harm);
  tcase_add_test(files, what_is_written_comes_back);
  tcase_add_test(files, what_cannot_be_written_is_told);
  tcase_add_loop_test(weights, a_classifier_comes_back, 0, 3);
  tcase_add_test(weights, weights_of_something_else_are_refused);
  suite_add_tcase(suite, files);
  suite_add_tcase(suite, weights);
  return suite;
}
