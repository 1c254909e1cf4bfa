/* plan: legality, and plan files that come back as they were or are refused with reasons. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/file.h"
#include "plan/plan.h"
#include "util/bitset.h"
#include "util/rng.h"

Suite *plan_suite(void);

/* A graph of one-row ops; op i reads the ops that edges name, or else the input. */
static struct graph *make_graph(const char *const *names, uint32_t count, const uint32_t (*edges)[2],
                                size_t edge_count) {
  struct graph_builder *builder;
  struct graph *graph;
  struct error err = ERROR_INIT;
  uint32_t *tensors = malloc(count * sizeof *tensors), input, op;
  struct tensor_input *inputs = malloc((edge_count + 1) * sizeof *inputs);
  struct tensor_spec spec = {.name = "t", .rows = 1, .row_elements = 8};
  ck_assert(tensors != NULL && inputs != NULL);
  ck_assert_int_eq(graph_builder_create(&builder, "net", 1, &err), 0);
  spec.name = "input";
  ck_assert_int_eq(graph_builder_input(builder, &input, &spec, &err), 0);
  for (uint32_t v = 0; v < count; v++) {
    size_t used = 0;
    struct op_spec op_spec = {.name = names[v], .type = "Add"};
    for (size_t e = 0; e < edge_count; e++) {
      if (edges[e][1] == v) inputs[used++] = (struct tensor_input){tensors[edges[e][0]], ROW_MAP_SAME};
    }
    if (used == 0) inputs[used++] = (struct tensor_input){input, ROW_MAP_SAME};
    spec.name = names[v];
    ck_assert_msg(graph_builder_op(builder, &op, &op_spec, &err) == 0, "%s", err.message);
    ck_assert_msg(graph_builder_output(builder, &tensors[v], &spec, inputs, used, &err) == 0, "%s",
                  err.message);
    graph_builder_mark_output(builder, tensors[v]);
  }
  ck_assert_msg(graph_builder_finish(&graph, builder, &err) == 0, "%s", err.message);
  free(tensors);
  free(inputs);
  return graph;
}

/* a -> b -> d, a -> c -> d, d -> e */
static struct graph *make_diamond(void) {
  static const char *const names[] = {"conv_a", "conv_b", "conv_c", "add_d", "relu_e"};
  static const uint32_t edges[][2] = {{0, 1}, {0, 2}, {1, 3}, {2, 3}, {3, 4}};
  return make_graph(names, 5, edges, 5);
}

static void check_numbers(const struct graph *graph, const uint32_t *numbers, const char *message) {
  struct plan plan;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(plan_from_numbers(&plan, graph, numbers, graph->op_count, &err), 0);
  int result = plan_check(&plan, &err);
  plan_free(&plan);
  if (message == NULL) {
    ck_assert_msg(result == 0, "%s", err.message);
  } else {
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(err.kind, ERROR_INPUT);
    ck_assert_str_eq(err.message, message);
  }
}

START_TEST(groups_are_ordered_by_their_smallest_label) {
  struct graph *graph = make_diamond();
  struct plan plan;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(plan_from_numbers(&plan, graph, (const uint32_t[]){4, 1, 4, 0, 0}, 5, &err), 0);
  ck_assert_uint_eq(plan.group_count, 3);
  ck_assert_uint_eq(plan_group(&plan, 0)[0], 0x5);
  ck_assert_uint_eq(plan_group(&plan, 1)[0], 0x2);
  ck_assert_uint_eq(plan_group(&plan, 2)[0], 0x18);
  plan_free(&plan);
  ck_assert_ptr_null(plan.groups);
  plan_free(&plan);
  graph_free(graph);
}
END_TEST

START_TEST(layer_by_layer_is_legal) {
  struct graph *graph = make_diamond();
  struct plan plan;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(plan_layer_by_layer(&plan, graph, &err), 0);
  ck_assert_uint_eq(plan.group_count, 5);
  for (uint32_t g = 0; g < 5; g++) ck_assert_uint_eq(plan_group(&plan, g)[0], 1u << g);
  ck_assert_int_eq(plan_check(&plan, &err), 0);
  plan_free(&plan);
  graph_free(graph);
}
END_TEST

