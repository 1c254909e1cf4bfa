#include "sched/split.h"

#include <stdlib.h>
#include <string.h>

#include "sched/choice.h"
#include "sched/memo.h"
#include "sim/timed.h"
#include "util/bitset.h"

struct splitter {
  struct split_memo *memo;
  struct split_rules rules;
  const struct graph *graph;
  uint64_t capacity_bytes;
  uint64_t drawn_splits;
  struct sim *sim;
  struct timed *timed; /* NULL: nobody asks for cycles and energy */
  struct explain_context context;
  struct arena drawn; /* splits that are not kept in the memo */
};

int splitter_create(struct splitter **out, struct split_memo *memo, const struct split_rules *rules,
                    struct error *err) {
  struct splitter *splitter = calloc(1, sizeof *splitter);
  if (splitter == NULL) return error_memory(err);
  const struct sim_model *model = memo_model(memo);
  const struct learned *learned = rules->explainer->need == LEARNED_NOTHING ? NULL : rules->learned;
  splitter->memo = memo;
  splitter->rules = *rules;
  splitter->graph = model->graph;
  splitter->capacity_bytes = model->hw.buffer_capacity_bytes;
  if (sim_create(&splitter->sim, model, err) != 0 ||
      (rules->objective->timed && splitter_time(splitter, err) != 0) ||
      explain_context_create(&splitter->context, splitter->sim, rules->method, rules->fraction, learned, err) != 0) {
    splitter_free(splitter);
    return -1;
  }
  if (rules->method->steady && memo_evaluations(memo) != NULL) {
    splitter->context.overflows = evaluations_overflows(memo_evaluations(memo));
  }
  *out = splitter;
  return 0;
}

void splitter_free(struct splitter *splitter) {
  if (splitter == NULL) return;
  if (splitter->sim != NULL) explain_context_free(&splitter->context);
  sim_free(splitter->sim);
  timed_free(splitter->timed);
  arena_free(&splitter->drawn);
  free(splitter);
}

void splitter_use_memo(struct splitter *splitter, struct split_memo *memo) { splitter->memo = memo; }

const struct split_rules *splitter_rules(const struct splitter *splitter) { return &splitter->rules; }

const struct graph *splitter_graph(const struct splitter *splitter) { return splitter->graph; }

int splitter_time(struct splitter *splitter, struct error *err) {
  if (splitter->timed != NULL) return 0;
  return timed_create(&splitter->timed, memo_model(splitter->memo), err);
}

uint64_t splitter_drawn_splits(const struct splitter *splitter) { return splitter->drawn_splits; }

int splitter_explain(struct splitter *splitter, const uint64_t *group, struct rng *rng,
                     const struct explanation **out) {
  *out = &splitter->context.explanation;
  return splitter->rules.explainer->explain(&splitter->context, group, rng);
}

/* ---- costs ---- */

static int splitter_expense(struct splitter *splitter, const uint64_t *group, const struct group_cost *cost,
                            struct expense *expense) {
  struct timed_cost timed;
  *expense = (struct expense){.dram_bytes = group_cost_dram_bytes(cost), .required_bytes = cost->required_bytes};
  if (splitter->timed == NULL || cost->required_bytes > splitter->capacity_bytes) return 0;
  if (timed_run(splitter->timed, group, cost, NULL, &timed) != 0) return -1;
  expense->cycles = timed.cycles;
  expense->energy_pj = timed_total_pj(&timed);
  return 0;
}

/* By how much a group overflows is not the same at all times (evaluations.h), so it is not told. */
static int splitter_evaluate(struct splitter *splitter, const uint64_t *group, struct group_cost *cost) {
  struct evaluations *shared = splitter->rules.method->steady ? memo_evaluations(splitter->memo) : NULL;
  uint64_t capacity_bytes = splitter->capacity_bytes;
  if (shared != NULL && evaluations_find(shared, group, capacity_bytes, cost)) return 0;
  if (splitter->rules.method->attempt(splitter->sim, group, cost) != 0) return -1;
  if (cost->required_bytes > capacity_bytes) cost->required_bytes = capacity_bytes + 1;
  if (shared != NULL) evaluations_add(shared, group, sim_steady_from(splitter->sim, cost), capacity_bytes, cost);
  return 0;
}

