/* gnn/pg: its slopes against differences of the loss, what it learns where the answer is known, its files. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explain_lesson.h"
#include "gnn/descent.h"
#include "gnn/pg_learn.h"
#include "gnn/rg.h"
#include "suites.h"

enum { MAX_EDGES = 16, MAX_HIDDEN = 8 };

static const struct pg_options usual = {.epochs = 30, .batch_graphs = 16, .rate = 0.01, .size = 0.05, .entropy = 0.1,
                                        .first_temperature = 5, .last_temperature = 2, .logit_scale = 1, .seed = 3,
                                        .jobs = 1};

static void train(struct gnn_pg *pg, const struct explain_lesson *lesson, size_t count,
                  const struct pg_options *options) {
  struct error err = ERROR_INIT;
  ck_assert_msg(gnn_pg_train(pg, &lesson->model, lesson->samples, count, options, &err) == 0, "%s", err.message);
}

/* A batch of one sample. */
static void add_sample(struct gnn_batch *batch, const struct explain_lesson *lesson, uint32_t sample) {
  ck_assert_int_eq(descent_gather(batch, lesson->samples, &sample, 1), 0);
}

static void scores_of(float *scores, const struct gnn_pg *pg, struct gnn_pass *pass, struct gnn_batch *batch,
                      const struct explain_lesson *lesson, uint32_t sample) {
  add_sample(batch, lesson, sample);
  ck_assert_uint_le(batch->edge_count, MAX_EDGES);
  ck_assert_int_eq(gnn_pg_omegas(scores, pg, pass, batch), 0);
}

/* ---- slopes ---- */

/* sigmoid and omega in double, with plain loops over parameters laid out as mlp.0.weight, mlp.0.bias, mlp.1.weight,
 * mlp.1.bias behind the scale. */
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static double omega_of(const double *parameters, uint32_t width, const double *from, const double *to) {
  const double *first = parameters + 1, *bias = first + 2 * width * PG_HIDDEN, *second = bias + PG_HIDDEN;
  double omega = second[PG_HIDDEN];
  for (uint32_t h = 0; h < PG_HIDDEN; h++) {
    double sum = bias[h];
    for (uint32_t k = 0; k < width; k++) {
      sum += parameters[0] * (first[h * 2 * width + k] * from[k] + first[h * 2 * width + width + k] * to[k]);
    }
    omega += second[h] * fmax(sum, 0);
  }
  return omega;
}

static double entropy_of(double p) { return -p * log(p) - (1 - p) * log(1 - p); }

/* The loss of a sample as pg_learn.h has it; the classifier under the mask runs in single precision. */
static double loss_of(const struct explain_lesson *lesson, struct gnn_pass *pass, const double *parameters,
                      uint64_t epoch, uint32_t sample, const struct pg_options *options) {
  struct gnn_batch batch = {0};
  struct rng rng = descent_rng(options->seed, 0, epoch, sample);
  uint32_t width = lesson->model.shape.hidden;
  double cooled = (double)epoch / (double)(options->epochs - 1);
  double heat = options->first_temperature * pow(options->last_temperature / options->first_temperature, cooled);
  float mask[MAX_EDGES];
  double sum = 0, entropy = 0;
  add_sample(&batch, lesson, sample);
  ck_assert_int_eq(gnn_forward(pass, &batch, NULL), 0);
  double verdict = gnn_logits(pass)[0] > 0 ? 1 : -1;
  for (uint32_t e = 0; e < batch.edge_count; e++) {
    double from[MAX_HIDDEN], to[MAX_HIDDEN], u = PG_MARGIN + (1 - 2 * PG_MARGIN) * rng_unit(&rng);
    for (uint32_t k = 0; k < width; k++) {
      from[k] = (double)gnn_node_embeddings(pass)[batch.from[e] * width + k];
      to[k] = (double)gnn_node_embeddings(pass)[batch.to[e] * width + k];
    }
    double m = sigmoid((log(u / (1 - u)) + omega_of(parameters, width, from, to)) / heat);
    mask[e] = (float)m;
    sum += m;
    entropy += entropy_of((1 - PG_MARGIN) * m + PG_MARGIN / 2) / batch.edge_count;
  }
  ck_assert_int_eq(gnn_forward(pass, &batch, mask), 0);
  double loss = log1p(exp(-verdict * (double)gnn_logits(pass)[0] / options->logit_scale));
  gnn_batch_free(&batch);
  return loss + options->size * sum + options->entropy * entropy;
}

