#include "gnn/weights.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gnn/features.h"

/* ---- what every file says ---- */

/* The caller frees; NULL without memory. */
static char *list_text(const char *const *texts, size_t count) {
  json_t *list = json_array();
  int status = list == NULL ? -1 : 0;
  for (size_t i = 0; i < count && status == 0; i++) status = json_array_append_new(list, json_string(texts[i]));
  char *text = status == 0 ? json_dumps(list, JSON_COMPACT) : NULL;
  json_decref(list);
  return text;
}

static char *vocabulary_text(void) { return list_text(gnn_op_vocabulary, gnn_op_vocabulary_count); }

static char *features_text(void) {
  return list_text(gnn_feature_names, gnn_feature_count() - gnn_op_vocabulary_count);
}

int weights_write(const struct safetensor *tensors, size_t count, const char *kind,
                  const struct weights_origin *origin, const char *path, struct error *err) {
  char *vocabulary = vocabulary_text(), *features = features_text(), hash[17], seed[24];
  struct safetensor *copies = calloc(count + 1, sizeof *copies);
  int status = vocabulary == NULL || features == NULL || copies == NULL ? error_memory(err) : 0;
  snprintf(hash, sizeof hash, "%016" PRIx64, origin->data_hash);
  snprintf(seed, sizeof seed, "%" PRIu64, origin->seed);
  if (status == 0) {
    struct safetensors_metadata metadata[] = {
        {"data_hash", hash},        {"feature_version", GNN_FEATURE_VERSION},
        {"features", features},     {"kind", kind},
        {"method", origin->method}, {"op_vocabulary", vocabulary},
        {"seed", seed},             {"training", origin->training},
    };
    memcpy(copies, tensors, count * sizeof *copies);
    const struct safetensors file = {copies, count, metadata, sizeof metadata / sizeof metadata[0], ARENA_INIT};
    status = safetensors_write(&file, path, err);
  }
  free(copies);
  free(features);
  free(vocabulary);
  return status;
}

static int check_metadata(const struct safetensors *file, const char *path, const char *key, const char *wanted,
                          struct error *err) {
  const char *found = safetensors_find_metadata(file, key);
  if (found == NULL) return error_input(err, path, 0, "no weights of this program: its metadata lacks '%s'", key);
  if (strcmp(found, wanted) == 0) return 0;
  return error_input(err, path, 0, "weights of another kind: %s is '%.100s'; expected '%.100s'", key, found, wanted);
}

static int check_vocabulary(const struct safetensors *file, const char *path, struct error *err) {
  char *vocabulary = vocabulary_text();
  const char *found = safetensors_find_metadata(file, "op_vocabulary");
  int status = vocabulary == NULL ? error_memory(err) : 0;
  if (status == 0 && (found == NULL || strcmp(found, vocabulary) != 0)) {
    status = error_input(err, path, 0, "weights for other op types than those of this program; train them anew");
  }
  free(vocabulary);
  return status;
}

int weights_read(struct safetensors *out, const char *kind, const char *method, const char *path, struct error *err) {
  if (safetensors_read(out, path, err) != 0) return -1;
  int status = check_metadata(out, path, "kind", kind, err);
  if (status == 0) status = check_metadata(out, path, "method", method, err);
  if (status == 0) status = check_metadata(out, path, "feature_version", GNN_FEATURE_VERSION, err);
  if (status == 0) status = check_vocabulary(out, path, err);
  if (status != 0) safetensors_free(out);
  return status;
}

/* The tensor, if it is there with these dimensions. */
static const struct safetensor *expect(const struct safetensors *file, const char *path, const char *name,
                                       uint64_t rows, uint64_t columns, struct error *err) {
  const struct safetensor *tensor = safetensors_find(file, name);
  if (tensor != NULL && tensor->dims[0] == rows) {
    if (columns == 0 && tensor->rank == 1) return tensor;
    if (columns > 0 && tensor->rank == 2 && tensor->dims[1] == columns) return tensor;
  }
  char shape[48];
  snprintf(shape, sizeof shape, columns == 0 ? "[%" PRIu64 "]" : "[%" PRIu64 ", %" PRIu64 "]", rows, columns);
  error_input(err, path, 0, "tensor '%.80s' is %s; expected one of shape %s", name,
              tensor == NULL ? "not there" : "of another shape", shape);
  return NULL;
}

