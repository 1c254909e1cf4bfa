/* hw: the key table, its files, and its messages. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/hw.h"

Suite *hw_suite(void);

static const char *source(char path[1024], const char *name) {
  const char *directory = getenv("SPILLWAY_SOURCE_DIR");
  snprintf(path, 1024, "%s/%s", directory == NULL ? "." : directory, name);
  return path;
}

static void same(const struct hw *a, const struct hw *b) {
  ck_assert_str_eq(a->name, b->name);
  ck_assert_uint_eq(a->buffer_capacity_bytes, b->buffer_capacity_bytes);
  ck_assert_uint_eq(a->activation_bits, b->activation_bits);
  ck_assert_uint_eq(a->weight_bits, b->weight_bits);
  ck_assert_uint_eq(a->bias_bits, b->bias_bits);
  ck_assert_int_eq(a->in_place, b->in_place);
  ck_assert_uint_eq(a->brr_subgroup_channels, b->brr_subgroup_channels);
}

static struct hw load(const char *text) {
  struct hw hw;
  struct error err = ERROR_INIT;
  ck_assert_msg(hw_load_memory(&hw, text, strlen(text), "x.yaml", &err) == 0, "%s", err.message);
  return hw;
}

START_TEST(defaults_are_stated) {
  struct hw hw = hw_default();
  ck_assert_str_eq(hw.name, "default");
  ck_assert_uint_eq(hw.buffer_capacity_bytes, 262144);
  ck_assert_uint_eq(hw.activation_bits, 8);
  ck_assert_uint_eq(hw.weight_bits, 8);
  ck_assert_uint_eq(hw.bias_bits, 32);
  ck_assert(hw.in_place);
  ck_assert_uint_eq(hw.brr_subgroup_channels, 1);
}
END_TEST

START_TEST(table_is_sound) {
  for (size_t i = 0; i < hw_key_count; i++) {
    struct hw hw = hw_default();
    struct error err = ERROR_INIT;
    ck_assert_int_eq(hw_set(&hw, hw_keys[i].key, hw_keys[i].initial, &err), 0);
    ck_assert_uint_gt(strlen(hw_keys[i].help), 0);
    if (hw_keys[i].type == HW_COUNT) ck_assert_uint_le(hw_keys[i].maximum, UINT32_MAX);
    for (size_t j = 0; j < i; j++) ck_assert_str_ne(hw_keys[i].key, hw_keys[j].key);
  }
}
END_TEST

START_TEST(files_of_the_project_load) {
  char path[1024];
  struct hw hw, expected = hw_default();
  struct error err = ERROR_INIT;
  ck_assert_msg(hw_load(&hw, source(path, "configs/hw/default.yaml"), &err) == 0, "%s", err.message);
  same(&hw, &expected);
  ck_assert_msg(hw_load(&hw, source(path, "configs/hw/edge-256k.yaml"), &err) == 0, "%s", err.message);
  strcpy(expected.name, "edge-256k");
  same(&hw, &expected);
}
END_TEST

START_TEST(keys_are_set) {
  struct hw hw = load(
      "name: \"tiny # 1\"\nbuffer: {capacity: 1.5 KiB, in_place: false}\n"
      "data:\n  activation_bits: 16\n  weight_bits: 4\n  bias_bits: 64\n"
      "brr: {subgroup_channels: 65536}\n");
  ck_assert_str_eq(hw.name, "tiny # 1");
  ck_assert_uint_eq(hw.buffer_capacity_bytes, 1536);
  ck_assert(!hw.in_place);
  ck_assert_uint_eq(hw.activation_bits, 16);
  ck_assert_uint_eq(hw.weight_bits, 4);
  ck_assert_uint_eq(hw.bias_bits, 64);
  ck_assert_uint_eq(hw.brr_subgroup_channels, 65536);
  hw = load("buffer:\n  # capacity: 1MiB\nname: a\n");
  ck_assert_uint_eq(hw.buffer_capacity_bytes, 262144);
  hw = load("{}");
  ck_assert_str_eq(hw.name, "default");
}
END_TEST

START_TEST(yaml_comes_back) {
  static const char *const values[][7] = {
      {"edge", "1", "false", "1", "64", "7", "3"},
      {"yes: \"\xc3\xa9\" #", "1024GiB", "true", "64", "1", "32", "65536"},
      {" - 'x' ", "1025", "true", "9", "10", "11", "12"},
      {"12", "1536KiB", "false", "8", "8", "8", "1"},
  };
  for (size_t v = 0; v < 4; v++) {
    struct hw hw = hw_default();
    struct error err = ERROR_INIT;
    for (size_t i = 0; i < hw_key_count; i++) {
      ck_assert_msg(hw_set(&hw, hw_keys[i].key, values[v][i], &err) == 0, "%s", err.message);
    }
    char *yaml = hw_to_yaml(&hw);
    ck_assert_ptr_nonnull(yaml);
    struct hw again = load(yaml);
    same(&hw, &again);
    free(yaml);
  }
}
END_TEST

START_TEST(yaml_is_complete_and_readable) {
  struct hw hw = hw_default();
  char *yaml = hw_to_yaml(&hw);
  ck_assert_str_eq(
      yaml,
      "name: default\nbuffer:\n  capacity: 256KiB\n  in_place: true\ndata:\n  activation_bits: 8\n"
      "  weight_bits: 8\n  bias_bits: 32\nbrr:\n  subgroup_channels: 1\n");
  free(yaml);
}
END_TEST

static const struct {
  const char *text, *message;
} refused[] = {
    {"[]", "x.yaml:1: the hardware description is a list; expected a mapping"},
    {"word", "x.yaml:1: the hardware description is 'word'; expected a mapping"},
    {"name: a\nbufer: {capacity: 1}\n",
     "x.yaml:2: unknown key 'bufer'; did you mean 'buffer'? known are name, buffer, data, brr"},
    {"buffer:\n  capcity: 1\n",
     "x.yaml:2: unknown key 'capcity' in section 'buffer'; did you mean 'capacity'? known there are "
     "capacity, "
     "in_place"},
    {"capacity: 1\n",
     "x.yaml:1: unknown key 'capacity'; did you mean 'capacity' in section 'buffer'? known are name, buffer, "
     "data, brr"},
    {"buffer.capacity: 1\n",
     "x.yaml:1: unknown key 'buffer.capacity'; did you mean 'capacity' in section 'buffer'? known are name, "
     "buffer, data, brr"},
    {"buffer: {name: x}\n",
     "x.yaml:1: unknown key 'name' in section 'buffer'; did you mean 'name' at top level? known there are "
     "capacity, in_place"},
    {"colour: red\n", "x.yaml:1: unknown key 'colour'; known are name, buffer, data, brr"},
    {"name: {a: b}\n", "x.yaml:1: name is a mapping; expected a single value"},
    {"name:\n", "x.yaml:1: name has no value; expected a single value"},
    {"name: ''\n", "x.yaml:1: name is ''; expected 1 to 63 bytes of text without control characters"},
    {"name: \"a\\e\"\n", "x.yaml:1: name is 'a?'; expected 1 to 63 bytes of text without control characters"},
    {"\nbuffer: 256KiB\n",
     "x.yaml:2: 'buffer' is a section; expected a mapping with keys out of capacity, in_place"},
    {"buffer: [capacity]\n",
     "x.yaml:1: 'buffer' is a section; expected a mapping with keys out of capacity, in_place"},
    {"buffer: {capacity: [1]}\n", "x.yaml:1: buffer.capacity is a list; expected a single value"},
    {"buffer: {capacity: }\n", "x.yaml:1: buffer.capacity has no value; expected a single value"},
    {"buffer:\n\n  capacity: lots\n",
     "x.yaml:3: buffer.capacity is 'lots'; expected a size from 1 B to 1 TiB, such as 256KiB or a number of "
     "bytes"},
    {"buffer: {capacity: 0}\n",
     "x.yaml:1: buffer.capacity is '0'; expected a size from 1 B to 1 TiB, such as 256KiB or a number of "
     "bytes"},
    {"buffer: {capacity: 1025GiB}\n",
     "x.yaml:1: buffer.capacity is '1025GiB'; expected a size from 1 B to 1 TiB, such as 256KiB or a number "
     "of "
     "bytes"},
    {"buffer: {capacity: -1}\n",
     "x.yaml:1: buffer.capacity is '-1'; expected a size from 1 B to 1 TiB, such as 256KiB or a number of "
     "bytes"},
    {"buffer: {in_place: maybe}\n", "x.yaml:1: buffer.in_place is 'maybe'; expected true or false"},
    {"data: {weight_bits: 65}\n",
     "x.yaml:1: data.weight_bits is '65'; expected a whole number of bits from 1 to 64"},
    {"data: {weight_bits: 0}\n",
     "x.yaml:1: data.weight_bits is '0'; expected a whole number of bits from 1 to 64"},
    {"data: {bias_bits: 1.5}\n",
     "x.yaml:1: data.bias_bits is '1.5'; expected a whole number of bits from 1 to 64"},
    {"brr: {subgroup_channels: 4294967297}\n",
     "x.yaml:1: brr.subgroup_channels is '4294967297'; expected a whole number of channels from 1 to 65536"},
    {"data: {bias_bits: 8}\ndata: {bias_bits: 8}\n", "x.yaml:2: the key 'data' is there already, on line 1"},
};

START_TEST(bad_files_are_refused) {
  struct hw hw = hw_default(), before = hw;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(hw_load_memory(&hw, refused[_i].text, strlen(refused[_i].text), "x.yaml", &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_str_eq(err.message, refused[_i].message);
  same(&hw, &before);
}
END_TEST

START_TEST(overrides_are_checked) {
  struct hw hw = hw_default();
  struct error err = ERROR_INIT;
  ck_assert_int_eq(hw_set(&hw, "buffer.capacity", "1MiB", &err), 0);
  ck_assert_uint_eq(hw.buffer_capacity_bytes, 1048576);
  ck_assert_int_eq(hw_set(&hw, "buffer.capacity", "none", &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_str_eq(
      err.message,
      "buffer.capacity is 'none'; expected a size from 1 B to 1 TiB, such as 256KiB or a number of bytes");
  ck_assert_uint_eq(hw.buffer_capacity_bytes, 1048576);
  ck_assert_int_eq(hw_set(&hw, "data.bits", "8", &err), -1);
  ck_assert_str_eq(err.message,
                   "unknown key 'bits' in section 'data'; known there are activation_bits, "
                   "weight_bits, bias_bits");
  ck_assert_int_eq(hw_set(&hw, "bufer.capacity", "8", &err), -1);
  ck_assert_str_eq(err.message,
                   "unknown key 'bufer.capacity'; did you mean 'capacity' in section 'buffer'? known "
                   "are name, buffer, data, brr");
  ck_assert_int_eq(hw_set(&hw, "name", "bad \xff", &err), -1);
  ck_assert_int_eq(
      hw_set(&hw, "name", "a name that is a good deal longer than the sixty-three bytes allowed", &err), -1);
  ck_assert_str_eq(hw.name, "default");
}
END_TEST

Suite *hw_suite(void) {
  Suite *suite = suite_create("hw");
  TCase *tests = tcase_create("hw");
  tcase_add_test(tests, defaults_are_stated);
  tcase_add_test(tests, table_is_sound);
  tcase_add_test(tests, files_of_the_project_load);
  tcase_add_test(tests, keys_are_set);
  tcase_add_test(tests, yaml_comes_back);
  tcase_add_test(tests, yaml_is_complete_and_readable);
  tcase_add_loop_test(tests, bad_files_are_refused, 0, sizeof refused / sizeof refused[0]);
  tcase_add_test(tests, overrides_are_checked);
  suite_add_tcase(suite, tests);
  return suite;
}
