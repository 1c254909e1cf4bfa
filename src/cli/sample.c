/* spillway sample: how many of a network's groups fit buffers of several sizes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cli/document.h"
#include "cli/memory.h"
#include "cli/run.h"
#include "cli/runlog.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "config.h"
#include "sched/sample.h"
#include "store/store.h"
#include "util/units.h"

struct sample_settings {
  const char *buffers;
  uint64_t groups, seed, jobs;
  struct target_options target;
  struct method_options method;
  struct log_options log;
  struct progress_options progress;
  struct output_options output;
};

/* Those of the paper's Figure 3 (arXiv 2501.00636). */
static const char *const paper_networks[] = {"vgg16",       "squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small",
                                             "mobilenet_v3_large", "resnet18", "resnet101", "efficientnet_b0",
                                             "efficientnet_b3"};

/* A network's sample and what fits. */
struct measured {
  struct subject subject;
  struct sample sample;
  uint64_t *valid_groups; /* by buffer */
  struct runlog log;      /* when it began */
  double seconds;
};

struct measurement {
  const struct sample_settings *settings;
  const struct method *method;
  struct hw *buffers; /* ascending, none twice; they differ in the capacity alone */
  uint64_t *capacities_bytes;
  size_t buffer_count;
  struct measured *networks;
  size_t network_count, measured_count; /* the first ones are measured */
};

/* ---- what is to be measured ---- */

