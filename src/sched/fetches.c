#include "sched/fetches.h"

#include "sim/brr.h"
#include "util/saturate.h"

/* Rows of an input with that many that `count` consecutive rows need, from row first on. Of maps
 * that are no plain windows, which leave no row out between two others, just one. */
static uint64_t rows_needed(const struct row_map *map, uint32_t rows, uint64_t first, uint64_t count) {
  if (map->kind != ROW_WINDOW) return 0;
  if (map->dilation != 1 || map->stride > map->kernel) return 1;
  int64_t from = (int64_t)(first * map->stride) + map->offset;
  int64_t to = (int64_t)((first + count - 1) * map->stride) + map->offset + map->kernel;
  if (from < 0) from = 0;
  if (to > rows) to = rows;
  return to > from ? (uint64_t)(to - from) : 0;
}

static bool read_before(const struct tensor *output, uint32_t input) {
  for (uint32_t i = 0; i < input; i++) {
    if (output->inputs[i].tensor == output->inputs[input].tensor) return true;
  }
  return false;
}

/* What such rows and their inputs take; an elementwise op may write over an input. */
static uint64_t block_bytes(const struct sim_model *model, const struct tensor *output, uint64_t own_row_bytes,
                            uint64_t first, uint64_t count) {
  uint64_t inputs = 0, own = saturate_multiply(count, own_row_bytes);
  for (uint32_t i = 0; i < output->input_count; i++) {
    uint32_t t = output->inputs[i].tensor;
    if (read_before(output, i)) continue;
    uint64_t rows = rows_needed(&output->inputs[i].map, model->graph->tensors[t].rows, first, count);
    inputs = saturate_add(inputs, saturate_multiply(rows, model->row_bytes[t]));
  }
  if (output->elementwise) return own > inputs ? own : inputs;
  return saturate_add(own, inputs);
}

static bool some_fit(const struct sim_model *model, uint32_t tensor, uint64_t count, uint64_t room_bytes) {
  const struct tensor *output = &model->graph->tensors[tensor];
  for (uint64_t first = 0; first + count <= output->rows; first++) {
    if (block_bytes(model, output, model->row_bytes[tensor], first, count) <= room_bytes) return true;
  }
  return false;
}

uint64_t fetches_least(const struct sim_model *model, uint32_t op) {
  uint64_t staging = brr_staging_bytes(model, op), capacity = model->hw.buffer_capacity_bytes;
  uint32_t tensor = model->graph->ops[op].first_output;
  uint64_t fits = 0, too_many = (uint64_t)model->graph->tensors[tensor].rows + 1;
  if (staging > capacity) return too_many - 1;
  for (uint32_t i = 0; i < model->graph->tensors[tensor].input_count; i++) {
    if (model->graph->tensors[tensor].inputs[i].map.kind == ROW_STREAMED) return 1; /* row by row */
  }
  while (too_many - fits > 1) {
    uint64_t middle = fits + (too_many - fits) / 2;
    if (some_fit(model, tensor, middle, capacity - staging)) {
      fits = middle;
    } else {
      too_many = middle;
    }
  }
  return saturate_divide(model->graph->tensors[tensor].rows, fits == 0 ? 1 : fits);
}
