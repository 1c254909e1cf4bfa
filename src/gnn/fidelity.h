/* How well a set of edges explains what the classifier says of a group, by the classifier itself
 * (Yuan et al., "Explainability in Graph Neural Networks: A Taxonomic Survey", 2022; the probability
 * forms). An edge is taken away by masking its messages. */
#ifndef SPILLWAY_GNN_FIDELITY_H
#define SPILLWAY_GNN_FIDELITY_H

#include <stdbool.h>

#include "gnn/model.h"

/* Of the verdict on the whole group, fits or overflows, whichever is likelier. */
struct fidelity {
  double plus;     /* how much less likely it is without the edges named: the more the better */
  double minus;    /* how much less likely it is with no other edges: the less the better */
  double sparsity; /* share of the edges that is not named; 1 if there are none */
};

/* named is by edge, of a batch of one graph. 0, or -1 without memory. */
int gnn_fidelity(struct fidelity *out, struct gnn_pass *pass, const struct gnn_batch *batch, const bool *named);

#endif
