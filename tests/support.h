/* What several suites need. */
#ifndef SPILLWAY_TESTS_SUPPORT_H
#define SPILLWAY_TESTS_SUPPORT_H

#include "graph/graph.h"
#include "hw/hw.h"

/* A path below the source tree, in a buffer that the next call overwrites. */
const char *support_path(const char *below);

/* One of configs/networks; the test fails if it cannot be read. */
struct graph *support_network(const char *name);

/* 8-bit rows and weights, 32-bit bias, a buffer of that size. */
struct hw support_hw(uint64_t capacity_bytes);

#endif
