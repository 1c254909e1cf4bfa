/* spillway show and simulate: what they print, and what the hardware's options do. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_plan.h"
#include "cli_run.h"
#include "support.h"

/* ---- show ---- */

START_TEST(show_tells_what_a_network_is) {
  json_t *document = DOCUMENT("show", "resnet18", "--json", "--buffer", "256KiB");
  ck_assert_str_eq(cli_keys(document),
                   "network network_hash method hardware batch op_count tensor_count edge_count inputs outputs "
                   "weight_bytes macs compulsory_bytes layer_by_layer unrunnable types unfusable ops");
  ck_assert_str_eq(cli_text(document, "network"), "resnet18");
  ck_assert_int_eq(cli_number(document, "op_count"), 48);
  ck_assert_int_eq(json_array_size(cli_at(document, "ops")), 48);
  ck_assert_int_eq(cli_number(document, "inputs.0.shape.3"), 224);
  ck_assert_int_eq(cli_number(document, "outputs.0.shape.1"), 1000);
  ck_assert_int_eq(cli_number(document, "types.Conv"), 20);
  ck_assert_int_eq(cli_number(document, "macs"), 1814073344);
  ck_assert_int_eq(json_array_size(cli_at(document, "unfusable")), 9);
  int64_t weights = 0;
  json_t *op;
  size_t i, unfusable = 0;
  json_array_foreach(cli_at(document, "ops"), i, op) {
    ck_assert_int_eq(cli_number(op, "label"), i);
    weights += cli_number(op, "weight_bytes");
    ck_assert_int_eq(json_is_true(cli_at(op, "fuseable")), cli_number(op, "required_bytes") <= 262144);
    unfusable += json_is_false(cli_at(op, "fuseable"));
  }
  ck_assert_uint_eq(unfusable, 9);
  ck_assert_int_eq(cli_number(document, "weight_bytes"), weights);
  json_decref(document);
}
END_TEST

START_TEST(a_network_that_cannot_run_can_be_shown) {
  static const char reason[] =
      "needs 1.022 MiB even alone, row by row with streamed weights, but the buffer has 256 KiB, and 3 more ops need";
  json_t *document = DOCUMENT("show", "deeplabv3_mobilenet_v3_large", "--json", "--buffer", "256KiB");
  ck_assert(json_is_null(cli_at(document, "layer_by_layer")));
  cli_assert_has(cli_text(document, "unrunnable"), reason);
  ck_assert_int_gt(cli_number(document, "compulsory_bytes"), cli_number(document, "weight_bytes"));
  json_decref(document);
  cli_assert_has(OUTPUT("show", "deeplabv3_mobilenet_v3_large", "--buffer", "256KiB"), reason);
  COMPLAINS_OF(reason, "simulate", "deeplabv3_mobilenet_v3_large", "--buffer", "256KiB");
  document = DOCUMENT("show", "deeplabv3_mobilenet_v3_large", "--json", "--buffer", "2MiB");
  ck_assert(json_is_null(cli_at(document, "unrunnable")));
  ck_assert_int_gt(cli_number(document, "layer_by_layer.total_dram_bytes"), 0);
  json_decref(document);
}
END_TEST

START_TEST(show_ops_has_a_row_for_each_op) {
  const char *table = OUTPUT("show", "squeezenet1_1", "--ops");
  json_t *document = DOCUMENT("show", "squeezenet1_1", "--json"), *op;
  size_t i;
  json_array_foreach(cli_at(document, "ops"), i, op) {
    cli_assert_has(table, cli_format("%s ", cli_text(op, "name")));
    cli_assert_has(table, cli_format(" %d\n", (int)cli_number(op, "required_bytes")));
  }
  json_decref(document);
}
END_TEST

/* ---- simulate ---- */

static const struct {
  const char *network, *buffer, *bits;
} simulated[] = {
    {"squeezenet1_1", "256KiB", "8"},
    {"alexnet", "64KiB", "16"},
    {"mobilenet_v3_small", "1MiB", "4"},
    {"deeplabv3_mobilenet_v3_large", "2MiB", "8"},
};

