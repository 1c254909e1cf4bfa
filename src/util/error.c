#include "util/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void error_make_printable(char *text) {
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    if (c < 0x20 || c == 0x7f) *text = '?';
  }
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...) {
  va_list args;
  err->kind = kind;
  va_start(args, format);
  vsnprintf(err->message, sizeof err->message, format, args);
  va_end(args);
  error_make_printable(err->message);
  return -1;
}

int error_input(struct error *err, const char *file, unsigned long line, const char *format, ...) {
  enum { LONGEST_FILE = 300 }; /* of a longer path the end is shown, so that the reason has room */
  va_list args;
  size_t length = strlen(file);
  bool cut = length > LONGEST_FILE;
  const char *shown = cut ? file + length - LONGEST_FILE : file;
  err->kind = ERROR_INPUT;
  int used = snprintf(err->message, sizeof err->message, "%s%s:", cut ? "..." : "", shown);
  if (line != 0) used += snprintf(err->message + used, sizeof err->message - (size_t)used, "%lu:", line);
  used += snprintf(err->message + used, sizeof err->message - (size_t)used, " ");
  va_start(args, format);
  vsnprintf(err->message + used, sizeof err->message - (size_t)used, format, args);
  va_end(args);
  error_make_printable(err->message);
  return -1;
}

int error_memory(struct error *err) {
  return error_set(err, ERROR_MEMORY, "out of memory");
}
