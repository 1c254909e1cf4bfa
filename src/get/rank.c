#include "get/rank.h"

#include <stdlib.h>

#include "util/bitset.h"

static uint64_t set_bytes(const uint64_t *set, size_t words, const uint64_t *op_bytes) {
  uint64_t bytes = 0;
  for BITSET_EACH (v, set, words) bytes += op_bytes[v];
  return bytes;
}

static bool tensor_read_in(const struct graph *graph, const struct tensor *tensor, const uint64_t *set) {
  for (uint32_t i = 0; i < tensor->consumer_count; i++) {
    if (bitset_has(set, graph->tensors[tensor->consumers[i]].producer)) return true;
  }
  return false;
}

/* DRAM bytes that a tensor of the op costs more once `side` is cut off: a load by the
 * other side, and a store if nobody outside the group needs it anyway. */
static uint64_t tensor_crossing(const struct graph *graph, uint32_t t, const uint64_t *group, const uint64_t *side,
                                const uint64_t *other, const uint64_t *tensor_bytes) {
  const struct tensor *tensor = &graph->tensors[t];
  const uint64_t *far = bitset_has(side, tensor->producer) ? other : side;
  if (!tensor_read_in(graph, tensor, far)) return 0;
  bool leaves = tensor->is_output;
  for (uint32_t i = 0; i < tensor->consumer_count && !leaves; i++) {
    leaves = !bitset_has(group, graph->tensors[tensor->consumers[i]].producer);
  }
  return tensor_bytes[t] * (leaves ? 1 : 2);
}

static uint64_t crossing_bytes(const struct graph *graph, const uint64_t *group, const uint64_t *side,
                               const uint64_t *other, const uint64_t *tensor_bytes) {
  uint64_t bytes = 0;
  for BITSET_EACH (v, group, graph->set_words) {
    const struct op *op = &graph->ops[v];
    for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
      bytes += tensor_crossing(graph, t, group, side, other, tensor_bytes);
    }
  }
  return bytes;
}

static int compare_cuts(const void *left, const void *right) {
  const struct explained_cut *a = left, *b = right;
  if (a->relief_bytes != b->relief_bytes) return a->relief_bytes > b->relief_bytes ? -1 : 1;
  if (a->crossing_bytes != b->crossing_bytes) return a->crossing_bytes < b->crossing_bytes ? -1 : 1;
  const struct edge x = a->cut.edge, y = b->cut.edge;
  if (x.from != y.from) return x.from < y.from ? -1 : 1;
  if (x.to != y.to) return x.to < y.to ? -1 : 1;
  return (int)b->cut.below - (int)a->cut.below;
}

void rank_cuts(struct explained_cut *out, const struct graph *graph, const uint64_t *group,
               const struct group_cut_list *cuts, const uint64_t *op_bytes, const uint64_t *tensor_bytes,
               uint64_t capacity_bytes) {
  uint64_t side[GRAPH_MAX_SET_WORDS], other[GRAPH_MAX_SET_WORDS];
  size_t words = graph->set_words;
  uint64_t total = set_bytes(group, words, op_bytes);
  for (size_t i = 0; i < cuts->count; i++) {
    group_cut_side(graph, group, cuts->cuts[i], side);
    bitset_minus(other, group, side, words);
    struct explained_cut *cut = &out[i];
    *cut = (struct explained_cut){.cut = cuts->cuts[i], .side_bytes = set_bytes(side, words, op_bytes)};
    cut->other_bytes = total - cut->side_bytes;
    uint64_t larger = cut->side_bytes > cut->other_bytes ? cut->side_bytes : cut->other_bytes;
    if (larger < capacity_bytes) larger = capacity_bytes;
    cut->relief_bytes = larger < total ? total - larger : 0;
    cut->crossing_bytes = crossing_bytes(graph, group, side, other, tensor_bytes);
  }
  qsort(out, cuts->count, sizeof *out, compare_cuts);
}
