/* Searches and splits on a real network. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sched/candidate.h"
#include "sched/search.h"
#include "sched/split.h"
#include "sim/report.h"
#include "sim/timed_plan.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

enum { CAPACITY = 128 * 1024 };

struct fixture {
  struct graph *graph;
  struct sim_model model;
};

static void fixture_open(struct fixture *fixture, const char *network) {
  const struct hw hw = support_hw(CAPACITY);
  struct error err = ERROR_INIT;
  fixture->graph = support_network(network);
  ck_assert_int_eq(sim_model_create(&fixture->model, fixture->graph, &hw, &err), 0);
}

static void fixture_close(struct fixture *fixture) {
  sim_model_free(&fixture->model);
  graph_free(fixture->graph);
}

static struct learned learned; /* of the test that is running */

static void draw_learned(void) { sim_fixture_draw_learned(&learned); }
static void free_learned(void) { learned_free(&learned); }

static struct split_rules rules(const struct explainer *explainer) {
  return (struct split_rules){method_find("lbdf"), explainer, EXPLAIN_DEFAULT_FRACTION, SPLIT_DEFAULT_BREADTH,
                              objective_find("dram"), &learned};
}

static void run_for(struct search_result *result, const struct fixture *fixture, const char *search,
                    const char *splitter, unsigned jobs, const char *objective) {
  struct search_options options = {
      .split = rules(explainer_find(splitter)),
      .budget = 120,
      .seed = 7,
      .limits = SEARCH_DEFAULT_LIMITS,
      .jobs = jobs,
  };
  struct error err = ERROR_INIT;
  options.split.objective = objective_find(objective);
  if (search_find(search)->has_front) options.further[options.further_count++] = objective_find("buffer");
  int status = search_run(result, search_find(search), &fixture->model, &options, &err);
  ck_assert_msg(status == 0, "%s", err.message);
}

static void run(struct search_result *result, const struct fixture *fixture, const char *search,
                const char *splitter, unsigned jobs) {
  run_for(result, fixture, search, splitter, jobs, "dram");
}

