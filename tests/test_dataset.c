/* Data sets: files that come back as they were, hostile files, which part a group belongs to. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "gnn/dataset.h"
#include "suites.h"
#include "util/bitset.h"
#include "util/file.h"
#include "util/rng.h"

/* Two networks of 300 and 5 ops, three sizes, four groups. */
static uint16_t some_ops[] = {0, 1, 2, 299, 7, 150, 299, 0, 1, 2, 3, 4, 4};
static char some_names[][8] = {"resnet", "n\xc3\xa9t"};
static struct dataset_network some_networks[] = {{some_names[0], UINT64_C(0x0123456789abcdef), 300},
                                                 {some_names[1], 7, 5}};
static struct dataset_group some_groups[] = {
    {0, false, false, 0, 4, 11, {4, 7}},
    {0, true, false, 4, 3, UINT64_MAX, {0, 0}},
    {1, true, true, 7, 5, 13, {6, 6}},
    {1, false, true, 12, 1, 11, {7, 7}},
};

static struct dataset some_dataset(void) {
  return (struct dataset){
      .seed = 42,
      .size_count = 3,
      .sizes_bytes = {1, 131072, UINT64_C(1) << 40},
      .networks = some_networks,
      .network_count = 2,
      .groups = some_groups,
      .group_count = 4,
      .ops = some_ops,
      .op_count = sizeof some_ops / sizeof some_ops[0],
  };
}

static void check_equal(const struct dataset *a, const struct dataset *b) {
  ck_assert_uint_eq(a->seed, b->seed);
  ck_assert_uint_eq(a->size_count, b->size_count);
  ck_assert_mem_eq(a->sizes_bytes, b->sizes_bytes, a->size_count * sizeof *a->sizes_bytes);
  ck_assert_uint_eq(a->network_count, b->network_count);
  for (uint32_t i = 0; i < a->network_count; i++) {
    ck_assert_str_eq(a->networks[i].name, b->networks[i].name);
    ck_assert_uint_eq(a->networks[i].hash, b->networks[i].hash);
    ck_assert_uint_eq(a->networks[i].op_count, b->networks[i].op_count);
  }
  ck_assert_uint_eq(a->group_count, b->group_count);
  for (size_t i = 0; i < a->group_count; i++) {
    const struct dataset_group *x = &a->groups[i], *y = &b->groups[i];
    ck_assert(x->network == y->network && x->wide == y->wide && x->half == y->half && x->content == y->content);
    ck_assert(x->first_op == y->first_op && x->op_count == y->op_count);
    ck_assert_mem_eq(x->fits, y->fits, sizeof x->fits);
  }
  ck_assert_uint_eq(a->op_count, b->op_count);
  ck_assert_mem_eq(a->ops, b->ops, a->op_count * sizeof *a->ops);
}

/* ---- files ---- */

static char path[64];

static void make_path(void) {
  strcpy(path, "/tmp/spillway-test-XXXXXX");
  int descriptor = mkstemp(path);
  ck_assert_int_ge(descriptor, 0);
  close(descriptor);
}

static void remove_path(void) { remove(path); }

/* The caller frees them. */
static uint8_t *written_bytes(const struct dataset *dataset, size_t *length) {
  struct error err = ERROR_INIT;
  char *bytes;
  ck_assert_msg(dataset_write(dataset, path, &err) == 0, "%s", err.message);
  ck_assert_msg(file_read(&bytes, length, path, 1 << 24, &err) == 0, "%s", err.message);
  return (uint8_t *)bytes;
}

START_TEST(a_data_set_comes_back) {
  const struct dataset dataset = some_dataset();
  struct dataset back;
  struct error err = ERROR_INIT;
  ck_assert_msg(dataset_write(&dataset, path, &err) == 0, "%s", err.message);
  ck_assert_msg(dataset_read(&back, path, &err) == 0, "%s", err.message);
  check_equal(&dataset, &back);
  ck_assert_uint_eq(dataset_hash(&dataset), dataset_hash(&back));
  dataset_free(&back);
}
END_TEST

/* Header 8+4+8+1+24, networks 2 + (12+6) + (12+4), counts 16, groups 14 each, and 5+5+5+1 bytes of labels, of which
 * only 296, 142 and 148 labels between two take two bytes; the checksum 8. */
START_TEST(a_file_is_small) {
  const struct dataset dataset = some_dataset();
  size_t length;
  free(written_bytes(&dataset, &length));
  ck_assert_uint_eq(length, 45 + 36 + 16 + 4 * 14 + (5 + 5 + 5 + 1) + 8);
}
END_TEST

