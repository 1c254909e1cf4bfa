#include "gnn/safetensors.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/file.h"
#include "util/saturate.h"

/* Of a header that is read: JSON in memory is much larger than its text. Ours have a few kilobytes. */
#define MAX_HEADER_BYTES ((uint64_t)1 << 20)
#define METADATA_KEY "__metadata__"
enum { LENGTH_BYTES = 8, VALUE_BYTES = 4, HEADER_ALIGNMENT = 8 };

/* ---- reading ---- */

struct parser {
  struct safetensors *out;
  const char *name;
  const unsigned char *data; /* behind the header */
  uint64_t data_bytes;
  struct span *spans; /* by tensor */
};

/* Where the values of a tensor are in the data. */
struct span {
  uint64_t begin, end;
  struct safetensor *tensor;
};

static uint64_t little_endian(const unsigned char *bytes, unsigned count) {
  uint64_t value = 0;
  for (unsigned i = 0; i < count; i++) value |= (uint64_t)bytes[i] << 8 * i;
  return value;
}

/* A list of up to `limit` whole numbers >= 0; -1 if it is anything else. */
static int take_counts(uint64_t *counts, uint32_t *count, const json_t *list, uint32_t limit) {
  if (!json_is_array(list) || json_array_size(list) > limit) return -1;
  *count = (uint32_t)json_array_size(list);
  for (uint32_t i = 0; i < *count; i++) {
    const json_t *item = json_array_get(list, i);
    if (!json_is_integer(item) || json_integer_value(item) < 0) return -1;
    counts[i] = (uint64_t)json_integer_value(item);
  }
  return 0;
}

/* How many values the shape has; 0 if it is none that is read. */
static uint64_t take_shape(struct safetensor *tensor, const json_t *shape) {
  uint64_t values = 1;
  if (take_counts(tensor->dims, &tensor->rank, shape, SAFETENSORS_MAX_RANK) != 0) return 0;
  for (uint32_t d = 0; d < tensor->rank; d++) values = saturate_multiply(values, tensor->dims[d]);
  return values;
}

static int complain(const struct parser *parser, const char *tensor, const char *what, struct error *err) {
  return error_input(err, parser->name, 0, "tensor '%.80s': %s", tensor, what);
}

static int take_entry(struct parser *parser, struct span *span, const json_t *entry, struct error *err) {
  struct safetensor *tensor = span->tensor;
  const json_t *dtype = json_object_get(entry, "dtype");
  uint64_t offsets[2];
  uint32_t offset_count = 0;
  if (!json_is_object(entry) || json_object_size(entry) != 3 || dtype == NULL) {
    return complain(parser, tensor->name, "expected dtype, shape and data_offsets, and nothing else", err);
  }
  if (!json_is_string(dtype) || strcmp(json_string_value(dtype), "F32") != 0) {
    return complain(parser, tensor->name, "expected dtype F32, the only one that is read", err);
  }
  uint64_t values = take_shape(tensor, json_object_get(entry, "shape"));
  if (values == 0) {
    return complain(parser, tensor->name, "expected as shape a list of up to 4 sizes, each 1 or more", err);
  }
  if (take_counts(offsets, &offset_count, json_object_get(entry, "data_offsets"), 2) != 0 || offset_count != 2) {
    return complain(parser, tensor->name, "expected as data_offsets a list of two numbers", err);
  }
  span->begin = offsets[0];
  span->end = offsets[1];
  if (span->begin > span->end || span->end > parser->data_bytes) {
    return error_input(err, parser->name, 0, "tensor '%.80s': its data ends at %llu, but the file's at %llu",
                       tensor->name, (unsigned long long)span->end, (unsigned long long)parser->data_bytes);
  }
  if (span->end - span->begin == saturate_multiply(values, VALUE_BYTES)) return 0;
  return error_input(err, parser->name, 0, "tensor '%.80s': it has %llu bytes, but its shape asks for %llu",
                     tensor->name, (unsigned long long)(span->end - span->begin),
                     (unsigned long long)saturate_multiply(values, VALUE_BYTES));
}

