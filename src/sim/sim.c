#include "sim/sim.h"

#include <stdlib.h>

#include "sim/brr.h"
#include "sim/brr_plus.h"
#include "sim/walk.h"
#include "util/bitset.h"

struct sim {
  const struct sim_model *model;
  struct walk walk;
  struct residency residency;
};

int sim_create(struct sim **out, const struct sim_model *model, struct error *err) {
  struct sim *sim = calloc(1, sizeof *sim);
  if (sim == NULL) return error_memory(err);
  sim->model = model;
  if (walk_create(&sim->walk, model, err) != 0) {
    free(sim);
    return -1;
  }
  if (residency_reserve(&sim->residency, model->graph->tensor_count) != 0) {
    sim_free(sim);
    return error_memory(err);
  }
  *out = sim;
  return 0;
}

void sim_free(struct sim *sim) {
  if (sim == NULL) return;
  walk_free(&sim->walk);
  residency_free(&sim->residency);
  free(sim);
}

const struct sim_model *sim_model(const struct sim *sim) { return sim->model; }

/* Traffic follows from the lines alone. */
static void walk_traffic(const struct walk *walk, uint64_t batch, struct group_cost *cost) {
  *cost = (struct group_cost){.required_bytes = walk->weight_bytes, .weight_bytes = walk->weight_bytes};
  for (uint32_t i = 0; i < walk->lines.count; i++) {
    const struct line *line = &walk->lines.items[i];
    uint64_t bytes = line->row_bytes * line->set.count * batch;
    if (line->op == GRAPH_NO_OP) cost->dram_in_bytes += bytes;
    if (line->stored) cost->dram_out_bytes += bytes;
  }
}

int sim_traffic(struct sim *sim, const uint64_t *group, struct group_cost *cost) {
  if (walk_prepare(&sim->walk, group) != 0) return -1;
  walk_traffic(&sim->walk, sim->model->graph->batch, cost);
  return 0;
}

int sim_cost(struct sim *sim, const uint64_t *group, struct group_cost *cost) {
  if (sim_traffic(sim, group, cost) != 0) return -1;
  walk_run(&sim->walk);
  cost->required_bytes = sim->walk.peak_bytes;
  return 0;
}

int sim_try(struct sim *sim, const uint64_t *group, struct group_cost *cost) {
  if (sim_traffic(sim, group, cost) != 0) return -1;
  sim->walk.give_up_bytes = sim->model->hw.buffer_capacity_bytes;
  walk_run(&sim->walk);
  cost->required_bytes = sim->walk.peak_bytes;
  return 0;
}

/* Taller stripes may need less than those of one row, but are not tried if those do not fit. */
uint64_t sim_steady_from(const struct sim *sim, const struct group_cost *cost) {
  uint64_t one_row = cost->stripes == 0 ? 0 : sim->walk.one_row_bytes;
  return cost->required_bytes < one_row ? one_row : cost->required_bytes;
}

int sim_cost_plain(struct sim *sim, const uint64_t *group, struct group_cost *cost) {
  if (sim_traffic(sim, group, cost) != 0) return -1;
  sim->walk.skip_steady = false;
  walk_run(&sim->walk);
  cost->required_bytes = sim->walk.peak_bytes;
  return 0;
}

int sim_cost_streamed(struct sim *sim, const uint64_t *group, uint64_t capacity_bytes, struct group_cost *cost) {
  if (sim_traffic(sim, group, cost) != 0) return -1;
  return brr_cost(&sim->walk, capacity_bytes, UINT64_MAX, cost);
}

/* Turns the cost of the prepared group under LBDF into that in stripes; brr_cost() or brr_plus_cost(). */
typedef int stripes_fn(struct sim *sim, uint64_t capacity_bytes, uint64_t give_up_bytes, struct group_cost *cost);

static int plain_stripes(struct sim *sim, uint64_t capacity_bytes, uint64_t give_up_bytes, struct group_cost *cost) {
  return brr_cost(&sim->walk, capacity_bytes, give_up_bytes, cost);
}

static int refined_stripes(struct sim *sim, uint64_t capacity_bytes, uint64_t give_up_bytes, struct group_cost *cost) {
  return brr_plus_cost(&sim->walk, &sim->residency, capacity_bytes, give_up_bytes, cost);
}

/* Where the weights alone are too much, LBDF is not run unless it may need less than stripes do.
 * give_up_bytes: what invalid groups require matters up to there. */
static int cost_within(struct sim *sim, const uint64_t *group, stripes_fn *in_stripes, uint64_t capacity_bytes,
                       uint64_t give_up_bytes, struct group_cost *cost) {
  struct walk *walk = &sim->walk;
  if (sim_traffic(sim, group, cost) != 0) return -1;
  struct group_cost streamed = *cost;
  bool heavy = walk->weight_bytes > capacity_bytes;
  if (heavy) {
    bool fits = in_stripes(sim, capacity_bytes, give_up_bytes, &streamed) == 0;
    if (fits || streamed.required_bytes < walk->weight_bytes || walk->weight_bytes > give_up_bytes) {
      *cost = streamed;
      return 0;
    }
  }
  walk_rewind(walk);
  walk->give_up_bytes = give_up_bytes;
  walk_run(walk);
  cost->required_bytes = walk->peak_bytes;
  if (cost->required_bytes <= capacity_bytes) return 0;
  bool fits = !heavy && in_stripes(sim, capacity_bytes, give_up_bytes, &streamed) == 0;
  if (fits || streamed.required_bytes < cost->required_bytes) *cost = streamed;
  return 0;
}

