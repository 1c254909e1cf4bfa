#include "sched/search.h"

#include <stdlib.h>
#include <string.h>

#include "sched/exact.h"
#include "sched/memo.h"
#include "sched/searcher.h"
#include "sim/report.h"
#include "sim/timed.h"
#include "util/bitset.h"

const struct search searches[] = {
    {"random", "plans drawn at random, the best one kept", false, search_random},
    {"local", "the best 10 plans, each mutated by one edit per iteration (move, merge, split)", false, search_local},
    {"nsga2", "10 plans that evolve for two or three objectives at once; gives their Pareto front", true, search_nsga2},
    {"exact", "the best plan there is, proven; beyond the limits a local search and a bound", false, search_exact},
};
const size_t search_count = sizeof searches / sizeof searches[0];

const struct search *search_find(const char *name) {
  for (size_t i = 0; i < search_count; i++) {
    if (strcmp(searches[i].name, name) == 0) return &searches[i];
  }
  return NULL;
}

/* ---- objectives ---- */

bool search_options_timed(const struct search_options *options) {
  bool timed = options->split.objective->timed;
  for (size_t o = 0; o < options->further_count; o++) timed = timed || options->further[o]->timed;
  return timed;
}

static int check_objectives(const struct search *search, const struct search_options *options, struct error *err) {
  size_t count = 1 + options->further_count;
  if (search->has_front ? count >= 2 && count <= SEARCH_MOST_OBJECTIVES : count == 1) return 0;
  return error_set(err, ERROR_USAGE, "search '%s' takes %s, not %zu", search->name,
                   search->has_front ? "two or three objectives" : "one objective", count);
}

/* ---- searcher ---- */

static int searcher_create_workers(struct searcher *searcher, struct error *err) {
  const struct search_options *options = searcher->options;
  memo_share(searcher->memo, options->evaluations);
  searcher->workers = calloc(options->jobs, sizeof *searcher->workers);
  if (searcher->workers == NULL) return error_memory(err);
  for (unsigned i = 0; i < options->jobs; i++) {
    struct search_worker *worker = &searcher->workers[i];
    if (candidate_space_create(&worker->space, searcher->model->graph, searcher->fuseable, err) != 0) return -1;
    if (splitter_create(&worker->splitter, searcher->memo, &options->split, err) != 0) return -1;
    if (search_options_timed(options) && splitter_time(worker->splitter, err) != 0) return -1;
  }
  return 0;
}

/* What the ops that fit in no group cost. One that fits the buffer in no way costs nothing here;
 * no plan can run then. */
static int searcher_cost_unfusable(struct searcher *searcher, struct sim *sim, struct error *err) {
  const struct sim_model *model = searcher->model;
  struct timed *timed;
  uint64_t alone[GRAPH_MAX_SET_WORDS];
  bitset_clear(alone, model->graph->set_words);
  if (!search_options_timed(searcher->options)) return 0;
  if (timed_create(&timed, model, err) != 0) return -1;
  int status = 0;
  for (uint32_t v = 0; v < model->graph->op_count && status == 0; v++) {
    struct group_cost cost;
    struct timed_cost run;
    if (bitset_has(searcher->fuseable, v)) continue;
    bitset_add(alone, v);
    status = method_alone(searcher->options->split.method)->cost(sim, alone, &cost);
    if (status == 0 && cost.required_bytes <= model->hw.buffer_capacity_bytes) {
      status = timed_run(timed, alone, &cost, NULL, &run);
      const struct expense expense = {.cycles = run.cycles, .energy_pj = timed_total_pj(&run)};
      if (status == 0) expense_add(&searcher->unfusable, &expense);
    }
    bitset_remove(alone, v);
  }
  timed_free(timed);
  return status == 0 ? 0 : error_memory(err);
}

static int searcher_find_fuseable(struct searcher *searcher, struct error *err) {
  struct sim *sim;
  searcher->fuseable = calloc(searcher->model->graph->set_words, sizeof *searcher->fuseable);
  if (searcher->fuseable == NULL) return error_memory(err);
  if (sim_create(&sim, searcher->model, err) != 0) return -1;
  int status = report_fuseable_ops(sim, searcher->options->split.method, searcher->fuseable);
  status = status == 0 ? searcher_cost_unfusable(searcher, sim, err) : error_memory(err);
  sim_free(sim);
  return status;
}

