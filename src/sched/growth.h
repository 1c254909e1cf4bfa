/* A group that grows op by op in topological order, with a lower bound of its DRAM bytes at
 * hand at every step, without running it.
 *
 * The bound: weights once, outputs whole, and of each tensor from outside as many rows as the
 * neediest of the group's readers needs in any group. A reader in a group needs at least the
 * rows that it needs when the whole network is one group: a tensor that is stored is needed
 * whole, and needed rows grow with those of the readers. The bound holds under every method,
 * as all load and store the rows of section 2.3 and fetch at least once the weights of each op of
 * which a row is needed. Others may not be fetched where weights are streamed, and do not count.
 * Where a group's weights do not fit together and the method streams whole rows, they are fetched
 * as often as each op needs even alone (fetches.h). */
#ifndef SPILLWAY_SCHED_GROWTH_H
#define SPILLWAY_SCHED_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/model.h"
#include "util/error.h"

struct growth_read {
  uint32_t tensor;
  uint64_t least_bytes; /* needed of it in any group, for the whole batch */
};

struct growth {
  const struct sim_model *model;
  /* of the network */
  uint32_t *first_read; /* by op, op_count + 1 of them */
  struct growth_read *reads;
  uint32_t *readers;     /* by tensor: ops that read it */
  uint64_t *whole_bytes; /* by tensor, for the whole batch */
  bool *plain;           /* by op: it has one output, and somebody needs it */
  bool *whole;           /* by op: and all rows of it, in any group */
  uint64_t *fetched_bytes; /* by op: its weights, if a row of it is needed in any group */
  uint64_t *refetched_bytes; /* by op: what more is fetched of them at least where they are streamed */
  /* of the group */
  uint64_t *group;
  uint64_t weight_bytes, further_bytes, in_bytes, out_bytes; /* further: refetched of its ops */
  uint32_t *outside;  /* by tensor of the group: its readers outside */
  uint64_t *loaded;   /* by tensor from outside: bytes of the bound */
  uint64_t *replaced; /* of `loaded`, by read of the ops added; a stack */
  uint32_t depth;
  uint32_t odd_ops; /* those that are not plain */
  uint32_t stored_count, stored_ops; /* tensors that are stored; the sum of their producers' labels */
};

/* streams_whole: as of the method, see sim/method.h. */
int growth_create(struct growth *out, const struct sim_model *model, bool streams_whole, struct error *err);
void growth_free(struct growth *growth);

/* All predecessors of the op that will ever be in the group are there already. */
void growth_add(struct growth *growth, uint32_t op);
/* Takes back the last addition that is still there. */
void growth_remove(struct growth *growth, uint32_t op);

/* Lower bound of the group's traffic, of which all rows together take row_bytes at least if its weights
 * stay. */
static inline uint64_t growth_dram_bytes(const struct growth *growth, uint64_t row_bytes) {
  bool may_stay = growth->weight_bytes + row_bytes <= growth->model->hw.buffer_capacity_bytes;
  return growth->weight_bytes + growth->in_bytes + growth->out_bytes + (may_stay ? 0 : growth->further_bytes);
}

/* Whether the group is closed: every op plain, one of them the exit, all rows of which are
 * needed in any group and which alone is read outside. *exit is that op.
 *
 * Closed groups are what required bytes under LBDF are monotone on: if S is closed, all groups
 * G that contain S take at least the rows of S, required(G) - weights(G) >= required(S) -
 * weights(S). For nobody but the exit's firings asks for rows inside S, so in G the ops of S
 * fire in the order that they have in S alone, whatever else G does in between. What S has live
 * at one of these firings is live in G as well: rows inside S have the same readers; rows that
 * come in are kept in G at least as long, because there they may have more readers; and a row
 * is written over an input row in G only if that row dies, and then it dies in S too. Every op
 * of S leads to the exit, so nothing that S reads can depend on S, and G cannot order it
 * otherwise. Of groups in general this is not true: more readers may drive an op ahead, and
 * another output may change the order of the targets. */
bool growth_closed(const struct growth *growth, uint32_t *exit);

/* Least bytes that groups of those ops that are fuseable, and of no others, can move together:
 * their weights, what of their outputs is read by other ops or leaves the network, and what comes
 * in from elsewhere, once. */
uint64_t growth_least_bytes(const struct growth *growth, const uint64_t *ops, const uint64_t *fuseable);

#endif
