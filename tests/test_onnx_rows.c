/* Which input rows each output row needs: small cases by hand, and every setting of
 * windows, Resize and the like against an enumeration. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx_model.h"

/* ---- by hand ---- */

/* rows of tensor y: see onnx_model_rows() */
static const struct by_hand {
  const char *what;
  int64_t opset;
  const char *model, *dims, *rows;
} by_hand[] = {
    {"convolution", 13, "in x 1,2,5,5; weight w 4,2,3,3; Conv x w -> y pads=[1,1,1,1] strides=[2,2]; out y", "1,4,3,3",
     "x:01|123|34"},
    {"convolution with other padding above than below", 13,
     "in x 1,2,4,4; weight w 4,2,3,3; Conv x w -> y pads=[2,0,0,2]; out y", "1,4,4,4", "x:0|01|012|123"},
    {"dilated convolution", 13, "in x 1,2,6,6; weight w 2,2,3,3; Conv x w -> y pads=[2,2,2,2] dilations=[2,2]; out y",
     "1,2,6,6", "x:02|13|024|135|24|35"},
    {"other stride, padding and dilation along rows than along columns", 13,
     "in x 1,1,8,8; weight w 1,1,2,3; Conv x w -> y pads=[1,0,0,0] strides=[3,1] dilations=[2,1]; out y", "1,1,3,6",
     "x:1|24|57"},
    {"convolution of a sequence mixes its channels", 13, "in x 1,3,8; weight w 2,3,3; Conv x w -> y; out y", "1,2,6",
     "x:012|012"},
    {"convolution of a video slides over the second-to-last axis", 13,
     "in x 1,1,9,4,8; weight w 1,1,3,3,3; Conv x w -> y pads=[0,1,0,0,1,0]; out y", "1,1,7,4,6", "x:01|012|123|23"},
    {"SAME_UPPER puts the odd row of padding below", 13,
     "in x 1,1,4,4; weight w 1,1,3,3; Conv x w -> y auto_pad=SAME_UPPER strides=[2,2]; out y", "1,1,2,2", "x:012|23"},
    {"SAME_LOWER puts it above", 13,
     "in x 1,1,4,4; weight w 1,1,3,3; Conv x w -> y auto_pad=SAME_LOWER strides=[2,2]; out y", "1,1,2,2", "x:01|123"},
    {"VALID has no padding", 13, "in x 1,1,5,5; MaxPool x -> y auto_pad=VALID kernel_shape=[3,3] strides=[2,2]; out y",
     "1,1,2,2", "x:012|234"},
    {"pooling with ceil_mode", 13,
     "in x 1,1,6,6; MaxPool x -> y kernel_shape=[3,3] strides=[2,2] ceil_mode=1; out y", "1,1,3,3", "x:012|234|45"},
    {"pooling with ceil_mode has no window in the padding alone", 13,
     "in x 1,1,4,4; AveragePool x -> y kernel_shape=[2,2] strides=[2,2] pads=[1,1,1,1] ceil_mode=1; out y", "1,1,3,3",
     "x:0|12|3"},
    {"pooling with ceil_mode takes a window larger than the input", 13,
     "in x 1,1,2,2; MaxPool x -> y kernel_shape=[3,3] strides=[2,2] ceil_mode=1; out y", "1,1,1,1", "x:01"},
    {"pooling of a sequence keeps its channels apart", 13, "in x 1,3,8; MaxPool x -> y kernel_shape=[2]; out y",
     "1,3,7", "x:0|1|2"},
    {"global average", 13, "in x 1,2,4,4; GlobalAveragePool x -> y; out y", "1,2,1,1", "x:stream"},
    {"global average of one row", 13, "in x 1,2,1,4; GlobalMaxPool x -> y; out y", "1,2,1,1", "x:0"},
    {"mean over rows and columns", 13, "in x 1,2,4,4; ReduceMean x -> y axes=[2,3]; out y", "1,2,1,1", "x:stream"},
    {"mean over rows and columns without their axes", 13,
     "in x 1,2,4,4; ReduceMean x -> y axes=[2,3] keepdims=0; out y", "1,2", "x:stream"},
    {"mean over rows", 13, "in x 1,2,4,3; ReduceMean x -> y axes=[-2]; out y", "1,2,1,3", "x:stream"},
    {"mean over rows that leaves channels as rows", 13, "in x 1,2,4,3; ReduceMean x -> y axes=[2] keepdims=0; out y",
     "1,2,3", "x:0123|0123"},
    {"mean over columns", 13, "in x 1,2,3,4; ReduceMean x -> y axes=[3]; out y", "1,2,3,1", "x:0|1|2"},
    {"mean over columns that leaves channels as rows", 13, "in x 1,2,3,4; ReduceMean x -> y axes=[3] keepdims=0; out y",
     "1,2,3", "x:012|012"},
    {"mean over channels", 13, "in x 1,2,3,4; ReduceMean x -> y axes=[1] keepdims=0; out y", "1,3,4", "x:0|1|2"},
    {"maximum of everything", 13, "in x 1,2,3,4; ReduceMax x -> y keepdims=0; out y", "", "x:stream"},
    {"no axes and no operation", 13, "in x 1,2,3,4; ReduceSum x -> y noop_with_empty_axes=1; out y", "1,2,3,4",
     "x:0|1|2"},
    {"place of the maximum of channels", 13, "in x 1,2,3,4; ArgMax x -> y axis=1; out y", "1,1,3,4", "x:0|1|2"},
    {"place of the maximum of rows is not accumulated", 13, "in x 1,2,3,4; ArgMax x -> y axis=2; out y", "1,2,1,4",
     "x:012"},
    {"activation", 13, "in x 1,2,3,4; Relu x -> y; out y", "1,2,3,4", "x:0|1|2"},
    {"sum of two maps", 13, "in x 1,2,3,4; in z 1,2,3,4; Add x z -> y; out y", "1,2,3,4", "x:0|1|2 z:0|1|2"},
    {"a map and itself", 13, "in x 1,2,3,4; Mul x x -> y; out y", "1,2,3,4", "x:0|1|2"},
    {"scale of squeeze and excitation", 13, "in x 1,2,3,4; in z 1,2,1,1; Mul z x -> y; out y", "1,2,3,4",
     "z:0|0|0 x:0|1|2"},
    {"a row of fewer dimensions", 13, "in x 1,3,4; in z 4; Add x z -> y; out y", "1,3,4", "x:0|1|2 z:0|0|0"},
    {"a matrix is one row, whatever it is added to", 13, "in x 1,2,3,4; in z 3,4; Add x z -> y; out y", "1,2,3,4",
     "x:0|1|2 z:0|0|0"},
    {"rows of fewer dimensions", 13, "in x 1,2,3,4; in z 2,3,1; Add x z -> y; out y", "1,2,3,4", "x:0|1|2 z:0|1|2"},
    {"three operands", 13, "in x 1,1,3,4; in z 1,1,1,4; in u 1,1,3,1; Where x z u -> y; out y", "1,1,3,4",
     "x:0|1|2 z:0|0|0 u:0|1|2"},
    {"Expand to more rows", 13, "in x 1,2,1,4; ints s 1,1,3,1; Expand x s -> y; out y", "1,2,3,4", "x:0|0|0"},
    {"Expand to more channels", 13, "in x 1,1,3,4; ints s 1,2,3,4; Expand x s -> y; out y", "1,2,3,4", "x:0|1|2"},
    {"Tile along channels", 13, "in x 1,2,3,4; ints s 1,2,1,2; Tile x s -> y; out y", "1,4,3,8", "x:0|1|2"},
    {"Tile along rows", 13, "in x 1,2,3,4; ints s 1,1,2,1; Tile x s -> y; out y", "1,2,6,4",
     "x:012|012|012|012|012|012"},
    {"channels put together", 13, "in x 1,2,3,4; in z 1,1,3,4; Concat x z -> y axis=1; out y", "1,3,3,4",
     "x:0|1|2 z:0|1|2"},
    {"rows put together", 13, "in x 1,2,2,4; in z 1,2,3,4; Concat x z -> y axis=-2; out y", "1,2,5,4",
     "x:0|1||| z:||0|1|2"},
    {"channels split in two", 13, "in x 1,4,3,4; Split x -> u y axis=1; out u; out y", "1,2,3,4", "x:0|1|2"},
    {"rows split unequally", 11, "in x 1,4,5,4; Split x -> u y axis=2 split=[2,3]; out u; out y", "1,4,3,4",
     "x:2|3|4"},
    {"rows split unequally by default", 18, "in x 1,4,5,4; Split x -> u y axis=2 num_outputs=2; out u; out y",
     "1,4,2,4", "x:3|4"},
    {"rows sliced", 13, "in x 1,1,9,4; ints a 1; ints b -1; ints c 2; ints d 3; Slice x a b c d -> y; out y",
     "1,1,3,4", "x:1|4|7"},
    {"columns sliced", 13, "in x 1,1,3,9; ints a 1; ints b 99; ints c -1; ints d 3; Slice x a b c d -> y; out y",
     "1,1,3,3", "x:0|1|2"},
    {"rows reversed come all at once", 13,
     "in x 1,1,3,4; ints a -1; ints b -9; ints c 2; ints d -1; Slice x a b c d -> y; out y", "1,1,3,4",
     "x:012|012|012"},
    {"columns reversed", 13, "in x 1,1,3,4; ints a -1; ints b -9; ints c 3; ints d -1; Slice x a b c d -> y; out y",
     "1,1,3,4", "x:0|1|2"},
    {"rows padded by a constant", 13, "in x 1,1,3,4; ints p 0,0,2,0,0,0,1,0; Pad x p -> y; out y", "1,1,6,4",
     "x:||0|1|2|"},
    {"rows cropped by padding", 13, "in x 1,1,4,4; ints p 0,0,-1,0,0,0,-1,0; Pad x p -> y; out y", "1,1,2,4", "x:1|2"},
    {"rows padded by their edge", 13, "in x 1,1,3,4; ints p 0,0,2,0,0,0,1,0; Pad x p -> y mode=edge; out y", "1,1,6,4",
     "x:0|0|0|1|2|2"},
    {"rows cropped and padded by their edge", 13,
     "in x 1,1,4,4; ints p 0,0,-2,0,0,0,2,0; Pad x p -> y mode=edge; out y", "1,1,4,4", "x:2|3|3|3"},
    {"rows padded by reflection", 13, "in x 1,1,3,4; ints p 0,0,1,0,0,0,0,0; Pad x p -> y mode=reflect; out y",
     "1,1,4,4", "x:012|012|012|012"},
    {"columns padded by reflection", 13, "in x 1,1,3,4; ints p 0,0,0,1,0,0,0,1; Pad x p -> y mode=reflect; out y",
     "1,1,3,6", "x:0|1|2"},
    {"rows wrapped around", 19, "in x 1,1,2,4; ints p 0,0,1,0,0,0,0,0; Pad x p -> y mode=wrap; out y", "1,1,3,4",
     "x:01|01|01"},
    {"rows padded by axis", 18, "in x 1,1,3,4; ints p 1,0; ints a -2; Pad x p _ a -> y; out y", "1,1,4,4",
     "x:|0|1|2"},
    {"rows gathered in order", 13, "in x 1,2,5,4; ints i 0,2,2,-1; Gather x i -> y axis=2; out y", "1,2,4,4",
     "x:0|2|2|4"},
    {"rows gathered in disorder", 13, "in x 1,2,3,4; ints i 2,0; Gather x i -> y axis=2; out y", "1,2,2,4",
     "x:012|012"},
    {"one row gathered", 13, "in x 1,5,4; int i 0; Gather x i -> y axis=1; out y", "1,4", "x:0"},
    {"the last row of each channel gathered", 13, "in x 1,3,5,4; int i -1; Gather x i -> y axis=2; out y", "1,3,4",
     "x:4|4|4"},
    {"channels gathered", 13, "in x 1,4,3,4; ints i 3,1; Gather x i -> y axis=1; out y", "1,2,3,4", "x:0|1|2"},
    {"a part gathered off the front", 13, "in x 3,1,2,5,4; int i 1; Gather x i -> y axis=0; out y", "1,2,5,4",
     "x:0|1|2|3|4"},
    {"one column gathered leaves channels as rows", 13, "in x 1,3,2,4; int i 0; Gather x i -> y axis=3; out y",
     "1,3,2", "x:01|01|01"},
    {"columns gathered", 13, "in x 1,3,2,4; ints i 0,0,1; Gather x i -> y axis=3; out y", "1,3,2,3", "x:0|1"},
    {"a table of which the input picks rows", 13, "in x 1,6; weight t 100,8; Gather t x -> y; out y", "1,6,8",
     "x:0|0|0|0|0|0"},
    {"depth to space", 13, "in x 1,8,2,3; DepthToSpace x -> y blocksize=2; out y", "1,2,4,6", "x:0|0|1|1"},
    {"space to depth", 13, "in x 1,2,4,6; SpaceToDepth x -> y blocksize=2; out y", "1,8,2,3", "x:01|23"},
    {"Transpose of channels and columns", 13, "in x 1,2,3,4; Transpose x -> y perm=[0,3,2,1]; out y", "1,4,3,2",
     "x:0|1|2"},
    {"Transpose of rows", 13, "in x 1,2,3,4; Transpose x -> y perm=[0,2,1,3]; out y", "1,3,2,4", "x:012|012"},
    {"Transpose of a matrix", 13, "in x 3,4; Transpose x -> y; out y", "4,3", "x:0"},
    {"softmax of channels", 13, "in x 1,2,3,4; Softmax x -> y axis=1; out y", "1,2,3,4", "x:0|1|2"},
    {"softmax of rows", 13, "in x 1,2,3,4; Softmax x -> y axis=2; out y", "1,2,3,4", "x:012|012|012"},
    {"softmax of columns by default", 13, "in x 1,2,3,4; Softmax x -> y; out y", "1,2,3,4", "x:0|1|2"},
    {"softmax from the second axis on by default", 12, "in x 1,2,3,4; Softmax x -> y; out y", "1,2,3,4",
     "x:012|012|012"},
    {"softmax from the channels on", 12, "in x 1,2,3,4; LogSoftmax x -> y axis=1; out y", "1,2,3,4", "x:012|012|012"},
    {"softmax from the columns on", 12, "in x 1,2,3,4; Softmax x -> y axis=3; out y", "1,2,3,4", "x:0|1|2"},
    {"softmax of scores", 12, "in x 1,9; Softmax x -> y; out y", "1,9", "x:0"},
    {"layer normalisation of tokens", 17, "in x 1,3,8; weight s 8; LayerNormalization x s -> y; out y", "1,3,8",
     "x:0|1|2"},
    {"layer normalisation of the whole map", 17,
     "in x 1,2,3,4; weight s 2,3,4; LayerNormalization x s -> y axis=1; out y", "1,2,3,4", "x:012|012|012"},
    {"mean that a layer normalisation gives", 17, "in x 1,3,8; weight s 8; LayerNormalization x s -> z y; out y",
     "1,3,1", "x:0|1|2"},
    {"instance normalisation", 13, "in x 1,2,3,4; weight s 2; InstanceNormalization x s s -> y; out y", "1,2,3,4",
     "x:012|012|012"},
    {"batch normalisation", 13, "in x 1,2,3,4; weight s 2; BatchNormalization x s s s s -> y; out y", "1,2,3,4",
     "x:0|1|2"},
    {"response normalisation over channels", 13, "in x 1,2,3,4; LRN x -> y size=3; out y", "1,2,3,4", "x:0|1|2"},
    {"sums along rows", 13, "in x 1,2,3,4; int a 2; CumSum x a -> y; out y", "1,2,3,4", "x:012|012|012"},
    {"sums along columns", 13, "in x 1,2,3,4; int a -1; CumSum x a -> y; out y", "1,2,3,4", "x:0|1|2"},
    {"product of two activations", 13, "in x 1,2,3,4; in z 1,2,4,5; MatMul x z -> y; out y", "1,2,3,5",
     "x:0|1|2 z:0123|0123|0123"},
    {"product of an activation and itself", 13, "in x 1,3,3; MatMul x x -> y; out y", "1,3,3",
     "x:0|1|2 x:012|012|012"},
    {"product with weights", 13, "in x 1,3,4; weight w 4,5; MatMul x w -> y; out y", "1,3,5", "x:0|1|2"},
    {"product of weights with an activation", 13, "in x 1,3,4; weight w 5,3; MatMul w x -> y; out y", "1,5,4",
     "x:012|012|012|012|012"},
    {"product with a vector", 13, "in x 1,3,4; weight w 4; MatMul x w -> y; out y", "1,3", "x:012"},
    {"product of a vector with matrices", 13, "in x 4; in z 2,3,4,5; MatMul x z -> y; out y", "2,3,5",
     "x:0|0|0 z:0123|0123|0123"},
    {"Gemm", 13, "in x 1,6; weight w 6,4; weight b 4; Gemm x w b -> y; out y", "1,4", "x:0"},
    {"Gemm transposed", 13, "in x 6,1; weight w 4,6; Gemm x w -> y transA=1 transB=1; out y", "1,4", "x:0"},
    {"fully connected layer on a map takes it row by row", 13,
     "in x 1,2,3,4; weight w 24,5; Flatten x -> f; Gemm f w -> y; out y", "1,5", "x:stream"},
    {"fully connected layer on a map by MatMul", 13,
     "in x 1,2,3,4; weight w 24,5; ints s 1,-1; Reshape x s -> f; MatMul f w -> y; out y", "1,5", "x:stream"},
    {"fully connected layer on one row", 13,
     "in x 1,6,1,1; weight w 5,6; Flatten x -> f; Gemm f w -> y transB=1; out y", "1,5", "x:0"},
    {"fully connected layer on one row of columns", 13,
     "in x 1,3,1,2; weight w 6,5; Flatten x -> f; Gemm f w -> y; out y", "1,5", "x:0"},
    {"product of a map with an activation is not accumulated", 13,
     "in x 1,2,3,4; in z 24,5; Flatten x -> f; MatMul f z -> y; out y", "1,5", "x:012 z:0"},
    {"mean of a map through a view", 13,
     "in x 1,2,3,4; ints s 1,2,12; Reshape x s -> f; ReduceMean f -> y axes=[2] keepdims=0; out y", "1,2", "x:stream"},
    {"activation of a flattened map takes all of it", 13, "in x 1,2,3,4; Flatten x -> f; Relu f -> y; out y", "1,24",
     "x:012"},
    {"Reshape that keeps the rows", 13, "in x 1,4,3,5; ints s 1,2,2,3,5; Reshape x s -> f; Relu f -> y; out y",
     "1,2,2,3,5", "x:0|1|2"},
    {"Reshape to as many other rows", 13, "in x 1,4,3,5; ints s 1,5,3,4; Reshape x s -> f; Relu f -> y; out y",
     "1,5,3,4", "x:012|012|012"},
    {"Reshape to other rows", 13, "in x 1,4,3,5; ints s 1,6,10; Reshape x s -> f; Relu f -> y; out y", "1,6,10",
     "x:012|012|012|012|012|012"},
    {"Squeeze of channels", 12, "in x 1,1,3,5; Squeeze x -> f axes=[1]; Relu f -> y; out y", "1,3,5", "x:0|1|2"},
    {"two Reshapes that undo each other", 13,
     "in x 1,4,3,5; ints s 1,-1; ints t 1,4,3,5; Reshape x s -> f; Reshape f t -> g; Relu g -> y; out y", "1,4,3,5",
     "x:0|1|2"},
    {"shuffle of channels", 13,
     "in x 1,6,3,4; ints s 1,2,3,3,4; ints t 1,-1,3,4; Reshape x s -> f; Transpose f -> y perm=[0,2,1,3,4]; out y",
     "1,3,2,3,4", "x:0|1|2"},
    {"nearest upsampling as torch exports it", 13,
     "in x 1,1,2,2; floats s 1,1,2,2; Resize x _ s -> y mode=nearest nearest_mode=floor "
     "coordinate_transformation_mode=asymmetric; out y",
     "1,1,4,4", "x:0|0|1|1"},
    {"linear upsampling as torch exports it", 13,
     "in x 1,1,3,3; ints s 1,1,6,6; Resize x _ _ s -> y mode=linear "
     "coordinate_transformation_mode=pytorch_half_pixel; out y",
     "1,1,6,6", "x:0|01|01|12|12|2"},
    {"linear upsampling with aligned corners", 13,
     "in x 1,1,3,3; ints s 1,1,5,5; Resize x _ _ s -> y mode=linear "
     "coordinate_transformation_mode=align_corners; out y",
     "1,1,5,5", "x:0|01|1|12|2"},
    {"cubic upsampling", 13,
     "in x 1,1,5,5; ints s 1,1,10,10; Resize x _ _ s -> y mode=cubic; out y", "1,1,10,10",
     "x:01|012|012|0123|0123|1234|1234|234|234|34"},
    {"Upsample", 9, "in x 1,1,2,2; floats s 1,1,2,2; Upsample x s -> y; out y", "1,1,4,4", "x:0|0|1|1"},
    {"Upsample with scales as an attribute", 7, "in x 1,1,2,2; Upsample x -> y scales=[1.0,1.0,3.0,1.0]; out y",
     "1,1,6,2", "x:0|0|0|1|1|1"},
    {"Resize of columns", 13, "in x 1,1,3,3; ints s 1,1,3,9; Resize x _ _ s -> y mode=linear; out y", "1,1,3,9",
     "x:0|1|2"},
    {"antialiased downsampling", 18, "in x 1,1,4,4; ints s 1,1,2,2; Resize x _ _ s -> y mode=linear antialias=1; out y",
     "1,1,2,2", "x:0123|0123"},
    {"Resize of named axes", 18, "in x 1,1,2,2; ints s 4; Resize x _ _ s -> y axes=[2]; out y", "1,1,4,2",
     "x:0|0|1|1"},
    {"transposed convolution", 13,
     "in x 1,1,3,3; weight w 1,2,3,3; ConvTranspose x w -> y strides=[2,2] pads=[1,1,1,1] output_padding=[1,1]; out y",
     "1,2,6,6", "x:0|01|1|12|2|2"},
    {"scores by Einsum", 13, "in x 1,2,3,4; in z 1,2,5,4; Einsum x z -> y equation=bhid,bhjd->bhij; out y", "1,2,3,5",
     "x:0|1|2 z:01234|01234|01234"},
    {"Einsum that moves rows", 13, "in x 1,2,3,4; Einsum x -> y equation=bchw->bhcw; out y", "1,3,2,4", "x:012|012"},
};

