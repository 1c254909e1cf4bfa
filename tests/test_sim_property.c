/* What must hold of every group, on thousands of random networks: the simulator against the
 * reference, the walk that skips against the one that does not, the trace against both. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build_graph.h"
#include "get/attribution.h"
#include "random_net.h"
#include "reference.h"
#include "sim/trace.h"
#include "sim/walk.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "trace_replay.h"
#include "util/bitset.h"

enum { SEED = 20240607 };

static void check_same_cost(const struct sim_subject *subject, const struct group_cost *a, const struct group_cost *b,
                            const char *what) {
  ck_assert_msg(a->required_bytes == b->required_bytes, "network %u: %s requires %" PRIu64 " and %" PRIu64,
                subject->number, what, a->required_bytes, b->required_bytes);
  ck_assert_msg(a->dram_in_bytes == b->dram_in_bytes && a->dram_out_bytes == b->dram_out_bytes &&
                    a->weight_bytes == b->weight_bytes && a->stripes == b->stripes,
                "network %u: %s moves other bytes", subject->number, what);
}

static struct group_cost reference_cost(const struct reference *reference) {
  return (struct group_cost){.required_bytes = reference->required_bytes,
                             .dram_in_bytes = reference->dram_in_bytes,
                             .dram_out_bytes = reference->dram_out_bytes,
                             .weight_bytes = reference->weight_bytes};
}

static void check_against_reference(const struct sim_subject *subject) {
  struct group_cost cost, plain;
  struct reference reference;
  ck_assert_int_eq(sim_cost(subject->fixture.sim, subject->group, &cost), 0);
  ck_assert_int_eq(sim_cost_plain(subject->fixture.sim, subject->group, &plain), 0);
  reference_run(&reference, subject->fixture.graph, &subject->fixture.model.hw, subject->group);
  ck_assert_msg(reference.fault[0] == '\0', "network %u: %s", subject->number, reference.fault);
  const struct group_cost expected = reference_cost(&reference);
  check_same_cost(subject, &plain, &expected, "the plain walk");
  check_same_cost(subject, &cost, &expected, "the walk");
  reference_free(&reference);
}

/* ---- costs ---- */

enum { SMALL_NETS = 6000, MIDDLE_NETS = 2500, TALL_NETS = 700, SMOOTH_NETS = 700 };

static const struct random_net_options small_nets = {.most_ops = 10, .most_rows = 14, .smooth = false};

START_TEST(the_walk_agrees_with_the_reference_on_small_networks) {
  for (uint32_t i = 0; i < SMALL_NETS; i++) {
    struct sim_subject subject;
    sim_subject_open(&subject, SEED, 1, i, &small_nets);
    check_against_reference(&subject);
    sim_subject_close(&subject);
  }
}
END_TEST

/* Of walks that are worth it. */
struct skips {
  uint32_t long_walks, skipping;
  uint32_t several_outputs, several_outputs_skipping;
  uint64_t firings, plain_firings;
};

enum { LONG_FIRINGS = 400 };

static void count_skips(struct skips *skips, const struct walk *walk, uint64_t firings, uint64_t plain_firings) {
  if (plain_firings < LONG_FIRINGS) return;
  bool skipping = 2 * firings < plain_firings;
  skips->long_walks++;
  skips->skipping += skipping;
  skips->several_outputs += walk->output_count > 1;
  skips->several_outputs_skipping += skipping && walk->output_count > 1;
  skips->firings += firings;
  skips->plain_firings += plain_firings;
}

/* The plain walk against the one that skips. */
static void check_skipping(struct skips *skips, struct walk *walk, const struct sim_subject *subject) {
  ck_assert_int_eq(walk_prepare(walk, subject->group), 0);
  walk_run(walk);
  uint64_t peak = walk->peak_bytes, firings = walk->firings;
  walk_rewind(walk);
  walk->skip_steady = false;
  walk_run(walk);
  ck_assert_msg(walk->peak_bytes == peak, "network %u: %" PRIu64 " by skipping, %" PRIu64 " without",
                subject->number, peak, walk->peak_bytes);
  ck_assert_uint_eq(walk->skipped_periods, 0);
  count_skips(skips, walk, firings, walk->firings);
}

