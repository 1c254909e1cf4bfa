#include "sched/compare.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sched/compare_edges.h"
#include "sched/compare_groups.h"
#include "sched/memo.h"
#include "util/bitset.h"
#include "util/parallel.h"

/* Seeds other than the comparison's, under which explanations are asked for again. */
enum { OTHER_SEEDS = 2 };

struct split_rules compare_rules(const struct compare_options *options, size_t explainer) {
  return (struct split_rules){options->method, &explainers[explainer], options->fraction, options->breadth,
                              objective_find("dram"), options->learned};
}

static bool takes_part(const struct compare_options *options, size_t explainer) {
  return options->left_out == NULL || !options->left_out[explainer];
}

/* ---- threads ---- */

struct worker {
  size_t cell;
  struct splitter **splitters; /* of that cell, by explainer; NULL before the first group */
  struct splitter **reseeded;  /* by other seed and explainer, of those that draw by a seed of their own */
  struct edge_judge *judge;    /* likewise; NULL without a classifier */
};

struct comparer {
  const struct compare_options *options;
  const struct compare_groups *groups;
  struct comparison *out;
  struct worker *workers;
  struct learned learned[OTHER_SEEDS]; /* as the options say, but for the seed */
  atomic_uint_fast64_t done;
  atomic_bool out_of_memory;
};

static void worker_close(struct worker *worker) {
  for (size_t e = 0; worker->splitters != NULL && e < explainer_count; e++) splitter_free(worker->splitters[e]);
  for (size_t i = 0; worker->reseeded != NULL && i < OTHER_SEEDS * explainer_count; i++) {
    splitter_free(worker->reseeded[i]);
  }
  free(worker->splitters);
  free(worker->reseeded);
  worker->splitters = worker->reseeded = NULL;
  edge_judge_free(worker->judge);
  worker->judge = NULL;
}

static int worker_add(struct worker *worker, const struct comparer *comparer, size_t e, struct split_memo *memo) {
  struct split_rules rules = compare_rules(comparer->options, e);
  struct error err;
  if (!takes_part(comparer->options, e)) return 0;
  if (splitter_create(&worker->splitters[e], memo, &rules, &err) != 0) return -1;
  if (explainers[e].need == LEARNED_NOTHING) return 0;
  for (size_t s = 0; s < OTHER_SEEDS; s++) {
    rules.learned = &comparer->learned[s];
    if (splitter_create(&worker->reseeded[s * explainer_count + e], memo, &rules, &err) != 0) return -1;
  }
  return 0;
}

static int worker_open(struct worker *worker, const struct comparer *comparer, size_t cell, struct split_memo *memo) {
  const struct compare_options *options = comparer->options;
  struct error err;
  worker->cell = cell;
  worker->splitters = calloc(explainer_count, sizeof *worker->splitters);
  worker->reseeded = calloc(OTHER_SEEDS * explainer_count, sizeof(struct splitter *));
  if (worker->splitters == NULL || worker->reseeded == NULL) return -1;
  for (size_t e = 0; e < explainer_count; e++) {
    if (worker_add(worker, comparer, e, memo) != 0) return -1;
  }
  if (options->learned == NULL) return 0;
  return edge_judge_create(&worker->judge, &options->learned->model, &options->cells[cell], &err);
}

/* Groups come in order of cells, so this is rare. */
static int worker_turn_to(struct worker *worker, const struct comparer *comparer, size_t cell,
                          struct split_memo *memo) {
  if (worker->splitters != NULL && worker->cell == cell) return 0;
  worker_close(worker);
  if (worker_open(worker, comparer, cell, memo) == 0) return 0;
  worker_close(worker);
  return -1;
}

/* ---- one repair ---- */

/* A group and the explainer that repairs it. */
struct task {
  const struct sim_model *model;
  const uint64_t *group;
  const struct explainer *explainer;
  struct splitter *splitter, *reseeded[OTHER_SEEDS];
  struct split_memo *memo; /* empty at first */
  struct edge_judge *judge; /* NULL: none */
  uint64_t rng_seed, number; /* of the comparison; of the group */
  struct rng rng;          /* at its start: the group's explanation is the same whenever it is asked for */
};

