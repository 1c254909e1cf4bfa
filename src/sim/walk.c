#include "sim/walk.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "sim/steady.h"
#include "util/bitset.h"

int walk_create(struct walk *walk, const struct sim_model *model, struct error *err) {
  *walk = (struct walk){0};
  if (lines_create(&walk->lines, model, err) != 0) return -1;
  size_t lines = model->graph->tensor_count, uses = 1;
  for (uint32_t t = 0; t < model->graph->tensor_count; t++) uses += model->graph->tensors[t].input_count;
  walk->next = malloc(lines * sizeof *walk->next);
  walk->taken = malloc(uses * sizeof *walk->taken);
  walk->open = malloc(lines * sizeof *walk->open);
  walk->upto = malloc(lines * sizeof *walk->upto);
  walk->fetches = malloc(lines * sizeof *walk->fetches);
  walk->slicing = malloc(lines * sizeof *walk->slicing);
  walk->stays = malloc(model->graph->op_count * sizeof *walk->stays);
  walk->traced = malloc(uses * sizeof *walk->traced);
  walk->outputs = malloc(lines * sizeof *walk->outputs);
  walk->stack = malloc((lines + 1) * sizeof *walk->stack);
  bool complete = true;
  for (int i = 0; i < WALK_LOOP_COUNT; i++) {
    struct walk_snapshot *snapshot = &walk->snapshots[i];
    snapshot->next = malloc(lines * sizeof *snapshot->next);
    snapshot->taken = malloc(uses * sizeof *snapshot->taken);
    snapshot->fetches = malloc(lines * sizeof *snapshot->fetches);
    complete = complete && snapshot->next != NULL && snapshot->taken != NULL && snapshot->fetches != NULL;
  }
  walk->picks.items = malloc(STEADY_PICK_ITEMS * sizeof *walk->picks.items);
  if (walk->next != NULL && walk->taken != NULL && walk->open != NULL && walk->upto != NULL && walk->traced != NULL &&
      walk->fetches != NULL && walk->slicing != NULL && walk->stays != NULL && walk->outputs != NULL &&
      walk->stack != NULL && walk->picks.items != NULL && complete) {
    return 0;
  }
  walk_free(walk);
  return error_memory(err);
}

void walk_free(struct walk *walk) {
  lines_free(&walk->lines);
  free(walk->next);
  free(walk->taken);
  free(walk->open);
  free(walk->upto);
  free(walk->fetches);
  free(walk->slicing);
  free(walk->stays);
  free(walk->traced);
  free(walk->outputs);
  free(walk->stack);
  for (int i = 0; i < WALK_LOOP_COUNT; i++) {
    free(walk->snapshots[i].next);
    free(walk->snapshots[i].taken);
    free(walk->snapshots[i].fetches);
  }
  free(walk->picks.items);
  *walk = (struct walk){0};
}

int walk_prepare(struct walk *walk, const uint64_t *group) {
  const struct sim_model *model = walk->lines.model;
  if (lines_build(&walk->lines, group) != 0) return -1;
  walk->output_count = 0;
  for (uint32_t i = 0; i < walk->lines.inside_count; i++) {
    if (walk->lines.items[i].stored) walk->outputs[walk->output_count++] = i;
  }
  walk->weight_bytes = 0;
  for BITSET_EACH (v, group, model->graph->set_words) {
    walk->weight_bytes += model->weight_bytes[v];
    walk->stays[v] = false;
  }
  memset(walk->slicing, 0, walk->lines.count * sizeof *walk->slicing);
  walk_rewind(walk);
  return 0;
}

