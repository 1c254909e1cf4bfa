/* NSGA-II from the inside: ranks and crowding, the archive, crossover, and fronts of small networks
 * against all plans there are. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/check.h"
#include "random_net.h"
#include "sched/pareto.h"
#include "sched/search.h"
#include "sim/report.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

enum { AXES = PARETO_MOST_OBJECTIVES };

/* ---- ranks and crowding ---- */

/* (2,3) is before (3,4), and (1,5) and (3,4) before (5,5). Of the first front (2,3) has neighbours
 * (1,5) and (4,1), which span 3 and 4: (4-1)/3 + (5-1)/4. */
START_TEST(three_fronts_by_hand) {
  struct pareto_point points[] = {{.values = {5, 5}}, {.values = {1, 5}}, {.values = {3, 4}},
                                  {.values = {2, 3}}, {.values = {4, 1}}};
  static const uint32_t ranks[] = {2, 0, 1, 0, 0};
  pareto_sort(points, 5, 2);
  for (size_t i = 0; i < 5; i++) ck_assert_uint_eq(points[i].rank, ranks[i]);
  ck_assert_double_eq(points[3].crowding, 2);
  for (size_t i = 0; i < 5; i++) ck_assert(i == 3 || isinf(points[i].crowding));
  ck_assert(pareto_before(&points[1], &points[3]));
  ck_assert(pareto_before(&points[3], &points[2]));
  ck_assert(!pareto_before(&points[1], &points[4]) && !pareto_before(&points[4], &points[1]));
}
END_TEST

/* Both objectives span 10: (1,6) has (2-0)/10 + (10-5)/10, and so on. */
START_TEST(crowding_by_hand) {
  struct pareto_point points[] = {{.values = {6, 2}}, {.values = {0, 10}}, {.values = {2, 5}},
                                  {.values = {10, 0}}, {.values = {1, 6}}};
  pareto_sort(points, 5, 2);
  ck_assert_double_eq_tol(points[4].crowding, 0.7, 1e-12);
  ck_assert_double_eq_tol(points[2].crowding, 0.9, 1e-12);
  ck_assert_double_eq_tol(points[0].crowding, 1.3, 1e-12);
  ck_assert(isinf(points[1].crowding) && isinf(points[3].crowding));
}
END_TEST

static bool naive_dominates(const struct pareto_point *a, const struct pareto_point *b, size_t axes) {
  size_t worse = 0, better = 0;
  for (size_t o = 0; o < axes; o++) {
    worse += a->values[o] > b->values[o];
    better += a->values[o] < b->values[o];
  }
  return worse == 0 && better > 0;
}

/* The longest chain of points, each dominated by the one before, that ends at the point. */
static uint32_t naive_rank(const struct pareto_point *points, size_t count, size_t axes, size_t of) {
  uint32_t rank = 0;
  for (size_t i = 0; i < count; i++) {
    if (!naive_dominates(&points[i], &points[of], axes)) continue;
    uint32_t longer = 1 + naive_rank(points, count, axes, i);
    if (longer > rank) rank = longer;
  }
  return rank;
}

/* Where the point stands by that objective among those of its rank. */
static size_t naive_place(const struct pareto_point *points, size_t count, size_t objective, size_t of) {
  size_t place = 0;
  for (size_t i = 0; i < count; i++) {
    double value = points[i].values[objective], own = points[of].values[objective];
    place += points[i].rank == points[of].rank && (value < own || (value == own && i < of));
  }
  return place;
}

static double naive_crowding(const struct pareto_point *points, size_t count, size_t axes, size_t of) {
  double distance = 0;
  for (size_t o = 0; o < axes; o++) {
    double least = (double)INFINITY, most = -(double)INFINITY, before = (double)NAN, after = (double)NAN;
    size_t own = naive_place(points, count, o, of);
    for (size_t i = 0; i < count; i++) {
      if (points[i].rank != points[of].rank) continue;
      double value = points[i].values[o];
      if (value < least) least = value;
      if (value > most) most = value;
      if (naive_place(points, count, o, i) + 1 == own) before = value;
      if (naive_place(points, count, o, i) == own + 1) after = value;
    }
    if (isnan(before) || isnan(after)) return (double)INFINITY;
    if (most > least) distance += (after - before) / (most - least);
  }
  return distance;
}

