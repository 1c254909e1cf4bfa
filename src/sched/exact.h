/* The best plan there is, with proof; or what no plan can go below. See exact.c. */
#ifndef SPILLWAY_SCHED_EXACT_H
#define SPILLWAY_SCHED_EXACT_H

#include <stdbool.h>

#include "sched/searcher.h"

/* ERROR_USAGE if the objective is not additive: nothing can be proven then. */
int exact_check(const struct search_options *options, struct error *err);

/* Proves a bound within the limits of searcher->options. plan, if not NULL, is a candidate of
 * the caller's and becomes the best plan, not repaired yet, if bound->optimum. The same
 * errors as exact_check(). */
int exact_prove(struct searcher *searcher, struct search_bound *bound, struct candidate *plan, struct error *err);

#endif
