/* What must hold of every group on every machine with a clock. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build_graph.h"
#include "get/attribution.h"
#include "random_net.h"
#include "sim/dram.h"
#include "sim/program.h"
#include "sim/report.h"
#include "sim/timed_plan.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "timed_fixture.h"
#include "trace_replay.h"
#include "util/bitset.h"

enum { SEED = 20250114, SMALL_NETS = 600, TALL_NETS = 30, PROGRAM_NETS = 400, STREAMED_NETS = 300 };

static const struct random_net_options small_nets = {.most_ops = 10, .most_rows = 14, .smooth = false};
static const struct random_net_options tall_nets = {.most_ops = 7, .most_rows = 150, .smooth = false};

/* ---- subjects ---- */

/* A group of a network on a machine; streamed: with streamed weights. */
struct subject {
  struct sim_fixture fixture;
  struct timed *timed;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  struct group_cost expected;
  bool streamed;
  uint32_t number;
  struct rng rng;
};

/* Tight, somewhat larger, much larger, or too small. */
static uint64_t some_capacity(struct rng *rng, uint64_t required_bytes) {
  uint32_t required = (uint32_t)required_bytes;
  switch (rng_below(rng, 5)) {
    case 0: return required;
    case 1: return 1 + rng_below(rng, required);
    case 2: return required + rng_below(rng, required / 4 + 2);
    case 3: return 2 * (uint64_t)required;
    default: return UINT64_C(1) << 20;
  }
}

static void set_capacity(struct subject *subject, uint64_t capacity_bytes) {
  struct error err = ERROR_INIT;
  timed_free(subject->timed);
  subject->timed = NULL;
  subject->fixture.model.hw.buffer_capacity_bytes = capacity_bytes;
  int status = timed_create(&subject->timed, &subject->fixture.model, &err);
  ck_assert_msg(status == 0, "%s", err.message);
}

static void open_graph(struct subject *subject, struct graph *graph, const struct hw *hw) {
  subject->timed = NULL;
  subject->streamed = false;
  sim_fixture_open(&subject->fixture, graph, hw);
}

static void choose_group(struct subject *subject, uint32_t most_ops) {
  const struct graph *graph = subject->fixture.graph;
  if (rng_below(&subject->rng, 3) == 0) {
    group_of_all(graph, subject->group);
  } else {
    group_at_random(graph, &subject->rng, 1 + rng_below(&subject->rng, most_ops), subject->group);
  }
  ck_assert_int_eq(sim_cost(subject->fixture.sim, subject->group, &subject->expected), 0);
  set_capacity(subject, some_capacity(&subject->rng, subject->expected.required_bytes));
}

static void open_network(struct subject *subject, uint32_t stream, uint32_t number,
                         const struct random_net_options *options) {
  *subject = (struct subject){.rng = rng_stream(SEED, stream, number), .number = number};
  struct graph *graph = random_net(&subject->rng, options);
  struct hw hw = random_hw(&subject->rng);
  random_machine(&hw, &subject->rng);
  if (rng_below(&subject->rng, 3) == 0) hw.activation_bits = 64; /* so that tensors cover several DRAM pages */
  open_graph(subject, graph, &hw);
}

static void subject_open(struct subject *subject, uint32_t stream, uint32_t number,
                         const struct random_net_options *options) {
  open_network(subject, stream, number, options);
  choose_group(subject, options->most_ops);
}

static void subject_close(struct subject *subject) {
  timed_free(subject->timed);
  sim_fixture_close(&subject->fixture);
}

static void run(struct subject *subject, const struct timed_sink *sink, struct timed_cost *cost) {
  const struct group_cost *untimed = subject->streamed ? &subject->expected : NULL;
  int status = timed_run(subject->timed, subject->group, untimed, sink, cost);
  ck_assert_int_eq(status, 0);
}