static void check_by_hand(const struct by_hand *hand) {
  char text[ONNX_MODEL_TEXT_BYTES];
  struct graph *graph = onnx_model_import(hand->opset, hand->model);
  onnx_model_dims(text, onnx_model_tensor(graph, "y"));
  ck_assert_msg(strcmp(text, hand->dims) == 0, "%s: shape %s, expected %s", hand->what, text, hand->dims);
  onnx_model_rows(text, graph, "y");
  ck_assert_msg(strcmp(text, hand->rows) == 0, "%s: rows '%s', expected '%s'", hand->what, text, hand->rows);
  graph_free(graph);
}

START_TEST(rows_are_as_counted_by_hand) {
  for (size_t i = 0; i < sizeof by_hand / sizeof by_hand[0]; i++) check_by_hand(&by_hand[i]);
}
END_TEST

/* ---- by enumeration ---- */

enum { MOST_ROWS = 40 };

/* needs[r]: bit i is set if output row r needs input row i. */
struct needs {
  int64_t rows;
  uint64_t needs[MOST_ROWS];
};

static struct needs graph_needs(const struct graph *graph) {
  const struct tensor *tensor = onnx_model_tensor(graph, "y");
  const struct row_map *map = &tensor->inputs[0].map;
  const struct tensor *input = &graph->tensors[tensor->inputs[0].tensor];
  struct needs needs = {.rows = tensor->rows};
  ck_assert_uint_lt(tensor->rows, MOST_ROWS);
  for (uint32_t r = 0; r < tensor->rows; r++) {
    if (map->kind == ROW_TABLE) {
      for (uint32_t j = 0; j < map->spans[r].count; j++) needs.needs[r] |= UINT64_C(1) << (map->spans[r].first + j);
    } else {
      ck_assert_int_eq(map->kind, ROW_WINDOW);
      for (uint32_t j = 0; j < map->kernel; j++) {
        int64_t row = (int64_t)r * map->stride + map->offset + (int64_t)j * map->dilation;
        if (row >= 0 && row < input->rows) needs.needs[r] |= UINT64_C(1) << row;
      }
    }
  }
  return needs;
}

