#include "store_fixture.h"

#include <check.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/query_print.h"

char fixture_directory[64];
char fixture_database[128];

void fixture_setup(void) {
  strcpy(fixture_directory, "/tmp/spillway-store-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(fixture_directory));
  snprintf(fixture_database, sizeof fixture_database, "%s/runs.db", fixture_directory);
}

static void remove_file(const char *suffix) {
  char path[256];
  snprintf(path, sizeof path, "%s%s", fixture_database, suffix);
  unlink(path);
}

void fixture_teardown(void) {
  static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
  for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) remove_file(suffixes[i]);
  chmod(fixture_directory, 0700);
  rmdir(fixture_directory);
}

static const uint64_t example_budget = 2000, example_seed = UINT64_MAX - 4;
static const uint64_t example_optimum = 901, example_bound = 900;

const struct store_run_timed fixture_example_timed = {
    .cost = {
        .cycles = 201, .phase_compute_cycles = 202, .phase_port_cycles = 203, .phase_dram_cycles = 204,
        .phase_room_cycles = 205, .array_busy_cycles = 206, .lanes_busy_cycles = 207,
        .dram_busy_cycles = 208, .macs = 209, .vector_operations = 210, .buffer_read_bytes = 211,
        .buffer_write_bytes = 212, .dram_activates = 213, .peak_occupied_bytes = 214, .mac_pj = 215.5,
        .vector_pj = 216.5, .buffer_pj = 217.5, .dram_pj = 218.5, .static_pj = 219.5, .energy_pj = 220.5,
        .latency_seconds = 221.5, .array_utilisation = 0.222, .lanes_utilisation = 0.223,
        .dram_utilisation = 0.224, .arithmetic_intensity = 225.25, .machine_balance = 226.75,
        .bound = "memory",
    },
    .inferences = 228,
    .layer_by_layer_cycles = 229,
    .layer_by_layer_pj = 230.5,
};

/* Computing takes no time, so the balance is infinite. */
static const struct store_group_timed example_group_timed = {
    .cost = {
        .cycles = 301, .phase_compute_cycles = 302, .phase_port_cycles = 303, .phase_dram_cycles = 304,
        .phase_room_cycles = 305, .array_busy_cycles = 306, .lanes_busy_cycles = 307,
        .dram_busy_cycles = 308, .macs = 309, .vector_operations = 310, .buffer_read_bytes = 311,
        .buffer_write_bytes = 312, .dram_activates = 313, .peak_occupied_bytes = 314, .mac_pj = 315.5,
        .vector_pj = 316.5, .buffer_pj = 317.5, .dram_pj = 318.5, .static_pj = 319.5, .energy_pj = 320.5,
        .latency_seconds = 321.5, .array_utilisation = 0.322, .lanes_utilisation = 0.323,
        .dram_utilisation = 0.324, .arithmetic_intensity = 325.25, .machine_balance = HUGE_VAL,
        .bound = "compute",
    },
    .start_cycle = 328,
};

const struct store_group fixture_example_groups[] = {
    {.ops = "[\"a\",\"b\"]",
     .first_op = "a",
     .last_op = "b",
     .op_count = 2,
     .method = "lbdf",
     .valid = true,
     .fuseable = true,
     .required_bytes = 51,
     .dram_read_bytes = 52,
     .dram_write_bytes = 53,
     .weight_bytes = 54,
     .stripes = 55,
     .timed = &example_group_timed},
    {.ops = "[\"c\"]",
     .first_op = "c",
     .last_op = "c",
     .op_count = 1,
     .method = "brr",
     .valid = false,
     .fuseable = false,
     .required_bytes = 61,
     .dram_read_bytes = 62,
     .dram_write_bytes = 63,
     .weight_bytes = 64,
     .stripes = 65},
};

static const struct store_curve_point fixture_example_curve[] = {{1, 3000}, {7, 2000}, {1999, 1000}};

static const struct store_explanation fixture_example_explanations[] = {
    {.group_first_op = "g1",
     .group_last_op = "g2",
     .required_bytes = 71,
     .capacity_bytes = 72,
     .culprit_op = "c3",
     .culprit_weight_bytes = 74,
     .culprit_row_bytes = 75,
     .cut_from = "f6",
     .cut_to = "t7",
     .side_a_bytes = 78,
     .side_b_bytes = 79,
     .times = 80},
};

