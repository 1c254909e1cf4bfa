/* The edges that an explanation names: how many, which others would be, and what the classifier
 * makes of them. */
#ifndef SPILLWAY_SCHED_COMPARE_EDGES_H
#define SPILLWAY_SCHED_COMPARE_EDGES_H

#include <stddef.h>
#include <stdint.h>

#include "get/explainer.h"
#include "gnn/fidelity.h"

/* By (from, to), each once. */
struct edge_list {
  struct edge *edges;
  size_t count;
};

/* 0, or -1 without memory. The caller frees with edge_list_free(). */
int edge_list_of(struct edge_list *out, const struct explanation *explanation);
void edge_list_free(struct edge_list *list);

/* Edges in both over edges in either; 1 of two empty lists. */
double edge_list_overlap(const struct edge_list *left, const struct edge_list *right);

/* The share of the group's edges that is not in the list; 1 if it has none. */
double edge_list_sparsity(const struct edge_list *list, const struct graph *graph, const uint64_t *group);

/* Asks the classifier about groups of one network. Workspace of one thread. */
struct edge_judge;

/* Both are borrowed. */
int edge_judge_create(struct edge_judge **out, const struct gnn_model *classifier, const struct sim_model *model,
                      struct error *err);
void edge_judge_free(struct edge_judge *judge);

/* 0, or -1 without memory. */
int edge_judge_ask(struct fidelity *out, struct edge_judge *judge, const uint64_t *group, uint64_t capacity_bytes,
                   const struct edge_list *named);

#endif
