/* The work of one firing: what the array or the lanes do for one row. */
#include <check.h>
#include <inttypes.h>

#include "onnx_model.h"
#include "support.h"

/* ---- products ---- */

/* filters, channels, groups, taps, row_pixels of the only op */
static const struct product {
  const char *what;
  const char *model;
  struct op_work work;
} products[] = {
    {"convolution", "in x 1,3,8,10; weight w 16,3,3,5; Conv x w -> y pads=[1,2,1,2]; out y", {16, 3, 1, 15, 10, 0}},
    {"convolution with strides", "in x 1,3,8,10; weight w 16,3,2,2; Conv x w -> y strides=[2,2]; out y",
     {16, 3, 1, 4, 5, 0}},
    {"convolution in groups", "in x 1,8,4,6; weight w 12,2,1,1; Conv x w -> y group=4; out y", {12, 8, 4, 1, 6, 0}},
    {"depthwise convolution", "in x 1,8,5,5; weight w 8,1,3,3; Conv x w -> y group=8; out y", {8, 8, 8, 9, 3, 0}},
    {"convolution of a video: the places of a row over all frames",
     "in x 1,2,9,4,8; weight w 5,2,3,3,3; Conv x w -> y; out y", {5, 2, 1, 27, 7 * 6, 0}},
    {"convolution of a sequence, whose rows are filters", "in x 1,6,8; weight w 4,3,3; Conv x w -> y group=2; out y",
     {1, 3, 1, 3, 6, 0}},
    {"transposed convolution: each input place meets each tap, a row has half a row of them",
     "in x 1,8,4,6; weight w 8,3,2,2; ConvTranspose x w -> y group=4 strides=[2,2]; out y", {12, 8, 4, 4, 3, 0}},
    {"transposed convolution of a sequence", "in x 1,8,4; weight w 8,3,2; ConvTranspose x w -> y strides=[2]; out y",
     {1, 8, 1, 2, 4, 0}},
    {"fully connected layer", "in x 1,10; weight w 7,10; Gemm x w -> y transB=1; out y", {7, 10, 1, 1, 1, 0}},
    {"fully connected layer over a map", "in x 1,4,3,5; weight w 7,60; Flatten x -> f; Gemm f w -> y transB=1; out y",
     {7, 60, 1, 1, 1, 0}},
    {"fully connected layer over the rows of a matrix", "in x 6,10; weight w 10,7; Gemm x w -> y; out y",
     {7, 10, 1, 1, 1, 0}}, /* the 6 are a batch */
    {"product with weights", "in x 1,5,10; weight w 10,7; MatMul x w -> y; out y", {7, 10, 1, 1, 1, 0}},
    {"product of activations", "in x 1,3,5,10; in z 1,3,10,7; MatMul x z -> y; out y", {21, 30, 3, 1, 1, 0}},
    {"product with the same weights for all heads", "in x 1,3,5,10; weight w 10,7; MatMul x w -> y; out y",
     {7, 10, 1, 1, 3, 0}},
    {"product of the same row with weights of each head", "in x 1,5,10; weight w 3,10,7; MatMul x w -> y; out y",
     {21, 10, 1, 1, 1, 0}},
    {"product with a vector", "in x 1,3,5,10; weight w 10; MatMul x w -> y; out y", {1, 10, 1, 1, 5, 0}},
    {"weights on the left", "in x 1,5,4; weight w 7,5; MatMul w x -> y; out y", {4, 5, 1, 1, 1, 0}},
    {"Einsum", "in x 1,2,5,8; in z 1,2,7,8; Einsum x z -> y equation=bhid,bhjd->bhij; out y", {14, 16, 2, 1, 1, 0}},
    {"Einsum with weights", "in x 1,5,8; weight w 8,7; Einsum x w -> y equation=bid,dk->bik; out y",
     {7, 8, 1, 1, 1, 0}},
    {"Einsum of three", "in x 1,5,8; weight u 8,3; weight w 3,7; Einsum x u w -> y equation=bid,dr,rk->bik; out y",
     {7, 24, 1, 1, 1, 0}},
};

static void check_work(const char *what, const struct op_work *found, const struct op_work *expected) {
  ck_assert_msg(found->filters == expected->filters && found->channels == expected->channels &&
                    found->groups == expected->groups && found->taps == expected->taps &&
                    found->row_pixels == expected->row_pixels && found->row_operations == expected->row_operations,
                "%s: filters %" PRIu64 ", channels %" PRIu64 ", groups %" PRIu64 ", taps %" PRIu64 ", pixels %" PRIu64
                ", operations %" PRIu64,
                what, found->filters, found->channels, found->groups, found->taps, found->row_pixels,
                found->row_operations);
}

