/* Connected sets of nodes that grow within a graph, node by node from a seed. */
#ifndef SPILLWAY_GNN_RG_GROWTH_H
#define SPILLWAY_GNN_RG_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gnn/features.h"

/* A graph without the direction of its edges. All zero is none. */
struct rg_graph {
  uint32_t node_count, edge_count;
  const uint32_t *from, *to; /* by edge, borrowed */
  uint32_t *first_neighbour; /* by node, in neighbours, and its length behind the last */
  uint32_t *neighbours;
  float *roots; /* by node: inverse root of its degree, itself counted */
  float *spare; /* by node */
  uint32_t node_capacity, edge_capacity;
};

/* Of a batch of one graph, which lives as long as it is used. 0, or -1 without memory. */
int rg_graph_read(struct rg_graph *graph, const struct gnn_batch *batch);
void rg_graph_free(struct rg_graph *graph);

struct rg_growth {
  uint32_t count, boundary_count;
  uint32_t *nodes;    /* in the order in which they joined */
  uint32_t *boundary; /* neighbours of these that are not among them, in the order in which they came up */
  uint8_t *places;    /* by node: where it is */
  float *near_seed, *near_set; /* by node: what a walk from there with restarts sees of either */
  uint32_t capacity;
};

/* 0, or -1 without memory. */
int rg_growth_make_room(struct rg_growth *growth, const struct rg_graph *graph);
void rg_growth_free(struct rg_growth *growth);

void rg_growth_start(struct rg_growth *growth, const struct rg_graph *graph, uint32_t seed);
void rg_growth_add(struct rg_growth *growth, const struct rg_graph *graph, uint32_t node); /* of the boundary */
void rg_growth_copy(struct rg_growth *to, const struct rg_growth *from, const struct rg_graph *graph);

#endif
