#include "timed_fixture.h"

#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "reference.h"
#include "sim/dram.h"
#include "util/bitset.h"

/* ---- recording ---- */

static void record_span(void *context, const struct timed_span *span) {
  struct recording *recording = context;
  if (recording->span_count == recording->span_room) {
    recording->span_room = recording->span_room == 0 ? 64 : 2 * recording->span_room;
    recording->spans = realloc(recording->spans, recording->span_room * sizeof *recording->spans);
    ck_assert_ptr_nonnull(recording->spans);
  }
  recording->spans[recording->span_count++] = *span;
}

static void record_event(void *context, const struct trace_event *event) {
  struct recording *recording = context;
  trace_append(&recording->trace, event);
}

void recording_open(struct recording *recording, const struct sim_model *model) {
  struct error err = ERROR_INIT;
  *recording = (struct recording){.spans = NULL};
  ck_assert_int_eq(trace_create(&recording->trace, model->graph, model->hw.buffer_capacity_bytes, &err), 0);
}

void recording_close(struct recording *recording) {
  free(recording->spans);
  trace_free(&recording->trace);
}

struct timed_sink recording_sink(struct recording *recording) {
  return (struct timed_sink){.span = record_span, .trace = record_event, .context = recording};
}

uint64_t recording_busy(const struct recording *recording, enum timed_track track, uint32_t channel) {
  uint64_t cycles = 0;
  for (size_t i = 0; i < recording->span_count; i++) {
    const struct timed_span *span = &recording->spans[i];
    if (span->track == track && span->channel == channel) cycles += span->end_cycle - span->start_cycle;
  }
  return cycles;
}

/* ---- machines ---- */

#define ONE_OF(rng, items) items[rng_below(rng, sizeof items / sizeof items[0])]

void random_machine(struct hw *hw, struct rng *rng) {
  static const double clocks[] = {1000, 1000, 333, 1, 2600.5, 100000};
  static const uint32_t sides[] = {1, 2, 3, 8, 32}, ports[] = {1, 2, 5, 64}, depths[] = {1, 1, 2, 5, 16};
  static const uint32_t channels[] = {1, 1, 2, 3, 8};
  static const char *const mappings[] = {"", "m0", "m1"};
  hw->clock_mhz = ONE_OF(rng, clocks);
  hw->dataflow = rng_below(rng, 3);
  hw->array_rows = ONE_OF(rng, sides);
  hw->array_columns = ONE_OF(rng, sides);
  hw->lanes = ONE_OF(rng, sides);
  hw->buffer_read_bytes_per_cycle = ONE_OF(rng, ports);
  hw->buffer_write_bytes_per_cycle = ONE_OF(rng, ports);
  hw->dma_read_queue = ONE_OF(rng, depths);
  hw->dma_write_queue = ONE_OF(rng, depths);
  hw->dram_channels = ONE_OF(rng, channels);
  snprintf(hw->dram_standard, sizeof hw->dram_standard, "%s",
           dram_standards[rng_below(rng, (uint32_t)dram_standard_count)].name);
  snprintf(hw->dram_mapping, sizeof hw->dram_mapping, "%s", ONE_OF(rng, mappings));
  hw->dram_unlimited = rng_below(rng, 8) == 0;
  hw->compute_unlimited = rng_below(rng, 8) == 0;
}

/* ---- units and channels ---- */

static void check_track(const struct recording *recording, enum timed_track track, uint32_t channel) {
  uint64_t free_at = 0;
  for (size_t i = 0; i < recording->span_count; i++) {
    const struct timed_span *span = &recording->spans[i];
    if (span->track != track || span->channel != channel) continue;
    ck_assert_msg(span->start_cycle >= free_at, "a span starts at %" PRIu64 ", the one before lasts until %" PRIu64,
                  span->start_cycle, free_at);
    ck_assert_uint_le(span->start_cycle, span->end_cycle);
    free_at = span->end_cycle;
  }
}

void check_units(const struct recording *recording, const struct hw *hw) {
  check_track(recording, TIMED_TRACK_ARRAY, 0);
  check_track(recording, TIMED_TRACK_LANES, 0);
  for (uint32_t c = 0; c < hw->dram_channels; c++) check_track(recording, TIMED_TRACK_CHANNEL, c);
}

/* ---- dependencies ---- */

enum { NEVER = 0 }; /* cycles are kept plus 1 */

/* What happened to a row: computed or loaded, taken, issued to DRAM and back. */
struct row_times {
  uint64_t ready, work_end, taken, issued, moved;
  uint64_t channel_bytes;
};

struct times {
  const struct graph *graph;
  const uint64_t *group;
  struct row_times **rows;    /* by tensor */
  struct row_times *weights;  /* by op; of the first sub-group */
  /* of streamed weights: when their sub-groups were there, and how many of them each op has used */
  struct piece {
    uint32_t op;
    uint64_t cycle;
  } *pieces;
  size_t piece_count;
  size_t *used; /* by op: pieces before this one are no further use to it */
};

