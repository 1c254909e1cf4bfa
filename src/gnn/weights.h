/* Trained parameters on disk: safetensors with what they are of in the metadata. */
#ifndef SPILLWAY_GNN_WEIGHTS_H
#define SPILLWAY_GNN_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "gnn/model.h"
#include "gnn/safetensors.h"
#include "util/error.h"

/* What stands in the metadata of every file, beside the op vocabulary, the feature version and the units,
 * which are those of features.h. */
struct weights_origin {
  const char *method;  /* whose validity */
  uint64_t seed;       /* of the training */
  uint64_t data_hash;  /* dataset_hash() */
  const char *training; /* the settings, in words such as "epochs=50 rate=0.001" */
};

/* The validity classifier: tensors named as gnn_tensor() names them. */
int gnn_model_save(const struct gnn_model *model, const struct weights_origin *origin, const char *path,
                   struct error *err);
/* ERROR_INPUT of a file that is none, or one of another feature version, vocabulary, method or other shapes. */
int gnn_model_load(struct gnn_model *out, const char *path, const char *method, struct error *err);

/* For those and for other files of weights: writes the tensors with the metadata, and reads a file and checks its
 * metadata, `kind` telling files of one kind from another ("validity", "pg", "rg"). */
int weights_write(const struct safetensor *tensors, size_t count, const char *kind,
                  const struct weights_origin *origin, const char *path, struct error *err);
int weights_read(struct safetensors *out, const char *kind, const char *method, const char *path, struct error *err);
/* Copies the values of a tensor of just these dimensions (columns 0: a vector); ERROR_INPUT if it is not there. */
int weights_take(float *values, const struct safetensors *file, const char *path, const char *name, uint64_t rows,
                 uint64_t columns, struct error *err);

#endif
