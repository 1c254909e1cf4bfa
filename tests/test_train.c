/* gnn/train: learns, whatever the number of threads the same, and goes on where it was killed. */
#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gnn/safetensors.h"
#include "gnn/train.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "util/file.h"

enum { GROUPS = 60, SIZES = 3, SAMPLES = GROUPS * SIZES };

static struct gnn_shape shape_of(uint32_t hidden, uint32_t layers) {
  return (struct gnn_shape){(uint32_t)gnn_feature_count(), hidden, layers};
}

/* Groups of a network in buffers of three sizes, which fit where the buffer is not the smallest: a line parts them. */
struct lesson {
  struct sim_fixture fixture;
  struct gnn_network *network;
  uint64_t groups[GROUPS][GRAPH_MAX_SET_WORDS];
  struct gnn_sample samples[SAMPLES];
  char checkpoint[64];
};

static void open_lesson(struct lesson *lesson) {
  struct error err = ERROR_INIT;
  struct hw hw = support_hw(1 << 20);
  struct rng rng = rng_stream(5, 0, 0);
  sim_fixture_open(&lesson->fixture, support_network("mobilenet_v3_small"), &hw);
  ck_assert_int_eq(gnn_network_create(&lesson->network, &lesson->fixture.model, &err), 0);
  for (uint32_t g = 0; g < GROUPS; g++) {
    /* A large one beside the small ones. */
    group_at_random(lesson->fixture.graph, &rng, g == 7 ? 100 : 1 + rng_below(&rng, 12), lesson->groups[g]);
    for (uint32_t s = 0; s < SIZES; s++) {
      lesson->samples[g * SIZES + s] =
          (struct gnn_sample){lesson->network, lesson->groups[g], UINT64_C(65536) << 2 * s, s > 0};
    }
  }
  snprintf(lesson->checkpoint, sizeof lesson->checkpoint, "/tmp/spillway-test-%ld.safetensors", (long)getpid());
  unlink(lesson->checkpoint);
}

static void close_lesson(struct lesson *lesson) {
  unlink(lesson->checkpoint);
  gnn_network_free(lesson->network);
  sim_fixture_close(&lesson->fixture);
}

static const struct train_options usual = {
    .epochs = 4, .batch_graphs = 50, .rate = 0.003, .final_rate = 0.0003, .clip = 1, .seed = 9, .jobs = 1,
    .identity = "lesson"};

static void train(struct gnn_model *model, const struct lesson *lesson, const struct train_options *options) {
  struct error err = ERROR_INIT;
  int status = gnn_train(model, shape_of(12, 2), lesson->samples, SAMPLES, options, &err);
  ck_assert_msg(status == 0, "%s", err.message);
}

static void same_models(const struct gnn_model *a, const struct gnn_model *b, bool same) {
  ck_assert_uint_eq(a->parameter_count, b->parameter_count);
  ck_assert_int_eq(memcmp(a->parameters, b->parameters, a->parameter_count * sizeof(float)) == 0, same);
}

struct watched {
  uint64_t epochs;
  double first_loss, last_loss;
};

static void watch(void *context, uint64_t epoch, double loss, const struct gnn_model *model) {
  struct watched *watched = context;
  (void)model;
  watched->epochs++;
  ck_assert_uint_eq(epoch, watched->epochs);
  if (epoch == 1) watched->first_loss = loss;
  watched->last_loss = loss;
}

START_TEST(what_a_line_parts_is_learned) {
  struct lesson lesson;
  struct gnn_model model;
  struct watched watched = {0};
  struct train_options options = usual;
  struct error err = ERROR_INIT;
  bool predictions[SAMPLES], again[SAMPLES];
  open_lesson(&lesson);
  options.epochs = 100;
  options.rate = 0.01;
  options.on_epoch = watch;
  options.on_epoch_context = &watched;
  train(&model, &lesson, &options);
  ck_assert_uint_eq(watched.epochs, 100);
  ck_assert_double_lt(watched.last_loss, watched.first_loss / 10);
  ck_assert_int_eq(gnn_predict(predictions, &model, lesson.samples, SAMPLES, 1, &err), 0);
  struct gnn_score score = gnn_score(lesson.samples, predictions, SAMPLES);
  ck_assert_double_eq(gnn_score_accuracy(&score), 1);
  ck_assert_uint_eq(score.true_positives, 2 * GROUPS);
  ck_assert_uint_eq(score.true_negatives, GROUPS);
  ck_assert_int_eq(gnn_predict(again, &model, lesson.samples, SAMPLES, 3, &err), 0);
  ck_assert_mem_eq(again, predictions, sizeof again);
  gnn_model_free(&model);
  close_lesson(&lesson);
}
END_TEST

/* The parameters after each epoch. */
struct path {
  size_t parameters;
  float *points[3];
};

