/* spillway train-validity, as a user runs it. */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "cli_run.h"
#include "util/error.h"
#include "util/file.h"

#define MAKE "train-validity", "alexnet", "resnet18", "--groups", "30", "--buffers", "1MiB,256KiB"
#define TRAIN "train-validity", "d", "--hidden", "8", "--layers", "2", "--quiet"

static void same_bytes(const char *left, const char *right) {
  struct error err = ERROR_INIT;
  char *a, *b;
  size_t a_length, b_length;
  ck_assert_int_eq(file_read(&a, &a_length, left, 1 << 24, &err), 0);
  ck_assert_int_eq(file_read(&b, &b_length, right, 1 << 24, &err), 0);
  ck_assert_uint_eq(a_length, b_length);
  ck_assert_mem_eq(a, b, a_length);
  free(a);
  free(b);
}

static void make_data(void) { OUTPUT(MAKE, "--make-data", "d"); }

START_TEST(data_are_made) {
  json_t *document = DOCUMENT(MAKE, "--make-data", "a", "--json");
  const char *table = OUTPUT(MAKE, "--make-data", "b", "--jobs", "3");
  int64_t groups = 0;
  cli_assert_has(table, "lbdf 256KiB  lbdf 1MiB  brr 256KiB  brr 1MiB");
  same_bytes("a", "b");
  for (int n = 0; n < 2; n++) {
    int64_t drawn = cli_number(document, cli_format("networks.%d.drawn", n));
    int64_t all = drawn + cli_number(document, cli_format("networks.%d.halves", n));
    ck_assert_int_gt(drawn, 0);
    ck_assert_int_ge(30, drawn);
    ck_assert_int_ge(2 * drawn, all);
    /* A larger buffer holds no fewer groups, and where weights need not stay no fewer fit. */
    int64_t fit[4];
    for (int f = 0; f < 4; f++) fit[f] = cli_number(document, cli_format("networks.%d.fit.%d.groups", n, f));
    ck_assert(fit[0] <= fit[1] && fit[1] <= all && fit[2] <= fit[3] && fit[3] <= all);
    ck_assert(fit[0] <= fit[2] && fit[1] <= fit[3]);
    groups += all;
  }
  ck_assert_int_eq(cli_number(document, "groups"), groups);
  json_decref(document);
}
END_TEST

static json_t *part(const json_t *document, const char *by, const char *title) {
  size_t i;
  json_t *row;
  json_array_foreach(cli_at(document, "parts"), i, row) {
    if (strcmp(cli_text(row, "by"), by) == 0 && strcmp(cli_text(row, "part"), title) == 0) return row;
  }
  ck_abort_msg("no part %s %s", by, title);
}

START_TEST(a_small_network_is_trained_and_evaluated) {
  make_data();
  json_t *trained = DOCUMENT(TRAIN, "-o", "w", "--epochs", "20", "--rate", "0.01", "--log", "l.csv", "--json");
  json_t *again = DOCUMENT("train-validity", "d", "--evaluate", "w", "--json");
  ck_assert_int_ne(access("w.checkpoint", F_OK), 0);
  ck_assert_int_eq(cli_number(again, "hidden"), 8);
  ck_assert_int_eq(cli_number(again, "layers"), 2);
  ck_assert(json_equal(cli_at(trained, "parts"), cli_at(again, "parts")));
  int64_t samples = cli_number(trained, "test_samples");
  ck_assert_int_gt(samples, 0);
  ck_assert_int_eq(cli_number(part(trained, "all", "all"), "samples"), samples);
  ck_assert_int_eq(cli_number(part(trained, "buffer", "256 KiB"), "samples"), samples / 2);
  ck_assert_double_ge(json_real_value(cli_at(part(trained, "all", "all"), "accuracy")), 0.7);
  /* A group of which an op does not fit alone never fits. */
  ck_assert_int_eq(cli_number(part(trained, "ops", "an op does not fit alone"), "fit"), 0);
  ck_assert(json_is_null(cli_at(part(trained, "ops", "an op does not fit alone"), "f1")));
  const char *log = cli_read("l.csv");
  cli_assert_has(log, "epoch,loss,validation_accuracy,validation_f1,seconds\n1,");
  cli_assert_has(log, "\n20,");
  cli_assert_lacks(log, "\n21,");
  json_decref(again);
  json_decref(trained);
}
END_TEST

