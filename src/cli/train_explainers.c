/* spillway train-explainers: what PGExplainer and RG-Explainer know before they see a group. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/memory.h"
#include "cli/run.h"
#include "cli/runlog.h"
#include "cli/settings.h"
#include "cli/validity_data.h"
#include "cli/verb.h"
#include "gnn/pg.h"
#include "gnn/rg.h"
#include "util/rng.h"

struct train_settings {
  const char *method, *models;
  uint64_t samples, seed, jobs;
  struct pg_options pg;
  struct rg_options rg;
  struct progress_options progress;
};

struct training {
  const struct train_settings *settings;
  struct validity_data data;
  struct validity_samples samples; /* those that overflow and are held to */
  struct gnn_model model;
};

/* A file of the method's weights; the caller frees it. */
static char *weights_path(const struct train_settings *settings, const char *name) {
  return cli_format("%s/%s/%s.safetensors", settings->models, settings->method, name);
}

/* ---- samples ---- */

/* So that the first of them are of all networks and sizes. Origins stay where they are; nobody asks for them. */
static void shuffle(struct validity_samples *samples, uint64_t seed) {
  struct rng rng = rng_stream(seed, 0, 0);
  uint32_t *order = cli_alloc(samples->count, sizeof *order);
  struct gnn_sample *shuffled = cli_alloc(samples->count, sizeof *shuffled);
  for (size_t i = 0; i < samples->count; i++) order[i] = (uint32_t)i;
  rng_shuffle(&rng, order, samples->count);
  for (size_t i = 0; i < samples->count; i++) shuffled[i] = samples->samples[order[i]];
  free(samples->samples);
  free(order);
  samples->samples = shuffled;
}

/* Keeps those that overflow, in their order. */
static void keep_overflowing(struct validity_samples *samples) {
  size_t kept = 0;
  for (size_t i = 0; i < samples->count; i++) {
    if (!samples->samples[i].fits) samples->samples[kept++] = samples->samples[i];
  }
  samples->count = kept;
}

/* Of the first samples keeps those that the classifier holds to overflow too, no more than were asked for. */
static int keep_agreed(struct training *training, struct error *err) {
  struct validity_samples *samples = &training->samples;
  bool *fits = cli_alloc(samples->count, sizeof *fits);
  int status = gnn_predict(fits, &training->model, samples->samples, samples->count,
                           run_jobs(training->settings->jobs), err);
  size_t kept = 0;
  for (size_t i = 0; i < samples->count && kept < training->settings->samples; i++) {
    if (!fits[i]) samples->samples[kept++] = samples->samples[i];
  }
  samples->count = kept;
  free(fits);
  return status;
}

static int choose_samples(struct training *training, const char *path, struct error *err) {
  uint32_t method;
  if (validity_data_method(training->settings->method, &method, err) != 0) return -1;
  validity_samples_create(&training->samples, &training->data, method, DATASET_TRAINING, VALIDITY_NO_NETWORK);
  keep_overflowing(&training->samples);
  shuffle(&training->samples, training->settings->seed);
  if (training->samples.count > 2 * training->settings->samples) {
    training->samples.count = 2 * training->settings->samples; /* of which half are agreed on, if it has learned */
  }
  if (keep_agreed(training, err) != 0) return -1;
  if (training->samples.count > 0) return 0;
  return error_input(err, path, 0, "no group of the training part overflows under %s and is held to by the "
                     "classifier; draw more groups or smaller buffers, or train the classifier longer",
                     training->settings->method);
}

static int check_settings(const struct train_settings *settings, struct error *err) {
  uint32_t method;
  if (validity_data_method(settings->method, &method, err) != 0) return -1;
  if (settings->pg.first_temperature > 0 && settings->pg.last_temperature > 0) return 0;
  return error_set(err, ERROR_USAGE, "--pg-first-temperature and --pg-last-temperature must be above 0");
}

static int prepare(struct training *training, const char *path, struct error *err) {
  const struct train_settings *settings = training->settings;
  if (check_settings(settings, err) != 0) return -1;
  char *weights = weights_path(settings, "validity");
  int status = gnn_model_load(&training->model, weights, settings->method, err);
  free(weights);
  if (status == 0) status = validity_data_open(&training->data, path, err);
  return status == 0 ? choose_samples(training, path, err) : -1;
}

static void training_free(struct training *training) {
  validity_samples_free(&training->samples);
  validity_data_close(&training->data);
  gnn_model_free(&training->model);
}

/* ---- training ---- */

