/* Plans under brr-plus beside the figures that Optimus's own program prints, in 128 KiB, 16 bits per activation and
 * weight. docs/methods.md says how the two count. */
#include <check.h>
#include <stdlib.h>

#include "channel_net.h"
#include "graph/group.h"
#include "sched/search.h"
#include "sim/brr.h"
#include "sim/brr_plus.h"
#include "sim/report.h"
#include "sim/slices.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

enum { CAPACITY = 128 << 10, BUDGET = 1000, SEED = 2, MOST_OPS = 128 };

enum accounting {
  ALL,     /* what the simulator says a plan moves */
  CONVS,   /* groups without a convolution over channels or a classifier are free */
  OPTIMUS, /* as well, weights of depthwise convolutions are free, and those of ops that take slices count once */
};

/* The residual sums cost nothing in that program, so whoever reads a sum reads the last conv before it, and what
 * the shortcuts compute leaves the network. */
static struct channel_map residual_stage(struct net *net, struct channel_map from, uint32_t channels, uint32_t stride) {
  if (stride > 1) net_mark(net, channel_conv(net, from, channels, 1, stride, 0).tensor);
  struct channel_map map = channel_conv(net, from, channels, 3, stride, 0);
  map = channel_conv(net, map, channels, 3, 1, 0);
  map = channel_conv(net, map, channels, 3, 1, 0);
  return channel_conv(net, map, channels, 3, 1, 0);
}

static struct graph *resnet18_of_convs(void) {
  struct net net;
  net_begin(&net, 1);
  struct channel_map map = channel_input(&net, 3, 224, 224);
  map = channel_pool(&net, channel_conv(&net, map, 64, 7, 2, 0), 3, 2);
  map = residual_stage(&net, map, 64, 1);
  map = residual_stage(&net, map, 128, 2);
  map = residual_stage(&net, map, 256, 2);
  net_mark(&net, residual_stage(&net, map, 512, 2).tensor);
  return net_end(&net);
}

static struct channel_map fire(struct net *net, struct channel_map from, uint32_t squeezed, uint32_t expanded) {
  struct channel_map squeeze = channel_conv(net, from, squeezed, 1, 1, 0);
  struct channel_map one = channel_conv(net, squeeze, expanded, 1, 1, 0);
  return channel_concat(net, one, channel_conv(net, squeeze, expanded, 3, 1, 0));
}

/* Its images are of 227 x 227, and neither the first convolution nor pools pad. */
static struct graph *squeezenet(void) {
  const struct net_window first = {.kernel = 7, .stride = 2, .dilation = 1};
  const struct net_window half = {.kernel = 3, .stride = 2, .dilation = 1};
  struct net net;
  net_begin(&net, 1);
  struct channel_map map = channel_conv_by(&net, channel_input(&net, 3, 227, 227), 96, 1, first, 0);
  map = channel_pool_by(&net, map, half);
  map = fire(&net, fire(&net, fire(&net, map, 16, 64), 16, 64), 32, 128);
  map = channel_pool_by(&net, map, half);
  map = fire(&net, fire(&net, map, 32, 128), 48, 192);
  map = fire(&net, fire(&net, map, 48, 192), 64, 256);
  map = fire(&net, channel_pool_by(&net, map, half), 64, 256);
  net_mark(&net, channel_global_pool(&net, channel_conv(&net, map, 1000, 1, 1, 0)).tensor);
  return net_end(&net);
}

/* ---- counting ---- */

struct counter {
  struct sim_model model;
  struct sim *sim;
  struct walk walk;
  struct residency residency;
};

static void counter_open(struct counter *counter, struct graph *graph) {
  struct hw hw = support_hw(CAPACITY);
  struct error err = ERROR_INIT;
  hw.activation_bits = hw.weight_bits = 16;
  ck_assert_int_eq(sim_model_create(&counter->model, graph, &hw, &err), 0);
  ck_assert_int_eq(sim_create(&counter->sim, &counter->model, &err), 0);
  ck_assert_int_eq(walk_create(&counter->walk, &counter->model, &err), 0);
  counter->residency = (struct residency){0};
  ck_assert_int_eq(residency_reserve(&counter->residency, graph->tensor_count), 0);
}

static void counter_close(struct counter *counter, struct graph *graph) {
  residency_free(&counter->residency);
  walk_free(&counter->walk);
  sim_free(counter->sim);
  sim_model_free(&counter->model);
  graph_free(graph);
}

static bool has_product(const struct graph *graph, const uint64_t *group) {
  for BITSET_EACH (v, group, graph->set_words) {
    if (graph->ops[v].work.filters > 0 && graph->ops[v].work.groups == 1) return true;
  }
  return false;
}

