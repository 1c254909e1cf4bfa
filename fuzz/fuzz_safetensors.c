/* Any bytes as a safetensors file: no crash, one line of message, and what is read is sorted and has all its values. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gnn/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tensor(const struct safetensors *file, size_t number) {
  const struct safetensor *tensor = &file->tensors[number];
  uint64_t values = 1;
  float sum = 0;
  if (number > 0 && strcmp(file->tensors[number - 1].name, tensor->name) >= 0) abort();
  if (tensor->rank > SAFETENSORS_MAX_RANK || safetensors_find(file, tensor->name) != tensor) abort();
  for (uint32_t d = 0; d < tensor->rank; d++) values *= tensor->dims[d];
  for (uint64_t i = 0; i < values; i++) sum += tensor->values[i] > 0 ? 1 : 0; /* reads them */
  if (sum > (float)values) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct safetensors file;
  struct error err = ERROR_INIT;
  if (safetensors_parse(&file, "fuzz", data, size, &err) != 0) {
    if (err.kind == ERROR_NONE || strlen(err.message) == 0 || strchr(err.message, '\n') != NULL) abort();
    return 0;
  }
  for (size_t t = 0; t < file.tensor_count; t++) check_tensor(&file, t);
  for (size_t i = 0; i < file.metadata_count; i++) {
    if (safetensors_find_metadata(&file, file.metadata[i].key) != file.metadata[i].value) abort();
  }
  safetensors_free(&file);
  return 0;
}
