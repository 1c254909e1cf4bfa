/* Files that cannot be imported: one clear line each, and no harm from any bytes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx_model.h"
#include "support.h"
#include "util/file.h"
#include "util/rng.h"

enum { MOST_WORDS = 6 };

static const struct refused {
  const char *what;
  int64_t opset;
  const char *model, *words[MOST_WORDS]; /* that the message must have */
} refused[] = {
    {"unknown op", 13, "in x 1,4; NoSuchOperator@odd x -> y; out y",
     {"node 'odd'", "(NoSuchOperator)", "unknown op type"}},
    {"unknown op without a name", 13, "in x 1,4; Relu x -> a; NoSuchOperator a -> y; out y",
     {"node 'NoSuchOperator_1'", "unknown op type"}},
    {"input without a shape", 13, "in x ~; Relu x -> y; out y", {"input 'x'", "has no shape"}},
    {"input of a symbolic size", 13, "in x N,3,H,224; Relu x -> y; out y",
     {"input 'x'", "dimension 2", "symbol 'H'", "fixed size"}},
    {"input of an unknown size", 13, "in x 1,3,?; Relu x -> y; out y", {"input 'x'", "dimension 2", "not given"}},
    {"input of size zero", 13, "in x 1,0,4; Relu x -> y; out y", {"input 'x'", "dimension 1 is 0", "fixed size"}},
    {"input of a negative size", 13, "in x 1,-3,4; Relu x -> y; out y", {"input 'x'", "dimension 1", "negative"}},
    {"negative batch", 13, "in x -1,3,4; Relu x -> y; out y", {"input 'x'", "dimension 0", "negative"}},
    {"huge batch", 13, "in x 65537,1; Relu x -> y; out y", {"65537 images", "at most 65536"}},
    {"huge input", 13, "in x 1,1048577,1048576; Relu x -> y; out y", {"'x'", "[1, 1048577, 1048576]", "2^40"}},
    {"dimensions of which the product wraps around", 13,
     "in x 1,4294967296,4294967296,4294967296; Relu x -> y; out y", {"'x'", "2^40"}},
    {"too many rows", 13, "in x 1,16777217,1; Relu x -> y; out y", {"'x'", "16777217 rows", "at most 16777216"}},
    {"input of nine dimensions", 13, "in x 1,1,1,1,1,1,1,1,1; Relu x -> y; out y",
     {"'x'", "9 dimensions", "at most 8"}},
    {"weights of nine dimensions", 13, "in x 1,4; weight w 1,1,1,1,1,1,1,1,4; Add x w -> y; out y",
     {"initializer 'w'", "9 dimensions", "at most 8"}},
    {"weights of a negative size", 13, "in x 1,4; weight w -4; Add x w -> y; out y",
     {"initializer 'w'", "dimension 0 is -4", "0 or more"}},
    {"huge weights", 13, "in x 1,4; weight w 1099511627777; Add x w -> y; out y", {"initializer 'w'", "2^40"}},
    {"result of nine dimensions", 13, "in x 1,1,1,1,1,1,1,4; ints a 0; Unsqueeze x a -> v; Relu v -> y; out y",
     {"(Unsqueeze)", "9 dimensions", "at most 8"}},
    {"huge result", 13, "in x 1,4; ints s 1099511627776,4; Expand x s -> y; out y", {"(Expand)", "2^40"}},
    {"empty result", 13, "in x 1,4,4; ints a 3; ints b 3; ints c 1; Slice x a b c -> y; out y",
     {"(Slice)", "'y'", "[1, 0, 4]"}},
    {"cycle", 13, "in x 1,4; Add@first x b -> a; Relu a -> b; out b",
     {"node 'first'", "(Add)", "'b'", "before it is produced", "cyclic"}},
    {"node that reads itself", 13, "in x 1,4; Add x y -> y; out y", {"(Add)", "'y'", "before it is produced"}},
    {"use before definition", 13, "in x 1,4; Relu a -> y; Neg x -> a; out y",
     {"(Relu)", "'a'", "before it is produced", "topological order"}},
    {"use of nothing", 13, "in x 1,4; Relu z -> y; out y", {"(Relu)", "'z'", "neither an input"}},
    {"value produced twice", 13, "in x 1,4; Relu x -> y; Neg x -> y; out y", {"'y'", "defined twice"}},
    {"initializer given twice", 13, "in x 1,4; weight w 4; weight w 4; Add x w -> y; out y", {"'w'", "defined twice"}},
    {"input given twice", 13, "in x 1,4; in x 1,4; Relu x -> y; out y", {"'x'", "defined twice"}},
    {"input produced by a node", 13, "in x 1,4; Relu x -> x; out x", {"'x'", "defined twice"}},
    {"no nodes", 13, "in x 1,4; out x", {"no nodes"}},
    {"no inputs", 13, "weight w 4; Relu w -> y; out y", {"no inputs"}},
    {"no outputs", 13, "in x 1,4; Relu x -> y", {"no outputs"}},
    {"output that nothing produces", 13, "in x 1,4; Relu x -> y; out z", {"output 'z'", "produced by no node"}},
    {"output that depends on nothing", 13, "in x 1,4; weight w 4; Relu w -> y; out y",
     {"output 'y'", "does not depend on any input"}},
    {"output that is the input", 13, "in x 1,4; Identity x -> y; out y", {"no ops"}},
    {"too few inputs", 13, "in x 1,4; Add x -> y; out y", {"(Add)", "1 inputs", "exactly 2"}},
    {"too many inputs", 13, "in x 1,4; Relu x x -> y; out y", {"(Relu)", "2 inputs", "exactly 1"}},
    {"no inputs at all", 13, "in x 1,4; Concat -> y axis=0; out y", {"(Concat)", "0 inputs", "at least 1"}},
    {"more inputs than optional ones", 13, "in x 1,4; Clip x x x x -> y; out y", {"(Clip)", "4 inputs", "at most 3"}},
    {"required input left out", 13, "in x 1,4; Add _ x -> y; out y", {"(Add)", "input 0 is left out"}},
    {"output that cannot be used", 13, "in x 1,4; Dropout x -> a m; Relu a -> b; Cast m -> c to=1; Add b c -> y; out y",
     {"(Dropout)", "'m'", "only the first 1"}},
    {"shapes that do not broadcast", 13, "in x 1,3,4; in z 1,2,4; Add x z -> y; out y",
     {"(Add)", "[1, 3, 4]", "[1, 2, 4]", "'z'", "broadcast"}},
    {"weights for other channels", 13, "in x 1,3,4,4; weight w 8,4,1,1; Conv x w -> y; out y",
     {"(Conv)", "'w'", "4 input channels", "has 3"}},
    {"weights of other dimensions", 13, "in x 1,3,4,4; weight w 8,3,1; Conv x w -> y; out y",
     {"(Conv)", "'w'", "[8, 3, 1]", "4 dimensions"}},
    {"bias of another size", 13, "in x 1,3,4,4; weight w 8,3,1,1; weight b 7; Conv x w b -> y; out y",
     {"(Conv)", "'b'", "7 elements", "8 output channels"}},
    {"groups that do not divide", 13, "in x 1,3,4,4; weight w 8,3,1,1; Conv x w -> y group=2; out y",
     {"(Conv)", "'group' is 2", "3 input channels"}},
    {"no groups", 13, "in x 1,3,4,4; weight w 8,3,1,1; Conv x w -> y group=0; out y", {"(Conv)", "'group' is 0"}},
    {"kernel that is not that of the weights", 13,
     "in x 1,3,4,4; weight w 8,3,1,1; Conv x w -> y kernel_shape=[3,3]; out y", {"(Conv)", "kernel_shape", "3"}},
    {"window larger than the input", 13, "in x 1,1,4,4; MaxPool x -> y kernel_shape=[5,1]; out y",
     {"(MaxPool)", "window of 5", "size 4"}},
    {"stride of zero", 13, "in x 1,1,4,4; MaxPool x -> y kernel_shape=[1,1] strides=[0,1]; out y",
     {"(MaxPool)", "'strides'", "0", "expected 1"}},
    {"huge stride", 13, "in x 1,1,4,4; MaxPool x -> y kernel_shape=[1,1] strides=[9223372036854775807,1]; out y",
     {"(MaxPool)", "'strides'", "9223372036854775807"}},
    {"huge padding", 13, "in x 1,1,4,4; MaxPool x -> y kernel_shape=[1,1] pads=[0,0,9223372036854775807,0]; out y",
     {"(MaxPool)", "'pads'"}},
    {"strides for other axes", 13, "in x 1,1,4,4; MaxPool x -> y kernel_shape=[1,1] strides=[1]; out y",
     {"(MaxPool)", "'strides'", "1 numbers", "expected 2"}},
    {"pooling without a kernel", 13, "in x 1,1,4,4; MaxPool x -> y; out y", {"(MaxPool)", "'kernel_shape'", "missing"}},
    {"unknown padding", 13, "in x 1,1,4,4; MaxPool x -> y kernel_shape=[1,1] auto_pad=SOME; out y",
     {"(MaxPool)", "'auto_pad'", "'SOME'", "SAME_UPPER"}},
    {"window on a matrix", 13, "in x 1,4; MaxPool x -> y kernel_shape=[1]; out y", {"(MaxPool)", "2 dimensions"}},
    {"Reshape to other elements", 13, "in x 1,2,3; ints s 1,7; Reshape x s -> v; Relu v -> y; out y",
     {"(Reshape)", "[1, 2, 3]", "[1, 7]", "elements"}},
    {"Reshape that does not divide", 13, "in x 1,2,3; ints s 4,-1; Reshape x s -> v; Relu v -> y; out y",
     {"(Reshape)", "6 elements"}},
    {"Reshape with two open dimensions", 13, "in x 1,2,3; ints s -1,-1; Reshape x s -> v; Relu v -> y; out y",
     {"(Reshape)", "-1 once"}},
    {"Reshape to a negative size", 13, "in x 1,2,3; ints s -2,3; Reshape x s -> v; Relu v -> y; out y",
     {"(Reshape)", "dimension 0", "-2"}},
    {"Reshape by fractions", 13, "in x 1,6; floats s 2,3; Reshape x s -> v; Relu v -> y; out y",
     {"(Reshape)", "'s'", "whole numbers"}},
    {"Reshape by numbers that are not there", 13, "in x 1,6; weight s 2; Reshape x s -> v; Relu v -> y; out y",
     {"(Reshape)", "'v'", "'s'", "not in the file", "value_info"}},
    {"Reshape by what the input holds", 13,
     "in x 1,6; Cast x -> c to=7; Reshape x c -> v; Relu v -> y; out y",
     {"(Reshape)", "'c'", "depend on the network's input"}},
    {"Reshape without a shape", 13, "in x 1,6; Reshape x -> v; Relu v -> y; out y", {"(Reshape)", "missing"}},
    {"axis that does not exist", 13, "in x 1,2,3; in z 1,2,3; Concat x z -> y axis=3; out y",
     {"(Concat)", "axis 3", "3 dimensions"}},
    {"axis far below zero", 13, "in x 1,2,3; Softmax x -> y axis=-9223372036854775808; out y",
     {"(Softmax)", "axis -9"}},
    {"axis named twice", 13, "in x 1,2,3; ReduceMean x -> y axes=[1,-2]; out y", {"(ReduceMean)", "axis 1", "twice"}},
    {"parts that do not fit together", 13, "in x 1,2,3; in z 1,2,4; Concat x z -> y axis=1; out y",
     {"(Concat)", "[1, 2, 3]", "[1, 2, 4]", "axis 1"}},
    {"parts of more than there is", 13, "in x 1,6; Split x -> y z axis=1 split=[4,4]; out y; out z",
     {"(Split)", "more than the 6"}},
    {"part of a negative size", 13, "in x 1,6; Split x -> y z axis=1 split=[-1,7]; out y; out z",
     {"(Split)", "part 0"}},
    {"more parts than sizes", 13, "in x 1,6; Split x -> y z axis=1 split=[6]; out y; out z",
     {"(Split)", "part 1 of 2"}},
    {"squeezing what is not single", 13, "in x 1,2,3; ints a 1; Squeeze x a -> v; Relu v -> y; out y",
     {"(Squeeze)", "axis 1", "size is 2"}},
    {"product of other sizes", 13, "in x 1,2,3; weight w 4,5; MatMul x w -> y; out y",
     {"(MatMul)", "[1, 2, 3]", "[4, 5]", "'w'"}},
    {"Gemm of three dimensions", 13, "in x 1,2,3; weight w 3,5; Gemm x w -> y; out y",
     {"(Gemm)", "'x'", "[1, 2, 3]", "2 dimensions"}},
    {"Gemm of other sizes", 13, "in x 1,3; weight w 4,5; Gemm x w -> y; out y", {"(Gemm)", "3 columns", "4 rows"}},
    {"slice with a step of zero", 13, "in x 1,4,4; ints a 0; ints b 4; ints c 1; ints d 0; Slice x a b c d -> y; out y",
     {"(Slice)", "step", "axis 1"}},
    {"slice of uneven lists", 13, "in x 1,4,4; ints a 0,0; ints b 4; Slice x a b -> y; out y",
     {"(Slice)", "equally many"}},
    {"index out of range", 13, "in x 1,4,4; ints i 4; Gather x i -> y axis=1; out y", {"(Gather)", "index 4", "4"}},
    {"negative padding of all there is", 13, "in x 1,4,4; ints p 0,-3,0,0,-2,0; Pad x p -> y; out y",
     {"(Pad)", "-3", "-2", "axis 1"}},
    {"pads for other axes", 13, "in x 1,4,4; ints p 0,1; Pad x p -> y; out y", {"(Pad)", "2 pads", "expected 6"}},
    {"Resize without sizes", 13, "in x 1,1,4,4; Resize x -> y; out y", {"(Resize)", "missing"}},
    {"Resize to nothing", 13, "in x 1,1,4,4; ints s 1,1,0,4; Resize x _ _ s -> y; out y",
     {"(Resize)", "size 0", "axis 2"}},
    {"Resize by a negative scale", 13, "in x 1,1,4,4; floats s 1,1,-1,4; Resize x _ s -> y; out y",
     {"(Resize)", "scale -1", "axis 2"}},
    {"Resize in an unknown way", 13, "in x 1,1,4,4; ints s 1,1,8,4; Resize x _ _ s -> y mode=sharp; out y",
     {"(Resize)", "'mode'", "'sharp'", "nearest, linear, cubic"}},
    {"channels that do not make a space", 13, "in x 1,6,4,4; DepthToSpace x -> y blocksize=2; out y",
     {"(DepthToSpace)", "6 channels", "blocksize 2"}},
    {"permutation of other axes", 13, "in x 1,2,3; Transpose x -> y perm=[0,1]; out y",
     {"(Transpose)", "2 axes", "3"}},
    {"permutation that repeats", 13, "in x 1,2,3; Transpose x -> y perm=[0,1,1]; out y", {"(Transpose)", "twice"}},
    {"endless range", 13, "in x 1,6; int a 0; int b 6; int c 0; Range a b c -> s; Reshape x s -> v; Relu v -> y; out y",
     {"(Range)", "endless"}},
};

