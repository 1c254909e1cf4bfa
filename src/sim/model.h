/* A network as the simulator sees it: the graph with every row and weight in bytes.
 * Immutable, shared between threads. */
#ifndef SPILLWAY_SIM_MODEL_H
#define SPILLWAY_SIM_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "graph/graph.h"
#include "hw/hw.h"
#include "util/error.h"

/* What an op does with the channels of a map. */
enum sim_kind {
  SIM_OTHER,
  SIM_CHANNELWISE, /* one output, a channel of it from that channel of the inputs: elementwise, depthwise, pools */
  SIM_JOIN,        /* one output, the channels of its inputs one behind the other */
  SIM_DENSE,       /* one output, each channel of it a sum over all channels of the input, with weights */
};

struct sim_model {
  const struct graph *graph; /* borrowed; outlives the model */
  struct hw hw;
  uint64_t *row_bytes;    /* of one row, by tensor */
  uint64_t *weight_bytes; /* by op */
  enum sim_kind *kinds;   /* by op */
};

/* ERROR_INPUT if the network's traffic does not fit 63 bits. */
int sim_model_create(struct sim_model *out, const struct graph *graph, const struct hw *hw, struct error *err);
void sim_model_free(struct sim_model *model);

#endif
