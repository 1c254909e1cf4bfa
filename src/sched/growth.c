#include "sched/growth.h"

#include <stdlib.h>
#include <string.h>

#include "sched/fetches.h"
#include "sim/lines.h"
#include "util/bitset.h"
#include "util/saturate.h"

void growth_free(struct growth *growth) {
  free(growth->first_read);
  free(growth->reads);
  free(growth->readers);
  free(growth->whole_bytes);
  free(growth->plain);
  free(growth->whole);
  free(growth->fetched_bytes);
  free(growth->refetched_bytes);
  free(growth->group);
  free(growth->outside);
  free(growth->loaded);
  free(growth->replaced);
  *growth = (struct growth){0};
}

static int growth_allocate(struct growth *growth) {
  const struct graph *graph = growth->model->graph;
  size_t ops = graph->op_count, tensors = graph->tensor_count, reads = 1;
  for (uint32_t t = 0; t < graph->tensor_count; t++) reads += graph->tensors[t].input_count;
  growth->first_read = calloc(ops + 1, sizeof *growth->first_read);
  growth->reads = calloc(reads, sizeof *growth->reads);
  growth->readers = calloc(tensors, sizeof *growth->readers);
  growth->whole_bytes = calloc(tensors, sizeof *growth->whole_bytes);
  growth->plain = calloc(ops, sizeof *growth->plain);
  growth->whole = calloc(ops, sizeof *growth->whole);
  growth->fetched_bytes = calloc(ops, sizeof *growth->fetched_bytes);
  growth->refetched_bytes = calloc(ops, sizeof *growth->refetched_bytes);
  growth->group = calloc(graph->set_words, sizeof *growth->group);
  growth->outside = calloc(tensors, sizeof *growth->outside);
  growth->loaded = calloc(tensors, sizeof *growth->loaded);
  growth->replaced = calloc(reads, sizeof *growth->replaced);
  bool enough = growth->first_read != NULL && growth->reads != NULL && growth->readers != NULL &&
                growth->whole_bytes != NULL && growth->plain != NULL && growth->whole != NULL &&
                growth->fetched_bytes != NULL && growth->refetched_bytes != NULL && growth->group != NULL &&
                growth->outside != NULL && growth->loaded != NULL &&
                growth->replaced != NULL;
  return enough ? 0 : -1;
}

/* Rows of the tensor that the reader's lines need, where all ops are one group. */
static int count_needed_rows(const struct lines *lines, uint32_t tensor, uint32_t reader, uint64_t *count) {
  uint32_t rows = lines->model->graph->tensors[tensor].rows;
  uint64_t *marks = calloc(bitset_words(rows), sizeof *marks);
  if (marks == NULL) return -1;
  const struct line *line = &lines->items[lines->of_tensor[tensor]];
  for (uint32_t e = line->first_use; e != LINES_NONE; e = lines->uses[e].next) {
    const struct line *consumer = &lines->items[lines->uses[e].consumer];
    if (consumer->op == reader) row_set_mark(marks, lines->maps[e], &consumer->set, rows);
  }
  *count = bitset_count(marks, bitset_words(rows));
  free(marks);
  return 0;
}

static bool read_known(const struct growth *growth, uint32_t first, uint32_t count, uint32_t tensor) {
  for (uint32_t i = first; i < count; i++) {
    if (growth->reads[i].tensor == tensor) return true;
  }
  return false;
}

/* The tensors that the op reads, each once. */
static int growth_find_reads(struct growth *growth, const struct lines *lines, uint32_t op, uint32_t *count) {
  const struct graph *graph = growth->model->graph;
  uint32_t first = *count, last = graph->ops[op].first_output + graph->ops[op].output_count;
  for (uint32_t output = graph->ops[op].first_output; output < last; output++) {
    for (uint32_t i = 0; i < graph->tensors[output].input_count; i++) {
      uint32_t tensor = graph->tensors[output].inputs[i].tensor;
      uint64_t rows;
      if (read_known(growth, first, *count, tensor)) continue;
      if (count_needed_rows(lines, tensor, op, &rows) != 0) return -1;
      uint64_t bytes = rows * growth->model->row_bytes[tensor] * graph->batch;
      growth->reads[(*count)++] = (struct growth_read){tensor, bytes};
      growth->readers[tensor]++;
    }
  }
  return 0;
}