static void check_line(const char *message, const char *what) {
  ck_assert_msg(strncmp(message, "model.onnx: ", 12) == 0, "%s: %s", what, message);
  ck_assert_msg(strlen(message) < ERROR_MESSAGE_BYTES - 1, "%s: cut off: %s", what, message);
  for (const char *c = message; *c != '\0'; c++) ck_assert_msg((unsigned char)*c >= ' ', "%s: %s", what, message);
}

static void check_refused(const struct refused *row) {
  const char *message = onnx_model_refusal(row->opset, row->model);
  check_line(message, row->what);
  for (size_t w = 0; w < MOST_WORDS && row->words[w] != NULL; w++) {
    ck_assert_msg(strstr(message, row->words[w]) != NULL, "%s: no '%s' in: %s", row->what, row->words[w], message);
  }
}

START_TEST(a_bad_model_is_refused_with_the_words_that_matter) {
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) check_refused(&refused[i]);
}
END_TEST

/* ---- what text cannot say ---- */

static int import_bytes(struct graph **graph, const void *bytes, size_t length, struct error *err) {
  const struct onnx_options options = ONNX_OPTIONS_INIT;
  *graph = NULL;
  *err = (struct error)ERROR_INIT;
  return onnx_import_memory(graph, bytes, length, "model.onnx", &options, err);
}

