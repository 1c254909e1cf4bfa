/* Constants of the file: their shapes, and the numbers of small ones. */
#include <string.h>

#include "graph/onnx_import.h"

/* What a tensor's data type means for reading its numbers; only types that shape
 * arithmetic uses are here. */
struct data_type {
  int32_t type;
  uint32_t bytes; /* of a number in raw_data */
  enum number_kind kind;
  union number (*decode)(const uint8_t *raw);
};

#define DECODER(name, type, member, wide)                 \
  static union number decode_##name(const uint8_t *raw) { \
    type item;                                            \
    memcpy(&item, raw, sizeof item);                      \
    return (union number){.member = (wide)item};          \
  }

DECODER(float, float, f, double)
DECODER(double, double, f, double)
DECODER(uint8, uint8_t, i, int64_t)
DECODER(int8, int8_t, i, int64_t)
DECODER(uint16, uint16_t, i, int64_t)
DECODER(int16, int16_t, i, int64_t)
DECODER(int32, int32_t, i, int64_t)
DECODER(uint32, uint32_t, i, int64_t)
DECODER(int64, int64_t, i, int64_t)

static const struct data_type data_types[] = {
    {ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, 4, NUMBER_FLOAT, decode_float},
    {ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE, 8, NUMBER_DOUBLE, decode_double},
    {ONNX__TENSOR_PROTO__DATA_TYPE__UINT8, 1, NUMBER_INT, decode_uint8},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT8, 1, NUMBER_INT, decode_int8},
    {ONNX__TENSOR_PROTO__DATA_TYPE__UINT16, 2, NUMBER_INT, decode_uint16},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT16, 2, NUMBER_INT, decode_int16},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT32, 4, NUMBER_INT, decode_int32},
    {ONNX__TENSOR_PROTO__DATA_TYPE__UINT32, 4, NUMBER_INT, decode_uint32},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 8, NUMBER_INT, decode_int64},
    {ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, 1, NUMBER_INT, decode_uint8},
};

static const struct data_type *data_type_find(int32_t type) {
  for (size_t i = 0; i < sizeof data_types / sizeof data_types[0]; i++) {
    if (data_types[i].type == type) return &data_types[i];
  }
  return NULL;
}

int onnx_tensor_shape(const Onnx__TensorProto *proto, struct shape *shape, struct error *err) {
  if (proto->n_dims > GRAPH_MAX_RANK) {
    return error_set(err, ERROR_INPUT, "it has %zu dimensions; at most %d are supported", proto->n_dims,
                     GRAPH_MAX_RANK);
  }
  *shape = (struct shape){.rank = (uint32_t)proto->n_dims};
  for (size_t d = 0; d < proto->n_dims; d++) {
    if (proto->dims[d] < 0) {
      return error_set(err, ERROR_INPUT, "dimension %zu is %lld; expected 0 or more", d, (long long)proto->dims[d]);
    }
    shape->dims[d] = (uint64_t)proto->dims[d];
  }
  if (shape_elements(shape) == UINT64_MAX) {
    char text[SHAPE_TEXT_BYTES];
    return error_set(err, ERROR_INPUT, "its shape %s has more than 2^40 elements", shape_text(text, shape));
  }
  return 0;
}

union number *onnx_numbers_new(struct importer *importer, uint64_t count) {
  if (count > VALUE_MAX_NUMBERS || count > importer->numbers_left) return NULL;
  importer->numbers_left -= count;
  return ARENA_NEW(&importer->arena, union number, count);
}

/* The numbers are in raw_data, or in the list that belongs to their type. */
static bool decode_raw(union number *items, uint64_t count, const Onnx__TensorProto *proto,
                       const struct data_type *type) {
  if (proto->raw_data.len != count * type->bytes) return false;
  for (uint64_t i = 0; i < count; i++) items[i] = type->decode(proto->raw_data.data + i * type->bytes);
  return true;
}

static bool decode_list(union number *items, uint64_t count, const Onnx__TensorProto *proto,
                        const struct data_type *type) {
  size_t given = type->kind == NUMBER_FLOAT    ? proto->n_float_data
                 : type->kind == NUMBER_DOUBLE ? proto->n_double_data
                 : type->type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64  ? proto->n_int64_data
                 : type->type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT32 ? proto->n_uint64_data
                                                                       : proto->n_int32_data;
  if (given != count) return false;
  for (uint64_t i = 0; i < count; i++) {
    if (type->kind == NUMBER_FLOAT) {
      items[i].f = (double)proto->float_data[i];
    } else if (type->kind == NUMBER_DOUBLE) {
      items[i].f = proto->double_data[i];
    } else if (type->type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64) {
      items[i].i = proto->int64_data[i];
    } else if (type->type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT32) {
      items[i].i = (int64_t)(uint32_t)proto->uint64_data[i];
    } else {
      items[i].i = proto->int32_data[i];
    }
  }
  return true;
}

bool onnx_value_decode(struct importer *importer, struct value *value) {
  const Onnx__TensorProto *proto = value->proto;
  uint64_t count = shape_elements(&value->shape);
  value->proto = NULL;
  if (proto == NULL || proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) return true;
  const struct data_type *type = data_type_find(proto->data_type);
  if (type == NULL || count > VALUE_MAX_NUMBERS || count > importer->numbers_left) return true;
  union number *items = onnx_numbers_new(importer, count);
  if (items == NULL) return false;
  bool decoded = proto->has_raw_data ? decode_raw(items, count, proto, type) : decode_list(items, count, proto, type);
  if (decoded) value->numbers = (struct numbers){.kind = type->kind, .items = items};
  return true;
}
