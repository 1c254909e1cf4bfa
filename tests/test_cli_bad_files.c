/* Files that are wrong: one message with the file, the place, what was found and what was
 * expected, exit status 2, and nothing done. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli_run.h"
#include "onnx_model.h"
#include "util/arena.h"

/* ---- hardware ---- */

static const struct {
  const char *yaml, *message;
} hardware[] = {
    {"buffer: {capcity: 256KiB}\n", "hw.yaml:1: unknown key 'capcity' in section 'buffer'; did you mean 'capacity'? "},
    {"name: x\nbufer:\n  capacity: 1KiB\n", "hw.yaml:2: unknown key 'bufer'; did you mean 'buffer'? "},
    {"name: x\ncapacity: 1KiB\n", "hw.yaml:2: unknown key 'capacity'; did you mean 'capacity' in section 'buffer'? "},
    {"data:\n  weight_bits: 65\n", "hw.yaml:2: data.weight_bits is '65'; expected a whole number of bits from 1 to 64"},
    {"data:\n  weight_bits: eight\n",
     "hw.yaml:2: data.weight_bits is 'eight'; expected a whole number of bits from 1 to 64"},
    {"data:\n  weight_bits: [8]\n", "hw.yaml:2: data.weight_bits is a list; expected "},
    {"buffer: {capacity: lots}\n", "hw.yaml:1: buffer.capacity is 'lots'; expected a size from 1 B to "},
    {"buffer: {in_place: maybe}\n", "hw.yaml:1: buffer.in_place is 'maybe'; expected "},
    {"buffer: 256KiB\n", "hw.yaml:1: 'buffer' is a section; expected a mapping with keys out of "},
    {"name: a\nname: b\n", "hw.yaml:2: "},
    {"- name\n", "hw.yaml:1: the hardware description is a list; expected a mapping"},
    {"name: a\n\tbuffer: 1\n", "hw.yaml:2: "},
    {"name: \"open\nbuffer: {}\n", "hw.yaml:"},
    {"name: \"\\e[31m\"\n", "hw.yaml:1: name is '?[31m'; expected 1 to 63 bytes of text without control characters"},
    {"name: \xff\xfe\n", "hw.yaml:1: not YAML text: invalid leading UTF-8 octet (byte 6 of the file)"},
    {"name: a\n---\nname: b\n", "hw.yaml:2: "},
    {"", "hw.yaml: is empty"},
};

START_TEST(bad_hardware_is_told) {
  cli_write("hw.yaml", hardware[_i].yaml);
  COMPLAINS_OF(hardware[_i].message, "show", "alexnet", "--hw", "hw.yaml");
}
END_TEST

/* ---- plans ---- */

#define A "/n/features/features."
#define REST                                                                                  \
  "- [" A "3/Conv]\n- [" A "4/Relu, " A "5/MaxPool]\n- [" A "6/Conv]\n- [" A "7/Relu]\n- [" A \
  "8/Conv]\n"                                                                                 \
  "- [" A "9/Relu]\n- [" A "10/Conv]\n- [" A "11/Relu]\n- [" A                                \
  "12/MaxPool, /n/avgpool/AveragePool]\n"                                                     \
  "- [/n/classifier/classifier.1/Gemm]\n- [/n/classifier/classifier.2/Relu]\n"                \
  "- [/n/classifier/classifier.4/Gemm]\n- [/n/classifier/classifier.5/Relu]\n- [/n/classifier/classifier.6/Gemm]\n"

static const struct {
  const char *yaml, *message;
} plans[] = {
    {"network: alexnet\ngroups:\n- [" A "0/Conv, " A "1/Relu, " A "2/MaxPol]\n" REST,
     "p.yaml:3: network 'alexnet' has no op '/n/features/features.2/MaxPol'; did you mean "
     "'/n/features/features.2/MaxPool'?"},
    {"network: alexnet\ngroups:\n- [" A "0/Conv, " A "1/Relu, " A "2/MaxPool]\n- [" A "1/Relu]\n" REST,
     "p.yaml:4: op '/n/features/features.1/Relu' is in a group already, on line 3"},
    {"network: alexnet\ngroups:\n- [" A "0/Conv, " A "1/Relu]\n" REST,
     "p.yaml:2: 1 of the network's 19 ops is in no group, the first of them '/n/features/features.2/MaxPool'"},
    {"network: alexnet\ngroups:\n- [" A "0/Conv, " A "2/MaxPool]\n- [" A "1/Relu]\n" REST,
     "p.yaml:3: op '/n/features/features.2/MaxPool' does not hang together with the rest of its group"},
    {"network: vgg16\ngroups: []\n", "p.yaml:1: a plan for network 'vgg16'; expected one for 'alexnet'"},
    {"groups: []\n", "p.yaml: the key 'network' is missing"},
    {"network: alexnet\n", "p.yaml: the key 'groups' is missing"},
    {"network: alexnet\ngroups: []\n", "p.yaml:2: 19 of the network's 19 ops are in no group"},
    {"network: alexnet\ngroups:\n- []\n" REST, "p.yaml:3: an empty group; expected names of ops"},
    {"network: alexnet\ngroups: none\n", "p.yaml:2: groups is "},
    {"network: alexnet\ngroups:\n- " A "0/Conv\n", "p.yaml:3: a group is "},
    {"network: alexnet\nmethod: nope\ngroups:\n- [" A "0/Conv, " A "1/Relu, " A "2/MaxPool]\n" REST,
     "p.yaml: unknown method 'nope'; known are lbdf"},
    {"network: alexnet\ngroup:\n",
     "p.yaml:2: unknown key 'group'; did you mean 'groups'? a plan file has network, method and groups"},
    {"{", "p.yaml:"},
    {"", "p.yaml: is empty"},
};

