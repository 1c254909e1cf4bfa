#include "util/error.h"

#include <stdarg.h>
#include <stdio.h>

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
  va_list args;
  int used;
  err->kind = ERROR_INPUT;
  if (line == 0) {
    used = snprintf(err->message, sizeof err->message, "%s: ", file);
  } else {
    used = snprintf(err->message, sizeof err->message, "%s:%lu: ", file, line);
  }
  if (used >= 0 && (size_t)used < sizeof err->message) {
    va_start(args, format);
    vsnprintf(err->message + used, sizeof err->message - (size_t)used, format, args);
    va_end(args);
  }
  error_make_printable(err->message);
  return -1;
}

int error_memory(struct error *err) {
  return error_set(err, ERROR_MEMORY, "out of memory");
}
