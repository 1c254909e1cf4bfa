#include "store/query_print.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "store/query_text.h"

const struct query_format query_formats[] = {
    {"table", "aligned columns for people", query_print_table},
    {"csv", "comma-separated values with a header line (RFC 4180)", query_print_csv},
    {"json", "array of objects", query_print_json},
    {"markdown", "a table in Markdown", query_print_markdown},
};
const size_t query_format_count = sizeof query_formats / sizeof query_formats[0];

static void csv_text(FILE *out, const char *bytes, size_t length) {
  bool quoted = length == 0 || bytes[0] == ' ' || bytes[length - 1] == ' ';
  for (size_t i = 0; i < length && !quoted; i++)
    quoted = bytes[i] != '\0' && strchr(",\"\r\n", bytes[i]) != NULL;
  if (quoted) fputc('"', out);
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] == '"') fputc('"', out);
    fputc(bytes[i], out);
  }
  if (quoted) fputc('"', out);
}

int query_print_csv(FILE *out, struct query *query, struct error *err) {
  size_t columns = query_column_count(query);
  int more;
  for (size_t i = 0; i < columns; i++) {
    const char *name = query_column_name(query, i);
    if (i > 0) fputc(',', out);
    csv_text(out, name, strlen(name));
  }
  fputs("\r\n", out);
  while ((more = query_step(query, err)) == 1 && !ferror(out)) {
    for (size_t i = 0; i < columns; i++) {
      struct query_value value = query_value(query, i);
      if (i > 0) fputc(',', out);
      query_print_value(out, &value, csv_text);
    }
    fputs("\r\n", out);
  }
  return more < 0 ? -1 : query_flush(out, err);
}

/* The letter of a two-character escape; 0 if c has none. */
static char json_escape(unsigned char c) {
  static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
  const char *found = c == '\0' ? NULL : strchr(plain, c);
  return found == NULL ? '\0' : letters[found - plain];
}

static void json_text(FILE *out, const char *bytes, size_t length) {
  fputc('"', out);
  for (size_t i = 0; i < length;) {
    size_t sequence = query_utf8_length(bytes + i, length - i);
    unsigned char c = (unsigned char)bytes[i];
    if (sequence == 0) {
      fputs("\\ufffd", out);
    } else if (json_escape(c) != '\0') {
      fprintf(out, "\\%c", json_escape(c));
    } else if (c < 0x20) {
      fprintf(out, "\\u%04x", c);
    } else {
      fwrite(bytes + i, 1, sequence, out);
    }
    i += sequence == 0 ? 1 : sequence;
  }
  fputc('"', out);
}

static void json_value(FILE *out, const struct query_value *value) {
  char number[QUERY_NUMBER_BYTES];
  /* JSON has no infinity; readers take a number beyond their range for one. */
  double infinite = value->type == QUERY_REAL && isinf(value->real) ? value->real : 0;
  switch (value->type) {
    case QUERY_NULL:
      fputs("null", out);
      break;
    case QUERY_REAL:
    case QUERY_INTEGER:
      fputs(infinite == 0 ? query_number_text(number, value) : infinite > 0 ? "1e999" : "-1e999", out);
      break;
    case QUERY_TEXT:
      json_text(out, value->bytes, value->length);
      break;
    case QUERY_BLOB:
      fputc('"', out);
      query_print_hex(out, value);
      fputc('"', out);
      break;
  }
}

int query_print_json(FILE *out, struct query *query, struct error *err) {
  size_t columns = query_column_count(query);
  const char *before = "\n";
  int more;
  fputc('[', out);
  while ((more = query_step(query, err)) == 1 && !ferror(out)) {
    fputs(before, out);
    for (size_t i = 0; i < columns; i++) {
      const char *name = query_column_name(query, i);
      struct query_value value = query_value(query, i);
      fputs(i == 0 ? "{" : ", ", out);
      json_text(out, name, strlen(name));
      fputs(": ", out);
      json_value(out, &value);
    }
    fputc('}', out);
    before = ",\n";
  }
  fputs(before[0] == ',' ? "\n]\n" : "]\n", out);
  return more < 0 ? -1 : query_flush(out, err);
}
