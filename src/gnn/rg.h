/* RG-Explainer (Shan et al., NeurIPS 2021): a policy that grows a connected subgraph node by node
 * from a seed that a locator chooses, trained by reinforcement to keep what the classifier says. */
#ifndef SPILLWAY_GNN_RG_H
#define SPILLWAY_GNN_RG_H

#include <stddef.h>
#include <stdint.h>

#include "gnn/model.h"
#include "gnn/train.h"
#include "gnn/weights.h"
#include "util/error.h"
#include "util/progress.h"

/* Groups of more ops, and of one, are left out of the training. */
#define RG_MOST_TRAINING_OPS 64

/* Parameters of the locator and of the generator. All zero is none. */
struct gnn_rg {
  uint32_t embedding; /* of the classifier */
  float *parameters;
  size_t parameter_count;
};

struct rg_options {
  uint64_t locator_steps, imitation_epochs, epochs, batch_graphs;
  uint64_t rollouts;      /* of each prefix, averaged */
  double locator_rate, rate;
  double edge_price, radius_price, embedding_price; /* of the reward */
  uint64_t seed;
  unsigned jobs;             /* the result does not depend on it */
  struct progress *progress; /* of samples; may be NULL */
};

struct rg_explain_options {
  uint64_t seeds;      /* nodes to begin from, the likeliest; the best subgraph by the reward is kept */
  uint64_t most_nodes; /* of the subgraph; 0: as many as the policy takes before it stops */
  double edge_price, radius_price, embedding_price;
};

/* As gnn_pg_train(). */
int gnn_rg_train(struct gnn_rg *out, const struct gnn_model *model, const struct gnn_sample *samples, size_t count,
                 const struct rg_options *options, struct error *err);
void gnn_rg_free(struct gnn_rg *rg);

/* How far its progress goes with so many samples. */
uint64_t gnn_rg_visits(const struct rg_options *options, size_t count);

/* Workspace of one thread. */
struct rg_pass;
int rg_pass_create(struct rg_pass **out, const struct gnn_rg *rg, struct gnn_pass *pass, struct error *err);
void rg_pass_free(struct rg_pass *pass);

/* Greedy and deterministic. scores[e] for a batch of one graph: edges within the subgraph score in
 * 0..1, those that joined it earlier higher, all others 0; if no edge is within, those at the seed
 * score. 0, or -1 without memory. */
int gnn_rg_scores(float *scores, struct rg_pass *pass, const struct gnn_batch *batch,
                  const struct rg_explain_options *options);

int gnn_rg_save(const struct gnn_rg *rg, const struct weights_origin *origin, const char *path, struct error *err);
int gnn_rg_load(struct gnn_rg *out, const struct gnn_model *model, const char *path, const char *method,
                struct error *err);

#endif