START_TEST(layer_by_layer_adds_up) {
  json_t *document = DOCUMENT("simulate", simulated[_i].network, "--json", "--no-db", "--buffer", simulated[_i].buffer,
                              "--bits", simulated[_i].bits);
  cli_assert_plan(document);
  ck_assert_str_eq(cli_keys(document),
                   "network network_hash method hardware compulsory_bytes layer_by_layer groups totals");
  ck_assert_int_eq(cli_number(document, "totals.total_dram_bytes"),
                   cli_number(document, "layer_by_layer.total_dram_bytes"));
  ck_assert_int_eq(cli_number(document, "totals.invalid_groups"), 0);
  ck_assert_int_eq(cli_number(document, "hardware.data.weight_bits"), atoi(simulated[_i].bits));
  json_decref(document);
}
END_TEST

START_TEST(the_table_says_the_same_as_the_document) {
  const char *table = OUTPUT("simulate", "alexnet", "--no-db");
  json_t *document = DOCUMENT("simulate", "alexnet", "--no-db", "--json");
  static const char *const figures[][2] = {
      {"fuseable DRAM", "totals.fuseable_dram_bytes"}, {"total DRAM", "totals.total_dram_bytes"},
      {"  compulsory bound", "compulsory_bytes"},      {"  reads", "totals.dram_read_bytes"},
      {"    of them weights", "totals.weight_bytes"},  {"  writes", "totals.dram_write_bytes"},
  };
  for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
    double expected = (double)cli_number(document, figures[i][1]) / 1e6;
    ck_assert_double_eq_tol(cli_table_number(table, figures[i][0]), expected, 0.00051);
  }
  ck_assert_double_eq(cli_table_number(table, "groups"), (double)cli_number(document, "totals.groups"));
  ck_assert_double_eq_tol(cli_table_number(table, "largest buffer use"),
                          (double)cli_number(document, "totals.max_required_bytes") / 1024, 0.051);
  json_decref(document);
}
END_TEST

START_TEST(a_plan_with_a_group_that_overflows_is_negative_if_strict) {
  cli_write_whole_plan("plan.yaml", "squeezenet1_1");
  struct cli_result strict = RUN("simulate", "squeezenet1_1", "--plan", "plan.yaml", "--no-db", "--strict", "--json");
  ck_assert_int_eq(strict.status, 1);
  ck_assert_str_eq(strict.err, "");
  ck_assert_str_eq(strict.out, OUTPUT("simulate", "squeezenet1_1", "--plan", "plan.yaml", "--no-db", "--json"));
  json_t *document = DOCUMENT("simulate", "squeezenet1_1", "--plan", "plan.yaml", "--no-db", "--json");
  cli_assert_plan(document);
  ck_assert_int_eq(cli_number(document, "totals.groups"), 1);
  ck_assert_int_eq(cli_number(document, "totals.invalid_groups"), 1);
  const char *needed = cli_format("%lld", (long long)cli_number(document, "totals.max_required_bytes"));
  const char *less = cli_format("%lld", (long long)cli_number(document, "totals.max_required_bytes") - 1);
  json_decref(document);
  OUTPUT("simulate", "squeezenet1_1", "--plan", "plan.yaml", "--no-db", "--strict", "--buffer", needed);
  ck_assert_int_eq(RUN("simulate", "squeezenet1_1", "-p", "plan.yaml", "--no-db", "--strict", "--buffer", less).status,
                   1);
}
END_TEST

/* ---- hardware ---- */

START_TEST(options_and_a_hardware_file_say_the_same) {
  cli_write("my.yaml",
            "name: mine\n"
            "buffer: {capacity: 96KiB, in_place: false}\n"
            "data: {activation_bits: 16, weight_bits: 4, bias_bits: 24}\n");
  json_t *file = DOCUMENT("simulate", "squeezenet1_1", "--no-db", "--json", "--hw", "my.yaml");
  json_t *options = DOCUMENT("simulate", "squeezenet1_1", "--no-db", "--json", "--buffer", "98304", "--activation-bits",
                             "16", "--weight-bits", "4", "--bias-bits", "24", "--no-in-place");
  json_t *mixed = DOCUMENT("simulate", "squeezenet1_1", "--no-db", "--json", "--buffer=0.09375MiB", "--hw=./my.yaml",
                           "--bits", "16", "--weight-bits", "4");
  ck_assert_str_eq(cli_text(file, "hardware.name"), "mine");
  ck_assert(json_is_false(cli_at(file, "hardware.buffer.in_place")));
  ck_assert_int_eq(cli_number(file, "hardware.data.bias_bits"), 24);
  ck_assert(json_equal(cli_at(file, "groups"), cli_at(options, "groups")));
  ck_assert(json_equal(cli_at(file, "totals"), cli_at(options, "totals")));
  ck_assert(json_equal(file, mixed));
  json_decref(file);
  json_decref(options);
  json_decref(mixed);
}
END_TEST

