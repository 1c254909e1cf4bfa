/* Arithmetic on shapes as exporters write it, the same model in different opsets, and
 * shapes that only the file can tell. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "onnx_model.h"

/* ---- what constants come to ---- */

/* Each row computes a vector s of whole numbers, which becomes the shape of y. */
static const struct computed {
  const char *what;
  int64_t opset;
  const char *model, *shape;
} computed[] = {
    {"shape of the input", 13, "Shape x -> s", "1,2,3,4"},
    {"part of a shape", 15, "Shape x -> t start=1 end=-1; ints m -1,4; Concat t m -> s axis=0", "2,3,1,4"},
    {"part of a shape that is cut off", 15, "Shape x -> t start=-9 end=9; Reshape t q -> s; ints q -1", "1,2,3,4"},
    {"batch kept and the rest flattened", 13,
     "Shape x -> t; Constant -> i value={=0}; Gather t i -> g axis=0; Constant -> m value={=-1};"
     "Unsqueeze g a -> u; Unsqueeze m a -> v; ints a 0; Concat u v -> s axis=0",
     "1,24"},
    {"the same with axes as attributes", 11,
     "Shape x -> t; Constant -> i value={=0}; Gather t i -> g axis=0; Constant -> m value={=-1};"
     "Unsqueeze g -> u axes=[0]; Unsqueeze m -> v axes=[0]; Concat u v -> s axis=0",
     "1,24"},
    {"channels divided into groups", 13,
     "Shape x -> t; int one 1; Gather t one -> c; int two 2; Div c two -> d; ints z 0; Unsqueeze c z -> c1;"
     "Unsqueeze d z -> d1; ints m 12; Mul d1 m -> e; Concat c1 e -> s axis=0",
     "2,12"},
    {"division is of whole numbers and towards zero", 13,
     "ints a 7,-9; ints b 2; Div a b -> d; ints e 1,-2; Mul d e -> s", "3,8"},
    {"sums, differences, extremes", 13,
     "ints a 1,9; ints b 3; Add a b -> c; Sub c d -> e; ints d 2,6; Max e f -> g; ints f 1,12; Neg g -> h; Abs h -> i;"
     "Min i k -> s; ints k 9,13",
     "2,12"},
    {"remainder has the sign of the divisor", 13, "ints a -1,7; ints b 3,-4; Mod a b -> m; ints k 10,2; Add m k -> n;"
     "ints e 2,1; Concat e n -> s axis=0",
     "2,1,12,1"},
    {"a dimension that is not -1 is taken, by Where", 13,
     "ints a 1,-1,24; ints m -1; Equal a m -> q; ints o 1; ConstantOfShape n -> ones value={1}; ints n 3;"
     "Where q ones a -> s",
     "1,1,24"},
    {"numbers counted up", 13, "int a 1; int b 4; int c 1; Range a b c -> t; ints f 4; Concat t f -> s axis=0",
     "1,2,3,4"},
    {"numbers counted down", 13, "int a 4; int b 0; int c -1; Range a b c -> s", "4,3,2,1"},
    {"pads reversed as torch writes them", 11,
     "ints a 4,3,2,1; ints m -1,2; Reshape a m -> r; ints z 0; ints st -1; ints en -9223372036854775807; ints sp -1;"
     "Slice r st en z sp -> t; Transpose t -> u perm=[1,0]; ints f -1; Reshape u f -> v; Cast v -> s to=7",
     "2,4,1,3"},
    {"sizes scaled and rounded down", 13,
     "Shape x -> t; ints k 2; ints e 4; Slice t k e -> hw; Cast hw -> f to=1; floats m 0.5,2.0; Mul f m -> g;"
     "Floor g -> h; Cast h -> i to=7; ints b 1,3; Concat b i -> s axis=0",
     "1,3,1,8"},
    {"truth values", 13,
     "ints a 1,2,3,4; ints b 2; Less a b -> l; GreaterOrEqual a b -> g; Or l g -> o; Not o -> n; Where n p a -> s;"
     "ints p 9",
     "1,2,3,4"},
    {"truth cast to numbers", 13, "ints a 1,2; Cast a -> t to=9; Cast t -> u to=7; ints f 24; Concat u f -> s axis=0",
     "1,1,24"},
    {"expanded", 13, "ints a 2; ints n 2; Expand a n -> b; ints f 6; Concat b f -> s axis=0", "2,2,6"},
    {"tiled", 13, "ints a 1,2; ints n 2; Tile a n -> b; ints f 6; Concat b f -> s axis=0", "1,2,1,2,6"},
    {"split", 13, "ints a 1,6,4,9; Split a -> b c axis=0 ; ints f 1; Gather c f -> d; Sub d g -> h; ints g 5;"
     "Concat b h -> s axis=0",
     "1,6,4"},
    {"elements counted", 13, "Size x -> n; ints z 0; Unsqueeze n z -> s", "24"},
    {"elements counted as a product", 13, "Shape x -> t; ReduceProd t -> s keepdims=1", "24"},
    {"part of a shape multiplied", 13,
     "Shape x -> t; ints a 2; ints b 4; Slice t a b -> u; ReduceProd u -> v keepdims=0; ints z 0; Unsqueeze v z -> w;"
     "ints o 2; Concat o w -> s axis=0",
     "2,12"},
    {"gathered from the end", 13, "Shape x -> t; ints i -1,-2; Gather t i -> g; ints o 2; Concat g o -> s axis=0",
     "4,3,2"},
    {"squeezed", 13, "Shape x -> t; ints i 1; Gather t i -> g; ints z 0; Squeeze g z -> h; Unsqueeze h z -> k;"
     "ints o 12; Concat k o -> s axis=0",
     "2,12"},
    {"powers and roots", 13,
     "floats a 4,9; Sqrt a -> r; float two 2; Pow r two -> p; Cast p -> i to=7; ints six 6; Div six j -> k; ints j 1;"
     "Slice i z o -> l; ints z 0; ints o 1; Concat l k -> s axis=0",
     "4,6"},
    {"list attribute of a Constant", 13, "Constant -> s value_ints=[4,6]", "4,6"},
    {"number attribute of a Constant", 13, "Constant -> a value_int=24; ints z 0; Unsqueeze a z -> s", "24"},
    {"shape of what was computed", 13, "Relu x -> r; Flatten r -> f; Shape f -> s", "1,24"},
};