/* Along random directions; some samples at once, in the first and last epoch. */
START_TEST(slopes_are_those_of_the_loss) {
  struct explain_lesson lesson;
  struct gnn_pg pg;
  struct pg_learner learner;
  struct error err = ERROR_INIT;
  struct pg_options options = usual;
  static const uint32_t chosen[] = {0, 9, 33};
  explain_lesson_draw(&lesson, MAX_HIDDEN, 2, (uint64_t)_i);
  options.entropy = 1;
  options.epochs = 2;
  train(&pg, &lesson, LESSON_SAMPLES, &options);
  ck_assert_int_eq(pg_learner_create(&learner, &lesson.model, 3, &err), 0);
  size_t count = pg.parameter_count;
  float *slopes = calloc(count, sizeof *slopes);
  double *ahead = calloc(count, sizeof *ahead), *behind = calloc(count, sizeof *behind);
  uint64_t epoch = (uint64_t)_i % 2;
  ck_assert_int_eq(pg_learn(&learner, slopes, &pg, &options, epoch, lesson.samples, chosen, 3), 0);
  struct rng rng = rng_stream(17, (uint64_t)_i, 0);
  for (unsigned direction = 0; direction < 4; direction++) {
    double slope = 0, difference = 0, step = 1e-2;
    for (size_t i = 0; i < count; i++) {
      /* The scale is not learned. */
      double along = i == 0 ? 0 : (2 * rng_unit(&rng) - 1) / 10;
      slope += along * (double)slopes[i];
      ahead[i] = (double)pg.parameters[i] + step * along;
      behind[i] = (double)pg.parameters[i] - step * along;
    }
    for (size_t i = 0; i < 3; i++) {
      difference += loss_of(&lesson, learner.pass, ahead, epoch, chosen[i], &options) / (2 * step);
      difference -= loss_of(&lesson, learner.pass, behind, epoch, chosen[i], &options) / (2 * step);
    }
    ck_assert_double_eq_tol(slope, difference, 2e-3 + 0.01 * fabs(difference));
  }
  ck_assert(slopes[0] == 0);
  free(slopes);
  free(ahead);
  free(behind);
  pg_learner_free(&learner);
  gnn_pg_free(&pg);
  explain_lesson_close(&lesson);
}
END_TEST

/* ---- learning ---- */

/* The verdict hangs on messages from the heavy op: edges at it are to score above all others, in groups that
 * were not learned from too. */
START_TEST(edges_of_the_heavy_op_score_highest) {
  struct explain_lesson lesson;
  struct gnn_pg pg;
  struct gnn_pass *pass;
  struct gnn_batch batch = {0};
  struct error err = ERROR_INIT;
  explain_lesson_open(&lesson, 6, 0);
  train(&pg, &lesson, LESSON_SAMPLES / 2, &usual);
  ck_assert_int_eq(gnn_pass_create(&pass, &lesson.model, &err), 0);
  for (uint32_t s = 0; s < LESSON_SAMPLES; s++) {
    float scores[MAX_EDGES], least = INFINITY, most = -INFINITY;
    uint32_t heavy = explain_lesson_heavy(s);
    scores_of(scores, &pg, pass, &batch, &lesson, s);
    for (uint32_t e = 0; e < batch.edge_count; e++) {
      ck_assert(isfinite(scores[e]));
      if (batch.from[e] == heavy || batch.to[e] == heavy) least = fminf(least, scores[e]);
      else most = fmaxf(most, scores[e]);
    }
    ck_assert_msg(least > most, "sample %u: an edge of the heavy op scores %g, another %g", s, (double)least,
                  (double)most);
  }
  gnn_batch_free(&batch);
  gnn_pass_free(pass);
  gnn_pg_free(&pg);
  explain_lesson_close(&lesson);
}
END_TEST