static bool op_needed(const struct lines *lines, const struct op *op) {
  for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
    if (lines->items[lines->of_tensor[t]].set.count > 0) return true;
  }
  return false;
}

/* Their sum over all ops does not overflow. */
static uint64_t refetched_bytes(const struct growth *growth, uint32_t op) {
  const struct graph *graph = growth->model->graph;
  uint64_t most = INT64_MAX / graph->op_count, weights = growth->fetched_bytes[op];
  if (weights == 0 || !growth->whole[op]) return 0;
  uint64_t times = saturate_multiply(fetches_least(growth->model, op), graph->batch);
  uint64_t bytes = saturate_multiply(weights, times - 1);
  return bytes < most ? bytes : most;
}

static int growth_read_network(struct growth *growth, struct lines *lines, bool streams_whole) {
  const struct graph *graph = growth->model->graph;
  uint64_t all[GRAPH_MAX_SET_WORDS] = {0};
  uint32_t count = 0;
  for (uint32_t v = 0; v < graph->op_count; v++) bitset_add(all, v);
  if (lines_build(lines, all) != 0) return -1;
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    growth->whole_bytes[t] = graph->tensors[t].rows * growth->model->row_bytes[t] * graph->batch;
  }
  for (uint32_t v = 0; v < graph->op_count; v++) {
    const struct op *op = &graph->ops[v];
    uint32_t output = op->first_output, needed = lines->items[lines->of_tensor[output]].set.count;
    growth->plain[v] = op->output_count == 1 && needed > 0;
    growth->whole[v] = growth->plain[v] && needed == graph->tensors[output].rows;
    growth->fetched_bytes[v] = op_needed(lines, op) ? growth->model->weight_bytes[v] : 0;
    if (streams_whole) growth->refetched_bytes[v] = refetched_bytes(growth, v);
    if (growth_find_reads(growth, lines, v, &count) != 0) return -1;
    growth->first_read[v + 1] = count;
  }
  return 0;
}

int growth_create(struct growth *out, const struct sim_model *model, bool streams_whole, struct error *err) {
  struct lines lines;
  *out = (struct growth){.model = model};
  if (lines_create(&lines, model, err) != 0) return -1;
  int status = growth_allocate(out);
  if (status == 0) status = growth_read_network(out, &lines, streams_whole);
  lines_free(&lines);
  if (status == 0) return 0;
  growth_free(out);
  return error_memory(err);
}

/* ---- growing ---- */

static void growth_store(struct growth *growth, uint32_t tensor) {
  growth->out_bytes += growth->whole_bytes[tensor];
  growth->stored_count++;
  growth->stored_ops += growth->model->graph->tensors[tensor].producer;
}

static void growth_unstore(struct growth *growth, uint32_t tensor) {
  growth->out_bytes -= growth->whole_bytes[tensor];
  growth->stored_count--;
  growth->stored_ops -= growth->model->graph->tensors[tensor].producer;
}

static bool comes_from_group(const struct growth *growth, const struct tensor *tensor) {
  return tensor->producer != GRAPH_NO_OP && bitset_has(growth->group, tensor->producer);
}

