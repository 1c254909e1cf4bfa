#include "sim/brr_plus.h"

#include <stdlib.h>
#include <string.h>

#include "sim/brr.h"
#include "sim/slices.h"
#include "util/saturate.h"

/* ---- one height ---- */

/* Runs the rows alone up to the first byte above give_up_bytes: what is live, and how often each op's weights
 * would be fetched. */
static void profile(struct walk *walk, uint32_t height, uint64_t give_up_bytes) {
  walk_rewind(walk);
  walk->give_up_bytes = give_up_bytes;
  brr_run_rows(walk, height);
}

/* For the batch, if nobody keeps its weights. */
static uint64_t streamed_bytes(const struct walk *walk) {
  return saturate_multiply(walk->fetched_bytes, walk->lines.model->graph->batch);
}

/* Whom it saves something to keep, and what the segments stage if nobody is kept; of a profile. */
static void list_candidates(struct residency *residency, const struct walk *walk) {
  const struct sim_model *model = walk->lines.model;
  residency->count = residency->segment_count = 0;
  for (uint32_t first = 0, end; first < walk->lines.inside_count; first = end) {
    end = brr_segment_end(walk, first);
    uint64_t *staging = &residency->segments[residency->segment_count];
    *staging = 0;
    for (uint32_t line = first; line < end; line++) {
      uint32_t op = walk->lines.items[line].op;
      if (line > first && walk->lines.items[line - 1].op == op) continue;
      uint64_t bytes = brr_op_staging_bytes(walk, line), fetches = walk->fetches[line] * model->graph->batch;
      *staging = saturate_add(*staging, bytes);
      if (fetches < 2 || model->weight_bytes[op] == 0) continue;
      residency->ops[residency->count++] =
          (struct residency_op){op, residency->segment_count, model->weight_bytes[op], bytes, fetches};
    }
    residency->segment_count++;
  }
}

/* Has the chosen ops keep their weights; returns the bytes of these. */
static uint64_t keep(struct walk *walk, const struct residency *residency, uint32_t *kept) {
  uint64_t bytes = 0;
  *kept = 0;
  for (uint32_t i = 0; i < residency->count; i++) {
    if (!residency->stays[i]) continue;
    walk->stays[residency->ops[i].op] = true;
    bytes += residency->ops[i].weight_bytes;
    ++*kept;
  }
  return bytes;
}

static void keep_none(struct walk *walk) {
  memset(walk->stays, 0, walk->lines.model->graph->op_count * sizeof *walk->stays);
}

/* Of the profile that was run, with the best choice of weights that stay; if no choice fetches less than the
 * cost so far, leaves that as it is. */
static void improve(struct walk *walk, struct residency *residency, uint64_t capacity_bytes,
                    const struct group_cost *tried, struct group_cost *cost) {
  uint64_t live = walk->peak_bytes, streamed = streamed_bytes(walk), saved = 0;
  uint32_t neediest;
  struct group_cost better = *tried;
  if (walk->lines.model->hw.brr_residency) {
    list_candidates(residency, walk);
    saved = residency_choose(residency, capacity_bytes - live);
  }
  if (cost->stripes > 0 && streamed - saved >= cost->weight_bytes) return;
  uint64_t kept = saved > 0 ? keep(walk, residency, &better.resident_ops) : 0;
  better.weight_bytes = streamed - saved;
  better.required_bytes = live + kept + brr_staging(walk, &neediest);
  keep_none(walk);
  *cost = better;
}

/* ---- all of them ---- */

/* Of the profile of stripes of one row: an op has new rows in `fetches` of them. */
static void list_least(struct residency *residency, const struct walk *walk) {
  const struct sim_model *model = walk->lines.model;
  residency->least_count = 0;
  for (uint32_t i = 0; i < walk->lines.inside_count; i++) {
    uint32_t op = walk->lines.items[i].op;
    if (model->weight_bytes[op] == 0 || walk->fetches[i] == 0) continue;
    residency->least[residency->least_count++] =
        (struct residency_op){.op = op, .weight_bytes = model->weight_bytes[op], .fetches = walk->fetches[i]};
  }
  qsort(residency->least, residency->least_count, sizeof *residency->least, residency_compare);
}

/* The live bytes above which stripes of that height cannot fetch less than the best so far; 0 if they cannot at
 * all. Of the `fetches` stripes of one row in which an op has new rows, no more than `height` make one of these
 * stripes: so often at least it has new rows in them. */
