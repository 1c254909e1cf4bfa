/* What a plan takes on the clock, for people and for programs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/document.h"
#include "cli/group.h"
#include "cli/table.h"
#include "cli/timing.h"

/* ---- JSON ---- */

static json_t *phases_document(const struct timed_cost *cost) {
  json_t *object = json_object();
  for (int p = 0; p < TIMED_PHASES; p++) document_add_count(object, timed_phase_names[p], cost->phase_cycles[p]);
  return object;
}

static json_t *energy_document(const struct timed_cost *cost) {
  json_t *object = json_object();
  for (int e = 0; e < TIMED_ENERGIES; e++) document_add_real(object, timed_energy_names[e], cost->energy_pj[e]);
  document_add_real(object, "total", timed_total_pj(cost));
  return object;
}

static json_t *utilisation_document(const struct timed_metrics *metrics) {
  json_t *object = json_object();
  document_add_real(object, "array", metrics->array_utilisation);
  document_add_real(object, "array_busy", metrics->array_busy_ratio);
  document_add_real(object, "lanes", metrics->lanes_utilisation);
  document_add_real(object, "lanes_busy", metrics->lanes_busy_ratio);
  document_add_real(object, "dram_bandwidth", metrics->dram_utilisation);
  document_add_real(object, "dram_busy", metrics->dram_busy_ratio);
  return object;
}

static json_t *roofline_document(const struct roofline *roofline) {
  json_t *object = json_object();
  document_add_real(object, "arithmetic_intensity_macs_per_byte", roofline->macs_per_byte);
  document_add_real(object, "machine_balance_macs_per_byte", roofline->balance_macs_per_byte);
  document_add_real(object, "peak_macs_per_second", roofline->peak_macs_per_second);
  document_add_real(object, "peak_dram_bytes_per_second", roofline->peak_dram_bytes_per_second);
  document_add_real(object, "attainable_macs_per_second", roofline->attainable_macs_per_second);
  document_add_real(object, "achieved_macs_per_second", roofline->achieved_macs_per_second);
  document_add_text(object, "bound", roofline_bound_names[roofline->bound]);
  return object;
}

static json_t *cost_document(const struct timed_cost *cost, const struct timed_peaks *peaks) {
  const struct timed_metrics metrics = timed_metrics_of(cost, peaks);
  json_t *object = json_object();
  document_add_count(object, "cycles", cost->cycles);
  document_add(object, "phase_cycles", phases_document(cost));
  document_add_count(object, "array_busy_cycles", cost->array_busy_cycles);
  document_add_count(object, "lanes_busy_cycles", cost->lanes_busy_cycles);
  document_add_count(object, "dram_busy_cycles", cost->dram_busy_cycles);
  document_add_count(object, "macs", cost->macs);
  document_add_count(object, "vector_operations", cost->vector_operations);
  document_add_count(object, "buffer_read_bytes", cost->buffer_read_bytes);
  document_add_count(object, "buffer_write_bytes", cost->buffer_write_bytes);
  document_add_count(object, "dram_read_bytes", cost->dram_read_bytes);
  document_add_count(object, "dram_write_bytes", cost->dram_write_bytes);
  document_add_count(object, "dram_activates", cost->dram_activates);
  document_add(object, "energy_pj", energy_document(cost));
  document_add_count(object, "peak_occupied_bytes", cost->peak_occupied_bytes);
  document_add_real(object, "seconds", metrics.seconds);
  document_add_real(object, "inferences_per_second", metrics.images_per_second);
  document_add_real(object, "energy_per_inference_pj", metrics.image_energy_j * 1e12);
  document_add_real(object, "average_power_watts", metrics.power_w);
  document_add_real(object, "energy_delay_product_joule_seconds", metrics.edp_js);
  document_add_real(object, "dram_bytes_per_second", metrics.dram_bytes_per_second);
  document_add(object, "utilisation", utilisation_document(&metrics));
  document_add(object, "roofline", roofline_document(&metrics.roofline));
  return object;
}

void timing_add_documents(json_t *document, const struct timing *timing) {
  json_t *groups = json_object_get(document, "groups"), *group;
  size_t g;
  if (timing->timed == NULL) return;
  json_array_foreach(groups, g, group) {
    json_t *timed = cost_document(&timing->plan.groups[g], &timing->peaks);
    document_add_count(timed, "start_cycle", timing->plan.start_cycle[g]);
    document_add(group, "timed", timed);
  }
  json_t *totals = cost_document(&timing->plan.total, &timing->peaks);
  document_add_count(totals, "inferences", timing->peaks.images);
  document_add(json_object_get(document, "totals"), "timed", totals);
  document_add(json_object_get(document, "layer_by_layer"), "timed", cost_document(&timing->layers, &timing->peaks));
}

/* ---- tables ---- */

static void cell_percent(struct table *table, double ratio) { table_format(table, "%.1f", 100 * ratio); }