void walk_rewind(struct walk *walk) {
  memset(walk->next, 0, walk->lines.count * sizeof *walk->next);
  memset(walk->taken, 0, walk->lines.use_count * sizeof *walk->taken);
  memset(walk->open, 0, walk->lines.count * sizeof *walk->open);
  memset(walk->fetches, 0, walk->lines.count * sizeof *walk->fetches);
  memset(walk->traced, 0, walk->lines.use_count * sizeof *walk->traced);
  walk->depth = 0;
  walk->occupied_bytes = walk->peak_bytes = walk->fetched_bytes = 0;
  walk->striped_rows = 0;
  walk->capacity_bytes = walk->give_up_bytes = UINT64_MAX;
  walk->skip_steady = true;
  walk->stop = false;
  for (int i = 0; i < WALK_LOOP_COUNT; i++) walk->snapshots[i].valid = false;
  walk->sink = NULL;
  walk->watch = NULL;
  walk->step = walk->skipped_periods = walk->firings = 0;
  walk->firing = walk->overwrites = LINES_NONE;
}

/* ---- events ---- */

static void walk_emit(struct walk *walk, enum trace_kind kind, uint32_t op, uint32_t tensor, uint32_t row,
                      uint64_t bytes) {
  if (walk->sink == NULL) return;
  const struct trace_event event = {walk->step, kind, op, tensor, row, bytes, walk->occupied_bytes};
  walk->step += kind != TRACE_READ; /* it shares the step of what comes next */
  walk->sink->event(walk->sink->context, &event);
}

void walk_grow(struct walk *walk, enum trace_kind kind, uint32_t op, uint32_t tensor, uint32_t row, uint64_t bytes) {
  bool fitted = walk->occupied_bytes <= walk->capacity_bytes;
  walk->occupied_bytes += bytes;
  if (walk->occupied_bytes > walk->peak_bytes) {
    walk->peak_bytes = walk->occupied_bytes;
    if (walk->watch != NULL && walk->peak_bytes == walk->watch_bytes) {
      walk->watch->reached(walk->watch->context, walk);
    }
  }
  walk_emit(walk, kind, op, tensor, row, bytes);
  if (fitted && walk->occupied_bytes > walk->capacity_bytes) {
    walk_emit(walk, TRACE_OVERFLOW, op, tensor, row, bytes);
  }
  if (walk->occupied_bytes > walk->give_up_bytes) walk->stop = true;
}

void walk_fetch(struct walk *walk, uint32_t line) {
  uint32_t op = walk->lines.items[line].op;
  uint64_t bytes = walk->lines.model->weight_bytes[op];
  walk->fetched_bytes += bytes;
  walk->fetches[line]++;
  walk_emit(walk, TRACE_FETCH, op, TRACE_NO_TENSOR, 0, bytes);
}

void walk_keep_weights(struct walk *walk, uint32_t op) {
  walk_grow(walk, TRACE_WEIGHTS, op, TRACE_NO_TENSOR, 0, walk->lines.model->weight_bytes[op]);
}

static void walk_row_event(struct walk *walk, enum trace_kind kind, uint32_t op, const struct line *line, uint32_t q) {
  if (walk->sink == NULL) return;
  walk_emit(walk, kind, op, line->tensor, row_set_row(&line->set, q), line->row_bytes);
}

/* Of a line in slices, only rows that are new in the stripe are let go as slices. */
static uint64_t walk_freed_bytes(const struct walk *walk, uint32_t index, uint32_t q) {
  const struct walk_slicing *slicing = &walk->slicing[index];
  bool sliced = slicing->slice_bytes > 0 && q >= slicing->born;
  return sliced ? slicing->slice_bytes : walk->lines.items[index].row_bytes;
}

static void walk_free_row(struct walk *walk, const struct use *use, const struct line *line, uint32_t op, uint32_t q) {
  uint64_t bytes = walk_freed_bytes(walk, (uint32_t)(line - walk->lines.items), q);
  walk->occupied_bytes -= bytes;
  if (walk->sink != NULL) walk_emit(walk, TRACE_FREE, op, line->tensor, row_set_row(&line->set, q), bytes);
  if (walk->watch != NULL && use != NULL) walk->watch->freed(walk->watch->context, walk, use, q);
}

