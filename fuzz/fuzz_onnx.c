/* Any bytes as an ONNX file: no crash, one line of message, and what is imported is a graph
 * whose every row map stays inside its input. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "graph/onnx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_table(const struct row_map *map, const struct tensor *output, const struct tensor *input) {
  for (uint32_t r = 0; r < output->rows; r++) {
    if (map->spans[r].count == 0) continue;
    if (map->spans[r].first >= input->rows || map->spans[r].count > input->rows - map->spans[r].first) abort();
  }
}

static void fuzz_tensor(const struct graph *graph, uint32_t t) {
  const struct tensor *tensor = &graph->tensors[t];
  if (tensor->rows == 0 || tensor->row_elements == 0 || tensor->row_elements > GRAPH_MAX_ELEMENTS) abort();
  if ((tensor->producer == GRAPH_NO_OP) != (tensor->input_count == 0)) abort();
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    const struct row_map *map = &tensor->inputs[i].map;
    if (tensor->inputs[i].tensor >= t) abort();
    if (map->kind == ROW_TABLE) fuzz_table(map, tensor, &graph->tensors[tensor->inputs[i].tensor]);
    if (map->kind == ROW_STREAMED && tensor->rows != 1) abort();
    if (map->kind == ROW_WINDOW && (map->kernel == 0 || map->dilation == 0)) abort();
  }
}

static void fuzz_graph(const struct graph *graph) {
  bool has_output = false;
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    fuzz_tensor(graph, t);
    has_output = has_output || graph->tensors[t].is_output;
  }
  if (!has_output || graph->op_count == 0 || graph->batch == 0) abort();
  for (uint32_t v = 0; v < graph->op_count; v++) {
    if (graph_find_op(graph, graph->ops[v].name) != v || graph->ops[v].out_channels == 0) abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const struct onnx_options options = {.fold_batch_norm = size % 2 != 0};
  struct graph *graph = NULL;
  struct error err = ERROR_INIT;
  if (onnx_import_memory(&graph, data, size, "fuzz.onnx", &options, &err) == 0) {
    fuzz_graph(graph);
    graph_free(graph);
  } else if (err.kind == ERROR_NONE || strlen(err.message) == 0 || strchr(err.message, '\n') != NULL) {
    abort();
  }
  return 0;
}
