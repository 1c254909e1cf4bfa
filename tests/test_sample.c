/* Samples of groups: which groups, and how many of them are valid. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "build_graph.h"
#include "graph/group.h"
#include "random_net.h"
#include "sched/sample.h"
#include "sched/search.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

enum { MOST_CAPACITIES = 8 };

static void draw(struct sample *out, const struct graph *graph, uint64_t groups, uint64_t seed) {
  struct error err = ERROR_INIT;
  ck_assert_msg(sample_draw(out, graph, groups, seed, NULL, &err) == 0, "%s", err.message);
}

static void count(uint64_t *valid, const struct sample *sample, const struct sim_model *model, const char *method,
                  const uint64_t *capacities, size_t capacity_count, unsigned jobs) {
  const struct sample_options options = {method_find(method), capacities, capacity_count, jobs, NULL};
  struct error err = ERROR_INIT;
  ck_assert_msg(sample_count_valid(valid, sample, model, &options, &err) == 0, "%s", err.message);
}

static const uint64_t *group_of(const struct sample *sample, uint64_t i) {
  return sample->sets + i * sample->graph->set_words;
}

/* ---- by hand ---- */

/* A chain of 1x1 convolutions with 100, 200 and 400 bytes of weights, rows of 10 bytes. Whichever op
 * fires, its input row and its output row are there: 20 bytes. {0,1} takes 320 bytes, {1,2} 620 and
 * {0,1,2} 720. */
static struct graph *chain(void) {
  struct net net;
  const struct net_window window = {.kernel = 1, .stride = 1, .dilation = 1};
  net_begin(&net, 1);
  uint32_t rows = net_input(&net, 4, 10);
  for (uint64_t weights = 100; weights <= 400; weights *= 2) {
    net.weights = weights;
    rows = net_conv(&net, rows, 10, window);
  }
  net_mark(&net, rows);
  return net_end(&net);
}

START_TEST(a_chain_by_hand) {
  static const uint64_t capacities[] = {1, 319, 320, 619, 620, 719, 720, 1000}, expected[] = {0, 0, 1, 1, 2, 2, 3, 3};
  struct sim_fixture fixture;
  struct sample sample;
  uint64_t valid[MOST_CAPACITIES];
  const struct hw hw = support_hw(5);
  sim_fixture_open(&fixture, chain(), &hw);
  draw(&sample, fixture.graph, 1000, 1);
  ck_assert_uint_eq(sample.group_count, 3);
  ck_assert_uint_eq(sample.op_count, 7);
  ck_assert_uint_gt(sample.plans_drawn, SAMPLE_PATIENCE_PLANS);
  count(valid, &sample, &fixture.model, "lbdf", capacities, 8, 1);
  for (size_t c = 0; c < 8; c++) ck_assert_uint_eq(valid[c], expected[c]);
  sample_free(&sample);
  sim_fixture_close(&fixture);
}
END_TEST

/* One op is no group. */
START_TEST(a_network_of_one_op_has_no_groups) {
  static const uint64_t capacity = 100;
  struct sim_fixture fixture;
  struct sample sample;
  struct net net;
  uint64_t valid = 9;
  const struct hw hw = support_hw(100);
  net_begin(&net, 1);
  net_mark(&net, net_unary(&net, net_input(&net, 4, 10)));
  sim_fixture_open(&fixture, net_end(&net), &hw);
  draw(&sample, fixture.graph, 5, 1);
  ck_assert_uint_eq(sample.group_count, 0);
  count(&valid, &sample, &fixture.model, "lbdf", &capacity, 1, 2);
  ck_assert_uint_eq(valid, 0);
  sample_free(&sample);
  sim_fixture_close(&fixture);
}
END_TEST

/* ---- random networks ---- */

static void check_groups(const struct sample *sample) {
  size_t words = sample->graph->set_words;
  uint64_t ops = 0;
  for (uint64_t i = 0; i < sample->group_count; i++) {
    ck_assert_uint_ge(bitset_count(group_of(sample, i), words), 2);
    ck_assert(group_connected(sample->graph, group_of(sample, i)));
    ops += bitset_count(group_of(sample, i), words);
    for (uint64_t j = 0; j < i; j++) ck_assert(!bitset_equal(group_of(sample, i), group_of(sample, j), words));
  }
  ck_assert_uint_eq(ops, sample->op_count);
}

static int compare_counts(const void *left, const void *right) {
  const uint64_t *a = left, *b = right;
  return *a < *b ? -1 : *a > *b;
}

/* Capacities between which what fits changes: those that groups require under LBDF, and a byte less. */
static size_t choose_capacities(uint64_t capacities[MOST_CAPACITIES], const struct sample *sample, struct sim *sim,
                                struct rng *rng) {
  size_t kept = 1;
  for (size_t c = 0; c < MOST_CAPACITIES; c++) {
    struct group_cost cost;
    ck_assert_int_eq(sim_cost(sim, group_of(sample, rng_below(rng, (uint32_t)sample->group_count)), &cost), 0);
    capacities[c] = cost.required_bytes - (cost.required_bytes > 1 ? rng_below(rng, 2) : 0);
    if (capacities[c] == 0) capacities[c] = 1;
  }
  qsort(capacities, MOST_CAPACITIES, sizeof *capacities, compare_counts);
  for (size_t c = 1; c < MOST_CAPACITIES; c++) {
    if (capacities[c] != capacities[kept - 1]) capacities[kept++] = capacities[c];
  }
  return kept;
}

