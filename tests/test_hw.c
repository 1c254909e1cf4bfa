/* hw: the key table, its files, and its messages. */
#include <check.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/hw.h"
#include "sim/dram.h"
#include "util/file.h"

Suite *hw_suite(void);

static const char *source(char path[1024], const char *name) {
  const char *directory = getenv("SPILLWAY_SOURCE_DIR");
  snprintf(path, 1024, "%s/%s", directory == NULL ? "." : directory, name);
  return path;
}

static bool same_field(const struct hw_key *key, const void *a, const void *b) {
  switch (key->type) {
    case HW_TEXT: return strcmp(a, b) == 0;
    case HW_BYTES: return *(const uint64_t *)a == *(const uint64_t *)b;
    case HW_COUNT:
    case HW_NAME: return *(const uint32_t *)a == *(const uint32_t *)b;
    case HW_REAL: return memcmp(a, b, sizeof(double)) == 0;
    case HW_BOOL: return *(const bool *)a == *(const bool *)b;
  }
  return false;
}

static void same(const struct hw *a, const struct hw *b) {
  for (size_t i = 0; i < hw_key_count; i++) {
    size_t offset = hw_keys[i].offset;
    ck_assert_msg(same_field(&hw_keys[i], (const char *)a + offset, (const char *)b + offset), "%s", hw_keys[i].key);
  }
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
  ck_assert_double_eq(hw.clock_mhz, 1000);
  ck_assert_uint_eq(hw.array_rows, 32);
  ck_assert_uint_eq(hw.array_columns, 32);
  ck_assert_uint_eq(hw.dataflow, 0);
  ck_assert_uint_eq(hw.lanes, 32);
  ck_assert(!hw.compute_unlimited && !hw.dram_unlimited);
  ck_assert_uint_eq(hw.buffer_read_bytes_per_cycle, 64);
  ck_assert_uint_eq(hw.buffer_write_bytes_per_cycle, 64);
  ck_assert_uint_eq(hw.dma_read_queue, 16);
  ck_assert_uint_eq(hw.dma_write_queue, 16);
  ck_assert_str_eq(hw.dram_standard, "LPDDR4-3200");
  ck_assert_str_eq(hw.dram_mapping, "");
  ck_assert_uint_eq(hw.dram_channels, 1);
}
END_TEST

/* The arithmetic of docs/hardware.md, to the digits that the defaults keep. */
START_TEST(default_energies_follow_from_their_sources) {
  struct hw hw = hw_default();
  ck_assert_double_eq(hw.mac_pj, 0.3);       /* 8-bit product 0.2, 32-bit sum 0.1 */
  ck_assert_double_eq(hw.vector_op_pj, 0.1); /* 32-bit sum */
  /* 64 bits out of 32 KiB take 20 pJ, out of 1 MiB 100 pJ; 256 KiB is 3 of the 5 doublings */
  double buffer_pj = 20 * pow(100.0 / 20, 3.0 / 5) / 8;
  ck_assert_double_eq_tol(hw.buffer_read_pj_per_byte, buffer_pj, 0.05);
  ck_assert_double_eq_tol(hw.buffer_write_pj_per_byte, buffer_pj, 0.05);
  /* a burst is 8 clocks of 0.625 ns and 32 bytes; mA x V x ns = pJ */
  ck_assert_double_eq_tol(hw.dram_read_pj_per_byte, ((275 - 30) + (150 - 0.75)) * 1.1 * 5 / 32, 0.05);
  ck_assert_double_eq_tol(hw.dram_write_pj_per_byte, ((210 - 30) + (55 - 0.75)) * 1.1 * 5 / 32, 0.05);
  double activate = (3.5 * 97 - 2.25 * 68 - 2.0 * 29) * 1.8 + (45 * 97 - 30 * 68 - 27 * 29) * 1.1;
  ck_assert_double_eq_tol(hw.dram_activate_pj, 2 * activate * 0.625, 0.5);
  double standby = 2.25 * 1.8 + 30 * 1.1 + 0.75 * 1.1, refresh = (10 - 2.25) * 1.8 + (90 - 30) * 1.1;
  ck_assert_double_eq_tol(hw.static_mw, 2 * (standby + refresh * 448 / 6246), 0.05);
}
END_TEST

