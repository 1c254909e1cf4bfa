#include "sim/timed.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "sim/timed_machine.h"
#include "util/saturate.h"

const char *const timed_phase_names[TIMED_PHASES] = {"compute", "port", "dram", "room"};

/* ---- creation ---- */

int timed_create(struct timed **out, const struct sim_model *model, struct error *err) {
  struct timed *timed = calloc(1, sizeof *timed);
  if (timed == NULL) return error_memory(err);
  timed->model = model;
  int status = walk_create(&timed->walk, model, err);
  if (status == 0 && residency_reserve(&timed->residency, model->graph->tensor_count) != 0) status = error_memory(err);
  if (status == 0) status = dram_layout_create(&timed->layout, model, err);
  if (status == 0) status = dma_create(timed, err);
  if (status == 0 && event_queue_create(&timed->queue, UNIT_COUNT + timed->channel_count) != 0) {
    status = error_memory(err);
  }
  if (status == 0) {
    *out = timed;
    return 0;
  }
  timed_free(timed);
  return -1;
}

void timed_free(struct timed *timed) {
  if (timed == NULL) return;
  walk_free(&timed->walk);
  residency_free(&timed->residency);
  dram_layout_free(&timed->layout);
  program_free(&timed->program);
  dma_free(timed);
  event_queue_free(&timed->queue);
  free(timed->flags);
  free(timed->left);
  free(timed->ahead);
  free(timed->stores);
  free(timed->since);
  free(timed);
}

/* Room for what is kept by step. */
static int reserve_steps(struct timed *timed) {
  size_t count = timed->program.count;
  if (count > timed->step_room) {
    free(timed->flags);
    free(timed->left);
    free(timed->ahead);
    free(timed->stores);
    free(timed->since);
    timed->flags = malloc(count * sizeof *timed->flags);
    timed->left = malloc(count * sizeof *timed->left);
    timed->ahead = malloc(count * sizeof *timed->ahead);
    timed->stores = malloc(count * sizeof *timed->stores);
    timed->since = malloc(count * sizeof *timed->since);
    timed->step_room = count;
  }
  if (timed->flags != NULL && timed->left != NULL && timed->ahead != NULL && timed->stores != NULL &&
      timed->since != NULL) {
    return 0;
  }
  timed->step_room = 0;
  return -1;
}

static void machine_reset(struct timed *timed) {
  const struct program *program = &timed->program;
  uint64_t capacity = timed->model->hw.buffer_capacity_bytes;
  memset(timed->flags, 0, program->count * sizeof *timed->flags);
  dma_reset(timed);
  event_queue_clear(&timed->queue);
  timed->now = 0;
  timed->limit_bytes = program->peak_bytes > capacity ? program->peak_bytes : capacity;
  timed->occupied_bytes = program->resident_bytes;
  timed->issued_load_bytes = 0;
  timed->at = timed->scan = 0;
  timed->ahead_first = timed->ahead_end = 0;
  memset(timed->jobs, 0, sizeof timed->jobs);
  memset(&timed->cost, 0, sizeof timed->cost);
  timed->cost.peak_occupied_bytes = timed->occupied_bytes;
}

/* ---- what is told ---- */

void timed_begin(struct timed *timed, const struct timed_span *span) {
  if (timed->sink != NULL && timed->sink->begin != NULL) timed->sink->begin(timed->sink->context, span);
}

void timed_end(struct timed *timed, const struct timed_span *span) {
  if (timed->sink != NULL && timed->sink->span != NULL) timed->sink->span(timed->sink->context, span);
}

void timed_trace(struct timed *timed, enum trace_kind kind, const struct step *step) {
  if (timed->sink == NULL || timed->sink->trace == NULL) return;
  uint32_t row = step->tensor == TRACE_NO_TENSOR ? 0 : step->row;
  const struct trace_event event = {timed->now, kind, step->op, step->tensor, row, step->bytes, timed->occupied_bytes};
  timed->sink->trace(timed->sink->context, &event);
}

void timed_take_room(struct timed *timed, enum trace_kind kind, const struct step *step) {
  uint64_t capacity = timed->model->hw.buffer_capacity_bytes;
  bool fitted = timed->occupied_bytes <= capacity;
  timed->occupied_bytes += step->bytes;
  if (timed->occupied_bytes > timed->cost.peak_occupied_bytes) timed->cost.peak_occupied_bytes = timed->occupied_bytes;
  timed_trace(timed, kind, step);
  if (fitted && timed->occupied_bytes > capacity) timed_trace(timed, TRACE_OVERFLOW, step);
}