START_TEST(laws_of_the_diamond) {
  struct graph *graph = make_diamond();
  check_numbers(graph, (const uint32_t[]){0, 0, 0, 0, 0}, NULL);
  check_numbers(graph, (const uint32_t[]){0, 0, 0, 1, 1}, NULL);
  check_numbers(graph, (const uint32_t[]){0, 0, 1, 1, 1}, NULL);
  check_numbers(
      graph, (const uint32_t[]){0, 1, 1, 2, 2},
      "op 'conv_c' does not hang together with the rest of its group, 'conv_b' to 'conv_c' (2 ops); "
      "expected a path of edges inside the group");
  check_numbers(graph, (const uint32_t[]){0, 0, 1, 0, 0},
                "2 groups need each other in a cycle: 'add_d' needs 'conv_c'; in its group 'conv_c' needs "
                "'conv_a', an op of the group of 'add_d'");
  graph_free(graph);
}
END_TEST

START_TEST(plans_that_are_no_partition_are_refused) {
  struct graph *graph = make_diamond();
  struct plan plan;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(plan_from_numbers(&plan, graph, (const uint32_t[]){0, 0, 0, 1, 1}, 5, &err), 0);
  plan_group(&plan, 0)[0] = 0x0f;
  ck_assert_int_eq(plan_check(&plan, &err), -1);
  ck_assert_str_eq(err.message, "op 'add_d' is in two groups");
  plan_group(&plan, 0)[0] = 0x03;
  ck_assert_int_eq(plan_check(&plan, &err), -1);
  ck_assert_str_eq(err.message, "1 of the network's 5 ops is in no group, the first of them 'conv_c'");
  plan_group(&plan, 0)[0] = 0;
  ck_assert_int_eq(plan_check(&plan, &err), -1);
  ck_assert_str_eq(err.message, "group 1 of the plan is empty");
  plan_group(&plan, 0)[0] = 0x27;
  ck_assert_int_eq(plan_check(&plan, &err), -1);
  ck_assert_str_eq(err.message, "group 1 of the plan holds op 5; the network has 5 ops");
  plan_free(&plan);
  graph_free(graph);
}
END_TEST

/* Pairs (a_i, b_i) in one group, each feeding the next pair, and the last the first: a
 * ring of groups, though the ops have none. With a chord the ring is shorter. */
START_TEST(a_cycle_of_many_groups_is_told_in_short) {
  static const char *const names[] = {"a0", "a1", "a2", "a3", "a4", "a5", "b0", "b1", "b2", "b3", "b4", "b5"};
  static const uint32_t edges[][2] = {{0, 6}, {1, 7}, {2, 8},  {3, 9},  {4, 10}, {5, 11}, {0, 7},
                                      {1, 8}, {2, 9}, {3, 10}, {4, 11}, {5, 6},  {1, 9}};
  static const uint32_t numbers[] = {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5};
  struct graph *graph = make_graph(names, 12, edges, 12);
  check_numbers(
      graph, numbers,
      "6 groups need each other in a cycle: 'b0' needs 'a5'; in its group 'b5' needs 'a4'; in its group "
      "'b4' needs 'a3'; in its group 'b3' needs 'a2', and so on back to an op of the group of 'b0'");
  graph_free(graph);
  graph = make_graph(names, 12, edges, 13);
  check_numbers(
      graph, numbers,
      "5 groups need each other in a cycle: 'b0' needs 'a5'; in its group 'b5' needs 'a4'; in its group "
      "'b4' needs 'a3'; in its group 'b3' needs 'a1', and so on back to an op of the group of 'b0'");
  graph_free(graph);
}
END_TEST

/* ---- an independent judge on random DAGs ---- */

enum { MAX_RANDOM_OPS = 24 };

struct random_case {
  struct graph *graph;
  uint32_t count, numbers[MAX_RANDOM_OPS];
};

static struct random_case make_random(struct rng *rng) {
  static char storage[MAX_RANDOM_OPS][16];
  const char *names[MAX_RANDOM_OPS];
  uint32_t edges[MAX_RANDOM_OPS * MAX_RANDOM_OPS][2];
  size_t edge_count = 0;
  struct random_case made = {.count = 1 + rng_below(rng, MAX_RANDOM_OPS)};
  uint32_t groups = 1 + rng_below(rng, made.count), spread = 1 + rng_below(rng, 6);
  for (uint32_t v = 0; v < made.count; v++) {
    snprintf(storage[v], sizeof storage[v], "op%u", v);
    names[v] = storage[v];
    for (uint32_t u = 0; u < v; u++) {
      if (rng_below(rng, v - u + spread) >= spread) continue;
      edges[edge_count][0] = u;
      edges[edge_count++][1] = v;
    }
    /* mostly neighbouring ops together, so that legal plans are not rare */
    made.numbers[v] = v > 0 && rng_below(rng, 8) != 0 ? made.numbers[v - 1] : rng_below(rng, groups);
  }
  made.graph = make_graph(names, made.count, (const uint32_t(*)[2])edges, edge_count);
  return made;
}