START_TEST(table_is_sound) {
  for (size_t i = 0; i < hw_key_count; i++) {
    struct hw hw = hw_default();
    struct error err = ERROR_INIT;
    ck_assert_int_eq(hw_set(&hw, hw_keys[i].key, hw_keys[i].initial, &err), 0);
    ck_assert_uint_gt(strlen(hw_keys[i].help), 0);
    ck_assert_int_eq(hw_keys[i].names != NULL, hw_keys[i].type == HW_NAME);
    if (hw_keys[i].type == HW_TEXT) ck_assert_uint_lt(hw_keys[i].maximum, HW_NAME_BYTES);
    if (hw_keys[i].type == HW_COUNT) ck_assert_uint_le(hw_keys[i].maximum, UINT32_MAX);
    for (size_t j = 0; j < i; j++) ck_assert_str_ne(hw_keys[i].key, hw_keys[j].key);
  }
}
END_TEST

START_TEST(default_file_states_the_defaults) {
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

/* units of the array times two operations a cycle */
static const struct {
  const char *name;
  double tera_operations;
  uint64_t buffer_kib;
} ready[] = {
    {"default", 2.048, 256},      {"edge-256k", 2.048, 256},   {"edge-npu", 2.048, 1024},
    {"eyeriss-like", 0.0672, 108}, {"mobile-1tops", 1.024, 256}, {"server-hbm2", 22.9376, 24576},
};

START_TEST(files_of_the_project_load) {
  char pattern[1024];
  glob_t files;
  ck_assert_int_eq(glob(source(pattern, "configs/hw/*.yaml"), 0, NULL, &files), 0);
  ck_assert_uint_eq(files.gl_pathc, sizeof ready / sizeof ready[0]);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    char name[128];
    struct hw hw;
    struct error err = ERROR_INIT;
    ck_assert_msg(hw_load(&hw, files.gl_pathv[i], &err) == 0, "%s", err.message);
    snprintf(name, sizeof name, "/%s.yaml", hw.name);
    ck_assert_msg(strstr(files.gl_pathv[i], name) != NULL, "%s is named %s", files.gl_pathv[i], hw.name);
    ck_assert_str_eq(hw.name, ready[i].name);
    ck_assert_ptr_nonnull(dram_standard_find(hw.dram_standard));
    double operations = 2e6 * hw.clock_mhz * hw.array_rows * hw.array_columns;
    ck_assert_double_eq_tol(operations / 1e12, ready[i].tera_operations, 1e-6);
    ck_assert_uint_eq(hw.buffer_capacity_bytes, ready[i].buffer_kib * 1024);
  }
  globfree(&files);
}
END_TEST

/* docs/hardware.md has a row for every key, with its default: "| `data.weight_bits` | 8 |". */
START_TEST(every_key_is_documented_with_its_default) {
  char path[1024], *text;
  size_t length;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(file_read(&text, &length, source(path, "docs/hardware.md"), 1 << 20, &err), 0);
  for (size_t i = 0; i < hw_key_count; i++) {
    char row[128];
    snprintf(row, sizeof row, "\n| `%s` | %s |", hw_keys[i].key,
             hw_keys[i].initial[0] == '\0' ? "`''`" : hw_keys[i].initial);
    ck_assert_msg(strstr(text, row) != NULL, "docs/hardware.md lacks '%s'", row + 1);
  }
  free(text);
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

/* By type, the smallest and largest and what needs care; values[i] for the i-th of a key. */
static const char *value_of(const struct hw_key *key, size_t i, char text[64]) {
  static const char *const texts[] = {"edge", "yes: \"\xc3\xa9\" #", " - 'x' ", "12", "'", "~"};
  static const char *const bytes[] = {"1", "1024GiB", "1025", "1536KiB", "7", "1MB"};
  static const char *const reals[] = {"1", "100000", "1.1", "3.3333333333333335", "1e2", "99999.999999999985"};
  static const char *const booleans[] = {"false", "true"};
  switch (key->type) {
    case HW_TEXT: return key->minimum == 0 && i == 4 ? "" : texts[i];
    case HW_BYTES: return bytes[i];
    case HW_REAL: return reals[i];
    case HW_BOOL: return booleans[i % 2];
    case HW_NAME: return key->names[i % 3];
    case HW_COUNT: snprintf(text, 64, "%u", (unsigned)(i == 1 ? key->maximum : key->minimum + i)); return text;
  }
  return "";
}

START_TEST(yaml_comes_back) {
  for (size_t v = 0; v < 6; v++) {
    struct hw hw = hw_default();
    struct error err = ERROR_INIT;
    for (size_t i = 0; i < hw_key_count; i++) {
      char text[64];
      ck_assert_msg(hw_set(&hw, hw_keys[i].key, value_of(&hw_keys[i], v, text), &err) == 0, "%s", err.message);
    }
    char *yaml = hw_to_yaml(&hw);
    ck_assert_ptr_nonnull(yaml);
    struct hw again = load(yaml);
    same(&hw, &again);
    free(yaml);
  }
}
END_TEST

/* The text is the hardware's identity in the database: short, and exact. */
START_TEST(numbers_are_written_shortly_and_exactly) {
  static const char *const numbers[][2] = {
      {"1600", "1600"}, {"0.1", "0.1"}, {"0.30", "0.3"}, {"1e3", "1000"}, {"67.75", "67.75"}, {"0", "0"},
      {"0.1000000000000000055", "0.1"}, {"3.3333333333333335", "3.3333333333333335"}, {"1e-7", "1e-07"}};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    struct hw hw = hw_default();
    struct error err = ERROR_INIT;
    char line[64];
    ck_assert_int_eq(hw_set(&hw, "energy.mac_pj", numbers[i][0], &err), 0);
    char *yaml = hw_to_yaml(&hw);
    snprintf(line, sizeof line, "\n  mac_pj: %s\n", numbers[i][1]);
    ck_assert_msg(strstr(yaml, line) != NULL, "%s in %s", line, yaml);
    free(yaml);
  }
}
END_TEST

