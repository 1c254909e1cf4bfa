#include "sim/slices.h"

#include <string.h>

/* Slices are planned in one pass over the ops of the group, by ascending label. */
struct planner {
  struct walk *walk;
  enum slicing slicing;
  uint32_t first;    /* of the segment that is being planned, or LINES_NONE */
  uint64_t channels; /* of the map that passes from the op before to this one; 0 if none does */
  uint32_t sliced;
};

static enum sim_kind kind_of(const struct planner *planner, uint32_t line) {
  const struct lines *lines = &planner->walk->lines;
  return lines->model->kinds[lines->items[line].op];
}

/* Nobody but the consumer reads it. */
static bool read_only_by(const struct lines *lines, uint32_t line, uint32_t consumer) {
  for (uint32_t e = lines->items[line].first_use; e != LINES_NONE; e = lines->uses[e].next) {
    if (lines->uses[e].consumer != consumer) return false;
  }
  return true;
}

static const struct op_work *work_of(const struct planner *planner, uint32_t line) {
  const struct lines *lines = &planner->walk->lines;
  return &lines->model->graph->ops[lines->items[line].op].work;
}

/* An accumulator over rows takes its rows one by one: no part in slices. */
static bool takes_part(const struct planner *planner, uint32_t line) {
  return kind_of(planner, line) != SIM_OTHER && !planner->walk->lines.items[line].streams;
}

/* Whether an op can take slices of so many channels in all. */
static bool can_read(const struct planner *planner, uint32_t line, uint64_t channels) {
  if (!takes_part(planner, line)) return false;
  const struct op_work *work = work_of(planner, line);
  return work->filters == 0 || work->channels == channels;
}

/* Whether the op's output can pass: only out of the group, or only to the op that comes next. */
static bool can_pass(const struct planner *planner, uint32_t line, uint64_t channels) {
  const struct lines *lines = &planner->walk->lines;
  if (channels == 0 || lines->items[line].set.count == 0) return false;
  if (lines->items[line].first_use == LINES_NONE) return true;
  bool next = line + 1 < lines->inside_count && read_only_by(lines, line, line + 1);
  return next && can_read(planner, line + 1, channels);
}

static void slice(struct planner *planner, uint32_t line, uint64_t channels) {
  const struct lines *lines = &planner->walk->lines;
  const struct sim_model *model = lines->model;
  uint64_t elements = model->graph->tensors[lines->items[line].tensor].row_elements;
  uint64_t width = model->hw.brr_subgroup_channels < channels ? model->hw.brr_subgroup_channels : channels;
  uint64_t in_slice = (elements / channels + (elements % channels != 0)) * width;
  uint64_t bytes = in_slice >= elements ? lines->items[line].row_bytes
                                        : (in_slice * model->hw.activation_bits + 7) / 8;
  planner->walk->slicing[line].slice_bytes = bytes;
  planner->sliced++;
}

/* Slices the maps from outside that nobody else reads. */
static bool slice_outside(struct planner *planner, uint32_t line, uint64_t channels) {
  const struct lines *lines = &planner->walk->lines;
  const struct line *reader = &lines->items[line];
  bool any = false;
  for (uint32_t e = reader->first_input; e < reader->first_input + reader->input_count; e++) {
    uint32_t input = lines->uses[e].line;
    bool outside = lines->items[input].op == GRAPH_NO_OP && lines->items[input].set.count > 0;
    if (!outside || !read_only_by(lines, input, line)) continue;
    if (planner->walk->slicing[input].slice_bytes == 0) slice(planner, input, channels);
    any = true;
  }
  return any;
}

/* The channels of the map that the op makes, if it can make them a slice at a time; 0 if not. */
static uint64_t made_channels(const struct planner *planner, uint32_t line) {
  if (planner->channels > 0) return kind_of(planner, line) == SIM_CHANNELWISE ? planner->channels : 0;
  bool weighted = planner->walk->lines.model->weight_bytes[planner->walk->lines.items[line].op] > 0;
  return weighted ? work_of(planner, line)->filters : 0;
}

/* The op is one of the segment that is being planned, which ends with it unless its output passes. */
static void add_to_segment(struct planner *planner, uint32_t line, bool passes, uint64_t channels) {
  if (planner->first == LINES_NONE) planner->first = line;
  if (passes) slice(planner, line, channels);
  bool goes_on = passes && planner->walk->lines.items[line].first_use != LINES_NONE;
  planner->channels = goes_on ? channels : 0;
  if (goes_on) return;
  planner->walk->slicing[planner->first].end = line + 1;
  planner->first = LINES_NONE;
}

/* An op that sums over channels takes slices, and its output is whole; or makes them of whole inputs. */
static void plan_dense(struct planner *planner, uint32_t line) {
  bool takes = planner->channels > 0;
  if (!takes && planner->slicing == SLICING_INPUTS) takes = slice_outside(planner, line, work_of(planner, line)->channels);
  uint64_t channels = takes ? 0 : made_channels(planner, line);
  bool passes = can_pass(planner, line, channels);
  planner->walk->slicing[line].accumulates = takes;
  if (takes || passes) add_to_segment(planner, line, passes, channels);
}

static void plan_channelwise(struct planner *planner, uint32_t line) {
  bool takes = planner->channels > 0;
  uint64_t channels = made_channels(planner, line);
  bool passes = can_pass(planner, line, channels);
  if (!takes && !passes) return;
  if (takes || planner->slicing == SLICING_INPUTS) slice_outside(planner, line, channels);
  add_to_segment(planner, line, passes, channels);
}

uint32_t slices_plan(struct walk *walk, enum slicing slicing) {
  struct planner planner = {.walk = walk, .slicing = slicing, .first = LINES_NONE};
  memset(walk->slicing, 0, walk->lines.count * sizeof *walk->slicing);
  if (slicing == SLICING_NONE) return 0;
  for (uint32_t line = 0; line < walk->lines.inside_count; line++) {
    if (!takes_part(&planner, line)) continue;
    if (kind_of(&planner, line) == SIM_DENSE) {
      plan_dense(&planner, line);
    } else {
      plan_channelwise(&planner, line);
    }
  }
  return planner.sliced;
}
