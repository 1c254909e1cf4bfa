/* gnn/rg: sets that grow, rewards by hand, its networks against a second implementation and their slopes against
 * differences, what it learns where the answer is known, its files. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explain_lesson.h"
#include "gnn/descent.h"
#include "gnn/rg_walk.h"
#include "suites.h"

enum { MAX_EDGES = 16, MAX_NODES = 8, HIDDEN = 6, MAX_DECISIONS = 16 };

#define ENTROPY_PRICE 0.3

static const struct rg_options usual = {.locator_steps = 60, .imitation_epochs = 8, .epochs = 8, .batch_graphs = 8,
                                        .rollouts = 3, .locator_rate = 0.01, .rate = 0.005, .edge_price = 0.05,
                                        .radius_price = 0.01, .embedding_price = 0.01, .seed = 5, .jobs = 1};
static const struct rg_explain_options explaining = {
    .seeds = 2, .edge_price = 0.05, .radius_price = 0.01, .embedding_price = 0.01};

static void train(struct gnn_rg *rg, const struct explain_lesson *lesson, size_t count,
                  const struct rg_options *options) {
  struct error err = ERROR_INIT;
  ck_assert_msg(gnn_rg_train(rg, &lesson->model, lesson->samples, count, options, &err) == 0, "%s", err.message);
}

/* What looks at one sample of a lesson. */
struct scene {
  struct gnn_pass *pass;
  struct rg_pass *rg;
  struct gnn_batch batch;
};

static void open_scene(struct scene *scene, const struct explain_lesson *lesson, const struct gnn_rg *rg,
                       uint32_t sample) {
  struct error err = ERROR_INIT;
  *scene = (struct scene){0};
  ck_assert_int_eq(gnn_pass_create(&scene->pass, &lesson->model, &err), 0);
  ck_assert_int_eq(rg_pass_create(&scene->rg, rg, scene->pass, &err), 0);
  ck_assert_int_eq(descent_gather(&scene->batch, lesson->samples, &sample, 1), 0);
  ck_assert_uint_le(scene->batch.edge_count, MAX_EDGES);
  ck_assert_uint_le(scene->batch.node_count, MAX_NODES);
  ck_assert_int_eq(rg_look(scene->rg, &scene->batch), 0);
}

static void close_scene(struct scene *scene) {
  rg_pass_free(scene->rg);
  gnn_pass_free(scene->pass);
  gnn_batch_free(&scene->batch);
}

/* ---- sets that grow ---- */

/* 0-1-2: with themselves, nodes have 2, 3, 2 neighbours, A = [1/2 a 0; a 1/3 a; 0 a 1/2] with a = 1/sqrt(6).
 * z = x = (1, 0, 0); .85 A z + .15 x = (.575, .3470, 0), then (.5148, .2979, .1204), then (.4721, .3048, .1545). */
START_TEST(a_set_grows_along_a_path) {
  uint32_t from[] = {0, 1}, to[] = {1, 2};
  const struct gnn_batch batch = {.node_count = 3, .edge_count = 2, .from = from, .to = to};
  static const double seen[] = {0.47214, 0.30482, 0.15453};
  struct rg_graph graph = {0};
  struct rg_growth growth = {0}, copy = {0};
  ck_assert_int_eq(rg_graph_read(&graph, &batch), 0);
  ck_assert_int_eq(rg_growth_make_room(&growth, &graph), 0);
  ck_assert_int_eq(rg_growth_make_room(&copy, &graph), 0);
  rg_growth_start(&growth, &graph, 0);
  for (unsigned i = 0; i < 3; i++) {
    ck_assert_double_eq_tol((double)growth.near_seed[i], seen[i], 1e-4);
    ck_assert(growth.near_set[i] == growth.near_seed[i]);
  }
  ck_assert_uint_eq(growth.boundary_count, 1);
  ck_assert_uint_eq(growth.boundary[0], 1);
  rg_growth_copy(&copy, &growth, &graph);
  rg_growth_add(&growth, &graph, 1);
  ck_assert_uint_eq(growth.boundary_count, 1);
  ck_assert_uint_eq(growth.boundary[0], 2);
  /* Linear in x: from node 2 it is the mirror image. */
  rg_growth_add(&growth, &graph, 2);
  ck_assert_uint_eq(growth.boundary_count, 0);
  ck_assert_uint_eq(growth.count, 3);
  ck_assert_double_eq_tol((double)growth.near_seed[2], seen[2], 1e-4);
  ck_assert_double_eq_tol((double)growth.near_set[0], (double)growth.near_set[2], 1e-6);
  ck_assert_uint_eq(copy.count, 1);
  ck_assert_uint_eq(copy.boundary[0], 1);
  rg_growth_free(&growth);
  rg_growth_free(&copy);
  rg_graph_free(&graph);
}
END_TEST

