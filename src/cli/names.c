#include "cli/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/comparing.h"
#include "cli/experiment_key.h"
#include "cli/figure.h"
#include "cli/find.h"
#include "cli/help.h"
#include "cli/memory.h"
#include "cli/verb.h"
#include "get/explainer.h"
#include "hw/hw.h"
#include "sched/objective.h"
#include "sched/search.h"
#include "sim/compute.h"
#include "sim/dram.h"
#include "sim/method.h"
#include "sim/timeline.h"
#include "store/named.h"
#include "store/query_print.h"
#include "util/text.h"
#include "util/units.h"

/* ---- lists ---- */

void name_list_add(struct name_list *list, const char *name, const char *summary) {
  list->items = cli_grow(list->items, list->count + 1, sizeof *list->items);
  list->items[list->count++] = (struct name_item){
      cli_checked(arena_strdup(&list->arena, name)),
      cli_checked(arena_strdup(&list->arena, summary)),
  };
}

void name_list_free(struct name_list *list) {
  free(list->items);
  arena_free(&list->arena);
  *list = (struct name_list){.arena = ARENA_INIT};
}

void name_list_create(struct name_list *list, const struct name_kind *kind) {
  *list = (struct name_list){.arena = ARENA_INIT};
  kind->fill(list);
}

/* ---- kinds ---- */

#define FILL_FROM_TABLE(function, table, count, name_field)              \
  static void function(struct name_list *list) {                         \
    for (size_t i = 0; i < (count); i++) {                               \
      name_list_add(list, (table)[i].name_field, (table)[i].summary);    \
    }                                                                    \
  }

FILL_FROM_TABLE(fill_methods, methods, method_count, name)
FILL_FROM_TABLE(fill_dataflows, dataflows, dataflow_count, name)
FILL_FROM_TABLE(fill_searches, searches, search_count, name)
FILL_FROM_TABLE(fill_objectives, objectives, objective_count, name)
FILL_FROM_TABLE(fill_explainers, explainers, explainer_count, name)
FILL_FROM_TABLE(fill_standards, dram_standards, dram_standard_count, name)
FILL_FROM_TABLE(fill_mappings, dram_mappings, dram_mapping_count, name)
FILL_FROM_TABLE(fill_queries, named_queries, named_query_count, name)
FILL_FROM_TABLE(fill_figures, figures, figure_count, name)
FILL_FROM_TABLE(fill_breakdowns, breakdowns, breakdown_count, name)
FILL_FROM_TABLE(fill_details, timeline_details, timeline_detail_count, name)
FILL_FROM_TABLE(fill_formats, query_formats, query_format_count, name)
FILL_FROM_TABLE(fill_kinds, name_kinds, name_kind_count, name)

static void fill_verbs(struct name_list *list) {
  for (size_t i = 0; i < verb_count; i++) name_list_add(list, verbs[i]->name, verbs[i]->summary);
}

static void fill_networks(struct name_list *list) { find_list(list, &find_networks); }
static void fill_experiments(struct name_list *list) { find_list(list, &find_experiments); }
static void fill_hardware(struct name_list *list) { find_list(list, &find_hardware); }

static void fill_hw_keys(struct name_list *list) {
  for (size_t i = 0; i < hw_key_count; i++) {
    char *text = help_hw_key_text(&hw_keys[i]);
    char *summary = cli_format("%s; default %s", text, help_hw_key_default(&hw_keys[i]));
    name_list_add(list, hw_keys[i].key, summary);
    free(summary);
    free(text);
  }
}

static void fill_experiment_keys(struct name_list *list) {
  for (size_t i = 0; i < experiment_key_count; i++) {
    char *text = experiment_key_text(&experiment_keys[i]);
    char *summary = cli_format("%s; default %s", text, experiment_key_default(&experiment_keys[i]));
    name_list_add(list, experiment_keys[i].key, summary);
    free(summary);
    free(text);
  }
}

