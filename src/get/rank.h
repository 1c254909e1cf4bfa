/* Ranking of cuts by the shares of the ops at the peak. */
#ifndef SPILLWAY_GET_RANK_H
#define SPILLWAY_GET_RANK_H

#include "get/explainer.h"

/* Fills in what each cut of the list leaves (struct explained_cut) and puts the cuts that
 * relieve most first; among equals those that send fewer bytes through DRAM, then those of
 * earlier edges. out holds cuts->count items. tensor_bytes is by tensor: all its rows;
 * op_bytes by op: its share at the peak. */
void rank_cuts(struct explained_cut *out, const struct graph *graph, const uint64_t *group,
               const struct group_cut_list *cuts, const uint64_t *op_bytes, const uint64_t *tensor_bytes,
               uint64_t capacity_bytes);

#endif