/* ---- rewards ---- */

/* Of the model by hand: unit 0 sums the weights of both ends of each edge, unit 1 those of the nodes. */
static void embedding_of(double out[2], const struct scene *scene, const uint32_t *nodes, uint32_t count) {
  double weights[MAX_NODES] = {0};
  out[0] = out[1] = 0;
  for (uint32_t i = 0; i < count; i++) {
    /* The units of one node alone: its own weights. */
    weights[nodes[i]] = (double)scene->rg->network.inputs[2 * nodes[i] + 1];
    out[1] += weights[nodes[i]];
  }
  for (uint32_t e = 0; e < scene->batch.edge_count; e++) {
    double a = weights[scene->batch.from[e]], b = weights[scene->batch.to[e]];
    if (a > 0 && b > 0) out[0] += a + b;
  }
}

static double reward_of(const struct scene *scene, const uint32_t *nodes, uint32_t count, uint32_t edges,
                        uint32_t radius, const struct rg_prices *prices) {
  static const uint32_t all[] = {0, 1, 2, 3, 4, 5, 6};
  double set[2], whole[2];
  embedding_of(set, scene, nodes, count);
  embedding_of(whole, scene, all, 7);
  double distance = pow(hypot(set[0] - whole[0], set[1] - whole[1]) / hypot(whole[0], whole[1]), 2);
  /* The whole overflows: its logit is 1 - 6 and a little less. */
  double entropy = log1p(exp(1 - 6 * set[1]));
  return -(entropy + prices->edge * edges + prices->radius * radius + prices->embedding * distance);
}

/* Sample 0 is ops 0..6 with op 2 heavy; op 3 adds the maps of 2 and 1, so that 1-2-3 is a triangle. */
START_TEST(rewards_by_hand) {
  struct explain_lesson lesson;
  struct scene scene;
  struct gnn_rg rg = {.embedding = 2};
  struct perceptron layers = rg_layers(2);
  struct rng rng = rng_stream(1, 0, 0);
  const struct rg_prices prices = {.edge = 0.3, .radius = 0.7, .embedding = 1.1};
  static const struct {
    uint32_t nodes[4], count, edges, radius;
  } sets[] = {{{2}, 1, 0, 0}, {{0}, 1, 0, 0}, {{1, 2, 3}, 3, 3, 1}, {{0, 1, 3, 2}, 4, 4, 2}, {{4, 3, 2}, 3, 2, 2}};
  enum { SETS = sizeof sets / sizeof sets[0] };
  explain_lesson_open(&lesson, 0, 6);
  rg.parameters = perceptron_draw(&layers, &rng);
  open_scene(&scene, &lesson, &rg, 0);
  for (size_t s = 0; s < SETS; s++) {
    ck_assert_int_eq(rg_sets_add(&scene.rg->sets, sets[s].nodes, sets[s].count), 0);
  }
  ck_assert_int_eq(rg_judge_sets(scene.rg, &prices), 0);
  for (size_t s = 0; s < SETS; s++) {
    double expected = reward_of(&scene, sets[s].nodes, sets[s].count, sets[s].edges, sets[s].radius, &prices);
    ck_assert_double_eq_tol(scene.rg->rewards[s], expected, 1e-4);
  }
  close_scene(&scene);
  gnn_rg_free(&rg);
  explain_lesson_close(&lesson);
}
END_TEST

/* ---- the second implementation of the networks ---- */

struct reference {
  struct perceptron layers;
  double *parameters;
  const struct scene *scene;
};

static double silu(double x) { return x / (1 + exp(-x)); }

static void dense(double *out, const struct reference *reference, const char *name, const double *in) {
  for (size_t l = 0; l < reference->layers.layer_count; l++) {
    const struct dense *layer = &reference->layers.layers[l];
    if (strcmp(layer->name, name) != 0) continue;
    const double *weights = reference->parameters + layer->first, *bias = weights + layer->outputs * layer->inputs;
    for (uint32_t o = 0; o < layer->outputs; o++) {
      out[o] = bias[o];
      for (uint32_t i = 0; i < layer->inputs; i++) out[o] += weights[o * layer->inputs + i] * in[i];
    }
    return;
  }
  ck_abort_msg("no layer %s", name);
}

