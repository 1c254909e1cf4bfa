/* Explainers that learn: their settings, GNNExplainer and gnn-cut on networks worked out by hand, and repairs of
 * random groups. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build_graph.h"
#include "get/explainer.h"
#include "random_net.h"
#include "sched/split.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/bitset.h"

enum { SEED = 17 };

/* ---- settings ---- */

static struct learned_settings parse(const char *text) {
  struct learned_settings settings;
  struct error err = ERROR_INIT;
  int status = learned_settings_parse(&settings, text, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  return settings;
}

START_TEST(settings_begin_as_the_table_says) {
  const struct learned_settings settings = parse(NULL), same = parse("");
  for (size_t i = 0; i < learned_parameter_count; i++) {
    const struct learned_parameter *parameter = &learned_parameters[i];
    const char *field = (const char *)&settings + parameter->offset;
    double value = parameter->type == LEARNED_COUNT ? (double)*(const uint64_t *)(const void *)field
                                                    : *(const double *)(const void *)field;
    ck_assert_double_eq(value, parameter->initial);
    ck_assert(parameter->minimum <= parameter->initial && parameter->initial <= parameter->maximum);
  }
  ck_assert_uint_eq(same.gnne.steps, settings.gnne.steps);
}
END_TEST

START_TEST(what_is_given_is_set_and_nothing_else) {
  const struct learned_settings settings = parse("gnne.steps=7,rg.seeds=3,gnne.rate=2.5e-1"), others = parse(NULL);
  ck_assert_uint_eq(settings.gnne.steps, 7);
  ck_assert_uint_eq(settings.rg.seeds, 3);
  ck_assert_double_eq(settings.gnne.rate, 0.25);
  ck_assert_double_eq(settings.gnne.size, others.gnne.size);
  ck_assert_double_eq(settings.rg.edge_price, others.rg.edge_price);
}
END_TEST

START_TEST(settings_are_written_in_one_way) {
  const struct learned_settings a = parse("gnne.noise=0.50,gnne.steps=8"), b = parse("gnne.steps=8.0,gnne.noise=5e-1");
  char *gnne = learned_settings_text(&a, "gnne"), *same = learned_settings_text(&b, "gnne");
  char *none = learned_settings_text(&a, "gnn-cut"), *all = learned_settings_text(&a, NULL);
  ck_assert_str_eq(gnne, same);
  ck_assert_ptr_nonnull(strstr(gnne, "gnne.steps=8,"));
  ck_assert_ptr_nonnull(strstr(gnne, "gnne.noise=0.5,"));
  ck_assert_ptr_null(strstr(gnne, "rg."));
  ck_assert_str_eq(none, "");
  ck_assert_ptr_nonnull(strstr(all, "rg.seeds="));
  const struct learned_settings again = parse(all);
  ck_assert_double_eq(again.gnne.noise, 0.5);
  free(gnne);
  free(same);
  free(none);
  free(all);
}
END_TEST

START_TEST(settings_that_make_no_sense_are_told) {
  static const struct {
    const char *text, *words;
  } mistakes[] = {
      {"gnne.steps", "'gnne.steps' is no setting; expected NAME=VALUE with commas between, such as gnne.steps=50"},
      {"gnne.steps=1,", "'' is no setting"},
      {"gnne.step=1", "unknown 'gnne.step'; did you mean 'gnne.steps'?; 'spillway list explainer-options' shows all"},
      {"fnord=1", "unknown 'fnord'; 'spillway list explainer-options' shows all"},
      {"gnne.steps=1.5", "gnne.steps is '1.5'; expected a whole number from 0 to 1000000"},
      {"gnne.steps=", "gnne.steps is ''; expected a whole number from 0 to 1000000"},
      {"gnne.rate=-1", "gnne.rate is '-1'; expected a number from 0 to 1000"},
      {"gnne.rate=nan", "gnne.rate is 'nan'"},
      {"gnne.rate=1=2", "gnne.rate is '1=2'"},
      {"rg.seeds=0", "rg.seeds is '0'; expected a whole number from 1 to"},
  };
  for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
    struct learned_settings settings;
    struct error err = ERROR_INIT;
    ck_assert_int_eq(learned_settings_parse(&settings, mistakes[i].text, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_msg(strstr(err.message, mistakes[i].words) != NULL, "'%s' says: %s", mistakes[i].text, err.message);
  }
}
END_TEST

/* ---- GNNExplainer ---- */

/* A path of four nodes, of which the second is told by feature 0 and the third by feature 1. */
static struct gnn_batch path_of_four(void) {
  struct gnn_batch batch = {.graph_count = 1, .node_count = 4, .edge_count = 3};
  size_t width = gnn_feature_count();
  batch.first_node = calloc(2, sizeof *batch.first_node);
  batch.first_edge = calloc(2, sizeof *batch.first_edge);
  batch.from = calloc(3, sizeof *batch.from);
  batch.to = calloc(3, sizeof *batch.to);
  batch.features = calloc(4 * width, sizeof *batch.features);
  batch.first_node[1] = 4;
  batch.first_edge[1] = 3;
  for (uint32_t e = 0; e < 3; e++) {
    batch.from[e] = e;
    batch.to[e] = e + 1;
  }
  batch.features[width] = 1;
  batch.features[2 * width + 1] = 1;
  return batch;
}

/* A layer of one unit that is active where a node has feature 1 and a neighbour feature 0, by as much as
 * the edge between them lets through: 1 + m - 1. The logit is slope * (m - 1/2). */
static struct gnn_model one_edge_model(float slope) {
  const struct gnn_shape shape = {(uint32_t)gnn_feature_count(), 1, 1};
  struct gnn_model model;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(gnn_model_create(&model, shape, &err), 0);
  model.parameters[gnn_tensor(shape, 0).first] = 1;      /* lin_rel.weight of feature 0 */
  model.parameters[gnn_tensor(shape, 1).first] = -1;     /* lin_rel.bias */
  model.parameters[gnn_tensor(shape, 2).first + 1] = 1;  /* lin_root.weight of feature 1 */
  model.parameters[gnn_tensor(shape, 3).first] = slope;  /* lin.weight */
  model.parameters[gnn_tensor(shape, 4).first] = -slope / 2;
  return model;
}

/* Cross entropy towards the verdict on the whole graph, and the price of the edges. */
static double loss_of(struct gnn_pass *pass, const struct gnn_batch *batch, const float *mask, bool target,
                      double price) {
  ck_assert_int_eq(gnn_forward(pass, batch, mask), 0);
  double fits = (double)gnn_probability(gnn_logits(pass)[0]), loss = -log(target ? fits : 1 - fits);
  for (uint32_t e = 0; e < batch->edge_count; e++) loss += price * (double)mask[e];
  return loss;
}

/* The set of edges that loses least, of all eight. */
static unsigned best_mask(struct gnn_pass *pass, const struct gnn_batch *batch, bool target) {
  double least = (double)INFINITY;
  unsigned best = 0;
  for (unsigned edges = 0; edges < 8; edges++) {
    const float mask[3] = {(float)(edges & 1), (float)(edges >> 1 & 1), (float)(edges >> 2 & 1)};
    double loss = loss_of(pass, batch, mask, target, 0.05);
    if (loss >= least) continue;
    least = loss;
    best = edges;
  }
  return best;
}

/* Whichever way the verdict goes the edge in the middle is what it hangs on. */
START_TEST(the_mask_keeps_the_edge_that_matters) {
  const float slope = _i == 0 ? 10 : -10;
  struct gnn_model model = one_edge_model(slope);
  struct gnn_batch batch = path_of_four();
  struct gnn_pass *pass;
  struct error err = ERROR_INIT;
  float scores[3];
  ck_assert_int_eq(gnn_pass_create(&pass, &model, &err), 0);
  ck_assert_uint_eq(best_mask(pass, &batch, slope > 0), 2);
  const struct learned_settings settings = parse("gnne.size=0.05,gnne.steps=300");
  ck_assert_int_eq(gnn_gnne(scores, pass, &batch, &settings.gnne), 0);
  ck_assert(scores[1] > 0.9F);
  ck_assert(scores[0] < 0.1F);
  ck_assert(scores[2] < 0.1F);
  gnn_pass_free(pass);
  gnn_batch_free(&batch);
  gnn_model_free(&model);
}
END_TEST

/* With no steps the mask is where it begins: at 1/2, or about there. */
START_TEST(noise_is_that_of_the_seed) {
  struct gnn_model model = one_edge_model(10);
  struct gnn_batch batch = path_of_four();
  struct gnn_pass *pass;
  struct error err = ERROR_INIT;
  float plain[3], first[3], again[3], second[3];
  ck_assert_int_eq(gnn_pass_create(&pass, &model, &err), 0);
  struct learned_settings settings = parse("gnne.steps=0");
  ck_assert_int_eq(gnn_gnne(plain, pass, &batch, &settings.gnne), 0);
  for (size_t e = 0; e < 3; e++) ck_assert_double_eq((double)plain[e], 0.5);
  settings = parse("gnne.steps=0,gnne.noise=0.1,gnne.seed=4");
  ck_assert_int_eq(gnn_gnne(first, pass, &batch, &settings.gnne), 0);
  ck_assert_int_eq(gnn_gnne(again, pass, &batch, &settings.gnne), 0);
  settings.gnne.seed = 5;
  ck_assert_int_eq(gnn_gnne(second, pass, &batch, &settings.gnne), 0);
  ck_assert_mem_eq(first, again, sizeof first);
  for (size_t e = 0; e < 3; e++) {
    ck_assert(memcmp(&first[e], &second[e], sizeof first[e]) != 0);
    ck_assert_double_eq_tol((double)first[e], (double)plain[e], 0.15); /* 0.6 in logits, six deviations */
  }
  gnn_pass_free(pass);
  gnn_batch_free(&batch);
  gnn_model_free(&model);
}
END_TEST

/* ---- cuts by hand ---- */

static size_t feature_number(const char *name) {
  size_t i = 0;
  while (i < gnn_feature_count() - gnn_op_vocabulary_count && strcmp(gnn_feature_names[i], name) != 0) i++;
  ck_assert_uint_lt(i, gnn_feature_count() - gnn_op_vocabulary_count);
  return gnn_op_vocabulary_count + i;
}

/* A group fits if its weights together are less than the buffer: the logit is 1 - the sum of their shares. */
static void weigh(struct learned *out) {
  const struct gnn_shape shape = {(uint32_t)gnn_feature_count(), 1, 1};
  struct error err = ERROR_INIT;
  *out = (struct learned){.settings = parse(NULL)};
  ck_assert_int_eq(gnn_model_create(&out->model, shape, &err), 0);
  out->model.parameters[gnn_tensor(shape, 2).first + feature_number("bytes of weights / buffer")] = 1;
  out->model.parameters[gnn_tensor(shape, 3).first] = -1;
  out->model.parameters[gnn_tensor(shape, 4).first] = 1;
}

/* Six 1x1 convs over 4 rows of `elements`, with these weights. */
static struct graph *weighted_chain(const uint64_t *weights, const uint64_t *elements) {
  struct net net;
  net_begin(&net, 1);
  uint32_t tensor = net_input(&net, 4, 1);
  for (uint32_t v = 0; v < 6; v++) {
    net.weights = weights[v];
    tensor = net_conv(&net, tensor, elements[v], (struct net_window){1, 1, 0, 1});
  }
  net_mark(&net, tensor);
  return net_end(&net);
}

/* Weights 20 40 30 30 40 20 of 8 bits, that is 180 in all, and a buffer of 125 bytes. Cut before op v the sides hold
 *   before 1: 20 160   before 2: 60 120   before 3: 90 90   before 4: 120 60   before 5: 160 20
 * so that the ones before 2, 3 and 4 are held to fit. Maps of 4 rows of 1 2 9 3 1 1 go out and back in at the cuts:
 * 8 16 72 24 8 bytes. Of the two that do not fit, the worse side is as bad: 160. Fitting ones by their bytes: before
 * 2, 4 and 3; then before 1 and 5, which are equal, in the order of the edges; only four edges are named. */
START_TEST(cuts_with_sides_that_fit_come_first_and_then_those_that_overflow_least) {
  static const uint64_t weights[] = {20, 40, 30, 30, 40, 20}, elements[] = {1, 2, 9, 3, 1, 1};
  static const struct {
    uint32_t to;
    uint64_t crossing_bytes;
    bool enough;
    double logit;
  } expected[] = {{2, 16, true, 1 - 120.0 / 125},
                  {4, 24, true, 1 - 120.0 / 125},
                  {3, 72, true, 1 - 90.0 / 125},
                  {1, 8, false, 1 - 160.0 / 125}};
  const struct hw hw = support_hw(125);
  struct sim_fixture fixture;
  struct explain_context context;
  struct learned learned;
  struct error err = ERROR_INIT;
  struct rng rng = rng_stream(SEED, 0, 0);
  uint64_t group[GRAPH_MAX_SET_WORDS];
  weigh(&learned);
  sim_fixture_open(&fixture, weighted_chain(weights, elements), &hw);
  group_of_all(fixture.graph, group);
  ck_assert_int_eq(explain_context_create(&context, fixture.sim, method_find("lbdf"), 0.3, &learned, &err), 0);
  ck_assert_int_eq(explainer_find("gnn-cut")->explain(&context, group, &rng), 0);
  ck_assert_uint_eq(context.explanation.count, 4);
  for (size_t i = 0; i < 4; i++) {
    const struct explained_cut *cut = &context.explanation.cuts[i];
    ck_assert_uint_eq(cut->cut.edge.to, expected[i].to);
    ck_assert_uint_eq(cut->crossing_bytes, expected[i].crossing_bytes);
    ck_assert(cut->enough == expected[i].enough);
    ck_assert_double_eq_tol(cut->score, 1 / (1 + exp(-expected[i].logit)), 1e-5);
    ck_assert_uint_eq(cut->side_bytes + cut->other_bytes + cut->relief_bytes, 0); /* nothing was simulated */
  }
  ck_assert_uint_eq(context.explanation.cost.required_bytes, 0);
  explain_context_free(&context);
  sim_fixture_close(&fixture);
  learned_free(&learned);
}
END_TEST

/* ---- random groups ---- */

/* What the ops of the group need alone at most, and the group. */
static uint64_t need_of(struct sim_fixture *fixture, const uint64_t *group, uint64_t *whole) {
  struct group_cost cost;
  uint64_t alone[GRAPH_MAX_SET_WORDS] = {0}, most = 0;
  for BITSET_EACH (v, group, fixture->graph->set_words) {
    bitset_add(alone, v);
    ck_assert_int_eq(sim_cost(fixture->sim, alone, &cost), 0);
    if (cost.required_bytes > most) most = cost.required_bytes;
    bitset_remove(alone, v);
  }
  ck_assert_int_eq(sim_cost(fixture->sim, group, &cost), 0);
  *whole = cost.required_bytes;
  return most;
}

static void check_parts(const struct sim_fixture *fixture, const uint64_t *group, const struct split *split) {
  size_t words = fixture->graph->set_words;
  uint64_t seen[GRAPH_MAX_SET_WORDS] = {0};
  for (uint32_t p = 0; p < split->part_count; p++) {
    ck_assert(group_connected(fixture->graph, split->sets + p * words));
    ck_assert(!bitset_intersects(seen, split->sets + p * words, words));
    ck_assert_uint_le(split->costs[p].required_bytes, fixture->model.hw.buffer_capacity_bytes);
    bitset_or(seen, split->sets + p * words, words);
  }
  ck_assert(bitset_equal(seen, group, words));
}

static void split_by(const struct explainer *explainer, const struct learned *learned, struct sim_subject *subject) {
  const struct split_rules rules = {method_find("lbdf"), explainer, EXPLAIN_DEFAULT_FRACTION, SPLIT_DEFAULT_BREADTH,
                                    objective_find("dram"), learned};
  struct split_memo *memo;
  struct splitter *splitter;
  struct split split;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(split_memo_create(&memo, &subject->fixture.model, &err), 0);
  ck_assert_int_eq(splitter_create(&splitter, memo, &rules, &err), 0);
  ck_assert_int_eq(splitter_split(splitter, subject->group, &subject->rng, &split), 0);
  check_parts(&subject->fixture, subject->group, &split);
  splitter_free(splitter);
  split_memo_free(memo);
}

/* Scores are in 0..1, the better edge first, and are the same if asked for again. */
static void check_explanation(const struct explainer *explainer, const struct learned *learned,
                              struct sim_subject *subject) {
  struct explain_context context;
  struct error err = ERROR_INIT;
  struct explained_cut first[2 * 24];
  bool by_edge = strcmp(explainer->name, "gnn-cut") != 0, odds = strcmp(explainer->name, "pg") == 0;
  int status = explain_context_create(&context, subject->fixture.sim, method_find("lbdf"), 0.3, learned, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  ck_assert_int_eq(explainer->explain(&context, subject->group, &subject->rng), 0);
  const struct explanation *explanation = &context.explanation;
  size_t count = explanation->count;
  ck_assert(count >= 1 && count <= 2 * 24);
  for (size_t i = 0; i < count; i++) {
    const struct explained_cut *cut = &explanation->cuts[i];
    ck_assert(odds || (cut->score >= 0 && cut->score <= 1));
    ck_assert(!by_edge || i == 0 || cut->score <= explanation->cuts[i - 1].score);
    first[i] = *cut;
  }
  ck_assert_int_eq(explainer->explain(&context, subject->group, &subject->rng), 0);
  ck_assert_uint_eq(explanation->count, count);
  for (size_t i = 0; i < count; i++) {
    ck_assert_uint_eq(explanation->cuts[i].cut.edge.to, first[i].cut.edge.to);
    ck_assert_double_eq(explanation->cuts[i].score, first[i].score);
    ck_assert_uint_eq(explanation->cuts[i].crossing_bytes, first[i].crossing_bytes);
  }
  explain_context_free(&context);
}

START_TEST(random_groups_are_explained_and_repaired) {
  const struct random_net_options options = {.most_ops = 14, .most_rows = 12, .smooth = false};
  struct learned learned;
  uint32_t repaired = 0;
  sim_fixture_draw_learned(&learned);
  for (uint32_t i = 0; i < 120; i++) {
    struct sim_subject subject;
    uint64_t whole;
    sim_subject_open(&subject, SEED, 1, i, &options);
    uint64_t most = need_of(&subject.fixture, subject.group, &whole);
    if (whole > most) {
      subject.fixture.model.hw.buffer_capacity_bytes = most + (whole - most) / 4;
      for (size_t e = 0; e < explainer_count; e++) {
        if (explainers[e].need == LEARNED_NOTHING) continue;
        split_by(&explainers[e], &learned, &subject);
        check_explanation(&explainers[e], &learned, &subject);
        repaired++;
      }
    }
    sim_subject_close(&subject);
  }
  learned_free(&learned);
  ck_assert_uint_gt(repaired, 200);
}
END_TEST

static void explain_by_pg_into(struct explain_context *out, const struct learned *learned,
                               struct sim_subject *subject) {
  struct error err = ERROR_INIT;
  int status = explain_context_create(out, subject->fixture.sim, method_find("lbdf"), 0.3, learned, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  ck_assert_int_eq(explainer_find("pg")->explain(out, subject->group, &subject->rng), 0);
}

/* How many cuts come before one of a smaller label though both masks are 1 in single precision. */
static uint32_t compare_order(const struct explanation *plain, const struct explanation *sure) {
  uint32_t ordered = 0;
  ck_assert_uint_eq(plain->count, sure->count);
  for (size_t i = 0; i < plain->count; i++) {
    const struct explained_cut *cut = &sure->cuts[i];
    ck_assert_uint_eq(plain->cuts[i].cut.edge.from, cut->cut.edge.from);
    ck_assert_uint_eq(plain->cuts[i].cut.edge.to, cut->cut.edge.to);
    bool certain = (float)(1 / (1 + exp(-cut->score))) == 1;
    ordered += i > 0 && certain && cut->cut.edge.from < cut[-1].cut.edge.from;
  }
  return ordered;
}

/* Omegas times a power of two, which is exact: masks become 0 or 1, and their order stays what it was. */
START_TEST(edges_that_pg_is_sure_of_keep_their_order) {
  const struct random_net_options options = {.most_ops = 14, .most_rows = 12, .smooth = false};
  struct learned plain, sure;
  uint32_t ordered = 0;
  sim_fixture_draw_learned(&plain);
  sim_fixture_draw_learned(&sure);
  for (size_t i = 0; i <= PG_HIDDEN; i++) sure.pg.parameters[sure.pg.parameter_count - 1 - i] *= 256;
  for (uint32_t i = 0; i < 40; i++) {
    struct sim_subject subject;
    struct explain_context contexts[2];
    sim_subject_open(&subject, SEED, 3, i, &options);
    if (group_edge_count(subject.fixture.graph, subject.group) > 0) {
      explain_by_pg_into(&contexts[0], &plain, &subject);
      explain_by_pg_into(&contexts[1], &sure, &subject);
      ordered += compare_order(&contexts[0].explanation, &contexts[1].explanation);
      explain_context_free(&contexts[0]);
      explain_context_free(&contexts[1]);
    }
    sim_subject_close(&subject);
  }
  learned_free(&plain);
  learned_free(&sure);
  ck_assert_uint_gt(ordered, 0);
}
END_TEST

/* Numbers so large that what comes of them is none: there is an order all the same, and a split. */
START_TEST(weights_without_sense_do_no_harm) {
  const struct random_net_options options = {.most_ops = 14, .most_rows = 12, .smooth = false};
  struct learned learned;
  sim_fixture_draw_learned(&learned);
  for (size_t i = 0; i < learned.model.parameter_count; i++) learned.model.parameters[i] *= 1e30F;
  for (uint32_t i = 0; i < 20; i++) {
    struct sim_subject subject;
    uint64_t whole;
    sim_subject_open(&subject, SEED, 2, i, &options);
    uint64_t most = need_of(&subject.fixture, subject.group, &whole);
    subject.fixture.model.hw.buffer_capacity_bytes = most;
    for (size_t e = 0; e < explainer_count && whole > most; e++) {
      if (explainers[e].need == LEARNED_NOTHING) continue;
      split_by(&explainers[e], &learned, &subject);
      check_explanation(&explainers[e], &learned, &subject);
    }
    sim_subject_close(&subject);
  }
  learned_free(&learned);
}
END_TEST

Suite *learned_suite(void) {
  Suite *suite = suite_create("learned");
  TCase *settings = tcase_create("settings"), *hand = tcase_create("hand"), *groups = tcase_create("groups");
  tcase_add_test(settings, settings_begin_as_the_table_says);
  tcase_add_test(settings, what_is_given_is_set_and_nothing_else);
  tcase_add_test(settings, settings_are_written_in_one_way);
  tcase_add_test(settings, settings_that_make_no_sense_are_told);
  suite_add_tcase(suite, settings);
  tcase_add_loop_test(hand, the_mask_keeps_the_edge_that_matters, 0, 2);
  tcase_add_test(hand, noise_is_that_of_the_seed);
  tcase_add_test(hand, cuts_with_sides_that_fit_come_first_and_then_those_that_overflow_least);
  suite_add_tcase(suite, hand);
  tcase_set_timeout(groups, 60);
  tcase_add_test(groups, edges_that_pg_is_sure_of_keep_their_order);
  tcase_add_test(groups, weights_without_sense_do_no_harm);
  tcase_add_test(groups, random_groups_are_explained_and_repaired);
  suite_add_tcase(suite, groups);
  return suite;
}
