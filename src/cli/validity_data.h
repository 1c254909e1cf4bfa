/* A data set with its networks opened: what classifiers and explainers learn from. */
#ifndef SPILLWAY_CLI_VALIDITY_DATA_H
#define SPILLWAY_CLI_VALIDITY_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gnn/dataset.h"
#include "gnn/features.h"
#include "gnn/train.h"
#include "graph/graph.h"
#include "sim/model.h"
#include "util/error.h"

/* 8-bit and 16-bit elements: the index is struct dataset_group's `wide`. */
#define VALIDITY_WIDTHS 2

/* A network at both widths. */
struct validity_network {
  struct graph *graph;
  struct sim_model models[VALIDITY_WIDTHS];
  struct gnn_network *networks[VALIDITY_WIDTHS];
};

/* By a name or path, on the default hardware. The caller closes it with validity_network_close(), after a failure
 * too. */
int validity_network_open(struct validity_network *out, const char *name, struct error *err);
void validity_network_close(struct validity_network *network);

struct validity_data {
  struct dataset dataset;
  struct validity_network *networks; /* in the order of the dataset's */
  uint64_t **sets;                   /* op sets, by group */
};

/* Reads the file, opens its networks and sees that they are those that were labelled. The caller closes it with
 * validity_data_close(), after a failure too. */
int validity_data_open(struct validity_data *out, const char *path, struct error *err);
void validity_data_close(struct validity_data *data);

/* The number of the network of that name; ERROR_USAGE if the data have none. */
int validity_data_find(const struct validity_data *data, const char *name, uint32_t *network, struct error *err);

/* The number of the method among those of the data, whose labels they have; ERROR_USAGE if there is none. */
int validity_data_method(const char *name, uint32_t *method, struct error *err);

/* Groups in buffers of all sizes: each group once a size. */
struct validity_samples {
  struct gnn_sample *samples;
  struct validity_origin {
    uint32_t group, size; /* in the dataset */
  } *origins; /* by sample */
  size_t count;
};

#define VALIDITY_NO_NETWORK UINT32_MAX

/* The part's samples with their labels under the method. If a network is set apart, all of it is in the part for
 * tests, which has nothing else then, and the other parts have nothing of it. Borrows the data. */
void validity_samples_create(struct validity_samples *out, const struct validity_data *data, uint32_t method,
                             enum dataset_part part, uint32_t apart);
void validity_samples_free(struct validity_samples *samples);

#endif
