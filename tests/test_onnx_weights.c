/* What counts as weights, with and without their numbers in the file; batches. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "onnx_model.h"

static const struct counted {
  const char *what;
  int64_t opset;
  const char *model;
  uint64_t weights, biases, macs; /* of all ops */
} counted[] = {
    {"convolution with bias", 13,
     "in x 1,3,8,8; weight w 16,3,3,3; weight b 16; Conv x w b -> y pads=[1,1,1,1]; out y", 16 * 3 * 9, 16,
     16 * 3 * 9 * 64},
    {"convolution in groups", 13, "in x 1,8,4,4; weight w 8,2,1,1; Conv x w -> y group=4; out y", 16, 0, 16 * 16},
    {"depthwise convolution", 13, "in x 1,8,4,4; weight w 8,1,3,3; Conv x w -> y group=8; out y", 72, 0, 72 * 4},
    {"transposed convolution in groups", 13,
     "in x 1,8,4,4; weight w 8,3,2,2; weight b 12; ConvTranspose x w b -> y group=4 strides=[2,2]; out y", 96, 12,
     96 * 16},
    {"batch normalisation has four vectors", 13,
     "in x 1,6,4,4; weight v 6; BatchNormalization x v v v v -> y; out y", 24, 0, 0},
    {"fully connected layer", 13, "in x 1,10; weight w 7,10; weight b 7; Gemm x w b -> y transB=1; out y", 70, 7, 70},
    {"fully connected layer with one bias for all", 13, "in x 1,10; weight w 10,7; float b 1; Gemm x w b -> y; out y",
     70, 1, 70},
    {"product with weights", 13, "in x 1,5,10; weight w 10,7; MatMul x w -> y; out y", 70, 0, 350},
    {"product of activations has none", 13, "in x 1,5,10; in z 1,10,7; MatMul x z -> y; out y", 0, 0, 350},
    {"product by Einsum", 13, "in x 1,2,5,8; in z 1,2,7,8; Einsum x z -> y equation=bhid,bhjd->bhij; out y", 0, 0,
     2 * 5 * 7 * 8},
    {"product with weights by Einsum", 13, "in x 3,5,8; weight w 8,7; Einsum x w -> y equation=bid,dk->bik; out y", 56,
     0, 5 * 7 * 8},
    {"weights on the left", 13, "in x 1,5,4; weight w 7,5; MatMul w x -> y; out y", 35, 0, 140},
    {"channels scaled", 13, "in x 1,3,4,4; weight s 3,1,1; Mul x s -> y; out y", 3, 0, 0},
    {"position embedding", 13, "in x 1,5,8; weight p 1,5,8; Add x p -> y; out y", 40, 0, 0},
    {"a scalar counts as part of the operation", 13, "in x 1,3,4,4; float s 2; Mul x s -> y; out y", 0, 0, 0},
    {"a vector of one number too", 13, "in x 1,3,4,4; floats s 2; Div x s -> y; out y", 0, 0, 0},
    {"a Constant node as a scalar too", 13, "in x 1,3,4,4; Constant -> s value={=2.0}; Mul x s -> y; out y", 0, 0, 0},
    {"bounds of Clip", 13, "in x 1,3,4,4; float a 0; float b 6; Clip x a b -> y; out y", 0, 0, 0},
    {"slopes of PRelu", 13, "in x 1,3,4,4; weight s 3,1,1; PRelu x s -> y; out y", 3, 0, 0},
    {"layer normalisation", 17, "in x 1,5,8; weight s 8; weight b 8; LayerNormalization x s b -> y; out y", 16, 0, 0},
    {"instance normalisation", 13, "in x 1,3,4,4; weight s 3; InstanceNormalization x s s -> y; out y", 6, 0, 0},
    {"class token", 13, "in x 1,4,8; weight c 1,1,8; Concat c x -> y axis=1; out y", 8, 0, 0},
    {"class token of a batch is stored once", 13,
     "in x 5,4,8; weight c 1,1,8; ints r 5,1,8; Expand c r -> e; ints t 5,1,8; Reshape e t -> f;"
     "Concat f x -> y axis=1; out y",
     8, 0, 0},
    {"a table of which the input picks rows", 13, "in x 1,4; weight t 100,8; Gather t x -> y; out y", 800, 0, 0},
    {"weights that were transposed before", 13,
     "in x 1,5,10; weight w 7,10; Transpose w -> t; MatMul x t -> y; out y", 70, 0, 350},
    {"weights that were reshaped and quantised before", 13,
     "in x 1,3,4,4; weight w 6; ints s 2,3,1,1; Reshape w s -> r; float q 1; Mul r q -> t; Conv x t -> y; out y", 6, 0,
     96},
};

