#include "gnn/model.h"

#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- parameters ---- */

/* Per layer lin_rel.weight, lin_rel.bias, lin_root.weight; then lin.weight and lin.bias. */
enum { TENSORS_OF_LAYER = 3, TENSORS_OF_HEAD = 2 };

static uint32_t layer_inputs(struct gnn_shape shape, uint32_t layer) {
  return layer == 0 ? shape.features : shape.hidden;
}

static size_t layer_parameters(struct gnn_shape shape, uint32_t layer) {
  return (size_t)shape.hidden * (2 * (size_t)layer_inputs(shape, layer) + 1);
}

/* Of the layer, or of the head if there is no such layer. */
static size_t layer_first(struct gnn_shape shape, uint32_t layer) {
  return layer == 0 ? 0 : layer_parameters(shape, 0) + (layer - 1) * layer_parameters(shape, 1);
}

size_t gnn_tensor_count(struct gnn_shape shape) { return shape.layers * (size_t)TENSORS_OF_LAYER + TENSORS_OF_HEAD; }

static struct gnn_tensor head_tensor(struct gnn_shape shape, bool bias) {
  size_t first = layer_first(shape, shape.layers);
  if (bias) return (struct gnn_tensor){.name = "lin.bias", .rows = 1, .first = first + shape.hidden};
  return (struct gnn_tensor){.name = "lin.weight", .rows = 1, .columns = shape.hidden, .first = first};
}

struct gnn_tensor gnn_tensor(struct gnn_shape shape, size_t index) {
  static const char *const names[TENSORS_OF_LAYER] = {"lin_rel.weight", "lin_rel.bias", "lin_root.weight"};
  uint32_t layer = (uint32_t)(index / TENSORS_OF_LAYER), part = (uint32_t)(index % TENSORS_OF_LAYER);
  if (layer == shape.layers) return head_tensor(shape, part == 1);
  uint32_t inputs = layer_inputs(shape, layer);
  size_t weights = (size_t)shape.hidden * inputs;
  const size_t offsets[TENSORS_OF_LAYER] = {0, weights, weights + shape.hidden};
  struct gnn_tensor tensor = {
      .rows = shape.hidden, .columns = part == 1 ? 0 : inputs, .first = layer_first(shape, layer) + offsets[part]};
  snprintf(tensor.name, sizeof tensor.name, "convs.%u.%s", layer, names[part]);
  return tensor;
}

/* The threads here share out graphs; BLAS is to start none of its own. */
static void use_one_blas_thread(void) { openblas_set_num_threads(1); }

int gnn_model_create(struct gnn_model *out, struct gnn_shape shape, struct error *err) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, use_one_blas_thread);
  *out = (struct gnn_model){.shape = shape, .parameter_count = layer_first(shape, shape.layers) + shape.hidden + 1};
  out->parameters = calloc(out->parameter_count, sizeof *out->parameters);
  return out->parameters == NULL ? error_memory(err) : 0;
}

void gnn_model_free(struct gnn_model *model) {
  free(model->parameters);
  *model = (struct gnn_model){0};
}

void gnn_model_draw(struct gnn_model *model, struct rng *rng) {
  for (size_t t = 0; t < gnn_tensor_count(model->shape); t++) {
    struct gnn_tensor tensor = gnn_tensor(model->shape, t);
    float *values = model->parameters + tensor.first;
    double bound = tensor.columns == 0 ? 0 : 1 / sqrt(tensor.columns);
    size_t count = (size_t)tensor.rows * (tensor.columns == 0 ? 1 : tensor.columns);
    for (size_t i = 0; i < count; i++) values[i] = (float)(bound * (2 * rng_unit(rng) - 1));
  }
}

/* Where a layer's parameters, or slopes of them, are. */
struct layer {
  float *rel, *bias, *root;
  blasint inputs;
};