static uint64_t products_of(const struct graph *graph, const struct op *op) {
  const struct op_work *work = &op->work;
  uint64_t rows = graph->tensors[op->first_output].rows;
  if (work->filters == 0) return 0;
  return rows * work->row_pixels * work->taps * work->filters * (work->channels / work->groups);
}

START_TEST(work_of_a_row_times_rows_is_the_multiply_accumulates) {
  const struct product *product = &products[_i];
  struct graph *graph = onnx_model_import(13, product->model);
  ck_assert_uint_eq(graph->op_count, 1);
  check_work(product->what, &graph->ops[0].work, &product->work);
  ck_assert_msg(products_of(graph, &graph->ops[0]) == graph->ops[0].macs, "%s: %" PRIu64 " products", product->what,
                graph->ops[0].macs);
  graph_free(graph);
}
END_TEST

/* 3 x 5 places in 7 output rows are 15/7 each, rounded up. */
START_TEST(a_transposed_convolution_rounds_the_places_of_a_row_up) {
  struct graph *graph = onnx_model_import(
      13, "in x 1,2,3,5; weight w 2,4,3,3; ConvTranspose x w -> y strides=[2,2]; out y");
  ck_assert_uint_eq(graph->tensors[graph->ops[0].first_output].rows, 7);
  ck_assert_uint_eq(graph->ops[0].work.row_pixels, 3);
  ck_assert_uint_eq(graph->ops[0].macs, 15 * 9 * 4 * 2);
  ck_assert_uint_eq(products_of(graph, &graph->ops[0]), 7 * 3 * 9 * 4 * 2);
  graph_free(graph);
}
END_TEST

START_TEST(work_is_that_of_one_image_of_a_batch) {
  static const char *const models[][2] = {
      {"in x 1,3,8,8; weight w 8,3,3,3; Conv x w -> y; out y", "in x 5,3,8,8; weight w 8,3,3,3; Conv x w -> y; out y"},
      {"in x 1,10; weight w 10,7; Gemm x w -> y; out y", "in x 5,10; weight w 10,7; Gemm x w -> y; out y"},
      {"in x 1,3,5,10; in z 1,3,10,7; MatMul x z -> y; out y", "in x 5,3,5,10; in z 5,3,10,7; MatMul x z -> y; out y"},
      {"in x 1,5,8; weight w 8,7; Einsum x w -> y equation=bid,dk->bik; out y",
       "in x 5,5,8; weight w 8,7; Einsum x w -> y equation=bid,dk->bik; out y"},
      {"in x 1,3,8,8; MaxPool x -> y kernel_shape=[2,2]; out y",
       "in x 5,3,8,8; MaxPool x -> y kernel_shape=[2,2]; out y"},
      {"in x 1,3,8,8; GlobalAveragePool x -> y; out y", "in x 5,3,8,8; GlobalAveragePool x -> y; out y"},
  };
  for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
    struct graph *one = onnx_model_import(13, models[i][0]), *five = onnx_model_import(13, models[i][1]);
    ck_assert_uint_eq(five->batch, 5);
    check_work(models[i][1], &five->ops[0].work, &one->ops[0].work);
    graph_free(one);
    graph_free(five);
  }
}
END_TEST

/* ---- element operations ---- */

static const struct {
  const char *model;
  uint64_t row_operations; /* of the only op */
} operations[] = {
    {"in x 1,2,3,4; Relu x -> y; out y", 8},
    {"in x 1,2,3,4; in z 1,2,1,1; Mul x z -> y; out y", 8},
    {"in x 1,2,3,4; weight v 2; BatchNormalization x v v v v -> y; out y", 8},
    {"in x 1,2,3,4; Softmax x -> y axis=1; out y", 8},
    {"in x 1,2,3,4; in z 1,1,3,4; Concat x z -> y axis=1; out y", 12},
    {"in x 1,2,3,4; Transpose x -> y perm=[0,2,3,1]; out y", 6},
    {"in x 1,6,3,4; ints s 1,5; Split x s -> y z axis=1; out y; out z", 20},
    {"in x 1,2,8,8; MaxPool x -> y kernel_shape=[3,2] strides=[2,2]; out y", 2 * 4 * 6},
    {"in x 1,2,8,8; MaxPool x -> y i kernel_shape=[2,2]; out y; out i", 2 * 7 * 4},
    {"in x 1,3,8; AveragePool x -> y kernel_shape=[2]; out y", 7 * 2},
    /* reductions over rows, for each row that they take */
    {"in x 1,2,3,4; GlobalAveragePool x -> y; out y", 8},
    {"in x 1,2,3,4; ReduceMean x -> y axes=[2,3]; out y", 8},
    {"in x 1,2,3,4; ReduceMax x -> y keepdims=0; out y", 8},
    {"in x 1,2,3,4; Flatten x -> f; ReduceSum x -> y axes=[-1,-2]; out y", 8},
    /* and others, for each row that comes out */
    {"in x 1,2,3,4; ReduceMean x -> y axes=[1] keepdims=0; out y", 8},
    {"in x 1,2,4,3; ReduceMean x -> y axes=[2] keepdims=0; out y", 12},
    {"in x 1,2,3,4; ArgMax x -> y axis=2; out y", 24},
    {"in x 1,2,8; GlobalMaxPool x -> y; out y", 8},
    /* an element blends four where both axes change */
    {"in x 1,2,3,4; float e 0; floats s 1,1,2,2; Resize x _ s -> y mode=nearest; out y", 16},
    {"in x 1,2,3,4; floats s 1.0,1.0,2.0,2.0; Resize x _ s -> y mode=linear; out y", 64},
    {"in x 1,2,3,4; floats s 1.0,1.0,2.0,1.0; Resize x _ s -> y mode=linear; out y", 16},
    {"in x 1,2,3,4; floats s 1.0,1.0,2.0,2.0; Resize x _ s -> y mode=cubic; out y", 256},
};

