/* Explainers side by side: a network worked out by hand, and what holds of any. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "build_graph.h"
#include "sched/compare.h"
#include "sched/compare_groups.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"


static struct learned learned; /* of the test that is running */

static void draw_learned(void) { sim_fixture_draw_learned(&learned); }
static void free_learned(void) { learned_free(&learned); }

static struct compare_options options_for(const struct sim_model *cells, size_t count, uint64_t groups) {
  return (struct compare_options){
      .cells = cells,
      .cell_count = count,
      .method = method_find("lbdf"),
      .fraction = EXPLAIN_DEFAULT_FRACTION,
      .breadth = SPLIT_DEFAULT_BREADTH,
      .learned = &learned,
      .groups = groups,
      .seed = 5,
      .jobs = 1,
  };
}

static void run(struct comparison *out, const struct compare_options *options) {
  struct error err = ERROR_INIT;
  int status = comparison_run(out, options, &err);
  ck_assert_msg(status == 0, "%s", err.message);
}

static const struct repair *repair_of(const struct comparison *comparison, size_t group, const char *explainer) {
  return &comparison->repairs[group * explainer_count + (size_t)(explainer_find(explainer) - explainers)];
}

static struct repair_summary summary_of(const struct comparison *comparison, const char *explainer,
                                        const bool *cells) {
  struct repair_summary summary;
  size_t number = (size_t)(explainer_find(explainer) - explainers);
  ck_assert_int_eq(comparison_summarise(&summary, comparison, number, cells), 0);
  return summary;
}

/* ---- by hand ---- */

/* Of net_heavy_third(): a group needs its weights and one row each of the widest neighbours: ops
 * 0 to 3 1030 + 20, 0 to 2 1020 + 20, 1 to 3 1020 + 15, 2 to 3 1010 + 12. With 1035 bytes the
 * first two overflow and no others. */
static void check_repair(const struct comparison *comparison, size_t group, const char *explainer, uint64_t dram_bytes,
                         uint64_t simulations) {
  const struct repair *repair = repair_of(comparison, group, explainer);
  ck_assert(repair->rectified && repair->at_once && repair->first_cut);
  ck_assert_uint_eq(repair->dram_bytes, dram_bytes);
  ck_assert_uint_eq(repair->first_cut_dram_bytes, dram_bytes);
  ck_assert_uint_eq(repair->explanations, 1);
  ck_assert_uint_eq(repair->simulations, simulations);
}

/* Ops 0 to 2 move 1068 bytes and what a cut sends out and back: 80 before op 1, 40 before op 2. Ops 0
 * to 3 move 1110, and 80, 40 or 16. But a cut before op 3 leaves ops 0 to 2, which overflow.
 *   exhaustive  runs the group and both sides of each cut: 1 + 4, 1 + 6.
 *   trace-get   runs the group twice, the second time to explain it, then both sides of the cheapest cut; of
 *               ops 0 to 3 first what is before op 3, in vain. 4 and 5.
 *   middle      cuts before op 1, the first of two equal ones, and before op 2. 1 + 2 each. */
static void check_by_hand(const struct comparison *comparison, size_t three, size_t four) {
  check_repair(comparison, three, "exhaustive", 1108, 5);
  check_repair(comparison, four, "exhaustive", 1150, 7);
  check_repair(comparison, three, "trace-get", 1108, 4);
  check_repair(comparison, four, "trace-get", 1150, 5);
  check_repair(comparison, three, "middle", 1148, 3);
  check_repair(comparison, four, "middle", 1150, 3);
}

/* One of the cuts, and if it is the one before op 3, one more: op 3 alone moves 58 bytes. */
static void check_random(const struct repair *three, const struct repair *four) {
  ck_assert(three->first_cut && three->rectified && four->rectified);
  ck_assert(three->dram_bytes == 1148 || three->dram_bytes == 1108);
  ck_assert_uint_eq(three->simulations, 3);
  if (four->first_cut) {
    ck_assert(four->dram_bytes == 1190 || four->dram_bytes == 1150);
    ck_assert_uint_eq(four->simulations, 3);
  } else {
    ck_assert(four->dram_bytes == 58 + 1148 || four->dram_bytes == 58 + 1108);
    ck_assert_uint_eq(four->simulations, 5);
    ck_assert_uint_eq(four->explanations, 2);
    ck_assert(!four->at_once);
  }
}

