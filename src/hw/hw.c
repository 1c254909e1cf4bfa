#include "hw/hw.h"

#include <stdio.h>
#include <string.h>

#include "hw/key.h"
#include "util/text.h"
#include "util/units.h"

#define HW_FIELD(field) offsetof(struct hw, field)

/* Keys of one section stand together; HW_COUNT fields are uint32_t, and so their maxima. */
const struct hw_key hw_keys[] = {
    {"name", HW_TEXT, "", 0, 0, "default", "what results call this hardware", HW_FIELD(name)},
    {"buffer.capacity", HW_BYTES, "bytes", 1, UINT64_C(1) << 40, "256KiB", "size of the on-chip buffer",
     HW_FIELD(buffer_capacity_bytes)},
    {"buffer.in_place", HW_BOOL, "", 0, 0, "true",
     "elementwise ops write over an input row that dies in the same firing", HW_FIELD(in_place)},
    {"data.activation_bits", HW_COUNT, "bits", 1, 64, "8", "size of an activation",
     HW_FIELD(activation_bits)},
    {"data.weight_bits", HW_COUNT, "bits", 1, 64, "8", "size of a weight", HW_FIELD(weight_bits)},
    {"data.bias_bits", HW_COUNT, "bits", 1, 64, "32", "size of a bias", HW_FIELD(bias_bits)},
    {"brr.subgroup_channels", HW_COUNT, "channels", 1, 65536, "1",
     "output channels whose weights stream at a time under BRR", HW_FIELD(brr_subgroup_channels)},
};

const size_t hw_key_count = sizeof hw_keys / sizeof hw_keys[0];

/* Each type has a parser (0 or -1) into the field and a sentence on what it takes. */
static int hw_parse_text(void *field, const struct hw_key *key, const char *text) {
  size_t length = strlen(text);
  (void)key;
  if (length == 0 || length >= HW_NAME_BYTES || !text_is_utf8(text)) return -1;
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

static int hw_parse_bool(void *field, const struct hw_key *key, const char *text) {
  (void)key;
  if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) return -1;
  *(bool *)field = text[0] == 't';
  return 0;
}

static void hw_expect_text(char *out, size_t size, const struct hw_key *key) {
  (void)key;
  snprintf(out, size, "1 to %d bytes of text without control characters", HW_NAME_BYTES - 1);
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
    [HW_BOOL] = {hw_parse_bool, hw_expect_bool},
};

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
  char expected[128];
  const struct hw_key *found = hw_find_dotted(key);
  if (found == NULL) return hw_unknown_dotted(key, err);
  if (hw_types[found->type].parse(hw_field(hw, found), found, text) == 0) return 0;
  hw_types[found->type].expect(expected, sizeof expected, found);
  return error_set(err, ERROR_INPUT, "%s is '%.80s'; expected %s", found->key, text, expected);
}
