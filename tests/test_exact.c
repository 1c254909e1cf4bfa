/* The exact search against all plans there are, of small random networks, and against the other
 * searches on real ones. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build_graph.h"
#include "channel_net.h"
#include "hard_net.h"
#include "random_net.h"
#include "sched/fetches.h"
#include "sched/growth.h"
#include "sched/search.h"
#include "sched/stripe.h"
#include "sim/report.h"
#include "sim/timed.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

/* What is added last may be three ops. */
enum { MOST_OPS = 9, DRAWN_OPS = MOST_OPS - 2, MASKS = 1 << MOST_OPS };

/* ---- all plans of a small network; groups are masks of ops ---- */

struct brute {
  const struct graph *graph;
  uint32_t ops;
  uint32_t fuseable;
  bool allowed[MASKS];        /* connected, valid, of fusable ops; or one op that is not */
  struct group_cost cost[MASKS];
  double value[MASKS];        /* 0 for ops that are not fusable */
  uint32_t reach[MOST_OPS];   /* successors */
  uint32_t parts[MOST_OPS], part_count;
  double best;
  uint64_t plans; /* legal ones */
};

static bool mask_connected(const struct brute *brute, uint32_t mask) {
  uint32_t reached = mask & -mask, before = 0;
  while (reached != before) {
    before = reached;
    for (uint32_t v = 0; v < brute->ops; v++) {
      if ((reached >> v & 1) != 0) reached |= brute->reach[v] & mask;
      if ((mask >> v & 1) != 0 && (brute->reach[v] & reached) != 0) reached |= UINT32_C(1) << v;
    }
  }
  return reached == mask;
}

/* Whether the parts can run one after another. */
static bool parts_acyclic(const struct brute *brute) {
  uint32_t done = 0, all = (UINT32_C(1) << brute->ops) - 1;
  while (done != all) {
    uint32_t before = done;
    for (uint32_t p = 0; p < brute->part_count; p++) {
      uint32_t part = brute->parts[p], missing = 0;
      if ((done & part) != 0) continue;
      for (uint32_t v = 0; v < brute->ops; v++) {
        if ((brute->reach[v] & part) != 0) missing |= UINT32_C(1) << v & ~part & ~done;
      }
      if (missing == 0) done |= part;
    }
    if (done == before) return false;
  }
  return true;
}

/* Every partition of what is left: the smallest op with any of the others. */
static void brute_partition(struct brute *brute, uint32_t left, double value) {
  if (left == 0) {
    if (!parts_acyclic(brute)) return;
    brute->plans++;
    if (value < brute->best) brute->best = value;
    return;
  }
  uint32_t first = left & -left, others = left & ~first, subset = others;
  for (;;) {
    uint32_t part = first | subset;
    if (brute->allowed[part]) {
      brute->parts[brute->part_count++] = part;
      brute_partition(brute, left & ~part, value + brute->value[part]);
      brute->part_count--;
    }
    if (subset == 0) return;
    subset = (subset - 1) & others;
  }
}

static void brute_open(struct brute *brute, const struct graph *graph) {
  *brute = (struct brute){.graph = graph, .ops = graph->op_count};
  ck_assert_uint_le(graph->op_count, MOST_OPS);
  for (uint32_t e = 0; e < graph->edge_count; e++) {
    brute->reach[graph->edges[e].from] |= UINT32_C(1) << graph->edges[e].to;
  }
}

static void brute_cost(struct brute *brute, struct sim *sim) {
  for (uint32_t mask = 1; mask < UINT32_C(1) << brute->ops; mask++) {
    const uint64_t group[1] = {mask};
    ck_assert_int_eq(sim_cost_plain(sim, group, &brute->cost[mask]), 0);
  }
}

