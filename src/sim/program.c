#include "sim/program.h"

#include <stdlib.h>

#include "sim/brr.h"
#include "sim/brr_plus.h"
#include "sim/compute.h"
#include "util/bitset.h"
#include "util/saturate.h"

/* ---- where things lie in DRAM ---- */

enum { LAYOUT_ALIGNMENT = 64 };

static uint64_t place(uint64_t *next, uint64_t bytes) {
  uint64_t address = *next;
  *next += (bytes + LAYOUT_ALIGNMENT - 1) / LAYOUT_ALIGNMENT * LAYOUT_ALIGNMENT;
  return address;
}

int dram_layout_create(struct dram_layout *out, const struct sim_model *model, struct error *err) {
  const struct graph *graph = model->graph;
  uint64_t next = 0;
  *out = (struct dram_layout){
      .tensor_address = malloc(graph->tensor_count * sizeof *out->tensor_address),
      .weight_address = malloc(graph->op_count * sizeof *out->weight_address),
  };
  if (out->tensor_address == NULL || out->weight_address == NULL) {
    dram_layout_free(out);
    return error_memory(err);
  }
  for (uint32_t v = 0; v < graph->op_count; v++) out->weight_address[v] = place(&next, model->weight_bytes[v]);
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    out->tensor_address[t] = place(&next, model->row_bytes[t] * graph->tensors[t].rows);
  }
  return 0;
}

void dram_layout_free(struct dram_layout *layout) {
  free(layout->tensor_address);
  free(layout->weight_address);
  *layout = (struct dram_layout){0};
}

/* ---- adding steps ---- */

struct builder {
  struct program *program;
  struct walk *walk;
  const struct sim_model *model;
  const struct dram_layout *layout;
  uint64_t occupied_bytes, loaded_bytes;
  bool with_weights, alone;
  bool streamed; /* in stripes */
  bool fetching; /* the weights of the op that runs are to pass by */
  uint32_t segment_end; /* of the segment whose pieces have been added, or 0 */
};

void program_free(struct program *program) {
  free(program->steps);
  free(program->stores);
  free(program->store_base);
  *program = (struct program){0};
}

static struct builder builder_start(struct program *program, struct walk *walk, const struct dram_layout *layout) {
  program->count = 0;
  program->resident_bytes = program->peak_bytes = 0;
  program->out_of_memory = program->too_long = false;
  return (struct builder){.program = program, .walk = walk, .model = walk->lines.model, .layout = layout};
}

static bool program_has_room(struct program *program) {
  if (program->count < program->capacity) return true;
  if (program->count >= PROGRAM_MAX_STEPS) {
    program->too_long = program->out_of_memory = true;
    return false;
  }
  size_t capacity = program->capacity == 0 ? 1024 : 2 * program->capacity;
  struct step *grown = reallocarray(program->steps, capacity, sizeof *grown);
  if (grown == NULL) {
    program->out_of_memory = true;
    return false;
  }
  program->steps = grown;
  program->capacity = capacity;
  return true;
}

static void add_step(struct builder *builder, const struct step *step) {
  struct program *program = builder->program;
  if (!program_has_room(program)) return;
  struct step *added = &program->steps[program->count++];
  *added = *step;
  added->pair = STEP_NONE;
  if (step->kind == STEP_LOAD) builder->loaded_bytes += step->bytes;
  if (step->kind == STEP_LOAD || step->kind == STEP_ALLOC) builder->occupied_bytes += step->bytes;
  if (step->kind == STEP_FREE) builder->occupied_bytes -= step->bytes;
  added->occupied_bytes = builder->occupied_bytes;
  added->ahead_bytes = (int64_t)(builder->occupied_bytes - builder->loaded_bytes);
  if (builder->occupied_bytes > program->peak_bytes) program->peak_bytes = builder->occupied_bytes;
}

static uint64_t row_address(const struct builder *builder, uint32_t tensor, uint32_t row) {
  return builder->layout->tensor_address[tensor] + builder->model->row_bytes[tensor] * row;
}