START_TEST(in_place_and_widths_change_what_is_needed) {
  cli_write_whole_plan("plan.yaml", "squeezenet1_1");
  const char *const line[] = {"simulate", "squeezenet1_1", "--no-db", "--json", "-p", "plan.yaml"};
  json_t *plain = DOCUMENT(line[0], line[1], line[2], line[3], line[4], line[5]);
  json_t *apart = DOCUMENT(line[0], line[1], line[2], line[3], line[4], line[5], "--no-in-place");
  json_t *wide = DOCUMENT(line[0], line[1], line[2], line[3], line[4], line[5], "--bits", "16", "--bias-bits", "64");
  int64_t needs = cli_number(plain, "totals.max_required_bytes");
  ck_assert_int_gt(cli_number(apart, "totals.max_required_bytes"), needs);
  ck_assert_int_eq(cli_number(wide, "totals.max_required_bytes"), 2 * needs);
  ck_assert_int_eq(cli_number(wide, "totals.total_dram_bytes"), 2 * cli_number(plain, "totals.total_dram_bytes"));
  ck_assert_int_eq(cli_number(apart, "totals.total_dram_bytes"), cli_number(plain, "totals.total_dram_bytes"));
  json_decref(plain);
  json_decref(apart);
  json_decref(wide);
}
END_TEST

/* ---- networks and hardware by name ---- */

START_TEST(names_are_found_from_any_directory) {
  unsetenv("SPILLWAY_NETWORKS");
  unsetenv("SPILLWAY_HARDWARE");
  if (RUN("show", "alexnet").status != 0) {
    cli_skip("the program was built outside the source tree, and finds no networks before it is installed");
    return;
  }
  cli_assert_has(OUTPUT("show", "alexnet", "--hw", "edge-256k"), "alexnet on edge-256k: buffer 256 KiB");
  cli_assert_has(OUTPUT("list", "networks", "--names"), "vgg16\n");
}
END_TEST

START_TEST(paths_and_own_directories_work_too) {
  const char *source = cli_format("%s/alexnet.onnx", getenv("SPILLWAY_NETWORKS"));
  json_t *named = DOCUMENT("show", "alexnet", "--json"), *by_path = DOCUMENT("show", source, "--json");
  ck_assert(json_equal(named, by_path));
  ck_assert_int_eq(symlink(source, "mine.onnx"), 0);
  json_t *here = DOCUMENT("show", "mine.onnx", "--json");
  ck_assert_str_eq(cli_text(here, "network_hash"), cli_text(named, "network_hash"));
  ck_assert_str_eq(cli_text(here, "network"), "mine");
  ck_assert_int_eq(mkdir("nets", 0777), 0);
  ck_assert_int_eq(symlink(source, "nets/other one.onnx"), 0);
  ck_assert_int_eq(symlink("/dev/null", "nets/resnet18.onnx"), 0);
  cli_write("nets/notes.txt", "no network");
  setenv("SPILLWAY_NETWORKS", "nets", 1);
  cli_assert_has(OUTPUT("show", "other one"), "other one on default");
  cli_assert_has(OUTPUT("list", "networks"), "nets/other one.onnx\n");
  cli_assert_lacks(OUTPUT("list", "networks"), "notes");
  COMPLAINS("nets/resnet18.onnx: is empty", "show", "resnet18"); /* the own directory goes first */
  json_decref(named);
  json_decref(by_path);
  json_decref(here);
}
END_TEST

START_TEST(wrong_names_are_corrected) {
  setenv("SPILLWAY_NETWORKS", "/nonexistent", 1);
  COMPLAINS_OF("unknown network 'resnet81'", "show", "resnet81");
  COMPLAINS_OF("(looked in /nonexistent, configs/networks, ", "show", "resnet81");
  setenv("SPILLWAY_NETWORKS", support_path("configs/networks"), 1);
  COMPLAINS_OF("unknown network 'resnet81'; did you mean 'resnet18'? known are alexnet, ", "show", "resnet81");
  COMPLAINS_OF("unknown network ''; known are alexnet, ", "simulate", "");
  COMPLAINS_OF("unknown hardware 'edge256k'; did you mean 'edge-256k'? known are default, edge-256k",
               "show", "alexnet", "--hw", "edge256k");
}
END_TEST

