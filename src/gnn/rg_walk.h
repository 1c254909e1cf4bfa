/* Walks of the generator: sets that grow side by side within one graph. */
#ifndef SPILLWAY_GNN_RG_WALK_H
#define SPILLWAY_GNN_RG_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gnn/rg.h"
#include "gnn/rg_growth.h"
#include "gnn/rg_network.h"
#include "gnn/rg_reward.h"
#include "util/rng.h"

struct rg_walk {
  struct rg_growth growth;
  bool ended;
};

struct rg_pass {
  struct perceptron perceptron;
  struct gnn_pass *pass; /* borrowed */
  struct rg_graph graph;
  struct rg_network network;
  struct rg_judge judge;
  struct rg_walk *walks;
  size_t walk_count, walk_capacity;
  struct rg_decisions decisions; /* of one step of all walks */
  struct rg_sets sets;
  double *rewards; /* by set */
  size_t reward_capacity;
};

/* All of these: 0, or -1 without memory. */

/* Runs a batch of one graph through the classifier and looks at it with the networks. */
int rg_look(struct rg_pass *pass, const struct gnn_batch *batch);

/* Room for so many walks, which the caller starts. */
int rg_walks_make_room(struct rg_pass *pass, size_t count);
void rg_walk_start(struct rg_pass *pass, size_t walk, uint32_t seed);

/* Lets all walks grow until each has stopped, has that many nodes or no neighbours left. Each step is drawn at random,
 * or the likeliest with rng NULL. Decisions of the first walk are added to record, unless it is NULL. */
int rg_walk_all(struct rg_pass *pass, uint64_t most_nodes, struct rng *rng, struct rg_decisions *record);

/* To pass->rewards, of pass->sets; the second of the walks' sets, in their order. */
int rg_judge_sets(struct rg_pass *pass, const struct rg_prices *prices);
int rg_judge_walks(struct rg_pass *pass, const struct rg_prices *prices);

/* Number of an item drawn by probabilities that sum to 1, or almost; count if they end before. */
uint32_t rg_draw(const float *probabilities, uint32_t count, struct rng *rng);

#endif