static uint64_t most_live_bytes(struct residency *residency, const struct walk *walk, uint32_t height,
                                uint64_t capacity_bytes, uint64_t staging_bytes, const struct group_cost *best) {
  const struct sim_model *model = walk->lines.model;
  uint64_t streamed = 0, least;
  if (best->stripes == 0) return capacity_bytes - staging_bytes;
  residency->count = residency->least_count;
  for (uint32_t i = 0; i < residency->count; i++) {
    struct residency_op *op = &residency->ops[i];
    *op = residency->least[i];
    op->fetches = saturate_divide(op->fetches, height) * model->graph->batch;
    streamed = saturate_add(streamed, saturate_multiply(op->fetches, op->weight_bytes));
  }
  if (streamed < best->weight_bytes) return capacity_bytes - staging_bytes;
  least = residency_least_bytes(residency->ops, residency->count, streamed - best->weight_bytes + 1);
  if (!model->hw.brr_residency || least >= capacity_bytes) return 0;
  return capacity_bytes - (least > staging_bytes ? least : staging_bytes);
}

/* Every number of stripes in turn, fewest first, and those that cannot be better cost little. */
static void try_heights(struct walk *walk, struct residency *residency, uint64_t capacity_bytes,
                        const struct group_cost *sliced, struct group_cost *best) {
  uint32_t rows = brr_rows(walk), neediest;
  uint64_t staging = brr_staging(walk, &neediest);
  struct group_cost tried = *sliced;
  if (staging > capacity_bytes) return;
  for (uint32_t stripes = 1; stripes <= rows; stripes++) {
    uint32_t height = brr_height(walk, stripes);
    if (rows / height + (rows % height != 0) != stripes) continue; /* the height of fewer stripes */
    uint64_t live = most_live_bytes(residency, walk, height, capacity_bytes, staging, best);
    if (live == 0) continue;
    profile(walk, height, live);
    tried.stripes = stripes;
    if (!walk->stop) improve(walk, residency, capacity_bytes, &tried, best);
  }
}

/* Lowers least to what stripes of that height require, if that is less; no further than give_up_bytes says. */
static void require_least(struct walk *walk, uint32_t height, uint64_t give_up_bytes, const struct group_cost *sliced,
                          struct group_cost *least) {
  uint32_t neediest, rows = brr_rows(walk);
  uint64_t staging = brr_staging(walk, &neediest);
  profile(walk, height, give_up_bytes > staging ? give_up_bytes - staging : 0);
  uint64_t required = saturate_add(walk->peak_bytes, staging);
  if (least->stripes > 0 && required >= least->required_bytes) return;
  *least = *sliced;
  least->required_bytes = required;
  least->stripes = rows / height + (rows % height != 0);
  least->weight_bytes = streamed_bytes(walk);
}

int brr_plus_cost(struct walk *walk, struct residency *residency, uint64_t capacity_bytes, uint64_t give_up_bytes,
                  struct group_cost *cost) {
  struct group_cost least = *cost, best = *cost;
  uint32_t ways = walk->lines.model->hw.brr_slicing ? SLICINGS : 1;
  least.stripes = best.stripes = 0;
  for (uint32_t slicing = 0; slicing < ways; slicing++) {
    struct group_cost sliced = *cost;
    sliced.slicing = slicing;
    sliced.sliced_maps = slices_plan(walk, (enum slicing)slicing);
    if (slicing != SLICING_NONE && sliced.sliced_maps == 0) continue;
    if (least.stripes == 0 || least.required_bytes > capacity_bytes) {
      require_least(walk, 1, give_up_bytes, &sliced, &least);
      if (slicing == SLICING_NONE) list_least(residency, walk);
      if (least.required_bytes > capacity_bytes && slicing != SLICING_NONE) {
        require_least(walk, brr_rows(walk), give_up_bytes, &sliced, &least);
      }
    }
    try_heights(walk, residency, capacity_bytes, &sliced, &best);
  }
  bool fits = least.required_bytes <= capacity_bytes;
  *cost = fits ? best : least;
  slices_plan(walk, SLICING_NONE);
  return fits ? 0 : 1;
}

void brr_plus_restore(struct walk *walk, struct residency *residency, uint64_t capacity_bytes,
                      const struct group_cost *cost) {
  uint32_t kept;
  keep_none(walk);
  slices_plan(walk, (enum slicing)cost->slicing);
  if (cost->resident_ops > 0) {
    profile(walk, brr_height(walk, cost->stripes), UINT64_MAX);
    list_candidates(residency, walk);
    residency_choose(residency, capacity_bytes - walk->peak_bytes);
    keep(walk, residency, &kept);
  }
  walk_rewind(walk);
}