/* A group whose weights are streamed, in a buffer that it fits; false if none does. */
static bool open_streamed(struct subject *subject, uint32_t stream, uint32_t number,
                          const struct random_net_options *options) {
  open_network(subject, stream, number, options);
  const struct graph *graph = subject->fixture.graph;
  subject->streamed = true;
  for (uint32_t i = 0; i < 4; i++) {
    uint32_t ops = rng_below(&subject->rng, 2) == 0 ? 1 : 1 + rng_below(&subject->rng, options->most_ops);
    group_at_random(graph, &subject->rng, ops, subject->group);
    ck_assert_int_eq(sim_cost(subject->fixture.sim, subject->group, &subject->expected), 0);
    if (subject->expected.weight_bytes == 0) continue;
    uint64_t capacity = some_capacity(&subject->rng, subject->expected.required_bytes);
    if (sim_cost_streamed(subject->fixture.sim, subject->group, capacity, &subject->expected) != 0) continue;
    set_capacity(subject, capacity);
    return true;
  }
  subject_close(subject);
  return false;
}

/* ---- what every run keeps ---- */

static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

static void check_traffic(const struct subject *subject, const struct timed_cost *cost) {
  const struct group_cost *expected = &subject->expected;
  ck_assert_msg(cost->dram_read_bytes == expected->dram_in_bytes + expected->weight_bytes,
                "network %u reads %" PRIu64 ", expected %" PRIu64, subject->number, cost->dram_read_bytes,
                expected->dram_in_bytes + expected->weight_bytes);
  ck_assert_msg(cost->dram_write_bytes == expected->dram_out_bytes, "network %u writes %" PRIu64 ", expected %" PRIu64,
                subject->number, cost->dram_write_bytes, expected->dram_out_bytes);
  ck_assert_msg(cost->peak_occupied_bytes <=
                    larger(subject->fixture.model.hw.buffer_capacity_bytes, expected->required_bytes),
                "network %u overflows by running ahead", subject->number);
}

static bool reads_before(const struct tensor *tensor, uint32_t input) {
  for (uint32_t i = 0; i < input; i++) {
    const struct tensor_input *a = &tensor->inputs[i], *b = &tensor->inputs[input];
    if (a->tensor == b->tensor && a->map.kind == ROW_STREAMED) return true;
  }
  return false;
}

/* Rows that a reduction takes to compute its one row; 0 if the tensor is none. */
static uint64_t rows_taken(const struct graph *graph, const struct tensor *tensor) {
  uint64_t rows = 0;
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    bool counts = tensor->inputs[i].map.kind == ROW_STREAMED && !reads_before(tensor, i);
    rows += counts ? graph->tensors[tensor->inputs[i].tensor].rows : 0;
  }
  return rows;
}

struct work {
  uint64_t macs, vector_operations;
};

/* Of the rows that were computed. */
static struct work work_of_trace(const struct graph *graph, const struct trace *trace) {
  struct work work = {0, 0};
  for (size_t i = 0; i < trace->event_count; i++) {
    const struct trace_event *event = &trace->events[i];
    if (event->kind != TRACE_FIRE) continue;
    const struct op_work *row = &graph->ops[event->op].work;
    uint64_t taken = rows_taken(graph, &graph->tensors[event->tensor]);
    if (row->filters > 0) {
      work.macs += row->row_pixels * row->taps * row->filters * row->channels / row->groups;
    } else {
      work.vector_operations += row->row_operations * (taken > 0 ? taken : 1);
    }
  }
  return work;
}

static void check_work_of_trace(const struct subject *subject, const struct trace *trace,
                                const struct timed_cost *cost) {
  const struct graph *graph = subject->fixture.graph;
  const struct work work = work_of_trace(graph, trace);
  ck_assert_uint_eq(cost->macs, work.macs * graph->batch);
  ck_assert_uint_eq(cost->vector_operations, work.vector_operations * graph->batch);
}

/* The rules of every trace, and that what runs ahead is in it. */
static void check_trace(const struct subject *subject, const struct trace *trace, const struct timed_cost *cost) {
  struct replay replay;
  uint64_t batch = subject->fixture.graph->batch;
  replay_trace(&replay, subject->fixture.graph, subject->group, trace);
  ck_assert_uint_eq(replay.load_bytes * batch, subject->expected.dram_in_bytes);
  ck_assert_uint_eq(replay.store_bytes * batch, subject->expected.dram_out_bytes);
  ck_assert_uint_eq(replay.weight_bytes, subject->expected.weight_bytes);
  ck_assert_uint_le(replay.peak_bytes, cost->peak_occupied_bytes);
  ck_assert_uint_ge(replay.peak_bytes, subject->expected.required_bytes);
  ck_assert_int_eq(replay.overflows > 0, subject->expected.required_bytes > trace->capacity_bytes);
}

