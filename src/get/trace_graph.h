/* A graph from a trace alone, for traces that come without their network: ops, and an edge
 * wherever an op let go of a row that another op computed. */
#ifndef SPILLWAY_GET_TRACE_GRAPH_H
#define SPILLWAY_GET_TRACE_GRAPH_H

#include "graph/graph.h"
#include "sim/trace.h"
#include "util/error.h"

/* Ops are labelled in a topological order, those that appear first in the trace first
 * where there is a choice; *labels receives the label of each op of the trace (caller
 * frees with free()). Tensors carry one row each, of as many elements as all the rows of
 * that tensor seen in the trace have bytes. ERROR_INPUT if the edges form a cycle. */
int trace_graph_create(struct graph **out, uint32_t **labels, const struct trace *trace, struct error *err);

#endif