static int import_model(struct arena *arena, const Onnx__ModelProto *model, struct error *err) {
  struct graph *graph;
  size_t length;
  const uint8_t *bytes = onnx_model_pack(arena, &length, model);
  int status = import_bytes(&graph, bytes, length, err);
  graph_free(graph);
  return status;
}

static const char simple[] = "in x 1,4; Relu x -> a; Neg a -> y; out y";

START_TEST(an_op_of_another_domain_is_refused) {
  struct arena arena = ARENA_INIT;
  struct error err;
  Onnx__ModelProto *model = onnx_model_parse(&arena, 13, simple);
  model->graph->node[1]->domain = arena_strdup(&arena, "ai.onnx");
  ck_assert_int_eq(import_model(&arena, model, &err), 0);
  model->graph->node[1]->domain = arena_strdup(&arena, "com.example");
  ck_assert_int_eq(import_model(&arena, model, &err), -1);
  ck_assert_str_eq(err.message, "model.onnx: node 'Neg_1' (Neg): unknown op type: it is of the domain 'com.example'; "
                                "only the standard ONNX operators are known");
  arena_free(&arena);
}
END_TEST

START_TEST(names_that_are_no_text_are_refused) {
  struct arena arena = ARENA_INIT;
  struct error err;
  Onnx__ModelProto *model = onnx_model_parse(&arena, 13, simple);
  model->graph->node[0]->name = arena_strdup(&arena, "a\xff");
  ck_assert_int_eq(import_model(&arena, model, &err), -1);
  ck_assert_ptr_nonnull(strstr(err.message, "not UTF-8"));
  model->graph->node[0]->name = arena_strdup(&arena, "one\ntwo");
  model->graph->node[0]->op_type = arena_strdup(&arena, "Line\nbreak");
  ck_assert_int_eq(import_model(&arena, model, &err), -1);
  check_line(err.message, "line break");
  arena_free(&arena);
}
END_TEST