START_TEST(figures_agree_with_a_network_worked_out_by_hand) {
  const struct hw hw = support_hw(1035);
  struct sim_fixture fixture;
  struct comparison comparison;
  sim_fixture_open(&fixture, net_heavy_third(), &hw);
  const struct compare_options options = options_for(&fixture.model, 1, 100);
  run(&comparison, &options);
  ck_assert_uint_eq(comparison.group_count, 2);
  size_t four = comparison.op_counts[0] == 4 ? 0 : 1, three = 1 - four;
  ck_assert_uint_eq(comparison.op_counts[four], 4);
  ck_assert_uint_eq(comparison.op_counts[three], 3);
  check_by_hand(&comparison, three, four);
  check_random(repair_of(&comparison, three, "random"), repair_of(&comparison, four, "random"));
  const struct repair_summary middle = summary_of(&comparison, "middle", NULL);
  double regret = 1148.0 / 1108 - 1;
  ck_assert_uint_eq(middle.regret_groups, 2);
  ck_assert_uint_eq(middle.equal, 1);
  ck_assert_uint_eq(middle.better, 0);
  ck_assert_uint_eq(middle.first_cuts, 2);
  ck_assert_uint_eq(middle.best_first_cuts, 1);
  ck_assert_uint_eq(middle.simulations, 6);
  ck_assert_double_eq_tol(middle.regret_median, regret / 2, 1e-12);
  ck_assert_double_eq_tol(middle.regret_mean, regret / 2, 1e-12);
  ck_assert_double_eq_tol(middle.regret_worst, regret, 1e-12);
  comparison_free(&comparison);
  sim_fixture_close(&fixture);
}
END_TEST

/* Whoever is left out repairs nothing, and the others do what they do with it. */
START_TEST(explainers_can_be_left_out) {
  const struct hw hw = support_hw(1035);
  struct sim_fixture fixture;
  struct comparison all, some;
  bool left_out[32] = {false};
  for (size_t e = 0; e < explainer_count; e++) left_out[e] = explainers[e].need != LEARNED_NOTHING;
  sim_fixture_open(&fixture, net_heavy_third(), &hw);
  struct compare_options options = options_for(&fixture.model, 1, 100);
  run(&all, &options);
  options.left_out = left_out;
  options.learned = NULL;
  run(&some, &options);
  ck_assert_uint_eq(some.group_count, all.group_count);
  for (size_t i = 0; i < some.group_count; i++) {
    ck_assert(repair_of(&all, i, "gnne")->rectified && !repair_of(&some, i, "gnne")->rectified);
    ck_assert_uint_eq(repair_of(&some, i, "gnne")->simulations, 0);
    ck_assert_uint_eq(repair_of(&some, i, "trace-get")->dram_bytes, repair_of(&all, i, "trace-get")->dram_bytes);
  }
  comparison_free(&all);
  comparison_free(&some);
  sim_fixture_close(&fixture);
}
END_TEST

START_TEST(where_nothing_overflows_there_are_no_groups) {
  const struct hw hw = support_hw(1050);
  struct sim_fixture fixture;
  struct comparison comparison;
  sim_fixture_open(&fixture, net_heavy_third(), &hw);
  const struct compare_options options = options_for(&fixture.model, 1, 100);
  run(&comparison, &options);
  ck_assert_uint_eq(comparison.group_count, 0);
  ck_assert_uint_eq(summary_of(&comparison, "trace-get", NULL).groups, 0);
  comparison_free(&comparison);
  sim_fixture_close(&fixture);
}
END_TEST

/* ---- of networks ---- */

enum { CELLS = 3, GROUPS = 61 };

/* The last one has ops of more weights than its buffer. */
struct cells {
  struct sim_fixture fixtures[CELLS];
  struct sim_model models[CELLS];
};

static void cells_open(struct cells *cells) {
  static const struct {
    const char *network;
    uint64_t kib;
  } subjects[CELLS] = {{"mobilenet_v3_small", 128}, {"mobilenet_v3_small", 256}, {"vgg16", 256}};
  for (size_t i = 0; i < CELLS; i++) {
    const struct hw hw = support_hw(subjects[i].kib * 1024);
    sim_fixture_open(&cells->fixtures[i], support_network(subjects[i].network), &hw);
    cells->models[i] = cells->fixtures[i].model;
  }
}