/* The plan is legal, fits, and moves what the search says, by a report of its own. */
static void check_plan(const struct fixture *fixture, const struct search_result *result) {
  struct plan_report report;
  struct sim *sim;
  struct error err = ERROR_INIT;
  ck_assert_msg(plan_check(&result->plan, &err) == 0, "%s", err.message);
  ck_assert_int_eq(sim_create(&sim, &fixture->model, &err), 0);
  int status = plan_report_create(&report, sim, method_find("lbdf"), &result->plan, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  ck_assert_uint_eq(report.invalid_groups, 0);
  ck_assert_uint_eq(report.fuseable_dram_bytes, result->fuseable_dram_bytes);
  plan_report_free(&report);
  sim_free(sim);
}

static void check_curve(const struct search_result *result) {
  ck_assert_uint_gt(result->curve_count, 0);
  for (size_t i = 1; i < result->curve_count; i++) {
    ck_assert_uint_gt(result->curve[i].plans, result->curve[i - 1].plans);
    ck_assert_uint_le(result->curve[i].fuseable_dram_bytes, result->curve[i - 1].fuseable_dram_bytes);
  }
  ck_assert_uint_eq(result->curve[result->curve_count - 1].plans, result->plans_proposed);
}

START_TEST(every_search_and_splitter_gives_a_legal_plan) {
  struct fixture fixture;
  fixture_open(&fixture, "mobilenet_v3_small");
  for (size_t s = 0; s < search_count; s++) {
    for (size_t e = 0; e < explainer_count; e++) {
      struct search_result result;
      run(&result, &fixture, searches[s].name, explainers[e].name, 1);
      /* What is known to be best is proposed alone. */
      ck_assert_uint_eq(result.plans_proposed, result.bound.optimum ? 1 : 120);
      ck_assert(result.bound.known == (strcmp(searches[s].name, "exact") == 0));
      check_plan(&fixture, &result);
      check_curve(&result);
      search_result_free(&result);
    }
  }
  fixture_close(&fixture);
}
END_TEST

static void check_same(const struct search_result *a, const struct search_result *b) {
  ck_assert_uint_eq(a->fuseable_dram_bytes, b->fuseable_dram_bytes);
  ck_assert_uint_eq(a->groups_evaluated, b->groups_evaluated);
  ck_assert_uint_eq(a->groups_split, b->groups_split);
  ck_assert_uint_eq(a->groups_proposed, b->groups_proposed);
  ck_assert_uint_eq(a->groups_proposed_valid, b->groups_proposed_valid);
  ck_assert_uint_eq(a->plan.group_count, b->plan.group_count);
  ck_assert_mem_eq(a->plan.groups, b->plan.groups,
                   a->plan.group_count * a->plan.graph->set_words * sizeof(uint64_t));
  ck_assert_uint_eq(a->curve_count, b->curve_count);
  ck_assert_uint_eq(a->culprit_count, b->culprit_count);
  for (size_t i = 0; i < a->culprit_count; i++) {
    ck_assert_uint_eq(a->culprits[i].op, b->culprits[i].op);
    ck_assert_uint_eq(a->culprits[i].times, b->culprits[i].times);
    ck_assert_uint_eq(a->culprits[i].required_bytes, b->culprits[i].required_bytes);
  }
}

START_TEST(threads_do_not_change_the_result) {
  static const char *const splitters[] = {"random", "trace-get"};
  struct fixture fixture;
  fixture_open(&fixture, "mobilenet_v2");
  for (size_t s = 0; s < search_count; s++) {
    for (size_t e = 0; e < 2; e++) {
      struct search_result one, more;
      run(&one, &fixture, searches[s].name, splitters[e], 1);
      run(&more, &fixture, searches[s].name, splitters[e], 3);
      check_same(&one, &more);
      search_result_free(&one);
      search_result_free(&more);
    }
  }
  fixture_close(&fixture);
}
END_TEST

/* The value found is that of the plan, by a timed run of its own. */
static void check_value(const struct fixture *fixture, const struct search_result *result, const char *objective) {
  struct plan_report report;
  struct timed_plan timed_plan;
  struct timed *timed;
  struct sim *sim;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(sim_create(&sim, &fixture->model, &err), 0);
  ck_assert_int_eq(timed_create(&timed, &fixture->model, &err), 0);
  ck_assert_int_eq(plan_report_create(&report, sim, method_find("lbdf"), &result->plan, &err), 0);
  ck_assert_int_eq(timed_plan_create(&timed_plan, timed, &result->plan, &report, NULL, &err), 0);
  const struct expense whole = {.cycles = timed_plan.total.cycles, .energy_pj = timed_total_pj(&timed_plan.total)};
  double value = objective_find(objective)->value(&whole);
  ck_assert_double_eq_tol(result->value, value, 1e-9 * value);
  timed_plan_free(&timed_plan);
  plan_report_free(&report);
  timed_free(timed);
  sim_free(sim);
}

START_TEST(a_search_for_an_objective_serves_it_best) {
  static const char *const timed[] = {"cycles", "energy", "edp"};
  struct fixture fixture;
  fixture_open(&fixture, "mobilenet_v2");
  for (size_t o = 0; o < sizeof timed / sizeof timed[0]; o++) {
    struct search_result own, again;
    run_for(&own, &fixture, "local", "trace-get", 1, timed[o]);
    check_value(&fixture, &own, timed[o]);
    check_plan(&fixture, &own);
    run_for(&again, &fixture, "local", "trace-get", 3, timed[o]);
    check_same(&own, &again);
    ck_assert_double_eq(own.value, again.value);
    for (size_t i = 1; i < own.curve_count; i++) ck_assert_double_le(own.curve[i].value, own.curve[i - 1].value);
    search_result_free(&own);
    search_result_free(&again);
  }
  fixture_close(&fixture);
}
END_TEST

/* Counted again: the plans that a random search draws, by group. */
START_TEST(groups_proposed_are_those_before_repair) {
  struct fixture fixture;
  struct candidate_space space;
  struct candidate plan;
  struct search_result result;
  struct sim *sim;
  struct error err = ERROR_INIT;
  uint64_t fuseable[GRAPH_MAX_SET_WORDS], proposed = 0, valid = 0;
  fixture_open(&fixture, "efficientnet_b0");
  size_t words = fixture.graph->set_words;
  ck_assert_int_eq(sim_create(&sim, &fixture.model, &err), 0);
  ck_assert_int_eq(report_fuseable_ops(sim, method_find("lbdf"), fuseable), 0);
  ck_assert_int_eq(candidate_space_create(&space, fixture.graph, fuseable, &err), 0);
  ck_assert_int_eq(candidate_create(&plan, fixture.graph, &err), 0);
  for (uint64_t n = 0; n < 120; n++) {
    struct rng rng = rng_stream(7, n, 0);
    struct plan drawn;
    candidate_draw(&plan, &space, &rng);
    ck_assert_int_eq(plan_from_numbers(&drawn, fixture.graph, plan.group_of, plan.group_count, &err), 0);
    for (uint32_t g = 0; g < drawn.group_count; g++) {
      struct group_cost cost;
      if (bitset_count(plan_group(&drawn, g), words) < 2) continue;
      ck_assert_int_eq(sim_cost(sim, plan_group(&drawn, g), &cost), 0);
      proposed++;
      valid += cost.required_bytes <= CAPACITY;
    }
    plan_free(&drawn);
  }
  run(&result, &fixture, "random", "trace-get", 1);
  ck_assert_uint_eq(result.groups_proposed, proposed);
  ck_assert_uint_eq(result.groups_proposed_valid, valid);
  ck_assert_uint_gt(valid, 0);
  ck_assert_uint_lt(valid, proposed);
  search_result_free(&result);
  run(&result, &fixture, "exact", "trace-get", 1);
  ck_assert(result.bound.optimum);
  ck_assert_uint_eq(result.groups_proposed, 0); /* the optimum is proven, not proposed */
  search_result_free(&result);
  candidate_free(&plan);
  candidate_space_free(&space);
  sim_free(sim);
  fixture_close(&fixture);
}
END_TEST

/* The parts of a split cover the group once, are connected and fit. */
START_TEST(parts_of_a_split_cover_the_group) {
  struct fixture fixture;
  struct error err = ERROR_INIT;
  fixture_open(&fixture, "mobilenet_v2");
  size_t words = fixture.graph->set_words;
  for (size_t e = 0; e < explainer_count; e++) {
    struct split_memo *memo;
    struct splitter *splitter;
    struct split split;
    struct rng rng = rng_stream(1, e, 0);
    uint64_t group[GRAPH_MAX_SET_WORDS] = {0}, seen[GRAPH_MAX_SET_WORDS] = {0};
    for (uint32_t v = 20; v < 60; v++) bitset_add(group, v);
    ck_assert_int_eq(split_memo_create(&memo, &fixture.model, &err), 0);
    const struct split_rules split_rules = rules(&explainers[e]);
    ck_assert_int_eq(splitter_create(&splitter, memo, &split_rules, &err), 0);
    ck_assert_int_eq(splitter_split(splitter, group, &rng, &split), 0);
    ck_assert_uint_gt(split.part_count, 1);
    for (uint32_t p = 0; p < split.part_count; p++) {
      ck_assert(group_connected(fixture.graph, split.sets + p * words));
      ck_assert(!bitset_intersects(seen, split.sets + p * words, words));
      ck_assert_uint_le(split.costs[p].required_bytes, CAPACITY);
      bitset_or(seen, split.sets + p * words, words);
    }
    ck_assert(bitset_equal(seen, group, words));
    splitter_free(splitter);
    split_memo_free(memo);
  }
  fixture_close(&fixture);
}
END_TEST

Suite *search_suite(void) {
  Suite *suite = suite_create("search");
  TCase *plans = tcase_create("plans");
  tcase_set_timeout(plans, 240);
  tcase_add_checked_fixture(plans, draw_learned, free_learned);
  tcase_add_test(plans, every_search_and_splitter_gives_a_legal_plan);
  tcase_add_test(plans, threads_do_not_change_the_result);
  tcase_add_test(plans, a_search_for_an_objective_serves_it_best);
  tcase_add_test(plans, groups_proposed_are_those_before_repair);
  tcase_add_test(plans, parts_of_a_split_cover_the_group);
  suite_add_tcase(suite, plans);
  return suite;
}