/* ---- life and death of rows ---- */

/* Whether no stripe after this one needs the row. */
static bool walk_row_passes(const struct walk *walk, uint32_t index, uint32_t q) {
  for (uint32_t e = walk->lines.items[index].first_use; e != LINES_NONE; e = walk->lines.uses[e].next) {
    const struct use *use = &walk->lines.uses[e];
    int64_t last = use->streamed ? 0 : use_last_firing(use, q);
    if (last >= (int64_t)walk->upto[use->consumer]) return false;
  }
  return true;
}

bool walk_row_sliced(const struct walk *walk, uint32_t index, uint32_t q) {
  const struct walk_slicing *slicing = &walk->slicing[index];
  return slicing->slice_bytes > 0 && q >= slicing->born && walk_row_passes(walk, index, q);
}

uint64_t walk_row_room(const struct walk *walk, uint32_t index, uint32_t q) {
  return walk_row_sliced(walk, index, q) ? walk->slicing[index].slice_bytes : walk->lines.items[index].row_bytes;
}

/* That of rows from .. to-1. */
static uint64_t walk_rows_room(const struct walk *walk, uint32_t index, uint32_t from, uint32_t to) {
  uint64_t bytes = 0;
  if (walk->slicing[index].slice_bytes == 0) return (uint64_t)(to - from) * walk->lines.items[index].row_bytes;
  for (uint32_t q = from; q < to; q++) bytes += walk_row_room(walk, index, q);
  return bytes;
}

static bool use_is_done_with(const struct walk *walk, uint32_t e, uint32_t q) {
  return use_last_firing(&walk->lines.uses[e], q) < (int64_t)walk_counter(walk, e);
}

bool walk_row_dead(const struct walk *walk, const struct line *line, uint32_t q) {
  for (uint32_t e = line->first_use; e != LINES_NONE; e = walk->lines.uses[e].next) {
    if (!use_is_done_with(walk, e, q)) return false;
  }
  return true;
}

/* Whether row i of the line that use e reads dies in the consumer's firing q, which is
 * counted already. Of two uses by one consumer the first one lets the row go. */
static bool use_kills(const struct walk *walk, uint32_t e, uint32_t i, uint32_t q) {
  const struct use *use = &walk->lines.uses[e];
  if (use_last_firing(use, i) != (int64_t)q) return false;
  for (uint32_t o = walk->lines.items[use->line].first_use; o != LINES_NONE; o = walk->lines.uses[o].next) {
    if (o == e) continue;
    const struct use *other = &walk->lines.uses[o];
    if (!use_is_done_with(walk, o, i)) return false;
    bool same_firing = other->consumer == use->consumer && !other->streamed;
    if (same_firing && o < e && use_last_firing(other, i) == (int64_t)q) return false;
  }
  return true;
}

/* A firing of a use with stride 0 reads the same rows each time: they die in the last. */
static bool use_may_kill(const struct use *use, uint32_t q) {
  return use->stride != 0 || use->table != NULL || q + 1 == use->firings;
}

/* ---- firing ---- */

/* Finds an input row that dies in this firing and has the bytes of the output row. */
static void walk_find_overwritten(struct walk *walk, const struct line *line, uint32_t q) {
  walk->overwrites = LINES_NONE;
  if (!line->in_place) return;
  for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
    const struct use *use = &walk->lines.uses[e];
    if (walk->lines.items[use->line].row_bytes != line->row_bytes || !use_may_kill(use, q)) continue;
    for (struct use_rows rows = use_rows(use, q); rows.left > 0; use_rows_next(&rows)) {
      if (!use_kills(walk, e, rows.row, q)) continue;
      walk->overwrites = use->line;
      walk->overwritten_row = rows.row;
      walk->overwriting = true;
      walk_free_row(walk, use, &walk->lines.items[use->line], line->op, rows.row);
      walk->overwriting = false;
      return;
    }
  }
}

