/* Random small networks that try everything a row map can be: windows with gaps, dilations
 * beyond the stride, irregular tables, one-row operands, reductions, several outputs. */
#ifndef SPILLWAY_TESTS_RANDOM_NET_H
#define SPILLWAY_TESTS_RANDOM_NET_H

#include "graph/graph.h"
#include "hw/hw.h"
#include "util/rng.h"

struct random_net_options {
  uint32_t most_ops;  /* 1 to 24 */
  uint32_t most_rows; /* of a network input */
  bool smooth;        /* windows, regular resizing and reductions only: what networks have */
};

struct graph *random_net(struct rng *rng, const struct random_net_options *options);

/* Odd bit widths, in_place or not. */
struct hw random_hw(struct rng *rng);

#endif
