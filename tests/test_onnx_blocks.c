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

START_TEST(every_family_of_torchvision_imports_with_its_parameters) {
  const struct block *block = &blocks[_i];
  char dims[ONNX_MODEL_TEXT_BYTES];
  struct graph *graph = block_import(block->name, block->opset);
  uint64_t parameters = onnx_model_weights(graph) + onnx_model_biases(graph);
  uint64_t expected = block->parameters - block->folded_channels + 2 * block->other_channels + block->expanded;
  ck_assert_msg(parameters == expected, "%s-%d: %d parameters, expected %d", block->name, (int)block->opset,
                (int)parameters, (int)expected);
  ck_assert_str_eq(onnx_model_dims(dims, onnx_model_tensor(graph, "y")), block->output);
  graph_free(graph);
}
END_TEST

TCase *onnx_blocks_case(void) {
  TCase *cases = tcase_create("blocks");
  tcase_add_loop_test(cases, every_family_of_torchvision_imports_with_its_parameters, 0,
                      sizeof blocks / sizeof blocks[0]);
  return cases;
}
