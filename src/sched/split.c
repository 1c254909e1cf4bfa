#include "sched/split.h"

#include <stdlib.h>
#include <string.h>

#include "sched/memo.h"
#include "util/bitset.h"

struct splitter {
  struct split_memo *memo;
  const struct method *method;
  const struct explainer *explainer;
  const struct graph *graph;
  uint64_t capacity_bytes;
  struct sim *sim;
  struct explain_context context;
  struct arena drawn; /* splits that are not kept in the memo */
};

int splitter_create(struct splitter **out, struct split_memo *memo, const struct method *method,
                    const struct explainer *explainer, double fraction, struct error *err) {
  struct splitter *splitter = calloc(1, sizeof *splitter);
  if (splitter == NULL) return error_memory(err);
  const struct sim_model *model = memo_model(memo);
  splitter->memo = memo;
  splitter->method = method;
  splitter->explainer = explainer;
  splitter->graph = model->graph;
  splitter->capacity_bytes = model->hw.buffer_capacity_bytes;
  if (sim_create(&splitter->sim, model, err) != 0 ||
      explain_context_create(&splitter->context, splitter->sim, method, fraction, err) != 0) {
    splitter_free(splitter);
    return -1;
  }
  *out = splitter;
  return 0;
}

void splitter_free(struct splitter *splitter) {
  if (splitter == NULL) return;
  if (splitter->sim != NULL) explain_context_free(&splitter->context);
  sim_free(splitter->sim);
  arena_free(&splitter->drawn);
  free(splitter);
}

int splitter_explain(struct splitter *splitter, const uint64_t *group, struct rng *rng,
                     const struct explanation **out) {
  *out = &splitter->context.explanation;
  return splitter->explainer->explain(&splitter->context, group, rng);
}

/* ---- costs ---- */

/* Whether the group is valid, and then its cost. 1 valid, 0 not, -1 without memory. Its
 * weights alone may rule it out, for which nothing is run. */
static int splitter_cost(struct splitter *splitter, const uint64_t *group, struct group_cost *cost) {
  const struct sim_model *model = memo_model(splitter->memo);
  uint64_t weight_bytes = 0;
  for BITSET_EACH (v, group, splitter->graph->set_words) weight_bytes += model->weight_bytes[v];
  if (weight_bytes > splitter->capacity_bytes) return 0;
  if (!memo_find_cost(splitter->memo, group, cost)) {
    if (splitter->method->cost(splitter->sim, group, cost) != 0) return -1;
    if (memo_add_cost(splitter->memo, group, cost) != 0) return -1;
  }
  return cost->required_bytes <= splitter->capacity_bytes ? 1 : 0;
}

/* A side of a cut: whether all its components are valid, and what they move. */
struct side {
  bool valid;
  uint64_t dram_bytes;
  size_t ops;
};

static int side_evaluate(struct splitter *splitter, const uint64_t *ops, struct side *side) {
  uint64_t rest[GRAPH_MAX_SET_WORDS], component[GRAPH_MAX_SET_WORDS];
  size_t words = splitter->graph->set_words;
  *side = (struct side){true, 0, bitset_count(ops, words)};
  bitset_copy(rest, ops, words);
  while (group_take_component(splitter->graph, rest, component)) {
    struct group_cost cost;
    int status = splitter_cost(splitter, component, &cost);
    if (status < 0) return -1;
    if (status == 0) {
      side->valid = false;
      return 0;
    }
    side->dram_bytes += group_cost_dram_bytes(&cost);
  }
  return 0;
}

/* ---- parts ---- */

/* A split that grows. */
struct parts {
  uint64_t dram_bytes;
  uint32_t count, capacity;
  struct group_cost *costs;
  uint64_t *sets;
};

static void parts_free(struct parts *parts) {
  free(parts->costs);
  free(parts->sets);
  *parts = (struct parts){0};
}