void growth_add(struct growth *growth, uint32_t v) {
  const struct graph *graph = growth->model->graph;
  const struct op *op = &graph->ops[v];
  for (uint32_t i = growth->first_read[v]; i < growth->first_read[v + 1]; i++) {
    uint32_t t = growth->reads[i].tensor;
    uint64_t bytes = growth->reads[i].least_bytes;
    growth->replaced[growth->depth++] = growth->loaded[t];
    if (comes_from_group(growth, &graph->tensors[t])) {
      if (--growth->outside[t] == 0 && !graph->tensors[t].is_output) growth_unstore(growth, t);
    } else if (bytes > growth->loaded[t]) {
      growth->in_bytes += bytes - growth->loaded[t];
      growth->loaded[t] = bytes;
    }
  }
  for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
    growth->outside[t] = growth->readers[t];
    if (growth->readers[t] > 0 || graph->tensors[t].is_output) growth_store(growth, t);
  }
  growth->weight_bytes += growth->fetched_bytes[v];
  growth->further_bytes += growth->refetched_bytes[v];
  growth->odd_ops += !growth->plain[v];
  bitset_add(growth->group, v);
}

void growth_remove(struct growth *growth, uint32_t v) {
  const struct graph *graph = growth->model->graph;
  const struct op *op = &graph->ops[v];
  bitset_remove(growth->group, v);
  growth->odd_ops -= !growth->plain[v];
  growth->weight_bytes -= growth->fetched_bytes[v];
  growth->further_bytes -= growth->refetched_bytes[v];
  for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
    if (growth->readers[t] > 0 || graph->tensors[t].is_output) growth_unstore(growth, t);
  }
  for (uint32_t i = growth->first_read[v + 1]; i-- > growth->first_read[v];) {
    uint32_t t = growth->reads[i].tensor;
    uint64_t before = growth->replaced[--growth->depth];
    if (comes_from_group(growth, &graph->tensors[t])) {
      if (growth->outside[t]++ == 0 && !graph->tensors[t].is_output) growth_store(growth, t);
    } else {
      growth->in_bytes -= growth->loaded[t] - before;
      growth->loaded[t] = before;
    }
  }
}

bool growth_closed(const struct growth *growth, uint32_t *exit) {
  if (growth->odd_ops > 0 || growth->stored_count != 1) return false;
  *exit = growth->stored_ops;
  return growth->whole[*exit];
}

/* ---- what cannot be avoided ---- */

/* Bytes of the tensor that groups of the counted ops must load. */
static uint64_t least_loaded(const struct growth *growth, uint32_t tensor, const uint64_t *counted) {
  const struct graph *graph = growth->model->graph;
  const struct tensor *from = &graph->tensors[tensor];
  uint64_t most = 0;
  for (uint32_t c = 0; c < from->consumer_count; c++) {
    uint32_t v = graph->tensors[from->consumers[c]].producer;
    if (!bitset_has(counted, v)) continue;
    for (uint32_t i = growth->first_read[v]; i < growth->first_read[v + 1]; i++) {
      const struct growth_read *read = &growth->reads[i];
      if (read->tensor == tensor && read->least_bytes > most) most = read->least_bytes;
    }
  }
  return most;
}

static bool leaves(const struct growth *growth, uint32_t tensor, const uint64_t *counted) {
  const struct graph *graph = growth->model->graph;
  const struct tensor *from = &graph->tensors[tensor];
  for (uint32_t c = 0; c < from->consumer_count; c++) {
    if (!bitset_has(counted, graph->tensors[from->consumers[c]].producer)) return true;
  }
  return from->is_output;
}

uint64_t growth_least_bytes(const struct growth *growth, const uint64_t *ops, const uint64_t *fuseable) {
  const struct graph *graph = growth->model->graph;
  uint64_t counted[GRAPH_MAX_SET_WORDS], bytes = 0;
  bitset_and(counted, ops, fuseable, graph->set_words);
  for BITSET_EACH (v, counted, graph->set_words) {
    bool may_stay = growth->fetched_bytes[v] <= growth->model->hw.buffer_capacity_bytes;
    bytes += growth->fetched_bytes[v] + (may_stay ? 0 : growth->refetched_bytes[v]);
  }
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    uint32_t producer = graph->tensors[t].producer;
    if (producer == GRAPH_NO_OP || !bitset_has(counted, producer)) {
      bytes += least_loaded(growth, t, counted);
    } else if (leaves(growth, t, counted)) {
      bytes += growth->whole_bytes[t];
    }
  }
  return bytes;
}
