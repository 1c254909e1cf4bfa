/* Groups of ops as the user writes them. */
#ifndef SPILLWAY_CLI_GROUP_H
#define SPILLWAY_CLI_GROUP_H

#include <stdint.h>

#include "graph/graph.h"
#include "util/error.h"

/* text: "A..B" (all ops from A to B in the order of the labels), an op, or a list of such
 * with commas between; ops by name or label. set is an op set of the caller. ERROR_USAGE if
 * an op is unknown or the group is not connected. */
int group_parse(uint64_t *set, const struct graph *graph, const char *text, struct error *err);

/* "first .. last (n)", or the op's name. The caller frees it. */
char *group_text(const struct graph *graph, const uint64_t *set);

#endif
