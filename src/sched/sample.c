#include "sched/sample.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "graph/group_table.h"
#include "sched/candidate.h"
#include "sched/fits.h"
#include "util/bitset.h"
#include "util/parallel.h"

/* ---- drawing ---- */

struct draw {
  struct sample *sample;
  uint64_t most_groups;
  size_t capacity; /* groups that there is room for in sample->sets */
  struct group_table *seen;
  struct candidate_space space;
  struct candidate plan;
  uint64_t all[GRAPH_MAX_SET_WORDS]; /* ops */
};

static int draw_open(struct draw *draw, struct error *err) {
  const struct graph *graph = draw->sample->graph;
  for (uint32_t v = 0; v < graph->op_count; v++) bitset_add(draw->all, v);
  if (group_table_create(&draw->seen, graph, sizeof(bool), SIZE_MAX, err) != 0) return -1;
  if (candidate_space_create(&draw->space, graph, draw->all, err) != 0) return -1;
  return candidate_create(&draw->plan, graph, err);
}

static void draw_close(struct draw *draw) {
  candidate_free(&draw->plan);
  candidate_space_free(&draw->space);
  group_table_free(draw->seen);
}

static int append(struct draw *draw, const uint64_t *group, struct error *err) {
  struct sample *sample = draw->sample;
  size_t words = sample->graph->set_words;
  if (sample->group_count == draw->capacity) {
    size_t capacity = draw->capacity == 0 ? 256 : 2 * draw->capacity;
    uint64_t *sets = realloc(sample->sets, capacity * words * sizeof *sets);
    if (sets == NULL) return error_memory(err);
    sample->sets = sets;
    draw->capacity = capacity;
  }
  bitset_copy(sample->sets + sample->group_count * words, group, words);
  sample->group_count++;
  sample->op_count += bitset_count(group, words);
  return 0;
}

/* Keeps the group if it is new. */
static int offer(struct draw *draw, const uint64_t *group, struct error *err) {
  struct group_slot slot = group_table_add(draw->seen, group);
  bool *seen = slot.value;
  int status = 0;
  if (seen == NULL) {
    status = error_memory(err);
  } else if (!*seen) {
    *seen = true;
    status = append(draw, group, err);
  }
  group_slot_release(slot);
  return status;
}

static int draw_plan(struct draw *draw, uint64_t seed, struct error *err) {
  size_t words = draw->sample->graph->set_words;
  struct rng rng = rng_stream(seed, draw->sample->plans_drawn++, 0);
  candidate_draw(&draw->plan, &draw->space, &rng);
  candidate_sets(&draw->plan, &draw->space);
  for (uint32_t g = 0; g < draw->plan.group_count && draw->sample->group_count < draw->most_groups; g++) {
    const uint64_t *group = draw->space.sets + g * words;
    if (bitset_count(group, words) > 1 && offer(draw, group, err) != 0) return -1;
  }
  return 0;
}

int sample_draw(struct sample *out, const struct graph *graph, uint64_t most_groups, uint64_t seed,
                struct progress *progress, struct error *err) {
  struct draw draw = {.sample = out, .most_groups = most_groups};
  *out = (struct sample){.graph = graph};
  int status = draw_open(&draw, err);
  uint64_t barren = 0; /* plans in a row */
  while (status == 0 && out->group_count < most_groups && barren < SAMPLE_PATIENCE_PLANS) {
    uint64_t before = out->group_count;
    status = draw_plan(&draw, seed, err);
    barren = out->group_count == before ? barren + 1 : 0;
    progress_update(progress, out->group_count, NULL);
  }
  draw_close(&draw);
  return status;
}

void sample_free(struct sample *sample) {
  free(sample->sets);
  *sample = (struct sample){0};
}

/* ---- counting ---- */

enum { BATCH_GROUPS = 256 }; /* between two steps of the progress line */

struct count_worker {
  struct fits fits;
  bool *fitting;          /* by capacity, of a group */
  uint64_t *valid_groups; /* by capacity */
};

struct count {
  const struct sample *sample;
  const struct sample_options *options;
  struct fits_models models;
  struct count_worker *workers;
  struct parallel *parallel;
  uint64_t first; /* group of the batch */
  atomic_bool out_of_memory;
};

static int worker_open(struct count_worker *worker, const struct count *count, struct error *err) {
  size_t capacities = count->options->capacity_count;
  worker->fitting = calloc(capacities, sizeof *worker->fitting);
  worker->valid_groups = calloc(capacities, sizeof *worker->valid_groups);
  if (worker->fitting == NULL || worker->valid_groups == NULL) return error_memory(err);
  return fits_create(&worker->fits, &count->models, err);
}

static int count_open(struct count *count, const struct sim_model *model, struct error *err) {
  const struct sample_options *options = count->options;
  count->workers = calloc(options->jobs, sizeof *count->workers);
  if (count->workers == NULL) return error_memory(err);
  const uint64_t *capacities = options->capacities_bytes;
  if (fits_models_create(&count->models, model, capacities, options->capacity_count, err) != 0) return -1;
  for (unsigned i = 0; i < options->jobs; i++) {
    if (worker_open(&count->workers[i], count, err) != 0) return -1;
  }
  return parallel_create(&count->parallel, options->jobs, err);
}

static void count_close(struct count *count) {
  parallel_free(count->parallel);
  for (unsigned i = 0; count->workers != NULL && i < count->options->jobs; i++) {
    fits_free(&count->workers[i].fits);
    free(count->workers[i].fitting);
    free(count->workers[i].valid_groups);
  }
  free(count->workers);
  fits_models_free(&count->models);
}

static int count_group(struct count_worker *worker, const struct sample_options *options, const uint64_t *group) {
  if (fits_find(worker->fitting, &worker->fits, options->method, group) != 0) return -1;
  for (size_t c = 0; c < options->capacity_count; c++) worker->valid_groups[c] += worker->fitting[c];
  return 0;
}

static void count_item(void *context, unsigned worker, uint64_t item) {
  struct count *count = context;
  const struct sample *sample = count->sample;
  const uint64_t *group = sample->sets + (count->first + item) * sample->graph->set_words;
  if (count_group(&count->workers[worker], count->options, group) != 0) atomic_store(&count->out_of_memory, true);
}

static int count_all(struct count *count, struct error *err) {
  uint64_t groups = count->sample->group_count;
  for (uint64_t next; count->first < groups; count->first = next) {
    next = groups - count->first < BATCH_GROUPS ? groups : count->first + BATCH_GROUPS;
    parallel_for(count->parallel, next - count->first, count_item, count);
    if (atomic_load(&count->out_of_memory)) return error_memory(err);
    progress_update(count->options->progress, next, NULL);
  }
  return 0;
}

int sample_count_valid(uint64_t *valid_groups, const struct sample *sample, const struct sim_model *model,
                       const struct sample_options *options, struct error *err) {
  struct count count = {.sample = sample, .options = options};
  int status = count_open(&count, model, err);
  if (status == 0) status = count_all(&count, err);
  for (size_t c = 0; c < options->capacity_count && status == 0; c++) {
    valid_groups[c] = 0;
    for (unsigned i = 0; i < options->jobs; i++) valid_groups[c] += count.workers[i].valid_groups[c];
  }
  count_close(&count);
  return status;
}
