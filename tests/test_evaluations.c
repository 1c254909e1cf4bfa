/* What searches share about groups is what each would find out by itself, at every capacity. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "get/explainer.h"
#include "get/overflows.h"
#include "sched/evaluations.h"
#include "sim/method.h"
#include "sim_fixture.h"
#include "suites.h"
#include "util/bitset.h"

enum { SUBJECTS = 600, CAPACITIES = 14 };
static const struct random_net_options options = {.most_ops = 12, .most_rows = 24};

/* Capacities from nothing to more than the group can use, in random order, some of them just at a step. */
static void draw_capacities(uint64_t *capacities, struct sim_subject *subject) {
  struct group_cost cost;
  ck_assert_int_eq(sim_cost(subject->fixture.sim, subject->group, &cost), 0);
  uint64_t most = cost.required_bytes + cost.required_bytes / 4 + 2;
  ck_assert_uint_lt(most, UINT32_MAX);
  for (size_t i = 0; i < CAPACITIES; i++) capacities[i] = 1 + rng_below(&subject->rng, (uint32_t)most);
  capacities[0] = cost.required_bytes;
  capacities[1] = cost.required_bytes > 1 ? cost.required_bytes - 1 : 1;
  for (size_t i = CAPACITIES; i-- > 1;) {
    size_t k = rng_below(&subject->rng, (uint32_t)i + 1);
    uint64_t moved = capacities[i];
    capacities[i] = capacities[k];
    capacities[k] = moved;
  }
}

static void assert_same_cost(const struct group_cost *a, const struct group_cost *b) {
  ck_assert_uint_eq(a->required_bytes, b->required_bytes);
  ck_assert_uint_eq(a->dram_in_bytes, b->dram_in_bytes);
  ck_assert_uint_eq(a->dram_out_bytes, b->dram_out_bytes);
  ck_assert_uint_eq(a->weight_bytes, b->weight_bytes);
  ck_assert_uint_eq(a->stripes, b->stripes);
}

/* How many capacities were answered without a run. */
static size_t check_costs(struct sim_subject *subject, const struct method *method) {
  struct error err = ERROR_INIT;
  struct evaluations *evaluations;
  uint64_t capacities[CAPACITIES];
  size_t known = 0;
  draw_capacities(capacities, subject);
  ck_assert_int_eq(evaluations_create(&evaluations, subject->fixture.graph, SIZE_MAX, &err), 0);
  for (size_t i = 0; i < CAPACITIES; i++) {
    struct group_cost cost, shared;
    subject->fixture.model.hw.buffer_capacity_bytes = capacities[i];
    ck_assert_int_eq(method->attempt(subject->fixture.sim, subject->group, &cost), 0);
    bool valid = cost.required_bytes <= capacities[i];
    if (evaluations_find(evaluations, subject->group, capacities[i], &shared)) {
      known++;
      ck_assert_int_eq(shared.required_bytes <= capacities[i], valid);
      if (valid) assert_same_cost(&shared, &cost);
    } else {
      evaluations_add(evaluations, subject->group, sim_steady_from(subject->fixture.sim, &cost), capacities[i], &cost);
      ck_assert(evaluations_find(evaluations, subject->group, capacities[i], &shared));
    }
  }
  evaluations_free(evaluations);
  return known;
}

START_TEST(costs_are_those_of_a_run) {
  size_t steady = 0;
  for (size_t m = 0; m < method_count; m++) {
    size_t known = 0;
    if (!methods[m].steady) continue;
    steady++;
    for (uint32_t n = 0; n < SUBJECTS; n++) {
      struct sim_subject subject;
      sim_subject_open(&subject, 41, 0, n, &options);
      known += check_costs(&subject, &methods[m]);
      sim_subject_close(&subject);
    }
    ck_assert_uint_gt(known, SUBJECTS * CAPACITIES / 3); /* else nothing was tested, and sharing is of no use */
  }
  ck_assert_uint_ge(steady, 2);
}
END_TEST