static struct layer layer_of(struct gnn_shape shape, float *parameters, uint32_t layer) {
  uint32_t inputs = layer_inputs(shape, layer);
  float *rel = parameters + layer_first(shape, layer), *bias = rel + (size_t)shape.hidden * inputs;
  return (struct layer){rel, bias, bias + shape.hidden, (blasint)inputs};
}

static float *head_of(struct gnn_shape shape, float *parameters) {
  return parameters + layer_first(shape, shape.layers);
}

/* ---- passes ---- */

struct gnn_pass {
  const struct gnn_model *model;
  const struct gnn_batch *batch; /* of the last forward pass */
  const float *mask;
  uint32_t node_capacity, graph_capacity;
  float *memory;      /* all that follows, but for what is by graph */
  float **embeddings; /* by layer: what it makes, nodes x hidden */
  float **messages;   /* by layer: what it was sent, nodes x its inputs */
  float *slopes, *message_slopes, *input_slopes; /* nodes x the largest of features and hidden */
  float *graph_memory, *graph_embeddings, *logits;
};

int gnn_pass_create(struct gnn_pass **out, const struct gnn_model *model, struct error *err) {
  struct gnn_pass *pass = calloc(1, sizeof *pass);
  if (pass == NULL) return error_memory(err);
  pass->model = model;
  pass->embeddings = calloc(model->shape.layers, sizeof *pass->embeddings);
  pass->messages = calloc(model->shape.layers, sizeof *pass->messages);
  if (pass->embeddings == NULL || pass->messages == NULL) {
    gnn_pass_free(pass);
    return error_memory(err);
  }
  *out = pass;
  return 0;
}

void gnn_pass_free(struct gnn_pass *pass) {
  if (pass == NULL) return;
  free(pass->embeddings);
  free(pass->messages);
  free(pass->memory);
  free(pass->graph_memory);
  free(pass);
}

static float *carve(float **memory, size_t count) {
  float *piece = *memory;
  *memory += count;
  return piece;
}

static int make_room_for_nodes(struct gnn_pass *pass, uint32_t nodes) {
  struct gnn_shape shape = pass->model->shape;
  size_t hidden = shape.hidden, widest = shape.features > shape.hidden ? shape.features : hidden;
  if (nodes <= pass->node_capacity) return 0;
  free(pass->memory);
  pass->node_capacity = 0;
  pass->memory = malloc(nodes * (hidden * shape.layers + shape.features + hidden * (shape.layers - 1) + 3 * widest) *
                        sizeof(float));
  if (pass->memory == NULL) return -1;
  float *rest = pass->memory;
  for (uint32_t l = 0; l < shape.layers; l++) {
    pass->embeddings[l] = carve(&rest, nodes * hidden);
    pass->messages[l] = carve(&rest, (size_t)nodes * layer_inputs(shape, l));
  }
  pass->slopes = carve(&rest, nodes * widest);
  pass->message_slopes = carve(&rest, nodes * widest);
  pass->input_slopes = carve(&rest, nodes * widest);
  pass->node_capacity = nodes;
  return 0;
}

static int make_room_for_graphs(struct gnn_pass *pass, uint32_t graphs) {
  size_t hidden = pass->model->shape.hidden;
  if (graphs <= pass->graph_capacity) return 0;
  free(pass->graph_memory);
  pass->graph_capacity = 0;
  pass->graph_memory = malloc(graphs * (hidden + 1) * sizeof(float));
  if (pass->graph_memory == NULL) return -1;
  pass->graph_embeddings = pass->graph_memory;
  pass->logits = pass->graph_memory + graphs * hidden;
  pass->graph_capacity = graphs;
  return 0;
}

/* ---- forward ---- */

static float edge_weight(const struct gnn_pass *pass, uint32_t edge) {
  return pass->mask == NULL ? 1 : pass->mask[edge];
}

