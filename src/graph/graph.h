/* The network: ops in topological order, the tensors between them, and for each tensor
 * which rows of its inputs each of its rows needs.
 *
 * Rows: a tensor [N,C,H,W] has H rows of C*W elements, [N,T,D] has T rows of D, [N,F] has
 * one row of F; in general the rows are the second-to-last dimension, and a row holds the
 * elements of one image (all elements divided by batch and rows, rounded up).
 *
 * A graph is immutable once built and may be shared between threads. It owns everything
 * that its pointers reach; what is read from it is borrowed and lives as long as it. */
#ifndef SPILLWAY_GRAPH_GRAPH_H
#define SPILLWAY_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/error.h"

/* Which rows of an input the output row r needs. */
enum row_map_kind {
  /* r*stride + offset + j*dilation for j in 0..kernel-1, those inside the input.
   * Conv and pool: offset = -pad_top. Slice of rows: stride = step, offset = start,
   * kernel 1. Pad, Concat of rows: offset = -rows before, kernel 1. */
  ROW_WINDOW,
  /* All rows, taken one at a time into an accumulator (a reduction over rows); the
   * output has one row. */
  ROW_STREAMED,
  /* spans[r]; may be empty. First and last row of the non-empty spans never decrease. In a
   * finished graph only what no window can say. */
  ROW_TABLE,
};

struct row_span {
  uint32_t first, count;
};

struct row_map {
  enum row_map_kind kind;
  /* ROW_WINDOW; dilation and kernel >= 1, stride >= 0 */
  uint32_t stride, dilation, kernel;
  int64_t offset;
  /* ROW_TABLE: one per output row; graph_builder_output() copies them */
  const struct row_span *spans;
};

/* Row r needs row r. */
#define ROW_MAP_SAME ((struct row_map){.kind = ROW_WINDOW, .stride = 1, .dilation = 1, .kernel = 1})
/* Every row needs row 0. */
#define ROW_MAP_FIRST ((struct row_map){.kind = ROW_WINDOW, .stride = 0, .dilation = 1, .kernel = 1})
/* Every row needs all rows of an input with that many, present together. */
#define ROW_MAP_ALL(rows_of_input) \
  ((struct row_map){.kind = ROW_WINDOW, .stride = 0, .dilation = 1, .kernel = (rows_of_input)})
#define ROW_MAP_STREAMED ((struct row_map){.kind = ROW_STREAMED})

struct tensor_input {
  uint32_t tensor;
  struct row_map map;
};

#define GRAPH_MAX_RANK 8
#define GRAPH_MAX_OPS 16384
#define GRAPH_MAX_SET_WORDS (GRAPH_MAX_OPS / 64)
#define GRAPH_MAX_ROWS (1u << 24)
#define GRAPH_MAX_ELEMENTS (UINT64_C(1) << 40) /* of a tensor's image, of an op's weights */
#define GRAPH_MAX_BATCH 65536
#define GRAPH_NO_OP UINT32_MAX

struct tensor {
  const char *name;
  uint32_t producer;     /* op label, or GRAPH_NO_OP for an input of the network */
  uint32_t rows;         /* >= 1 */
  uint64_t row_elements; /* >= 1 */
  uint32_t rank;         /* 0 if the dimensions are not known */
  uint64_t dims[GRAPH_MAX_RANK];
  bool is_output;   /* the network's output needs it */
  bool elementwise; /* a row of it may be written over an input row of the same bytes */
  /* what a row of it is computed from, in the op's input order; none for network inputs */
  const struct tensor_input *inputs;
  uint32_t input_count;
  /* tensors computed from it, ascending, each once */
  const uint32_t *consumers;
  uint32_t consumer_count;
};

/* Whether that input is the same tensor as one before it. */
static inline bool tensor_input_repeats(const struct tensor *output, uint32_t input) {
  for (uint32_t i = 0; i < input; i++) {
    if (output->inputs[i].tensor == output->inputs[input].tensor) return true;
  }
  return false;
}

/* What one firing of an op computes, that is one row of its output. Products with weights or
 * of two activations are loops over places, taps and channels: of each group, filters/groups
 * sums over taps * channels/groups products for each place. All other ops are element
 * operations, and have filters 0.
 *
 * rows * row_pixels * taps * filters * (channels/groups) is the op's macs, save where an
 * output row is no whole number of places: a transposed convolution takes its places from
 * the input, rows of an image may be cut from a batch, and row_pixels rounds up. */