static void add_row_step(struct builder *builder, enum step_kind kind, uint32_t op, uint32_t tensor, uint32_t row) {
  const struct step step = {
      .kind = kind,
      .op = op,
      .tensor = tensor,
      .row = row,
      .bytes = builder->model->row_bytes[tensor],
      .address = row_address(builder, tensor, row),
  };
  add_step(builder, &step);
}

/* ---- what work costs ---- */

/* The first i of n parts of a whole. */
static uint64_t share_before(uint64_t whole, uint64_t i, uint64_t n) {
  return (uint64_t)((unsigned __int128)whole * i / n);
}

/* Parts from .. to-1 of n parts of a whole: neighbouring ranges add up. */
struct share {
  uint64_t from, to, n;
};

static uint64_t share_of(uint64_t whole, struct share share) {
  return share_before(whole, share.to, share.n) - share_before(whole, share.from, share.n);
}

static struct share share_one(uint64_t i, uint64_t n) { return (struct share){i, i + 1, n}; }
static const struct share share_all = {0, 1, 1};

static uint64_t row_macs(const struct op_work *work) {
  uint64_t places = saturate_multiply(work->row_pixels, work->taps);
  return saturate_multiply(places, saturate_multiply(work->filters, work->channels / work->groups));
}

/* A share of the work of an op on `rows` output rows at once; on lanes, of a reduction over rows:
 * on so many rows that it takes. */
static void set_work(struct step *step, const struct builder *builder, uint64_t rows, struct share share) {
  const struct op *op = &builder->model->graph->ops[step->op];
  const struct hw *hw = &builder->model->hw;
  step->kind = STEP_WORK;
  step->on_array = op->work.filters > 0;
  if (step->on_array) {
    uint64_t pixels = saturate_multiply(op->work.row_pixels, rows);
    step->compute_cycles = share_of(compute_array_cycles(hw, &op->work, pixels), share);
    step->macs = share_of(saturate_multiply(row_macs(&op->work), rows), share);
  } else {
    step->vector_operations = share_of(saturate_multiply(op->work.row_operations, rows), share);
    step->compute_cycles = compute_vector_cycles(hw, step->vector_operations);
  }
}

static uint64_t needed_bytes(const struct lines *lines, const struct line *line, uint32_t q) {
  uint64_t bytes = 0;
  for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
    const struct use *use = &lines->uses[e];
    if (!use->streamed) bytes += (uint64_t)use_rows(use, q).left * lines->items[use->line].row_bytes;
  }
  return bytes;
}

/* One row computed. Alone, an op works on its whole map: the array is filled, and the weights
 * are read, once and not for each row. */
static void add_fire(struct builder *builder, uint32_t tensor, uint32_t row) {
  const struct lines *lines = &builder->walk->lines;
  const struct line *line = &lines->items[lines->of_tensor[tensor]];
  uint32_t q = row_set_index(&line->set, row);
  struct step step = {.kind = STEP_WORK, .op = line->op, .tensor = tensor, .row = row, .fires = 1};
  uint64_t rows = builder->alone ? line->set.count : 1;
  const struct share share = builder->alone ? share_one(q, rows) : share_all;
  step.on_array = builder->model->graph->ops[line->op].work.filters > 0;
  step.read_bytes = needed_bytes(lines, line, q);
  step.write_bytes = line->row_bytes;
  if (!line->streams) { /* else the accumulator is full: all has been done */
    set_work(&step, builder, rows, share);
    step.read_bytes += share_of(builder->model->weight_bytes[line->op], share);
  }
  add_step(builder, &step);
}

/* The use by which op has just taken the row of the tensor into an accumulator that is not full
 * yet, or NULL if it reads the row in another way. */