/* sums[i] += weight of the edge * rows[j] for both ends i of each edge and the other end j. */
static void pass_along_edges(const struct gnn_pass *pass, float *sums, const float *rows, blasint width) {
  const struct gnn_batch *batch = pass->batch;
  for (uint32_t e = 0; e < batch->edge_count; e++) {
    size_t from = (size_t)batch->from[e] * (size_t)width, to = (size_t)batch->to[e] * (size_t)width;
    cblas_saxpy(width, edge_weight(pass, e), rows + from, 1, sums + to, 1);
    cblas_saxpy(width, edge_weight(pass, e), rows + to, 1, sums + from, 1);
  }
}

static const float *inputs_of_layer(const struct gnn_pass *pass, uint32_t layer) {
  return layer == 0 ? pass->batch->features : pass->embeddings[layer - 1];
}

static void forward_layer(struct gnn_pass *pass, uint32_t number) {
  struct gnn_shape shape = pass->model->shape;
  const struct layer layer = layer_of(shape, pass->model->parameters, number);
  const float *inputs = inputs_of_layer(pass, number);
  float *messages = pass->messages[number], *out = pass->embeddings[number];
  size_t rows = pass->batch->node_count; /* a matrix may have more values than a blasint counts */
  blasint nodes = (blasint)rows, hidden = (blasint)shape.hidden, width = layer.inputs;
  memset(messages, 0, rows * (size_t)width * sizeof *messages);
  pass_along_edges(pass, messages, inputs, width);
  for (size_t i = 0; i < rows; i++) memcpy(out + i * shape.hidden, layer.bias, shape.hidden * sizeof *out);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, nodes, hidden, width, 1, inputs, width, layer.root, width, 1,
              out, hidden);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, nodes, hidden, width, 1, messages, width, layer.rel, width, 1,
              out, hidden);
  for (size_t i = 0; i < rows * shape.hidden; i++) out[i] = out[i] > 0 ? out[i] : 0;
}

static void forward_head(struct gnn_pass *pass) {
  const struct gnn_batch *batch = pass->batch;
  struct gnn_shape shape = pass->model->shape;
  blasint hidden = (blasint)shape.hidden;
  const float *head = head_of(shape, pass->model->parameters), *nodes = gnn_node_embeddings(pass);
  for (uint32_t g = 0; g < batch->graph_count; g++) {
    float *sum = pass->graph_embeddings + g * (size_t)hidden;
    memset(sum, 0, (size_t)hidden * sizeof *sum);
    for (uint32_t i = batch->first_node[g]; i < batch->first_node[g + 1]; i++) {
      cblas_saxpy(hidden, 1, nodes + i * (size_t)hidden, 1, sum, 1);
    }
    pass->logits[g] = cblas_sdot(hidden, head, 1, sum, 1) + head[hidden];
  }
}

int gnn_forward(struct gnn_pass *pass, const struct gnn_batch *batch, const float *mask) {
  if (make_room_for_nodes(pass, batch->node_count) != 0) return -1;
  if (make_room_for_graphs(pass, batch->graph_count) != 0) return -1;
  pass->batch = batch;
  pass->mask = mask;
  for (uint32_t l = 0; l < pass->model->shape.layers; l++) forward_layer(pass, l);
  forward_head(pass);
  return 0;
}

const float *gnn_logits(const struct gnn_pass *pass) { return pass->logits; }

const float *gnn_node_embeddings(const struct gnn_pass *pass) {
  return pass->embeddings[pass->model->shape.layers - 1];
}

const float *gnn_graph_embeddings(const struct gnn_pass *pass) { return pass->graph_embeddings; }

float gnn_probability(float logit) { return 1 / (1 + expf(-logit)); }

double gnn_softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

/* ---- backward ---- */

/* To the embeddings of the last layer, in pass->slopes. */
static void backward_head(struct gnn_pass *pass, const float *logit_slopes, float *parameter_slopes) {
  const struct gnn_batch *batch = pass->batch;
  struct gnn_shape shape = pass->model->shape;
  blasint hidden = (blasint)shape.hidden;
  const float *head = head_of(shape, pass->model->parameters);
  memset(pass->slopes, 0, batch->node_count * (size_t)hidden * sizeof *pass->slopes);
  for (uint32_t g = 0; g < batch->graph_count; g++) {
    for (uint32_t i = batch->first_node[g]; i < batch->first_node[g + 1]; i++) {
      cblas_saxpy(hidden, logit_slopes[g], head, 1, pass->slopes + i * (size_t)hidden, 1);
    }
    if (parameter_slopes == NULL) continue;
    float *head_slopes = head_of(shape, parameter_slopes);
    cblas_saxpy(hidden, logit_slopes[g], pass->graph_embeddings + g * (size_t)hidden, 1, head_slopes, 1);
    head_slopes[hidden] += logit_slopes[g];
  }
}

