#include "gnn/fidelity.h"

#include <math.h>
#include <stdlib.h>

/* Of the verdict "fits", or else "overflows", under the mask; negative without memory. */
static double likelihood(struct gnn_pass *pass, const struct gnn_batch *batch, const float *mask, bool fits) {
  if (gnn_forward(pass, batch, mask) != 0) return -1;
  float logit = gnn_logits(pass)[0];
  return (double)gnn_probability(fits ? logit : -logit);
}

int gnn_fidelity(struct fidelity *out, struct gnn_pass *pass, const struct gnn_batch *batch, const bool *named) {
  uint32_t edges = batch->edge_count, count = 0;
  float *without = malloc((edges + 1) * sizeof *without), *alone = malloc((edges + 1) * sizeof *alone);
  int status = without == NULL || alone == NULL ? -1 : gnn_forward(pass, batch, NULL);
  if (status == 0) {
    for (uint32_t e = 0; e < edges; e++) {
      without[e] = named[e] ? 0 : 1;
      alone[e] = 1 - without[e];
      count += named[e];
    }
    double logit = (double)gnn_logits(pass)[0], whole = (double)gnn_probability((float)fabs(logit));
    double rest = likelihood(pass, batch, without, logit > 0), part = likelihood(pass, batch, alone, logit > 0);
    *out = (struct fidelity){whole - rest, whole - part, edges == 0 ? 1 : 1 - (double)count / edges};
    if (rest < 0 || part < 0) status = -1;
  }
  free(without);
  free(alone);
  return status;
}
