/* spillway schedule: searches for the fusion plan that moves the fewest DRAM bytes. */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/document.h"
#include "cli/front.h"
#include "cli/memory.h"
#include "cli/plan_print.h"
#include "cli/run.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "plan/file.h"
#include "util/progress.h"

struct schedule_settings {
  const char *front_dir, *output_file;
  uint64_t jobs;
  struct run_settings run;
  struct log_options log;
  struct progress_options progress;
  struct output_options output;
};

struct schedule {
  const struct schedule_settings *settings;
  struct run run;
  struct runlog log;
};

/* Tells before the search, and not after it, that the plan has no place to be written to. */
static int check_output(const char *path, struct error *err) {
  struct stat status;
  int failure = stat(path, &status) == 0 ? 0 : errno;
  if (path[strlen(path) - 1] == '/' || (failure == 0 && S_ISDIR(status.st_mode))) failure = EISDIR;
  if (failure == ENOENT) {
    char *copy = cli_strdup(path);
    failure = access(dirname(copy), W_OK | X_OK) == 0 ? 0 : errno;
    free(copy);
  }
  if (failure == 0) return 0;
  return error_set(err, ERROR_OUTPUT, "%s: cannot write the plan: %s; give another path with --output", path,
                   strerror(failure));
}

static int prepare(struct schedule *schedule, const char *network, struct error *err) {
  const struct schedule_settings *settings = schedule->settings;
  if (run_open(&schedule->run, network, &settings->run, run_jobs(settings->jobs), err) != 0) return -1;
  if (settings->output_file != NULL && check_output(settings->output_file, err) != 0) return -1;
  if (settings->front_dir != NULL && !schedule->run.search->has_front) {
    return error_set(err, ERROR_USAGE,
                     "--front-dir is for a Pareto front, and search '%s' gives none; use --search nsga2",
                     schedule->run.search->name);
  }
  if (settings->front_dir != NULL && front_open_directory(settings->front_dir, err) != 0) return -1;
  return runlog_open(&schedule->log, &settings->log, err);
}

static int search(struct schedule *schedule, struct error *err) {
  struct run *run = &schedule->run;
  struct progress *progress =
      progress_start(run->subject.graph->name, run->options.budget, schedule->settings->progress.quiet);
  int status = run_search(run, &schedule->log, progress, err);
  progress_end(progress);
  return status;
}

static int save_plans(const struct schedule *schedule, struct error *err) {
  const struct schedule_settings *settings = schedule->settings;
  const struct run *run = &schedule->run;
  const char *method = run->options.split.method->name;
  if (settings->output_file != NULL &&
      plan_file_save(&run->result.plan, method, settings->output_file, err) != 0) {
    return -1;
  }
  if (settings->front_dir == NULL) return 0;
  return front_save(settings->front_dir, &run->options, &run->result, err);
}

/* The record and the plan files; neither is lost because the other cannot be written. */
static int keep(struct schedule *schedule, struct error *err) {
  struct error second = ERROR_INIT;
  int status = run_record(&schedule->run, &schedule->log, err);
  return save_plans(schedule, status == 0 ? err : &second) != 0 ? -1 : status;
}

/* ---- printing ---- */

static json_t *curve_document(const struct search_result *result) {
  json_t *curve = json_array();
  for (size_t i = 0; i < result->curve_count; i++) {
    json_t *point = json_array();
    document_append(point, document_count(result->curve[i].plans));
    document_append(point, document_count(result->curve[i].fuseable_dram_bytes));
    document_append(curve, point);
  }
  return curve;
}

static json_t *culprit_document(const struct graph *graph, const struct search_culprit *culprit) {
  json_t *object = json_object(), *edge = json_array(), *sides = json_array();
  document_add_text(object, "op", graph->ops[culprit->op].name);
  document_add_count(object, "weight_bytes", culprit->weight_bytes);
  document_add_count(object, "row_bytes", culprit->row_bytes);
  document_append(edge, document_text(graph->ops[culprit->edge.from].name));
  document_append(edge, document_text(graph->ops[culprit->edge.to].name));
  document_add(object, "edge", edge);
  document_append(sides, document_count(culprit->side_bytes));
  document_append(sides, document_count(culprit->other_bytes));
  document_add(object, "predicted_bytes", sides);
  document_add_text(object, "first_op", graph->ops[culprit->first_op].name);
  document_add_text(object, "last_op", graph->ops[culprit->last_op].name);
  document_add_count(object, "required_bytes", culprit->required_bytes);
  document_add_count(object, "times", culprit->times);
  return object;
}

static double gap_percent(const struct search_result *result) {
  const struct search_bound *bound = &result->bound;
  return bound->value <= 0 ? 0 : 100 * (result->value / bound->value - 1);
}

static void add_bound_documents(json_t *object, const struct run *run) {
  const struct search_bound *bound = &run->result.bound;
  if (!bound->known) return;
  bool timed = run->options.split.objective->timed;
  if (bound->optimum && !timed) document_add_count(object, "optimum_dram_bytes", bound->dram_bytes);
  if (!timed) document_add_count(object, "bound_dram_bytes", bound->dram_bytes);
  document_add(object, "bound_is_optimum", json_boolean(bound->optimum));
  document_add(object, "bound_value", json_real(bound->value));
  document_add(object, "gap_percent", json_real(gap_percent(&run->result)));
  document_add_count(object, "bound_groups_evaluated", bound->groups_evaluated);
}