/* Scaled embedding of a node of the scene, whose network has it in single precision. */
static void embed(double *out, const struct reference *reference, uint32_t node) {
  for (uint32_t k = 0; k < HIDDEN; k++) out[k] = (double)reference->scene->rg->network.inputs[node * HIDDEN + k];
}

/* -weight log(probability of the choice) - entropy_price * entropy, over decisions. */
static double decision_loss(const struct reference *reference, const struct rg_decisions *decisions,
                            double entropy_price) {
  double loss = 0;
  for (size_t d = 0; d < decisions->count; d++) {
    const struct rg_decision *decision = &decisions->items[d];
    double rows[MAX_NODES][RG_HIDDEN], choices[MAX_NODES][2], pooled[RG_HIDDEN] = {0}, stop, sum = 0, parts = 0;
    for (uint32_t r = 0; r < decision->row_count; r++) {
      size_t row = decision->first_row + (size_t)r;
      double embedding[HIDDEN], part[RG_HIDDEN];
      const double seen[] = {(double)decisions->indicators[2 * row], (double)decisions->indicators[2 * row + 1]};
      embed(embedding, reference, decisions->nodes[row]);
      dense(rows[r], reference, "generator.node", embedding);
      dense(part, reference, "generator.indicators", seen);
      for (unsigned h = 0; h < RG_HIDDEN; h++) rows[r][h] += part[h];
      dense(part, reference, "generator.residual.0", rows[r]);
      for (unsigned h = 0; h < RG_HIDDEN; h++) rows[r][h] += silu(part[h]);
      dense(part, reference, "generator.residual.1", rows[r]);
      for (unsigned h = 0; h < RG_HIDDEN; h++) rows[r][h] += silu(part[h]);
      dense(choices[r], reference, "generator.choice", rows[r]);
      sum += exp(choices[r][0]);
      parts += exp(choices[r][1]);
    }
    for (uint32_t r = 0; r < decision->row_count; r++) {
      for (unsigned h = 0; h < RG_HIDDEN; h++) pooled[h] += exp(choices[r][1]) / parts * rows[r][h];
    }
    dense(&stop, reference, "generator.stop", pooled);
    sum += exp(stop);
    double chosen = decision->choice == decision->row_count ? stop : choices[decision->choice][0];
    loss -= (double)decision->weight * (chosen - log(sum));
    loss += entropy_price * exp(stop) / sum * (stop - log(sum));
    for (uint32_t r = 0; r < decision->row_count; r++) {
      loss += entropy_price * exp(choices[r][0]) / sum * (choices[r][0] - log(sum));
    }
  }
  return loss;
}

/* Cross entropy of the locations with those wanted. */
static double location_loss(const struct reference *reference, const float *wanted) {
  uint32_t nodes = reference->scene->batch.node_count;
  double pairs[MAX_NODES][2 * HIDDEN] = {{0}}, mean[HIDDEN] = {0}, scores[MAX_NODES], sum = 0, loss = 0;
  for (uint32_t i = 0; i < nodes; i++) {
    embed(pairs[i] + HIDDEN, reference, i);
    for (uint32_t k = 0; k < HIDDEN; k++) mean[k] += pairs[i][HIDDEN + k] / nodes;
  }
  for (uint32_t i = 0; i < nodes; i++) {
    double wide[RG_HIDDEN], narrow[RG_LOCATOR_HIDDEN];
    memcpy(pairs[i], mean, sizeof mean);
    dense(wide, reference, "locator.0", pairs[i]);
    for (unsigned h = 0; h < RG_HIDDEN; h++) wide[h] = fmax(wide[h], 0);
    dense(narrow, reference, "locator.1", wide);
    for (unsigned h = 0; h < RG_LOCATOR_HIDDEN; h++) narrow[h] = fmax(narrow[h], 0);
    dense(&scores[i], reference, "locator.2", narrow);
    sum += exp(scores[i]);
  }
  for (uint32_t i = 0; i < nodes; i++) loss -= (double)wanted[i] * (scores[i] - log(sum));
  return loss;
}