static void walk_free_inputs(struct walk *walk, const struct line *line, uint32_t q) {
  for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
    const struct use *use = &walk->lines.uses[e];
    if (use->streamed || !use_may_kill(use, q)) continue;
    for (struct use_rows rows = use_rows(use, q); rows.left > 0; use_rows_next(&rows)) {
      if (walk->overwrites == use->line && walk->overwritten_row == rows.row) continue;
      if (use_kills(walk, e, rows.row, q)) {
        walk_free_row(walk, use, &walk->lines.items[use->line], line->op, rows.row);
      }
    }
  }
}

static bool line_row_unread(const struct walk *walk, const struct line *line, uint32_t q) {
  for (uint32_t e = line->first_use; e != LINES_NONE; e = walk->lines.uses[e].next) {
    if (use_last_firing(&walk->lines.uses[e], q) >= 0) return false;
  }
  return true;
}

/* Not every row that is read is let go: the trace names each tensor that the op reads once. */
static void walk_trace_reads(struct walk *walk, const struct line *line, uint32_t q) {
  for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
    const struct use *use = &walk->lines.uses[e];
    int64_t row = use->streamed || walk->traced[e] ? -1 : use_last_row(use, q);
    if (row < 0) continue;
    walk->traced[e] = true;
    walk_row_event(walk, TRACE_READ, line->op, &walk->lines.items[use->line], (uint32_t)row);
  }
}

static void walk_alloc(struct walk *walk, uint32_t index, uint32_t q) {
  const struct line *line = &walk->lines.items[index];
  walk_grow(walk, TRACE_ALLOC, line->op, line->tensor, walk->sink == NULL ? 0 : row_set_row(&line->set, q),
            walk_row_room(walk, index, q));
}

/* A row has been computed and has let go of its inputs. */
static void walk_store(struct walk *walk, const struct line *line, uint32_t q) {
  if (!line->stored) return;
  walk_row_event(walk, TRACE_STORE, line->op, line, q);
  if (line_row_unread(walk, line, q)) walk_free_row(walk, NULL, line, line->op, q);
}

/* All inputs of the line's next row are present: computes it. */
static void walk_fire(struct walk *walk, uint32_t index) {
  const struct line *line = &walk->lines.items[index];
  uint32_t q = walk->next[index]++;
  walk->firings++;
  walk->overwrites = LINES_NONE;
  if (walk->sink != NULL) walk_trace_reads(walk, line, q);
  if (!line->streams) {
    walk_find_overwritten(walk, line, q);
    walk->firing = index;
    walk_alloc(walk, index, q);
    walk->firing = LINES_NONE;
  }
  walk->open[index] = 0;
  walk_row_event(walk, TRACE_FIRE, line->op, line, q);
  walk_free_inputs(walk, line, q);
  walk->overwrites = LINES_NONE;
  walk_store(walk, line, q);
}

/* ---- demand ---- */

/* Loads rows of a line from outside up to number upto; in one go unless each is traced. */
static void walk_load(struct walk *walk, uint32_t index, uint32_t upto, uint32_t op) {
  const struct line *line = &walk->lines.items[index];
  if (walk->sink == NULL) {
    uint64_t bytes = walk_rows_room(walk, index, walk->next[index], upto + 1);
    walk->next[index] = upto + 1;
    walk_grow(walk, TRACE_LOAD, op, line->tensor, 0, bytes);
    return;
  }
  while (walk->next[index] <= upto) {
    uint32_t q = walk->next[index]++;
    walk_grow(walk, TRACE_LOAD, op, line->tensor, row_set_row(&line->set, q), walk_row_room(walk, index, q));
  }
}

static void walk_push(struct walk *walk, uint32_t line, uint32_t upto) {
  walk->stack[walk->depth++] = (struct walk_frame){line, upto, 0};
}