int splitter_cost(struct splitter *splitter, const uint64_t *group, struct group_cost *cost,
                  struct expense *expense) {
  const struct sim_model *model = memo_model(splitter->memo);
  uint64_t weight_bytes = 0;
  for BITSET_EACH (v, group, splitter->graph->set_words) weight_bytes += model->weight_bytes[v];
  if (splitter->rules.method->weights_stay && weight_bytes > splitter->capacity_bytes) return 0;
  if (!memo_find_cost(splitter->memo, group, cost, expense)) {
    if (splitter_evaluate(splitter, group, cost) != 0) return -1;
    if (splitter_expense(splitter, group, cost, expense) != 0) return -1;
    if (memo_add_cost(splitter->memo, group, cost, expense) != 0) return -1;
  }
  return cost->required_bytes <= splitter->capacity_bytes ? 1 : 0;
}

static double value(const struct splitter *splitter, const struct expense *expense) {
  return splitter->rules.objective->value(expense);
}

int splitter_side(struct splitter *splitter, const uint64_t *ops, struct memo_side *side) {
  uint64_t rest[GRAPH_MAX_SET_WORDS], component[GRAPH_MAX_SET_WORDS];
  if (memo_find_side(splitter->memo, ops, side)) return 0;
  *side = (struct memo_side){.valid = true};
  bitset_copy(rest, ops, splitter->graph->set_words);
  while (side->valid && group_take_component(splitter->graph, rest, component)) {
    struct group_cost cost;
    struct expense expense;
    int status = splitter_cost(splitter, component, &cost, &expense);
    if (status < 0) return -1;
    side->valid = status == 1;
    if (side->valid) expense_add(&side->expense, &expense);
  }
  return memo_add_side(splitter->memo, ops, side);
}

int splitter_cut(struct splitter *splitter, const uint64_t *group, struct group_cut cut, struct cut_result *out) {
  uint64_t side_ops[GRAPH_MAX_SET_WORDS], other_ops[GRAPH_MAX_SET_WORDS];
  size_t words = splitter->graph->set_words;
  struct memo_side side, other;
  group_cut_side(splitter->graph, group, cut, side_ops);
  bitset_minus(other_ops, group, side_ops, words);
  if (splitter_side(splitter, side_ops, &side) != 0 || splitter_side(splitter, other_ops, &other) != 0) return -1;
  *out = (struct cut_result){.valid = side.valid && other.valid};
  if (out->valid) {
    out->expense = side.expense;
    expense_add(&out->expense, &other.expense);
  } else if (side.valid || other.valid) {
    out->valid_ops = bitset_count(side.valid ? side_ops : other_ops, words);
  }
  return 0;
}

/* ---- parts ---- */

/* A split that grows. */
struct parts {
  struct expense expense;
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
  expense_add(&parts->expense, &split->expense);
  return 0;
}

