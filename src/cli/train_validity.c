/* spillway train-validity: data for the validity classifier, its training, and how well it does. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/document.h"
#include "cli/interrupt.h"
#include "cli/memory.h"
#include "cli/run.h"
#include "cli/train_validity.h"
#include "cli/training_log.h"
#include "cli/validity_data.h"
#include "cli/validity_score.h"
#include "cli/verb.h"
#include "gnn/weights.h"

/* A training, or the evaluation of stored weights. */
struct course {
  const struct train_validity_settings *settings;
  const char *path; /* of the data */
  struct validity_data data;
  uint32_t method, apart; /* a network of the data, or VALIDITY_NO_NETWORK */
  struct validity_samples training, validation, test;
  struct gnn_model model;
  char *checkpoint;
  struct training_log log;
  atomic_bool stop;
  atomic_int signal; /* that stopped it; 0: none did */
  struct error error; /* of the log, which stopped it */
};

/* ---- what is to be done ---- */

/* Each would replace the other; a checkpoint is removed in the end. */
static int check_files(const struct train_validity_settings *settings, const char *data, struct error *err) {
  const struct {
    const char *name, *path;
  } files[] = {{"DATA", data},
               {"--output", settings->output},
               {"--checkpoint", settings->checkpoint},
               {"--log", settings->log}};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    for (size_t j = 0; j < i; j++) {
      if (files[i].path == NULL || files[j].path == NULL || strcmp(files[i].path, files[j].path) != 0) continue;
      return error_set(err, ERROR_USAGE, "%s and %s are both '%.80s'; give each a file of its own", files[j].name,
                       files[i].name, files[i].path);
    }
  }
  return 0;
}

static int check_settings(const struct train_validity_settings *settings, const struct arguments *arguments,
                          struct error *err) {
  if (settings->make_data != NULL) {
    if (settings->output == NULL && settings->evaluate == NULL) return 0;
    return error_set(err, ERROR_USAGE, "--make-data makes data and trains nothing; give --output and --evaluate "
                     "afterwards, with the data");
  }
  if (arguments->count != 1) {
    return error_set(err, ERROR_USAGE, "train-validity takes one file of data; '--make-data FILE' makes it");
  }
  if ((settings->output == NULL) == (settings->evaluate == NULL)) {
    return error_set(err, ERROR_USAGE, "give --output FILE to train, or --evaluate FILE to see what weights are worth");
  }
  return check_files(settings, arguments->values[0], err);
}

static int open_course(struct course *course, struct error *err) {
  const struct train_validity_settings *settings = course->settings;
  course->apart = VALIDITY_NO_NETWORK;
  if (validity_data_method(settings->method, &course->method, err) != 0) return -1;
  if (validity_data_open(&course->data, course->path, err) != 0) return -1;
  if (settings->leave_out != NULL &&
      validity_data_find(&course->data, settings->leave_out, &course->apart, err) != 0) {
    return -1;
  }
  const struct validity_data *data = &course->data;
  validity_samples_create(&course->training, data, course->method, DATASET_TRAINING, course->apart);
  validity_samples_create(&course->validation, data, course->method, DATASET_VALIDATION, course->apart);
  validity_samples_create(&course->test, data, course->method, DATASET_TEST, course->apart);
  return 0;
}

static void close_course(struct course *course) {
  gnn_model_free(&course->model);
  validity_samples_free(&course->training);
  validity_samples_free(&course->validation);
  validity_samples_free(&course->test);
  validity_data_close(&course->data);
  training_log_close(&course->log);
  free(course->checkpoint);
}

/* ---- training ---- */

