/* A plan on the clock, if the user asked for it: --timed. */
#ifndef SPILLWAY_CLI_TIMING_H
#define SPILLWAY_CLI_TIMING_H

#include <jansson.h>

#include "cli/settings.h"
#include "cli/subject.h"
#include "plan/plan.h"
#include "sim/report.h"
#include "sim/timed_metrics.h"
#include "sim/timed_plan.h"
#include "util/error.h"

struct timing {
  struct timed *timed; /* NULL if nobody asked; then everything here does nothing */
  struct timed_peaks peaks;
  struct timed_plan plan;
  struct timed_cost layers; /* every op its own group */
};

/* Opens before anything is written: the hardware's DRAM may be unknown (ERROR_INPUT). The
 * subject outlives the timing, which the caller closes with timing_close(). */
int timing_open(struct timing *out, const struct subject *subject, const struct clock_options *options,
                struct error *err);
void timing_close(struct timing *timing);

int timing_run(struct timing *timing, const struct subject *subject, const struct plan *plan,
               const struct plan_report *report, const struct baseline *baseline, struct error *err);

/* Puts an object `timed` into each group, the totals and layer_by_layer of a plan_document(). */
void timing_add_documents(json_t *document, const struct timing *timing);

/* A row per group. */
void timing_print_groups(const struct timing *timing, const struct plan *plan);

/* A row per figure. */
void timing_print_totals(const struct timing *timing);

#endif