START_TEST(yaml_is_complete_and_readable) {
  struct hw hw = hw_default();
  char *yaml = hw_to_yaml(&hw);
  ck_assert_str_eq(
      yaml,
      "name: default\nclock:\n  frequency: 1000\ncompute:\n  rows: 32\n  columns: 32\n  dataflow: spatial\n"
      "  lanes: 32\n  unlimited: false\nbuffer:\n  capacity: 256KiB\n  read_bytes_per_cycle: 64\n"
      "  write_bytes_per_cycle: 64\n  in_place: true\ndma:\n  read_queue: 16\n  write_queue: 16\ndram:\n"
      "  standard: LPDDR4-3200\n  mapping: \"\"\n  channels: 1\n  unlimited: false\ndata:\n  activation_bits: 8\n"
      "  weight_bits: 8\n  bias_bits: 32\nbrr:\n  subgroup_channels: 1\n  residency: true\n  slicing: true\nenergy:\n  mac_pj: 0.3\n"
      "  vector_op_pj: 0.1\n  buffer_read_pj_per_byte: 6.6\n  buffer_write_pj_per_byte: 6.6\n"
      "  dram_read_pj_per_byte: 67.8\n  dram_write_pj_per_byte: 40.3\n  dram_activate_pj: 2409\n"
      "  static_mw: 87.2\n");
  free(yaml);
}
END_TEST

#define SECTIONS "name, clock, compute, buffer, dma, dram, data, brr, energy"
#define BUFFER_KEYS "capacity, read_bytes_per_cycle, write_bytes_per_cycle, in_place"

