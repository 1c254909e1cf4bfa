/* Questions to the results database: they only read, and the answers are right. */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/named.h"
#include "store/query_print.h"
#include "store/schema.h"
#include "store_fixture.h"

Suite *query_suite(void);

static void assert_refused(const char *text, const char *parameter, const char *words) {
  struct error err = ERROR_INIT;
  const char *const parameters[] = {parameter};
  char *answer = fixture_ask(text, parameters, parameter == NULL ? 0 : 1, query_print_csv, &err);
  ck_assert_msg(answer == NULL, "%s was answered: %s", text, answer);
  ck_assert_int_eq(err.kind, ERROR_USAGE);
  ck_assert_msg(strstr(err.message, words) != NULL, "%s: \"%s\" lacks \"%s\"", text, err.message, words);
}

/* ---- reading only ---- */

/* Runs body in a child that may not write to the directory, even if the tests run as root. */
static int without_rights(int (*body)(void)) {
  chmod(fixture_database, 0444);
  chmod(fixture_directory, 0555);
  pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(90);
    _exit(body());
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  chmod(fixture_directory, 0700);
  chmod(fixture_database, 0644);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 91;
}

static int body_reads(void) {
  struct error err = ERROR_INIT;
  char *answer = fixture_ask("SELECT count(*) AS n FROM v_group", NULL, 0, query_print_csv, &err);
  if (answer == NULL) return 1;
  return strcmp(answer, "n\r\n2\r\n") == 0 ? 0 : 2;
}

static int body_cannot_write(void) {
  struct error err = ERROR_INIT;
  struct store *store;
  if (store_open(&store, fixture_database, &err) == 0) return 1;
  return err.kind == ERROR_OUTPUT && strstr(err.message, "writable") != NULL ? 0 : 2;
}

static int body_refuses_pending_wal(void) {
  struct error err = ERROR_INIT;
  struct query *query;
  if (query_open(&query, fixture_database, NULL, &err) == 0) return 1;
  return strstr(err.message, "runs not yet merged") != NULL ? 0 : 2;
}

START_TEST(a_write_protected_database_can_be_read) {
  fixture_write_example();
  chmod(fixture_directory, 0755);
  ck_assert_int_eq(without_rights(body_reads), 0);
  ck_assert_int_eq(without_rights(body_cannot_write), 0);
}
END_TEST

START_TEST(stale_answers_are_not_given) {
  char path[256];
  fixture_write_example();
  snprintf(path, sizeof path, "%s-wal", fixture_database);
  fixture_write_text(path, "pending");
  ck_assert_int_eq(chmod(path, 0), 0);
  ck_assert_int_eq(without_rights(body_refuses_pending_wal), 0);
}
END_TEST

START_TEST(queries_cannot_write) {
  static const struct {
    const char *sql, *words;
  } attempts[] = {
      {"INSERT INTO network VALUES (9, 'x', 'y')", "may only read, and it asks for INSERT INTO network"},
      {"WITH a AS (SELECT 1) DELETE FROM run", "DELETE FROM run"},
      {"UPDATE run SET seed = 1", "UPDATE run"},
      {"DROP TABLE run", "a change of the schema"},
      {"CREATE TABLE x (y)", "a change of the schema"},
      {"CREATE TEMP TABLE x (y)", "a change of the schema"},
      {"ALTER TABLE run ADD COLUMN x", "a change of the schema"},
      {"UPDATE sqlite_master SET sql = ''", "may not be modified"},
      {"ATTACH 'other.db' AS other", "ATTACH"},
      {"DETACH main", "DETACH"},
      {"PRAGMA journal_mode = DELETE", "PRAGMA journal_mode"},
      {"PRAGMA user_version = 7", "PRAGMA user_version"},
      {"PRAGMA writable_schema = 1", "PRAGMA writable_schema"},
      {"PRAGMA wal_checkpoint", "PRAGMA wal_checkpoint"},
      {"VACUUM;", "may only read"},
      {"VACUUM INTO 'copy.db'", "may only read"},
      {"BEGIN;", "a transaction: BEGIN"},
      {"SAVEPOINT x", "SAVEPOINT"},
      {"REINDEX;", "may only read"},
      {"ANALYZE;", "may only read"},
      {"SELECT load_extension('x')", "the function load_extension"},
      {"SELECT my_function(1)", "no such function: my_function"},
      {"EXPLAIN DROP TABLE run", "may only read"},
  };
  fixture_write_example();
  for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
    assert_refused(attempts[i].sql, NULL, attempts[i].words);
  }
  ck_assert_int_eq(fixture_integer("SELECT count(*) FROM v_run WHERE seed = -5"), 1);
  ck_assert_int_ne(access("copy.db", F_OK), 0);
  fixture_assert_csv("SELECT value FROM v_group, json_each(ops) ORDER BY 1", NULL,
                     "value\r\na\r\nb\r\nc\r\n");
  char version[32];
  snprintf(version, sizeof version, "user_version\r\n%zu\r\n", schema_step_count);
  fixture_assert_csv("PRAGMA user_version", NULL, version);
  fixture_assert_csv("SELECT name FROM pragma_table_info('v_curve')", NULL,
                     "name\r\nrun_id\r\nordinal\r\nplans\r\nfuseable_dram_bytes\r\n");
}
END_TEST