static uint64_t processor_nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static bool all_fit(const struct task *task, const struct split *split) {
  for (uint32_t i = 0; i < split->part_count; i++) {
    if (split->costs[i].required_bytes > task->model->hw.buffer_capacity_bytes) return false;
  }
  return true;
}

static int repair_by_tree(const struct task *task, struct repair *repair) {
  struct rng rng = task->rng;
  struct split split;
  uint64_t drawn = splitter_drawn_splits(task->splitter), costs, splits;
  uint64_t start = processor_nanoseconds();
  if (splitter_split(task->splitter, task->group, &rng, &split) != 0) return -1;
  repair->nanoseconds = processor_nanoseconds() - start;
  memo_count(task->memo, &costs, &splits);
  repair->rectified = all_fit(task, &split);
  repair->dram_bytes = split.expense.dram_bytes;
  repair->explanations = splits + splitter_drawn_splits(task->splitter) - drawn;
  repair->simulations = costs + (task->explainer->uses_trace ? repair->explanations : 0);
  return 0;
}

static int try_first_cuts(const struct task *task, const struct explanation *explanation, struct repair *repair) {
  for (size_t i = 0; i < explanation->count; i++) {
    struct cut_result result;
    if (splitter_cut(task->splitter, task->group, explanation->cuts[i].cut, &result) != 0) return -1;
    if (!result.valid) continue;
    if (!repair->first_cut || result.expense.dram_bytes < repair->first_cut_dram_bytes) {
      repair->first_cut_dram_bytes = result.expense.dram_bytes;
    }
    repair->first_cut = true;
  }
  return 0;
}

/* Cuts the part at each edge named from number `next` on that it still holds, and says whether what
 * is left at the end is valid. */
static int cut_on(const struct task *task, const struct explanation *explanation, const uint64_t *part, size_t next,
                  bool *valid) {
  const struct graph *graph = task->model->graph;
  uint64_t sides[2][GRAPH_MAX_SET_WORDS], component[GRAPH_MAX_SET_WORDS];
  for (; next < explanation->count; next++) {
    struct group_cut cut = explanation->cuts[next].cut;
    if (!bitset_has(part, cut.edge.from) || !bitset_has(part, cut.edge.to)) continue;
    group_cut_side(graph, part, cut, sides[0]);
    bitset_minus(sides[1], part, sides[0], graph->set_words);
    for (int i = 0; i < 2; i++) {
      while (*valid && group_take_component(graph, sides[i], component)) {
        if (cut_on(task, explanation, component, next + 1, valid) != 0) return -1;
      }
    }
    return 0;
  }
  struct group_cost cost;
  struct expense expense;
  int status = splitter_cost(task->splitter, part, &cost, &expense);
  *valid = status == 1;
  return status < 0 ? -1 : 0;
}

static int judge_stability(const struct task *task, const struct edge_list *named, struct repair *repair) {
  struct edge_list other;
  double overlap = 0;
  for (size_t s = 0; s < OTHER_SEEDS; s++) {
    const struct explanation *explanation;
    struct rng rng = rng_stream(task->rng_seed + s + 1, task->number, UINT32_MAX);
    if (splitter_explain(task->reseeded[s], task->group, &rng, &explanation) != 0) return -1;
    if (edge_list_of(&other, explanation) != 0) return -1;
    overlap += edge_list_overlap(named, &other) / OTHER_SEEDS;
    edge_list_free(&other);
  }
  repair->stability = overlap;
  return 0;
}

static int judge_edges(const struct task *task, const struct explanation *explanation, struct repair *repair) {
  struct edge_list named;
  if (edge_list_of(&named, explanation) != 0) return -1;
  int status = 0;
  repair->sparsity = edge_list_sparsity(&named, task->model->graph, task->group);
  if (task->judge != NULL) {
    struct fidelity fidelity;
    status = edge_judge_ask(&fidelity, task->judge, task->group, task->model->hw.buffer_capacity_bytes, &named);
    repair->fidelity_plus = fidelity.plus;
    repair->fidelity_minus = fidelity.minus;
  }
  if (status == 0) status = judge_stability(task, &named, repair);
  edge_list_free(&named);
  return status;
}

