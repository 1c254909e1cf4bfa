#include "store/query_text.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

const char *query_number_text(char *text, const struct query_value *value) {
  text[0] = '\0';
  if (value->type == QUERY_INTEGER) {
    sqlite3_snprintf(QUERY_NUMBER_BYTES, text, "%lld", (long long)value->integer);
  } else if (value->type == QUERY_REAL) {
    sqlite3_snprintf(QUERY_NUMBER_BYTES, text, "%!.15g", value->real);
  }
  return text;
}

/* Sequences by their first byte, with the range of the second byte that keeps overlong forms,
 * surrogates and code points above U+10FFFF out (Unicode standard, table 3-7). */
static const struct {
  unsigned char first_low, first_high, second_low, second_high;
  size_t length;
} utf8_sequences[] = {
    {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t query_utf8_length(const char *bytes, size_t length) {
  const unsigned char *b = (const unsigned char *)bytes;
  if (length == 0) return 0;
  for (size_t i = 0; i < sizeof utf8_sequences / sizeof utf8_sequences[0]; i++) {
    size_t wanted = utf8_sequences[i].length;
    if (b[0] < utf8_sequences[i].first_low || b[0] > utf8_sequences[i].first_high) continue;
    if (wanted > length) return 0;
    if (wanted > 1 && (b[1] < utf8_sequences[i].second_low || b[1] > utf8_sequences[i].second_high)) return 0;
    for (size_t k = 2; k < wanted; k++) {
      if ((b[k] & 0xc0) != 0x80) return 0;
    }
    return wanted;
  }
  return 0;
}

void query_hex(char text[3], char byte) {
  static const char digits[] = "0123456789abcdef";
  text[0] = digits[(unsigned char)byte >> 4];
  text[1] = digits[byte & 15];
  text[2] = '\0';
}

int query_flush(FILE *out, struct error *err) {
  if (fflush(out) == 0 && !ferror(out)) return 0;
  return error_set(err, ERROR_OUTPUT, "cannot write the result of the query: %s", strerror(errno));
}

void query_print_hex(FILE *out, const struct query_value *blob) {
  char hex[3];
  for (size_t i = 0; i < blob->length; i++) {
    query_hex(hex, blob->bytes[i]);
    fputs(hex, out);
  }
}

void query_print_value(FILE *out, const struct query_value *value,
                       void (*print_text)(FILE *out, const char *bytes, size_t length)) {
  char number[QUERY_NUMBER_BYTES];
  switch (value->type) {
    case QUERY_NULL:
      break;
    case QUERY_INTEGER:
    case QUERY_REAL:
      fputs(query_number_text(number, value), out);
      break;
    case QUERY_TEXT:
      print_text(out, value->bytes, value->length);
      break;
    case QUERY_BLOB:
      query_print_hex(out, value);
      break;
  }
}