static void check_needs(const struct needs *got, const struct needs *expected, const char *model) {
  ck_assert_msg(got->rows == expected->rows, "%d rows, expected %d: %s", (int)got->rows, (int)expected->rows, model);
  for (int64_t r = 0; r < got->rows; r++) {
    ck_assert_msg(got->needs[r] == expected->needs[r], "row %d needs %llx, expected %llx: %s", (int)r,
                  (unsigned long long)got->needs[r], (unsigned long long)expected->needs[r], model);
  }
}

/* Slides a window over rows -pad .. in+pad-1 as long as it fits, and in ceil_mode once more
 * if a part of it still covers the input or the padding before it. */
static struct needs slide(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation, bool ceil_mode) {
  struct needs needs = {0};
  int64_t last = (kernel - 1) * dilation;
  for (int64_t at = -pad;; at += stride) {
    bool fits = at + last <= in + pad - 1;
    bool begins_inside = at < in, was_full = at - stride + last >= in + pad - 1;
    if (!fits && (!ceil_mode || !begins_inside || was_full)) return needs;
    for (int64_t j = 0; j < kernel; j++) {
      int64_t row = at + j * dilation;
      if (row >= 0 && row < in) needs.needs[needs.rows] |= UINT64_C(1) << row;
    }
    needs.rows++;
  }
}