START_TEST(bad_plans_are_told) {
  cli_write("p.yaml", plans[_i].yaml);
  COMPLAINS_OF(plans[_i].message, "simulate", "alexnet", "--plan", "p.yaml");
  COMPLAINS_OF(plans[_i].message, "explain", "alexnet", "--plan", "p.yaml");
}
END_TEST

/* Two groups that take turns around a fire module. */
START_TEST(a_cycle_of_groups_is_told) {
  json_t *document = DOCUMENT("show", "squeezenet1_1", "--json"), *op;
  const char *text = "network: squeezenet1_1\ngroups:\n- [";
  size_t i;
  json_array_foreach(cli_at(document, "ops"), i, op) {
    const char *name = cli_text(op, "name");
    if (strstr(name, "features.3/squeeze/") != NULL || strstr(name, "features.3/expand1x1") != NULL ||
        strstr(name, "features.3/Concat") != NULL || strstr(name, "features.3/squeeze_") != NULL) {
      text = cli_format("%s%s%s", text, strstr(text, "/") == NULL ? "" : ", ", name);
    }
  }
  text = cli_format("%s]\n", text);
  json_array_foreach(cli_at(document, "ops"), i, op) {
    if (strstr(text, cli_text(op, "name")) == NULL) text = cli_format("%s- [%s]\n", text, cli_text(op, "name"));
  }
  json_decref(document);
  cli_write("p.yaml", text);
  COMPLAINS_OF("p.yaml:3: 3 groups need each other in a cycle: ", "simulate", "squeezenet1_1", "--plan", "p.yaml");
}
END_TEST

/* ---- networks ---- */

static void write_model(const char *path, const char *text, size_t cut) {
  struct arena arena = ARENA_INIT;
  size_t length;
  uint8_t *bytes = onnx_model_pack(&arena, &length, onnx_model_parse(&arena, 13, text));
  FILE *file = fopen(path, "w");
  ck_assert_uint_eq(fwrite(bytes, 1, length - cut, file), length - cut);
  ck_assert_int_eq(fclose(file), 0);
  arena_free(&arena);
}

START_TEST(bad_networks_are_told) {
  static const char *const verbs[] = {"show", "simulate", "schedule"};
  write_model("odd.onnx", "in x 1,3,8,8; Frobnicate@frob x -> y; out y", 0);
  write_model("cut.onnx", "in x 1,3,8,8; Relu x -> y; out y", 9);
  write_model("nothing.onnx", "in x 1,3,8,8; out x", 0);
  write_model("lost.onnx", "in x 1,3,8,8; Relu@r nowhere -> y; out y", 0);
  cli_write("text.onnx", "this is a text, no network\n");
  cli_write("empty.onnx", "");
  ck_assert_int_eq(mkdir("directory.onnx", 0777), 0);
  for (size_t i = 0; i < 3; i++) {
    COMPLAINS_OF("odd.onnx: node 'frob' (Frobnicate)", verbs[i], "odd.onnx");
    COMPLAINS_OF("cut.onnx: not an ONNX file: ", verbs[i], "cut.onnx");
    COMPLAINS_OF("nothing.onnx: ", verbs[i], "nothing.onnx");
    COMPLAINS_OF("lost.onnx: node 'r' (Relu)", verbs[i], "lost.onnx");
    COMPLAINS_OF("text.onnx: not an ONNX file: ", verbs[i], "text.onnx");
    COMPLAINS("empty.onnx: is empty", verbs[i], "empty.onnx");
    COMPLAINS("directory.onnx: is a directory; expected a file", verbs[i], "directory.onnx");
    COMPLAINS("missing.onnx: cannot open: No such file or directory", verbs[i], "missing.onnx");
    COMPLAINS("/dev/null: is empty", verbs[i], "/dev/null");
  }
  write_model("good.onnx", "in x 1,3,8,8; Relu x -> y; out y", 0);
  cli_assert_has(OUTPUT("show", "good.onnx"), "good on default");
}
END_TEST

