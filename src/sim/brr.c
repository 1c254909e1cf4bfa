#include "sim/brr.h"

#include <stdlib.h>

#include "config.h"
#include "sim/steady.h"
#include "util/saturate.h"

/* ---- staging ---- */

/* Two sub-groups of weights that fall apart into so many channels. */
static uint64_t two_subgroups(const struct sim_model *model, uint64_t weight_bytes, uint64_t channels) {
  if (weight_bytes == 0) return 0;
  uint64_t per_channel = saturate_divide(weight_bytes, channels);
  uint64_t staging = saturate_multiply(2 * (uint64_t)model->hw.brr_subgroup_channels, per_channel);
  return staging < weight_bytes ? staging : weight_bytes;
}

uint64_t brr_staging_bytes(const struct sim_model *model, uint32_t op) {
  return two_subgroups(model, model->weight_bytes[op], model->graph->ops[op].out_channels);
}

uint64_t brr_op_staging_bytes(const struct walk *walk, uint32_t line) {
  const struct sim_model *model = walk->lines.model;
  uint32_t op = walk->lines.items[line].op;
  if (walk->stays[op]) return 0;
  if (!walk->slicing[line].accumulates) return brr_staging_bytes(model, op);
  return two_subgroups(model, model->weight_bytes[op], model->graph->ops[op].work.channels);
}

static uint32_t op_end(const struct walk *walk, uint32_t first) {
  uint32_t last = first + 1;
  while (last < walk->lines.inside_count && walk->lines.items[last].op == walk->lines.items[first].op) last++;
  return last;
}

uint32_t brr_segment_end(const struct walk *walk, uint32_t first) {
  uint32_t end = walk->slicing[first].end;
  return end > 0 ? end : op_end(walk, first);
}

uint64_t brr_staging(const struct walk *walk, uint32_t *neediest) {
  uint64_t most = 0;
  *neediest = GRAPH_NO_OP;
  for (uint32_t first = 0, end; first < walk->lines.inside_count; first = end) {
    uint64_t sum = 0, largest = 0;
    uint32_t op = GRAPH_NO_OP;
    end = brr_segment_end(walk, first);
    for (uint32_t line = first; line < end; line = op_end(walk, line)) {
      uint64_t bytes = brr_op_staging_bytes(walk, line);
      sum = saturate_add(sum, bytes);
      if (bytes <= largest) continue;
      largest = bytes;
      op = walk->lines.items[line].op;
    }
    if (sum <= most) continue;
    most = sum;
    *neediest = op;
  }
  return most;
}

/* One area serves all ops, so it has the size that the neediest segment wants. */
static void take_constant(struct walk *walk) {
  uint32_t neediest;
  uint64_t staging = brr_staging(walk, &neediest);
  if (staging > 0) walk_grow(walk, TRACE_STAGING, neediest, TRACE_NO_TENSOR, 0, staging);
  for (uint32_t line = 0; line < walk->lines.inside_count; line = op_end(walk, line)) {
    uint32_t op = walk->lines.items[line].op;
    if (walk->stays[op]) walk_keep_weights(walk, op);
  }
}

/* ---- what a stripe needs ---- */

uint32_t brr_rows(const struct walk *walk) {
  uint32_t rows = 0;
  for (uint32_t i = 0; i < walk->output_count; i++) {
    uint32_t count = walk->lines.items[walk->outputs[i]].set.count;
    if (count > rows) rows = count;
  }
  return rows;
}

uint32_t brr_height(const struct walk *walk, uint32_t stripes) {
  uint32_t rows = brr_rows(walk);
  return rows / stripes + (rows % stripes != 0);
}

/* The part of an output that is there once `done` rows of the tallest are. */
static uint32_t target(uint32_t output_rows, uint32_t done, uint32_t rows) {
  return (uint32_t)saturate_divide((uint64_t)output_rows * done, rows);
}

static void raise(uint32_t *rows, uint32_t least) {
  if (*rows < least) *rows = least;
}

/* Rows that the line's new rows need of what it reads. */
static void demand_inputs(struct walk *walk, uint32_t index) {
  const struct line *line = &walk->lines.items[index];
  for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
    const struct use *use = &walk->lines.uses[e];
    if (walk->lines.items[use->line].op == GRAPH_NO_OP) continue; /* loaded when it is needed */
    raise(&walk->upto[use->line], (uint32_t)(use_last_row_of(use, walk->next[index], walk->upto[index]) + 1));
  }
}

/* Readers come before what they read: lines backwards. */
static void find_needs(struct walk *walk, uint32_t done, uint32_t rows) {
  for (uint32_t i = walk->lines.inside_count; i-- > 0;) {
    walk->upto[i] = walk->next[i];
  }
  for (uint32_t i = 0; i < walk->output_count; i++) {
    uint32_t output = walk->outputs[i];
    raise(&walk->upto[output], target(walk->lines.items[output].set.count, done, rows));
  }
  for (uint32_t i = walk->lines.inside_count; i-- > 0;) {
    if (walk->upto[i] > walk->next[i]) demand_inputs(walk, i);
  }
}

