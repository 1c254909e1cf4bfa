/* A pool of threads that share out numbered pieces of work. */
#ifndef SPILLWAY_UTIL_PARALLEL_H
#define SPILLWAY_UTIL_PARALLEL_H

#include <stdint.h>

#include "util/error.h"

struct parallel;

/* jobs >= 1 threads in all, the caller's included. */
int parallel_create(struct parallel **out, unsigned jobs, struct error *err);

/* Waits for the threads to end. Takes NULL. */
void parallel_free(struct parallel *parallel);

/* Calls work(context, worker, item) for item = 0 .. count-1, in any order, workers
 * numbered 0 .. jobs-1, never two calls of one worker at once; returns when all are done. */
void parallel_for(struct parallel *parallel, uint64_t count,
                  void (*work)(void *context, unsigned worker, uint64_t item), void *context);

#endif
