#include "sim/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/bitset.h"
#include "util/units.h"

int report_fuseable_ops(struct sim *sim, const struct method *method, uint64_t *set) {
  const struct sim_model *model = sim_model(sim);
  const struct graph *graph = model->graph;
  uint64_t alone[GRAPH_MAX_SET_WORDS];
  struct group_cost cost;
  bitset_clear(set, graph->set_words);
  bitset_clear(alone, graph->set_words);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    bitset_add(alone, v);
    if (method->cost(sim, alone, &cost) != 0) return -1;
    if (cost.required_bytes <= model->hw.buffer_capacity_bytes) bitset_add(set, v);
    bitset_remove(alone, v);
  }
  return 0;
}

int report_compulsory_bytes(struct sim *sim, const uint64_t *ops, uint64_t *bytes, struct error *err) {
  struct group_cost cost;
  *bytes = 0;
  if (bitset_empty(ops, sim_model(sim)->graph->set_words)) return 0;
  if (sim_traffic(sim, ops, &cost) != 0) return error_memory(err);
  *bytes = group_cost_dram_bytes(&cost);
  return 0;
}

/* Names the op that needs most of those that fit the buffer in no way. */
static int complain_streamed(struct sim *sim, const struct method *method, struct error *err) {
  const struct sim_model *model = sim_model(sim);
  uint64_t capacity = model->hw.buffer_capacity_bytes, most = 0;
  uint32_t neediest = 0, count = 0;
  uint64_t alone[GRAPH_MAX_SET_WORDS];
  bitset_clear(alone, model->graph->set_words);
  for (uint32_t v = 0; v < model->graph->op_count; v++) {
    struct group_cost cost;
    bitset_add(alone, v);
    if (method->cost(sim, alone, &cost) != 0) return error_memory(err);
    bitset_remove(alone, v);
    if (cost.required_bytes <= capacity) continue;
    count++;
    if (cost.required_bytes <= most) continue;
    most = cost.required_bytes;
    neediest = v;
  }
  char needs[UNITS_TEXT_BYTES], has[UNITS_TEXT_BYTES], others[64] = "";
  if (count > 1) snprintf(others, sizeof others, ", and %u more ops need more than it has", count - 1);
  return error_set(err, ERROR_INPUT,
                   "op '%s' of '%s' needs %s even alone, row by row with streamed weights, but the buffer has %s%s; "
                   "give a larger buffer, or leave such ops out: --fuseable-only, or fuseable_only in an experiment",
                   model->graph->ops[neediest].name, model->graph->name, units_format_bytes(needs, most),
                   units_format_bytes(has, capacity), others);
}

/* An op that cannot run under the method runs alone with streamed weights. */
static int report_streamed(struct group_report *group, struct sim *sim, const struct method *method,
                           const uint64_t *op, bool may_leave_out, struct error *err) {
  if (method->cost(sim, op, &group->cost) != 0) return error_memory(err);
  group->valid = group->cost.required_bytes <= sim_model(sim)->hw.buffer_capacity_bytes;
  group->method = group->valid ? method->name : REPORT_LEFT_OUT;
  if (group->valid) return 0;
  if (!may_leave_out) return complain_streamed(sim, method, err);
  group->left_out = true;
  group->cost = (struct group_cost){.required_bytes = group->cost.required_bytes};
  return 0;
}

static int report_group(struct group_report *group, struct sim *sim, const struct method *method, const uint64_t *ops,
                        const uint64_t *fuseable, bool may_leave_out, struct error *err) {
  const struct sim_model *model = sim_model(sim);
  size_t words = model->graph->set_words;
  uint64_t outside[GRAPH_MAX_SET_WORDS];
  bitset_minus(outside, ops, fuseable, words);
  group->fuseable = bitset_empty(outside, words);
  if (!group->fuseable && bitset_count(ops, words) == 1) {
    return report_streamed(group, sim, method_alone(method), ops, may_leave_out, err);
  }
  if (method->cost(sim, ops, &group->cost) != 0) return error_memory(err);
  group->method = method_ran(method, sim, ops, &group->cost);
  if (group->method == NULL) return error_memory(err);
  group->valid = group->cost.required_bytes <= model->hw.buffer_capacity_bytes;
  return 0;
}

static void report_add(struct plan_report *report, const struct group_report *group) {
  const struct group_cost *cost = &group->cost;
  uint64_t bytes = group_cost_dram_bytes(cost);
  if (group->left_out) {
    report->left_out_groups++;
    return;
  }
  report->total_dram_bytes += bytes;
  if (group->fuseable) report->fuseable_dram_bytes += bytes;
  report->dram_read_bytes += cost->dram_in_bytes + cost->weight_bytes;
  report->dram_write_bytes += cost->dram_out_bytes;
  report->weight_bytes += cost->weight_bytes;
  if (cost->required_bytes > report->max_required_bytes) report->max_required_bytes = cost->required_bytes;
  if (!group->valid) report->invalid_groups++;
}

static int report_create(struct plan_report *out, struct sim *sim, const struct method *method,
                         const struct plan *plan, bool may_leave_out, struct error *err) {
  uint64_t fuseable[GRAPH_MAX_SET_WORDS];
  *out = (struct plan_report){.group_count = plan->group_count};
  out->groups = calloc(plan->group_count, sizeof *out->groups);
  if (out->groups == NULL || report_fuseable_ops(sim, method, fuseable) != 0) {
    plan_report_free(out);
    return error_memory(err);
  }
  for (uint32_t g = 0; g < plan->group_count; g++) {
    if (report_group(&out->groups[g], sim, method, plan_group(plan, g), fuseable, may_leave_out, err) != 0) {
      plan_report_free(out);
      return -1;
    }
    report_add(out, &out->groups[g]);
  }
  return 0;
}

int plan_report_create(struct plan_report *out, struct sim *sim, const struct method *method,
                       const struct plan *plan, struct error *err) {
  return report_create(out, sim, method, plan, false, err);
}

int plan_report_create_runnable(struct plan_report *out, struct sim *sim, const struct method *method,
                                const struct plan *plan, struct error *err) {
  return report_create(out, sim, method, plan, true, err);
}

void plan_report_free(struct plan_report *report) {
  free(report->groups);
  *report = (struct plan_report){0};
}
