/* Timelines against the trace-event format: required keys, timestamps that never decrease,
 * slices that are balanced and say what the run cost. */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"
#include "sim/report.h"
#include "sim/timed_plan.h"
#include "sim/timeline.h"
#include "suites.h"
#include "support.h"

struct run {
  struct graph *graph;
  struct sim_model model;
  struct plan plan;
  struct plan_report report;
  struct timed_plan timed_plan;
  json_t *document;
};

static json_t *write_timeline(struct run *run, struct timed *timed, enum timeline_detail detail) {
  char *text;
  size_t length;
  struct timeline *timeline;
  struct error err = ERROR_INIT;
  json_error_t problem;
  FILE *file = open_memstream(&text, &length);
  ck_assert_ptr_nonnull(file);
  ck_assert_int_eq(timeline_start(&timeline, file, &run->model, &run->plan, detail, &err), 0);
  ck_assert_int_eq(
      timed_plan_create(&run->timed_plan, timed, &run->plan, &run->report, timeline_sink(timeline), &err), 0);
  timeline_finish(timeline);
  ck_assert_int_eq(fclose(file), 0);
  json_t *document = json_loadb(text, length, 0, &problem);
  ck_assert_msg(document != NULL, "line %d: %s", problem.line, problem.text);
  free(text);
  return document;
}

/* Layer by layer; a clock of 500 MHz, so that cycles and microseconds are not the same. */
static void run_open(struct run *run, const char *network, enum timeline_detail detail) {
  struct error err = ERROR_INIT;
  struct hw hw = support_hw(128 * 1024);
  struct sim *sim;
  struct timed *timed;
  hw.clock_mhz = 500;
  hw.dram_channels = 2;
  run->graph = support_network(network);
  ck_assert_int_eq(sim_model_create(&run->model, run->graph, &hw, &err), 0);
  ck_assert_int_eq(sim_create(&sim, &run->model, &err), 0);
  ck_assert_int_eq(plan_layer_by_layer(&run->plan, run->graph, &err), 0);
  ck_assert_int_eq(plan_report_create(&run->report, sim, method_find("lbdf"), &run->plan, &err), 0);
  ck_assert_int_eq(timed_create(&timed, &run->model, &err), 0);
  run->document = write_timeline(run, timed, detail);
  timed_free(timed);
  sim_free(sim);
}

static void run_close(struct run *run) {
  json_decref(run->document);
  timed_plan_free(&run->timed_plan);
  plan_report_free(&run->report);
  plan_free(&run->plan);
  sim_model_free(&run->model);
  graph_free(run->graph);
}

static double number(const json_t *event, const char *key) {
  const json_t *value = json_object_get(event, key);
  ck_assert_msg(json_is_number(value), "no number '%s'", key);
  return json_number_value(value);
}

static const char *text(const json_t *event, const char *key) {
  const json_t *value = json_object_get(event, key);
  ck_assert_msg(json_is_string(value), "no text '%s'", key);
  return json_string_value(value);
}

static uint64_t cycle_of(const struct run *run, const json_t *event) {
  return (uint64_t)llround(number(event, "ts") * run->model.hw.clock_mhz);
}

enum { THREADS = 16, PROCESSES = 4 };

/* Follows the events; a thread holds at most the depth of slices that its kind has. */
struct reader {
  double last;
  int depth[PROCESSES][THREADS];
  uint64_t start[PROCESSES][THREADS], busy_cycles[PROCESSES][THREADS];
  json_t *open; /* asynchronous slices */
  uint64_t slices, counters;
};

static void read_slice(struct reader *reader, const struct run *run, const json_t *event, char phase) {
  int process = (int)number(event, "pid"), thread = (int)number(event, "tid");
  ck_assert(process < PROCESSES && thread < THREADS);
  if (phase == 'B') {
    ck_assert_str_ne(text(event, "name"), "");
    ck_assert_int_eq(reader->depth[process][thread]++, 0);
    reader->start[process][thread] = cycle_of(run, event);
    reader->slices++;
  } else {
    ck_assert_int_eq(reader->depth[process][thread]--, 1);
    reader->busy_cycles[process][thread] += cycle_of(run, event) - reader->start[process][thread];
  }
}

static void read_asynchronous(struct reader *reader, const json_t *event, char phase) {
  char key[64];
  snprintf(key, sizeof key, "%s %.0f", text(event, "cat"), number(event, "id"));
  const json_t *begun = json_object_get(reader->open, key);
  if (phase == 'b') {
    ck_assert_msg(begun == NULL, "%s is open already", key);
    json_object_set_new(reader->open, key, json_string(text(event, "name")));
    reader->slices++;
  } else {
    ck_assert_msg(begun != NULL, "%s was not opened", key);
    ck_assert_str_eq(json_string_value(begun), text(event, "name"));
    json_object_del(reader->open, key);
  }
}

