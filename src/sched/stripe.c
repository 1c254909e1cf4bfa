#include "sched/stripe.h"

#include <stdlib.h>

#include "sim/brr.h"
#include "util/bitset.h"

void stripe_free(struct stripe *stripe) {
  free(stripe->staging_bytes);
  free(stripe->gaps);
  free(stripe->new_rows);
  free(stripe->live_bytes);
  *stripe = (struct stripe){0};
}

/* ---- what rows need ---- */

/* Then row 0 is needed in every group that has the reader. */
static bool needs_row_0(const struct row_map *map) {
  if (map->kind == ROW_STREAMED) return true;
  if (map->kind == ROW_TABLE) return map->spans[0].first == 0 && map->spans[0].count > 0;
  return map->offset <= 0 && -map->offset % map->dilation == 0 && -map->offset / map->dilation < map->kernel;
}

/* Rows of the input up to the last that the reader's first `count` rows need; of a table, at least. */
static uint32_t rows_up_to(const struct row_map *map, uint32_t rows, uint32_t count) {
  if (map->kind == ROW_STREAMED) return rows;
  if (map->kind == ROW_TABLE) return 1;
  int64_t last = (int64_t)(count - 1) * map->stride + map->offset + (int64_t)(map->kernel - 1) * map->dilation;
  return last < rows ? (uint32_t)last + 1 : rows;
}

/* Whether rows in between are left out, which may then not exist. */
static bool leaves_gaps(const struct row_map *map) {
  return map->kind == ROW_TABLE || (map->kind == ROW_WINDOW && (map->dilation > 1 || map->stride > map->kernel));
}

/* Those of them that are needed: at least, where some are left out. */
static uint32_t rows_needed(const struct row_map *map, uint32_t rows, uint32_t count) {
  return leaves_gaps(map) ? 1 : rows_up_to(map, rows, count);
}

int stripe_create(struct stripe *out, const struct sim_model *model, struct error *err) {
  const struct graph *graph = model->graph;
  *out = (struct stripe){
      .model = model,
      .sound = true,
      .staging_bytes = calloc(graph->op_count, sizeof *out->staging_bytes),
      .gaps = calloc(graph->tensor_count, sizeof *out->gaps),
      .new_rows = calloc(graph->tensor_count, sizeof *out->new_rows),
      .live_bytes = calloc(graph->tensor_count, sizeof *out->live_bytes),
  };
  if (out->staging_bytes == NULL || out->gaps == NULL || out->new_rows == NULL || out->live_bytes == NULL) {
    stripe_free(out);
    return error_memory(err);
  }
  for (uint32_t v = 0; v < graph->op_count; v++) {
    out->staging_bytes[v] = brr_staging_bytes(model, v);
    out->sound &= graph->ops[v].output_count == 1;
  }
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    const struct tensor *tensor = &graph->tensors[t];
    out->sound &= tensor->is_output || tensor->consumer_count > 0 || tensor->producer == GRAPH_NO_OP;
    for (uint32_t i = 0; i < tensor->input_count; i++) {
      out->sound &= needs_row_0(&tensor->inputs[i].map);
      out->gaps[tensor->inputs[i].tensor] |= leaves_gaps(&tensor->inputs[i].map);
    }
  }
  return 0;
}

/* ---- a group, its ops by descending label ---- */

static bool made_inside(const struct stripe *stripe, const uint64_t *group, uint32_t tensor) {
  uint32_t producer = stripe->model->graph->tensors[tensor].producer;
  return producer != GRAPH_NO_OP && bitset_has(group, producer);
}

/* New rows of the op, of whose readers all is known, and what they ask of its inputs. */
static void ask_inputs(struct stripe *stripe, uint32_t op) {
  const struct graph *graph = stripe->model->graph;
  uint32_t output = graph->ops[op].first_output;
  /* Nobody in the group reads it, or all that is known is that row 0 is new. */
  if (stripe->new_rows[output] == 0 || stripe->gaps[output]) stripe->new_rows[output] = 1;
  for (uint32_t i = 0; i < graph->tensors[output].input_count; i++) {
    const struct tensor_input *input = &graph->tensors[output].inputs[i];
    uint32_t rows = rows_up_to(&input->map, graph->tensors[input->tensor].rows, stripe->new_rows[output]);
    if (rows > stripe->new_rows[input->tensor]) stripe->new_rows[input->tensor] = rows;
  }
}

/* Bytes of the input that the op's new rows need. */
static uint64_t input_bytes(const struct stripe *stripe, uint32_t output, const struct tensor_input *input) {
  uint32_t rows = stripe->model->graph->tensors[input->tensor].rows;
  return rows_needed(&input->map, rows, stripe->new_rows[output]) * stripe->model->row_bytes[input->tensor];
}