static size_t draw_points(struct pareto_point *points, struct rng *rng, size_t axes) {
  size_t count = 1 + rng_below(rng, 20);
  uint32_t values = 1 + rng_below(rng, 30); /* few: many are the same */
  for (size_t i = 0; i < count; i++) {
    points[i] = (struct pareto_point){0};
    for (size_t o = 0; o < axes; o++) points[i].values[o] = rng_below(rng, values);
  }
  return count;
}

START_TEST(ranks_and_crowding_are_those_of_the_definition) {
  for (uint64_t n = 0; n < 2000; n++) {
    struct rng rng = rng_stream(201, n, 0);
    struct pareto_point points[PARETO_MOST_SORTED];
    size_t axes = 1 + rng_below(&rng, AXES), count = draw_points(points, &rng, axes);
    pareto_sort(points, count, axes);
    for (size_t i = 0; i < count; i++) {
      ck_assert_uint_eq(points[i].rank, naive_rank(points, count, axes, i));
      double crowding = naive_crowding(points, count, axes, i);
      ck_assert(isinf(crowding) ? isinf(points[i].crowding) : fabs(points[i].crowding - crowding) < 1e-9);
    }
  }
}
END_TEST

/* Of points offered one by one those stay that none dominates, the first of equal ones, in order. */
START_TEST(the_archive_keeps_what_none_dominates) {
  struct graph *graph = support_network("alexnet");
  struct error err = ERROR_INIT;
  struct candidate plan;
  ck_assert_int_eq(candidate_create(&plan, graph, &err), 0);
  memset(plan.group_of, 0, graph->op_count * sizeof *plan.group_of);
  for (uint64_t n = 0; n < 500; n++) {
    struct rng rng = rng_stream(202, n, 0);
    struct pareto_point points[PARETO_MOST_SORTED];
    size_t axes = 2 + rng_below(&rng, AXES - 1), count = draw_points(points, &rng, axes), kept = 0;
    struct pareto_archive archive = {.graph = graph, .objectives = axes};
    for (size_t i = 0; i < count; i++) {
      const struct expense expense = {.cycles = i};
      ck_assert_int_eq(pareto_offer(&archive, points[i].values, &expense, &plan, &err), 0);
    }
    pareto_order(&archive);
    for (size_t i = 0; i < count; i++) {
      bool stays = true;
      for (size_t j = 0; j < count; j++) {
        stays = stays && !naive_dominates(&points[j], &points[i], axes) &&
                (j >= i || memcmp(points[j].values, points[i].values, sizeof points[i].values) != 0);
      }
      size_t found = 0;
      for (size_t k = 0; k < archive.count; k++) found += archive.plans[k].expense.cycles == i;
      ck_assert_uint_eq(found, stays);
      kept += stays;
    }
    ck_assert_uint_eq(archive.count, kept);
    for (size_t k = 1; k < kept; k++) {
      ck_assert_int_lt(pareto_compare(archive.plans[k - 1].values, archive.plans[k].values, axes), 0);
    }
    pareto_archive_free(&archive);
  }
  candidate_free(&plan);
  graph_free(graph);
}
END_TEST

/* ---- crossover ---- */

static void check_legal(const struct candidate *candidate, const struct candidate_space *space) {
  struct plan plan;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(plan_from_numbers(&plan, space->graph, candidate->group_of, candidate->group_count, &err), 0);
  ck_assert_uint_eq(plan.group_count, candidate->group_count);
  ck_assert_msg(plan_check(&plan, &err) == 0, "%s", err.message);
  for (uint32_t g = 0; g < plan.group_count; g++) {
    uint64_t unfusable[GRAPH_MAX_SET_WORDS];
    bitset_minus(unfusable, plan_group(&plan, g), space->fuseable, space->graph->set_words);
    if (bitset_empty(unfusable, space->graph->set_words)) continue;
    ck_assert_uint_eq(bitset_count(plan_group(&plan, g), space->graph->set_words), 1);
  }
  plan_free(&plan);
}

/* Whether the op and the one before it by label share a group. */
static bool joined(const struct candidate *candidate, uint32_t op) {
  return candidate->group_of[op] == candidate->group_of[op - 1];
}