static int judge_explanation(const struct task *task, struct repair *repair) {
  struct rng rng = task->rng;
  const struct explanation *explanation;
  if (splitter_explain(task->splitter, task->group, &rng, &explanation) != 0) return -1;
  if (try_first_cuts(task, explanation, repair) != 0) return -1;
  repair->at_once = true;
  if (cut_on(task, explanation, task->group, 0, &repair->at_once) != 0) return -1;
  return judge_edges(task, explanation, repair);
}

static int repair_group(struct comparer *comparer, struct worker *worker, size_t group, size_t e) {
  struct error err;
  size_t cell = comparer->groups->cell_of[group];
  struct task task = {
      .model = &comparer->options->cells[cell],
      .group = compare_groups_set(comparer->groups, group),
      .explainer = &explainers[e],
      .rng_seed = comparer->options->seed,
      .number = group,
      .rng = rng_stream(comparer->options->seed, group, UINT32_MAX),
  };
  struct repair *repair = &comparer->out->repairs[group * explainer_count + e];
  if (split_memo_create(&task.memo, task.model, &err) != 0) return -1;
  int status = worker_turn_to(worker, comparer, cell, task.memo);
  if (status == 0) {
    task.splitter = worker->splitters[e];
    task.judge = worker->judge;
    for (size_t s = 0; s < OTHER_SEEDS; s++) {
      struct splitter *own = worker->reseeded[s * explainer_count + e];
      task.reseeded[s] = own == NULL ? task.splitter : own;
    }
    splitter_use_memo(task.splitter, task.memo);
    status = repair_by_tree(&task, repair);
  }
  if (status == 0) status = judge_explanation(&task, repair);
  split_memo_free(task.memo);
  return status;
}

static void compare_group(void *context, unsigned number, uint64_t group) {
  struct comparer *comparer = context;
  for (size_t e = 0; e < explainer_count; e++) {
    if (!takes_part(comparer->options, e)) continue;
    if (repair_group(comparer, &comparer->workers[number], group, e) != 0) atomic_store(&comparer->out_of_memory, true);
  }
  progress_update(comparer->options->progress, atomic_fetch_add(&comparer->done, 1) + 1, NULL);
}

/* ---- the whole ---- */

static int comparison_create(struct comparison *out, const struct compare_options *options,
                             struct compare_groups *groups, struct error *err) {
  *out = (struct comparison){
      .group_count = groups->count,
      .cell_of = malloc((groups->count + 1) * sizeof *out->cell_of),
      .op_counts = malloc((groups->count + 1) * sizeof *out->op_counts),
      .repairs = calloc(groups->count + 1, explainer_count * sizeof *out->repairs),
  };
  if (out->cell_of == NULL || out->op_counts == NULL || out->repairs == NULL) return error_memory(err);
  for (size_t i = 0; i < groups->count; i++) {
    out->cell_of[i] = groups->cell_of[i];
    out->op_counts[i] = (uint32_t)bitset_count(compare_groups_set(groups, i),
                                               options->cells[groups->cell_of[i]].graph->set_words);
  }
  return 0;
}

static int compare(struct comparer *comparer, struct parallel *parallel, struct error *err) {
  unsigned jobs = comparer->options->jobs;
  for (size_t s = 0; s < OTHER_SEEDS && comparer->options->learned != NULL; s++) {
    comparer->learned[s] = *comparer->options->learned;
    comparer->learned[s].settings.gnne.seed += s + 1;
  }
  comparer->workers = calloc(jobs, sizeof *comparer->workers);
  if (comparer->workers == NULL) return error_memory(err);
  parallel_for(parallel, comparer->groups->count, compare_group, comparer);
  for (unsigned i = 0; i < jobs; i++) worker_close(&comparer->workers[i]);
  free(comparer->workers);
  return comparer->out_of_memory ? error_memory(err) : 0;
}