static void keep_point(void *context, uint64_t epoch, double loss, const struct gnn_model *model) {
  struct path *path = context;
  (void)loss;
  path->parameters = model->parameter_count;
  path->points[epoch - 1] = malloc(model->parameter_count * sizeof(float));
  memcpy(path->points[epoch - 1], model->parameters, model->parameter_count * sizeof(float));
}

/* How far the second of three steps goes, and frees the path. */
static double second_step(struct path *path) {
  double squares = 0;
  for (size_t i = 0; i < path->parameters; i++) {
    squares += pow((double)path->points[1][i] - (double)path->points[0][i], 2);
  }
  for (unsigned p = 0; p < 3; p++) free(path->points[p]);
  return sqrt(squares);
}

/* One step an epoch: the second, after a third of the way, is (1 + cos 60 degrees) / 2 = 3/4 as long if the rate falls
 * to 0 as if it stays. Up to there both are the same. */
START_TEST(the_rate_follows_a_cosine) {
  struct lesson lesson;
  struct gnn_model model;
  struct path falls = {0}, stays = {0};
  struct train_options options = usual;
  open_lesson(&lesson);
  options.epochs = 3;
  options.batch_graphs = SAMPLES;
  options.on_epoch = keep_point;
  options.on_epoch_context = &stays;
  options.final_rate = options.rate;
  train(&model, &lesson, &options);
  gnn_model_free(&model);
  options.on_epoch_context = &falls;
  options.final_rate = 0;
  train(&model, &lesson, &options);
  gnn_model_free(&model);
  double length = second_step(&stays);
  ck_assert_double_gt(length, 0);
  ck_assert_double_eq_tol(second_step(&falls) / length, 0.75, 1e-3);
  close_lesson(&lesson);
}
END_TEST

START_TEST(threads_do_not_show) {
  struct lesson lesson;
  struct gnn_model one, three, other;
  struct train_options options = usual;
  open_lesson(&lesson);
  train(&one, &lesson, &options);
  options.jobs = 3;
  train(&three, &lesson, &options);
  same_models(&one, &three, true);
  options.seed++;
  train(&other, &lesson, &options);
  same_models(&one, &other, false);
  gnn_model_free(&one);
  gnn_model_free(&three);
  gnn_model_free(&other);
  close_lesson(&lesson);
}
END_TEST

/* All 24 orders of 4 items, 1000 of each on average with a deviation of 31; the bounds are 5. */
START_TEST(all_orders_have_the_same_chance) {
  struct rng rng = rng_stream(2, 0, 0);
  unsigned counts[256] = {0}, orders = 0;
  for (unsigned i = 0; i < 24000; i++) {
    uint32_t items[] = {0, 1, 2, 3};
    rng_shuffle(&rng, items, 4);
    counts[items[0] | items[1] << 2 | items[2] << 4 | items[3] << 6]++;
  }
  for (unsigned order = 0; order < 256; order++) {
    if (counts[order] == 0) continue;
    ck_assert(counts[order] > 845 && counts[order] < 1155);
    orders++;
  }
  ck_assert_uint_eq(orders, 24);
}
END_TEST

static void die_after_two(void *context, uint64_t epoch, double loss, const struct gnn_model *model) {
  (void)context, (void)loss, (void)model;
  if (epoch == 3) raise(SIGKILL);
}

/* Which epochs were run: a training that began anew would end the same. */
struct noted {
  uint64_t first, count;
};

static void note(void *context, uint64_t epoch, double loss, const struct gnn_model *model) {
  struct noted *noted = context;
  (void)loss, (void)model;
  if (noted->count++ == 0) noted->first = epoch;
}

/* Killed within the third epoch, after two checkpoints, and resumed; then resumed once more, when all is done. */
START_TEST(a_killed_training_ends_as_one_that_ran_through) {
  struct lesson lesson;
  struct gnn_model through, resumed, done;
  struct train_options options = usual;
  struct noted noted = {0};
  int status;
  open_lesson(&lesson);
  train(&through, &lesson, &options);
  options.checkpoint = lesson.checkpoint;
  pid_t child = fork();
  if (child == 0) {
    options.on_epoch = die_after_two;
    train(&resumed, &lesson, &options);
    _exit(0);
  }
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  options.on_epoch = note;
  options.on_epoch_context = &noted;
  train(&resumed, &lesson, &options);
  same_models(&through, &resumed, true);
  ck_assert(noted.first == 3 && noted.count == 2);
  train(&done, &lesson, &options);
  same_models(&through, &done, true);
  ck_assert_uint_eq(noted.count, 2);
  gnn_model_free(&through);
  gnn_model_free(&resumed);
  gnn_model_free(&done);
  close_lesson(&lesson);
}
END_TEST

static void stop_after_one(void *context, uint64_t epoch, double loss, const struct gnn_model *model) {
  (void)loss, (void)model;
  atomic_store((atomic_bool *)context, epoch == 1);
}

