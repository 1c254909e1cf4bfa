/* Small networks of torchvision's families as PyTorch exports them, from tests/data/onnx. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx_model.h"
#include "support.h"
#include "util/file.h"

static struct graph *block_import(const char *name, int64_t opset) {
  char below[256], *text;
  size_t length;
  struct error err = ERROR_INIT;
  snprintf(below, sizeof below, "tests/data/onnx/%s-%d.txt", name, (int)opset);
  int status = file_read(&text, &length, support_path(below), 1 << 20, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  struct graph *graph = onnx_model_import(opset, text);
  free(text);
  return graph;
}

/* Parameters as PyTorch counts them. Of each channel whose normalisation the exporter folded
 * into a convolution one of two is left; a normalisation that it left has two further
 * vectors, the mean and the variance. A relative position bias of w x w windows and h heads
 * is a table of (2w-1)^2 * h, from which the exporter gathered w^4 * h; and the mask that
 * shifted windows are given is w^4 for each window. */
static const struct block {
  const char *name;
  int64_t opset;
  uint64_t parameters, folded_channels, other_channels, expanded;
  const char *output;
} blocks[] = {
    {"vit", 11, 6861, 0, 0, 0, "1,5"},
    {"vit", 13, 6861, 0, 0, 0, "1,5"},
    {"vit", 17, 6861, 0, 0, 0, "1,5"},
    {"vit-dynamic", 14, 6861, 0, 0, 0, "1,5"},
    {"swin", 11, 2249, 0, 0, 2 * (16 - 9) * 2 + 4 * 16, "1,5"},
    {"swin", 17, 2249, 0, 0, 2 * (16 - 9) * 2 + 4 * 16, "1,5"},
    {"swin-dynamic", 13, 2249, 0, 0, 2 * (16 - 9) * 2 + 4 * 16, "1,5"},
    {"maxvit", 13, 3910, 72, 8, 2 * (16 - 9) * 2, "1,5"},
    {"convnext", 11, 5021, 0, 0, 0, "1,5"},
    {"convnext", 13, 5021, 0, 0, 0, "1,5"},
    {"convnext", 17, 5021, 0, 0, 0, "1,5"},
    {"shufflenet", 13, 1925, 160, 0, 0, "1,5"},
    {"densenet", 13, 4621, 72, 72, 0, "1,5"},
    {"inception", 13, 1161152, 1096, 0, 0, "1,708,8,8"},
    {"fcn", 11, 1972, 4, 0, 0, "1,4,33,33"},
    {"fcn", 13, 1972, 4, 0, 0, "1,4,33,33"},
    {"fcn", 17, 1972, 4, 0, 0, "1,4,33,33"},
    {"deeplab", 11, 2777, 20, 0, 0, "1,5,33,33"},
    {"deeplab", 13, 2777, 20, 0, 0, "1,5,33,33"},
    {"deeplab", 17, 2777, 20, 0, 0, "1,5,33,33"},
    {"lraspp", 11, 1712, 8, 0, 0, "1,4,33,33"},
    {"lraspp", 13, 1712, 8, 0, 0, "1,4,33,33"},
    {"lraspp", 17, 1712, 8, 0, 0, "1,4,33,33"},
    {"lraspp-dynamic", 13, 1712, 8, 0, 0, "1,4,33,33"},
};

static void check_block(const struct block *block) {
  char dims[ONNX_MODEL_TEXT_BYTES];
  struct graph *graph = block_import(block->name, block->opset);
  uint64_t parameters = onnx_model_weights(graph) + onnx_model_biases(graph);
  uint64_t expected = block->parameters - block->folded_channels + 2 * block->other_channels + block->expanded;
  ck_assert_msg(parameters == expected, "%s-%d: %d parameters, expected %d", block->name, (int)block->opset,
                (int)parameters, (int)expected);
  ck_assert_str_eq(onnx_model_dims(dims, onnx_model_tensor(graph, "y")), block->output);
  graph_free(graph);
}

START_TEST(every_family_of_torchvision_imports_with_its_parameters) {
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) check_block(&blocks[i]);
}
END_TEST