START_TEST(a_model_without_a_graph_is_refused) {
  struct arena arena = ARENA_INIT;
  struct error err;
  Onnx__ModelProto *model = onnx_model_parse(&arena, 13, simple);
  model->graph = NULL;
  ck_assert_int_eq(import_model(&arena, model, &err), -1);
  ck_assert_str_eq(err.message, "model.onnx: not an ONNX file: it holds no graph");
  arena_free(&arena);
}
END_TEST

START_TEST(files_of_another_kind_are_refused) {
  static const char text[] = "name: edge\nbuffer: {capacity: 256KiB}\n";
  static const uint8_t jpeg[] = {0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
  static const uint8_t zeros[64];
  static const char zip[] = "PK\3\4\24\0\0\0\10\0";
  const struct {
    const void *bytes;
    size_t length;
    const char *words;
  } files[] = {
      {text, sizeof text - 1, "not an ONNX file"}, {jpeg, sizeof jpeg, "not an ONNX file"},
      {zeros, sizeof zeros, "not an ONNX file"},   {zip, sizeof zip, "not an ONNX file"},
      {"", 0, "is empty; expected an ONNX file"},
  };
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    struct graph *graph;
    struct error err;
    ck_assert_int_eq(import_bytes(&graph, files[i].bytes, files[i].length, &err), -1);
    check_line(err.message, "another kind");
    ck_assert_msg(strstr(err.message, files[i].words) != NULL, "%s", err.message);
  }
}
END_TEST