/* Takes the next row of a streamed input into the accumulator. */
static void walk_take_row(struct walk *walk, uint32_t e) {
  const struct use *use = &walk->lines.uses[e];
  const struct line *line = &walk->lines.items[use->line];
  uint32_t q = walk->taken[e]++;
  walk_row_event(walk, TRACE_READ, walk->lines.items[use->consumer].op, line, q);
  if (walk_row_dead(walk, line, q)) walk_free_row(walk, use, line, walk->lines.items[use->consumer].op, q);
}

static void walk_take(struct walk *walk, uint32_t e) {
  const struct use *use = &walk->lines.uses[e];
  walk_take_row(walk, e);
  steady_turn(walk, WALK_STREAM, e, use->firings, use->firings - walk->taken[e]);
}

/* One input of the frame's next row: true when all of it that is needed is present. */
static bool walk_input_ready(struct walk *walk, const struct walk_frame *frame) {
  uint32_t e = walk->lines.items[frame->line].first_input + frame->input;
  const struct use *use = &walk->lines.uses[e];
  int64_t needed = use->streamed ? (int64_t)walk->taken[e] : use_last_row(use, walk->next[frame->line]);
  if (use->streamed && walk->taken[e] == use->firings) return true;
  if (needed >= (int64_t)walk->next[use->line]) {
    if (walk->lines.items[use->line].op != GRAPH_NO_OP) {
      walk_push(walk, use->line, (uint32_t)needed);
      return false;
    }
    walk_load(walk, use->line, (uint32_t)needed, walk->lines.items[frame->line].op);
  }
  if (!use->streamed) return true;
  walk_take(walk, e);
  return false;
}

void walk_produce(struct walk *walk, uint32_t index, uint32_t upto) {
  uint32_t bottom = walk->depth;
  walk_push(walk, index, upto);
  while (walk->depth > bottom && !walk->stop) {
    struct walk_frame *frame = &walk->stack[walk->depth - 1];
    const struct line *line = &walk->lines.items[frame->line];
    if (walk->next[frame->line] > frame->upto) {
      walk->depth--;
      continue;
    }
    if (line->streams && walk->open[frame->line] == 0) {
      walk->open[frame->line] = 1;
      walk_alloc(walk, frame->line, walk->next[frame->line]);
    }
    if (frame->input < line->input_count) {
      if (walk_input_ready(walk, frame)) frame->input++;
      continue;
    }
    frame->input = 0;
    walk_fire(walk, frame->line);
    steady_turn(walk, WALK_ROWS, frame->line, frame->upto, frame->upto + 1 - walk->next[frame->line]);
  }
}

/* ---- rows together ---- */

/* Loads what the line's rows up to number upto - 1 need from outside. */
static void walk_load_inputs(struct walk *walk, const struct line *line, uint32_t from, uint32_t upto) {
  for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
    const struct use *use = &walk->lines.uses[e];
    if (walk->lines.items[use->line].op != GRAPH_NO_OP) continue;
    int64_t last = use_last_row_of(use, from, upto);
    if (last >= (int64_t)walk->next[use->line]) walk_load(walk, use->line, (uint32_t)last, line->op);
  }
}

/* Room for the line's rows up to number upto - 1; in one go unless each is traced. */
static void walk_open_rows(struct walk *walk, uint32_t index, uint32_t upto) {
  const struct line *line = &walk->lines.items[index];
  uint32_t first = walk->next[index];
  if (walk->sink == NULL) {
    walk->open[index] = upto - first;
    walk_grow(walk, TRACE_ALLOC, line->op, line->tensor, 0, walk_rows_room(walk, index, first, upto));
    return;
  }
  for (uint32_t q = first; q < upto; q++) {
    walk->open[index]++;
    walk_alloc(walk, index, q);
  }
}