struct op_work {
  uint64_t filters;  /* output channels, of all groups; 0 for element operations */
  uint64_t channels; /* input channels, of all groups */
  uint64_t groups;   /* that share nothing and divide both; depthwise: as many as channels */
  uint64_t taps;     /* places of the window, over all its axes */
  uint64_t row_pixels; /* places of an output row at which the window is applied */
  /* Element operations of an output row, of several outputs the largest: its elements, times
   * the values that each one is the best, the sum or the mean of (a pool's window). Of an op
   * that takes its input rows one at a time (ROW_STREAMED), for each row that it takes. */
  uint64_t row_operations;
};

/* Ops are labelled 0, 1, ... in topological order. An op with several outputs (Split)
 * produces the rows of each output as they are asked for. */
struct op {
  const char *name; /* unique in the graph */
  const char *type; /* ONNX op type */
  uint64_t weight_elements, bias_elements;
  uint64_t macs;    /* multiply-accumulates for one image; 0 for ops without */
  struct op_work work;
  uint32_t out_channels; /* K: what weights can be divided by; >= 1 */
  uint32_t first_output, output_count; /* its output tensors, adjacent in graph->tensors */
  const uint32_t *predecessors, *successors; /* op labels, ascending, each once */
  uint32_t predecessor_count, successor_count;
  const uint64_t *ancestors, *descendants; /* op sets, the op itself included */
};

struct edge {
  uint32_t from, to; /* op labels, from < to */
};

struct graph {
  const char *name;
  uint64_t batch; /* images that a group runs one after another, >= 1 */
  struct op *ops;
  uint32_t op_count;
  struct tensor *tensors; /* network inputs and outputs of ops; producers before consumers */
  uint32_t tensor_count;
  struct edge *edges; /* every pair of ops with a tensor between them, by (from, to) */
  uint32_t edge_count;
  uint32_t set_words; /* 64-bit words of an op set; see util/bitset.h */
  struct arena arena;
};

/* The op of that name, or GRAPH_NO_OP. */
uint32_t graph_find_op(const struct graph *graph, const char *name);

/* Takes NULL. */
void graph_free(struct graph *graph);

/* ---- building ---- */

struct graph_builder;

struct op_spec {
  const char *name, *type;
  uint64_t weight_elements, bias_elements, macs;
  struct op_work work;
  uint32_t out_channels; /* 0 counts as 1 */
};

struct tensor_spec {
  const char *name;
  uint32_t rows;
  uint64_t row_elements;
  uint32_t rank; /* 0: dims not known */
  uint64_t dims[GRAPH_MAX_RANK];
  bool elementwise;
};

/* Strings, inputs and spans given to the builder are copied. Each call that fails leaves
 * the builder usable only for graph_builder_free(). name: of the network. */
int graph_builder_create(struct graph_builder **out, const char *name, uint64_t batch, struct error *err);

/* Adds an input of the network; *tensor is its index. */
int graph_builder_input(struct graph_builder *builder, uint32_t *tensor, const struct tensor_spec *spec,
                        struct error *err);

/* Adds an op; its outputs follow by graph_builder_output() before the next op is added. */
int graph_builder_op(struct graph_builder *builder, uint32_t *op, const struct op_spec *spec,
                     struct error *err);

/* Adds an output tensor to the op added last. inputs name tensors that exist already. */
int graph_builder_output(struct graph_builder *builder, uint32_t *tensor, const struct tensor_spec *spec,
                         const struct tensor_input *inputs, size_t input_count, struct error *err);

/* The network's output needs the tensor. */
void graph_builder_mark_output(struct graph_builder *builder, uint32_t tensor);

/* Checks the whole (unique op names, at least one op and one output, every op with an
 * output tensor and with an input), derives neighbours and reachability, frees
 * the builder and hands over *out, which the caller frees with graph_free(). On error the
 * builder is freed too. */
int graph_builder_finish(struct graph **out, struct graph_builder *builder, struct error *err);

/* Takes NULL. */
void graph_builder_free(struct graph_builder *builder);

#endif
