/* Weights of explainers that learn, drawn at random: they explain nothing, but in all that they do they are as
 * trained ones are. */
#ifndef SPILLWAY_TESTS_RANDOM_LEARNED_H
#define SPILLWAY_TESTS_RANDOM_LEARNED_H

#include "get/learned.h"
#include "sim/model.h"
#include "util/error.h"

/* All weights, for the default settings: a classifier of that size, and on top of it a PGExplainer and an
 * RG-Explainer after one step on the group, an op set in the network of model. Freed with learned_free(). */
int random_learned(struct learned *out, uint32_t hidden, uint32_t layers, uint64_t seed, const struct sim_model *model,
                   const uint64_t *group, struct error *err);

/* As files of that method (a classifier's name) below the folder, which is made. */
int random_learned_save(const struct learned *learned, const char *folder, const char *method, struct error *err);

#endif