static void cells_close(struct cells *cells) {
  for (size_t i = 0; i < CELLS; i++) sim_fixture_close(&cells->fixtures[i]);
}

static void check_group(struct cells *cells, const struct compare_groups *groups, size_t i) {
  size_t cell = groups->cell_of[i];
  const struct graph *graph = cells->models[cell].graph;
  const uint64_t *group = compare_groups_set(groups, i);
  uint64_t capacity = cells->models[cell].hw.buffer_capacity_bytes, alone[GRAPH_MAX_SET_WORDS] = {0};
  struct group_cost cost;
  ck_assert(group_connected(graph, group));
  ck_assert_int_eq(sim_cost(cells->fixtures[cell].sim, group, &cost), 0);
  ck_assert_uint_gt(cost.required_bytes, capacity);
  for BITSET_EACH (v, group, graph->set_words) {
    bitset_add(alone, v);
    ck_assert_int_eq(sim_cost(cells->fixtures[cell].sim, alone, &cost), 0);
    ck_assert_uint_le(cost.required_bytes, capacity);
    bitset_remove(alone, v);
  }
  for (size_t j = 0; j < i; j++) {
    if (groups->cell_of[j] != cell) continue;
    ck_assert(!bitset_equal(group, compare_groups_set(groups, j), graph->set_words));
  }
}

START_TEST(groups_overflow_hang_together_differ_and_are_spread_over_cells) {
  struct cells cells;
  struct compare_groups groups;
  struct parallel *parallel;
  struct error err = ERROR_INIT;
  size_t counts[CELLS] = {0};
  cells_open(&cells);
  const struct compare_options options = options_for(cells.models, CELLS, GROUPS);
  ck_assert_int_eq(parallel_create(&parallel, 1, &err), 0);
  ck_assert_int_eq(compare_groups_draw(&groups, &options, parallel, &err), 0);
  ck_assert_uint_eq(groups.count, GROUPS);
  for (size_t i = 0; i < groups.count; i++) {
    ck_assert(i == 0 || groups.cell_of[i] >= groups.cell_of[i - 1]);
    counts[groups.cell_of[i]]++;
    check_group(&cells, &groups, i);
  }
  /* VGG has few ops that fit, so that its groups may run out; the others share the rest. */
  ck_assert_uint_le(counts[2], counts[0]);
  ck_assert_uint_le(counts[0] - counts[1], 1);
  compare_groups_free(&groups);
  parallel_free(parallel);
  cells_close(&cells);
}
END_TEST

static void check_invariants(const struct comparison *comparison) {
  for (size_t i = 0; i < comparison->group_count; i++) {
    const struct repair *all = repair_of(comparison, i, "exhaustive");
    ck_assert(all->at_once); /* ops are each valid alone */
    for (size_t e = 0; e < explainer_count; e++) {
      const struct repair *repair = &comparison->repairs[i * explainer_count + e];
      ck_assert(repair->rectified);
      ck_assert_uint_ge(repair->explanations, 1);
      ck_assert_uint_ge(repair->simulations, 1);
      /* The exhaustive explainer names every cut that another one does. */
      ck_assert(!repair->first_cut || all->first_cut);
      ck_assert(!repair->first_cut || repair->first_cut_dram_bytes >= all->first_cut_dram_bytes);
    }
    /* Its split takes the best first cut; one that draws or halves follows what it names. */
    ck_assert(!all->first_cut || all->dram_bytes == all->first_cut_dram_bytes);
    ck_assert(repair_of(comparison, i, "middle")->first_cut == repair_of(comparison, i, "middle")->at_once);
    ck_assert(repair_of(comparison, i, "random")->first_cut == repair_of(comparison, i, "random")->at_once);
  }
  const struct repair_summary exhaustive = summary_of(comparison, "exhaustive", NULL);
  ck_assert_uint_eq(exhaustive.equal, exhaustive.groups);
  ck_assert_uint_eq(exhaustive.best_first_cuts, exhaustive.possible_first_cuts);
  ck_assert_double_eq(exhaustive.regret_worst, 0);
  ck_assert_double_eq(exhaustive.regret_sum, 0);
}