static const uint64_t example_proposed = 112, example_proposed_valid = 113, example_cycles = 404;
static const double example_energy_pj = 405.5;

static const struct store_front_point fixture_example_front[] = {
    {.fuseable_dram_bytes = 401, .max_required_bytes = 402, .group_count = 403, .cycles = &example_cycles,
     .energy_pj = &example_energy_pj, .groups = "[[\"a\",\"b\"],[\"c\"]]"},
    {.fuseable_dram_bytes = 411, .max_required_bytes = 412, .group_count = 413, .groups = "[]"},
};

struct store_run fixture_example_run(void) {
  return (struct store_run){
      .tool_version = "0.1.0",
      .started_at = "2024-05-06T07:08:09Z",
      .wall_seconds = 1.25,
      .verb = "schedule",
      .network = {"tiny", "00ff"},
      .hardware = {"edge", "name: edge\n", 262144, 8, 16, 32},
      .method = "lbdf",
      .search = "local",
      .splitter = "trace-get",
      .budget = &example_budget,
      .seed = &example_seed,
      .jobs = 3,
      .options = "{\"k\":10}",
      .fuseable_dram_bytes = 1000,
      .total_dram_bytes = 1102,
      .dram_read_bytes = 1003,
      .dram_write_bytes = 99,
      .weight_bytes = 104,
      .max_required_bytes = 105,
      .layer_by_layer_dram_bytes = 4000,
      .layer_by_layer_total_bytes = 4107,
      .compulsory_bytes = 108,
      .optimum_dram_bytes = &example_optimum,
      .bound_dram_bytes = &example_bound,
      .simulations = 109,
      .plans_proposed = 110,
      .invalid_groups = 111,
      .groups_proposed = &example_proposed,
      .groups_proposed_valid = &example_proposed_valid,
      .experiment = "paper",
      .timed = &fixture_example_timed,
      .groups = fixture_example_groups,
      .group_count = 2,
      .curve = fixture_example_curve,
      .curve_count = 3,
      .explanations = fixture_example_explanations,
      .explanation_count = 1,
      .front = fixture_example_front,
      .front_count = 2,
  };
}

struct store *fixture_open_database(void) {
  struct error err = ERROR_INIT;
  struct store *store;
  ck_assert_msg(store_open(&store, fixture_database, &err) == 0, "%s", err.message);
  return store;
}

int64_t fixture_write(struct store *store, const struct store_run *run) {
  struct error err = ERROR_INIT;
  int64_t id = -1;
  ck_assert_msg(store_write_run(store, &id, run, &err) == 0, "%s", err.message);
  return id;
}

void fixture_write_example(void) {
  struct store_run run = fixture_example_run();
  struct store *store = fixture_open_database();
  fixture_write(store, &run);
  store_close(store);
}

/* The whole printed answer; the caller frees it. NULL, with the error, if it failed. */
char *fixture_ask(const char *text, const char *const *parameters, size_t count, fixture_print print,
                  struct error *err) {
  struct query *query;
  char *bytes = NULL;
  size_t length;
  if (query_open(&query, fixture_database, NULL, err) != 0) return NULL;
  FILE *out = open_memstream(&bytes, &length);
  int status = query_ask(query, text, parameters, count, err);
  if (status == 0) status = print(out, query, err);
  fclose(out);
  query_close(query);
  if (status == 0) return bytes;
  free(bytes);
  return NULL;
}

void fixture_assert_answer(const char *text, const char *parameter, fixture_print print,
                           const char *expected) {
  struct error err = ERROR_INIT;
  const char *const parameters[] = {parameter};
  char *answer = fixture_ask(text, parameters, parameter == NULL ? 0 : 1, print, &err);
  ck_assert_msg(answer != NULL, "%s: %s", text, err.message);
  ck_assert_str_eq(answer, expected);
  free(answer);
}

void fixture_assert_csv(const char *text, const char *parameter, const char *expected) {
  fixture_assert_answer(text, parameter, query_print_csv, expected);
}

int64_t fixture_integer(const char *sql) {
  sqlite3 *db;
  sqlite3_stmt *statement;
  ck_assert_int_eq(sqlite3_open(fixture_database, &db), SQLITE_OK);
  ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
  ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
  int64_t value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return value;
}

void fixture_write_text(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  ck_assert_ptr_nonnull(file);
  fputs(text, file);
  ck_assert_int_eq(fclose(file), 0);
}
