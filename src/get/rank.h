/* Ranking of cuts by the shares of the ops at the peak. */
#ifndef SPILLWAY_GET_RANK_H
#define SPILLWAY_GET_RANK_H

#include "get/explainer.h"

/* Fills in what each cut of the list leaves (struct explained_cut) and puts the cuts of the
 * edge first that leave both sides fitting, and then those that relieve most for each byte
 * that they send through DRAM: relief alone favours cuts through the widest maps. The cuts of
 * an edge stay together, the better one first. Equals are in order of the DRAM bytes, then of
 * the edges. out holds cuts->count items. tensor_bytes is by tensor: all its rows; op_bytes
 * by op: its share at the peak. 0, or -1 without memory. */
int rank_cuts(struct explained_cut *out, const struct graph *graph, const uint64_t *group,
              const struct group_cut_list *cuts, const uint64_t *op_bytes, const uint64_t *tensor_bytes,
              uint64_t capacity_bytes);

/* The two halves of it: first all but relief and enough, in the order of the list, whatever the capacity.
 * Without op_bytes (NULL) what the sides require stays 0. */
int rank_measure(struct explained_cut *out, const struct graph *graph, const uint64_t *group,
                 const struct group_cut_list *cuts, const uint64_t *op_bytes, const uint64_t *tensor_bytes);
int rank_order(struct explained_cut *cuts, size_t count, uint64_t capacity_bytes);

/* The order alone, by what is filled in already: cuts that are not enough and relieve nothing, so far as is
 * known, come by their score, the higher first. cuts are in the order of their edges. 0, or -1 without memory. */
int rank_sort(struct explained_cut *cuts, size_t count);

/* How many of the ranked cuts belong to the first `edges` edges. */
size_t rank_cuts_of_edges(const struct explained_cut *ranked, size_t count, size_t edges);

#endif
