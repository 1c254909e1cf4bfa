/* The validity classifier: GraphConv layers with ReLU, node embeddings summed to that of the graph,
 * and one linear unit on it. The logit is positive where the group is held to fit the buffer.
 *
 *   Z = W_root H + W_rel (sum of m_e H_j over the edges e between i and j, either way) + b
 *
 * (GraphConv of PyTorch Geometric with edge weights m, every edge in both directions.) Single
 * precision on one BLAS thread; a result depends on the processor's kind by rounding, and on nothing
 * else but the inputs. */
#ifndef SPILLWAY_GNN_MODEL_H
#define SPILLWAY_GNN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gnn/features.h"
#include "util/error.h"
#include "util/rng.h"

#define GNN_DEFAULT_HIDDEN 128
#define GNN_DEFAULT_LAYERS 4

struct gnn_shape {
  uint32_t features, hidden, layers; /* each >= 1 */
};

/* A tensor within the parameters. */
struct gnn_tensor {
  char name[40];       /* as PyTorch Geometric calls it: convs.0.lin_rel.weight, ..., lin.bias */
  uint32_t rows, columns; /* columns 0: a vector */
  size_t first;        /* in parameters */
};

/* Shared between threads once it is trained. All zero is no model. */
struct gnn_model {
  struct gnn_shape shape;
  float *parameters;
  size_t parameter_count;
};

int gnn_model_create(struct gnn_model *out, struct gnn_shape shape, struct error *err); /* all zero */
void gnn_model_free(struct gnn_model *model);
size_t gnn_tensor_count(struct gnn_shape shape);
/* Tensor number index, in the order of the parameters. */
struct gnn_tensor gnn_tensor(struct gnn_shape shape, size_t index);

/* Weights uniform within the inverse root of their inputs, as PyTorch does; biases 0. */
void gnn_model_draw(struct gnn_model *model, struct rng *rng);

/* Workspace of one thread; grows with the largest batch. */
struct gnn_pass;

/* The model is borrowed; its parameters may change between passes. */
int gnn_pass_create(struct gnn_pass **out, const struct gnn_model *model, struct error *err);
void gnn_pass_free(struct gnn_pass *pass);

/* Runs the batch, which has a graph at least. mask is by edge, NULL for all 1; batch and mask are
 * borrowed until the next call. 0, or -1 without memory. */
int gnn_forward(struct gnn_pass *pass, const struct gnn_batch *batch, const float *mask);

/* Of the last gnn_forward(), borrowed until the next. */
const float *gnn_logits(const struct gnn_pass *pass);          /* by graph */
const float *gnn_node_embeddings(const struct gnn_pass *pass); /* nodes x hidden, of the last layer */
const float *gnn_graph_embeddings(const struct gnn_pass *pass); /* graphs x hidden */

/* Derivatives of the sum over graphs of logit_slopes[g] * logit[g], added to what is there: by parameter,
 * and by edge (of its mask). Either may be NULL and costs nothing then. Once after a gnn_forward(). */
void gnn_backward(struct gnn_pass *pass, const float *logit_slopes, float *parameter_slopes, float *mask_slopes);

/* The probability of fitting that a logit stands for. */
float gnn_probability(float logit);

/* log(1 + exp(x)), also where exp(x) is too large: of -logit, the cross entropy of a logit towards "fits", of the logit
 * that towards "overflows". */
double gnn_softplus(double x);

#endif