/* By transitive closures: of the undirected relation inside groups, and of the relation
 * between groups. */
static bool judge(const struct random_case *made) {
  bool near[MAX_RANDOM_OPS][MAX_RANDOM_OPS] = {{false}}, feeds[MAX_RANDOM_OPS][MAX_RANDOM_OPS] = {{false}};
  uint32_t n = made->count;
  for (uint32_t e = 0; e < made->graph->edge_count; e++) {
    uint32_t u = made->graph->edges[e].from, v = made->graph->edges[e].to;
    if (made->numbers[u] == made->numbers[v]) {
      near[u][v] = near[v][u] = true;
    } else {
      feeds[made->numbers[u]][made->numbers[v]] = true;
    }
  }
  for (uint32_t k = 0; k < n; k++) {
    for (uint32_t i = 0; i < n; i++) {
      for (uint32_t j = 0; j < n; j++) {
        near[i][j] = near[i][j] || (near[i][k] && near[k][j]);
        feeds[i][j] = feeds[i][j] || (feeds[i][k] && feeds[k][j]);
      }
    }
  }
  for (uint32_t i = 0; i < n; i++) {
    if (feeds[i][i]) return false;
    for (uint32_t j = 0; j < i; j++) {
      if (made->numbers[i] == made->numbers[j] && !near[i][j]) return false;
    }
  }
  return true;
}

START_TEST(check_agrees_with_its_definition) {
  struct rng rng = rng_stream(11, 0, 0);
  unsigned legal = 0, rounds = 3000;
  for (unsigned round = 0; round < rounds; round++) {
    struct plan plan;
    struct error err = ERROR_INIT;
    struct random_case made = make_random(&rng);
    ck_assert_int_eq(plan_from_numbers(&plan, made.graph, made.numbers, made.count, &err), 0);
    bool expected = judge(&made);
    ck_assert_msg((plan_check(&plan, &err) == 0) == expected, "round %u: %s", round, err.message);
    legal += expected;
    plan_free(&plan);
    graph_free(made.graph);
  }
  ck_assert_uint_gt(legal, rounds / 20);
  ck_assert_uint_lt(legal, rounds - rounds / 20);
}
END_TEST

/* ---- files ---- */

