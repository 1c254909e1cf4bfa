#include "gnn/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gnn/adam.h"
#include "gnn/safetensors.h"
#include "util/parallel.h"
#include "util/rng.h"
#include "util/units.h"

/* Into how many pieces a batch is cut, whatever the number of threads: slopes of pieces are added in order. */
enum { PIECES = 8 };
/* Samples of one pass where nothing is learned, and how many threads take part at most. */
enum { PREDICTION_SAMPLES = 32, PREDICTION_JOBS = 64 };

/* What one thread works with. */
struct worker {
  struct gnn_pass *pass;
  struct gnn_batch batch;
};

/* What one piece of a batch comes to. */
struct piece {
  float *slopes; /* by parameter */
  double loss;   /* sum over its samples */
  bool failed;   /* no memory */
};

struct trainer {
  struct gnn_model *model;
  const struct gnn_sample *samples;
  const struct train_options *options;
  uint32_t *order; /* of the samples in this epoch */
  size_t count;
  struct adam adam;
  struct parallel *parallel;
  struct worker *workers;
  unsigned worker_count;
  struct piece pieces[PIECES];
  float *slope_memory, *logit_slopes; /* of the pieces; by sample of the batch */
  size_t first, batch_count;          /* of the batch at hand, in order */
  uint64_t epoch;                     /* whole epochs done */
};

/* ---- workers ---- */

static void workers_free(struct worker *workers, unsigned count) {
  for (unsigned w = 0; workers != NULL && w < count; w++) {
    gnn_pass_free(workers[w].pass);
    gnn_batch_free(&workers[w].batch);
  }
  free(workers);
}

static int workers_create(struct worker **out, unsigned count, const struct gnn_model *model, struct error *err) {
  struct worker *workers = calloc(count, sizeof *workers);
  if (workers == NULL) return error_memory(err);
  for (unsigned w = 0; w < count; w++) {
    if (gnn_pass_create(&workers[w].pass, model, err) == 0) continue;
    workers_free(workers, count);
    return -1;
  }
  *out = workers;
  return 0;
}

static int worker_add(struct worker *worker, const struct gnn_sample *sample) {
  return gnn_batch_add(&worker->batch, sample->network, sample->group, sample->capacity_bytes);
}

/* ---- a batch ---- */

static const struct gnn_sample *batch_sample(const struct trainer *trainer, size_t i) {
  return &trainer->samples[trainer->order[trainer->first + i]];
}

/* The cross entropy of samples first, first + 1, ... of the batch, and its slopes by their logits. */
static double judge(const struct trainer *trainer, const float *logits, size_t first, size_t count) {
  double loss = 0;
  for (size_t i = 0; i < count; i++) {
    bool fits = batch_sample(trainer, first + i)->fits;
    loss += gnn_softplus((double)(fits ? -logits[i] : logits[i]));
    float excess = gnn_probability(logits[i]) - (fits ? 1 : 0);
    trainer->logit_slopes[first + i] = excess / (float)trainer->batch_count;
  }
  return loss;
}

static void run_piece(void *context, unsigned worker_number, uint64_t number) {
  struct trainer *trainer = context;
  struct worker *worker = &trainer->workers[worker_number];
  struct piece *piece = &trainer->pieces[number];
  size_t first = trainer->batch_count * number / PIECES, end = trainer->batch_count * (number + 1) / PIECES;
  memset(piece->slopes, 0, trainer->model->parameter_count * sizeof *piece->slopes);
  piece->loss = 0;
  piece->failed = false;
  if (first == end) return;
  gnn_batch_clear(&worker->batch);
  for (size_t i = first; i < end && !piece->failed; i++) {
    piece->failed = worker_add(worker, batch_sample(trainer, i)) != 0;
  }
  piece->failed = piece->failed || gnn_forward(worker->pass, &worker->batch, NULL) != 0;
  if (piece->failed) return;
  piece->loss = judge(trainer, gnn_logits(worker->pass), first, end - first);
  gnn_backward(worker->pass, trainer->logit_slopes + first, piece->slopes, NULL);
}

static size_t batches_of_epoch(const struct trainer *trainer) {
  uint64_t batch = trainer->options->batch_graphs;
  return trainer->count / batch + (trainer->count % batch != 0);
}

/* A cosine over all steps, from rate to final_rate. */
static float rate_of_step(const struct trainer *trainer) {
  const struct train_options *options = trainer->options;
  double steps = (double)batches_of_epoch(trainer) * (double)options->epochs;
  double done = (double)trainer->adam.steps / steps;
  return (float)(options->final_rate + (options->rate - options->final_rate) * (1 + cos(M_PI * done)) / 2);
}

