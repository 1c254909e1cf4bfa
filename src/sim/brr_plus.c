#include "sim/brr_plus.h"

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
  const struct hw *hw = &walk->lines.model->hw;
  uint64_t live = walk->peak_bytes, streamed = walk->fetched_bytes * walk->lines.model->graph->batch, saved = 0;
  uint32_t neediest;
  struct group_cost better = *tried;
  list_candidates(residency, walk);
  uint64_t room = capacity_bytes - live;
  uint64_t bound = hw->brr_residency ? residency_bound(residency, room) : 0;
  if (cost->stripes > 0 && streamed - bound >= cost->weight_bytes) return;
  if (hw->brr_residency) saved = residency_choose(residency, room);
  if (cost->stripes > 0 && streamed - saved >= cost->weight_bytes) return;
  uint64_t kept = saved > 0 ? keep(walk, residency, &better.resident_ops) : 0;
  better.weight_bytes = streamed - saved;
  better.required_bytes = live + kept + brr_staging(walk, &neediest);
  keep_none(walk);
  *cost = better;
}

/* ---- all of them ---- */

/* Every number of stripes in turn, fewest first, and those that do not fit cost little. */
static void try_heights(struct walk *walk, struct residency *residency, uint64_t capacity_bytes,
                        struct group_cost *tried, struct group_cost *best) {
  uint32_t rows = brr_rows(walk), neediest;
  uint64_t staging = brr_staging(walk, &neediest);
  if (staging > capacity_bytes) return;
  for (uint32_t stripes = 1; stripes <= rows; stripes++) {
    uint32_t height = brr_height(walk, stripes);
    if (rows / height + (rows % height != 0) != stripes) continue; /* the height of fewer stripes */
    if (best->stripes > 0 && best->weight_bytes <= tried->weight_bytes) return; /* each is fetched once */
    profile(walk, height, capacity_bytes - staging);
    if (walk->stop) continue;
    tried->stripes = stripes;
    improve(walk, residency, capacity_bytes, tried, best);
  }
}

/* Lowers least to what stripes of one row require, if that is less; no further than give_up_bytes says. */
static void require_least(struct walk *walk, uint64_t give_up_bytes, const struct group_cost *tried,
                          struct group_cost *least) {
  uint32_t neediest;
  uint64_t staging = brr_staging(walk, &neediest);
  profile(walk, 1, give_up_bytes > staging ? give_up_bytes - staging : 0);
  uint64_t required = saturate_add(walk->peak_bytes, staging);
  if (least->stripes > 0 && required >= least->required_bytes) return;
  *least = *tried;
  least->required_bytes = required;
  least->stripes = brr_rows(walk);
  least->weight_bytes = walk->fetched_bytes * walk->lines.model->graph->batch;
}

int brr_plus_cost(struct walk *walk, struct residency *residency, uint64_t capacity_bytes, uint64_t give_up_bytes,
                  struct group_cost *cost) {
  const struct hw *hw = &walk->lines.model->hw;
  struct group_cost least = *cost, best = *cost;
  uint32_t ways = hw->brr_slicing ? SLICINGS : 1;
  least.stripes = best.stripes = 0;
  for (uint32_t slicing = 0; slicing < ways; slicing++) {
    struct group_cost tried = *cost;
    tried.sliced_maps = slices_plan(walk, (enum slicing)slicing);
    tried.slicing = slicing;
    tried.resident_ops = 0;
    if (slicing != SLICING_NONE && tried.sliced_maps == 0) continue;
    require_least(walk, give_up_bytes, &tried, &least);
    try_heights(walk, residency, capacity_bytes, &tried, &best);
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
