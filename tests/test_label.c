/* Data for the classifier: which groups are drawn, what is a half, and that labels are what the simulator says. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "build_graph.h"
#include "gnn/content.h"
#include "graph/group.h"
#include "sched/label.h"
#include "sim/method.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

enum { WIDTHS = 2, SIZES = 5 };
static const uint64_t sizes_bytes[SIZES] = {128 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20};

/* A network at both widths. */
struct subject {
  struct graph *graph;
  struct sim_model models[WIDTHS];
  struct label_network network;
};

static void subject_open(struct subject *subject, struct graph *graph, uint64_t groups) {
  struct error err = ERROR_INIT;
  subject->graph = graph;
  for (uint32_t w = 0; w < WIDTHS; w++) {
    struct hw hw = support_hw(5);
    hw.activation_bits = hw.weight_bits = w == 0 ? LABEL_NARROW_BITS : LABEL_WIDE_BITS;
    ck_assert_int_eq(sim_model_create(&subject->models[w], graph, &hw, &err), 0);
  }
  subject->network =
      (struct label_network){.name = "net", .models = {&subject->models[0], &subject->models[1]}, .groups = groups};
}

static void subject_close(struct subject *subject) {
  for (uint32_t w = 0; w < WIDTHS; w++) sim_model_free(&subject->models[w]);
  graph_free(subject->graph);
}

static struct label_options some_options(void) {
  return (struct label_options){
      .sizes_bytes = sizes_bytes, .size_count = SIZES, .halves_percent = 100, .seed = 1, .jobs = 2};
}

static struct dataset draw(const struct subject *subject, const struct label_options *options) {
  struct dataset dataset;
  struct error err = ERROR_INIT;
  ck_assert_msg(label_draw(&dataset, &subject->network, 1, options, &err) == 0, "%s", err.message);
  return dataset;
}

static void set_of(uint64_t *set, const struct subject *subject, const struct dataset *dataset, size_t group) {
  dataset_group_set(set, subject->graph->set_words, dataset, &dataset->groups[group]);
}

/* ---- labels ---- */

/* Each buffer by itself, on a simulator that knows nothing of the others. */
static void check_labels(const struct subject *subject, const struct dataset *dataset, size_t index, size_t m) {
  const struct dataset_group *group = &dataset->groups[index];
  uint64_t set[GRAPH_MAX_SET_WORDS];
  struct error err = ERROR_INIT;
  set_of(set, subject, dataset, index);
  for (size_t s = 0; s < SIZES; s++) {
    struct sim_model model = subject->models[group->wide];
    struct group_cost cost;
    struct sim *sim;
    model.hw.buffer_capacity_bytes = sizes_bytes[s];
    ck_assert_int_eq(sim_create(&sim, &model, &err), 0);
    ck_assert_int_eq(method_find(dataset_methods[m])->cost(sim, set, &cost), 0);
    ck_assert_int_eq(cost.required_bytes <= sizes_bytes[s], group->fits[m] >> s & 1);
    sim_free(sim);
  }
}

START_TEST(labels_are_what_the_simulator_says) {
  static const char *const names[] = {"squeezenet1_1", "mobilenet_v3_small", "resnet18"};
  struct subject subject;
  const struct label_options options = some_options();
  subject_open(&subject, support_network(names[_i]), 60);
  struct dataset dataset = draw(&subject, &options);
  ck_assert_uint_gt(dataset.group_count, 100);
  for (size_t i = 0; i < dataset.group_count; i++) {
    for (size_t m = 0; m < DATASET_METHODS; m++) check_labels(&subject, &dataset, i, m);
    /* BRR fits where LBDF does. */
    ck_assert_uint_eq(dataset.groups[i].fits[0] & ~(unsigned)dataset.groups[i].fits[1], 0);
  }
  dataset_free(&dataset);
  subject_close(&subject);
}
END_TEST

/* A chain of 1x1 convolutions with 100, 200 and 400 weights over rows of 10: under LBDF {0,1} takes 320 bytes at 8
 * bits, {1,2} 620 and all 720, and twice that at 16. */