static const struct {
  const char *text, *message;
} refused[] = {
    {"[]", "x.yaml:1: the hardware description is a list; expected a mapping"},
    {"word", "x.yaml:1: the hardware description is 'word'; expected a mapping"},
    {"name: a\nbufer: {capacity: 1}\n",
     "x.yaml:2: unknown key 'bufer'; did you mean 'buffer'? known are " SECTIONS},
    {"buffer:\n  capcity: 1\n",
     "x.yaml:2: unknown key 'capcity' in section 'buffer'; did you mean 'capacity'? known there are " BUFFER_KEYS},
    {"capacity: 1\n",
     "x.yaml:1: unknown key 'capacity'; did you mean 'capacity' in section 'buffer'? known are " SECTIONS},
    {"buffer.capacity: 1\n",
     "x.yaml:1: unknown key 'buffer.capacity'; did you mean 'capacity' in section 'buffer'? known are " SECTIONS},
    {"buffer: {name: x}\n",
     "x.yaml:1: unknown key 'name' in section 'buffer'; did you mean 'name' at top level? known there "
     "are " BUFFER_KEYS},
    {"colour: red\n", "x.yaml:1: unknown key 'colour'; known are " SECTIONS},
    {"name: {a: b}\n", "x.yaml:1: name is a mapping; expected a single value"},
    {"name:\n", "x.yaml:1: name has no value; expected a single value"},
    {"name: ''\n", "x.yaml:1: name is ''; expected 1 to 63 bytes of text without control characters"},
    {"name: \"a\\e\"\n", "x.yaml:1: name is 'a?'; expected 1 to 63 bytes of text without control characters"},
    {"\nbuffer: 256KiB\n",
     "x.yaml:2: 'buffer' is a section; expected a mapping with keys out of " BUFFER_KEYS},
    {"buffer: [capacity]\n",
     "x.yaml:1: 'buffer' is a section; expected a mapping with keys out of " BUFFER_KEYS},
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
    {"clock: {frequency: 0}\n", "x.yaml:1: clock.frequency is '0'; expected a number of MHz from 1 to 100000"},
    {"clock: {frequency: 100000.1}\n",
     "x.yaml:1: clock.frequency is '100000.1'; expected a number of MHz from 1 to 100000"},
    {"clock: {frequency: 1GHz}\n", "x.yaml:1: clock.frequency is '1GHz'; expected a number of MHz from 1 to 100000"},
    {"clock: {frequency: 1e999}\n", "x.yaml:1: clock.frequency is '1e999'; expected a number of MHz from 1 to 100000"},
    {"clock: {frequency: 0x10}\n", "x.yaml:1: clock.frequency is '0x10'; expected a number of MHz from 1 to 100000"},
    {"compute: {rows: 0}\n",
     "x.yaml:1: compute.rows is '0'; expected a whole number of multiply-accumulate units from 1 to 65536"},
    {"compute: {columns: 65537}\n",
     "x.yaml:1: compute.columns is '65537'; expected a whole number of multiply-accumulate units from 1 to 65536"},
    {"compute: {dataflow: systolic}\n",
     "x.yaml:1: compute.dataflow is 'systolic'; expected one of spatial, output_stationary, weight_stationary"},
    {"compute: {dataflow: Spatial}\n",
     "x.yaml:1: compute.dataflow is 'Spatial'; expected one of spatial, output_stationary, weight_stationary"},
    {"compute: {lanes: 0}\n",
     "x.yaml:1: compute.lanes is '0'; expected a whole number of operations per cycle from 1 to 65536"},
    {"compute: {unlimited: 1}\n", "x.yaml:1: compute.unlimited is '1'; expected true or false"},
    {"buffer: {read_bytes_per_cycle: 0}\n",
     "x.yaml:1: buffer.read_bytes_per_cycle is '0'; expected a whole number of bytes per cycle from 1 to 1048576"},
    {"buffer: {write_bytes_per_cycle: 64B}\n",
     "x.yaml:1: buffer.write_bytes_per_cycle is '64B'; expected a whole number of bytes per cycle from 1 to 1048576"},
    {"dma: {read_queue: 0}\n",
     "x.yaml:1: dma.read_queue is '0'; expected a whole number of requests from 1 to 65536"},
    {"dma: {write_queue: -3}\n",
     "x.yaml:1: dma.write_queue is '-3'; expected a whole number of requests from 1 to 65536"},
    {"dram: {standard: ''}\n",
     "x.yaml:1: dram.standard is ''; expected 1 to 63 bytes of text without control characters"},
    {"dram: {mapping: \"a\\tb\"}\n",
     "x.yaml:1: dram.mapping is 'a?b'; expected 0 to 63 bytes of text without control characters"},
    {"dram: {channels: 65}\n", "x.yaml:1: dram.channels is '65'; expected a whole number of channels from 1 to 64"},
    {"dram: {unlimited: no}\n", "x.yaml:1: dram.unlimited is 'no'; expected true or false"},
    {"energy: {mac_pj: -0.1}\n", "x.yaml:1: energy.mac_pj is '-0.1'; expected a number of pJ from 0 to 1000000"},
    {"energy: {vector_op_pj: nan}\n",
     "x.yaml:1: energy.vector_op_pj is 'nan'; expected a number of pJ from 0 to 1000000"},
    {"energy: {dram_read_pj_per_byte: 1.2.3}\n",
     "x.yaml:1: energy.dram_read_pj_per_byte is '1.2.3'; expected a number of pJ per byte from 0 to 1000000"},
    {"energy: {static_mw: 1 W}\n", "x.yaml:1: energy.static_mw is '1 W'; expected a number of mW from 0 to 1000000"},
    {"energy: {dram_refresh_pj: 1}\n",
     "x.yaml:1: unknown key 'dram_refresh_pj' in section 'energy'; known there are mac_pj, vector_op_pj, "
     "buffer_read_pj_per_byte, buffer_write_pj_per_byte, dram_read_pj_per_byte, dram_write_pj_per_byte, "
     "dram_activate_pj, static_mw"},
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
                   "are " SECTIONS);
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
  tcase_add_test(tests, default_energies_follow_from_their_sources);
  tcase_add_test(tests, table_is_sound);
  tcase_add_test(tests, default_file_states_the_defaults);
  tcase_add_test(tests, files_of_the_project_load);
  tcase_add_test(tests, every_key_is_documented_with_its_default);
  tcase_add_test(tests, keys_are_set);
  tcase_add_test(tests, yaml_comes_back);
  tcase_add_test(tests, numbers_are_written_shortly_and_exactly);
  tcase_add_test(tests, yaml_is_complete_and_readable);
  tcase_add_loop_test(tests, bad_files_are_refused, 0, sizeof refused / sizeof refused[0]);
  tcase_add_test(tests, overrides_are_checked);
  suite_add_tcase(suite, tests);
  return suite;
}