static const struct use *find_taker(const struct walk *walk, uint32_t op, uint32_t tensor, uint32_t row) {
  const struct line *line = &walk->lines.items[walk->lines.of_tensor[tensor]];
  uint32_t q = row_set_index(&line->set, row);
  for (uint32_t e = line->first_use; e != LINES_NONE; e = walk->lines.uses[e].next) {
    const struct use *use = &walk->lines.uses[e];
    bool takes = use->streamed && walk->taken[e] == q + 1 && walk->next[use->consumer] == 0;
    if (takes && walk->lines.items[use->consumer].op == op) return use;
  }
  return NULL;
}

/* Rows that uses first .. last-1, those of one accumulator, take. */
static uint64_t taken_by(const struct lines *lines, uint32_t first, uint32_t last) {
  uint64_t rows = 0;
  for (uint32_t e = first; e < last; e++) rows += lines->uses[e].streamed ? lines->uses[e].firings : 0;
  return rows;
}

static uint64_t taken_rows(const struct lines *lines, const struct line *line) {
  return taken_by(lines, line->first_input, line->first_input + line->input_count);
}

static uint64_t taken_bytes(const struct lines *lines, const struct line *line) {
  uint64_t bytes = 0;
  for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
    const struct use *use = &lines->uses[e];
    if (use->streamed) bytes += use->firings * lines->items[use->line].row_bytes;
  }
  return bytes;
}

/* Those that its accumulator has taken by the uses before it. */
static uint64_t taken_before(const struct lines *lines, const struct use *use) {
  return taken_by(lines, lines->items[use->consumer].first_input, (uint32_t)(use - lines->uses));
}

/* A share of what it takes to reduce so many rows: the array computes one output row of them
 * all, the lanes work on each. */
static void set_take(struct step *step, const struct builder *builder, uint64_t rows, struct share share) {
  bool on_array = builder->model->graph->ops[step->op].work.filters > 0;
  set_work(step, builder, on_array ? 1 : rows, share);
}

/* ---- weights that pass by ---- */

/* Sub-groups of output channels of an op. */
static uint32_t piece_count(const struct builder *builder, uint32_t op) {
  const struct sim_model *model = builder->model;
  return (uint32_t)saturate_divide(model->graph->ops[op].out_channels, model->hw.brr_subgroup_channels);
}

static void add_piece_step(struct builder *builder, enum step_kind kind, uint32_t op, uint32_t i, uint32_t pieces) {
  uint64_t weight_bytes = builder->model->weight_bytes[op];
  const struct step step = {
      .kind = kind,
      .op = op,
      .tensor = TRACE_NO_TENSOR,
      .row = i,
      .bytes = share_of(weight_bytes, share_one(i, pieces)),
      .address = builder->layout->weight_address[op] + share_before(weight_bytes, i, pieces),
  };
  add_step(builder, &step);
}

static uint64_t needed_bytes_of(const struct lines *lines, const struct line *line, uint32_t from, uint32_t rows) {
  uint64_t bytes = 0;
  for (uint32_t q = from; q < from + rows; q++) bytes += needed_bytes(lines, line, q);
  return bytes;
}

static bool starts_op(const struct lines *lines, uint32_t index) {
  return index == 0 || lines->items[index - 1].op != lines->items[index].op;
}

/* The new rows of a line, computed together from one sub-group of weights after the other. Each
 * is loaded when the one before is done with: the machine, which has room for two, loads it
 * ahead. Of several outputs the first sees the weights pass. */