/* The decisions of a walk through the whole scene, with random choices and weights. */
static void draw_decisions(struct rg_decisions *out, struct scene *scene, struct rng *rng) {
  struct rg_growth growth = {0};
  ck_assert_int_eq(rg_growth_make_room(&growth, &scene->rg->graph), 0);
  rg_growth_start(&growth, &scene->rg->graph, rng_below(rng, scene->batch.node_count));
  while (growth.boundary_count > 0) {
    uint32_t choice = rng_below(rng, growth.boundary_count);
    ck_assert_int_eq(rg_decisions_add(out, &growth, out->count % 3 == 1 ? growth.boundary_count : choice), 0);
    out->items[out->count - 1].weight = (float)(2 * rng_unit(rng) - 1);
    rg_growth_add(&growth, &scene->rg->graph, growth.boundary[choice]);
  }
  rg_growth_free(&growth);
}

/* A random classifier, random networks over it, and one sample. */
struct trial {
  struct explain_lesson lesson;
  struct scene scene;
  struct gnn_rg rg;
  struct reference reference;
  struct rng rng;
  float *slopes;
};

static void open_trial(struct trial *trial, int number) {
  trial->rng = rng_stream(23, (uint64_t)number, 0);
  explain_lesson_draw(&trial->lesson, HIDDEN, 2, (uint64_t)number);
  trial->reference.layers = rg_layers(HIDDEN);
  size_t count = trial->reference.layers.parameter_count;
  trial->rg = (struct gnn_rg){
      .embedding = HIDDEN, .parameter_count = count, .parameters = calloc(count, sizeof(float))};
  trial->rg.parameters[0] = 1.5F;
  for (size_t i = 1; i < count; i++) trial->rg.parameters[i] = (float)(rng_unit(&trial->rng) - 0.5);
  open_scene(&trial->scene, &trial->lesson, &trial->rg, rng_below(&trial->rng, LESSON_SAMPLES));
  trial->reference.scene = &trial->scene;
  trial->reference.parameters = calloc(count, sizeof(double));
  for (size_t i = 0; i < count; i++) trial->reference.parameters[i] = (double)trial->rg.parameters[i];
  trial->slopes = calloc(count, sizeof(float));
}

static void close_trial(struct trial *trial) {
  free(trial->slopes);
  free(trial->reference.parameters);
  close_scene(&trial->scene);
  gnn_rg_free(&trial->rg);
  explain_lesson_close(&trial->lesson);
}

/* The loss as the reference has it with one parameter moved. */
static double loss_at(const struct trial *trial, const struct rg_decisions *decisions, const float *wanted,
                      size_t parameter, double step) {
  double *value = &trial->reference.parameters[parameter], before = *value;
  *value += step;
  double loss = decisions != NULL ? decision_loss(&trial->reference, decisions, ENTROPY_PRICE)
                                  : location_loss(&trial->reference, wanted);
  *value = before;
  return loss;
}

/* Some parameters of every tensor. */
static void check_slopes(const struct trial *trial, const struct rg_decisions *decisions, const float *wanted) {
  const struct perceptron *layers = &trial->reference.layers;
  size_t nonzero = 0;
  for (size_t l = 0; l < layers->layer_count; l++) {
    const struct dense *layer = &layers->layers[l];
    size_t weights = (size_t)layer->inputs * layer->outputs, count = weights + layer->outputs;
    for (size_t i = 0; i < count; i += i < weights ? 1 + weights / 9 : 1 + layer->outputs / 5) {
      double step = 1e-5, slope = (double)trial->slopes[layer->first + i];
      double ahead = loss_at(trial, decisions, wanted, layer->first + i, step);
      double behind = loss_at(trial, decisions, wanted, layer->first + i, -step);
      ck_assert_double_eq_tol(slope, (ahead - behind) / (2 * step), 2e-4 + 1e-3 * fabs(slope));
      nonzero += fabs(slope) > 1e-3;
    }
  }
  ck_assert_uint_gt(nonzero, 3);
}

