#include "sched/label.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gnn/content.h"
#include "graph/group.h"
#include "graph/group_table.h"
#include "sched/fits.h"
#include "sched/sample.h"
#include "util/bitset.h"
#include "util/parallel.h"
#include "util/rng.h"

enum {
  WIDTHS = 2,
  BATCH_GROUPS = 256, /* between two steps of the progress line */
  MOST_ROUNDS = 16,   /* of drawing halves: many a half is there already */
  SINGLE_OP_IN = 8,   /* one half in so many of those that are a single op */
};

/* Substreams of random numbers; 0 draws the groups (sample.c). */
enum { STREAM_WIDTH = 1, STREAM_HALVES = 2 };

uint64_t label_default_groups(const char *network) {
  static const struct {
    const char *name;
    uint64_t groups;
  } counts[] = {
      {"alexnet", 715},          {"deeplabv3_mobilenet_v3_large", 1100},
      {"efficientnet_b0", 1364}, {"efficientnet_b3", 2247},
      {"mobilenet_v2", 1100},    {"mobilenet_v3_large", 251},
      {"mobilenet_v3_small", 203}, {"resnet101", 3476},
      {"resnet152", 3476},       {"resnet18", 715},
      {"resnet50", 1738},        {"squeezenet1_0", 795},
      {"squeezenet1_1", 795},    {"vgg16", 715},
  };
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    if (strcmp(counts[i].name, network) == 0) return counts[i].groups;
  }
  return 0;
}

/* A group of the network, with its labels. */
struct item {
  bool wide, half;
  uint8_t fits[DATASET_METHODS];
};

/* Parts on one random way down through the cuts of a group. */
struct descent {
  uint64_t *parts; /* sets, in the order in which they were met */
  size_t count, capacity;
  struct rng rng;
};

struct worker {
  struct fits fits[WIDTHS];
  struct group_cut_list cuts;
};

/* Of one network. */
struct labelling {
  const struct label_network *network;
  const struct label_options *options;
  const struct graph *graph;
  const struct method *methods[DATASET_METHODS];
  struct fits_models models[WIDTHS];
  uint8_t (*alone)[DATASET_METHODS]; /* which buffers an op fits alone, by width and op */
  struct group_table *seen[WIDTHS];
  struct worker *workers;
  struct parallel *parallel;
  struct item *items;
  uint64_t *sets; /* of the items */
  size_t item_count, item_capacity, drawn_count;
  struct descent descents[BATCH_GROUPS];
  size_t first;   /* item of the batch */
  uint32_t round; /* of halves */
  atomic_bool out_of_memory;
};

static uint64_t *item_set(const struct labelling *work, size_t item) {
  return work->sets + item * work->graph->set_words;
}

/* ---- opening ---- */

static int worker_open(struct worker *worker, const struct labelling *work, struct error *err) {
  for (size_t w = 0; w < WIDTHS; w++) {
    if (fits_create(&worker->fits[w], &work->models[w], err) != 0) return -1;
  }
  return group_cut_list_create(&worker->cuts, work->graph, err);
}

static int labelling_open(struct labelling *work, struct error *err) {
  const struct label_options *options = work->options;
  for (size_t m = 0; m < DATASET_METHODS; m++) work->methods[m] = method_find(dataset_methods[m]);
  for (size_t w = 0; w < WIDTHS; w++) {
    const struct sim_model *model = work->network->models[w];
    if (fits_models_create(&work->models[w], model, options->sizes_bytes, options->size_count, err) != 0) return -1;
    if (group_table_create(&work->seen[w], work->graph, sizeof(bool), SIZE_MAX, err) != 0) return -1;
  }
  work->alone = calloc(WIDTHS * (size_t)work->graph->op_count, sizeof *work->alone);
  work->workers = calloc(options->jobs, sizeof *work->workers);
  if (work->alone == NULL || work->workers == NULL) return error_memory(err);
  for (unsigned i = 0; i < options->jobs; i++) {
    if (worker_open(&work->workers[i], work, err) != 0) return -1;
  }
  return parallel_create(&work->parallel, options->jobs, err);
}

static void labelling_close(struct labelling *work) {
  parallel_free(work->parallel);
  for (unsigned i = 0; work->workers != NULL && i < work->options->jobs; i++) {
    for (size_t w = 0; w < WIDTHS; w++) fits_free(&work->workers[i].fits[w]);
    group_cut_list_free(&work->workers[i].cuts);
  }
  free(work->workers);
  for (size_t w = 0; w < WIDTHS; w++) {
    fits_models_free(&work->models[w]);
    group_table_free(work->seen[w]);
  }
  for (size_t i = 0; i < BATCH_GROUPS; i++) free(work->descents[i].parts);
  free(work->alone);
  free(work->items);
  free(work->sets);
}

