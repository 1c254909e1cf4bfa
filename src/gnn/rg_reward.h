/* What a subgraph is worth as an explanation: the classifier is to say of it what it says of the whole
 * graph, with few edges, near the seed, and with a like embedding. */
#ifndef SPILLWAY_GNN_RG_REWARD_H
#define SPILLWAY_GNN_RG_REWARD_H

#include <stddef.h>
#include <stdint.h>

#include "gnn/model.h"
#include "gnn/rg_growth.h"

/* Sets of nodes, one behind the other. All zero is none of them. */
struct rg_sets {
  uint32_t *first; /* by set, in nodes, and their number behind the last */
  uint32_t *nodes; /* of a set, its seed first */
  size_t count, capacity, node_capacity;
};

void rg_sets_clear(struct rg_sets *sets);
void rg_sets_free(struct rg_sets *sets);
int rg_sets_add(struct rg_sets *sets, const uint32_t *nodes, uint32_t count); /* 0, or -1 without memory */

struct rg_prices {
  double edge, radius, embedding;
};

/* All zero but the pass and hidden is one that has seen nothing yet. */
struct rg_judge {
  struct gnn_pass *pass;         /* borrowed */
  uint32_t hidden;               /* of the classifier */
  const struct gnn_batch *batch; /* the whole graph */
  const struct rg_graph *graph;  /* the same */
  double verdict;                /* of the whole graph: 1 fits, -1 overflows */
  float *whole;                  /* its embedding */
  double whole_square;
  struct gnn_batch subgraphs;
  uint32_t *marks; /* by node: its place in the subgraph, or how far it is from the seed */
  uint32_t mark_capacity;
};

/* Remembers what gnn_forward() found for a batch of one graph. 0, or -1 without memory. */
int rg_judge_look(struct rg_judge *judge, const struct gnn_batch *batch, const struct rg_graph *graph);
void rg_judge_free(struct rg_judge *judge);

/* By set: -(cross entropy of the classifier on the subgraph towards its verdict of the whole
 * + edge * edges within + radius * most steps from the seed within the set
 * + embedding * squared distance of the embeddings over the square of the whole's).
 * Nodes keep the features that they have in the whole graph. 0, or -1 without memory. */
int rg_rewards(double *rewards, struct rg_judge *judge, const struct rg_sets *sets, const struct rg_prices *prices);

#endif