static void add_together(struct builder *builder, uint32_t index) {
  const struct lines *lines = &builder->walk->lines;
  const struct line *line = &lines->items[index];
  uint32_t from = builder->walk->next[index], rows = builder->walk->open[index];
  uint32_t pieces = builder->fetching ? piece_count(builder, line->op) : 1;
  bool reads_weights = builder->fetching || (builder->walk->stays[line->op] && starts_op(lines, index));
  uint64_t weight_bytes = reads_weights ? builder->model->weight_bytes[line->op] : 0;
  uint64_t read_bytes = weight_bytes + needed_bytes_of(lines, line, from, rows);
  for (uint32_t i = 0; i < pieces; i++) {
    const struct share share = share_one(i, pieces);
    struct step step = {.op = line->op, .tensor = line->tensor, .row = row_set_row(&line->set, from)};
    if (builder->fetching) add_piece_step(builder, STEP_LOAD, line->op, i, pieces);
    set_work(&step, builder, rows, share);
    step.read_bytes = share_of(read_bytes, share);
    step.write_bytes = share_of(rows * line->row_bytes, share);
    step.fires = i + 1 == pieces ? rows : 0;
    add_step(builder, &step);
    if (builder->fetching) add_piece_step(builder, STEP_FREE, line->op, i, pieces);
  }
  builder->fetching = false;
}

/* The work on row number `taken` of the `rows` that a reduction takes, while its part of the
 * weights passes: it falls apart where one sub-group of weights gives way to the next. In parts
 * of rows * pieces, a row is `pieces` of them and a sub-group `rows`. */
static void add_take_in_pieces(struct builder *builder, const struct step *take, uint64_t taken, uint64_t rows) {
  uint32_t pieces = piece_count(builder, take->op);
  uint64_t end = (taken + 1) * pieces, row_bytes = builder->model->row_bytes[take->tensor];
  for (uint64_t at = taken * pieces, next; at < end; at = next) {
    uint32_t piece = (uint32_t)(at / rows);
    next = (piece + 1) * rows < end ? (piece + 1) * rows : end;
    const struct share share = {at, next, rows * pieces};
    struct step step = *take;
    if (at % rows == 0) add_piece_step(builder, STEP_LOAD, take->op, piece, pieces);
    set_take(&step, builder, rows, share);
    step.read_bytes = share_of(builder->model->weight_bytes[take->op], share) + share_of(row_bytes * rows, share);
    add_step(builder, &step);
    if (next % rows == 0) add_piece_step(builder, STEP_FREE, take->op, piece, pieces);
  }
}

/* The first line of the segment that the line is in, or LINES_NONE. */
static uint32_t segment_of(const struct walk *walk, uint32_t index) {
  for (uint32_t first = index + 1; first-- > 0;) {
    if (walk->slicing[first].end > 0) return walk->slicing[first].end > index ? first : LINES_NONE;
  }
  return LINES_NONE;
}

static void add_take(struct builder *builder, uint32_t op, uint32_t tensor, uint32_t row) {
  const struct lines *lines = &builder->walk->lines;
  const struct use *use = find_taker(builder->walk, op, tensor, row);
  if (use == NULL || segment_of(builder->walk, use->consumer) != LINES_NONE) return;
  uint64_t before = taken_before(lines, use), rows = taken_rows(lines, &lines->items[use->consumer]);
  const struct share share = share_one(before + row_set_index(&lines->items[use->line].set, row), rows);
  struct step step = {.op = op, .tensor = tensor, .row = row, .takes = true};
  if (builder->fetching) {
    add_take_in_pieces(builder, &step, share.from, rows);
    return;
  }
  set_take(&step, builder, rows, share);
  step.read_bytes = lines->items[use->line].row_bytes + share_of(builder->model->weight_bytes[op], share);
  add_step(builder, &step);
}

/* ---- stores ---- */

static size_t *store_of(const struct builder *builder, const struct line *line, uint32_t row) {
  uint32_t index = (uint32_t)(line - builder->walk->lines.items);
  return &builder->program->stores[builder->program->store_base[index] + row_set_index(&line->set, row)];
}

/* The room of a row, or of a slice, is given back when DRAM has it too. */
static void pair_steps(struct program *program, size_t store, size_t free_step) {
  program->steps[free_step].pair = store;
  program->steps[store].pair = free_step;
}

/* ---- slices that pass ---- */

/* One of the pieces in which a segment runs: slices of all maps that pass, with the weights for them. */
struct piece {
  struct builder *builder;
  uint32_t first, end; /* lines of the segment */
  uint32_t number, count;
};

