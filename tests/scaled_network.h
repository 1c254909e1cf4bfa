/* The networks of configs/networks for larger images, for tests and for the bench. */
#ifndef SPILLWAY_TESTS_SCALED_NETWORK_H
#define SPILLWAY_TESTS_SCALED_NETWORK_H

#include <stdint.h>

#include "graph/graph.h"
#include "util/error.h"

/* Imports the file with an image `factor` times as high and wide. A classifier behind a
 * pooling of the map to a fixed size is left out. */
int scaled_network_import(struct graph **out, const char *path, uint32_t factor, struct error *err);

#endif