/* The aims, on these groups. */
static void check_aims(const struct comparison *comparison) {
  const struct repair_summary trace = summary_of(comparison, "trace-get", NULL);
  ck_assert_uint_eq(trace.rectified, trace.groups);
  ck_assert_double_le(trace.regret_median, 0.01);
  ck_assert_double_le(trace.regret_mean, 0.03);
}

static void check_sums(const struct comparison *comparison) {
  for (size_t e = 0; e < explainer_count; e++) {
    const struct repair_summary all = summary_of(comparison, explainers[e].name, NULL);
    struct repair_summary sum = {0};
    for (size_t c = 0; c < CELLS; c++) {
      bool cells[CELLS] = {false};
      cells[c] = true;
      const struct repair_summary part = summary_of(comparison, explainers[e].name, cells);
      sum.groups += part.groups;
      sum.rectified += part.rectified;
      sum.at_once += part.at_once;
      sum.first_cuts += part.first_cuts;
      sum.better += part.better;
      sum.equal += part.equal;
      sum.simulations += part.simulations;
      sum.regret_sum += part.regret_sum;
    }
    ck_assert_uint_eq(sum.groups, all.groups);
    ck_assert_uint_eq(sum.rectified, all.rectified);
    ck_assert_uint_eq(sum.at_once, all.at_once);
    ck_assert_uint_eq(sum.first_cuts, all.first_cuts);
    ck_assert_uint_eq(sum.better, all.better);
    ck_assert_uint_eq(sum.equal, all.equal);
    ck_assert_uint_eq(sum.simulations, all.simulations);
    ck_assert_double_eq_tol(sum.regret_sum, all.regret_sum, 1e-9);
  }
}

static void check_same(const struct comparison *a, const struct comparison *b) {
  ck_assert_uint_eq(a->group_count, b->group_count);
  ck_assert_mem_eq(a->cell_of, b->cell_of, a->group_count * sizeof *a->cell_of);
  ck_assert_mem_eq(a->op_counts, b->op_counts, a->group_count * sizeof *a->op_counts);
  for (size_t i = 0; i < a->group_count * explainer_count; i++) {
    const struct repair *x = &a->repairs[i], *y = &b->repairs[i];
    ck_assert(x->rectified == y->rectified && x->at_once == y->at_once && x->first_cut == y->first_cut);
    ck_assert_uint_eq(x->dram_bytes, y->dram_bytes);
    ck_assert_uint_eq(x->first_cut_dram_bytes, y->first_cut_dram_bytes);
    ck_assert_uint_eq(x->explanations, y->explanations);
    ck_assert_uint_eq(x->simulations, y->simulations);
  }
}

static const char *const compared_methods[] = {"lbdf", "brr"};

START_TEST(what_holds_of_all_groups_holds_whatever_the_number_of_threads) {
  struct cells cells;
  struct comparison one, three;
  cells_open(&cells);
  struct compare_options options = options_for(cells.models, CELLS, GROUPS);
  options.method = method_find(compared_methods[_i]);
  run(&one, &options);
  check_invariants(&one);
  check_sums(&one);
  if (_i == 0) check_aims(&one);
  options.jobs = 3;
  run(&three, &options);
  check_same(&one, &three);
  comparison_free(&one);
  comparison_free(&three);
  cells_close(&cells);
}
END_TEST

Suite *compare_suite(void) {
  Suite *suite = suite_create("compare");
  TCase *hand = tcase_create("hand"), *networks = tcase_create("networks");
  tcase_add_test(hand, figures_agree_with_a_network_worked_out_by_hand);
  tcase_add_test(hand, explainers_can_be_left_out);
  tcase_add_test(hand, where_nothing_overflows_there_are_no_groups);
  tcase_add_checked_fixture(hand, draw_learned, free_learned);
  tcase_add_checked_fixture(networks, draw_learned, free_learned);
  tcase_set_timeout(networks, 60);
  tcase_add_test(networks, groups_overflow_hang_together_differ_and_are_spread_over_cells);
  tcase_add_loop_test(networks, what_holds_of_all_groups_holds_whatever_the_number_of_threads, 0, 2);
  suite_add_tcase(suite, hand);
  suite_add_tcase(suite, networks);
  return suite;
}
