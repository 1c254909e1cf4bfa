/* How well a classifier judges samples: of all of them and of parts. */
#ifndef SPILLWAY_CLI_VALIDITY_SCORE_H
#define SPILLWAY_CLI_VALIDITY_SCORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/validity_data.h"
#include "gnn/model.h"
#include "util/error.h"

/* Borrows the data and samples. */
struct validity_score {
  const struct validity_data *data;
  const struct validity_samples *samples;
  bool *predictions; /* by sample: whether it is held to fit */
  bool *trivial;     /* by sample: whether an op in it does not fit alone, so that the group cannot */
};

/* The samples have labels under the method of that number. The caller frees with validity_score_free(), after a
 * failure too. */
int validity_score_create(struct validity_score *out, const struct validity_data *data,
                          const struct validity_samples *samples, const struct gnn_model *model, uint32_t method,
                          unsigned jobs, struct error *err);
void validity_score_free(struct validity_score *score);

/* A line a part: accuracy, F1 with the groups that fit as positives, F1 with those that overflow. */
void validity_score_print(const struct validity_score *score);
json_t *validity_score_document(const struct validity_score *score);

#endif