static void check_counted(const struct counted *row) {
  struct graph *graph = onnx_model_import(row->opset, row->model);
  uint64_t macs = 0;
  for (uint32_t v = 0; v < graph->op_count; v++) macs += graph->ops[v].macs;
  ck_assert_msg(onnx_model_weights(graph) == row->weights, "%s: %d weights, expected %d", row->what,
                (int)onnx_model_weights(graph), (int)row->weights);
  ck_assert_msg(onnx_model_biases(graph) == row->biases, "%s: %d biases", row->what, (int)onnx_model_biases(graph));
  ck_assert_msg(macs == row->macs, "%s: %d macs, expected %d", row->what, (int)macs, (int)row->macs);
  ck_assert_uint_eq(graph->op_count, 1);
  graph_free(graph);
}

START_TEST(weights_and_multiply_accumulates_are_counted) {
  for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++) check_counted(&counted[i]);
}
END_TEST

START_TEST(weights_divide_by_output_channels) {
  static const struct {
    const char *model;
    uint32_t channels;
  } rows[] = {
      {"in x 1,3,4,4; weight w 16,3,1,1; Conv x w -> y; out y", 16},
      {"in x 1,8,4,4; weight w 8,3,1,1; ConvTranspose x w -> y group=2; out y", 6},
      {"in x 1,10; weight w 7,10; Gemm x w -> y transB=1; out y", 7},
      {"in x 1,5,10; weight w 10,7; MatMul x w -> y; out y", 7},
      {"in x 1,5,4; weight w 7,5; MatMul w x -> y; out y", 7},
      {"in x 1,3,4,4; weight s 3,1,1; Mul x s -> y; out y", 1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct graph *graph = onnx_model_import(13, rows[i].model);
    ck_assert_msg(graph->ops[0].out_channels == rows[i].channels, "%u channels: %s", graph->ops[0].out_channels,
                  rows[i].model);
    graph_free(graph);
  }
}
END_TEST

/* ---- batch normalisation ---- */

#define NORMALISED(host)                                              \
  "in x 1,4,6,6; weight w 4,4,3,3; weight b 4; weight v 4;" host       \
  "BatchNormalization c v v v v -> n; Relu n -> y; out y"

START_TEST(batch_normalisation_is_folded_only_if_asked_and_possible) {
  const struct onnx_options fold = {.fold_batch_norm = true};
  static const struct {
    const char *model, *types;
    uint64_t weights, biases;
  } rows[] = {
      {NORMALISED("Conv x w -> c;"), "Conv Relu", 144, 4},
      {NORMALISED("Conv x w b -> c;"), "Conv Relu", 144, 4},
      {NORMALISED("ConvTranspose x w -> c;"), "ConvTranspose Relu", 144, 4},
      {NORMALISED("Relu x -> c;"), "Relu BatchNormalization Relu", 16, 0},
      {NORMALISED("Conv x w -> c; out c;"), "Conv BatchNormalization Relu", 160, 0},
      {NORMALISED("Conv x w -> c; Sigmoid c -> s; out s;"), "Conv Sigmoid BatchNormalization Relu", 160, 0},
  };
  char types[ONNX_MODEL_TEXT_BYTES];
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct graph *graph = onnx_model_import_with(13, rows[i].model, &fold);
    ck_assert_str_eq(onnx_model_types(types, graph), rows[i].types);
    ck_assert_uint_eq(onnx_model_weights(graph), rows[i].weights);
    ck_assert_uint_eq(onnx_model_biases(graph), rows[i].biases);
    graph_free(graph);
  }
  struct graph *graph = onnx_model_import(13, rows[0].model);
  ck_assert_str_eq(onnx_model_types(types, graph), "Conv BatchNormalization Relu");
  ck_assert_uint_eq(onnx_model_weights(graph), 160);
  graph_free(graph);
}
END_TEST

