#include "get/rank.h"

#include <stdlib.h>

#include "util/bitset.h"

/* ---- what crosses a cut ---- */

/* A tensor that passes between ops of the group, as a cut meets it. */
struct passing {
  uint32_t producer, last_reader;
  uint32_t first_reader, reader_count; /* in the list of readers: ops of the group */
  uint64_t crossing_bytes; /* stored, unless it is anyway, and loaded by the other side */
};

struct passing_list {
  struct passing *items; /* by producer, ascending */
  size_t count;
  uint32_t *readers;
};

static void passing_add(struct passing_list *list, const struct graph *graph, uint32_t t, const uint64_t *group,
                        uint64_t tensor_bytes, uint32_t *reader_count) {
  const struct tensor *tensor = &graph->tensors[t];
  struct passing passing = {.producer = tensor->producer, .first_reader = *reader_count};
  bool leaves = tensor->is_output;
  for (uint32_t i = 0; i < tensor->consumer_count; i++) {
    uint32_t reader = graph->tensors[tensor->consumers[i]].producer;
    if (bitset_has(group, reader)) {
      list->readers[(*reader_count)++] = reader;
      if (reader > passing.last_reader) passing.last_reader = reader;
    } else {
      leaves = true;
    }
  }
  passing.reader_count = *reader_count - passing.first_reader;
  passing.crossing_bytes = tensor_bytes * (leaves ? 1 : 2);
  if (passing.reader_count > 0) list->items[list->count++] = passing;
}

static int passing_list_create(struct passing_list *list, const struct graph *graph, const uint64_t *group,
                               const uint64_t *tensor_bytes) {
  size_t tensors = 0, uses = 0;
  uint32_t reader_count = 0;
  for BITSET_EACH (v, group, graph->set_words) {
    const struct op *op = &graph->ops[v];
    tensors += op->output_count;
    for (uint32_t k = 0; k < op->output_count; k++) uses += graph->tensors[op->first_output + k].consumer_count;
  }
  *list = (struct passing_list){
      .items = malloc((tensors + 1) * sizeof *list->items),
      .readers = malloc((uses + 1) * sizeof *list->readers),
  };
  if (list->items == NULL || list->readers == NULL) return -1;
  for BITSET_EACH (v, group, graph->set_words) {
    const struct op *op = &graph->ops[v];
    for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
      passing_add(list, graph, t, group, tensor_bytes[t], &reader_count);
    }
  }
  return 0;
}

static void passing_list_free(struct passing_list *list) {
  free(list->items);
  free(list->readers);
}

static bool passing_crosses(const struct passing_list *list, const struct passing *passing, const uint64_t *side) {
  bool inside = bitset_has(side, passing->producer);
  for (uint32_t i = 0; i < passing->reader_count; i++) {
    if (bitset_has(side, list->readers[passing->first_reader + i]) != inside) return true;
  }
  return false;
}

/* A tensor that crosses has an end in the side, whose labels go up to that of the cut's edge
 * or begin there. */
static uint64_t crossing_bytes(const struct passing_list *list, struct group_cut cut, const uint64_t *side) {
  uint32_t first = cut.below ? cut.edge.to : 0, last = cut.below ? UINT32_MAX : cut.edge.from;
  const struct passing *end = list->items + list->count;
  uint64_t bytes = 0;
  for (const struct passing *passing = list->items; passing < end && passing->producer <= last; passing++) {
    if (passing->last_reader >= first && passing_crosses(list, passing, side)) bytes += passing->crossing_bytes;
  }
  return bytes;
}

/* ---- order ---- */

/* Cuts that are enough first, then by relief for each crossing byte, the larger first; equals that are not
 * enough by their score, and then by crossing bytes. */
static int compare_worth(const struct explained_cut *a, const struct explained_cut *b) {
  if (a->enough != b->enough) return a->enough ? -1 : 1;
  unsigned __int128 left = (unsigned __int128)a->relief_bytes * b->crossing_bytes;
  unsigned __int128 right = (unsigned __int128)b->relief_bytes * a->crossing_bytes;
  if (left != right) return left > right ? -1 : 1;
  if (!a->enough && a->score != b->score) return a->score > b->score ? -1 : 1;
  if (a->crossing_bytes != b->crossing_bytes) return a->crossing_bytes < b->crossing_bytes ? -1 : 1;
  return 0;
}

static bool same_edge(struct edge a, struct edge b) { return a.from == b.from && a.to == b.to; }

/* The one or two cuts of an edge. */
struct edge_cuts {
  struct explained_cut cuts[2];
  uint32_t count;
};