/* The least value of all plans. timed: of cycles; NULL: of DRAM bytes. */
static double brute_solve(struct brute *brute, uint64_t capacity_bytes, struct timed *timed) {
  brute->fuseable = 0;
  for (uint32_t v = 0; v < brute->ops; v++) {
    if (brute->cost[1u << v].required_bytes <= capacity_bytes) brute->fuseable |= 1u << v;
  }
  for (uint32_t mask = 1; mask < UINT32_C(1) << brute->ops; mask++) {
    const uint64_t group[1] = {mask};
    bool fuseable = (mask & ~brute->fuseable) == 0;
    brute->allowed[mask] = fuseable ? brute->cost[mask].required_bytes <= capacity_bytes && mask_connected(brute, mask)
                                    : (mask & (mask - 1)) == 0;
    brute->value[mask] = fuseable ? (double)group_cost_dram_bytes(&brute->cost[mask]) : 0;
    if (timed != NULL && fuseable && brute->allowed[mask]) {
      struct timed_cost cost;
      ck_assert_int_eq(timed_run(timed, group, NULL, NULL, &cost), 0);
      brute->value[mask] = (double)cost.cycles;
    }
  }
  brute->best = (double)INFINITY;
  brute->plans = 0;
  brute_partition(brute, (UINT32_C(1) << brute->ops) - 1, 0);
  return brute->best;
}

/* ---- searches ---- */

static const struct search_limits no_limits = {UINT32_MAX, UINT64_MAX, UINT64_MAX};

static struct search_options options_for(const char *objective) {
  return (struct search_options){
      .split = {method_find("lbdf"), explainer_find("trace-get"), EXPLAIN_DEFAULT_FRACTION, SPLIT_DEFAULT_BREADTH,
                objective_find(objective), NULL},
      .budget = 60,
      .seed = 3,
      .limits = no_limits,
      .jobs = 1,
  };
}

static void run(struct search_result *result, const char *search, const struct sim_model *model,
                const struct search_options *options) {
  struct error err = ERROR_INIT;
  struct search_options own = *options;
  if (search_find(search)->has_front) own.further[own.further_count++] = objective_find("buffer");
  int status = search_run(result, search_find(search), model, &own, &err);
  ck_assert_msg(status == 0, "%s", err.message);
}

/* The plan is legal, fits, and moves what the search says. Groups of ops that are not fusable are
 * left out: they may fit the buffer in no way. */
static void check_plan(struct sim *sim, const struct method *method, const struct search_result *result) {
  const struct sim_model *model = sim_model(sim);
  uint64_t fuseable[GRAPH_MAX_SET_WORDS], bytes = 0;
  struct error err = ERROR_INIT;
  ck_assert_msg(plan_check(&result->plan, &err) == 0, "%s", err.message);
  ck_assert_int_eq(report_fuseable_ops(sim, method, fuseable), 0);
  for (uint32_t g = 0; g < result->plan.group_count; g++) {
    struct group_cost cost;
    if (!bitset_intersects(plan_group(&result->plan, g), fuseable, model->graph->set_words)) continue;
    ck_assert_int_eq(method->cost(sim, plan_group(&result->plan, g), &cost), 0);
    ck_assert_uint_le(cost.required_bytes, model->hw.buffer_capacity_bytes);
    bytes += group_cost_dram_bytes(&cost);
  }
  ck_assert_uint_eq(bytes, result->fuseable_dram_bytes);
}

/* ---- random networks ---- */

static void open_random(struct sim_fixture *fixture, struct brute *brute, struct rng *rng) {
  const struct random_net_options shape = {DRAWN_OPS - rng_below(rng, 2), 12, rng_below(rng, 2) == 0};
  const struct hw hw = random_hw(rng);
  sim_fixture_open(fixture, random_net(rng, &shape), &hw);
  brute_open(brute, fixture->graph);
  brute_cost(brute, fixture->sim);
}

/* One whose maps may pass in slices. */
static void open_channels(struct sim_fixture *fixture, struct brute *brute, struct rng *rng) {
  const struct hw hw = random_hw(rng);
  struct graph *graph = channel_net_at_random(rng, 4, 9);
  while (graph->op_count > DRAWN_OPS) {
    graph_free(graph);
    graph = channel_net_at_random(rng, 4, 9);
  }
  sim_fixture_open(fixture, graph, &hw);
  brute_open(brute, fixture->graph);
  brute_cost(brute, fixture->sim);
}

/* One at which some group just fits. */
static uint64_t draw_capacity(const struct brute *brute, struct rng *rng) {
  uint32_t mask = 1 + rng_below(rng, (UINT32_C(1) << brute->ops) - 1);
  return brute->cost[mask].required_bytes - rng_below(rng, 2);
}