/* ---- labels ---- */

static int find_labels(uint8_t fits[DATASET_METHODS], const struct labelling *work, struct fits *at,
                       const uint64_t *group) {
  bool fitting[DATASET_MAX_SIZES];
  for (size_t m = 0; m < DATASET_METHODS; m++) {
    if (fits_find(fitting, at, work->methods[m], group) != 0) return -1;
    fits[m] = 0;
    for (size_t s = 0; s < work->options->size_count; s++) fits[m] |= (uint8_t)(fitting[s] << s);
  }
  return 0;
}

static void label_item(void *context, unsigned worker, uint64_t index) {
  struct labelling *work = context;
  struct item *item = &work->items[work->first + index];
  struct fits *at = &work->workers[worker].fits[item->wide];
  if (find_labels(item->fits, work, at, item_set(work, work->first + index)) != 0) {
    atomic_store(&work->out_of_memory, true);
  }
}

static void label_op_alone(void *context, unsigned worker, uint64_t index) {
  struct labelling *work = context;
  uint64_t group[GRAPH_MAX_SET_WORDS] = {0};
  size_t width = index / work->graph->op_count;
  bitset_add(group, index % work->graph->op_count);
  if (find_labels(work->alone[index], work, &work->workers[worker].fits[width], group) != 0) {
    atomic_store(&work->out_of_memory, true);
  }
}

/* Items first to last - 1. */
static int label_items(struct labelling *work, size_t first, size_t last, uint64_t done, struct error *err) {
  for (work->first = first; work->first < last; work->first += BATCH_GROUPS) {
    size_t count = last - work->first < BATCH_GROUPS ? last - work->first : BATCH_GROUPS;
    parallel_for(work->parallel, count, label_item, work);
    if (atomic_load(&work->out_of_memory)) return error_memory(err);
    progress_update(work->options->progress, done + work->first + count, work->network->name);
  }
  return 0;
}

/* ---- items ---- */

static int reserve_item(struct labelling *work, struct error *err) {
  if (work->item_count < work->item_capacity) return 0;
  size_t capacity = work->item_capacity == 0 ? 256 : 2 * work->item_capacity;
  struct item *items = realloc(work->items, capacity * sizeof *items);
  if (items != NULL) work->items = items;
  uint64_t *sets = realloc(work->sets, capacity * work->graph->set_words * sizeof *sets);
  if (sets != NULL) work->sets = sets;
  if (items == NULL || sets == NULL) return error_memory(err);
  work->item_capacity = capacity;
  return 0;
}

/* 1 if the set was there already, at that width; else 0, or -1 without memory. */
static int add_item(struct labelling *work, struct item item, const uint64_t *set, struct error *err) {
  struct group_slot slot = group_table_add(work->seen[item.wide], set);
  bool *seen = slot.value, known = seen != NULL && *seen;
  if (seen != NULL) *seen = true;
  group_slot_release(slot);
  if (seen == NULL) return error_memory(err);
  if (known) return 1;
  if (reserve_item(work, err) != 0) return -1;
  bitset_copy(item_set(work, work->item_count), set, work->graph->set_words);
  work->items[work->item_count++] = item;
  return 0;
}

static int add_drawn(struct labelling *work, struct error *err) {
  struct sample sample;
  uint64_t seed = work->options->seed;
  int status = sample_draw(&sample, work->graph, work->network->groups, seed, NULL, err);
  for (uint64_t g = 0; status == 0 && g < sample.group_count; g++) {
    struct rng rng = rng_stream(seed, g, STREAM_WIDTH);
    struct item item = {.wide = rng_below(&rng, WIDTHS) == 1};
    status = add_item(work, item, sample.sets + g * work->graph->set_words, err);
  }
  sample_free(&sample);
  work->drawn_count = work->item_count;
  return status;
}

/* ---- halves ---- */

/* A buffer that the group does not fit. */
struct target {
  size_t method, size;
};

static bool draw_target(struct target *out, const struct labelling *work, const struct item *item, struct rng *rng) {
  uint32_t met = 0;
  for (size_t m = 0; m < DATASET_METHODS; m++) {
    for (size_t s = 0; s < work->options->size_count; s++) {
      if ((item->fits[m] >> s & 1) != 0 || rng_below(rng, ++met) != 0) continue;
      *out = (struct target){m, s};
    }
  }
  return met > 0;
}

