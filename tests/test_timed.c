/* The engine with a clock on groups small enough to be worked out by hand. A byte is an element;
 * unless said otherwise the ports are wide, so that only compute and DRAM take time. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build_graph.h"
#include "sim/dram.h"
#include "sim/event_queue.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "timed_fixture.h"

enum { WIDE = 1 << 20, ROOMY = 1 << 20 };

/* A network on a machine and what running a part of it gave. */
struct rig {
  struct sim_fixture fixture;
  struct timed *timed;
  struct recording recording;
  struct timed_cost cost;
};

static struct hw machine(uint64_t capacity_bytes) {
  struct hw hw = support_hw(capacity_bytes);
  hw.buffer_read_bytes_per_cycle = hw.buffer_write_bytes_per_cycle = WIDE;
  hw.lanes = hw.array_rows = hw.array_columns = 1;
  return hw;
}

static struct hw machine_without_dram(uint64_t capacity_bytes) {
  struct hw hw = machine(capacity_bytes);
  hw.dram_unlimited = true;
  return hw;
}

/* Takes over the network, whose output is `output`. */
static void rig_open(struct rig *rig, struct net *net, uint32_t output, const struct hw *hw) {
  struct error err = ERROR_INIT;
  net_mark(net, output);
  sim_fixture_open(&rig->fixture, net_end(net), hw);
  int status = timed_create(&rig->timed, &rig->fixture.model, &err);
  ck_assert_msg(status == 0, "%s", err.message);
}

static void rig_close(struct rig *rig) {
  recording_close(&rig->recording);
  timed_free(rig->timed);
  sim_fixture_close(&rig->fixture);
}

static void rig_run(struct rig *rig, uint32_t stripes) {
  uint64_t group[GRAPH_MAX_SET_WORDS];
  const struct graph *graph = rig->fixture.graph;
  const struct group_cost untimed = {.stripes = stripes};
  group_of_all(graph, group);
  recording_open(&rig->recording, &rig->fixture.model);
  const struct timed_sink sink = recording_sink(&rig->recording);
  ck_assert_int_eq(timed_run(rig->timed, group, &untimed, &sink, &rig->cost), 0);
  check_counts(&rig->cost, &rig->fixture.model.hw);
  check_units(&rig->recording, &rig->fixture.model.hw);
  check_dependencies(&rig->recording, graph, group, stripes > 0);
}

/* Opens, runs all ops as one group and closes. */
static struct timed_cost cost_of(struct net *net, uint32_t output, const struct hw *hw) {
  struct rig rig;
  rig_open(&rig, net, output, hw);
  rig_run(&rig, 0);
  rig_close(&rig);
  return rig.cost;
}

static const struct timed_span *nth_span(const struct rig *rig, enum timed_track track, uint32_t n) {
  for (size_t i = 0; i < rig->recording.span_count; i++) {
    if (rig->recording.spans[i].track == track && n-- == 0) return &rig->recording.spans[i];
  }
  ck_abort_msg("no such span");
}

#define POINT ((struct net_window){.kernel = 1, .stride = 1, .pad = 0, .dilation = 1})

/* A convolution that keeps the array of 1 x 1 busy for so many cycles a row. */
static uint32_t slow_conv(struct net *net, uint32_t from, uint64_t elements, uint64_t cycles) {
  net->work = (struct op_work){.filters = 1, .channels = 1, .groups = 1, .taps = 1, .row_pixels = cycles};
  return net_conv(net, from, elements, POINT);
}

/* Element operations that keep a lane busy for so many cycles a row. */
static uint32_t slow_unary(struct net *net, uint32_t from, uint64_t cycles) {
  net->work = (struct op_work){.row_operations = cycles};
  return net_unary(net, from);
}

/* ---- computing alone ---- */

/* 3x3 over 64 channels: 54 x 54 places, a window of 576, 64 filters. */
static uint32_t scale_sim_layer(struct net *net) {
  net_begin(net, 1);
  uint32_t x = net_input(net, 56, 56 * 64);
  net->work = (struct op_work){.filters = 64, .channels = 64, .groups = 1, .taps = 9, .row_pixels = 54};
  return net_conv(net, x, 54 * 64, (struct net_window){.kernel = 3, .stride = 1, .pad = 0, .dilation = 1});
}

/* Spatial: 2916 places, 9 taps, 2 x 2 folds. Output stationary: ceil(2916/32) * 2 folds of
 * 576 + 62. Weight stationary: 18 * 2 folds of 2916 + 94. The systolic ones as SCALE-Sim has it. */
static const uint64_t scale_sim_cycles[] = {2916 * 9 * 4, 117392, 108360};
/* A row at a time: 54 places in each firing. */
static const uint64_t scale_sim_row_cycles[] = {54 * 9 * 4, 2 * 2 * (576 + 62), 18 * 2 * (54 + 94)};