START_TEST(threads_do_not_show) {
  make_data();
  OUTPUT(TRAIN, "-o", "one", "--epochs", "2", "--jobs", "1");
  OUTPUT(TRAIN, "-o", "three", "--epochs", "2", "--jobs", "3");
  same_bytes("one", "three");
}
END_TEST

START_TEST(people_get_a_table) {
  make_data();
  struct cli_result result = RUN("train-validity", "d", "--hidden", "4", "--layers", "1", "-o", "w", "--epochs", "2",
                                 "--method", "brr");
  ck_assert_int_eq(result.status, 0);
  cli_assert_has(result.err, "epoch 1/2: loss ");
  cli_assert_has(result.out, "w: whether groups fit under brr, in percent, on the test part of d");
  cli_assert_has(result.out, "F1 overflow");
  cli_assert_has(result.out, "network  resnet18");
}
END_TEST

START_TEST(a_network_is_left_out) {
  make_data();
  json_t *all = DOCUMENT(TRAIN, "-o", "all", "--epochs", "1", "--json");
  json_t *apart = DOCUMENT(TRAIN, "-o", "w", "--epochs", "1", "--leave-out", "alexnet", "--json");
  static const char *const parts[] = {"training_samples", "validation_samples", "test_samples"};
  int64_t samples = 0, with_resnet18 = 0, alexnet = cli_number(apart, "test_samples");
  for (int p = 0; p < 3; p++) samples += cli_number(all, parts[p]);
  for (int p = 0; p < 2; p++) with_resnet18 += cli_number(apart, parts[p]);
  ck_assert_int_eq(cli_number(part(apart, "network", "alexnet"), "samples"), alexnet);
  int64_t resnet18_tests = cli_number(part(all, "network", "resnet18"), "samples");
  ck_assert_int_eq(with_resnet18 + resnet18_tests + alexnet, samples);
  ck_assert_str_eq(cli_text(apart, "left_out"), "alexnet");
  json_decref(apart);
  json_decref(all);
}
END_TEST

/* Starts a long training and interrupts it once the log has a row that it had not. */
static struct cli_result interrupted(uint64_t rows) {
  struct cli_process process =
      cli_start(&(const struct cli_setting){0}, ARGUMENTS(TRAIN, "-o", "w", "--epochs", "50000", "--log", "l.csv"));
  const char *row = cli_format("\n%llu,", (unsigned long long)rows + 1);
  for (int wait = 0; wait < 4000; wait++) {
    bool kept = access("l.csv", F_OK) == 0 && access("w.checkpoint", F_OK) == 0;
    if (kept && strstr(cli_read("l.csv"), row) != NULL) break;
    cli_sleep(5);
  }
  kill(process.pid, SIGINT);
  return cli_wait(process);
}

/* Rows are numbered from 1; how many there are. */
static uint64_t count_rows(void) {
  uint64_t rows = 0;
  for (const char *line = strchr(cli_read("l.csv"), '\n'); line[1] != '\0'; line = strchr(line + 1, '\n')) {
    ck_assert_uint_eq(strtoull(line + 1, NULL, 10), ++rows);
  }
  return rows;
}

START_TEST(an_interrupted_training_goes_on) {
  make_data();
  struct cli_result first = interrupted(0);
  ck_assert_int_eq(first.status, 130);
  cli_assert_has(first.err, "interrupted; the epochs that were done are kept in w.checkpoint; the same command");
  ck_assert_int_ne(access("w", F_OK), 0);
  uint64_t rows = count_rows();
  ck_assert_uint_gt(rows, 0);
  ck_assert_int_eq(interrupted(rows).status, 130);
  ck_assert_uint_gt(count_rows(), rows);
  COMPLAINS_OF("w.checkpoint: a checkpoint of another training, 'method=lbdf", TRAIN, "-o", "w", "--epochs", "3");
}
END_TEST