/* Streamed weights come and go; rows keep the rules. */
static void check_streamed_trace(const struct trace *trace, const struct timed_cost *cost) {
  uint64_t occupied = 0, peak = 0, fired = 0, rows = 0;
  for (size_t i = 0; i < trace->event_count; i++) {
    const struct trace_event *event = &trace->events[i];
    bool comes = event->kind == TRACE_WEIGHTS || event->kind == TRACE_LOAD || event->kind == TRACE_ALLOC;
    if (comes) occupied += event->bytes;
    if (event->kind == TRACE_FREE) occupied -= event->bytes;
    fired += event->kind == TRACE_FIRE;
    rows += event->kind == TRACE_ALLOC;
    peak = larger(peak, occupied);
    ck_assert_uint_eq(event->occupied_bytes, occupied);
    ck_assert(i == 0 || event->step >= trace->events[i - 1].step);
  }
  ck_assert_uint_eq(occupied, 0);
  ck_assert_uint_eq(peak, cost->peak_occupied_bytes);
  ck_assert_uint_eq(fired, rows);
}

/* Of one image, whose spans were recorded. */
static void check_busy(const struct recording *recording, const struct hw *hw, const struct timed_cost *cost) {
  uint64_t channels = 0;
  for (uint32_t c = 0; c < hw->dram_channels; c++) channels += recording_busy(recording, TIMED_TRACK_CHANNEL, c);
  ck_assert_uint_eq(recording_busy(recording, TIMED_TRACK_ARRAY, 0), cost->array_busy_cycles);
  ck_assert_uint_eq(recording_busy(recording, TIMED_TRACK_LANES, 0), cost->lanes_busy_cycles);
  ck_assert_uint_eq(channels, cost->dram_busy_cycles);
  ck_assert_uint_eq(recording->spans[recording->span_count - 1].end_cycle, cost->cycles);
}

static void check_run(struct subject *subject) {
  struct recording recording;
  struct timed_cost cost;
  const struct hw *hw = &subject->fixture.model.hw;
  recording_open(&recording, &subject->fixture.model);
  const struct timed_sink sink = recording_sink(&recording);
  run(subject, &sink, &cost);
  check_traffic(subject, &cost);
  check_counts(&cost, hw);
  check_units(&recording, hw);
  check_dependencies(&recording, subject->fixture.graph, subject->group, subject->streamed);
  check_work_of_trace(subject, &recording.trace, &cost);
  if (subject->streamed) {
    check_streamed_trace(&recording.trace, &cost);
  } else {
    check_trace(subject, &recording.trace, &cost);
  }
  if (subject->fixture.graph->batch == 1) check_busy(&recording, hw, &cost);
  recording_close(&recording);
}

START_TEST(groups_of_small_networks_keep_every_rule_on_any_machine) {
  for (uint32_t i = 0; i < SMALL_NETS; i++) {
    struct subject subject;
    subject_open(&subject, 1, i, &small_nets);
    check_run(&subject);
    subject_close(&subject);
  }
}
END_TEST

START_TEST(groups_of_tall_networks_keep_every_rule_on_any_machine) {
  for (uint32_t i = 0; i < TALL_NETS; i++) {
    struct subject subject;
    subject_open(&subject, 2, i, &tall_nets);
    check_run(&subject);
    subject_close(&subject);
  }
}
END_TEST

START_TEST(groups_with_streamed_weights_keep_every_rule_on_any_machine) {
  uint32_t in_stripes = 0;
  for (uint32_t i = 0; i < STREAMED_NETS; i++) {
    struct subject subject;
    if (!open_streamed(&subject, 3, i, i % 8 == 0 ? &tall_nets : &small_nets)) continue;
    check_run(&subject);
    in_stripes += subject.expected.stripes > 1;
    subject_close(&subject);
  }
  ck_assert_uint_gt(in_stripes, STREAMED_NETS / 20);
}
END_TEST

/* ---- programs ---- */

/* Whether the range lies in what the layout gives to the tensor or the weights. */
static void check_address(const struct sim_model *model, const struct dram_layout *layout, const struct step *step) {
  bool weights = step->tensor == TRACE_NO_TENSOR;
  uint64_t from = weights ? layout->weight_address[step->op] : layout->tensor_address[step->tensor];
  uint64_t bytes = weights ? model->weight_bytes[step->op]
                           : model->row_bytes[step->tensor] * model->graph->tensors[step->tensor].rows;
  ck_assert_uint_ge(step->address, from);
  ck_assert_uint_le(step->address + step->bytes, from + bytes);
  if (!weights) ck_assert_uint_eq((step->address - from) / step->bytes, step->row);
}

