/* What must hold of every group with streamed weights, on thousands of random networks: the
 * simulator against the reference, the trace against both. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#include "build_graph.h"
#include "get/attribution.h"
#include "random_net.h"
#include "reference.h"
#include "sim/brr.h"
#include "sim/trace.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "trace_replay.h"
#include "util/bitset.h"

enum { SEED = 20240710, SMALL_NETS = 3000, TRACED_NETS = 1500, TALL_NETS = 500 };

static const struct random_net_options small_nets = {.most_ops = 10, .most_rows = 14, .smooth = false};
static const struct random_net_options tall_nets = {.most_ops = 8, .most_rows = 200, .smooth = false};
static const struct random_net_options smooth_nets = {.most_ops = 10, .most_rows = 300, .smooth = true};

static void set_capacity(struct sim_subject *subject, uint64_t capacity_bytes) {
  subject->fixture.model.hw.buffer_capacity_bytes = capacity_bytes;
}

static uint64_t capacity(const struct sim_subject *subject) { return subject->fixture.model.hw.buffer_capacity_bytes; }

/* Somewhere below and about what the group requires under LBDF. */
static void set_some_capacity(struct sim_subject *subject) {
  struct group_cost lbdf;
  ck_assert_int_eq(sim_cost(subject->fixture.sim, subject->group, &lbdf), 0);
  set_capacity(subject, 1 + rng_below(&subject->rng, (uint32_t)(lbdf.required_bytes + 2)));
}

static struct group_cost cost_of(const struct sim_subject *subject) {
  struct group_cost cost;
  ck_assert_int_eq(sim_cost_brr(subject->fixture.sim, subject->group, &cost), 0);
  return cost;
}

static void check_same(const struct sim_subject *subject, const struct group_cost *cost,
                       const struct reference *reference, uint32_t stripes) {
  ck_assert_msg(reference->fault[0] == '\0', "network %u: %s", subject->number, reference->fault);
  ck_assert_msg(cost->required_bytes == reference->required_bytes,
                "network %u in %u stripes: requires %" PRIu64 ", expected %" PRIu64, subject->number, stripes,
                cost->required_bytes, reference->required_bytes);
  ck_assert_msg(cost->weight_bytes == reference->weight_bytes,
                "network %u in %u stripes: fetches %" PRIu64 ", expected %" PRIu64, subject->number, stripes,
                cost->weight_bytes, reference->weight_bytes);
  ck_assert_uint_eq(cost->dram_in_bytes, reference->dram_in_bytes);
  ck_assert_uint_eq(cost->dram_out_bytes, reference->dram_out_bytes);
}

/* ---- costs ---- */

START_TEST(groups_run_as_in_the_reference_in_any_buffer) {
  uint32_t striped = 0, overflowing = 0;
  for (uint32_t i = 0; i < SMALL_NETS; i++) {
    struct sim_subject subject;
    struct reference reference;
    uint32_t stripes;
    sim_subject_open(&subject, SEED, 1, i, &small_nets);
    set_some_capacity(&subject);
    const struct group_cost cost = cost_of(&subject);
    reference_brr(&reference, &stripes, subject.fixture.graph, &subject.fixture.model.hw, subject.group,
                  capacity(&subject));
    check_same(&subject, &cost, &reference, stripes);
    ck_assert_uint_eq(cost.stripes, stripes);
    bool fits = cost.required_bytes <= capacity(&subject);
    striped += fits && stripes > 0;
    overflowing += !fits;
    reference_free(&reference);
    sim_subject_close(&subject);
  }
  ck_assert_uint_gt(striped, SMALL_NETS / 20);
  ck_assert_uint_gt(overflowing, SMALL_NETS / 20);
}
END_TEST

/* What is found sooner is the same as far as it matters. */
START_TEST(an_attempt_has_the_cost_of_a_group_that_is_valid) {
  for (uint32_t i = 0; i < SMALL_NETS; i++) {
    struct sim_subject subject;
    struct group_cost cost, attempt;
    sim_subject_open(&subject, SEED, 6, i, &small_nets);
    set_some_capacity(&subject);
    for (int brr = 0; brr < 2; brr++) {
      struct sim *sim = subject.fixture.sim;
      ck_assert_int_eq((brr ? sim_cost_brr : sim_cost)(sim, subject.group, &cost), 0);
      ck_assert_int_eq((brr ? sim_try_brr : sim_try)(sim, subject.group, &attempt), 0);
      bool fits = cost.required_bytes <= capacity(&subject);
      ck_assert_int_eq(attempt.required_bytes <= capacity(&subject), fits);
      if (!fits) continue;
      ck_assert_uint_eq(attempt.required_bytes, cost.required_bytes);
      ck_assert_uint_eq(attempt.stripes, cost.stripes);
      ck_assert_uint_eq(group_cost_dram_bytes(&attempt), group_cost_dram_bytes(&cost));
    }
    sim_subject_close(&subject);
  }
}
END_TEST

