/* spillway simulate: runs a plan, or every op by itself, and says what it takes and moves. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/document.h"
#include "cli/group.h"
#include "cli/group_trace.h"
#include "cli/plan_print.h"
#include "cli/runlog.h"
#include "cli/settings.h"
#include "cli/subject.h"
#include "cli/timed_trace.h"
#include "cli/timing.h"
#include "cli/verb.h"
#include "plan/file.h"
#include "util/bitset.h"

struct simulate_settings {
  const char *plan, *trace, *detail, *group;
  bool strict;
  struct target_options target;
  struct method_options method;
  struct fuseable_options fuseable;
  struct clock_options clock;
  struct log_options log;
  struct output_options output;
};

struct simulation {
  const struct simulate_settings *settings;
  struct subject subject;
  const struct method *method;
  struct plan plan;
  struct plan_report report;
  struct baseline baseline;
  struct timing timing;
  struct runlog log;
  uint64_t traced[GRAPH_MAX_SET_WORDS]; /* the group that --trace is about */
};

static int load_plan(struct simulation *simulation, struct error *err) {
  const struct simulate_settings *settings = simulation->settings;
  char named[PLAN_METHOD_BYTES] = "";
  int status = settings->plan == NULL
                   ? plan_layer_by_layer(&simulation->plan, simulation->subject.graph, err)
                   : plan_file_load(&simulation->plan, named, simulation->subject.graph, settings->plan, err);
  if (status != 0) return -1;
  simulation->method = settings_plan_method(&settings->method, settings->plan, named, err);
  return simulation->method == NULL ? -1 : 0;
}

static bool wants_timeline(const struct simulation *simulation) {
  return simulation->settings->trace != NULL && timed_trace_is_timeline(simulation->settings->trace);
}

static int choose_traced(struct simulation *simulation, struct error *err) {
  const struct plan *plan = &simulation->plan;
  if (wants_timeline(simulation)) {
    if (!simulation->settings->clock.timed) {
      return error_set(err, ERROR_USAGE,
                       "--trace FILE.json is a timeline of the whole plan and needs the clock; give --timed too");
    }
    if (simulation->settings->group == NULL) return 0;
    return error_set(err, ERROR_USAGE, "--trace FILE.json is a timeline of the whole plan; leave --group out");
  }
  if (simulation->settings->group != NULL) {
    return group_parse(simulation->traced, simulation->subject.graph, simulation->settings->group, err);
  }
  if (plan->group_count != 1) {
    return error_set(err, ERROR_USAGE, "--trace is of one group and the plan has %u; choose one with --group A..B",
                     plan->group_count);
  }
  bitset_copy(simulation->traced, plan_group(plan, 0), plan->graph->set_words);
  return 0;
}

static int save_trace(const struct simulation *simulation, struct error *err) {
  const struct simulate_settings *settings = simulation->settings;
  const struct subject *subject = &simulation->subject;
  struct trace trace;
  if (wants_timeline(simulation)) {
    return timed_trace_timeline(settings->trace, settings->detail, subject, simulation->timing.timed, &simulation->plan,
                                &simulation->report, err);
  }
  if (settings->clock.timed) {
    return timed_trace_csv(settings->trace, subject, simulation->method, simulation->timing.timed,
                           simulation->traced, err);
  }
  if (group_trace(&trace, &simulation->subject, simulation->method, simulation->traced, err) != 0) return -1;
  int status = group_trace_save(&trace, simulation->settings->trace, err);
  trace_free(&trace);
  return status;
}

static int record(struct simulation *simulation, struct error *err) {
  const struct runlog_record record = {
      .verb = "simulate",
      .subject = &simulation->subject,
      .method = simulation->method,
      .plan = &simulation->plan,
      .report = &simulation->report,
      .baseline = &simulation->baseline,
      .timing = &simulation->timing,
      .fold_batch_norm = simulation->settings->target.fold_batch_norm,
      .seconds = runlog_seconds(&simulation->log),
  };
  return runlog_write(&simulation->log, &record, err);
}

