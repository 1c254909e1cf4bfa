#include "gnn/rg_network.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum layer { LOCATOR_0, LOCATOR_1, LOCATOR_2, NODE, INDICATORS, RESIDUAL_0, RESIDUAL_1, CHOICE, STOP };
enum { SCORE, ATTENTION, HEADS };

struct perceptron rg_layers(uint32_t embedding) {
  struct perceptron perceptron = perceptron_start();
  perceptron_add(&perceptron, "locator.0", 2 * embedding, RG_HIDDEN);
  perceptron_add(&perceptron, "locator.1", RG_HIDDEN, RG_LOCATOR_HIDDEN);
  perceptron_add(&perceptron, "locator.2", RG_LOCATOR_HIDDEN, 1);
  perceptron_add(&perceptron, "generator.node", embedding, RG_HIDDEN);
  perceptron_add(&perceptron, "generator.indicators", 2, RG_HIDDEN);
  perceptron_add(&perceptron, "generator.residual.0", RG_HIDDEN, RG_HIDDEN);
  perceptron_add(&perceptron, "generator.residual.1", RG_HIDDEN, RG_HIDDEN);
  perceptron_add(&perceptron, "generator.choice", RG_HIDDEN, HEADS);
  perceptron_add(&perceptron, "generator.stop", RG_HIDDEN, 1);
  return perceptron;
}

static void forward(const struct rg_network *network, enum layer layer, const float *in, float *out, size_t rows) {
  dense_forward(&network->perceptron->layers[layer], network->parameters, in, out, rows);
}

static void backward(const struct rg_network *network, enum layer layer, const float *in, const float *out_slopes,
                     float *in_slopes, float *slopes, size_t rows) {
  dense_backward(&network->perceptron->layers[layer], network->parameters, in, out_slopes, in_slopes, slopes, rows);
}

/* values[i * stride] of count; the largest is taken off first. */
static float largest_of(const float *values, size_t count, size_t stride) {
  float largest = values[0];
  for (size_t i = 1; i < count; i++) largest = fmaxf(largest, values[i * stride]);
  return largest;
}

/* out[i] becomes exp(values[i * stride] - shift); returns their sum. */
static float exponentials(float *out, const float *values, size_t count, size_t stride, float shift) {
  float sum = 0;
  for (size_t i = 0; i < count; i++) sum += out[i] = expf(values[i * stride] - shift);
  return sum;
}

static void softmax(float *out, const float *values, size_t count, size_t stride) {
  float sum = exponentials(out, values, count, stride, largest_of(values, count, stride));
  for (size_t i = 0; i < count; i++) out[i] /= sum;
}

/* ---- decisions ---- */

void rg_decisions_clear(struct rg_decisions *decisions) { decisions->count = decisions->row_count = 0; }

void rg_decisions_free(struct rg_decisions *decisions) {
  free(decisions->items);
  free(decisions->nodes);
  free(decisions->indicators);
  *decisions = (struct rg_decisions){0};
}

static int decisions_make_room(struct rg_decisions *decisions, size_t rows) {
  if (decisions->count == decisions->capacity) {
    size_t capacity = 2 * decisions->capacity + 16;
    struct rg_decision *items = realloc(decisions->items, capacity * sizeof *items);
    if (items == NULL) return -1;
    decisions->items = items;
    decisions->capacity = capacity;
  }
  if (rows > decisions->row_capacity) {
    uint32_t *nodes = realloc(decisions->nodes, 2 * rows * sizeof *nodes);
    if (nodes == NULL) return -1;
    decisions->nodes = nodes;
    float *indicators = realloc(decisions->indicators, 4 * rows * sizeof *indicators);
    if (indicators == NULL) return -1;
    decisions->indicators = indicators;
    decisions->row_capacity = 2 * rows;
  }
  return 0;
}

int rg_decisions_add(struct rg_decisions *decisions, const struct rg_growth *growth, uint32_t choice) {
  if (decisions_make_room(decisions, decisions->row_count + growth->boundary_count) != 0) return -1;
  decisions->items[decisions->count++] = (struct rg_decision){
      .first_row = (uint32_t)decisions->row_count, .row_count = growth->boundary_count, .choice = choice, .weight = 1};
  for (uint32_t b = 0; b < growth->boundary_count; b++) {
    uint32_t node = growth->boundary[b];
    decisions->nodes[decisions->row_count] = node;
    decisions->indicators[2 * decisions->row_count] = growth->near_seed[node];
    decisions->indicators[2 * decisions->row_count + 1] = growth->near_set[node];
    decisions->row_count++;
  }
  return 0;
}

