#include "gnn/descent.h"

#include <cblas.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gnn/adam.h"
#include "util/rng.h"

#define LARGEST_SLOPES 2.0 /* their norm is clipped there */
#define SCALE_SAMPLES 256

struct step {
  const struct descent *descent;
  uint64_t epoch;
  const uint32_t *samples;
  size_t count;
  float *slopes; /* DESCENT_PIECES x parameter_count */
  atomic_bool failed;
};

struct rng descent_rng(uint64_t seed, uint64_t phase, uint64_t epoch, uint32_t sample) {
  return rng_stream(seed, phase << 48 | epoch, sample);
}

static void learn_piece(void *context, unsigned worker, uint64_t piece) {
  struct step *step = context;
  const struct descent *descent = step->descent;
  size_t first = step->count * piece / DESCENT_PIECES, end = step->count * (piece + 1) / DESCENT_PIECES;
  float *slopes = step->slopes + piece * descent->parameter_count;
  memset(slopes, 0, descent->parameter_count * sizeof *slopes);
  if (first == end) return;
  int status = descent->learn(descent->context, worker, step->epoch, step->samples + first, end - first, slopes);
  if (status != 0) atomic_store(&step->failed, true);
}

/* Of the mean loss, in the slopes of the first piece. */
static void join_pieces(const struct step *step) {
  blasint count = (blasint)step->descent->parameter_count;
  for (size_t piece = 1; piece < DESCENT_PIECES; piece++) {
    cblas_saxpy(count, 1, step->slopes + piece * (size_t)count, 1, step->slopes, 1);
  }
  cblas_sscal(count, 1 / (float)step->count, step->slopes, 1);
}

static int run_epoch(struct step *step, struct adam *adam, const uint32_t *order) {
  const struct descent *descent = step->descent;
  for (size_t first = 0; first < descent->sample_count; first += step->count) {
    size_t left = descent->sample_count - first;
    step->samples = order + first;
    step->count = left < descent->batch_samples ? left : descent->batch_samples;
    parallel_for(descent->parallel, DESCENT_PIECES, learn_piece, step);
    if (atomic_load(&step->failed)) return -1;
    join_pieces(step);
    slopes_clip(step->slopes, descent->parameter_count, LARGEST_SLOPES);
    adam_step(adam, descent->parameters, step->slopes, (float)descent->rate);
    *descent->done += step->count;
    progress_update(descent->progress, *descent->done, NULL);
  }
  return 0;
}

static int run_epochs(struct step *step, struct adam *adam, uint32_t *order) {
  const struct descent *descent = step->descent;
  for (size_t i = 0; i < descent->sample_count; i++) order[i] = (uint32_t)i;
  for (step->epoch = 0; step->epoch < descent->epochs; step->epoch++) {
    struct rng rng = descent_rng(descent->seed, descent->phase, step->epoch, UINT32_MAX);
    rng_shuffle(&rng, order, descent->sample_count);
    if (run_epoch(step, adam, order) != 0) return -1;
  }
  return 0;
}

int descent_run(const struct descent *descent, struct error *err) {
  struct adam adam;
  if (adam_create(&adam, descent->parameter_count, err) != 0) return -1;
  struct step step = {.descent = descent,
                      .slopes = calloc(DESCENT_PIECES * descent->parameter_count, sizeof *step.slopes)};
  uint32_t *order = calloc(descent->sample_count + 1, sizeof *order);
  int status = -1;
  if (step.slopes != NULL && order != NULL) status = run_epochs(&step, &adam, order);
  free(order);
  free(step.slopes);
  adam_free(&adam);
  return status == 0 ? 0 : error_memory(err);
}

/* ---- samples ---- */

int descent_gather(struct gnn_batch *batch, const struct gnn_sample *samples, const uint32_t *chosen, size_t count) {
  gnn_batch_clear(batch);
  for (size_t i = 0; i < count; i++) {
    const struct gnn_sample *sample = &samples[chosen[i]];
    if (gnn_batch_add(batch, sample->network, sample->group, sample->capacity_bytes) != 0) return -1;
  }
  return 0;
}

struct squares {
  double sum, count;
};

static int add_squares(struct squares *squares, struct gnn_pass *pass, struct gnn_batch *batch, uint32_t hidden,
                       const struct gnn_sample *samples, uint32_t sample) {
  if (descent_gather(batch, samples, &sample, 1) != 0 || gnn_forward(pass, batch, NULL) != 0) return -1;
  const float *values = gnn_node_embeddings(pass);
  size_t count = batch->node_count * (size_t)hidden;
  for (size_t i = 0; i < count; i++) squares->sum += (double)values[i] * (double)values[i];
  squares->count += (double)count;
  return 0;
}

int descent_scale(float *scale, const struct gnn_model *model, const struct gnn_sample *samples, size_t count,
                  struct error *err) {
  struct gnn_pass *pass;
  struct gnn_batch batch = {0};
  struct squares squares = {0};
  if (gnn_pass_create(&pass, model, err) != 0) return -1;
  int status = 0;
  for (uint32_t i = 0; i < count && i < SCALE_SAMPLES && status == 0; i++) {
    status = add_squares(&squares, pass, &batch, model->shape.hidden, samples, i);
  }
  gnn_batch_free(&batch);
  gnn_pass_free(pass);
  *scale = squares.sum > 0 ? (float)sqrt(squares.count / squares.sum) : 1;
  return status == 0 ? 0 : error_memory(err);
}
