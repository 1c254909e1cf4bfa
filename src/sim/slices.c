#include "sim/slices.h"

#include <string.h>

/* Slices are planned in one pass over the ops of the group, by ascending label; most have one line. */
struct planner {
  struct walk *walk;
  const struct lines *lines;
  enum slicing slicing;
  uint32_t first; /* of the segment that is being planned, or LINES_NONE */
  uint32_t until; /* the last line that is to read a slice of it */
  uint32_t sliced;
};

/* ---- ops ---- */

static const struct op *op_of(const struct planner *planner, uint32_t line) {
  return &planner->lines->model->graph->ops[planner->lines->items[line].op];
}

/* Of those that accumulate over rows, only what works channel by channel takes slices instead. */
static enum sim_kind kind_of(const struct planner *planner, uint32_t line) {
  const struct line *item = &planner->lines->items[line];
  if (line >= planner->lines->inside_count || item->set.count == 0) return SIM_OTHER;
  enum sim_kind kind = planner->lines->model->kinds[item->op];
  return item->streams && kind != SIM_CHANNELWISE ? SIM_OTHER : kind;
}

/* Whether an op without slices to read can make its output a slice at a time: one with weights. */
static bool is_source(const struct planner *planner, uint32_t line) {
  bool weighted = planner->lines->model->weight_bytes[planner->lines->items[line].op] > 0;
  return kind_of(planner, line) != SIM_OTHER && weighted && op_of(planner, line)->work.filters > 0;
}

/* Whether an op can take slices of a map of so many channels. */
static bool can_read(const struct planner *planner, uint32_t line, uint64_t channels) {
  const struct op_work *work = &op_of(planner, line)->work;
  return kind_of(planner, line) != SIM_OTHER && (work->filters == 0 || work->channels == channels);
}

/* ---- who reads whom ---- */

/* The only reader in the group; LINES_NONE if there are several, or none. */
static uint32_t sole_reader(const struct planner *planner, uint32_t line) {
  uint32_t first = planner->lines->items[line].first_use, reader;
  if (first == LINES_NONE) return LINES_NONE;
  reader = planner->lines->uses[first].consumer;
  for (uint32_t e = first; e != LINES_NONE; e = planner->lines->uses[e].next) {
    if (planner->lines->uses[e].consumer != reader) return LINES_NONE;
  }
  return reader;
}

/* Whether an op reads something that the segment makes, other than the line before it. */
static bool reads_segment(const struct planner *planner, uint32_t line, uint32_t first) {
  const struct line *item = &planner->lines->items[line];
  for (uint32_t e = item->first_input; e < item->first_input + item->input_count; e++) {
    uint32_t input = planner->lines->uses[e].line;
    if (input >= first && input + 1 < line) return true;
  }
  return false;
}

/* Whether all ops from line on up to the one that joins can hand slices to it, as branches that begin with a
 * source and go on channel by channel. */
static bool all_lead_to(const struct planner *planner, uint32_t line, uint32_t join, uint32_t first) {
  for (; line < join; line++) {
    uint32_t reader = sole_reader(planner, line);
    bool goes_on = sole_reader(planner, line - 1) == line;
    bool makes = goes_on ? kind_of(planner, line) == SIM_CHANNELWISE : is_source(planner, line);
    if (!makes || reads_segment(planner, line, first)) return false;
    if (reader != join && (reader != line + 1 || kind_of(planner, reader) != SIM_CHANNELWISE)) return false;
  }
  return true;
}

/* Whether the op's output can pass: only out of the group, or only to the op that comes next or joins it to what
 * comes next. */
static bool can_pass(const struct planner *planner, uint32_t line, uint64_t channels) {
  uint32_t reader = sole_reader(planner, line), first = planner->first == LINES_NONE ? line : planner->first;
  if (planner->lines->items[line].first_use == LINES_NONE) return true;
  if (reader == LINES_NONE || !can_read(planner, reader, channels)) return false;
  if (reader == line + 1) return true;
  return kind_of(planner, reader) == SIM_JOIN && all_lead_to(planner, line + 1, reader, first);
}

/* ---- slices ---- */