static void end_epoch(void *context, uint64_t epoch, double loss, const struct gnn_model *model) {
  struct course *course = context;
  const struct validity_samples *validation = &course->validation;
  struct training_epoch row = {.epoch = epoch, .epochs = course->settings->epochs, .loss = loss};
  bool *predictions = cli_alloc(validation->count, sizeof *predictions);
  int status = gnn_predict(predictions, model, validation->samples, validation->count,
                           run_jobs(course->settings->jobs), &course->error);
  if (status == 0) {
    struct gnn_score score = gnn_score(validation->samples, predictions, validation->count);
    row.accuracy = gnn_score_accuracy(&score);
    row.f1 = gnn_score_f1(&score);
    status = training_log_add(&course->log, &row, &course->error);
  }
  free(predictions);
  if (status != 0) atomic_store(&course->stop, true);
}

static void take_signal(void *context, int number) {
  struct course *course = context;
  atomic_store(&course->signal, number);
  atomic_store(&course->stop, true);
}

/* All that the weights depend on but the data, the method and the seed, with all digits that somebody may give; freed
 * by the caller. */
static char *training_text(const struct train_validity_settings *settings) {
  return cli_format("epochs=%llu batch=%llu hidden=%llu layers=%llu rate=%.15g final-rate=%.15g clip=%.15g%s%s",
                    (unsigned long long)settings->epochs, (unsigned long long)settings->batch,
                    (unsigned long long)settings->hidden, (unsigned long long)settings->layers, settings->rate,
                    settings->final_rate, settings->clip, settings->leave_out == NULL ? "" : " leave-out=",
                    settings->leave_out == NULL ? "" : settings->leave_out);
}

/* Ends the process as the signal would have, now that the last checkpoint is whole. */
static _Noreturn void give_up(struct course *course) {
  int number = atomic_load(&course->signal);
  if (access(course->checkpoint, F_OK) == 0) {
    fprintf(stderr, "spillway: interrupted; the epochs that were done are kept in %s; the same command goes on from "
            "there\n", course->checkpoint);
  } else {
    fprintf(stderr, "spillway: interrupted before the first epoch was done; nothing is kept\n");
  }
  close_course(course);
  _exit(128 + number);
}

static int train_watched(struct course *course, const struct train_options *options, struct error *err) {
  const struct train_validity_settings *settings = course->settings;
  const struct gnn_shape shape = {(uint32_t)gnn_feature_count(), (uint32_t)settings->hidden,
                                  (uint32_t)settings->layers};
  struct interrupt *interrupt;
  int status = interrupt_start(&interrupt, take_signal, course, err);
  if (status == 0) {
    status = gnn_train(&course->model, shape, course->training.samples, course->training.count, options, err);
    interrupt_end(interrupt);
  }
  progress_end(options->progress);
  if (status <= 0) return status;
  if (atomic_load(&course->signal) != 0) give_up(course);
  *err = course->error;
  return -1;
}

static int save(const struct course *course, const char *training, struct error *err) {
  const struct weights_origin origin = {.method = course->settings->method,
                                        .seed = course->settings->seed,
                                        .data_hash = dataset_hash(&course->data.dataset),
                                        .training = training};
  if (gnn_model_save(&course->model, &origin, course->settings->output, err) != 0) return -1;
  unlink(course->checkpoint);
  return 0;
}

static int train(struct course *course, struct error *err) {
  const struct train_validity_settings *settings = course->settings;
  if (course->training.count == 0) {
    return error_input(err, course->path, 0, "no group is there to learn from; draw more groups, and of more networks "
                       "than are left out");
  }
  char *training = training_text(settings);
  char *identity = cli_format("method=%s data=%016llx seed=%llu %s", settings->method,
                              (unsigned long long)dataset_hash(&course->data.dataset),
                              (unsigned long long)settings->seed, training);
  const char *kept = settings->checkpoint;
  course->checkpoint = kept != NULL ? cli_strdup(kept) : cli_format("%s.checkpoint", settings->output);
  struct train_options options = {
      .epochs = settings->epochs,
      .batch_graphs = settings->batch,
      .rate = settings->rate,
      .final_rate = settings->final_rate,
      .clip = settings->clip,
      .seed = settings->seed,
      .jobs = run_jobs(settings->jobs),
      .checkpoint = course->checkpoint,
      .identity = identity,
      .progress = progress_start("training", settings->epochs * course->training.count, settings->progress.quiet),
      .on_epoch = end_epoch,
      .on_epoch_context = course,
      .stop = &course->stop,
  };
  training_log_open(&course->log, settings->log, !settings->progress.quiet && options.progress == NULL);
  int status = train_watched(course, &options, err);
  if (status == 0) status = save(course, training, err);
  if (status == 0 && course->error.kind != ERROR_NONE) { /* in the last epoch: nothing was left to stop */
    *err = course->error;
    status = -1;
  }
  free(identity);
  free(training);
  return status;
}