/* ---- stripped files ---- */

#define TAIL                                                                                            \
  "Conv x w b -> c pads=[1,1,1,1]; BatchNormalization c v v v v -> n; Relu n -> r; GlobalAveragePool r -> p;" \
  "Flatten p -> f; Gemm f g h -> y transB=1; out y"
#define PARAMETERS(kind) \
  kind " w 8,3,3,3;" kind " b 8;" kind " v 8;" kind " g 10,8;" kind " h 10;"

START_TEST(stripped_weights_give_the_same_graph) {
  static const char *const models[] = {
      "in x 1,3,8,8;" PARAMETERS("weight") TAIL,
      "in x 1,3,8,8;" PARAMETERS("external") TAIL,
      "in x 1,3,8,8;" PARAMETERS("in") PARAMETERS("weight") TAIL, /* as old files list them */
      "in x 1,3,8,8;" PARAMETERS("in") TAIL,                      /* as files without parameters do */
  };
  struct graph *full = onnx_model_import(13, "in x 1,3,8,8;" PARAMETERS("data") TAIL);
  ck_assert_uint_eq(onnx_model_weights(full), 8 * 27 + 4 * 8 + 80);
  ck_assert_uint_eq(onnx_model_biases(full), 8 + 10);
  for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
    struct graph *graph = onnx_model_import(13, models[i]);
    ck_assert_msg(onnx_model_same(full, graph), "%s", models[i]);
    graph_free(graph);
  }
  graph_free(full);
}
END_TEST

/* Two networks that take two pictures: no input of theirs is a parameter. */
START_TEST(inputs_that_hold_data_stay_inputs) {
  char text[ONNX_MODEL_TEXT_BYTES];
  struct graph *graph = onnx_model_import(
      13, "in x 1,3,4,4; in w 2,3,1,1; in z 1,3,4,4; Conv x w -> a; Conv z w -> b; Add a b -> y; out y");
  ck_assert_str_eq(onnx_model_types(text, graph), "Conv Conv Add");
  ck_assert_str_eq(onnx_model_rows(text, graph, "b"), "z:0|1|2|3");
  ck_assert_uint_eq(onnx_model_weights(graph), 12);
  graph_free(graph);
  graph = onnx_model_import(13, "in x 1,3,4; in z 4,4; MatMul x z -> y; out y");
  ck_assert_str_eq(onnx_model_rows(text, graph, "y"), "x:0|1|2 z:0|0|0");
  ck_assert_uint_eq(onnx_model_weights(graph), 0);
  graph_free(graph);
}
END_TEST

/* ---- batch ---- */

#define CLASSIFIER "weight w 8,3,3,3; weight g 10,8; Conv x w -> c; GlobalAveragePool c -> p;" \
  "Flatten p -> f; Gemm f g -> y transB=1; out y"

START_TEST(an_open_batch_counts_as_one) {
  static const char *const models[] = {"in x N,3,8,8;" CLASSIFIER, "in x ?,3,8,8;" CLASSIFIER,
                                       "in x 0,3,8,8;" CLASSIFIER};
  struct graph *one = onnx_model_import(13, "in x 1,3,8,8;" CLASSIFIER);
  ck_assert_uint_eq(one->batch, 1);
  for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
    struct graph *graph = onnx_model_import(13, models[i]);
    ck_assert_msg(onnx_model_same(one, graph), "%s", models[i]);
    graph_free(graph);
  }
  graph_free(one);
}
END_TEST

START_TEST(a_batch_leaves_rows_and_costs_those_of_one_image) {
  struct graph *one = onnx_model_import(13, "in x 1,3,8,8;" CLASSIFIER);
  struct graph *five = onnx_model_import(13, "in x 5,3,8,8;" CLASSIFIER);
  ck_assert_uint_eq(five->batch, 5);
  ck_assert_uint_eq(five->tensor_count, one->tensor_count);
  for (uint32_t t = 0; t < one->tensor_count; t++) {
    ck_assert_uint_eq(five->tensors[t].rows, one->tensors[t].rows);
    ck_assert_uint_eq(five->tensors[t].row_elements, one->tensors[t].row_elements);
    ck_assert_uint_eq(five->tensors[t].dims[0], 5);
  }
  for (uint32_t v = 0; v < one->op_count; v++) {
    ck_assert_uint_eq(five->ops[v].macs, one->ops[v].macs);
    ck_assert_uint_eq(five->ops[v].weight_elements, one->ops[v].weight_elements);
  }
  graph_free(one);
  graph_free(five);
}
END_TEST