int searcher_create(struct searcher *out, struct search_result *result, const struct sim_model *model,
                    const struct search_options *options, struct error *err) {
  memset(out, 0, sizeof *out);
  out->model = model;
  out->options = options;
  out->result = result;
  out->front = (struct pareto_archive){.graph = model->graph, .objectives = 1 + options->further_count};
  if (searcher_find_fuseable(out, err) == 0 && split_memo_create(&out->memo, model, err) == 0 &&
      parallel_create(&out->parallel, options->jobs, err) == 0 && searcher_create_workers(out, err) == 0 &&
      candidate_create(&out->best, model->graph, err) == 0) {
    return 0;
  }
  searcher_free(out);
  return -1;
}

void searcher_free(struct searcher *searcher) {
  parallel_free(searcher->parallel);
  for (unsigned i = 0; searcher->workers != NULL && i < searcher->options->jobs; i++) {
    candidate_space_free(&searcher->workers[i].space);
    splitter_free(searcher->workers[i].splitter);
  }
  free(searcher->workers);
  split_memo_free(searcher->memo);
  candidate_free(&searcher->best);
  pareto_archive_free(&searcher->front);
  free(searcher->fuseable);
}

struct rng searcher_rng(const struct searcher *searcher, uint64_t plan) {
  return rng_stream(searcher->options->seed, plan, 0);
}

static struct expense searcher_expense(const struct searcher *searcher, const struct candidate *candidate) {
  struct expense whole = searcher->unfusable;
  expense_add(&whole, &candidate->expense);
  return whole;
}

void searcher_repair(struct searcher *searcher, unsigned worker, struct candidate *candidate, struct rng *rng) {
  struct search_worker *own = &searcher->workers[worker];
  if (candidate_repair(candidate, &own->space, own->splitter, rng) == 0) {
    const struct expense whole = searcher_expense(searcher, candidate);
    candidate->value = searcher->options->split.objective->value(&whole);
    return;
  }
  atomic_store(&searcher->out_of_memory, true);
}

size_t searcher_values(const struct searcher *searcher, const struct candidate *candidate,
                       double values[PARETO_MOST_OBJECTIVES]) {
  const struct search_options *options = searcher->options;
  const struct expense whole = searcher_expense(searcher, candidate);
  values[0] = options->split.objective->value(&whole);
  for (size_t o = 0; o < options->further_count; o++) values[1 + o] = options->further[o]->value(&whole);
  return 1 + options->further_count;
}

static int searcher_add_point(struct searcher *searcher, struct error *err) {
  struct search_result *result = searcher->result;
  if (result->curve_count == searcher->curve_capacity) {
    size_t capacity = searcher->curve_capacity == 0 ? 64 : 2 * searcher->curve_capacity;
    struct search_point *grown = realloc(result->curve, capacity * sizeof *grown);
    if (grown == NULL) return error_memory(err);
    result->curve = grown;
    searcher->curve_capacity = capacity;
  }
  result->curve[result->curve_count++] = (struct search_point){
      searcher->proposed, searcher->best.expense.dram_bytes, searcher->best.value};
  return 0;
}

static int searcher_offer(struct searcher *searcher, const struct candidate *candidate, struct error *err) {
  const struct expense whole = searcher_expense(searcher, candidate);
  double values[PARETO_MOST_OBJECTIVES];
  searcher_values(searcher, candidate, values);
  return pareto_offer(&searcher->front, values, &whole, candidate, err);
}

/* Than the best so far; later objectives count where those before are equal. */
static bool searcher_better(const struct searcher *searcher, const struct candidate *candidate) {
  double values[PARETO_MOST_OBJECTIVES], best[PARETO_MOST_OBJECTIVES];
  size_t count = searcher_values(searcher, candidate, values);
  searcher_values(searcher, &searcher->best, best);
  return pareto_compare(values, best, count) < 0;
}