/* rest = the ops of the group that fit alone; whether some do not. */
static bool put_aside_unfit(uint64_t *rest, const struct labelling *work, const struct item *item,
                            const uint64_t *group, struct target target) {
  size_t words = work->graph->set_words;
  const uint8_t(*alone)[DATASET_METHODS] = work->alone + (item->wide ? work->graph->op_count : 0);
  bitset_copy(rest, group, words);
  for BITSET_EACH (v, group, words) {
    if ((alone[v][target.method] >> target.size & 1) == 0) bitset_remove(rest, v);
  }
  return !bitset_equal(rest, group, words);
}

static int descent_keep(struct descent *descent, const uint64_t *part, size_t words) {
  if (bitset_count(part, words) == 1 && rng_below(&descent->rng, SINGLE_OP_IN) != 0) return 0;
  if (descent->count == descent->capacity) {
    size_t capacity = descent->capacity == 0 ? 16 : 2 * descent->capacity;
    uint64_t *parts = realloc(descent->parts, capacity * words * sizeof *parts);
    if (parts == NULL) return -1;
    descent->parts = parts;
    descent->capacity = capacity;
  }
  bitset_copy(descent->parts + descent->count++ * words, part, words);
  return 0;
}

/* One step down: which of the parts met do not fit, and one of them, drawn at random. */
struct step {
  const struct labelling *work;
  struct fits *at;
  struct target target;
  uint64_t next[GRAPH_MAX_SET_WORDS]; /* if there are any */
  uint32_t unfit;                     /* how many there are */
};

/* Keeps the components of rest, which is empty then. */
static int step_into(struct step *step, struct descent *descent, uint64_t *rest) {
  const struct labelling *work = step->work;
  const struct method *method = work->methods[step->target.method];
  uint64_t part[GRAPH_MAX_SET_WORDS];
  while (group_take_component(work->graph, rest, part)) {
    bool fits;
    if (descent_keep(descent, part, work->graph->set_words) != 0) return -1;
    if (fits_find_one(&fits, step->at, step->target.size, method, part) != 0) return -1;
    if (fits || rng_below(&descent->rng, ++step->unfit) != 0) continue;
    bitset_copy(step->next, part, work->graph->set_words);
  }
  return 0;
}

/* Both sides of a random cut; a single op has none. */
static int step_cut(struct step *step, struct descent *descent, struct group_cut_list *cuts, const uint64_t *group) {
  const struct graph *graph = step->work->graph;
  uint64_t side[GRAPH_MAX_SET_WORDS], other[GRAPH_MAX_SET_WORDS];
  step->unfit = 0;
  group_cuts(graph, group, cuts);
  if (cuts->count == 0) return 0;
  group_cut_side(graph, group, cuts->cuts[rng_below(&descent->rng, (uint32_t)cuts->count)], side);
  bitset_minus(other, group, side, graph->set_words);
  if (step_into(step, descent, side) != 0) return -1;
  return step_into(step, descent, other);
}

static int descend(struct descent *descent, struct worker *worker, const struct labelling *work,
                   const struct item *item, const uint64_t *group) {
  struct step step = {.work = work, .at = &worker->fits[item->wide]};
  uint64_t rest[GRAPH_MAX_SET_WORDS];
  int status;
  if (!draw_target(&step.target, work, item, &descent->rng)) return 0;
  if (put_aside_unfit(rest, work, item, group, step.target)) {
    status = step_into(&step, descent, rest);
  } else {
    status = step_cut(&step, descent, &worker->cuts, group);
  }
  while (status == 0 && step.unfit > 0) {
    bitset_copy(rest, step.next, work->graph->set_words);
    status = step_cut(&step, descent, &worker->cuts, rest);
  }
  return status;
}

static void descend_item(void *context, unsigned worker, uint64_t index) {
  struct labelling *work = context;
  size_t item = work->first + index;
  struct descent *descent = &work->descents[index];
  descent->count = 0;
  descent->rng = rng_stream(work->options->seed, item, STREAM_HALVES + work->round);
  if (descend(descent, &work->workers[worker], work, &work->items[item], item_set(work, item)) != 0) {
    atomic_store(&work->out_of_memory, true);
  }
}

/* Adds one part that is new, half of the time the one met last: those are closest to what fits. */
static int add_half(struct labelling *work, struct descent *descent, size_t drawn, struct error *err) {
  size_t words = work->graph->set_words;
  struct item half = {.wide = work->items[drawn].wide, .half = true};
  for (; descent->count > 0; descent->count--) {
    size_t index = descent->count - 1;
    uint64_t *last = descent->parts + index * words;
    if (rng_below(&descent->rng, 2) == 0) index = rng_below(&descent->rng, (uint32_t)descent->count);
    uint64_t *chosen = descent->parts + index * words;
    int status = add_item(work, half, chosen, err);
    if (status <= 0) return status;
    if (chosen != last) bitset_copy(chosen, last, words);
  }
  return 0;
}