START_TEST(an_op_alone_takes_the_cycles_of_its_whole_map) {
  struct net net;
  struct hw hw = machine_without_dram(ROOMY);
  hw.array_rows = hw.array_columns = 32;
  hw.dataflow = (uint32_t)_i;
  uint32_t output = scale_sim_layer(&net);
  struct timed_cost cost = cost_of(&net, output, &hw);
  ck_assert_uint_eq(cost.cycles, scale_sim_cycles[_i]);
  ck_assert_uint_eq(cost.phase_cycles[TIMED_COMPUTE], cost.cycles);
  ck_assert_uint_eq(cost.array_busy_cycles, cost.cycles);
  ck_assert_uint_eq(cost.macs, UINT64_C(2916) * 576 * 64);
}
END_TEST

/* The lanes take one cycle for each row, the last one after the array's last. */
START_TEST(an_op_in_a_group_takes_the_cycles_of_its_rows) {
  struct net net;
  struct hw hw = machine_without_dram(ROOMY);
  hw.array_rows = hw.array_columns = 32;
  hw.lanes = 54 * 64;
  hw.dataflow = (uint32_t)_i;
  uint32_t output = net_unary(&net, scale_sim_layer(&net));
  struct timed_cost cost = cost_of(&net, output, &hw);
  ck_assert_uint_eq(cost.array_busy_cycles, 54 * scale_sim_row_cycles[_i]);
  ck_assert_uint_eq(cost.lanes_busy_cycles, 54);
  ck_assert_uint_eq(cost.cycles, 54 * scale_sim_row_cycles[_i] + 1);
}
END_TEST

/* Rows of 10 bytes: x -> t0 on the array in 10 cycles -> t1 on the lanes in 4. */
static struct timed_cost two_units(uint64_t capacity_bytes, bool in_place, uint64_t array, uint64_t lanes) {
  struct net net;
  struct hw hw = machine_without_dram(capacity_bytes);
  hw.in_place = in_place;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 3, 10);
  return cost_of(&net, slow_unary(&net, slow_conv(&net, x, 10, array), lanes), &hw);
}

/* Array 0-10, 10-20, 20-30; lanes 10-14, 20-24, 30-34. With slow lanes: array 0-4, 4-8, 14-18
 * where its third row has to wait, for the sequencer stands at the lanes' second row, which
 * starts at 14; lanes 4-14, 14-24, 24-34. */
START_TEST(array_and_lanes_overlap) {
  ck_assert_uint_eq(two_units(ROOMY, false, 10, 4).cycles, 34);
  ck_assert_uint_eq(two_units(ROOMY, true, 10, 4).cycles, 34);
  ck_assert_uint_eq(two_units(ROOMY, false, 4, 10).cycles, 34);
}
END_TEST

/* Two rows have room, and while the lanes work they hold t0 and t1: x must wait. In place they
 * hold one, so x is loaded; but t0 must wait. With three rows the next two of x are loaded, for
 * there will be room for t0 in its turn; so the second row waits until 14, but the third does
 * not, since nothing is left to load: array 0-10, 14-24, 24-34. With four nothing waits. */
START_TEST(units_do_not_overlap_where_there_is_no_room_for_both) {
  ck_assert_uint_eq(two_units(20, false, 10, 4).cycles, 42);
  ck_assert_uint_eq(two_units(20, true, 10, 4).cycles, 42);
  ck_assert_uint_eq(two_units(30, true, 10, 4).cycles, 38);
  ck_assert_uint_eq(two_units(40, true, 10, 4).cycles, 34);
}
END_TEST

/* The lanes write over a row of z while the array works on x; the sum comes after both. */
START_TEST(a_row_is_written_over_while_the_other_unit_is_at_something_else) {
  struct net net;
  const struct hw hw = machine_without_dram(ROOMY);
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 1, 10), z = net_input(&net, 1, 10);
  uint32_t a = slow_conv(&net, x, 10, 10), b = slow_unary(&net, z, 4);
  net.work = (struct op_work){.row_operations = 3};
  ck_assert_uint_eq(cost_of(&net, net_binary(&net, a, b), &hw).cycles, 10 + 3);
}
END_TEST

/* 1000 bytes are read in ceil(1000/64) = 16 cycles and written in ceil(1000/48) = 21, while
 * one is enough to compute. */
START_TEST(a_firing_takes_as_long_as_the_slower_port) {
  static const uint32_t read_ports[] = {64, 64, 30}, write_ports[] = {48, WIDE, WIDE};
  static const uint64_t cycles[] = {21, 16, 34};
  for (int i = 0; i < 3; i++) {
    struct net net;
    struct hw hw = machine_without_dram(ROOMY);
    hw.buffer_read_bytes_per_cycle = read_ports[i];
    hw.buffer_write_bytes_per_cycle = write_ports[i];
    net_begin(&net, 1);
    uint32_t x = net_input(&net, 5, 1000);
    struct timed_cost cost = cost_of(&net, slow_unary(&net, x, 1), &hw);
    ck_assert_uint_eq(cost.cycles, 5 * cycles[i]);
    ck_assert_uint_eq(cost.phase_cycles[TIMED_COMPUTE], 5);
    ck_assert_uint_eq(cost.phase_cycles[TIMED_PORT], 5 * (cycles[i] - 1));
    ck_assert_uint_eq(cost.lanes_busy_cycles, cost.cycles);
  }
}
END_TEST

