#include "sched/compare_edges.h"

#include <stdlib.h>

#include "util/bitset.h"

/* ---- lists ---- */

static int compare_edges(const void *left, const void *right) {
  const struct edge *a = left, *b = right;
  if (a->from != b->from) return a->from < b->from ? -1 : 1;
  return a->to < b->to ? -1 : a->to > b->to;
}

int edge_list_of(struct edge_list *out, const struct explanation *explanation) {
  *out = (struct edge_list){.edges = malloc((explanation->count + 1) * sizeof *out->edges)};
  if (out->edges == NULL) return -1;
  for (size_t i = 0; i < explanation->count; i++) out->edges[i] = explanation->cuts[i].cut.edge;
  qsort(out->edges, explanation->count, sizeof *out->edges, compare_edges);
  for (size_t i = 0; i < explanation->count; i++) {
    if (out->count == 0 || compare_edges(&out->edges[out->count - 1], &out->edges[i]) != 0) {
      out->edges[out->count++] = out->edges[i];
    }
  }
  return 0;
}

void edge_list_free(struct edge_list *list) {
  free(list->edges);
  *list = (struct edge_list){0};
}

static bool edge_list_has(const struct edge_list *list, const struct edge *edge) {
  return list->count > 0 && bsearch(edge, list->edges, list->count, sizeof *edge, compare_edges) != NULL;
}

double edge_list_overlap(const struct edge_list *left, const struct edge_list *right) {
  size_t both = 0;
  for (size_t i = 0; i < left->count; i++) both += edge_list_has(right, &left->edges[i]);
  size_t either = left->count + right->count - both;
  return either == 0 ? 1 : (double)both / (double)either;
}

double edge_list_sparsity(const struct edge_list *list, const struct graph *graph, const uint64_t *group) {
  size_t edges = group_edge_count(graph, group);
  return edges == 0 ? 1 : 1 - (double)list->count / (double)edges;
}

/* ---- the classifier ---- */

struct edge_judge {
  const struct graph *graph;
  struct gnn_network *network;
  struct gnn_pass *pass;
  struct gnn_batch batch;
};

int edge_judge_create(struct edge_judge **out, const struct gnn_model *classifier, const struct sim_model *model,
                      struct error *err) {
  struct edge_judge *judge = calloc(1, sizeof *judge);
  if (judge == NULL) return error_memory(err);
  judge->graph = model->graph;
  if (gnn_network_create(&judge->network, model, err) != 0 || gnn_pass_create(&judge->pass, classifier, err) != 0) {
    edge_judge_free(judge);
    return -1;
  }
  *out = judge;
  return 0;
}

void edge_judge_free(struct edge_judge *judge) {
  if (judge == NULL) return;
  gnn_pass_free(judge->pass);
  gnn_network_free(judge->network);
  gnn_batch_free(&judge->batch);
  free(judge);
}

/* Nodes of the batch are the group's ops in order of their labels. */
static void mark_named(bool *named, const struct edge_judge *judge, const uint64_t *group,
                       const struct edge_list *list, uint32_t *ops) {
  const struct gnn_batch *batch = &judge->batch;
  uint32_t nodes = 0;
  for BITSET_EACH (v, group, judge->graph->set_words) ops[nodes++] = (uint32_t)v;
  for (uint32_t e = 0; e < batch->edge_count; e++) {
    const struct edge edge = {ops[batch->from[e]], ops[batch->to[e]]};
    named[e] = edge_list_has(list, &edge);
  }
}

int edge_judge_ask(struct fidelity *out, struct edge_judge *judge, const uint64_t *group, uint64_t capacity_bytes,
                   const struct edge_list *named) {
  gnn_batch_clear(&judge->batch);
  if (gnn_batch_add(&judge->batch, judge->network, group, capacity_bytes) != 0) return -1;
  bool *marks = malloc((judge->batch.edge_count + 1) * sizeof *marks);
  uint32_t *ops = malloc(judge->batch.node_count * sizeof *ops);
  int status = marks == NULL || ops == NULL ? -1 : 0;
  if (status == 0) {
    mark_named(marks, judge, group, named, ops);
    status = gnn_fidelity(out, judge->pass, &judge->batch, marks);
  }
  free(ops);
  free(marks);
  return status;
}
