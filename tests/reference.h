/* A second opinion on LBDF and BRR (design 2.3, 2.4), written from the text and meant to be slow and
 * plain: it keeps a state for every row of every tensor and follows the rules by recursion.
 * It shares no code with src/sim. */
#ifndef SPILLWAY_TESTS_REFERENCE_H
#define SPILLWAY_TESTS_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"
#include "hw/hw.h"

struct reference_row {
  uint32_t tensor, row;
};

struct reference {
  uint64_t required_bytes;
  uint64_t dram_in_bytes, dram_out_bytes; /* for the batch */
  uint64_t weight_bytes;  /* loaded, or fetched for the batch */
  uint64_t staging_bytes; /* 0 under LBDF */
  /* by op: who holds what at the first instant of the peak */
  uint64_t *weight_share, *row_share;
  /* rows loaded or given room, in that order, for one image */
  struct reference_row *acquired;
  size_t acquired_count, acquired_capacity;
  char fault[200]; /* the first broken rule: a row read while absent, ...; "" if none */
};

/* Runs the group; reference_free() releases what out points to. */
void reference_run(struct reference *out, const struct graph *graph, const struct hw *hw,
                   const uint64_t *group);
/* The same in stripes of that height, with streamed weights. */
void reference_run_stripes(struct reference *out, const struct graph *graph, const struct hw *hw,
                           const uint64_t *group, uint32_t height);

/* How brr-plus runs a group. */
struct reference_refinement {
  const bool *stays;           /* by op */
  const uint32_t *segment;     /* by op: the segment that it is in, counted from 1; 0: none */
  const bool *accumulates;     /* by op: takes slices of its input */
  const uint64_t *slice_bytes; /* by tensor: of a row's slice; 0: it exists whole */
};

/* In stripes of that height, so refined. */
void reference_run_refined(struct reference *out, const struct graph *graph, const struct hw *hw,
                           const uint64_t *group, uint32_t height, const struct reference_refinement *refinement);

/* Rows of the tallest output. */
uint32_t reference_tallest(const struct graph *graph, const uint64_t *group);

/* As BRR runs the group in a buffer of that size; *stripes is 0 where that is as under LBDF. */
void reference_brr(struct reference *out, uint32_t *stripes, const struct graph *graph, const struct hw *hw,
                   const uint64_t *group, uint64_t capacity_bytes);

void reference_free(struct reference *reference);

/* Whether something outside the group needs the tensor, which an op of it produces. */
bool reference_is_stored(const struct graph *graph, const uint64_t *group, uint32_t tensor);

/* The rows of an input with rows_in rows that a map asks for: the k-th of
 * reference_candidates() rows, those not inside [0, rows_in) left out by the caller. */
uint32_t reference_candidates(const struct row_map *map, uint32_t r, uint32_t rows_in);
int64_t reference_candidate(const struct row_map *map, uint32_t r, uint32_t k);

#endif