static int take_values(struct parser *parser, const struct span *span, struct error *err) {
  uint64_t count = (span->end - span->begin) / VALUE_BYTES;
  float *values = ARENA_NEW(&parser->out->arena, float, count);
  if (values == NULL) return error_memory(err);
  for (uint64_t i = 0; i < count; i++) {
    uint32_t bits = (uint32_t)little_endian(parser->data + span->begin + i * VALUE_BYTES, VALUE_BYTES);
    memcpy(&values[i], &bits, sizeof values[i]);
    if (!isfinite(values[i])) {
      return error_input(err, parser->name, 0, "tensor '%.80s': value %llu is no finite number", span->tensor->name,
                         (unsigned long long)i);
    }
  }
  span->tensor->values = values;
  return 0;
}

static int compare_spans(const void *left, const void *right) {
  const struct span *a = left, *b = right;
  return a->begin < b->begin ? -1 : a->begin > b->begin;
}

/* Every byte of the data belongs to just one tensor: so all values together take no more memory than the file. */
static int check_layout(struct parser *parser, struct error *err) {
  size_t count = parser->out->tensor_count;
  uint64_t end = 0;
  if (count > 0) qsort(parser->spans, count, sizeof *parser->spans, compare_spans);
  for (size_t i = 0; i < count; i++) {
    const struct span *span = &parser->spans[i];
    if (span->begin != end) {
      return error_input(err, parser->name, 0, "tensor '%.80s': its data begins at %llu; expected %llu, where that "
                         "before it ends", span->tensor->name, (unsigned long long)span->begin,
                         (unsigned long long)end);
    }
    end = span->end;
  }
  if (end == parser->data_bytes) return 0;
  return error_input(err, parser->name, 0, "the tensors end at byte %llu of the data, but the file's ends at %llu",
                     (unsigned long long)end, (unsigned long long)parser->data_bytes);
}

static int compare_tensors(const void *left, const void *right) {
  return strcmp(((const struct safetensor *)left)->name, ((const struct safetensor *)right)->name);
}

static int compare_metadata(const void *left, const void *right) {
  return strcmp(((const struct safetensors_metadata *)left)->key, ((const struct safetensors_metadata *)right)->key);
}

static int take_tensors(struct parser *parser, json_t *header, struct error *err) {
  struct safetensors *out = parser->out;
  size_t room = json_object_size(header) + 1;
  const char *key;
  json_t *entry;
  out->tensors = ARENA_NEW(&out->arena, struct safetensor, room);
  parser->spans = ARENA_NEW(&out->arena, struct span, room);
  if (out->tensors == NULL || parser->spans == NULL) return error_memory(err);
  json_object_foreach(header, key, entry) {
    if (strcmp(key, METADATA_KEY) == 0) continue;
    struct span *span = &parser->spans[out->tensor_count];
    span->tensor = &out->tensors[out->tensor_count++];
    span->tensor->name = arena_strdup(&out->arena, key);
    if (span->tensor->name == NULL) return error_memory(err);
    if (take_entry(parser, span, entry, err) != 0) return -1;
  }
  if (check_layout(parser, err) != 0) return -1;
  for (size_t t = 0; t < out->tensor_count; t++) {
    if (take_values(parser, &parser->spans[t], err) != 0) return -1;
  }
  if (out->tensor_count > 0) qsort(out->tensors, out->tensor_count, sizeof *out->tensors, compare_tensors);
  return 0;
}