int searcher_record(struct searcher *searcher, const struct candidate *candidate, struct error *err) {
  if (atomic_load(&searcher->out_of_memory)) return error_memory(err);
  searcher->proposed++;
  searcher->result->groups_proposed += candidate->proposed_groups;
  searcher->result->groups_proposed_valid += candidate->proposed_valid;
  progress_update(searcher->options->progress, searcher->proposed, NULL);
  if (searcher->front.objectives > 1 && searcher_offer(searcher, candidate, err) != 0) return -1;
  if (searcher->proposed > 1 && !searcher_better(searcher, candidate)) return 0;
  candidate_copy(&searcher->best, candidate, searcher->model->graph);
  return searcher_add_point(searcher, err);
}

struct proposals {
  struct searcher *searcher;
  struct candidate *candidates;
  searcher_make *make;
  void *context; /* of make */
};

static void propose_one(void *context, unsigned worker, uint64_t item) {
  const struct proposals *proposals = context;
  struct searcher *searcher = proposals->searcher;
  struct rng rng = searcher_rng(searcher, searcher->proposed + item);
  struct candidate *candidate = &proposals->candidates[item];
  proposals->make(proposals->context, item, candidate, &searcher->workers[worker].space, &rng);
  searcher_repair(searcher, worker, candidate, &rng);
}

int searcher_propose(struct searcher *searcher, struct candidate *candidates, uint64_t most, searcher_make *make,
                     void *context, struct error *err) {
  struct proposals proposals = {searcher, candidates, make, context};
  uint64_t left = searcher->options->budget - searcher->proposed;
  uint64_t count = left < most ? left : most;
  parallel_for(searcher->parallel, count, propose_one, &proposals);
  for (uint64_t i = 0; i < count; i++) {
    if (searcher_record(searcher, &candidates[i], err) != 0) return -1;
  }
  return (int)count;
}

/* ---- results ---- */

struct culprit_list {
  const struct graph *graph;
  struct search_culprit *items;
  size_t count, capacity;
  size_t *group_ops; /* ops of the group that each item describes */
  bool out_of_memory;
};

static size_t culprit_find_or_add(struct culprit_list *list, uint32_t op, struct edge edge) {
  for (size_t i = 0; i < list->count; i++) {
    const struct search_culprit *item = &list->items[i];
    if (item->op == op && item->edge.from == edge.from && item->edge.to == edge.to) return i;
  }
  if (list->count == list->capacity) {
    size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
    struct search_culprit *items = realloc(list->items, capacity * sizeof *items);
    if (items != NULL) list->items = items;
    size_t *group_ops = realloc(list->group_ops, capacity * sizeof *group_ops);
    if (group_ops != NULL) list->group_ops = group_ops;
    if (items == NULL || group_ops == NULL) return SIZE_MAX;
    list->capacity = capacity;
  }
  list->items[list->count] = (struct search_culprit){.op = op, .edge = edge};
  list->group_ops[list->count] = 0;
  return list->count++;
}

static void culprit_visit(void *context, const uint64_t *group, const struct memo_reason *reason) {
  struct culprit_list *list = context;
  size_t words = list->graph->set_words, ops = bitset_count(group, words);
  size_t index = culprit_find_or_add(list, reason->culprit, reason->cut.cut.edge);
  if (index == SIZE_MAX) {
    list->out_of_memory = true;
    return;
  }
  struct search_culprit *item = &list->items[index];
  item->times++;
  if (ops <= list->group_ops[index]) return;
  list->group_ops[index] = ops;
  item->weight_bytes = reason->weight_bytes;
  item->row_bytes = reason->row_bytes;
  item->side_bytes = reason->cut.side_bytes;
  item->other_bytes = reason->cut.other_bytes;
  item->first_op = (uint32_t)bitset_next(group, words, 0);
  item->last_op = (uint32_t)bitset_last(group, words);
  item->required_bytes = reason->required_bytes;
}