void timing_print_groups(const struct timing *timing, const struct plan *plan) {
  static const struct table_column columns[] = {
      {"group", TABLE_RIGHT},     {"ops", TABLE_LEFT},     {"cycles", TABLE_RIGHT},  {"time us", TABLE_RIGHT},
      {"compute %", TABLE_RIGHT}, {"port %", TABLE_RIGHT}, {"dram %", TABLE_RIGHT},  {"room %", TABLE_RIGHT},
      {"array %", TABLE_RIGHT},   {"DRAM BW %", TABLE_RIGHT}, {"energy uJ", TABLE_RIGHT},
  };
  if (timing->timed == NULL) return;
  struct table *table = table_create(columns, sizeof columns / sizeof columns[0]);
  for (uint32_t g = 0; g < timing->plan.group_count; g++) {
    const struct timed_cost *cost = &timing->plan.groups[g];
    const struct timed_metrics metrics = timed_metrics_of(cost, &timing->peaks);
    char *ops = group_text(plan->graph, plan_group(plan, g));
    table_count(table, g);
    table_text(table, ops);
    table_count(table, cost->cycles);
    table_format(table, "%.1f", metrics.seconds * 1e6);
    for (int p = 0; p < TIMED_PHASES; p++) cell_percent(table, metrics.phase_ratio[p]);
    cell_percent(table, metrics.array_utilisation);
    cell_percent(table, metrics.dram_utilisation);
    table_format(table, "%.1f", metrics.energy_j * 1e6);
    free(ops);
  }
  putchar('\n');
  table_finish(table, stdout);
}

/* A row: what, how much, in which unit. What is infinite or does not exist is a dash. */
static void total(struct table *table, const char *title, int decimals, double value, const char *unit) {
  table_text(table, title);
  if (isfinite(value)) {
    table_format(table, "%.*f", decimals, value);
  } else {
    table_text(table, "-");
  }
  table_text(table, unit);
}

static void total_percent(struct table *table, const char *title, double ratio) {
  total(table, title, 2, 100 * ratio, "%");
}

static void total_time(struct table *table, const struct timing *timing, const struct timed_metrics *metrics) {
  const struct timed_metrics layers = timed_metrics_of(&timing->layers, &timing->peaks);
  table_text(table, "cycles");
  table_count(table, timing->plan.total.cycles);
  table_text(table, "");
  total_percent(table, "  computing", metrics->phase_ratio[TIMED_COMPUTE]);
  total_percent(table, "  bound by buffer ports", metrics->phase_ratio[TIMED_PORT]);
  total_percent(table, "  waiting for DRAM", metrics->phase_ratio[TIMED_DRAM]);
  total_percent(table, "  waiting for room", metrics->phase_ratio[TIMED_ROOM]);
  total(table, "time", 3, metrics->seconds * 1e3, "ms");
  total(table, "  layer by layer", 3, layers.seconds * 1e3, "ms");
  total(table, "  speedup", 2, metrics->seconds > 0 ? layers.seconds / metrics->seconds : HUGE_VAL, "x");
  total(table, "throughput", 2, metrics->images_per_second, "inferences/s");
}

static void total_utilisation(struct table *table, const struct timed_metrics *metrics) {
  total_percent(table, "array utilisation", metrics->array_utilisation);
  total_percent(table, "  busy", metrics->array_busy_ratio);
  total_percent(table, "vector lane utilisation", metrics->lanes_utilisation);
  total_percent(table, "  busy", metrics->lanes_busy_ratio);
  total_percent(table, "DRAM bandwidth utilisation", metrics->dram_utilisation);
  total_percent(table, "  busy", metrics->dram_busy_ratio);
  total(table, "  achieved", 3, metrics->dram_bytes_per_second / 1e9, "GB/s");
  total(table, "  peak", 3, metrics->roofline.peak_dram_bytes_per_second / 1e9, "GB/s");
}

static void total_energy(struct table *table, const struct timing *timing, const struct timed_metrics *metrics) {
  static const char *const titles[TIMED_ENERGIES] = {
      [TIMED_MAC] = "  MACs", [TIMED_VECTOR] = "  vector operations", [TIMED_BUFFER] = "  buffer",
      [TIMED_DRAM_ENERGY] = "  DRAM", [TIMED_STATIC] = "  static"};
  total(table, "energy", 1, metrics->energy_j * 1e6, "uJ");
  for (int e = 0; e < TIMED_ENERGIES; e++) total(table, titles[e], 1, timing->plan.total.energy_pj[e] * 1e-6, "uJ");
  total(table, "  layer by layer", 1, timed_total_pj(&timing->layers) * 1e-6, "uJ");
  total(table, "energy per inference", 1, metrics->image_energy_j * 1e6, "uJ");
  total(table, "average power", 1, metrics->power_w * 1e3, "mW");
  total(table, "energy-delay product", 3, metrics->edp_js * 1e6, "uJ s");
}

static void total_roofline(struct table *table, const struct roofline *roofline) {
  total(table, "arithmetic intensity", 2, roofline->macs_per_byte, "MAC/B");
  total(table, "machine balance", 2, roofline->balance_macs_per_byte, "MAC/B");
  table_text(table, "roofline bound");
  table_text(table, roofline_bound_names[roofline->bound]);
  table_text(table, "");
  total(table, "  peak", 2, roofline->peak_macs_per_second / 1e9, "GMAC/s");
  total(table, "  attainable", 2, roofline->attainable_macs_per_second / 1e9, "GMAC/s");
  total(table, "  achieved", 2, roofline->achieved_macs_per_second / 1e9, "GMAC/s");
}

void timing_print_totals(const struct timing *timing) {
  static const struct table_column columns[] = {{NULL, TABLE_LEFT}, {NULL, TABLE_RIGHT}, {NULL, TABLE_LEFT}};
  if (timing->timed == NULL) return;
  const struct timed_metrics metrics = timed_metrics_of(&timing->plan.total, &timing->peaks);
  struct table *table = table_create(columns, 3);
  total_time(table, timing, &metrics);
  total_utilisation(table, &metrics);
  total_energy(table, timing, &metrics);
  total_roofline(table, &metrics.roofline);
  putchar('\n');
  table_finish(table, stdout);
}
