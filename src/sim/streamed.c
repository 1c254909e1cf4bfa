#include "sim/streamed.h"

/* Two sub-groups of output channels: one loads while the other is used. */
static uint64_t staging_bytes(const struct sim_model *model, uint32_t op) {
  uint64_t weights = model->weight_bytes[op], channels = model->graph->ops[op].out_channels;
  uint64_t per_channel = (weights + channels - 1) / channels, staging;
  if (__builtin_mul_overflow(2 * (uint64_t)model->hw.brr_subgroup_channels, per_channel, &staging)) return weights;
  return staging < weights ? staging : weights;
}

/* No output row up to q needs a row after this one. */
static int64_t last_possible(const struct use *use, uint32_t q) {
  int64_t end = (int64_t)use->line_count - 1;
  if (use->table != NULL) return end;
  int64_t last = (int64_t)use->stride * q + use->base + (int64_t)(use->taps - 1) * use->dilation;
  return last < end ? last : end;
}

/* The last row that a use asks for by the time output rows up to to-1 are computed, or -1.
 * At the lower border the taps of a dilated window fall outside one by one, so the last
 * row that an output row needs may lie before that of the output row above. */
static int64_t last_loaded(const struct use *use, uint32_t to) {
  int64_t last = -1;
  for (uint32_t q = to; q > 0 && last < last_possible(use, q - 1); q--) {
    int64_t row = use_last_row(use, q - 1);
    if (row > last) last = row;
  }
  return last;
}

/* No row before this one is needed by output rows from `from` on. */
static int64_t first_needed(const struct use *use, uint32_t from) {
  int64_t first = use->table != NULL ? 0 : (int64_t)use->stride * from + use->base;
  return first < 0 ? 0 : first;
}

/* Whether an input that must be there whole keeps the row while output rows from `from` on
 * are computed. */
static bool row_kept(const struct lines *lines, const struct line *line, uint32_t row, uint32_t from) {
  for (uint32_t e = line->first_use; e != LINES_NONE; e = lines->uses[e].next) {
    if (!lines->uses[e].streamed && use_last_firing(&lines->uses[e], row) >= (int64_t)from) return true;
  }
  return false;
}

/* Rows of a tensor from outside that are there while output rows from .. to-1 are computed:
 * those loaded so far that this stripe or a later one needs, and one that a reduction takes. */
static uint64_t rows_during(const struct lines *lines, const struct line *line, uint32_t from, uint32_t to) {
  int64_t first = INT64_MAX, last = -1;
  uint64_t rows = 0;
  bool streamed = false;
  for (uint32_t e = line->first_use; e != LINES_NONE; e = lines->uses[e].next) {
    const struct use *use = &lines->uses[e];
    streamed |= use->streamed;
    if (use->streamed) continue;
    int64_t needed = first_needed(use, from), loaded = last_loaded(use, to);
    if (needed < first) first = needed;
    if (loaded > last) last = loaded;
  }
  for (int64_t i = first; i <= last; i++) rows += row_kept(lines, line, (uint32_t)i, from);
  return rows + (streamed && rows < line->set.count);
}

/* Bytes of rows live during one stripe of the output, which is line 0. */
static uint64_t stripe_bytes(const struct lines *lines, uint32_t from, uint32_t to) {
  uint64_t bytes = (to - from) * lines->items[0].row_bytes;
  for (uint32_t i = lines->inside_count; i < lines->count; i++) {
    bytes += rows_during(lines, &lines->items[i], from, to) * lines->items[i].row_bytes;
  }
  return bytes;
}

static uint64_t largest_stripe_bytes(const struct lines *lines, uint32_t height) {
  uint64_t largest = 0;
  uint32_t rows = lines->items[0].set.count;
  for (uint32_t from = 0; from < rows; from += height) {
    uint64_t bytes = stripe_bytes(lines, from, rows - from < height ? rows : from + height);
    if (bytes > largest) largest = bytes;
  }
  return largest;
}

int streamed_cost(const struct lines *lines, uint32_t op, uint64_t capacity_bytes, struct group_cost *cost) {
  const struct sim_model *model = lines->model;
  const struct line *output = &lines->items[0];
  uint32_t rows = output->set.count;
  /* Without weights an op goes row by row, as it did; only one output has weights. */
  if (model->weight_bytes[op] == 0 || lines->inside_count != 1) return cost->required_bytes <= capacity_bytes ? 0 : 1;
  uint64_t staging = staging_bytes(model, op);
  for (uint32_t stripes = 1; stripes <= rows; stripes++) {
    uint32_t height = (rows + stripes - 1) / stripes;
    if ((rows + height - 1) / height != stripes) continue; /* same height as with fewer stripes */
    bool hopeless = height > 1 && staging + height * output->row_bytes > capacity_bytes;
    if (hopeless) continue;
    cost->required_bytes = staging + largest_stripe_bytes(lines, height);
    cost->stripes = stripes;
    if (cost->required_bytes <= capacity_bytes) break;
  }
  cost->weight_bytes = model->weight_bytes[op] * cost->stripes * model->graph->batch;
  return cost->required_bytes <= capacity_bytes ? 0 : 1;
}