static uint32_t segment_pieces(const struct builder *builder, uint32_t first, uint32_t end) {
  const struct walk *walk = builder->walk;
  uint64_t most = 1, width = builder->model->hw.brr_subgroup_channels;
  for (uint32_t i = first; i < end; i++) {
    const struct line *line = &walk->lines.items[i];
    uint64_t pieces = saturate_divide(walk->slicing[i].channels, width);
    if (pieces > most) most = pieces;
    for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
      pieces = saturate_divide(walk->slicing[walk->lines.uses[e].line].channels, width);
      if (pieces > most) most = pieces;
    }
  }
  return (uint32_t)most;
}

/* Rows of a line from number `from` on that pass in slices; *first is one's number. */
static uint64_t sliced_rows(const struct walk *walk, uint32_t index, uint32_t from, uint32_t to, uint32_t *first) {
  uint64_t rows = 0;
  for (uint32_t q = to; q-- > from;) {
    if (!walk_row_sliced(walk, index, q)) continue;
    *first = q;
    rows++;
  }
  return rows;
}

/* The rows that a segment makes new or, of a line from outside, that it has loaded. */
static uint64_t passing_rows(const struct piece *piece, uint32_t index, uint32_t *first) {
  const struct walk *walk = piece->builder->walk;
  bool outside = walk->lines.items[index].op == GRAPH_NO_OP;
  uint32_t from = walk->slicing[index].born, to = outside ? walk->next[index] : walk->upto[index];
  return walk->slicing[index].slice_bytes == 0 ? 0 : sliced_rows(walk, index, from, to, first);
}

/* A step on the slice of all rows of a line that pass: a share of them moves or, where nothing moves, takes or gives
 * back its room. */
static void add_slice_step(const struct piece *piece, enum step_kind kind, uint32_t op, uint32_t index) {
  struct builder *builder = piece->builder;
  const struct line *line = &builder->walk->lines.items[index];
  uint32_t first = 0;
  uint64_t rows = passing_rows(piece, index, &first), bytes = rows * line->row_bytes;
  uint32_t row = row_set_row(&line->set, first);
  if (rows == 0) return;
  const struct step step = {
      .kind = kind,
      .op = op,
      .tensor = line->tensor,
      .row = row,
      .bytes = share_of(bytes, share_one(piece->number, piece->count)),
      .address = row_address(builder, line->tensor, row) + share_before(bytes, piece->number, piece->count),
  };
  size_t number = builder->program->count;
  add_step(builder, &step);
  if (!line->stored || builder->program->out_of_memory) return;
  if (kind == STEP_STORE) *store_of(builder, line, row) = number;
  if (kind == STEP_FREE) pair_steps(builder->program, *store_of(builder, line, row), number);
}

static bool streams_weights(const struct builder *builder, uint32_t op) {
  return builder->model->weight_bytes[op] > 0 && !builder->walk->stays[op];
}

static void add_inputs(const struct piece *piece, uint32_t index, enum step_kind kind) {
  const struct walk *walk = piece->builder->walk;
  const struct line *line = &walk->lines.items[index];
  uint32_t last = LINES_NONE;
  for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
    uint32_t input = walk->lines.uses[e].line;
    bool outside = walk->lines.items[input].op == GRAPH_NO_OP;
    if (input == last || (kind == STEP_LOAD && !outside)) continue;
    last = input;
    add_slice_step(piece, kind, line->op, input);
  }
}

/* The slice that goes to DRAM, and the room of one that nobody else reads. */
static void add_slice_out(const struct piece *piece, uint32_t index) {
  const struct line *line = &piece->builder->walk->lines.items[index];
  if (line->stored) add_slice_step(piece, STEP_STORE, line->op, index);
  if (line->first_use == LINES_NONE) add_slice_step(piece, STEP_FREE, line->op, index);
}

