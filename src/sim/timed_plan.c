#include "sim/timed_plan.h"

#include <stdlib.h>
#include <string.h>

#include "util/bitset.h"

/* ---- the order of the groups ---- */

static bool group_is_ready(const struct plan *plan, uint32_t group, const uint64_t *done) {
  const struct graph *graph = plan->graph;
  for BITSET_EACH (v, plan_group(plan, group), graph->set_words) {
    const struct op *op = &graph->ops[v];
    for (uint32_t i = 0; i < op->predecessor_count; i++) {
      uint32_t before = op->predecessors[i];
      if (!bitset_has(done, before) && !bitset_has(plan_group(plan, group), before)) return false;
    }
  }
  return true;
}

/* The groups come by their smallest labels, so few have to wait for a later one. */
static void order_groups(uint32_t *order, const struct plan *plan) {
  uint64_t done[GRAPH_MAX_SET_WORDS];
  uint32_t placed = 0;
  bitset_clear(done, plan->graph->set_words);
  for (bool progress = true; placed < plan->group_count && progress;) {
    progress = false;
    for (uint32_t g = 0; g < plan->group_count; g++) {
      size_t first = bitset_next(plan_group(plan, g), plan->graph->set_words, 0);
      if (bitset_has(done, first) || !group_is_ready(plan, g, done)) continue;
      bitset_or(done, plan_group(plan, g), plan->graph->set_words);
      order[placed++] = g;
      progress = true;
    }
  }
}

/* ---- the clock of the plan ---- */

/* Passes on what a group does, with the cycles before it added. */
struct shifted {
  const struct timed_sink *sink;
  uint64_t start_cycle;
};

static void shift_span(void *context, const struct timed_span *span) {
  const struct shifted *shifted = context;
  struct timed_span moved = *span;
  moved.start_cycle += shifted->start_cycle;
  moved.end_cycle += shifted->start_cycle;
  shifted->sink->span(shifted->sink->context, &moved);
}

static void shift_trace(void *context, const struct trace_event *event) {
  const struct shifted *shifted = context;
  struct trace_event moved = *event;
  moved.step += shifted->start_cycle;
  shifted->sink->trace(shifted->sink->context, &moved);
}

int timed_group(struct timed *timed, const uint64_t *group, const struct group_report *report,
                const struct timed_sink *sink, struct timed_cost *cost) {
  if (report->cost.stripes == 0) return timed_run(timed, group, sink, cost);
  uint32_t op = 0;
  while (!bitset_has(group, op)) op++;
  return timed_run_streamed(timed, op, report->cost.stripes, sink, cost);
}

static int run_groups(struct timed_plan *out, struct timed *timed, const struct plan *plan,
                      const struct plan_report *report, const struct timed_sink *sink) {
  for (uint32_t i = 0; i < plan->group_count; i++) {
    uint32_t g = out->order[i];
    struct shifted shifted = {sink, out->total.cycles};
    const struct timed_sink shifting = {sink != NULL && sink->span != NULL ? shift_span : NULL,
                                        sink != NULL && sink->trace != NULL ? shift_trace : NULL, &shifted};
    out->start_cycle[g] = out->total.cycles;
    if (timed_group(timed, plan_group(plan, g), &report->groups[g], sink == NULL ? NULL : &shifting,
                    &out->groups[g]) != 0) {
      return -1;
    }
    timed_add(&out->total, &out->groups[g], 1);
  }
  return 0;
}

int timed_plan_create(struct timed_plan *out, struct timed *timed, const struct plan *plan,
                      const struct plan_report *report, const struct timed_sink *sink, struct error *err) {
  *out = (struct timed_plan){
      .group_count = plan->group_count,
      .order = calloc(plan->group_count, sizeof *out->order),
      .start_cycle = calloc(plan->group_count, sizeof *out->start_cycle),
      .groups = calloc(plan->group_count, sizeof *out->groups),
  };
  if (out->order != NULL && out->start_cycle != NULL && out->groups != NULL) {
    order_groups(out->order, plan);
    if (run_groups(out, timed, plan, report, sink) == 0) return 0;
  }
  timed_plan_free(out);
  return error_memory(err);
}

void timed_plan_free(struct timed_plan *timed_plan) {
  free(timed_plan->order);
  free(timed_plan->start_cycle);
  free(timed_plan->groups);
  *timed_plan = (struct timed_plan){0};
}