static void check_program(const struct subject *subject, const struct program *program,
                          const struct dram_layout *layout) {
  uint64_t occupied = program->resident_bytes, peak = occupied, loaded = 0, stored = 0;
  for (size_t i = 0; i < program->count; i++) {
    const struct step *step = &program->steps[i];
    bool moves = step->kind == STEP_LOAD || step->kind == STEP_STORE;
    if (step->kind == STEP_LOAD || step->kind == STEP_ALLOC) occupied += step->bytes;
    if (step->kind == STEP_FREE) occupied -= step->bytes;
    if (step->kind == STEP_LOAD) loaded += step->bytes;
    if (step->kind == STEP_STORE) stored += step->bytes;
    if (moves && step->bytes > 0) check_address(&subject->fixture.model, layout, step);
    ck_assert_uint_eq(step->occupied_bytes, occupied);
    ck_assert_int_eq(step->ahead_bytes, (int64_t)occupied - (int64_t)loaded);
    if (step->pair != STEP_NONE) ck_assert_uint_eq(program->steps[step->pair].pair, i);
    peak = larger(peak, occupied);
  }
  ck_assert_uint_eq(peak, program->peak_bytes);
  ck_assert_uint_eq(occupied, subject->streamed ? 0 : subject->expected.weight_bytes);
  ck_assert_uint_eq(stored * subject->fixture.graph->batch, subject->expected.dram_out_bytes);
}

static void build_and_check(const struct subject *subject) {
  const struct sim_model *model = &subject->fixture.model;
  struct program program = {0};
  struct dram_layout layout;
  struct walk walk;
  struct residency residency;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(walk_create(&walk, model, &err), 0);
  ck_assert_int_eq(residency_reserve(&residency, model->graph->tensor_count), 0);
  ck_assert_int_eq(dram_layout_create(&layout, model, &err), 0);
  for (int with_weights = 0; with_weights < 2; with_weights++) {
    int status = subject->streamed
                     ? program_build_streamed(&program, &walk, &residency, &layout, subject->group,
                                              &subject->expected, with_weights)
                     : program_build(&program, &walk, &layout, subject->group, with_weights);
    ck_assert_int_eq(status, 0);
    check_program(subject, &program, &layout);
    if (subject->streamed) {
      ck_assert_uint_le(program.peak_bytes, subject->expected.required_bytes);
    } else {
      ck_assert_uint_eq(program.peak_bytes, subject->expected.required_bytes);
      ck_assert_uint_eq(program.resident_bytes, with_weights ? 0 : subject->expected.weight_bytes);
    }
  }
  walk_free(&walk);
  residency_free(&residency);
  dram_layout_free(&layout);
  program_free(&program);
}

START_TEST(a_program_takes_what_the_group_requires_and_gives_it_back) {
  for (uint32_t i = 0; i < PROGRAM_NETS; i++) {
    struct subject subject;
    subject_open(&subject, 4, i, &small_nets);
    build_and_check(&subject);
    subject_close(&subject);
    if (!open_streamed(&subject, 5, i, &small_nets)) continue;
    build_and_check(&subject);
    subject_close(&subject);
  }
}
END_TEST

START_TEST(nothing_overlaps_in_dram) {
  for (uint32_t i = 0; i < 200; i++) {
    struct subject subject;
    struct dram_layout layout;
    struct error err = ERROR_INIT;
    open_network(&subject, 6, i, &small_nets);
    const struct sim_model *model = &subject.fixture.model;
    ck_assert_int_eq(dram_layout_create(&layout, model, &err), 0);
    uint64_t end = 0;
    for (uint32_t v = 0; v < model->graph->op_count; v++) {
      ck_assert_uint_ge(layout.weight_address[v], end);
      end = layout.weight_address[v] + model->weight_bytes[v];
    }
    for (uint32_t t = 0; t < model->graph->tensor_count; t++) {
      ck_assert_uint_ge(layout.tensor_address[t], end);
      end = layout.tensor_address[t] + model->row_bytes[t] * model->graph->tensors[t].rows;
    }
    dram_layout_free(&layout);
    subject_close(&subject);
  }
}
END_TEST