static struct weights_origin origin_of(const struct training *training, const char *words) {
  return (struct weights_origin){.method = training->settings->method, .seed = training->settings->seed,
                                 .data_hash = dataset_hash(&training->data.dataset), .training = words};
}

static int train_pg(const struct training *training, struct error *err) {
  const struct train_settings *settings = training->settings;
  struct pg_options options = settings->pg;
  struct gnn_pg pg;
  size_t count = training->samples.count;
  options.seed = settings->seed;
  options.jobs = run_jobs(settings->jobs);
  options.progress = progress_start("pg", options.epochs * count, settings->progress.quiet);
  int status = gnn_pg_train(&pg, &training->model, training->samples.samples, count, &options, err);
  progress_end(options.progress);
  if (status != 0) return -1;
  char *path = weights_path(settings, "pg");
  char *words = cli_format("samples=%zu epochs=%llu batch=%llu rate=%.15g size=%.15g entropy=%.15g "
                           "temperature=%.15g..%.15g logit_scale=%.15g", count, (unsigned long long)options.epochs,
                           (unsigned long long)options.batch_graphs, options.rate, options.size, options.entropy,
                           options.first_temperature, options.last_temperature, options.logit_scale);
  struct weights_origin origin = origin_of(training, words);
  status = gnn_pg_save(&pg, &origin, path, err);
  free(words);
  free(path);
  gnn_pg_free(&pg);
  return status;
}

static char *rg_words(const struct rg_options *options, size_t count) {
  return cli_format("samples=%zu locator_steps=%llu imitation_epochs=%llu epochs=%llu batch=%llu rollouts=%llu "
                    "locator_rate=%.15g rate=%.15g edge=%.15g radius=%.15g embedding=%.15g", count,
                    (unsigned long long)options->locator_steps, (unsigned long long)options->imitation_epochs,
                    (unsigned long long)options->epochs, (unsigned long long)options->batch_graphs,
                    (unsigned long long)options->rollouts, options->locator_rate, options->rate, options->edge_price,
                    options->radius_price, options->embedding_price);
}

static int train_rg(const struct training *training, struct error *err) {
  const struct train_settings *settings = training->settings;
  struct rg_options options = settings->rg;
  struct gnn_rg rg;
  size_t count = training->samples.count;
  options.seed = settings->seed;
  options.jobs = run_jobs(settings->jobs);
  options.progress = progress_start("rg", gnn_rg_visits(&options, count), settings->progress.quiet);
  int status = gnn_rg_train(&rg, &training->model, training->samples.samples, count, &options, err);
  progress_end(options.progress);
  if (status != 0) return -1;
  char *path = weights_path(settings, "rg"), *words = rg_words(&options, count);
  struct weights_origin origin = origin_of(training, words);
  status = gnn_rg_save(&rg, &origin, path, err);
  free(words);
  free(path);
  gnn_rg_free(&rg);
  return status;
}

static const struct explainer_training {
  const char *name;
  int (*train)(const struct training *training, struct error *err);
} trainings[] = {{"pg", train_pg}, {"rg", train_rg}};

static int train_all(const struct training *training, struct error *err) {
  cli_print("%zu groups that overflow under %s\n", training->samples.count, training->settings->method);
  for (size_t t = 0; t < sizeof trainings / sizeof trainings[0]; t++) {
    struct runlog log;
    if (runlog_begin(&log, NULL, err) != 0 || trainings[t].train(training, err) != 0) return -1;
    char *path = weights_path(training->settings, trainings[t].name);
    cli_print("%s: learned in %.1f s\n", path, runlog_seconds(&log));
    free(path);
  }
  return 0;
}

/* ---- the verb ---- */

static enum verb_result train_explainers_run(const void *opaque, const struct arguments *arguments,
                                             struct error *err) {
  struct training training = {.settings = opaque};
  int status = prepare(&training, arguments->values[0], err);
  if (status == 0) status = train_all(&training, err);
  training_free(&training);
  return status == 0 ? VERB_DONE : VERB_FAILED;
}

#define SETTING(field) offsetof(struct train_settings, field)

