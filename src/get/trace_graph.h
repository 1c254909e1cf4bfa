/* A graph from a trace alone, for traces that come without their network: ops, and an edge
 * wherever an op read or let go of a row that another op computed. */
#ifndef SPILLWAY_GET_TRACE_GRAPH_H
#define SPILLWAY_GET_TRACE_GRAPH_H

#include "graph/graph.h"
#include "sim/trace.h"
#include "util/error.h"

/* Ops are labelled in a topological order, those that appear first in the trace first
 * where there is a choice; *labels receives the label of each op of the trace (caller
 * frees with free()), GRAPH_NO_OP for one without an event. Tensors carry one row each, of
 * as many elements as all the rows of that tensor seen in the trace have bytes, ops as many
 * weights as they loaded bytes. What was stored, or read by nobody, is an output.
 * ERROR_INPUT if the trace holds no event or the edges form a cycle. */
int trace_graph_create(struct graph **out, uint32_t **labels, const struct trace *trace, struct error *err);

#endif