/* 900 bytes of weights: with 4 rows of 50 bytes read once if the op is alone, else for each row. */
START_TEST(weights_are_read_once_where_the_map_is_computed_at_once) {
  for (int fused = 0; fused < 2; fused++) {
    struct net net;
    const struct hw hw = machine_without_dram(ROOMY);
    net_begin(&net, 1);
    uint32_t x = net_input(&net, 4, 50);
    net.weights = 900;
    uint32_t output = slow_conv(&net, x, 30, 7);
    if (fused) output = net_unary(&net, output);
    struct timed_cost cost = cost_of(&net, output, &hw);
    uint64_t loads_and_stores = 4 * 50 + 900 + 4 * 30;
    uint64_t reads = fused ? 4 * (50 + 900) + 4 * 30 : 4 * 50 + 900, writes = fused ? 8 * 30 : 4 * 30;
    ck_assert_uint_eq(cost.buffer_read_bytes + cost.buffer_write_bytes, reads + writes + loads_and_stores);
  }
}
END_TEST

/* ---- reductions ---- */

/* Five rows of 8 operations on 2 lanes; when the last is taken, a cycle to write the sums. */
START_TEST(a_reduction_on_the_lanes_works_on_each_row_that_it_takes) {
  struct net net;
  struct hw hw = machine_without_dram(ROOMY);
  hw.lanes = 2;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 5, 8);
  struct timed_cost cost = cost_of(&net, net_reduce(&net, x, 8), &hw);
  ck_assert_uint_eq(cost.cycles, 5 * 4 + 1);
  ck_assert_uint_eq(cost.vector_operations, 5 * 8);
}
END_TEST

/* It adds up three rows that it needs whole as well; reading them is not taking them. */
START_TEST(a_reduction_takes_each_row_once_although_it_reads_them_otherwise) {
  struct net net;
  const struct hw hw = machine_without_dram(ROOMY);
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 3, 8);
  const struct tensor_input inputs[] = {{x, ROW_MAP_ALL(3)}, {x, ROW_MAP_STREAMED}};
  net.work = (struct op_work){.row_operations = 5};
  net_op(&net);
  struct timed_cost cost = cost_of(&net, net_output(&net, 1, 8, false, inputs, 2), &hw);
  ck_assert_uint_eq(cost.vector_operations, 3 * 5);
  ck_assert_uint_eq(cost.cycles, 3 * 5 + 1);
}
END_TEST

/* A classifier of 10 classes over 7 rows of 9 elements: ceil(10/4) * ceil(63/4) = 48 cycles on an
 * array of 4 x 4, whatever the rows; and one to write them. */
START_TEST(a_reduction_on_the_array_takes_what_the_whole_product_takes) {
  struct net net;
  struct hw hw = machine_without_dram(ROOMY);
  hw.array_rows = hw.array_columns = 4;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 7, 9);
  net.work = (struct op_work){.filters = 10, .channels = 63, .groups = 1, .taps = 1, .row_pixels = 1};
  net.weights = 630;
  struct timed_cost cost = cost_of(&net, net_reduce(&net, x, 10), &hw);
  ck_assert_uint_eq(cost.cycles, 48 + 1);
  ck_assert_uint_eq(cost.macs, 630);
  ck_assert_uint_eq(cost.dram_read_bytes, 63 + 630);
}
END_TEST

/* ---- DRAM alone ---- */

/* What the channel needs for the rows of one op with one row in and one out: requests end at
 * pages; with a queue of one each starts when the one before has ended. Times in picoseconds. */
struct by_hand {
  struct dram *channels[2];
  uint64_t cycle_ps, clock_ps, page, ends[2];
  uint32_t channel_count;
};

static uint64_t divide_up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

static uint64_t transfer_by_hand(struct by_hand *hand, bool write, uint64_t address, uint64_t bytes, uint64_t cycle,
                                 bool one_by_one) {
  uint64_t last = cycle;
  for (uint64_t moved = 0; bytes > 0; address += moved, bytes -= moved) {
    uint64_t page = address / hand->page, left = hand->page - address % hand->page;
    uint64_t within = page / hand->channel_count * hand->page + address % hand->page;
    uint64_t queued = one_by_one ? last : cycle;
    moved = bytes < left ? bytes : left;
    uint64_t clock = dram_transfer(hand->channels[page % hand->channel_count], write, within, moved,
                                   divide_up(queued * hand->cycle_ps, hand->clock_ps));
    uint64_t end = divide_up(clock * hand->clock_ps, hand->cycle_ps);
    if (end > last) last = end;
  }
  return last;
}

