/* Groups as the classifier sees them: features by hand, batches, hashes of content. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build_graph.h"
#include "gnn/content.h"
#include "gnn/features.h"
#include "random_net.h"
#include "sched/sample.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

struct subject {
  struct sim_fixture sim;
  struct gnn_network *network;
};

static void subject_wrap(struct subject *subject) {
  struct error err = ERROR_INIT;
  ck_assert_msg(gnn_network_create(&subject->network, &subject->sim.model, &err) == 0, "%s", err.message);
}

static void subject_open(struct subject *subject, struct graph *graph, uint32_t bits) {
  struct hw hw = support_hw(5);
  hw.activation_bits = hw.weight_bits = bits;
  sim_fixture_open(&subject->sim, graph, &hw);
  subject_wrap(subject);
}

static void subject_close(struct subject *subject) {
  gnn_network_free(subject->network);
  sim_fixture_close(&subject->sim);
}

static void add(struct gnn_batch *batch, const struct subject *subject, const uint64_t *group, uint64_t capacity) {
  ck_assert_int_eq(gnn_batch_add(batch, subject->network, group, capacity), 0);
}

/* A range of ops as the only graph of the batch. */
static void only(struct gnn_batch *batch, const struct subject *subject, uint32_t first, uint32_t last) {
  uint64_t group[GRAPH_MAX_SET_WORDS];
  group_of_range(subject->sim.graph, first, last, group);
  gnn_batch_clear(batch);
  add(batch, subject, group, 1000);
}

static double feature(const struct gnn_batch *batch, uint32_t node, const char *name) {
  for (size_t i = 0; i < gnn_feature_count() - gnn_op_vocabulary_count; i++) {
    if (strcmp(gnn_feature_names[i], name) != 0) continue;
    return (double)batch->features[node * gnn_feature_count() + gnn_op_vocabulary_count + i];
  }
  ck_abort_msg("no feature '%s'", name);
}

static const char *type(const struct gnn_batch *batch, uint32_t node) {
  const char *found = NULL;
  for (size_t i = 0; i < gnn_op_vocabulary_count; i++) {
    float value = batch->features[node * gnn_feature_count() + i];
    ck_assert(value == 0 || (value == 1 && found == NULL));
    if (value == 1) found = gnn_op_vocabulary[i];
  }
  return found;
}

#define ck_feature(batch, node, name, expected) ck_assert_double_eq_tol(feature(batch, node, name), expected, 1e-6)

/* The ratio of so many bytes to the 1000 of the buffer, plain and as a logarithm. */
static void ck_ratio(const struct gnn_batch *batch, uint32_t node, const char *name, double bytes) {
  char text[128];
  snprintf(text, sizeof text, "%s / buffer", name);
  ck_feature(batch, node, text, bytes / 1000);
  snprintf(text, sizeof text, "log of %s / buffer", name);
  ck_feature(batch, node, text, log2(1 + 1.024 * bytes) / 10);
}

#define RATIO_WEIGHTS "bytes of weights"
#define RATIO_WINDOW "bytes of input rows that an output row needs together"
#define RATIO_OUTSIDE "bytes of these rows that come from outside the group"
#define RATIO_SHARED "bytes of inputs from outside that other ops of the group read too"
#define RATIO_ROW "bytes of an output row"
#define RATIO_MAP "bytes of the output"
#define RATIO_STAGED "bytes of staged weights"
#define RATIO_STRIPE "bytes of the group's staging area and of the op's rows in its first stripe of one row"

/* ---- by hand ---- */

/* 8 rows of 2 channels and 5 columns; a 3x3 convolution to 4 channels with 100 weights and 3 biases of 4 bytes
 * each; a Relu; a pool over 2 rows of 2. */
static struct graph *conv_relu_pool(void) {
  struct net net;
  net_begin(&net, 1);
  net.map_channels = 2;
  uint32_t rows = net_input(&net, 8, 10);
  net.type = "Conv";
  net.weights = 100;
  net.biases = 3;
  net.channels = 4;
  net.map_channels = 4;
  rows = net_conv(&net, rows, 20, (struct net_window){.kernel = 3, .stride = 1, .pad = 1, .dilation = 1});
  net.type = "Relu";
  net.map_channels = 4;
  rows = net_unary(&net, rows);
  net.type = "Unheard";
  net.map_channels = 4;
  net_mark(&net, net_conv(&net, rows, 20, (struct net_window){.kernel = 2, .stride = 2, .dilation = 1}));
  return net_end(&net);
}