/* Between ops that follow each other nothing is joined that neither parent joins. */
static void check_inherited(const struct candidate *child, const struct candidate *a, const struct candidate *b,
                            uint32_t ops) {
  for (uint32_t v = 1; v < ops; v++) ck_assert(!joined(child, v) || joined(a, v) || joined(b, v));
}

static void cross_often(const struct graph *graph, uint64_t stream, int pairs, uint64_t *mixed) {
  struct candidate_space space;
  struct candidate a, b, child, edited;
  struct error err = ERROR_INIT;
  uint64_t fuseable[GRAPH_MAX_SET_WORDS] = {0};
  struct rng rng = rng_stream(203, stream, 0);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    if (rng_below(&rng, 10) > 0) bitset_add(fuseable, v);
  }
  size_t bytes = graph->op_count * sizeof *a.group_of;
  ck_assert_int_eq(candidate_space_create(&space, graph, fuseable, &err), 0);
  ck_assert_int_eq(candidate_create(&a, graph, &err), 0);
  ck_assert_int_eq(candidate_create(&b, graph, &err), 0);
  ck_assert_int_eq(candidate_create(&child, graph, &err), 0);
  ck_assert_int_eq(candidate_create(&edited, graph, &err), 0);
  candidate_draw(&a, &space, &rng);
  for (int i = 0; i < pairs; i++) {
    candidate_draw(&b, &space, &rng);
    candidate_cross(&child, &a, &b, &space, &rng);
    check_legal(&child, &space);
    check_inherited(&child, &a, &b, graph->op_count);
    *mixed += memcmp(child.group_of, a.group_of, bytes) != 0 && memcmp(child.group_of, b.group_of, bytes) != 0;
    candidate_mutate(&edited, &child, &space, &rng);
    check_legal(&edited, &space);
    candidate_copy(&a, &edited, graph);
  }
  candidate_free(&a);
  candidate_free(&b);
  candidate_free(&child);
  candidate_free(&edited);
  candidate_space_free(&space);
}

START_TEST(children_of_legal_plans_are_legal) {
  uint64_t mixed = 0;
  for (uint64_t n = 0; n < 3000; n++) {
    struct rng rng = rng_stream(204, n, 0);
    const struct random_net_options shape = {1 + rng_below(&rng, 24), 8, rng_below(&rng, 2) == 0};
    struct graph *graph = random_net(&rng, &shape);
    cross_often(graph, n, 4, &mixed);
    graph_free(graph);
  }
  ck_assert_uint_gt(mixed, 2000);
}
END_TEST

START_TEST(children_of_plans_of_real_networks_are_legal) {
  uint64_t mixed = 0;
  struct graph *graph = support_network(support_networks[_i]);
  cross_often(graph, 10000 + (uint64_t)_i, 40, &mixed);
  graph_free(graph);
  ck_assert_uint_gt(mixed, 10);
}
END_TEST

/* A plan crossed with itself is itself. */
START_TEST(a_plan_crossed_with_itself_stays) {
  struct graph *graph = support_network("mobilenet_v2");
  struct candidate_space space;
  struct candidate plan, child;
  struct error err = ERROR_INIT;
  uint64_t all[GRAPH_MAX_SET_WORDS];
  group_of_all(graph, all);
  ck_assert_int_eq(candidate_space_create(&space, graph, all, &err), 0);
  ck_assert_int_eq(candidate_create(&plan, graph, &err), 0);
  ck_assert_int_eq(candidate_create(&child, graph, &err), 0);
  for (uint64_t n = 0; n < 50; n++) {
    struct rng rng = rng_stream(205, n, 0);
    candidate_draw(&plan, &space, &rng);
    candidate_cross(&child, &plan, &plan, &space, &rng);
    ck_assert_mem_eq(child.group_of, plan.group_of, graph->op_count * sizeof *plan.group_of);
  }
  candidate_free(&plan);
  candidate_free(&child);
  candidate_space_free(&space);
  graph_free(graph);
}
END_TEST

/* ---- fronts of small networks ---- */

struct truth {
  struct sim_fixture fixture;
  uint64_t fuseable[GRAPH_MAX_SET_WORDS];
  struct pareto_archive front;
};

