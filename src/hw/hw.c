#include "hw/hw.h"

#include <stdio.h>
#include <string.h>

#include "hw/key.h"
#include "util/text.h"
#include "util/units.h"

#define HW_FIELD(field) offsetof(struct hw, field)

static const char *const hw_dataflows[] = {"spatial", "output_stationary", "weight_stationary", NULL};

/* The largest energies and powers are far above those of any hardware; they catch a wrong unit. */
enum { HW_MAX_PICOJOULES = 1000000, HW_MAX_MILLIWATTS = 1000000 };

/* Keys of one section stand together; HW_COUNT fields are uint32_t, and so their maxima. */
const struct hw_key hw_keys[] = {
    {"name", HW_TEXT, "", 1, HW_NAME_BYTES - 1, "default", "what results call this hardware", HW_FIELD(name), NULL},
    {"clock.frequency", HW_REAL, "MHz", 1, 100000, "1000", "clock of compute and buffer", HW_FIELD(clock_mhz), NULL},
    {"compute.rows", HW_COUNT, "multiply-accumulate units", 1, 65536, "32", "height of the array",
     HW_FIELD(array_rows), NULL},
    {"compute.columns", HW_COUNT, "multiply-accumulate units", 1, 65536, "32", "width of the array",
     HW_FIELD(array_columns), NULL},
    {"compute.dataflow", HW_NAME, "", 0, 0, "spatial", "what the rows and columns of the array stand for",
     HW_FIELD(dataflow), hw_dataflows},
    {"compute.lanes", HW_COUNT, "operations per cycle", 1, 65536, "32",
     "element operations of the vector unit, for all but convolutions and products", HW_FIELD(lanes), NULL},
    {"compute.unlimited", HW_BOOL, "", 0, 0, "false", "computing takes no time, to see what DRAM alone costs",
     HW_FIELD(compute_unlimited), NULL},
    {"buffer.capacity", HW_BYTES, "bytes", 1, UINT64_C(1) << 40, "256KiB", "size of the on-chip buffer",
     HW_FIELD(buffer_capacity_bytes), NULL},
    {"buffer.read_bytes_per_cycle", HW_COUNT, "bytes per cycle", 1, 1048576, "64", "what the buffer's ports read",
     HW_FIELD(buffer_read_bytes_per_cycle), NULL},
    {"buffer.write_bytes_per_cycle", HW_COUNT, "bytes per cycle", 1, 1048576, "64", "what the buffer's ports write",
     HW_FIELD(buffer_write_bytes_per_cycle), NULL},
    {"buffer.in_place", HW_BOOL, "", 0, 0, "true",
     "elementwise ops write over an input row that dies in the same firing", HW_FIELD(in_place), NULL},
    {"dma.read_queue", HW_COUNT, "requests", 1, 65536, "16", "reads of at most a DRAM page that may be in flight",
     HW_FIELD(dma_read_queue), NULL},
    {"dma.write_queue", HW_COUNT, "requests", 1, 65536, "16", "writes of at most a DRAM page that may be in flight",
     HW_FIELD(dma_write_queue), NULL},
    {"dram.standard", HW_TEXT, "", 1, HW_NAME_BYTES - 1, "LPDDR4-3200", "standard of the DRAM",
     HW_FIELD(dram_standard), NULL},
    {"dram.mapping", HW_TEXT, "", 0, HW_NAME_BYTES - 1, "",
     "how addresses map to rows, banks and columns; the standard's usual way if empty", HW_FIELD(dram_mapping), NULL},
    {"dram.channels", HW_COUNT, "channels", 1, 64, "1", "DRAM channels, which addresses alternate between",
     HW_FIELD(dram_channels), NULL},
    {"dram.unlimited", HW_BOOL, "", 0, 0, "false", "transfers take no time, to see what computing alone costs",
     HW_FIELD(dram_unlimited), NULL},
    {"data.activation_bits", HW_COUNT, "bits", 1, 64, "8", "size of an activation", HW_FIELD(activation_bits), NULL},
    {"data.weight_bits", HW_COUNT, "bits", 1, 64, "8", "size of a weight", HW_FIELD(weight_bits), NULL},
    {"data.bias_bits", HW_COUNT, "bits", 1, 64, "32", "size of a bias", HW_FIELD(bias_bits), NULL},
    {"brr.subgroup_channels", HW_COUNT, "channels", 1, 65536, "1",
     "output channels whose weights stream at a time under BRR", HW_FIELD(brr_subgroup_channels), NULL},
    {"brr.residency", HW_BOOL, "", 0, 0, "true", "under brr-plus weights of some ops stay while others stream",
     HW_FIELD(brr_residency), NULL},
    {"brr.slicing", HW_BOOL, "", 0, 0, "true", "under brr-plus maps may pass in slices of channels",
     HW_FIELD(brr_slicing), NULL},
    {"energy.mac_pj", HW_REAL, "pJ", 0, HW_MAX_PICOJOULES, "0.3", "energy of a multiply-accumulate", HW_FIELD(mac_pj),
     NULL},
    {"energy.vector_op_pj", HW_REAL, "pJ", 0, HW_MAX_PICOJOULES, "0.1", "energy of an element operation",
     HW_FIELD(vector_op_pj), NULL},
    {"energy.buffer_read_pj_per_byte", HW_REAL, "pJ per byte", 0, HW_MAX_PICOJOULES, "6.6",
     "energy of reading the buffer", HW_FIELD(buffer_read_pj_per_byte), NULL},
    {"energy.buffer_write_pj_per_byte", HW_REAL, "pJ per byte", 0, HW_MAX_PICOJOULES, "6.6",
     "energy of writing the buffer", HW_FIELD(buffer_write_pj_per_byte), NULL},
    {"energy.dram_read_pj_per_byte", HW_REAL, "pJ per byte", 0, HW_MAX_PICOJOULES, "67.8",
     "energy of a read burst in an open row", HW_FIELD(dram_read_pj_per_byte), NULL},
    {"energy.dram_write_pj_per_byte", HW_REAL, "pJ per byte", 0, HW_MAX_PICOJOULES, "40.3",
     "energy of a write burst in an open row", HW_FIELD(dram_write_pj_per_byte), NULL},
    {"energy.dram_activate_pj", HW_REAL, "pJ", 0, HW_MAX_PICOJOULES, "2409",
     "energy of opening and closing a DRAM row of a channel", HW_FIELD(dram_activate_pj), NULL},
    {"energy.static_mw", HW_REAL, "mW", 0, HW_MAX_MILLIWATTS, "87.2",
     "power that flows all the time: leakage, DRAM standby and refresh", HW_FIELD(static_mw), NULL},
};