static json_t *search_document(const struct run *run) {
  const struct search_result *result = &run->result;
  json_t *object = json_object(), *culprits = json_array();
  document_add_text(object, "name", run->search->name);
  document_add_text(object, "objective", run->options.split.objective->name);
  document_add(object, "objective_value", json_real(run->result.value));
  document_add_text(object, "split", run->options.split.explainer->name);
  document_add_count(object, "budget", run->options.budget);
  document_add_count(object, "seed", run->options.seed);
  document_add(object, "fraction", json_real(run->options.split.fraction));
  document_add_count(object, "breadth", run->options.split.breadth);
  models_add_documents(object, &run->models, run->options.split.explainer->name);
  document_add_count(object, "jobs", run->options.jobs);
  document_add_count(object, "plans_proposed", result->plans_proposed);
  document_add_count(object, "groups_proposed", result->groups_proposed);
  document_add_count(object, "groups_proposed_valid", result->groups_proposed_valid);
  document_add_count(object, "groups_evaluated", result->groups_evaluated);
  document_add_count(object, "groups_split", result->groups_split);
  add_bound_documents(object, run);
  document_add(object, "seconds", json_real(run->seconds));
  document_add(object, "curve", curve_document(result));
  for (size_t i = 0; i < result->culprit_count; i++) {
    document_append(culprits, culprit_document(run->subject.graph, &result->culprits[i]));
  }
  document_add(object, "culprits", culprits);
  if (run->search->has_front) front_add_documents(object, &run->options, result);
  return object;
}

static void print_json(const struct run *run) {
  json_t *document = plan_document(&run->subject, run->options.split.method, &run->result.plan,
                                   &run->report, &run->baseline);
  timing_add_documents(document, &run->timing);
  document_add(document, "search", search_document(run));
  document_finish(document);
}

static void print_bound(struct table *table, const struct run *run) {
  const struct search_bound *bound = &run->result.bound;
  if (!bound->known) return;
  table_text(table, bound->optimum ? "optimum (certified)" : "lower bound");
  if (run->options.split.objective->timed) {
    table_format(table, "%.6g", bound->value);
  } else {
    table_format(table, "%.3f MB", (double)bound->dram_bytes / 1e6);
  }
  table_text(table, "  plan above it");
  table_format(table, "%.2f %%", gap_percent(&run->result));
}

static void print_table(const struct run *run) {
  static const struct table_column columns[] = {{NULL, TABLE_LEFT}, {NULL, TABLE_RIGHT}};
  const struct search_result *result = &run->result;
  subject_print(&run->subject);
  printf("%s, %s search, %s split, %llu plan%s, seed %llu\n\n", run->options.split.method->name,
         run->search->name, run->options.split.explainer->name, (unsigned long long)run->options.budget,
         run->options.budget == 1 ? "" : "s", (unsigned long long)run->options.seed);
  plan_print_left_out(&run->result.plan, &run->report);
  plan_print_totals(&run->report, &run->baseline);
  timing_print_totals(&run->timing);
  front_print(&run->options, result);
  struct table *table = table_create(columns, 2);
  table_text(table, "plans proposed");
  table_count(table, result->plans_proposed);
  table_text(table, "groups evaluated");
  table_count(table, result->groups_evaluated);
  table_text(table, "groups split");
  table_count(table, result->groups_split);
  print_bound(table, run);
  table_text(table, "seconds");
  table_format(table, "%.3f", run->seconds);
  putchar('\n');
  table_finish(table, stdout);
}

/* ---- the verb ---- */

static enum verb_result schedule_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  struct schedule schedule = {.settings = opaque};
  int status = prepare(&schedule, arguments->values[0], err);
  if (status == 0) status = search(&schedule, err);
  if (status == 0) {
    /* What was found is shown even if it cannot be kept. */
    status = keep(&schedule, err);
    (schedule.settings->output.json ? print_json : print_table)(&schedule.run);
  }
  runlog_close(&schedule.log);
  run_close(&schedule.run);
  return status == 0 ? VERB_DONE : VERB_FAILED;
}

#define SETTING(field) offsetof(struct schedule_settings, field)

static const struct option_spec schedule_own_options[] = {
    {"jobs", 'j', OPTION_COUNT, "N", "0", NULL, 0, 1024, "threads, 0 for one per processor; the result is the same",
     SETTING(jobs)},
    {"front-dir", 0, OPTION_TEXT, "DIR", NULL, NULL, 0, 0,
     "write the plans of nsga2's Pareto front as 0.yaml, 1.yaml, ... to a new or empty directory", SETTING(front_dir)},
    {"output", 'o', OPTION_TEXT, "FILE", NULL, NULL, 0, 0, "write the plan found as YAML", SETTING(output_file)},
};
static const struct option_group schedule_group = OPTION_GROUP(schedule_own_options);
static const struct option_use schedule_options[] = {
    {&run_group, SETTING(run)},
    {&schedule_group, 0},
    {&split_group, SETTING(run.split)},
    {&clock_group, SETTING(run.clock)},
    {&method_group, SETTING(run.method)},
    {&fuseable_group, SETTING(run.fuseable)},
    {&target_group, SETTING(run.target)},
    {&log_group, SETTING(log)},
    {&progress_group, SETTING(progress)},
    {&output_group, SETTING(output)},
    {0}};
static const struct verb_argument schedule_arguments[] = {
    {"NET", "networks", false, false, "network: a name or an ONNX file"}, {0}};

const struct verb schedule_verb = {
    .name = "schedule",
    .summary = "search for the fusion plan that moves the fewest DRAM bytes",
    .arguments = schedule_arguments,
    .options = schedule_options,
    .settings_bytes = sizeof(struct schedule_settings),
    .run = schedule_run,
};