/* Weights that come more than once for ops that take slices, and all of depthwise convolutions. */
static uint64_t uncounted_bytes(struct counter *counter, const uint64_t *group, const struct group_cost *cost) {
  const struct graph *graph = counter->model.graph;
  struct walk *walk = &counter->walk;
  uint64_t bytes = 0;
  ck_assert_int_eq(walk_prepare(walk, group), 0);
  if (cost->stripes > 0) {
    brr_plus_restore(walk, &counter->residency, CAPACITY, cost);
    brr_run(walk, brr_height(walk, cost->stripes));
  }
  for (uint32_t i = 0; i < walk->lines.inside_count; i++) {
    uint32_t op = walk->lines.items[i].op;
    uint64_t times = walk->fetches[i] == 0 ? 1 : walk->fetches[i];
    if (graph->ops[op].work.groups > 1) bytes += times * counter->model.weight_bytes[op];
    if (walk->slicing[i].accumulates) bytes += (times - 1) * counter->model.weight_bytes[op];
  }
  return bytes;
}

/* UINT64_MAX if the group does not fit. */
static uint64_t count_group(struct counter *counter, const uint64_t *group, enum accounting accounting) {
  struct group_cost cost;
  if (accounting != ALL && !has_product(counter->model.graph, group)) return 0;
  ck_assert_int_eq(sim_try_brr_plus(counter->sim, group, &cost), 0);
  if (cost.required_bytes > CAPACITY) return UINT64_MAX;
  return group_cost_dram_bytes(&cost) - (accounting == OPTIMUS ? uncounted_bytes(counter, group, &cost) : 0);
}

/* The best plan of groups of consecutive ops: of the first n ops, for one n after another. */
static uint64_t count_best(struct counter *counter, enum accounting accounting) {
  const struct graph *graph = counter->model.graph;
  uint64_t best[MOST_OPS + 1] = {0}, group[GRAPH_MAX_SET_WORDS];
  ck_assert_uint_le(graph->op_count, MOST_OPS);
  for (uint32_t n = 1; n <= graph->op_count; n++) {
    best[n] = UINT64_MAX;
    bitset_clear(group, graph->set_words);
    for (uint32_t first = n; first-- > 0;) {
      bitset_add(group, first);
      uint64_t bytes = group_connected(graph, group) ? count_group(counter, group, accounting) : UINT64_MAX;
      if (bytes != UINT64_MAX && best[first] + bytes < best[n]) best[n] = best[first] + bytes;
    }
  }
  return best[graph->op_count];
}

/* ---- figures ---- */

enum network { RESNET18, MOBILENET, SQUEEZENET };

static struct graph *open_network(enum network network) {
  switch (network) {
    case RESNET18: return resnet18_of_convs();
    case MOBILENET: return channel_net_mobilenet_v1();
    case SQUEEZENET: break;
  }
  return squeezenet();
}

/* In thousandths of a MiB, rounded up. What Optimus prints is 27.22, 13.06 and 5.252 MiB. */
static const uint64_t expected[][3] = {
    [RESNET18] = {[ALL] = 28059, [CONVS] = 28059, [OPTIMUS] = 27219},
    [MOBILENET] = {[ALL] = 16340, [CONVS] = 16065, [OPTIMUS] = 13059},
    [SQUEEZENET] = {[ALL] = 5968, [CONVS] = 5736, [OPTIMUS] = 5251},
};

START_TEST(plans_move_no_more_than_is_claimed) {
  for (int accounting = CONVS; accounting <= OPTIMUS; accounting++) {
    struct counter counter;
    struct graph *graph = open_network((enum network)_i);
    counter_open(&counter, graph);
    uint64_t bytes = count_best(&counter, (enum accounting)accounting);
    ck_assert_uint_le(bytes * 1000, expected[_i][accounting] << 20);
    counter_close(&counter, graph);
  }
}
END_TEST

/* All bytes, in the plan that `spillway schedule --method brr-plus --budget 1000 --seed 2` finds. */
START_TEST(the_local_search_moves_no_more_than_is_claimed) {
  struct counter counter;
  struct search_result result;
  struct error err = ERROR_INIT;
  struct graph *graph = open_network((enum network)_i);
  struct search_options options = {
      .split = {method_find("brr-plus"), explainer_find("trace-get"), EXPLAIN_DEFAULT_FRACTION, SPLIT_DEFAULT_BREADTH,
                objective_find("dram"), NULL},
      .budget = BUDGET,
      .seed = SEED,
      .limits = SEARCH_DEFAULT_LIMITS,
      .jobs = 2,
  };
  counter_open(&counter, graph);
  int status = search_run(&result, search_find("local"), &counter.model, &options, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  ck_assert_uint_le(result.fuseable_dram_bytes * 1000, expected[_i][ALL] << 20);
  search_result_free(&result);
  counter_close(&counter, graph);
}
END_TEST

Suite *optimus_suite(void) {
  Suite *suite = suite_create("optimus");
  TCase *figures = tcase_create("figures");
  tcase_set_timeout(figures, 120);
  tcase_add_loop_test(figures, plans_move_no_more_than_is_claimed, 0, 3);
  tcase_add_loop_test(figures, the_local_search_moves_no_more_than_is_claimed, 0, 3);
  suite_add_tcase(suite, figures);
  return suite;
}