START_TEST(windows_slide_as_enumerated) {
  unsigned tried = 0;
  for (int64_t code = 0; code < 10 * 4 * 3 * 2 * 2 * 2; code++) {
    int64_t in = 1 + code % 10, kernel = 1 + code / 10 % 4, stride = 1 + code / 40 % 3, pad = code / 120 % 2;
    int64_t dilation = 1 + code / 240 % 2;
    bool ceil_mode = code / 480 != 0;
    struct needs expected = slide(in, kernel, stride, pad, dilation, ceil_mode);
    char model[512];
    if (expected.rows == 0 || pad >= kernel) continue;
    snprintf(model, sizeof model,
             "in x 1,1,%d,9; MaxPool x -> y kernel_shape=[%d,1] strides=[%d,1] pads=[%d,0,%d,0] dilations=[%d,1] "
             "ceil_mode=%d; out y",
             (int)in, (int)kernel, (int)stride, (int)pad, (int)pad, (int)dilation, ceil_mode);
    struct graph *graph = onnx_model_import(13, model);
    struct needs got = graph_needs(graph);
    check_needs(&got, &expected, model);
    graph_free(graph);
    tried++;
  }
  ck_assert_uint_gt(tried, 500);
}
END_TEST

/* ---- Resize ---- */

/* A place in the input as a fraction, by the formulas of the operator's definition with the
 * scale out/in. */