int sim_cost_brr(struct sim *sim, const uint64_t *group, struct group_cost *cost) {
  return cost_within(sim, group, plain_stripes, sim->model->hw.buffer_capacity_bytes, UINT64_MAX, cost);
}

int sim_try_brr(struct sim *sim, const uint64_t *group, struct group_cost *cost) {
  uint64_t capacity_bytes = sim->model->hw.buffer_capacity_bytes;
  return cost_within(sim, group, plain_stripes, capacity_bytes, capacity_bytes, cost);
}

int sim_cost_brr_plus(struct sim *sim, const uint64_t *group, struct group_cost *cost) {
  return cost_within(sim, group, refined_stripes, sim->model->hw.buffer_capacity_bytes, UINT64_MAX, cost);
}

int sim_try_brr_plus(struct sim *sim, const uint64_t *group, struct group_cost *cost) {
  uint64_t capacity_bytes = sim->model->hw.buffer_capacity_bytes;
  return cost_within(sim, group, refined_stripes, capacity_bytes, capacity_bytes, cost);
}

/* ---- traces ---- */

/* The prepared group again, as it ran. */
static void run_again(struct walk *walk, uint32_t stripes) {
  if (stripes == 0) {
    walk_run(walk);
  } else {
    brr_run(walk, brr_height(walk, stripes));
  }
}

static void trace_run(struct walk *walk, uint32_t stripes, uint64_t capacity_bytes, const struct trace_sink *sink) {
  walk_rewind(walk);
  walk->capacity_bytes = capacity_bytes;
  walk->sink = sink;
  walk->skip_steady = false;
  run_again(walk, stripes);
}

int sim_trace(struct sim *sim, const uint64_t *group, uint64_t capacity_bytes, const struct trace_sink *sink) {
  if (walk_prepare(&sim->walk, group) != 0) return -1;
  trace_run(&sim->walk, 0, capacity_bytes, sink);
  return 0;
}

int sim_trace_brr(struct sim *sim, const uint64_t *group, uint64_t capacity_bytes, const struct trace_sink *sink) {
  struct group_cost cost;
  if (cost_within(sim, group, plain_stripes, capacity_bytes, UINT64_MAX, &cost) != 0) return -1;
  trace_run(&sim->walk, cost.stripes, capacity_bytes, sink);
  return 0;
}

int sim_trace_brr_plus(struct sim *sim, const uint64_t *group, uint64_t capacity_bytes, const struct trace_sink *sink) {
  struct group_cost cost;
  if (cost_within(sim, group, refined_stripes, capacity_bytes, UINT64_MAX, &cost) != 0) return -1;
  brr_plus_restore(&sim->walk, &sim->residency, capacity_bytes, &cost);
  trace_run(&sim->walk, cost.stripes, capacity_bytes, sink);
  return 0;
}

/* ---- peak ---- */

struct peak_watch {
  struct sim_peak *peak;
  bool reached;
  /* Rows from outside with several readers: who keeps one last shows when it is freed. */
  uint32_t *loaded;   /* by line: rows loaded by the time of the peak */
  uint64_t open_rows; /* of them, those of which it is not known yet */
};

/* Whether the row is there at the peak: like walk_row_dead(), but the firing that takes
 * room at the peak has not let go of its inputs yet. */
static bool row_present(const struct walk *walk, const struct line *line, uint32_t q) {
  if (walk->firing == LINES_NONE) return !walk_row_dead(walk, line, q);
  for (uint32_t e = line->first_use; e != LINES_NONE; e = walk->lines.uses[e].next) {
    const struct use *use = &walk->lines.uses[e];
    int64_t fired = walk_counter(walk, e);
    if (use->consumer == walk->firing && !use->streamed) fired--;
    if (use_last_firing(use, q) >= fired) {
      const struct line *overwritten = walk->overwrites == LINES_NONE ? NULL : &walk->lines.items[walk->overwrites];
      return overwritten != line || walk->overwritten_row != q;
    }
  }
  return false;
}

/* No row below this number is still needed. */
static uint32_t line_oldest(const struct walk *walk, const struct line *line, uint32_t next) {
  int64_t oldest = next;
  for (uint32_t e = line->first_use; e != LINES_NONE; e = walk->lines.uses[e].next) {
    const struct use *use = &walk->lines.uses[e];
    if (use->table != NULL) return 0;
    int64_t fired = (int64_t)walk_counter(walk, e) - 1;
    int64_t first = use->stride * (fired > 0 ? fired : 0) + use->base;
    if (use->taps > 0 && first < oldest) oldest = first;
  }
  return oldest < 0 ? 0 : (uint32_t)oldest;
}