/* ---- room ---- */

void rg_network_free(struct rg_network *network) {
  free(network->inputs);
  free(network->layers[0]);
  free(network->pools);
  *network = (struct rg_network){0};
}

struct share {
  float **array;
  size_t width;
};

/* One new block, shared out; the first array is where it begins. What they held is lost. */
static int share_block(const struct share *shares, size_t share_count, size_t items) {
  size_t width = 0;
  for (size_t s = 0; s < share_count; s++) width += shares[s].width;
  free(*shares[0].array);
  float *block = calloc(items + 1, width * sizeof *block);
  for (size_t s = 0; s < share_count; s++) {
    *shares[s].array = block;
    if (block != NULL) block += shares[s].width * items;
  }
  return block == NULL ? -1 : 0;
}

static int nodes_make_room(struct rg_network *network, uint32_t nodes) {
  if (network->inputs != NULL && network->node_capacity >= nodes) return 0;
  size_t width = network->embedding;
  const struct share shares[] = {{&network->inputs, width},          {&network->base, RG_HIDDEN},
                                 {&network->base_slopes, RG_HIDDEN}, {&network->pairs, 2 * width},
                                 {&network->wide, RG_HIDDEN},        {&network->narrow, RG_LOCATOR_HIDDEN},
                                 {&network->wide_slopes, RG_HIDDEN}, {&network->narrow_slopes, RG_LOCATOR_HIDDEN},
                                 {&network->locations, 1}};
  network->node_capacity = nodes;
  return share_block(shares, sizeof shares / sizeof *shares, nodes);
}

static int rows_make_room(struct rg_network *network, size_t rows) {
  if (network->layers[0] != NULL && network->row_capacity >= rows) return 0;
  const struct share shares[] = {{&network->layers[0], RG_HIDDEN},  {&network->layers[1], RG_HIDDEN},
                                 {&network->layers[2], RG_HIDDEN},  {&network->swishes[0], RG_HIDDEN},
                                 {&network->swishes[1], RG_HIDDEN}, {&network->slopes[0], RG_HIDDEN},
                                 {&network->slopes[1], RG_HIDDEN},  {&network->choices, HEADS},
                                 {&network->choice_slopes, HEADS},  {&network->attentions, 1},
                                 {&network->probabilities, 1}};
  network->row_capacity = 2 * rows;
  return share_block(shares, sizeof shares / sizeof *shares, 2 * rows);
}

static int decisions_room(struct rg_network *network, size_t count) {
  if (network->pools != NULL && network->decision_capacity >= count) return 0;
  const struct share shares[] = {{&network->pools, RG_HIDDEN},
                                 {&network->pool_slopes, RG_HIDDEN},
                                 {&network->stops, 1},
                                 {&network->stop_slopes, 1}};
  network->decision_capacity = 2 * count;
  return share_block(shares, sizeof shares / sizeof *shares, 2 * count);
}

int rg_network_look(struct rg_network *network, const struct gnn_pass *pass, const struct gnn_batch *batch) {
  if (nodes_make_room(network, batch->node_count) != 0) return -1;
  const float *embeddings = gnn_node_embeddings(pass);
  size_t count = batch->node_count * (size_t)network->embedding;
  network->node_count = batch->node_count;
  for (size_t i = 0; i < count; i++) network->inputs[i] = network->parameters[0] * embeddings[i];
  forward(network, NODE, network->inputs, network->base, network->node_count);
  return 0;
}

/* ---- the locator ---- */

/* The graph's embedding is the mean of its nodes', which stays on their scale. */
static void pair_nodes(struct rg_network *network) {
  uint32_t width = network->embedding;
  float *mean = network->pairs;
  memset(mean, 0, width * sizeof *mean);
  for (uint32_t i = 0; i < network->node_count; i++) {
    cblas_saxpy((blasint)width, 1 / (float)network->node_count, network->inputs + i * (size_t)width, 1, mean, 1);
  }
  for (uint32_t i = 0; i < network->node_count; i++) {
    float *pair = network->pairs + i * (size_t)width * 2;
    if (i > 0) memcpy(pair, mean, width * sizeof *mean);
    memcpy(pair + width, network->inputs + i * (size_t)width, width * sizeof *mean);
  }
}