START_TEST(element_operations_are_those_of_a_row) {
  struct graph *graph = onnx_model_import(13, operations[_i].model);
  const struct op_work expected = {.row_operations = operations[_i].row_operations};
  ck_assert_uint_eq(graph->op_count, 1);
  check_work(operations[_i].model, &graph->ops[0].work, &expected);
  ck_assert_uint_eq(graph->ops[0].macs, 0);
  graph_free(graph);
}
END_TEST

/* ---- the networks ---- */

/* No exceptions: none of them has a transposed convolution. */
static void check_network(const char *name) {
  struct graph *graph = support_network(name);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    const struct op *op = &graph->ops[v];
    ck_assert_msg(products_of(graph, op) == op->macs, "%s, %s: %" PRIu64 " multiply-accumulates", name, op->name,
                  op->macs);
    ck_assert_msg((op->work.filters == 0) == (op->macs == 0), "%s, %s", name, op->name);
    ck_assert_msg((op->work.row_operations != 0) == (op->macs == 0), "%s, %s", name, op->name);
    if (op->macs != 0) ck_assert_uint_eq(op->work.filters, op->out_channels);
  }
  graph_free(graph);
}

START_TEST(every_op_of_the_networks_has_the_work_of_its_multiply_accumulates) {
  static const char *const names[] = {
      "alexnet",   "deeplabv3_mobilenet_v3_large", "efficientnet_b0", "efficientnet_b3",    "mobilenet_v2",
      "resnet101", "mobilenet_v3_large",           "resnet152",       "mobilenet_v3_small", "resnet18",
      "resnet50",  "squeezenet1_0",                "squeezenet1_1",   "vgg16"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) check_network(names[i]);
}
END_TEST

/* ---- the builder ---- */

START_TEST(groups_that_do_not_divide_channels_are_refused) {
  static const struct op_work bad[] = {
      {4, 4, 3, 1, 1, 0}, {4, 6, 4, 1, 1, 0}, {4, 4, 0, 1, 1, 0}, {4, 0, 1, 1, 1, 0}, {4, 4, 1, 0, 1, 0},
      {4, 4, 1, 1, 0, 0}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct graph_builder *builder;
    struct error err = ERROR_INIT;
    uint32_t op;
    const struct op_spec spec = {.name = "a", .type = "Conv", .work = bad[i]};
    ck_assert_int_eq(graph_builder_create(&builder, "test", 1, &err), 0);
    ck_assert_int_eq(graph_builder_op(builder, &op, &spec, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_INPUT);
    graph_builder_free(builder);
  }
}
END_TEST

TCase *onnx_work_case(void) {
  TCase *work = tcase_create("work");
  tcase_set_timeout(work, 60);
  tcase_add_loop_test(work, work_of_a_row_times_rows_is_the_multiply_accumulates, 0,
                      sizeof products / sizeof products[0]);
  tcase_add_test(work, a_transposed_convolution_rounds_the_places_of_a_row_up);
  tcase_add_test(work, work_is_that_of_one_image_of_a_batch);
  tcase_add_loop_test(work, element_operations_are_those_of_a_row, 0, sizeof operations / sizeof operations[0]);
  tcase_add_test(work, every_op_of_the_networks_has_the_work_of_its_multiply_accumulates);
  tcase_add_test(work, groups_that_do_not_divide_channels_are_refused);
  return work;
}
