#include "graph/group.h"

#include <stdlib.h>
#include <xxhash.h>

#include "util/bitset.h"

bool group_take_component(const struct graph *graph, uint64_t *rest, uint64_t *component) {
  size_t words = graph->set_words;
  size_t first = bitset_next(rest, words, 0);
  bitset_clear(component, words);
  if (first >= words * 64) return false;
  /* Sweeps over the part found so far until nothing is added. Labels are topological, so
   * a sweep up and a sweep down follow long chains in one go. */
  bitset_add(component, first);
  bitset_remove(rest, first);
  bool grew = true;
  while (grew) {
    grew = false;
    for BITSET_EACH (v, component, words) {
      const struct op *op = &graph->ops[v];
      for (uint32_t i = 0; i < op->successor_count + op->predecessor_count; i++) {
        uint32_t u = i < op->successor_count ? op->successors[i] : op->predecessors[i - op->successor_count];
        if (!bitset_has(rest, u)) continue;
        bitset_remove(rest, u);
        bitset_add(component, u);
        grew = grew || u < v;
      }
    }
  }
  return true;
}

bool group_connected(const struct graph *graph, const uint64_t *group) {
  uint64_t rest[GRAPH_MAX_SET_WORDS], component[GRAPH_MAX_SET_WORDS];
  bitset_copy(rest, group, graph->set_words);
  group_take_component(graph, rest, component);
  return bitset_empty(rest, graph->set_words);
}

bool group_tensor_leaves(const struct graph *graph, uint32_t tensor, const uint64_t *group) {
  const struct tensor *from = &graph->tensors[tensor];
  for (uint32_t i = 0; i < from->consumer_count; i++) {
    if (!bitset_has(group, graph->tensors[from->consumers[i]].producer)) return true;
  }
  return from->is_output;
}

void group_cut_side(const struct graph *graph, const uint64_t *group, struct group_cut cut, uint64_t *side) {
  const uint64_t *reach = cut.below ? graph->ops[cut.edge.to].descendants : graph->ops[cut.edge.from].ancestors;
  bitset_and(side, reach, group, graph->set_words);
}

struct group_cut_seen {
  XXH128_hash_t sides;
  bool used;
};

int group_cut_list_create(struct group_cut_list *list, const struct graph *graph, struct error *err) {
  /* A cut below depends only on edge.to and one above only on edge.from. */
  size_t limit = 2 * (size_t)graph->op_count;
  list->count = 0;
  list->seen_slots = 16;
  while (list->seen_slots < 2 * limit) list->seen_slots *= 2;
  list->cuts = malloc(limit * sizeof *list->cuts);
  list->seen = malloc(list->seen_slots * sizeof *list->seen);
  if (list->cuts != NULL && list->seen != NULL) return 0;
  group_cut_list_free(list);
  return error_memory(err);
}

void group_cut_list_free(struct group_cut_list *list) {
  free(list->cuts);
  free(list->seen);
  *list = (struct group_cut_list){0};
}

/* Whether this pair of sides is new; remembers it. */
static bool cut_is_new(struct group_cut_list *list, const uint64_t *side_with_first_op, size_t words) {
  XXH128_hash_t hash = XXH3_128bits(side_with_first_op, words * sizeof *side_with_first_op);
  size_t slot = hash.low64 & (list->seen_slots - 1);
  while (list->seen[slot].used) {
    if (XXH128_isEqual(list->seen[slot].sides, hash)) return false;
    slot = (slot + 1) & (list->seen_slots - 1);
  }
  list->seen[slot] = (struct group_cut_seen){hash, true};
  return true;
}

static void cut_try(const struct graph *graph, const uint64_t *group, struct group_cut cut, size_t first_op,
                    struct group_cut_list *list) {
  uint64_t side[GRAPH_MAX_SET_WORDS], other[GRAPH_MAX_SET_WORDS];
  size_t words = graph->set_words;
  group_cut_side(graph, group, cut, side);
  bitset_minus(other, group, side, words);
  if (bitset_empty(other, words)) return;
  if (cut_is_new(list, bitset_has(side, first_op) ? side : other, words)) list->cuts[list->count++] = cut;
}

void group_cuts_clear(struct group_cut_list *list) {
  list->count = 0;
  memset(list->seen, 0, list->seen_slots * sizeof *list->seen);
}

void group_cuts_add(const struct graph *graph, const uint64_t *group, struct edge edge, struct group_cut_list *list) {
  size_t first_op = bitset_next(group, graph->set_words, 0);
  cut_try(graph, group, (struct group_cut){edge, true}, first_op, list);
  cut_try(graph, group, (struct group_cut){edge, false}, first_op, list);
}

void group_cuts(const struct graph *graph, const uint64_t *group, struct group_cut_list *list) {
  size_t words = graph->set_words;
  size_t first_op = bitset_next(group, words, 0);
  uint64_t done_below[GRAPH_MAX_SET_WORDS] = {0};
  group_cuts_clear(list);
  for BITSET_EACH (v, group, words) {
    const struct op *op = &graph->ops[v];
    bool done_above = false;
    for (uint32_t i = 0; i < op->successor_count; i++) {
      struct edge edge = {(uint32_t)v, op->successors[i]};
      if (!bitset_has(group, edge.to)) continue;
      if (!bitset_has(done_below, edge.to)) cut_try(graph, group, (struct group_cut){edge, true}, first_op, list);
      if (!done_above) cut_try(graph, group, (struct group_cut){edge, false}, first_op, list);
      bitset_add(done_below, edge.to);
      done_above = true;
    }
  }
}

size_t group_edge_count(const struct graph *graph, const uint64_t *group) {
  size_t edges = 0;
  for BITSET_EACH (v, group, graph->set_words) {
    const struct op *op = &graph->ops[v];
    for (uint32_t i = 0; i < op->successor_count; i++) edges += bitset_has(group, op->successors[i]);
  }
  return edges;
}
