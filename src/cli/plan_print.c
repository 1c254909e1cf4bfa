#include "cli/plan_print.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/document.h"
#include "cli/group.h"
#include "cli/memory.h"
#include "cli/table.h"
#include "util/bitset.h"
#include "util/units.h"

double plan_saving_percent(uint64_t bytes, uint64_t before) {
  return before == 0 ? 0 : 100 * (1 - (double)bytes / (double)before);
}

/* ---- JSON ---- */

json_t *plan_ops_document(const struct graph *graph, const uint64_t *set) {
  json_t *list = json_array();
  for BITSET_EACH (v, set, graph->set_words) document_append(list, document_text(graph->ops[v].name));
  return list;
}

/* Of a group that has no other. */
static uint32_t only_op(const struct plan *plan, uint32_t group) {
  return (uint32_t)bitset_next(plan_group(plan, group), plan->graph->set_words, 0);
}

static json_t *group_document(const struct graph *graph, const uint64_t *set, const struct group_report *group) {
  const struct group_cost *cost = &group->cost;
  json_t *object = json_object();
  document_add(object, "ops", plan_ops_document(graph, set));
  document_add_text(object, "method", group->method);
  document_add(object, "valid", json_boolean(group->valid));
  document_add(object, "fuseable", json_boolean(group->fuseable));
  document_add_count(object, "required_bytes", cost->required_bytes);
  document_add_count(object, "dram_read_bytes", cost->dram_in_bytes + cost->weight_bytes);
  document_add_count(object, "dram_write_bytes", cost->dram_out_bytes);
  document_add_count(object, "weight_bytes", cost->weight_bytes);
  document_add_count(object, "stripes", cost->stripes);
  document_add_count(object, "resident_ops", cost->resident_ops);
  document_add_count(object, "sliced_maps", cost->sliced_maps);
  return object;
}

static json_t *totals_document(const struct plan_report *report) {
  json_t *object = json_object();
  document_add_count(object, "fuseable_dram_bytes", report->fuseable_dram_bytes);
  document_add_count(object, "total_dram_bytes", report->total_dram_bytes);
  document_add_count(object, "dram_read_bytes", report->dram_read_bytes);
  document_add_count(object, "dram_write_bytes", report->dram_write_bytes);
  document_add_count(object, "weight_bytes", report->weight_bytes);
  document_add_count(object, "max_required_bytes", report->max_required_bytes);
  document_add_count(object, "groups", report->group_count);
  document_add_count(object, "invalid_groups", report->invalid_groups);
  return object;
}

static json_t *left_out_document(const struct plan *plan, const struct plan_report *report) {
  json_t *list = json_array();
  for (uint32_t g = 0; g < report->group_count; g++) {
    if (!report->groups[g].left_out) continue;
    json_t *object = json_object();
    document_add_text(object, "op", plan->graph->ops[only_op(plan, g)].name);
    document_add_count(object, "required_bytes", report->groups[g].cost.required_bytes);
    document_append(list, object);
  }
  return list;
}

json_t *plan_document(const struct subject *subject, const struct method *method, const struct plan *plan,
                      const struct plan_report *report, const struct baseline *baseline) {
  json_t *document = json_object(), *groups = json_array(), *layers = json_object();
  document_add_text(document, "network", subject->graph->name);
  document_add_text(document, "network_hash", subject->hash);
  document_add_text(document, "method", method->name);
  document_add(document, "hardware", subject_hardware_document(&subject->model.hw));
  document_add_count(document, "compulsory_bytes", baseline->compulsory_bytes);
  document_add_count(layers, "fuseable_dram_bytes", baseline->layers.fuseable_dram_bytes);
  document_add_count(layers, "total_dram_bytes", baseline->layers.total_dram_bytes);
  document_add(document, "layer_by_layer", layers);
  if (subject->fuseable_only) document_add(document, "left_out", left_out_document(plan, report));
  for (uint32_t g = 0; g < report->group_count; g++) {
    document_append(groups, group_document(subject->graph, plan_group(plan, g), &report->groups[g]));
  }
  document_add(document, "groups", groups);
  document_add(document, "totals", totals_document(report));
  return document;
}

/* ---- tables ---- */