/* ---- stripes ---- */

/* Row by row; the inputs that come from inside are there. */
static void run_row_by_row(struct walk *walk, uint32_t line) {
  if (walk->upto[line] > walk->next[line]) walk_produce(walk, line, walk->upto[line] - 1);
}

static bool is_block(const struct walk *walk, uint32_t line, uint32_t op) {
  return line < walk->lines.inside_count && walk->lines.items[line].op == op && !walk->lines.items[line].streams;
}

/* The new rows of an op, whose outputs are the lines first to last - 1. */
static void run_op(struct walk *walk, uint32_t first, uint32_t last) {
  uint32_t op = walk->lines.items[first].op;
  bool weighted = walk->lines.model->weight_bytes[op] > 0, has_new = false;
  for (uint32_t i = first; i < last; i++) has_new |= walk->upto[i] > walk->next[i];
  if (!has_new) return;
  if (weighted && !walk->stays[op]) walk_fetch(walk, first);
  for (uint32_t i = first, end; i < last && !walk->stop; i = end) {
    end = i + 1;
    if (!weighted || walk->lines.items[i].streams) {
      run_row_by_row(walk, i);
      continue;
    }
    while (is_block(walk, end, op)) end++;
    walk_produce_together(walk, i, end);
  }
}

/* From here on rows of the lines that a segment touches are new. */
static void begin_segment(struct walk *walk, uint32_t first, uint32_t end) {
  for (uint32_t i = first; i < end; i++) {
    const struct line *line = &walk->lines.items[i];
    walk->slicing[i].born = walk->next[i];
    for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
      uint32_t input = walk->lines.uses[e].line;
      if (input < first || input >= end) walk->slicing[input].born = walk->next[input];
    }
  }
}

/* Ops with one output each, on slices of which they take turns. */
static void run_segment(struct walk *walk, uint32_t first, uint32_t end) {
  begin_segment(walk, first, end);
  for (uint32_t i = first; i < end; i++) {
    uint32_t op = walk->lines.items[i].op;
    bool weighted = walk->lines.model->weight_bytes[op] > 0;
    if (weighted && !walk->stays[op] && walk->upto[i] > walk->next[i]) walk_fetch(walk, i);
  }
  walk_produce_together(walk, first, end);
}

static void run_stripe(struct walk *walk, uint32_t done, uint32_t rows) {
  find_needs(walk, done, rows);
  for (uint32_t first = 0, last; first < walk->lines.inside_count && !walk->stop; first = last) {
    last = brr_segment_end(walk, first);
    if (walk->slicing[first].end > 0) {
      run_segment(walk, first, last);
    } else {
      run_op(walk, first, last);
    }
  }
  walk->striped_rows = done;
}

void brr_run_rows(struct walk *walk, uint32_t height) {
  uint32_t rows = brr_rows(walk);
#ifdef SPILLWAY_INVARIANTS
  uint64_t constant = walk->occupied_bytes;
#endif
  while (walk->striped_rows < rows && !walk->stop) {
    uint32_t left = rows - walk->striped_rows;
    run_stripe(walk, left < height ? rows : walk->striped_rows + height, rows);
    steady_turn(walk, WALK_STRIPES, 0, height, (rows - walk->striped_rows) / height);
  }
#ifdef SPILLWAY_INVARIANTS
  if (!walk->stop && walk->occupied_bytes != constant) abort(); /* a row leaked or was freed twice */
#endif
}

void brr_run(struct walk *walk, uint32_t height) {
  take_constant(walk);
  brr_run_rows(walk, height);
}

/* ---- how tall ---- */

static void take_cost(const struct walk *walk, uint32_t stripes, struct group_cost *cost) {
  cost->required_bytes = walk->peak_bytes;
  cost->weight_bytes = walk->fetched_bytes * walk->lines.model->graph->batch;
  cost->stripes = stripes;
}

/* Runs stripes of that height up to the first byte above give_up_bytes. */
static void try_height(struct walk *walk, uint32_t height, uint64_t give_up_bytes) {
  walk_rewind(walk);
  walk->give_up_bytes = give_up_bytes;
  brr_run(walk, height);
}

/* Neither more nor fewer rows always take less: taller stripes hold more rows of each op, but
 * fewer rows wait between stripes. So every height is tried in turn, tallest first, and those
 * that do not fit cost little. */
int brr_cost(struct walk *walk, uint64_t capacity_bytes, uint64_t give_up_bytes, struct group_cost *cost) {
  uint32_t rows = brr_rows(walk);
  try_height(walk, 1, give_up_bytes);
  take_cost(walk, rows, cost);
  walk->one_row_bytes = cost->required_bytes;
  if (cost->required_bytes > capacity_bytes) return 1;
  for (uint32_t stripes = 1; stripes < rows; stripes++) {
    uint32_t height = brr_height(walk, stripes);
    if (height == 1) break;
    if (rows / height + (rows % height != 0) != stripes) continue; /* the height of fewer stripes */
    try_height(walk, height, capacity_bytes);
    if (walk->stop) continue;
    take_cost(walk, stripes, cost);
    break;
  }
  return 0;
}