/* Of the buffer at hand, on which the height of stripes depends. */
static void brute_cost_under(struct brute *brute, struct sim *sim, const struct method *method) {
  for (uint32_t mask = 1; mask < UINT32_C(1) << brute->ops; mask++) {
    const uint64_t group[1] = {mask};
    ck_assert_int_eq(method->cost(sim, group, &brute->cost[mask]), 0);
  }
}

/* Opens the network with a buffer at which some group just fits; the least value of all plans. */
static double open_under(struct sim_fixture *fixture, struct brute *brute, struct rng *rng,
                         const struct method *method) {
  (rng_below(rng, 2) == 0 ? open_random : open_channels)(fixture, brute, rng);
  uint64_t capacity = draw_capacity(brute, rng);
  fixture->model.hw.buffer_capacity_bytes = capacity == 0 ? 1 : capacity;
  if (!method->weights_stay) brute_cost_under(brute, fixture->sim, method);
  return brute_solve(brute, fixture->model.hw.buffer_capacity_bytes, NULL);
}

/* _i: method and part of the networks. */
enum { PARTS = 4 };

START_TEST(no_plan_of_a_small_network_is_better) {
  enum { NETWORKS = 300 };
  const struct method *method = &methods[_i / PARTS];
  uint64_t plans = 0;
  for (uint64_t n = 0; n < NETWORKS; n++) {
    struct rng rng = rng_stream(101, (uint64_t)_i * NETWORKS + n, 0);
    struct sim_fixture fixture;
    struct brute brute;
    struct search_options options = options_for("dram");
    struct search_result result;
    double best = open_under(&fixture, &brute, &rng, method);
    options.split.method = method;
    run(&result, "exact", &fixture.model, &options);
    ck_assert(result.bound.known && result.bound.optimum);
    ck_assert_double_eq(result.bound.value, best);
    ck_assert_uint_eq(result.bound.dram_bytes, result.fuseable_dram_bytes);
    ck_assert_double_eq((double)result.fuseable_dram_bytes, best);
    check_plan(fixture.sim, method, &result);
    search_result_free(&result);
    plans += brute.plans;
    sim_fixture_close(&fixture);
  }
  ck_assert_uint_gt(plans, 5 * NETWORKS);
}
END_TEST

START_TEST(no_plan_of_a_small_network_is_faster) {
  for (uint64_t n = 0; n < 40; n++) {
    struct rng rng = rng_stream(102, n, 0);
    struct sim_fixture fixture;
    struct brute brute;
    struct timed *timed;
    struct error err = ERROR_INIT;
    struct search_options options = options_for("cycles");
    struct search_result result;
    open_random(&fixture, &brute, &rng);
    fixture.model.hw.buffer_capacity_bytes = brute.cost[1 + rng_below(&rng, (1u << brute.ops) - 1)].required_bytes + 1;
    ck_assert_int_eq(timed_create(&timed, &fixture.model, &err), 0);
    double best = brute_solve(&brute, fixture.model.hw.buffer_capacity_bytes, timed);
    if (brute.fuseable == (1u << brute.ops) - 1) {
      run(&result, "exact", &fixture.model, &options);
      ck_assert(result.bound.optimum);
      ck_assert_double_eq(result.value, best);
      search_result_free(&result);
    }
    timed_free(timed);
    sim_fixture_close(&fixture);
  }
}
END_TEST

/* A limit may cost the proof, never its truth. */
START_TEST(limits_leave_a_bound_and_a_legal_plan) {
  const struct method *method = &methods[_i];
  uint64_t bounds = 0;
  for (uint64_t n = 0; n < 300; n++) {
    struct rng rng = rng_stream(103, (uint64_t)_i * 300 + n, 0);
    struct sim_fixture fixture;
    struct brute brute;
    struct search_options options = options_for("dram");
    struct search_result result;
    double best = open_under(&fixture, &brute, &rng, method);
    options.split.method = method;
    if (n % 3 == 0) options.limits.ideals = rng_below(&rng, 12);
    if (n % 3 == 1) options.limits.steps = rng_below(&rng, 40);
    if (n % 3 == 2) options.limits.groups = rng_below(&rng, 12);
    run(&result, "exact", &fixture.model, &options);
    ck_assert(result.bound.known);
    ck_assert_double_le(result.bound.value, best);
    ck_assert_uint_le(result.bound.dram_bytes, result.fuseable_dram_bytes);
    if (result.bound.optimum) ck_assert_double_eq((double)result.fuseable_dram_bytes, best);
    bounds += !result.bound.optimum;
    check_plan(fixture.sim, method, &result);
    search_result_free(&result);
    sim_fixture_close(&fixture);
  }
  ck_assert_uint_gt(bounds, 40);
}
END_TEST