/* The conv: 112 B of weights; 3 rows of 10 B from outside for a row of 20 B, of which there are 8; two of its 4
 * channels are staged, 2 * 28 B. For one of the Relu's 8 rows it makes one row. */
static void check_conv(const struct gnn_batch *batch) {
  ck_assert_str_eq(type(batch, 0), "Conv");
  ck_feature(batch, 0, "log2 channels of the widest input / 16", log2(3) / 16);
  ck_feature(batch, 0, "log2 channels of the output / 16", log2(5) / 16);
  ck_feature(batch, 0, "log2 rows of the tallest input / 16", log2(9) / 16);
  ck_feature(batch, 0, "log2 rows of the output / 16", log2(9) / 16);
  ck_feature(batch, 0, "log2 columns of the widest input / 16", log2(6) / 16);
  ck_feature(batch, 0, "log2 columns of the output / 16", log2(6) / 16);
  ck_feature(batch, 0, "log2 bytes of weights / 16", log2(113) / 16);
  ck_feature(batch, 0, "log2 input rows that an output row needs together / 8", 2.0 / 8);
  ck_feature(batch, 0, "log2 (input rows / output rows) / 4", 0);
  ck_feature(batch, 0, "whether an output row may take the place of an input row", 0);
  ck_feature(batch, 0, "whether input rows are taken one by one into an accumulator", 0);
  ck_feature(batch, 0, "log2 bytes of the buffer / 16", log2(1001) / 16);
  ck_feature(batch, 0, "whether an input comes from outside the group", 1);
  ck_feature(batch, 0, "whether an output leaves the group", 0);
  ck_ratio(batch, 0, RATIO_WEIGHTS, 112);
  ck_ratio(batch, 0, RATIO_WINDOW, 30);
  ck_ratio(batch, 0, RATIO_OUTSIDE, 30);
  ck_ratio(batch, 0, RATIO_SHARED, 0);
  ck_ratio(batch, 0, RATIO_ROW, 20);
  ck_ratio(batch, 0, RATIO_MAP, 160);
  ck_ratio(batch, 0, RATIO_STAGED, 56);
  ck_ratio(batch, 0, RATIO_STRIPE, 56 + 30 + 20);
}

static void check_relu(const struct gnn_batch *batch) {
  ck_assert_str_eq(type(batch, 1), "Relu");
  ck_feature(batch, 1, "whether an output row may take the place of an input row", 1);
  ck_feature(batch, 1, "whether an input comes from outside the group", 0);
  ck_feature(batch, 1, "whether an output leaves the group", 1);
  ck_ratio(batch, 1, RATIO_WEIGHTS, 0);
  ck_ratio(batch, 1, RATIO_WINDOW, 20);
  ck_ratio(batch, 1, RATIO_OUTSIDE, 0);
  ck_ratio(batch, 1, RATIO_STAGED, 0);
  ck_ratio(batch, 1, RATIO_STRIPE, 56 + 20 + 20);
}

START_TEST(features_by_hand) {
  struct subject subject;
  struct gnn_batch batch = {0};
  subject_open(&subject, conv_relu_pool(), 8);
  only(&batch, &subject, 0, 1);
  ck_assert_uint_eq(batch.node_count, 2);
  ck_assert_uint_eq(batch.edge_count, 1);
  check_conv(&batch);
  check_relu(&batch);
  /* A row of the pool takes two of the Relu, and these two of the conv, for which it reads rows 0 to 2: above them
   * is padding. */
  only(&batch, &subject, 0, 2);
  ck_assert_str_eq(type(&batch, 2), "other");
  ck_feature(&batch, 1, "whether an output leaves the group", 0);
  ck_ratio(&batch, 0, RATIO_STRIPE, 56 + 30 + 40);
  ck_ratio(&batch, 1, RATIO_STRIPE, 56 + 40 + 40);
  ck_ratio(&batch, 2, RATIO_STRIPE, 56 + 40 + 20);
  ck_feature(&batch, 2, "log2 (input rows / output rows) / 4", 1.0 / 4);
  gnn_batch_free(&batch);
  subject_close(&subject);
}
END_TEST

/* Twice the width: all bytes double but those of the three biases. */
START_TEST(bytes_follow_the_width) {
  struct subject subject;
  struct gnn_batch batch = {0};
  subject_open(&subject, conv_relu_pool(), 16);
  only(&batch, &subject, 0, 1);
  ck_ratio(&batch, 0, RATIO_WEIGHTS, 212);
  ck_ratio(&batch, 0, RATIO_WINDOW, 60);
  ck_ratio(&batch, 0, RATIO_ROW, 40);
  ck_ratio(&batch, 0, RATIO_STAGED, 106);
  gnn_batch_free(&batch);
  subject_close(&subject);
}
END_TEST

