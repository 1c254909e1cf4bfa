/* Experiment files: what is in them, what is wrong with them, and what cells they describe. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"
#include "get/learned.h"
#include "sim_fixture.h"
#include "support.h"
#include "sweep_fixture.h"
#include "util/units.h"

/* The document that a dry run of an experiment of this text prints; the caller decrefs. */
static json_t *cells_of(const char *text) {
  cli_write("exp.yaml", text);
  return DOCUMENT("sweep", "exp.yaml", "--dry-run", "--json");
}

/* ---- errors ---- */

static const struct {
  const char *text, *words;
} mistakes[] = {
    {"", "exp.yaml: is empty"},
    {"- a\n", "exp.yaml:1: the experiment is a list; expected a mapping"},
    {"seeds: 1\n", "exp.yaml:1: names no networks; expected a key 'networks'"},
    {"network: alexnet\n", "exp.yaml:1: unknown key 'network'; did you mean 'networks'?"},
    {"networks: alexnet\nfnord: 1\n", "exp.yaml:2: unknown key 'fnord'; known are networks, fold_bn, hardware, bits"},
    {"networks: alexnt\n", "exp.yaml:1: unknown network 'alexnt'; did you mean 'alexnet'?"},
    {"networks: missing.onnx\n", "exp.yaml:1: missing.onnx: cannot open: No such file"},
    {"seeds: 1\nnetworks:\n  - alexnet\n  - ./exp.yaml\n", "exp.yaml:1: ./exp.yaml: "},
    {"seeds: 1\nnetworks:\n  - alexnet\n  - alexnt\n", "exp.yaml:4: unknown network 'alexnt'"},
    {"networks:\n", "exp.yaml:1: networks has no value"},
    {"networks: ''\n", "exp.yaml:1: networks is ''; expected a name that 'spillway list networks' shows, or a path"},
    {"networks: []\n", "exp.yaml:1: networks is an empty list; expected at least one value"},
    {"networks: [[alexnet]]\n", "exp.yaml:1: networks is a list; expected a single value"},
    {"networks: {from: a, to: b}\n", "exp.yaml:1: networks is a mapping; expected a single value"},
    {"networks: alexnet\nhardware: fnord\n", "exp.yaml:2: unknown hardware 'fnord'"},
    {"networks: alexnet\nmethods: [lbdf, brrr]\n", "exp.yaml:2: methods: unknown method 'brrr'; did you mean 'brr'?"},
    {"networks: alexnet\nsearches: locl\n", "exp.yaml:2: searches: unknown search 'locl'; did you mean 'local'?"},
    {"networks: alexnet\nsplitters: x\n", "exp.yaml:2: splitters: unknown explainer 'x'; known are trace-get"},
    {"networks: alexnet\nexplainer_options: gnne.step=1\n",
     "exp.yaml:2: explainer_options: unknown 'gnne.step'; did you mean 'gnne.steps'?"},
    {"networks: alexnet\nsplitters: pg\nmodels: nowhere\n",
     "exp.yaml:1: nowhere/lbdf/validity.safetensors: cannot open: No such file"},
    {"networks: alexnet\nobjectives: 'dram,bufer'\n", "exp.yaml:2: objectives: unknown objective 'bufer'"},
    {"networks: alexnet\nbudgets: 0\n", "exp.yaml:2: budgets is '0'; expected a whole number of plans from 1 to "},
    {"networks: alexnet\nseeds: -1\n", "exp.yaml:2: seeds is '-1'; expected a whole number from 0 to "},
    {"networks: alexnet\nseeds: 1..x\n", "exp.yaml:2: seeds is '1..x'; expected a range such as 1..5 with both ends"},
    {"networks: alexnet\nseeds: 5..1\n", "exp.yaml:2: seeds goes from 5 to 1; expected the smaller end first"},
    {"networks: alexnet\nseeds: 1..9999999\n", "exp.yaml:2: seeds has more than 100000 values"},
    {"networks: alexnet\nseeds: 1..1000\nbudgets: 1..1000\n", "exp.yaml:1: describes more than 100000 cells"},
    {"networks: alexnet\nbuffers: lots\n", "exp.yaml:2: buffers is 'lots'; expected a size from 1 B to 1 TiB"},
    {"networks: alexnet\nbuffers: 1KiB..2KiB\n", "exp.yaml:2: buffers is '1KiB..2KiB'; expected a size"},
    {"networks: alexnet\nbuffers: {from: 1KiB, to: 2KiB}\n",
     "exp.yaml:2: a range of buffers needs from, to, and either step or factor"},
    {"networks: alexnet\nbuffers: {from: 1KiB, to: 2KiB, step: 1KiB, factor: 2}\n",
     "exp.yaml:2: a range of buffers needs from, to, and either step or factor"},
    {"networks: alexnet\nbuffers: {from: 4KiB, to: 2KiB, step: 1KiB}\n", "exp.yaml:2: buffers goes from 4096 to 2048"},
    {"networks: alexnet\nbuffers: {from: 1KiB, to: 2KiB, step: 0}\n",
     "exp.yaml:2: step of the range of buffers is '0'; expected a size of at least 1"},
    {"networks: alexnet\nbudgets: {from: 1, to: 9, factor: 1}\n",
     "exp.yaml:2: factor of the range of budgets is '1'; expected a whole number of at least 2"},
    {"networks: alexnet\nseeds: {from: 0, to: 9, factor: 2}\n",
     "exp.yaml:2: a range of seeds by a factor cannot begin at 0"},
    {"networks: alexnet\nseeds: {from: 1, to: 9, steps: 2}\n",
     "exp.yaml:2: unknown key 'steps' in the range of seeds; known there are from, to, and step or factor"},
    {"networks: alexnet\nseeds: {from: 1, to: x, step: 2}\n", "exp.yaml:2: to of the range of seeds is 'x'"},
    {"networks: alexnet\nseeds: {from: 1, to: , step: 2}\n", "exp.yaml:2: to has no value"},
    {"networks: alexnet\nfraction: 2\n", "exp.yaml:2: fraction is '2'; expected a number from 0 to 1"},
    {"networks: alexnet\nfraction: nan\n", "exp.yaml:2: fraction is 'nan'; expected a number from 0 to 1"},
    {"networks: alexnet\nfraction: {from: 0, to: 1, step: 1}\n", "exp.yaml:2: fraction is a mapping; expected a"},
    {"networks: alexnet\ntimed: yes\n", "exp.yaml:2: timed is 'yes'; expected true or false"},
    {"networks: alexnet\nbits: 65\n", "exp.yaml:2: bits is '65'; expected a whole number of bits from 1 to 64"},
    {"networks: alexnet\nname: [a]\n", "exp.yaml:2: name is a list; expected a single value"},
    {"networks: alexnet\nname: \"a\\tb\"\n", "exp.yaml:2: the name of the experiment is "},
    {"networks: alexnet\nname: ''\n", "exp.yaml:2: the name of the experiment is ''; expected 1 to 64 bytes"},
    {"networks: alexnet\ncells: 3\n", "exp.yaml:2: cells is '3'; expected a list"},
    {"networks: alexnet\ncells: []\n", "exp.yaml:2: cells is an empty list; expected at least one mapping"},
    {"networks: alexnet\ncells: [3]\n", "exp.yaml:2: an item of cells is '3'; expected a mapping"},
    {"networks: alexnet\ncells:\n  - name: x\n", "exp.yaml:3: 'name' belongs at the top of the file"},
    {"networks: alexnet\ncells:\n  - cells: []\n", "exp.yaml:3: 'cells' belongs at the top of the file"},
    {"cells:\n  - seeds: 1\n", "exp.yaml:2: names no networks"},
    {"networks: alexnet\nnetworks: vgg16\n", "exp.yaml:2: "},
    {"networks: alexnet\nsearches: nsga2\nobjectives: dram\n", "exp.yaml:1: objectives is 'dram', but search"},
};