static void check_skipping_nets(struct skips *skips, uint32_t stream, uint32_t count,
                                const struct random_net_options *options) {
  struct error err = ERROR_INIT;
  *skips = (struct skips){0};
  for (uint32_t i = 0; i < count; i++) {
    struct sim_subject subject;
    struct walk walk;
    sim_subject_open(&subject, SEED, stream, i, options);
    ck_assert_int_eq(walk_create(&walk, &subject.fixture.model, &err), 0);
    check_skipping(skips, &walk, &subject);
    walk_free(&walk);
    sim_subject_close(&subject);
  }
}

START_TEST(skipping_steady_state_changes_nothing_on_tall_networks) {
  const struct random_net_options tall = {.most_ops = 8, .most_rows = 400, .smooth = false};
  struct skips skips;
  check_skipping_nets(&skips, 2, TALL_NETS, &tall);
  ck_assert_uint_gt(skips.skipping * 3, skips.long_walks);
  ck_assert_uint_gt(skips.several_outputs_skipping * 3, skips.several_outputs);
}
END_TEST

/* Heights at which outputs drift past one another and the borders are never far. */
START_TEST(skipping_steady_state_changes_nothing_at_middle_heights) {
  const struct random_net_options middle = {.most_ops = 8, .most_rows = 30, .smooth = false};
  const struct random_net_options smooth = {.most_ops = 7, .most_rows = 30, .smooth = true};
  struct skips skips;
  check_skipping_nets(&skips, 10, MIDDLE_NETS, &middle);
  check_skipping_nets(&skips, 11, MIDDLE_NETS, &smooth);
}
END_TEST

/* A pooling by eight after a conv, and a conv after it: each target calls for a loop of rows,
 * which may not hide that the targets repeat. */
static uint64_t pooled_firings(uint32_t rows) {
  const struct hw hw = support_hw(UINT64_C(1) << 20);
  const struct net_window same = {3, 1, 1, 1}, eighth = {8, 8, 0, 1};
  struct net net;
  struct sim_model model;
  struct walk walk;
  struct error err = ERROR_INIT;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  net_begin(&net, 1);
  uint32_t input = net_input(&net, rows, 4);
  net_mark(&net, net_conv(&net, net_conv(&net, net_conv(&net, input, 3, same), 2, eighth), 1, same));
  struct graph *graph = net_end(&net);
  ck_assert_int_eq(sim_model_create(&model, graph, &hw, &err), 0);
  ck_assert_int_eq(walk_create(&walk, &model, &err), 0);
  group_of_all(graph, group);
  ck_assert_int_eq(walk_prepare(&walk, group), 0);
  walk_run(&walk);
  uint64_t firings = walk.firings;
  walk_free(&walk);
  sim_model_free(&model);
  graph_free(graph);
  return firings;
}

START_TEST(targets_repeat_although_each_calls_for_a_loop_of_rows) {
  ck_assert_uint_eq(pooled_firings(800), pooled_firings(6400));
}
END_TEST

START_TEST(nearly_all_walks_of_usual_networks_skip_nearly_all_rows) {
  const struct random_net_options smooth = {.most_ops = 10, .most_rows = 1000, .smooth = true};
  struct skips skips;
  check_skipping_nets(&skips, 3, SMOOTH_NETS, &smooth);
  ck_assert_uint_gt(skips.long_walks, SMOOTH_NETS / 3);
  ck_assert_uint_gt(skips.several_outputs, SMOOTH_NETS / 10);
  ck_assert_uint_ge(skips.skipping * 100, skips.long_walks * 95);
  ck_assert_uint_ge(skips.several_outputs_skipping * 100, skips.several_outputs * 95);
  ck_assert_uint_lt(skips.firings * 20, skips.plain_firings);
}
END_TEST

/* ---- traces ---- */

enum { TRACED_NETS = 2500 };