/* ---- traces as files ---- */

static uint64_t sum(const uint64_t *items, size_t count) {
  uint64_t total = 0;
  for (size_t i = 0; i < count; i++) total += items[i];
  return total;
}

static void check_file(const struct trace *trace) {
  struct error err = ERROR_INIT;
  struct trace again;
  struct attribution attribution;
  char *text = NULL;
  size_t length;
  FILE *file = open_memstream(&text, &length);
  ck_assert_ptr_nonnull(file);
  ck_assert_int_eq(trace_write_csv(trace, file, "memory", &err), 0);
  fclose(file);
  int status = trace_read_csv_memory(&again, text, length, "memory", &err);
  ck_assert_msg(status == 0, "%s", err.message);
  free(text);
  ck_assert_uint_eq(again.event_count, trace->event_count);
  ck_assert_int_eq(attribution_create(&attribution, &again, ATTRIBUTION_PEAK, &err), 0);
  uint64_t weights = sum(attribution.weight_bytes, attribution.op_count);
  uint64_t rows = sum(attribution.row_bytes, attribution.op_count);
  ck_assert_uint_eq(weights + rows, attribution.occupied_bytes);
  attribution_free(&attribution);
  trace_free(&again);
}

START_TEST(a_trace_with_cycles_is_a_trace_that_attribution_takes) {
  for (uint32_t i = 0; i < 300; i++) {
    struct subject subject;
    struct recording recording;
    struct timed_cost cost;
    subject_open(&subject, 7, i, &small_nets);
    recording_open(&recording, &subject.fixture.model);
    const struct timed_sink sink = recording_sink(&recording);
    run(&subject, &sink, &cost);
    check_file(&recording.trace);
    recording_close(&recording);
    subject_close(&subject);
  }
}
END_TEST

/* ---- one engine, many groups ---- */

static bool same_cost(const struct timed_cost *a, const struct timed_cost *b) {
  return memcmp(a, b, sizeof *a) == 0; /* all members have 64 bits */
}

START_TEST(an_engine_remembers_nothing_of_the_groups_before) {
  for (uint32_t i = 0; i < 300; i++) {
    struct subject subject;
    struct timed_cost first, again;
    uint64_t group[GRAPH_MAX_SET_WORDS];
    subject_open(&subject, 8, i, &small_nets);
    run(&subject, NULL, &first);
    group_at_random(subject.fixture.graph, &subject.rng, 6, group);
    ck_assert_int_eq(timed_run(subject.timed, group, NULL, NULL, &again), 0);
    run(&subject, NULL, &again);
    ck_assert_msg(same_cost(&first, &again), "network %u: another cost after another group", subject.number);
    set_capacity(&subject, subject.fixture.model.hw.buffer_capacity_bytes); /* a fresh engine */
    run(&subject, NULL, &again);
    ck_assert_msg(same_cost(&first, &again), "network %u: another cost in a fresh engine", subject.number);
    subject_close(&subject);
  }
}
END_TEST

/* ---- batches ---- */

START_TEST(a_batch_takes_its_first_image_and_further_ones_that_find_the_weights) {
  uint32_t batches = 0;
  for (uint32_t i = 0; i < 400; i++) {
    struct subject subject;
    struct timed_cost two, three, batch;
    subject_open(&subject, 9, i, &small_nets);
    struct graph *graph = subject.fixture.graph;
    uint64_t images = graph->batch;
    run(&subject, NULL, &batch);
    graph->batch = 2;
    run(&subject, NULL, &two);
    graph->batch = 3;
    run(&subject, NULL, &three);
    graph->batch = images;
    if (images >= 2) {
      batches++;
      ck_assert_uint_eq(batch.cycles - two.cycles, (images - 2) * (three.cycles - two.cycles));
      ck_assert_uint_eq(batch.dram_read_bytes - two.dram_read_bytes,
                        (images - 2) * (three.dram_read_bytes - two.dram_read_bytes));
    }
    subject_close(&subject);
  }
  ck_assert_uint_gt(batches, 20);
}
END_TEST

/* ---- faster machines ---- */

/* Time is not monotone in everything. What is there sooner may be loaded or stored in another
 * order, with other turns of the bus and other refreshes; and a row loaded ahead may hold the
 * room that one unit needs to overlap with the other. So single groups may get slower by a
 * little; what is asserted of each is what its order cannot change. */

