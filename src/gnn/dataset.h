/* Groups with what the simulator says of them: whether each fits buffers of several sizes, under the
 * methods for which there are classifiers. Kept in a compact file; the networks stay in theirs. */
#ifndef SPILLWAY_GNN_DATASET_H
#define SPILLWAY_GNN_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gnn/features.h"
#include "graph/graph.h"
#include "util/error.h"

#define DATASET_MAX_SIZES 8
#define DATASET_METHODS 2

/* Under which groups are labelled, in the order of the labels. */
extern const char *const dataset_methods[DATASET_METHODS]; /* "lbdf", "brr" */

enum dataset_part { DATASET_TRAINING, DATASET_VALIDATION, DATASET_TEST };

struct dataset_network {
  char *name;     /* or path, as it is opened */
  uint64_t hash;  /* content_hash_graph() */
  uint32_t op_count;
};

struct dataset_group {
  uint32_t network; /* in dataset->networks */
  bool wide;        /* 16-bit activations and weights, else 8-bit */
  bool half;        /* from cuts of a group drawn, not drawn itself */
  uint32_t first_op, op_count; /* in dataset->ops */
  uint64_t content; /* content_hash_group() */
  uint8_t fits[DATASET_METHODS]; /* bit s: fits sizes_bytes[s] */
};

struct dataset {
  uint64_t seed;
  uint32_t size_count;
  uint64_t sizes_bytes[DATASET_MAX_SIZES]; /* ascending */
  struct dataset_network *networks;
  uint32_t network_count;
  struct dataset_group *groups;
  size_t group_count;
  uint16_t *ops; /* labels of each group, ascending */
  size_t op_count;
};

/* ERROR_INPUT of a malformed file, with what was expected. The caller frees with dataset_free(). */
int dataset_read(struct dataset *out, const char *path, struct error *err);
int dataset_parse(struct dataset *out, const char *name, const void *bytes, size_t length, struct error *err);
int dataset_write(const struct dataset *dataset, const char *path, struct error *err);
void dataset_free(struct dataset *dataset);

/* Of all that is in it. */
uint64_t dataset_hash(const struct dataset *dataset);

/* Where a group belongs: 8 parts in 10 to training, 1 each to validation and test, by its content and the
 * dataset's seed, so that all sizes of a group, and groups of equal content, are on one side. */
enum dataset_part dataset_part_of(const struct dataset *dataset, const struct dataset_group *group);

/* Sets the words of an op set. */
void dataset_group_set(uint64_t *set, size_t words, const struct dataset *dataset, const struct dataset_group *group);

#endif
