/* bench/spillway_bench [FILE]: fixed cases, each in a process of its own on one thread; prints
 * a table, and writes FILE as JSON. Times are the best of several runs. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "gnn/train.h"
#include "random_learned.h"
#include "sched/candidate.h"
#include "sched/compare.h"
#include "sched/search.h"
#include "scaled_network.h"
#include "sim/dram.h"
#include "sim/report.h"
#include "sim/timed_plan.h"
#include "util/bitset.h"

/* What a case measures; sent from its process through a pipe. */
struct measurement {
  double seconds; /* of one run */
  uint64_t items; /* plans, groups or events in it */
  uint64_t groups_evaluated, fuseable_dram_bytes;
  uint64_t peak_bytes; /* resident memory of the process, filled in by the parent */
};

struct bench_case {
  const char *name, *item;
  void (*run)(struct measurement *out, const struct bench_case *self);
  const char *network;
  uint64_t buffer_kib;
  uint32_t bits, scale; /* scale: of the input image */
  const char *search;
  uint64_t budget;
  double aim_seconds; /* 0: none */
  const char *method;
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Of this process, for what is short and has to be measured on a busy machine too. */
static double processor_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void require(int status, const struct error *err) {
  if (status == 0) return;
  fprintf(stderr, "bench: %s\n", err->message);
  exit(1);
}

static void open_model(struct sim_model *model, const struct bench_case *self) {
  struct error err = ERROR_INIT;
  struct hw hw = hw_default();
  struct graph *graph;
  char path[4096];
  const char *top = getenv("SPILLWAY_SOURCE_DIR");
  snprintf(path, sizeof path, "%s/configs/networks/%s.onnx", top == NULL ? "." : top, self->network);
  hw.buffer_capacity_bytes = self->buffer_kib * 1024;
  hw.activation_bits = hw.weight_bits = self->bits;
  require(scaled_network_import(&graph, path, self->scale, &err), &err);
  require(sim_model_create(model, graph, &hw, &err), &err);
}

/* ---- cases ---- */

static void run_search(struct measurement *out, const struct bench_case *self) {
  const struct search_options options = {
      .split = {method_find(self->method), explainer_find("trace-get"), EXPLAIN_DEFAULT_FRACTION, SPLIT_DEFAULT_BREADTH,
                objective_find("dram"), NULL},
      .further = {objective_find("buffer")},
      .further_count = search_find(self->search)->has_front ? 1 : 0,
      .budget = self->budget,
      .seed = 1,
      .jobs = 1,
  };
  struct error err = ERROR_INIT;
  struct sim_model model;
  struct search_result result;
  open_model(&model, self);
  out->seconds = 1e9;
  for (int repeat = 0; repeat < 3; repeat++) {
    double start = now();
    require(search_run(&result, search_find(self->search), &model, &options, &err), &err);
    double seconds = now() - start;
    if (seconds < out->seconds) out->seconds = seconds;
    out->items = result.plans_proposed;
    out->groups_evaluated = result.groups_evaluated;
    out->fuseable_dram_bytes = result.fuseable_dram_bytes;
    search_result_free(&result);
  }
}

/* The search in twenty buffers, from the largest, 2 MiB, to 128 KiB; once, and items are the plans of all. */
static void run_sizes(struct measurement *out, const struct bench_case *self, bool share) {
  enum { SIZES = 20 };
  const uint64_t step = (UINT64_C(2048) - 128) * 1024 / (SIZES - 1);
  struct search_options options = {
      .split = {method_find(self->method), explainer_find("trace-get"), EXPLAIN_DEFAULT_FRACTION, SPLIT_DEFAULT_BREADTH,
                objective_find("dram"), NULL},
      .budget = self->budget,
      .seed = 1,
      .limits = SEARCH_DEFAULT_LIMITS,
      .jobs = 1,
  };
  struct error err = ERROR_INIT;
  struct sim_model model;
  struct search_result result;
  open_model(&model, self);
  if (share) require(evaluations_create(&options.evaluations, model.graph, (size_t)1 << 30, &err), &err);
  double start = now();
  for (uint64_t i = SIZES; i-- > 0;) {
    model.hw.buffer_capacity_bytes = 128 * 1024 + i * step;
    require(search_run(&result, search_find(self->search), &model, &options, &err), &err);
    out->items += result.plans_proposed;
    out->groups_evaluated += result.groups_evaluated;
    out->fuseable_dram_bytes = result.fuseable_dram_bytes;
    search_result_free(&result);
  }
  out->seconds = now() - start;
  evaluations_free(options.evaluations);
}

static void run_sizes_alone(struct measurement *out, const struct bench_case *self) { run_sizes(out, self, false); }
static void run_sizes_shared(struct measurement *out, const struct bench_case *self) { run_sizes(out, self, true); }

enum { DRAWS = 60, MAX_GROUPS = 4096 };

/* Groups of random plans, at most MAX_GROUPS. */
static uint64_t *draw_groups(const struct graph *graph, size_t *count) {
  struct error err = ERROR_INIT;
  struct candidate_space space;
  struct candidate candidate;
  uint64_t all[GRAPH_MAX_SET_WORDS];
  size_t words = graph->set_words;
  uint64_t *groups = calloc(MAX_GROUPS, words * sizeof *groups);
  memset(all, 0xff, words * sizeof *all);
  require(candidate_space_create(&space, graph, all, &err), &err);
  require(candidate_create(&candidate, graph, &err), &err);
  *count = 0;
  for (uint64_t draw = 0; draw < DRAWS; draw++) {
    struct rng rng = rng_stream(1, draw, 0);
    candidate_draw(&candidate, &space, &rng);
    if (*count + candidate.group_count > MAX_GROUPS) break;
    for (uint32_t v = 0; v < graph->op_count; v++) {
      bitset_add(groups + (*count + candidate.group_of[v]) * words, v);
    }
    *count += candidate.group_count;
  }
  return groups;
}

static void run_groups(struct measurement *out, const struct bench_case *self) {
  struct error err = ERROR_INIT;
  struct sim_model model;
  struct sim *sim;
  size_t count;
  open_model(&model, self);
  uint64_t *groups = draw_groups(model.graph, &count);
  int (*cost_of)(struct sim *, const uint64_t *, struct group_cost *) = method_find(self->method)->cost;
  require(sim_create(&sim, &model, &err), &err);
  out->seconds = 1e9;
  for (int repeat = 0; repeat < 3; repeat++) {
    double start = now();
    for (size_t g = 0; g < count; g++) {
      struct group_cost cost;
      require(cost_of(sim, groups + g * model.graph->set_words, &cost), &err);
    }
    double seconds = now() - start;
    if (seconds < out->seconds) out->seconds = seconds;
  }
  out->items = out->groups_evaluated = count;
}

/* Groups that overflow, repaired by trace-get; processor time of the repairs alone. */
static void run_repairs(struct measurement *out, const struct bench_case *self) {
  struct error err = ERROR_INIT;
  struct sim_model model;
  struct comparison comparison;
  size_t trace_get = (size_t)(explainer_find("trace-get") - explainers);
  bool *left_out = calloc(explainer_count, sizeof *left_out);
  if (left_out == NULL) exit(1);
  for (size_t e = 0; e < explainer_count; e++) left_out[e] = explainers[e].need != LEARNED_NOTHING;
  open_model(&model, self);
  const struct compare_options options = {
      .cells = &model,
      .cell_count = 1,
      .method = method_find(self->method),
      .left_out = left_out,
      .fraction = EXPLAIN_DEFAULT_FRACTION,
      .breadth = SPLIT_DEFAULT_BREADTH,
      .groups = self->budget,
      .seed = 1,
      .jobs = 1,
  };
  out->seconds = 1e9;
  for (int repeat = 0; repeat < 3; repeat++) {
    struct repair_summary summary;
    require(comparison_run(&comparison, &options, &err), &err);
    require(comparison_summarise(&summary, &comparison, trace_get, NULL), &err);
    double seconds = 1e-6 * summary.microseconds_mean * (double)summary.groups;
    if (seconds < out->seconds) out->seconds = seconds;
    out->items = summary.groups;
    out->groups_evaluated = summary.simulations;
    comparison_free(&comparison);
  }
  free(left_out);
}

/* Groups of 15 to 25 ops, as often as it takes. */
static struct gnn_sample *draw_samples(const struct gnn_network *network, const struct sim_model *model,
                                       uint64_t wanted) {
  size_t count, words = model->graph->set_words;
  uint64_t *groups = draw_groups(model->graph, &count), used = 0;
  struct gnn_sample *samples = calloc(wanted, sizeof *samples);
  if (samples == NULL) exit(1);
  for (size_t g = 0; used < wanted; g++) {
    const uint64_t *group = groups + g % count * words;
    size_t ops = bitset_count(group, words);
    if (ops >= 15 && ops <= 25) samples[used++] = (struct gnn_sample){network, group, 1 << 18, g % 2 == 0};
  }
  return samples;
}

/* One epoch of the validity classifier, features and Adam included. */
static void run_training(struct measurement *out, const struct bench_case *self) {
  const struct gnn_shape shape = {(uint32_t)gnn_feature_count(), GNN_DEFAULT_HIDDEN, GNN_DEFAULT_LAYERS};
  const struct train_options options = {.epochs = 1, .batch_graphs = 128, .rate = 1e-3, .clip = 1, .jobs = 1};
  struct error err = ERROR_INIT;
  struct sim_model model;
  struct gnn_network *network;
  struct gnn_model trained;
  open_model(&model, self);
  require(gnn_network_create(&network, &model, &err), &err);
  struct gnn_sample *samples = draw_samples(network, &model, self->budget);
  out->seconds = 1e9;
  for (int repeat = 0; repeat < 3; repeat++) {
    double start = now();
    require(gnn_train(&trained, shape, samples, self->budget, &options, &err), &err);
    double seconds = now() - start;
    if (seconds < out->seconds) out->seconds = seconds;
    gnn_model_free(&trained);
  }
  out->items = self->budget;
}

/* One explanation of a group of 20 ops in processor time, with a network drawn at random of the default size;
 * self->search is the explainer. GNNExplainer takes the 100 steps that are usual for it. */
static void run_explainer(struct measurement *out, const struct bench_case *self) {
  enum { OPS = 20, FIRST_OP = 20, REPEATS = 50 };
  struct error err = ERROR_INIT;
  struct sim_model model;
  struct sim *sim;
  struct learned learned;
  struct explain_context context;
  struct rng rng = rng_stream(1, 0, 0);
  uint64_t group[GRAPH_MAX_SET_WORDS] = {0};
  open_model(&model, self);
  for (size_t v = FIRST_OP; v < FIRST_OP + OPS; v++) bitset_add(group, v);
  require(random_learned(&learned, GNN_DEFAULT_HIDDEN, GNN_DEFAULT_LAYERS, 1, &model, group, &err), &err);
  learned.settings.gnne.steps = 100;
  require(sim_create(&sim, &model, &err), &err);
  require(explain_context_create(&context, sim, method_find(self->method), EXPLAIN_DEFAULT_FRACTION, &learned, &err),
          &err);
  out->seconds = 1e9;
  for (int repeat = 0; repeat < REPEATS; repeat++) {
    double start = processor_now();
    if (explainer_find(self->search)->explain(&context, group, &rng) != 0) exit(1);
    double seconds = processor_now() - start;
    if (seconds < out->seconds) out->seconds = seconds;
  }
  out->items = 1;
}

/* The whole network on the clock, each op its own group; items are the events of the simulation. */
static void run_timed(struct measurement *out, const struct bench_case *self) {
  struct error err = ERROR_INIT;
  struct sim_model model;
  struct sim *sim;
  struct timed *timed;
  struct plan plan;
  struct plan_report report;
  open_model(&model, self);
  require(sim_create(&sim, &model, &err), &err);
  require(timed_create(&timed, &model, &err), &err);
  require(plan_layer_by_layer(&plan, model.graph, &err), &err);
  require(plan_report_create(&report, sim, method_find("lbdf"), &plan, &err), &err);
  out->seconds = 1e9;
  for (int repeat = 0; repeat < 5; repeat++) {
    struct timed_plan timed_plan;
    double start = now();
    require(timed_plan_create(&timed_plan, timed, &plan, &report, NULL, &err), &err);
    double seconds = now() - start;
    if (seconds < out->seconds) out->seconds = seconds;
    out->items = timed_plan.total.events;
    timed_plan_free(&timed_plan);
  }
  out->groups_evaluated = plan.group_count;
}

/* 16 MiB through the DRAM channel that is called self->network, in requests of 64 bytes or in
 * transfers of a row of a bank. */
static uint64_t move_through(struct dram *dram, uint64_t bytes) {
  uint64_t clock = 0, total = UINT64_C(16) << 20;
  dram_reset(dram);
  for (uint64_t at = 0; at < total; at += bytes) {
    if (bytes == DRAM_REQUEST_BYTES) {
      clock = dram_push(dram, false, at, clock);
    } else {
      dram_transfer(dram, false, at, bytes, 0);
    }
  }
  dram_drain(dram);
  return total / bytes;
}

static void run_dram(struct measurement *out, const struct bench_case *self, bool by_request) {
  struct error err = ERROR_INIT;
  const struct dram_standard *standard = dram_standard_find(self->network);
  struct dram *dram;
  require(dram_create(&dram, standard, dram_mapping_default(standard), &err), &err);
  out->seconds = 1e9;
  for (int repeat = 0; repeat < 5; repeat++) {
    double start = now();
    out->items = move_through(dram, by_request ? DRAM_REQUEST_BYTES : standard->row_bytes);
    double seconds = now() - start;
    if (seconds < out->seconds) out->seconds = seconds;
  }
  dram_free(dram);
}

static void run_dram_rows(struct measurement *out, const struct bench_case *self) { run_dram(out, self, false); }
static void run_dram_requests(struct measurement *out, const struct bench_case *self) { run_dram(out, self, true); }

#define DRAM(name, seconds) \
  {"16 MiB of DRAM by the row", "rows", run_dram_rows, name, 0, 0, 1, NULL, 0, 0.005, NULL}, \
  {"16 MiB of DRAM by 64 bytes", "reqs", run_dram_requests, name, 0, 0, 1, NULL, 0, seconds, NULL}
#define SEARCH(title, net, kib, bit, kind, plans, aim) \
  {title, "plans", run_search, net, kib, bit, 1, kind, plans, aim, "lbdf"}
#define STREAMED(method, net, kib, bit, kind, plans, aim) \
  {"local search, " method, "plans", run_search, net, kib, bit, 1, kind, plans, aim, method}
/* As 20 cells of a sweep, each for itself and with what they share. */
#define SIZES(title, net, kind, plans, method) \
  {title ", 20 buffers", "plans", run_sizes_alone, net, 128, 8, 1, kind, plans, 0, method}, \
  {title ", 20, shared", "plans", run_sizes_shared, net, 128, 8, 1, kind, plans, 0, method}
#define TIMED(net, aim) \
  {"layer by layer, timed", "events", run_timed, net, 256, 8, 1, NULL, 0, aim, "lbdf"}
#define GROUPS(title, net, factor, method) \
  {title ", image x" #factor, "groups", run_groups, net, 256, 8, factor, NULL, 0, 0, method}
#define SCALED_UNDER(title, net, method) \
  GROUPS(title, net, 1, method), GROUPS(title, net, 2, method), GROUPS(title, net, 4, method), \
      GROUPS(title, net, 8, method)
#define SCALED(net) SCALED_UNDER("groups of random plans", net, "lbdf")

#define REPAIRS(net, kib, method) {"groups repaired", "groups", run_repairs, net, kib, 8, 1, NULL, 50, 0, method}

#define EXPLAINED(name, aim) \
  {name ", 20 ops", "group", run_explainer, "efficientnet_b3", 256, 8, 1, name, 0, aim, "lbdf"}

static const struct bench_case cases[] = {
    SEARCH("local search", "mobilenet_v2", 128, 8, "local", 2000, 0.1),
    SEARCH("local search", "efficientnet_b3", 256, 16, "local", 5000, 0.5),
    SEARCH("nsga2 search", "mobilenet_v2", 128, 8, "nsga2", 2000, 0),
    SEARCH("nsga2 search", "efficientnet_b3", 256, 16, "nsga2", 5000, 0),
    SEARCH("random search", "efficientnet_b3", 256, 16, "random", 2000, 1),
    SEARCH("local search", "resnet152", 256, 8, "local", 2000, 0),
    SIZES("local search", "efficientnet_b3", "local", 2000, "lbdf"),
    SIZES("exact search", "efficientnet_b3", "exact", 2000, "lbdf"),
    SIZES("local search, brr", "efficientnet_b3", "local", 2000, "brr"),
    REPAIRS("mobilenet_v2", 256, "lbdf"), REPAIRS("efficientnet_b3", 256, "lbdf"),
    REPAIRS("efficientnet_b3", 256, "brr"),
    /* 54,000 groups, 50 times, in 20 minutes on two processors */
    {"training, hidden 128", "graphs", run_training, "efficientnet_b3", 256, 8, 1, NULL, 1280, 1280 / 1125.0, NULL},
    EXPLAINED("trace-get", 0), EXPLAINED("gnn-cut", 0.003), EXPLAINED("gnne", 0.03), EXPLAINED("pg", 0.001),
    EXPLAINED("rg", 0.005),
    TIMED("resnet18", 0.005), TIMED("resnet152", 0.05), TIMED("efficientnet_b3", 0),
    STREAMED("brr", "mobilenet_v2", 128, 8, "local", 1000, 0.5),
    STREAMED("brr", "efficientnet_b3", 256, 16, "local", 1000, 0),
    STREAMED("brr", "resnet152", 256, 8, "local", 1000, 0),
    STREAMED("brr-plus", "mobilenet_v2", 128, 8, "local", 1000, 0),
    STREAMED("brr-plus", "resnet152", 256, 8, "local", 1000, 0),
    SCALED("mobilenet_v2"), SCALED("resnet18"), SCALED("efficientnet_b0"), SCALED("vgg16"),
    SCALED("deeplabv3_mobilenet_v3_large"),
    SCALED_UNDER("groups, brr", "mobilenet_v2", "brr"), SCALED_UNDER("groups, brr", "efficientnet_b0", "brr"),
    SCALED_UNDER("groups, brr", "vgg16", "brr"), SCALED_UNDER("groups, brr", "deeplabv3_mobilenet_v3_large", "brr"),
    DRAM("DDR4-2400", 262144 / 5e6), DRAM("HBM2", 262144 / 5e6),
};
enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

static void measure(struct measurement *out, const struct bench_case *self) {
  int ends[2];
  struct rusage usage;
  int status;
  if (pipe(ends) != 0) exit(1);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    struct measurement measured = {0};
    self->run(&measured, self);
    _exit(write(ends[1], &measured, sizeof measured) == (ssize_t)sizeof measured ? 0 : 1);
  }
  close(ends[1]);
  bool whole = child > 0 && read(ends[0], out, sizeof *out) == (ssize_t)sizeof *out;
  close(ends[0]);
  if (wait4(child, &status, 0, &usage) < 0 || status != 0 || !whole) {
    fprintf(stderr, "bench: %s on %s failed\n", self->name, self->network);
    exit(1);
  }
  out->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

/* ---- printing ---- */

static void print_row(const struct bench_case *self, const struct measurement *m) {
  char buffer[32], aim[32] = "";
  if (self->search != NULL) snprintf(buffer, sizeof buffer, "%llu KiB", (unsigned long long)self->buffer_kib);
  if (self->aim_seconds > 0) snprintf(aim, sizeof aim, "%.4g", self->aim_seconds);
  printf("%-32s %-29s %8s %4u %6llu %-6s %9.4f %5s %10.0f %8.2f %8.1f\n", self->name, self->network,
         self->search != NULL ? buffer : "", self->bits, (unsigned long long)m->items, self->item, m->seconds, aim,
         (double)m->items / m->seconds, 1e6 * m->seconds / (double)m->items, (double)m->peak_bytes / (1024 * 1024));
}

static json_t *row_document(const struct bench_case *self, const struct measurement *m) {
  json_t *row = json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:I, s:f, s:f, s:f, s:I}", "case", self->name, "network",
                          self->network, "buffer_bytes", (json_int_t)(self->buffer_kib * 1024), "bits",
                          (json_int_t)self->bits, "image_scale", (json_int_t)self->scale, "item", self->item, "items",
                          (json_int_t)m->items, "seconds", m->seconds, "items_per_second",
                          (double)m->items / m->seconds, "aim_seconds", self->aim_seconds, "peak_memory_bytes",
                          (json_int_t)m->peak_bytes);
  json_object_set_new(row, "groups_evaluated", json_integer((json_int_t)m->groups_evaluated));
  if (self->search != NULL) {
    json_object_set_new(row, "fuseable_dram_bytes", json_integer((json_int_t)m->fuseable_dram_bytes));
  }
  return row;
}

int main(int argc, char **argv) {
  json_t *document = json_pack("{s:s, s:[]}", "version", PACKAGE_VERSION, "cases");
  printf("%-32s %-29s %8s %4s %6s %-6s %9s %5s %10s %8s %8s\n", "case", "network", "buffer", "bits", "items", "",
         "seconds", "aim", "items/s", "us/item", "peak MiB");
  for (size_t i = 0; i < CASE_COUNT; i++) {
    struct measurement m;
    measure(&m, &cases[i]);
    print_row(&cases[i], &m);
    json_array_append_new(json_object_get(document, "cases"), row_document(&cases[i], &m));
  }
  int status = argc > 1 ? json_dump_file(document, argv[1], JSON_INDENT(2)) : 0;
  if (status != 0) fprintf(stderr, "bench: cannot write %s\n", argv[1]);
  json_decref(document);
  return status == 0 ? 0 : 1;
}
