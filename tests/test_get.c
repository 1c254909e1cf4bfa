/* Attribution by hand, graphs from traces, cuts and explainers. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "build_graph.h"
#include "get/attribution.h"
#include "get/explainer.h"
#include "get/occupancy.h"
#include "get/trace_graph.h"
#include "plan/plan.h"
#include "random_net.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

#define HEADER "step,kind,op,tensor,row,bytes,occupied_bytes\n"
#define SAME_1X1 ((struct net_window){.kernel = 1, .stride = 1, .pad = 0, .dilation = 1})
#define SAME_3X3 ((struct net_window){.kernel = 3, .stride = 1, .pad = 1, .dilation = 1})

enum { SEED = 71, LARGE = 1 << 20 };

static void read_trace(struct trace *trace, const char *text) {
  struct error err = ERROR_INIT;
  int status = trace_read_csv_memory(trace, text, strlen(text), "text", &err);
  ck_assert_msg(status == 0, "%s", err.message);
}

static void attribute(struct attribution *out, const struct trace *trace, enum attribution_instant instant) {
  struct error err = ERROR_INIT;
  int status = attribution_create(out, trace, instant, &err);
  ck_assert_msg(status == 0, "%s", err.message);
}

/* ---- attribution ---- */

/* Ops a and b are 0 and 1, as they appear. */
static const char two_ops[] = "# capacity_bytes: 100\n" HEADER
                              "0,weights,a,,0,40,40\n"
                              "1,load,a,x,0,20,60\n"
                              "2,alloc,a,t,0,30,90\n"
                              "2,fire,a,t,0,30,90\n"
                              "3,free,a,x,0,20,70\n"
                              "4,alloc,b,u,0,50,120\n"
                              "4,overflow,b,u,0,50,120\n"
                              "5,fire,b,u,0,50,120\n"
                              "6,free,b,t,0,30,90\n"
                              "8,alloc,b,u,1,45,135\n"
                              "8,overflow,b,u,1,45,135\n"
                              "9,free,b,u,0,50,85\n"
                              "9,free,b,u,1,45,40\n";

/* At step 8: the weights of a; rows 0 and 1 of u. */
START_TEST(at_the_peak_weights_belong_to_their_op_and_rows_to_the_op_that_computed_them) {
  struct trace trace;
  struct attribution attribution;
  read_trace(&trace, two_ops);
  attribute(&attribution, &trace, ATTRIBUTION_PEAK);
  ck_assert_uint_eq(attribution.step, 8);
  ck_assert_uint_eq(attribution.occupied_bytes, 135);
  ck_assert_uint_eq(attribution.weight_bytes[0], 40);
  ck_assert_uint_eq(attribution.weight_bytes[1], 0);
  ck_assert_uint_eq(attribution.row_bytes[0], 0);
  ck_assert_uint_eq(attribution.row_bytes[1], 95);
  attribution_free(&attribution);
  trace_free(&trace);
}
END_TEST

/* At step 4: a has its weights and row 0 of t, b row 0 of u. */
START_TEST(at_the_first_overflow_the_shares_are_those_of_that_instant) {
  struct trace trace;
  struct attribution attribution;
  read_trace(&trace, two_ops);
  attribute(&attribution, &trace, ATTRIBUTION_OVERFLOW);
  ck_assert_uint_eq(attribution.step, 4);
  ck_assert_uint_eq(attribution.occupied_bytes, 120);
  ck_assert_uint_eq(attribution.weight_bytes[0], 40);
  ck_assert_uint_eq(attribution.row_bytes[0], 30);
  ck_assert_uint_eq(attribution.row_bytes[1], 50);
  attribution_free(&attribution);
  trace_free(&trace);
}
END_TEST

/* Above 100 from step 4 to 6 (a 70, b 50) and from 8 to 9 (a 40, b 95). */
START_TEST(over_time_each_op_answers_for_what_it_holds_while_too_much_is_held) {
  struct trace trace;
  struct attribution attribution;
  read_trace(&trace, two_ops);
  attribute(&attribution, &trace, ATTRIBUTION_PEAK);
  ck_assert_uint_eq(attribution.above_capacity_byte_steps[0], 2 * 70 + 40);
  ck_assert_uint_eq(attribution.above_capacity_byte_steps[1], 2 * 50 + 95);
  attribution_free(&attribution);
  trace.capacity_bytes = 0; /* not known */
  attribute(&attribution, &trace, ATTRIBUTION_PEAK);
  ck_assert_uint_eq(attribution.above_capacity_byte_steps[0], 0);
  ck_assert_uint_eq(attribution.above_capacity_byte_steps[1], 0);
  attribution_free(&attribution);
  trace_free(&trace);
}
END_TEST

