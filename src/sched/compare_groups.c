#include "sched/compare_groups.h"

#include <stdlib.h>

#include "sched/candidate.h"
#include "sched/memo.h"
#include "sim/report.h"
#include "util/bitset.h"

/* A cell in which so many plans in a row bring no new invalid group gives no more. */
enum { MOST_DRY_PLANS = 500 };

/* Draws plans of one cell. */
struct sampler {
  const struct compare_options *options;
  const struct sim_model *model;
  uint64_t *fuseable; /* op set */
  struct candidate_space space;
  struct candidate candidate;
  struct split_memo *memo; /* knows the groups seen */
  struct splitter *splitter;
  uint64_t plan; /* the next one */
  uint64_t dry_plans;
  size_t wanted, count, capacity;
  uint64_t *sets; /* those found */
};

static void sampler_free(struct sampler *sampler) {
  free(sampler->fuseable);
  free(sampler->sets);
  candidate_space_free(&sampler->space);
  candidate_free(&sampler->candidate);
  splitter_free(sampler->splitter);
  split_memo_free(sampler->memo);
}

static int find_fuseable(struct sampler *sampler, struct error *err) {
  struct sim *sim;
  sampler->fuseable = calloc(sampler->model->graph->set_words, sizeof *sampler->fuseable);
  if (sampler->fuseable == NULL) return error_memory(err);
  if (sim_create(&sim, sampler->model, err) != 0) return -1;
  int status = report_fuseable_ops(sim, sampler->options->method, sampler->fuseable);
  sim_free(sim);
  return status == 0 ? 0 : error_memory(err);
}

/* After a failure what is there is freed with the rest. */
static int sampler_create(struct sampler *sampler, const struct compare_options *options, size_t cell,
                          struct error *err) {
  const struct split_rules rules = compare_rules(options, 0);
  sampler->options = options;
  sampler->model = &options->cells[cell];
  if (find_fuseable(sampler, err) != 0) return -1;
  if (candidate_space_create(&sampler->space, sampler->model->graph, sampler->fuseable, err) != 0) return -1;
  if (candidate_create(&sampler->candidate, sampler->model->graph, err) != 0) return -1;
  if (split_memo_create(&sampler->memo, sampler->model, err) != 0) return -1;
  return splitter_create(&sampler->splitter, sampler->memo, &rules, err);
}

static bool sampler_is_dry(const struct sampler *sampler) { return sampler->dry_plans >= MOST_DRY_PLANS; }

static int keep_group(struct sampler *sampler, const uint64_t *group) {
  size_t words = sampler->model->graph->set_words;
  if (sampler->count == sampler->capacity) {
    size_t capacity = 2 * sampler->capacity + 16;
    uint64_t *grown = realloc(sampler->sets, capacity * words * sizeof *grown);
    if (grown == NULL) return -1;
    sampler->sets = grown;
    sampler->capacity = capacity;
  }
  bitset_copy(sampler->sets + sampler->count++ * words, group, words);
  return 0;
}

/* Keeps the group if it is a new one that overflows. */
static int look_at_group(struct sampler *sampler, const uint64_t *group) {
  struct memo_side seen;
  struct group_cost cost;
  if (memo_find_side(sampler->memo, group, &seen)) return 0;
  int valid = splitter_cost(sampler->splitter, group, &cost, &seen.expense);
  if (valid < 0) return -1;
  seen.valid = valid == 1;
  if (memo_add_side(sampler->memo, group, &seen) != 0) return -1;
  return valid ? 0 : keep_group(sampler, group);
}

/* The plan at hand; it is drawn again if it has more groups than are wanted now. */
static int look_at_plan(struct sampler *sampler) {
  const struct graph *graph = sampler->model->graph;
  const struct candidate *candidate = &sampler->candidate;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  size_t before = sampler->count;
  for (uint32_t g = 0; g < candidate->group_count; g++) {
    if (sampler->count == sampler->wanted) return 0;
    bitset_clear(group, graph->set_words);
    for (uint32_t v = 0; v < graph->op_count; v++) {
      if (candidate->group_of[v] == g) bitset_add(group, v);
    }
    if (bitset_count(group, graph->set_words) < 2) continue;
    if (look_at_group(sampler, group) != 0) return -1;
  }
  sampler->plan++;
  sampler->dry_plans = sampler->count == before ? sampler->dry_plans + 1 : 0;
  return 0;
}