static void print(const struct simulation *simulation) {
  const struct subject *subject = &simulation->subject;
  if (simulation->settings->output.json) {
    json_t *document =
        plan_document(subject, simulation->method, &simulation->plan, &simulation->report, &simulation->baseline);
    timing_add_documents(document, &simulation->timing);
    document_finish(document);
    return;
  }
  subject_print(subject);
  putchar('\n');
  plan_print_left_out(&simulation->plan, &simulation->report);
  plan_print_groups(&simulation->plan, &simulation->report);
  putchar('\n');
  plan_print_totals(&simulation->report, &simulation->baseline);
  timing_print_groups(&simulation->timing, &simulation->plan);
  timing_print_totals(&simulation->timing);
}

static int simulate(struct simulation *simulation, struct error *err) {
  const struct simulate_settings *settings = simulation->settings;
  struct subject *subject = &simulation->subject;
  if (load_plan(simulation, err) != 0) return -1;
  if (settings->trace != NULL && choose_traced(simulation, err) != 0) return -1;
  if (baseline_create(&simulation->baseline, subject, simulation->method, err) != 0) return -1;
  if (timing_open(&simulation->timing, subject, &settings->clock, err) != 0) return -1;
  if (runlog_open(&simulation->log, &settings->log, err) != 0) return -1;
  if (subject_report(&simulation->report, subject, simulation->method, &simulation->plan, err) != 0) return -1;
  if (settings->trace != NULL && save_trace(simulation, err) != 0) return -1;
  if (timing_run(&simulation->timing, subject, &simulation->plan, &simulation->report, &simulation->baseline, err) != 0)
    return -1;
  return record(simulation, err);
}

static void simulation_close(struct simulation *simulation) {
  runlog_close(&simulation->log);
  timing_close(&simulation->timing);
  baseline_free(&simulation->baseline);
  plan_report_free(&simulation->report);
  plan_free(&simulation->plan);
  subject_close(&simulation->subject);
}

static enum verb_result simulate_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  const struct simulate_settings *settings = opaque;
  struct simulation simulation = {.settings = settings};
  if (settings->group != NULL && settings->trace == NULL) {
    error_set(err, ERROR_USAGE, "--group says which group --trace is about; give --trace FILE too");
    return VERB_FAILED;
  }
  if (subject_open(&simulation.subject, arguments->values[0], &settings->target, err) != 0) return VERB_FAILED;
  simulation.subject.fuseable_only = settings->fuseable.only;
  enum verb_result result = simulate(&simulation, err) == 0 ? VERB_DONE : VERB_FAILED;
  if (result == VERB_DONE) print(&simulation);
  if (result == VERB_DONE && settings->strict && simulation.report.invalid_groups > 0) result = VERB_NEGATIVE;
  simulation_close(&simulation);
  return result;
}

#define SETTING(field) offsetof(struct simulate_settings, field)

static const struct option_spec simulate_own_options[] = {
    {"plan", 'p', OPTION_TEXT, "FILE", NULL, NULL, 0, 0, "fusion plan; every op by itself if left out",
     SETTING(plan)},
    {"strict", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "exit status 1 if a group overflows the buffer",
     SETTING(strict)},
    {"trace", 0, OPTION_TEXT, "FILE", NULL, NULL, 0, 0,
     "write the buffer trace of one group as CSV, or with --timed the plan's timeline as .json", SETTING(trace)},
    {"detail", 0, OPTION_NAME, "NAME", "row", "details", 0, 0, "what a slice of the timeline stands for",
     SETTING(detail)},
    {"group", 0, OPTION_TEXT, "A..B", NULL, NULL, 0, 0,
     "the group to trace: ops from A to B, by name or label, or a list with commas", SETTING(group)},
};
static const struct option_group simulate_group = OPTION_GROUP(simulate_own_options);
static const struct option_use simulate_options[] = {
    {&simulate_group, 0},
    {&clock_group, SETTING(clock)},
    {&method_group, SETTING(method)},
    {&fuseable_group, SETTING(fuseable)},
    {&target_group, SETTING(target)},
    {&log_group, SETTING(log)},
    {&output_group, SETTING(output)},
    {0}};
static const struct verb_argument simulate_arguments[] = {
    {"NET", "networks", false, false, "network: a name or an ONNX file"}, {0}};

const struct verb simulate_verb = {
    .name = "simulate",
    .summary = "run a fusion plan, or every op by itself, and measure buffer and DRAM",
    .arguments = simulate_arguments,
    .options = simulate_options,
    .settings_bytes = sizeof(struct simulate_settings),
    .run = simulate_run,
};