/* a loads both rows of x; b lets row 0 go, and nobody row 1. */
START_TEST(a_row_from_outside_belongs_to_the_op_that_keeps_it_last_or_to_its_loader) {
  struct trace trace;
  struct attribution attribution;
  read_trace(&trace, HEADER
             "0,load,a,x,0,7,7\n"
             "1,load,a,x,1,5,12\n"
             "2,alloc,b,t,0,3,15\n"
             "3,free,b,x,0,7,8\n");
  attribute(&attribution, &trace, ATTRIBUTION_PEAK);
  ck_assert_uint_eq(attribution.row_bytes[0], 5);
  ck_assert_uint_eq(attribution.row_bytes[1], 7 + 3);
  attribution_free(&attribution);
  trace_free(&trace);
}
END_TEST

/* 13 events in samples of 4, 4 and 5: seen at 90 (the first of two), 120 and 135. */
START_TEST(occupancy_over_time_keeps_the_peak_of_every_sample) {
  static const uint64_t occupied[] = {90, 120, 135}, of_a[] = {90, 70, 40};
  struct trace trace;
  struct occupancy occupancy;
  struct error err = ERROR_INIT;
  read_trace(&trace, two_ops);
  ck_assert_int_eq(occupancy_create(&occupancy, &trace, 3, &err), 0);
  ck_assert_uint_eq(occupancy.sample_count, 3);
  for (size_t s = 0; s < 3; s++) {
    ck_assert_uint_eq(occupancy.occupied_bytes[s], occupied[s]);
    ck_assert_uint_eq(occupancy.bytes[2 * s], of_a[s]);
    ck_assert_uint_eq(occupancy.bytes[2 * s + 1], occupied[s] - of_a[s]);
  }
  occupancy_free(&occupancy);
  trace_free(&trace);
}
END_TEST

/* The peak of the chain in the suite sim: at t1 r two rows of x, three of t0 and itself. */
START_TEST(a_simulated_chain_is_attributed_as_by_hand) {
  struct net net;
  struct sim_fixture fixture;
  const struct hw hw = support_hw(LARGE);
  uint64_t group[GRAPH_MAX_SET_WORDS], weights[2], rows[2];
  struct sim_peak peak = {.weight_bytes = weights, .row_bytes = rows};
  struct group_cost cost;
  net_begin(&net, 1);
  uint32_t x = net_input(&net, 8, 10);
  net.weights = 120;
  uint32_t t0 = net_conv(&net, x, 20, SAME_3X3);
  net.weights = 200;
  net_mark(&net, net_conv(&net, t0, 30, SAME_3X3));
  sim_fixture_open(&fixture, net_end(&net), &hw);
  group_of_all(fixture.graph, group);
  ck_assert_int_eq(sim_find_peak(fixture.sim, group, &cost, &peak), 0);
  ck_assert_uint_eq(peak.occupied_bytes, 320 + 110);
  ck_assert_uint_eq(weights[0], 120);
  ck_assert_uint_eq(weights[1], 200);
  ck_assert_uint_eq(rows[0], 2 * 10 + 3 * 20);
  ck_assert_uint_eq(rows[1], 30);
  sim_fixture_close(&fixture);
}
END_TEST

START_TEST(a_trace_whose_rows_do_not_follow_is_refused) {
  struct trace_event events[] = {{0, TRACE_ALLOC, 0, 0, 0, 5, 5}, {1, TRACE_FREE, 0, 0, 1, 5, 0}};
  const char *names[] = {"a"};
  const struct trace trace = {
      .events = events, .event_count = 2, .network = "", .op_names = names, .op_count = 1, .tensor_names = names,
      .tensor_count = 1};
  struct trace empty = trace;
  struct attribution attribution;
  struct error err = ERROR_INIT;
  empty.event_count = 0;
  ck_assert_int_ne(attribution_create(&attribution, &trace, ATTRIBUTION_PEAK, &err), 0);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.message, "not in the buffer"));
  ck_assert_int_ne(attribution_create(&attribution, &empty, ATTRIBUTION_PEAK, &err), 0);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
}
END_TEST