static uint64_t cycles_by_hand(const struct hw *hw, uint64_t in, uint64_t out, uint64_t out_address) {
  const struct dram_standard *standard = dram_standard_find(hw->dram_standard);
  struct error err = ERROR_INIT;
  struct by_hand hand = {.cycle_ps = (uint64_t)(1e6 / hw->clock_mhz), .clock_ps = standard->clock_ps,
                         .page = standard->row_bytes, .channel_count = hw->dram_channels};
  for (uint32_t c = 0; c < hand.channel_count; c++) {
    ck_assert_int_eq(dram_create(&hand.channels[c], standard, dram_mapping_default(standard), &err), 0);
  }
  uint64_t loaded = transfer_by_hand(&hand, false, 0, in, 0, hw->dma_read_queue == 1);
  uint64_t stored = transfer_by_hand(&hand, true, out_address, out, loaded, hw->dma_write_queue == 1);
  for (uint32_t c = 0; c < hand.channel_count; c++) dram_free(hand.channels[c]);
  return stored;
}

START_TEST(with_nothing_to_compute_time_is_that_of_the_channels) {
  static const double clocks[] = {1600, 1000, 500};
  static const char *const standards[] = {"LPDDR4-3200", "DDR4-2400", "HBM2"};
  for (uint32_t i = 0; i < 36; i++) {
    struct net net;
    struct hw hw = machine(ROOMY);
    hw.compute_unlimited = true;
    hw.clock_mhz = clocks[i % 3];
    hw.dram_channels = 1 + i / 3 % 2;
    hw.dma_read_queue = hw.dma_write_queue = i / 6 % 2 == 0 ? 1 : 16;
    snprintf(hw.dram_standard, sizeof hw.dram_standard, "%s", standards[i / 12]);
    net_begin(&net, 1);
    uint32_t x = net_input(&net, 1, 30000);
    struct timed_cost cost = cost_of(&net, net_reduce(&net, x, 20000), &hw);
    /* 30000 bytes and what is missing to a multiple of 64 lie before the output */
    ck_assert_uint_eq(cost.cycles, cycles_by_hand(&hw, 30000, 20000, 30016));
    ck_assert_uint_eq(cost.phase_cycles[TIMED_DRAM], cost.cycles);
    ck_assert_uint_eq(cost.dram_read_bytes, 30000);
    ck_assert_uint_eq(cost.dram_write_bytes, 20000);
  }
}
END_TEST

/* Of a queue of 16, reads come first until 12 writes wait; then writes do until 4 are left. All 64
 * rows have room, so there are reads at any time before the last. */
START_TEST(writes_are_served_in_batches_while_there_are_reads) {
  struct net net;
  struct rig rig;
  const struct hw hw = machine(ROOMY);
  uint32_t reads = 0, writes = 0, batches = 0;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 64, 64);
  rig_open(&rig, &net, slow_conv(&net, x, 64, 1), &hw);
  rig_run(&rig, 0);
  for (size_t i = 0; i < rig.recording.span_count && reads < 64; i++) {
    const struct timed_span *span = &rig.recording.spans[i];
    if (span->track != TIMED_TRACK_CHANNEL) continue;
    ck_assert(span->write || writes == 0 || writes >= 8);
    batches += !span->write && writes > 0;
    writes = span->write ? writes + 1 : 0;
    reads += !span->write;
  }
  ck_assert_uint_ge(batches, 2);
  rig_close(&rig);
}
END_TEST

/* One row each way: first in, then 777 cycles, then out. */
START_TEST(load_work_and_store_follow_one_another_where_nothing_lies_ahead) {
  struct net net;
  struct hw hw = machine(ROOMY), dram = hw;
  dram.compute_unlimited = true;
  dram.dram_channels = hw.dram_channels = 1;
  net_begin(&net, 1);
  struct timed_cost cost = cost_of(&net, slow_conv(&net, net_input(&net, 1, 3000), 2000, 777), &hw);
  ck_assert_uint_eq(cost.phase_cycles[TIMED_COMPUTE], 777);
  ck_assert_uint_eq(cost.phase_cycles[TIMED_DRAM], cost.cycles - 777);
  ck_assert_uint_eq(cost.dram_busy_cycles, cost.cycles - 777);
  /* The row is open when the store comes, and the bus has been turned round: no more than without the wait. */
  net_begin(&net, 1);
  uint64_t without = cost_of(&net, slow_conv(&net, net_input(&net, 1, 3000), 2000, 777), &dram).cycles;
  ck_assert_uint_le(cost.cycles, without + 777);
  ck_assert_uint_ge(cost.cycles, without + 777 - 100);
}
END_TEST