static struct timed_cost cost_on(struct subject *subject, const struct hw *hw) {
  struct timed_cost cost;
  subject->fixture.model.hw = *hw;
  set_capacity(subject, hw->buffer_capacity_bytes);
  run(subject, NULL, &cost);
  return cost;
}

static uint64_t cycles_on(struct subject *subject, const struct hw *hw) { return cost_on(subject, hw).cycles; }

static struct hw no_limit_lifted(const struct hw *hw) {
  struct hw limited = *hw;
  limited.dram_unlimited = limited.compute_unlimited = false;
  return limited;
}

enum { MONOTONE_NETS = 200 };

/* Without DRAM one unit or the other works all the time: at most the sum of their times, of
 * which the larger is less than what it takes with DRAM. */
START_TEST(without_dram_a_unit_works_at_any_time) {
  uint32_t slower = 0;
  for (uint32_t i = 0; i < MONOTONE_NETS; i++) {
    struct subject subject;
    subject_open(&subject, 10, i, &small_nets);
    struct hw hw = no_limit_lifted(&subject.fixture.model.hw), dram = hw;
    dram.dram_unlimited = true;
    struct timed_cost limited = cost_on(&subject, &hw), cost = cost_on(&subject, &dram);
    ck_assert_uint_eq(cost.array_busy_cycles, limited.array_busy_cycles);
    ck_assert_uint_eq(cost.lanes_busy_cycles, limited.lanes_busy_cycles);
    ck_assert_uint_le(cost.cycles, cost.array_busy_cycles + cost.lanes_busy_cycles);
    slower += cost.cycles > limited.cycles;
    subject_close(&subject);
  }
  ck_assert_uint_le(slower, MONOTONE_NETS / 100);
}
END_TEST

START_TEST(without_computing_a_channel_works_at_any_time) {
  uint64_t all = 0, all_limited = 0;
  for (uint32_t i = 0; i < MONOTONE_NETS; i++) {
    struct subject subject;
    subject_open(&subject, 13, i, &small_nets);
    struct hw hw = no_limit_lifted(&subject.fixture.model.hw), compute = hw;
    compute.compute_unlimited = true;
    struct timed_cost limited = cost_on(&subject, &hw), cost = cost_on(&subject, &compute);
    ck_assert_uint_le(cost.cycles, cost.dram_busy_cycles);
    if (hw.dram_channels == 1) ck_assert_uint_eq(cost.cycles, cost.dram_busy_cycles);
    all += cost.cycles;
    all_limited += limited.cycles;
    subject_close(&subject);
  }
  ck_assert_uint_lt(all, all_limited);
}
END_TEST

START_TEST(wider_ports_more_lanes_and_a_larger_array_are_no_slower_without_dram) {
  for (uint32_t i = 0; i < MONOTONE_NETS; i++) {
    struct subject subject;
    subject_open(&subject, 11, i, &small_nets);
    struct hw hw = no_limit_lifted(&subject.fixture.model.hw);
    hw.dram_unlimited = true;
    hw.dataflow = 0; /* a systolic array fills longer if it is larger */
    uint64_t before = cycles_on(&subject, &hw);
    struct hw read = hw, write = hw, lanes = hw, rows = hw, columns = hw;
    read.buffer_read_bytes_per_cycle *= 2;
    write.buffer_write_bytes_per_cycle *= 2;
    lanes.lanes *= 2;
    rows.array_rows *= 2;
    columns.array_columns *= 2;
    const struct hw *wider[] = {&read, &write, &lanes, &rows, &columns};
    for (int w = 0; w < 5; w++) {
      uint64_t after = cycles_on(&subject, wider[w]);
      ck_assert_msg(after <= before, "network %u: %" PRIu64 " cycles, %" PRIu64 " on wider machine %d", i, before,
                    after, w);
    }
    subject_close(&subject);
  }
}
END_TEST

