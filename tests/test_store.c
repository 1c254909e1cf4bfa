/* The results database: what is written comes back, whole or not at all, whatever happens. */
#include <check.h>
#include <math.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/query_print.h"
#include "store/schema.h"
#include "store_fixture.h"

Suite *store_suite(void);

#define MANY_GROUPS 40

static void assert_open_fails(const char *path, const char *words) {
  struct error err = ERROR_INIT;
  struct store *store;
  ck_assert_int_eq(store_open(&store, path, &err), -1);
  ck_assert_ptr_null(store);
  ck_assert_int_eq(err.kind, ERROR_OUTPUT);
  ck_assert_msg(strstr(err.message, words) != NULL, "\"%s\" lacks \"%s\"", err.message, words);
  ck_assert_msg(path[0] == '\0' || strstr(err.message, fixture_directory) != NULL, "\"%s\" lacks the path",
                err.message);
}

static void execute(const char *path, const char *sql) {
  sqlite3 *db;
  char *message = NULL;
  ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
  ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%s: %s", sql, message);
  sqlite3_close(db);
}

static void assert_integrity(void) {
  ck_assert_int_eq(
      fixture_integer("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
  ck_assert_int_eq(fixture_integer("SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

static int64_t broken_runs(void) {
  return fixture_integer(
      "SELECT count(*) FROM v_run AS r WHERE group_count <> (SELECT count(*) FROM v_group AS g WHERE"
      " g.run_id = r.run_id) OR 3 <> (SELECT count(*) FROM v_curve AS c WHERE c.run_id = r.run_id) OR"
      " 1 <> (SELECT count(*) FROM v_explanation AS e WHERE e.run_id = r.run_id) OR"
      " 2 <> (SELECT count(*) FROM v_front AS f WHERE f.run_id = r.run_id)");
}

/* ---- writing and reading back ---- */

START_TEST(every_column_comes_back) {
  struct store *store = fixture_open_database();
  struct store_run run = fixture_example_run();
  run.cell_key = "ab12";
  fixture_write(store, &run);
  store_close(store);
  fixture_assert_csv(
      "SELECT * FROM v_run", NULL,
      "run_id,started_at,wall_seconds,tool_version,verb,network,network_hash,hardware_id,hardware,"
      "hardware_description,buffer_bytes,activation_bits,weight_bits,bias_bits,method,search,splitter,"
      "budget,seed,jobs,options,fuseable_dram_bytes,total_dram_bytes,dram_read_bytes,dram_write_bytes,"
      "weight_bytes,max_required_bytes,group_count,layer_by_layer_dram_bytes,layer_by_layer_total_bytes,"
      "compulsory_bytes,optimum_dram_bytes,bound_dram_bytes,simulations,plans_proposed,invalid_groups,"
      "cycles,phase_compute_cycles,phase_port_cycles,phase_dram_cycles,phase_room_cycles,"
      "array_busy_cycles,lanes_busy_cycles,dram_busy_cycles,macs,vector_operations,buffer_read_bytes,"
      "buffer_write_bytes,dram_activates,peak_occupied_bytes,mac_pj,vector_pj,buffer_pj,dram_pj,"
      "static_pj,energy_pj,latency_seconds,array_utilisation,lanes_utilisation,dram_utilisation,"
      "arithmetic_intensity,machine_balance,bound,inferences,layer_by_layer_cycles,layer_by_layer_pj,"
      "groups_proposed,groups_proposed_valid,experiment,cell_key\r\n"
      "1,2024-05-06T07:08:09Z,1.25,0.1.0,schedule,tiny,00ff,1,edge,\"name: edge\n\",262144,8,16,32,lbdf,"
      "local,trace-get,2000,-5,3,\"{\"\"k\"\":10}\",1000,1102,1003,99,104,105,2,4000,4107,108,901,900,109,"
      "110,111,"
      "201,202,203,204,205,206,207,208,209,210,211,212,213,214,215.5,216.5,217.5,218.5,219.5,220.5,"
      "221.5,0.222,0.223,0.224,225.25,226.75,memory,228,229,230.5,112,113,paper,ab12\r\n");
  fixture_assert_csv(
      "SELECT * FROM v_group", NULL,
      "run_id,ordinal,ops,first_op,last_op,op_count,method,valid,fuseable,required_bytes,dram_read_bytes,"
      "dram_write_bytes,weight_bytes,stripes,"
      "cycles,phase_compute_cycles,phase_port_cycles,phase_dram_cycles,phase_room_cycles,"
      "array_busy_cycles,lanes_busy_cycles,dram_busy_cycles,macs,vector_operations,buffer_read_bytes,"
      "buffer_write_bytes,dram_activates,peak_occupied_bytes,mac_pj,vector_pj,buffer_pj,dram_pj,"
      "static_pj,energy_pj,latency_seconds,array_utilisation,lanes_utilisation,dram_utilisation,"
      "arithmetic_intensity,machine_balance,bound,start_cycle\r\n"
      "1,0,\"[\"\"a\"\",\"\"b\"\"]\",a,b,2,lbdf,1,1,51,52,53,54,55,"
      "301,302,303,304,305,306,307,308,309,310,311,312,313,314,315.5,316.5,317.5,318.5,319.5,320.5,"
      "321.5,0.322,0.323,0.324,325.25,,compute,328\r\n"
      "1,1,\"[\"\"c\"\"]\",c,c,1,brr,0,0,61,62,63,64,65,,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\n");
  fixture_assert_csv(
      "SELECT * FROM v_curve", NULL,
      "run_id,ordinal,plans,fuseable_dram_bytes\r\n1,0,1,3000\r\n1,1,7,2000\r\n1,2,1999,1000\r\n");
  fixture_assert_csv(
      "SELECT * FROM v_explanation", NULL,
      "run_id,ordinal,group_first_op,group_last_op,required_bytes,capacity_bytes,culprit_op,"
      "culprit_weight_bytes,culprit_row_bytes,cut_from,cut_to,side_a_bytes,side_b_bytes,times\r\n"
      "1,0,g1,g2,71,72,c3,74,75,f6,t7,78,79,80\r\n");
  fixture_assert_csv(
      "SELECT * FROM v_front", NULL,
      "run_id,ordinal,fuseable_dram_bytes,max_required_bytes,group_count,cycles,energy_pj,groups\r\n"
      "1,0,401,402,403,404,405.5,\"[[\"\"a\"\",\"\"b\"\"],[\"\"c\"\"]]\"\r\n1,1,411,412,413,,,[]\r\n");
}
END_TEST

/* A sample with the same key takes the place of the first; its number is a new one. */
START_TEST(samples_come_back_and_are_replaced) {
  struct store *store = fixture_open_database();
  struct error err = ERROR_INIT;
  const uint64_t seed = UINT64_MAX - 4;
  struct store_sample samples[] = {
      {.tool_version = "0.1.0", .started_at = "2024-05-06T07:08:09Z", .wall_seconds = 1.25, .network = {"tiny", "00ff"},
       .hardware = {"edge", "name: edge\n", 262144, 8, 16, 32}, .method = "lbdf", .seed = &seed, .jobs = 3,
       .options = "{}", .groups_wanted = 101, .groups = 102, .valid_groups = 103, .mean_ops = 104.5, .plans_drawn = 105,
       .cell_key = "ab12"},
      {0}};
  samples[1] = samples[0];
  samples[1].cell_key = "cd34";
  ck_assert_msg(store_write_samples(store, samples, 2, &err) == 0, "%s", err.message);
  samples[0].valid_groups = 7;
  ck_assert_msg(store_write_samples(store, samples, 1, &err) == 0, "%s", err.message);
  samples[0].valid_groups = UINT64_MAX;
  samples[1].valid_groups = 8;
  ck_assert_int_eq(store_write_samples(store, (const struct store_sample[]){samples[1], samples[0]}, 2, &err), -1);
  ck_assert_msg(strstr(err.message, "valid_groups is 18446744073709551615") != NULL, "%s", err.message);
  store_close(store);
  fixture_assert_csv(
      "SELECT * FROM v_sample ORDER BY 1", NULL,
      "sample_id,started_at,wall_seconds,tool_version,network,network_hash,hardware_id,hardware,hardware_description,"
      "buffer_bytes,activation_bits,weight_bits,bias_bits,method,seed,jobs,options,groups_wanted,groups,valid_groups,"
      "mean_ops,plans_drawn,cell_key\r\n"
      "2,2024-05-06T07:08:09Z,1.25,0.1.0,tiny,00ff,1,edge,\"name: edge\n\",262144,8,16,32,lbdf,-5,3,{},101,102,103,"
      "104.5,105,cd34\r\n"
      "3,2024-05-06T07:08:09Z,1.25,0.1.0,tiny,00ff,1,edge,\"name: edge\n\",262144,8,16,32,lbdf,-5,3,{},101,102,7,"
      "104.5,105,ab12\r\n");
  assert_integrity();
}
END_TEST

START_TEST(a_comparison_comes_back) {
  static const uint64_t seed = UINT64_MAX;
  const struct store_run run = fixture_example_run();
  const struct store_explainer rows[] = {
      {run.network, run.hardware, "e1", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10.5, 11.5, 12.5, 13.5, 14, 15, 16.5, 17.5, 0.25,
       0.5, 0.75, -0.125},
      {run.network, run.hardware, "e2", 21, 22, 23, 24, 25, 26, 27, 28, 29, -0.5, 31.5, 32.5, 33.5, 34, 35, 36.5, 37.5, 1,
       0, (double)INFINITY, (double)INFINITY},
  };
  const struct store_comparison comparison = {"1.2", "2024-05-06T07:08:09Z", 4.5,  "brr", 0.25, 6,
                                              &seed, 7,                      1000, "{}",  rows, 2};
  struct error err = ERROR_INIT;
  struct store *store = fixture_open_database();
  int64_t id = 0;
  ck_assert_int_eq(store_write_comparison(store, &id, &comparison, &err), 0);
  ck_assert_int_eq(id, 1);
  store_close(store);
  fixture_assert_csv(
      "SELECT comparison_id, started_at, wall_seconds, tool_version, method, fraction, breadth, seed, jobs,"
      " groups_wanted, options, ordinal, explainer, group_count, rectified, rectified_at_once, first_cuts,"
      " possible_first_cuts, best_first_cuts, regret_groups, better, equal, regret_sum, regret_median, regret_mean,"
      " regret_worst, explanations, simulations, microseconds_median, microseconds_mean, sparsity, stability,"
      " fidelity_plus, fidelity_minus FROM v_explainer ORDER BY ordinal",
      NULL,
      "comparison_id,started_at,wall_seconds,tool_version,method,fraction,breadth,seed,jobs,groups_wanted,options,"
      "ordinal,explainer,group_count,rectified,rectified_at_once,first_cuts,possible_first_cuts,best_first_cuts,"
      "regret_groups,better,equal,regret_sum,regret_median,regret_mean,regret_worst,explanations,simulations,"
      "microseconds_median,microseconds_mean,sparsity,stability,fidelity_plus,fidelity_minus\r\n"
      "1,2024-05-06T07:08:09Z,4.5,1.2,brr,0.25,6,-1,7,1000,{},0,e1,1,2,3,4,5,6,7,8,9,"
      "10.5,11.5,12.5,13.5,14,15,16.5,17.5,0.25,0.5,0.75,-0.125\r\n"
      "1,2024-05-06T07:08:09Z,4.5,1.2,brr,0.25,6,-1,7,1000,{},1,e2,21,22,23,24,25,26,27,28,29,-0.5,31.5,32.5,33.5,34,35,"
      "36.5,37.5,1.0,0.0,,\r\n");
  ck_assert_int_eq(fixture_integer("SELECT count(*) FROM v_explainer JOIN hardware ON hardware.id = hardware_id"), 2);
  assert_integrity();
}
END_TEST

START_TEST(unknown_values_are_null) {
  struct store *store = fixture_open_database();
  struct store_run run = fixture_example_run();
  run.search = run.splitter = NULL;
  run.budget = run.seed = run.optimum_dram_bytes = run.bound_dram_bytes = NULL;
  run.groups_proposed = run.groups_proposed_valid = NULL;
  run.experiment = NULL;
  run.curve_count = run.explanation_count = run.front_count = 0;
  run.timed = NULL;
  fixture_write(store, &run);
  store_close(store);
  fixture_assert_csv(
      "SELECT count(*) AS n FROM v_run WHERE search IS NULL AND splitter IS NULL AND budget IS NULL"
      " AND seed IS NULL AND optimum_dram_bytes IS NULL AND bound_dram_bytes IS NULL AND cycles IS NULL"
      " AND energy_pj IS NULL AND bound IS NULL AND layer_by_layer_cycles IS NULL"
      " AND groups_proposed IS NULL AND groups_proposed_valid IS NULL AND experiment IS NULL AND cell_key IS NULL",
      NULL, "n\r\n1\r\n");
}
END_TEST

START_TEST(hardware_and_networks_are_kept_once) {
  struct store *store = fixture_open_database();
  struct store_run run = fixture_example_run();
  ck_assert_int_eq(fixture_write(store, &run), 1);
  ck_assert_int_eq(fixture_write(store, &run), 2);
  run.hardware.buffer_bytes = 131072;
  run.network.hash = "11ee";
  ck_assert_int_eq(fixture_write(store, &run), 3);
  store_close(store);
  fixture_assert_csv(
      "SELECT (SELECT count(*) FROM network) AS n, (SELECT count(*) FROM hardware) AS h,"
      " (SELECT group_concat(hardware_id) FROM v_run) AS ids",
      NULL, "n,h,ids\r\n2,2,\"1,1,2\"\r\n");
}
END_TEST

START_TEST(a_cell_is_kept_once) {
  struct error err = ERROR_INIT;
  struct store *store = fixture_open_database();
  struct store_run run = fixture_example_run();
  run.cell_key = "ab12";
  ck_assert_int_eq(fixture_write(store, &run), 1);
  ck_assert_int_eq(store_write_run(store, NULL, &run, &err), 1);
  run.cell_key = "ab13";
  fixture_write(store, &run);
  run.cell_key = NULL;
  fixture_write(store, &run);
  fixture_write(store, &run);
  store_close(store);
  ck_assert_int_eq(fixture_integer("SELECT count(*) FROM v_run"), 4);
  ck_assert_int_eq(broken_runs(), 0);
}
END_TEST

START_TEST(hostile_names_are_only_text) {
  static const char hostile[] = "x'); DROP TABLE run; --\"\n%s?1:a\xff";
  struct store *store = fixture_open_database();
  struct store_run run = fixture_example_run();
  run.network.name = run.search = hostile;
  fixture_write(store, &run);
  store_close(store);
  struct error err = ERROR_INIT;
  struct query *query;
  char parameter[64];
  snprintf(parameter, sizeof parameter, "n=%s", hostile);
  const char *const parameters[] = {parameter};
  ck_assert_int_eq(query_open(&query, fixture_database, NULL, &err), 0);
  ck_assert_int_eq(query_ask(query, "SELECT search FROM v_run WHERE network = :n", parameters, 1, &err), 0);
  ck_assert_int_eq(query_step(query, &err), 1);
  struct query_value value = query_value(query, 0);
  ck_assert_int_eq(value.type, QUERY_TEXT);
  ck_assert_uint_eq(value.length, strlen(hostile));
  ck_assert_mem_eq(value.bytes, hostile, value.length);
  query_close(query);
}
END_TEST

START_TEST(a_bad_record_leaves_nothing) {
  struct error err = ERROR_INIT;
  struct store *store = fixture_open_database();
  struct store_group groups[2] = {fixture_example_groups[0], fixture_example_groups[1]};
  struct store_run run = fixture_example_run();
  run.groups = groups;
  groups[1].required_bytes = UINT64_C(1) << 63;
  ck_assert_int_eq(store_write_run(store, NULL, &run, &err), -1);
  ck_assert_ptr_nonnull(strstr(err.message, "required_bytes is 9223372036854775808"));
  groups[1].required_bytes = 1;
  groups[1].ops = NULL;
  ck_assert_int_eq(store_write_run(store, NULL, &run, &err), -1);
  ck_assert_int_eq(err.kind, ERROR_OUTPUT);
  ck_assert_ptr_nonnull(strstr(err.message, "run_group.ops"));
  groups[1].ops = "[]";
  fixture_write(store, &run);
  store_close(store);
  fixture_assert_csv("SELECT (SELECT count(*) FROM run) AS r, (SELECT count(*) FROM run_group) AS g", NULL,
                     "r,g\r\n1,2\r\n");
}
END_TEST

/* ---- opening ---- */

START_TEST(opening_again_changes_nothing) {
  fixture_write_example();
  int64_t schema = fixture_integer("PRAGMA schema_version");
  for (int i = 0; i < 3; i++) store_close(fixture_open_database());
  ck_assert_int_eq(fixture_integer("PRAGMA schema_version"), schema);
  ck_assert_int_eq(fixture_integer("PRAGMA user_version"), (int64_t)schema_step_count);
  ck_assert_int_eq(fixture_integer("PRAGMA application_id"), SCHEMA_APPLICATION_ID);
  ck_assert_int_eq(fixture_integer("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
  ck_assert_int_eq(
      fixture_integer("SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND NOT strict"
                      " AND schema = 'main' AND name NOT LIKE 'sqlite%'"),
      0);
  ck_assert_int_eq(fixture_integer("SELECT count(*) FROM run"), 1);
}
END_TEST

START_TEST(only_missing_migrations_run) {
  static const char *const steps[] = {"CREATE TABLE one (x); INSERT INTO one VALUES (1)",
                                      "ALTER TABLE one ADD COLUMN y; UPDATE one SET y = x + 1"};
  struct error err = ERROR_INIT;
  sqlite3 *db;
  ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
  ck_assert_int_eq(schema_migrate(db, "memory", steps, 1, &err), 0);
  ck_assert_int_eq(schema_migrate(db, "memory", steps, 2, &err), 0);
  ck_assert_int_eq(schema_migrate(db, "memory", steps, 2, &err), 0);
  size_t version;
  ck_assert_int_eq(schema_identify(&version, db, "memory", 2, ERROR_OUTPUT, &err), 0);
  ck_assert_uint_eq(version, 2);
  ck_assert_int_eq(schema_migrate(db, "memory", steps, 1, &err), -1);
  ck_assert_ptr_nonnull(strstr(err.message, "newer Spillway: schema version 2"));
  sqlite3_stmt *statement;
  ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT sum(y), count(*) FROM one", -1, &statement, NULL),
                   SQLITE_OK);
  ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
  ck_assert_int_eq(sqlite3_column_int(statement, 0), 2);
  ck_assert_int_eq(sqlite3_column_int(statement, 1), 1);
  sqlite3_finalize(statement);
  sqlite3_close(db);
}
END_TEST

/* ---- databases of earlier versions ---- */

/* A database as the first `version` steps left it. */
static void make_old_database(const char *path, size_t version) {
  struct error err = ERROR_INIT;
  sqlite3 *db;
  ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
  ck_assert_msg(schema_migrate(db, path, schema_steps, version, &err) == 0, "%s", err.message);
  sqlite3_close(db);
}

/* A run as version 1 kept it. */
static const char old_run[] =
    "INSERT INTO network VALUES (3, 'old', 'aa');"
    "INSERT INTO hardware VALUES (4, 'edge', 'name: edge', 262144, 8, 8, 32);"
    "INSERT INTO run VALUES (7, 3, 4, '0.1.0', '2024-01-02T03:04:05Z', 0.5, 'simulate', 'lbdf', NULL, NULL, NULL,"
    " NULL, 1, '{}', 11, 12, 13, 14, 15, 16, 1, 17, 18, 19, NULL, NULL, 20, 21, 22);"
    "INSERT INTO run_group VALUES (7, 0, '[\"a\"]', 'a', 'a', 1, 'lbdf', 1, 1, 31, 32, 33, 34, 35)";

START_TEST(an_old_database_keeps_its_runs_and_takes_timed_ones) {
  make_old_database(fixture_database, 1);
  execute(fixture_database, old_run);
  ck_assert_int_eq(fixture_integer("PRAGMA user_version"), 1);
  fixture_write_example();
  ck_assert_int_eq(fixture_integer("PRAGMA user_version"), (int64_t)schema_step_count);
  fixture_assert_csv("SELECT run_id, network, compulsory_bytes, invalid_groups, cycles, bound FROM v_run ORDER BY 1",
                     NULL,
                     "run_id,network,compulsory_bytes,invalid_groups,cycles,bound\r\n"
                     "7,old,19,22,,\r\n8,tiny,108,111,201,memory\r\n");
  fixture_assert_csv("SELECT run_id, ordinal, stripes, cycles, start_cycle FROM v_group ORDER BY 1, 2", NULL,
                     "run_id,ordinal,stripes,cycles,start_cycle\r\n7,0,35,,\r\n8,0,55,301,328\r\n8,1,65,,\r\n");
  assert_integrity();
}
END_TEST

START_TEST(an_old_database_is_not_changed_by_a_question) {
  struct error err = ERROR_INIT;
  struct query *query;
  make_old_database(fixture_database, 1);
  ck_assert_int_eq(query_open(&query, fixture_database, NULL, &err), -1);
  ck_assert_msg(strstr(err.message, "has schema version 1, but version") != NULL, "%s", err.message);
  ck_assert_int_eq(fixture_integer("PRAGMA user_version"), 1);
}
END_TEST

/* What a query could name keeps its name and its place. */
START_TEST(views_only_grow_at_the_end) {
  char old_path[160];
  char *message = NULL;
  sqlite3 *db;
  make_old_database(fixture_database, schema_step_count);
  snprintf(old_path, sizeof old_path, "%s/old.db", fixture_directory);
  for (size_t version = 1; version < schema_step_count; version++) {
    make_old_database(old_path, version);
    ck_assert_int_eq(sqlite3_open(fixture_database, &db), SQLITE_OK);
    char *sql = sqlite3_mprintf(
        "ATTACH %Q AS old; CREATE TEMP TABLE moved (name CHECK (name IS NULL));"
        "INSERT INTO moved SELECT v.name || '.' || c.name FROM old.sqlite_schema AS v,"
        " pragma_table_info(v.name, 'old') AS c WHERE v.type = 'view' AND NOT EXISTS"
        " (SELECT 1 FROM pragma_table_info(v.name, 'main') AS n WHERE n.name = c.name AND n.cid = c.cid)",
        old_path);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%s", message);
    sqlite3_free(sql);
    sqlite3_close(db);
    unlink(old_path);
  }
}
END_TEST

START_TEST(timed_rows_go_with_their_run) {
  fixture_write_example();
  execute(fixture_database, "PRAGMA foreign_keys = ON; DELETE FROM run");
  ck_assert_int_eq(fixture_integer("SELECT (SELECT count(*) FROM run_timed) + count(*) FROM run_group_timed"), 0);
}
END_TEST

/* The file's bytes; the caller frees them. */
static char *file_bytes(const char *path, size_t *length) {
  struct stat status;
  int file = open(path, O_RDONLY);
  ck_assert_int_ge(file, 0);
  ck_assert_int_eq(fstat(file, &status), 0);
  *length = (size_t)status.st_size;
  char *bytes = malloc(*length + 1);
  ck_assert_int_eq(read(file, bytes, *length), status.st_size);
  close(file);
  return bytes;
}

static void assert_refused_untouched(const char *words) {
  struct error err = ERROR_INIT;
  struct query *query;
  size_t length, length_after;
  char *before = file_bytes(fixture_database, &length);
  assert_open_fails(fixture_database, words);
  ck_assert_int_eq(query_open(&query, fixture_database, NULL, &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_msg(strstr(err.message, words) != NULL, "\"%s\" lacks \"%s\"", err.message, words);
  char *after = file_bytes(fixture_database, &length_after);
  ck_assert_uint_eq(length, length_after);
  ck_assert_mem_eq(before, after, length);
  free(before);
  free(after);
}

START_TEST(a_foreign_database_is_left_alone) {
  execute(fixture_database, "CREATE TABLE notes (x)");
  assert_refused_untouched("database of another program");
  execute(fixture_database, "PRAGMA journal_mode = WAL; PRAGMA application_id = 77");
  assert_refused_untouched("database of another program");
}
END_TEST

START_TEST(a_foreign_wal_is_not_folded_in) {
  char path[256];
  size_t length, length_after;
  sqlite3 *db;
  ck_assert_int_eq(sqlite3_open(fixture_database, &db), SQLITE_OK);
  ck_assert_int_eq(sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL), SQLITE_OK);
  ck_assert_int_eq(sqlite3_exec(db, "PRAGMA journal_mode = WAL; CREATE TABLE notes (x)", NULL, NULL, NULL),
                   0);
  sqlite3_close(db);
  snprintf(path, sizeof path, "%s-wal", fixture_database);
  free(file_bytes(path, &length));
  ck_assert_uint_gt(length, 0);
  assert_refused_untouched("database of another program");
  free(file_bytes(path, &length_after));
  ck_assert_uint_eq(length_after, length);
}
END_TEST

START_TEST(a_newer_database_is_left_alone) {
  fixture_write_example();
  execute(fixture_database, "PRAGMA user_version = 1000");
  assert_refused_untouched("newer Spillway: schema version 1000");
  execute(fixture_database, "PRAGMA user_version = -1");
  assert_refused_untouched("schema version -1");
}
END_TEST

START_TEST(a_file_of_something_else_is_left_alone) {
  fixture_write_text(fixture_database, "groups:\n- [a, b]\n");
  assert_refused_untouched("not an SQLite database");
}
END_TEST

START_TEST(an_empty_file_becomes_a_database) {
  fixture_write_text(fixture_database, "");
  struct error err = ERROR_INIT;
  struct query *query;
  ck_assert_int_eq(query_open(&query, fixture_database, NULL, &err), -1);
  ck_assert_ptr_nonnull(strstr(err.message, "is empty"));
  fixture_write_example();
  ck_assert_int_eq(fixture_integer("SELECT count(*) FROM v_run"), 1);
}
END_TEST

START_TEST(a_missing_directory_is_made) {
  char parent[128], path[160];
  snprintf(parent, sizeof parent, "%s/new", fixture_directory);
  snprintf(path, sizeof path, "%s/deep/runs.db", parent);
  assert_open_fails(path, "cannot create the directory");
  snprintf(path, sizeof path, "%s/runs.db", parent);
  struct error err = ERROR_INIT;
  struct store *store;
  ck_assert_msg(store_open(&store, path, &err) == 0, "%s", err.message);
  store_close(store);
  ck_assert_int_eq(unlink(path), 0);
  ck_assert_int_eq(rmdir(parent), 0);
}
END_TEST

START_TEST(unusable_paths_fail_at_once) {
  char path[256];
  fixture_write_text(fixture_database, "x");
  snprintf(path, sizeof path, "%s/runs.db", fixture_database);
  assert_open_fails(path, "Not a directory");
  assert_open_fails(fixture_directory, "a directory where a database file was expected");
  assert_open_fails("", "path of the database is empty");
  unlink(fixture_database);
  ck_assert_int_eq(mkfifo(fixture_database, 0600), 0);
  assert_open_fails(fixture_database, "not a regular file");
}
END_TEST

/* SQLite gives these names other meanings; here they are files. */
START_TEST(special_names_are_file_names) {
  static const char *const names[] = {":memory:", "file:a?mode=memory", "a b'%41#.db"};
  char here[1024], path[256];
  struct error err = ERROR_INIT;
  struct query *query;
  struct store *store;
  ck_assert_ptr_nonnull(getcwd(here, sizeof here));
  ck_assert_int_eq(chdir(fixture_directory), 0);
  for (size_t i = 0; i < 3; i++) {
    ck_assert_msg(store_open(&store, names[i], &err) == 0, "%s", err.message);
    store_close(store);
    ck_assert_msg(query_open(&query, names[i], NULL, &err) == 0, "%s", err.message);
    query_close(query);
    snprintf(path, sizeof path, "%s/%s", fixture_directory, names[i]);
    ck_assert_int_eq(unlink(path), 0);
    strcat(path, "-wal");
    unlink(path);
    strcpy(path + strlen(path) - 3, "shm");
    unlink(path);
  }
  ck_assert_int_eq(chdir(here), 0);
}
END_TEST

/* ---- several processes, and sudden ends ---- */

/* In a child: writes runs and leaves without the parent's exit handlers. */
static void child_writes(int runs) {
  struct error err = ERROR_INIT;
  struct store *store;
  struct store_group groups[MANY_GROUPS];
  struct store_run run = fixture_example_run();
  for (int i = 0; i < MANY_GROUPS; i++) groups[i] = fixture_example_groups[0];
  run.groups = groups;
  run.group_count = MANY_GROUPS;
  if (store_open(&store, fixture_database, &err) != 0) _exit(1);
  for (int i = 0; i < runs; i++) {
    if (store_write_run(store, NULL, &run, &err) != 0) _exit(2);
  }
  store_close(store);
  _exit(0);
}

static pid_t start_writer(int runs) {
  pid_t child = fork();
  if (child == 0) child_writes(runs);
  ck_assert_int_gt(child, 0);
  return child;
}

START_TEST(two_processes_share_a_database) {
  pid_t children[2];
  for (int i = 0; i < 2; i++) children[i] = start_writer(50);
  for (int i = 0; i < 2; i++) {
    int status;
    ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
    ck_assert_int_eq(status, 0);
  }
  ck_assert_int_eq(fixture_integer("SELECT count(*) FROM v_run"), 100);
  ck_assert_int_eq(fixture_integer("SELECT count(*) FROM v_group"), 100 * MANY_GROUPS);
  ck_assert_int_eq(broken_runs(), 0);
  assert_integrity();
}
END_TEST

static void pause_microseconds(long microseconds) {
  struct timespec pause = {microseconds / 1000000, microseconds % 1000000 * 1000};
  nanosleep(&pause, NULL);
}

/* The times reach from before the tables exist to the middle of some run. */
START_TEST(a_killed_writer_leaves_whole_runs) {
  int64_t runs = 0;
  for (int i = 0; i < 24; i++) {
    int status;
    pid_t child = start_writer(1000000);
    pause_microseconds(500 + i * i * 150);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    store_close(fixture_open_database());
    int64_t now = fixture_integer("SELECT count(*) FROM v_run");
    ck_assert_int_ge(now, runs);
    ck_assert_int_eq(broken_runs(), 0);
    assert_integrity();
    runs = now;
  }
  ck_assert_int_gt(runs, 0);
}
END_TEST

static void limit_file_size(rlim_t bytes) {
  struct rlimit limit = {bytes, RLIM_INFINITY};
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_keeps_the_old_runs) {
  struct error err = ERROR_INIT;
  struct store_run run = fixture_example_run();
  struct store *store = fixture_open_database();
  signal(SIGXFSZ, SIG_IGN);
  fixture_write(store, &run);
  limit_file_size(96 << 10);
  char *ops = malloc(1 << 20);
  memset(ops, ' ', 1 << 20);
  memcpy(ops, "[]", 2);
  ops[(1 << 20) - 1] = '\0';
  struct store_group group = fixture_example_groups[0];
  group.ops = ops;
  struct store_run large = run;
  large.groups = &group;
  large.group_count = 1;
  ck_assert_int_eq(store_write_run(store, NULL, &large, &err), -1);
  ck_assert_int_eq(err.kind, ERROR_OUTPUT);
  ck_assert_msg(strstr(err.message, "the disk is full, or a quota") != NULL, "%s", err.message);
  ck_assert_ptr_nonnull(strstr(err.message, fixture_database));
  limit_file_size(RLIM_INFINITY);
  ck_assert_int_eq(fixture_write(store, &run), 2);
  store_close(store);
  free(ops);
  ck_assert_int_eq(fixture_integer("SELECT count(*) FROM v_run"), 2);
  ck_assert_int_eq(broken_runs(), 0);
  assert_integrity();
}
END_TEST

/* The limit is for a child, since Check itself writes files. */
START_TEST(a_full_disk_shows_at_the_start) {
  fixture_write_example();
  int status;
  pid_t child = fork();
  if (child == 0) {
    const struct rlimit none = {0, RLIM_INFINITY};
    struct error err = ERROR_INIT;
    struct store *store;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &none) != 0 || store_open(&store, fixture_database, &err) == 0) _exit(1);
    _exit(err.kind == ERROR_OUTPUT && strstr(err.message, "the disk is full") != NULL ? 0 : 2);
  }
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  fixture_write_example();
  ck_assert_int_eq(fixture_integer("SELECT count(*) FROM v_run"), 2);
}
END_TEST

START_TEST(damage_is_reported) {
  fixture_write_example();
  int file = open(fixture_database, O_WRONLY);
  char noise[4096];
  memset(noise, 0x5a, sizeof noise);
  for (off_t page = 1; page < 60; page++)
    ck_assert_int_eq(pwrite(file, noise, sizeof noise, page * 4096), 4096);
  close(file);
  struct error err = ERROR_INIT;
  char *answer = fixture_ask("SELECT * FROM v_group", NULL, 0, query_print_csv, &err);
  ck_assert_ptr_null(answer);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_msg(strstr(err.message, "the file is damaged") != NULL, "%s", err.message);
}
END_TEST

Suite *store_suite(void) {
  Suite *suite = suite_create("store");
  TCase *tcase = tcase_create("store");
  tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
  tcase_set_timeout(tcase, 120);
  tcase_add_test(tcase, every_column_comes_back);
  tcase_add_test(tcase, samples_come_back_and_are_replaced);

  tcase_add_test(tcase, a_comparison_comes_back);
  tcase_add_test(tcase, unknown_values_are_null);
  tcase_add_test(tcase, hardware_and_networks_are_kept_once);
  tcase_add_test(tcase, a_cell_is_kept_once);
  tcase_add_test(tcase, hostile_names_are_only_text);
  tcase_add_test(tcase, a_bad_record_leaves_nothing);
  tcase_add_test(tcase, opening_again_changes_nothing);
  tcase_add_test(tcase, only_missing_migrations_run);
  tcase_add_test(tcase, an_old_database_keeps_its_runs_and_takes_timed_ones);
  tcase_add_test(tcase, an_old_database_is_not_changed_by_a_question);
  tcase_add_test(tcase, views_only_grow_at_the_end);
  tcase_add_test(tcase, timed_rows_go_with_their_run);
  tcase_add_test(tcase, a_foreign_database_is_left_alone);
  tcase_add_test(tcase, a_foreign_wal_is_not_folded_in);
  tcase_add_test(tcase, a_newer_database_is_left_alone);
  tcase_add_test(tcase, a_file_of_something_else_is_left_alone);
  tcase_add_test(tcase, an_empty_file_becomes_a_database);
  tcase_add_test(tcase, a_missing_directory_is_made);
  tcase_add_test(tcase, unusable_paths_fail_at_once);
  tcase_add_test(tcase, special_names_are_file_names);
  tcase_add_test(tcase, two_processes_share_a_database);
  tcase_add_test(tcase, a_killed_writer_leaves_whole_runs);
  tcase_add_test(tcase, a_full_disk_keeps_the_old_runs);
  tcase_add_test(tcase, a_full_disk_shows_at_the_start);
  tcase_add_test(tcase, damage_is_reported);
  suite_add_tcase(suite, tcase);
  return suite;
}
