/* Which of several buffers a group fits, with as few runs as the method allows. */
#ifndef SPILLWAY_SCHED_FITS_H
#define SPILLWAY_SCHED_FITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/method.h"
#include "sim/model.h"
#include "util/error.h"

/* The model with buffers of several capacities. Shared between threads; it borrows the model and what that
 * owns. */
struct fits_models {
  struct sim_model *models; /* by capacity, ascending; they own nothing */
  size_t count;
};

/* Capacities ascend, none twice. The caller frees with fits_models_free(), after a failure too. */
int fits_models_create(struct fits_models *out, const struct sim_model *model, const uint64_t *capacities_bytes,
                       size_t count, struct error *err);
void fits_models_free(struct fits_models *models);

/* Workspace of one thread. */
struct fits {
  const struct fits_models *models;
  struct sim **sims; /* by capacity */
};

/* The caller frees with fits_free(), after a failure too. */
int fits_create(struct fits *out, const struct fits_models *models, struct error *err);
void fits_free(struct fits *fits);

/* fitting[c] becomes whether the group, any non-empty op set, fits capacity c. 0, or -1 without memory. */
int fits_find(bool *fitting, struct fits *fits, const struct method *method, const uint64_t *group);

/* The same of capacity c alone. */
int fits_find_one(bool *fitting, struct fits *fits, size_t c, const struct method *method, const uint64_t *group);

#endif
