/* Fusion groups as op sets (bitsets of graph->set_words words), and the ways to cut one. */
#ifndef SPILLWAY_GRAPH_GROUP_H
#define SPILLWAY_GRAPH_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"

/* Whether the ops of the set hang together through edges inside it, whatever their
 * direction. True for an empty set. */
bool group_connected(const struct graph *graph, const uint64_t *group);

/* Edges with both ends in the group. */
size_t group_edge_count(const struct graph *graph, const uint64_t *group);

/* Whether the network's output or an op outside the group needs the tensor. */
bool group_tensor_leaves(const struct graph *graph, uint32_t tensor, const uint64_t *group);

/* Moves one weakly connected component, the one with the smallest label, from *rest to
 * *component; false, and an empty component, if rest is empty. */
bool group_take_component(const struct graph *graph, uint64_t *rest, uint64_t *component);

/* A cut of a group at an edge: `side` is `to` and its descendants in the group, or `from`
 * and its ancestors in the group; what is left is the other side. */
struct group_cut {
  struct edge edge;
  bool below; /* side is the descendants of edge.to (else the ancestors of edge.from) */
};

/* side = that part of the group. */
void group_cut_side(const struct graph *graph, const uint64_t *group, struct group_cut cut, uint64_t *side);

/* All cuts of the group with distinct pairs of sides, in the order of their edges, `below`
 * first; a cut that leaves one side empty is not one. Of several cuts with the same two
 * sides the first is kept. Results in list->cuts, list->count; the list is reused from
 * call to call and belongs to one thread. */
struct group_cut_list {
  struct group_cut *cuts;
  size_t count;
  struct group_cut_seen *seen; /* hash table of the pairs of sides found so far */
  size_t seen_slots;           /* power of two */
};

int group_cut_list_create(struct group_cut_list *list, const struct graph *graph, struct error *err);
void group_cut_list_free(struct group_cut_list *list);
void group_cuts(const struct graph *graph, const uint64_t *group, struct group_cut_list *list);

/* The same for single edges inside the group, in whatever order: begin with none, and add the cuts of an edge. */
void group_cuts_clear(struct group_cut_list *list);
void group_cuts_add(const struct graph *graph, const uint64_t *group, struct edge edge, struct group_cut_list *list);

#endif