static void fill_explainer_options(struct name_list *list) {
  char low[UNITS_TEXT_BYTES], high[UNITS_TEXT_BYTES], initial[UNITS_TEXT_BYTES];
  for (size_t i = 0; i < learned_parameter_count; i++) {
    const struct learned_parameter *parameter = &learned_parameters[i];
    char *summary = cli_format("%s: a %snumber from %s to %s; default %s", parameter->help,
                               parameter->type == LEARNED_COUNT ? "whole " : "",
                               units_format_real(low, parameter->minimum), units_format_real(high, parameter->maximum),
                               units_format_real(initial, parameter->initial));
    name_list_add(list, parameter->name, summary);
    free(summary);
  }
}

const struct name_kind name_kinds[] = {
    {"methods", "method", "execution methods: how a group uses the buffer", fill_methods},
    {"searches", "search", "searches over fusion plans", fill_searches},
    {"objectives", "objective", "what searches minimise", fill_objectives},
    {"explainers", "explainer", "explainers: where a group that overflows is split", fill_explainers},
    {"explainer-options", "explainer option", "settings of explainers that learn", fill_explainer_options},
    {"dataflows", "dataflow", "dataflows of the compute array", fill_dataflows},
    {"dram", "DRAM standard", "DRAM standards and speeds", fill_standards},
    {"mappings", "address mapping", "how addresses spread over the banks of a DRAM channel", fill_mappings},
    {"networks", "network", "networks that work by name", fill_networks},
    {"hardware", "hardware", "hardware descriptions that work by name", fill_hardware},
    {"hw-keys", "hardware key", "keys of a hardware file", fill_hw_keys},
    {"experiments", "experiment", "experiments that work by name", fill_experiments},
    {"experiment-keys", "experiment key", "keys of an experiment file", fill_experiment_keys},
    {"queries", "query", "named queries to the results database", fill_queries},
    {"figures", "figure", "pictures that plot draws", fill_figures},
    {"breakdowns", "breakdown", "how compare-explainers breaks its figures down", fill_breakdowns},
    {"details", "detail", "how much a timeline shows", fill_details},
    {"formats", "format", "how query prints its answer", fill_formats},
    {"verbs", "verb", "what spillway can do", fill_verbs},
    {"kinds", "kind", "what list can list", fill_kinds},
};
const size_t name_kind_count = sizeof name_kinds / sizeof name_kinds[0];

const struct name_kind *name_kind_find(const char *name) {
  for (size_t i = 0; i < name_kind_count; i++) {
    if (strcmp(name_kinds[i].name, name) == 0) return &name_kinds[i];
  }
  return NULL;
}

/* ---- wrong names ---- */

void names_suggest(char *text, size_t size, const struct name_list *list, const char *found) {
  struct text_nearest nearest = text_nearest_start(found);
  for (size_t i = 0; i < list->count; i++) text_nearest_offer(&nearest, list->items[i].name);
  size_t used = strlen(text);
  if (nearest.best != NULL) {
    used += (size_t)snprintf(text + used, size - used, "; did you mean '%.80s'?", nearest.best);
  } else {
    used += (size_t)snprintf(text + used, size - used, ";");
  }
  for (size_t i = 0; i < list->count && used + strlen(list->items[i].name) + 8 < size; i++) {
    used += (size_t)snprintf(text + used, size - used, "%s%s", i == 0 ? " known are " : ", ", list->items[i].name);
  }
}

int names_check(const char *kind, const char *name, struct error *err) {
  const struct name_kind *of = name_kind_find(kind);
  struct name_list list;
  bool known = false;
  char suggestion[512] = "";
  name_list_create(&list, of);
  for (size_t i = 0; i < list.count && !known; i++) known = strcmp(list.items[i].name, name) == 0;
  names_suggest(suggestion, sizeof suggestion, &list, name);
  name_list_free(&list);
  return known ? 0 : error_set(err, ERROR_USAGE, "unknown %s '%.80s'%s", of->singular, name, suggestion);
}
