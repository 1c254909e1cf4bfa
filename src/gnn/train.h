/* Training of the validity classifier: mini-batches, Adam, cross entropy. Data-parallel: a batch is
 * cut into a fixed number of pieces, whose slopes are added in order, so that the result does not
 * depend on the number of threads. */
#ifndef SPILLWAY_GNN_TRAIN_H
#define SPILLWAY_GNN_TRAIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gnn/model.h"
#include "util/error.h"
#include "util/progress.h"

/* A group at one buffer size. */
struct gnn_sample {
  const struct gnn_network *network; /* borrowed */
  const uint64_t *group;             /* op set, borrowed */
  uint64_t capacity_bytes;
  bool fits;
};

struct train_options {
  uint64_t epochs, batch_graphs; /* each >= 1 */
  double rate, final_rate; /* of Adam, at the beginning and, after a cosine, at the end */
  double clip; /* largest norm of a batch's slopes */
  uint64_t seed;
  unsigned jobs;
  const char *checkpoint; /* file that is written after each epoch and resumed from; NULL: none */
  const char *identity;   /* what the training is of; a checkpoint of something else is refused */
  struct progress *progress; /* of samples; may be NULL */
  /* Called after each epoch; mean loss over its samples. May be NULL. */
  void (*on_epoch)(void *context, uint64_t epoch, double loss, const struct gnn_model *model);
  void *on_epoch_context;
  const atomic_bool *stop; /* once it is set, training ends with the batch at hand; NULL: never */
};

/* model is created and drawn anew from the seed, or comes from the checkpoint; its weights are those after the last
 * epoch. ERROR_INPUT of a checkpoint that does not belong and of a loss that grew out of bounds, ERROR_OUTPUT if the
 * checkpoint cannot be written, ERROR_USAGE of a shape whose checkpoint could not be read. 1 if it was stopped: then,
 * as after an error, there is no model. */
int gnn_train(struct gnn_model *model, struct gnn_shape shape, const struct gnn_sample *samples, size_t count,
              const struct train_options *options, struct error *err);

/* How the model judges samples. Groups that fit are the positives. */
struct gnn_score {
  uint64_t true_positives, true_negatives, false_positives, false_negatives;
};
double gnn_score_accuracy(const struct gnn_score *score); /* 0 of none */
double gnn_score_f1(const struct gnn_score *score);       /* likewise */
double gnn_score_f1_overflow(const struct gnn_score *score); /* of the groups that overflow, as positives */

/* predictions[i] tells whether sample i is held to fit. */
int gnn_predict(bool *predictions, const struct gnn_model *model, const struct gnn_sample *samples, size_t count,
                unsigned jobs, struct error *err);
struct gnn_score gnn_score(const struct gnn_sample *samples, const bool *predictions, size_t count);

#endif
