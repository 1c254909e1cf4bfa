/* A whole plan on the clock: its groups one after another. */
#ifndef SPILLWAY_SIM_TIMED_PLAN_H
#define SPILLWAY_SIM_TIMED_PLAN_H

#include "plan/plan.h"
#include "sim/report.h"
#include "sim/timed.h"

struct timed_plan {
  uint32_t group_count;
  uint32_t *order;           /* in which the groups run: each after those that it reads from */
  uint64_t *start_cycle;     /* by group */
  struct timed_cost *groups; /* by group */
  struct timed_cost total;
};

/* report: of the plan (plan_report_create()); it says which groups run with streamed weights. The
 * sink, which may be NULL, sees the groups in their order, with the cycles of the whole plan
 * (of a batch: of its first image). The caller frees with timed_plan_free(). */
int timed_plan_create(struct timed_plan *out, struct timed *timed, const struct plan *plan,
                      const struct plan_report *report, const struct timed_sink *sink, struct error *err);
void timed_plan_free(struct timed_plan *timed_plan);

#endif
