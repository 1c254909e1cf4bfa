/* Small networks for tests in a few lines each. Every op has one output unless said
 * otherwise; a failing builder fails the test. Functions return tensors. */
#ifndef SPILLWAY_TESTS_BUILD_GRAPH_H
#define SPILLWAY_TESTS_BUILD_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"

enum { NET_MAX_TENSORS = 256 };

struct net {
  struct graph_builder *builder;
  uint32_t rows[NET_MAX_TENSORS];
  uint64_t elements[NET_MAX_TENSORS]; /* of a row */
  bool read[NET_MAX_TENSORS];         /* by some op */
  uint32_t tensor_count, op_count;
  uint64_t weights, biases; /* elements for the next op; 0 again after it */
  uint32_t channels;        /* output channels of the next op; likewise */
  uint64_t macs;            /* of the next op; likewise */
  const char *type;         /* of the next op; likewise; NULL for "Test" */
  uint64_t map_channels;    /* of the next output, which has so many channels; likewise; 0: not known */
  struct op_work work;      /* of the next op; likewise. Left at 0: what fits the op's rows */
};

struct net_window {
  uint32_t kernel, stride, pad, dilation; /* as much padding below as above */
};

void net_begin(struct net *net, uint64_t batch);
/* The caller frees it with graph_free(). */
struct graph *net_end(struct net *net);
void net_mark(struct net *net, uint32_t tensor); /* the network's output needs it */

uint32_t net_input(struct net *net, uint32_t rows, uint64_t elements);

/* An op named op0, op1, ...; its outputs follow. */
void net_op(struct net *net);
uint32_t net_output(struct net *net, uint32_t rows, uint64_t elements, bool elementwise,
                    const struct tensor_input *inputs, size_t input_count);

/* An op and its output. A convolution's window is one column wide and its channels are not
 * told apart: each row computes `elements` sums over the rows of the window. All others are
 * element operations. */
uint32_t net_conv(struct net *net, uint32_t from, uint64_t elements, struct net_window window);
uint32_t net_unary(struct net *net, uint32_t from);
uint32_t net_binary(struct net *net, uint32_t left, uint32_t right);  /* equal rows */
uint32_t net_scale(struct net *net, uint32_t from, uint32_t one_row); /* broadcast of one row */
uint32_t net_reduce(struct net *net, uint32_t from, uint64_t elements);
uint32_t net_nearest(struct net *net, uint32_t from, uint32_t rows);
uint32_t net_linear(struct net *net, uint32_t from, uint32_t rows, bool align_corners);
/* rows of a table; spans are copied */
uint32_t net_table(struct net *net, uint32_t from, uint32_t rows, const struct row_span *spans);

/* Four 1x1 convs over 4 rows of 10, 10, 5, 2 and 10 elements, of which the third has 1000 weights and the others 10. */
struct graph *net_heavy_third(void);

#endif