/* Of many groups together, all of which a larger machine serves sooner but for a few. */
START_TEST(more_buffer_channels_and_queues_make_groups_faster_altogether) {
  enum { MACHINES = 4 };
  uint64_t before = 0, after[MACHINES] = {0};
  uint32_t slower[MACHINES] = {0};
  for (uint32_t i = 0; i < MONOTONE_NETS; i++) {
    struct subject subject;
    subject_open(&subject, 14, i, &small_nets);
    struct hw hw = no_limit_lifted(&subject.fixture.model.hw);
    struct hw machines[MACHINES] = {hw, hw, hw, hw};
    machines[0].buffer_capacity_bytes *= 2;
    machines[1].dram_channels *= 2;
    machines[2].dma_read_queue *= 2;
    machines[3].dma_write_queue *= 2;
    uint64_t cycles = cycles_on(&subject, &hw);
    before += cycles;
    for (int m = 0; m < MACHINES; m++) {
      uint64_t larger_cycles = cycles_on(&subject, &machines[m]);
      after[m] += larger_cycles;
      slower[m] += larger_cycles > cycles;
    }
    subject_close(&subject);
  }
  for (int m = 0; m < MACHINES; m++) {
    ck_assert_msg(after[m] <= before, "machine %d: %" PRIu64 " cycles instead of %" PRIu64, m, after[m], before);
    ck_assert_msg(slower[m] <= MONOTONE_NETS / 50, "machine %d: %u groups are slower", m, slower[m]);
  }
}
END_TEST

/* ---- real networks ---- */

static void open_real(struct subject *subject, const char *name, const struct hw *hw) {
  open_graph(subject, support_network(name), hw);
  set_capacity(subject, hw->buffer_capacity_bytes);
}

