/* Why groups overflow, in buffers of whatever capacity: shared by explainers, in any number of
 * threads, of the same network and hardware but for the capacity, under the same method, which
 * must be steady (method.h). Who holds the buffer at the peak of a group that does not fit is the
 * same at all capacities at which it does not, and so is what its cuts leave and send through DRAM. */
#ifndef SPILLWAY_GET_OVERFLOWS_H
#define SPILLWAY_GET_OVERFLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "get/explainer.h"

struct overflows;

/* Once about limit_bytes are used, nothing more is kept. */
int overflows_create(struct overflows **out, const struct graph *graph, size_t limit_bytes, struct error *err);
void overflows_free(struct overflows *overflows);

/* Fills in cost and peak of the explanation of the group, and of its cuts, in the order of the list,
 * all but the relief. False if they are not known. */
bool overflows_find(struct overflows *overflows, const uint64_t *group, const struct group_cut_list *cuts,
                    struct explanation *explanation);

/* Keeps what overflows_find() fills in, if there is room. */
void overflows_add(struct overflows *overflows, const uint64_t *group, size_t cut_count,
                   const struct explanation *explanation);

#endif
