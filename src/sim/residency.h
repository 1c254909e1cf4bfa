/* Which ops of a group that runs in stripes keep their weights: a small knapsack. */
#ifndef SPILLWAY_SIM_RESIDENCY_H
#define SPILLWAY_SIM_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An op whose weights are fetched more than once if they do not stay. */
struct residency_op {
  uint32_t op;
  uint32_t segment;       /* its number; the staging of a segment is the sum over its ops */
  uint64_t weight_bytes;  /* that it takes if it stays, at least staging_bytes */
  uint64_t staging_bytes; /* if it does not */
  uint64_t fetches;       /* for the batch, if it does not; more than 1 */
};

/* Workspace of one thread. */
struct residency {
  struct residency_op *ops; /* filled in by the caller */
  uint32_t count;
  uint64_t *segments;       /* staging of the ops that stream, those that are not in ops included */
  uint32_t segment_count;
  struct residency_op *least; /* of all heights: fetches in stripes of one row; the caller's as well */
  uint32_t least_count;
  bool *stays;              /* of ops, in the order that residency_choose() leaves them in */
  bool *trial;
};

#define RESIDENCY_MAX_STEPS 4000

/* Room for so many ops and segments; zeroed before the first call. 0, or -1 without memory. */
int residency_reserve(struct residency *residency, uint32_t count);
void residency_free(struct residency *residency);

/* Of two struct residency_op, for qsort(): by falling fetches, that is by what they save for each byte. */
int residency_compare(const void *left, const void *right);

/* Chooses who stays so that the bytes saved, (fetches - 1) * weight_bytes of each, are most, and the weights
 * that stay and the largest staging of a segment together fit room_bytes. Sorts ops; returns the bytes
 * saved. Branch and bound, exact unless it takes more than RESIDENCY_MAX_STEPS decisions; then the best that
 * was found, which is at least what taking the ops in order, where they fit, gives. */
uint64_t residency_choose(struct residency *residency, uint64_t room_bytes);

/* A choice that saves so many bytes or more has weights of at least so many; UINT64_MAX if there is none. ops:
 * by falling fetches. */
uint64_t residency_least_bytes(const struct residency_op *ops, uint32_t count, uint64_t saved_bytes);

#endif