static const struct option_spec train_explainers_own_options[] = {
    {"method", 'm', OPTION_NAME, "NAME", "lbdf", "methods", 0, 0, "whose classifier is to be explained",
     SETTING(method)},
    {"models", 0, OPTION_TEXT, "DIR", "models", NULL, 0, 0,
     "folder with METHOD/validity.safetensors; pg.safetensors and rg.safetensors are written beside it",
     SETTING(models)},
    {"samples", 'n', OPTION_COUNT, "N", "3000", NULL, 1, 1000000, "groups to learn from at most", SETTING(samples)},
    {"seed", 's', OPTION_COUNT, "N", "1", NULL, 0, INT64_MAX, "seed of all that is drawn", SETTING(seed)},
    {"jobs", 'j', OPTION_COUNT, "N", "0", NULL, 0, 1024, "threads, 0 for one per processor; the result is the same",
     SETTING(jobs)},
    {"pg-epochs", 0, OPTION_COUNT, "N", "25", NULL, 1, 10000, "PGExplainer: passes over the groups",
     SETTING(pg.epochs)},
    {"pg-batch", 0, OPTION_COUNT, "N", "32", NULL, 1, 4096, "PGExplainer: groups of one step",
     SETTING(pg.batch_graphs)},
    {"pg-rate", 0, OPTION_REAL, "X", "0.003", NULL, 0, 1, "PGExplainer: rate of Adam", SETTING(pg.rate)},
    {"pg-size", 0, OPTION_REAL, "X", "0.05", NULL, 0, 1000, "PGExplainer: price of each edge of the mask",
     SETTING(pg.size)},
    {"pg-entropy", 0, OPTION_REAL, "X", "1", NULL, 0, 1000, "PGExplainer: price of the mask's mean entropy",
     SETTING(pg.entropy)},
    {"pg-first-temperature", 0, OPTION_REAL, "X", "5", NULL, 0, 1000,
     "PGExplainer: of the concrete distribution in the first epoch", SETTING(pg.first_temperature)},
    {"pg-last-temperature", 0, OPTION_REAL, "X", "2", NULL, 0, 1000, "PGExplainer: likewise in the last epoch",
     SETTING(pg.last_temperature)},
    {"pg-logit-scale", 0, OPTION_REAL, "X", "10", NULL, 1, 10000, "PGExplainer: by which logits are divided",
     SETTING(pg.logit_scale)},
    {"rg-locator-steps", 0, OPTION_COUNT, "N", "200", NULL, 0, 1000000,
     "RG-Explainer: steps of the locator, which are rounded up to whole passes", SETTING(rg.locator_steps)},
    {"rg-imitation-epochs", 0, OPTION_COUNT, "N", "10", NULL, 0, 10000,
     "RG-Explainer: passes that imitate the best of random walks", SETTING(rg.imitation_epochs)},
    {"rg-epochs", 0, OPTION_COUNT, "N", "10", NULL, 0, 10000, "RG-Explainer: passes of reinforcement",
     SETTING(rg.epochs)},
    {"rg-batch", 0, OPTION_COUNT, "N", "32", NULL, 1, 4096, "RG-Explainer: groups of one step",
     SETTING(rg.batch_graphs)},
    {"rg-rollouts", 0, OPTION_COUNT, "N", "3", NULL, 1, 100, "RG-Explainer: walks from each prefix, averaged",
     SETTING(rg.rollouts)},
    {"rg-locator-rate", 0, OPTION_REAL, "X", "0.01", NULL, 0, 1, "RG-Explainer: rate of Adam for the locator",
     SETTING(rg.locator_rate)},
    {"rg-rate", 0, OPTION_REAL, "X", "0.003", NULL, 0, 1, "RG-Explainer: rate of Adam for the generator",
     SETTING(rg.rate)},
    {"rg-edge-price", 0, OPTION_REAL, "X", "0.01", NULL, 0, 1000, "RG-Explainer: price of each edge",
     SETTING(rg.edge_price)},
    {"rg-radius-price", 0, OPTION_REAL, "X", "0.01", NULL, 0, 1000,
     "RG-Explainer: price of each step from the seed to the farthest node", SETTING(rg.radius_price)},
    {"rg-embedding-price", 0, OPTION_REAL, "X", "0.01", NULL, 0, 1000,
     "RG-Explainer: price of the embeddings' relative squared distance", SETTING(rg.embedding_price)},
};
static const struct option_group train_explainers_group = OPTION_GROUP(train_explainers_own_options);
static const struct option_use train_explainers_options[] = {
    {&train_explainers_group, 0}, {&progress_group, SETTING(progress)}, {0}};
static const struct verb_argument train_explainers_arguments[] = {
    {"DATA", NULL, false, false, "data set, as train-validity makes it"}, {0}};

const struct verb train_explainers_verb = {
    .name = "train-explainers",
    .summary = "train PGExplainer and RG-Explainer for a validity classifier",
    .details = "Learns from the groups of the training part that overflow and that the classifier holds to overflow.\n"
               "docs/explainers.md describes both explainers.",
    .arguments = train_explainers_arguments,
    .options = train_explainers_options,
    .settings_bytes = sizeof(struct train_settings),
    .run = train_explainers_run,
};