START_TEST(threads_do_not_matter_and_seeds_do) {
  struct explain_lesson lesson;
  struct gnn_pg one, three, other;
  struct pg_options options = usual;
  explain_lesson_draw(&lesson, 5, 2, 1);
  options.epochs = 3;
  train(&one, &lesson, LESSON_SAMPLES, &options);
  options.jobs = 3;
  train(&three, &lesson, LESSON_SAMPLES, &options);
  options.seed++;
  train(&other, &lesson, LESSON_SAMPLES, &options);
  size_t bytes = one.parameter_count * sizeof(float);
  ck_assert_mem_eq(one.parameters, three.parameters, bytes);
  ck_assert_mem_ne(one.parameters, other.parameters, bytes);
  gnn_pg_free(&one);
  gnn_pg_free(&three);
  gnn_pg_free(&other);
  explain_lesson_close(&lesson);
}
END_TEST

/* ---- files ---- */

static void refuse(const struct gnn_model *model, const char *path, const char *method, const char *words) {
  struct error err = ERROR_INIT;
  struct gnn_pg pg;
  ck_assert_int_eq(gnn_pg_load(&pg, model, path, method, &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_msg(strstr(err.message, words) != NULL, "'%s' lacks '%s'", err.message, words);
  ck_assert_ptr_null(pg.parameters);
}

START_TEST(files_bring_back_what_was_saved) {
  struct explain_lesson lesson;
  struct gnn_pg pg, again;
  struct gnn_rg rg;
  struct error err = ERROR_INIT;
  struct pg_options options = usual;
  const struct weights_origin origin = {.method = "lbdf", .seed = 3, .data_hash = 4, .training = "epochs=1"};
  char path[64];
  snprintf(path, sizeof path, "/tmp/spillway-test-pg-%ld.safetensors", (long)getpid());
  explain_lesson_draw(&lesson, 5, 1, 1);
  options.epochs = 1;
  train(&pg, &lesson, 8, &options);
  ck_assert_msg(gnn_pg_save(&pg, &origin, path, &err) == 0, "%s", err.message);
  ck_assert_msg(gnn_pg_load(&again, &lesson.model, path, "lbdf", &err) == 0, "%s", err.message);
  ck_assert_uint_eq(again.embedding, 5);
  ck_assert_uint_eq(again.parameter_count, pg.parameter_count);
  ck_assert_mem_eq(again.parameters, pg.parameters, pg.parameter_count * sizeof(float));
  /* Of another method, another explainer, another width; and a value that is no number is not saved. */
  refuse(&lesson.model, path, "brr", "brr");
  ck_assert_int_eq(gnn_rg_load(&rg, &lesson.model, path, "lbdf", &err), -1);
  struct gnn_model wider;
  struct gnn_shape shape = {lesson.model.shape.features, 6, 1};
  ck_assert_int_eq(gnn_model_create(&wider, shape, &err), 0);
  refuse(&wider, path, "lbdf", "mlp.0.weight");
  pg.parameters[7] = NAN;
  ck_assert_int_eq(gnn_pg_save(&pg, &origin, path, &err), -1);
  ck_assert_ptr_nonnull(strstr(err.message, "is no finite number"));
  unlink(path);
  gnn_model_free(&wider);
  gnn_pg_free(&again);
  gnn_pg_free(&pg);
  explain_lesson_close(&lesson);
}
END_TEST

Suite *pg_suite(void) {
  Suite *suite = suite_create("pg");
  TCase *test_case = tcase_create("pg");
  tcase_set_timeout(test_case, 60);
  tcase_add_loop_test(test_case, slopes_are_those_of_the_loss, 0, 4);
  tcase_add_test(test_case, edges_of_the_heavy_op_score_highest);
  tcase_add_test(test_case, threads_do_not_matter_and_seeds_do);
  tcase_add_test(test_case, files_bring_back_what_was_saved);
  suite_add_tcase(suite, test_case);
  return suite;
}