static int parts_add(struct parts *parts, size_t words, const struct split *split) {
  uint32_t count = parts->count + split->part_count;
  if (count > parts->capacity) {
    uint32_t capacity = count + 16;
    struct group_cost *costs = realloc(parts->costs, capacity * sizeof *costs);
    if (costs != NULL) parts->costs = costs;
    uint64_t *sets = realloc(parts->sets, capacity * words * sizeof *sets);
    if (sets != NULL) parts->sets = sets;
    if (costs == NULL || sets == NULL) return -1;
    parts->capacity = capacity;
  }
  memcpy(parts->costs + parts->count, split->costs, split->part_count * sizeof *parts->costs);
  memcpy(parts->sets + parts->count * words, split->sets, split->part_count * words * sizeof *parts->sets);
  parts->count = count;
  parts->dram_bytes += split->dram_bytes;
  return 0;
}

/* Wraps parts as a split that stays: in the memo, or among the drawn ones. */
static int parts_keep(struct splitter *splitter, const uint64_t *group, const struct parts *parts,
                      const struct memo_reason *reason, struct split *out) {
  size_t words = splitter->graph->set_words;
  *out = (struct split){parts->dram_bytes, parts->count, parts->costs, parts->sets};
  if (!splitter->explainer->uses_rng) return memo_add_split(splitter->memo, group, out, reason);
  uint64_t *sets = ARENA_NEW(&splitter->drawn, uint64_t, parts->count * words);
  struct group_cost *costs = ARENA_NEW(&splitter->drawn, struct group_cost, parts->count);
  if (sets == NULL || costs == NULL) return -1;
  memcpy(sets, parts->sets, parts->count * words * sizeof *sets);
  memcpy(costs, parts->costs, parts->count * sizeof *costs);
  out->sets = sets;
  out->costs = costs;
  return 0;
}

/* ---- the tree ---- */

static int split_node(struct splitter *splitter, const uint64_t *group, struct rng *rng, struct split *out);

/* Splits every component of ops and adds the parts. */
static int split_side(struct splitter *splitter, const uint64_t *ops, struct rng *rng, struct parts *parts) {
  uint64_t rest[GRAPH_MAX_SET_WORDS], component[GRAPH_MAX_SET_WORDS];
  bitset_copy(rest, ops, splitter->graph->set_words);
  while (group_take_component(splitter->graph, rest, component)) {
    struct split split;
    if (split_node(splitter, component, rng, &split) != 0) return -1;
    if (parts_add(parts, splitter->graph->set_words, &split) != 0) return -1;
  }
  return 0;
}

static int split_at(struct splitter *splitter, const uint64_t *group, struct group_cut cut, struct rng *rng,
                    struct parts *parts) {
  uint64_t side[GRAPH_MAX_SET_WORDS], other[GRAPH_MAX_SET_WORDS];
  group_cut_side(splitter->graph, group, cut, side);
  bitset_minus(other, group, side, splitter->graph->set_words);
  if (split_side(splitter, side, rng, parts) != 0) return -1;
  return split_side(splitter, other, rng, parts);
}

/* The cut of category 1 or else of category 2, or NULL if there is neither. */
static int find_greedy_cut(struct splitter *splitter, const uint64_t *group, const struct group_cut *cuts,
                           size_t count, const struct group_cut **found) {
  uint64_t ops[GRAPH_MAX_SET_WORDS], others[GRAPH_MAX_SET_WORDS];
  size_t most_ops = 0;
  uint64_t least_bytes = UINT64_MAX;
  *found = NULL;
  for (size_t i = 0; i < count; i++) {
    struct side side, other;
    group_cut_side(splitter->graph, group, cuts[i], ops);
    bitset_minus(others, group, ops, splitter->graph->set_words);
    if (side_evaluate(splitter, ops, &side) != 0 || side_evaluate(splitter, others, &other) != 0) return -1;
    if (side.valid && other.valid && side.dram_bytes + other.dram_bytes < least_bytes) {
      least_bytes = side.dram_bytes + other.dram_bytes;
      *found = &cuts[i];
    }
    if (side.valid == other.valid || least_bytes != UINT64_MAX) continue;
    size_t valid_ops = side.valid ? side.ops : other.ops;
    if (valid_ops <= most_ops) continue;
    most_ops = valid_ops;
    *found = &cuts[i];
  }
  return 0;
}