static int compare_culprits(const void *left, const void *right) {
  const struct search_culprit *a = left, *b = right;
  if (a->op != b->op) return a->op < b->op ? -1 : 1;
  if (a->edge.from != b->edge.from) return a->edge.from < b->edge.from ? -1 : 1;
  return a->edge.to < b->edge.to ? -1 : a->edge.to > b->edge.to;
}

static int result_collect_culprits(struct search_result *result, const struct searcher *searcher,
                                   struct error *err) {
  struct culprit_list list = {.graph = searcher->model->graph};
  int status = memo_visit_reasons(searcher->memo, culprit_visit, &list);
  free(list.group_ops);
  result->culprits = list.items;
  result->culprit_count = list.count;
  if (status != 0 || list.out_of_memory) return error_memory(err);
  if (list.count > 0) qsort(list.items, list.count, sizeof *list.items, compare_culprits);
  return 0;
}

static int result_collect_front(struct search_result *result, struct searcher *searcher, struct error *err) {
  struct pareto_archive *front = &searcher->front;
  if (front->count == 0) return 0;
  pareto_order(front);
  result->front = calloc(front->count, sizeof *result->front);
  if (result->front == NULL) return error_memory(err);
  for (size_t i = 0; i < front->count; i++) {
    const struct candidate *plan = &front->plans[i].plan;
    struct search_front_point *point = &result->front[i];
    point->expense = front->plans[i].expense;
    if (plan_from_numbers(&point->plan, searcher->model->graph, plan->group_of, plan->group_count, err) != 0) return -1;
    result->front_count++;
  }
  return 0;
}

static int result_finish(struct search_result *result, struct searcher *searcher, struct error *err) {
  const struct candidate *best = &searcher->best;
  result->fuseable_dram_bytes = best->expense.dram_bytes;
  result->value = best->value;
  result->plans_proposed = searcher->proposed;
  memo_count(searcher->memo, &result->groups_evaluated, &result->groups_split);
  for (unsigned i = 0; i < searcher->options->jobs; i++) {
    result->groups_split += splitter_drawn_splits(searcher->workers[i].splitter);
  }
  if (result->curve[result->curve_count - 1].plans != searcher->proposed && searcher_add_point(searcher, err) != 0) {
    return -1;
  }
  if (result_collect_culprits(result, searcher, err) != 0) return -1;
  if (result_collect_front(result, searcher, err) != 0) return -1;
  return plan_from_numbers(&result->plan, searcher->model->graph, best->group_of, best->group_count, err);
}

/* A plan that reaches the bound is the best, even if a limit kept the proof from finding it. Sums of
 * fractions may differ by rounding, depending on their order; bytes and cycles do not. */
static void bound_settle(struct search_result *result) {
  struct search_bound *bound = &result->bound;
  if (!bound->known || result->value > bound->value) return;
  bound->optimum = true;
  if (result->value > bound->value * (1 - 1e-12)) bound->value = result->value;
}

int search_run(struct search_result *out, const struct search *search, const struct sim_model *model,
               const struct search_options *options, struct error *err) {
  struct searcher searcher;
  memset(out, 0, sizeof *out);
  if (options->budget == 0 || options->jobs == 0) {
    return error_set(err, ERROR_USAGE, "a search needs a budget of at least one plan and at least one job");
  }
  if (check_objectives(search, options, err) != 0) return -1;
  if (options->bound && exact_check(options, err) != 0) return -1;
  if (searcher_create(&searcher, out, model, options, err) != 0) return -1;
  int status = search->run(&searcher, err);
  if (status == 0) status = result_finish(out, &searcher, err);
  /* Afterwards, so that what the search did is the same with and without. */
  if (status == 0 && options->bound && !out->bound.known) status = exact_prove(&searcher, &out->bound, NULL, err);
  if (status == 0) bound_settle(out);
  searcher_free(&searcher);
  if (status != 0) search_result_free(out);
  return status;
}

void search_result_free(struct search_result *result) {
  plan_free(&result->plan);
  free(result->curve);
  free(result->culprits);
  for (size_t i = 0; i < result->front_count; i++) plan_free(&result->front[i].plan);
  free(result->front);
  memset(result, 0, sizeof *result);
}
