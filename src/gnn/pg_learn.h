/* One step of learning of PGExplainer, by itself for its tests. */
#ifndef SPILLWAY_GNN_PG_LEARN_H
#define SPILLWAY_GNN_PG_LEARN_H

#include "gnn/pg.h"

/* The uniform numbers of the concrete distribution keep that far from 0 and 1, the masks in the entropy half of it. */
#define PG_MARGIN 0.01

/* The perceptron over the edges of a batch. All zero is none. */
struct pg_edges {
  float *ends;   /* edges x 2 * embedding: scaled embeddings of from and to */
  float *hidden, *hidden_slopes; /* edges x PG_HIDDEN */
  float *omegas, *mask, *mask_slopes; /* by edge */
  uint32_t capacity;
};

/* Workspace of one thread. */
struct pg_learner {
  struct gnn_pass *pass;
  struct gnn_batch batch;
  struct pg_edges edges;
  float *verdicts, *logit_slopes; /* by graph */
};

/* For at most so many graphs at once. The caller frees it with pg_learner_free(), after a failure too. */
int pg_learner_create(struct pg_learner *out, const struct gnn_model *model, size_t graphs, struct error *err);
void pg_learner_free(struct pg_learner *learner);

/* Adds to slopes, by parameter of pg, those of the loss, summed over the samples chosen: by sample
 *   softplus(-v l / logit_scale) + size * sum of m + entropy * mean of H((1 - PG_MARGIN) m + PG_MARGIN / 2)
 * with l the logit under the mask m, v the sign of the logit without, and m drawn once from the concrete
 * distribution of the epoch's temperature: sigmoid((log(u / (1 - u)) + omega) / temperature), u uniform in
 * PG_MARGIN .. 1 - PG_MARGIN from descent_rng(seed, 0, epoch, sample), by edge. 0, or -1 without memory. */
int pg_learn(struct pg_learner *learner, float *slopes, const struct gnn_pg *pg, const struct pg_options *options,
             uint64_t epoch, const struct gnn_sample *samples, const uint32_t *chosen, size_t count);

#endif
