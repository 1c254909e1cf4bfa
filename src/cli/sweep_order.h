/* The order in which a sweep runs its cells, and what they share. */
#ifndef SPILLWAY_CLI_SWEEP_ORDER_H
#define SPILLWAY_CLI_SWEEP_ORDER_H

#include <stddef.h>

#include "cli/experiment.h"
#include "sched/evaluations.h"

/* Cells whose groups cost the same but for the capacity of the buffer. */
struct share {
  size_t cells_left;
  bool wanted; /* by two or more cells */
  struct evaluations *evaluations; /* NULL before the first cell and without memory */
};

struct sweep_item {
  const struct cell *cell;
  struct share *share;
};

struct sweep_order {
  struct sweep_item *items; /* one share after another, the largest buffers first */
  struct share *shares;
  size_t count;
};

int sweep_order_create(struct sweep_order *out, const struct cell *const *cells, size_t count, struct error *err);
void sweep_order_free(struct sweep_order *order);

#endif