void rg_locate(struct rg_network *network) {
  size_t nodes = network->node_count;
  pair_nodes(network);
  forward(network, LOCATOR_0, network->pairs, network->wide, nodes);
  relu_forward(network->wide, nodes * RG_HIDDEN);
  forward(network, LOCATOR_1, network->wide, network->narrow, nodes);
  relu_forward(network->narrow, nodes * RG_LOCATOR_HIDDEN);
  forward(network, LOCATOR_2, network->narrow, network->locations, nodes);
  softmax(network->locations, network->locations, nodes, 1);
}

void rg_locate_backward(struct rg_network *network, const float *wanted, float *slopes) {
  size_t nodes = network->node_count;
  for (size_t i = 0; i < nodes; i++) network->locations[i] -= wanted[i];
  backward(network, LOCATOR_2, network->narrow, network->locations, network->narrow_slopes, slopes, nodes);
  relu_backward(network->narrow_slopes, network->narrow, nodes * RG_LOCATOR_HIDDEN);
  backward(network, LOCATOR_1, network->wide, network->narrow_slopes, network->wide_slopes, slopes, nodes);
  relu_backward(network->wide_slopes, network->wide, nodes * RG_HIDDEN);
  backward(network, LOCATOR_0, network->pairs, network->wide_slopes, NULL, slopes, nodes);
}

/* ---- the generator ---- */

/* out = in + swish(before), swish(x) = x sigmoid(x) */
static void residual_forward(float *out, const float *in, const float *before, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = in[i] + before[i] * gnn_probability(before[i]);
}

/* slopes of the swish's output in, of its input out. */
static void swish_backward(float *out, const float *slopes, const float *before, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float gate = gnn_probability(before[i]);
    out[i] = slopes[i] * (gate + before[i] * gate * (1 - gate));
  }
}

static void pool(struct rg_network *network, const struct rg_decisions *decisions) {
  for (size_t d = 0; d < decisions->count; d++) {
    const struct rg_decision *decision = &decisions->items[d];
    float *attentions = network->attentions + decision->first_row;
    float *pooled = network->pools + d * RG_HIDDEN;
    const float *rows = network->layers[2] + decision->first_row * (size_t)RG_HIDDEN;
    softmax(attentions, network->choices + HEADS * (size_t)decision->first_row + ATTENTION, decision->row_count, HEADS);
    memset(pooled, 0, RG_HIDDEN * sizeof *pooled);
    for (uint32_t r = 0; r < decision->row_count; r++) {
      cblas_saxpy(RG_HIDDEN, attentions[r], rows + r * (size_t)RG_HIDDEN, 1, pooled, 1);
    }
  }
}

/* Over the rows of each decision and its stop. */
static void finish_probabilities(struct rg_network *network, const struct rg_decisions *decisions) {
  for (size_t d = 0; d < decisions->count; d++) {
    const struct rg_decision *decision = &decisions->items[d];
    const float *scores = network->choices + HEADS * (size_t)decision->first_row + SCORE;
    float *probabilities = network->probabilities + decision->first_row, *stop = &network->stops[d];
    float shift = fmaxf(*stop, largest_of(scores, decision->row_count, HEADS));
    float sum = exponentials(probabilities, scores, decision->row_count, HEADS, shift);
    *stop = expf(*stop - shift);
    sum += *stop;
    *stop /= sum;
    for (uint32_t r = 0; r < decision->row_count; r++) probabilities[r] /= sum;
  }
}

int rg_decide(struct rg_network *network, const struct rg_decisions *decisions) {
  size_t rows = decisions->row_count, values = rows * RG_HIDDEN;
  if (rows_make_room(network, rows) != 0 || decisions_room(network, decisions->count) != 0) return -1;
  forward(network, INDICATORS, decisions->indicators, network->layers[0], rows);
  for (size_t r = 0; r < rows; r++) {
    const float *base = network->base + decisions->nodes[r] * (size_t)RG_HIDDEN;
    cblas_saxpy(RG_HIDDEN, 1, base, 1, network->layers[0] + r * RG_HIDDEN, 1);
  }
  for (unsigned l = 0; l < 2; l++) {
    forward(network, l == 0 ? RESIDUAL_0 : RESIDUAL_1, network->layers[l], network->swishes[l], rows);
    residual_forward(network->layers[l + 1], network->layers[l], network->swishes[l], values);
  }
  forward(network, CHOICE, network->layers[2], network->choices, rows);
  pool(network, decisions);
  forward(network, STOP, network->pools, network->stops, decisions->count);
  finish_probabilities(network, decisions);
  return 0;
}

/* p log p */
static float surprise(float p) { return p > 0 ? p * logf(p) : 0; }

