/* tests/data/conformance.csv: groups of seven networks with exact bytes from an
 * independent program (8-bit rows and weights, 32-bit bias). */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report.h"
#include "sim/sim.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

enum { CAPACITY = 131072, EXPECTED_ROWS = 420 };

struct network {
  char name[64];
  struct graph *graph;
  struct sim_model model;
  struct sim *sim;
};

static void network_close(struct network *network) {
  if (network->graph == NULL) return;
  sim_free(network->sim);
  sim_model_free(&network->model);
  graph_free(network->graph);
  network->graph = NULL;
}

static void network_open(struct network *network, const char *name) {
  const struct hw hw = support_hw(CAPACITY);
  struct error err = ERROR_INIT;
  if (network->graph != NULL && strcmp(network->name, name) == 0) return;
  network_close(network);
  snprintf(network->name, sizeof network->name, "%s", name);
  network->graph = support_network(name);
  ck_assert_int_eq(sim_model_create(&network->model, network->graph, &hw, &err), 0);
  ck_assert_int_eq(sim_create(&network->sim, &network->model, &err), 0);
}

struct row {
  char *network, *ops;
  uint64_t required, in, out, weights;
  uint64_t brr_required, brr_valid, brr_stripes, brr_weights, brr_peak;
};

static void row_parse(struct row *row, char *line) {
  uint64_t *fields[] = {&row->required,     &row->in,        &row->out,         &row->weights, &row->brr_required,
                        &row->brr_valid,    &row->brr_stripes, &row->brr_weights, &row->brr_peak};
  line[strcspn(line, "\r\n")] = '\0';
  row->network = strsep(&line, ",");
  row->ops = strsep(&line, ",");
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    const char *field = strsep(&line, ",");
    ck_assert_ptr_nonnull(field);
    *fields[i] = strtoull(field, NULL, 10);
  }
}

static void row_group(const struct graph *graph, char *ops, uint64_t *group) {
  bitset_clear(group, graph->set_words);
  for (const char *name = strsep(&ops, ";"); name != NULL; name = strsep(&ops, ";")) {
    uint32_t op = graph_find_op(graph, name);
    ck_assert_msg(op != GRAPH_NO_OP, "no op '%s' in %s", name, graph->name);
    bitset_add(group, op);
  }
}

static void row_check_lbdf(const struct row *row, struct sim *sim, const uint64_t *group, unsigned line) {
  struct group_cost cost, plain;
  ck_assert_int_eq(sim_cost(sim, group, &cost), 0);
  ck_assert_int_eq(sim_cost_plain(sim, group, &plain), 0);
  ck_assert_msg(cost.required_bytes == row->required, "line %u: required %" PRIu64 ", expected %" PRIu64, line,
                cost.required_bytes, row->required);
  ck_assert_uint_eq(plain.required_bytes, row->required);
  ck_assert_msg(cost.dram_in_bytes == row->in, "line %u: in %" PRIu64 ", expected %" PRIu64, line,
                cost.dram_in_bytes, row->in);
  ck_assert_msg(cost.dram_out_bytes == row->out, "line %u: out %" PRIu64 ", expected %" PRIu64, line,
                cost.dram_out_bytes, row->out);
  ck_assert_msg(cost.weight_bytes == row->weights, "line %u: weights %" PRIu64 ", expected %" PRIu64, line,
                cost.weight_bytes, row->weights);
}

/* At a capacity of one byte less than everything takes, only stripes of one row are left; at
 * CAPACITY the stripes of the table. */
static void row_check_brr(const struct row *row, struct sim *sim, struct sim_model *model, const uint64_t *group,
                          unsigned line) {
  struct group_cost cost;
  model->hw.buffer_capacity_bytes = row->brr_required - 1;
  ck_assert_int_eq(sim_cost_brr(sim, group, &cost), 0);
  model->hw.buffer_capacity_bytes = CAPACITY;
  ck_assert_msg(cost.required_bytes == row->brr_required, "line %u: requires %" PRIu64 " under brr, expected %" PRIu64,
                line, cost.required_bytes, row->brr_required);
  ck_assert_int_eq(sim_cost_brr(sim, group, &cost), 0);
  bool valid = cost.required_bytes <= CAPACITY;
  ck_assert_msg(valid == (row->brr_valid != 0), "line %u: brr validity %d", line, valid);
  if (!valid) return;
  ck_assert_msg(cost.stripes == row->brr_stripes, "line %u: %u stripes, expected %" PRIu64, line, cost.stripes,
                row->brr_stripes);
  ck_assert_msg(cost.weight_bytes == row->brr_weights, "line %u: fetches %" PRIu64 ", expected %" PRIu64, line,
                cost.weight_bytes, row->brr_weights);
  ck_assert_msg(cost.required_bytes == row->brr_peak, "line %u: peak %" PRIu64 ", expected %" PRIu64, line,
                cost.required_bytes, row->brr_peak);
  ck_assert_uint_eq(cost.dram_in_bytes, row->in);
  ck_assert_uint_eq(cost.dram_out_bytes, row->out);
}

START_TEST(groups_have_the_exact_bytes) {
  FILE *file = fopen(support_path("tests/data/conformance.csv"), "r");
  char *line = NULL;
  size_t capacity = 0;
  unsigned rows = 0, streamed = 0;
  struct network network = {.graph = NULL};
  uint64_t group[GRAPH_MAX_SET_WORDS];
  ck_assert_ptr_nonnull(file);
  ck_assert_int_gt(getline(&line, &capacity, file), 0); /* header */
  while (getline(&line, &capacity, file) > 0) {
    struct row row;
    row_parse(&row, line);
    network_open(&network, row.network);
    row_group(network.graph, row.ops, group);
    row_check_lbdf(&row, network.sim, group, ++rows + 1);
    row_check_brr(&row, network.sim, &network.model, group, rows + 1);
    streamed += row.brr_stripes > 0;
  }
  ck_assert_uint_eq(rows, EXPECTED_ROWS);
  ck_assert_uint_gt(streamed, 0);
  network_close(&network);
  free(line);
  fclose(file);
}
END_TEST

Suite *conformance_suite(void) {
  Suite *suite = suite_create("conformance");
  TCase *groups = tcase_create("groups");
  tcase_set_timeout(groups, 120);
  tcase_add_test(groups, groups_have_the_exact_bytes);
  suite_add_tcase(suite, groups);
  return suite;
}