/* ---- graphs from traces ---- */

static void check_edges(const struct graph *graph, const struct edge *edges, uint32_t count) {
  ck_assert_uint_eq(graph->edge_count, count);
  for (uint32_t i = 0; i < count; i++) {
    ck_assert_uint_eq(graph->edges[i].from, edges[i].from);
    ck_assert_uint_eq(graph->edges[i].to, edges[i].to);
  }
}

static void graph_of(struct graph **graph, uint32_t **labels, const char *text) {
  struct trace trace;
  struct error err = ERROR_INIT;
  read_trace(&trace, text);
  int status = trace_graph_create(graph, labels, &trace, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  trace_free(&trace);
}

START_TEST(a_chain_is_seen_in_its_trace) {
  struct graph *graph;
  uint32_t *labels;
  graph_of(&graph, &labels, "# network: net\n" HEADER
           "0,weights,a,,0,40,40\n"
           "1,load,a,x,0,20,60\n"
           "2,alloc,a,t,0,30,90\n"
           "3,free,a,x,0,20,70\n"
           "4,load,a,x,1,20,90\n"
           "5,alloc,a,t,1,30,120\n"
           "6,free,a,x,1,20,100\n"
           "7,alloc,b,u,0,5,105\n"
           "8,free,b,t,0,30,75\n"
           "9,free,b,t,1,30,45\n"
           "10,store,b,u,0,5,45\n"
           "11,free,b,u,0,5,40\n");
  check_edges(graph, (const struct edge[]){{0, 1}}, 1);
  ck_assert_str_eq(graph->name, "net");
  ck_assert_str_eq(graph->ops[0].name, "a");
  ck_assert_str_eq(graph->ops[1].name, "b");
  ck_assert_uint_eq(graph->ops[0].weight_elements, 40);
  const struct tensor *t = &graph->tensors[graph->ops[0].first_output];
  ck_assert_uint_eq(t->row_elements, 60); /* both rows */
  ck_assert_uint_eq(t->rows, 1);
  ck_assert(!t->is_output);
  ck_assert(graph->tensors[graph->ops[1].first_output].is_output);
  free(labels);
  graph_free(graph);
}
END_TEST

/* c lets t of a go and u of b: a skip. c appears first, yet comes last. */
START_TEST(labels_follow_the_edges_and_then_the_order_of_appearance) {
  struct graph *graph;
  uint32_t *labels;
  graph_of(&graph, &labels, HEADER
           "0,weights,c,,0,4,4\n"
           "1,alloc,a,t,0,3,7\n"
           "2,alloc,b,u,0,3,10\n"
           "3,free,b,t,0,3,7\n"
           "4,alloc,a,t,1,3,10\n"
           "5,alloc,c,v,0,3,13\n"
           "6,free,c,t,1,3,10\n"
           "7,free,c,u,0,3,7\n"
           "8,free,c,v,0,3,4\n");
  check_edges(graph, (const struct edge[]){{0, 1}, {0, 2}, {1, 2}}, 3);
  ck_assert_uint_eq(labels[0], 2); /* c */
  ck_assert_uint_eq(labels[1], 0); /* a */
  ck_assert_uint_eq(labels[2], 1); /* b */
  free(labels);
  graph_free(graph);
}
END_TEST

/* Neither reads nor computes, as far as it goes. */
START_TEST(a_trace_that_was_cut_off_still_has_a_graph) {
  struct graph *graph;
  uint32_t *labels;
  graph_of(&graph, &labels, HEADER "0,weights,a,,0,40,40\n1,weights,b,,0,2,42\n2,load,b,x,0,1,43\n");
  check_edges(graph, NULL, 0);
  ck_assert_uint_eq(graph->op_count, 2);
  free(labels);
  graph_free(graph);
}
END_TEST

START_TEST(ops_that_read_from_one_another_are_refused) {
  struct trace trace;
  struct graph *graph;
  uint32_t *labels;
  struct error err = ERROR_INIT;
  read_trace(&trace, HEADER
             "0,alloc,a,t,0,3,3\n"
             "1,alloc,b,u,0,3,6\n"
             "2,free,b,t,0,3,3\n"
             "3,free,a,u,0,3,0\n");
  ck_assert_int_ne(trace_graph_create(&graph, &labels, &trace, &err), 0);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.message, "circle"));
  trace_free(&trace);
}
END_TEST