/* Alone, an op with weights takes just its stripe of one row when they are streamed. */
START_TEST(a_stripe_is_what_the_simulator_requires) {
  const double capacity = 1 << 24; /* a power of two, so that no ratio is rounded but to single precision */
  struct subject subject;
  struct gnn_batch batch = {0};
  uint32_t checked = 0;
  subject_open(&subject, support_network(support_networks[_i]), 8);
  for (uint32_t v = 0; v < subject.sim.graph->op_count; v++) {
    uint64_t group[GRAPH_MAX_SET_WORDS];
    struct group_cost cost;
    if (subject.sim.model.weight_bytes[v] == 0) continue;
    group_of_range(subject.sim.graph, v, v, group);
    gnn_batch_clear(&batch);
    add(&batch, &subject, group, 1 << 24);
    ck_assert_int_eq(sim_cost_streamed(subject.sim.sim, group, 1, &cost), 1);
    double bytes = feature(&batch, 0, RATIO_STRIPE " / buffer") * capacity;
    ck_assert_double_eq_tol(bytes, (double)cost.required_bytes, (double)cost.required_bytes * 1e-6);
    checked++;
  }
  ck_assert_uint_gt(checked, 7);
  gnn_batch_free(&batch);
  subject_close(&subject);
}
END_TEST

/* Two ops read the 8 rows of 10 B, one of them into an accumulator; a third scales by it. */
START_TEST(an_input_that_two_ops_share) {
  struct net net;
  struct subject subject;
  struct gnn_batch batch = {0};
  net_begin(&net, 1);
  uint32_t rows = net_input(&net, 8, 10), mean = net_reduce(&net, rows, 10);
  net_mark(&net, net_scale(&net, rows, mean));
  subject_open(&subject, net_end(&net), 8);
  only(&batch, &subject, 0, 1);
  ck_feature(&batch, 0, "whether input rows are taken one by one into an accumulator", 1);
  ck_feature(&batch, 0, "log2 (input rows / output rows) / 4", 3.0 / 4);
  ck_ratio(&batch, 0, RATIO_WINDOW, 10);
  ck_ratio(&batch, 0, RATIO_SHARED, 80);
  ck_ratio(&batch, 1, RATIO_WINDOW, 20);
  ck_ratio(&batch, 1, RATIO_OUTSIDE, 10);
  ck_ratio(&batch, 1, RATIO_SHARED, 80);
  only(&batch, &subject, 1, 1);
  ck_ratio(&batch, 0, RATIO_OUTSIDE, 20);
  ck_ratio(&batch, 0, RATIO_SHARED, 0);
  gnn_batch_free(&batch);
  subject_close(&subject);
}
END_TEST

/* ---- batches ---- */

static const struct random_net_options RANDOM_NETS = {.most_ops = 16, .most_rows = 20};

/* Edges are those inside the group, in order, and every feature is a number of order 1. */
static void check_graph(const struct gnn_batch *batch, const struct graph *graph, const uint64_t *group) {
  uint32_t ops[64], count = 0, e = 0;
  for BITSET_EACH (v, group, graph->set_words) ops[count++] = (uint32_t)v;
  ck_assert_uint_eq(batch->node_count, count);
  for (uint32_t i = 0; i < graph->edge_count; i++) {
    const struct edge *edge = &graph->edges[i];
    if (!bitset_has(group, edge->from) || !bitset_has(group, edge->to)) continue;
    ck_assert_uint_lt(e, batch->edge_count);
    ck_assert_uint_eq(ops[batch->from[e]], edge->from);
    ck_assert_uint_eq(ops[batch->to[e++]], edge->to);
  }
  ck_assert_uint_eq(e, batch->edge_count);
  for (uint32_t i = 0; i < count; i++) ck_assert_ptr_nonnull(type(batch, i));
  for (size_t i = 0; i < count * gnn_feature_count(); i++) ck_assert(fabsf(batch->features[i]) < 8);
}