/* ---- what the search relies on ---- */

static bool mask_convex(const struct brute *brute, uint32_t mask) {
  for (uint32_t v = 0; v < brute->ops; v++) {
    const struct op *op = &brute->graph->ops[v];
    if ((mask >> v & 1) == 0 && (op->ancestors[0] & mask) != 0 && (op->descendants[0] & mask) != 0) return false;
  }
  return true;
}

static void grow_mask(struct growth *growth, uint32_t mask) {
  for (uint32_t v = 0; v < growth->model->graph->op_count; v++) {
    if ((mask >> v & 1) != 0) growth_add(growth, v);
  }
}

static void shrink_mask(struct growth *growth, uint32_t mask) {
  for (uint32_t v = growth->model->graph->op_count; v-- > 0;) {
    if ((mask >> v & 1) != 0) growth_remove(growth, v);
  }
  ck_assert_uint_eq(growth_dram_bytes(growth, 0), 0);
}

static uint64_t mask_rows(const struct brute *brute, uint32_t mask) {
  return brute->cost[mask].required_bytes - brute->cost[mask].weight_bytes;
}

START_TEST(rows_of_closed_groups_bound_those_of_groups_around_them) {
  uint64_t pairs = 0;
  for (uint64_t n = 0; n < 200; n++) {
    struct rng rng = rng_stream(104, (uint64_t)_i * 200 + n, 0);
    struct sim_fixture fixture;
    struct brute brute;
    struct growth growth;
    struct error err = ERROR_INIT;
    open_random(&fixture, &brute, &rng);
    ck_assert_int_eq(growth_create(&growth, &fixture.model, false, &err), 0);
    for (uint32_t inner = 1; inner < 1u << brute.ops; inner++) {
      uint32_t exit;
      grow_mask(&growth, inner);
      bool closed = growth_closed(&growth, &exit);
      ck_assert_uint_le(growth_dram_bytes(&growth, 0), group_cost_dram_bytes(&brute.cost[inner]));
      shrink_mask(&growth, inner);
      for (uint32_t outer = inner; closed && outer < 1u << brute.ops; outer = (outer + 1) | inner) {
        if (!mask_convex(&brute, outer)) continue;
        ck_assert_uint_le(mask_rows(&brute, inner), mask_rows(&brute, outer));
        pairs++;
      }
    }
    growth_free(&growth);
    sim_fixture_close(&fixture);
  }
  ck_assert_uint_gt(pairs, 10000);
}
END_TEST

START_TEST(no_valid_group_moves_less_than_its_bound) {
  const struct method *method = &methods[_i];
  uint64_t groups = 0, refetched = 0;
  for (uint64_t n = 0; n < 400; n++) {
    struct rng rng = rng_stream(105, (uint64_t)_i * 400 + n, 0);
    struct sim_fixture fixture;
    struct brute brute;
    struct growth growth;
    struct error err = ERROR_INIT;
    open_under(&fixture, &brute, &rng, method);
    ck_assert_int_eq(growth_create(&growth, &fixture.model, method->streams_whole, &err), 0);
    for (uint32_t mask = 1; mask < 1u << brute.ops; mask++) {
      if (brute.cost[mask].required_bytes > fixture.model.hw.buffer_capacity_bytes) continue;
      grow_mask(&growth, mask);
      ck_assert_uint_le(growth_dram_bytes(&growth, 0), group_cost_dram_bytes(&brute.cost[mask]));
      refetched += growth.further_bytes > 0 && growth.weight_bytes > fixture.model.hw.buffer_capacity_bytes;
      shrink_mask(&growth, mask);
      groups++;
    }
    growth_free(&growth);
    sim_fixture_close(&fixture);
  }
  ck_assert_uint_gt(groups, 4000);
  if (method->streams_whole) ck_assert_uint_gt(refetched, 20);
}
END_TEST