/* At each height by itself, whether it would be chosen or not. */
static void check_height(const struct sim_subject *subject, struct walk *walk, uint32_t height, bool skip) {
  struct reference reference;
  reference_run_stripes(&reference, subject->fixture.graph, &subject->fixture.model.hw, subject->group, height);
  ck_assert_int_eq(walk_prepare(walk, subject->group), 0);
  walk->skip_steady = skip;
  brr_run(walk, height);
  ck_assert_msg(walk->peak_bytes == reference.required_bytes,
                "network %u in stripes of %u: %" PRIu64 ", expected %" PRIu64, subject->number, height,
                walk->peak_bytes, reference.required_bytes);
  ck_assert_uint_eq(walk->fetched_bytes * subject->fixture.graph->batch, reference.weight_bytes);
  ck_assert_msg(reference.fault[0] == '\0', "network %u: %s", subject->number, reference.fault);
  reference_free(&reference);
}

static void check_heights(uint32_t stream, const struct random_net_options *options) {
  for (uint32_t i = 0; i < TALL_NETS; i++) {
    struct sim_subject subject;
    struct walk walk;
    struct error err = ERROR_INIT;
    sim_subject_open(&subject, SEED, stream, i, options);
    ck_assert_int_eq(walk_create(&walk, &subject.fixture.model, &err), 0);
    uint32_t tallest = reference_tallest(subject.fixture.graph, subject.group);
    check_height(&subject, &walk, 1, true);
    check_height(&subject, &walk, 1 + rng_below(&subject.rng, 4), true);
    check_height(&subject, &walk, 1 + rng_below(&subject.rng, tallest), true);
    check_height(&subject, &walk, 1 + rng_below(&subject.rng, tallest), false);
    walk_free(&walk);
    sim_subject_close(&subject);
  }
}

START_TEST(stripes_of_any_height_take_what_the_reference_says_on_tall_networks) { check_heights(2, &tall_nets); }
END_TEST

START_TEST(stripes_of_any_height_take_what_the_reference_says_on_usual_networks) { check_heights(3, &smooth_nets); }
END_TEST

START_TEST(more_room_never_takes_more_stripes_nor_makes_a_group_invalid) {
  for (uint32_t i = 0; i < SMALL_NETS; i++) {
    struct sim_subject subject;
    struct group_cost lbdf;
    uint32_t last = UINT32_MAX;
    bool fitted = false;
    sim_subject_open(&subject, SEED, 4, i, &small_nets);
    ck_assert_int_eq(sim_cost(subject.fixture.sim, subject.group, &lbdf), 0);
    for (uint64_t room = 1; room <= lbdf.required_bytes + 3; room += 1 + lbdf.required_bytes / 23) {
      set_capacity(&subject, room);
      const struct group_cost cost = cost_of(&subject);
      bool fits = cost.required_bytes <= room;
      ck_assert(fits || !fitted);
      if (fits) ck_assert_uint_le(cost.stripes, last);
      if (fits) last = cost.stripes;
      fitted = fits;
    }
    set_capacity(&subject, lbdf.required_bytes);
    ck_assert_uint_eq(cost_of(&subject).stripes, 0);
    sim_subject_close(&subject);
  }
}
END_TEST

/* ---- traces and shares ---- */

static void trace_subject(struct trace *trace, const struct sim_subject *subject) {
  struct error err = ERROR_INIT;
  ck_assert_int_eq(trace_create(trace, subject->fixture.graph, capacity(subject), &err), 0);
  const struct trace_sink sink = {trace_append, trace};
  ck_assert_int_eq(sim_trace_brr(subject->fixture.sim, subject->group, capacity(subject), &sink), 0);
}

