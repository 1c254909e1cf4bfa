/* ONNX import. */
#ifndef SPILLWAY_GRAPH_ONNX_H
#define SPILLWAY_GRAPH_ONNX_H

#include <stdbool.h>

#include "graph/graph.h"
#include "util/error.h"

struct onnx_options {
  bool fold_batch_norm; /* fold BatchNormalization into the convolution before it */
};

#define ONNX_OPTIONS_INIT {false}

/* Reads the network in file path; the graph's name is the file's base name without its
 * ending. Weights may be stripped (external data that is not there): only dimensions and
 * small shape constants are read. ERROR_INPUT names the file, the node, its op type and
 * what was expected. The caller frees *out with graph_free(). */
int onnx_import(struct graph **out, const char *path, const struct onnx_options *options, struct error *err);

/* The same from memory; path is used in messages and for the name. bytes may be anything. */
int onnx_import_memory(struct graph **out, const void *bytes, size_t length, const char *path,
                       const struct onnx_options *options, struct error *err);

#endif
