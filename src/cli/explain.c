/* spillway explain: who holds the buffer when a group overflows, and where to split it. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/document.h"
#include "cli/finding.h"
#include "cli/group.h"
#include "cli/group_trace.h"
#include "cli/memory.h"
#include "cli/models.h"
#include "cli/settings.h"
#include "cli/subject.h"
#include "cli/verb.h"
#include "plan/file.h"
#include "util/bitset.h"
#include "util/units.h"

struct explain_settings {
  const char *group, *plan, *trace;
  struct target_options target;
  struct method_options method;
  struct split_options split;
  uint64_t seed, rows;
  struct output_options output;
};

/* Prints findings as they come, or gathers them for the JSON document. */
struct explain_output {
  const struct explain_settings *settings;
  json_t *findings; /* NULL: for people */
  uint64_t count;
};

static void output_add(struct explain_output *output, const struct finding *finding) {
  if (output->findings != NULL) {
    document_append(output->findings, finding_document(finding));
  } else {
    if (output->count > 0) putchar('\n');
    finding_print(finding, output->settings->rows);
  }
  output->count++;
}

/* ---- a trace alone ---- */

static int trace_capacity(uint64_t *bytes, const struct trace *trace, const struct explain_settings *settings,
                          struct error *err) {
  *bytes = trace->capacity_bytes;
  if (settings->target.buffer != NULL) {
    struct hw hw;
    if (settings_hardware(&hw, &settings->target, err) != 0) return -1;
    *bytes = hw.buffer_capacity_bytes;
  }
  if (*bytes != 0) return 0;
  return error_input(err, settings->trace, 0, "does not tell the capacity of the buffer; give it with --buffer SIZE");
}

static void print_trace_finding(struct explain_output *output, const struct trace *trace,
                                const struct finding *finding) {
  json_t *document = json_object();
  if (output->findings == NULL) {
    cli_print("%s, from the trace %s\n\n", trace->network[0] == '\0' ? "unnamed network" : trace->network,
              output->settings->trace);
  }
  output_add(output, finding);
  if (output->findings == NULL) {
    json_decref(document);
    return;
  }
  document_add_text(document, "network", trace->network);
  document_add_text(document, "trace", output->settings->trace);
  document_add(document, "findings", output->findings);
  document_finish(document);
}

static int explain_trace(struct explain_output *output, struct error *err) {
  const struct explain_settings *settings = output->settings;
  struct trace trace;
  struct finding finding;
  struct graph *graph;
  struct error cause = ERROR_INIT;
  uint64_t capacity;
  if (group_trace_load(&trace, settings->trace, err) != 0) return -1;
  int status = trace_capacity(&capacity, &trace, settings, err);
  if (status == 0 && finding_from_trace(&finding, &graph, &trace, capacity, settings->split.fraction, &cause) != 0) {
    status = error_set(err, cause.kind, "%s: %s", settings->trace, cause.message);
  }
  if (status == 0) {
    print_trace_finding(output, &trace, &finding);
    finding_free(&finding);
    graph_free(graph);
  }
  trace_free(&trace);
  return status;
}

/* ---- a network ---- */

static int explain_group(struct explain_output *output, struct finder *finder, const uint64_t *group,
                         struct error *err) {
  struct finding finding;
  if (finder_find(&finding, finder, group, err) != 0) return -1;
  output_add(output, &finding);
  finding_free(&finding);
  return 0;
}

/* The groups of the plan that overflow, but for ops that do so alone and run with streamed weights. */
static int explain_plan(struct explain_output *output, struct finder *finder, const struct plan *plan,
                        struct error *err) {
  const struct sim_model *model = &finder->subject->model;
  for (uint32_t g = 0; g < plan->group_count; g++) {
    const uint64_t *group = plan_group(plan, g);
    struct group_cost cost;
    if (bitset_count(group, model->graph->set_words) == 1) continue;
    if (finder->rules.method->cost(finder->subject->sim, group, &cost) != 0) return error_memory(err);
    if (cost.required_bytes <= model->hw.buffer_capacity_bytes) continue;
    if (explain_group(output, finder, group, err) != 0) return -1;
  }
  if (output->count == 0 && output->findings == NULL) {
    printf("All %u groups of the plan fit, or run alone with streamed weights.\n", plan->group_count);
  }
  return 0;
}

/* What is to be explained: a group, or all of a plan. */
struct explain_wish {
  uint64_t group[GRAPH_MAX_SET_WORDS];
  struct plan plan;
  const struct method *method;
};

static int read_wish(struct explain_wish *wish, const struct explain_settings *settings, const struct graph *graph,
                     struct error *err) {
  char named[PLAN_METHOD_BYTES] = "";
  if (settings->plan != NULL) {
    if (plan_file_load(&wish->plan, named, graph, settings->plan, err) != 0) return -1;
  } else if (group_parse(wish->group, graph, settings->group, err) != 0) {
    return -1;
  }
  wish->method = settings_plan_method(&settings->method, settings->plan, named, err);
  return wish->method == NULL ? -1 : 0;
}