START_TEST(a_query_is_one_statement) {
  fixture_write_example();
  assert_refused("SELECT 1; SELECT 2", NULL, "another text follows it: \" SELECT 2\"");
  assert_refused("SELECT 1; DROP TABLE run", NULL, "single SQL statement");
  assert_refused("SELECT 1; nonsense", NULL, "single SQL statement");
  assert_refused("; ", NULL, "empty");
  assert_refused("", NULL, "empty");
  assert_refused("-- nothing", NULL, "empty");
  assert_refused("SELEC 1", NULL, "near \"SELEC\": syntax error");
  assert_refused("SELECT * FROM runs", NULL, "no such table: runs; the views are v_run");
  assert_refused("SELECT zeroblob(1000000000)", NULL, "64 MiB");
  fixture_assert_csv("SELECT 1 AS x; ; -- done\n /* really */ ", NULL, "x\r\n1\r\n");
}
END_TEST

START_TEST(parameters_are_checked) {
  fixture_write_example();
  assert_refused("nothing", NULL, "no query is called \"nothing\"; there are best, saving, spread, culprits");
  assert_refused("groups", "network=tiny", "groups has no parameter \"network\"; it takes run");
  assert_refused("runs", "limit=many", "parameter limit=many: expected a whole number");
  assert_refused("runs", "limit=-1", "expected a whole number");
  assert_refused("best", "buffer=big", "expected a size such as");
  assert_refused("runs", "limit", "expected name=value");
  assert_refused("runs", "=3", "has no parameter \"\"");
  assert_refused("SELECT 1", "x=1", "the SQL has no parameter \"x\"; it takes none");
  assert_refused("SELECT :x, :y", "x=1", "parameter \"y\" has no value; give it as y=VALUE");
  assert_refused("SELECT ?", NULL, "write :name");
  fixture_assert_csv("SELECT :x AS v, typeof(:x) AS t", "x=12", "v,t\r\n12,integer\r\n");
  fixture_assert_csv("SELECT $x AS v, typeof($x) AS t", "x=-0.5", "v,t\r\n-0.5,real\r\n");
  fixture_assert_csv("SELECT @x AS v, typeof(@x) AS t", "x=1e5", "v,t\r\n1e5,text\r\n");
  fixture_assert_csv("SELECT :x AS v, typeof(:x) AS t", "x=0012", "v,t\r\n0012,text\r\n");
  fixture_assert_csv("SELECT :x AS v, typeof(:x) AS t", "x=a=b", "v,t\r\na=b,text\r\n");
}
END_TEST

START_TEST(a_long_query_can_be_stopped) {
  static volatile sig_atomic_t stop = 1;
  struct error err = ERROR_INIT;
  struct query *query;
  fixture_write_example();
  ck_assert_int_eq(query_open(&query, fixture_database, &stop, &err), 0);
  ck_assert_int_eq(query_ask(query,
                             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                             " SELECT count(*) FROM n",
                             NULL, 0, &err),
                   0);
  ck_assert_int_eq(query_step(query, &err), -1);
  ck_assert_ptr_nonnull(strstr(err.message, "interrupted"));
  query_close(query);
}
END_TEST