static int take_metadata(struct parser *parser, json_t *map, struct error *err) {
  struct safetensors *out = parser->out;
  const char *key;
  json_t *value;
  if (map == NULL) return 0;
  if (!json_is_object(map)) return error_input(err, parser->name, 0, METADATA_KEY " is no object");
  out->metadata = ARENA_NEW(&out->arena, struct safetensors_metadata, json_object_size(map) + 1);
  if (out->metadata == NULL) return error_memory(err);
  json_object_foreach(map, key, value) {
    if (!json_is_string(value)) {
      return error_input(err, parser->name, 0, METADATA_KEY ": '%.80s' is no text, as all values there are", key);
    }
    struct safetensors_metadata *item = &out->metadata[out->metadata_count++];
    item->key = arena_strdup(&out->arena, key);
    item->value = arena_strdup(&out->arena, json_string_value(value));
    if (item->key == NULL || item->value == NULL) return error_memory(err);
  }
  if (out->metadata_count > 0) qsort(out->metadata, out->metadata_count, sizeof *out->metadata, compare_metadata);
  return 0;
}

static int take_header(struct parser *parser, const char *text, size_t length, struct error *err) {
  json_error_t cause;
  json_t *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &cause);
  if (header == NULL) {
    return error_input(err, parser->name, 0, "the header is no JSON: %s at its byte %d", cause.text, cause.position);
  }
  int status = 0;
  if (!json_is_object(header)) status = error_input(err, parser->name, 0, "the header is no JSON object");
  if (status == 0) status = take_metadata(parser, json_object_get(header, METADATA_KEY), err);
  if (status == 0) status = take_tensors(parser, header, err);
  json_decref(header);
  return status;
}

int safetensors_parse(struct safetensors *out, const char *name, const void *bytes, size_t length, struct error *err) {
  const unsigned char *start = bytes;
  *out = (struct safetensors){.arena = ARENA_INIT};
  if (length < LENGTH_BYTES) {
    return error_input(err, name, 0, "%zu bytes are no safetensors file, which begins with 8 that tell the length of "
                       "its header", length);
  }
  uint64_t header = little_endian(start, LENGTH_BYTES), rest = length - LENGTH_BYTES;
  if (header > rest || header > MAX_HEADER_BYTES) {
    return error_input(err, name, 0, "no safetensors file: its first 8 bytes, the length of the header, say %llu; "
                       "expected at most %llu", (unsigned long long)header,
                       (unsigned long long)(rest < MAX_HEADER_BYTES ? rest : MAX_HEADER_BYTES));
  }
  struct parser parser = {
      .out = out, .name = name, .data = start + LENGTH_BYTES + header, .data_bytes = rest - header};
  int status = take_header(&parser, (const char *)start + LENGTH_BYTES, (size_t)header, err);
  if (status != 0) safetensors_free(out);
  return status;
}

int safetensors_read(struct safetensors *out, const char *path, struct error *err) {
  char *bytes;
  size_t length;
  if (file_read(&bytes, &length, path, SAFETENSORS_MAX_BYTES, err) != 0) return -1;
  int status = safetensors_parse(out, path, bytes, length, err);
  free(bytes);
  return status;
}

void safetensors_free(struct safetensors *file) {
  arena_free(&file->arena);
  *file = (struct safetensors){.arena = ARENA_INIT};
}

/* ---- asking ---- */

const struct safetensor *safetensors_find(const struct safetensors *file, const char *name) {
  for (size_t t = 0; t < file->tensor_count; t++) {
    if (strcmp(file->tensors[t].name, name) == 0) return &file->tensors[t];
  }
  return NULL;
}

const char *safetensors_find_metadata(const struct safetensors *file, const char *key) {
  for (size_t i = 0; i < file->metadata_count; i++) {
    if (strcmp(file->metadata[i].key, key) == 0) return file->metadata[i].value;
  }
  return NULL;
}

/* ---- writing ---- */

struct writing {
  const struct safetensors *file;
  char *header;
};

static uint64_t value_count(const struct safetensor *tensor) {
  uint64_t values = 1;
  for (uint32_t d = 0; d < tensor->rank; d++) values *= tensor->dims[d];
  return values;
}

/* Its description; NULL without memory. *offset moves behind its data. */
static json_t *describe(const struct safetensor *tensor, uint64_t *offset) {
  uint64_t begin = *offset;
  json_t *shape = json_array();
  int status = 0;
  for (uint32_t d = 0; d < tensor->rank && shape != NULL; d++) {
    status |= json_array_append_new(shape, json_integer((json_int_t)tensor->dims[d]));
  }
  *offset += value_count(tensor) * VALUE_BYTES;
  json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets", (json_int_t)begin,
                            (json_int_t)*offset);
  if (status == 0) return entry;
  json_decref(entry);
  return NULL;
}

