/* How many groups are valid: a sample of a network's groups, and how many of them fit buffers of
 * several capacities. The groups are those of plans drawn as random search draws them (candidate.h),
 * only that every op counts as fusable: which ops are depends on the capacity, and the shares are to
 * be of the same groups. */
#ifndef SPILLWAY_SCHED_SAMPLE_H
#define SPILLWAY_SCHED_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"
#include "sim/method.h"
#include "sim/model.h"
#include "util/error.h"
#include "util/progress.h"

/* Plans in a row without a new group, after which a network counts as drawn empty. */
#define SAMPLE_PATIENCE_PLANS 1000

/* Distinct connected groups of two or more ops, in the order in which they were drawn. */
struct sample {
  const struct graph *graph; /* borrowed */
  uint64_t *sets;            /* group_count x set_words */
  uint64_t group_count;
  uint64_t op_count;    /* of all groups together */
  uint64_t plans_drawn; /* with those that gave no new group */
};

/* Draws until there are most_groups >= 1 groups or SAMPLE_PATIENCE_PLANS plans gave none that is
 * new. Depends on the network, most_groups and seed alone, and a larger sample begins with the
 * smaller one. Large groups are many and small ones few, so the larger the sample the larger its
 * groups. progress, of groups, may be NULL. The caller frees with sample_free(), after a failure too. */
int sample_draw(struct sample *out, const struct graph *graph, uint64_t most_groups, uint64_t seed,
                struct progress *progress, struct error *err);
void sample_free(struct sample *sample);

struct sample_options {
  const struct method *method;
  const uint64_t *capacities_bytes; /* ascending, none twice */
  size_t capacity_count;
  unsigned jobs;             /* threads, >= 1; the counts do not depend on it */
  struct progress *progress; /* of groups; may be NULL */
};

/* valid_groups[c] becomes the number of groups that fit capacities_bytes[c], whatever buffer the
 * model has. A group with an op that does not fit alone is one that does not fit. */
int sample_count_valid(uint64_t *valid_groups, const struct sample *sample, const struct sim_model *model,
                       const struct sample_options *options, struct error *err);

#endif
