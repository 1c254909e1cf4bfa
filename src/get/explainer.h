/* Explainers: why a group overflows the buffer, as cuts in order of their responsibility.
 * One const table, one file per explainer; adding one is adding a file and a line. */
#ifndef SPILLWAY_GET_EXPLAINER_H
#define SPILLWAY_GET_EXPLAINER_H

#include <stddef.h>
#include <stdint.h>

#include "get/learned.h"
#include "graph/group.h"
#include "sim/method.h"
#include "sim/sim.h"
#include "util/error.h"
#include "util/rng.h"

/* A cut and what the explainer expects of it. An explainer that looks at no trace leaves the bytes 0, but
 * for the crossing bytes if it ranks cuts. */
struct explained_cut {
  struct group_cut cut;
  uint64_t side_bytes, other_bytes; /* predicted requirement of cut.side and of the rest */
  bool enough;                      /* neither of these is more than the capacity, or both are held to fit */
  uint64_t relief_bytes;            /* how far the cut brings the larger side down, at most to capacity */
  uint64_t crossing_bytes;          /* of the tensors it sends through DRAM */
  double score; /* of explainers that learn: that of the cut's edge, or how likely both sides fit; else 0 */
};

struct explanation {
  struct explained_cut *cuts; /* most responsible first; at least one for two or more ops */
  size_t count;
  struct group_cost cost; /* of the group; all 0 if the explainer did not simulate */
  struct sim_peak peak;   /* who held the buffer; likewise */
};

/* Workspace of one thread. */
struct explain_context {
  struct sim *sim;
  const struct method *method;
  double fraction; /* of a group's edges that an explanation may name */
  struct group_cut_list cut_list;
  uint64_t *tensor_bytes; /* by tensor: all rows of the batch */
  uint64_t *op_bytes;     /* scratch, by op */
  struct explanation explanation; /* the result of the last call */
  struct overflows *overflows; /* what other contexts found out (overflows.h), or NULL; the result is the same */
  /* Of explainers that learn; else NULL or empty. */
  const struct learned *learned;
  struct gnn_network *network;
  struct gnn_pass *pass;
  struct gnn_batch batch;
  struct rg_pass *rg_pass;
  struct scored_edge *scored_edges; /* scratch, by edge of a group */
  float *edge_scores;               /* likewise */
};

#define EXPLAIN_DEFAULT_FRACTION 0.3
#define EXPLAIN_LEAST_EDGES 4

/* learned is borrowed; NULL for explainers that need nothing of it. */
int explain_context_create(struct explain_context *out, struct sim *sim, const struct method *method,
                           double fraction, const struct learned *learned, struct error *err);
void explain_context_free(struct explain_context *context);

struct explainer {
  const char *name, *summary;
  bool uses_rng; /* the same group may be explained differently */
  bool uses_trace;
  bool ranks; /* several cuts, in order, with what each sends through DRAM; else the first is no better than the last */
  enum learned_need need; /* of its context's weights */
  /* Explains an invalid, connected group of two or more ops into context->explanation.
   * 0, or -1 without memory. */
  int (*explain)(struct explain_context *context, const uint64_t *group, struct rng *rng);
};

extern const struct explainer explainers[];
extern const size_t explainer_count;

/* NULL if there is none of that name. */
const struct explainer *explainer_find(const char *name);

/* How many edges an explanation may name: a fraction of those in the group, but never
 * fewer than EXPLAIN_LEAST_EDGES. */
size_t explanation_edge_count(const struct graph *graph, const uint64_t *group, double fraction);

/* The op that holds most at the peak, weights and rows together, and the staging area if it needs
 * most of that; the smaller label first. */
uint32_t explanation_culprit(const struct explanation *explanation, uint32_t op_count);

#endif