/* ---- names and outputs ---- */

START_TEST(ops_are_named_after_their_nodes) {
  struct graph *graph = onnx_model_import(
      13, "in x 1,4; Relu@a x -> b; Identity b -> c; Neg c -> d; Abs@a d -> e; Relu@a_3 e -> y; out y");
  static const char *const names[] = {"a", "Neg_2", "a_3", "a_3_4"};
  ck_assert_uint_eq(graph->op_count, 4);
  for (uint32_t v = 0; v < 4; v++) ck_assert_uint_ne(graph_find_op(graph, names[v]), GRAPH_NO_OP);
  ck_assert_str_eq(graph->ops[0].name, "a");
  ck_assert_str_eq(graph->ops[1].name, "Neg_2");
  ck_assert_str_eq(graph->name, "model");
  graph_free(graph);
}
END_TEST

START_TEST(what_leads_to_no_output_is_left_out) {
  char types[ONNX_MODEL_TEXT_BYTES];
  struct graph *graph = onnx_model_import(
      13, "in x 1,4,3,3; in unused 1,2; Neg x -> a; Sin a -> dead; NoSuchOperator dead -> more;"
          "Split x -> s t axis=1; Relu a -> y; Abs s -> z; out y; out z");
  ck_assert_str_eq(onnx_model_types(types, graph), "Neg Split Relu Abs");
  ck_assert(!onnx_model_has_tensor(graph, "t"));
  ck_assert(!onnx_model_has_tensor(graph, "unused"));
  ck_assert(onnx_model_tensor(graph, "y")->is_output && onnx_model_tensor(graph, "z")->is_output);
  graph_free(graph);
}
END_TEST

START_TEST(outputs_may_be_constants_views_or_inputs_beside_real_ones) {
  struct graph *graph = onnx_model_import(
      13, "in x 1,4,3,3; Shape x -> s; Relu x -> y; Flatten y -> f; Neg f -> g; out s; out f; out x; out g");
  ck_assert_uint_eq(graph->op_count, 2);
  ck_assert(onnx_model_tensor(graph, "y")->is_output);
  graph_free(graph);
}
END_TEST

START_TEST(only_elementwise_ops_may_write_in_place) {
  static const struct {
    const char *node;
    bool elementwise;
  } rows[] = {{"Relu x -> y", true},           {"Add x x -> y", true},
              {"Clip x -> y", true},           {"BatchNormalization x v v v v -> y", true},
              {"Softmax x -> y axis=1", false}, {"MaxPool x -> y kernel_shape=[1,1]", false},
              {"Transpose x -> y", false},     {"Concat x -> y axis=1", false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char model[256];
    snprintf(model, sizeof model, "in x 1,3,4,4; weight v 3; %s; out y", rows[i].node);
    struct graph *graph = onnx_model_import(13, model);
    ck_assert_msg(onnx_model_tensor(graph, "y")->elementwise == rows[i].elementwise, "%s", rows[i].node);
    graph_free(graph);
  }
}
END_TEST

TCase *onnx_weights_case(void) {
  TCase *weights = tcase_create("weights");
  tcase_add_test(weights, weights_and_multiply_accumulates_are_counted);
  tcase_add_test(weights, weights_divide_by_output_channels);
  tcase_add_test(weights, batch_normalisation_is_folded_only_if_asked_and_possible);
  tcase_add_test(weights, stripped_weights_give_the_same_graph);
  tcase_add_test(weights, inputs_that_hold_data_stay_inputs);
  tcase_add_test(weights, an_open_batch_counts_as_one);
  tcase_add_test(weights, a_batch_leaves_rows_and_costs_those_of_one_image);
  tcase_add_test(weights, ops_are_named_after_their_nodes);
  tcase_add_test(weights, what_leads_to_no_output_is_left_out);
  tcase_add_test(weights, outputs_may_be_constants_views_or_inputs_beside_real_ones);
  tcase_add_test(weights, only_elementwise_ops_may_write_in_place);
  return weights;
}