/* Category 3: every cut is followed to the end. */
static int split_cheapest(struct splitter *splitter, const uint64_t *group, const struct group_cut *cuts,
                          size_t count, struct rng *rng, struct parts *best) {
  for (size_t i = 0; i < count; i++) {
    struct parts parts = {0};
    if (split_at(splitter, group, cuts[i], rng, &parts) != 0) {
      parts_free(&parts);
      return -1;
    }
    if (best->count == 0 || parts.dram_bytes < best->dram_bytes) {
      parts_free(best);
      *best = parts;
    } else {
      parts_free(&parts);
    }
  }
  return 0;
}

static struct memo_reason explanation_reason(const struct explanation *explanation, uint32_t op_count) {
  uint32_t culprit = explanation_culprit(explanation, op_count);
  return (struct memo_reason){
      .culprit = culprit,
      .weight_bytes = explanation->peak.weight_bytes[culprit],
      .row_bytes = explanation->peak.row_bytes[culprit],
      .required_bytes = explanation->cost.required_bytes,
      .cut = explanation->cuts[0],
  };
}

/* Splits an invalid group by the cuts that its explanation names. */
static int split_invalid(struct splitter *splitter, const uint64_t *group, struct rng *rng, struct split *out) {
  const struct explanation *explanation;
  const struct group_cut *greedy;
  struct memo_reason reason;
  struct parts parts = {0};
  if (splitter_explain(splitter, group, rng, &explanation) != 0) return -1;
  size_t count = explanation->count;
  /* The explanation is overwritten further down the tree. */
  struct group_cut *cuts = malloc(count * sizeof *cuts);
  if (cuts == NULL) return -1;
  for (size_t i = 0; i < count; i++) cuts[i] = explanation->cuts[i].cut;
  bool traced = splitter->explainer->uses_trace;
  if (traced) reason = explanation_reason(explanation, splitter->graph->op_count);
  int status = find_greedy_cut(splitter, group, cuts, count, &greedy);
  if (status == 0) {
    status = greedy != NULL ? split_at(splitter, group, *greedy, rng, &parts)
                            : split_cheapest(splitter, group, cuts, count, rng, &parts);
  }
  if (status == 0) status = parts_keep(splitter, group, &parts, traced ? &reason : NULL, out);
  parts_free(&parts);
  free(cuts);
  return status;
}

/* A valid group is its own only part. */
static int split_whole(struct splitter *splitter, const uint64_t *group, const struct group_cost *cost,
                       struct split *out) {
  size_t words = splitter->graph->set_words;
  uint64_t *set = ARENA_NEW(&splitter->drawn, uint64_t, words);
  struct group_cost *copy = ARENA_NEW(&splitter->drawn, struct group_cost, 1);
  if (set == NULL || copy == NULL) return -1;
  bitset_copy(set, group, words);
  *copy = *cost;
  *out = (struct split){group_cost_dram_bytes(cost), 1, copy, set};
  return 0;
}

static int split_node(struct splitter *splitter, const uint64_t *group, struct rng *rng, struct split *out) {
  struct group_cost cost;
  int valid = splitter_cost(splitter, group, &cost);
  if (valid < 0) return -1;
  if (valid) return split_whole(splitter, group, &cost, out);
  if (!splitter->explainer->uses_rng && memo_find_split(splitter->memo, group, out)) return 0;
  return split_invalid(splitter, group, rng, out);
}

int splitter_split(struct splitter *splitter, const uint64_t *group, struct rng *rng, struct split *out) {
  arena_free(&splitter->drawn);
  return split_node(splitter, group, rng, out);
}