START_TEST(a_file_that_is_not_there_is_named) {
  const struct onnx_options options = ONNX_OPTIONS_INIT;
  struct graph *graph = NULL;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(onnx_import(&graph, "/nowhere/net.onnx", &options, &err), -1);
  ck_assert_ptr_nonnull(strstr(err.message, "/nowhere/net.onnx"));
  ck_assert_int_eq(err.kind, ERROR_INPUT);
}
END_TEST

/* A length-delimited field of number one to fifteen around what is in bytes. */
static size_t wrap(uint8_t *bytes, size_t length, unsigned field) {
  uint8_t head[12];
  size_t used = 0;
  head[used++] = (uint8_t)(field << 3 | 2);
  for (size_t rest = length; used == 1 || rest > 0; rest >>= 7) {
    head[used++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  }
  memmove(bytes + used, bytes, length);
  memcpy(bytes, head, used);
  return length + used;
}

/* A graph in an attribute of a node of a graph, and so on. */
START_TEST(deep_nesting_is_refused) {
  static uint8_t bytes[100000];
  size_t length = 0;
  struct graph *graph;
  struct error err;
  for (int level = 0; level < 3000; level++) {
    length = wrap(bytes, length, 6); /* AttributeProto.g */
    length = wrap(bytes, length, 5); /* NodeProto.attribute */
    length = wrap(bytes, length, 1); /* GraphProto.node */
  }
  length = wrap(bytes, length, 7); /* ModelProto.graph */
  ck_assert_int_eq(import_bytes(&graph, bytes, length, &err), -1);
  ck_assert_msg(strstr(err.message, "nested deeper than 32") != NULL, "%s", err.message);
}
END_TEST

/* Two bytes each for nodes that unpacked take a hundred. */
START_TEST(a_file_that_swells_is_refused) {
  const size_t nodes = 5 << 19, length = 2 * nodes;
  uint8_t *bytes = malloc(length + 16);
  struct graph *graph;
  struct error err;
  ck_assert_ptr_nonnull(bytes);
  for (size_t n = 0; n < nodes; n++) memcpy(bytes + 2 * n, (uint8_t[]){1 << 3 | 2, 0}, 2);
  ck_assert_int_eq(import_bytes(&graph, bytes, wrap(bytes, length, 7), &err), -1);
  check_line(err.message, "swelling");
  free(bytes);
}
END_TEST

/* ---- any bytes ---- */

/* A copy of exactly their size, so that a sanitizer sees a read beyond it. */
static void survive(const uint8_t *bytes, size_t length) {
  struct graph *graph;
  struct error err;
  uint8_t *copy = malloc(length == 0 ? 1 : length);
  ck_assert_ptr_nonnull(copy);
  memcpy(copy, bytes, length);
  if (import_bytes(&graph, copy, length, &err) == 0) {
    ck_assert_uint_ge(graph->op_count, 1);
    graph_free(graph);
  } else {
    ck_assert_int_ne(err.kind, ERROR_NONE);
    check_line(err.message, "any bytes");
  }
  free(copy);
}

static const char varied[] =
    "in x N,3,9,9; weight w 4,3,3,3; data b 4; ints s 1,-1; floats f 1,1,2,2; info c 1,4,5,5;"
    "Conv@stem x w b -> c strides=[2,2] pads=[1,1,1,1]; Resize c _ f -> r mode=linear; Shape r -> h;"
    "Constant -> i value={=0}; Gather h i -> g; Transpose r -> t perm=[0,2,1,3]; Split t -> u v axis=3 split=[5,5];"
    "Concat u v -> k axis=2; GlobalAveragePool k -> p; Reshape p s -> q; Gemm q e -> y transB=1; weight e 7,10; out y";

START_TEST(a_file_cut_short_anywhere_does_no_harm) {
  struct arena arena = ARENA_INIT;
  struct error err;
  struct graph *graph;
  size_t length;
  const uint8_t *bytes = onnx_model_pack(&arena, &length, onnx_model_parse(&arena, 13, varied));
  ck_assert_msg(import_bytes(&graph, bytes, length, &err) == 0, "%s", err.message);
  graph_free(graph);
  for (size_t cut = 0; cut < length; cut++) survive(bytes, cut);
  /* The graph is the last field of the model; without its end it is no message. */
  ck_assert_int_eq(import_bytes(&graph, bytes, length - 1, &err), -1);
  ck_assert_ptr_nonnull(strstr(err.message, "truncated"));
  arena_free(&arena);
}
END_TEST

static void mutate(uint8_t *bytes, size_t length, struct rng *rng) {
  uint32_t changes = 1 + rng_below(rng, 4);
  for (uint32_t c = 0; c < changes; c++) {
    uint32_t at = rng_below(rng, (uint32_t)length);
    switch (rng_below(rng, 3)) {
    case 0: bytes[at] ^= (uint8_t)(1u << rng_below(rng, 8)); break;
    case 1: bytes[at] = (uint8_t)rng_below(rng, 256); break;
    default: bytes[at] = bytes[rng_below(rng, (uint32_t)length)]; break;
    }
  }
}

static void mutate_often(const uint8_t *bytes, size_t length, uint32_t times, uint64_t stream) {
  uint8_t *mutated = malloc(length);
  ck_assert_ptr_nonnull(mutated);
  for (uint32_t i = 0; i < times; i++) {
    struct rng rng = rng_stream(20, stream, i);
    memcpy(mutated, bytes, length);
    mutate(mutated, length, &rng);
    survive(mutated, length);
  }
  free(mutated);
}

START_TEST(random_changes_to_a_model_do_no_harm) {
  struct arena arena = ARENA_INIT;
  size_t length;
  const uint8_t *bytes = onnx_model_pack(&arena, &length, onnx_model_parse(&arena, 13, varied));
  mutate_often(bytes, length, 4000, 0);
  arena_free(&arena);
}
END_TEST

START_TEST(random_changes_to_a_network_do_no_harm) {
  char *bytes;
  size_t length;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(file_read(&bytes, &length, support_path("configs/networks/alexnet.onnx"), 1 << 20, &err), 0);
  mutate_often((const uint8_t *)bytes, length, 2000, 1);
  free(bytes);
}
END_TEST

TCase *onnx_errors_case(void) {
  TCase *errors = tcase_create("errors");
  tcase_set_timeout(errors, 60);
  tcase_add_test(errors, a_bad_model_is_refused_with_the_words_that_matter);
  tcase_add_test(errors, an_op_of_another_domain_is_refused);
  tcase_add_test(errors, names_that_are_no_text_are_refused);
  tcase_add_test(errors, a_model_without_a_graph_is_refused);
  tcase_add_test(errors, files_of_another_kind_are_refused);
  tcase_add_test(errors, a_file_that_is_not_there_is_named);
  tcase_add_test(errors, deep_nesting_is_refused);
  tcase_add_test(errors, a_file_that_swells_is_refused);
  tcase_add_test(errors, a_file_cut_short_anywhere_does_no_harm);
  tcase_add_test(errors, random_changes_to_a_model_do_no_harm);
  tcase_add_test(errors, random_changes_to_a_network_do_no_harm);
  return errors;
}