const size_t hw_key_count = sizeof hw_keys / sizeof hw_keys[0];

/* Each type has a parser (0 or -1) into the field and a sentence on what it takes. */
static int hw_parse_text(void *field, const struct hw_key *key, const char *text) {
  size_t length = strlen(text);
  if (length < key->minimum || length > key->maximum || !text_is_utf8(text)) return -1;
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) return -1;
  }
  memcpy(field, text, length + 1);
  return 0;
}

static int hw_parse_bytes(void *field, const struct hw_key *key, const char *text) {
  uint64_t value;
  if (units_parse_bytes(&value, text) != 0 || value < key->minimum || value > key->maximum) return -1;
  *(uint64_t *)field = value;
  return 0;
}

static int hw_parse_count(void *field, const struct hw_key *key, const char *text) {
  uint64_t value;
  if (units_parse_u64(&value, text) != 0 || value < key->minimum || value > key->maximum) return -1;
  *(uint32_t *)field = (uint32_t)value;
  return 0;
}

/* Written so that a NaN fails. */
static int hw_parse_real(void *field, const struct hw_key *key, const char *text) {
  double value;
  if (units_parse_real(&value, text) != 0) return -1;
  if (!(value >= (double)key->minimum && value <= (double)key->maximum)) return -1;
  *(double *)field = value;
  return 0;
}

static int hw_parse_name(void *field, const struct hw_key *key, const char *text) {
  for (uint32_t i = 0; key->names[i] != NULL; i++) {
    if (strcmp(key->names[i], text) != 0) continue;
    *(uint32_t *)field = i;
    return 0;
  }
  return -1;
}

