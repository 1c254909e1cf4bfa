#include "util/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
  const char *name;
  uint64_t bytes;
} units[] = {
    {"", 1},          {"B", 1},
    {"K", 1ull << 10}, {"KiB", 1ull << 10}, {"KB", 1000ull},
    {"M", 1ull << 20}, {"MiB", 1ull << 20}, {"MB", 1000000ull},
    {"G", 1ull << 30}, {"GiB", 1ull << 30}, {"GB", 1000000000ull},
    {"T", 1ull << 40}, {"TiB", 1ull << 40}, {"TB", 1000000000000ull},
};

static uint64_t units_factor(const char *name) {
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    if (strcasecmp(name, units[i].name) == 0) return units[i].bytes;
  }
  return 0;
}

int units_parse_u64(uint64_t *value, const char *text) {
  char *end;
  if (!isdigit((unsigned char)text[0])) return -1;
  errno = 0;
  unsigned long long parsed = strtoull(text, &end, 10);
  if (errno != 0 || *end != '\0') return -1;
  *value = parsed;
  return 0;
}

int units_parse_real(double *value, const char *text) {
  char *end;
  if (!isdigit((unsigned char)text[0]) || text[strspn(text, "0123456789.eE+-")] != '\0') return -1;
  double parsed = strtod(text, &end);
  if (*end != '\0' || !isfinite(parsed)) return -1;
  *value = parsed;
  return 0;
}

/* Fewer than 15 digits, which always come back, would turn 1600 into 1.6e+03. */
const char *units_format_real(char *text, double value) {
  const int sure = 17;
  for (int digits = 15; digits <= sure; digits++) {
    snprintf(text, UNITS_TEXT_BYTES, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  return text;
}

/* Decimal digits with an optional fraction, times factor, exactly; -1 if not whole. */
static int units_scale(uint64_t *bytes, const char *number, size_t length, uint64_t factor) {
  __extension__ unsigned __int128 value = 0, scale = 1;
  int seen_point = 0;
  for (size_t i = 0; i < length; i++) {
    if (number[i] == '.') {
      seen_point = 1;
      continue;
    }
    value = value * 10 + (unsigned)(number[i] - '0');
    if (seen_point) scale *= 10;
    if (value >> 64 != 0 || scale >> 40 != 0) return -1;
  }
  value *= factor;
  if (value % scale != 0 || value / scale > INT64_MAX) return -1;
  *bytes = (uint64_t)(value / scale);
  return 0;
}

int units_parse_bytes(uint64_t *bytes, const char *text) {
  size_t length = strspn(text, "0123456789.");
  const char *point = memchr(text, '.', length);
  if (!isdigit((unsigned char)text[0]) || text[length - 1] == '.') return -1;
  if (point != NULL && strchr(point + 1, '.') != NULL) return -1;
  const char *unit = text + length;
  if (*unit == ' ' && unit[1] != '\0') unit++;
  uint64_t factor = units_factor(unit);
  return factor == 0 ? -1 : units_scale(bytes, text, length, factor);
}

const char *units_format_bytes(char *text, uint64_t bytes) {
  static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  double value = (double)bytes;
  if (bytes < 10240 && bytes % 1024 != 0) {
    snprintf(text, UNITS_TEXT_BYTES, "%llu B", (unsigned long long)bytes);
    return text;
  }
  while (value >= 1024 && unit + 1 < sizeof names / sizeof names[0]) {
    value /= 1024;
    unit++;
  }
  snprintf(text, UNITS_TEXT_BYTES, value >= 1000 ? "%.0f %s" : "%.4g %s", value, names[unit]);
  return text;
}

const char *units_format_whole_bytes(char *text, uint64_t bytes) {
  static const char *const names[] = {"", "KiB", "MiB", "GiB"};
  size_t unit = 0;
  while (unit < 3 && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    unit++;
  }
  snprintf(text, UNITS_TEXT_BYTES, "%llu%s", (unsigned long long)bytes, names[unit]);
  return text;
}
