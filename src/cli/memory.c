#include "cli/memory.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"

void *cli_checked(void *memory) {
  if (memory != NULL) return memory;
  fputs("spillway: out of memory\n", stderr);
  exit(2);
}

void *cli_alloc(size_t count, size_t size) { return cli_checked(calloc(count == 0 ? 1 : count, size)); }

void *cli_grow(void *memory, size_t count, size_t size) { return cli_checked(reallocarray(memory, count, size)); }

char *cli_strdup(const char *text) { return cli_checked(strdup(text)); }

char *cli_format(const char *format, ...) {
  va_list args;
  char *text;
  va_start(args, format);
  int length = vasprintf(&text, format, args);
  va_end(args);
  return cli_checked(length < 0 ? NULL : text);
}

char *cli_clean(const char *text) {
  char *copy = cli_strdup(text);
  bool ascii_only = !text_is_utf8(text);
  for (char *c = copy; *c != '\0'; c++) {
    unsigned char byte = (unsigned char)*c;
    if (byte < 0x20 || byte == 0x7f || (ascii_only && byte >= 0x80)) *c = '?';
  }
  return copy;
}

void cli_print(const char *format, ...) {
  va_list args;
  char *text;
  va_start(args, format);
  int length = vasprintf(&text, format, args);
  va_end(args);
  cli_checked(length < 0 ? NULL : text);
  for (char *rest = text; rest != NULL;) {
    char *clean = cli_clean(strsep(&rest, "\n"));
    fputs(clean, stdout);
    if (rest != NULL) putchar('\n');
    free(clean);
  }
  free(text);
}

static void *document_alloc(size_t size) { return cli_checked(malloc(size)); }

void cli_memory_start(void) { json_set_alloc_funcs(document_alloc, free); }