/* What earlier readers of a tensor from outside, if there are any, have loaded of it that the op needs
 * too: the most that one has. */
static uint64_t loaded_bytes(const struct stripe *stripe, const uint64_t *group, uint32_t output,
                             const struct tensor_input *input) {
  const struct graph *graph = stripe->model->graph;
  const struct tensor *from = &graph->tensors[input->tensor];
  uint64_t bytes = input_bytes(stripe, output, input), most = 0;
  for (uint32_t c = 0; c < from->consumer_count; c++) {
    uint32_t reader = from->consumers[c];
    if (graph->tensors[reader].producer >= graph->tensors[output].producer) break;
    if (!bitset_has(group, graph->tensors[reader].producer)) continue;
    for (uint32_t i = 0; i < graph->tensors[reader].input_count; i++) {
      const struct tensor_input *other = &graph->tensors[reader].inputs[i];
      if (other->tensor != input->tensor) continue;
      uint64_t first = other->map.kind == ROW_STREAMED ? stripe->model->row_bytes[input->tensor]
                                                       : input_bytes(stripe, reader, other);
      if (first > most) most = first;
    }
  }
  return most < bytes ? most : bytes;
}

static bool read_before(const struct tensor *output, uint32_t input) {
  for (uint32_t i = 0; i < input; i++) {
    if (output->inputs[i].tensor == output->inputs[input].tensor) return true;
  }
  return false;
}

/* Adds to *live what the op reads and lies in the buffer before it runs, and gives what comes to that
 * while it runs. */
static uint64_t take_inputs(struct stripe *stripe, const uint64_t *group, uint32_t output, uint64_t *live) {
  const struct tensor *made = &stripe->model->graph->tensors[output];
  uint64_t running = 0;
  for (uint32_t i = 0; i < made->input_count; i++) {
    const struct tensor_input *input = &made->inputs[i];
    bool inside = made_inside(stripe, group, input->tensor);
    if (read_before(made, i)) continue;
    uint64_t bytes = input_bytes(stripe, output, input), *own = &stripe->live_bytes[input->tensor];
    uint64_t before = inside ? bytes : loaded_bytes(stripe, group, output, input);
    if (before == 0) { /* it is the first to read it */
      *live -= *own;
      *own = 0;
    }
    if (before > *own) {
      *live += before - *own;
      *own = before;
    }
    if (bytes > *own) running += bytes - *own;
  }
  return running;
}

/* Of one op, of which the ops after it were looked at. */
static uint64_t op_bytes(struct stripe *stripe, const uint64_t *group, uint32_t op, uint64_t *live) {
  const struct graph *graph = stripe->model->graph;
  uint32_t output = graph->ops[op].first_output;
  uint64_t read = stripe->live_bytes[output], made = stripe->new_rows[output] * stripe->model->row_bytes[output];
  bool block = stripe->model->weight_bytes[op] > 0 && !graph->tensors[output].elementwise;
  for (uint32_t i = 0; i < graph->tensors[output].input_count; i++) {
    block &= graph->tensors[output].inputs[i].map.kind != ROW_STREAMED;
  }
  uint64_t running = take_inputs(stripe, group, output, live);
  uint64_t together = *live + running + (made > read ? made - read : 0);
  *live -= read;
  stripe->live_bytes[output] = 0;
  return block ? together : *live;
}

static void forget(struct stripe *stripe, uint32_t op) {
  const struct tensor *output = &stripe->model->graph->tensors[stripe->model->graph->ops[op].first_output];
  stripe->new_rows[stripe->model->graph->ops[op].first_output] = 0;
  for (uint32_t i = 0; i < output->input_count; i++) stripe->new_rows[output->inputs[i].tensor] = 0;
}

uint64_t stripe_least_bytes(struct stripe *stripe, const uint64_t *group) {
  uint64_t live = 0, most = 0, staging = 0;
  uint32_t ops[GRAPH_MAX_OPS], count = 0;
  if (!stripe->sound) return 0;
  for BITSET_EACH (v, group, stripe->model->graph->set_words) ops[count++] = (uint32_t)v;
  for (uint32_t i = count; i-- > 0;) ask_inputs(stripe, ops[i]);
  for (uint32_t i = count; i-- > 0;) {
    uint64_t bytes = op_bytes(stripe, group, ops[i], &live);
    if (bytes > most) most = bytes;
    if (stripe->staging_bytes[ops[i]] > staging) staging = stripe->staging_bytes[ops[i]];
  }
  for (uint32_t i = 0; i < count; i++) forget(stripe, ops[i]);
  return most + staging;
}