void plan_print_left_out(const struct plan *plan, const struct plan_report *report) {
  uint32_t neediest = 0;
  uint64_t most = 0;
  char needs[UNITS_TEXT_BYTES];
  for (uint32_t g = 0; g < report->group_count; g++) {
    if (!report->groups[g].left_out || report->groups[g].cost.required_bytes <= most) continue;
    most = report->groups[g].cost.required_bytes;
    neediest = only_op(plan, g);
  }
  if (report->left_out_groups == 0) return;
  const char *name = plan->graph->ops[neediest].name;
  units_format_bytes(needs, most);
  if (report->left_out_groups == 1) {
    cli_print("Left out of all totals: op '%s', which needs %s even alone.\n\n", name, needs);
  } else {
    cli_print("Left out of all totals: %u ops that fit the buffer in no way, the neediest '%s', which needs %s even "
              "alone.\n\n", report->left_out_groups, name, needs);
  }
}

/* Whether weights stay in stripes, or maps pass in slices, in any group. */
static bool any_refined(const struct plan_report *report) {
  for (uint32_t g = 0; g < report->group_count; g++) {
    const struct group_cost *cost = &report->groups[g].cost;
    if (cost->resident_ops > 0 || cost->sliced_maps > 0) return true;
  }
  return false;
}

void plan_print_groups(const struct plan *plan, const struct plan_report *report) {
  static const struct table_column columns[] = {
      {"group", TABLE_RIGHT},      {"ops", TABLE_LEFT},         {"method", TABLE_LEFT},
      {"fits", TABLE_LEFT},        {"needs KiB", TABLE_RIGHT},  {"weights KiB", TABLE_RIGHT},
      {"reads KiB", TABLE_RIGHT},  {"writes KiB", TABLE_RIGHT}, {"stripes", TABLE_RIGHT},
      {"stay/pass", TABLE_RIGHT},
  };
  bool refined = any_refined(report);
  struct table *table = table_create(columns, sizeof columns / sizeof columns[0] - !refined);
  for (uint32_t g = 0; g < report->group_count; g++) {
    const struct group_report *group = &report->groups[g];
    const struct group_cost *cost = &group->cost;
    char *ops = group_text(plan->graph, plan_group(plan, g));
    table_count(table, g);
    table_text(table, ops);
    table_text(table, group->method);
    table_text(table, group->valid ? "yes" : "no");
    table_kib(table, cost->required_bytes);
    table_kib(table, cost->weight_bytes);
    table_kib(table, cost->dram_in_bytes + cost->weight_bytes);
    table_kib(table, cost->dram_out_bytes);
    table_count(table, cost->stripes);
    if (refined) table_format(table, "%u/%u", cost->resident_ops, cost->sliced_maps);
    free(ops);
  }
  table_finish(table, stdout);
}

static void total_mb(struct table *table, const char *title, uint64_t bytes) {
  table_text(table, title);
  table_format(table, "%.3f", (double)bytes / 1e6);
  table_text(table, "MB");
}

static void total_count(struct table *table, const char *title, uint64_t count) {
  table_text(table, title);
  table_count(table, count);
  table_text(table, "");
}

void plan_print_totals(const struct plan_report *report, const struct baseline *baseline) {
  static const struct table_column columns[] = {{NULL, TABLE_LEFT}, {NULL, TABLE_RIGHT}, {NULL, TABLE_LEFT}};
  struct table *table = table_create(columns, 3);
  total_mb(table, "fuseable DRAM", report->fuseable_dram_bytes);
  total_mb(table, "  layer by layer", baseline->layers.fuseable_dram_bytes);
  table_text(table, "  saving");
  table_format(table, "%.2f", plan_saving_percent(report->fuseable_dram_bytes, baseline->layers.fuseable_dram_bytes));
  table_text(table, "%");
  total_mb(table, "total DRAM", report->total_dram_bytes);
  total_mb(table, "  layer by layer", baseline->layers.total_dram_bytes);
  total_mb(table, "  compulsory bound", baseline->compulsory_bytes);
  total_mb(table, "  reads", report->dram_read_bytes);
  total_mb(table, "    of them weights", report->weight_bytes);
  total_mb(table, "  writes", report->dram_write_bytes);
  table_text(table, "largest buffer use");
  table_kib(table, report->max_required_bytes);
  table_text(table, "KiB");
  total_count(table, "groups", report->group_count);
  if (report->left_out_groups > 0) total_count(table, "  left out", report->left_out_groups);
  total_count(table, "groups that overflow", report->invalid_groups);
  table_finish(table, stdout);
}