static void backward_parameters(const struct gnn_pass *pass, uint32_t number, float *parameter_slopes) {
  struct gnn_shape shape = pass->model->shape;
  const struct layer layer = layer_of(shape, parameter_slopes, number);
  blasint nodes = (blasint)pass->batch->node_count, hidden = (blasint)shape.hidden, width = layer.inputs;
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, hidden, width, nodes, 1, pass->slopes, hidden,
              inputs_of_layer(pass, number), width, 1, layer.root, width);
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, hidden, width, nodes, 1, pass->slopes, hidden,
              pass->messages[number], width, 1, layer.rel, width);
  for (size_t i = 0; i < pass->batch->node_count; i++) {
    cblas_saxpy(hidden, 1, pass->slopes + i * shape.hidden, 1, layer.bias, 1);
  }
}

static void backward_mask(const struct gnn_pass *pass, uint32_t number, float *mask_slopes) {
  const struct gnn_batch *batch = pass->batch;
  const float *inputs = inputs_of_layer(pass, number), *slopes = pass->message_slopes;
  blasint width = (blasint)layer_inputs(pass->model->shape, number);
  for (uint32_t e = 0; e < batch->edge_count; e++) {
    size_t from = (size_t)batch->from[e] * (size_t)width, to = (size_t)batch->to[e] * (size_t)width;
    mask_slopes[e] += cblas_sdot(width, slopes + to, 1, inputs + from, 1);
    mask_slopes[e] += cblas_sdot(width, slopes + from, 1, inputs + to, 1);
  }
}

/* rows x weights, in out: slopes of what weights were applied to. */
static void slopes_through(const struct gnn_pass *pass, float *out, const float *weights, blasint width) {
  blasint nodes = (blasint)pass->batch->node_count, hidden = (blasint)pass->model->shape.hidden;
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, nodes, width, hidden, 1, pass->slopes, hidden, weights, width,
              0, out, width);
}

/* From what the layer makes, in pass->slopes, to what it is made of. */
static void backward_layer(struct gnn_pass *pass, uint32_t number, float *parameter_slopes, float *mask_slopes) {
  struct gnn_shape shape = pass->model->shape;
  const struct layer layer = layer_of(shape, pass->model->parameters, number);
  const float *out = pass->embeddings[number];
  size_t values = (size_t)pass->batch->node_count * shape.hidden;
  for (size_t i = 0; i < values; i++) pass->slopes[i] = out[i] > 0 ? pass->slopes[i] : 0;
  if (parameter_slopes != NULL) backward_parameters(pass, number, parameter_slopes);
  if (number > 0 || mask_slopes != NULL) slopes_through(pass, pass->message_slopes, layer.rel, layer.inputs);
  if (mask_slopes != NULL) backward_mask(pass, number, mask_slopes);
  if (number == 0) return;
  slopes_through(pass, pass->input_slopes, layer.root, layer.inputs);
  pass_along_edges(pass, pass->input_slopes, pass->message_slopes, layer.inputs);
  float *swap = pass->slopes;
  pass->slopes = pass->input_slopes;
  pass->input_slopes = swap;
}

void gnn_backward(struct gnn_pass *pass, const float *logit_slopes, float *parameter_slopes, float *mask_slopes) {
  backward_head(pass, logit_slopes, parameter_slopes);
  for (uint32_t l = pass->model->shape.layers; l-- > 0;) backward_layer(pass, l, parameter_slopes, mask_slopes);
}
