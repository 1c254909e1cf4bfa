/* spillway compare-explainers: lets explainers repair the same groups that overflow. */
#include <stdlib.h>
#include <string.h>

#include "cli/comparing.h"
#include "cli/memory.h"
#include "cli/names.h"
#include "cli/run.h"
#include "cli/verb.h"

#define DEFAULT_BUFFERS "128KiB,256KiB,512KiB,1024KiB,2048KiB"

/* ---- cells ---- */

static int find_buffers(struct comparing *comparing, struct error *err) {
  const char *given = comparing->settings->target.buffer;
  return settings_sizes(&comparing->buffers, &comparing->buffer_count, "--buffer",
                        given == NULL ? DEFAULT_BUFFERS : given, err);
}

static int open_network(struct comparing *comparing, const char *name, struct error *err) {
  struct target_options target = comparing->settings->target;
  for (size_t n = 0; n < comparing->network_count; n++) {
    const struct subject *other = &comparing->subjects[n * comparing->buffer_count];
    if (strcmp(other->graph->name, name) == 0) return error_set(err, ERROR_USAGE, "'%.80s' is named twice", name);
  }
  size_t room = comparing->subject_count + comparing->buffer_count;
  comparing->subjects = cli_grow(comparing->subjects, room, sizeof *comparing->subjects);
  comparing->cells = cli_grow(comparing->cells, room, sizeof *comparing->cells);
  for (size_t b = 0; b < comparing->buffer_count; b++) {
    char *buffer = cli_format("%llu", (unsigned long long)comparing->buffers[b]);
    struct subject *subject = &comparing->subjects[comparing->subject_count];
    target.buffer = buffer;
    int status = subject_open(subject, name, &target, err);
    free(buffer);
    if (status != 0) return -1;
    comparing->cells[comparing->subject_count++] = subject->model;
  }
  comparing->network_count++;
  return 0;
}

static int open_networks(struct comparing *comparing, const struct arguments *arguments, struct error *err) {
  struct name_list list;
  int status = 0;
  for (size_t i = 0; i < arguments->count && status == 0; i++) {
    status = open_network(comparing, arguments->values[i], err);
  }
  if (arguments->count > 0) return status;
  name_list_create(&list, name_kind_find("networks"));
  for (size_t i = 0; i < list.count && status == 0; i++) status = open_network(comparing, list.items[i].name, err);
  name_list_free(&list);
  return status;
}

/* ---- the verb ---- */

static int prepare(struct comparing *comparing, const struct arguments *arguments, struct error *err) {
  const struct comparing_settings *settings = comparing->settings;
  const struct method *method = settings_method(settings->method.name, err);
  if (method == NULL || (settings->by != NULL && names_check("breakdowns", settings->by, err) != 0)) return -1;
  if (models_choose(&comparing->left_out, &settings->explainers, err) != 0) return -1;
  comparing->left_out[comparison_reference()] = false; /* what the others are measured by */
  if (find_buffers(comparing, err) != 0 || open_networks(comparing, arguments, err) != 0) return -1;
  if (models_open_all(&comparing->models, &settings->split, comparing->left_out, method, err) != 0) return -1;
  comparing->options = (struct compare_options){
      .cells = comparing->cells,
      .cell_count = comparing->subject_count,
      .method = method,
      .left_out = comparing->left_out,
      .learned = models_learned(&comparing->models),
      .fraction = settings->split.fraction,
      .breadth = settings->split.breadth,
      .groups = settings->groups,
      .seed = settings->seed,
      .jobs = run_jobs(settings->jobs),
  };
  return runlog_open(&comparing->log, &settings->log, err);
}

static int compare(struct comparing *comparing, struct error *err) {
  struct compare_options *options = &comparing->options;
  options->progress = progress_start("groups", options->groups, comparing->settings->progress.quiet);
  int status = comparison_run(&comparing->comparison, options, err);
  progress_end(options->progress);
  options->progress = NULL;
  comparing->seconds = runlog_seconds(&comparing->log);
  if (status != 0 || comparing->comparison.group_count > 0) return status;
  return error_set(err, ERROR_INPUT, "nothing to compare: no group that was drawn overflows its buffer; try smaller "
                   "ones with --buffer, or other networks");
}

static void comparing_close(struct comparing *comparing) {
  runlog_close(&comparing->log);
  comparison_free(&comparing->comparison);
  for (size_t i = 0; i < comparing->subject_count; i++) subject_close(&comparing->subjects[i]);
  free(comparing->subjects);
  free(comparing->cells);
  free(comparing->buffers);
  free(comparing->left_out);
  models_close(&comparing->models);
}

static enum verb_result compare_explainers_run(const void *opaque, const struct arguments *arguments,
                                               struct error *err) {
  struct comparing comparing = {.settings = opaque};
  int status = prepare(&comparing, arguments, err);
  if (status == 0) status = compare(&comparing, err);
  if (status == 0) {
    /* What was found is shown even if it cannot be kept. */
    status = comparing_write(&comparing, err);
    (comparing.settings->output.json ? comparing_print_json : comparing_print_table)(&comparing);
  }
  comparing_close(&comparing);
  return status == 0 ? VERB_DONE : VERB_FAILED;
}

#define SETTING(field) offsetof(struct comparing_settings, field)

static const struct option_spec own_options[] = {
    {"groups", 'n', OPTION_COUNT, "N", "1000", NULL, 1, 10000000, "groups that overflow, over all networks and buffers",
     SETTING(groups)},
    {"by", 0, OPTION_NAME, "WHAT", NULL, "breakdowns", 0, 0, "a line for each of these too", SETTING(by)},
    {"seed", 's', OPTION_COUNT, "N", "1", NULL, 0, INT64_MAX, "seed of everything that is drawn", SETTING(seed)},
    {"jobs", 'j', OPTION_COUNT, "N", "0", NULL, 0, 1024,
     "threads, 0 for one per processor; only times depend on it", SETTING(jobs)},
};
static const struct option_group own_group = OPTION_GROUP(own_options);
static const struct option_use compare_explainers_options[] = {
    {&own_group, 0},
    {&explainers_group, SETTING(explainers)},
    {&tree_group, SETTING(split)},
    {&method_group, SETTING(method)},
    {&target_group, SETTING(target)},
    {&log_group, SETTING(log)},
    {&progress_group, SETTING(progress)},
    {&output_group, SETTING(output)},
    {0}};
static const struct verb_argument compare_explainers_arguments[] = {
    {"NET", "networks", true, true, "networks: names or ONNX files; all that have a name if left out"}, {0}};

const struct verb compare_explainers_verb = {
    .name = "compare-explainers",
    .summary = "let explainers repair the same groups that overflow, and compare them",
    .details = "Here --buffer takes a list of sizes, such as 128KiB,256KiB; it is " DEFAULT_BUFFERS "\n"
               "if left out. The exhaustive explainer takes part in any case: it is what the others are\n"
               "measured by. docs/explainers.md says what the figures mean.",
    .arguments = compare_explainers_arguments,
    .options = compare_explainers_options,
    .settings_bytes = sizeof(struct comparing_settings),
    .run = compare_explainers_run,
};