static uint64_t sum(const uint64_t *items, size_t count) {
  uint64_t total = 0;
  for (size_t i = 0; i < count; i++) total += items[i];
  return total;
}

static void check_trace(const struct sim_subject *subject, const struct trace *trace, const struct group_cost *cost) {
  struct replay replay;
  uint64_t batch = subject->fixture.graph->batch;
  replay_trace(&replay, subject->fixture.graph, subject->group, trace);
  ck_assert_uint_eq(replay.peak_bytes, cost->required_bytes);
  ck_assert_uint_eq(replay.load_bytes * batch, cost->dram_in_bytes);
  ck_assert_uint_eq(replay.store_bytes * batch, cost->dram_out_bytes);
  ck_assert_uint_eq(cost->stripes == 0 ? replay.weight_bytes : replay.fetched_bytes * batch, cost->weight_bytes);
  ck_assert_int_eq(replay.overflows > 0, cost->required_bytes > capacity(subject));
}

static void check_shares(const struct sim_subject *subject, const struct trace *trace,
                         const struct reference *reference) {
  uint64_t weights[64], rows[64];
  struct sim_peak peak = {.weight_bytes = weights, .row_bytes = rows};
  struct group_cost cost;
  struct attribution attribution;
  struct error err = ERROR_INIT;
  uint32_t ops = subject->fixture.graph->op_count;
  ck_assert_int_eq(sim_find_peak_brr(subject->fixture.sim, subject->group, &cost, &peak), 0);
  ck_assert_int_eq(attribution_create(&attribution, trace, ATTRIBUTION_PEAK, &err), 0);
  ck_assert_uint_eq(sum(weights, ops) + sum(rows, ops) + peak.staging_bytes, cost.required_bytes);
  ck_assert_uint_eq(peak.occupied_bytes, attribution.occupied_bytes);
  ck_assert_uint_eq(peak.staging_bytes, attribution.staging_bytes);
  ck_assert_uint_eq(peak.staging_bytes, reference->staging_bytes);
  for (uint32_t v = 0; v < ops; v++) {
    ck_assert_msg(rows[v] == reference->row_share[v], "network %u, op %u: %" PRIu64 " bytes of rows, expected %" PRIu64,
                  subject->number, v, rows[v], reference->row_share[v]);
    ck_assert_uint_eq(rows[v], attribution.row_bytes[v]);
    ck_assert_uint_eq(weights[v], attribution.weight_bytes[v]);
    ck_assert_uint_eq(weights[v], reference->weight_share[v]);
  }
  attribution_free(&attribution);
}

START_TEST(a_trace_keeps_every_rule_and_its_shares_are_those_of_the_reference) {
  for (uint32_t i = 0; i < TRACED_NETS; i++) {
    struct sim_subject subject;
    struct reference reference;
    struct trace trace;
    uint32_t stripes;
    sim_subject_open(&subject, SEED, 5, i, i % 5 == 0 ? &tall_nets : &small_nets);
    set_some_capacity(&subject);
    const struct group_cost cost = cost_of(&subject);
    trace_subject(&trace, &subject);
    reference_brr(&reference, &stripes, subject.fixture.graph, &subject.fixture.model.hw, subject.group,
                  capacity(&subject));
    check_trace(&subject, &trace, &cost);
    check_shares(&subject, &trace, &reference);
    trace_free(&trace);
    reference_free(&reference);
    sim_subject_close(&subject);
  }
}
END_TEST

Suite *brr_property_suite(void) {
  Suite *suite = suite_create("brr_property");
  TCase *costs = tcase_create("costs");
  tcase_set_timeout(costs, 120);
  tcase_add_test(costs, groups_run_as_in_the_reference_in_any_buffer);
  tcase_add_test(costs, an_attempt_has_the_cost_of_a_group_that_is_valid);
  tcase_add_test(costs, stripes_of_any_height_take_what_the_reference_says_on_tall_networks);
  tcase_add_test(costs, stripes_of_any_height_take_what_the_reference_says_on_usual_networks);
  tcase_add_test(costs, more_room_never_takes_more_stripes_nor_makes_a_group_invalid);
  suite_add_tcase(suite, costs);
  TCase *traces = tcase_create("traces");
  tcase_set_timeout(traces, 120);
  tcase_add_test(traces, a_trace_keeps_every_rule_and_its_shares_are_those_of_the_reference);
  suite_add_tcase(suite, traces);
  return suite;
}