START_TEST(a_chain_by_hand) {
  static const uint64_t sizes[] = {319, 320, 620, 719, 720, 1239, 1440}, bytes[] = {320, 620, 720};
  struct subject subject;
  struct net net;
  struct label_options options = some_options();
  net_begin(&net, 1);
  uint32_t rows = net_input(&net, 4, 10);
  for (uint64_t weights = 100; weights <= 400; weights *= 2) {
    net.weights = weights;
    rows = net_conv(&net, rows, 10, (struct net_window){.kernel = 1, .stride = 1, .dilation = 1});
  }
  net_mark(&net, rows);
  subject_open(&subject, net_end(&net), 1000);
  options.sizes_bytes = sizes;
  options.size_count = 7;
  struct dataset dataset = draw(&subject, &options);
  size_t drawn = 0;
  for (size_t i = 0; i < dataset.group_count; i++) {
    const struct dataset_group *group = &dataset.groups[i];
    const uint16_t *ops = dataset.ops + group->first_op;
    drawn += !group->half;
    if (group->op_count == 1) continue;
    uint64_t needed = bytes[group->op_count == 3 ? 2 : ops[0]] << group->wide;
    for (size_t s = 0; s < 7; s++) ck_assert_int_eq(needed <= sizes[s], group->fits[0] >> s & 1);
  }
  ck_assert_uint_eq(drawn, 3); /* there are no more */
  ck_assert_uint_le(dataset.group_count, 6);
  dataset_free(&dataset);
  subject_close(&subject);
}
END_TEST

/* ---- groups ---- */

static bool is_part(const struct subject *subject, const struct dataset *dataset, size_t half) {
  uint64_t part[GRAPH_MAX_SET_WORDS], whole[GRAPH_MAX_SET_WORDS];
  set_of(part, subject, dataset, half);
  for (size_t i = 0; i < half && !dataset->groups[i].half; i++) {
    const struct dataset_group *group = &dataset->groups[i];
    const uint8_t all = (1 << SIZES) - 1;
    if (group->wide != dataset->groups[half].wide || (group->fits[0] == all && group->fits[1] == all)) continue;
    set_of(whole, subject, dataset, i);
    if (bitset_contains(whole, part, subject->graph->set_words)) return true;
  }
  return false;
}

static bool is_twice(const struct dataset *dataset, size_t index) {
  const struct dataset_group *b = &dataset->groups[index];
  for (const struct dataset_group *a = dataset->groups; a < b; a++) {
    if (a->wide != b->wide || a->op_count != b->op_count) continue;
    if (memcmp(dataset->ops + a->first_op, dataset->ops + b->first_op, a->op_count * sizeof *dataset->ops) == 0) {
      return true;
    }
  }
  return false;
}

/* Halves are connected parts of groups drawn that do not fit, and nothing is there twice. */
START_TEST(halves_are_parts_of_groups) {
  struct subject subject;
  const struct label_options options = some_options();
  uint64_t set[GRAPH_MAX_SET_WORDS];
  size_t drawn = 0, halves = 0, wide = 0, mixed = 0, singles = 0;
  subject_open(&subject, support_network("resnet18"), 300);
  struct dataset dataset = draw(&subject, &options);
  for (size_t i = 0; i < dataset.group_count; i++) {
    const struct dataset_group *group = &dataset.groups[i];
    set_of(set, &subject, &dataset, i);
    ck_assert_uint_eq(bitset_count(set, subject.graph->set_words), group->op_count);
    ck_assert(group_connected(subject.graph, set));
    ck_assert(!is_twice(&dataset, i));
    ck_assert(group->half ? is_part(&subject, &dataset, i) : halves == 0);
    drawn += !group->half;
    halves += group->half;
    wide += group->wide;
    singles += group->op_count == 1;
    mixed += group->half && group->fits[0] != 0 && group->fits[0] != (1 << SIZES) - 1;
  }
  ck_assert_uint_eq(drawn, 300);
  ck_assert_uint_eq(halves, 300);
  ck_assert(wide > 200 && wide < 400);
  ck_assert_uint_lt(singles, 60);
  ck_assert_uint_gt(mixed, 150); /* most halves fit some buffers and others not */
  dataset_free(&dataset);
  subject_close(&subject);
}
END_TEST

START_TEST(contents_are_those_of_the_width) {
  struct subject subject;
  const struct label_options options = some_options();
  uint64_t set[GRAPH_MAX_SET_WORDS];
  subject_open(&subject, support_network("squeezenet1_1"), 50);
  struct dataset dataset = draw(&subject, &options);
  for (size_t i = 0; i < dataset.group_count; i++) {
    set_of(set, &subject, &dataset, i);
    ck_assert_uint_eq(content_hash_group(&subject.models[dataset.groups[i].wide], set), dataset.groups[i].content);
  }
  ck_assert_uint_eq(dataset.networks[0].hash, content_hash_graph(subject.graph));
  ck_assert_uint_eq(dataset.networks[0].op_count, subject.graph->op_count);
  ck_assert_str_eq(dataset.networks[0].name, "net");
  dataset_free(&dataset);
  subject_close(&subject);
}
END_TEST

