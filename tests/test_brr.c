/* Groups in stripes with streamed weights (design 2.4): small ones worked out by hand, and
 * those of the real networks against the reference. "t1 r" is row r of what op 1 computes,
 * "x r" one of the input. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#include "build_graph.h"
#include "plan/plan.h"
#include "reference.h"
#include "sim/method.h"
#include "sim/report.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

#define SAME_3X3 ((struct net_window){.kernel = 3, .stride = 1, .pad = 1, .dilation = 1})
#define SAME_1X1 ((struct net_window){.kernel = 1, .stride = 1, .pad = 0, .dilation = 1})

static void set_weights(struct net *net, uint64_t weights, uint32_t channels) {
  net->weights = weights;
  net->channels = channels;
}

struct striping {
  uint32_t stripes;
  uint64_t required, fetched;
};

/* All ops of the network, in a buffer of exactly the bytes that each striping requires and of
 * one byte less than those before it. The last is that of stripes of one row. */
static void check_stripings(struct net *net, uint32_t output, const struct striping *stripings, size_t count) {
  const struct hw hw = support_hw(0);
  struct sim_fixture fixture;
  struct group_cost cost;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  net_mark(net, output);
  sim_fixture_open(&fixture, net_end(net), &hw);
  group_of_all(fixture.graph, group);
  for (size_t i = 0; i < count; i++) {
    const struct striping *expected = &stripings[i];
    uint64_t rooms[] = {expected->required, i == 0 ? expected->required : expected[-1].required - 1};
    for (size_t k = 0; k < 2; k++) {
      ck_assert_int_eq(sim_cost_streamed(fixture.sim, group, rooms[k], &cost), 0);
      ck_assert_uint_eq(cost.stripes, expected->stripes);
      ck_assert_uint_eq(cost.required_bytes, expected->required);
      ck_assert_uint_eq(cost.weight_bytes, expected->fetched);
    }
  }
  const struct striping *least = &stripings[count - 1];
  ck_assert_int_eq(sim_cost_streamed(fixture.sim, group, least->required - 1, &cost), 1);
  ck_assert_uint_eq(cost.required_bytes, least->required);
  sim_fixture_close(&fixture);
}

#define CHECK_STRIPINGS(net, output, stripings) \
  check_stripings(net, output, stripings, sizeof(stripings) / sizeof(stripings)[0])

/* ---- chains ---- */

/* 900 bytes of weights in 10 channels and 400 in 4: staging 200, 2 * 100 for op 1.
 * One stripe: 8 rows of x and 8 of t0, then 8 of t0 and 8 of t1.
 * Two: t1 0..3 need t0 0..4 and those x 0..5, 11 rows at op 0; at op 1 x 4 and 5 wait, with 5
 * of t0 and 4 of t1, 11 again. t0 3 and 4 wait for the second.
 * Three (3, 3 and 2 rows): the middle one has t0 2 and 3 and x 3 and 4 from the first, to which come
 * t0 4..6 and x 5..7: 5 + 5 at op 0; then x 6 and 7, t0 2..6 and t1 3..5: 2 + 5 + 3.
 * Four: t1 2 and 3: x 2..5 and t0 1..4 are 8; x 4 and 5, t0 1..4 and t1 2 and 3 are 8.
 * Eight: 3 of x and 3 of t0; then 2, 3 and 1. The first stripe has made t0 0 and 1, so t0 7 is
 * there before the last, for which op 0 has nothing to do. */
START_TEST(a_chain_of_3x3_convs_keeps_rows_between_stripes) {
  static const struct striping stripings[] = {
      {1, 200 + 160, 1300}, {2, 200 + 110, 2600}, {3, 200 + 100, 3900}, {4, 200 + 80, 5200}, {8, 200 + 60, 9500}};
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 8, 10);
  set_weights(&net, 900, 10);
  uint32_t t0 = net_conv(&net, x, 10, SAME_3X3);
  set_weights(&net, 400, 4);
  CHECK_STRIPINGS(&net, net_conv(&net, t0, 10, SAME_3X3), stripings);
}
END_TEST

/* relu goes row by row and writes over t0, so it adds nothing to the 1x1 conv's stripe: h rows
 * of x of 10 bytes and h of t0 of 20. Staging 2 * 30. */
