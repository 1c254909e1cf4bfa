/* A simulated plan, for people and for programs. */
#ifndef SPILLWAY_CLI_PLAN_PRINT_H
#define SPILLWAY_CLI_PLAN_PRINT_H

#include <jansson.h>

#include "cli/subject.h"
#include "plan/plan.h"
#include "sim/report.h"

/* Ops of a set: a list of their names. */
json_t *plan_ops_document(const struct graph *graph, const uint64_t *set);

/* Network, hardware, groups, totals and what to compare them with; with --fuseable-only, what is left out. */
json_t *plan_document(const struct subject *subject, const struct method *method, const struct plan *plan,
                      const struct plan_report *report, const struct baseline *baseline);

/* A note of the ops that are left out; nothing if there are none. */
void plan_print_left_out(const struct plan *plan, const struct plan_report *report);

/* A row per group. */
void plan_print_groups(const struct plan *plan, const struct plan_report *report);

/* A row per figure. */
void plan_print_totals(const struct plan_report *report, const struct baseline *baseline);

/* How much less `bytes` is than `before`, in percent. */
double plan_saving_percent(uint64_t bytes, uint64_t before);

#endif
