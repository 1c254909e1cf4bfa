/* What a timed run leaves in files: timelines and traces with cycles. */
#ifndef SPILLWAY_CLI_TIMED_TRACE_H
#define SPILLWAY_CLI_TIMED_TRACE_H

#include <stdint.h>

#include "cli/subject.h"
#include "plan/plan.h"
#include "sim/report.h"
#include "sim/timed_plan.h"
#include "util/error.h"

/* Whether the file is to be a timeline, by its ending. */
bool timed_trace_is_timeline(const char *path);

/* Runs the plan and writes its timeline (sim/timeline.h), whole or not at all. detail: the
 * name of one. */
int timed_trace_timeline(const char *path, const char *detail, const struct subject *subject, struct timed *timed,
                         const struct plan *plan, const struct plan_report *report, struct error *err);

/* The buffer trace of one group with cycles as steps, as CSV. ERROR_INPUT if its weights are
 * streamed, for then they come and go, which such a trace cannot tell. */
int timed_trace_csv(const char *path, const struct subject *subject, const struct method *method, struct timed *timed,
                    const uint64_t *group, struct error *err);

#endif