START_TEST(random_groups_in_batches) {
  struct gnn_batch alone = {0}, all = {0};
  size_t row = gnn_feature_count() * sizeof *all.features;
  for (uint32_t i = 0; i < 200; i++) {
    struct sim_subject random;
    struct subject subject;
    sim_subject_open(&random, 11, 1, i, &RANDOM_NETS);
    subject.sim = random.fixture;
    subject_wrap(&subject);
    uint64_t capacity = UINT64_C(1) << rng_below(&random.rng, 24);
    gnn_batch_clear(&alone);
    add(&alone, &subject, random.group, capacity);
    check_graph(&alone, subject.sim.graph, random.group);
    add(&all, &subject, random.group, capacity);
    ck_assert_uint_eq(all.graph_count, i + 1);
    uint32_t node = all.first_node[i], edge = all.first_edge[i];
    ck_assert_uint_eq(all.first_node[i + 1], all.node_count);
    ck_assert_uint_eq(all.first_edge[i + 1], all.edge_count);
    ck_assert_uint_eq(all.node_count - node, alone.node_count);
    ck_assert_mem_eq(all.features + node * gnn_feature_count(), alone.features, alone.node_count * row);
    for (uint32_t e = 0; e < alone.edge_count; e++) {
      ck_assert_uint_eq(all.from[edge + e] - node, alone.from[e]);
      ck_assert_uint_eq(all.to[edge + e] - node, alone.to[e]);
    }
    gnn_network_free(subject.network);
    sim_subject_close(&random);
  }
  gnn_batch_free(&alone);
  gnn_batch_free(&all);
}
END_TEST

/* ---- content ---- */

/* Three residual blocks of Conv, Relu, Conv, Add, and a last Relu; block b has ops 4b to 4b + 3. The last block has
 * `weights`, the others 50. */
static struct graph *blocks(uint64_t weights, uint32_t pad) {
  struct net net;
  net_begin(&net, 1);
  uint32_t rows = net_input(&net, 8, 10);
  for (uint32_t block = 0; block < 3; block++) {
    const struct net_window window = {.kernel = 3, .stride = 1, .pad = 1, .dilation = 1};
    uint32_t skip = rows, reach = block == 2 ? pad : 1;
    net.weights = block == 2 ? weights : 50;
    rows = net_unary(&net, net_conv(&net, rows, 10, window));
    net.weights = 50;
    const struct net_window second = {.kernel = 2 * reach + 1, .stride = 1, .pad = reach, .dilation = 1};
    rows = net_conv(&net, rows, 10, second);
    rows = net_binary(&net, rows, skip);
  }
  net_mark(&net, net_unary(&net, rows));
  return net_end(&net);
}

static uint64_t content(const struct subject *subject, uint32_t first, uint32_t last) {
  uint64_t group[GRAPH_MAX_SET_WORDS];
  group_of_range(subject->sim.graph, first, last, group);
  return content_hash_group(&subject->sim.model, group);
}

START_TEST(repeated_blocks_have_equal_content) {
  struct subject subject;
  struct gnn_batch first = {0}, second = {0};
  subject_open(&subject, blocks(50, 1), 8);
  ck_assert_uint_eq(content(&subject, 0, 3), content(&subject, 4, 7));
  ck_assert_uint_eq(content(&subject, 0, 3), content(&subject, 8, 11));
  ck_assert_uint_eq(content(&subject, 1, 6), content(&subject, 5, 10));
  only(&first, &subject, 1, 6);
  only(&second, &subject, 5, 10);
  ck_assert_mem_eq(first.features, second.features, first.node_count * gnn_feature_count() * sizeof *first.features);
  gnn_batch_free(&first);
  gnn_batch_free(&second);
  subject_close(&subject);
}
END_TEST

START_TEST(other_groups_have_other_content) {
  struct subject plain, heavy, tall, wide;
  subject_open(&plain, blocks(50, 1), 8);
  subject_open(&heavy, blocks(51, 1), 8);
  subject_open(&tall, blocks(50, 2), 8);
  subject_open(&wide, blocks(50, 1), 16);
  ck_assert_uint_eq(content(&plain, 0, 3), content(&heavy, 0, 3));
  ck_assert_uint_ne(content(&heavy, 8, 11), content(&heavy, 0, 3));
  ck_assert_uint_ne(content(&tall, 8, 11), content(&tall, 0, 3));
  ck_assert_uint_ne(content(&wide, 0, 3), content(&plain, 0, 3));
  ck_assert_uint_ne(content(&plain, 0, 2), content(&plain, 0, 3));
  ck_assert_uint_ne(content(&plain, 1, 3), content(&plain, 0, 2));
  /* The Relu behind the first Conv does not leave, that before the end does. */
  ck_assert_uint_ne(content(&plain, 0, 1), content(&plain, 0, 0));
  subject_close(&plain);
  subject_close(&heavy);
  subject_close(&tall);
  subject_close(&wide);
}
END_TEST