static void check_computed(const struct computed *row) {
  char model[1024], types[ONNX_MODEL_TEXT_BYTES], dims[ONNX_MODEL_TEXT_BYTES];
  snprintf(model, sizeof model, "in x 1,2,3,4; %s; Reshape x s -> seen; Relu seen -> y; out y", row->model);
  struct graph *graph = onnx_model_import(row->opset, model);
  ck_assert_str_eq(onnx_model_types(types, graph), "Relu");
  onnx_model_dims(dims, onnx_model_tensor(graph, "y"));
  ck_assert_msg(strcmp(dims, row->shape) == 0, "%s: %s, expected %s", row->what, dims, row->shape);
  ck_assert_uint_eq(onnx_model_weights(graph), 0);
  graph_free(graph);
}

START_TEST(shape_arithmetic_is_folded) {
  for (size_t i = 0; i < sizeof computed / sizeof computed[0]; i++) check_computed(&computed[i]);
}
END_TEST

/* What must not be taken for known, because a result would be wrong or does not exist. */
static const char *const unfoldable[] = {
    "ints a 24; ints b 0; Div a b -> s",
    "ints a -9223372036854775807; ints b 9; Mul a b -> s",
    "ints a -9223372036854775808; Neg a -> s",
    "ints a -9223372036854775808; ints b -1; Div a b -> s",
    "ints a -7; ints b 3; Mod a b -> s fmod=1",
    "ints a 9; ints b 99; Pow a b -> s",
    "ints a 1,24; ints i 2; Gather a i -> s",
    "floats a 1e30; Cast a -> s to=7",
    "weight a 2; Cast a -> s to=7",
    "Cast x -> c to=7; ReduceMax c -> r keepdims=0; ints z 0; Unsqueeze r z -> s",
};