/* The op's part of a piece. */
static void add_piece_of(const struct piece *piece, uint32_t index) {
  struct builder *builder = piece->builder;
  const struct walk *walk = builder->walk;
  const struct line *line = &walk->lines.items[index];
  uint32_t from = walk->next[index], rows = walk->upto[index] - from;
  const struct share share = share_one(piece->number, piece->count);
  bool streams = streams_weights(builder, line->op);
  if (rows == 0) return;
  if (streams) add_piece_step(builder, STEP_LOAD, line->op, piece->number, piece->count);
  add_inputs(piece, index, STEP_LOAD);
  add_slice_step(piece, STEP_ALLOC, line->op, index);
  struct step step = {.op = line->op, .tensor = line->tensor, .row = row_set_row(&line->set, from)};
  set_work(&step, builder, line->streams ? taken_rows(&walk->lines, line) : rows, share);
  uint64_t read_bytes = builder->model->weight_bytes[line->op] + needed_bytes_of(&walk->lines, line, from, rows) +
                        taken_bytes(&walk->lines, line);
  step.read_bytes = share_of(read_bytes, share);
  step.write_bytes = share_of(rows * line->row_bytes, share);
  step.fires = piece->number + 1 == piece->count ? rows : 0;
  add_step(builder, &step);
  if (streams) add_piece_step(builder, STEP_FREE, line->op, piece->number, piece->count);
  add_inputs(piece, index, STEP_FREE);
  add_slice_out(piece, index);
}

/* Piece by piece, the ops of a segment one after another. */
static void add_segment(struct builder *builder, uint32_t first, uint32_t end) {
  struct piece piece = {builder, first, end, 0, segment_pieces(builder, first, end)};
  for (; piece.number < piece.count && !builder->program->out_of_memory; piece.number++) {
    for (uint32_t i = first; i < end; i++) add_piece_of(&piece, i);
  }
}

/* ---- from the walk ---- */

static int reserve_stores(struct program *program, const struct lines *lines) {
  size_t rows = 0;
  if (lines->count > program->line_room) {
    uint32_t *grown = reallocarray(program->store_base, lines->count, sizeof *grown);
    if (grown == NULL) return -1;
    program->store_base = grown;
    program->line_room = lines->count;
  }
  for (uint32_t i = 0; i < lines->count; i++) {
    program->store_base[i] = (uint32_t)rows;
    if (lines->items[i].stored) rows += lines->items[i].set.count;
  }
  if (rows <= program->store_room) return 0;
  size_t *grown = reallocarray(program->stores, rows, sizeof *grown);
  if (grown == NULL) return -1;
  program->stores = grown;
  program->store_room = rows;
  return 0;
}

static void add_store(struct builder *builder, const struct line *line, uint32_t row) {
  *store_of(builder, line, row) = builder->program->count;
  add_row_step(builder, STEP_STORE, line->op, line->tensor, row);
}

static void add_free(struct builder *builder, const struct line *line, uint32_t op, uint32_t row) {
  size_t free_step = builder->program->count;
  add_row_step(builder, STEP_FREE, op, line->tensor, row);
  if (builder->program->out_of_memory) return;
  builder->program->steps[free_step].overwritten = builder->walk->overwriting;
  if (line->stored) pair_steps(builder->program, *store_of(builder, line, row), free_step);
}

static void add_weights(struct builder *builder, uint32_t op, uint64_t bytes) {
  if (builder->with_weights) {
    uint64_t address = builder->layout->weight_address[op];
    const struct step step = {STEP_LOAD, op, TRACE_NO_TENSOR, .bytes = bytes, .address = address};
    add_step(builder, &step);
    return;
  }
  builder->program->resident_bytes += bytes;
  builder->occupied_bytes += bytes;
  if (builder->occupied_bytes > builder->program->peak_bytes) builder->program->peak_bytes = builder->occupied_bytes;
}

