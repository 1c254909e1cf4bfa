/* The best plan there is, with proof; or what no plan can go below. See exact.c. */
#ifndef SPILLWAY_SCHED_EXACT_H
#define SPILLWAY_SCHED_EXACT_H

#include <stdbool.h>

#include "sched/searcher.h"

/* ERROR_USAGE if the objective is not additive: nothing can be proven then. */
int exact_check(const struct search_options *options, struct error *err);

/* Proves a bound within the limits of searcher->options. plan, if not NULL, is a candidate of
 * the caller's. It becomes the best plan if bound->optimum; else the plan that the bound is of,
 * groups of which may be invalid, or group_count is 0 if there is none. It is not repaired yet.
 * The same errors as exact_check(). */
int exact_prove(struct searcher *searcher, struct search_bound *bound, struct candidate *plan, struct error *err);

#endif
