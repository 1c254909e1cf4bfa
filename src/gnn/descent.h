/* Mini-batch descent by Adam over samples, for explainers. Data-parallel: a batch is cut into a fixed
 * number of pieces, whose slopes are added in order, so that the result does not depend on the
 * number of threads. */
#ifndef SPILLWAY_GNN_DESCENT_H
#define SPILLWAY_GNN_DESCENT_H

#include <stddef.h>
#include <stdint.h>

#include "gnn/train.h"
#include "util/error.h"
#include "util/parallel.h"
#include "util/progress.h"

#define DESCENT_PIECES 8

struct descent {
  float *parameters;
  size_t parameter_count, sample_count;
  uint64_t epochs, batch_samples;
  double rate;
  uint64_t seed, phase; /* name the random streams; phase below 2^16 */
  struct parallel *parallel;
  struct progress *progress; /* may be NULL */
  uint64_t *done;            /* samples, over all phases; it goes on counting */

  /* Adds the slopes of the loss, summed over these samples. 0, or -1 without memory. */
  int (*learn)(void *context, unsigned worker, uint64_t epoch, const uint32_t *samples, size_t count, float *slopes);
  void *context;
};

/* ERROR_MEMORY */
int descent_run(const struct descent *descent, struct error *err);

/* A stream for what a sample needs by chance in an epoch. */
struct rng descent_rng(uint64_t seed, uint64_t phase, uint64_t epoch, uint32_t sample);

/* Clears the batch and adds the groups of these samples. 0, or -1 without memory. */
int descent_gather(struct gnn_batch *batch, const struct gnn_sample *samples, const uint32_t *chosen, size_t count);

/* What brings the node embeddings of the samples to a root mean square of 1; of the first few hundred samples. */
int descent_scale(float *scale, const struct gnn_model *model, const struct gnn_sample *samples, size_t count,
                  struct error *err);

#endif