/* ---- telling ---- */

static const char *weights_path(const struct course *course) {
  return course->settings->output != NULL ? course->settings->output : course->settings->evaluate;
}

static void print_table(const struct course *course, const struct validity_score *score) {
  const struct train_validity_settings *settings = course->settings;
  cli_print("%s: whether groups fit under %s, in percent, on ", weights_path(course), settings->method);
  if (settings->leave_out != NULL) {
    cli_print("all groups of %s in %s\n\n", settings->leave_out, course->path);
  } else {
    cli_print("the test part of %s\n\n", course->path);
  }
  validity_score_print(score);
}

static void print_json(const struct course *course, const struct validity_score *score) {
  json_t *object = json_object();
  char *hash = cli_format("%016llx", (unsigned long long)dataset_hash(&course->data.dataset));
  document_add_text(object, "weights", weights_path(course));
  document_add_text(object, "method", course->settings->method);
  document_add_text(object, "data", course->path);
  document_add_text(object, "data_hash", hash);
  document_add_text(object, "left_out", course->settings->leave_out);
  document_add_count(object, "training_samples", course->training.count);
  document_add_count(object, "validation_samples", course->validation.count);
  document_add_count(object, "test_samples", course->test.count);
  document_add_count(object, "hidden", course->model.shape.hidden);
  document_add_count(object, "layers", course->model.shape.layers);
  document_add(object, "parts", validity_score_document(score));
  document_finish(object);
  free(hash);
}

static int evaluate(const struct course *course, struct error *err) {
  struct validity_score score;
  int status = validity_score_create(&score, &course->data, &course->test, &course->model, course->method,
                                     run_jobs(course->settings->jobs), err);
  if (status == 0) (course->settings->output_options.json ? print_json : print_table)(course, &score);
  validity_score_free(&score);
  return status;
}

/* ---- the verb ---- */

static int run_course(const struct train_validity_settings *settings, const char *path, struct error *err) {
  struct course course = {.settings = settings, .path = path, .error = ERROR_INIT};
  int status = open_course(&course, err);
  if (status == 0 && settings->evaluate != NULL) {
    status = gnn_model_load(&course.model, settings->evaluate, settings->method, err);
  } else if (status == 0) {
    status = train(&course, err);
  }
  if (status == 0) status = evaluate(&course, err);
  close_course(&course);
  return status;
}

static enum verb_result train_validity_run(const void *opaque, const struct arguments *arguments,
                                           struct error *err) {
  const struct train_validity_settings *settings = opaque;
  int status = check_settings(settings, arguments, err);
  if (status == 0 && settings->make_data != NULL) {
    status = train_validity_make(settings, arguments, err);
  } else if (status == 0) {
    status = run_course(settings, arguments->values[0], err);
  }
  return status == 0 ? VERB_DONE : VERB_FAILED;
}

#define SETTING(field) offsetof(struct train_validity_settings, field)

