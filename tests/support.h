/* What several suites need. */
#ifndef SPILLWAY_TESTS_SUPPORT_H
#define SPILLWAY_TESTS_SUPPORT_H

#include <stdint.h>

#include "graph/graph.h"
#include "hw/hw.h"

/* A path below the source tree, in a buffer that the next call overwrites. */
const char *support_path(const char *below);

/* One of configs/networks; the test fails if it cannot be read. */
struct graph *support_network(const char *name);

/* The same network for images `factor` times as high and wide, without its classifier if
 * that takes one image size only. */
struct graph *support_network_scaled(const char *name, uint32_t factor);

/* The networks of configs/networks. */
#define SUPPORT_NETWORKS 14
extern const char *const support_networks[SUPPORT_NETWORKS];

/* Fixture: into an empty directory, and out of it again, which removes it with the files in it. */
void support_enter(void);
void support_leave(void);

/* 8-bit rows and weights, 32-bit bias, a buffer of that size. */
struct hw support_hw(uint64_t capacity_bytes);

#endif