static int compare_edges(const void *left, const void *right) {
  const struct explained_cut *a = &((const struct edge_cuts *)left)->cuts[0];
  const struct explained_cut *b = &((const struct edge_cuts *)right)->cuts[0];
  int order = compare_worth(a, b);
  if (order != 0) return order;
  struct edge x = a->cut.edge, y = b->cut.edge;
  if (x.from != y.from) return x.from < y.from ? -1 : 1;
  return x.to < y.to ? -1 : x.to > y.to;
}

/* The cuts come in the order of their edges, so those of one edge are neighbours. */
static size_t gather_edges(struct edge_cuts *edges, const struct explained_cut *cuts, size_t count) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++) {
    if (i == 0 || !same_edge(cuts[i].cut.edge, cuts[i - 1].cut.edge)) {
      edges[n++] = (struct edge_cuts){.cuts = {cuts[i]}, .count = 1};
      continue;
    }
    struct edge_cuts *edge = &edges[n - 1];
    bool better = compare_worth(&cuts[i], &edge->cuts[0]) < 0;
    edge->cuts[1] = better ? edge->cuts[0] : cuts[i];
    if (better) edge->cuts[0] = cuts[i];
    edge->count = 2;
  }
  return n;
}

int rank_sort(struct explained_cut *cuts, size_t count) {
  struct edge_cuts *edges = malloc((count + 1) * sizeof *edges);
  if (edges == NULL) return -1;
  size_t edge_count = gather_edges(edges, cuts, count), n = 0;
  qsort(edges, edge_count, sizeof *edges, compare_edges);
  for (size_t i = 0; i < edge_count; i++) {
    for (uint32_t k = 0; k < edges[i].count; k++) cuts[n++] = edges[i].cuts[k];
  }
  free(edges);
  return 0;
}

/* ---- the whole ---- */

static uint64_t set_bytes(const uint64_t *set, size_t words, const uint64_t *op_bytes) {
  uint64_t bytes = 0;
  if (op_bytes == NULL) return 0;
  for BITSET_EACH (v, set, words) bytes += op_bytes[v];
  return bytes;
}

/* How far the cut brings the larger side down, at most to capacity. */
static void judge(struct explained_cut *cut, uint64_t capacity_bytes) {
  uint64_t total = cut->side_bytes + cut->other_bytes;
  uint64_t larger = cut->side_bytes > cut->other_bytes ? cut->side_bytes : cut->other_bytes;
  cut->enough = larger <= capacity_bytes;
  if (cut->enough) larger = capacity_bytes;
  cut->relief_bytes = larger < total ? total - larger : 0;
}

int rank_measure(struct explained_cut *out, const struct graph *graph, const uint64_t *group,
                 const struct group_cut_list *cuts, const uint64_t *op_bytes, const uint64_t *tensor_bytes) {
  struct passing_list passing;
  uint64_t side[GRAPH_MAX_SET_WORDS];
  size_t words = graph->set_words;
  uint64_t total = set_bytes(group, words, op_bytes);
  int status = passing_list_create(&passing, graph, group, tensor_bytes);
  for (size_t i = 0; i < cuts->count && status == 0; i++) {
    group_cut_side(graph, group, cuts->cuts[i], side);
    uint64_t side_bytes = set_bytes(side, words, op_bytes);
    out[i] = (struct explained_cut){.cut = cuts->cuts[i],
                                    .side_bytes = side_bytes,
                                    .other_bytes = total - side_bytes,
                                    .crossing_bytes = crossing_bytes(&passing, cuts->cuts[i], side)};
  }
  passing_list_free(&passing);
  return status;
}

int rank_order(struct explained_cut *cuts, size_t count, uint64_t capacity_bytes) {
  for (size_t i = 0; i < count; i++) judge(&cuts[i], capacity_bytes);
  return rank_sort(cuts, count);
}

int rank_cuts(struct explained_cut *out, const struct graph *graph, const uint64_t *group,
              const struct group_cut_list *cuts, const uint64_t *op_bytes, const uint64_t *tensor_bytes,
              uint64_t capacity_bytes) {
  if (rank_measure(out, graph, group, cuts, op_bytes, tensor_bytes) != 0) return -1;
  return rank_order(out, cuts->count, capacity_bytes);
}

size_t rank_cuts_of_edges(const struct explained_cut *ranked, size_t count, size_t edges) {
  size_t seen = 0;
  for (size_t i = 0; i < count; i++) {
    if (i == 0 || !same_edge(ranked[i].cut.edge, ranked[i - 1].cut.edge)) seen++;
    if (seen > edges) return i;
  }
  return count;
}
