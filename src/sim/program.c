#include "sim/program.h"

#include <stdlib.h>

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
  program->out_of_memory = false;
  return (struct builder){.program = program, .walk = walk, .model = walk->lines.model, .layout = layout};
}

static bool program_has_room(struct program *program) {
  if (program->count < program->capacity) return true;
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

static void add_take(struct builder *builder, uint32_t op, uint32_t tensor, uint32_t row) {
  const struct lines *lines = &builder->walk->lines;
  const struct use *use = find_taker(builder->walk, op, tensor, row);
  if (use == NULL) return;
  uint64_t before = taken_before(lines, use), rows = taken_rows(lines, &lines->items[use->consumer]);
  const struct share share = share_one(before + row_set_index(&lines->items[use->line].set, row), rows);
  struct step step = {.op = op, .tensor = tensor, .row = row, .takes = true};
  set_take(&step, builder, rows, share);
  step.read_bytes = lines->items[use->line].row_bytes + share_of(builder->model->weight_bytes[op], share);
  add_step(builder, &step);
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

static size_t *store_of(const struct builder *builder, const struct line *line, uint32_t row) {
  uint32_t index = (uint32_t)(line - builder->walk->lines.items);
  return &builder->program->stores[builder->program->store_base[index] + row_set_index(&line->set, row)];
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
  if (!line->stored) return;
  size_t store = *store_of(builder, line, row);
  builder->program->steps[free_step].pair = store;
  builder->program->steps[store].pair = free_step;
}

static void add_weights(struct builder *builder, uint32_t op, uint64_t bytes) {
  if (builder->with_weights) {
    const struct step step = {STEP_LOAD, op, TRACE_NO_TENSOR, .bytes = bytes, .address = builder->layout->weight_address[op]};
    add_step(builder, &step);
    return;
  }
  builder->program->resident_bytes += bytes;
  builder->occupied_bytes += bytes;
  if (builder->occupied_bytes > builder->program->peak_bytes) builder->program->peak_bytes = builder->occupied_bytes;
}

static void take_event(void *context, const struct trace_event *event) {
  struct builder *builder = context;
  const struct lines *lines = &builder->walk->lines;
  const struct line *line = event->tensor == TRACE_NO_TENSOR ? NULL : &lines->items[lines->of_tensor[event->tensor]];
  switch (event->kind) {
    case TRACE_WEIGHTS: add_weights(builder, event->op, event->bytes); break;
    case TRACE_LOAD: add_row_step(builder, STEP_LOAD, event->op, event->tensor, event->row); break;
    case TRACE_ALLOC: add_row_step(builder, STEP_ALLOC, event->op, event->tensor, event->row); break;
    case TRACE_READ: add_take(builder, event->op, event->tensor, event->row); break;
    case TRACE_FIRE: add_fire(builder, event->tensor, event->row); break;
    case TRACE_STORE: add_store(builder, line, event->row); break;
    case TRACE_FREE: add_free(builder, line, event->op, event->row); break;
    case TRACE_STAGING:
    case TRACE_FETCH:
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

/* ---- one op with streamed weights ---- */

/* A stripe: output rows from .. to-1, and the sub-groups of weights that pass meanwhile. */
struct stripe {
  uint32_t op, from, to, pieces;
  uint64_t weight_bytes, read_bytes;
};

/* The last firing that needs the row, but for those that take rows one by one; or -1. */
static int64_t last_firing(const struct lines *lines, const struct line *line, uint32_t row) {
  int64_t last = -1;
  for (uint32_t e = line->first_use; e != LINES_NONE; e = lines->uses[e].next) {
    int64_t firing = lines->uses[e].streamed ? -1 : use_last_firing(&lines->uses[e], row);
    if (firing > last) last = firing;
  }
  return last;
}

/* The rows of a line from outside that must be there together and that the stripe needs for the
 * first time. */
static void load_stripe_rows(struct builder *builder, const struct stripe *stripe, uint32_t index) {
  const struct lines *lines = &builder->walk->lines;
  const struct line *line = &lines->items[index];
  int64_t last = -1;
  for (uint32_t e = line->first_use; e != LINES_NONE; e = lines->uses[e].next) {
    for (uint32_t q = stripe->from; q < stripe->to && !lines->uses[e].streamed; q++) {
      int64_t row = use_last_row(&lines->uses[e], q);
      if (row > last) last = row;
    }
  }
  for (uint32_t *next = &builder->walk->next[index]; (int64_t)*next <= last; (*next)++) {
    if (last_firing(lines, line, *next) < 0) continue;
    add_row_step(builder, STEP_LOAD, stripe->op, line->tensor, row_set_row(&line->set, *next));
  }
}

/* Lets go of those that no later stripe needs. *over: rows before it have been let go. */
static void free_stripe_rows(struct builder *builder, const struct stripe *stripe, uint32_t index) {
  const struct lines *lines = &builder->walk->lines;
  const struct line *line = &lines->items[index];
  uint32_t *over = &builder->walk->taken[line->first_use], loaded = builder->walk->next[index];
  while (*over < loaded && last_firing(lines, line, *over) < (int64_t)stripe->from) ++*over;
  for (uint32_t q = *over; q < loaded; q++) {
    int64_t last = last_firing(lines, line, q);
    if (last < (int64_t)stripe->from || last >= (int64_t)stripe->to) continue;
    add_row_step(builder, STEP_FREE, stripe->op, line->tensor, row_set_row(&line->set, q));
  }
}

static void add_piece_step(struct builder *builder, const struct stripe *stripe, enum step_kind kind, uint32_t i) {
  const struct step step = {
      .kind = kind,
      .op = stripe->op,
      .tensor = TRACE_NO_TENSOR,
      .row = i,
      .bytes = share_of(stripe->weight_bytes, share_one(i, stripe->pieces)),
      .address = builder->layout->weight_address[stripe->op] + share_before(stripe->weight_bytes, i, stripe->pieces),
  };
  add_step(builder, &step);
}

/* One sub-group of weights after the other. Each is loaded when the one before is done with: the
 * machine, which has room for two, loads it ahead. */
static void add_pieces(struct builder *builder, const struct stripe *stripe) {
  const struct line *output = &builder->walk->lines.items[0];
  uint32_t rows = stripe->to - stripe->from;
  for (uint32_t i = 0; i < stripe->pieces; i++) {
    const struct share share = share_one(i, stripe->pieces);
    struct step step = {.op = stripe->op, .tensor = output->tensor, .row = row_set_row(&output->set, stripe->from)};
    add_piece_step(builder, stripe, STEP_LOAD, i);
    set_work(&step, builder, rows, share);
    step.read_bytes = share_of(stripe->weight_bytes + stripe->read_bytes, share);
    step.write_bytes = share_of(rows * output->row_bytes, share);
    step.fires = i + 1 == stripe->pieces ? rows : 0;
    add_step(builder, &step);
    add_piece_step(builder, stripe, STEP_FREE, i);
  }
}

/* The work on row number `taken` of the `rows` that a reduction takes, while its part of the
 * weights passes: it falls apart where one sub-group of weights gives way to the next. In parts
 * of rows * pieces, a row is `pieces` of them and a sub-group `rows`. */
static void add_pieces_of_row(struct builder *builder, const struct stripe *stripe, const struct step *take,
                              uint64_t taken, uint64_t rows) {
  uint64_t end = (taken + 1) * stripe->pieces, row_bytes = builder->model->row_bytes[take->tensor];
  for (uint64_t at = taken * stripe->pieces, next; at < end; at = next) {
    uint32_t piece = (uint32_t)(at / rows);
    next = (piece + 1) * rows < end ? (piece + 1) * rows : end;
    const struct share share = {at, next, rows * stripe->pieces};
    struct step step = *take;
    if (at % rows == 0) add_piece_step(builder, stripe, STEP_LOAD, piece);
    set_take(&step, builder, rows, share);
    step.read_bytes = share_of(stripe->weight_bytes, share) + share_of(row_bytes * rows, share);
    add_step(builder, &step);
    if (next % rows == 0) add_piece_step(builder, stripe, STEP_FREE, piece);
  }
}

/* A reduction over rows takes them one by one; those that it needs whole are there. */
static void add_reduction(struct builder *builder, const struct stripe *stripe) {
  const struct lines *lines = &builder->walk->lines;
  const struct line *output = &lines->items[0];
  uint64_t taken = 0, rows = taken_rows(lines, output);
  for (uint32_t e = output->first_input; e < output->first_input + output->input_count; e++) {
    const struct line *input = &lines->items[lines->uses[e].line];
    for (uint32_t q = 0; lines->uses[e].streamed && q < input->set.count; q++) {
      const struct step take = {
          .op = stripe->op, .tensor = input->tensor, .row = row_set_row(&input->set, q), .takes = true};
      bool comes_alone = last_firing(lines, input, q) < 0;
      if (comes_alone) add_row_step(builder, STEP_LOAD, stripe->op, input->tensor, take.row);
      add_pieces_of_row(builder, stripe, &take, taken++, rows);
      if (comes_alone) add_row_step(builder, STEP_FREE, stripe->op, input->tensor, take.row);
    }
  }
  add_fire(builder, output->tensor, row_set_row(&output->set, 0));
}

static void add_stripe(struct builder *builder, struct stripe *stripe) {
  const struct lines *lines = &builder->walk->lines;
  const struct line *output = &lines->items[0];
  for (uint32_t i = 1; i < lines->count; i++) load_stripe_rows(builder, stripe, i);
  for (uint32_t q = stripe->from; q < stripe->to; q++) {
    add_row_step(builder, STEP_ALLOC, stripe->op, output->tensor, row_set_row(&output->set, q));
    stripe->read_bytes += needed_bytes(lines, output, q);
  }
  if (output->streams) {
    add_reduction(builder, stripe);
  } else {
    add_pieces(builder, stripe);
  }
  for (uint32_t q = stripe->from; q < stripe->to; q++) {
    uint32_t row = row_set_row(&output->set, q);
    add_store(builder, output, row);
    add_free(builder, output, stripe->op, row);
  }
  for (uint32_t i = 1; i < lines->count; i++) free_stripe_rows(builder, stripe, i);
}

int program_build_streamed(struct program *program, struct walk *walk, const struct dram_layout *layout, uint32_t op,
                           uint32_t stripes) {
  struct builder builder = builder_start(program, walk, layout);
  const struct sim_model *model = builder.model;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  bitset_clear(group, model->graph->set_words);
  bitset_add(group, op);
  if (walk_prepare(walk, group) != 0 || reserve_stores(program, &walk->lines) != 0) return -1;
  uint32_t rows = walk->lines.items[0].set.count, height = (rows + stripes - 1) / stripes;
  uint64_t channels = model->graph->ops[op].out_channels, step = model->hw.brr_subgroup_channels;
  for (uint32_t from = 0; from < rows; from += height) {
    struct stripe stripe = {
        .op = op,
        .from = from,
        .to = rows - from < height ? rows : from + height,
        .pieces = (uint32_t)saturate_divide(channels, step),
        .weight_bytes = model->weight_bytes[op],
    };
    add_stripe(&builder, &stripe);
  }
  return program->out_of_memory ? -1 : 0;
}
