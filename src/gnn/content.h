/* Hashes of what groups and networks are, without names and without where a group is. Two groups of equal
 * content run alike: same requirements, same traffic. Hashes of XXH3 (xxhash.h), the same on all machines of
 * one byte order. */
#ifndef SPILLWAY_GNN_CONTENT_H
#define SPILLWAY_GNN_CONTENT_H

#include <stdint.h>

#include "graph/graph.h"
#include "sim/model.h"

/* Of its ops with their types, tensors and weights in bytes, and row maps, and of which tensors come from
 * outside or leave. */
uint64_t content_hash_group(const struct sim_model *model, const uint64_t *group);

/* The same of all ops, in elements, so that it does not depend on hardware: of all that labels of ops and of groups
 * depend on. */
uint64_t content_hash_graph(const struct graph *graph);

#endif
