#include "sim/timed_plan.h"

#include <stdlib.h>
#include <string.h>

#include "sim/program.h"
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

static struct timed_span shift(const struct shifted *shifted, const struct timed_span *span) {
  struct timed_span moved = *span;
  moved.start_cycle += shifted->start_cycle;
  moved.end_cycle += shifted->start_cycle;
  return moved;
}

static void shift_begin(void *context, const struct timed_span *span) {
  const struct shifted *shifted = context;
  const struct timed_span moved = shift(shifted, span);
  shifted->sink->begin(shifted->sink->context, &moved);
}

static void shift_span(void *context, const struct timed_span *span) {
  const struct shifted *shifted = context;
  const struct timed_span moved = shift(shifted, span);
  shifted->sink->span(shifted->sink->context, &moved);
}

static void shift_required(void *context, uint64_t cycle, uint64_t bytes) {
  const struct shifted *shifted = context;
  shifted->sink->required(shifted->sink->context, cycle + shifted->start_cycle, bytes);
}

static void shift_trace(void *context, const struct trace_event *event) {
  const struct shifted *shifted = context;
  struct trace_event moved = *event;
  moved.step += shifted->start_cycle;
  shifted->sink->trace(shifted->sink->context, &moved);
}

/* What of the sink there is, shifted. */
static struct timed_sink shifting_sink(struct shifted *shifted) {
  const struct timed_sink *sink = shifted->sink;
  struct timed_sink shifting = {.context = shifted};
  if (sink->begin != NULL) shifting.begin = shift_begin;
  if (sink->span != NULL) shifting.span = shift_span;
  if (sink->trace != NULL) shifting.trace = shift_trace;
  if (sink->required != NULL) shifting.required = shift_required;
  return shifting;
}

static void tell_group(const struct timed_sink *sink, uint32_t group, uint64_t cycle, bool ends) {
  if (sink != NULL && sink->group != NULL) sink->group(sink->context, group, cycle, ends);
}

static int run_group(struct timed_plan *out, uint32_t g, struct timed *timed, const struct plan *plan,
                     const struct plan_report *report, const struct timed_sink *sink) {
  struct shifted shifted = {sink, out->total.cycles};
  struct timed_sink shifting = {0};
  if (sink != NULL) shifting = shifting_sink(&shifted);
  out->start_cycle[g] = out->total.cycles;
  tell_group(sink, g, out->start_cycle[g], false);
  const struct timed_sink *told = sink == NULL ? NULL : &shifting;
  if (report->groups[g].left_out) {
    tell_group(sink, g, out->start_cycle[g], true);
    return 0;
  }
  if (timed_run(timed, plan_group(plan, g), &report->groups[g].cost, told, &out->groups[g]) != 0) return -1;
  timed_add(&out->total, &out->groups[g], 1);
  tell_group(sink, g, out->total.cycles, true);
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
    int status = 0;
    for (uint32_t i = 0; i < plan->group_count && status == 0; i++) {
      status = run_group(out, out->order[i], timed, plan, report, sink);
    }
    if (status == 0) return 0;
  }
  timed_plan_free(out);
  if (!timed_was_too_long(timed)) return error_memory(err);
  return error_set(err, ERROR_INPUT, "network '%s': a group takes more than %zu steps, the most that is timed",
                   plan->graph->name, PROGRAM_MAX_STEPS);
}

void timed_plan_free(struct timed_plan *timed_plan) {
  free(timed_plan->order);
  free(timed_plan->start_cycle);
  free(timed_plan->groups);
  *timed_plan = (struct timed_plan){0};
}
