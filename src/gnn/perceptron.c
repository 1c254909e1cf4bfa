#include "gnn/perceptron.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 48

static size_t weight_count(const struct dense *layer) { return (size_t)layer->outputs * layer->inputs; }

/* ---- layers ---- */

struct perceptron perceptron_start(void) { return (struct perceptron){.parameter_count = 1}; }

void perceptron_add(struct perceptron *perceptron, const char *name, uint32_t inputs, uint32_t outputs) {
  struct dense *layer = &perceptron->layers[perceptron->layer_count++];
  *layer = (struct dense){name, inputs, outputs, perceptron->parameter_count};
  perceptron->parameter_count += weight_count(layer) + outputs;
}

float *perceptron_draw(const struct perceptron *perceptron, struct rng *rng) {
  float *parameters = calloc(perceptron->parameter_count, sizeof *parameters);
  if (parameters == NULL) return NULL;
  parameters[0] = 1;
  for (size_t l = 0; l < perceptron->layer_count; l++) {
    const struct dense *layer = &perceptron->layers[l];
    double bound = 1 / sqrt(layer->inputs);
    float *weights = parameters + layer->first;
    for (size_t i = 0; i < weight_count(layer); i++) weights[i] = (float)(bound * (2 * rng_unit(rng) - 1));
  }
  return parameters;
}

void dense_forward(const struct dense *layer, const float *parameters, const float *in, float *out, size_t rows) {
  const float *weights = parameters + layer->first, *bias = weights + weight_count(layer);
  blasint inputs = (blasint)layer->inputs, outputs = (blasint)layer->outputs;
  if (rows == 0) return;
  for (size_t r = 0; r < rows; r++) memcpy(out + r * layer->outputs, bias, layer->outputs * sizeof *out);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)rows, outputs, inputs, 1, in, inputs, weights, inputs,
              1, out, outputs);
}

void dense_backward(const struct dense *layer, const float *parameters, const float *in, const float *out_slopes,
                    float *in_slopes, float *parameter_slopes, size_t rows) {
  const float *weights = parameters + layer->first;
  float *weight_slopes = parameter_slopes + layer->first, *bias_slopes = weight_slopes + weight_count(layer);
  blasint inputs = (blasint)layer->inputs, outputs = (blasint)layer->outputs, count = (blasint)rows;
  if (rows == 0) return;
  for (size_t r = 0; r < rows; r++) {
    for (uint32_t o = 0; o < layer->outputs; o++) bias_slopes[o] += out_slopes[r * layer->outputs + o];
  }
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, outputs, inputs, count, 1, out_slopes, outputs, in, inputs, 1,
              weight_slopes, inputs);
  if (in_slopes == NULL) return;
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, count, inputs, outputs, 1, out_slopes, outputs, weights,
              inputs, 0, in_slopes, inputs);
}

void relu_forward(float *values, size_t count) {
  for (size_t i = 0; i < count; i++) values[i] = values[i] > 0 ? values[i] : 0;
}

void relu_backward(float *slopes, const float *values, size_t count) {
  for (size_t i = 0; i < count; i++) slopes[i] = values[i] > 0 ? slopes[i] : 0;
}

/* ---- files ---- */

static void name_tensor(char name[NAME_BYTES], const struct dense *layer, const char *part) {
  snprintf(name, NAME_BYTES, "%s.%s", layer->name, part);
}

int perceptron_save(const struct perceptron *perceptron, const float *parameters, const char *kind,
                    const struct weights_origin *origin, const char *path, struct error *err) {
  struct safetensor tensors[1 + 2 * PERCEPTRON_MOST_LAYERS];
  char names[1 + 2 * PERCEPTRON_MOST_LAYERS][NAME_BYTES];
  size_t count = 0;
  tensors[count++] = (struct safetensor){.name = "scale", .rank = 1, .dims = {1}, .values = parameters};
  for (size_t l = 0; l < perceptron->layer_count; l++) {
    const struct dense *layer = &perceptron->layers[l];
    const float *weights = parameters + layer->first;
    name_tensor(names[count], layer, "weight");
    name_tensor(names[count + 1], layer, "bias");
    tensors[count] = (struct safetensor){
        .name = names[count], .rank = 2, .dims = {layer->outputs, layer->inputs}, .values = weights};
    tensors[count + 1] = (struct safetensor){
        .name = names[count + 1], .rank = 1, .dims = {layer->outputs}, .values = weights + weight_count(layer)};
    count += 2;
  }
  return weights_write(tensors, count, kind, origin, path, err);
}

static int take_layer(float *parameters, const struct dense *layer, const struct safetensors *file, const char *path,
                      struct error *err) {
  char name[NAME_BYTES];
  float *weights = parameters + layer->first;
  name_tensor(name, layer, "weight");
  if (weights_take(weights, file, path, name, layer->outputs, layer->inputs, err) != 0) return -1;
  name_tensor(name, layer, "bias");
  return weights_take(weights + weight_count(layer), file, path, name, layer->outputs, 0, err);
}

static int take_all(float *parameters, const struct perceptron *perceptron, const struct safetensors *file,
                    const char *path, struct error *err) {
  int status = weights_take(parameters, file, path, "scale", 1, 0, err);
  for (size_t l = 0; l < perceptron->layer_count && status == 0; l++) {
    status = take_layer(parameters, &perceptron->layers[l], file, path, err);
  }
  return status;
}

int perceptron_load(float **parameters, const struct perceptron *perceptron, const char *kind, const char *method,
                    const char *path, struct error *err) {
  struct safetensors file;
  *parameters = NULL;
  if (weights_read(&file, kind, method, path, err) != 0) return -1;
  float *values = malloc(perceptron->parameter_count * sizeof *values);
  int status = values == NULL ? error_memory(err) : take_all(values, perceptron, &file, path, err);
  safetensors_free(&file);
  if (status == 0) *parameters = values;
  else free(values);
  return status;
}
