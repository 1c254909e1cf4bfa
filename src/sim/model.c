#include "sim/model.h"

#include <stdlib.h>
#include <string.h>

static uint64_t bits_to_bytes(uint64_t elements, uint32_t bits) { return (elements * bits + 7) / 8; }

/* Bytes that the most wasteful plan moves: every tensor once per reader and once out. */
static int model_check_total(const struct sim_model *model, struct error *err) {
  const struct graph *graph = model->graph;
  uint64_t total = 0;
  bool overflow = false;
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    const struct tensor *tensor = &graph->tensors[t];
    uint64_t bytes;
    overflow |= __builtin_mul_overflow(model->row_bytes[t], tensor->rows * graph->batch, &bytes);
    overflow |= __builtin_mul_overflow(bytes, (uint64_t)tensor->consumer_count + 1, &bytes);
    overflow |= __builtin_add_overflow(total, bytes, &total);
  }
  for (uint32_t v = 0; v < graph->op_count; v++) {
    overflow |= __builtin_add_overflow(total, model->weight_bytes[v], &total);
  }
  if (!overflow && total <= INT64_MAX) return 0;
  return error_set(err, ERROR_INPUT, "network '%s' moves more than 2^63 bytes; is a dimension wrong?", graph->name);
}

/* A Concat along the channels of maps of the same size. */
static bool joins_channels(const struct graph *graph, const struct op *op) {
  const struct tensor *out = &graph->tensors[op->first_output];
  uint64_t channels = 0;
  if (strcmp(op->type, "Concat") != 0 || out->rank != 4) return false;
  for (uint32_t i = 0; i < out->input_count; i++) {
    const struct tensor *in = &graph->tensors[out->inputs[i].tensor];
    bool same = in->rank == 4 && in->dims[2] == out->dims[2] && in->dims[3] == out->dims[3];
    if (!same || in->rows != out->rows) return false;
    channels += in->dims[1];
  }
  return channels == out->dims[1];
}

static enum sim_kind op_kind(const struct graph *graph, const struct op *op) {
  static const char *const pools[] = {"MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"};
  const struct op_work *work = &op->work;
  if (op->output_count != 1) return SIM_OTHER;
  if (graph->tensors[op->first_output].elementwise) return SIM_CHANNELWISE;
  for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
    if (strcmp(op->type, pools[i]) == 0) return SIM_CHANNELWISE;
  }
  if (joins_channels(graph, op)) return SIM_JOIN;
  if (work->filters == 0 || op->weight_elements == 0) return SIM_OTHER;
  if (work->groups == 1) return SIM_DENSE;
  return work->groups == work->channels && work->groups == work->filters ? SIM_CHANNELWISE : SIM_OTHER;
}

int sim_model_create(struct sim_model *out, const struct graph *graph, const struct hw *hw, struct error *err) {
  *out = (struct sim_model){.graph = graph, .hw = *hw};
  out->row_bytes = malloc(graph->tensor_count * sizeof *out->row_bytes);
  out->weight_bytes = malloc(graph->op_count * sizeof *out->weight_bytes);
  out->kinds = malloc(graph->op_count * sizeof *out->kinds);
  if (out->row_bytes == NULL || out->weight_bytes == NULL || out->kinds == NULL) {
    sim_model_free(out);
    return error_memory(err);
  }
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    out->row_bytes[t] = bits_to_bytes(graph->tensors[t].row_elements, hw->activation_bits);
  }
  for (uint32_t v = 0; v < graph->op_count; v++) {
    const struct op *op = &graph->ops[v];
    out->weight_bytes[v] =
        bits_to_bytes(op->weight_elements, hw->weight_bits) + bits_to_bytes(op->bias_elements, hw->bias_bits);
    out->kinds[v] = op_kind(graph, op);
  }
  if (model_check_total(out, err) == 0) return 0;
  sim_model_free(out);
  return -1;
}

void sim_model_free(struct sim_model *model) {
  free(model->row_bytes);
  free(model->weight_bytes);
  free(model->kinds);
  *model = (struct sim_model){0};
}