/* Adds up the pieces in the slopes of the first one, in order. */
static int add_pieces(struct trainer *trainer, double *loss, struct error *err) {
  float *sum = trainer->pieces[0].slopes;
  for (unsigned p = 0; p < PIECES; p++) {
    const struct piece *piece = &trainer->pieces[p];
    if (piece->failed) return error_memory(err);
    *loss += piece->loss;
    for (size_t i = 0; p > 0 && i < trainer->model->parameter_count; i++) sum[i] += piece->slopes[i];
  }
  return 0;
}

/* loss grows by that of the batch's samples. */
static int run_batch(struct trainer *trainer, double *loss, struct error *err) {
  parallel_for(trainer->parallel, PIECES, run_piece, trainer);
  if (add_pieces(trainer, loss, err) != 0) return -1;
  float *slopes = trainer->pieces[0].slopes;
  slopes_clip(slopes, trainer->model->parameter_count, trainer->options->clip);
  adam_step(&trainer->adam, trainer->model->parameters, slopes, rate_of_step(trainer));
  return 0;
}

/* ---- an epoch ---- */

/* Depends on the seed and the epoch alone, so that a resumed training goes on as it would have. */
static void shuffle(struct trainer *trainer) {
  struct rng rng = rng_stream(trainer->options->seed, trainer->epoch + 1, 0);
  for (size_t i = 0; i < trainer->count; i++) trainer->order[i] = (uint32_t)i;
  rng_shuffle(&rng, trainer->order, trainer->count);
}

static bool stopped(const struct trainer *trainer) {
  return trainer->options->stop != NULL && atomic_load(trainer->options->stop);
}

static void show_progress(const struct trainer *trainer, double loss) {
  char note[80];
  size_t done = trainer->first + trainer->batch_count;
  snprintf(note, sizeof note, "epoch %llu/%llu  loss %.4f", (unsigned long long)trainer->epoch + 1,
           (unsigned long long)trainer->options->epochs, loss / (double)done);
  progress_update(trainer->options->progress, trainer->epoch * trainer->count + done, note);
}

/* 0, 1 if it was stopped, -1. */
static int run_epoch(struct trainer *trainer, double *mean_loss, struct error *err) {
  uint64_t batch = trainer->options->batch_graphs;
  double loss = 0;
  shuffle(trainer);
  for (trainer->first = 0; trainer->first < trainer->count; trainer->first += trainer->batch_count) {
    size_t left = trainer->count - trainer->first;
    if (stopped(trainer)) return 1;
    trainer->batch_count = left < batch ? left : (size_t)batch;
    if (run_batch(trainer, &loss, err) != 0) return -1;
    show_progress(trainer, loss);
  }
  *mean_loss = loss / (double)trainer->count;
  trainer->epoch++;
  return 0;
}

/* ---- checkpoints ---- */

/* All state, as vectors over the parameters, with the epoch and the identity in the metadata; the steps of Adam
 * follow from the epoch. */
#define CHECKPOINT_TENSORS 3
/* Of which a checkpoint, with a header of a few kilobytes, can be read again. */
#define MOST_PARAMETERS ((SAFETENSORS_MAX_BYTES - (1 << 20)) / (CHECKPOINT_TENSORS * sizeof(float)))

static void list_state(struct safetensor *tensors, const struct trainer *trainer) {
  const uint64_t count = trainer->model->parameter_count;
  tensors[0] = (struct safetensor){"parameters", 1, {count}, trainer->model->parameters};
  tensors[1] = (struct safetensor){"adam.first", 1, {count}, trainer->adam.first};
  tensors[2] = (struct safetensor){"adam.second", 1, {count}, trainer->adam.second};
}

static int write_checkpoint(const struct trainer *trainer, struct error *err) {
  struct safetensor tensors[CHECKPOINT_TENSORS];
  char epoch[24];
  snprintf(epoch, sizeof epoch, "%llu", (unsigned long long)trainer->epoch);
  struct safetensors_metadata metadata[] = {
      {"epoch", epoch}, {"identity", trainer->options->identity}, {"kind", "checkpoint"}};
  list_state(tensors, trainer);
  const struct safetensors file = {tensors, CHECKPOINT_TENSORS, metadata, sizeof metadata / sizeof metadata[0],
                                   ARENA_INIT};
  return safetensors_write(&file, trainer->options->checkpoint, err);
}

