/* Networks that are hard for the exact search: many branches run beside each other. */
#ifndef SPILLWAY_TESTS_HARD_NET_H
#define SPILLWAY_TESTS_HARD_NET_H

#include "graph/graph.h"

struct hard_net {
  const char *name;
  struct graph *(*build)(void); /* the caller frees it */
};

extern const struct hard_net hard_nets[];
extern const size_t hard_net_count;

#endif
