/* What the first stripe of a group needs at least where its weights are streamed, as by BRR.
 *
 * In every stripe the ops run in the order of their labels. In the first one every op has a new row
 * (if row 0 of every tensor needs row 0 of each of its inputs, which stripe_create() looks at), and as
 * many as its readers in the group need for theirs. So between two ops the buffer holds the rows that
 * later ops need of the tensors that earlier ops made, and what an earlier reader of a tensor from
 * outside and a later one both need. While an op with weights runs, its inputs and its output are there
 * together; the staging area is always. All of this grows with the group as long as the ops that are
 * added have no successor in it, and holds for stripes of any height. */
#ifndef SPILLWAY_SCHED_STRIPE_H
#define SPILLWAY_SCHED_STRIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/model.h"
#include "util/error.h"

struct stripe {
  const struct sim_model *model;
  bool sound;              /* what is said above of first rows; else nothing is known */
  uint64_t *staging_bytes; /* by op */
  bool *gaps;              /* by tensor: some reader leaves rows out */
  /* By tensor, scratch, 0 between calls: new rows of the stripe; bytes that lie in the buffer. */
  uint32_t *new_rows;
  uint64_t *live_bytes;
};

int stripe_create(struct stripe *out, const struct sim_model *model, struct error *err);
void stripe_free(struct stripe *stripe);

/* Lower bound of the group's required bytes where its weights are streamed. */
uint64_t stripe_least_bytes(struct stripe *stripe, const uint64_t *group);

#endif