static void times_open(struct times *times, const struct graph *graph, const uint64_t *group, size_t spans) {
  *times = (struct times){.graph = graph, .group = group, .pieces = calloc(spans + 1, sizeof *times->pieces)};
  ck_assert_ptr_nonnull(times->pieces);
  times->rows = calloc(graph->tensor_count, sizeof *times->rows);
  times->weights = calloc(graph->op_count, sizeof *times->weights);
  times->used = calloc(graph->op_count, sizeof *times->used);
  ck_assert(times->rows != NULL && times->weights != NULL && times->used != NULL);
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    times->rows[t] = calloc(graph->tensors[t].rows, sizeof **times->rows);
    ck_assert_ptr_nonnull(times->rows[t]);
  }
}

static void times_close(struct times *times) {
  for (uint32_t t = 0; t < times->graph->tensor_count; t++) free(times->rows[t]);
  free(times->rows);
  free(times->weights);
  free(times->used);
  free(times->pieces);
}

static bool is_work(const struct timed_span *span) {
  return span->track == TIMED_TRACK_ARRAY || span->track == TIMED_TRACK_LANES;
}

static bool is_take(const struct times *times, const struct timed_span *span) {
  return times->graph->tensors[span->tensor].producer != span->op;
}

static struct row_times *times_of(const struct times *times, const struct timed_span *span) {
  if (span->tensor == TRACE_NO_TENSOR) return &times->weights[span->op];
  return &times->rows[span->tensor][span->row];
}

static bool has_weights(const struct graph *graph, uint32_t op) {
  return graph->ops[op].weight_elements + graph->ops[op].bias_elements > 0;
}

/* The work of a stripe names its first row and stands for some rows below it too. */
static void note_stripe(struct times *times, const struct timed_span *span) {
  for (uint32_t r = span->row; r < times->graph->tensors[span->tensor].rows; r++) {
    times->rows[span->tensor][r].ready = times->rows[span->tensor][r].work_end = span->end_cycle + 1;
  }
}

/* Everything but work starts after its row; fills in the times. */
static void note_span(struct times *times, const struct timed_span *span, bool streamed) {
  struct row_times *row = times_of(times, span);
  if (is_work(span)) {
    if (is_take(times, span)) {
      row->taken = span->end_cycle + 1;
    } else if (streamed && has_weights(times->graph, span->op)) {
      note_stripe(times, span);
    } else {
      row->ready = row->work_end = span->end_cycle + 1;
    }
  } else if (span->track == TIMED_TRACK_READ) {
    if (span->tensor == TRACE_NO_TENSOR) times->pieces[times->piece_count++] = (struct piece){span->op, span->end_cycle};
    if (span->tensor == TRACE_NO_TENSOR && row->ready != NEVER) return;
    ck_assert_msg(row->ready == NEVER, "a row is loaded twice");
    row->ready = span->end_cycle + 1;
  } else if (span->track == TIMED_TRACK_WRITE) {
    ck_assert_msg(row->moved == NEVER, "a row is stored twice");
    row->issued = span->start_cycle + 1;
    row->moved = span->end_cycle + 1;
  }
}

static void check_ready(const struct row_times *row, uint64_t start, const char *what) {
  ck_assert_msg(row->ready != NEVER, "%s never", what);
  ck_assert_msg(row->ready <= start + 1, "%s at %" PRIu64 ", the work starts at %" PRIu64, what, row->ready - 1, start);
}

/* All rows of the inputs of an output row; those of a reduction must have been taken by its op. */
static void check_inputs(const struct times *times, const struct timed_span *span) {
  const struct tensor *tensor = &times->graph->tensors[span->tensor];
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    const struct tensor_input *input = &tensor->inputs[i];
    uint32_t rows = times->graph->tensors[input->tensor].rows;
    for (uint32_t k = 0; k < reference_candidates(&input->map, span->row, rows); k++) {
      int64_t q = reference_candidate(&input->map, span->row, k);
      if (q < 0 || q >= rows) continue;
      const struct row_times *row = &times->rows[input->tensor][q];
      check_ready(row, span->start_cycle, "an input row is ready");
      if (input->map.kind == ROW_STREAMED) ck_assert_msg(row->taken != NEVER, "a row was never taken");
    }
  }
}

static bool is_reduction(const struct graph *graph, uint32_t op) {
  const struct tensor *tensor = &graph->tensors[graph->ops[op].first_output];
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    if (tensor->inputs[i].map.kind == ROW_STREAMED) return true;
  }
  return false;
}