static void check_traced_edges(const struct graph *traced, const struct graph *graph) {
  for (uint32_t e = 0; e < traced->edge_count; e++) {
    uint32_t from = graph_find_op(graph, traced->ops[traced->edges[e].from].name);
    uint32_t to = graph_find_op(graph, traced->ops[traced->edges[e].to].name);
    bool found = false;
    for (uint32_t i = 0; i < graph->edge_count; i++) {
      found = found || (graph->edges[i].from == from && graph->edges[i].to == to);
    }
    ck_assert_msg(found, "no edge from %s to %s", graph->ops[from].name, graph->ops[to].name);
  }
}

START_TEST(edges_seen_in_a_trace_are_edges_of_the_network) {
  const struct random_net_options options = {.most_ops = 10, .most_rows = 10, .smooth = false};
  uint32_t edges = 0;
  for (uint32_t i = 0; i < 500; i++) {
    struct sim_fixture fixture;
    struct trace trace;
    struct graph *traced;
    struct error err = ERROR_INIT;
    struct rng rng = rng_stream(SEED, 1, i);
    uint32_t *labels;
    uint64_t group[GRAPH_MAX_SET_WORDS];
    struct graph *graph = random_net(&rng, &options);
    const struct hw hw = random_hw(&rng);
    sim_fixture_open(&fixture, graph, &hw);
    group_at_random(graph, &rng, 10, group);
    ck_assert_int_eq(trace_create(&trace, graph, 1, &err), 0);
    const struct trace_sink sink = {trace_append, &trace};
    ck_assert_int_eq(sim_trace(fixture.sim, group, 1, &sink), 0);
    if (trace.event_count > 0) {
      int status = trace_graph_create(&traced, &labels, &trace, &err);
      ck_assert_msg(status == 0, "%s", err.message);
      check_traced_edges(traced, graph);
      for (uint32_t v = 0; v < graph->op_count; v++) {
        if (!bitset_has(group, v)) ck_assert_uint_eq(labels[v], GRAPH_NO_OP);
        if (labels[v] != GRAPH_NO_OP) ck_assert_str_eq(traced->ops[labels[v]].name, graph->ops[v].name);
      }
      edges += traced->edge_count;
      free(labels);
      graph_free(traced);
    }
    trace_free(&trace);
    sim_fixture_close(&fixture);
  }
  ck_assert_uint_gt(edges, 500);
}
END_TEST

/* ---- cuts ---- */

enum { TINY_OPS = 5, TINY_EDGES = TINY_OPS * (TINY_OPS - 1) / 2 };

/* The DAG whose edges i < j are the bits of `edges`; ops without one read the input. */
static struct graph *tiny_graph(uint32_t edges) {
  struct net net;
  uint32_t tensors[TINY_OPS];
  net_begin(&net, 1);
  uint32_t input = net_input(&net, 1, 1);
  for (uint32_t j = 0, bit = 0; j < TINY_OPS; j++) {
    struct tensor_input inputs[TINY_OPS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < j; i++, bit++) {
      if (edges >> bit & 1) inputs[count++] = (struct tensor_input){tensors[i], ROW_MAP_SAME};
    }
    if (count == 0) inputs[count++] = (struct tensor_input){input, ROW_MAP_SAME};
    net_op(&net);
    tensors[j] = net_output(&net, 1, 1, false, inputs, count);
    net_mark(&net, tensors[j]);
  }
  return net_end(&net);
}

/* side, the rest of the group and every other op in groups of their own, split into
 * components: a legal plan? */
static bool is_legal(const struct graph *graph, uint64_t group, uint64_t side) {
  struct plan plan;
  struct error err = ERROR_INIT;
  uint32_t group_of[TINY_OPS], groups = 0;
  uint64_t parts[] = {side, group & ~side}, component;
  for (uint32_t v = 0; v < TINY_OPS; v++) {
    if (!(group >> v & 1)) group_of[v] = groups++;
  }
  for (uint32_t p = 0; p < 2; p++) {
    while (group_take_component(graph, &parts[p], &component)) {
      for BITSET_EACH (v, &component, 1) group_of[v] = groups;
      groups++;
    }
  }
  ck_assert_int_eq(plan_from_numbers(&plan, graph, group_of, groups, &err), 0);
  bool legal = plan_check(&plan, &err) == 0;
  plan_free(&plan);
  return legal;
}