START_TEST(a_missing_database_is_not_made) {
  struct error err = ERROR_INIT;
  struct query *query;
  ck_assert_int_eq(query_open(&query, fixture_database, NULL, &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_ptr_nonnull(strstr(err.message, "no such database"));
  ck_assert_int_ne(access(fixture_database, F_OK), 0);
}
END_TEST

/* ---- named queries, on a database whose answers are worked out by hand ---- */

struct known {
  const char *network, *search, *splitter;
  uint64_t buffer_bytes, seed, fuseable;
  bool valid;
};

/* Layer by layer every plan moves 8,000,000 fuseable bytes. */
static const struct known known_runs[] = {
    {"alpha", "random", "random", 262144, 1, 4000000, true},    /* run 1 */
    {"alpha", "random", "trace-get", 262144, 1, 3000000, true}, /* run 2: 25 % below run 1 */
    {"alpha", "local", "trace-get", 262144, 1, 2000000, true},  /* run 3: no partner */
    {"alpha", "local", "random", 262144, 2, 1000000, false},    /* run 4: cannot run */
    {"alpha", "random", "trace-get", 131072, 1, 6000000, true}, /* run 5: another buffer */
    {"beta", "random", "trace-get", 262144, 1, 1234567, true},  /* run 6 */
    {"beta", "random", "random", 262144, 1, 5000000, true},     /* run 7 */
    {"beta", "random", "random", 262144, 1, 4938268, true},     /* run 8: newer than 7; run 6 is a quarter */
};

static void write_known(void) {
  struct store *store = fixture_open_database();
  for (size_t i = 0; i < sizeof known_runs / sizeof known_runs[0]; i++) {
    const struct known *known = &known_runs[i];
    struct store_run run = fixture_example_run();
    struct store_group group = fixture_example_groups[0];
    struct store_explanation explanations[2] = {run.explanations[0], run.explanations[0]};
    run.network.name = known->network;
    run.hardware.buffer_bytes = known->buffer_bytes;
    run.search = known->search;
    run.splitter = known->splitter;
    run.seed = &known->seed;
    run.fuseable_dram_bytes = known->fuseable;
    run.total_dram_bytes = known->fuseable + 500000;
    run.layer_by_layer_dram_bytes = 8000000;
    group.valid = known->valid;
    run.groups = &group;
    run.group_count = 1;
    explanations[1].culprit_op = "c4";
    explanations[1].times = 120 + i;
    explanations[1].culprit_row_bytes = 1024 * (i + 1);
    run.explanations = explanations;
    run.explanation_count = known->splitter[0] == 't' ? 2 : 0;
    fixture_write(store, &run);
  }
  store_close(store);
}

START_TEST(best_is_right) {
  write_known();
  fixture_assert_csv(
      "best", NULL,
      "network,buffer_kib,bits,method,search,splitter,fuseable_mb,total_mb,groups,saving_percent,run\r\n"
      "alpha,128.0,8/16/32,lbdf,random,trace-get,6.0,6.5,1,25.0,5\r\n"
      "alpha,256.0,8/16/32,lbdf,local,trace-get,2.0,2.5,1,75.0,3\r\n"
      "beta,256.0,8/16/32,lbdf,random,trace-get,1.235,1.735,1,84.57,6\r\n");
  fixture_assert_csv("SELECT count(*) AS n FROM v_run WHERE network = :network", "network=alpha",
                     "n\r\n5\r\n");
  fixture_assert_csv(
      "best", "buffer=128KiB",
      "network,buffer_kib,bits,method,search,splitter,fuseable_mb,total_mb,groups,saving_percent,run\r\n"
      "alpha,128.0,8/16/32,lbdf,random,trace-get,6.0,6.5,1,25.0,5\r\n");
}
END_TEST

START_TEST(saving_is_right) {
  write_known();
  fixture_assert_csv(
      "saving", NULL,
      "network,buffer_kib,bits,method,search,budget,seed,random_mb,trace_get_mb,saving_percent,random_run,"
      "trace_get_run\r\n"
      "alpha,256.0,8/16/32,lbdf,random,2000,1,4.0,3.0,25.0,1,2\r\n"
      "beta,256.0,8/16/32,lbdf,random,2000,1,4.938,1.235,75.0,8,6\r\n");
}
END_TEST

#define OPTIONS_PLAIN "{\"fraction\":0.3,\"breadth\":8}"
#define OPTIONS_BOUND "{\"fraction\":0.3,\"breadth\":8,\"max_ideals\":1,\"max_steps\":2,\"max_groups\":3}"

/* Of the same search: random splits left 4 MB, trace-GET 3 MB with a proof beside it and 2 MB with another fraction.
 * Neither changes what random splits do; another breadth does. */
START_TEST(saving_minds_only_options_that_change_plans) {
  static const struct {
    const char *splitter, *options;
    uint64_t megabytes;
  } runs[] = {{"random", OPTIONS_PLAIN, 4},
              {"trace-get", OPTIONS_BOUND, 3},
              {"trace-get", "{\"fraction\":0.5,\"breadth\":8}", 2},
              {"trace-get", "{\"fraction\":0.3,\"breadth\":0}", 1}};
  struct store *store = fixture_open_database();
  struct store_run run = fixture_example_run();
  const uint64_t seed = 1;
  run.seed = &seed;
  for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
    run.splitter = runs[i].splitter;
    run.options = runs[i].options;
    run.fuseable_dram_bytes = runs[i].megabytes * 1000000;
    fixture_write(store, &run);
  }
  store_close(store);
  fixture_assert_csv(
      "saving", NULL,
      "network,buffer_kib,bits,method,search,budget,seed,random_mb,trace_get_mb,saving_percent,random_run,"
      "trace_get_run\r\n"
      "tiny,256.0,8/16/32,lbdf,local,2000,1,4.0,3.0,25.0,1,2\r\n"
      "tiny,256.0,8/16/32,lbdf,local,2000,1,4.0,2.0,50.0,1,3\r\n");
}
END_TEST

/* Four seeds of one policy: 2, 3, 4 and 9 MB, one of them with a proof beside it, of which the median is 3.5, and an
 * older 7 MB of seed 2 that does not count; three of another, 5, 6 and 10 MB; the optimum, 1.75 MB, comes from a run
 * of its own. */
START_TEST(spread_is_right) {
  static const struct {
    const char *splitter, *experiment;
    uint64_t seed, megabytes;
  } runs[] = {{"trace-get", "x", 2, 7}, {"trace-get", "x", 1, 4}, {"trace-get", "x", 2, 3}, {"trace-get", "x", 3, 9},
              {"trace-get", "x", 4, 2}, {"random", "y", 1, 10},   {"random", "y", 2, 5},    {"random", "y", 3, 6}};
  static const uint64_t optimum = 1750000;
  struct store *store = fixture_open_database();
  struct store_run run = fixture_example_run();
  run.optimum_dram_bytes = run.bound_dram_bytes = NULL;
  for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
    run.splitter = runs[i].splitter;
    run.experiment = runs[i].experiment;
    run.seed = &runs[i].seed;
    run.options = runs[i].seed == 4 ? OPTIONS_BOUND : OPTIONS_PLAIN;
    run.fuseable_dram_bytes = runs[i].megabytes * 1000000;
    run.max_required_bytes = 1024 * runs[i].megabytes;
    fixture_write(store, &run);
  }
  run.search = "exact";
  run.experiment = NULL;
  run.fuseable_dram_bytes = optimum;
  run.optimum_dram_bytes = run.bound_dram_bytes = &optimum;
  fixture_write(store, &run);
  store_close(store);
#define SPREAD_HEADER \
  "network,buffer_kib,bits,method,search,splitter,budget,seeds,median_mb,least_mb,most_mb,largest_kib,optimum_mb," \
  "bound_mb,gap_percent\r\n"
#define SPREAD_GET "tiny,256.0,8/16/32,lbdf,local,trace-get,2000,4,3.5,2.0,9.0,9.0,1.75,1.75,100.0\r\n"
  fixture_assert_csv("spread", NULL,
                     SPREAD_HEADER "tiny,256.0,8/16/32,lbdf,exact,random,2000,1,1.75,1.75,1.75,6.0,1.75,1.75,0.0\r\n"
                                   "tiny,256.0,8/16/32,lbdf,local,random,2000,3,6.0,5.0,10.0,10.0,1.75,1.75,242.86\r\n"
                                   SPREAD_GET);
  fixture_assert_csv("spread", "experiment=x", SPREAD_HEADER SPREAD_GET);
}
END_TEST

