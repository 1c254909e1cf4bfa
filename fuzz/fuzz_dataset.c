/* Any bytes as a data set, as they are and with the checksum that belongs to them: no crash, one line of message,
 * and what is read is legal and has the hash that the file ends with, of which the bytes are a function. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "gnn/dataset.h"
#include "graph/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHECKSUM_BYTES = 8 };

static void fuzz_group(const struct dataset *dataset, const struct dataset_group *group) {
  uint64_t set[GRAPH_MAX_SET_WORDS];
  if (group->network >= dataset->network_count || group->op_count == 0) abort();
  const uint32_t ops = dataset->networks[group->network].op_count;
  const uint16_t *labels = dataset->ops + group->first_op;
  for (uint32_t i = 0; i < group->op_count; i++) {
    if (labels[i] >= ops || (i > 0 && labels[i] <= labels[i - 1])) abort();
  }
  dataset_group_set(set, (ops + 63) / 64, dataset, group);
}

static void fuzz_parse(const uint8_t *data, size_t size) {
  struct dataset dataset;
  struct error err = ERROR_INIT;
  if (dataset_parse(&dataset, "fuzz", data, size, &err) != 0) {
    if (err.kind == ERROR_NONE || strlen(err.message) == 0 || strchr(err.message, '\n') != NULL) abort();
    return;
  }
  for (size_t i = 0; i < dataset.group_count; i++) fuzz_group(&dataset, &dataset.groups[i]);
  if (dataset_hash(&dataset) != XXH64(data, size - CHECKSUM_BYTES, 0)) abort();
  dataset_free(&dataset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_parse(data, size);
  if (size < CHECKSUM_BYTES) return 0;
  uint8_t *signed_data = malloc(size);
  if (signed_data == NULL) abort();
  memcpy(signed_data, data, size);
  uint64_t sum = XXH64(data, size - CHECKSUM_BYTES, 0);
  for (size_t i = 0; i < CHECKSUM_BYTES; i++) signed_data[size - CHECKSUM_BYTES + i] = (uint8_t)(sum >> 8 * i);
  fuzz_parse(signed_data, size);
  free(signed_data);
  return 0;
}