START_TEST(mistakes_are_told_with_their_line) {
  cli_write("exp.yaml", mistakes[_i].text);
  COMPLAINS_OF(mistakes[_i].words, "sweep", "exp.yaml");
}
END_TEST

START_TEST(a_file_is_found_by_path_or_name) {
  COMPLAINS_OF("unknown experiment 'smal'; did you mean 'small'?", "sweep", "smal");
  COMPLAINS_OF("missing.yaml", "sweep", "missing.yaml");
  COMPLAINS_OF("--shard is '0/2'; expected i/n with i from 1 to n", "sweep", "small", "--shard", "0/2");
  COMPLAINS_OF("--shard is '3/2'", "sweep", "small", "--shard", "3/2");
  COMPLAINS_OF("--shard is '2'", "sweep", "small", "--shard", "2");
  COMPLAINS_OF("--sharing is 'much'; expected a size such as 1GiB", "sweep", "small", "--sharing", "much");
  COMPLAINS_OF("--resume keeps what is there and --again deletes it", "sweep", "small", "--resume", "--again");
}
END_TEST

START_TEST(those_that_come_with_the_program_are_right) {
  const char *const *names = cli_names("experiments");
  size_t count = 0;
  for (; names[count] != NULL; count++) {
    json_t *document = DOCUMENT("sweep", names[count], "--dry-run", "--json");
    ck_assert_uint_gt(json_array_size(cli_at(document, "cells")), 0);
    ck_assert_int_eq(cli_number(document, "repeated"), 0);
    json_decref(document);
  }
  ck_assert_uint_ge(count, 2);
  glob_t papers;
  ck_assert_int_eq(glob(support_path("configs/experiments/paper/*.yaml"), 0, NULL, &papers), 0);
  for (size_t i = 0; i < papers.gl_pathc; i++) OUTPUT("sweep", papers.gl_pathv[i], "--dry-run");
  globfree(&papers);
  ck_assert_uint_eq(cli_count_files(), 0);
}
END_TEST