START_TEST(what_makes_no_sense_is_told) {
  make_data();
  COMPLAINS_OF("train-validity takes one file of data; '--make-data FILE' makes it", "train-validity");
  COMPLAINS_OF("give --output FILE to train, or --evaluate FILE", "train-validity", "d");
  COMPLAINS_OF("give --output FILE to train, or --evaluate FILE", TRAIN, "-o", "w", "--evaluate", "w");
  COMPLAINS_OF("--make-data makes data and trains nothing", "train-validity", "--make-data", "x", "-o", "w");
  COMPLAINS_OF("there are no labels for the method 'brr-plus'; known are lbdf, brr", TRAIN, "-o", "w", "--method",
               "brr-plus");
  COMPLAINS_OF("the data have no network 'alexnett'; did you mean 'alexnet'?", TRAIN, "-o", "w", "--leave-out",
               "alexnett");
  COMPLAINS_OF("--buffers: '1MB;' is no size", "train-validity", "--make-data", "x", "--buffers", "1MB;");
  COMPLAINS_OF("'alexnet' is named twice", "train-validity", "--make-data", "x", "alexnet", "alexnet");
  COMPLAINS_OF("missing", "train-validity", "missing", "-o", "w");
  COMPLAINS_OF("DATA and --output are both 'd'; give each a file of its own", TRAIN, "-o", "d");
  COMPLAINS_OF("--output and --checkpoint are both 'w'", TRAIN, "-o", "w", "--checkpoint", "w");
  COMPLAINS_OF("d: no safetensors file", "train-validity", "d", "--evaluate", "d");
  COMPLAINS_OF("--buffers: '0' is no size", "train-validity", "--make-data", "x", "--buffers", "0");
  COMPLAINS_OF("nowhere/w.checkpoint", TRAIN, "-o", "nowhere/w", "--epochs", "1");
  OUTPUT("train-validity", "alexnet", "--groups", "5", "--buffers", "1MiB", "--make-data", "e");
  COMPLAINS_OF("e: no group is there to learn from", "train-validity", "e", "-o", "w", "--leave-out", "alexnet");
}
END_TEST

/* The name leads to another network than that which was labelled. */
START_TEST(networks_that_have_changed_are_told) {
  char *path = realpath(cli_format("%s/configs/networks/resnet18.onnx", getenv("SPILLWAY_SOURCE_DIR")), NULL);
  char *other = realpath(cli_format("%s/configs/networks/alexnet.onnx", getenv("SPILLWAY_SOURCE_DIR")), NULL);
  ck_assert_int_eq(symlink(path, "net.onnx"), 0);
  OUTPUT("train-validity", "net.onnx", "--groups", "5", "--make-data", "d");
  ck_assert_int_eq(unlink("net.onnx"), 0);
  ck_assert_int_eq(symlink(other, "net.onnx"), 0);
  COMPLAINS_OF("d: its groups of 'net.onnx' are of another network", TRAIN, "-o", "w");
  free(path);
  free(other);
}
END_TEST

/* A file that gives a network more ops than it has, whose labels could then be beyond its sets. The number is behind
 * 8 + 4 + 8 bytes, two sizes and the number of networks (dataset.c). */
START_TEST(networks_with_other_ops_are_told) {
  enum { PLACE = 8 + 4 + 8 + 1 + 2 * 8 + 2 };
  struct error err = ERROR_INIT;
  char *bytes;
  size_t length;
  make_data();
  ck_assert_int_eq(file_read(&bytes, &length, "d", 1 << 24, &err), 0);
  bytes[PLACE] = 0;
  bytes[PLACE + 1] = 0x40; /* 16384 */
  uint64_t sum = XXH64(bytes, length - 8, 0);
  for (size_t i = 0; i < 8; i++) bytes[length - 8 + i] = (char)(sum >> 8 * i);
  ck_assert_int_eq(file_write("d", bytes, length, &err), 0);
  COMPLAINS_OF("d: its groups of 'alexnet' are of another network", TRAIN, "-o", "w");
  free(bytes);
}
END_TEST

/* Which a data set could not name. */
START_TEST(networks_whose_names_are_no_text_are_told) {
  COMPLAINS_OF("is no UTF-8; give the file another name", "train-validity", "net\xff.onnx", "--make-data", "x");
  ck_assert_int_ne(access("x", F_OK), 0);
}
END_TEST

TCase *cli_train_case(void) {
  TCase *tcase = tcase_create("train");
  tcase_add_checked_fixture(tcase, cli_enter, cli_leave);
  tcase_set_timeout(tcase, CLI_TEST_SECONDS);
  tcase_add_test(tcase, data_are_made);
  tcase_add_test(tcase, a_small_network_is_trained_and_evaluated);
  tcase_add_test(tcase, threads_do_not_show);
  tcase_add_test(tcase, people_get_a_table);
  tcase_add_test(tcase, a_network_is_left_out);
  tcase_add_test(tcase, an_interrupted_training_goes_on);
  tcase_add_test(tcase, what_makes_no_sense_is_told);
  tcase_add_test(tcase, networks_that_have_changed_are_told);
  tcase_add_test(tcase, networks_with_other_ops_are_told);
  tcase_add_test(tcase, networks_whose_names_are_no_text_are_told);
  return tcase;
}