static void walk_fire_rows(struct walk *walk, uint32_t index, uint32_t upto) {
  const struct line *line = &walk->lines.items[index];
  walk->firings += upto - walk->next[index];
  if (walk->sink == NULL || upto == walk->next[index]) return;
  walk_trace_reads(walk, line, walk->next[index]);
  for (uint32_t q = walk->next[index]; q < upto; q++) walk_row_event(walk, TRACE_FIRE, line->op, line, q);
}

/* A reduction has taken all its rows. */
static void walk_take_together(struct walk *walk, const struct line *line) {
  for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
    const struct use *use = &walk->lines.uses[e];
    while (use->streamed && walk->taken[e] < use->firings) walk_take_row(walk, e);
  }
}

/* Lets go of the inputs row by row, so that each dies once, with its last reader. */
static void walk_close_rows(struct walk *walk, uint32_t index, uint32_t upto) {
  const struct line *line = &walk->lines.items[index];
  walk->open[index] = 0;
  if (line->streams && walk->next[index] < upto) walk_take_together(walk, line);
  while (walk->next[index] < upto) {
    uint32_t q = walk->next[index]++;
    walk_free_inputs(walk, line, q);
    walk_store(walk, line, q);
  }
}

void walk_produce_together(struct walk *walk, uint32_t first, uint32_t last) {
  const uint32_t *upto = walk->upto;
  for (uint32_t i = first; i < last; i++) walk_load_inputs(walk, &walk->lines.items[i], walk->next[i], upto[i]);
  for (uint32_t i = first; i < last; i++) {
    if (upto[i] > walk->next[i]) walk_open_rows(walk, i, upto[i]);
  }
  if (walk->stop) return;
  for (uint32_t i = first; i < last; i++) walk_fire_rows(walk, i, upto[i]);
  for (uint32_t i = first; i < last; i++) walk_close_rows(walk, i, upto[i]);
}

/* ---- targets ---- */

/* The output whose (next row + 1) / rows is smallest, the smaller label first: its number in
 * walk->outputs, or output_count if all are done. */
static uint32_t walk_pick_target(const struct walk *walk) {
  uint32_t best = walk->output_count;
  uint64_t best_next = 0, best_rows = 0;
  for (uint32_t i = 0; i < walk->output_count; i++) {
    uint64_t rows = walk->lines.items[walk->outputs[i]].set.count, next = walk->next[walk->outputs[i]];
    if (next == rows || (best_rows != 0 && (next + 1) * best_rows >= (best_next + 1) * rows)) continue;
    best = i;
    best_next = next;
    best_rows = rows;
  }
  return best;
}

static int64_t walk_targets_left(const struct walk *walk) {
  int64_t left = 0;
  for (uint32_t i = 0; i < walk->output_count; i++) {
    left += walk->lines.items[walk->outputs[i]].set.count - walk->next[walk->outputs[i]];
  }
  return left;
}

static void walk_load_weights(struct walk *walk) {
  const struct sim_model *model = walk->lines.model;
  for (uint32_t i = 0; i < walk->lines.inside_count; i++) {
    uint32_t op = walk->lines.items[i].op;
    if (i > 0 && walk->lines.items[i - 1].op == op) continue;
    if (model->weight_bytes[op] > 0) walk_keep_weights(walk, op);
  }
}

void walk_run(struct walk *walk) {
  walk_load_weights(walk);
  uint32_t target;
  while (!walk->stop && (target = walk_pick_target(walk)) < walk->output_count) {
    uint32_t line = walk->outputs[target];
    steady_pick(walk, target);
    walk_produce(walk, line, walk->next[line]);
    steady_turn(walk, WALK_TARGETS, 0, 0, walk_targets_left(walk));
  }
#ifdef SPILLWAY_INVARIANTS
  if (!walk->stop && walk->occupied_bytes != walk->weight_bytes) abort(); /* a row leaked or was freed twice */
#endif
}