/* alpha: runs 2, 3, 5 name c3 80 times each and c4 121, 122, 124 times: 240 and 367 of 607.
 * beta: run 6 names c3 80 times and c4 125 times of 205. */
START_TEST(culprits_are_right) {
  write_known();
  fixture_assert_csv("culprits", NULL,
                     "network,place,op,times,share_percent,runs,max_weight_kib,max_row_kib\r\n"
                     "alpha,1,c4,367,60.46,3,0.07,5.0\r\nalpha,2,c3,240,39.54,3,0.07,0.07\r\n"
                     "beta,1,c4,125,60.98,1,0.07,6.0\r\nbeta,2,c3,80,39.02,1,0.07,0.07\r\n");
  fixture_assert_csv("culprits", "limit=1",
                     "network,place,op,times,share_percent,runs,max_weight_kib,max_row_kib\r\n"
                     "alpha,1,c4,367,60.46,3,0.07,5.0\r\nbeta,1,c4,125,60.98,1,0.07,6.0\r\n");
}
END_TEST

START_TEST(curve_runs_and_groups_are_right) {
  write_known();
  fixture_assert_csv(
      "curve", "run=6",
      "run,network,buffer_kib,method,search,splitter,seed,plans,fuseable_mb\r\n"
      "6,beta,256.0,lbdf,random,trace-get,1,1,0.003\r\n6,beta,256.0,lbdf,random,trace-get,1,7,0.002\r\n"
      "6,beta,256.0,lbdf,random,trace-get,1,1999,0.001\r\n");
  fixture_assert_csv(
      "runs", "limit=1",
      "run,started_at,verb,network,buffer_kib,bits,method,search,splitter,budget,seed,fuseable_mb,total_mb,"
      "groups,seconds\r\n"
      "8,2024-05-06T07:08:09Z,schedule,beta,256.0,8/16/32,lbdf,random,random,2000,1,4.938,5.438,1,1.25\r\n");
  fixture_assert_csv(
      "groups", NULL,
      "run,ordinal,first_op,last_op,ops,method,valid,fuseable,required_kib,read_mb,write_mb,weight_mb,"
      "stripes\r\n8,0,a,b,2,lbdf,1,1,0.05,0.0,0.0,0.0,55\r\n");
  fixture_assert_csv(
      "groups", "run=99",
      "run,ordinal,first_op,last_op,ops,method,valid,fuseable,required_kib,read_mb,write_mb,weight_mb,"
      "stripes\r\n");
}
END_TEST

