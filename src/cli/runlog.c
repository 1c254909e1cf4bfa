#include "cli/runlog.h"

#include <stdlib.h>
#include <time.h>

#include "cli/document.h"
#include "cli/front.h"
#include "cli/memory.h"
#include "cli/objectives.h"
#include "cli/plan_print.h"
#include "config.h"
#include "util/bitset.h"

static double clock_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int runlog_begin(struct runlog *out, struct store *store, struct error *err) {
  time_t now = time(NULL);
  struct tm utc;
  *out = (struct runlog){.store = store, .started = clock_seconds()};
  if (gmtime_r(&now, &utc) == NULL ||
      strftime(out->started_at, sizeof out->started_at, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
    return error_set(err, ERROR_OUTPUT, "cannot tell the time");
  }
  return 0;
}

int runlog_open(struct runlog *log, const struct log_options *options, struct error *err) {
  if (runlog_begin(log, NULL, err) != 0) return -1;
  return options->off ? 0 : store_open(&log->store, options->path, err);
}

void runlog_close(struct runlog *log) { store_close(log->store); }

double runlog_seconds(const struct runlog *log) { return clock_seconds() - log->started; }

/* Names come from files and are cleaned for the database; they live until the record is written. */
static const char *own_text(struct arena *arena, char *text) {
  const char *copy = cli_checked(arena_strdup(arena, text));
  free(text);
  return copy;
}

static const char *op_name(struct arena *arena, const struct graph *graph, uint32_t op) {
  return own_text(arena, cli_clean(graph->ops[op].name));
}

static void fill_group(struct store_group *out, struct arena *arena, const struct graph *graph, const uint64_t *set,
                       const struct group_report *group) {
  json_t *ops = plan_ops_document(graph, set);
  size_t first = bitset_next(set, graph->set_words, 0), last = first;
  for BITSET_EACH (v, set, graph->set_words) last = v;
  *out = (struct store_group){
      .ops = own_text(arena, json_dumps(ops, JSON_COMPACT)),
      .first_op = op_name(arena, graph, (uint32_t)first),
      .last_op = op_name(arena, graph, (uint32_t)last),
      .op_count = json_array_size(ops),
      .method = group->method,
      .valid = group->valid,
      .fuseable = group->fuseable,
      .required_bytes = group->cost.required_bytes,
      .dram_read_bytes = group->cost.dram_in_bytes + group->cost.weight_bytes,
      .dram_write_bytes = group->cost.dram_out_bytes,
      .weight_bytes = group->cost.weight_bytes,
      .stripes = group->cost.stripes,
  };
  json_decref(ops);
}

static void fill_explanation(struct store_explanation *out, struct arena *arena, const struct subject *subject,
                             const struct search_culprit *culprit) {
  const struct graph *graph = subject->graph;
  *out = (struct store_explanation){
      .group_first_op = op_name(arena, graph, culprit->first_op),
      .group_last_op = op_name(arena, graph, culprit->last_op),
      .required_bytes = culprit->required_bytes,
      .capacity_bytes = subject->model.hw.buffer_capacity_bytes,
      .culprit_op = op_name(arena, graph, culprit->op),
      .culprit_weight_bytes = culprit->weight_bytes,
      .culprit_row_bytes = culprit->row_bytes,
      .cut_from = op_name(arena, graph, culprit->edge.from),
      .cut_to = op_name(arena, graph, culprit->edge.to),
      .side_a_bytes = culprit->side_bytes,
      .side_b_bytes = culprit->other_bytes,
      .times = culprit->times,
  };
}

static struct store_timed timed_record(const struct timed_cost *cost, const struct timed_peaks *peaks) {
  const struct timed_metrics metrics = timed_metrics_of(cost, peaks);
  return (struct store_timed){
      .cycles = cost->cycles,
      .phase_compute_cycles = cost->phase_cycles[TIMED_COMPUTE],
      .phase_port_cycles = cost->phase_cycles[TIMED_PORT],
      .phase_dram_cycles = cost->phase_cycles[TIMED_DRAM],
      .phase_room_cycles = cost->phase_cycles[TIMED_ROOM],
      .array_busy_cycles = cost->array_busy_cycles,
      .lanes_busy_cycles = cost->lanes_busy_cycles,
      .dram_busy_cycles = cost->dram_busy_cycles,
      .macs = cost->macs,
      .vector_operations = cost->vector_operations,
      .buffer_read_bytes = cost->buffer_read_bytes,
      .buffer_write_bytes = cost->buffer_write_bytes,
      .dram_activates = cost->dram_activates,
      .peak_occupied_bytes = cost->peak_occupied_bytes,
      .mac_pj = cost->energy_pj[TIMED_MAC],
      .vector_pj = cost->energy_pj[TIMED_VECTOR],
      .buffer_pj = cost->energy_pj[TIMED_BUFFER],
      .dram_pj = cost->energy_pj[TIMED_DRAM_ENERGY],
      .static_pj = cost->energy_pj[TIMED_STATIC],
      .energy_pj = timed_total_pj(cost),
      .latency_seconds = metrics.seconds,
      .array_utilisation = metrics.array_utilisation,
      .lanes_utilisation = metrics.lanes_utilisation,
      .dram_utilisation = metrics.dram_utilisation,
      .arithmetic_intensity = metrics.roofline.macs_per_byte,
      .machine_balance = metrics.roofline.balance_macs_per_byte,
      .bound = roofline_bound_names[metrics.roofline.bound],
  };
}

/* groups: those of run. */
static void fill_timed(struct store_run *run, struct store_group *groups, struct arena *arena,
                       const struct timing *timing) {
  if (timing == NULL || timing->timed == NULL) return;
  struct store_run_timed *total = cli_checked(ARENA_NEW(arena, struct store_run_timed, 1));
  struct store_group_timed *parts =
      cli_checked(ARENA_NEW(arena, struct store_group_timed, timing->plan.group_count));
  *total = (struct store_run_timed){
      .cost = timed_record(&timing->plan.total, &timing->peaks),
      .inferences = timing->peaks.images,
      .layer_by_layer_cycles = timing->layers.cycles,
      .layer_by_layer_pj = timed_total_pj(&timing->layers),
  };
  for (uint32_t g = 0; g < timing->plan.group_count; g++) {
    parts[g] = (struct store_group_timed){
        .cost = timed_record(&timing->plan.groups[g], &timing->peaks),
        .start_cycle = timing->plan.start_cycle[g],
    };
    groups[g].timed = &parts[g];
  }
  run->timed = total;
}

static void fill_groups(struct store_run *run, struct arena *arena, const struct runlog_record *record) {
  struct store_group *groups = cli_checked(ARENA_NEW(arena, struct store_group, record->report->group_count));
  for (uint32_t g = 0; g < record->report->group_count; g++) {
    fill_group(&groups[g], arena, record->subject->graph, plan_group(record->plan, g), &record->report->groups[g]);
  }
  run->groups = groups;
  run->group_count = record->report->group_count;
  fill_timed(run, groups, arena, record->timing);
}

static void fill_front(struct store_run *run, struct arena *arena, const struct runlog_search *search) {
  const struct search_result *result = search->result;
  struct store_front_point *front = cli_checked(ARENA_NEW(arena, struct store_front_point, result->front_count));
  bool timed = search_options_timed(search->options);
  for (size_t i = 0; i < result->front_count; i++) {
    const struct search_front_point *point = &result->front[i];
    json_t *groups = front_groups_document(&point->plan);
    front[i] = (struct store_front_point){
        .fuseable_dram_bytes = point->expense.dram_bytes,
        .max_required_bytes = point->expense.required_bytes,
        .group_count = point->plan.group_count,
        .cycles = timed ? &point->expense.cycles : NULL,
        .energy_pj = timed ? &point->expense.energy_pj : NULL,
        .groups = own_text(arena, json_dumps(groups, JSON_COMPACT)),
    };
    json_decref(groups);
  }
  run->front = front;
  run->front_count = result->front_count;
}

static void fill_search(struct store_run *run, struct arena *arena, const struct runlog_record *record) {
  const struct search_result *result = record->search->result;
  struct store_curve_point *curve = cli_checked(ARENA_NEW(arena, struct store_curve_point, result->curve_count));
  struct store_explanation *explanations =
      cli_checked(ARENA_NEW(arena, struct store_explanation, result->culprit_count));
  for (size_t i = 0; i < result->curve_count; i++) {
    curve[i] = (struct store_curve_point){result->curve[i].plans, result->curve[i].fuseable_dram_bytes};
  }
  for (size_t i = 0; i < result->culprit_count; i++) {
    fill_explanation(&explanations[i], arena, record->subject, &result->culprits[i]);
  }
  run->search = record->search->search->name;
  run->splitter = record->search->options->split.explainer->name;
  run->budget = &record->search->options->budget;
  run->seed = &record->search->options->seed;
  run->jobs = record->search->options->jobs;
  run->simulations = result->groups_evaluated;
  run->plans_proposed = result->plans_proposed;
  run->groups_proposed = &result->groups_proposed;
  run->groups_proposed_valid = &result->groups_proposed_valid;
  run->invalid_groups = result->groups_split;
  run->curve = curve;
  run->curve_count = result->curve_count;
  if (result->bound.known && !record->search->options->split.objective->timed) {
    run->bound_dram_bytes = &result->bound.dram_bytes;
    if (result->bound.optimum) run->optimum_dram_bytes = &result->bound.dram_bytes;
  }
  run->explanations = explanations;
  run->explanation_count = result->culprit_count;
  fill_front(run, arena, record->search);
}

static void fill_results(struct store_run *run, const struct runlog_record *record) {
  const struct plan_report *report = record->report, *layers = &record->baseline->layers;
  run->fuseable_dram_bytes = report->fuseable_dram_bytes;
  run->total_dram_bytes = report->total_dram_bytes;
  run->dram_read_bytes = report->dram_read_bytes;
  run->dram_write_bytes = report->dram_write_bytes;
  run->weight_bytes = report->weight_bytes;
  run->max_required_bytes = report->max_required_bytes;
  run->layer_by_layer_dram_bytes = layers->fuseable_dram_bytes;
  run->layer_by_layer_total_bytes = layers->total_dram_bytes;
  run->compulsory_bytes = record->baseline->compulsory_bytes;
}

struct store_network runlog_network(struct arena *arena, const struct subject *subject) {
  return (struct store_network){own_text(arena, cli_clean(subject->graph->name)), subject->hash};
}

struct store_hardware runlog_hardware(struct arena *arena, const struct hw *hw) {
  return (struct store_hardware){
      .name = hw->name,
      .description = own_text(arena, cli_checked(hw_to_yaml(hw))),
      .buffer_bytes = hw->buffer_capacity_bytes,
      .activation_bits = hw->activation_bits,
      .weight_bits = hw->weight_bits,
      .bias_bits = hw->bias_bits,
  };
}

static void add_limits(json_t *options, const struct search_limits *limits) {
  document_add_count(options, "max_ideals", limits->ideals);
  document_add_count(options, "max_steps", limits->steps);
  document_add_count(options, "max_groups", limits->groups);
}

static const char *options_text(struct arena *arena, const struct runlog_record *record) {
  json_t *options = json_object();
  document_add(options, "fold_bn", json_boolean(record->fold_batch_norm));
  document_add(options, "fuseable_only", json_boolean(record->subject->fuseable_only));
  if (record->search != NULL) {
    document_add(options, "fraction", json_real(record->search->options->split.fraction));
    document_add_text(options, "objective", record->search->options->split.objective->name);
    document_add(options, "objectives", objectives_document(record->search->options));
    document_add_count(options, "breadth", record->search->options->split.breadth);
    models_add_documents(options, record->search->models, record->search->options->split.explainer->name);
    if (record->search->result->bound.known) add_limits(options, &record->search->options->limits);
  }
  const char *text = own_text(arena, json_dumps(options, JSON_COMPACT | JSON_REAL_PRECISION(12)));
  json_decref(options);
  return text;
}

int runlog_write(struct runlog *log, const struct runlog_record *record, struct error *err) {
  struct arena arena = ARENA_INIT;
  if (log->store == NULL) return 0;
  struct store_run run = {
      .tool_version = PACKAGE_VERSION,
      .started_at = log->started_at,
      .wall_seconds = record->seconds,
      .verb = record->verb,
      .network = runlog_network(&arena, record->subject),
      .hardware = runlog_hardware(&arena, &record->subject->model.hw),
      .method = record->method->name,
      .jobs = 1,
      .options = options_text(&arena, record),
      .simulations = record->report->group_count,
      .plans_proposed = 1,
      .invalid_groups = record->report->invalid_groups,
      .experiment = record->experiment,
      .cell_key = record->cell_key,
  };
  fill_results(&run, record);
  fill_groups(&run, &arena, record);
  if (record->search != NULL) fill_search(&run, &arena, record);
  int status = store_write_run(log->store, NULL, &run, err);
  arena_free(&arena);
  return status;
}