static int run_wish(struct explain_output *output, const struct explain_wish *wish, const struct subject *subject,
                    const struct models *models, struct error *err) {
  const struct explain_settings *settings = output->settings;
  struct split_rules rules = settings_split_rules(&settings->split, wish->method);
  struct finder finder;
  rules.learned = models_learned(models);
  if (finder_create(&finder, subject, &rules, settings->seed, err) != 0) return -1;
  if (output->findings == NULL) {
    subject_print(subject);
    putchar('\n');
  }
  int status = settings->plan != NULL ? explain_plan(output, &finder, &wish->plan, err)
                                      : explain_group(output, &finder, wish->group, err);
  finder_free(&finder);
  if (status != 0 || output->findings == NULL) return status;
  json_t *document = json_object();
  document_add_text(document, "network", subject->graph->name);
  document_add_text(document, "network_hash", subject->hash);
  document_add_text(document, "method", wish->method->name);
  document_add(document, "hardware", subject_hardware_document(&subject->model.hw));
  document_add(document, "findings", output->findings);
  document_finish(document);
  return 0;
}

static int explain_network(struct explain_output *output, const char *network, struct error *err) {
  const struct explain_settings *settings = output->settings;
  struct explain_wish wish = {.method = NULL};
  struct models models = {.need = LEARNED_NOTHING};
  struct subject subject;
  if (subject_open(&subject, network, &settings->target, err) != 0) return -1;
  int status = read_wish(&wish, settings, subject.graph, err);
  if (status == 0) {
    enum learned_need need = explainer_find(settings->split.explainer)->need;
    status = models_open(&models, &settings->split, need, wish.method, err);
  }
  if (status == 0) status = run_wish(output, &wish, &subject, &models, err);
  models_close(&models);
  plan_free(&wish.plan);
  subject_close(&subject);
  return status;
}

/* ---- the verb ---- */

static int check_settings(const struct explain_settings *settings, const struct arguments *arguments,
                          struct error *err) {
  int given = (settings->group != NULL) + (settings->plan != NULL) + (settings->trace != NULL);
  if (given != 1) {
    return error_set(err, ERROR_USAGE, "explain needs one of --group A..B, --plan FILE and --trace FILE; %s was given",
                     given == 0 ? "none" : "more than one");
  }
  if (settings->trace != NULL && arguments->count > 0) {
    return error_set(err, ERROR_USAGE, "--trace explains a trace by itself; leave the network out");
  }
  if (settings->trace == NULL && arguments->count == 0) {
    return error_set(err, ERROR_USAGE, "explain needs NET, unless it is given a trace with --trace FILE");
  }
  return 0;
}

static enum verb_result explain_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  const struct explain_settings *settings = opaque;
  struct explain_output output = {.settings = settings, .findings = settings->output.json ? json_array() : NULL};
  if (check_settings(settings, arguments, err) != 0) return VERB_FAILED;
  int status = settings->trace != NULL ? explain_trace(&output, err)
                                       : explain_network(&output, arguments->values[0], err);
  return status == 0 ? VERB_DONE : VERB_FAILED;
}

#define SETTING(field) offsetof(struct explain_settings, field)

static const struct option_spec explain_own_options[] = {
    {"group", 'g', OPTION_TEXT, "A..B", NULL, NULL, 0, 0, "ops A to B, by name or label; also a list with commas",
     SETTING(group)},
    {"plan", 'p', OPTION_TEXT, "FILE", NULL, NULL, 0, 0, "plan file: every group of it that overflows", SETTING(plan)},
    {"trace", 't', OPTION_TEXT, "FILE", NULL, NULL, 0, 0, "trace (CSV) of one group, explained without its network",
     SETTING(trace)},
    {"seed", 's', OPTION_COUNT, "N", "1", NULL, 0, INT64_MAX, "seed of an explainer that draws", SETTING(seed)},
    {"rows", 0, OPTION_COUNT, "N", "8", NULL, 0, 1000000, "longest table of ops and of cuts, 0 for all of them",
     SETTING(rows)},
};
static const struct option_group explain_group_options = OPTION_GROUP(explain_own_options);
static const struct option_use explain_options[] = {
    {&explain_group_options, 0}, {&split_group, SETTING(split)},   {&method_group, SETTING(method)},
    {&target_group, SETTING(target)}, {&output_group, SETTING(output)}, {0}};
static const struct verb_argument explain_arguments[] = {
    {"NET", "networks", true, false, "network: a name or an ONNX file"}, {0}};

const struct verb explain_verb = {
    .name = "explain",
    .summary = "tell which ops make a group overflow the buffer, and where to split it",
    .arguments = explain_arguments,
    .options = explain_options,
    .settings_bytes = sizeof(struct explain_settings),
    .run = explain_run,
};
