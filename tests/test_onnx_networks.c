/* The networks of configs/networks against what torchvision publishes of them. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "onnx_model.h"
#include "support.h"

/* Published: parameters and multiply-accumulates (in millions) as in torchvision's tables
 * of weights, the latter at the input size that is used there.
 *
 * The exporter folded each BatchNormalization into the convolution before it. Of scale and
 * shift, a pair for each channel, only the shift is left, as the convolution's bias. So the
 * published count is larger than the file's by one for each channel that is normalised,
 * which is the number of biases of all convolutions that had none of their own. The
 * published count of DeepLabV3 includes an auxiliary head of 3851 parameters, which is used
 * in training only. */
static const struct network {
  const char *name, *input, *output;
  uint32_t ops;
  uint64_t published_parameters, normalised_channels, auxiliary_parameters;
  double published_mega_macs;
} networks[] = {
    {"alexnet", "1,3,224,224", "1,1000", 19, 61100840, 0, 0, 714.19},
    {"deeplabv3_mobilenet_v3_large", "1,3,513,513", "1,21,513,513", 174, 11029328, 13992, 3851, 10452},
    {"efficientnet_b0", "1,3,224,224", "1,1000", 238, 5288548, 21008, 0, 385.81},
    {"efficientnet_b3", "1,3,300,300", "1,1000", 385, 12233232, 43648, 0, 1827},
    {"mobilenet_v2", "1,3,224,224", "1,1000", 99, 3504872, 17056, 0, 300.77},
    {"mobilenet_v3_large", "1,3,224,224", "1,1000", 160, 5483032, 12200, 0, 216.59},
    {"mobilenet_v3_small", "1,3,224,224", "1,1000", 140, 2542856, 6056, 0, 56.51},
    {"resnet101", "1,3,224,224", "1,1000", 240, 44549160, 52672, 0, 7801},
    {"resnet152", "1,3,224,224", "1,1000", 359, 60192808, 75712, 0, 11514},
    {"resnet18", "1,3,224,224", "1,1000", 48, 11689512, 4800, 0, 1814},
    {"resnet50", "1,3,224,224", "1,1000", 121, 25557032, 26560, 0, 4089},
    {"squeezenet1_0", "1,3,224,224", "1,1000,1,1", 64, 1248424, 0, 0, 818.92},
    {"squeezenet1_1", "1,3,224,224", "1,1000,1,1", 64, 1235496, 0, 0, 349.15},
    {"vgg16", "1,3,224,224", "1,1000", 37, 138357544, 0, 0, 15470},
};

enum { NETWORK_COUNT = sizeof networks / sizeof networks[0] };

static void check_parameters(const struct network *network) {
  struct graph *graph = support_network(network->name);
  uint64_t parameters = onnx_model_weights(graph) + onnx_model_biases(graph);
  ck_assert_uint_eq(parameters,
                    network->published_parameters - network->normalised_channels - network->auxiliary_parameters);
  graph_free(graph);
}

START_TEST(parameters_are_those_that_torchvision_publishes) {
  for (size_t i = 0; i < NETWORK_COUNT; i++) check_parameters(&networks[i]);
}
END_TEST

/* DeepLabV3 is published for photographs of about 520 pixels, not for 513 x 513. */
static void check_macs(const struct network *network) {
  struct graph *graph = support_network(network->name);
  double macs = 0, tolerance = network->auxiliary_parameters == 0 ? 0.001 : 0.01;
  for (uint32_t v = 0; v < graph->op_count; v++) macs += (double)graph->ops[v].macs;
  ck_assert_double_eq_tol(macs / 1e6 / network->published_mega_macs, 1, tolerance);
  graph_free(graph);
}

START_TEST(multiply_accumulates_are_those_that_torchvision_publishes) {
  for (size_t i = 0; i < NETWORK_COUNT; i++) check_macs(&networks[i]);
}
END_TEST

static void check_shapes(const struct network *network) {
  struct graph *graph = support_network(network->name);
  char dims[ONNX_MODEL_TEXT_BYTES];
  unsigned inputs = 0, outputs = 0;
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    const struct tensor *tensor = &graph->tensors[t];
    if (tensor->producer == GRAPH_NO_OP) {
      ck_assert_str_eq(onnx_model_dims(dims, tensor), network->input);
      inputs++;
    }
    if (!tensor->is_output) continue;
    ck_assert_str_eq(onnx_model_dims(dims, tensor), network->output);
    outputs++;
  }
  ck_assert_uint_eq(inputs, 1);
  ck_assert_uint_eq(outputs, 1);
  ck_assert_uint_eq(graph->batch, 1);
  graph_free(graph);
}

START_TEST(inputs_and_outputs_have_their_shapes) {
  for (size_t i = 0; i < NETWORK_COUNT; i++) check_shapes(&networks[i]);
}
END_TEST

static void check_ops(const struct network *network) {
  static const char *const folded[] = {"BatchNormalization", "Cast",    "Constant", "ConstantOfShape", "Dropout",
                                       "Flatten",            "Identity", "Reshape", "Shape",           "Squeeze",
                                       "Unsqueeze"};
  struct graph *graph = support_network(network->name);
  ck_assert_uint_eq(graph->op_count, network->ops);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    for (size_t f = 0; f < sizeof folded / sizeof folded[0]; f++) ck_assert_str_ne(graph->ops[v].type, folded[f]);
  }
  graph_free(graph);
}

START_TEST(only_ops_that_compute_are_left) {
  for (size_t i = 0; i < NETWORK_COUNT; i++) check_ops(&networks[i]);
}
END_TEST

static uint64_t tensor_elements(const struct tensor *tensor) {
  uint64_t elements = 1;
  for (uint32_t d = 0; d < tensor->rank; d++) elements *= tensor->dims[d];
  return elements;
}

static void check_order(const struct network *network) {
  struct graph *graph = support_network(network->name);
  for (uint32_t e = 0; e < graph->edge_count; e++) ck_assert_uint_lt(graph->edges[e].from, graph->edges[e].to);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    const struct op *op = &graph->ops[v];
    ck_assert_uint_eq(op->output_count, 1);
    const struct tensor *out = &graph->tensors[op->first_output];
    ck_assert_uint_ge(out->input_count, 1);
    ck_assert(out->is_output || out->consumer_count > 0);
    ck_assert_uint_eq((uint64_t)out->rows * out->row_elements, tensor_elements(out));
  }
  graph_free(graph);
}

START_TEST(labels_are_a_topological_order_and_everything_is_connected) {
  for (size_t i = 0; i < NETWORK_COUNT; i++) check_order(&networks[i]);
}
END_TEST

TCase *onnx_networks_case(void) {
  TCase *networks_case = tcase_create("networks");
  tcase_set_timeout(networks_case, 60);
  tcase_add_test(networks_case, parameters_are_those_that_torchvision_publishes);
  tcase_add_test(networks_case, multiply_accumulates_are_those_that_torchvision_publishes);
  tcase_add_test(networks_case, inputs_and_outputs_have_their_shapes);
  tcase_add_test(networks_case, only_ops_that_compute_are_left);
  tcase_add_test(networks_case, labels_are_a_topological_order_and_everything_is_connected);
  return networks_case;
}