int comparison_run(struct comparison *out, const struct compare_options *options, struct error *err) {
  struct compare_groups groups = {0};
  struct comparer comparer = {.options = options, .groups = &groups, .out = out};
  struct parallel *parallel;
  *out = (struct comparison){0};
  if (parallel_create(&parallel, options->jobs, err) != 0) return -1;
  int status = compare_groups_draw(&groups, options, parallel, err);
  if (status == 0) status = comparison_create(out, options, &groups, err);
  if (status == 0) status = compare(&comparer, parallel, err);
  parallel_free(parallel);
  compare_groups_free(&groups);
  if (status != 0) comparison_free(out);
  return status;
}

void comparison_free(struct comparison *comparison) {
  free(comparison->cell_of);
  free(comparison->op_counts);
  free(comparison->repairs);
  *comparison = (struct comparison){0};
}

/* ---- summaries ---- */

size_t comparison_reference(void) { return (size_t)(explainer_find("exhaustive") - explainers); }

static int compare_numbers(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Sorts the numbers; the mean of the middle two if their count is even; 0 of none. */
static double take_median(double *numbers, size_t count) {
  if (count == 0) return 0;
  qsort(numbers, count, sizeof *numbers, compare_numbers);
  return (numbers[(count - 1) / 2] + numbers[count / 2]) / 2;
}

static double sum(const double *numbers, size_t count) {
  double total = 0;
  for (size_t i = 0; i < count; i++) total += numbers[i];
  return total;
}

static double regret(const struct repair *repair, const struct repair *reference) {
  if (reference->dram_bytes == 0) return 0;
  return (double)repair->dram_bytes / (double)reference->dram_bytes - 1;
}

static void count_repair(struct repair_summary *out, const struct repair *repair, const struct repair *reference) {
  out->groups++;
  out->rectified += repair->rectified;
  out->at_once += repair->at_once;
  out->first_cuts += repair->first_cut;
  out->possible_first_cuts += reference->first_cut;
  out->best_first_cuts += repair->first_cut && repair->first_cut_dram_bytes == reference->first_cut_dram_bytes;
  out->explanations += repair->explanations;
  out->simulations += repair->simulations;
  out->sparsity += repair->sparsity;
  out->stability += repair->stability;
  out->fidelity_plus += repair->fidelity_plus;
  out->fidelity_minus += repair->fidelity_minus;
  if (!repair->rectified || !reference->rectified) return;
  out->regret_groups++;
  out->better += repair->dram_bytes < reference->dram_bytes;
  out->equal += repair->dram_bytes == reference->dram_bytes;
}

static void divide(double *sum_of, uint64_t count) { *sum_of = count == 0 ? 0 : *sum_of / (double)count; }

int comparison_summarise(struct repair_summary *out, const struct comparison *comparison, size_t explainer,
                         const bool *cells) {
  size_t exhaustive = comparison_reference(), timed = 0, regrets = 0;
  double *microseconds = malloc((comparison->group_count + 1) * sizeof *microseconds);
  double *regret_of = malloc((comparison->group_count + 1) * sizeof *regret_of);
  int status = microseconds == NULL || regret_of == NULL ? -1 : 0;
  *out = (struct repair_summary){0};
  for (size_t i = 0; i < comparison->group_count && status == 0; i++) {
    const struct repair *repairs = comparison->repairs + i * explainer_count;
    if (cells != NULL && !cells[comparison->cell_of[i]]) continue;
    count_repair(out, &repairs[explainer], &repairs[exhaustive]);
    microseconds[timed++] = (double)repairs[explainer].nanoseconds / 1000;
    if (out->regret_groups > regrets) regret_of[regrets++] = regret(&repairs[explainer], &repairs[exhaustive]);
  }
  if (status == 0) {
    out->regret_median = take_median(regret_of, regrets);
    out->regret_sum = sum(regret_of, regrets);
    out->regret_mean = regrets == 0 ? 0 : out->regret_sum / (double)regrets;
    out->regret_worst = regrets == 0 ? 0 : regret_of[regrets - 1];
    divide(&out->sparsity, out->groups);
    divide(&out->stability, out->groups);
    divide(&out->fidelity_plus, out->groups);
    divide(&out->fidelity_minus, out->groups);
    out->microseconds_median = take_median(microseconds, timed);
    out->microseconds_mean = timed == 0 ? 0 : sum(microseconds, timed) / (double)timed;
  }
  free(microseconds);
  free(regret_of);
  return status;
}