void timed_give_room(struct timed *timed, size_t step) {
  timed->occupied_bytes -= timed->program.steps[step].bytes;
  timed_trace(timed, TRACE_FREE, &timed->program.steps[step]);
}

/* ---- work ---- */

/* Whether the work at a step reads rows of the tensor. */
static bool work_reads(const struct timed *timed, const struct step *work, uint32_t tensor) {
  const struct lines *lines = &timed->walk.lines;
  if (work->takes) return work->tensor == tensor;
  const struct line *line = &lines->items[lines->of_tensor[work->tensor]];
  for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
    if (lines->items[lines->uses[e].line].tensor == tensor) return true;
  }
  return false;
}

static struct job *other_job(struct timed *timed, const struct job *job) {
  return job == &timed->jobs[UNIT_ARRAY] ? &timed->jobs[UNIT_LANES] : &timed->jobs[UNIT_ARRAY];
}

/* Gives the row of a FREE step back, now or when the last of all that hold it lets go: earlier
 * work of the other unit that reads the tensor, or its store. */
static void free_row(struct timed *timed, const struct job *job, size_t index) {
  const struct step *step = &timed->program.steps[index];
  struct job *other = other_job(timed, job);
  if (other->running && other->step < index && step->tensor != TRACE_NO_TENSOR &&
      work_reads(timed, &timed->program.steps[other->step], step->tensor)) {
    timed->left[index] = other->deferred;
    other->deferred = index;
    return;
  }
  timed->flags[index] |= STEP_FREED;
  if (step->pair == STEP_NONE || (timed->flags[step->pair] & STEP_DONE) != 0) timed_give_room(timed, index);
}

static uint64_t port_cycles(uint64_t bytes, uint32_t bytes_per_cycle) {
  return bytes / bytes_per_cycle + (bytes % bytes_per_cycle != 0);
}

static uint64_t work_cycles(const struct timed *timed, const struct step *step) {
  const struct hw *hw = &timed->model->hw;
  if (hw->compute_unlimited) return 0;
  uint64_t cycles = step->compute_cycles;
  uint64_t reading = port_cycles(step->read_bytes, hw->buffer_read_bytes_per_cycle);
  uint64_t writing = port_cycles(step->write_bytes, hw->buffer_write_bytes_per_cycle);
  if (reading > cycles) cycles = reading;
  return writing > cycles ? writing : cycles;
}

static size_t tail_end(const struct program *program, size_t step) {
  size_t end = step + 1;
  while (end < program->count && (program->steps[end].kind == STEP_STORE ||
                                  (program->steps[end].kind == STEP_FREE && !program->steps[end].overwritten))) {
    end++;
  }
  return end;
}

/* A trace names each tensor that an op reads, once, and each row that a reduction takes. */
static void trace_reads(struct timed *timed, const struct step *work) {
  const struct lines *lines = &timed->walk.lines;
  if (timed->sink == NULL || timed->sink->trace == NULL) return;
  if (work->takes) {
    struct step read = *work;
    read.bytes = timed->model->row_bytes[work->tensor];
    timed_trace(timed, TRACE_READ, &read);
    return;
  }
  const struct line *line = &lines->items[lines->of_tensor[work->tensor]];
  uint32_t q = row_set_index(&line->set, work->row);
  for (uint32_t e = line->first_input; e < line->first_input + line->input_count; e++) {
    const struct use *use = &lines->uses[e];
    int64_t row = use->streamed || timed->walk.traced[e] ? -1 : use_last_row(use, q);
    if (row < 0) continue;
    timed->walk.traced[e] = true;
    const struct line *input = &lines->items[use->line];
    const struct step read = {.op = work->op, .tensor = input->tensor, .row = row_set_row(&input->set, (uint32_t)row),
                              .bytes = input->row_bytes};
    timed_trace(timed, TRACE_READ, &read);
  }
}

static struct timed_span work_span(const struct timed *timed, enum unit unit, uint64_t end_cycle) {
  const struct job *job = &timed->jobs[unit];
  const struct step *step = &timed->program.steps[job->step];
  return (struct timed_span){
      .track = unit == UNIT_ARRAY ? TIMED_TRACK_ARRAY : TIMED_TRACK_LANES,
      .op = step->op,
      .tensor = step->tensor,
      .row = step->row,
      .start_cycle = job->start_cycle,
      .end_cycle = end_cycle,
  };
}

