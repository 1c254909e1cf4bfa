/* Unpacking of a file that may be hostile. protobuf-c recurses as deep as the messages
 * nest, merges a message that comes twice in quadratic time, and allocates up to a hundred
 * bytes for one of the file, so the wire format is walked first, and memory is bounded. */
#include <stdlib.h>
#include <string.h>

#include "graph/onnx_import.h"

enum { SCAN_MAX_DEPTH = 32, SCAN_MAX_FIELDS = 64 };

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* A message that is being walked. */
struct scan_level {
  const ProtobufCMessageDescriptor *type;
  const uint8_t *end;
  uint64_t seen; /* by field of the type: single messages that have come */
};

struct scan {
  const uint8_t *start, *at;
  struct scan_level levels[SCAN_MAX_DEPTH];
  uint32_t depth; /* levels in use */
  const char *path;
  struct error *err;
};

static int scan_fail(const struct scan *scan, const char *what) {
  return error_input(scan->err, scan->path, 0,
                     "not an ONNX file: %s at byte %zu (in a %s); expected a protobuf ModelProto", what,
                     (size_t)(scan->at - scan->start), scan->levels[scan->depth - 1].type->short_name);
}

static int scan_varint(struct scan *scan, uint64_t *value) {
  const uint8_t *end = scan->levels[scan->depth - 1].end;
  *value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (scan->at == end) return scan_fail(scan, "the data end inside a number");
    uint8_t byte = *scan->at++;
    if (shift < 64) *value |= (uint64_t)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return 0;
  }
  return scan_fail(scan, "a number longer than ten bytes");
}

static int scan_skip(struct scan *scan, uint64_t bytes) {
  if (bytes > (uint64_t)(scan->levels[scan->depth - 1].end - scan->at)) {
    return scan_fail(scan, "the data end inside a field (truncated?)");
  }
  scan->at += bytes;
  return 0;
}

static int scan_push(struct scan *scan, const ProtobufCMessageDescriptor *type, const uint8_t *end) {
  if (scan->depth == SCAN_MAX_DEPTH) return scan_fail(scan, "messages nested deeper than 32 levels");
  if (type->n_fields > SCAN_MAX_FIELDS) return scan_fail(scan, "a message type with more than 64 fields");
  scan->levels[scan->depth++] = (struct scan_level){.type = type, .end = end};
  return 0;
}

static int scan_bytes(struct scan *scan, const ProtobufCFieldDescriptor *field) {
  uint64_t length;
  if (scan_varint(scan, &length) != 0) return -1;
  const uint8_t *body = scan->at;
  if (scan_skip(scan, length) != 0) return -1;
  if (field == NULL || field->type != PROTOBUF_C_TYPE_MESSAGE) return 0;
  struct scan_level *level = &scan->levels[scan->depth - 1];
  uint64_t bit = UINT64_C(1) << (field - level->type->fields);
  if (field->label != PROTOBUF_C_LABEL_REPEATED) {
    if ((level->seen & bit) != 0) return scan_fail(scan, "a field that may come once comes twice");
    level->seen |= bit;
  }
  const uint8_t *end = scan->at;
  scan->at = body;
  return scan_push(scan, field->descriptor, end);
}

static int scan_field(struct scan *scan) {
  uint64_t key, ignored;
  if (scan_varint(scan, &key) != 0) return -1;
  if (key >> 3 == 0 || key >> 3 > UINT32_MAX >> 3) return scan_fail(scan, "a field with an impossible number");
  const ProtobufCFieldDescriptor *field =
      protobuf_c_message_descriptor_get_field(scan->levels[scan->depth - 1].type, (unsigned)(key >> 3));
  if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE && (key & 7) != WIRE_BYTES) {
    return scan_fail(scan, "a number where a message belongs");
  }
  switch (key & 7) {
  case WIRE_VARINT: return scan_varint(scan, &ignored);
  case WIRE_FIXED64: return scan_skip(scan, 8);
  case WIRE_FIXED32: return scan_skip(scan, 4);
  case WIRE_BYTES: return scan_bytes(scan, field);
  default: return scan_fail(scan, "a field of an unknown wire type");
  }
}

static int scan_model(const uint8_t *bytes, size_t length, const char *path, struct error *err) {
  struct scan scan = {.start = bytes, .at = bytes, .path = path, .err = err};
  scan.levels[scan.depth++] = (struct scan_level){.type = &onnx__model_proto__descriptor, .end = bytes + length};
  while (scan.depth > 0) {
    if (scan.at == scan.levels[scan.depth - 1].end) {
      scan.depth--;
    } else if (scan_field(&scan) != 0) {
      return -1;
    }
  }
  return 0;
}

/* ---- bounded memory ---- */

struct budget {
  size_t left_bytes;
  bool exhausted, no_memory;
};

static void *budget_alloc(void *data, size_t bytes) {
  const size_t overhead = 16; /* roughly what malloc() adds to each */
  struct budget *budget = data;
  if (bytes > SIZE_MAX - overhead || bytes + overhead > budget->left_bytes) {
    budget->exhausted = true;
    return NULL;
  }
  budget->left_bytes -= bytes + overhead;
  void *pointer = malloc(bytes == 0 ? 1 : bytes);
  if (pointer == NULL) budget->no_memory = true;
  return pointer;
}

static void budget_free(void *data, void *pointer) {
  (void)data;
  free(pointer);
}

int onnx_unpack(Onnx__ModelProto **model, const void *bytes, size_t length, const char *path,
                struct error *err) {
  const size_t base = (size_t)64 << 20, per_byte = 64;
  if (scan_model(bytes, length, path, err) != 0) return -1;
  struct budget budget = {.left_bytes = length < (SIZE_MAX - base) / per_byte ? base + per_byte * length : SIZE_MAX};
  ProtobufCAllocator allocator = {.alloc = budget_alloc, .free = budget_free, .allocator_data = &budget};
  *model = onnx__model_proto__unpack(&allocator, length, bytes);
  if (*model != NULL) return 0;
  if (budget.no_memory) return error_memory(err);
  if (budget.exhausted) {
    return error_input(err, path, 0, "not an ONNX file that makes sense: unpacked it is more than 64 times as large");
  }
  return error_input(err, path, 0, "not an ONNX file: a field of the wrong type; expected a protobuf ModelProto");
}

void onnx_unpack_free(Onnx__ModelProto *model) {
  /* The budget is gone by now; freeing needs none. */
  ProtobufCAllocator allocator = {.alloc = budget_alloc, .free = budget_free};
  if (model != NULL) onnx__model_proto__free_unpacked(model, &allocator);
}
