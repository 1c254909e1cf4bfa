/* What explainers were trained to, as options name it: settings, and files of weights. */
#ifndef SPILLWAY_CLI_MODELS_H
#define SPILLWAY_CLI_MODELS_H

#include <jansson.h>

#include "cli/settings.h"
#include "get/learned.h"
#include "sim/method.h"
#include "util/error.h"

#define MODELS_HASH_BYTES 33

struct models {
  enum learned_need need;
  struct learned learned; /* the settings alone if nothing is needed */
  char hash[MODELS_HASH_BYTES]; /* of the contents of the weights files, in hex; "" if none is needed */
};

/* The settings are checked even if nothing is needed. Weights are those of the method's classifier (method.h), below
 * the directory that --models names, or else the first one that has them: $SPILLWAY_MODELS and configs/models, as
 * networks are found. ERROR_USAGE, ERROR_INPUT. The caller closes with models_close(), after a failure too. */
int models_open(struct models *out, const struct split_options *options, enum learned_need need,
                const struct method *method, struct error *err);
void models_close(struct models *models);

/* models_open() without reading what is in the weights: need, settings and hash. */
int models_identify(struct models *out, const struct split_options *options, enum learned_need need,
                    const struct method *method, struct error *err);

/* By explainer, whether the list leaves it out; the caller frees *left_out. ERROR_USAGE of an unknown name. */
int models_choose(bool **left_out, const struct explainers_options *options, struct error *err);

/* models_open() for all that are not left out. */
int models_open_all(struct models *out, const struct split_options *options, const bool *left_out,
                    const struct method *method, struct error *err);

/* For struct split_rules: NULL if nothing is needed. */
const struct learned *models_learned(const struct models *models);

/* The settings that the explainer (NULL: any) depends on as text, "" if nothing is needed; the caller frees it. */
char *models_settings_text(const struct models *models, const char *explainer);

/* Adds settings and hash to a record, if anything is needed. */
void models_add_documents(json_t *object, const struct models *models, const char *explainer);

#endif