/* Run 1 takes 1,000 cycles for two images; run 2 is untimed. */
static void write_timed(void) {
  struct store *store = fixture_open_database();
  struct store_run run = fixture_example_run();
  struct store_run_timed timed = fixture_example_timed;
  struct store_group_timed parts[2] = {*run.groups[0].timed, *run.groups[0].timed};
  struct store_group groups[2] = {run.groups[0], run.groups[1]};
  timed.cost.cycles = 1000;
  timed.cost.latency_seconds = 1e-3;
  timed.cost.energy_pj = 7.26e6;
  timed.cost.array_utilisation = 0.125;
  timed.cost.dram_utilisation = 0.5;
  timed.layer_by_layer_cycles = 2500;
  timed.inferences = 2;
  parts[0].cost.cycles = 250;
  parts[1].cost.cycles = 750;
  for (int i = 0; i < 2; i++) {
    parts[i].cost.phase_compute_cycles = 100;
    parts[i].cost.phase_port_cycles = 50;
    parts[i].cost.phase_dram_cycles = 75;
    parts[i].cost.phase_room_cycles = 25;
    parts[i].cost.energy_pj = 1e6;
    parts[i].cost.array_utilisation = 0.125;
    parts[i].cost.dram_utilisation = 0.5;
    groups[i].timed = &parts[i];
  }
  run.timed = &timed;
  run.groups = groups;
  fixture_write(store, &run);
  groups[0].timed = groups[1].timed = NULL;
  run.timed = NULL;
  fixture_write(store, &run);
  store_close(store);
}