START_TEST(an_op_without_weights_goes_row_by_row_in_its_stripe) {
  static const struct striping stripings[] = {
      {1, 60 + 180, 300}, {2, 60 + 90, 600}, {3, 60 + 60, 900}, {6, 60 + 30, 1800}};
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 6, 10);
  set_weights(&net, 300, 10);
  CHECK_STRIPINGS(&net, net_unary(&net, net_conv(&net, x, 20, SAME_1X1)), stripings);
}
END_TEST

/* As before, but the elementwise op has weights of its own, so it may not write over its input:
 * h rows of t0 and of t1, 20 bytes each. */
START_TEST(an_elementwise_op_with_weights_does_not_write_in_place) {
  static const struct striping stripings[] = {
      {1, 60 + 240, 340}, {2, 60 + 120, 680}, {3, 60 + 80, 1020}, {6, 60 + 40, 2040}};
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 6, 10);
  set_weights(&net, 300, 10);
  uint32_t t0 = net_conv(&net, x, 20, SAME_1X1);
  set_weights(&net, 40, 20);
  CHECK_STRIPINGS(&net, net_unary(&net, t0), stripings);
}
END_TEST

/* ---- several outputs ---- */

/* The mean of t0 and an FC on it make a gate, by which t0 is scaled: all of t0 is needed in the
 * first stripe, however low the stripes are. Staging 2 * 50 for op 0, which has 8 rows of x and 8 of
 * t0; later there are the 8 of t0, the mean and the gate, and the scale writes over t0. */
START_TEST(a_gate_needs_its_whole_map_in_the_first_stripe) {
  struct net net;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 8, 10);
  set_weights(&net, 500, 10);
  uint32_t t0 = net_conv(&net, x, 10, SAME_1X1);
  uint32_t mean = net_reduce(&net, t0, 10);
  set_weights(&net, 100, 10);
  uint32_t gate = net_conv(&net, mean, 10, SAME_1X1);
  const struct hw hw = support_hw(0);
  struct sim_fixture fixture;
  struct group_cost cost;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  net_mark(&net, net_scale(&net, t0, gate));
  sim_fixture_open(&fixture, net_end(&net), &hw);
  group_of_all(fixture.graph, group);
  for (uint64_t room = 260; room <= 300; room += 40) { /* the map, however little room there is */
    ck_assert_int_eq(sim_cost_streamed(fixture.sim, group, room, &cost), 0);
    ck_assert_uint_eq(cost.required_bytes, 100 + 160);
    ck_assert_uint_eq(cost.stripes, 1);
    ck_assert_uint_eq(cost.weight_bytes, 600);
  }
  ck_assert_int_eq(sim_cost_streamed(fixture.sim, group, 259, &cost), 1);
  ck_assert_uint_eq(cost.stripes, 8);
  ck_assert_uint_eq(cost.weight_bytes, 600); /* only the first stripe has new rows of the ops with weights */
  sim_fixture_close(&fixture);
}
END_TEST

/* Stores of each tensor since the last fetch of op 0's weights. */
struct stores {
  uint32_t stripe, rows[8][2];
  uint32_t first; /* tensor */
};

static void note_store(void *context, const struct trace_event *event) {
  struct stores *stores = context;
  if (event->kind == TRACE_FETCH && event->op == 0) stores->stripe++;
  if (event->kind == TRACE_STORE) stores->rows[stores->stripe][event->tensor - stores->first]++;
}

/* t0 has 10 rows and t1, a pooling by two, 5. After the first of two stripes t0 is to have 5
 * rows and t1 ceil(5 * 5/10) = 3; but these need 6 of t0. */
START_TEST(lower_outputs_keep_pace_with_the_tallest) {
  static const uint32_t expected[3][2] = {{0, 0}, {6, 3}, {4, 2}};
  const struct net_window half = {.kernel = 2, .stride = 2, .pad = 0, .dilation = 1};
  const struct hw hw = support_hw(100 + 120);
  struct net net;
  struct sim_fixture fixture;
  struct stores stores = {0};
  struct group_cost cost;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 10, 10);
  set_weights(&net, 500, 10);
  uint32_t t0 = net_conv(&net, x, 10, SAME_1X1);
  net_mark(&net, t0);
  net_mark(&net, net_conv(&net, t0, 10, half));
  sim_fixture_open(&fixture, net_end(&net), &hw);
  group_of_all(fixture.graph, group);
  ck_assert_int_eq(sim_cost_brr(fixture.sim, group, &cost), 0);
  ck_assert_uint_eq(cost.stripes, 2);
  ck_assert_uint_eq(cost.required_bytes, 100 + 120); /* 6 of x and 6 of t0 in the first stripe */
  stores.first = t0;
  const struct trace_sink sink = {note_store, &stores};
  ck_assert_int_eq(sim_trace_brr(fixture.sim, group, hw.buffer_capacity_bytes, &sink), 0);
  ck_assert_uint_eq(stores.stripe, 2);
  ck_assert_mem_eq(stores.rows, expected, sizeof expected);
  sim_fixture_close(&fixture);
}
END_TEST