/* Of a score with probability p, where all probabilities have that entropy. */
static float score_slope(const struct rg_decision *decision, float p, bool chosen, float entropy, float price) {
  return decision->weight * (p - chosen) + price * (surprise(p) + p * entropy);
}

static void score_slopes(struct rg_network *network, const struct rg_decisions *decisions, float entropy_price) {
  for (size_t d = 0; d < decisions->count; d++) {
    const struct rg_decision *decision = &decisions->items[d];
    const float *probabilities = network->probabilities + decision->first_row, stop = network->stops[d];
    float entropy = -surprise(stop);
    for (uint32_t r = 0; r < decision->row_count; r++) entropy -= surprise(probabilities[r]);
    bool stopped = decision->choice == decision->row_count;
    network->stop_slopes[d] = score_slope(decision, stop, stopped, entropy, entropy_price);
    for (uint32_t r = 0; r < decision->row_count; r++) {
      float *slope = &network->choice_slopes[HEADS * ((size_t)decision->first_row + r) + SCORE];
      *slope = score_slope(decision, probabilities[r], decision->choice == r, entropy, entropy_price);
    }
  }
}

/* From what was pooled to the attention's scores. */
static void attention_slopes(struct rg_network *network, const struct rg_decision *decision, const float *pooled) {
  float mean = 0;
  for (size_t row = decision->first_row; row < (size_t)decision->first_row + decision->row_count; row++) {
    float slope = cblas_sdot(RG_HIDDEN, pooled, 1, network->layers[2] + row * RG_HIDDEN, 1);
    network->choice_slopes[HEADS * row + ATTENTION] = slope;
    mean += network->attentions[row] * slope;
  }
  for (size_t row = decision->first_row; row < (size_t)decision->first_row + decision->row_count; row++) {
    float *slope = &network->choice_slopes[HEADS * row + ATTENTION];
    *slope = network->attentions[row] * (*slope - mean);
  }
}

/* Slopes of the pooled rows by the rows themselves. */
static void add_pooled(struct rg_network *network, const struct rg_decision *decision, const float *pooled) {
  for (size_t row = decision->first_row; row < (size_t)decision->first_row + decision->row_count; row++) {
    cblas_saxpy(RG_HIDDEN, network->attentions[row], pooled, 1, network->slopes[0] + row * RG_HIDDEN, 1);
  }
}

static void backward_rows(struct rg_network *network, const struct rg_decisions *decisions, float *slopes) {
  size_t rows = decisions->row_count, values = rows * RG_HIDDEN;
  for (unsigned l = 2; l-- > 0;) {
    enum layer layer = l == 0 ? RESIDUAL_0 : RESIDUAL_1;
    float *before = network->slopes[1];
    swish_backward(before, network->slopes[0], network->swishes[l], values);
    /* What comes out of the layer is no longer needed: its slopes go there. */
    backward(network, layer, network->layers[l], before, network->layers[l + 1], slopes, rows);
    cblas_saxpy((blasint)values, 1, network->layers[l + 1], 1, network->slopes[0], 1);
  }
  backward(network, INDICATORS, decisions->indicators, network->slopes[0], NULL, slopes, rows);
  memset(network->base_slopes, 0, network->node_count * (size_t)RG_HIDDEN * sizeof(float));
  for (size_t r = 0; r < rows; r++) {
    float *base = network->base_slopes + decisions->nodes[r] * (size_t)RG_HIDDEN;
    cblas_saxpy(RG_HIDDEN, 1, network->slopes[0] + r * RG_HIDDEN, 1, base, 1);
  }
  backward(network, NODE, network->inputs, network->base_slopes, NULL, slopes, network->node_count);
}

void rg_decide_backward(struct rg_network *network, const struct rg_decisions *decisions, double entropy_price,
                        float *slopes) {
  if (decisions->count == 0) return;
  score_slopes(network, decisions, (float)entropy_price);
  backward(network, STOP, network->pools, network->stop_slopes, network->pool_slopes, slopes, decisions->count);
  for (size_t d = 0; d < decisions->count; d++) {
    attention_slopes(network, &decisions->items[d], network->pool_slopes + d * RG_HIDDEN);
  }
  backward(network, CHOICE, network->layers[2], network->choice_slopes, network->slopes[0], slopes,
           decisions->row_count);
  for (size_t d = 0; d < decisions->count; d++) {
    add_pooled(network, &decisions->items[d], network->pool_slopes + d * RG_HIDDEN);
  }
  backward_rows(network, decisions, slopes);
}