/* Wraps parts as a split that stays: in the memo, or among the drawn ones. */
static int parts_keep(struct splitter *splitter, const uint64_t *group, const struct parts *parts,
                      const struct memo_reason *reason, struct split *out) {
  size_t words = splitter->graph->set_words;
  *out = (struct split){parts->expense, parts->count, parts->costs, parts->sets};
  if (!splitter->rules.explainer->uses_rng) return memo_add_split(splitter->memo, group, out, reason);
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

/* Follows each cut to the end, unless it is predicted to cost more than what has been found. */
static int split_cheapest(struct splitter *splitter, const uint64_t *group, const struct choice *cuts, size_t count,
                          struct rng *rng, struct parts *best) {
  for (size_t i = 0; i < count; i++) {
    const struct expense predicted = {.dram_bytes = cuts[i].dram_bytes};
    struct parts parts = {0};
    if (best->count > 0 && value(splitter, &predicted) >= value(splitter, &best->expense)) continue;
    if (split_at(splitter, group, cuts[i].cut, rng, &parts) != 0) {
      parts_free(&parts);
      return -1;
    }
    if (best->count == 0 || value(splitter, &parts.expense) < value(splitter, &best->expense)) {
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
  const struct sim_peak *peak = &explanation->peak;
  uint64_t staging_bytes = peak->staging_op == culprit ? peak->staging_bytes : 0;
  return (struct memo_reason){
      .culprit = culprit,
      .weight_bytes = peak->weight_bytes[culprit] + staging_bytes,
      .row_bytes = peak->row_bytes[culprit],
      .required_bytes = explanation->cost.required_bytes,
      .cut = explanation->cuts[0],
  };
}

/* The parts that a cut leads to load and store at least the rows of the group, and what crosses the
 * cut, and fetch its weights at least once. 0, or -1 without memory. */
static int predict(const struct splitter *splitter, const uint64_t *group, const struct explanation *explanation,
                   struct choice *cuts) {
  struct group_cost least;
  if (sim_traffic(splitter->sim, group, &least) != 0) return -1;
  for (size_t i = 0; i < explanation->count; i++) {
    cuts[i].dram_bytes = group_cost_dram_bytes(&least) + explanation->cuts[i].crossing_bytes;
  }
  return 0;
}

/* Splits an invalid group by the cuts that its explanation names. */
static int split_invalid(struct splitter *splitter, const uint64_t *group, struct rng *rng, struct split *out) {
  const struct explanation *explanation;
  struct memo_reason reason;
  struct parts parts = {0};
  if (splitter_explain(splitter, group, rng, &explanation) != 0) return -1;
  size_t count = explanation->count;
  /* The explanation is overwritten further down the tree. */
  bool ranks = splitter->rules.explainer->ranks;
  struct choice *cuts = malloc(count * sizeof *cuts);
  if (cuts == NULL) return -1;
  for (size_t i = 0; i < count; i++) cuts[i] = (struct choice){.cut = explanation->cuts[i].cut, .rank = i};
  bool traced = splitter->rules.explainer->uses_trace;
  if (traced) reason = explanation_reason(explanation, splitter->graph->op_count);
  if (splitter->rules.explainer->uses_rng) splitter->drawn_splits++;
  int status = ranks ? predict(splitter, group, explanation, cuts) : 0;
  if (status == 0) status = (ranks ? choose_predicted : choose_evaluated)(splitter, group, cuts, &count);
  if (status == 0) status = split_cheapest(splitter, group, cuts, count, rng, &parts);
  if (status == 0) status = parts_keep(splitter, group, &parts, traced ? &reason : NULL, out);
  parts_free(&parts);
  free(cuts);
  return status;
}

/* A valid group is its own only part. */
static int split_whole(struct splitter *splitter, const uint64_t *group, const struct group_cost *cost,
                       const struct expense *expense, struct split *out) {
  size_t words = splitter->graph->set_words;
  uint64_t *set = ARENA_NEW(&splitter->drawn, uint64_t, words);
  struct group_cost *copy = ARENA_NEW(&splitter->drawn, struct group_cost, 1);
  if (set == NULL || copy == NULL) return -1;
  bitset_copy(set, group, words);
  *copy = *cost;
  *out = (struct split){*expense, 1, copy, set};
  return 0;
}

static int split_node(struct splitter *splitter, const uint64_t *group, struct rng *rng, struct split *out) {
  struct group_cost cost;
  struct expense expense;
  int valid = splitter_cost(splitter, group, &cost, &expense);
  if (valid < 0) return -1;
  if (valid) return split_whole(splitter, group, &cost, &expense, out);
  if (!splitter->rules.explainer->uses_rng && memo_find_split(splitter->memo, group, out)) return 0;
  return split_invalid(splitter, group, rng, out);
}

int splitter_split(struct splitter *splitter, const uint64_t *group, struct rng *rng, struct split *out) {
  arena_free(&splitter->drawn);
  return split_node(splitter, group, rng, out);
}
