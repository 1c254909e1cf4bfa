/* Random groups of the real networks: against the reference, and for how much work they are
 * once their maps are taller. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"
#include "sim/walk.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

enum { SEED = 31, MOST_OPS = 30, CAPACITY = 1 << 20 };

/* ---- agreement ---- */

static void check_group(const struct sim_fixture *fixture, const uint64_t *group, const char *name, uint32_t number) {
  struct group_cost cost, plain;
  struct reference reference;
  ck_assert_int_eq(sim_cost(fixture->sim, group, &cost), 0);
  ck_assert_int_eq(sim_cost_plain(fixture->sim, group, &plain), 0);
  reference_run(&reference, fixture->graph, &fixture->model.hw, group);
  ck_assert_msg(reference.fault[0] == '\0', "%s, group %u: %s", name, number, reference.fault);
  ck_assert_msg(cost.required_bytes == plain.required_bytes && plain.required_bytes == reference.required_bytes,
                "%s, group %u: required %" PRIu64 ", %" PRIu64 " and %" PRIu64, name, number, cost.required_bytes,
                plain.required_bytes, reference.required_bytes);
  ck_assert_uint_eq(cost.dram_in_bytes, reference.dram_in_bytes);
  ck_assert_uint_eq(cost.dram_out_bytes, reference.dram_out_bytes);
  ck_assert_uint_eq(cost.weight_bytes, reference.weight_bytes);
  reference_free(&reference);
}

START_TEST(groups_of_real_networks_agree_with_the_reference_at_any_width) {
  static const uint32_t widths[] = {4, 8, 16};
  const char *name = support_networks[_i];
  for (uint32_t w = 0; w < 3; w++) {
    struct sim_fixture fixture;
    struct hw hw = support_hw(CAPACITY);
    hw.activation_bits = widths[w];
    hw.weight_bits = widths[(w + (uint32_t)_i) % 3];
    sim_fixture_open(&fixture, support_network(name), &hw);
    for (uint32_t i = 0; i < 5; i++) {
      uint64_t group[GRAPH_MAX_SET_WORDS];
      struct rng rng = rng_stream(SEED, (uint64_t)_i, 10 * w + i);
      group_at_random(fixture.graph, &rng, 1 + rng_below(&rng, MOST_OPS), group);
      check_group(&fixture, group, name, i);
    }
    sim_fixture_close(&fixture);
  }
}
END_TEST

/* ---- height ---- */

enum { SCALES = 4, SCALED_GROUPS = 40 };

/* One network at 1, 2, 4 and 8 times its height: the same ops, taller maps. */
struct scaled {
  struct graph *graphs[SCALES];
  struct sim_model models[SCALES];
  struct walk walks[SCALES];
};

static void scaled_open(struct scaled *scaled, const char *name) {
  const struct hw hw = support_hw(CAPACITY);
  struct error err = ERROR_INIT;
  for (uint32_t s = 0; s < SCALES; s++) {
    scaled->graphs[s] = support_network_scaled(name, 1u << s);
    ck_assert_uint_eq(scaled->graphs[s]->op_count, scaled->graphs[0]->op_count);
    ck_assert_int_eq(sim_model_create(&scaled->models[s], scaled->graphs[s], &hw, &err), 0);
    ck_assert_int_eq(walk_create(&scaled->walks[s], &scaled->models[s], &err), 0);
  }
}

static void scaled_close(struct scaled *scaled) {
  for (uint32_t s = 0; s < SCALES; s++) {
    walk_free(&scaled->walks[s]);
    sim_model_free(&scaled->models[s]);
    graph_free(scaled->graphs[s]);
  }
}

static void scaled_walk(struct scaled *scaled, const uint64_t *group, uint64_t *firings) {
  for (uint32_t s = 0; s < SCALES; s++) {
    ck_assert_int_eq(walk_prepare(&scaled->walks[s], group), 0);
    walk_run(&scaled->walks[s]);
    firings[s] = scaled->walks[s].firings;
  }
}