static const struct {
  const char *text, *message;
} refused[] = {
    {"[]", "p.yaml:1: the plan is a list; expected a mapping"},
    {"{}", "p.yaml: the key 'network' is missing"},
    {"network: net\n", "p.yaml: the key 'groups' is missing"},
    {"network: other\ngroups: []\n", "p.yaml:1: a plan for network 'other'; expected one for 'net'"},
    {"network: [net]\ngroups: []\n", "p.yaml:1: network is a list; expected a single value"},
    {"network: net\nmehtod: lbdf\ngroups: []\n",
     "p.yaml:2: unknown key 'mehtod'; did you mean 'method'? a plan file has network, method and groups"},
    {"network: net\ncomment: x\n",
     "p.yaml:2: unknown key 'comment'; a plan file has network, method and groups"},
    {"network: net\nmethod:\ngroups: []\n", "p.yaml:2: method has no value; expected a single value"},
    {"network: net\nmethod: ''\ngroups: []\n",
     "p.yaml:2: method is ''; expected the name of a method, 1 to 31 bytes"},
    {"network: net\nmethod: 12345678901234567890123456789012\n",
     "p.yaml:2: method is '12345678901234567890123456789012'; expected the name of a method, 1 to 31 bytes"},
    {"network: net\ngroups: {a: b}\n", "p.yaml:2: groups is a mapping; expected a list"},
    {"network: net\ngroups:\n", "p.yaml:2: groups has no value; expected a list"},
    {"network: net\ngroups:\n- conv_a\n", "p.yaml:3: a group is 'conv_a'; expected a list"},
    {"network: net\ngroups:\n- []\n", "p.yaml:3: an empty group; expected names of ops"},
    {"network: net\ngroups:\n- [conv_a, [b]]\n",
     "p.yaml:3: an op of a group is a list; expected a single value"},
    {"network: net\ngroups:\n- - conv_a\n  -\n",
     "p.yaml:4: an op of a group has no value; expected a single value"},
    {"network: net\ngroups:\n- - conv_a\n  - con_b\n",
     "p.yaml:4: network 'net' has no op 'con_b'; did you mean 'conv_b'?"},
    {"network: net\ngroups:\n- [zzzzz]\n", "p.yaml:3: network 'net' has no op 'zzzzz'"},
    {"network: net\ngroups:\n- [conv_a]\n- - conv_b\n  - conv_a\n",
     "p.yaml:5: op 'conv_a' is in a group already, on line 3"},
    {"network: net\ngroups:\n- [conv_a, conv_a]\n", "p.yaml:3: op 'conv_a' is in a group already, on line 3"},
    {"network: net\ngroups:\n- [conv_a, conv_b, add_d]\n",
     "p.yaml:2: 2 of the network's 5 ops are in no group, the first of them 'conv_c'"},
    {"network: net\ngroups: []\n",
     "p.yaml:2: 5 of the network's 5 ops are in no group, the first of them 'conv_a'"},
    {"network: net\ngroups:\n- [conv_a]\n- - conv_c\n  - conv_b\n- [add_d, relu_e]\n",
     "p.yaml:4: op 'conv_c' does not hang together with the rest of its group, 'conv_b' to 'conv_c' (2 ops); "
     "expected a path of edges inside the group"},
    {"network: net\ngroups:\n- [conv_c]\n- - conv_a\n  - conv_b\n  - add_d\n  - relu_e\n",
     "p.yaml:6: 2 groups need each other in a cycle: 'add_d' needs 'conv_c'; in its group 'conv_c' needs "
     "'conv_a', "
     "an op of the group of 'add_d'"},
    {"network: net\ngroups: [[conv_a\n",
     "p.yaml:3: not valid YAML: did not find expected ',' or ']' (column 1), while parsing a flow sequence "
     "that "
     "begins on line 2"},
};

