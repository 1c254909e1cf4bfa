/* Total clocks beside those of DRAMsim3 and Ramulator, which were run outside this project
 * with the parameters of src/hw/dram_standard.c. docs/dram.md says how, and has a table. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dram_patterns.h"
#include "sim/dram.h"
#include "suites.h"
#include "support.h"

enum { REFERENCE_ROWS = 28, FURTHER_ROWS = 185, FIELDS = 8 };

struct replay {
  struct dram *dram;
  uint64_t clock;
};

static void replay_line(void *context, char letter, uint64_t value) {
  struct replay *replay = context;
  if (letter == 'I') {
    replay->clock = dram_drain(replay->dram) + value;
  } else {
    replay->clock = dram_push(replay->dram, letter == 'W', value, replay->clock);
  }
}

static double total_clocks(const char *standard, const char *mapping, const char *name) {
  struct error err = ERROR_INIT;
  struct dram *dram;
  const struct dram_pattern *pattern = dram_pattern_find(name);
  ck_assert_msg(pattern != NULL, "no pattern '%s'", name);
  ck_assert_int_eq(dram_create(&dram, dram_standard_find(standard), dram_mapping_find(mapping), &err), 0);
  struct replay replay = {dram, 0};
  const struct pattern_sink sink = {replay_line, &replay};
  pattern->write(pattern, &sink);
  double clocks = (double)dram_drain(dram);
  dram_free(dram);
  return clocks;
}

/* Calls check for each row of a file below tests/data; returns how many there were. */
static unsigned each_row(const char *path, void (*check)(char *fields[FIELDS])) {
  FILE *file = fopen(support_path(path), "r");
  char *line = NULL, *fields[FIELDS];
  size_t capacity = 0;
  unsigned rows = 0;
  ck_assert_ptr_nonnull(file);
  ck_assert_int_gt(getline(&line, &capacity, file), 0); /* header */
  for (; getline(&line, &capacity, file) > 0; rows++) {
    char *rest = line;
    line[strcspn(line, "\r\n")] = '\0';
    for (size_t i = 0; i < FIELDS; i++) fields[i] = strsep(&rest, ",");
    check(fields);
  }
  free(line);
  fclose(file);
  return rows;
}

/* For each pattern of the file, how far off the nearer of the two simulators we are. */
static struct nearest {
  char key[96];
  double distance, clocks;
} nearest[REFERENCE_ROWS];
static size_t nearest_count;

static void remember(char *fields[FIELDS]) {
  char key[96];
  snprintf(key, sizeof key, "%s %s %s", fields[0], fields[1], fields[3]);
  size_t i = 0;
  while (i < nearest_count && strcmp(nearest[i].key, key) != 0) i++;
  if (i == nearest_count) {
    struct nearest *added = &nearest[nearest_count++];
    snprintf(added->key, sizeof added->key, "%s", key);
    added->clocks = total_clocks(fields[0], fields[1], fields[3]);
    added->distance = 1;
  }
  double theirs = strtod(fields[4], NULL), distance = nearest[i].clocks / theirs - 1;
  if (distance < 0) distance = -distance;
  if (distance < nearest[i].distance) nearest[i].distance = distance;
}

/* Patterns c and l depend on how writes are gathered. */
START_TEST(totals_are_within_the_tolerances_of_the_nearer_simulator) {
  nearest_count = 0;
  ck_assert_uint_eq(each_row("tests/data/dram_reference.csv", remember), REFERENCE_ROWS);
  ck_assert_uint_eq(nearest_count, REFERENCE_ROWS / 2);
  for (size_t i = 0; i < nearest_count; i++) {
    bool scheduling = strstr(nearest[i].key, "c_rw1k") != NULL || strstr(nearest[i].key, "l_rw4k") != NULL;
    ck_assert_msg(nearest[i].distance < (scheduling ? 0.05 : 0.01), "%s: %.0f clocks, %.1f percent off",
                  nearest[i].key, nearest[i].clocks, 100 * nearest[i].distance);
  }
}
END_TEST

/* DRAMsim3 does not end on a few random mixes; then only Ramulator counts. */
static void check_between(char *fields[FIELDS]) {
  double clocks = total_clocks(fields[0], fields[1], fields[2]);
  double ramulator = strtod(fields[4], NULL), dramsim3 = fields[3][0] != '\0' ? strtod(fields[3], NULL) : ramulator;
  double low = dramsim3 < ramulator ? dramsim3 : ramulator, high = dramsim3 < ramulator ? ramulator : dramsim3;
  ck_assert_msg(clocks > 0.95 * low && clocks < 1.05 * high, "%s %s %s: %.0f clocks, DRAMsim3 %.0f, Ramulator %.0f",
                fields[0], fields[1], fields[2], clocks, dramsim3, ramulator);
}

START_TEST(other_totals_lie_between_the_simulators_five_percent_either_way) {
  ck_assert_uint_eq(each_row("tests/data/dram_further.csv", check_between), FURTHER_ROWS);
}
END_TEST

Suite *dram_reference_suite(void) {
  Suite *suite = suite_create("dram_reference");
  TCase *totals = tcase_create("totals");
  tcase_set_timeout(totals, 300);
  tcase_add_test(totals, totals_are_within_the_tolerances_of_the_nearer_simulator);
  tcase_add_test(totals, other_totals_lie_between_the_simulators_five_percent_either_way);
  suite_add_tcase(suite, totals);
  return suite;
}