START_TEST(a_stopped_training_can_be_resumed) {
  struct lesson lesson;
  struct gnn_model through, model;
  struct train_options options = usual;
  struct error err = ERROR_INIT;
  atomic_bool stop = false;
  open_lesson(&lesson);
  train(&through, &lesson, &options);
  options.checkpoint = lesson.checkpoint;
  options.on_epoch = stop_after_one;
  options.on_epoch_context = &stop;
  options.stop = &stop;
  ck_assert_int_eq(gnn_train(&model, shape_of(12, 2), lesson.samples, SAMPLES, &options, &err), 1);
  ck_assert_ptr_null(model.parameters);
  atomic_store(&stop, false);
  train(&model, &lesson, &options);
  same_models(&through, &model, true);
  gnn_model_free(&through);
  gnn_model_free(&model);
  close_lesson(&lesson);
}
END_TEST

static void refuse(const struct lesson *lesson, struct gnn_shape shape, const struct train_options *options,
                   size_t count, enum error_kind kind, const char *message) {
  struct gnn_model model;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(gnn_train(&model, shape, lesson->samples, count, options, &err), -1);
  ck_assert_int_eq(err.kind, kind);
  ck_assert_msg(strstr(err.message, message) != NULL, "'%s' lacks '%s'", err.message, message);
}

START_TEST(what_cannot_be_trained_is_told) {
  struct lesson lesson;
  struct gnn_model model;
  struct train_options options = usual;
  struct error err = ERROR_INIT;
  open_lesson(&lesson);
  options.checkpoint = lesson.checkpoint;
  train(&model, &lesson, &options);
  gnn_model_free(&model);
  refuse(&lesson, shape_of(13, 2), &options, SAMPLES, ERROR_INPUT, "there is no tensor 'parameters' of");
  options.identity = "another";
  refuse(&lesson, shape_of(12, 2), &options, SAMPLES, ERROR_INPUT,
         "a checkpoint of another training, 'lesson'; this one is 'another'");
  options.identity = usual.identity;
  options.epochs = 3;
  refuse(&lesson, shape_of(12, 2), &options, SAMPLES, ERROR_INPUT, "epoch is '4'; expected a number up to 3");
  const struct safetensors nothing = {NULL, 0, NULL, 0, ARENA_INIT};
  ck_assert_int_eq(safetensors_write(&nothing, lesson.checkpoint, &err), 0);
  refuse(&lesson, shape_of(12, 2), &options, SAMPLES, ERROR_INPUT, "no checkpoint of a training");
  options.checkpoint = "/nonexistent/checkpoint";
  refuse(&lesson, shape_of(12, 2), &options, SAMPLES, ERROR_OUTPUT, "/nonexistent/checkpoint");
  refuse(&lesson, shape_of(12, 2), &usual, 0, ERROR_INPUT, "no groups to learn from");
  refuse(&lesson, shape_of(4096, 64), &usual, SAMPLES, ERROR_USAGE, "take fewer layers, or narrower ones");
  options = usual;
  options.rate = options.final_rate = 1e30;
  refuse(&lesson, shape_of(12, 2), &options, SAMPLES, ERROR_INPUT, "the training diverged: the loss of epoch");
  close_lesson(&lesson);
}
END_TEST

/* 3 true and 1 false positives, 4 true and 2 false negatives: accuracy 7/10, F1 6/9, F1 of overflow 8/11. */
START_TEST(scores_are_those_worked_out) {
  const bool fits[10] = {1, 1, 1, 0, 0, 0, 0, 0, 1, 1}, held[10] = {1, 1, 1, 1, 0, 0, 0, 0, 0, 0};
  struct gnn_sample samples[10] = {{0}};
  for (int i = 0; i < 10; i++) samples[i].fits = fits[i];
  struct gnn_score score = gnn_score(samples, held, 10), none = {0};
  ck_assert_double_eq_tol(gnn_score_accuracy(&score), 0.7, 1e-12);
  ck_assert_double_eq_tol(gnn_score_f1(&score), 6.0 / 9, 1e-12);
  ck_assert_double_eq_tol(gnn_score_f1_overflow(&score), 8.0 / 11, 1e-12);
  ck_assert_double_eq(gnn_score_accuracy(&none) + gnn_score_f1(&none) + gnn_score_f1_overflow(&none), 0);
}
END_TEST

Suite *train_suite(void) {
  Suite *suite = suite_create("train");
  TCase *tcase = tcase_create("train");
  tcase_set_timeout(tcase, 60);
  tcase_add_test(tcase, what_a_line_parts_is_learned);
  tcase_add_test(tcase, the_rate_follows_a_cosine);
  tcase_add_test(tcase, threads_do_not_show);
  tcase_add_test(tcase, a_killed_training_ends_as_one_that_ran_through);
  tcase_add_test(tcase, a_stopped_training_can_be_resumed);
  tcase_add_test(tcase, what_cannot_be_trained_is_told);
  tcase_add_test(tcase, scores_are_those_worked_out);
  tcase_add_test(tcase, all_orders_have_the_same_chance);
  suite_add_tcase(suite, tcase);
  return suite;
}