static int hw_parse_bool(void *field, const struct hw_key *key, const char *text) {
  (void)key;
  if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) return -1;
  *(bool *)field = text[0] == 't';
  return 0;
}

static void hw_expect_text(char *out, size_t size, const struct hw_key *key) {
  snprintf(out, size, "%llu to %llu bytes of text without control characters", (unsigned long long)key->minimum,
           (unsigned long long)key->maximum);
}

static void hw_expect_bytes(char *out, size_t size, const struct hw_key *key) {
  char low[UNITS_TEXT_BYTES], high[UNITS_TEXT_BYTES];
  snprintf(out, size, "a size from %s to %s, such as %s or a number of bytes",
           units_format_bytes(low, key->minimum), units_format_bytes(high, key->maximum), key->initial);
}

static void hw_expect_count(char *out, size_t size, const struct hw_key *key) {
  snprintf(out, size, "a whole number of %s from %llu to %llu", key->unit, (unsigned long long)key->minimum,
           (unsigned long long)key->maximum);
}

static void hw_expect_real(char *out, size_t size, const struct hw_key *key) {
  snprintf(out, size, "a number of %s from %llu to %llu", key->unit, (unsigned long long)key->minimum,
           (unsigned long long)key->maximum);
}

static void hw_expect_name(char *out, size_t size, const struct hw_key *key) {
  size_t used = (size_t)snprintf(out, size, "one of");
  for (size_t i = 0; key->names[i] != NULL && used < size; i++) {
    used += (size_t)snprintf(out + used, size - used, "%s %s", i == 0 ? "" : ",", key->names[i]);
  }
}

static void hw_expect_bool(char *out, size_t size, const struct hw_key *key) {
  (void)key;
  snprintf(out, size, "true or false");
}

static const struct {
  int (*parse)(void *field, const struct hw_key *key, const char *text);
  void (*expect)(char *out, size_t size, const struct hw_key *key);
} hw_types[] = {
    [HW_TEXT] = {hw_parse_text, hw_expect_text},
    [HW_BYTES] = {hw_parse_bytes, hw_expect_bytes},
    [HW_COUNT] = {hw_parse_count, hw_expect_count},
    [HW_REAL] = {hw_parse_real, hw_expect_real},
    [HW_NAME] = {hw_parse_name, hw_expect_name},
    [HW_BOOL] = {hw_parse_bool, hw_expect_bool},
};

void hw_key_expected(char text[HW_EXPECTED_BYTES], const struct hw_key *key) {
  hw_types[key->type].expect(text, HW_EXPECTED_BYTES, key);
}

static void *hw_field(struct hw *hw, const struct hw_key *key) { return (unsigned char *)hw + key->offset; }

struct hw hw_default(void) {
  struct hw hw;
  memset(&hw, 0, sizeof hw);
  for (size_t i = 0; i < hw_key_count; i++) {
    hw_types[hw_keys[i].type].parse(hw_field(&hw, &hw_keys[i]), &hw_keys[i], hw_keys[i].initial);
  }
  return hw;
}

static const struct hw_key *hw_find_dotted(const char *name) {
  for (size_t i = 0; i < hw_key_count; i++) {
    if (strcmp(hw_keys[i].key, name) == 0) return &hw_keys[i];
  }
  return NULL;
}

static int hw_unknown_dotted(const char *name, struct error *err) {
  char section[HW_NAME_BYTES];
  const char *point = strchr(name, '.');
  if (point == NULL || (size_t)(point - name) >= sizeof section) return hw_key_unknown("", name, err);
  memcpy(section, name, (size_t)(point - name));
  section[point - name] = '\0';
  return hw_section_exists(section) ? hw_key_unknown(section, point + 1, err) : hw_key_unknown("", name, err);
}

int hw_set(struct hw *hw, const char *key, const char *text, struct error *err) {
  char expected[HW_EXPECTED_BYTES];
  const struct hw_key *found = hw_find_dotted(key);
  if (found == NULL) return hw_unknown_dotted(key, err);
  if (hw_types[found->type].parse(hw_field(hw, found), found, text) == 0) return 0;
  hw_key_expected(expected, found);
  return error_set(err, ERROR_INPUT, "%s is '%.80s'; expected %s", found->key, text, expected);
}
