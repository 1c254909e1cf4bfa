/* Dense layers for explainers that learn from the classifier's embeddings: out = W in + b, with the
 * parameters of all layers in one array. */
#ifndef SPILLWAY_GNN_PERCEPTRON_H
#define SPILLWAY_GNN_PERCEPTRON_H

#include <stddef.h>
#include <stdint.h>

#include "gnn/weights.h"
#include "util/error.h"
#include "util/rng.h"

#define PERCEPTRON_MOST_LAYERS 12

struct dense {
  const char *name; /* tensors NAME.weight, outputs x inputs, and NAME.bias; static */
  uint32_t inputs, outputs;
  size_t first; /* of the weights in the parameters; the bias follows */
};

/* Parameter 0 is the scale by which embeddings are multiplied before they enter: it is measured, not learned. */
struct perceptron {
  struct dense layers[PERCEPTRON_MOST_LAYERS];
  size_t layer_count, parameter_count;
};

struct perceptron perceptron_start(void); /* no layers */
void perceptron_add(struct perceptron *perceptron, const char *name, uint32_t inputs, uint32_t outputs);

/* New parameters: scale 1, weights uniform within the inverse root of their inputs, biases 0; freed with free().
 * NULL without memory. */
float *perceptron_draw(const struct perceptron *perceptron, struct rng *rng);

/* in: rows x inputs, out: rows x outputs. */
void dense_forward(const struct dense *layer, const float *parameters, const float *in, float *out, size_t rows);

/* in_slopes, unless NULL, are replaced; parameter_slopes are added to. */
void dense_backward(const struct dense *layer, const float *parameters, const float *in, const float *out_slopes,
                    float *in_slopes, float *parameter_slopes, size_t rows);

/* In place; the second takes slopes of what came out back to what went in. */
void relu_forward(float *values, size_t count);
void relu_backward(float *slopes, const float *values, size_t count);

/* As weights_write() and weights_read() with weights_take(). The caller frees *parameters with free(). */
int perceptron_save(const struct perceptron *perceptron, const float *parameters, const char *kind,
                    const struct weights_origin *origin, const char *path, struct error *err);
int perceptron_load(float **parameters, const struct perceptron *perceptron, const char *kind, const char *method,
                    const char *path, struct error *err);

#endif