/* ---- which way ---- */

/* 300 bytes of weights and, row by row, 10 + 10 of rows: 320 under LBDF. */
START_TEST(weights_stay_wherever_they_fit) {
  struct hw hw = support_hw(320);
  struct net net;
  struct sim_fixture fixture;
  struct group_cost cost;
  const uint64_t group[GRAPH_MAX_SET_WORDS] = {1};
  net_begin(&net, 2);
  uint32_t x = net_input(&net, 6, 10);
  set_weights(&net, 300, 10);
  net_mark(&net, net_conv(&net, x, 10, SAME_1X1));
  sim_fixture_open(&fixture, net_end(&net), &hw);
  ck_assert_int_eq(sim_cost_brr(fixture.sim, group, &cost), 0);
  ck_assert_uint_eq(cost.stripes, 0);
  ck_assert_uint_eq(cost.weight_bytes, 300);
  ck_assert_str_eq(method_ran(method_find("auto"), &cost), "lbdf");
  ck_assert_str_eq(method_ran(method_find("brr"), &cost), "brr");
  fixture.model.hw.buffer_capacity_bytes = 319;
  ck_assert_int_eq(sim_cost_brr(fixture.sim, group, &cost), 0);
  ck_assert_uint_eq(cost.stripes, 1); /* staging 60 and 12 rows */
  ck_assert_uint_eq(cost.required_bytes, 180);
  ck_assert_uint_eq(cost.weight_bytes, 600); /* for each of two images */
  ck_assert_str_eq(method_ran(method_find("auto"), &cost), "brr");
  fixture.model.hw.buffer_capacity_bytes = 79;
  ck_assert_int_eq(sim_cost_brr(fixture.sim, group, &cost), 0);
  ck_assert_uint_eq(cost.required_bytes, 80);
  sim_fixture_close(&fixture);
}
END_TEST

/* ---- networks ---- */

enum { NETWORK_SEED = 77, NETWORK_GROUPS = 8, MOST_OPS = 24 };

static void check_auto(const struct sim_fixture *fixture, const uint64_t *group) {
  struct group_cost lbdf, brr, plus, best;
  uint64_t capacity = fixture->model.hw.buffer_capacity_bytes;
  ck_assert_int_eq(method_find("lbdf")->cost(fixture->sim, group, &lbdf), 0);
  ck_assert_int_eq(method_find("brr")->cost(fixture->sim, group, &brr), 0);
  ck_assert_int_eq(method_find("brr-plus")->cost(fixture->sim, group, &plus), 0);
  ck_assert_int_eq(method_find("auto")->cost(fixture->sim, group, &best), 0);
  bool lbdf_fits = lbdf.required_bytes <= capacity, brr_fits = brr.required_bytes <= capacity;
  bool plus_fits = plus.required_bytes <= capacity;
  ck_assert_int_eq(best.required_bytes <= capacity, lbdf_fits || brr_fits || plus_fits);
  if (plus_fits) ck_assert_uint_le(group_cost_dram_bytes(&best), group_cost_dram_bytes(&plus));
  if (lbdf_fits) ck_assert_uint_le(group_cost_dram_bytes(&best), group_cost_dram_bytes(&lbdf));
  if (brr_fits) ck_assert_uint_le(group_cost_dram_bytes(&best), group_cost_dram_bytes(&brr));
  if (best.required_bytes <= capacity) ck_assert_int_eq(best.stripes == 0, lbdf_fits);
}