START_TEST(the_hash_is_of_all_that_is_in_it) {
  struct dataset dataset = some_dataset();
  const uint64_t hash = dataset_hash(&dataset);
  dataset.seed++;
  ck_assert_uint_ne(dataset_hash(&dataset), hash);
  dataset = some_dataset();
  some_groups[1].fits[1] ^= 4;
  ck_assert_uint_ne(dataset_hash(&dataset), hash);
  some_groups[1].fits[1] ^= 4;
  some_ops[12]--;
  ck_assert_uint_ne(dataset_hash(&dataset), hash);
  some_ops[12]++;
  ck_assert_uint_eq(dataset_hash(&dataset), hash);
}
END_TEST

/* ---- hostile files ---- */

/* In memory of exactly its size, so that a sanitizer sees a read beyond it. Whether it is read. */
static bool parses(struct dataset *out, const uint8_t *bytes, size_t length, struct error *err) {
  uint8_t *exact = malloc(length > 0 ? length : 1);
  memcpy(exact, bytes, length);
  *err = (struct error)ERROR_INIT;
  bool good = dataset_parse(out, "data", exact, length, err) == 0;
  free(exact);
  if (good) return true;
  ck_assert_int_eq(err->kind, ERROR_INPUT);
  ck_assert_ptr_nonnull(strstr(err->message, "data: "));
  ck_assert_ptr_null(out->groups);
  return false;
}

static void refused(const uint8_t *bytes, size_t length, const char *words) {
  struct dataset dataset;
  struct error err;
  ck_assert(!parses(&dataset, bytes, length, &err));
  ck_assert_msg(strstr(err.message, words) != NULL, "'%s' without '%s'", err.message, words);
}

static void sign(uint8_t *bytes, size_t length) {
  uint64_t sum = XXH64(bytes, length - 8, 0);
  for (size_t i = 0; i < 8; i++) bytes[length - 8 + i] = (uint8_t)(sum >> 8 * i);
}

START_TEST(a_file_cut_short_is_refused) {
  const struct dataset dataset = some_dataset();
  size_t length;
  uint8_t *bytes = written_bytes(&dataset, &length);
  for (size_t n = 0; n < length; n++) {
    refused(bytes, n, n < 20 ? "train-validity --make-data" : "cut short or damaged");
    if (n < 20) continue;
    uint8_t *cut = malloc(n);
    memcpy(cut, bytes, n);
    sign(cut, n);
    refused(cut, n, "byte ");
    free(cut);
  }
  free(bytes);
}
END_TEST

/* A wrong bit is found by the checksum; with a right one, what is read is legal and comes back the same. */
START_TEST(wrong_bits_do_no_harm) {
  const struct dataset dataset = some_dataset();
  size_t length, again_length, taken = 0;
  uint8_t *bytes = written_bytes(&dataset, &length);
  for (size_t bit = 0; bit < 8 * length; bit++) {
    struct dataset changed;
    struct error err;
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    ck_assert(!parses(&changed, bytes, length, &err));
    sign(bytes, length);
    if (bit < 8 * (length - 8) && parses(&changed, bytes, length, &err)) {
      uint8_t *again = written_bytes(&changed, &again_length);
      ck_assert_uint_eq(again_length, length);
      ck_assert_mem_eq(again, bytes, length);
      free(again);
      dataset_free(&changed);
      taken++;
    }
    if (bit < 8 * (length - 8)) bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    sign(bytes, length);
  }
  ck_assert_uint_gt(taken, 100);
  free(bytes);
}
END_TEST

/* Where the fields of some_dataset() are; a new value of so many bytes is refused in these words. */
static const struct wrong {
  size_t at, bytes;
  uint64_t value;
  const char *words;
} wrongs[] = {
    {8, 4, 2, "of version 2; expected 1"},
    {20, 1, 0, "1 to 8 sizes"},
    {20, 1, 9, "1 to 8 sizes"},
    {21, 8, 0, "ascend"},
    {29, 8, 1, "ascend"},
    {45, 2, 60000, "more networks than bytes"},
    {47, 2, 0, "1 to 16384 ops"},
    {47, 2, 16385, "1 to 16384 ops"},
    {57, 2, 0, "name of a network"},
    {57, 2, 4096, "name of a network"},
    {59, 1, 0, "UTF-8"},
    {59, 1, 0xff, "UTF-8"},
    {81, 8, UINT64_MAX, "more ops than bytes"},
    {81, 8, 12, "number of ops"},
    {81, 8, 14, "not as many ops"},
    {89, 8, UINT64_MAX, "more groups than bytes"},
    {89, 8, 3, "not as many ops"},
    {89, 8, 0, "not as many ops"},
    {97, 2, 2, "number of a network"},
    {99, 1, 4, "flags"},
    {108, 1, 8, "no more labels than sizes"},
    {110, 1, 0, "number of ops"},
    {114, 1, 0xff, "label of an op"}, /* of 296 = a8 02 */
    {115, 1, 3, "label of an op"},
    {115, 1, 0, "label of an op"}, /* not in its shortest form */
};