/* ---- running ahead ---- */

/* Eight rows of 1000 bytes through an op that works on each for a while; not in place. */
static void open_copy(struct rig *rig, uint64_t capacity_bytes) {
  struct net net;
  struct hw hw = machine(capacity_bytes);
  hw.in_place = false;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 8, 1000);
  rig_open(rig, &net, slow_unary(&net, x, 100), &hw);
  rig_run(rig, 0);
}

/* The largest number of input rows at once. */
static uint32_t most_rows_loaded(const struct rig *rig) {
  const struct trace *trace = &rig->recording.trace;
  uint32_t rows = 0, most = 0;
  for (size_t i = 0; i < trace->event_count; i++) {
    bool input = trace->events[i].tensor == 0;
    if (input && trace->events[i].kind == TRACE_LOAD && ++rows > most) most = rows;
    if (input && trace->events[i].kind == TRACE_FREE) rows--;
  }
  return most;
}

START_TEST(as_many_rows_are_loaded_ahead_as_have_room) {
  uint64_t last_cycles = UINT64_MAX;
  for (uint32_t rows = 1; rows <= 4; rows++) {
    struct rig rig;
    open_copy(&rig, 1000 * (rows + 1));
    ck_assert_uint_eq(most_rows_loaded(&rig), rows);
    ck_assert_uint_eq(rig.cost.peak_occupied_bytes, 1000 * (rows + 1));
    ck_assert_uint_le(rig.cost.cycles, last_cycles);
    if (rows == 2) ck_assert_uint_lt(rig.cost.cycles, last_cycles);
    last_cycles = rig.cost.cycles;
    rig_close(&rig);
  }
}
END_TEST

START_TEST(a_stored_row_keeps_its_room_until_dram_has_it) {
  struct rig rig;
  open_copy(&rig, 2000);
  const struct trace *trace = &rig.recording.trace;
  uint32_t stored = 0;
  for (size_t i = 0; i + 1 < trace->event_count; i++) {
    if (trace->events[i].kind != TRACE_STORE) continue;
    const struct timed_span *span = nth_span(&rig, TIMED_TRACK_WRITE, stored++);
    ck_assert_uint_eq(trace->events[i].step, span->end_cycle);
    ck_assert_int_eq(trace->events[i + 1].kind, TRACE_FREE);
    ck_assert_uint_eq(trace->events[i + 1].row, trace->events[i].row);
    ck_assert_uint_eq(trace->events[i + 1].step, span->end_cycle);
  }
  ck_assert_uint_eq(stored, 8);
  ck_assert_uint_gt(rig.cost.phase_cycles[TIMED_ROOM], 0); /* the next row waits for that room */
  rig_close(&rig);
}
END_TEST

/* The second row has no room while the first one is on its way; but it is DRAM that the op waits
 * for. Two of the one-byte rows that it stores have room. */
START_TEST(waiting_for_a_row_that_is_under_way_is_waiting_for_dram) {
  struct net net;
  const struct hw hw = machine(5002);
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 4, 5000);
  struct timed_cost cost = cost_of(&net, slow_conv(&net, x, 1, 1), &hw);
  ck_assert_uint_eq(cost.phase_cycles[TIMED_ROOM], 0);
  ck_assert_uint_eq(cost.phase_cycles[TIMED_COMPUTE], 4);
}
END_TEST

/* The group requires two rows of 1000 bytes and the buffer has 1500: it runs as if it had them. */
START_TEST(a_group_that_overflows_runs_as_if_it_fitted) {
  struct rig tight, fitting;
  open_copy(&tight, 1500);
  open_copy(&fitting, 2000);
  ck_assert_uint_eq(tight.cost.cycles, fitting.cost.cycles);
  ck_assert_uint_eq(tight.cost.peak_occupied_bytes, 2000);
  rig_close(&tight);
  rig_close(&fitting);
}
END_TEST

/* ---- streamed weights ---- */

enum { STREAM_ROWS = 4, STREAM_CHANNELS = 8, STREAM_WEIGHTS = 8000 };

/* Rows of 100 bytes, 8 sub-groups of 1000 bytes of weights; with two of them in the buffer a
 * stripe of h rows needs 2000 + h * (100 + 64) bytes. */
static void open_streamed(struct rig *rig, uint64_t capacity_bytes, uint64_t row_pixels, uint32_t stripes) {
  struct net net;
  struct hw hw = machine(capacity_bytes);
  struct group_cost expected;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  net_begin(&net, 1);
  uint32_t x = net_input(&net, STREAM_ROWS, 100);
  net.weights = STREAM_WEIGHTS;
  net.channels = STREAM_CHANNELS;
  net.work = (struct op_work){
      .filters = STREAM_CHANNELS, .channels = 1, .groups = 1, .taps = 1, .row_pixels = row_pixels};
  rig_open(rig, &net, net_conv(&net, x, 64, POINT), &hw);
  group_of_all(rig->fixture.graph, group);
  ck_assert_int_eq(sim_cost_streamed(rig->fixture.sim, group, capacity_bytes, &expected), 0);
  ck_assert_uint_eq(expected.stripes, stripes);
  rig_run(rig, stripes);
}