static void check_plan_under(const char *method, const struct subject *subject, const struct plan *plan,
                             const char *name) {
  struct error err = ERROR_INIT;
  struct plan_report report;
  struct timed_plan timed;
  int status = plan_report_create(&report, subject->fixture.sim, method_find(method), plan, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  ck_assert_int_eq(timed_plan_create(&timed, subject->timed, plan, &report, NULL, &err), 0);
  uint64_t cycles = 0;
  for (uint32_t i = 0; i < plan->group_count; i++) {
    uint32_t g = timed.order[i];
    const struct group_cost *cost = &report.groups[g].cost;
    ck_assert_uint_eq(timed.start_cycle[g], cycles);
    ck_assert_msg(timed.groups[g].dram_read_bytes == cost->dram_in_bytes + cost->weight_bytes &&
                      timed.groups[g].dram_write_bytes == cost->dram_out_bytes,
                  "%s, group %u: moves other bytes", name, g);
    ck_assert_uint_le(timed.groups[g].peak_occupied_bytes,
                      larger(subject->fixture.model.hw.buffer_capacity_bytes, cost->required_bytes));
    check_counts(&timed.groups[g], &subject->fixture.model.hw);
    cycles += timed.groups[g].cycles;
  }
  ck_assert_uint_eq(timed.total.cycles, cycles);
  ck_assert_uint_eq(timed.total.dram_read_bytes, report.dram_read_bytes);
  ck_assert_uint_eq(timed.total.dram_write_bytes, report.dram_write_bytes);
  timed_plan_free(&timed);
  plan_report_free(&report);
}

static void check_plan(const struct subject *subject, const struct plan *plan, const char *name) {
  check_plan_under("lbdf", subject, plan, name);
  check_plan_under("brr", subject, plan, name);
}

/* Runs of ops, so that many groups overflow and others are fused. */
static void cut_every(struct plan *plan, const struct graph *graph, uint32_t ops) {
  uint32_t numbers[GRAPH_MAX_OPS];
  struct error err = ERROR_INIT;
  for (uint32_t v = 0; v < graph->op_count; v++) numbers[v] = v / ops;
  ck_assert_int_eq(plan_from_numbers(plan, graph, numbers, graph->op_count, &err), 0);
}

START_TEST(plans_of_real_networks_move_what_the_untimed_engine_says) {
  struct subject subject;
  struct plan plan;
  struct rng rng = rng_stream(SEED, 12, (uint32_t)_i);
  bool is_deeplab = strcmp(support_networks[_i], "deeplabv3_mobilenet_v3_large") == 0; /* needs 1 MiB for an op */
  struct hw hw = support_hw(UINT64_C(256) * 1024 * (is_deeplab ? 6 : 1));
  hw.dataflow = (uint32_t)_i % 3;
  hw.dram_channels = 1u << _i % 4;
  hw.dma_read_queue = hw.dma_write_queue = _i % 2 == 0 ? 16 : 1;
  snprintf(hw.dram_standard, sizeof hw.dram_standard, "%s", dram_standards[(size_t)_i % dram_standard_count].name);
  open_real(&subject, support_networks[_i], &hw);
  cut_every(&plan, subject.fixture.graph, 1);
  check_plan(&subject, &plan, support_networks[_i]);
  plan_free(&plan);
  cut_every(&plan, subject.fixture.graph, 2 + rng_below(&rng, 6));
  check_plan(&subject, &plan, support_networks[_i]);
  plan_free(&plan);
  subject_close(&subject);
}
END_TEST

/* As the importer counts them. */
START_TEST(the_products_of_a_network_are_those_of_its_ops) {
  struct subject subject;
  const struct hw hw = support_hw(UINT64_C(1) << 20);
  open_real(&subject, support_networks[_i], &hw);
  const struct graph *graph = subject.fixture.graph;
  for (uint32_t v = 0; v < graph->op_count; v += 1 + (uint32_t)_i) {
    struct timed_cost cost;
    group_of_range(graph, v, v, subject.group);
    ck_assert_int_eq(timed_run(subject.timed, subject.group, NULL, NULL, &cost), 0);
    ck_assert_msg(cost.macs == graph->ops[v].macs, "%s of %s: %" PRIu64 " products, expected %" PRIu64,
                  graph->ops[v].name, support_networks[_i], cost.macs, graph->ops[v].macs);
  }
  subject_close(&subject);
}
END_TEST

START_TEST(groups_of_real_networks_keep_every_rule) {
  for (uint32_t i = 0; i < 2; i++) {
    struct subject subject = {.rng = rng_stream(SEED, 100 + (uint64_t)_i, i)};
    struct hw hw = support_hw(UINT64_C(1) << 20);
    random_machine(&hw, &subject.rng);
    open_real(&subject, support_networks[_i], &hw);
    const struct graph *graph = subject.fixture.graph;
    group_at_random(graph, &subject.rng, 1 + rng_below(&subject.rng, 9), subject.group);
    ck_assert_int_eq(sim_cost(subject.fixture.sim, subject.group, &subject.expected), 0);
    set_capacity(&subject, some_capacity(&subject.rng, subject.expected.required_bytes));
    check_run(&subject);
    subject_close(&subject);
  }
}
END_TEST

Suite *timed_property_suite(void) {
  Suite *suite = suite_create("timed_property");
  TCase *groups = tcase_create("groups");
  tcase_set_timeout(groups, 120);
  tcase_add_test(groups, groups_of_small_networks_keep_every_rule_on_any_machine);
  tcase_add_test(groups, groups_of_tall_networks_keep_every_rule_on_any_machine);
  tcase_add_test(groups, groups_with_streamed_weights_keep_every_rule_on_any_machine);
  tcase_add_test(groups, a_trace_with_cycles_is_a_trace_that_attribution_takes);
  tcase_add_test(groups, an_engine_remembers_nothing_of_the_groups_before);
  tcase_add_test(groups, a_batch_takes_its_first_image_and_further_ones_that_find_the_weights);
  tcase_add_test(groups, without_dram_a_unit_works_at_any_time);
  tcase_add_test(groups, without_computing_a_channel_works_at_any_time);
  tcase_add_test(groups, wider_ports_more_lanes_and_a_larger_array_are_no_slower_without_dram);
  tcase_add_test(groups, more_buffer_channels_and_queues_make_groups_faster_altogether);
  suite_add_tcase(suite, groups);
  TCase *programs = tcase_create("programs");
  tcase_set_timeout(programs, 120);
  tcase_add_test(programs, a_program_takes_what_the_group_requires_and_gives_it_back);
  tcase_add_test(programs, nothing_overlaps_in_dram);
  suite_add_tcase(suite, programs);
  TCase *networks = tcase_create("networks");
  tcase_set_timeout(networks, 120);
  tcase_add_loop_test(networks, plans_of_real_networks_move_what_the_untimed_engine_says, 0, SUPPORT_NETWORKS);
  tcase_add_loop_test(networks, the_products_of_a_network_are_those_of_its_ops, 0, SUPPORT_NETWORKS);
  tcase_add_loop_test(networks, groups_of_real_networks_keep_every_rule, 0, SUPPORT_NETWORKS);
  suite_add_tcase(suite, networks);
  return suite;
}