START_TEST(wrong_fields_are_refused) {
  const struct wrong *wrong = &wrongs[_i];
  const struct dataset dataset = some_dataset();
  size_t length;
  uint8_t *bytes = written_bytes(&dataset, &length);
  for (size_t i = 0; i < wrong->bytes; i++) bytes[wrong->at + i] = (uint8_t)(wrong->value >> 8 * i);
  sign(bytes, length);
  refused(bytes, length, wrong->words);
  free(bytes);
}
END_TEST

START_TEST(no_file_is_no_data_set) {
  struct dataset dataset;
  struct error err = ERROR_INIT;
  ck_assert_int_ne(dataset_read(&dataset, "/nowhere/at-all", &err), 0);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_int_ne(dataset_write(&dataset, "/nowhere/at-all", &err), 0);
  ck_assert_int_eq(err.kind, ERROR_OUTPUT);
}
END_TEST

/* ---- parts ---- */

/* 10000 contents: 8000 +- 40 for training, 1000 +- 30 for each other; the bounds are 5 deviations. */
START_TEST(parts_are_eight_one_and_one) {
  struct dataset dataset = some_dataset();
  uint64_t counts[3] = {0};
  for (uint64_t i = 0; i < 10000; i++) counts[dataset_part_of(&dataset, &(struct dataset_group){.content = i})]++;
  ck_assert(counts[DATASET_TRAINING] > 7800 && counts[DATASET_TRAINING] < 8200);
  ck_assert(counts[DATASET_VALIDATION] > 850 && counts[DATASET_VALIDATION] < 1150);
  ck_assert(counts[DATASET_TEST] > 850 && counts[DATASET_TEST] < 1150);
}
END_TEST

START_TEST(equal_content_is_on_one_side) {
  struct dataset dataset = some_dataset(), other = some_dataset();
  size_t moved = 0;
  other.seed++;
  for (uint64_t i = 0; i < 1000; i++) {
    const struct dataset_group drawn = {.content = i}, half = {.network = 1, .wide = true, .half = true, .content = i};
    ck_assert_int_eq(dataset_part_of(&dataset, &drawn), dataset_part_of(&dataset, &half));
    moved += dataset_part_of(&dataset, &drawn) != dataset_part_of(&other, &drawn);
  }
  ck_assert_uint_gt(moved, 200); /* 340 on average: 1 - 0.8^2 - 2 * 0.1^2 */
}
END_TEST

START_TEST(a_group_as_a_set) {
  const struct dataset dataset = some_dataset();
  uint64_t set[5] = {UINT64_MAX, UINT64_MAX, 0, 0, 5};
  dataset_group_set(set, 5, &dataset, &dataset.groups[0]);
  ck_assert_uint_eq(bitset_count(set, 5), 4);
  ck_assert(bitset_has(set, 0) && bitset_has(set, 1) && bitset_has(set, 2) && bitset_has(set, 299));
}
END_TEST

Suite *dataset_suite(void) {
  Suite *suite = suite_create("dataset");
  TCase *files = tcase_create("files"), *parts = tcase_create("parts");
  tcase_add_checked_fixture(files, make_path, remove_path);
  tcase_set_timeout(files, 60); /* thousands of files are written */
  tcase_add_test(files, a_data_set_comes_back);
  tcase_add_test(files, a_file_is_small);
  tcase_add_test(files, the_hash_is_of_all_that_is_in_it);
  tcase_add_test(files, a_file_cut_short_is_refused);
  tcase_add_test(files, wrong_bits_do_no_harm);
  tcase_add_loop_test(files, wrong_fields_are_refused, 0, sizeof wrongs / sizeof wrongs[0]);
  tcase_add_test(files, no_file_is_no_data_set);
  suite_add_tcase(suite, files);
  tcase_add_test(parts, parts_are_eight_one_and_one);
  tcase_add_test(parts, equal_content_is_on_one_side);
  tcase_add_test(parts, a_group_as_a_set);
  suite_add_tcase(suite, parts);
  return suite;
}