/* ---- the same again ---- */

static uint64_t hash_with(const struct subject *subject, uint64_t seed, unsigned jobs) {
  struct label_options options = some_options();
  options.seed = seed;
  options.jobs = jobs;
  struct dataset dataset = draw(subject, &options);
  uint64_t hash = dataset_hash(&dataset);
  dataset_free(&dataset);
  return hash;
}

START_TEST(data_depend_on_the_seed_and_not_on_threads) {
  struct subject subject;
  subject_open(&subject, support_network("resnet18"), 300);
  uint64_t hash = hash_with(&subject, 1, 1);
  ck_assert_uint_eq(hash_with(&subject, 1, 1), hash);
  ck_assert_uint_eq(hash_with(&subject, 1, 5), hash);
  ck_assert_uint_ne(hash_with(&subject, 2, 1), hash);
  subject_close(&subject);
}
END_TEST

/* Several networks: as each by itself, one behind the other. */
START_TEST(networks_stand_side_by_side) {
  struct subject subjects[2];
  const struct label_options options = some_options();
  struct dataset both, single[2];
  struct error err = ERROR_INIT;
  subject_open(&subjects[0], support_network("squeezenet1_1"), 40);
  subject_open(&subjects[1], support_network("alexnet"), 30);
  const struct label_network networks[] = {subjects[0].network, subjects[1].network};
  ck_assert_int_eq(label_draw(&both, networks, 2, &options, &err), 0);
  for (size_t n = 0; n < 2; n++) single[n] = draw(&subjects[n], &options);
  ck_assert_uint_eq(both.group_count, single[0].group_count + single[1].group_count);
  for (size_t i = 0; i < both.group_count; i++) {
    uint32_t n = i < single[0].group_count ? 0 : 1;
    const struct dataset_group *a = &both.groups[i], *b = &single[n].groups[n == 0 ? i : i - single[0].group_count];
    ck_assert_uint_eq(a->network, n);
    ck_assert(a->op_count == b->op_count && a->content == b->content && a->wide == b->wide && a->half == b->half);
    ck_assert_mem_eq(both.ops + a->first_op, single[n].ops + b->first_op, a->op_count * sizeof *both.ops);
  }
  dataset_free(&both);
  for (size_t n = 0; n < 2; n++) {
    dataset_free(&single[n]);
    subject_close(&subjects[n]);
  }
}
END_TEST

START_TEST(halves_may_be_left_out) {
  struct subject subject;
  struct label_options options = some_options();
  options.halves_percent = 0;
  subject_open(&subject, support_network("resnet18"), 50);
  struct dataset dataset = draw(&subject, &options);
  ck_assert_uint_eq(dataset.group_count, 50);
  dataset_free(&dataset);
  subject_close(&subject);
}
END_TEST

/* Table I of the paper. */
START_TEST(defaults_are_at_least_the_papers) {
  static const struct {
    const char *name;
    uint64_t groups;
  } paper[] = {{"vgg16", 715},       {"squeezenet1_1", 795}, {"mobilenet_v2", 1100},   {"mobilenet_v3_small", 203},
               {"mobilenet_v3_large", 251}, {"resnet18", 715}, {"resnet101", 3476}, {"efficientnet_b0", 1364},
               {"efficientnet_b3", 2247}};
  for (size_t i = 0; i < sizeof paper / sizeof paper[0]; i++) {
    ck_assert_uint_ge(label_default_groups(paper[i].name), paper[i].groups);
  }
  for (size_t i = 0; i < SUPPORT_NETWORKS; i++) ck_assert_uint_gt(label_default_groups(support_networks[i]), 0);
  ck_assert_uint_eq(label_default_groups("resnet"), 0);
}
END_TEST

Suite *label_suite(void) {
  Suite *suite = suite_create("label");
  TCase *test_case = tcase_create("label");
  tcase_set_timeout(test_case, 60);
  tcase_add_loop_test(test_case, labels_are_what_the_simulator_says, 0, 3);
  tcase_add_test(test_case, a_chain_by_hand);
  tcase_add_test(test_case, halves_are_parts_of_groups);
  tcase_add_test(test_case, contents_are_those_of_the_width);
  tcase_add_test(test_case, data_depend_on_the_seed_and_not_on_threads);
  tcase_add_test(test_case, networks_stand_side_by_side);
  tcase_add_test(test_case, halves_may_be_left_out);
  tcase_add_test(test_case, defaults_are_at_least_the_papers);
  suite_add_tcase(suite, test_case);
  return suite;
}