struct place {
  int64_t n, d;
};

static struct place resize_place(const char *transformation, int64_t r, int64_t in, int64_t out) {
  if (strcmp(transformation, "align_corners") == 0) {
    return out == 1 ? (struct place){0, 1} : (struct place){r * (in - 1), out - 1};
  }
  if (strcmp(transformation, "asymmetric") == 0) return (struct place){r * in, out};
  if (strcmp(transformation, "tf_half_pixel_for_nn") == 0) return (struct place){(2 * r + 1) * in, 2 * out};
  if (strcmp(transformation, "pytorch_half_pixel") == 0 && out == 1) return (struct place){0, 1};
  return (struct place){(2 * r + 1) * in - out, 2 * out};
}

static int64_t distance(struct place x, int64_t row) { return llabs(x.n - row * x.d); }

/* The nearest row by trying them all; a tie goes down or up. */
static int64_t nearest(const char *round, struct place x, int64_t in) {
  int64_t best = -in;
  for (int64_t row = -in; row <= 2 * in; row++) {
    bool below = row * x.d <= x.n, reached = row * x.d >= x.n;
    if (strcmp(round, "floor") == 0) {
      if (below) best = row;
    } else if (strcmp(round, "ceil") == 0) {
      if (reached) return row < 0 ? 0 : row >= in ? in - 1 : row;
    } else if (distance(x, row) < distance(x, best) ||
               (distance(x, row) == distance(x, best) && strcmp(round, "round_prefer_ceil") == 0)) {
      best = row;
    }
  }
  return best < 0 ? 0 : best >= in ? in - 1 : best;
}