/* A sub-group takes row_pixels * rows cycles on the array of 1 x 1, far longer than the next one
 * takes to load: the array never waits for it. */
START_TEST(a_sub_group_of_weights_loads_while_the_one_before_is_used) {
  struct rig rig;
  open_streamed(&rig, 2000 + 4 * 164, 10000, 1);
  ck_assert_uint_eq(rig.cost.array_busy_cycles, STREAM_CHANNELS * 4 * 10000);
  for (uint32_t i = 1; i < STREAM_CHANNELS; i++) {
    ck_assert_uint_eq(nth_span(&rig, TIMED_TRACK_ARRAY, i)->start_cycle,
                      nth_span(&rig, TIMED_TRACK_ARRAY, i - 1)->end_cycle);
  }
  ck_assert_uint_eq(rig.cost.peak_occupied_bytes, 2000 + 4 * 164);
  ck_assert_uint_eq(rig.cost.dram_read_bytes, 4 * 100 + STREAM_WEIGHTS);
  rig_close(&rig);
}
END_TEST

/* In stripes of two rows the weights come twice. */
START_TEST(each_stripe_fetches_the_weights) {
  struct rig rig;
  open_streamed(&rig, 2000 + 2 * 164, 10, 2);
  ck_assert_uint_eq(rig.cost.dram_read_bytes, 4 * 100 + 2 * STREAM_WEIGHTS);
  ck_assert_uint_eq(rig.cost.dram_write_bytes, 4 * 64);
  ck_assert_uint_eq(rig.cost.array_busy_cycles, STREAM_CHANNELS * 4 * 10);
  ck_assert_uint_eq(nth_span(&rig, TIMED_TRACK_ARRAY, 2 * STREAM_CHANNELS - 1)->row, 2);
  rig_close(&rig);
}
END_TEST

/* Output stationary on 2 x 4: places in folds of 2, filters in 2 folds of 4, each fold
 * 1 + 2 + 4 - 2 = 5 cycles. Of 3 places a row: 12 in one stripe are 6 folds, 6 in two are 3 each,
 * 3 in four are 2 each. */
START_TEST(a_stripe_is_computed_at_once) {
  static const uint32_t stripes[] = {1, 2, 4};
  static const uint64_t cycles[] = {6 * 2 * 5, 2 * 3 * 2 * 5, 4 * 2 * 2 * 5};
  for (int i = 0; i < 3; i++) {
    struct net net;
    struct rig rig;
    struct hw hw = machine_without_dram(ROOMY);
    hw.dataflow = 1;
    hw.array_rows = 2;
    hw.array_columns = 4;
    net_begin(&net, 1);
    net.weights = net.channels = STREAM_CHANNELS;
    net.work = (struct op_work){.filters = STREAM_CHANNELS, .channels = 1, .groups = 1, .taps = 1, .row_pixels = 3};
    rig_open(&rig, &net, net_conv(&net, net_input(&net, STREAM_ROWS, 3), 24, POINT), &hw);
    rig_run(&rig, stripes[i]);
    ck_assert_uint_eq(rig.cost.cycles, cycles[i]);
    rig_close(&rig);
  }
}
END_TEST

/* 4 sub-groups pass while 6 rows are taken: 12 parts, of which a row has two and a sub-group
 * three, fall into 8 pieces of work. 6 * 5 operations on one lane, and a cycle to write the row. */
START_TEST(a_streamed_reduction_works_on_every_row_with_its_part_of_the_weights) {
  struct net net;
  struct rig rig;
  const struct hw hw = machine_without_dram(ROOMY);
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 6, 5);
  net.weights = 400;
  net.channels = 4;
  rig_open(&rig, &net, net_reduce(&net, x, 7), &hw);
  rig_run(&rig, 1);
  ck_assert_uint_eq(rig.cost.vector_operations, 6 * 5);
  ck_assert_uint_eq(rig.cost.cycles, 6 * 5 + 1);
  ck_assert_uint_eq(rig.cost.dram_read_bytes, 6 * 5 + 400);
  ck_assert_uint_eq(nth_span(&rig, TIMED_TRACK_LANES, 8)->tensor, 1);
  for (uint32_t i = 0; i < 8; i++) ck_assert_uint_eq(nth_span(&rig, TIMED_TRACK_LANES, i)->tensor, 0);
  rig_close(&rig);
}
END_TEST

/* ---- batches, energy, errors ---- */

