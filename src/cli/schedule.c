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
#include "cli/objectives.h"
#include "cli/plan_print.h"
#include "cli/runlog.h"
#include "cli/settings.h"
#include "cli/subject.h"
#include "cli/table.h"
#include "cli/timing.h"
#include "cli/verb.h"
#include "plan/file.h"
#include "sched/search.h"
#include "util/progress.h"

struct schedule_settings {
  const char *search, *objectives, *front_dir, *output_file;
  uint64_t budget, seed, jobs;
  bool bound;
  uint64_t ideals, steps, groups; /* see struct search_limits */
  struct split_options split;
  struct target_options target;
  struct method_options method;
  struct fuseable_options fuseable;
  struct clock_options clock;
  struct log_options log;
  struct progress_options progress;
  struct output_options output;
};

struct schedule {
  const struct schedule_settings *settings;
  struct subject subject;
  const struct search *search;
  struct search_options options;
  struct search_result result;
  struct plan_report report;
  struct baseline baseline;
  struct timing timing;
  struct runlog log;
  double seconds;
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

static int prepare(struct schedule *schedule, struct error *err) {
  const struct schedule_settings *settings = schedule->settings;
  schedule->search = search_find(settings->search);
  schedule->options = (struct search_options){
      .split = settings_split_rules(&settings->split, settings_method(settings->method.name, err)),
      .budget = settings->budget,
      .seed = settings->seed,
      .bound = settings->bound,
      .limits = {settings->ideals, settings->steps, settings->groups},
      .jobs = settings_jobs(settings->jobs),
  };
  if (schedule->options.split.method == NULL) return -1;
  if (objectives_parse(&schedule->options, settings->objectives, schedule->search, err) != 0) return -1;
  if (settings->output_file != NULL && check_output(settings->output_file, err) != 0) return -1;
  if (settings->front_dir != NULL && !schedule->search->has_front) {
    return error_set(err, ERROR_USAGE,
                     "--front-dir is for a Pareto front, and search '%s' gives none; use --search nsga2",
                     schedule->search->name);
  }
  if (baseline_create(&schedule->baseline, &schedule->subject, schedule->options.split.method, err) != 0) return -1;
  if (timing_open(&schedule->timing, &schedule->subject, &settings->clock, err) != 0) return -1;
  if (settings->front_dir != NULL && front_open_directory(settings->front_dir, err) != 0) return -1;
  return runlog_open(&schedule->log, &settings->log, err);
}

static int run_search(struct schedule *schedule, struct error *err) {
  struct search_options *options = &schedule->options;
  options->progress =
      progress_start(schedule->subject.graph->name, options->budget, schedule->settings->progress.quiet);
  int status = search_run(&schedule->result, schedule->search, &schedule->subject.model, options, err);
  progress_end(options->progress);
  options->progress = NULL;
  if (status != 0) return -1;
  schedule->seconds = runlog_seconds(&schedule->log);
  const struct plan *plan = &schedule->result.plan;
  if (subject_report(&schedule->report, &schedule->subject, options->split.method, plan, err) != 0) return -1;
  return timing_run(&schedule->timing, &schedule->subject, plan, &schedule->report, &schedule->baseline, err);
}

static int save_plans(const struct schedule *schedule, struct error *err) {
  const struct schedule_settings *settings = schedule->settings;
  const char *method = schedule->options.split.method->name;
  if (settings->output_file != NULL &&
      plan_file_save(&schedule->result.plan, method, settings->output_file, err) != 0) {
    return -1;
  }
  if (settings->front_dir == NULL) return 0;
  return front_save(settings->front_dir, &schedule->options, &schedule->result, err);
}

/* The record and the plan files; neither is lost because the other cannot be written. */
static int keep(struct schedule *schedule, struct error *err) {
  const struct schedule_settings *settings = schedule->settings;
  const struct runlog_search search = {schedule->search, &schedule->options, &schedule->result};
  const struct runlog_record record = {
      .verb = "schedule",
      .subject = &schedule->subject,
      .method = schedule->options.split.method,
      .plan = &schedule->result.plan,
      .report = &schedule->report,
      .baseline = &schedule->baseline,
      .timing = &schedule->timing,
      .search = &search,
      .fold_batch_norm = settings->target.fold_batch_norm,
      .seconds = schedule->seconds,
  };
  struct error second = ERROR_INIT;
  int status = runlog_write(&schedule->log, &record, err);
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

static void add_bound_documents(json_t *object, const struct schedule *schedule) {
  const struct search_bound *bound = &schedule->result.bound;
  if (!bound->known) return;
  bool timed = schedule->options.split.objective->timed;
  if (bound->optimum && !timed) document_add_count(object, "optimum_dram_bytes", bound->dram_bytes);
  if (!timed) document_add_count(object, "bound_dram_bytes", bound->dram_bytes);
  document_add(object, "bound_is_optimum", json_boolean(bound->optimum));
  document_add(object, "bound_value", json_real(bound->value));
  document_add(object, "gap_percent", json_real(gap_percent(&schedule->result)));
  document_add_count(object, "bound_groups_evaluated", bound->groups_evaluated);
}

static json_t *search_document(const struct schedule *schedule) {
  const struct search_result *result = &schedule->result;
  json_t *object = json_object(), *culprits = json_array();
  document_add_text(object, "name", schedule->search->name);
  document_add_text(object, "objective", schedule->options.split.objective->name);
  document_add(object, "objective_value", json_real(schedule->result.value));
  document_add_text(object, "split", schedule->options.split.explainer->name);
  document_add_count(object, "budget", schedule->options.budget);
  document_add_count(object, "seed", schedule->options.seed);
  document_add(object, "fraction", json_real(schedule->options.split.fraction));
  document_add_count(object, "breadth", schedule->options.split.breadth);
  document_add_count(object, "jobs", schedule->options.jobs);
  document_add_count(object, "plans_proposed", result->plans_proposed);
  document_add_count(object, "groups_proposed", result->groups_proposed);
  document_add_count(object, "groups_proposed_valid", result->groups_proposed_valid);
  document_add_count(object, "groups_evaluated", result->groups_evaluated);
  document_add_count(object, "groups_split", result->groups_split);
  add_bound_documents(object, schedule);
  document_add(object, "seconds", json_real(schedule->seconds));
  document_add(object, "curve", curve_document(result));
  for (size_t i = 0; i < result->culprit_count; i++) {
    document_append(culprits, culprit_document(schedule->subject.graph, &result->culprits[i]));
  }
  document_add(object, "culprits", culprits);
  if (schedule->search->has_front) front_add_documents(object, &schedule->options, result);
  return object;
}

static void print_json(const struct schedule *schedule) {
  json_t *document = plan_document(&schedule->subject, schedule->options.split.method, &schedule->result.plan,
                                   &schedule->report, &schedule->baseline);
  timing_add_documents(document, &schedule->timing);
  document_add(document, "search", search_document(schedule));
  document_finish(document);
}

static void print_bound(struct table *table, const struct schedule *schedule) {
  const struct search_bound *bound = &schedule->result.bound;
  if (!bound->known) return;
  table_text(table, bound->optimum ? "optimum (certified)" : "lower bound");
  if (schedule->options.split.objective->timed) {
    table_format(table, "%.6g", bound->value);
  } else {
    table_format(table, "%.3f MB", (double)bound->dram_bytes / 1e6);
  }
  table_text(table, "  plan above it");
  table_format(table, "%.2f %%", gap_percent(&schedule->result));
}

static void print_table(const struct schedule *schedule) {
  static const struct table_column columns[] = {{NULL, TABLE_LEFT}, {NULL, TABLE_RIGHT}};
  const struct search_result *result = &schedule->result;
  subject_print(&schedule->subject);
  printf("%s, %s search, %s split, %llu plan%s, seed %llu\n\n", schedule->options.split.method->name,
         schedule->search->name, schedule->options.split.explainer->name, (unsigned long long)schedule->options.budget,
         schedule->options.budget == 1 ? "" : "s", (unsigned long long)schedule->options.seed);
  plan_print_left_out(&schedule->result.plan, &schedule->report);
  plan_print_totals(&schedule->report, &schedule->baseline);
  timing_print_totals(&schedule->timing);
  front_print(&schedule->options, result);
  struct table *table = table_create(columns, 2);
  table_text(table, "plans proposed");
  table_count(table, result->plans_proposed);
  table_text(table, "groups evaluated");
  table_count(table, result->groups_evaluated);
  table_text(table, "groups split");
  table_count(table, result->groups_split);
  print_bound(table, schedule);
  table_text(table, "seconds");
  table_format(table, "%.3f", schedule->seconds);
  putchar('\n');
  table_finish(table, stdout);
}

/* ---- the verb ---- */

static void schedule_close(struct schedule *schedule) {
  runlog_close(&schedule->log);
  timing_close(&schedule->timing);
  search_result_free(&schedule->result);
  plan_report_free(&schedule->report);
  baseline_free(&schedule->baseline);
  subject_close(&schedule->subject);
}

static enum verb_result schedule_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  struct schedule schedule = {.settings = opaque};
  if (subject_open(&schedule.subject, arguments->values[0], &schedule.settings->target, err) != 0) return VERB_FAILED;
  schedule.subject.fuseable_only = schedule.settings->fuseable.only;
  int status = prepare(&schedule, err);
  if (status == 0) status = run_search(&schedule, err);
  if (status == 0) {
    /* What was found is shown even if it cannot be kept. */
    status = keep(&schedule, err);
    (schedule.settings->output.json ? print_json : print_table)(&schedule);
  }
  schedule_close(&schedule);
  return status == 0 ? VERB_DONE : VERB_FAILED;
}

#define SETTING(field) offsetof(struct schedule_settings, field)

static const struct option_spec schedule_own_options[] = {
    {"search", 0, OPTION_NAME, "NAME", "local", "searches", 0, 0, "how plans are proposed", SETTING(search)},
    {"objectives", 0, OPTION_TEXT, "LIST", NULL, "objectives", 0, 0,
     "what the search minimises: " OBJECTIVES_DEFAULT ", or " OBJECTIVES_DEFAULT_OF_FRONT
     " for nsga2; splits and the best plan go by the first", SETTING(objectives)},
    {"budget", 'n', OPTION_COUNT, "N", "2000", NULL, 1, 1000000000, "plans that may be proposed", SETTING(budget)},
    {"seed", 's', OPTION_COUNT, "N", "1", NULL, 0, INT64_MAX, "seed of everything that is drawn", SETTING(seed)},
    {"bound", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "prove how far from the optimum the plan is; exact does anyway",
     SETTING(bound)},
    {"max-ideals", 0, OPTION_COUNT, "N", "200000", NULL, 1, UINT32_MAX,
     "limit of a proof: order ideals of the network", SETTING(ideals)},
    {"max-steps", 0, OPTION_COUNT, "N", "200000000", NULL, 1, INT64_MAX, "limit of a proof: groups enumerated",
     SETTING(steps)},
    {"max-groups", 0, OPTION_COUNT, "N", "1000000", NULL, 1, INT64_MAX, "limit of a proof: groups evaluated",
     SETTING(groups)},
    {"jobs", 'j', OPTION_COUNT, "N", "0", NULL, 0, 1024, "threads, 0 for one per processor; the result is the same",
     SETTING(jobs)},
    {"front-dir", 0, OPTION_TEXT, "DIR", NULL, NULL, 0, 0,
     "write the plans of nsga2's Pareto front as 0.yaml, 1.yaml, ... to a new or empty directory", SETTING(front_dir)},
    {"output", 'o', OPTION_TEXT, "FILE", NULL, NULL, 0, 0, "write the plan found as YAML", SETTING(output_file)},
};
static const struct option_group schedule_group = OPTION_GROUP(schedule_own_options);
static const struct option_use schedule_options[] = {
    {&schedule_group, 0},       {&split_group, SETTING(split)},       {&clock_group, SETTING(clock)},
    {&method_group, SETTING(method)}, {&fuseable_group, SETTING(fuseable)}, {&target_group, SETTING(target)},
    {&log_group, SETTING(log)}, {&progress_group, SETTING(progress)}, {&output_group, SETTING(output)},
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
