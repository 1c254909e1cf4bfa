/* Adam (Kingma and Ba, ICLR 2015), with beta 0.9 and 0.999 and epsilon 1e-8. */
#ifndef SPILLWAY_GNN_ADAM_H
#define SPILLWAY_GNN_ADAM_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct adam {
  size_t count;
  float *first, *second; /* moments, by parameter */
  uint64_t steps;
};

int adam_create(struct adam *out, size_t count, struct error *err);
void adam_free(struct adam *adam);
void adam_reset(struct adam *adam); /* as created */

/* parameters -= rate * direction of the slopes. */
void adam_step(struct adam *adam, float *parameters, const float *slopes, float rate);

/* Scales the slopes down to that Euclidean norm if theirs is larger; returns theirs. */
double slopes_clip(float *slopes, size_t count, double norm);

#endif
