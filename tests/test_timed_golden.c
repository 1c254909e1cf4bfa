/* What the timed engine says of two networks, to the cycle: so that a change of the model is seen
 * and meant. After such a change put what the failing test prints in place of the figures. */
#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "sim/report.h"
#include "sim/timed_plan.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"

struct golden {
  const char *network;
  uint32_t group_ops; /* runs of so many ops in the order of the file; 1: layer by layer */
  uint64_t cycles, phase_cycles[TIMED_PHASES];
  double energy_pj[TIMED_ENERGIES];
};

/* On the default hardware: a buffer of 256 KiB, an array of 32 x 32, one channel of LPDDR4-3200. */
static const struct golden goldens[] = {
    {"resnet18", 1, 4044276, {3038512, 8496, 997268, 0},
     {544222003.2, 489216, 341172163.2, 1492724650.4, 352660867.2}},
    {"mobilenet_v2", 4, 1746968, {1217659, 149492, 363612, 16205},
     {90232281.6, 638489.6, 416658844.8, 552264531.8, 152335609.6}},
};
enum { GOLDENS = sizeof goldens / sizeof goldens[0] };

static void run_plan(struct timed_cost *total, const struct golden *golden) {
  const struct hw hw = hw_default();
  struct sim_fixture fixture;
  struct timed *timed;
  struct plan plan;
  struct plan_report report;
  struct timed_plan timed_plan;
  struct error err = ERROR_INIT;
  uint32_t numbers[GRAPH_MAX_OPS];
  sim_fixture_open(&fixture, support_network(golden->network), &hw);
  for (uint32_t v = 0; v < fixture.graph->op_count; v++) numbers[v] = v / golden->group_ops;
  ck_assert_int_eq(timed_create(&timed, &fixture.model, &err), 0);
  ck_assert_int_eq(plan_from_numbers(&plan, fixture.graph, numbers, fixture.graph->op_count, &err), 0);
  int status = plan_report_create(&report, fixture.sim, method_find("lbdf"), &plan, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  ck_assert_int_eq(timed_plan_create(&timed_plan, timed, &plan, &report, NULL, &err), 0);
  *total = timed_plan.total;
  timed_plan_free(&timed_plan);
  plan_report_free(&report);
  plan_free(&plan);
  timed_free(timed);
  sim_fixture_close(&fixture);
}

/* Cycles are whole and the same everywhere; energy is not, for compilers may fuse operations. */
static bool is_golden(const struct timed_cost *cost, const struct golden *golden) {
  bool same = cost->cycles == golden->cycles;
  for (int p = 0; p < TIMED_PHASES; p++) same = same && cost->phase_cycles[p] == golden->phase_cycles[p];
  for (int e = 0; e < TIMED_ENERGIES; e++) {
    same = same && fabs(cost->energy_pj[e] - golden->energy_pj[e]) <= 1e-9 * golden->energy_pj[e];
  }
  return same;
}

START_TEST(the_time_and_energy_of_a_network_are_what_they_were) {
  const struct golden *golden = &goldens[_i];
  struct timed_cost cost;
  run_plan(&cost, golden);
  ck_assert_msg(is_golden(&cost, golden),
                "{\"%s\", %u, %" PRIu64 ", {%" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64
                "}, {%.12g, %.12g, %.12g, %.12g, %.12g}},",
                golden->network, golden->group_ops, cost.cycles, cost.phase_cycles[0], cost.phase_cycles[1],
                cost.phase_cycles[2], cost.phase_cycles[3], cost.energy_pj[0], cost.energy_pj[1], cost.energy_pj[2],
                cost.energy_pj[3], cost.energy_pj[4]);
}
END_TEST

Suite *timed_golden_suite(void) {
  Suite *suite = suite_create("timed_golden");
  TCase *totals = tcase_create("totals");
  tcase_add_loop_test(totals, the_time_and_energy_of_a_network_are_what_they_were, 0, GOLDENS);
  suite_add_tcase(suite, totals);
  return suite;
}
