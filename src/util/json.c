#include "util/json.h"

#include <stdbool.h>

#include "util/text.h"

static void put_escaped(FILE *file, const char *text) {
  bool utf8 = text_is_utf8(text);
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') {
      putc('\\', file);
      putc(c, file);
    } else if (c < 0x20) {
      fprintf(file, "\\u%04x", c);
    } else {
      putc(c >= 0x80 && !utf8 ? '?' : c, file);
    }
  }
}

void json_put_string(FILE *file, const char *prefix, const char *text) {
  putc('"', file);
  put_escaped(file, prefix);
  put_escaped(file, text);
  putc('"', file);
}