static void trace_subject(struct trace *trace, struct sim_subject *subject, uint64_t capacity_bytes) {
  struct error err = ERROR_INIT;
  ck_assert_int_eq(trace_create(trace, subject->fixture.graph, capacity_bytes, &err), 0);
  const struct trace_sink sink = {trace_append, trace};
  ck_assert_int_eq(sim_trace(subject->fixture.sim, subject->group, capacity_bytes, &sink), 0);
}

/* Some capacity around what the group requires. */
static uint64_t some_capacity(struct sim_subject *subject, uint64_t required_bytes) {
  return 1 + rng_below(&subject->rng, (uint32_t)(required_bytes + required_bytes / 4 + 1));
}

/* Rows come in the very order of the reference, hence each needed one exactly once. */
static void check_order(const struct trace *trace, const struct reference *reference) {
  size_t n = 0;
  for (size_t i = 0; i < trace->event_count; i++) {
    const struct trace_event *event = &trace->events[i];
    if (event->kind != TRACE_LOAD && event->kind != TRACE_ALLOC) continue;
    ck_assert_uint_lt(n, reference->acquired_count);
    ck_assert_uint_eq(event->tensor, reference->acquired[n].tensor);
    ck_assert_uint_eq(event->row, reference->acquired[n].row);
    n++;
  }
  ck_assert_uint_eq(n, reference->acquired_count);
}

START_TEST(a_trace_keeps_every_rule_and_sums_to_the_cost) {
  uint32_t overflowing = 0;
  for (uint32_t i = 0; i < TRACED_NETS; i++) {
    struct sim_subject subject;
    struct group_cost cost;
    struct trace trace;
    struct replay replay;
    struct reference reference;
    sim_subject_open(&subject, SEED, 4, i, &small_nets);
    uint64_t batch = subject.fixture.graph->batch;
    ck_assert_int_eq(sim_cost(subject.fixture.sim, subject.group, &cost), 0);
    trace_subject(&trace, &subject, some_capacity(&subject, cost.required_bytes));
    replay_trace(&replay, subject.fixture.graph, subject.group, &trace);
    ck_assert_uint_eq(replay.peak_bytes, cost.required_bytes);
    ck_assert_uint_eq(replay.load_bytes * batch, cost.dram_in_bytes);
    ck_assert_uint_eq(replay.store_bytes * batch, cost.dram_out_bytes);
    ck_assert_uint_eq(replay.weight_bytes, cost.weight_bytes);
    ck_assert_int_eq(replay.overflows > 0, cost.required_bytes > trace.capacity_bytes);
    overflowing += replay.overflows > 0;
    reference_run(&reference, subject.fixture.graph, &subject.fixture.model.hw, subject.group);
    check_order(&trace, &reference);
    reference_free(&reference);
    trace_free(&trace);
    sim_subject_close(&subject);
  }
  ck_assert_uint_gt(overflowing, TRACED_NETS / 2);
}
END_TEST

/* ---- shares at the peak ---- */

static uint64_t sum(const uint64_t *items, size_t count) {
  uint64_t total = 0;
  for (size_t i = 0; i < count; i++) total += items[i];
  return total;
}

static void check_shares(const struct sim_subject *subject, const char *what, const uint64_t *weights,
                         const uint64_t *rows, const struct reference *reference) {
  for (uint32_t v = 0; v < subject->fixture.graph->op_count; v++) {
    ck_assert_msg(weights[v] == reference->weight_share[v], "network %u, op %u: weights by %s", subject->number, v,
                  what);
    ck_assert_msg(rows[v] == reference->row_share[v],
                  "network %u, op %u: %" PRIu64 " bytes of rows by %s, expected %" PRIu64, subject->number, v,
                  rows[v], what, reference->row_share[v]);
  }
}

static void check_peak(struct sim_subject *subject, const struct reference *reference) {
  uint64_t weights[64], rows[64];
  struct sim_peak peak = {.weight_bytes = weights, .row_bytes = rows};
  struct group_cost cost;
  uint32_t ops = subject->fixture.graph->op_count;
  ck_assert_uint_le(ops, 64);
  ck_assert_int_eq(sim_find_peak(subject->fixture.sim, subject->group, &cost, &peak), 0);
  ck_assert_uint_eq(peak.occupied_bytes, cost.required_bytes);
  ck_assert_uint_eq(sum(weights, ops) + sum(rows, ops), cost.required_bytes);
  check_shares(subject, "the peak", weights, rows, reference);
}