static struct needs resize_needs(const char *mode, const char *transformation, const char *round, int64_t in,
                                 int64_t out) {
  struct needs needs = {.rows = out};
  for (int64_t r = 0; r < out; r++) {
    struct place x = resize_place(transformation, r, in, out);
    if (strcmp(mode, "nearest") == 0) {
      needs.needs[r] = UINT64_C(1) << nearest(round, x, in);
      continue;
    }
    if (x.n < 0) x.n = 0;
    if (x.n > (in - 1) * x.d) x.n = (in - 1) * x.d;
    for (int64_t row = 0; row < in; row++) { /* weight 1 - |x - row| */
      if (distance(x, row) < x.d) needs.needs[r] |= UINT64_C(1) << row;
    }
  }
  return needs;
}

static void try_resize(const char *mode, const char *transformation, const char *round) {
  for (int64_t in = 1; in <= 7; in++) {
    for (int64_t out = 1; out <= 15; out++) {
      char model[512];
      snprintf(model, sizeof model,
               "in x 1,1,%d,2; ints s 1,1,%d,2; Resize x _ _ s -> y mode=%s coordinate_transformation_mode=%s "
               "nearest_mode=%s; out y",
               (int)in, (int)out, mode, transformation, round);
      struct graph *graph = onnx_model_import(13, model);
      struct needs got = graph_needs(graph), expected = resize_needs(mode, transformation, round, in, out);
      check_needs(&got, &expected, model);
      graph_free(graph);
    }
  }
}