/* ---- cells ---- */

static void assert_labels(const char *text, const char *const *labels) {
  json_t *document = cells_of(text), *cell;
  size_t i;
  json_array_foreach(cli_at(document, "cells"), i, cell) {
    ck_assert_ptr_nonnull(labels[i]);
    ck_assert_str_eq(cli_text(cell, "label"), labels[i]);
  }
  ck_assert_ptr_null(labels[i]);
  json_decref(document);
}

START_TEST(cells_are_the_product_in_the_order_of_the_keys) {
  /* Whatever the order in the file, networks go round last and seeds first. */
  assert_labels("seeds: 3..4\nmethods: [brr, lbdf]\nnetworks: [vgg16, alexnet]\n",
                ARGUMENTS("vgg16 methods=brr seeds=3", "vgg16 methods=brr seeds=4", "vgg16 methods=lbdf seeds=3",
                          "vgg16 methods=lbdf seeds=4", "alexnet methods=brr seeds=3", "alexnet methods=brr seeds=4",
                          "alexnet methods=lbdf seeds=3", "alexnet methods=lbdf seeds=4"));
  assert_labels("networks: alexnet\n", ARGUMENTS("alexnet"));
}
END_TEST

START_TEST(ranges_are_what_they_say) {
  assert_labels("networks: alexnet\nbuffers: {from: 100KiB, to: 900KiB, factor: 2}\n",
                ARGUMENTS("alexnet buffers=100KiB", "alexnet buffers=200KiB", "alexnet buffers=400KiB",
                          "alexnet buffers=800KiB"));
  assert_labels("networks: alexnet\nbuffers: {from: 1000, to: 1024, step: 24}\n",
                ARGUMENTS("alexnet buffers=1000", "alexnet buffers=1KiB"));
  assert_labels("networks: alexnet\nbudgets: [1..2, {from: 10, to: 15, step: 4}, 7]\n",
                ARGUMENTS("alexnet budgets=1", "alexnet budgets=2", "alexnet budgets=10", "alexnet budgets=14",
                          "alexnet budgets=7"));
  assert_labels("networks: alexnet\nbits: 7..8\n", ARGUMENTS("alexnet bits=7", "alexnet bits=8"));
  /* The end of all numbers is no endless loop. */
  assert_labels("networks: alexnet\nseeds: 9223372036854775806..9223372036854775807\n",
                ARGUMENTS("alexnet seeds=9223372036854775806", "alexnet seeds=9223372036854775807"));
}
END_TEST