/* By the text: of each edge inside the group the two candidates, those with an empty side
 * left out, those with the same two sides once. */
static size_t expected_cuts(const struct graph *graph, uint64_t group, uint64_t *sides) {
  size_t count = 0;
  for (uint32_t e = 0; e < graph->edge_count; e++) {
    struct edge edge = graph->edges[e];
    if (!(group >> edge.from & 1) || !(group >> edge.to & 1)) continue;
    const uint64_t candidates[] = {*graph->ops[edge.to].descendants & group,
                                   *graph->ops[edge.from].ancestors & group};
    for (uint32_t c = 0; c < 2; c++) {
      bool repeated = candidates[c] == group;
      for (size_t i = 0; i < count; i++) {
        repeated = repeated || sides[i] == candidates[c] || sides[i] == (group & ~candidates[c]);
      }
      if (!repeated) sides[count++] = candidates[c];
    }
  }
  return count;
}

static void check_cuts(const struct graph *graph, uint64_t group, struct group_cut_list *list) {
  uint64_t expected[2 * TINY_EDGES], side;
  size_t count = expected_cuts(graph, group, expected);
  group_cuts(graph, &group, list);
  ck_assert_uint_eq(list->count, count);
  for (size_t i = 0; i < count; i++) {
    group_cut_side(graph, &group, list->cuts[i], &side);
    ck_assert_uint_eq(side, expected[i]);
    ck_assert_msg(is_legal(graph, group, side), "a cut makes the plan cyclic");
  }
}

START_TEST(cuts_of_every_group_of_every_tiny_graph_are_the_candidates_and_keep_plans_acyclic) {
  struct error err = ERROR_INIT;
  uint32_t groups = 0;
  for (uint32_t edges = 0; edges < 1u << TINY_EDGES; edges++) {
    struct group_cut_list list;
    struct graph *graph = tiny_graph(edges);
    ck_assert_int_eq(group_cut_list_create(&list, graph, &err), 0);
    for (uint64_t group = 1; group < 1u << TINY_OPS; group++) {
      if (!group_connected(graph, &group) || !is_legal(graph, group, group)) continue;
      check_cuts(graph, group, &list);
      groups++;
    }
    group_cut_list_free(&list);
    graph_free(graph);
  }
  ck_assert_uint_gt(groups, 10000);
}
END_TEST

/* ---- explainers ---- */

struct explaining {
  const struct learned *learned; /* set before it is opened; NULL: for explainers that need nothing */
  struct sim_fixture fixture;
  struct explain_context context;
  uint64_t group[GRAPH_MAX_SET_WORDS];
};

static void explaining_open(struct explaining *explaining, struct graph *graph, uint64_t capacity_bytes) {
  const struct hw hw = support_hw(capacity_bytes);
  struct error err = ERROR_INIT;
  sim_fixture_open(&explaining->fixture, graph, &hw);
  group_of_all(graph, explaining->group);
  int status = explain_context_create(&explaining->context, explaining->fixture.sim, method_find("lbdf"),
                                      EXPLAIN_DEFAULT_FRACTION, explaining->learned, &err);
  ck_assert_msg(status == 0, "%s", err.message);
}

static void explaining_close(struct explaining *explaining) {
  explain_context_free(&explaining->context);
  sim_fixture_close(&explaining->fixture);
}

static const struct explanation *explain(struct explaining *explaining, const char *name, uint32_t stream) {
  struct rng rng = rng_stream(SEED, 2, stream);
  ck_assert_int_eq(explainer_find(name)->explain(&explaining->context, explaining->group, &rng), 0);
  return &explaining->context.explanation;
}

/* The peak is 1030 + 20, first at op 0, which holds its weights, a row of x and one of t0: 30.
 * With room for 1035, cutting before op 1 leaves 30 and 1020, before op 2 40 and 1010, before
 * op 3 1040 and 10: relief 15, 15 and 10. t0 has 40 bytes, t1 20 and t2 8, both ways through
 * DRAM: 15/80, 15/40 and 10/16, but the last one is not enough. */