/* ---- traces ---- */

/* The largest number in the last column of a trace. */
static int64_t trace_peak(const char *csv) {
  int64_t peak = 0;
  for (const char *line = csv; *line != '\0'; line = strchr(line, '\n') + 1) {
    const char *end = strchr(line, '\n'), *last = memrchr(line, ',', (size_t)(end - line));
    if (last != NULL && line[0] != '#' && atoll(last + 1) > peak) peak = atoll(last + 1);
  }
  return peak;
}

START_TEST(a_trace_shows_the_peak_that_the_plan_needs) {
  cli_write_whole_plan("plan.yaml", "squeezenet1_1");
  json_t *document =
      DOCUMENT("simulate", "squeezenet1_1", "--no-db", "--json", "--plan", "plan.yaml", "--trace", "t.csv");
  const char *csv = cli_read("t.csv");
  cli_assert_has(csv,
                 "# network: squeezenet1_1\n# capacity_bytes: 262144\nstep,kind,op,tensor,row,bytes,occupied_bytes\n");
  cli_assert_has(csv, ",overflow,");
  ck_assert_int_eq(trace_peak(csv), cli_number(document, "totals.max_required_bytes"));
  json_decref(document);
  const char *last = cli_text(document = DOCUMENT("show", "squeezenet1_1", "--json"), "ops.63.name");
  OUTPUT("simulate", "squeezenet1_1", "--no-db", "--group", cli_format("0..%s", last), "--trace", "u.csv");
  json_decref(document);
  ck_assert_str_eq(cli_read("u.csv"), csv);
}
END_TEST

/* ---- the record ---- */

START_TEST(a_run_is_recorded_unless_it_must_not_be) {
  OUTPUT("simulate", "alexnet", "--no-db");
  ck_assert_uint_eq(cli_count_files(), 0);
  OUTPUT("simulate", "alexnet");
  ck_assert_int_eq(cli_sql("results/spillway.db", "SELECT count(*) FROM v_run"), 1);
  OUTPUT("simulate", "alexnet", "--db", "mine.db", "--buffer", "64KiB");
  OUTPUT("simulate", "alexnet", "--db", "mine.db", "--bits", "16");
  ck_assert_int_eq(cli_sql("mine.db", "SELECT count(*) FROM v_run WHERE verb = 'simulate' AND search IS NULL"), 2);
  json_t *document = DOCUMENT("simulate", "alexnet", "--no-db", "--json", "--bits", "16");
  ck_assert_int_eq(cli_sql("mine.db", "SELECT total_dram_bytes FROM v_run WHERE run_id = 2"),
                   cli_number(document, "totals.total_dram_bytes"));
  ck_assert_int_eq(cli_sql("mine.db", "SELECT count(*) FROM v_group WHERE run_id = 2"),
                   cli_number(document, "totals.groups"));
  ck_assert_int_eq(cli_sql("mine.db", "SELECT sum(dram_read_bytes + dram_write_bytes) FROM v_group WHERE run_id = 2"),
                   cli_number(document, "totals.total_dram_bytes"));
  ck_assert_int_eq(cli_sql("results/spillway.db", "SELECT count(*) FROM v_run"), 1);
  json_decref(document);
}
END_TEST

TCase *cli_simulate_case(void) {
  TCase *tests = tcase_create("show and simulate");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, show_tells_what_a_network_is);
  tcase_add_test(tests, a_network_that_cannot_run_can_be_shown);
  tcase_add_test(tests, show_ops_has_a_row_for_each_op);
  tcase_add_loop_test(tests, layer_by_layer_adds_up, 0, sizeof simulated / sizeof simulated[0]);
  tcase_add_test(tests, the_table_says_the_same_as_the_document);
  tcase_add_test(tests, a_plan_with_a_group_that_overflows_is_negative_if_strict);
  tcase_add_test(tests, options_and_a_hardware_file_say_the_same);
  tcase_add_test(tests, in_place_and_widths_change_what_is_needed);
  tcase_add_test(tests, names_are_found_from_any_directory);
  tcase_add_test(tests, paths_and_own_directories_work_too);
  tcase_add_test(tests, wrong_names_are_corrected);
  tcase_add_test(tests, a_trace_shows_the_peak_that_the_plan_needs);
  tcase_add_test(tests, a_run_is_recorded_unless_it_must_not_be);
  return tests;
}