static const struct place {
  const char *what, *name;
  int64_t opset;
  const char *tensor, *rows;
} places[] = {
    {"patches become tokens all at once", "vit", 13, "v26", "v23:01|01|01|01"},
    {"the class token goes before them", "vit", 13, "v35", "v26:|0|1|2|3"},
    {"scores take all keys for each query", "vit", 13, "v79", "v77:0|1|2|3|4 v78:0123|0123|0123|0123|0123"},
    {"attention goes from query to query", "vit", 13, "v80", "v79:0|1|2|3|4"},
    {"the second layer of the perceptron goes from token to token", "vit", 13, "v111", "v110:0|1|2|3|4"},
    {"the head reads the class token alone", "vit", 13, "v125", "v124:0"},
    {"windows are cut by one Transpose", "swin", 17, "v120", "v94:0123|0123"},
    {"rows are rolled", "swin", 17, "v307", "v302:0|1|2| v306:|||0"},
    {"rows are rolled back", "swin", 17, "v1116", "v1111:0||| v1115:|0|1|2"},
    {"scores of windows take the position bias and the mask", "swin", 17, "v1046", "v370:0|1|2|3"},
    {"attention in grids", "maxvit", 13, "v141", "v134:0|1|2|3 v140:0123|0123|0123|0123"},
    {"depthwise convolution in a ConvNeXt block", "convnext", 17, "v58", "v57:0123|0123|0123|0123"},
    {"scale of a ConvNeXt block", "convnext", 17, "v52", "v51:0|1|2|3|4|5|6|7"},
    {"shuffled channels stay in their rows", "shufflenet", 13, "v109", "v106:0|1|2|3"},
    {"a half of the channels", "shufflenet", 13, "v122", "v109:0|1|2|3"},
    {"a dense layer reads all before it", "densenet", 13, "v77",
     "v64:0|1|2|3|4|5|6|7 v70:0|1|2|3|4|5|6|7 v76:0|1|2|3|4|5|6|7"},
    {"branches of an Inception block that shrinks", "inception", 13, "y",
     "v69:0|1|2|3|4|5|6|7 v75:0|1|2|3|4|5|6|7 v76:0|1|2|3|4|5|6|7"},
    {"image pooling of an atrous pyramid", "deeplab", 13, "v34", "v26:0|0|0|0|0|0|0|0|0"},
    {"scores scaled up", "lraspp", 13, "v26", "v18:0|01|01|12|12|23|23|34|4|45|56|56|67|67|78|78|8"},
    {"scale of the branch that is pooled", "lraspp", 13, "v18", "v14:0|1|2|3|4|5|6|7|8 v17:0|0|0|0|0|0|0|0|0"},
};

static void check_place(const struct place *place) {
  char rows[ONNX_MODEL_TEXT_BYTES];
  struct graph *graph = block_import(place->name, place->opset);
  onnx_model_rows(rows, graph, place->tensor);
  ck_assert_msg(strcmp(rows, place->rows) == 0, "%s: %s, expected %s", place->what, rows, place->rows);
  graph_free(graph);
}

START_TEST(rows_flow_as_far_as_they_can) {
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) check_place(&places[i]);
}
END_TEST

static void check_same(const char *a, int64_t opset_a, const char *b, int64_t opset_b) {
  struct graph *one = block_import(a, opset_a), *other = block_import(b, opset_b);
  ck_assert_msg(onnx_model_same(one, other), "%s-%d, %s-%d", a, (int)opset_a, b, (int)opset_b);
  graph_free(one);
  graph_free(other);
}

/* Later opsets have other ways to write the same; LayerNormalization is one op from 17 on. */
START_TEST(opsets_and_a_symbolic_batch_give_the_same_network) {
  check_same("vit", 11, "vit", 13);
  check_same("vit", 13, "vit-dynamic", 14);
  check_same("convnext", 11, "convnext", 13);
  check_same("fcn", 11, "fcn", 17);
  check_same("deeplab", 11, "deeplab", 17);
  check_same("lraspp", 11, "lraspp", 17);
  check_same("lraspp", 13, "lraspp-dynamic", 13);
}
END_TEST

TCase *onnx_blocks_case(void) {
  TCase *cases = tcase_create("blocks");
  tcase_add_test(cases, rows_flow_as_far_as_they_can);
  tcase_add_test(cases, opsets_and_a_symbolic_batch_give_the_same_network);
  tcase_add_test(cases, every_family_of_torchvision_imports_with_its_parameters);
  return cases;
}