START_TEST(decisions_and_their_slopes) {
  struct trial trial;
  struct rg_decisions decisions = {0};
  open_trial(&trial, _i);
  draw_decisions(&decisions, &trial.scene, &trial.rng);
  struct rg_network *network = &trial.scene.rg->network;
  ck_assert_int_eq(rg_decide(network, &decisions), 0);
  double loss = 0;
  for (size_t d = 0; d < decisions.count; d++) {
    const struct rg_decision *decision = &decisions.items[d];
    bool stops = decision->choice == decision->row_count;
    float chosen = stops ? network->stops[d] : network->probabilities[decision->first_row + decision->choice];
    loss -= (double)decision->weight * log((double)chosen);
  }
  ck_assert_double_eq_tol(loss, decision_loss(&trial.reference, &decisions, 0), 1e-3);
  rg_decide_backward(network, &decisions, ENTROPY_PRICE, trial.slopes);
  check_slopes(&trial, &decisions, NULL);
  rg_decisions_free(&decisions);
  close_trial(&trial);
}
END_TEST

START_TEST(locations_and_their_slopes) {
  struct trial trial;
  float wanted[MAX_NODES] = {0};
  open_trial(&trial, _i);
  wanted[0] = 0.5F;
  wanted[trial.scene.batch.node_count - 1] += 0.5F;
  struct rg_network *network = &trial.scene.rg->network;
  rg_locate(network);
  double loss = -0.5 * log((double)network->locations[0]);
  loss -= 0.5 * log((double)network->locations[trial.scene.batch.node_count - 1]);
  ck_assert_double_eq_tol(loss, location_loss(&trial.reference, wanted), 1e-3);
  rg_locate_backward(network, wanted, trial.slopes);
  check_slopes(&trial, NULL, wanted);
  close_trial(&trial);
}
END_TEST

/* ---- learning ---- */

/* How many edges the explanations of all samples name, each of which must have the heavy op among the ends of its
 * best edge. */
static uint32_t explain_all(const struct explain_lesson *lesson, const struct gnn_rg *rg, bool heavy_too) {
  uint32_t named = 0;
  for (uint32_t s = 0; s < LESSON_SAMPLES; s++) {
    struct scene scene;
    float scores[MAX_EDGES];
    uint32_t heavy = explain_lesson_heavy(s), best = 0;
    open_scene(&scene, lesson, rg, s);
    ck_assert_int_eq(gnn_rg_scores(scores, scene.rg, &scene.batch, &explaining), 0);
    bool has_heavy = false;
    for (uint32_t e = 0; e < scene.batch.edge_count; e++) {
      ck_assert(scores[e] >= 0 && scores[e] <= 1);
      named += scores[e] > 0;
      best = scores[e] > scores[best] ? e : best;
      has_heavy = has_heavy || (scores[e] > 0 && (scene.batch.from[e] == heavy || scene.batch.to[e] == heavy));
    }
    ck_assert(scores[best] > 0);
    if (heavy_too) ck_assert_msg(has_heavy, "sample %u", s);
    close_scene(&scene);
  }
  return named;
}

/* Neighbours alone matter: the least that overflows is the heavy op with one neighbour, one edge. */
START_TEST(subgraphs_have_the_heavy_op) {
  struct explain_lesson lesson;
  struct gnn_rg rg;
  explain_lesson_open(&lesson, 6, 0);
  train(&rg, &lesson, LESSON_SAMPLES / 2, &usual);
  ck_assert_uint_le(explain_all(&lesson, &rg, true), LESSON_SAMPLES + LESSON_SAMPLES / 4);
  gnn_rg_free(&rg);
  explain_lesson_close(&lesson);
}
END_TEST

/* Without any walk to imitate; what is only drawn names many more edges. */
START_TEST(reinforcement_alone_learns_to_stop) {
  struct explain_lesson lesson;
  struct gnn_rg before, after;
  struct rg_options options = usual;
  explain_lesson_open(&lesson, 6, 0);
  options.imitation_epochs = options.epochs = 0;
  train(&before, &lesson, LESSON_SAMPLES, &options);
  options.epochs = 40;
  train(&after, &lesson, LESSON_SAMPLES, &options);
  uint32_t named_before = explain_all(&lesson, &before, false), named_after = explain_all(&lesson, &after, true);
  ck_assert_uint_le(named_after, LESSON_SAMPLES + LESSON_SAMPLES / 4);
  ck_assert_uint_gt(named_before, named_after + LESSON_SAMPLES / 4);
  gnn_rg_free(&before);
  gnn_rg_free(&after);
  explain_lesson_close(&lesson);
}
END_TEST