static const struct option_spec own_options[] = {
    {"make-data", 0, OPTION_TEXT, "FILE", NULL, NULL, 0, 0, "draw groups of the networks, label them, and write them",
     SETTING(make_data)},
    {"groups", 'n', OPTION_COUNT, "N", "0", NULL, 0, 1000000,
     "groups to draw from each network, 0 for as many as in the paper", SETTING(groups)},
    {"halves", 0, OPTION_COUNT, "PERCENT", "100", NULL, 0, 1000,
     "parts of cuts of these groups to label too, in percent of the groups", SETTING(halves)},
    {"buffers", 0, OPTION_TEXT, "LIST", "128KiB,256KiB,512KiB,1MiB,2MiB", NULL, 0, 0,
     "sizes of the buffer to label the groups for, with commas between", SETTING(buffers)},
    {"method", 0, OPTION_NAME, "NAME", "lbdf", "methods", 0, 0,
     "execution method, lbdf or brr, whose validity is learned", SETTING(method)},
    {"output", 'o', OPTION_TEXT, "FILE", NULL, NULL, 0, 0, "train, and write the weights there, as safetensors",
     SETTING(output)},
    {"evaluate", 0, OPTION_TEXT, "FILE", NULL, NULL, 0, 0, "do not train, but tell how well these weights do",
     SETTING(evaluate)},
    {"leave-out", 0, OPTION_TEXT, "NET", NULL, "networks", 0, 0,
     "learn nothing of this network of the data, and test on all of it", SETTING(leave_out)},
    {"epochs", 0, OPTION_COUNT, "N", "50", NULL, 1, 100000, "passes over the data", SETTING(epochs)},
    {"batch", 0, OPTION_COUNT, "N", "128", NULL, 1, 65536, "samples between two steps of Adam", SETTING(batch)},
    {"hidden", 0, OPTION_COUNT, "N", "128", NULL, 1, 4096, "width of a layer", SETTING(hidden)},
    {"layers", 0, OPTION_COUNT, "N", "4", NULL, 1, 64, "GraphConv layers", SETTING(layers)},
    {"rate", 0, OPTION_REAL, "RATE", "0.001", NULL, 0, 1, "of Adam at the beginning; it follows a cosine",
     SETTING(rate)},
    {"final-rate", 0, OPTION_REAL, "RATE", "0.00001", NULL, 0, 1, "of Adam at the end", SETTING(final_rate)},
    {"clip", 0, OPTION_REAL, "NORM", "1", NULL, 0, 1000000, "largest norm of a step's slopes", SETTING(clip)},
    {"seed", 's', OPTION_COUNT, "N", "1", NULL, 0, INT64_MAX, "seed of everything that is drawn", SETTING(seed)},
    {"jobs", 'j', OPTION_COUNT, "N", "0", NULL, 0, 1024,
     "threads, 0 for one per processor; only times depend on it", SETTING(jobs)},
    {"checkpoint", 0, OPTION_TEXT, "FILE", NULL, NULL, 0, 0,
     "state after each epoch, from which a training goes on that was stopped; output.checkpoint if left out",
     SETTING(checkpoint)},
    {"log", 0, OPTION_TEXT, "FILE", NULL, NULL, 0, 0,
     "CSV of loss, accuracy and F1 on validation groups, and seconds, by epoch", SETTING(log)},
};
static const struct option_group own_group = OPTION_GROUP(own_options);
static const struct option_use train_validity_options[] = {
    {&own_group, 0}, {&progress_group, SETTING(progress)}, {&output_group, SETTING(output_options)}, {0}};
static const struct verb_argument train_validity_arguments[] = {
    {"DATA|NET", "networks", true, true,
     "data to learn from; with --make-data networks, all that have a name if left out"}, {0}};

const struct verb train_validity_verb = {
    .name = "train-validity",
    .summary = "train the graph neural network that tells whether a group fits the buffer",
    .details = "First 'train-validity --make-data FILE', then 'train-validity FILE --output WEIGHTS'. The weights are\n"
               "those after the last epoch. docs/training.md says what is learned, and how well.",
    .arguments = train_validity_arguments,
    .options = train_validity_options,
    .settings_bytes = sizeof(struct train_validity_settings),
    .run = train_validity_run,
};