START_TEST(timed_and_hotspots_are_right) {
  static const char hotspots_header[] =
      "run,ordinal,first_op,last_op,ops,cycles,share_percent,compute_percent,port_percent,dram_wait_percent,"
      "room_percent,array_percent,dram_percent,energy_uj,bound\r\n";
  char expected[512];
  write_timed();
  fixture_assert_csv(
      "timed", NULL,
      "run,started_at,verb,network,hardware,buffer_kib,bits,method,search,groups,cycles,ms,speedup,"
      "inferences_per_second,energy_uj,array_percent,dram_percent,bound\r\n"
      "1,2024-05-06T07:08:09Z,schedule,tiny,edge,256.0,8/16/32,lbdf,local,2,1000,1.0,2.5,2000.0,7.3,12.5,50.0,"
      "memory\r\n");
  snprintf(expected, sizeof expected, "%s%s", hotspots_header,
           "1,1,c,c,1,750,75.0,13.3,6.7,10.0,3.3,12.5,50.0,1.0,compute\r\n"
           "1,0,a,b,2,250,25.0,40.0,20.0,30.0,10.0,12.5,50.0,1.0,compute\r\n");
  fixture_assert_csv("hotspots", NULL, expected);
  snprintf(expected, sizeof expected, "%s%s", hotspots_header,
           "1,1,c,c,1,750,75.0,13.3,6.7,10.0,3.3,12.5,50.0,1.0,compute\r\n");
  fixture_assert_csv("hotspots", "limit=1", expected);
  fixture_assert_csv("hotspots", "run=2", hotspots_header);
}
END_TEST

START_TEST(named_queries_have_the_parameters_they_state) {
  sqlite3 *db;
  sqlite3_stmt *statement;
  fixture_write_example();
  ck_assert_int_eq(sqlite3_open(fixture_database, &db), SQLITE_OK);
  for (size_t i = 0; i < named_query_count; i++) {
    const struct named_query *named = &named_queries[i];
    int stated = 0;
    ck_assert_int_eq(sqlite3_prepare_v2(db, named->sql, -1, &statement, NULL), SQLITE_OK);
    for (; named->parameters[stated].name != NULL; stated++) {
      char name[64];
      snprintf(name, sizeof name, ":%s", named->parameters[stated].name);
      ck_assert_msg(sqlite3_bind_parameter_index(statement, name) > 0, "%s lacks %s", named->name, name);
    }
    ck_assert_int_eq(sqlite3_bind_parameter_count(statement), stated);
    sqlite3_finalize(statement);
  }
  sqlite3_close(db);
}
END_TEST