static int add_round(struct labelling *work, size_t most_items, struct error *err) {
  for (work->first = 0; work->first < work->drawn_count && work->item_count < most_items; work->first += BATCH_GROUPS) {
    size_t left = work->drawn_count - work->first, count = left < BATCH_GROUPS ? left : BATCH_GROUPS;
    parallel_for(work->parallel, count, descend_item, work);
    if (atomic_load(&work->out_of_memory)) return error_memory(err);
    for (size_t i = 0; i < count && work->item_count < most_items; i++) {
      if (add_half(work, &work->descents[i], work->first + i, err) != 0) return -1;
    }
  }
  return 0;
}

/* A round gives each group that does not fit one half at the most. */
static int add_halves(struct labelling *work, struct error *err) {
  size_t most_items = work->drawn_count + work->drawn_count * work->options->halves_percent / 100, before = 0;
  parallel_for(work->parallel, WIDTHS * (uint64_t)work->graph->op_count, label_op_alone, work);
  if (atomic_load(&work->out_of_memory)) return error_memory(err);
  for (work->round = 0; work->round < MOST_ROUNDS && work->item_count > before; work->round++) {
    before = work->item_count;
    if (work->item_count < most_items && add_round(work, most_items, err) != 0) return -1;
  }
  return 0;
}

/* ---- data sets ---- */

static int reserve(struct dataset *out, const struct labelling *work, struct error *err) {
  size_t ops = out->op_count;
  for (size_t i = 0; i < work->item_count; i++) ops += bitset_count(item_set(work, i), work->graph->set_words);
  struct dataset_group *groups = realloc(out->groups, (out->group_count + work->item_count + 1) * sizeof *groups);
  if (groups != NULL) out->groups = groups;
  uint16_t *labels = realloc(out->ops, (ops + 1) * sizeof *labels);
  if (labels != NULL) out->ops = labels;
  if (groups == NULL || labels == NULL) return error_memory(err);
  if (ops <= UINT32_MAX) return 0;
  return error_set(err, ERROR_USAGE, "the groups have more than %u ops together; draw fewer", UINT32_MAX);
}

static void append_item(struct dataset *out, const struct labelling *work, size_t index) {
  const struct item *item = &work->items[index];
  const uint64_t *set = item_set(work, index);
  struct dataset_group *group = &out->groups[out->group_count++];
  *group = (struct dataset_group){
      .network = out->network_count - 1,
      .wide = item->wide,
      .half = item->half,
      .first_op = (uint32_t)out->op_count,
      .op_count = (uint32_t)bitset_count(set, work->graph->set_words),
      .content = content_hash_group(work->network->models[item->wide], set),
  };
  memcpy(group->fits, item->fits, sizeof group->fits);
  for BITSET_EACH (v, set, work->graph->set_words) out->ops[out->op_count++] = (uint16_t)v;
}

static int append_network(struct dataset *out, const struct labelling *work, struct error *err) {
  struct dataset_network *network = &out->networks[out->network_count];
  network->name = strdup(work->network->name);
  if (network->name == NULL) return error_memory(err);
  network->hash = content_hash_graph(work->graph);
  network->op_count = work->graph->op_count;
  out->network_count++;
  if (reserve(out, work, err) != 0) return -1;
  for (size_t i = 0; i < work->item_count; i++) append_item(out, work, i);
  return 0;
}

static int label_network(struct dataset *out, struct labelling *work, struct error *err) {
  uint64_t done = out->group_count;
  int status = labelling_open(work, err);
  if (status == 0) status = add_drawn(work, err);
  if (status == 0) status = label_items(work, 0, work->drawn_count, done, err);
  if (status == 0) status = add_halves(work, err);
  if (status == 0) status = label_items(work, work->drawn_count, work->item_count, done, err);
  if (status == 0) status = append_network(out, work, err);
  labelling_close(work);
  return status;
}

int label_draw(struct dataset *out, const struct label_network *networks, size_t count,
               const struct label_options *options, struct error *err) {
  *out = (struct dataset){.seed = options->seed, .size_count = (uint32_t)options->size_count};
  memcpy(out->sizes_bytes, options->sizes_bytes, options->size_count * sizeof *options->sizes_bytes);
  out->networks = calloc(count + 1, sizeof *out->networks);
  int status = out->networks == NULL ? error_memory(err) : 0;
  for (size_t i = 0; i < count && status == 0; i++) {
    struct labelling work = {.network = &networks[i], .options = options, .graph = networks[i].models[0]->graph};
    status = label_network(out, &work, err);
  }
  if (status != 0) dataset_free(out);
  return status;
}