/* DRAM bytes and largest requirement of the groups of fusable ops; false if one does not fit, or a
 * group of several has an op that is not fusable. */
static bool measure(struct truth *truth, const struct plan *plan, double *values) {
  size_t words = truth->fixture.graph->set_words;
  values[0] = values[1] = 0;
  for (uint32_t g = 0; g < plan->group_count; g++) {
    struct group_cost cost;
    uint64_t unfusable[GRAPH_MAX_SET_WORDS];
    bitset_minus(unfusable, plan_group(plan, g), truth->fuseable, words);
    if (!bitset_empty(unfusable, words)) {
      if (bitset_count(plan_group(plan, g), words) > 1) return false;
      continue;
    }
    ck_assert_int_eq(sim_cost_plain(truth->fixture.sim, plan_group(plan, g), &cost), 0);
    if (cost.required_bytes > truth->fixture.model.hw.buffer_capacity_bytes) return false;
    values[0] += (double)group_cost_dram_bytes(&cost);
    if ((double)cost.required_bytes > values[1]) values[1] = (double)cost.required_bytes;
  }
  return true;
}

/* Every way to number the ops from `op` on, legal or not (restricted growth strings). */
static void offer_all(struct truth *truth, struct candidate *plan, uint32_t op) {
  struct error err = ERROR_INIT;
  const struct graph *graph = truth->fixture.graph;
  if (op < graph->op_count) {
    uint32_t groups = plan->group_count;
    for (uint32_t g = 0; g <= groups; g++) {
      plan->group_of[op] = g;
      plan->group_count = g == groups ? groups + 1 : groups;
      offer_all(truth, plan, op + 1);
    }
    plan->group_count = groups;
    return;
  }
  struct plan numbered;
  double values[2];
  ck_assert_int_eq(plan_from_numbers(&numbered, graph, plan->group_of, plan->group_count, &err), 0);
  if (plan_check(&numbered, &err) == 0 && measure(truth, &numbered, values)) {
    const struct expense none = {0};
    ck_assert_int_eq(pareto_offer(&truth->front, values, &none, plan, &err), 0);
  }
  plan_free(&numbered);
}

static void truth_open(struct truth *truth, struct rng *rng) {
  const struct random_net_options shape = {3 + rng_below(rng, 2), 12, rng_below(rng, 2) == 0}; /* up to 6 ops */
  const struct hw hw = random_hw(rng);
  struct candidate plan;
  struct group_cost cost;
  struct error err = ERROR_INIT;
  uint64_t all[GRAPH_MAX_SET_WORDS];
  sim_fixture_open(&truth->fixture, random_net(rng, &shape), &hw);
  group_of_all(truth->fixture.graph, all);
  ck_assert_int_eq(sim_cost_plain(truth->fixture.sim, all, &cost), 0);
  /* From a third of what the whole network needs to all of it. */
  truth->fixture.model.hw.buffer_capacity_bytes = 1 + cost.required_bytes * (1 + rng_below(rng, 3)) / 3;
  ck_assert_int_eq(report_fuseable_ops(truth->fixture.sim, method_find("lbdf"), truth->fuseable), 0);
  truth->front = (struct pareto_archive){.graph = truth->fixture.graph, .objectives = 2};
  ck_assert_int_eq(candidate_create(&plan, truth->fixture.graph, &err), 0);
  plan.group_count = 0;
  offer_all(truth, &plan, 0);
  candidate_free(&plan);
  pareto_order(&truth->front);
}

static void truth_close(struct truth *truth) {
  pareto_archive_free(&truth->front);
  sim_fixture_close(&truth->fixture);
}

static void evolve(struct search_result *result, const struct sim_model *model, uint64_t budget, unsigned jobs,
                   const char *splitter, const char *const further[2]) {
  struct search_options options = {
      .split = {method_find("lbdf"), explainer_find(splitter), EXPLAIN_DEFAULT_FRACTION, SPLIT_DEFAULT_BREADTH,
                objective_find("dram"), NULL},
      .budget = budget,
      .seed = 5,
      .limits = SEARCH_DEFAULT_LIMITS,
      .jobs = jobs,
  };
  struct error err = ERROR_INIT;
  for (; options.further_count < 2 && further[options.further_count] != NULL; options.further_count++) {
    options.further[options.further_count] = objective_find(further[options.further_count]);
  }
  int status = search_run(result, search_find("nsga2"), model, &options, &err);
  ck_assert_msg(status == 0, "%s", err.message);
}