static void assert_same_explanation(const struct explanation *a, const struct explanation *b, uint32_t op_count) {
  ck_assert_uint_eq(a->count, b->count);
  for (size_t i = 0; i < a->count; i++) {
    const struct explained_cut *x = &a->cuts[i], *y = &b->cuts[i];
    ck_assert_uint_eq(x->cut.edge.from, y->cut.edge.from);
    ck_assert_uint_eq(x->cut.edge.to, y->cut.edge.to);
    ck_assert_int_eq(x->cut.below, y->cut.below);
    ck_assert_uint_eq(x->side_bytes, y->side_bytes);
    ck_assert_uint_eq(x->other_bytes, y->other_bytes);
    ck_assert_uint_eq(x->relief_bytes, y->relief_bytes);
    ck_assert_uint_eq(x->crossing_bytes, y->crossing_bytes);
  }
  assert_same_cost(&a->cost, &b->cost);
  ck_assert_uint_eq(a->peak.occupied_bytes, b->peak.occupied_bytes);
  ck_assert_uint_eq(a->peak.staging_bytes, b->peak.staging_bytes);
  ck_assert_uint_eq(a->peak.staging_op, b->peak.staging_op);
  ck_assert_int_eq(memcmp(a->peak.weight_bytes, b->peak.weight_bytes, op_count * sizeof(uint64_t)), 0);
  ck_assert_int_eq(memcmp(a->peak.row_bytes, b->peak.row_bytes, op_count * sizeof(uint64_t)), 0);
}

static size_t check_explanations(struct sim_subject *subject, const struct method *method) {
  struct error err = ERROR_INIT;
  const struct explainer *explainer = explainer_find("trace-get");
  struct sim_fixture *fixture = &subject->fixture;
  struct explain_context alone, sharing;
  struct overflows *overflows;
  uint64_t capacities[CAPACITIES];
  size_t explained = 0;
  draw_capacities(capacities, subject);
  ck_assert_int_eq(overflows_create(&overflows, fixture->graph, SIZE_MAX, &err), 0);
  ck_assert_int_eq(explain_context_create(&alone, fixture->sim, method, 0.3, NULL, &err), 0);
  ck_assert_int_eq(explain_context_create(&sharing, fixture->sim, method, 0.3, NULL, &err), 0);
  sharing.overflows = overflows;
  for (size_t i = 0; i < CAPACITIES; i++) {
    struct group_cost cost;
    fixture->model.hw.buffer_capacity_bytes = capacities[i];
    ck_assert_int_eq(method->attempt(fixture->sim, subject->group, &cost), 0);
    if (cost.required_bytes <= capacities[i]) continue;
    ck_assert_int_eq(explainer->explain(&alone, subject->group, &subject->rng), 0);
    ck_assert_int_eq(explainer->explain(&sharing, subject->group, &subject->rng), 0);
    assert_same_explanation(&sharing.explanation, &alone.explanation, fixture->graph->op_count);
    explained++;
  }
  explain_context_free(&alone);
  explain_context_free(&sharing);
  overflows_free(overflows);
  return explained;
}

START_TEST(overflows_are_those_of_a_run) {
  for (size_t m = 0; m < method_count; m++) {
    size_t explained = 0;
    if (!methods[m].steady) continue;
    for (uint32_t n = 0; n < SUBJECTS; n++) {
      struct sim_subject subject;
      sim_subject_open(&subject, 42, 0, n, &options);
      if (bitset_count(subject.group, subject.fixture.graph->set_words) > 1) {
        explained += check_explanations(&subject, &methods[m]);
      }
      sim_subject_close(&subject);
    }
    ck_assert_uint_gt(explained, SUBJECTS);
  }
}
END_TEST

/* Without room nothing is kept, and nothing breaks. */
START_TEST(a_limit_is_kept) {
  struct error err = ERROR_INIT;
  struct sim_subject subject;
  struct evaluations *evaluations;
  struct group_cost cost;
  sim_subject_open(&subject, 43, 0, 0, &options);
  ck_assert_int_eq(sim_cost(subject.fixture.sim, subject.group, &cost), 0);
  ck_assert_int_eq(evaluations_create(&evaluations, subject.fixture.graph, 0, &err), 0);
  evaluations_add(evaluations, subject.group, cost.required_bytes, UINT64_MAX, &cost);
  ck_assert(!evaluations_find(evaluations, subject.group, UINT64_MAX, &cost));
  evaluations_free(evaluations);
  sim_subject_close(&subject);
}
END_TEST

Suite *evaluations_suite(void) {
  Suite *suite = suite_create("evaluations");
  TCase *tests = tcase_create("sharing");
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, costs_are_those_of_a_run);
  tcase_add_test(tests, overflows_are_those_of_a_run);
  tcase_add_test(tests, a_limit_is_kept);
  suite_add_tcase(suite, tests);
  return suite;
}