static int compare_sizes(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

static int find_buffers(struct measurement *out, struct error *err) {
  struct hw hw;
  const char *text = out->settings->buffers;
  if (settings_hardware(&hw, &out->settings->target, err) != 0) return -1;
  if (settings_sizes(&out->capacities_bytes, &out->buffer_count, "--buffers", text, err) != 0) return -1;
  qsort(out->capacities_bytes, out->buffer_count, sizeof *out->capacities_bytes, compare_sizes);
  out->buffers = cli_alloc(out->buffer_count, sizeof *out->buffers);
  for (size_t b = 0; b < out->buffer_count; b++) {
    out->buffers[b] = hw;
    out->buffers[b].buffer_capacity_bytes = out->capacities_bytes[b];
  }
  return 0;
}

/* All networks are read before any is measured. */
static int prepare(struct measurement *out, const struct arguments *arguments, struct error *err) {
  out->method = settings_method(out->settings->method.name, err);
  if (out->method == NULL || find_buffers(out, err) != 0) return -1;
  size_t papers = sizeof paper_networks / sizeof paper_networks[0];
  size_t count = arguments->count > 0 ? arguments->count : papers;
  out->networks = cli_alloc(count, sizeof *out->networks);
  for (; out->network_count < count; out->network_count++) {
    struct measured *network = &out->networks[out->network_count];
    const char *const *names = arguments->count > 0 ? (const char *const *)arguments->values : paper_networks;
    if (subject_open(&network->subject, names[out->network_count], &out->settings->target, err) != 0) return -1;
    network->valid_groups = cli_alloc(out->buffer_count, sizeof *network->valid_groups);
  }
  return 0;
}

static void measurement_free(struct measurement *measurement) {
  for (size_t i = 0; i < measurement->network_count; i++) {
    sample_free(&measurement->networks[i].sample);
    subject_close(&measurement->networks[i].subject);
    free(measurement->networks[i].valid_groups);
  }
  free(measurement->networks);
  free(measurement->buffers);
  free(measurement->capacities_bytes);
}

/* ---- measuring ---- */

static int draw(const struct sample_settings *settings, struct measured *network, struct error *err) {
  const struct graph *graph = network->subject.graph;
  struct progress *progress = progress_start(graph->name, settings->groups, settings->progress.quiet);
  int status = sample_draw(&network->sample, graph, settings->groups, settings->seed, progress, err);
  progress_end(progress);
  return status;
}

static int measure(const struct measurement *measurement, struct measured *network, struct error *err) {
  const struct sample_settings *settings = measurement->settings;
  if (draw(settings, network, err) != 0) return -1;
  struct sample_options options = {
      .method = measurement->method,
      .capacities_bytes = measurement->capacities_bytes,
      .capacity_count = measurement->buffer_count,
      .jobs = run_jobs(settings->jobs),
      .progress = progress_start(network->subject.graph->name, network->sample.group_count,
                                 settings->progress.quiet),
  };
  int status = sample_count_valid(network->valid_groups, &network->sample, &network->subject.model, &options, err);
  progress_end(options.progress);
  network->seconds = runlog_seconds(&network->log);
  return status;
}

static double mean_ops(const struct sample *sample) {
  return sample->group_count == 0 ? 0 : (double)sample->op_count / (double)sample->group_count;
}

/* Percent; 0 of a network without groups. */
static double valid_share(const struct measured *network, size_t buffer) {
  uint64_t groups = network->sample.group_count;
  return groups == 0 ? 0 : 100 * (double)network->valid_groups[buffer] / (double)groups;
}

/* ---- the record ---- */

/* Of all that the counts depend on; not of the number of threads. */
static void sample_key(char key[33], const struct store_sample *sample) {
  char *text = cli_format("network=%s\nnetwork_hash=%s\nhardware=%s\nmethod=%s\nseed=%llu\ngroups=%llu\noptions=%s\n",
                          sample->network.name, sample->network.hash, sample->hardware.description, sample->method,
                          (unsigned long long)*sample->seed, (unsigned long long)sample->groups_wanted,
                          sample->options);
  XXH128_hash_t hash = XXH3_128bits(text, strlen(text));
  snprintf(key, 33, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
  free(text);
}

static struct store_sample sample_record(const struct measurement *measurement, const struct measured *network,
                                         const char *name, size_t buffer, const char *yaml) {
  const struct hw *hw = &measurement->buffers[buffer];
  return (struct store_sample){
      .tool_version = PACKAGE_VERSION,
      .started_at = network->log.started_at,
      .wall_seconds = network->seconds,
      .network = {name, network->subject.hash},
      .hardware = {hw->name, yaml, hw->buffer_capacity_bytes, hw->activation_bits, hw->weight_bits, hw->bias_bits},
      .method = measurement->method->name,
      .seed = &measurement->settings->seed,
      .jobs = run_jobs(measurement->settings->jobs),
      .options = measurement->settings->target.fold_batch_norm ? "{\"fold_bn\":true}" : "{\"fold_bn\":false}",
      .groups_wanted = measurement->settings->groups,
      .groups = network->sample.group_count,
      .valid_groups = network->valid_groups[buffer],
      .mean_ops = mean_ops(&network->sample),
      .plans_drawn = network->sample.plans_drawn,
  };
}

static int keep(const struct measurement *measurement, const struct measured *network, struct store *store,
                struct error *err) {
  size_t count = measurement->buffer_count;
  struct store_sample *samples = cli_alloc(count, sizeof *samples);
  char(*keys)[33] = cli_alloc(count, sizeof *keys), **yaml = cli_alloc(count, sizeof *yaml);
  char *name = cli_clean(network->subject.graph->name);
  for (size_t b = 0; b < count; b++) {
    yaml[b] = cli_checked(hw_to_yaml(&measurement->buffers[b]));
    samples[b] = sample_record(measurement, network, name, b, yaml[b]);
    sample_key(keys[b], &samples[b]);
    samples[b].cell_key = keys[b];
  }
  int status = store_write_samples(store, samples, count, err);
  for (size_t b = 0; b < count; b++) free(yaml[b]);
  free(yaml);
  free(keys);
  free(samples);
  free(name);
  return status;
}

/* ---- telling ---- */

static void print_table(const struct measurement *measurement) {
  size_t fixed = 4, count = fixed + measurement->buffer_count;
  const struct hw *hw = &measurement->buffers[0];
  struct table_column *columns = cli_alloc(count, sizeof *columns);
  char(*titles)[UNITS_TEXT_BYTES] = cli_alloc(measurement->buffer_count, sizeof *titles);
  memcpy(columns, (const struct table_column[]){{"network", TABLE_LEFT}, {"groups", TABLE_RIGHT},
                                                {"mean ops", TABLE_RIGHT}, {"seconds", TABLE_RIGHT}},
         fixed * sizeof *columns);
  for (size_t b = 0; b < measurement->buffer_count; b++) {
    const char *title = units_format_bytes(titles[b], measurement->capacities_bytes[b]);
    columns[fixed + b] = (struct table_column){title, TABLE_RIGHT};
  }
  cli_print("groups that fit under %s, in percent, by buffer: %s, %u-bit activations, %u-bit weights, %u-bit biases, "
            "seed %llu\n\n",
            measurement->method->name, hw->name, hw->activation_bits, hw->weight_bits, hw->bias_bits,
            (unsigned long long)measurement->settings->seed);
  struct table *table = table_create(columns, count);
  for (size_t i = 0; i < measurement->measured_count; i++) {
    const struct measured *network = &measurement->networks[i];
    table_text(table, network->subject.graph->name);
    table_count(table, network->sample.group_count);
    table_format(table, "%.1f", mean_ops(&network->sample));
    table_format(table, "%.2f", network->seconds);
    for (size_t b = 0; b < measurement->buffer_count; b++) table_format(table, "%.1f", valid_share(network, b));
  }
  table_finish(table, stdout);
  free(titles);
  free(columns);
}

static json_t *network_document(const struct measurement *measurement, const struct measured *network) {
  json_t *object = json_object(), *buffers = json_array();
  document_add_text(object, "network", network->subject.graph->name);
  document_add_text(object, "network_hash", network->subject.hash);
  document_add_count(object, "groups", network->sample.group_count);
  document_add_real(object, "mean_ops", mean_ops(&network->sample));
  document_add_count(object, "plans_drawn", network->sample.plans_drawn);
  document_add_real(object, "seconds", network->seconds);
  for (size_t b = 0; b < measurement->buffer_count; b++) {
    json_t *buffer = json_object();
    document_add_count(buffer, "buffer_bytes", measurement->capacities_bytes[b]);
    document_add_count(buffer, "valid_groups", network->valid_groups[b]);
    document_add_real(buffer, "valid_percent", valid_share(network, b));
    document_append(buffers, buffer);
  }
  document_add(object, "buffers", buffers);
  return object;
}

static void print_json(const struct measurement *measurement) {
  json_t *object = json_object(), *networks = json_array();
  const struct hw *hw = &measurement->buffers[0];
  document_add_text(object, "method", measurement->method->name);
  document_add_text(object, "hardware", hw->name);
  document_add_count(object, "activation_bits", hw->activation_bits);
  document_add_count(object, "weight_bits", hw->weight_bits);
  document_add_count(object, "bias_bits", hw->bias_bits);
  document_add(object, "fold_bn", json_boolean(measurement->settings->target.fold_batch_norm));
  document_add_count(object, "seed", measurement->settings->seed);
  document_add_count(object, "groups_wanted", measurement->settings->groups);
  document_add_count(object, "jobs", run_jobs(measurement->settings->jobs));
  for (size_t i = 0; i < measurement->measured_count; i++) {
    document_append(networks, network_document(measurement, &measurement->networks[i]));
  }
  document_add(object, "networks", networks);
  document_finish(object);
}

/* ---- the verb ---- */

/* Each network is on record as soon as it is measured. */
static int measure_all(struct measurement *measurement, struct error *err) {
  struct runlog log;
  if (runlog_open(&log, &measurement->settings->log, err) != 0) return -1;
  int status = 0;
  for (size_t i = 0; i < measurement->network_count && status == 0; i++) {
    struct measured *network = &measurement->networks[i];
    status = runlog_begin(&network->log, log.store, err);
    if (status == 0) status = measure(measurement, network, err);
    if (status == 0) measurement->measured_count++;
    if (status == 0 && log.store != NULL) status = keep(measurement, network, log.store, err);
  }
  runlog_close(&log);
  return status;
}

static enum verb_result sample_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  struct measurement measurement = {.settings = opaque};
  int status = prepare(&measurement, arguments, err);
  if (status == 0) status = measure_all(&measurement, err);
  /* What was measured is shown even if it cannot be kept. */
  if (measurement.measured_count > 0) (measurement.settings->output.json ? print_json : print_table)(&measurement);
  measurement_free(&measurement);
  return status == 0 ? VERB_DONE : VERB_FAILED;
}

#define SETTING(field) offsetof(struct sample_settings, field)

static const struct option_spec sample_own_options[] = {
    {"buffers", 0, OPTION_TEXT, "LIST", "128KiB,256KiB,512KiB,1MiB,2MiB", NULL, 0, 0,
     "sizes of the on-chip buffer, with commas between", SETTING(buffers)},
    {"groups", 'n', OPTION_COUNT, "N", "1000", NULL, 1, 1000000,
     "distinct groups to draw from each network; small networks have fewer", SETTING(groups)},
    {"seed", 's', OPTION_COUNT, "N", "1", NULL, 0, INT64_MAX, "seed of the groups that are drawn", SETTING(seed)},
    {"jobs", 'j', OPTION_COUNT, "N", "0", NULL, 0, 1024, "threads, 0 for one per processor; the result is the same",
     SETTING(jobs)},
};
static const struct option_group sample_group = OPTION_GROUP(sample_own_options);
static const struct option_use sample_options[] = {
    {&sample_group, 0},
    {&method_group, SETTING(method)},
    {&unsized_target_group, SETTING(target)},
    {&log_group, SETTING(log)},
    {&progress_group, SETTING(progress)},
    {&output_group, SETTING(output)},
    {0}};
static const struct verb_argument sample_arguments[] = {
    {"NET", "networks", true, true, "network: a name or an ONNX file; those of the paper's Figure 3 if left out"}, {0}};

const struct verb sample_verb = {
    .name = "sample",
    .summary = "draw groups of networks and tell how many fit buffers of several sizes",
    .details = "The groups, of two or more ops, are those of plans drawn as random search draws them, each once.\n"
               "All sizes, widths and methods are asked about the same ones; 'spillway plot valid' draws the shares.",
    .arguments = sample_arguments,
    .options = sample_options,
    .settings_bytes = sizeof(struct sample_settings),
    .run = sample_run,
};