/* Every column of the views and every named query has its row in docs/database.md. */
START_TEST(the_manual_is_complete) {
  const char *root = getenv("SPILLWAY_SOURCE_DIR");
  char path[1024], words[128];
  snprintf(path, sizeof path, "%s/docs/database.md", root == NULL ? "." : root);
  FILE *file = fopen(path, "r");
  ck_assert_msg(file != NULL, "cannot open %s", path);
  char *manual = calloc(1, 1 << 16);
  ck_assert_uint_lt(fread(manual, 1, (1 << 16) - 1, file), (1 << 16) - 1);
  fclose(file);
  sqlite3 *db;
  sqlite3_stmt *statement;
  int columns = 0;
  fixture_write_example();
  ck_assert_int_eq(sqlite3_open(fixture_database, &db), SQLITE_OK);
  const char *sql =
      "SELECT v.name, c.name FROM sqlite_schema AS v, pragma_table_info(v.name) AS c"
      " WHERE v.type = 'view'";
  ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
  for (; sqlite3_step(statement) == SQLITE_ROW; columns++) {
    snprintf(words, sizeof words, "\n### %s:", (const char *)sqlite3_column_text(statement, 0));
    const char *section = strstr(manual, words);
    ck_assert_msg(section != NULL, "no section%s", words);
    const char *end = strstr(section + 1, "\n##");
    snprintf(words, sizeof words, "\n| `%s` |", (const char *)sqlite3_column_text(statement, 1));
    const char *row = strstr(section, words);
    ck_assert_msg(row != NULL && row < end, "no row%s", words);
  }
  ck_assert_int_eq(columns, 70 + 42 + 4 + 14 + 8 + 23 + 43);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  for (size_t i = 0; i < named_query_count; i++) {
    snprintf(words, sizeof words, "\n| `%s` |", named_queries[i].name);
    ck_assert_msg(strstr(manual, words) != NULL, "no row%s", words);
  }
  free(manual);
}
END_TEST

/* ---- printing ---- */

START_TEST(csv_is_quoted) {
  fixture_write_example();
  fixture_assert_csv(
      "SELECT 'a,b' AS \"x,y\", 'say \"hi\"' AS q, 'two' || char(10) || 'lines' AS l, NULL AS n, '' AS e,"
      " x'00ff' AS b, ' pad' AS p, 1.5 AS r, -9223372036854775808 AS i",
      NULL,
      "\"x,y\",q,l,n,e,b,p,r,i\r\n\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",,\"\",00ff,\" pad\",1.5,"
      "-9223372036854775808\r\n");
}
END_TEST

START_TEST(markdown_cells_stay_in_their_cells) {
  fixture_write_example();
  fixture_assert_answer(
      "SELECT 'a|b\\c' || char(10, 9, 233) || CAST(x'ff' AS TEXT) AS \"k|y\", NULL AS n, 0.5 AS r, 7 AS k,"
      " x'0aF0' AS b UNION ALL SELECT 'z', 1, 2, 'text', 4",
      NULL, query_print_markdown,
      "| k\\|y | n | r | k | b |\n|---|---|---:|---:|---|\n"
      "| a\\|b\\\\c ?\xc3\xa9? |  | 0.5 | 7 | 0af0 |\n| z | 1 | 2 | text | 4 |\n");
  fixture_assert_answer("SELECT 1 AS x WHERE 0", NULL, query_print_markdown, "| x |\n|---|\n");
}
END_TEST

START_TEST(json_is_valid) {
  fixture_write_example();
  fixture_assert_answer(
      "SELECT 'a\"b\\' || char(9, 10, 1, 233, 128512) || CAST(x'ff41ed' AS TEXT) AS \"k\"\"ey\","
      " 'x' || char(0) || 'y' AS z, NULL AS n, 0.1 AS r, 1e300 AS h, 9e999 AS i, -9e999 AS j, 7 AS k,"
      " x'0aF0' AS b",
      NULL, query_print_json,
      "[\n{\"k\\\"ey\": \"a\\\"b\\\\\\t\\n\\u0001\xc3\xa9\xf0\x9f\x98\x80\\ufffdA\\ufffd\", \"z\": "
      "\"x\\u0000y\", \"n\": null, \"r\": 0.1, \"h\": 1.0e+300, \"i\": 1e999, \"j\": -1e999, \"k\": 7, "
      "\"b\": \"0af0\"}\n]\n");
  fixture_assert_answer("SELECT 1 AS x UNION ALL SELECT 2", NULL, query_print_json,
                        "[\n{\"x\": 1},\n{\"x\": 2}\n]\n");
  fixture_assert_answer("SELECT 1 AS x WHERE 0", NULL, query_print_json, "[]\n");
}
END_TEST