static void check_network_group(const struct sim_fixture *fixture, const uint64_t *group, const char *name) {
  struct group_cost cost;
  struct reference reference;
  uint32_t stripes;
  ck_assert_int_eq(sim_cost_brr(fixture->sim, group, &cost), 0);
  reference_brr(&reference, &stripes, fixture->graph, &fixture->model.hw, group,
                fixture->model.hw.buffer_capacity_bytes);
  ck_assert_msg(reference.fault[0] == '\0', "%s: %s", name, reference.fault);
  ck_assert_msg(cost.required_bytes == reference.required_bytes && cost.stripes == stripes,
                "%s: %" PRIu64 " in %u stripes, expected %" PRIu64 " in %u", name, cost.required_bytes, cost.stripes,
                reference.required_bytes, stripes);
  ck_assert_uint_eq(cost.weight_bytes, reference.weight_bytes);
  ck_assert_uint_eq(cost.dram_in_bytes, reference.dram_in_bytes);
  ck_assert_uint_eq(cost.dram_out_bytes, reference.dram_out_bytes);
  reference_free(&reference);
}

START_TEST(groups_of_real_networks_agree_with_the_reference) {
  static const uint64_t capacities[] = {96 << 10, 320 << 10};
  const char *name = support_networks[_i];
  for (uint32_t c = 0; c < 2; c++) {
    const struct hw hw = support_hw(capacities[c]);
    struct sim_fixture fixture;
    sim_fixture_open(&fixture, support_network(name), &hw);
    for (uint32_t i = 0; i < NETWORK_GROUPS; i++) {
      uint64_t group[GRAPH_MAX_SET_WORDS];
      struct rng rng = rng_stream(NETWORK_SEED, (uint64_t)_i, NETWORK_GROUPS * c + i);
      group_at_random(fixture.graph, &rng, 1 + rng_below(&rng, MOST_OPS), group);
      check_network_group(&fixture, group, name);
      check_auto(&fixture, group);
    }
    sim_fixture_close(&fixture);
  }
}
END_TEST

/* Every op that runs at all is fusable, so all traffic is of fusable ops, and layer by layer it is
 * the same as under LBDF, where the ops that do not fit run like that too. */
START_TEST(all_ops_of_a_network_are_fusable) {
  static const uint64_t capacities[] = {128 << 10, 1 << 20};
  const char *name = support_networks[_i];
  for (uint32_t c = 0; c < 2; c++) {
    const struct hw hw = support_hw(capacities[c]);
    struct sim_fixture fixture;
    struct plan plan;
    struct plan_report lbdf, brr;
    struct error err = ERROR_INIT;
    sim_fixture_open(&fixture, support_network(name), &hw);
    ck_assert_int_eq(plan_layer_by_layer(&plan, fixture.graph, &err), 0);
    bool runs = plan_report_create(&lbdf, fixture.sim, method_find("lbdf"), &plan, &err) == 0;
    ck_assert_int_eq(plan_report_create(&brr, fixture.sim, method_find("brr"), &plan, &err) == 0, runs);
    if (runs) {
      ck_assert_uint_eq(brr.fuseable_dram_bytes, brr.total_dram_bytes);
      ck_assert_uint_eq(brr.total_dram_bytes, lbdf.total_dram_bytes);
      ck_assert_uint_eq(brr.max_required_bytes, lbdf.max_required_bytes);
      plan_report_free(&lbdf);
      plan_report_free(&brr);
    }
    plan_free(&plan);
    sim_fixture_close(&fixture);
  }
}
END_TEST

Suite *brr_suite(void) {
  Suite *suite = suite_create("brr");
  TCase *hand = tcase_create("by hand");
  tcase_add_test(hand, a_chain_of_3x3_convs_keeps_rows_between_stripes);
  tcase_add_test(hand, an_op_without_weights_goes_row_by_row_in_its_stripe);
  tcase_add_test(hand, an_elementwise_op_with_weights_does_not_write_in_place);
  tcase_add_test(hand, a_gate_needs_its_whole_map_in_the_first_stripe);
  tcase_add_test(hand, lower_outputs_keep_pace_with_the_tallest);
  tcase_add_test(hand, weights_stay_wherever_they_fit);
  suite_add_tcase(suite, hand);
  TCase *networks = tcase_create("networks");
  tcase_set_timeout(networks, 240);
  tcase_add_loop_test(networks, groups_of_real_networks_agree_with_the_reference, 0, SUPPORT_NETWORKS);
  tcase_add_loop_test(networks, all_ops_of_a_network_are_fusable, 0, SUPPORT_NETWORKS);
  suite_add_tcase(suite, networks);
  return suite;
}