static void check_attribution(struct sim_subject *subject, const struct reference *reference) {
  struct error err = ERROR_INIT;
  struct trace trace;
  struct attribution attribution;
  trace_subject(&trace, subject, 1);
  int status = attribution_create(&attribution, &trace, ATTRIBUTION_PEAK, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  ck_assert_uint_eq(attribution.occupied_bytes, reference->required_bytes);
  check_shares(subject, "the trace", attribution.weight_bytes, attribution.row_bytes, reference);
  attribution_free(&attribution);
  trace_free(&trace);
}

static void check_all_shares(uint32_t stream, uint32_t count, const struct random_net_options *options) {
  for (uint32_t i = 0; i < count; i++) {
    struct sim_subject subject;
    struct reference reference;
    sim_subject_open(&subject, SEED, stream, i, options);
    reference_run(&reference, subject.fixture.graph, &subject.fixture.model.hw, subject.group);
    check_peak(&subject, &reference);
    check_attribution(&subject, &reference);
    reference_free(&reference);
    sim_subject_close(&subject);
  }
}

START_TEST(the_shares_at_the_peak_are_those_of_the_reference_and_of_the_trace) {
  check_all_shares(5, TRACED_NETS, &small_nets);
}
END_TEST

START_TEST(the_shares_at_the_peak_are_right_where_rows_are_skipped) {
  const struct random_net_options tall = {.most_ops = 7, .most_rows = 150, .smooth = false};
  check_all_shares(6, 300, &tall);
}
END_TEST

/* ---- traces as files ---- */

static const char *tensor_name(const struct trace *trace, uint32_t tensor) {
  return tensor == TRACE_NO_TENSOR ? "" : trace->tensor_names[tensor];
}

static void check_same_events(const struct trace *a, const struct trace *b) {
  ck_assert_str_eq(a->network, b->network);
  ck_assert_uint_eq(a->capacity_bytes, b->capacity_bytes);
  ck_assert_uint_eq(a->event_count, b->event_count);
  for (size_t i = 0; i < a->event_count; i++) {
    const struct trace_event *x = &a->events[i], *y = &b->events[i];
    ck_assert_str_eq(a->op_names[x->op], b->op_names[y->op]);
    ck_assert_str_eq(tensor_name(a, x->tensor), tensor_name(b, y->tensor));
    ck_assert(x->step == y->step && x->kind == y->kind && x->row == y->row);
    ck_assert(x->bytes == y->bytes && x->occupied_bytes == y->occupied_bytes);
  }
}

static void write_and_read(struct trace *out, const struct trace *trace) {
  struct error err = ERROR_INIT;
  char *text = NULL;
  size_t length;
  FILE *file = open_memstream(&text, &length);
  ck_assert_ptr_nonnull(file);
  ck_assert_int_eq(trace_write_csv(trace, file, "memory", &err), 0);
  fclose(file);
  int status = trace_read_csv_memory(out, text, length, "memory", &err);
  ck_assert_msg(status == 0, "%s", err.message);
  free(text);
}

/* Ops of a file are numbered as they appear: compared by name. */
static void check_same_attribution(const struct trace *a, const struct trace *b, enum attribution_instant instant) {
  struct error err = ERROR_INIT;
  struct attribution x, y;
  ck_assert_int_eq(attribution_create(&x, a, instant, &err), 0);
  ck_assert_int_eq(attribution_create(&y, b, instant, &err), 0);
  ck_assert_uint_eq(x.step, y.step);
  ck_assert_uint_eq(x.occupied_bytes, y.occupied_bytes);
  ck_assert_uint_eq(sum(x.row_bytes, x.op_count), sum(y.row_bytes, y.op_count));
  ck_assert_uint_eq(sum(x.above_capacity_byte_steps, x.op_count), sum(y.above_capacity_byte_steps, y.op_count));
  for (size_t v = 0; v < b->op_count; v++) {
    size_t same = 0;
    while (strcmp(a->op_names[same], b->op_names[v]) != 0) same++;
    ck_assert_uint_eq(x.weight_bytes[same], y.weight_bytes[v]);
    ck_assert_uint_eq(x.row_bytes[same], y.row_bytes[v]);
    ck_assert_uint_eq(x.above_capacity_byte_steps[same], y.above_capacity_byte_steps[v]);
  }
  attribution_free(&x);
  attribution_free(&y);
}

START_TEST(a_trace_comes_back_from_its_file_with_the_same_attribution) {
  for (uint32_t i = 0; i < 500; i++) {
    struct sim_subject subject;
    struct group_cost cost;
    struct trace trace, again;
    sim_subject_open(&subject, SEED, 7, i, &small_nets);
    ck_assert_int_eq(sim_cost(subject.fixture.sim, subject.group, &cost), 0);
    trace_subject(&trace, &subject, some_capacity(&subject, cost.required_bytes));
    write_and_read(&again, &trace);
    check_same_events(&trace, &again);
    check_same_attribution(&trace, &again, ATTRIBUTION_PEAK);
    check_same_attribution(&trace, &again, ATTRIBUTION_OVERFLOW);
    trace_free(&again);
    trace_free(&trace);
    sim_subject_close(&subject);
  }
}
END_TEST

/* ---- one simulator, many groups ---- */

START_TEST(a_simulator_remembers_nothing_of_the_groups_before) {
  for (uint32_t i = 0; i < 400; i++) {
    struct sim_subject subject;
    struct group_cost first, again, alone;
    struct sim *fresh;
    struct error err = ERROR_INIT;
    uint64_t other[GRAPH_MAX_SET_WORDS];
    sim_subject_open(&subject, SEED, 8, i, &small_nets);
    ck_assert_int_eq(sim_cost(subject.fixture.sim, subject.group, &first), 0);
    group_at_random(subject.fixture.graph, &subject.rng, 6, other);
    ck_assert_int_eq(sim_cost(subject.fixture.sim, other, &again), 0);
    ck_assert_int_eq(sim_cost_plain(subject.fixture.sim, other, &alone), 0);
    check_same_cost(&subject, &alone, &again, "another group");
    ck_assert_int_eq(sim_cost(subject.fixture.sim, subject.group, &again), 0);
    check_same_cost(&subject, &again, &first, "the same group later");
    ck_assert_int_eq(sim_create(&fresh, &subject.fixture.model, &err), 0);
    ck_assert_int_eq(sim_cost(fresh, subject.group, &alone), 0);
    check_same_cost(&subject, &alone, &first, "a new simulator");
    sim_free(fresh);
    sim_subject_close(&subject);
  }
}
END_TEST

/* ---- streamed ops ---- */

/* Design 2.4 for one op and a stripe height, with a count of firings to come for every row. */
struct stripes {
  const struct graph *graph;
  const struct hw *hw;
  const struct tensor *output;
  uint32_t *last_row[8];     /* by input: last row that output row r needs, plus 1; 0 if none */
  uint32_t *last_firing[8];  /* by input: last output row that needs the row, plus 1; 0 if none */
};

static uint64_t stripe_row_bytes(const struct stripes *stripes, uint64_t elements) {
  return (elements * stripes->hw->activation_bits + 7) / 8;
}

static uint32_t *counts(uint32_t count) {
  uint32_t *items = calloc(count, sizeof *items);
  ck_assert_ptr_nonnull(items);
  return items;
}

static void stripes_open(struct stripes *stripes, const struct sim_subject *subject, uint32_t op) {
  *stripes = (struct stripes){.graph = subject->fixture.graph, .hw = &subject->fixture.model.hw};
  stripes->output = &stripes->graph->tensors[stripes->graph->ops[op].first_output];
  ck_assert_uint_le(stripes->output->input_count, 8);
  for (uint32_t i = 0; i < stripes->output->input_count; i++) {
    const struct tensor_input *input = &stripes->output->inputs[i];
    uint32_t rows = stripes->graph->tensors[input->tensor].rows;
    stripes->last_row[i] = counts(stripes->output->rows);
    stripes->last_firing[i] = counts(rows);
    for (uint32_t r = 0; r < stripes->output->rows; r++) {
      for (uint32_t k = 0; k < reference_candidates(&input->map, r, rows); k++) {
        int64_t q = reference_candidate(&input->map, r, k);
        if (q < 0 || q >= rows) continue;
        stripes->last_row[i][r] = (uint32_t)q + 1;
        stripes->last_firing[i][q] = r + 1;
      }
    }
  }
}

static void stripes_close(struct stripes *stripes) {
  for (uint32_t i = 0; i < stripes->output->input_count; i++) {
    free(stripes->last_row[i]);
    free(stripes->last_firing[i]);
  }
}

/* Such a reduction brings what must be there whole when its turn comes; see the reference. */
static bool mixes(const struct graph *graph, uint32_t op) {
  const struct tensor *output = &graph->tensors[graph->ops[op].first_output];
  bool streamed = false, whole = false;
  for (uint32_t i = 0; i < output->input_count; i++) {
    streamed |= output->inputs[i].map.kind == ROW_STREAMED;
    whole |= output->inputs[i].map.kind != ROW_STREAMED;
  }
  return streamed && whole;
}

/* The same tensor read twice counts once: a row is there if either input keeps it. */
static bool row_held(const struct stripes *stripes, uint32_t tensor, uint32_t q, uint32_t from, uint32_t to) {
  bool loaded = false, needed = false;
  for (uint32_t i = 0; i < stripes->output->input_count; i++) {
    const struct tensor_input *input = &stripes->output->inputs[i];
    if (input->tensor != tensor || input->map.kind == ROW_STREAMED) continue;
    for (uint32_t r = 0; r < to; r++) loaded = loaded || stripes->last_row[i][r] > q;
    needed = needed || stripes->last_firing[i][q] > from;
  }
  return loaded && needed;
}

static uint64_t stripe_input_bytes(const struct stripes *stripes, uint32_t input, uint32_t from, uint32_t to) {
  const struct tensor_input *read = &stripes->output->inputs[input];
  const struct tensor *tensor = &stripes->graph->tensors[read->tensor];
  for (uint32_t i = 0; i < input; i++) {
    if (stripes->output->inputs[i].tensor == read->tensor) return 0;
  }
  uint64_t rows = 0;
  for (uint32_t q = 0; q < tensor->rows; q++) rows += row_held(stripes, read->tensor, q, from, to);
  for (uint32_t i = 0; i < stripes->output->input_count; i++) {
    const struct tensor_input *other = &stripes->output->inputs[i];
    bool takes = other->tensor == read->tensor && other->map.kind == ROW_STREAMED;
    if (takes && rows < tensor->rows) return (rows + 1) * stripe_row_bytes(stripes, tensor->row_elements);
  }
  return rows * stripe_row_bytes(stripes, tensor->row_elements);
}

static uint64_t stripes_bytes(const struct stripes *stripes, uint32_t height) {
  uint64_t largest = 0;
  for (uint32_t from = 0; from < stripes->output->rows; from += height) {
    uint32_t to = from + height < stripes->output->rows ? from + height : stripes->output->rows;
    uint64_t bytes = (to - from) * stripe_row_bytes(stripes, stripes->output->row_elements);
    for (uint32_t i = 0; i < stripes->output->input_count; i++) bytes += stripe_input_bytes(stripes, i, from, to);
    if (bytes > largest) largest = bytes;
  }
  return largest;
}

/* The tallest stripe ceil(H/T), T = 1, 2, ..., that fits; false if none does. */
static bool stripes_fit(const struct stripes *stripes, uint64_t staging, uint64_t capacity, struct group_cost *cost) {
  uint32_t rows = stripes->output->rows;
  for (uint32_t t = 1; t <= rows; t++) {
    uint32_t height = (rows + t - 1) / t;
    cost->required_bytes = staging + stripes_bytes(stripes, height);
    cost->stripes = (rows + height - 1) / height;
    if (cost->required_bytes <= capacity) return true;
  }
  return false;
}

static uint64_t staging_of(const struct sim_subject *subject, uint32_t op) {
  uint64_t weights = subject->fixture.model.weight_bytes[op];
  uint64_t channels = subject->fixture.graph->ops[op].out_channels;
  uint64_t two = 2 * subject->fixture.model.hw.brr_subgroup_channels * ((weights + channels - 1) / channels);
  return two < weights ? two : weights;
}

static void check_streamed(const struct sim_subject *subject, uint32_t op) {
  const struct sim_model *model = &subject->fixture.model;
  struct stripes stripes;
  struct group_cost cost, expected;
  uint64_t alone[GRAPH_MAX_SET_WORDS];
  uint32_t last_stripes = UINT32_MAX;
  group_of_range(subject->fixture.graph, op, op, alone);
  ck_assert_int_eq(sim_cost(subject->fixture.sim, alone, &expected), 0);
  stripes_open(&stripes, subject, op);
  uint64_t most = staging_of(subject, op) + stripes_bytes(&stripes, stripes.output->rows);
  for (uint64_t capacity = 0; capacity <= most; capacity += 1 + most / 9) {
    bool fits = stripes_fit(&stripes, staging_of(subject, op), capacity, &expected);
    expected.weight_bytes = model->weight_bytes[op] * expected.stripes * subject->fixture.graph->batch;
    ck_assert_int_eq(sim_cost_streamed(subject->fixture.sim, alone, capacity, &cost), fits ? 0 : 1);
    check_same_cost(subject, &cost, &expected, "a streamed op");
    ck_assert_uint_le(cost.stripes, last_stripes); /* more room never takes more stripes */
    last_stripes = cost.stripes;
  }
  stripes_close(&stripes);
}

START_TEST(streamed_ops_take_what_their_stripes_take) {
  uint32_t checked = 0;
  for (uint32_t i = 0; i < 1000; i++) {
    struct sim_subject subject;
    sim_subject_open(&subject, SEED, 9, i, &small_nets);
    for (uint32_t v = 0; v < subject.fixture.graph->op_count; v++) {
      if (subject.fixture.model.weight_bytes[v] == 0 || subject.fixture.graph->ops[v].output_count > 1) continue;
      if (mixes(subject.fixture.graph, v)) continue;
      check_streamed(&subject, v);
      checked++;
    }
    sim_subject_close(&subject);
  }
  ck_assert_uint_gt(checked, 500);
}
END_TEST

Suite *sim_property_suite(void) {
  Suite *suite = suite_create("sim_property");
  TCase *costs = tcase_create("costs");
  tcase_set_timeout(costs, 120);
  tcase_add_test(costs, the_walk_agrees_with_the_reference_on_small_networks);
  tcase_add_test(costs, skipping_steady_state_changes_nothing_on_tall_networks);
  tcase_add_test(costs, skipping_steady_state_changes_nothing_at_middle_heights);
  tcase_add_test(costs, targets_repeat_although_each_calls_for_a_loop_of_rows);
  tcase_add_test(costs, nearly_all_walks_of_usual_networks_skip_nearly_all_rows);
  tcase_add_test(costs, a_simulator_remembers_nothing_of_the_groups_before);
  tcase_add_test(costs, streamed_ops_take_what_their_stripes_take);
  suite_add_tcase(suite, costs);
  TCase *traces = tcase_create("traces");
  tcase_set_timeout(traces, 120);
  tcase_add_test(traces, a_trace_keeps_every_rule_and_sums_to_the_cost);
  tcase_add_test(traces, the_shares_at_the_peak_are_those_of_the_reference_and_of_the_trace);
  tcase_add_test(traces, the_shares_at_the_peak_are_right_where_rows_are_skipped);
  tcase_add_test(traces, a_trace_comes_back_from_its_file_with_the_same_attribution);
  suite_add_tcase(suite, traces);
  return suite;
}