START_TEST(what_cannot_be_known_is_not_made_up) {
  for (size_t i = 0; i < sizeof unfoldable / sizeof unfoldable[0]; i++) {
    char model[1024];
    snprintf(model, sizeof model, "in x 1,2,3,4; %s; Reshape x s -> seen; Relu seen -> y; out y", unfoldable[i]);
    const char *message = onnx_model_refusal(13, model);
    ck_assert_msg(strstr(message, "(Reshape): the shape of its output 'seen' cannot be known") != NULL, "%s: %s",
                  unfoldable[i], message);
  }
}
END_TEST

/* The numbers of constants are no more than their shape says. */
START_TEST(constants_keep_as_many_numbers_as_they_have) {
  static const char *const models[] = {
      "in x 1,2,3,4; ints a 2,12; ints n 99999; Reshape a n -> s; Reshape x s -> v; Relu v -> y; out y",
      "in x 1,2,3,4; ints a 2,12; weight n 2; info s 4; Reshape a n -> s; Gather s i -> g; ints i 3;"
      "Reshape x g -> y; out y",
  };
  for (size_t i = 0; i < 2; i++) ck_assert_ptr_nonnull(strstr(onnx_model_refusal(13, models[i]), "different numbers"));
}
END_TEST

/* ---- shapes that the file tells ---- */

START_TEST(value_info_is_taken_where_nothing_else_is_known) {
  char text[ONNX_MODEL_TEXT_BYTES];
  static const char *const models[] = {
      "in x 1,2,3,4; weight s 2; info v 1,24; Reshape x s -> v; Relu v -> y; out y",
      "in x N,2,3,4; weight s 2; info v N,24; Reshape x s -> v; Relu v -> y; out y",
      "in x ?,2,3,4; weight s 2; info v ?,24; Reshape x s -> v; Relu v -> y; out y",
      "in x 1,2,3,4; Shape x -> s; info s 77; info y 7,7,7,7; Flatten x -> v; Relu v -> y; out y",
  };
  for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
    struct graph *graph = onnx_model_import(13, models[i]);
    ck_assert_str_eq(onnx_model_dims(text, onnx_model_tensor(graph, "y")), "1,24");
    ck_assert_str_eq(onnx_model_rows(text, graph, "y"), "x:012");
    graph_free(graph);
  }
}
END_TEST

START_TEST(the_shape_of_an_output_is_taken_too) {
  char text[ONNX_MODEL_TEXT_BYTES];
  struct graph *graph = onnx_model_import(13, "in x 1,9; in c 9; Compress x c -> y axis=1; out y 1,4");
  ck_assert_str_eq(onnx_model_dims(text, onnx_model_tensor(graph, "y")), "1,4");
  graph_free(graph);
}
END_TEST

START_TEST(value_info_with_symbols_other_than_the_batch_tells_nothing) {
  static const char *const infos[] = {"1,M", "M,24", "1,?", "1,0", "1,-1", "~"};
  for (size_t i = 0; i < sizeof infos / sizeof infos[0]; i++) {
    char model[256];
    snprintf(model, sizeof model, "in x N,2,3,4; weight s 2; info v %s; Reshape x s -> v; Relu v -> y; out y",
             infos[i]);
    ck_assert_ptr_nonnull(strstr(onnx_model_refusal(13, model), "cannot be known"));
  }
}
END_TEST

/* ---- opsets ---- */