static const char *const buffer_alone[2] = {"buffer", NULL};

START_TEST(fronts_of_small_networks_are_those_of_all_plans) {
  enum { NETWORKS = 300 };
  uint64_t points = 0, several = 0;
  for (uint64_t n = 0; n < NETWORKS; n++) {
    struct rng rng = rng_stream(206, n, 0);
    struct truth truth;
    struct search_result result;
    truth_open(&truth, &rng);
    evolve(&result, &truth.fixture.model, 400, 1, "trace-get", buffer_alone);
    ck_assert_uint_eq(result.front_count, truth.front.count);
    for (size_t i = 0; i < result.front_count; i++) {
      const struct search_front_point *point = &result.front[i];
      struct error err = ERROR_INIT;
      double values[2];
      ck_assert_msg(plan_check(&point->plan, &err) == 0, "%s", err.message);
      ck_assert(measure(&truth, &point->plan, values));
      ck_assert_double_eq(values[0], (double)point->expense.dram_bytes);
      ck_assert_double_eq(values[1], (double)point->expense.required_bytes);
      ck_assert_int_eq(pareto_compare(values, truth.front.plans[i].values, 2), 0);
    }
    points += result.front_count;
    several += result.front_count > 1;
    search_result_free(&result);
    truth_close(&truth);
  }
  ck_assert_uint_gt(several, NETWORKS / 4);
  ck_assert_uint_gt(points, NETWORKS + NETWORKS / 3);
}
END_TEST

/* ---- real networks ---- */

static void values_of(const struct search_front_point *point, double *values) {
  values[0] = (double)point->expense.dram_bytes;
  values[1] = (double)point->expense.required_bytes;
}

static void check_front(const struct search_result *result) {
  double values[2], other[2];
  ck_assert_uint_gt(result->front_count, 0);
  ck_assert_uint_eq(result->front[0].expense.dram_bytes, result->fuseable_dram_bytes);
  ck_assert_uint_eq(result->front[0].plan.group_count, result->plan.group_count);
  ck_assert_mem_eq(result->front[0].plan.groups, result->plan.groups,
                   result->plan.group_count * result->plan.graph->set_words * sizeof(uint64_t));
  for (size_t i = 0; i < result->front_count; i++) {
    values_of(&result->front[i], values);
    for (size_t j = 0; j < result->front_count; j++) {
      values_of(&result->front[j], other);
      ck_assert(i == j || !pareto_dominates(other, values, 2));
    }
  }
}

/* The same plans are proposed first, whatever the budget: a front is the one before and one plan. */
START_TEST(a_front_grows_by_the_plans_proposed) {
  const struct hw hw = support_hw(96 * 1024);
  struct sim_fixture fixture;
  struct search_result before = {0}, after;
  sim_fixture_open(&fixture, support_network("squeezenet1_1"), &hw);
  for (uint64_t budget = 1; budget <= 60; budget++) {
    double values[2], other[2];
    size_t added = 0;
    evolve(&after, &fixture.model, budget, 1, "trace-get", buffer_alone);
    ck_assert_uint_eq(after.plans_proposed, budget);
    check_front(&after);
    for (size_t i = 0; i < before.front_count; i++) {
      bool covered = false;
      values_of(&before.front[i], values);
      for (size_t j = 0; j < after.front_count && !covered; j++) {
        values_of(&after.front[j], other);
        covered = other[0] <= values[0] && other[1] <= values[1];
      }
      ck_assert(covered);
    }
    for (size_t j = 0; j < after.front_count; j++) {
      bool known = false;
      values_of(&after.front[j], other);
      for (size_t i = 0; i < before.front_count && !known; i++) {
        values_of(&before.front[i], values);
        known = pareto_compare(values, other, 2) == 0;
      }
      added += !known;
    }
    ck_assert_uint_le(added, 1);
    search_result_free(&before);
    before = after;
  }
  search_result_free(&before);
  sim_fixture_close(&fixture);
}
END_TEST