static int check_checkpoint(const struct trainer *trainer, const struct safetensors *file, uint64_t *epoch,
                            struct error *err) {
  const char *path = trainer->options->checkpoint, *kind = safetensors_find_metadata(file, "kind");
  const char *identity = safetensors_find_metadata(file, "identity"), *text = safetensors_find_metadata(file, "epoch");
  if (kind == NULL || strcmp(kind, "checkpoint") != 0 || identity == NULL || text == NULL) {
    return error_input(err, path, 0, "no checkpoint of a training; name another file, or remove this one");
  }
  if (strcmp(identity, trainer->options->identity) != 0) {
    return error_input(err, path, 0, "a checkpoint of another training, '%.300s'; this one is '%.300s'; name another "
                       "file, or remove this one", identity, trainer->options->identity);
  }
  if (units_parse_u64(epoch, text) == 0 && *epoch <= trainer->options->epochs) return 0;
  return error_input(err, path, 0, "epoch is '%.40s'; expected a number up to %llu", text,
                     (unsigned long long)trainer->options->epochs);
}

static int take_state(struct trainer *trainer, const struct safetensors *file, struct error *err) {
  float *const places[] = {trainer->model->parameters, trainer->adam.first, trainer->adam.second};
  struct safetensor state[CHECKPOINT_TENSORS];
  list_state(state, trainer);
  for (unsigned t = 0; t < CHECKPOINT_TENSORS; t++) {
    const struct safetensor *found = safetensors_find(file, state[t].name);
    if (found == NULL || found->rank != 1 || found->dims[0] != state[t].dims[0]) {
      return error_input(err, trainer->options->checkpoint, 0, "there is no tensor '%s' of %llu values; remove the "
                         "file", state[t].name, (unsigned long long)state[t].dims[0]);
    }
    memcpy(places[t], found->values, trainer->model->parameter_count * sizeof(float));
  }
  return 0;
}

/* Does nothing if there is no such file. */
static int resume(struct trainer *trainer, struct error *err) {
  const char *path = trainer->options->checkpoint;
  struct safetensors file;
  if (path == NULL || access(path, F_OK) != 0) return 0;
  if (safetensors_read(&file, path, err) != 0) return -1;
  uint64_t epoch = 0;
  int status = check_checkpoint(trainer, &file, &epoch, err);
  if (status == 0) status = take_state(trainer, &file, err);
  if (status == 0) {
    trainer->epoch = epoch;
    trainer->adam.steps = epoch * batches_of_epoch(trainer);
  }
  safetensors_free(&file);
  return status;
}

/* ---- the whole ---- */

static int trainer_create(struct trainer *trainer, struct error *err) {
  const struct train_options *options = trainer->options;
  size_t parameters = trainer->model->parameter_count;
  size_t largest = options->batch_graphs < trainer->count ? (size_t)options->batch_graphs : trainer->count;
  trainer->worker_count = options->jobs < PIECES ? options->jobs : PIECES;
  trainer->order = calloc(trainer->count + 1, sizeof *trainer->order);
  trainer->logit_slopes = calloc(largest + 1, sizeof *trainer->logit_slopes);
  trainer->slope_memory = calloc(PIECES * parameters, sizeof *trainer->slope_memory);
  if (trainer->order == NULL || trainer->logit_slopes == NULL || trainer->slope_memory == NULL) {
    return error_memory(err);
  }
  for (unsigned p = 0; p < PIECES; p++) trainer->pieces[p].slopes = trainer->slope_memory + p * parameters;
  if (adam_create(&trainer->adam, parameters, err) != 0) return -1;
  if (workers_create(&trainer->workers, trainer->worker_count, trainer->model, err) != 0) return -1;
  return parallel_create(&trainer->parallel, trainer->worker_count, err);
}

static void trainer_free(struct trainer *trainer) {
  parallel_free(trainer->parallel);
  workers_free(trainer->workers, trainer->worker_count);
  adam_free(&trainer->adam);
  free(trainer->slope_memory);
  free(trainer->logit_slopes);
  free(trainer->order);
}

static int run_epochs(struct trainer *trainer, struct error *err) {
  const struct train_options *options = trainer->options;
  while (trainer->epoch < options->epochs) {
    double loss;
    int status = run_epoch(trainer, &loss, err);
    if (status != 0) return status;
    if (!isfinite(loss)) {
      return error_set(err, ERROR_INPUT, "the training diverged: the loss of epoch %llu is no finite number; take a "
                       "smaller rate", (unsigned long long)trainer->epoch);
    }
    if (options->on_epoch != NULL) options->on_epoch(options->on_epoch_context, trainer->epoch, loss, trainer->model);
    if (options->checkpoint != NULL && write_checkpoint(trainer, err) != 0) return -1;
  }
  return 0;
}