START_TEST(cuts_that_are_enough_come_first_and_then_those_that_relieve_most) {
  static const struct explained_cut expected[] = {
      {{{1, 2}, true}, 1010, 40, true, 15, 40, 0},
      {{{0, 1}, true}, 1020, 30, true, 15, 80, 0},
      {{{2, 3}, true}, 10, 1040, false, 10, 16, 0},
  };
  struct explaining explaining = {.learned = NULL};
  explaining_open(&explaining, net_heavy_third(), 1035);
  const struct explanation *explanation = explain(&explaining, "trace-get", 0);
  ck_assert_uint_eq(explanation->cost.required_bytes, 1050);
  ck_assert_uint_eq(explanation_culprit(explanation, 4), 2);
  ck_assert_uint_eq(explanation->count, 3);
  for (size_t i = 0; i < 3; i++) {
    const struct explained_cut *cut = &explanation->cuts[i];
    ck_assert_uint_eq(cut->cut.edge.from, expected[i].cut.edge.from);
    ck_assert_uint_eq(cut->cut.edge.to, expected[i].cut.edge.to);
    ck_assert_int_eq(cut->cut.below, expected[i].cut.below);
    ck_assert_uint_eq(cut->side_bytes, expected[i].side_bytes);
    ck_assert_uint_eq(cut->other_bytes, expected[i].other_bytes);
    ck_assert_int_eq(cut->enough, expected[i].enough);
    ck_assert_uint_eq(cut->relief_bytes, expected[i].relief_bytes);
    ck_assert_uint_eq(cut->crossing_bytes, expected[i].crossing_bytes);
  }
  explaining_close(&explaining);
}
END_TEST

static struct graph *chain(uint32_t ops) {
  struct net net;
  net_begin(&net, 1);
  uint32_t tensor = net_input(&net, 3, 4);
  for (uint32_t v = 0; v < ops; v++) {
    net.weights = 7;
    tensor = net_conv(&net, tensor, 4, SAME_1X1);
  }
  net_mark(&net, tensor);
  return net_end(&net);
}

/* 0.3 of 19 edges are 6; 0.3 of 7 would be 3, but 4 is the least; all 2 of 3 ops. */
START_TEST(an_explanation_names_a_fraction_of_the_edges_but_four_at_least) {
  static const struct {
    uint32_t ops;
    size_t cuts;
  } cases[] = {{20, 6}, {8, 4}, {3, 2}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct explaining explaining = {.learned = NULL};
    explaining_open(&explaining, chain(cases[i].ops), 8);
    ck_assert_uint_eq(explain(&explaining, "trace-get", 0)->count, cases[i].cuts);
    explaining_close(&explaining);
  }
}
END_TEST

/* {0, 1} and {2, 3, 4}; the cut before op 3 is as good, but comes later. */
START_TEST(the_middle_cut_halves_the_ops) {
  struct explaining explaining = {.learned = NULL};
  explaining_open(&explaining, chain(5), 8);
  const struct explanation *explanation = explain(&explaining, "middle", 0);
  ck_assert_uint_eq(explanation->count, 1);
  ck_assert_uint_eq(explanation->cuts[0].cut.edge.from, 1);
  ck_assert_uint_eq(explanation->cuts[0].cut.edge.to, 2);
  explaining_close(&explaining);
}
END_TEST

START_TEST(the_random_cut_is_any_of_them_and_the_same_for_the_same_stream) {
  struct explaining explaining = {.learned = NULL};
  uint32_t drawn[4] = {0};
  explaining_open(&explaining, chain(5), 8);
  for (uint32_t stream = 0; stream < 400; stream++) {
    const struct explanation *explanation = explain(&explaining, "random", stream);
    ck_assert_uint_eq(explanation->count, 1);
    struct edge first = explanation->cuts[0].cut.edge;
    ck_assert_uint_eq(explain(&explaining, "random", stream)->cuts[0].cut.edge.from, first.from);
    drawn[first.from]++;
  }
  for (uint32_t v = 0; v < 4; v++) ck_assert_uint_gt(drawn[v], 60);
  explaining_close(&explaining);
}
END_TEST

START_TEST(the_exhaustive_explanation_is_every_cut) {
  struct explaining explaining = {.learned = NULL};
  explaining_open(&explaining, chain(20), 8);
  ck_assert_uint_eq(explain(&explaining, "exhaustive", 0)->count, 19);
  explaining_close(&explaining);
}
END_TEST