START_TEST(blocks_override_and_repeat_nothing) {
  assert_labels("networks: alexnet\nseeds: 1..2\ncells:\n  - {}\n  - methods: brr\n    seeds: 7\n  - seeds: 2..3\n",
                ARGUMENTS("alexnet methods=lbdf seeds=1", "alexnet methods=lbdf seeds=2", "alexnet methods=brr seeds=7",
                          "alexnet methods=lbdf seeds=3"));
  json_t *document = cells_of("networks: [alexnet, alexnet]\nbuffers: [1KiB, 1024]\n");
  ck_assert_uint_eq(json_array_size(cli_at(document, "cells")), 1);
  ck_assert_int_eq(cli_number(document, "repeated"), 3);
  json_decref(document);
}
END_TEST

START_TEST(paths_are_relative_to_the_file) {
  cli_write("nets.mark", "");
  ck_assert_int_eq(system("mkdir sub && cp \"$SPILLWAY_NETWORKS/alexnet.onnx\" sub/mine.onnx"
                          " && cp \"$SPILLWAY_HARDWARE/edge-256k.yaml\" sub/mine.yaml"),
                   0);
  cli_write("sub/exp.yaml", "networks: [mine.onnx, ./mine.onnx]\nhardware: mine.yaml\n");
  json_t *document = DOCUMENT("sweep", "sub/exp.yaml", "--dry-run", "--json");
  ck_assert_uint_eq(json_array_size(cli_at(document, "cells")), 1); /* two paths, one content */
  ck_assert_int_eq(cli_number(document, "cells.0.buffer_bytes"), 262144);
  json_decref(document);
}
END_TEST

START_TEST(shards_share_out_the_cells) {
  json_t *all = cells_of(sweep_text);
  size_t found = 0;
  for (size_t n = 1; n <= 5; n++) {
    json_t *part =
        DOCUMENT("sweep", "exp.yaml", "--dry-run", "--json", "--shard", cli_format("%zu/5", n)), *cell;
    size_t i;
    json_array_foreach(cli_at(part, "cells"), i, cell) {
      const json_t *same = json_array_get(cli_at(all, "cells"), 5 * i + n - 1);
      ck_assert_str_eq(cli_text(cell, "cell_key"), cli_text(same, "cell_key"));
      found++;
    }
    ck_assert_uint_ge(i, SWEEP_CELLS / 5);
    json_decref(part);
  }
  ck_assert_uint_eq(found, SWEEP_CELLS);
  json_decref(all);
}
END_TEST

/* ---- keys of cells ---- */

/* For each key of experiments: a value that is its default, or what holds without it, and another one. */
static const struct {
  const char *key, *same, *other;
} values[] = {
    {"networks", "alexnet", "vgg16"},
    {"fold_bn", "false", "true"},
    {"hardware", NULL, "edge-npu"},
    {"bits", "8", "16"},
    {"activation_bits", "8", "16"},
    {"weight_bits", "8", "16"},
    {"bias_bits", "32", "16"},
    {"buffers", "256KiB", "262143"},
    {"methods", "lbdf", "brr"},
    {"searches", "local", "random"},
    {"objectives", "dram", "cycles"},
    {"fuseable_only", "false", "true"},
    {"splitters", "trace-get", "middle"},
    {"explainer_options", "gnne.steps=7", NULL}, /* of splitters that learn alone */
    {"models", "nowhere", NULL},                 /* likewise */
    {"fraction", "0.30", "0.31"},
    {"breadth", "8", "9"},
    {"bound", "false", "true"},
    {"max_ideals", "200000", "200001"},
    {"max_steps", "200000000", "1"},
    {"max_groups", "1000000", "1000001"},
    {"timed", "false", "true"},
    {"budgets", "2000", "2001"},
    {"seeds", "1", "0"},
};