int weights_take(float *values, const struct safetensors *file, const char *path, const char *name, uint64_t rows,
                 uint64_t columns, struct error *err) {
  const struct safetensor *tensor = expect(file, path, name, rows, columns, err);
  if (tensor == NULL) return -1;
  memcpy(values, tensor->values, (size_t)(rows * (columns == 0 ? 1 : columns)) * sizeof *values);
  return 0;
}

/* ---- the validity classifier ---- */

static const char kind_validity[] = "validity";

int gnn_model_save(const struct gnn_model *model, const struct weights_origin *origin, const char *path,
                   struct error *err) {
  size_t count = gnn_tensor_count(model->shape);
  struct gnn_tensor *places = calloc(count, sizeof *places);
  struct safetensor *tensors = calloc(count, sizeof *tensors);
  int status = places == NULL || tensors == NULL ? error_memory(err) : 0;
  for (size_t t = 0; t < count && status == 0; t++) {
    places[t] = gnn_tensor(model->shape, t);
    tensors[t] = (struct safetensor){.name = places[t].name,
                                     .rank = places[t].columns == 0 ? 1 : 2,
                                     .dims = {places[t].rows, places[t].columns},
                                     .values = model->parameters + places[t].first};
  }
  if (status == 0) status = weights_write(tensors, count, kind_validity, origin, path, err);
  free(tensors);
  free(places);
  return status;
}

/* From the number of tensors and the first one; all of them are there, so that the parameters take no more memory
 * than the file. */
static int find_shape(struct gnn_shape *shape, const struct safetensors *file, const char *path, struct error *err) {
  *shape = (struct gnn_shape){.features = (uint32_t)gnn_feature_count(), .hidden = 1, .layers = 1};
  const struct safetensor *first = safetensors_find(file, gnn_tensor(*shape, 0).name);
  if (first != NULL && first->rank == 2 && first->dims[0] <= INT32_MAX) shape->hidden = (uint32_t)first->dims[0];
  while (gnn_tensor_count(*shape) < file->tensor_count) shape->layers++;
  if (gnn_tensor_count(*shape) != file->tensor_count) {
    return error_input(err, path, 0, "%zu tensors are none of a validity classifier", file->tensor_count);
  }
  for (size_t t = 0; t < file->tensor_count; t++) {
    struct gnn_tensor tensor = gnn_tensor(*shape, t);
    if (expect(file, path, tensor.name, tensor.rows, tensor.columns, err) == NULL) return -1;
  }
  return 0;
}

static int take_parameters(struct gnn_model *out, const struct safetensors *file, const char *path,
                           struct error *err) {
  for (size_t t = 0; t < file->tensor_count; t++) {
    struct gnn_tensor tensor = gnn_tensor(out->shape, t);
    float *values = out->parameters + tensor.first;
    if (weights_take(values, file, path, tensor.name, tensor.rows, tensor.columns, err) != 0) return -1;
  }
  return 0;
}

int gnn_model_load(struct gnn_model *out, const char *path, const char *method, struct error *err) {
  struct safetensors file;
  struct gnn_shape shape;
  *out = (struct gnn_model){0};
  if (weights_read(&file, kind_validity, method, path, err) != 0) return -1;
  int status = find_shape(&shape, &file, path, err);
  if (status == 0) status = gnn_model_create(out, shape, err);
  if (status == 0) status = take_parameters(out, &file, path, err);
  if (status != 0) gnn_model_free(out);
  safetensors_free(&file);
  return status;
}