START_TEST(further_images_of_a_batch_find_the_weights) {
  uint64_t cycles[4];
  for (uint64_t batch = 1; batch < 4; batch++) {
    struct net net;
    const struct hw hw = machine(ROOMY);
    net_begin(&net, batch);
    net.weights = 5000;
    uint32_t x = net_input(&net, 3, 200);
    struct timed_cost cost = cost_of(&net, slow_conv(&net, x, 100, 20), &hw);
    cycles[batch] = cost.cycles;
    ck_assert_uint_eq(cost.dram_read_bytes, 5000 + batch * 600);
    ck_assert_uint_eq(cost.dram_write_bytes, batch * 300);
    ck_assert_uint_eq(cost.macs, batch * 60);
  }
  ck_assert_uint_eq(cycles[3] - cycles[2], cycles[2] - cycles[1]);
  ck_assert_uint_lt(cycles[2] - cycles[1], cycles[1]);
}
END_TEST

/* 2 rows of 5 bytes in and 3 out, 4 products and no weights: the buffer is read and written by
 * the array and by the DMA. 8 cycles at 2 MHz are 4 us of 1 mW: 4000 pJ. */
START_TEST(energy_is_the_counts_times_the_table) {
  struct net net;
  struct hw hw = machine_without_dram(ROOMY);
  hw.clock_mhz = 2;
  hw.mac_pj = 1000;
  hw.vector_op_pj = 1;
  hw.buffer_read_pj_per_byte = 10;
  hw.buffer_write_pj_per_byte = 100;
  hw.dram_read_pj_per_byte = 3;
  hw.dram_write_pj_per_byte = 7;
  hw.static_mw = 1;
  net_begin(&net, 1);
  struct timed_cost cost = cost_of(&net, slow_conv(&net, net_input(&net, 2, 5), 3, 4), &hw);
  ck_assert_double_eq_tol(cost.energy_pj[TIMED_MAC], 8 * 1000, 1e-6);
  ck_assert_double_eq_tol(cost.energy_pj[TIMED_VECTOR], 0, 1e-6);
  ck_assert_double_eq_tol(cost.energy_pj[TIMED_BUFFER], (10 + 6) * 10 + (6 + 10) * 100, 1e-6);
  ck_assert_double_eq_tol(cost.energy_pj[TIMED_DRAM_ENERGY], 10 * 3 + 6 * 7, 1e-6);
  ck_assert_double_eq_tol(cost.energy_pj[TIMED_STATIC], 4000, 1e-6);
  ck_assert_double_eq_tol(timed_total_pj(&cost), 8000 + 1760 + 72 + 4000, 1e-6);
}
END_TEST

/* Dimensions that nobody means: the cycles of the map do not fit 64 bits, and neither does anything
 * after it. */
START_TEST(counts_that_do_not_fit_stay_at_the_largest_number) {
  for (uint64_t batch = 1; batch < 4; batch += 2) {
    struct net net;
    struct rig rig;
    const struct hw hw = machine(ROOMY);
    net_begin(&net, batch);
    uint32_t x = net_input(&net, 4, 10);
    rig_open(&rig, &net, slow_unary(&net, slow_conv(&net, x, 10, UINT64_MAX / 2), UINT64_MAX / 3), &hw);
    uint64_t group[GRAPH_MAX_SET_WORDS];
    group_of_all(rig.fixture.graph, group);
    recording_open(&rig.recording, &rig.fixture.model);
    ck_assert_int_eq(timed_run(rig.timed, group, NULL, NULL, &rig.cost), 0);
    ck_assert_uint_eq(rig.cost.cycles, UINT64_MAX);
    ck_assert_uint_eq(rig.cost.array_busy_cycles, UINT64_MAX);
    ck_assert_uint_eq(rig.cost.macs, UINT64_MAX);
    rig_close(&rig);
  }
}
END_TEST

START_TEST(a_schedule_of_more_steps_than_are_timed_is_refused) {
  struct net net;
  struct rig rig;
  const struct hw hw = machine(ROOMY);
  uint64_t group[GRAPH_MAX_SET_WORDS];
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 1 << 21, 1);
  rig_open(&rig, &net, net_unary(&net, net_unary(&net, net_unary(&net, x))), &hw);
  recording_open(&rig.recording, &rig.fixture.model);
  group_of_all(rig.fixture.graph, group);
  ck_assert_int_ne(timed_run(rig.timed, group, NULL, NULL, &rig.cost), 0);
  ck_assert(timed_was_too_long(rig.timed));
  rig_close(&rig);
}
END_TEST

static void check_unknown(const char *key, const char *text, const char *expected) {
  struct net net;
  struct sim_fixture fixture;
  struct timed *timed = NULL;
  struct error err = ERROR_INIT;
  struct hw hw = machine(ROOMY);
  ck_assert_int_eq(hw_set(&hw, key, text, &err), 0);
  net_begin(&net, 1);
  net_mark(&net, net_unary(&net, net_input(&net, 2, 2)));
  sim_fixture_open(&fixture, net_end(&net), &hw);
  ck_assert_int_ne(timed_create(&timed, &fixture.model, &err), 0);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_msg(strstr(err.message, expected) != NULL && strstr(err.message, text) != NULL, "%s", err.message);
  sim_fixture_close(&fixture);
}

