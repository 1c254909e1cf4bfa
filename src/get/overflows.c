#include "get/overflows.h"

#include <stdlib.h>

#include "graph/group_table.h"
#include "util/bitset.h"

struct op_share {
  uint64_t weight_bytes, row_bytes;
};

struct cut_share {
  uint64_t side_bytes, other_bytes, crossing_bytes;
};

struct overflow {
  struct group_cost cost;
  uint64_t occupied_bytes, staging_bytes;
  uint32_t staging_op;
  const struct op_share *ops; /* of the group's ops by label; NULL: not known */
  const struct cut_share *cuts;
};

/* Outlives the graph that it was made for: those that use it have graphs of their own. */
struct overflows {
  size_t words;
  uint32_t op_count;
  struct group_table *table;
};

int overflows_create(struct overflows **out, const struct graph *graph, size_t limit_bytes, struct error *err) {
  struct overflows *overflows = malloc(sizeof *overflows);
  if (overflows == NULL) return error_memory(err);
  *overflows = (struct overflows){.words = graph->set_words, .op_count = graph->op_count};
  if (group_table_create(&overflows->table, graph, sizeof(struct overflow), limit_bytes, err) != 0) {
    free(overflows);
    return -1;
  }
  *out = overflows;
  return 0;
}

void overflows_free(struct overflows *overflows) {
  if (overflows == NULL) return;
  group_table_free(overflows->table);
  free(overflows);
}

static void take_peak(struct sim_peak *peak, const struct overflow *overflow, const struct overflows *overflows,
                      const uint64_t *group) {
  const struct op_share *share = overflow->ops;
  peak->occupied_bytes = overflow->occupied_bytes;
  peak->staging_bytes = overflow->staging_bytes;
  peak->staging_op = overflow->staging_op;
  for (uint32_t v = 0; v < overflows->op_count; v++) peak->weight_bytes[v] = peak->row_bytes[v] = 0;
  for BITSET_EACH (v, group, overflows->words) {
    peak->weight_bytes[v] = share->weight_bytes;
    peak->row_bytes[v] = share->row_bytes;
    share++;
  }
}

bool overflows_find(struct overflows *overflows, const uint64_t *group, const struct group_cut_list *cuts,
                    struct explanation *explanation) {
  struct group_slot slot = group_table_find(overflows->table, group);
  const struct overflow *overflow = slot.value;
  bool found = overflow != NULL && overflow->ops != NULL;
  if (found) {
    explanation->cost = overflow->cost;
    take_peak(&explanation->peak, overflow, overflows, group);
    for (size_t i = 0; i < cuts->count; i++) {
      const struct cut_share *share = &overflow->cuts[i];
      explanation->cuts[i] = (struct explained_cut){.cut = cuts->cuts[i],
                                                    .side_bytes = share->side_bytes,
                                                    .other_bytes = share->other_bytes,
                                                    .crossing_bytes = share->crossing_bytes};
    }
  }
  group_slot_release(slot);
  return found;
}

static void fill(struct overflow *overflow, struct op_share *ops, struct cut_share *cuts, size_t cut_count,
                 const struct explanation *explanation) {
  const struct sim_peak *peak = &explanation->peak;
  for (size_t i = 0; i < cut_count; i++) {
    const struct explained_cut *cut = &explanation->cuts[i];
    cuts[i] = (struct cut_share){cut->side_bytes, cut->other_bytes, cut->crossing_bytes};
  }
  *overflow = (struct overflow){explanation->cost, peak->occupied_bytes, peak->staging_bytes, peak->staging_op,
                                ops, cuts};
}

void overflows_add(struct overflows *overflows, const uint64_t *group, size_t cut_count,
                   const struct explanation *explanation) {
  size_t words = overflows->words;
  struct group_slot slot = group_table_add(overflows->table, group);
  struct overflow *overflow = slot.value;
  if (overflow != NULL && overflow->ops == NULL) {
    struct op_share *ops = ARENA_NEW(slot.arena, struct op_share, bitset_count(group, words));
    struct cut_share *cuts = ARENA_NEW(slot.arena, struct cut_share, cut_count);
    const struct sim_peak *peak = &explanation->peak;
    if (ops != NULL && cuts != NULL) {
      struct op_share *share = ops;
      for BITSET_EACH (v, group, words) *share++ = (struct op_share){peak->weight_bytes[v], peak->row_bytes[v]};
      fill(overflow, ops, cuts, cut_count, explanation);
    }
  }
  group_slot_release(slot);
}