/* Both sides hold ops of the group, and the edge lies in it. */
static void check_explained(const struct explaining *explaining, const struct explained_cut *cut) {
  const struct graph *graph = explaining->fixture.graph;
  uint64_t side[GRAPH_MAX_SET_WORDS], other[GRAPH_MAX_SET_WORDS];
  ck_assert(bitset_has(explaining->group, cut->cut.edge.from) && bitset_has(explaining->group, cut->cut.edge.to));
  group_cut_side(graph, explaining->group, cut->cut, side);
  bitset_minus(other, explaining->group, side, graph->set_words);
  ck_assert(!bitset_empty(side, graph->set_words) && !bitset_empty(other, graph->set_words));
}

START_TEST(every_explainer_finds_a_cut_in_every_group_of_two_or_more) {
  const struct random_net_options options = {.most_ops = 12, .most_rows = 8, .smooth = false};
  uint32_t explained = 0;
  struct learned learned;
  sim_fixture_draw_learned(&learned);
  for (uint32_t i = 0; i < 300; i++) {
    struct explaining explaining = {.learned = &learned};
    struct rng rng = rng_stream(SEED, 3, i);
    struct graph *graph = random_net(&rng, &options);
    explaining_open(&explaining, graph, 1);
    group_at_random(graph, &rng, 12, explaining.group);
    if (bitset_count(explaining.group, graph->set_words) >= 2) {
      for (size_t e = 0; e < explainer_count; e++) {
        const struct explanation *explanation = explain(&explaining, explainers[e].name, i);
        ck_assert_uint_ge(explanation->count, 1);
        for (size_t c = 0; c < explanation->count; c++) check_explained(&explaining, &explanation->cuts[c]);
        explained++;
      }
    }
    explaining_close(&explaining);
  }
  learned_free(&learned);
  ck_assert_uint_gt(explained, 500);
}
END_TEST

Suite *get_suite(void) {
  Suite *suite = suite_create("get");
  TCase *attribution = tcase_create("attribution");
  tcase_add_test(attribution, at_the_peak_weights_belong_to_their_op_and_rows_to_the_op_that_computed_them);
  tcase_add_test(attribution, at_the_first_overflow_the_shares_are_those_of_that_instant);
  tcase_add_test(attribution, over_time_each_op_answers_for_what_it_holds_while_too_much_is_held);
  tcase_add_test(attribution, a_row_from_outside_belongs_to_the_op_that_keeps_it_last_or_to_its_loader);
  tcase_add_test(attribution, occupancy_over_time_keeps_the_peak_of_every_sample);
  tcase_add_test(attribution, a_simulated_chain_is_attributed_as_by_hand);
  tcase_add_test(attribution, a_trace_whose_rows_do_not_follow_is_refused);
  suite_add_tcase(suite, attribution);
  TCase *graphs = tcase_create("graphs from traces");
  tcase_add_test(graphs, a_chain_is_seen_in_its_trace);
  tcase_add_test(graphs, labels_follow_the_edges_and_then_the_order_of_appearance);
  tcase_add_test(graphs, a_trace_that_was_cut_off_still_has_a_graph);
  tcase_add_test(graphs, ops_that_read_from_one_another_are_refused);
  tcase_add_test(graphs, edges_seen_in_a_trace_are_edges_of_the_network);
  suite_add_tcase(suite, graphs);
  TCase *cuts = tcase_create("cuts");
  tcase_set_timeout(cuts, 60);
  tcase_add_test(cuts, cuts_of_every_group_of_every_tiny_graph_are_the_candidates_and_keep_plans_acyclic);
  suite_add_tcase(suite, cuts);
  TCase *explaining = tcase_create("explainers");
  tcase_add_test(explaining, cuts_that_are_enough_come_first_and_then_those_that_relieve_most);
  tcase_add_test(explaining, an_explanation_names_a_fraction_of_the_edges_but_four_at_least);
  tcase_add_test(explaining, the_middle_cut_halves_the_ops);
  tcase_add_test(explaining, the_random_cut_is_any_of_them_and_the_same_for_the_same_stream);
  tcase_add_test(explaining, the_exhaustive_explanation_is_every_cut);
  tcase_add_test(explaining, every_explainer_finds_a_cut_in_every_group_of_two_or_more);
  suite_add_tcase(suite, explaining);
  return suite;
}