START_TEST(a_standard_or_mapping_that_does_not_exist_is_an_error) {
  check_unknown("dram.standard", "SDR-133", "unknown DRAM standard");
  check_unknown("dram.mapping", "m7", "expected m0 or m1");
}
END_TEST

/* ---- the event queue ---- */

START_TEST(events_come_by_time_then_priority_then_in_their_order) {
  static const struct { uint64_t time; uint32_t priority; } put[] = {
      {7, 1}, {3, 1}, {3, 0}, {9, 0}, {3, 1}, {7, 0}, {3, 0}, {0, 5}, {UINT64_MAX, 0}, {3, 1}};
  static const uint32_t order[] = {7, 2, 6, 1, 4, 9, 5, 0, 3, 8};
  struct event_queue queue;
  struct event event;
  ck_assert_int_eq(event_queue_create(&queue, 10), 0);
  for (int round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < 10; i++) event_queue_put(&queue, put[i].time, put[i].priority, i);
    for (uint32_t i = 0; i < 10; i++) {
      ck_assert(event_queue_take(&queue, &event));
      ck_assert_uint_eq(event.what, order[i]);
      ck_assert_uint_eq(event.time, put[order[i]].time);
    }
    ck_assert(!event_queue_take(&queue, &event));
  }
  event_queue_put(&queue, 1, 0, 0);
  event_queue_clear(&queue);
  ck_assert(!event_queue_take(&queue, &event));
  event_queue_free(&queue);
}
END_TEST

Suite *timed_suite(void) {
  Suite *suite = suite_create("timed");
  TCase *computing = tcase_create("computing");
  tcase_add_loop_test(computing, an_op_alone_takes_the_cycles_of_its_whole_map, 0, 3);
  tcase_add_loop_test(computing, an_op_in_a_group_takes_the_cycles_of_its_rows, 0, 3);
  tcase_add_test(computing, array_and_lanes_overlap);
  tcase_add_test(computing, units_do_not_overlap_where_there_is_no_room_for_both);
  tcase_add_test(computing, a_row_is_written_over_while_the_other_unit_is_at_something_else);
  tcase_add_test(computing, a_firing_takes_as_long_as_the_slower_port);
  tcase_add_test(computing, weights_are_read_once_where_the_map_is_computed_at_once);
  tcase_add_test(computing, a_reduction_on_the_lanes_works_on_each_row_that_it_takes);
  tcase_add_test(computing, a_reduction_takes_each_row_once_although_it_reads_them_otherwise);
  tcase_add_test(computing, a_reduction_on_the_array_takes_what_the_whole_product_takes);
  suite_add_tcase(suite, computing);
  TCase *moving = tcase_create("moving");
  tcase_add_test(moving, with_nothing_to_compute_time_is_that_of_the_channels);
  tcase_add_test(moving, writes_are_served_in_batches_while_there_are_reads);
  tcase_add_test(moving, load_work_and_store_follow_one_another_where_nothing_lies_ahead);
  tcase_add_test(moving, as_many_rows_are_loaded_ahead_as_have_room);
  tcase_add_test(moving, a_stored_row_keeps_its_room_until_dram_has_it);
  tcase_add_test(moving, waiting_for_a_row_that_is_under_way_is_waiting_for_dram);
  tcase_add_test(moving, a_group_that_overflows_runs_as_if_it_fitted);
  suite_add_tcase(suite, moving);
  TCase *streamed = tcase_create("streamed");
  tcase_add_test(streamed, a_sub_group_of_weights_loads_while_the_one_before_is_used);
  tcase_add_test(streamed, each_stripe_fetches_the_weights);
  tcase_add_test(streamed, a_stripe_is_computed_at_once);
  tcase_add_test(streamed, a_streamed_reduction_works_on_every_row_with_its_part_of_the_weights);
  suite_add_tcase(suite, streamed);
  TCase *sums = tcase_create("sums");
  tcase_add_test(sums, further_images_of_a_batch_find_the_weights);
  tcase_add_test(sums, energy_is_the_counts_times_the_table);
  tcase_add_test(sums, counts_that_do_not_fit_stay_at_the_largest_number);
  tcase_add_test(sums, a_standard_or_mapping_that_does_not_exist_is_an_error);
  tcase_add_test(sums, events_come_by_time_then_priority_then_in_their_order);
  suite_add_tcase(suite, sums);
  TCase *limits = tcase_create("limits");
  tcase_set_timeout(limits, 120); /* millions of steps */
  tcase_add_test(limits, a_schedule_of_more_steps_than_are_timed_is_refused);
  suite_add_tcase(suite, limits);
  return suite;
}