START_TEST(unreadable_files_are_told) {
  if (geteuid() == 0) {
    cli_skip("root can read every file");
    return;
  }
  cli_write("closed.onnx", "x");
  ck_assert_int_eq(chmod("closed.onnx", 0), 0);
  COMPLAINS("closed.onnx: cannot open: Permission denied", "show", "closed.onnx");
}
END_TEST

START_TEST(names_out_of_files_cannot_play_with_the_terminal) {
  write_model("a\x1b[31m.onnx", "in x 1,3,8,8; Relu@evil\x1b[2J\a x -> y; out y", 0);
  const char *shown = OUTPUT("show", "--ops", "a\x1b[31m.onnx");
  cli_assert_has(shown, "a?[31m on default");
  cli_assert_has(shown, "evil?[2J?");
  cli_assert_lacks(shown, "\x1b");
  cli_assert_lacks(OUTPUT("explain", "a\x1b[31m.onnx", "--group", "0"), "\x1b");
  cli_assert_lacks(OUTPUT("simulate", "a\x1b[31m.onnx"), "\x1b");
  cli_assert_lacks(OUTPUT("query", "groups"), "\x1b");
  cli_assert_lacks(OUTPUT("schedule", "a\x1b[31m.onnx", "--budget", "2", "-o", "plan.yaml"), "\x1b");
  OUTPUT("simulate", "a\x1b[31m.onnx", "--plan", "plan.yaml", "--no-db");
  OUTPUT("simulate", "a\x1b[31m.onnx", "--group", "0", "--trace", "t.csv", "--no-db");
  cli_assert_lacks(OUTPUT("explain", "--trace", "t.csv"), "\x1b");
  cli_assert_lacks(cli_complaint(ARGUMENTS("explain", "a\x1b[31m.onnx", "--group", "evil\x1b[2J")), "\x1b");
}
END_TEST

/* ---- traces ---- */

#define HEADER "step,kind,op,tensor,row,bytes,occupied_bytes\n"

static const struct {
  const char *csv, *message;
} traces[] = {
    {"time,kind,op\n1,2,3\n",
     "t.csv:1: the header has no column 'step'; expected step,kind,op,tensor,row,bytes,occupied_bytes"},
    {HEADER "0,weights,a,,0,ten,10\n", "t.csv:2: bytes is 'ten'; expected "},
    {HEADER "0,weights,a,,0,-10,10\n", "t.csv:2: bytes is '-10'; expected "},
    {HEADER "0,weights,a,,0,10,10\nx,weights,b,,0,10,20\n", "t.csv:3: step is 'x'; expected "},
    {HEADER "0,weigths,a,,0,10,10\n", "t.csv:2: "},
    {HEADER "0,weights,a,,0,10\n", "t.csv:2: "},
    {HEADER "0,weights,a,,0,10,11\n", "t.csv:2: "},
    {HEADER "0,load,a,x,0,10,10\n1,free,a,x,0,10,0\n2,free,a,x,0,10,0\n", "t.csv:4: "},
    {HEADER "0,weights,\"a,,0,10,10\n", "t.csv:2: the file ends inside a quoted field; expected a closing '\"'"},
    {HEADER, "t.csv: has no events; expected a line for each below the header"},
    {"", "t.csv: is empty"},
};

START_TEST(bad_traces_are_told) {
  cli_write("t.csv", traces[_i].csv);
  COMPLAINS_OF(traces[_i].message, "explain", "--trace", "t.csv", "--buffer", "15");
  COMPLAINS_OF(traces[_i].message, "plot", "occupancy", "--trace", "t.csv", "-o", "a.svg");
}
END_TEST

TCase *cli_bad_files_case(void) {
  TCase *tests = tcase_create("bad files");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_loop_test(tests, bad_hardware_is_told, 0, sizeof hardware / sizeof hardware[0]);
  tcase_add_loop_test(tests, bad_plans_are_told, 0, sizeof plans / sizeof plans[0]);
  tcase_add_test(tests, a_cycle_of_groups_is_told);
  tcase_add_test(tests, bad_networks_are_told);
  tcase_add_test(tests, unreadable_files_are_told);
  tcase_add_test(tests, names_out_of_files_cannot_play_with_the_terminal);
  tcase_add_loop_test(tests, bad_traces_are_told, 0, sizeof traces / sizeof traces[0]);
  return tests;
}