START_TEST(threads_do_not_change_a_front) {
  static const char *const further[][2] = {{"buffer", NULL}, {"cycles", "energy"}, {"buffer", "edp"}};
  static const char *const splitters[] = {"random", "trace-get", "random"};
  const struct hw hw = support_hw(128 * 1024);
  struct sim_fixture fixture;
  struct search_result one, more;
  sim_fixture_open(&fixture, support_network("mobilenet_v2"), &hw);
  evolve(&one, &fixture.model, 155, 1, splitters[_i], further[_i]);
  evolve(&more, &fixture.model, 155, 3, splitters[_i], further[_i]);
  ck_assert_uint_eq(one.front_count, more.front_count);
  ck_assert_uint_eq(one.groups_proposed, more.groups_proposed);
  ck_assert_uint_eq(one.groups_proposed_valid, more.groups_proposed_valid);
  for (size_t i = 0; i < one.front_count; i++) {
    const struct search_front_point *a = &one.front[i], *b = &more.front[i];
    ck_assert_uint_eq(a->plan.group_count, b->plan.group_count);
    ck_assert_mem_eq(a->plan.groups, b->plan.groups, a->plan.group_count * fixture.graph->set_words * sizeof(uint64_t));
    ck_assert_uint_eq(a->expense.dram_bytes, b->expense.dram_bytes);
    ck_assert_uint_eq(a->expense.required_bytes, b->expense.required_bytes);
    ck_assert_uint_eq(a->expense.cycles, b->expense.cycles);
    ck_assert_double_eq(a->expense.energy_pj, b->expense.energy_pj);
    ck_assert((a->expense.cycles > 0) == (_i > 0));
  }
  search_result_free(&one);
  search_result_free(&more);
  sim_fixture_close(&fixture);
}
END_TEST

START_TEST(a_search_of_another_number_of_objectives_is_refused) {
  static const struct {
    const char *search;
    size_t further;
  } wrong[] = {{"local", 1}, {"exact", 1}, {"nsga2", 0}};
  const struct hw hw = support_hw(128 * 1024);
  struct sim_fixture fixture;
  sim_fixture_open(&fixture, support_network("alexnet"), &hw);
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    const struct search_options options = {
        .split = {method_find("lbdf"), explainer_find("trace-get"), EXPLAIN_DEFAULT_FRACTION, SPLIT_DEFAULT_BREADTH,
                  objective_find("dram"), NULL},
        .further = {objective_find("buffer")},
        .further_count = wrong[i].further,
        .budget = 10,
        .jobs = 1,
    };
    struct search_result result;
    struct error err = ERROR_INIT;
    ck_assert_int_ne(search_run(&result, search_find(wrong[i].search), &fixture.model, &options, &err), 0);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, wrong[i].search));
  }
  sim_fixture_close(&fixture);
}
END_TEST

Suite *nsga2_suite(void) {
  Suite *suite = suite_create("nsga2");
  TCase *sorting = tcase_create("sorting"), *crossing = tcase_create("crossover"), *fronts = tcase_create("fronts");
  tcase_add_test(sorting, three_fronts_by_hand);
  tcase_add_test(sorting, crowding_by_hand);
  tcase_add_test(sorting, ranks_and_crowding_are_those_of_the_definition);
  tcase_add_test(sorting, the_archive_keeps_what_none_dominates);
  tcase_set_timeout(sorting, 120);
  suite_add_tcase(suite, sorting);
  tcase_add_test(crossing, children_of_legal_plans_are_legal);
  tcase_add_loop_test(crossing, children_of_plans_of_real_networks_are_legal, 0, SUPPORT_NETWORKS);
  tcase_add_test(crossing, a_plan_crossed_with_itself_stays);
  tcase_set_timeout(crossing, 120);
  suite_add_tcase(suite, crossing);
  tcase_add_test(fronts, fronts_of_small_networks_are_those_of_all_plans);
  tcase_add_test(fronts, a_front_grows_by_the_plans_proposed);
  tcase_add_loop_test(fronts, threads_do_not_change_a_front, 0, 3);
  tcase_add_test(fronts, a_search_of_another_number_of_objectives_is_refused);
  tcase_set_timeout(fronts, 120);
  suite_add_tcase(suite, fronts);
  return suite;
}