static void read_event(struct reader *reader, const struct run *run, const json_t *event) {
  char phase = text(event, "ph")[0];
  double time = number(event, "ts");
  ck_assert_msg(time >= reader->last, "a timestamp of %f after one of %f", time, reader->last);
  reader->last = time;
  switch (phase) {
    case 'B':
    case 'E': read_slice(reader, run, event, phase); break;
    case 'b':
    case 'e': read_asynchronous(reader, event, phase); break;
    case 'C':
      ck_assert_double_ge(number(json_object_get(event, "args"), "bytes"), 0);
      reader->counters++;
      break;
    case 'M': ck_assert_str_ne(text(json_object_get(event, "args"), "name"), ""); break;
    default: ck_abort_msg("an unexpected phase '%c'", phase);
  }
}

static void read_all(struct reader *reader, const struct run *run) {
  const json_t *events = json_object_get(run->document, "traceEvents"), *event;
  size_t i;
  *reader = (struct reader){.open = json_object()};
  json_array_foreach(events, i, event) read_event(reader, run, event);
  for (int p = 0; p < PROCESSES; p++) {
    for (int t = 0; t < THREADS; t++) ck_assert_int_eq(reader->depth[p][t], 0);
  }
  ck_assert_uint_eq(json_object_size(reader->open), 0);
  json_decref(reader->open);
  ck_assert_uint_eq((uint64_t)llround(reader->last * run->model.hw.clock_mhz), run->timed_plan.total.cycles);
  ck_assert_uint_eq(reader->busy_cycles[1][1], run->timed_plan.total.cycles); /* groups one after another */
}

START_TEST(every_row_is_a_slice_and_slices_are_balanced) {
  struct run run;
  struct reader reader;
  run_open(&run, "squeezenet1_1", TIMELINE_ROW);
  read_all(&reader, &run);
  const struct timed_cost *total = &run.timed_plan.total;
  ck_assert_uint_eq(reader.busy_cycles[1][2], total->array_busy_cycles);
  ck_assert_uint_eq(reader.busy_cycles[1][3], total->lanes_busy_cycles);
  ck_assert_uint_eq(reader.busy_cycles[3][1] + reader.busy_cycles[3][2], total->dram_busy_cycles);
  ck_assert_uint_gt(reader.counters, run.graph->op_count);
  run_close(&run);
}
END_TEST

/* What the counters of rows and weights say adds up to "occupied", which never passes the capacity. */
START_TEST(counters_by_layer_add_up_to_what_is_occupied) {
  struct run run;
  run_open(&run, "squeezenet1_1", TIMELINE_ROW);
  const json_t *events = json_object_get(run.document, "traceEvents"), *event;
  json_t *held = json_object(), *holding;
  double sum = 0, capacity = 0;
  size_t i;
  json_array_foreach(events, i, event) {
    if (strcmp(text(event, "ph"), "C") != 0) continue;
    const char *name = text(event, "name");
    double bytes = number(json_object_get(event, "args"), "bytes");
    if (strcmp(name, "capacity") == 0) capacity = bytes;
    if (strcmp(name, "occupied") == 0) {
      ck_assert_double_eq(bytes, sum);
      ck_assert_double_le(bytes, capacity);
    }
    if (strncmp(name, "rows: ", 6) != 0 && strncmp(name, "weights: ", 9) != 0) continue;
    holding = json_object_get(held, name);
    sum += bytes - (holding == NULL ? 0 : json_number_value(holding));
    json_object_set_new(held, name, json_real(bytes));
  }
  ck_assert_double_eq(sum, 0);
  json_decref(held);
  run_close(&run);
}
END_TEST

START_TEST(coarser_timelines_have_a_slice_for_each_op_or_group) {
  struct run run;
  struct reader reader;
  run_open(&run, "squeezenet1_1", TIMELINE_OP);
  read_all(&reader, &run);
  ck_assert_uint_eq(reader.slices, run.plan.group_count + run.graph->op_count);
  run_close(&run);
  run_open(&run, "squeezenet1_1", TIMELINE_GROUP);
  read_all(&reader, &run);
  ck_assert_uint_eq(reader.slices, run.plan.group_count);
  run_close(&run);
}
END_TEST

START_TEST(ops_with_streamed_weights_are_there_too) {
  struct run run;
  struct reader reader;
  run_open(&run, "alexnet", TIMELINE_ROW);
  ck_assert_uint_gt(run.report.groups[run.plan.group_count - 1].cost.stripes, 0);
  read_all(&reader, &run);
  run_close(&run);
}
END_TEST

Suite *timeline_suite(void) {
  Suite *suite = suite_create("timeline");
  TCase *tests = tcase_create("trace events");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, every_row_is_a_slice_and_slices_are_balanced);
  tcase_add_test(tests, counters_by_layer_add_up_to_what_is_occupied);
  tcase_add_test(tests, coarser_timelines_have_a_slice_for_each_op_or_group);
  tcase_add_test(tests, ops_with_streamed_weights_are_there_too);
  suite_add_tcase(suite, tests);
  return suite;
}