static bool within_half(const uint64_t *firings, uint32_t first) {
  uint64_t least = firings[first], most = firings[first];
  for (uint32_t s = first; s < SCALES; s++) {
    if (firings[s] < least) least = firings[s];
    if (firings[s] > most) most = firings[s];
  }
  return 2 * most <= 3 * least;
}

/* Dilations of up to 36 rows at a sixteenth of the height: rows repeat in large images only. */
static bool is_dilated(const char *name) { return strcmp(name, "deeplabv3_mobilenet_v3_large") == 0; }

/* At 224 pixels some groups have no rows that repeat yet: their border rows meet. */
START_TEST(the_work_for_a_group_does_not_grow_with_the_height_of_its_maps) {
  const char *name = support_networks[_i];
  struct scaled scaled;
  uint32_t repeating = 0;
  scaled_open(&scaled, name);
  for (uint32_t i = 0; i < SCALED_GROUPS; i++) {
    uint64_t group[GRAPH_MAX_SET_WORDS], firings[SCALES];
    struct rng rng = rng_stream(SEED, 100 + (uint64_t)_i, i);
    group_at_random(scaled.graphs[0], &rng, 1 + rng_below(&rng, MOST_OPS), group);
    scaled_walk(&scaled, group, firings);
    ck_assert_msg(within_half(firings, is_dilated(name) ? 2 : 1),
                  "%s, group %u: %" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64 " firings", name, i, firings[0],
                  firings[1], firings[2], firings[3]);
    repeating += within_half(firings, 0);
  }
  scaled_close(&scaled);
  ck_assert_msg(is_dilated(name) || repeating >= SCALED_GROUPS * 9 / 10, "%s: %u groups of %d repeat at 224 pixels",
                name, repeating, SCALED_GROUPS);
}
END_TEST

/* The rows that are skipped would have changed nothing: at four times the height. */
START_TEST(tall_groups_of_real_networks_skip_without_a_difference) {
  const char *name = support_networks[_i];
  struct sim_fixture fixture;
  const struct hw hw = support_hw(CAPACITY);
  sim_fixture_open(&fixture, support_network_scaled(name, 4), &hw);
  for (uint32_t i = 0; i < 12; i++) {
    uint64_t group[GRAPH_MAX_SET_WORDS];
    struct group_cost cost, plain;
    struct rng rng = rng_stream(SEED, 200 + (uint64_t)_i, i);
    group_at_random(fixture.graph, &rng, 1 + rng_below(&rng, MOST_OPS), group);
    ck_assert_int_eq(sim_cost(fixture.sim, group, &cost), 0);
    ck_assert_int_eq(sim_cost_plain(fixture.sim, group, &plain), 0);
    ck_assert_msg(cost.required_bytes == plain.required_bytes, "%s, group %u: %" PRIu64 " and %" PRIu64, name, i,
                  cost.required_bytes, plain.required_bytes);
  }
  sim_fixture_close(&fixture);
}
END_TEST

Suite *sim_networks_suite(void) {
  Suite *suite = suite_create("sim_networks");
  TCase *agreement = tcase_create("agreement");
  tcase_set_timeout(agreement, 120);
  tcase_add_loop_test(agreement, groups_of_real_networks_agree_with_the_reference_at_any_width, 0, SUPPORT_NETWORKS);
  tcase_add_loop_test(agreement, tall_groups_of_real_networks_skip_without_a_difference, 0, SUPPORT_NETWORKS);
  suite_add_tcase(suite, agreement);
  TCase *height = tcase_create("height");
  tcase_set_timeout(height, 120);
  tcase_add_loop_test(height, the_work_for_a_group_does_not_grow_with_the_height_of_its_maps, 0, SUPPORT_NETWORKS);
  suite_add_tcase(suite, height);
  return suite;
}