static const struct pair {
  const char *what;
  int64_t opset_a;
  const char *a;
  int64_t opset_b;
  const char *b;
} pairs[] = {
    {"Squeeze", 11, "Squeeze x -> v axes=[0,-2]; Relu v -> y", 13, "ints a 0,-2; Squeeze x a -> v; Relu v -> y"},
    {"Squeeze of every single dimension", 11, "Squeeze x -> v; Relu v -> y", 13,
     "ints a 0,2; Squeeze x a -> v; Relu v -> y"},
    {"Unsqueeze", 11, "Unsqueeze x -> v axes=[1,5]; Relu v -> y", 13,
     "ints a 1,5; Unsqueeze x a -> v; Relu v -> y"},
    {"ReduceMean", 11, "ReduceMean x -> y axes=[1,3]", 18, "ints a 1,3; ReduceMean x a -> y"},
    {"ReduceSum", 11, "ReduceSum x -> y axes=[3] keepdims=0", 13, "ints a 3; ReduceSum x a -> y keepdims=0"},
    {"Split", 11, "Split x -> y z axis=1 split=[2,4]; out z", 13, "ints a 2,4; Split x a -> y z axis=1; out z"},
    {"Split in equal parts", 11, "Split x -> y z axis=1; out z", 18, "Split x -> y z axis=1 num_outputs=2; out z"},
    {"Slice", 9, "Slice x -> y starts=[1] ends=[5] axes=[1]", 11,
     "ints s 1; ints e 5; ints a 1; Slice x s e a -> y"},
    {"Slice without axes", 9, "Slice x -> y starts=[0,1] ends=[1,5]", 11, "ints s 0,1; ints e 1,5; Slice x s e -> y"},
    {"Clip", 6, "Clip x -> y min=0.0 max=6.0", 11, "float a 0; float b 6; Clip x a b -> y"},
    {"Clip with one bound", 6, "Clip x -> y max=6.0", 13, "float b 6; Clip x _ b -> y"},
    {"Pad", 10, "Pad x -> y pads=[0,0,0,1,0,0,0,2] mode=reflect", 11,
     "ints p 0,0,0,1,0,0,0,2; Pad x p -> y mode=reflect"},
    {"Pad by axis", 13, "ints p 0,0,0,1,0,0,0,2; float c 0; Pad x p c -> y", 18,
     "ints p 1,2; ints a 3; Pad x p _ a -> y"},
    {"Resize", 10, "floats s 1,1,1,2; Resize x s -> y", 11,
     "floats s 1,1,1,2; Resize x _ s -> y coordinate_transformation_mode=asymmetric nearest_mode=floor"},
    {"Resize with regions that are empty", 13, "floats r ; floats s 1,1,1,2; Resize x r s -> y", 13,
     "floats s 1,1,1,2; Resize x _ s -> y"},
    {"Resize with scales that are empty", 13, "floats e ; ints s 1,6,1,16; Resize x _ e s -> y", 13,
     "floats s 1,1,1,2; Resize x _ s -> y"},
    {"Dropout", 7, "Dropout x -> v ratio=0.5; Relu v -> y", 13,
     "float r 0.5; Dropout x r -> v mask; Relu v -> y"},
    {"Reshape", 13, "ints s 0,-1; Reshape x s -> v; Relu v -> y", 14,
     "ints s 1,-1; Reshape x s -> v allowzero=1; Relu v -> y"},
    {"BatchNormalization", 9, "weight v 6; BatchNormalization x v v v v -> y", 15,
     "weight v 6; BatchNormalization x v v v v -> y training_mode=0"},
    {"TopK", 9, "TopK x -> y i k=2 axis=1", 11, "ints k 2; TopK x k -> y i axis=1"},
};

static void check_pair(const struct pair *pair) {
  char model[512];
  snprintf(model, sizeof model, "in x 1,6,1,8; %s; out y", pair->a);
  struct graph *a = onnx_model_import(pair->opset_a, model);
  snprintf(model, sizeof model, "in x 1,6,1,8; %s; out y", pair->b);
  struct graph *b = onnx_model_import(pair->opset_b, model);
  ck_assert_msg(onnx_model_same(a, b), "%s", pair->what);
  graph_free(a);
  graph_free(b);
}

START_TEST(opsets_say_the_same_in_different_ways) {
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) check_pair(&pairs[i]);
}
END_TEST

/* Exporters write the constants of opset 13's axes as nodes as well as initializers. */
START_TEST(constants_may_be_nodes_or_initializers) {
  struct graph *a = onnx_model_import(13, "in x 1,6,1,8; ints a 1; Squeeze x b -> v; ints b 2; Relu v -> y; out y");
  struct graph *b =
      onnx_model_import(13, "in x 1,6,1,8; Constant -> b value={2}; Squeeze x b -> v; Relu v -> y; out y");
  ck_assert(onnx_model_same(a, b));
  graph_free(a);
  graph_free(b);
}
END_TEST

/* ---- data types ---- */