static const char *key_of(const char *text) {
  json_t *document = cells_of(text);
  ck_assert_uint_eq(json_array_size(cli_at(document, "cells")), 1);
  const char *key = cli_format("%s", cli_text(document, "cells.0.cell_key"));
  json_decref(document);
  return key;
}

static const char *with(const char *key, const char *value) {
  return cli_format("name: n\n%s%s: %s\n", strcmp(key, "networks") == 0 ? "" : "networks: alexnet\n", key, value);
}

START_TEST(a_key_changes_with_every_input_and_with_nothing_else) {
  const char *const *names = cli_names("experiment-keys");
  const char *plain = key_of("name: n\nnetworks: alexnet\n");
  const char *seen[sizeof values / sizeof values[0]] = {NULL};
  size_t count = 0;
  for (; names[count] != NULL; count++) {
    size_t v = 0;
    while (v < sizeof values / sizeof values[0] && strcmp(values[v].key, names[count]) != 0) v++;
    ck_assert_msg(v < sizeof values / sizeof values[0], "no values for %s here", names[count]);
    if (values[v].same != NULL) ck_assert_str_eq(key_of(with(values[v].key, values[v].same)), plain);
    if (values[v].other == NULL) continue;
    seen[count] = key_of(with(values[v].key, values[v].other));
    ck_assert_msg(strcmp(seen[count], plain) != 0, "%s", names[count]);
  }
  ck_assert_uint_eq(count, sizeof values / sizeof values[0]);
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < i; k++) ck_assert(seen[i] == NULL || seen[k] == NULL || strcmp(seen[i], seen[k]) != 0);
  }
  ck_assert_str_ne(key_of("name: m\nnetworks: alexnet\n"), plain);
  ck_assert_str_eq(key_of("cells:\n  - networks: alexnet\nname: n\n"), plain);
}
END_TEST

START_TEST(a_key_changes_with_the_content_of_files) {
  ck_assert_int_eq(system("cp \"$SPILLWAY_NETWORKS/alexnet.onnx\" a.onnx && mkdir b && cp a.onnx b"
                          " && cp \"$SPILLWAY_HARDWARE/edge-npu.yaml\" h.yaml"),
                   0);
  static const char text[] = "name: n\nnetworks: %s\nhardware: h.yaml\n";
  const char *plain = key_of(cli_format(text, "a.onnx"));
  ck_assert_str_eq(key_of(cli_format(text, "b/a.onnx")), plain);
  ck_assert_int_eq(system("echo '# nothing' >> h.yaml"), 0);
  ck_assert_str_eq(key_of(cli_format(text, "a.onnx")), plain);
  ck_assert_int_eq(system("sed -i 's/^name: .*/name: other/' h.yaml && grep -q '^name: other' h.yaml"), 0);
  ck_assert_str_ne(key_of(cli_format(text, "a.onnx")), plain);
  /* A field that nobody knows: other content, the same network. */
  ck_assert_int_eq(system("printf '\\372\\001\\001x' >> b/a.onnx"), 0);
  ck_assert_str_ne(key_of(cli_format(text, "b/a.onnx")), key_of(cli_format(text, "a.onnx")));
}
END_TEST

