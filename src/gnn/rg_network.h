/* The networks of RG-Explainer: the locator, which tells what node to begin from, and the generator,
 * which tells what neighbour of the set is to join it next, or that it is to stop. */
#ifndef SPILLWAY_GNN_RG_NETWORK_H
#define SPILLWAY_GNN_RG_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "gnn/model.h"
#include "gnn/perceptron.h"
#include "gnn/rg_growth.h"

#define RG_HIDDEN 64         /* of the generator and of the locator's first layer */
#define RG_LOCATOR_HIDDEN 8  /* of the locator's second */

struct perceptron rg_layers(uint32_t embedding);

/* A set and its boundary, from which one is chosen. */
struct rg_decision {
  uint32_t first_row, row_count; /* the boundary; row_count >= 1 */
  uint32_t choice; /* of these rows; row_count: to stop */
  float weight;    /* of its likelihood, in learning */
};

/* All zero is none of them. */
struct rg_decisions {
  struct rg_decision *items;
  uint32_t *nodes;   /* by row */
  float *indicators; /* by row: what walks from the seed and from the set see of the node */
  size_t count, row_count, capacity, row_capacity;
};

void rg_decisions_clear(struct rg_decisions *decisions);
void rg_decisions_free(struct rg_decisions *decisions);
/* Of a set that has a boundary; choice is in its order. 0, or -1 without memory. */
int rg_decisions_add(struct rg_decisions *decisions, const struct rg_growth *growth, uint32_t choice);

/* A workspace. All zero but the first three is one that has seen nothing yet. */
struct rg_network {
  const struct perceptron *perceptron; /* borrowed, as the next */
  const float *parameters;
  uint32_t embedding;
  /* by node */
  uint32_t node_count;
  float *inputs;   /* embedding: scaled */
  float *base;     /* RG_HIDDEN: what the generator makes of these */
  float *base_slopes;
  float *pairs;    /* 2 * embedding: those of the graph and of the node */
  float *wide, *narrow, *wide_slopes, *narrow_slopes; /* RG_HIDDEN, RG_LOCATOR_HIDDEN */
  float *locations; /* probability to begin there */
  uint32_t node_capacity;
  /* by row */
  float *layers[3];   /* RG_HIDDEN: what goes into both residual layers, and what comes out */
  float *swishes[2];  /* RG_HIDDEN: what goes into their swish */
  float *slopes[2];   /* RG_HIDDEN */
  float *choices, *choice_slopes; /* 2: score and attention */
  float *attentions, *probabilities;
  size_t row_capacity;
  /* by decision */
  float *pools, *pool_slopes; /* RG_HIDDEN */
  float *stops, *stop_slopes; /* the stop's score, then its probability */
  size_t decision_capacity;
};

void rg_network_free(struct rg_network *network);

/* Takes in the embeddings of a batch of one graph that went through the classifier. 0, or -1 without memory. */
int rg_network_look(struct rg_network *network, const struct gnn_pass *pass, const struct gnn_batch *batch);

/* To locations. The slopes are of the cross entropy between them and what they ought to be. */
void rg_locate(struct rg_network *network);
void rg_locate_backward(struct rg_network *network, const float *wanted, float *slopes);

/* To probabilities of rows and stops of decisions. 0, or -1 without memory. The slopes are of the sum over decisions
 * of -weight * log(probability of the choice) - entropy_price * entropy of what can be chosen. */
int rg_decide(struct rg_network *network, const struct rg_decisions *decisions);
void rg_decide_backward(struct rg_network *network, const struct rg_decisions *decisions, double entropy_price,
                        float *slopes);

#endif