/* {2, 12} in each type that shapes are computed in */
static const struct layout {
  int32_t type;
  const void *raw;
  size_t bytes;
} layouts[] = {
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT64, (const int64_t[]){2, 12}, 16},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT32, (const int32_t[]){2, 12}, 8},
    {ONNX__TENSOR_PROTO__DATA_TYPE__UINT32, (const uint32_t[]){2, 12}, 8},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT16, (const int16_t[]){2, 12}, 4},
    {ONNX__TENSOR_PROTO__DATA_TYPE__UINT16, (const uint16_t[]){2, 12}, 4},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT8, (const int8_t[]){2, 12}, 2},
    {ONNX__TENSOR_PROTO__DATA_TYPE__UINT8, (const uint8_t[]){2, 12}, 2},
    {ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, (const float[]){2, 12}, 8},
    {ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE, (const double[]){2, 12}, 16},
};

static void set_raw(Onnx__TensorProto *tensor, const struct layout *layout, struct arena *arena) {
  uint8_t *data = arena_alloc(arena, layout->bytes, 1);
  memcpy(data, layout->raw, layout->bytes);
  tensor->raw_data = (ProtobufCBinaryData){layout->bytes, data};
}

/* In the list that belongs to the type. */
static void set_list(Onnx__TensorProto *tensor) {
  static int64_t longs[] = {2, 12};
  static int32_t ints[] = {2, 12};
  static uint64_t unsigned_longs[] = {2, 12};
  static float floats[] = {2, 12};
  static double doubles[] = {2, 12};
  tensor->has_raw_data = 0;
  switch (tensor->data_type) {
  case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: tensor->n_float_data = 2, tensor->float_data = floats; break;
  case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: tensor->n_double_data = 2, tensor->double_data = doubles; break;
  case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: tensor->n_int64_data = 2, tensor->int64_data = longs; break;
  case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32: tensor->n_uint64_data = 2, tensor->uint64_data = unsigned_longs; break;
  default: tensor->n_int32_data = 2, tensor->int32_data = ints; break;
  }
}

static void check_layout(const struct layout *layout, bool raw) {
  struct arena arena = ARENA_INIT;
  struct error err = ERROR_INIT;
  const struct onnx_options options = ONNX_OPTIONS_INIT;
  struct graph *graph = NULL;
  char dims[ONNX_MODEL_TEXT_BYTES];
  size_t length;
  Onnx__ModelProto *model = onnx_model_parse(
      &arena, 13, "in x 1,2,3,4; ints a 0,0; Cast a -> s to=7; Reshape x s -> v; Relu v -> y; out y");
  Onnx__TensorProto *tensor = model->graph->initializer[0];
  tensor->data_type = layout->type;
  if (raw) {
    set_raw(tensor, layout, &arena);
  } else {
    set_list(tensor);
  }
  const uint8_t *bytes = onnx_model_pack(&arena, &length, model);
  int status = onnx_import_memory(&graph, bytes, length, "model.onnx", &options, &err);
  ck_assert_msg(status == 0, "type %d: %s", layout->type, err.message);
  ck_assert_str_eq(onnx_model_dims(dims, onnx_model_tensor(graph, "y")), "2,12");
  graph_free(graph);
  arena_free(&arena);
}

START_TEST(numbers_are_read_in_every_type_and_layout) {
  for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
    check_layout(&layouts[i], true);
    check_layout(&layouts[i], false);
  }
}
END_TEST

TCase *onnx_fold_case(void) {
  TCase *fold = tcase_create("fold");
  tcase_add_test(fold, shape_arithmetic_is_folded);
  tcase_add_test(fold, what_cannot_be_known_is_not_made_up);
  tcase_add_test(fold, constants_keep_as_many_numbers_as_they_have);
  tcase_add_test(fold, value_info_is_taken_where_nothing_else_is_known);
  tcase_add_test(fold, the_shape_of_an_output_is_taken_too);
  tcase_add_test(fold, value_info_with_symbols_other_than_the_batch_tells_nothing);
  tcase_add_test(fold, opsets_say_the_same_in_different_ways);
  tcase_add_test(fold, constants_may_be_nodes_or_initializers);
  tcase_add_test(fold, numbers_are_read_in_every_type_and_layout);
  return fold;
}