START_TEST(bad_files_are_refused) {
  struct graph *graph = make_diamond();
  struct plan plan;
  struct error err = ERROR_INIT;
  char method[PLAN_METHOD_BYTES];
  const char *text = refused[_i].text;
  ck_assert_int_eq(plan_file_load_memory(&plan, method, graph, text, strlen(text), "p.yaml", &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_str_eq(err.message, refused[_i].message);
  graph_free(graph);
}
END_TEST

START_TEST(good_files_load) {
  static const char text[] = "groups:\n- [add_d, relu_e]\n- [conv_c, conv_b, conv_a]\nnetwork: net\n";
  struct graph *graph = make_diamond();
  struct plan plan;
  struct error err = ERROR_INIT;
  char method[PLAN_METHOD_BYTES] = "before";
  ck_assert_msg(plan_file_load_memory(&plan, method, graph, text, strlen(text), "p.yaml", &err) == 0, "%s",
                err.message);
  ck_assert_str_eq(method, "");
  ck_assert_uint_eq(plan.group_count, 2);
  ck_assert_uint_eq(plan_group(&plan, 0)[0], 0x07);
  char *yaml = plan_file_to_yaml(&plan, "lbdf", &err);
  ck_assert_str_eq(yaml,
                   "network: net\nmethod: lbdf\ngroups:\n- - conv_a\n  - conv_b\n  - conv_c\n- - add_d\n"
                   "  - relu_e\n");
  free(yaml);
  plan_free(&plan);
  graph_free(graph);
}
END_TEST

/* A chain of ops with odd, distinct names. */
static struct graph *make_odd_chain(struct rng *rng, uint32_t count) {
  static const char *const pieces[] = {"conv",
                                       "/",
                                       ".",
                                       ":",
                                       ": ",
                                       " #",
                                       "#",
                                       "'",
                                       "\"",
                                       "\\",
                                       "-",
                                       "- ",
                                       " ",
                                       "?",
                                       "\n",
                                       "\t",
                                       "{",
                                       "]",
                                       ",",
                                       "&",
                                       "*",
                                       "!",
                                       "%",
                                       "\xc3\xa9",
                                       "\xe6\xbc\xa2",
                                       "\xf0\x9f\x8c\x8a",
                                       "\xe2\x80\xa8",
                                       "\x07",
                                       "true",
                                       "0"};
  char storage[40][1200];
  const char *names[40];
  uint32_t edges[40][2];
  for (uint32_t v = 0; v < count; v++) {
    storage[v][0] = '\0';
    for (uint32_t n = rng_below(rng, rng_below(rng, 20) == 0 ? 200 : 12); n > 0; n--) {
      strcat(storage[v], pieces[rng_below(rng, sizeof pieces / sizeof pieces[0])]);
    }
    sprintf(storage[v] + strlen(storage[v]), "%u%s", v, rng_below(rng, 2) == 0 ? " " : "");
    names[v] = storage[v];
    edges[v][0] = v;
    edges[v][1] = v + 1;
  }
  return make_graph(names, count, (const uint32_t(*)[2])edges, count - 1);
}

START_TEST(random_plans_come_back) {
  struct rng rng = rng_stream(5, 0, 0);
  char path[64] = "/tmp/spillway-plan-XXXXXX";
  close(mkstemp(path));
  for (int round = 0; round < 300; round++) {
    struct plan plan, again;
    struct error err = ERROR_INIT;
    char method[PLAN_METHOD_BYTES];
    uint32_t count = 1 + rng_below(&rng, 40), numbers[40] = {0};
    struct graph *graph = make_odd_chain(&rng, count);
    for (uint32_t v = 1; v < count; v++) numbers[v] = numbers[v - 1] + rng_below(&rng, 2);
    ck_assert_int_eq(plan_from_numbers(&plan, graph, numbers, count, &err), 0);
    ck_assert_msg(plan_file_save(&plan, "auto", path, &err) == 0, "%s", err.message);
    ck_assert_msg(plan_file_load(&again, method, graph, path, &err) == 0, "%s", err.message);
    ck_assert_str_eq(method, "auto");
    ck_assert_uint_eq(again.group_count, plan.group_count);
    ck_assert(bitset_equal(again.groups, plan.groups, (size_t)plan.group_count * graph->set_words));
    plan_free(&plan);
    plan_free(&again);
    graph_free(graph);
  }
  unlink(path);
}
END_TEST

START_TEST(what_cannot_be_saved_is_told) {
  static const char *const names[] = {"bad \xff name"};
  struct graph *graph = make_graph(names, 1, NULL, 0);
  struct plan plan;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(plan_layer_by_layer(&plan, graph, &err), 0);
  ck_assert_int_eq(plan_file_save(&plan, "lbdf", "/nowhere/x.yaml", &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.message, "is not UTF-8 text and cannot be written as YAML"));
  plan_free(&plan);
  graph_free(graph);
  graph = make_diamond();
  ck_assert_int_eq(plan_layer_by_layer(&plan, graph, &err), 0);
  ck_assert_int_eq(plan_file_save(&plan, "lbdf", "/nowhere/x.yaml", &err), -1);
  ck_assert_int_eq(err.kind, ERROR_OUTPUT);
  ck_assert_str_eq(err.message, "/nowhere/x.yaml: cannot write: No such file or directory");
  plan_free(&plan);
  graph_free(graph);
}
END_TEST

Suite *plan_suite(void) {
  Suite *suite = suite_create("plan");
  TCase *tests = tcase_create("law");
  tcase_add_test(tests, groups_are_ordered_by_their_smallest_label);
  tcase_add_test(tests, layer_by_layer_is_legal);
  tcase_add_test(tests, laws_of_the_diamond);
  tcase_add_test(tests, plans_that_are_no_partition_are_refused);
  tcase_add_test(tests, a_cycle_of_many_groups_is_told_in_short);
  tcase_add_test(tests, check_agrees_with_its_definition);
  suite_add_tcase(suite, tests);
  tests = tcase_create("file");
  tcase_add_loop_test(tests, bad_files_are_refused, 0, sizeof refused / sizeof refused[0]);
  tcase_add_test(tests, good_files_load);
  tcase_add_test(tests, random_plans_come_back);
  tcase_add_test(tests, what_cannot_be_saved_is_told);
  suite_add_tcase(suite, tests);
  return suite;
}