/* Of a network of repeated blocks: where hashes are equal, so are features and what the simulator says. */
START_TEST(equal_content_runs_alike) {
  enum { GROUPS = 1500 };
  struct subject subject;
  struct sample sample;
  struct gnn_batch batch = {0};
  struct error err = ERROR_INIT;
  static uint64_t hashes[GROUPS];
  size_t equal = 0;
  subject_open(&subject, support_network("resnet101"), 8);
  ck_assert_int_eq(sample_draw(&sample, subject.sim.graph, GROUPS, 1, NULL, &err), 0);
  size_t words = subject.sim.graph->set_words;
  for (size_t i = 0; i < GROUPS; i++) hashes[i] = content_hash_group(&subject.sim.model, sample.sets + i * words);
  for (size_t i = 0; i < GROUPS; i++) {
    size_t j = 0;
    while (hashes[j] != hashes[i]) j++;
    if (j == i) continue;
    struct group_cost costs[2];
    ck_assert_int_eq(sim_cost_brr(subject.sim.sim, sample.sets + i * words, &costs[0]), 0);
    ck_assert_int_eq(sim_cost_brr(subject.sim.sim, sample.sets + j * words, &costs[1]), 0);
    ck_assert_mem_eq(&costs[0], &costs[1], sizeof costs[0]);
    gnn_batch_clear(&batch);
    add(&batch, &subject, sample.sets + i * words, 5000);
    add(&batch, &subject, sample.sets + j * words, 5000);
    size_t values = batch.first_node[1] * gnn_feature_count();
    ck_assert_uint_eq(batch.node_count, 2 * batch.first_node[1]);
    ck_assert_mem_eq(batch.features, batch.features + values, values * sizeof *batch.features);
    equal++;
  }
  ck_assert_uint_gt(equal, 20);
  gnn_batch_free(&batch);
  sample_free(&sample);
  subject_close(&subject);
}
END_TEST

/* Names are no content, and shapes are. */
START_TEST(networks_have_hashes) {
  struct graph *a = blocks(50, 1), *b = blocks(51, 1), *c = conv_relu_pool();
  struct graph *narrow = support_network("squeezenet1_1"), *taller = support_network_scaled("squeezenet1_1", 2);
  ck_assert_uint_ne(content_hash_graph(a), content_hash_graph(b));
  ck_assert_uint_ne(content_hash_graph(a), content_hash_graph(c));
  ck_assert_uint_ne(content_hash_graph(narrow), content_hash_graph(taller));
  struct graph *again = blocks(50, 1);
  ck_assert_uint_eq(content_hash_graph(a), content_hash_graph(again));
  graph_free(a);
  graph_free(b);
  graph_free(c);
  graph_free(narrow);
  graph_free(taller);
  graph_free(again);
}
END_TEST

/* Every op type of the networks that are there has a feature of its own. */
START_TEST(the_vocabulary_is_that_of_the_networks) {
  struct graph *graph = support_network(support_networks[_i]);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    size_t i = 0;
    while (i + 1 < gnn_op_vocabulary_count && strcmp(gnn_op_vocabulary[i], graph->ops[v].type) != 0) i++;
    ck_assert_msg(i + 1 < gnn_op_vocabulary_count, "%s", graph->ops[v].type);
  }
  graph_free(graph);
}
END_TEST

Suite *features_suite(void) {
  Suite *suite = suite_create("features");
  TCase *test_case = tcase_create("features");
  tcase_set_timeout(test_case, 60);
  tcase_add_test(test_case, features_by_hand);
  tcase_add_test(test_case, bytes_follow_the_width);
  tcase_add_loop_test(test_case, a_stripe_is_what_the_simulator_requires, 0, SUPPORT_NETWORKS);
  tcase_add_test(test_case, an_input_that_two_ops_share);
  tcase_add_test(test_case, random_groups_in_batches);
  tcase_add_test(test_case, repeated_blocks_have_equal_content);
  tcase_add_test(test_case, other_groups_have_other_content);
  tcase_add_test(test_case, equal_content_runs_alike);
  tcase_add_test(test_case, networks_have_hashes);
  tcase_add_loop_test(test_case, the_vocabulary_is_that_of_the_networks, 0, SUPPORT_NETWORKS);
  suite_add_tcase(suite, test_case);
  return suite;
}