static void trace_fired(struct timed *timed, const struct step *work) {
  const struct lines *lines = &timed->walk.lines;
  if (timed->sink == NULL || timed->sink->trace == NULL || work->fires == 0) return;
  const struct line *line = &lines->items[lines->of_tensor[work->tensor]];
  uint32_t q = row_set_index(&line->set, work->row);
  for (uint32_t i = 0; i < work->fires; i++) {
    const struct step fired = {
        .op = work->op, .tensor = line->tensor, .row = row_set_row(&line->set, q + i), .bytes = line->row_bytes};
    timed_trace(timed, TRACE_FIRE, &fired);
  }
}

static void add_work(struct timed_cost *cost, const struct step *work, enum unit unit, uint64_t cycles) {
  uint64_t *busy = unit == UNIT_ARRAY ? &cost->array_busy_cycles : &cost->lanes_busy_cycles;
  *busy = saturate_add(*busy, cycles);
  cost->macs = saturate_add(cost->macs, work->macs);
  cost->vector_operations = saturate_add(cost->vector_operations, work->vector_operations);
  cost->buffer_read_bytes = saturate_add(cost->buffer_read_bytes, work->read_bytes);
  cost->buffer_write_bytes = saturate_add(cost->buffer_write_bytes, work->write_bytes);
}

static void work_start(struct timed *timed, enum unit unit) {
  const struct step *step = &timed->program.steps[timed->at];
  uint64_t cycles = work_cycles(timed, step);
  uint64_t compute = timed->model->hw.compute_unlimited ? 0 : step->compute_cycles;
  timed->jobs[unit] = (struct job){
      .running = true,
      .step = timed->at,
      .tail_end = tail_end(&timed->program, timed->at),
      .deferred = STEP_NONE,
      .start_cycle = timed->now,
      .compute_end_cycle = saturate_add(timed->now, compute),
  };
  const struct timed_span span = work_span(timed, unit, 0);
  timed_begin(timed, &span);
  if (timed->sink != NULL && timed->sink->required != NULL) {
    timed->sink->required(timed->sink->context, timed->now, step->occupied_bytes);
  }
  timed->at = timed->jobs[unit].tail_end;
  add_work(&timed->cost, step, unit, cycles);
  event_queue_put(&timed->queue, saturate_add(timed->now, cycles), 1, unit);
}

static void work_done(struct timed *timed, enum unit unit) {
  struct job *job = &timed->jobs[unit];
  const struct step *step = &timed->program.steps[job->step];
  const struct timed_span span = work_span(timed, unit, timed->now);
  timed_end(timed, &span);
  job->running = false;
  trace_reads(timed, step);
  trace_fired(timed, step);
  for (size_t i = job->step + 1; i < job->tail_end; i++) {
    if (timed->program.steps[i].kind == STEP_STORE) {
      dma_store(timed, i);
    } else {
      free_row(timed, job, i);
    }
  }
  for (size_t i = job->deferred, next; i != STEP_NONE; i = next) {
    next = timed->left[i];
    free_row(timed, job, i);
  }
}

/* ---- the sequencer ---- */

static bool any_running(const struct timed *timed) {
  return timed->jobs[UNIT_ARRAY].running || timed->jobs[UNIT_LANES].running;
}

/* Whether the work can start; its inputs that are loaded are there by the order of the steps. */
static bool work_ready(struct timed *timed, const struct step *step, enum unit unit) {
  if (timed->jobs[unit].running) return false;
  const struct job *other = other_job(timed, &timed->jobs[unit]);
  if (!other->running) return true;
  const struct step *running = &timed->program.steps[other->step];
  return running->takes ? running->op != step->op : !work_reads(timed, step, running->tensor);
}

static enum unit unit_of(const struct step *work) { return work->on_array ? UNIT_ARRAY : UNIT_LANES; }

/* A row is written over, by work that is next: nobody else may be reading or storing it any more.
 * The new row takes its place at once, for until then the old one is read. */
static bool write_over(struct timed *timed, const struct step *freed) {
  const struct step *steps = timed->program.steps, *work = &steps[timed->at + 2];
  const struct job *other = other_job(timed, &timed->jobs[unit_of(work)]);
  timed->waiting = TIMED_ROOM;
  if (!work_ready(timed, work, unit_of(work))) return false;
  if (other->running && work_reads(timed, &steps[other->step], freed->tensor)) return false;
  if (freed->pair != STEP_NONE && (timed->flags[freed->pair] & STEP_DONE) == 0) return false;
  trace_reads(timed, work);
  timed_give_room(timed, timed->at++);
  timed_take_room(timed, TRACE_ALLOC, &steps[timed->at++]);
  return true;
}

