#include "gnn/adam.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double beta_first = 0.9, beta_second = 0.999, epsilon = 1e-8;

int adam_create(struct adam *out, size_t count, struct error *err) {
  *out = (struct adam){
      .count = count, .first = calloc(count + 1, sizeof *out->first), .second = calloc(count + 1, sizeof *out->second)};
  if (out->first != NULL && out->second != NULL) return 0;
  adam_free(out);
  return error_memory(err);
}

void adam_free(struct adam *adam) {
  free(adam->first);
  free(adam->second);
  *adam = (struct adam){0};
}

void adam_reset(struct adam *adam) {
  memset(adam->first, 0, adam->count * sizeof *adam->first);
  memset(adam->second, 0, adam->count * sizeof *adam->second);
  adam->steps = 0;
}

void adam_step(struct adam *adam, float *parameters, const float *slopes, float rate) {
  adam->steps++;
  const float keep_first = (float)beta_first, keep_second = (float)beta_second;
  const float second_scale = (float)(1 / (1 - pow(beta_second, (double)adam->steps)));
  const float step = (float)((double)rate / (1 - pow(beta_first, (double)adam->steps)));
  for (size_t i = 0; i < adam->count; i++) {
    adam->first[i] = keep_first * adam->first[i] + (1 - keep_first) * slopes[i];
    adam->second[i] = keep_second * adam->second[i] + (1 - keep_second) * slopes[i] * slopes[i];
    parameters[i] -= step * adam->first[i] / (sqrtf(adam->second[i] * second_scale) + (float)epsilon);
  }
}

double slopes_clip(float *slopes, size_t count, double norm) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)slopes[i] * (double)slopes[i];
  double own = sqrt(sum);
  if (own > norm) cblas_sscal((blasint)count, (float)(norm / own), slopes, 1);
  return own;
}
