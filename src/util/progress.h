/* A progress line on stderr, drawn only if stderr is a terminal. Safe to step from
 * several threads. */
#ifndef SPILLWAY_UTIL_PROGRESS_H
#define SPILLWAY_UTIL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress;

/* label is copied. Returns NULL without a terminal, when quiet, or without memory; the
 * other calls take NULL and do nothing. */
struct progress *progress_start(const char *label, uint64_t total, bool quiet);

/* done may come out of order; note is a short text shown behind the bar, or NULL. */
void progress_update(struct progress *progress, uint64_t done, const char *note);

/* Wipes the line and frees. */
void progress_end(struct progress *progress);

#endif
