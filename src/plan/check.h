/* The law of plans, for this module. */
#ifndef SPILLWAY_PLAN_CHECK_H
#define SPILLWAY_PLAN_CHECK_H

#include "plan/plan.h"

/* plan_check() that also tells where: *culprit is the first op that the message names, or
 * GRAPH_NO_OP if it names none or memory ran out. */
int plan_check_where(const struct plan *plan, uint32_t *culprit, struct error *err);

/* The group of an op that is in none. */
#define PLAN_NO_GROUP UINT32_MAX

/* Whether group_of, a number per op, gives every op a group; if not, *first is the first
 * that has none. */
int plan_check_cover(const struct graph *graph, const uint32_t *group_of, uint32_t *first, struct error *err);

#endif