struct present {
  uint64_t rows, bytes;
};

static void add_present(struct present *present, const struct walk *walk, uint32_t index, uint32_t q) {
  present->rows++;
  present->bytes += walk_row_room(walk, index, q);
}

static struct present line_present(const struct walk *walk, uint32_t index) {
  const struct line *line = &walk->lines.items[index];
  uint32_t next = walk->next[index], end = next + walk->open[index];
  struct present present = {0};
  if (walk->firing == index) next--; /* taking room now, whether or not anybody inside reads it */
  for (uint32_t q = next; q < end; q++) add_present(&present, walk, index, q);
  for (uint32_t q = line_oldest(walk, line, next); q < next; q++) {
    if (row_present(walk, line, q)) add_present(&present, walk, index, q);
  }
  return present;
}

/* The op that holds the line's rows at the peak; GRAPH_NO_OP if it differs from row to row. */
static uint32_t line_owner(const struct walk *walk, const struct line *line) {
  if (line->op != GRAPH_NO_OP) return line->op;
  const struct use *first = &walk->lines.uses[line->first_use];
  return first->next == LINES_NONE ? walk->lines.items[first->consumer].op : GRAPH_NO_OP;
}

static void peak_reached(void *context, struct walk *walk) {
  struct peak_watch *watch = context;
  if (watch->reached) return;
  watch->reached = true;
  for (uint32_t i = 0; i < walk->lines.count; i++) {
    const struct line *line = &walk->lines.items[i];
    uint32_t owner = line_owner(walk, line);
    struct present present = line_present(walk, i);
    watch->loaded[i] = owner == GRAPH_NO_OP ? walk->next[i] : 0;
    if (owner == GRAPH_NO_OP) {
      watch->open_rows += present.rows;
    } else {
      watch->peak->row_bytes[owner] += present.bytes;
    }
  }
  walk->skip_steady = false;
  walk->stop = watch->open_rows == 0;
}

static void peak_freed(void *context, struct walk *walk, const struct use *use, uint32_t q) {
  struct peak_watch *watch = context;
  const struct line *line = &walk->lines.items[use->line];
  if (!watch->reached || q >= watch->loaded[use->line]) return;
  watch->peak->row_bytes[walk->lines.items[use->consumer].op] += line->row_bytes;
  walk->stop = --watch->open_rows == 0;
}

/* Weights that stay are their ops', from first to last. */
static uint64_t share_weights(const struct walk *walk, bool all, struct sim_peak *peak) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < walk->lines.inside_count; i++) {
    uint32_t op = walk->lines.items[i].op;
    if (!(all || walk->stays[op]) || peak->weight_bytes[op] > 0) continue;
    peak->weight_bytes[op] = walk->lines.model->weight_bytes[op];
    bytes += peak->weight_bytes[op];
  }
  return bytes;
}

/* Shares what the group, just run at that cost, held at its peak. */
static int share_peak(struct sim *sim, const struct group_cost *cost, struct sim_peak *peak) {
  struct walk *walk = &sim->walk;
  peak->occupied_bytes = cost->required_bytes;
  peak->staging_bytes = 0;
  peak->staging_op = GRAPH_NO_OP;
  for (uint32_t v = 0; v < sim->model->graph->op_count; v++) peak->weight_bytes[v] = peak->row_bytes[v] = 0;
  uint64_t constant = share_weights(walk, cost->stripes == 0, peak);
  if (cost->stripes > 0) peak->staging_bytes = brr_staging(walk, &peak->staging_op);
  if (cost->required_bytes == constant + peak->staging_bytes) return 0;
  struct peak_watch state = {.peak = peak, .loaded = malloc(walk->lines.count * sizeof *state.loaded)};
  if (state.loaded == NULL) return -1;
  const struct walk_watch watch = {peak_reached, peak_freed, &state};
  walk_rewind(walk);
  walk->watch = &watch;
  walk->watch_bytes = cost->required_bytes;
  run_again(walk, cost->stripes);
  free(state.loaded);
  return 0;
}

int sim_find_peak(struct sim *sim, const uint64_t *group, struct group_cost *cost, struct sim_peak *peak) {
  return sim_cost(sim, group, cost) == 0 ? share_peak(sim, cost, peak) : -1;
}

int sim_find_peak_brr(struct sim *sim, const uint64_t *group, struct group_cost *cost, struct sim_peak *peak) {
  return sim_cost_brr(sim, group, cost) == 0 ? share_peak(sim, cost, peak) : -1;
}

int sim_find_peak_brr_plus(struct sim *sim, const uint64_t *group, struct group_cost *cost, struct sim_peak *peak) {
  if (sim_cost_brr_plus(sim, group, cost) != 0) return -1;
  if (cost->stripes > 0) brr_plus_restore(&sim->walk, &sim->residency, sim->model->hw.buffer_capacity_bytes, cost);
  return share_peak(sim, cost, peak);
}
