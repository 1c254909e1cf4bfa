#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "graph/onnx_import.h"

uint64_t shape_elements(const struct shape *shape) {
  uint64_t elements = 1;
  bool large = false;
  for (uint32_t d = 0; d < shape->rank; d++) {
    if (shape->dims[d] == 0) return 0;
    /* Once too large it stays at the limit, so that a zero further on still counts. */
    if (__builtin_mul_overflow(elements, shape->dims[d], &elements) || elements > SHAPE_MAX_ELEMENTS) {
      elements = SHAPE_MAX_ELEMENTS;
      large = true;
    }
  }
  return large ? UINT64_MAX : elements;
}

uint32_t shape_row_axis(const struct shape *shape) {
  return shape->rank >= 3 ? shape->rank - 2 : SHAPE_NO_AXIS;
}

uint64_t shape_rows(const struct shape *shape) { return shape->rank >= 3 ? shape->dims[shape->rank - 2] : 1; }

bool shape_equal(const struct shape *a, const struct shape *b) {
  return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof a->dims[0]) == 0;
}

bool shape_same_rows(const struct shape *a, const struct shape *b) {
  uint64_t rows = shape_rows(a);
  if (rows != shape_rows(b)) return false;
  return rows == 1 || a->dims[a->rank - 1] == b->dims[b->rank - 1];
}

bool shape_broadcast(struct shape *shape, const struct shape *other) {
  struct shape out = shape->rank >= other->rank ? *shape : *other;
  const struct shape *low = shape->rank >= other->rank ? other : shape;
  uint32_t lead = out.rank - low->rank;
  for (uint32_t d = 0; d < low->rank; d++) {
    uint64_t *dim = &out.dims[lead + d];
    if (*dim == 1) {
      *dim = low->dims[d];
    } else if (low->dims[d] != 1 && low->dims[d] != *dim) {
      return false;
    }
  }
  *shape = out;
  return true;
}

void shape_remove_axis(struct shape *shape, uint32_t axis) {
  shape->rank--;
  memmove(shape->dims + axis, shape->dims + axis + 1, (shape->rank - axis) * sizeof shape->dims[0]);
  shape->dims[shape->rank] = 0;
}

void shape_insert_axis(struct shape *shape, uint32_t axis, uint64_t dim) {
  memmove(shape->dims + axis + 1, shape->dims + axis, (shape->rank - axis) * sizeof shape->dims[0]);
  shape->dims[axis] = dim;
  shape->rank++;
}

const char *shape_text(char *text, const struct shape *shape) {
  size_t used = 0;
  for (uint32_t d = 0; d < shape->rank; d++) {
    used += (size_t)snprintf(text + used, SHAPE_TEXT_BYTES - used, "%s%" PRIu64, d == 0 ? "[" : ", ",
                             shape->dims[d]);
  }
  snprintf(text + used, SHAPE_TEXT_BYTES - used, "%s", shape->rank == 0 ? "[]" : "]");
  return text;
}