/* A node limit of 1 leaves the seed alone: then all edges at it score 1. One of 3 ends the walk. */
START_TEST(node_limits_hold) {
  struct trial trial;
  struct rg_explain_options options = explaining;
  open_trial(&trial, _i);
  float scores[MAX_EDGES];
  for (options.most_nodes = 1; options.most_nodes <= 3; options.most_nodes++) {
    ck_assert_int_eq(gnn_rg_scores(scores, trial.scene.rg, &trial.scene.batch, &options), 0);
    uint32_t named = 0;
    for (uint32_t e = 0; e < trial.scene.batch.edge_count; e++) {
      named += scores[e] > 0;
      if (options.most_nodes == 1) ck_assert(scores[e] == 0 || scores[e] == 1);
    }
    ck_assert_uint_ge(named, 1);
    for (size_t w = 0; w < trial.scene.rg->walk_count; w++) {
      ck_assert_uint_le(trial.scene.rg->walks[w].growth.count, options.most_nodes);
    }
  }
  close_trial(&trial);
}
END_TEST

START_TEST(threads_do_not_matter_and_seeds_do) {
  struct explain_lesson lesson;
  struct gnn_rg one, three, other;
  struct rg_options options = usual;
  explain_lesson_draw(&lesson, HIDDEN, 2, 1);
  options.locator_steps = 10;
  options.imitation_epochs = options.epochs = 2;
  train(&one, &lesson, LESSON_SAMPLES, &options);
  options.jobs = 3;
  train(&three, &lesson, LESSON_SAMPLES, &options);
  options.seed++;
  train(&other, &lesson, LESSON_SAMPLES, &options);
  size_t bytes = one.parameter_count * sizeof(float);
  ck_assert_mem_eq(one.parameters, three.parameters, bytes);
  ck_assert_mem_ne(one.parameters, other.parameters, bytes);
  gnn_rg_free(&one);
  gnn_rg_free(&three);
  gnn_rg_free(&other);
  explain_lesson_close(&lesson);
}
END_TEST

/* ---- files ---- */

START_TEST(files_bring_back_what_was_saved) {
  struct trial trial;
  struct gnn_rg again;
  struct gnn_model wider;
  struct error err = ERROR_INIT;
  const struct weights_origin origin = {.method = "brr", .seed = 3, .data_hash = 4, .training = "epochs=1"};
  char path[64];
  snprintf(path, sizeof path, "/tmp/spillway-test-rg-%ld.safetensors", (long)getpid());
  open_trial(&trial, 1);
  ck_assert_msg(gnn_rg_save(&trial.rg, &origin, path, &err) == 0, "%s", err.message);
  ck_assert_msg(gnn_rg_load(&again, &trial.lesson.model, path, "brr", &err) == 0, "%s", err.message);
  ck_assert_uint_eq(again.embedding, HIDDEN);
  ck_assert_uint_eq(again.parameter_count, trial.rg.parameter_count);
  ck_assert_mem_eq(again.parameters, trial.rg.parameters, again.parameter_count * sizeof(float));
  gnn_rg_free(&again);
  ck_assert_int_eq(gnn_rg_load(&again, &trial.lesson.model, path, "lbdf", &err), -1);
  struct gnn_shape shape = trial.lesson.model.shape;
  shape.hidden++;
  ck_assert_int_eq(gnn_model_create(&wider, shape, &err), 0);
  ck_assert_int_eq(gnn_rg_load(&again, &wider, path, "brr", &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_msg(strstr(err.message, "locator.0.weight") != NULL, "%s", err.message);
  ck_assert_ptr_null(again.parameters);
  unlink(path);
  gnn_model_free(&wider);
  close_trial(&trial);
}
END_TEST

Suite *rg_suite(void) {
  Suite *suite = suite_create("rg");
  TCase *test_case = tcase_create("rg");
  tcase_set_timeout(test_case, 60);
  tcase_add_test(test_case, a_set_grows_along_a_path);
  tcase_add_test(test_case, rewards_by_hand);
  tcase_add_loop_test(test_case, decisions_and_their_slopes, 0, 4);
  tcase_add_loop_test(test_case, locations_and_their_slopes, 0, 4);
  tcase_add_test(test_case, subgraphs_have_the_heavy_op);
  tcase_add_test(test_case, reinforcement_alone_learns_to_stop);
  tcase_add_loop_test(test_case, node_limits_hold, 0, 3);
  tcase_add_test(test_case, threads_do_not_matter_and_seeds_do);
  tcase_add_test(test_case, files_bring_back_what_was_saved);
  suite_add_tcase(suite, test_case);
  return suite;
}
