/* The edges that explanations name: lists of them, and fidelity by a network worked out by hand. */
#include <check.h>
#include <math.h>

#include "sched/compare_edges.h"
#include "suites.h"

/* ---- lists ---- */

static struct edge_list list_of(const struct edge *edges, size_t count) {
  struct explained_cut cuts[8] = {0};
  const struct explanation explanation = {.cuts = cuts, .count = count};
  struct edge_list list;
  ck_assert_uint_le(count, 8);
  for (size_t i = 0; i < count; i++) cuts[i].cut.edge = edges[i];
  ck_assert_int_eq(edge_list_of(&list, &explanation), 0);
  return list;
}

START_TEST(an_edge_is_listed_once) {
  static const struct edge edges[] = {{3, 4}, {1, 2}, {3, 4}, {1, 5}};
  struct edge_list list = list_of(edges, 4);
  ck_assert_uint_eq(list.count, 3);
  ck_assert_uint_eq(list.edges[0].to, 2);
  ck_assert_uint_eq(list.edges[1].to, 5);
  ck_assert_uint_eq(list.edges[2].to, 4);
  edge_list_free(&list);
}
END_TEST

START_TEST(overlap_is_what_both_have_of_what_either_has) {
  static const struct edge left_edges[] = {{0, 1}, {1, 2}, {2, 3}}, right_edges[] = {{2, 3}, {3, 4}};
  struct edge_list left = list_of(left_edges, 3), right = list_of(right_edges, 2), none = list_of(NULL, 0);
  ck_assert_double_eq_tol(edge_list_overlap(&left, &right), 0.25, 1e-12);
  ck_assert_double_eq_tol(edge_list_overlap(&right, &left), 0.25, 1e-12);
  ck_assert_double_eq_tol(edge_list_overlap(&left, &left), 1, 1e-12);
  ck_assert_double_eq_tol(edge_list_overlap(&left, &none), 0, 1e-12);
  ck_assert_double_eq_tol(edge_list_overlap(&none, &none), 1, 1e-12);
  edge_list_free(&left);
  edge_list_free(&right);
  edge_list_free(&none);
}
END_TEST

/* ---- fidelity ---- */

/* One layer of one unit that hears its neighbours only, on a path of three nodes of feature 1: each edge of the
 * mask brings 1 to both of its ends, and the logit is 3 less all that the nodes hear: 3 - 2 * (sum of the mask). */
static void path_of_three(struct gnn_model *model, struct gnn_batch *batch) {
  static uint32_t first_node[] = {0, 3}, first_edge[] = {0, 2}, from[] = {0, 1}, to[] = {1, 2};
  static float features[] = {1, 1, 1};
  struct error err = ERROR_INIT;
  ck_assert_int_eq(gnn_model_create(model, (struct gnn_shape){1, 1, 1}, &err), 0);
  for (size_t t = 0; t < gnn_tensor_count(model->shape); t++) {
    static const float values[] = {1, 0, 0, -1, 3}; /* lin_rel, its bias, lin_root, lin, its bias */
    model->parameters[gnn_tensor(model->shape, t).first] = values[t];
  }
  *batch = (struct gnn_batch){.graph_count = 1, .node_count = 3, .edge_count = 2, .first_node = first_node,
                              .first_edge = first_edge, .from = from, .to = to, .features = features};
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* The verdict is that it overflows: logit -1, and without one edge it is 1, without both 3. */
static void check_fidelity(bool first, bool second, double without, double alone, double sparsity) {
  struct gnn_model model;
  struct gnn_batch batch;
  struct gnn_pass *pass;
  struct error err = ERROR_INIT;
  struct fidelity fidelity;
  const bool named[] = {first, second};
  path_of_three(&model, &batch);
  ck_assert_int_eq(gnn_pass_create(&pass, &model, &err), 0);
  ck_assert_int_eq(gnn_fidelity(&fidelity, pass, &batch, named), 0);
  ck_assert_double_eq_tol(fidelity.plus, sigmoid(1) - sigmoid(-without), 1e-6);
  ck_assert_double_eq_tol(fidelity.minus, sigmoid(1) - sigmoid(-alone), 1e-6);
  ck_assert_double_eq_tol(fidelity.sparsity, sparsity, 1e-12);
  gnn_pass_free(pass);
  gnn_model_free(&model);
}

START_TEST(fidelity_is_what_the_verdict_loses) {
  check_fidelity(true, false, 1, 1, 0.5);
  check_fidelity(true, true, 3, -1, 0);
  check_fidelity(false, false, -1, 3, 1);
}
END_TEST

Suite *compare_edges_suite(void) {
  Suite *suite = suite_create("compare_edges");
  TCase *tcase = tcase_create("edges");
  tcase_add_test(tcase, an_edge_is_listed_once);
  tcase_add_test(tcase, overlap_is_what_both_have_of_what_either_has);
  tcase_add_test(tcase, fidelity_is_what_the_verdict_loses);
  suite_add_tcase(suite, tcase);
  return suite;
}