/* Until the cell has as many groups as are wanted of it, or gives no more. */
static int sampler_run(struct sampler *sampler) {
  uint32_t substream = (uint32_t)sampler->model->hw.buffer_capacity_bytes; /* other plans in other buffers */
  while (sampler->count < sampler->wanted && !sampler_is_dry(sampler)) {
    struct rng rng = rng_stream(sampler->options->seed, sampler->plan, substream);
    candidate_draw(&sampler->candidate, &sampler->space, &rng);
    if (look_at_plan(sampler) != 0) return -1;
  }
  return 0;
}

/* ---- all cells ---- */

struct drawing {
  struct sampler *samplers; /* by cell */
  bool *failed;             /* likewise */
  size_t cells;
};

static void draw_cell(void *context, unsigned worker, uint64_t cell) {
  struct drawing *drawing = context;
  (void)worker;
  if (sampler_run(&drawing->samplers[cell]) != 0) drawing->failed[cell] = true;
}

/* Shares what is missing equally among the cells that may have more; false if none has. */
static bool want_more(struct drawing *drawing, uint64_t missing) {
  size_t open = 0, given = 0;
  for (size_t c = 0; c < drawing->cells; c++) open += !sampler_is_dry(&drawing->samplers[c]);
  if (open == 0) return false;
  for (size_t c = 0; c < drawing->cells; c++) {
    struct sampler *sampler = &drawing->samplers[c];
    if (sampler_is_dry(sampler)) continue;
    sampler->wanted = sampler->count + missing / open + (given++ < missing % open ? 1 : 0);
  }
  return true;
}

static int draw_all(struct drawing *drawing, uint64_t groups, struct parallel *parallel, struct error *err) {
  uint64_t count = 0;
  while (count < groups && want_more(drawing, groups - count)) {
    parallel_for(parallel, drawing->cells, draw_cell, drawing);
    count = 0;
    for (size_t c = 0; c < drawing->cells; c++) {
      if (drawing->failed[c]) return error_memory(err);
      count += drawing->samplers[c].count;
    }
  }
  return 0;
}

static int gather(struct compare_groups *out, const struct drawing *drawing, struct error *err) {
  size_t words = 0, next = 0;
  for (size_t c = 0; c < drawing->cells; c++) {
    out->count += drawing->samplers[c].count;
    words += drawing->samplers[c].count * drawing->samplers[c].model->graph->set_words;
  }
  out->cell_of = malloc((out->count + 1) * sizeof *out->cell_of);
  out->first_word = malloc((out->count + 1) * sizeof *out->first_word);
  out->sets = malloc((words + 1) * sizeof *out->sets);
  if (out->cell_of == NULL || out->first_word == NULL || out->sets == NULL) return error_memory(err);
  words = 0;
  for (size_t c = 0; c < drawing->cells; c++) {
    const struct sampler *sampler = &drawing->samplers[c];
    size_t set_words = sampler->model->graph->set_words;
    if (sampler->count == 0) continue;
    bitset_copy(out->sets + words, sampler->sets, sampler->count * set_words);
    for (size_t i = 0; i < sampler->count; i++, words += set_words) {
      out->cell_of[next] = (uint32_t)c;
      out->first_word[next++] = words;
    }
  }
  return 0;
}

int compare_groups_draw(struct compare_groups *out, const struct compare_options *options, struct parallel *parallel,
                        struct error *err) {
  struct drawing drawing = {.cells = options->cell_count};
  *out = (struct compare_groups){0};
  drawing.samplers = calloc(drawing.cells, sizeof *drawing.samplers);
  drawing.failed = calloc(drawing.cells, sizeof *drawing.failed);
  int status = drawing.samplers == NULL || drawing.failed == NULL ? error_memory(err) : 0;
  for (size_t c = 0; c < drawing.cells && status == 0; c++) {
    status = sampler_create(&drawing.samplers[c], options, c, err);
  }
  if (status == 0) status = draw_all(&drawing, options->groups, parallel, err);
  if (status == 0) status = gather(out, &drawing, err);
  for (size_t c = 0; c < drawing.cells && drawing.samplers != NULL; c++) sampler_free(&drawing.samplers[c]);
  free(drawing.samplers);
  free(drawing.failed);
  return status;
}

void compare_groups_free(struct compare_groups *groups) {
  free(groups->cell_of);
  free(groups->sets);
  free(groups->first_word);
  *groups = (struct compare_groups){0};
}
