#include "scaled_network.h"

#include <stdlib.h>
#include <string.h>

#include "graph/onnx.h"
#include "graph/onnx.pb-c.h"
#include "util/file.h"

/* Height and width of the image; returns the rows that it had. */
static int64_t scale_input(Onnx__GraphProto *graph, uint32_t factor) {
  Onnx__TensorShapeProto *shape = graph->input[0]->type->tensor_type->shape;
  int64_t rows = shape->dim[2]->dim_value;
  for (size_t d = 2; d < 4; d++) shape->dim[d]->dim_value *= factor;
  return rows;
}

/* A classifier behind a pooling to a fixed number of rows fits one image size only: the
 * network then ends before it. */
static void drop_classifier(Onnx__GraphProto *graph) {
  for (size_t n = 0; n < graph->n_node; n++) {
    if (strcmp(graph->node[n]->op_type, "AveragePool") != 0) continue;
    free(graph->output[0]->name);
    graph->output[0]->name = strdup(graph->node[n]->output[0]);
    onnx__type_proto__free_unpacked(graph->output[0]->type, NULL);
    graph->output[0]->type = NULL;
  }
}

static Onnx__NodeProto *find_producer(const Onnx__GraphProto *graph, const char *value) {
  for (size_t n = 0; n < graph->n_node; n++) {
    if (strcmp(graph->node[n]->output[0], value) == 0) return graph->node[n];
  }
  return NULL;
}

/* Exported as a number, the height of some map in the network: it follows the image's,
 * divided by the strides before it and rounded up. */
static void scale_sizes(Onnx__TensorProto *tensor, int64_t image_rows, uint32_t factor) {
  for (size_t i = 0; i < tensor->raw_data.len / sizeof(int64_t); i++) {
    int64_t rows;
    memcpy(&rows, tensor->raw_data.data + i * sizeof rows, sizeof rows);
    int64_t strides = (image_rows + rows / 2) / rows;
    rows = (image_rows * factor + strides - 1) / strides;
    memcpy(tensor->raw_data.data + i * sizeof rows, &rows, sizeof rows);
  }
}

/* The sizes that a Resize is told: the batch and channels of a Shape, then two numbers. */
static int scale_resizes(Onnx__GraphProto *graph, int64_t image_rows, uint32_t factor, struct error *err) {
  for (size_t n = 0; n < graph->n_node; n++) {
    if (strcmp(graph->node[n]->op_type, "Resize") != 0) continue;
    const Onnx__NodeProto *sizes = find_producer(graph, graph->node[n]->input[3]);
    bool concatenated = sizes != NULL && strcmp(sizes->op_type, "Concat") == 0 && sizes->n_input == 2;
    const Onnx__NodeProto *numbers = concatenated ? find_producer(graph, sizes->input[1]) : NULL;
    if (numbers == NULL || strcmp(numbers->op_type, "Constant") != 0 || numbers->n_attribute != 1) {
      return error_set(err, ERROR_INPUT, "the sizes of '%s' are not a Concat with a Constant", graph->node[n]->name);
    }
    scale_sizes(numbers->attribute[0]->t, image_rows, factor);
  }
  return 0;
}

static int scale_model(struct graph **out, Onnx__ModelProto *model, const char *path, uint32_t factor,
                       struct error *err) {
  const struct onnx_options options = ONNX_OPTIONS_INIT;
  if (scale_resizes(model->graph, scale_input(model->graph, factor), factor, err) != 0) return -1;
  drop_classifier(model->graph);
  size_t length = onnx__model_proto__get_packed_size(model);
  uint8_t *bytes = malloc(length);
  if (bytes == NULL) return error_memory(err);
  onnx__model_proto__pack(model, bytes);
  int status = onnx_import_memory(out, bytes, length, path, &options, err);
  free(bytes);
  return status;
}

int scaled_network_import(struct graph **out, const char *path, uint32_t factor, struct error *err) {
  char *bytes;
  size_t length;
  if (file_read(&bytes, &length, path, (size_t)1 << 30, err) != 0) return -1;
  Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, length, (const uint8_t *)bytes);
  free(bytes);
  if (model == NULL) return error_set(err, ERROR_INPUT, "%s cannot be unpacked", path);
  int status = scale_model(out, model, path, factor, err);
  onnx__model_proto__free_unpacked(model, NULL);
  return status;
}