/* Each piece of work has its sub-group of weights, but that of a reduction may share one. */
static void check_piece(struct times *times, const struct timed_span *span) {
  size_t *piece = &times->used[span->op];
  if (!has_weights(times->graph, span->op) || is_reduction(times->graph, span->op)) return;
  if (times->graph->ops[span->op].output_count > 1) return; /* the first output alone uses them up */
  while (*piece < times->piece_count && times->pieces[*piece].op != span->op) ++*piece;
  ck_assert_msg(*piece < times->piece_count && times->pieces[*piece].cycle <= span->start_cycle,
                "work of op %u starts at %" PRIu64 " without its weights", span->op, span->start_cycle);
  ++*piece;
}

/* Spans come when they end, so whatever work reads has come before it. */
static void check_work(const struct times *times, const struct timed_span *span, bool weights_loaded) {
  if (is_take(times, span)) {
    check_ready(&times->rows[span->tensor][span->row], span->start_cycle, "a row to be taken is ready");
  } else {
    check_inputs(times, span);
  }
  if (weights_loaded) check_ready(&times->weights[span->op], span->start_cycle, "the weights are there");
}

void check_dependencies(const struct recording *recording, const struct graph *graph, const uint64_t *group,
                        bool streamed) {
  struct times times;
  uint64_t read_bytes = 0, write_bytes = 0, moved_bytes[2] = {0, 0};
  times_open(&times, graph, group, recording->span_count);
  for (size_t i = 0; i < recording->span_count; i++) {
    const struct timed_span *span = &recording->spans[i];
    ck_assert_msg(bitset_has(group, span->op), "an op outside the group acts");
    if (is_work(span)) check_work(&times, span, has_weights(graph, span->op));
    if (is_work(span) && streamed) check_piece(&times, span);
    if (span->track == TIMED_TRACK_READ) read_bytes += span->bytes;
    if (span->track == TIMED_TRACK_WRITE) {
      write_bytes += span->bytes;
      check_ready(times_of(&times, span), span->start_cycle, "the row to be stored is computed");
    }
    if (span->track == TIMED_TRACK_CHANNEL) moved_bytes[span->write] += span->bytes;
    note_span(&times, span, streamed);
  }
  ck_assert_uint_eq(moved_bytes[0], read_bytes);
  ck_assert_uint_eq(moved_bytes[1], write_bytes);
  times_close(&times);
}

/* ---- counts ---- */

static void check_energy(const struct timed_cost *cost, const struct hw *hw) {
  const double expected[TIMED_ENERGIES] = {
      [TIMED_MAC] = (double)cost->macs * hw->mac_pj,
      [TIMED_VECTOR] = (double)cost->vector_operations * hw->vector_op_pj,
      [TIMED_BUFFER] = (double)cost->buffer_read_bytes * hw->buffer_read_pj_per_byte +
                       (double)cost->buffer_write_bytes * hw->buffer_write_pj_per_byte,
      [TIMED_DRAM_ENERGY] = (double)cost->dram_read_bytes * hw->dram_read_pj_per_byte +
                            (double)cost->dram_write_bytes * hw->dram_write_pj_per_byte +
                            (double)cost->dram_activates * hw->dram_activate_pj,
      /* mW are 1e-3 J/s, pJ 1e-12 J, a cycle 1e-6/MHz s */
      [TIMED_STATIC] = (double)cost->cycles * hw->static_mw * 1e3 / hw->clock_mhz,
  };
  for (int e = 0; e < TIMED_ENERGIES; e++) {
    ck_assert_msg(fabs(cost->energy_pj[e] - expected[e]) <= 1e-9 * expected[e], "%s: %g pJ, expected %g",
                  timed_energy_names[e], cost->energy_pj[e], expected[e]);
  }
}

void check_counts(const struct timed_cost *cost, const struct hw *hw) {
  uint64_t phases = 0;
  for (int p = 0; p < TIMED_PHASES; p++) phases += cost->phase_cycles[p];
  ck_assert_uint_eq(phases, cost->cycles);
  ck_assert_uint_le(cost->array_busy_cycles, cost->cycles);
  ck_assert_uint_le(cost->lanes_busy_cycles, cost->cycles);
  ck_assert_uint_le(cost->dram_busy_cycles, cost->cycles * hw->dram_channels);
  ck_assert_uint_le(cost->phase_cycles[TIMED_COMPUTE] + cost->phase_cycles[TIMED_PORT],
                    cost->array_busy_cycles + cost->lanes_busy_cycles);
  if (hw->dram_unlimited) {
    ck_assert_uint_eq(cost->phase_cycles[TIMED_DRAM] + cost->phase_cycles[TIMED_ROOM], 0);
    ck_assert_uint_eq(cost->dram_busy_cycles + cost->dram_activates, 0);
  }
  if (hw->compute_unlimited) {
    ck_assert_uint_eq(cost->phase_cycles[TIMED_DRAM] + cost->phase_cycles[TIMED_ROOM], cost->cycles);
    ck_assert_uint_eq(cost->array_busy_cycles + cost->lanes_busy_cycles, 0);
  }
  check_energy(cost, hw);
}
