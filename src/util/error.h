/* Errors as values. A function that can fail returns 0 or a negative number and
 * describes the failure in the caller's struct error, which is its last argument
 * and may not be NULL. Nothing outside src/cli ends the process. */
#ifndef SPILLWAY_UTIL_ERROR_H
#define SPILLWAY_UTIL_ERROR_H

enum error_kind {
  ERROR_NONE = 0,
  ERROR_USAGE,  /* a command line or an argument that makes no sense */
  ERROR_INPUT,  /* a malformed or unreadable input file */
  ERROR_OUTPUT, /* a file or database that cannot be written */
  ERROR_MEMORY, /* allocation failed */
};

#define ERROR_MESSAGE_BYTES 1024

struct error {
  enum error_kind kind;
  char message[ERROR_MESSAGE_BYTES]; /* one line, no trailing newline */
};

#define ERROR_INIT {ERROR_NONE, ""}

/* All of these fill *err and return -1, so that `return error_...()` reads well.
 * A message that does not fit is cut, never overrun; control characters that came
 * from a file are shown as '?', so that a message is always one printable line. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "FILE:LINE: message"; line 0 leaves the line out. */
int error_input(struct error *err, const char *file, unsigned long line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

int error_memory(struct error *err);

#endif