/* The rows of a group's first stripe bound those of any stripes, of it and of groups that go on from it:
 * whose further ops come before none of its own. */
START_TEST(first_stripes_bound_what_streamed_groups_need) {
  uint64_t pairs = 0;
  for (uint64_t n = 0; n < 300; n++) {
    struct rng rng = rng_stream(106, (uint64_t)_i * 300 + n, 0);
    struct sim_fixture fixture;
    struct brute brute;
    struct stripe stripe;
    struct error err = ERROR_INIT;
    uint64_t least[MASKS], rest[1] = {0};
    open_random(&fixture, &brute, &rng);
    ck_assert_int_eq(stripe_create(&stripe, &fixture.model, &err), 0);
    for (uint32_t mask = 1; mask < 1u << brute.ops && stripe.sound; mask++) {
      const uint64_t group[1] = {mask};
      least[mask] = stripe_least_bytes(&stripe, group);
      if (!mask_convex(&brute, mask)) continue;
      struct group_cost cost;
      ck_assert_int_ge(sim_cost_streamed(fixture.sim, group, 0, &cost), 0);
      ck_assert_uint_le(least[mask], cost.required_bytes); /* stripes of one row */
      ck_assert_int_eq(sim_cost_streamed(fixture.sim, group, INT64_MAX, &cost), 0);
      ck_assert_uint_le(least[mask], cost.required_bytes); /* one stripe */
      for (uint32_t inner = (mask - 1) & mask; inner != 0; inner = (inner - 1) & mask) {
        bool before = false;
        for (uint32_t v = 0; v < brute.ops; v++) {
          before |= (mask & ~inner) >> v & 1 && (brute.reach[v] & inner) != 0;
        }
        if (before) continue;
        ck_assert_uint_le(least[inner], least[mask]);
        pairs++;
      }
    }
    for (uint32_t t = 0; t < fixture.graph->tensor_count; t++) rest[0] |= stripe.live_bytes[t];
    ck_assert_uint_eq(rest[0], 0);
    stripe_free(&stripe);
    sim_fixture_close(&fixture);
  }
  ck_assert_uint_gt(pairs, 2000);
}
END_TEST

/* A convolution of kernel 3 and padding 1 over 8 rows of 10 bytes, to 8 rows of 6; its 300 bytes of
 * weights have 3 channels, so staging takes 200. n rows take 6 n and, at a border, n + 1 rows of
 * input: 26, 42, 58 for one, two, three; all 8 take 48 and 80, seven 42 and 80. */