START_TEST(tables_are_aligned) {
  fixture_write_example();
  fixture_assert_answer(
      "SELECT 'caf\xc3\xa9' AS name, 1 AS n, 2.5 AS x, NULL AS e, 'z' AS last UNION ALL"
      " SELECT 'b' || char(27) || char(10), 1234, 10.125, 7, NULL",
      NULL, query_print_table,
      "name     n       x  e  last\n"
      "----  ----  ------  -  ----\n"
      "caf\xc3\xa9     1   2.500     z\n"
      "b??   1234  10.125  7  \n");
  fixture_assert_answer("SELECT 1 AS x, 2 AS yy WHERE 0", NULL, query_print_table,
                        "x  yy\n-  --\n(no rows)\n");
}
END_TEST

START_TEST(only_long_documents_are_cut) {
  char expected[512], a[80], b[80];
  fixture_write_example();
  memset(a, 'a', 70);
  a[70] = '\0';
  memset(b, 'a', 59);
  b[59] = '\0';
  strcpy(expected, "t\n");
  memset(expected + 2, '-', 71);
  snprintf(expected + 73, sizeof expected - 73, "\n[%s\xe2\x80\xa6\nx%s\n", b, a);
  const char *sql =
      "WITH l(s) AS (SELECT replace(hex(zeroblob(35)), '0', 'a'))"
      " SELECT '[' || s || ']' AS t FROM l UNION ALL SELECT 'x' || s FROM l";
  fixture_assert_answer(sql, NULL, query_print_table, expected);
}
END_TEST

START_TEST(many_rows_are_printed_in_batches) {
  struct error err = ERROR_INIT;
  fixture_write_example();
  char *answer = fixture_ask(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
      " SELECT i FROM n",
      NULL, 0, query_print_table, &err);
  ck_assert_ptr_nonnull(answer);
  size_t lines = 0;
  for (const char *c = answer; *c != '\0'; c++) lines += *c == '\n';
  ck_assert_uint_eq(lines, 2502);
  ck_assert_ptr_nonnull(strstr(answer, "\n1000\n1001\n"));
  ck_assert_ptr_nonnull(strstr(answer, "\n2500\n"));
  free(answer);
}
END_TEST

START_TEST(a_failed_write_of_the_answer_is_reported) {
  struct error err = ERROR_INIT;
  struct query *query;
  fixture_write_example();
  for (size_t i = 0; i < query_format_count; i++) {
    FILE *out = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(query_open(&query, fixture_database, NULL, &err), 0);
    ck_assert_int_eq(query_ask(query, "runs", NULL, 0, &err), 0);
    ck_assert_int_eq(query_formats[i].print(out, query, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_OUTPUT);
    query_close(query);
    fclose(out);
  }
}
END_TEST

Suite *query_suite(void) {
  Suite *suite = suite_create("query");
  TCase *tcase = tcase_create("query");
  tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
  tcase_set_timeout(tcase, 60);
  tcase_add_test(tcase, a_write_protected_database_can_be_read);
  tcase_add_test(tcase, stale_answers_are_not_given);
  tcase_add_test(tcase, queries_cannot_write);
  tcase_add_test(tcase, a_query_is_one_statement);
  tcase_add_test(tcase, parameters_are_checked);
  tcase_add_test(tcase, a_long_query_can_be_stopped);
  tcase_add_test(tcase, a_missing_database_is_not_made);
  tcase_add_test(tcase, best_is_right);
  tcase_add_test(tcase, saving_is_right);
  tcase_add_test(tcase, saving_minds_only_options_that_change_plans);
  tcase_add_test(tcase, spread_is_right);
  tcase_add_test(tcase, culprits_are_right);
  tcase_add_test(tcase, curve_runs_and_groups_are_right);
  tcase_add_test(tcase, timed_and_hotspots_are_right);
  tcase_add_test(tcase, named_queries_have_the_parameters_they_state);
  tcase_add_test(tcase, the_manual_is_complete);
  tcase_add_test(tcase, csv_is_quoted);
  tcase_add_test(tcase, markdown_cells_stay_in_their_cells);
  tcase_add_test(tcase, json_is_valid);
  tcase_add_test(tcase, tables_are_aligned);
  tcase_add_test(tcase, only_long_documents_are_cut);
  tcase_add_test(tcase, many_rows_are_printed_in_batches);
  tcase_add_test(tcase, a_failed_write_of_the_answer_is_reported);
  suite_add_tcase(suite, tcase);
  return suite;
}
