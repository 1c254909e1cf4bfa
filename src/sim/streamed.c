#include "sim/streamed.h"

/* Two sub-groups of output channels: one loads while the other is used. */
static uint64_t staging_bytes(const struct sim_model *model, uint32_t op) {
  uint64_t weights = model->weight_bytes[op], channels = model->graph->ops[op].out_channels;
  uint64_t per_channel = (weights + channels - 1) / channels, staging;
  if (__builtin_mul_overflow(2 * (uint64_t)model->hw.brr_subgroup_channels, per_channel, &staging)) return weights;
  return staging < weights ? staging : weights;
}

/* Rows of an input that are there while output rows from .. to-1 are computed: those
 * loaded so far that this stripe or a later one needs. Needed rows never step back. */
static uint64_t rows_during(const struct use *use, uint32_t from, uint32_t to) {
  uint64_t rows = 0;
  int64_t last = -1, oldest = use->table != NULL ? 0 : (int64_t)use->stride * from + use->base;
  for (uint32_t q = to; q > 0 && last < 0; q--) last = use_last_row(use, q - 1);
  for (int64_t i = oldest < 0 ? 0 : oldest; i <= last; i++) {
    rows += use_last_firing(use, (uint32_t)i) >= (int64_t)from;
  }
  return rows;
}

/* Bytes of rows live during one stripe of an output line. */
static uint64_t stripe_bytes(const struct lines *lines, const struct line *output, uint32_t from, uint32_t to) {
  uint64_t bytes = (to - from) * output->row_bytes;
  for (uint32_t e = output->first_input; e < output->first_input + output->input_count; e++) {
    const struct use *use = &lines->uses[e];
    uint64_t rows = use->streamed ? 1 : rows_during(use, from, to);
    bytes += rows * lines->items[use->line].row_bytes;
  }
  return bytes;
}

static uint64_t largest_stripe_bytes(const struct lines *lines, const struct line *output, uint32_t height) {
  uint64_t largest = 0;
  uint32_t rows = output->set.count;
  for (uint32_t from = 0; from < rows; from += height) {
    uint64_t bytes = stripe_bytes(lines, output, from, rows - from < height ? rows : from + height);
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
    cost->required_bytes = staging + largest_stripe_bytes(lines, output, height);
    cost->stripes = stripes;
    if (cost->required_bytes <= capacity_bytes) break;
  }
  cost->weight_bytes = model->weight_bytes[op] * cost->stripes * model->graph->batch;
  return cost->required_bytes <= capacity_bytes ? 0 : 1;
}