START_TEST(fetches_are_counted_by_hand) {
  static const struct {
    uint64_t capacity_bytes, fetches;
  } cases[] = {{226, 8}, {241, 8}, {242, 4}, {257, 4}, {258, 3}, {327, 2}, {328, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct hw hw = support_hw(cases[i].capacity_bytes);
    struct net net;
    struct sim_model model;
    struct error err = ERROR_INIT;
    net_begin(&net, 1);
    uint32_t in = net_input(&net, 8, 10);
    net.weights = 300;
    net.channels = 3;
    net_mark(&net, net_conv(&net, in, 6, (struct net_window){3, 1, 1, 1}));
    struct graph *graph = net_end(&net);
    ck_assert_int_eq(sim_model_create(&model, graph, &hw, &err), 0);
    ck_assert_uint_eq(fetches_least(&model, 0), cases[i].fetches);
    sim_model_free(&model);
    graph_free(graph);
  }
}
END_TEST

/* Of windows of one tap and a padding of 4, 16 rows over 8, the first four need padding alone: with room for 24
 * bytes, 6 for each, four of them might be one stripe. */
START_TEST(rows_that_need_padding_alone_count_without_input) {
  struct hw hw = support_hw(224);
  struct net net;
  struct sim_model model;
  struct error err = ERROR_INIT;
  net_begin(&net, 1);
  uint32_t in = net_input(&net, 8, 10);
  net.weights = 300;
  net.channels = 3;
  net_mark(&net, net_conv(&net, in, 6, (struct net_window){.kernel = 1, .stride = 1, .pad = 4, .dilation = 2}));
  struct graph *graph = net_end(&net);
  ck_assert_int_eq(sim_model_create(&model, graph, &hw, &err), 0);
  ck_assert_uint_eq(graph->tensors[1].rows, 16);
  ck_assert_uint_eq(fetches_least(&model, 0), 4);
  sim_model_free(&model);
  graph_free(graph);
}
END_TEST

/* ---- real networks ---- */

START_TEST(no_search_finds_better_than_the_optimum) {
  static const uint64_t capacities[] = {128 << 10, 256 << 10, 512 << 10};
  for (size_t c = 0; c < 3; c++) {
    const struct hw hw = support_hw(capacities[c]);
    struct sim_fixture fixture;
    struct search_options options = options_for("dram");
    struct search_result exact;
    sim_fixture_open(&fixture, support_network(support_networks[_i]), &hw);
    run(&exact, "exact", &fixture.model, &options);
    ck_assert(exact.bound.optimum);
    check_plan(fixture.sim, options.split.method, &exact);
    options.bound = true;
    for (size_t s = 0; s < search_count; s++) {
      struct search_result other;
      run(&other, searches[s].name, &fixture.model, &options);
      ck_assert_uint_le(exact.fuseable_dram_bytes, other.fuseable_dram_bytes);
      ck_assert_uint_eq(exact.fuseable_dram_bytes, other.bound.dram_bytes);
      search_result_free(&other);
    }
    search_result_free(&exact);
    sim_fixture_close(&fixture);
  }
}
END_TEST

START_TEST(efficientnet_b3_at_256_kib_has_a_known_optimum) {
  struct hw hw = support_hw(256 << 10);
  struct sim_fixture fixture;
  struct search_options options = options_for("dram");
  struct search_result result, again;
  hw.activation_bits = hw.weight_bits = 16;
  sim_fixture_open(&fixture, support_network("efficientnet_b3"), &hw);
  run(&result, "exact", &fixture.model, &options);
  ck_assert(result.bound.optimum);
  ck_assert_uint_eq(result.fuseable_dram_bytes, 80452368);
  ck_assert_uint_lt(result.groups_evaluated, 10000);
  options.jobs = 3;
  run(&again, "exact", &fixture.model, &options);
  ck_assert_uint_eq(result.plan.group_count, again.plan.group_count);
  ck_assert_mem_eq(result.plan.groups, again.plan.groups,
                   result.plan.group_count * fixture.graph->set_words * sizeof(uint64_t));
  ck_assert_uint_eq(result.bound.groups_evaluated, again.bound.groups_evaluated);
  search_result_free(&result);
  search_result_free(&again);
  sim_fixture_close(&fixture);
}
END_TEST

/* Many branches: solved where weights stay; else, with little to spend, a bound, a plan not far from
 * it, and the same whatever the number of threads. */
START_TEST(networks_of_many_branches_are_solved_or_bounded) {
  static const struct {
    const char *name, *method;
    uint64_t buffer_kib;
    bool solved;
    double gap; /* at most, relative */
  } cases[] = {
      {"googlenet", "lbdf", 64, true, 0},      {"googlenet", "lbdf", 256, true, 0},
      {"inception_v3", "lbdf", 256, true, 0},  {"densenet", "brr", 512, true, 0},
      {"densenet", "lbdf", 128, true, 0},      {"densenet", "brr", 128, true, 0},
      {"inception_v3", "brr", 64, false, 10}, {"cells-a", "lbdf", 64, false, 10},
  };
  struct search_options options = options_for("dram");
  struct search_result one, three;
  struct sim_fixture fixture;
  const struct hw hw = support_hw(cases[_i].buffer_kib << 10);
  size_t n = 0;
  while (strcmp(hard_nets[n].name, cases[_i].name) != 0) n++;
  sim_fixture_open(&fixture, hard_nets[n].build(), &hw);
  options.split.method = method_find(cases[_i].method);
  options.limits = (struct search_limits){20000, 10000000, 20000};
  if (!cases[_i].solved) options.limits = (struct search_limits){20000, 100000, 1000};
  run(&one, "exact", &fixture.model, &options);
  ck_assert_int_eq(one.bound.optimum, cases[_i].solved);
  ck_assert_double_ge((double)one.fuseable_dram_bytes, one.bound.value);
  ck_assert_double_le((double)one.fuseable_dram_bytes, (1 + cases[_i].gap) * one.bound.value);
  check_plan(fixture.sim, options.split.method, &one);
  options.jobs = 3;
  run(&three, "exact", &fixture.model, &options);
  ck_assert_double_eq(one.bound.value, three.bound.value);
  ck_assert_uint_eq(one.bound.groups_evaluated, three.bound.groups_evaluated);
  ck_assert_uint_eq(one.groups_evaluated, three.groups_evaluated);
  ck_assert_mem_eq(one.plan.groups, three.plan.groups,
                   one.plan.group_count * fixture.graph->set_words * sizeof(uint64_t));
  search_result_free(&one);
  search_result_free(&three);
  sim_fixture_close(&fixture);
}
END_TEST

START_TEST(every_sum_has_an_optimum) {
  const struct hw hw = support_hw(128 << 10);
  struct sim_fixture fixture;
  sim_fixture_open(&fixture, support_network("mobilenet_v3_small"), &hw);
  for (size_t o = 0; o < objective_count; o++) {
    struct search_options options = options_for(objectives[o].name);
    struct search_result exact, local;
    if (!objectives[o].additive) continue;
    run(&exact, "exact", &fixture.model, &options);
    ck_assert(exact.bound.optimum);
    ck_assert_double_eq(exact.value, exact.bound.value);
    check_plan(fixture.sim, options.split.method, &exact);
    options.bound = true;
    run(&local, "local", &fixture.model, &options);
    ck_assert_double_ge(local.value, exact.value);
    ck_assert_double_eq_tol(local.bound.value, exact.value, 1e-9 * exact.value);
    search_result_free(&exact);
    search_result_free(&local);
  }
  sim_fixture_close(&fixture);
}
END_TEST

START_TEST(an_objective_that_is_no_sum_is_refused) {
  const struct hw hw = support_hw(128 << 10);
  struct sim_fixture fixture;
  struct search_options options = options_for("edp");
  struct search_result result;
  struct error err = ERROR_INIT;
  sim_fixture_open(&fixture, support_network("alexnet"), &hw);
  ck_assert_int_ne(search_run(&result, search_find("exact"), &fixture.model, &options, &err), 0);
  ck_assert_int_eq(err.kind, ERROR_USAGE);
  sim_fixture_close(&fixture);
}
END_TEST

Suite *exact_suite(void) {
  Suite *suite = suite_create("exact");
  TCase *small = tcase_create("small networks"), *real = tcase_create("real networks");
  tcase_set_timeout(small, 240);
  tcase_add_loop_test(small, no_plan_of_a_small_network_is_better, 0, (int)method_count * PARTS);
  tcase_add_test(small, no_plan_of_a_small_network_is_faster);
  tcase_add_loop_test(small, limits_leave_a_bound_and_a_legal_plan, 0, (int)method_count);
  tcase_add_loop_test(small, rows_of_closed_groups_bound_those_of_groups_around_them, 0, 4);
  tcase_add_loop_test(small, no_valid_group_moves_less_than_its_bound, 0, (int)method_count);
  tcase_add_loop_test(small, first_stripes_bound_what_streamed_groups_need, 0, 4);
  tcase_add_test(small, fetches_are_counted_by_hand);
  tcase_add_test(small, rows_that_need_padding_alone_count_without_input);
  suite_add_tcase(suite, small);
  tcase_set_timeout(real, 240);
  tcase_add_loop_test(real, no_search_finds_better_than_the_optimum, 0, SUPPORT_NETWORKS);
  tcase_add_test(real, efficientnet_b3_at_256_kib_has_a_known_optimum);
  tcase_add_loop_test(real, networks_of_many_branches_are_solved_or_bounded, 0, 8);
  tcase_add_test(real, every_sum_has_an_optimum);
  tcase_add_test(real, an_objective_that_is_no_sum_is_refused);
  suite_add_tcase(suite, real);
  return suite;
}
