#include "util/yaml_write.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "util/text.h"

struct yaml_writer {
  yaml_emitter_t emitter;
  char *bytes;
  size_t length, capacity;
  bool failed;
  struct error error; /* why, if failed */
};

static void yaml_writer_fail(struct yaml_writer *writer) {
  if (!writer->failed) error_memory(&writer->error);
  writer->failed = true;
}

/* libyaml's write handler: 1 on success. One byte more is kept for the final NUL. */
static int yaml_writer_append(void *data, unsigned char *bytes, size_t length) {
  struct yaml_writer *writer = data;
  if (writer->capacity - writer->length <= length) {
    size_t capacity = writer->capacity * 2 + length + 1;
    char *grown = realloc(writer->bytes, capacity);
    if (grown == NULL) return 0;
    writer->bytes = grown;
    writer->capacity = capacity;
  }
  memcpy(writer->bytes + writer->length, bytes, length);
  writer->length += length;
  return 1;
}

/* Hands an event over, or does nothing after a failure. made: it could be initialised.
 * libyaml frees the event, also when it fails. */
static void yaml_writer_emit(struct yaml_writer *writer, yaml_event_t *event, int made) {
  if (!made || !yaml_emitter_emit(&writer->emitter, event)) yaml_writer_fail(writer);
}

struct yaml_writer *yaml_writer_create(void) {
  yaml_event_t event;
  struct yaml_writer *writer = calloc(1, sizeof *writer);
  if (writer == NULL) return NULL;
  if (!yaml_emitter_initialize(&writer->emitter)) {
    free(writer);
    return NULL;
  }
  yaml_emitter_set_output(&writer->emitter, yaml_writer_append, writer);
  yaml_emitter_set_unicode(&writer->emitter, 1);
  yaml_emitter_set_width(&writer->emitter, -1);
  yaml_writer_emit(writer, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
  if (!writer->failed) {
    yaml_writer_emit(writer, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
  }
  return writer;
}

void yaml_writer_map(struct yaml_writer *writer) {
  yaml_event_t event;
  if (writer == NULL || writer->failed) return;
  yaml_writer_emit(writer, &event,
                   yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

void yaml_writer_map_end(struct yaml_writer *writer) {
  yaml_event_t event;
  if (writer == NULL || writer->failed) return;
  yaml_writer_emit(writer, &event, yaml_mapping_end_event_initialize(&event));
}

void yaml_writer_list(struct yaml_writer *writer) {
  yaml_event_t event;
  if (writer == NULL || writer->failed) return;
  yaml_writer_emit(writer, &event,
                   yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
}

void yaml_writer_list_end(struct yaml_writer *writer) {
  yaml_event_t event;
  if (writer == NULL || writer->failed) return;
  yaml_writer_emit(writer, &event, yaml_sequence_end_event_initialize(&event));
}

static void yaml_writer_scalar(struct yaml_writer *writer, const char *text, yaml_scalar_style_t style) {
  yaml_event_t event;
  size_t length = strlen(text);
  if (length > INT32_MAX) {
    yaml_writer_fail(writer);
    return;
  }
  yaml_writer_emit(
      writer, &event,
      yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)length, 1, 1, style));
}

/* Words of YAML 1.1 that stand for booleans and nothing. */
static bool yaml_writer_is_reserved(const char *text) {
  static const char *const words[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcasecmp(text, words[i]) == 0) return true;
  }
  return false;
}

/* A letter, '/' or '_' and then letters, digits and "/_.-" mean only themselves. */
static bool yaml_writer_is_simple(const char *text) {
  if (!isalpha((unsigned char)text[0]) && text[0] != '/' && text[0] != '_') return false;
  for (const char *at = text; *at != '\0'; at++) {
    unsigned char c = (unsigned char)*at;
    if (c >= 0x80 || (!isalnum(c) && strchr("/_.-", c) == NULL)) return false;
  }
  return !yaml_writer_is_reserved(text);
}

void yaml_writer_text(struct yaml_writer *writer, const char *text) {
  if (writer == NULL || writer->failed) return;
  if (!text_is_utf8(text)) {
    error_set(&writer->error, ERROR_INPUT, "'%s' is not UTF-8 text and cannot be written as YAML", text);
    writer->failed = true;
    return;
  }
  bool simple = yaml_writer_is_simple(text);
  yaml_writer_scalar(writer, text, simple ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

void yaml_writer_plain(struct yaml_writer *writer, const char *text) {
  if (writer == NULL || writer->failed) return;
  yaml_writer_scalar(writer, text, YAML_PLAIN_SCALAR_STYLE);
}

char *yaml_writer_finish(struct yaml_writer *writer, struct error *err) {
  yaml_event_t event;
  char *text = NULL;
  if (writer == NULL) {
    error_memory(err);
    return NULL;
  }
  if (!writer->failed) yaml_writer_emit(writer, &event, yaml_document_end_event_initialize(&event, 1));
  if (!writer->failed) yaml_writer_emit(writer, &event, yaml_stream_end_event_initialize(&event));
  yaml_emitter_delete(&writer->emitter);
  if (writer->failed) {
    *err = writer->error;
    free(writer->bytes);
  } else {
    text = writer->bytes;
    text[writer->length] = '\0';
  }
  free(writer);
  return text;
}