/* Rows that are computed together come one after the other, and the first stands for them all. */
static void add_fired(struct builder *builder, const struct trace_event *event) {
  const struct lines *lines = &builder->walk->lines;
  uint32_t index = lines->of_tensor[event->tensor], segment = segment_of(builder->walk, index);
  if (segment != LINES_NONE) {
    uint32_t end = builder->walk->slicing[segment].end;
    if (builder->segment_end != end) add_segment(builder, segment, end);
    builder->segment_end = end;
    builder->fetching = false;
    return;
  }
  const struct line *line = &lines->items[index];
  bool together = builder->streamed && builder->model->weight_bytes[line->op] > 0 && !line->streams;
  if (!together) {
    add_fire(builder, event->tensor, event->row);
    builder->fetching = false;
  } else if (row_set_index(&line->set, event->row) == builder->walk->next[index]) {
    add_together(builder, index);
  }
}

/* Whether the pieces of a segment are to do, or have done, what the event says. */
static bool is_of_slice(const struct builder *builder, const struct trace_event *event) {
  if (event->tensor == TRACE_NO_TENSOR || event->kind == TRACE_FIRE || event->kind == TRACE_READ) return false;
  uint32_t index = builder->walk->lines.of_tensor[event->tensor];
  return walk_row_sliced(builder->walk, index, row_set_index(&builder->walk->lines.items[index].set, event->row));
}

static void take_event(void *context, const struct trace_event *event) {
  struct builder *builder = context;
  const struct lines *lines = &builder->walk->lines;
  const struct line *line = event->tensor == TRACE_NO_TENSOR ? NULL : &lines->items[lines->of_tensor[event->tensor]];
  if (event->kind != TRACE_FIRE && event->kind != TRACE_READ) builder->segment_end = 0;
  if (is_of_slice(builder, event)) return;
  switch (event->kind) {
    case TRACE_WEIGHTS: add_weights(builder, event->op, event->bytes); break;
    case TRACE_LOAD: add_row_step(builder, STEP_LOAD, event->op, event->tensor, event->row); break;
    case TRACE_ALLOC: add_row_step(builder, STEP_ALLOC, event->op, event->tensor, event->row); break;
    case TRACE_READ: add_take(builder, event->op, event->tensor, event->row); break;
    case TRACE_FIRE: add_fired(builder, event); break;
    case TRACE_STORE: add_store(builder, line, event->row); break;
    case TRACE_FREE: add_free(builder, line, event->op, event->row); break;
    case TRACE_FETCH: builder->fetching = true; break;
    case TRACE_STAGING: /* the pieces take their own room */
    case TRACE_OVERFLOW: break;
  }
}

int program_build(struct program *program, struct walk *walk, const struct dram_layout *layout, const uint64_t *group,
                  bool with_weights) {
  struct builder builder = builder_start(program, walk, layout);
  builder.with_weights = with_weights;
  builder.alone = bitset_count(group, builder.model->graph->set_words) == 1;
  if (walk_prepare(walk, group) != 0 || reserve_stores(program, &walk->lines) != 0) return -1;
  const struct trace_sink sink = {take_event, &builder};
  walk->sink = &sink;
  walk->skip_steady = false;
  walk_run(walk);
  walk->sink = NULL;
  return program->out_of_memory ? -1 : 0;
}

/* ---- in stripes ---- */

int program_build_streamed(struct program *program, struct walk *walk, struct residency *residency,
                           const struct dram_layout *layout, const uint64_t *group, const struct group_cost *cost,
                           bool with_weights) {
  struct builder builder = builder_start(program, walk, layout);
  builder.streamed = true;
  builder.with_weights = with_weights;
  if (walk_prepare(walk, group) != 0 || reserve_stores(program, &walk->lines) != 0) return -1;
  brr_plus_restore(walk, residency, builder.model->hw.buffer_capacity_bytes, cost);
  const struct trace_sink sink = {take_event, &builder};
  walk->sink = &sink;
  walk->skip_steady = false;
  brr_run(walk, brr_height(walk, cost->stripes));
  walk->sink = NULL;
  return program->out_of_memory ? -1 : 0;
}