/* The caller frees; NULL without memory or where a text is no UTF-8. */
static char *header_text(const struct safetensors *file) {
  json_t *header = json_object(), *metadata = json_object();
  int status = json_object_set(header, METADATA_KEY, metadata);
  uint64_t offset = 0;
  for (size_t i = 0; i < file->metadata_count; i++) {
    status |= json_object_set_new(metadata, file->metadata[i].key, json_string(file->metadata[i].value));
  }
  for (size_t t = 0; t < file->tensor_count; t++) {
    status |= json_object_set_new(header, file->tensors[t].name, describe(&file->tensors[t], &offset));
  }
  char *text = status == 0 ? json_dumps(header, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
  json_decref(metadata);
  json_decref(header);
  return text;
}

static void put_little_endian(FILE *stream, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++) putc((int)(value >> 8 * i & 0xff), stream);
}

static int put(void *context, FILE *stream, struct error *err) {
  const struct writing *writing = context;
  size_t length = strlen(writing->header), padding = (HEADER_ALIGNMENT - length % HEADER_ALIGNMENT) % HEADER_ALIGNMENT;
  (void)err;
  put_little_endian(stream, length + padding, LENGTH_BYTES);
  fprintf(stream, "%s%*s", writing->header, (int)padding, "");
  for (size_t t = 0; t < writing->file->tensor_count; t++) {
    const struct safetensor *tensor = &writing->file->tensors[t];
    uint64_t count = value_count(tensor);
    for (uint64_t i = 0; i < count; i++) {
      uint32_t bits;
      memcpy(&bits, &tensor->values[i], sizeof bits);
      put_little_endian(stream, bits, VALUE_BYTES);
    }
  }
  return 0; /* file_stream() finds failures of the stream */
}

/* What would be written is what can be read. */
static int check_size(const struct safetensors *file, size_t header_bytes, const char *path, struct error *err) {
  uint64_t bytes = LENGTH_BYTES + HEADER_ALIGNMENT + header_bytes;
  for (size_t t = 0; t < file->tensor_count; t++) bytes += value_count(&file->tensors[t]) * VALUE_BYTES;
  if (bytes <= SAFETENSORS_MAX_BYTES && header_bytes + HEADER_ALIGNMENT <= MAX_HEADER_BYTES) return 0;
  return error_set(err, ERROR_OUTPUT, "%s: not written: a header of %zu bytes in a file of %llu; at most %llu in %llu "
                   "can be read", path, header_bytes, (unsigned long long)bytes, (unsigned long long)MAX_HEADER_BYTES,
                   (unsigned long long)SAFETENSORS_MAX_BYTES);
}

static int check_values(const struct safetensors *file, const char *path, struct error *err) {
  for (size_t t = 0; t < file->tensor_count; t++) {
    const struct safetensor *tensor = &file->tensors[t];
    uint64_t count = value_count(tensor);
    for (uint64_t i = 0; i < count; i++) {
      if (isfinite(tensor->values[i])) continue;
      return error_set(err, ERROR_OUTPUT, "%s: not written: value %llu of tensor '%.80s' is no finite number", path,
                       (unsigned long long)i, tensor->name);
    }
  }
  return 0;
}

int safetensors_write(const struct safetensors *file, const char *path, struct error *err) {
  struct writing writing = {file, header_text(file)};
  if (writing.header == NULL) {
    return error_set(err, ERROR_OUTPUT, "%s: cannot be written: no memory, or a text that is no UTF-8", path);
  }
  int status = check_size(file, strlen(writing.header), path, err);
  if (status == 0) status = check_values(file, path, err);
  if (status == 0) status = file_stream(path, put, &writing, err);
  free(writing.header);
  return status;
}
