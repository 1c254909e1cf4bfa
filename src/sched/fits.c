#include "sched/fits.h"

#include <stdlib.h>

int fits_models_create(struct fits_models *out, const struct sim_model *model, const uint64_t *capacities_bytes,
                       size_t count, struct error *err) {
  *out = (struct fits_models){.models = calloc(count + 1, sizeof *out->models), .count = count};
  if (out->models == NULL) return error_memory(err);
  for (size_t c = 0; c < count; c++) {
    out->models[c] = *model;
    out->models[c].hw.buffer_capacity_bytes = capacities_bytes[c];
  }
  return 0;
}

void fits_models_free(struct fits_models *models) {
  free(models->models);
  *models = (struct fits_models){0};
}

int fits_create(struct fits *out, const struct fits_models *models, struct error *err) {
  *out = (struct fits){.models = models, .sims = calloc(models->count + 1, sizeof(struct sim *))};
  if (out->sims == NULL) return error_memory(err);
  for (size_t c = 0; c < models->count; c++) {
    if (sim_create(&out->sims[c], &models->models[c], err) != 0) return -1;
  }
  return 0;
}

void fits_free(struct fits *fits) {
  for (size_t c = 0; fits->sims != NULL && c < fits->models->count; c++) sim_free(fits->sims[c]);
  free(fits->sims);
  *fits = (struct fits){0};
}

static uint64_t capacity_bytes(const struct fits *fits, size_t c) {
  return fits->models->models[c].hw.buffer_capacity_bytes;
}

/* Largest capacity first. Under a steady method what does not fit one capacity fits no smaller one,
 * and what runs at one in some way runs so down to a known number of bytes: under LBDF one run
 * settles all. */
int fits_find(bool *fitting, struct fits *fits, const struct method *method, const uint64_t *group) {
  for (size_t c = 0; c < fits->models->count; c++) fitting[c] = false;
  for (size_t c = fits->models->count; c-- > 0;) {
    struct group_cost cost;
    if (method->attempt(fits->sims[c], group, &cost) != 0) return -1;
    fitting[c] = cost.required_bytes <= capacity_bytes(fits, c);
    if (!method->steady) continue;
    if (!fitting[c]) return 0;
    uint64_t least_bytes = sim_steady_from(fits->sims[c], &cost);
    while (c > 0 && capacity_bytes(fits, c - 1) >= least_bytes) fitting[--c] = true;
  }
  return 0;
}

int fits_find_one(bool *fitting, struct fits *fits, size_t c, const struct method *method, const uint64_t *group) {
  struct group_cost cost;
  if (method->attempt(fits->sims[c], group, &cost) != 0) return -1;
  *fitting = cost.required_bytes <= capacity_bytes(fits, c);
  return 0;
}
