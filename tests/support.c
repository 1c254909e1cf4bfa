#include "support.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/onnx.h"
#include "graph/onnx.pb-c.h"
#include "util/file.h"

const char *const support_networks[SUPPORT_NETWORKS] = {
    "alexnet",           "deeplabv3_mobilenet_v3_large", "efficientnet_b0", "efficientnet_b3", "mobilenet_v2",
    "mobilenet_v3_large", "mobilenet_v3_small",          "resnet101",       "resnet152",       "resnet18",
    "resnet50",          "squeezenet1_0",                "squeezenet1_1",   "vgg16",
};

const char *support_path(const char *below) {
  static char path[4096];
  const char *top = getenv("SPILLWAY_SOURCE_DIR");
  snprintf(path, sizeof path, "%s/%s", top == NULL ? "." : top, below);
  return path;
}

struct graph *support_network(const char *name) {
  char below[256];
  const struct onnx_options options = ONNX_OPTIONS_INIT;
  struct error err = ERROR_INIT;
  struct graph *graph = NULL;
  snprintf(below, sizeof below, "configs/networks/%s.onnx", name);
  int status = onnx_import(&graph, support_path(below), &options, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  return graph;
}

/* Height and width of the image; returns the rows that it had. */
static int64_t scale_input(Onnx__GraphProto *graph, uint32_t factor) {
  Onnx__TensorShapeProto *shape = graph->input[0]->type->tensor_type->shape;
  ck_assert_uint_eq(shape->n_dim, 4);
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
    ck_assert_ptr_nonnull(graph->output[0]->name);
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
static void scale_resizes(Onnx__GraphProto *graph, int64_t image_rows, uint32_t factor) {
  for (size_t n = 0; n < graph->n_node; n++) {
    if (strcmp(graph->node[n]->op_type, "Resize") != 0) continue;
    const Onnx__NodeProto *sizes = find_producer(graph, graph->node[n]->input[3]);
    ck_assert(sizes != NULL && strcmp(sizes->op_type, "Concat") == 0 && sizes->n_input == 2);
    const Onnx__NodeProto *numbers = find_producer(graph, sizes->input[1]);
    ck_assert(numbers != NULL && strcmp(numbers->op_type, "Constant") == 0 && numbers->n_attribute == 1);
    scale_sizes(numbers->attribute[0]->t, image_rows, factor);
  }
}

static Onnx__ModelProto *read_model(const char *path) {
  struct error err = ERROR_INIT;
  char *bytes;
  size_t length;
  int status = file_read(&bytes, &length, path, (size_t)1 << 30, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, length, (const uint8_t *)bytes);
  free(bytes);
  ck_assert_ptr_nonnull(model);
  return model;
}

struct graph *support_network_scaled(const char *name, uint32_t factor) {
  char below[256];
  const struct onnx_options options = ONNX_OPTIONS_INIT;
  struct error err = ERROR_INIT;
  struct graph *graph = NULL;
  snprintf(below, sizeof below, "configs/networks/%s.onnx", name);
  Onnx__ModelProto *model = read_model(support_path(below));
  scale_resizes(model->graph, scale_input(model->graph, factor), factor);
  drop_classifier(model->graph);
  size_t length = onnx__model_proto__get_packed_size(model);
  uint8_t *bytes = malloc(length);
  ck_assert_ptr_nonnull(bytes);
  onnx__model_proto__pack(model, bytes);
  onnx__model_proto__free_unpacked(model, NULL);
  int status = onnx_import_memory(&graph, bytes, length, name, &options, &err);
  free(bytes);
  ck_assert_msg(status == 0, "%s", err.message);
  return graph;
}

struct hw support_hw(uint64_t capacity_bytes) {
  struct hw hw = hw_default();
  hw.buffer_capacity_bytes = capacity_bytes;
  return hw;
}
