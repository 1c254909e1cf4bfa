/* Data for the validity classifier: groups of networks, drawn as random search draws them, and the halves of
 * their cuts, each with the buffers that it fits under the methods of a data set. */
#ifndef SPILLWAY_SCHED_LABEL_H
#define SPILLWAY_SCHED_LABEL_H

#include <stddef.h>
#include <stdint.h>

#include "gnn/dataset.h"
#include "sim/model.h"
#include "util/error.h"
#include "util/progress.h"

/* Half of the groups are labelled with elements of either width. */
#define LABEL_NARROW_BITS 8
#define LABEL_WIDE_BITS 16

struct label_network {
  const char *name;                 /* as it is opened, for the data set */
  const struct sim_model *models[2]; /* of one graph: narrow, wide. Borrowed; their buffers do not count */
  uint64_t groups;                  /* to be drawn, >= 1; a small network has fewer */
};

struct label_options {
  const uint64_t *sizes_bytes; /* of buffers, ascending, none twice */
  size_t size_count;           /* 1 to DATASET_MAX_SIZES */
  uint64_t halves_percent;     /* of the groups drawn: so many halves at the most */
  uint64_t seed;
  unsigned jobs;             /* threads, >= 1; the data do not depend on it */
  struct progress *progress; /* of groups and halves; may be NULL */
};

/* Groups are drawn by sample_draw() (sched/sample.h), each at one of the widths. Halves come from those that do not fit
 * some buffer: ops that do not fit it alone are put aside, and what is left is cut at random, and a side that does
 * not fit again, until all parts fit; so halves lie on both sides of what fits. No group is there twice at the same
 * width. Of each network come the groups drawn, then the halves. The caller frees *out with dataset_free(), which
 * after a failure may be left out. */
int label_draw(struct dataset *out, const struct label_network *networks, size_t count,
               const struct label_options *options, struct error *err);

/* How many groups to draw of a network of configs/networks: of the nine that the paper names at least what its
 * Table I says (arXiv 2501.00636). 0 of any other. */
uint64_t label_default_groups(const char *network);

#endif