static int check_size(struct gnn_shape shape, struct error *err) {
  uint64_t parameters = gnn_tensor(shape, gnn_tensor_count(shape) - 1).first + 1; /* the last is a single value */
  if (parameters <= MOST_PARAMETERS) return 0;
  return error_set(err, ERROR_USAGE, "%u layers of width %u have %llu parameters; at most %llu can be kept; take "
                   "fewer layers, or narrower ones", shape.layers, shape.hidden,
                   (unsigned long long)parameters, (unsigned long long)MOST_PARAMETERS);
}

int gnn_train(struct gnn_model *model, struct gnn_shape shape, const struct gnn_sample *samples, size_t count,
              const struct train_options *options, struct error *err) {
  struct trainer trainer = {.model = model, .samples = samples, .options = options, .count = count};
  struct rng rng = rng_stream(options->seed, 0, 0);
  *model = (struct gnn_model){0};
  if (count == 0) return error_set(err, ERROR_INPUT, "there are no groups to learn from");
  if (count > UINT32_MAX) return error_set(err, ERROR_INPUT, "more than %u groups to learn from", UINT32_MAX);
  if (check_size(shape, err) != 0 || gnn_model_create(model, shape, err) != 0) return -1;
  gnn_model_draw(model, &rng);
  int status = trainer_create(&trainer, err);
  if (status == 0) status = resume(&trainer, err);
  if (status == 0) status = run_epochs(&trainer, err);
  trainer_free(&trainer);
  if (status != 0) gnn_model_free(model);
  return status;
}

/* ---- prediction ---- */

struct prediction {
  bool *out;
  const struct gnn_sample *samples;
  size_t count;
  struct worker *workers;
  atomic_bool failed;
};

static void predict_some(void *context, unsigned worker_number, uint64_t number) {
  struct prediction *prediction = context;
  struct worker *worker = &prediction->workers[worker_number];
  size_t first = (size_t)number * PREDICTION_SAMPLES, end = first + PREDICTION_SAMPLES;
  if (end > prediction->count) end = prediction->count;
  gnn_batch_clear(&worker->batch);
  for (size_t i = first; i < end; i++) {
    if (worker_add(worker, &prediction->samples[i]) == 0) continue;
    atomic_store(&prediction->failed, true);
    return;
  }
  if (gnn_forward(worker->pass, &worker->batch, NULL) != 0) {
    atomic_store(&prediction->failed, true);
    return;
  }
  for (size_t i = first; i < end; i++) prediction->out[i] = gnn_logits(worker->pass)[i - first] > 0;
}

int gnn_predict(bool *predictions, const struct gnn_model *model, const struct gnn_sample *samples, size_t count,
                unsigned jobs, struct error *err) {
  struct prediction prediction = {.out = predictions, .samples = samples, .count = count};
  struct parallel *parallel = NULL;
  unsigned worker_count = jobs < PREDICTION_JOBS ? jobs : PREDICTION_JOBS;
  if (workers_create(&prediction.workers, worker_count, model, err) != 0) return -1;
  int status = parallel_create(&parallel, worker_count, err);
  if (status == 0) {
    uint64_t passes = count / PREDICTION_SAMPLES + (count % PREDICTION_SAMPLES != 0);
    parallel_for(parallel, passes, predict_some, &prediction);
    if (atomic_load(&prediction.failed)) status = error_memory(err);
  }
  parallel_free(parallel);
  workers_free(prediction.workers, worker_count);
  return status;
}

/* ---- scores ---- */

struct gnn_score gnn_score(const struct gnn_sample *samples, const bool *predictions, size_t count) {
  struct gnn_score score = {0};
  for (size_t i = 0; i < count; i++) {
    bool right = predictions[i] == samples[i].fits;
    if (predictions[i]) {
      (*(right ? &score.true_positives : &score.false_positives))++;
    } else {
      (*(right ? &score.true_negatives : &score.false_negatives))++;
    }
  }
  return score;
}

static double share(uint64_t part, uint64_t rest) {
  return part + rest == 0 ? 0 : (double)part / (double)(part + rest);
}

double gnn_score_accuracy(const struct gnn_score *score) {
  return share(score->true_positives + score->true_negatives, score->false_positives + score->false_negatives);
}

double gnn_score_f1(const struct gnn_score *score) {
  return share(2 * score->true_positives, score->false_positives + score->false_negatives);
}

double gnn_score_f1_overflow(const struct gnn_score *score) {
  return share(2 * score->true_negatives, score->false_positives + score->false_negatives);
}