/* Of splitters that learn: the settings that are theirs, however written, and the weights that they need, wherever. */
START_TEST(a_key_changes_with_weights_and_settings_of_those_that_learn) {
  static const char text[] = "name: n\nnetworks: alexnet\nsplitters: %s\nmodels: %s\n%s";
  sim_fixture_save_learned("a", 1);
  sim_fixture_save_learned("b", 1);
  const char *cut = key_of(cli_format(text, "gnn-cut", "a", "")), *pg = key_of(cli_format(text, "pg", "a", ""));
  const char *gnne = key_of(cli_format(text, "gnne", "a", ""));
  ck_assert(strcmp(cut, gnne) != 0 && strcmp(cut, pg) != 0);
  ck_assert_str_eq(key_of(cli_format(text, "gnne", "b", "")), gnne);
  char value[UNITS_TEXT_BYTES]; /* the default, written in another way */
  const char *same = units_format_real(value, learned_parameters[0].initial);
  ck_assert_str_eq(key_of(cli_format(text, "gnne", "a", cli_format("explainer_options: %s=%s.0e0\n",
                                                                   learned_parameters[0].name, same))), gnne);
  ck_assert_str_eq(key_of(cli_format(text, "gnne", "a", "explainer_options: rg.seeds=7\n")), gnne);
  ck_assert_str_ne(key_of(cli_format(text, "gnne", "a", "explainer_options: gnne.steps=7\n")), gnne);
  ck_assert_str_eq(key_of(cli_format(text, "gnn-cut", "a", "explainer_options: gnne.steps=7\n")), cut);
  ck_assert_int_eq(system("mkdir c && cp -r a c/m && printf '\\0' >> c/m/lbdf/pg.safetensors"), 0);
  ck_assert_str_eq(key_of(cli_format(text, "gnn-cut", "c/m", "")), cut);
  ck_assert_str_ne(key_of(cli_format(text, "pg", "c/m", "")), pg);
  sim_fixture_save_learned("b", 2);
  ck_assert_str_ne(key_of(cli_format(text, "gnne", "b", "")), gnne);
  ck_assert_str_ne(key_of(cli_format(text, "gnn-cut", "b", "")), cut);
}
END_TEST

/* ---- the reference ---- */

START_TEST(the_reference_has_every_key) {
  const char *reference = cli_read(support_path("configs/experiments/README.md"));
  const char *manual = OUTPUT("help", "--man");
  json_t *keys = DOCUMENT("list", "experiment-keys", "--json"), *key;
  size_t i;
  json_array_foreach(keys, i, key) {
    const char *summary = cli_text(key, "summary"), *initial = strstr(summary, "; default ");
    ck_assert_ptr_nonnull(initial);
    cli_assert_has(reference, cli_format("\n| `%s` | %.*s | %s |\n", cli_text(key, "name"), (int)(initial - summary),
                                         summary, initial + strlen("; default ")));
    cli_assert_has(manual, cli_format("\n\\fB%s\\fR (", cli_text(key, "name")));
  }
  ck_assert_uint_ge(i, 20);
  json_decref(keys);
  const char *const *names = cli_names("experiments");
  for (i = 0; names[i] != NULL; i++) cli_assert_has(reference, cli_format("\n| `%s.yaml` | ", names[i]));
}
END_TEST

TCase *sweep_files_case(void) {
  TCase *tests = tcase_create("files");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_loop_test(tests, mistakes_are_told_with_their_line, 0, sizeof mistakes / sizeof mistakes[0]);
  tcase_add_test(tests, a_file_is_found_by_path_or_name);
  tcase_add_test(tests, those_that_come_with_the_program_are_right);
  tcase_add_test(tests, cells_are_the_product_in_the_order_of_the_keys);
  tcase_add_test(tests, ranges_are_what_they_say);
  tcase_add_test(tests, blocks_override_and_repeat_nothing);
  tcase_add_test(tests, paths_are_relative_to_the_file);
  tcase_add_test(tests, shards_share_out_the_cells);
  tcase_add_test(tests, a_key_changes_with_every_input_and_with_nothing_else);
  tcase_add_test(tests, a_key_changes_with_the_content_of_files);
  tcase_add_test(tests, a_key_changes_with_weights_and_settings_of_those_that_learn);
  tcase_add_test(tests, the_reference_has_every_key);
  return tests;
}