/* Does the next step if it can be done now; else says what is waited for. */
static bool sequencer_step(struct timed *timed) {
  const struct step *step = &timed->program.steps[timed->at];
  switch (step->kind) {
    case STEP_LOAD:
      timed->waiting = timed->room_blocks_load && timed->scan == timed->at ? TIMED_ROOM : TIMED_DRAM;
      if ((timed->flags[timed->at] & STEP_DONE) == 0) return false;
      break;
    case STEP_ALLOC:
      timed->waiting = TIMED_ROOM;
      if (timed->occupied_bytes + step->bytes > timed->limit_bytes) return false;
      timed_take_room(timed, TRACE_ALLOC, step);
      break;
    case STEP_WORK:
      timed->waiting = TIMED_COMPUTE;
      if (!work_ready(timed, step, unit_of(step))) return false;
      work_start(timed, unit_of(step));
      return true;
    case STEP_STORE: /* not here: those and all but one FREE happen when work ends */
    case STEP_FREE: return write_over(timed, step);
  }
  timed->at++;
  return true;
}

/* Everything that can happen at this cycle. */
static void pump(struct timed *timed) {
  dma_pump(timed);
  while (timed->at < timed->program.count && sequencer_step(timed)) dma_pump(timed);
  if (timed->at == timed->program.count) timed->waiting = TIMED_DRAM;
  dma_pump(timed);
}

/* ---- time ---- */

/* Says what the cycles up to the next event are spent on. */
static void pass_time(struct timed *timed, uint64_t to) {
  uint64_t cycles = to - timed->now, computing = 0;
  for (int u = 0; u < UNIT_COUNT; u++) {
    const struct job *job = &timed->jobs[u];
    uint64_t end = job->compute_end_cycle < to ? job->compute_end_cycle : to;
    if (job->running && end > timed->now && end - timed->now > computing) computing = end - timed->now;
  }
  if (any_running(timed)) {
    timed->cost.phase_cycles[TIMED_COMPUTE] += computing;
    timed->cost.phase_cycles[TIMED_PORT] += cycles - computing;
  } else {
    timed->cost.phase_cycles[timed->waiting] += cycles;
  }
  timed->now = to;
}

static void machine_run(struct timed *timed) {
  struct event event;
  pump(timed);
  while (event_queue_take(&timed->queue, &event)) {
    if (event.time > timed->now) pass_time(timed, event.time);
    timed->cost.events++;
    if (event.what < UNIT_COUNT) {
      work_done(timed, (enum unit)event.what);
    } else {
      dma_channel_done(timed, event.what - UNIT_COUNT);
    }
    pump(timed);
  }
  timed->cost.cycles = timed->now;
#ifdef SPILLWAY_INVARIANTS
  if (timed->at != timed->program.count || !dma_idle(timed) || any_running(timed)) abort(); /* stuck */
#endif
}

/* ---- runs ---- */

/* Runs the program that was built. */
static int run_program(struct timed *timed, const struct timed_sink *sink, struct timed_cost *cost) {
  if (reserve_steps(timed) != 0) return -1;
  machine_reset(timed);
  timed->sink = sink;
  memset(timed->walk.traced, 0, timed->walk.lines.use_count * sizeof *timed->walk.traced);
  machine_run(timed);
  timed->sink = NULL;
  timed_finish_cost(timed);
  *cost = timed->cost;
  return 0;
}

static int build(struct timed *timed, const uint64_t *group, const struct group_cost *untimed, bool with_weights) {
  struct program *program = &timed->program;
  if (untimed == NULL || untimed->stripes == 0) {
    return program_build(program, &timed->walk, &timed->layout, group, with_weights);
  }
  return program_build_streamed(program, &timed->walk, &timed->residency, &timed->layout, group, untimed, with_weights);
}

bool timed_was_too_long(const struct timed *timed) { return timed->program.too_long; }

/* The images after the first take as long as one that finds the weights there that stay. */
int timed_run(struct timed *timed, const uint64_t *group, const struct group_cost *untimed,
              const struct timed_sink *sink, struct timed_cost *cost) {
  struct timed_cost next;
  uint64_t images = timed->model->graph->batch;
  bool some_stay = untimed == NULL || untimed->stripes == 0 || untimed->resident_ops > 0;
  if (build(timed, group, untimed, true) != 0 || run_program(timed, sink, cost) != 0) return -1;
  if (images == 1) return 0;
  next = *cost;
  if (some_stay && (build(timed, group, untimed, false) != 0 || run_program(timed, NULL, &next) != 0)) return -1;
  timed_add(cost, &next, images - 1);
  return 0;
}
