#include "cli/document.h"

#include <math.h>
#include <stdlib.h>

#include "cli/memory.h"

json_t *document_text(const char *text) {
  if (text == NULL) return json_null();
  char *clean = cli_clean(text);
  json_t *value = json_string(clean);
  free(clean);
  return value;
}

json_t *document_count(uint64_t count) { return json_integer((json_int_t)count); }

json_t *document_real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

void document_add(json_t *object, const char *key, json_t *value) { json_object_set_new(object, key, value); }

void document_add_text(json_t *object, const char *key, const char *text) {
  document_add(object, key, document_text(text));
}

void document_add_count(json_t *object, const char *key, uint64_t count) {
  document_add(object, key, document_count(count));
}

void document_add_real(json_t *object, const char *key, double value) {
  document_add(object, key, document_real(value));
}

void document_append(json_t *list, json_t *value) { json_array_append_new(list, value); }

void document_finish(json_t *document) {
  json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
  fputc('\n', stdout);
  json_decref(document);
}
