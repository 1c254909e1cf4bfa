/* PGExplainer (Luo et al., NeurIPS 2020): a perceptron that tells from the embeddings of an edge's
 * two ends how much the classifier owes to it; trained over many graphs, then one pass for each. */
#ifndef SPILLWAY_GNN_PG_H
#define SPILLWAY_GNN_PG_H

#include <stddef.h>
#include <stdint.h>

#include "gnn/model.h"
#include "gnn/train.h"
#include "gnn/weights.h"
#include "util/error.h"
#include "util/progress.h"

#define PG_HIDDEN 64

/* Parameters of 2 * hidden (of the classifier) -> PG_HIDDEN -> 1. All zero is none. */
struct gnn_pg {
  uint32_t embedding;
  float *parameters;
  size_t parameter_count;
};

struct pg_options {
  uint64_t epochs, batch_graphs;
  double rate;
  double size, entropy;                         /* prices, as in struct gnne_options */
  double first_temperature, last_temperature;   /* of the concrete distribution, geometric over the epochs */
  double logit_scale;                           /* as in struct gnne_options */
  uint64_t seed;
  unsigned jobs; /* the result does not depend on it */
  struct progress *progress; /* of samples; may be NULL */
};

/* Samples are those to learn from: groups that overflow. The caller frees out with gnn_pg_free(). */
int gnn_pg_train(struct gnn_pg *out, const struct gnn_model *model, const struct gnn_sample *samples, size_t count,
                 const struct pg_options *options, struct error *err);
void gnn_pg_free(struct gnn_pg *pg);

/* omegas[e] for the edges of a batch: the logit of the edge's mask. As a mask all that are large would be 1.
 * 0, or -1 without memory. */
int gnn_pg_omegas(float *omegas, const struct gnn_pg *pg, struct gnn_pass *pass, const struct gnn_batch *batch);

int gnn_pg_save(const struct gnn_pg *pg, const struct weights_origin *origin, const char *path, struct error *err);
int gnn_pg_load(struct gnn_pg *out, const struct gnn_model *model, const char *path, const char *method,
                struct error *err);

#endif