static void slice(struct planner *planner, uint32_t line, uint64_t channels) {
  const struct sim_model *model = planner->lines->model;
  uint64_t elements = model->graph->tensors[planner->lines->items[line].tensor].row_elements;
  uint64_t width = model->hw.brr_subgroup_channels < channels ? model->hw.brr_subgroup_channels : channels;
  uint64_t in_slice = (elements / channels + (elements % channels != 0)) * width;
  struct walk_slicing *slicing = &planner->walk->slicing[line];
  slicing->slice_bytes = in_slice >= elements ? planner->lines->items[line].row_bytes
                                              : (in_slice * model->hw.activation_bits + 7) / 8;
  slicing->channels = channels;
  planner->sliced++;
}

/* Slices the maps from outside that nobody else reads. */
static bool slice_outside(struct planner *planner, uint32_t line, uint64_t channels) {
  const struct line *reader = &planner->lines->items[line];
  bool any = false;
  for (uint32_t e = reader->first_input; e < reader->first_input + reader->input_count; e++) {
    uint32_t input = planner->lines->uses[e].line;
    const struct line *item = &planner->lines->items[input];
    if (item->op != GRAPH_NO_OP || item->set.count == 0 || sole_reader(planner, input) != line) continue;
    if (planner->walk->slicing[input].slice_bytes == 0) slice(planner, input, channels);
    any = true;
  }
  return any;
}

/* Channels of the map from inside that passes to the op; 0 if none does. */
static uint64_t passing_channels(const struct planner *planner, uint32_t line) {
  const struct line *item = &planner->lines->items[line];
  for (uint32_t e = item->first_input; e < item->first_input + item->input_count; e++) {
    uint32_t input = planner->lines->uses[e].line;
    if (planner->lines->items[input].op != GRAPH_NO_OP && planner->walk->slicing[input].slice_bytes > 0) {
      return planner->walk->slicing[input].channels;
    }
  }
  return 0;
}

/* ---- segments ---- */

/* The op is one of the segment that is being planned, which ends when all slices have been read. */
static void add_to_segment(struct planner *planner, uint32_t line, bool passes, uint64_t channels) {
  if (planner->first == LINES_NONE) planner->first = planner->until = line;
  if (passes) slice(planner, line, channels);
  uint32_t reader = passes ? sole_reader(planner, line) : LINES_NONE;
  if (reader != LINES_NONE && reader > planner->until) planner->until = reader;
  if (planner->until > line) return;
  planner->walk->slicing[planner->first].end = line + 1;
  planner->first = LINES_NONE;
}

/* An op that sums over channels takes slices, and its output is whole; or makes them of whole inputs. */
static void plan_dense(struct planner *planner, uint32_t line) {
  const struct op_work *work = &op_of(planner, line)->work;
  bool takes = passing_channels(planner, line) > 0;
  bool begins = planner->first == LINES_NONE && planner->slicing == SLICING_INPUTS;
  if (!takes && begins) takes = slice_outside(planner, line, work->channels);
  bool passes = !takes && is_source(planner, line) && can_pass(planner, line, work->filters);
  planner->walk->slicing[line].accumulates = takes;
  if (takes || passes) add_to_segment(planner, line, passes, work->filters);
}

static void plan_channelwise(struct planner *planner, uint32_t line) {
  uint64_t channels = passing_channels(planner, line);
  bool takes = channels > 0;
  if (!takes && !is_source(planner, line)) return;
  if (!takes) channels = op_of(planner, line)->work.filters;
  bool passes = can_pass(planner, line, channels);
  if (!takes && !passes) return;
  if (takes || planner->slicing == SLICING_INPUTS) slice_outside(planner, line, channels);
  add_to_segment(planner, line, passes, channels);
}

static void plan_join(struct planner *planner, uint32_t line) {
  const struct sim_model *model = planner->lines->model;
  uint64_t channels = model->graph->tensors[planner->lines->items[line].tensor].dims[1];
  if (passing_channels(planner, line) == 0) return;
  add_to_segment(planner, line, can_pass(planner, line, channels), channels);
}

uint32_t slices_plan(struct walk *walk, enum slicing slicing) {
  struct planner planner = {.walk = walk, .lines = &walk->lines, .slicing = slicing, .first = LINES_NONE};
  memset(walk->slicing, 0, walk->lines.count * sizeof *walk->slicing);
  if (slicing == SLICING_NONE) return 0;
  for (uint32_t line = 0; line < walk->lines.inside_count; line++) {
    switch (kind_of(&planner, line)) {
      case SIM_OTHER: break;
      case SIM_CHANNELWISE: plan_channelwise(&planner, line); break;
      case SIM_JOIN: plan_join(&planner, line); break;
      case SIM_DENSE: plan_dense(&planner, line); break;
    }
  }
  return planner.sliced;
}
