/* GNNExplainer (Ying et al., NeurIPS 2019): a mask over the edges of one graph, learned so that the
 * classifier still says what it says with little of the graph. */
#ifndef SPILLWAY_GNN_GNNE_H
#define SPILLWAY_GNN_GNNE_H

#include <stdint.h>

#include "gnn/model.h"

struct gnne_options {
  uint64_t steps;      /* of Adam */
  double rate;         /* of Adam */
  double size;         /* price of the sum of the mask */
  double entropy;      /* price of the mean entropy of the mask */
  double logit_scale;  /* by which logits are divided: where they are large the mask has no gradient */
  double noise;        /* standard deviation of where the mask begins; 0: everywhere the same */
  uint64_t seed;       /* of that noise */
};

/* scores[e] becomes the mask of edge e, in 0..1, for a batch of one graph. 0, or -1 without memory. */
int gnn_gnne(float *scores, struct gnn_pass *pass, const struct gnn_batch *batch, const struct gnne_options *options);

#endif