static const char *const transformations[] = {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
                                              "tf_half_pixel_for_nn"};

START_TEST(resize_takes_the_nearest_row) {
  static const char *const rounds[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
  for (size_t r = 0; r < 4; r++) try_resize("nearest", transformations[_i], rounds[r]);
}
END_TEST

START_TEST(resize_takes_the_rows_between_which_it_interpolates) {
  try_resize("linear", transformations[_i], "round_prefer_floor");
}
END_TEST

/* ---- ConvTranspose ---- */

/* Input row i adds to output rows i*stride + j*dilation - pad. */
static struct needs scatter(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation) {
  struct needs needs = {.rows = out};
  for (int64_t i = 0; i < in; i++) {
    for (int64_t j = 0; j < kernel; j++) {
      int64_t row = i * stride + j * dilation - pad;
      if (row >= 0 && row < out) needs.needs[row] |= UINT64_C(1) << i;
    }
  }
  return needs;
}

/* With gaps between the taps the rows that are needed may have gaps too; the importer may
 * then take what lies between, but no row must miss and none be needed for nothing. */
static void check_contains(const struct needs *got, const struct needs *expected, const char *model) {
  ck_assert_int_eq(got->rows, expected->rows);
  for (int64_t r = 0; r < got->rows; r++) {
    ck_assert_msg((expected->needs[r] & ~got->needs[r]) == 0, "row %d misses rows: %s", (int)r, model);
  }
}

START_TEST(transposed_convolution_gathers_what_each_row_scatters) {
  unsigned tried = 0;
  for (int64_t code = 0; code < 5 * 4 * 4 * 3 * 2 * 3; code++) {
    int64_t in = 1 + code % 5, kernel = 1 + code / 5 % 4, stride = 1 + code / 20 % 4, pad = code / 80 % 3;
    int64_t added = code / 240 % 2, dilation = 1 + code / 480;
    int64_t out = (in - 1) * stride + added + (kernel - 1) * dilation + 1 - 2 * pad;
    char model[512];
    if (out < 1 || added >= stride) continue;
    snprintf(model, sizeof model,
             "in x 1,1,%d,3; weight w 1,1,%d,1; ConvTranspose x w -> y strides=[%d,1] pads=[%d,0,%d,0] "
             "dilations=[%d,1] output_padding=[%d,0]; out y",
             (int)in, (int)kernel, (int)stride, (int)pad, (int)pad, (int)dilation, (int)added);
    struct graph *graph = onnx_model_import(13, model);
    struct needs got = graph_needs(graph), expected = scatter(in, out, kernel, stride, pad, dilation);
    if (dilation == 1) {
      check_needs(&got, &expected, model);
    } else {
      check_contains(&got, &expected, model);
    }
    graph_free(graph);
    tried++;
  }
  ck_assert_uint_gt(tried, 800);
}
END_TEST

START_TEST(transposed_convolution_has_the_output_shape_that_it_is_told) {
  char text[ONNX_MODEL_TEXT_BYTES];
  struct graph *graph = onnx_model_import(
      13, "in x 1,1,3,3; weight w 1,1,3,3; ConvTranspose x w -> y strides=[2,2] output_shape=[6,6]; out y");
  ck_assert_str_eq(onnx_model_dims(text, onnx_model_tensor(graph, "y")), "1,1,6,6");
  ck_assert_str_eq(onnx_model_rows(text, graph, "y"), "x:0|01|1|12|2|2");
  graph_free(graph);
  graph = onnx_model_import(
      13, "in x 1,1,3,3; weight w 1,1,3,3; ConvTranspose x w -> y strides=[2,2] auto_pad=SAME_UPPER; out y");
  ck_assert_str_eq(onnx_model_dims(text, onnx_model_tensor(graph, "y")), "1,1,6,6");
  ck_assert_str_eq(onnx_model_rows(text, graph, "y"), "x:0|0|01|1|12|2");
  graph_free(graph);
}
END_TEST

/* ---- Slice ---- */

START_TEST(slices_pick_the_rows_that_python_picks) {
  for (int64_t start = -7; start <= 7; start++) {
    for (int64_t end = -7; end <= 7; end++) {
      for (int64_t step = 1; step <= 3; step++) {
        const int64_t size = 5;
        int64_t from = start < 0 ? start + size : start, to = end < 0 ? end + size : end;
        struct needs expected = {0};
        for (int64_t row = from < 0 ? 0 : from; row < (to > size ? size : to); row += step) {
          expected.needs[expected.rows++] = UINT64_C(1) << row;
        }
        char model[256];
        snprintf(model, sizeof model,
                 "in x 1,1,5,2; ints a %d; ints b %d; ints c 2; ints d %d; Slice x a b c d -> y; out y", (int)start,
                 (int)end, (int)step);
        if (expected.rows == 0) {
          ck_assert_ptr_nonnull(strstr(onnx_model_refusal(13, model), "[1, 1, 0, 2]"));
          continue;
        }
        struct graph *graph = onnx_model_import(13, model);
        struct needs got = graph_needs(graph);
        check_needs(&got, &expected, model);
        graph_free(graph);
      }
    }
  }
}
END_TEST

TCase *onnx_rows_case(void) {
  TCase *rows = tcase_create("rows");
  tcase_set_timeout(rows, 60);
  tcase_add_test(rows, rows_are_as_counted_by_hand);
  tcase_add_test(rows, windows_slide_as_enumerated);
  tcase_add_loop_test(rows, resize_takes_the_nearest_row, 0, sizeof transformations / sizeof transformations[0]);
  tcase_add_loop_test(rows, resize_takes_the_rows_between_which_it_interpolates, 0,
                      sizeof transformations / sizeof transformations[0]);
  tcase_add_test(rows, transposed_convolution_gathers_what_each_row_scatters);
  tcase_add_test(rows, transposed_convolution_has_the_output_shape_that_it_is_told);
  tcase_add_test(rows, slices_pick_the_rows_that_python_picks);
  return rows;
}
