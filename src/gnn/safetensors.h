/* Files of named tensors (safetensors: a length, a JSON header, raw little-endian values), single
 * precision only. What is read is checked to the last byte: no input makes it read out of bounds, or
 * ask for more memory than the file has bytes in some small multiple. */
#ifndef SPILLWAY_GNN_SAFETENSORS_H
#define SPILLWAY_GNN_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/error.h"

#define SAFETENSORS_MAX_RANK 4
#define SAFETENSORS_MAX_BYTES (UINT64_C(1) << 30) /* of a file */

struct safetensor {
  const char *name;
  uint32_t rank;
  uint64_t dims[SAFETENSORS_MAX_RANK]; /* each >= 1 */
  const float *values;
};

struct safetensors_metadata {
  const char *key, *value;
};

struct safetensors {
  struct safetensor *tensors; /* by name, ascending */
  size_t tensor_count;
  struct safetensors_metadata *metadata; /* by key, ascending */
  size_t metadata_count;
  struct arena arena; /* of all that was read; unused by what is only written */
};

/* name is how messages call the bytes. ERROR_INPUT says what is wrong and where, and what was
 * expected. The caller frees with safetensors_free(). */
int safetensors_parse(struct safetensors *out, const char *name, const void *bytes, size_t length, struct error *err);
int safetensors_read(struct safetensors *out, const char *path, struct error *err);
void safetensors_free(struct safetensors *file);

/* Replaces path, whole or not at all. Tensors are laid out in the order given, keys sorted: the same input gives
 * the same bytes. ERROR_OUTPUT, also of what would not be read: values that are no finite numbers, too many of
 * them. */
int safetensors_write(const struct safetensors *file, const char *path, struct error *err);

/* NULL if there is none of that name or key. */
const struct safetensor *safetensors_find(const struct safetensors *file, const char *name);
const char *safetensors_find_metadata(const struct safetensors *file, const char *key);

#endif