/* Of each group its whole cost, on a machine with that buffer. */
static uint64_t count_anew(const struct sample *sample, const struct sim_model *model, const struct method *method,
                           uint64_t capacity) {
  struct sim_model sized = *model;
  struct error err = ERROR_INIT;
  struct sim *sim;
  uint64_t valid = 0;
  sized.hw.buffer_capacity_bytes = capacity;
  ck_assert_int_eq(sim_create(&sim, &sized, &err), 0);
  for (uint64_t i = 0; i < sample->group_count; i++) {
    struct group_cost cost;
    ck_assert_int_eq(method->cost(sim, group_of(sample, i), &cost), 0);
    valid += cost.required_bytes <= capacity;
  }
  sim_free(sim);
  return valid;
}

/* Larger buffers hold no fewer groups, under LBDF and wherever a method is steady. */
static void check_counts(const struct sample *sample, const struct sim_fixture *fixture, struct rng *rng) {
  uint64_t capacities[MOST_CAPACITIES], valid[MOST_CAPACITIES], again[MOST_CAPACITIES];
  size_t capacity_count = choose_capacities(capacities, sample, fixture->sim, rng);
  ck_assert(method_find("lbdf")->steady);
  for (size_t m = 0; m < method_count; m++) {
    count(valid, sample, &fixture->model, methods[m].name, capacities, capacity_count, 1);
    count(again, sample, &fixture->model, methods[m].name, capacities, capacity_count, 3);
    for (size_t c = 0; c < capacity_count; c++) {
      ck_assert_uint_eq(valid[c], again[c]);
      ck_assert_uint_eq(valid[c], count_anew(sample, &fixture->model, &methods[m], capacities[c]));
      if (methods[m].steady && c > 0) ck_assert_uint_ge(valid[c], valid[c - 1]);
    }
  }
}

START_TEST(shares_of_random_networks_are_those_of_each_group_anew) {
  static const struct random_net_options options = {.most_ops = 14, .most_rows = 12};
  for (uint32_t i = 0; i < 40; i++) {
    struct sim_fixture fixture;
    struct sample sample;
    struct rng rng = rng_stream(61, i, 0);
    struct graph *graph = random_net(&rng, &options);
    const struct hw hw = random_hw(&rng);
    sim_fixture_open(&fixture, graph, &hw);
    draw(&sample, fixture.graph, 60, i);
    check_groups(&sample);
    if (sample.group_count > 0) check_counts(&sample, &fixture, &rng);
    sample_free(&sample);
    sim_fixture_close(&fixture);
  }
}
END_TEST

/* ---- networks ---- */

START_TEST(a_larger_sample_begins_with_the_smaller_one) {
  struct graph *graph = support_network("mobilenet_v2");
  struct sample small, large, other;
  draw(&small, graph, 70, 3);
  draw(&large, graph, 200, 3);
  draw(&other, graph, 70, 4);
  ck_assert_uint_eq(small.group_count, 70);
  ck_assert_uint_eq(large.group_count, 200);
  check_groups(&large);
  size_t bytes = small.group_count * graph->set_words * sizeof *small.sets;
  ck_assert_mem_eq(small.sets, large.sets, bytes);
  ck_assert_int_ne(memcmp(small.sets, other.sets, bytes), 0);
  sample_free(&small);
  sample_free(&large);
  sample_free(&other);
  graph_free(graph);
}
END_TEST

/* Where all fits, random search keeps the one plan that it may draw as it is. */
START_TEST(groups_are_those_that_random_search_draws) {
  struct sim_fixture fixture;
  struct search_result result;
  struct sample sample;
  struct error err = ERROR_INIT;
  const struct hw hw = support_hw(UINT64_C(1) << 30);
  sim_fixture_open(&fixture, support_network("mobilenet_v3_small"), &hw);
  const struct search_options options = {
      .split = {method_find("lbdf"), explainer_find("middle"), EXPLAIN_DEFAULT_FRACTION, SPLIT_DEFAULT_BREADTH,
                objective_find("dram"), NULL},
      .budget = 1,
      .seed = 5,
      .limits = SEARCH_DEFAULT_LIMITS,
      .jobs = 1,
  };
  ck_assert_msg(search_run(&result, search_find("random"), &fixture.model, &options, &err) == 0, "%s", err.message);
  ck_assert_uint_gt(result.groups_proposed, 0);
  ck_assert_uint_eq(result.groups_proposed, result.groups_proposed_valid);
  draw(&sample, fixture.graph, result.groups_proposed, 5);
  ck_assert_uint_eq(sample.plans_drawn, 1);
  uint64_t next = 0;
  for (uint32_t g = 0; g < result.plan.group_count; g++) {
    const uint64_t *group = plan_group(&result.plan, g);
    if (bitset_count(group, fixture.graph->set_words) < 2) continue;
    ck_assert(bitset_equal(group, group_of(&sample, next++), fixture.graph->set_words));
  }
  ck_assert_uint_eq(next, sample.group_count);
  sample_free(&sample);
  search_result_free(&result);
  sim_fixture_close(&fixture);
}
END_TEST

Suite *sample_suite(void) {
  Suite *suite = suite_create("sample");
  TCase *tests = tcase_create("sample");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, a_chain_by_hand);
  tcase_add_test(tests, a_network_of_one_op_has_no_groups);
  tcase_add_test(tests, shares_of_random_networks_are_those_of_each_group_anew);
  tcase_add_test(tests, a_larger_sample_begins_with_the_smaller_one);
  tcase_add_test(tests, groups_are_those_that_random_search_draws);
  suite_add_tcase(suite, tests);
  return suite;
}
