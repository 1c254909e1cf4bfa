/* A fusion group as the graph neural network sees it: ops are nodes, edges are those inside the
 * group, each node has a row of features. No feature tells where in the network an op is.
 *
 * Features depend on the group, the element widths and the buffer; most are logarithms of bytes or
 * bytes over the buffer's, so that widths and buffers of any size are on one scale. */
#ifndef SPILLWAY_GNN_FEATURES_H
#define SPILLWAY_GNN_FEATURES_H

#include <stddef.h>
#include <stdint.h>

#include "sim/model.h"
#include "util/error.h"

/* Of the list of features and what each means; weights trained on another version are refused. */
#define GNN_FEATURE_VERSION "1"

/* ONNX op types that have a feature of their own; the last name stands for all others. */
extern const char *const gnn_op_vocabulary[];
extern const size_t gnn_op_vocabulary_count;

/* How many there are for each node: those of the vocabulary, one of which is 1, then the others. */
size_t gnn_feature_count(void);
/* What the others are, with their units, as gnn_feature_count() - gnn_op_vocabulary_count texts. */
extern const char *const gnn_feature_names[];

/* Several graphs side by side, for one pass through the network. All zero is an empty batch. */
struct gnn_batch {
  uint32_t graph_count, node_count, edge_count;
  uint32_t *first_node; /* by graph, and node_count behind the last */
  uint32_t *first_edge; /* by graph, and edge_count behind the last */
  uint32_t *from, *to;  /* nodes of each edge, from < to; by (from, to) within a graph */
  float *features;      /* node_count x gnn_feature_count() */
  uint32_t graph_capacity, node_capacity, edge_capacity;
};

/* What features need of a network at one pair of widths. Immutable, shared between threads. */
struct gnn_network;

/* The model is borrowed; its buffer does not count. */
int gnn_network_create(struct gnn_network **out, const struct sim_model *model, struct error *err);
void gnn_network_free(struct gnn_network *network);

void gnn_batch_clear(struct gnn_batch *batch); /* keeps its memory */
void gnn_batch_free(struct gnn_batch *batch);

/* Room for so many more, so that a caller can put graphs there itself. 0, or -1 without memory. */
int gnn_batch_reserve(struct gnn_batch *batch, uint32_t graphs, uint32_t nodes, uint32_t edges);

/* Adds a group (any non-empty op set) in a buffer of that many bytes. Nodes are its ops in order
 * of their labels. 0, or -1 without memory. */
int gnn_batch_add(struct gnn_batch *batch, const struct gnn_network *network, const uint64_t *group,
                  uint64_t capacity_bytes);

#endif
