#include "store/schema.h"

#include <inttypes.h>
#include <stdint.h>

#include "store/sql.h"

static const char schema_tables[] =
    "CREATE TABLE network ("
    "  id INTEGER PRIMARY KEY,"
    "  name TEXT NOT NULL,"
    "  hash TEXT NOT NULL,"
    "  UNIQUE (name, hash)"
    ") STRICT;"
    "CREATE TABLE hardware ("
    "  id INTEGER PRIMARY KEY,"
    "  name TEXT NOT NULL,"
    "  description TEXT NOT NULL,"
    "  buffer_bytes INTEGER NOT NULL,"
    "  activation_bits INTEGER NOT NULL,"
    "  weight_bits INTEGER NOT NULL,"
    "  bias_bits INTEGER NOT NULL,"
    "  UNIQUE (description, name, buffer_bytes, activation_bits, weight_bits, bias_bits)"
    ") STRICT;"
    "CREATE TABLE run ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  network_id INTEGER NOT NULL REFERENCES network (id),"
    "  hardware_id INTEGER NOT NULL REFERENCES hardware (id),"
    "  tool_version TEXT NOT NULL,"
    "  started_at TEXT NOT NULL,"
    "  wall_seconds REAL NOT NULL,"
    "  verb TEXT NOT NULL,"
    "  method TEXT NOT NULL,"
    "  search TEXT,"
    "  splitter TEXT,"
    "  budget INTEGER,"
    "  seed INTEGER,"
    "  jobs INTEGER NOT NULL,"
    "  options TEXT NOT NULL,"
    "  fuseable_dram_bytes INTEGER NOT NULL,"
    "  total_dram_bytes INTEGER NOT NULL,"
    "  dram_read_bytes INTEGER NOT NULL,"
    "  dram_write_bytes INTEGER NOT NULL,"
    "  weight_bytes INTEGER NOT NULL,"
    "  max_required_bytes INTEGER NOT NULL,"
    "  group_count INTEGER NOT NULL,"
    "  layer_by_layer_dram_bytes INTEGER NOT NULL,"
    "  layer_by_layer_total_bytes INTEGER NOT NULL,"
    "  compulsory_bytes INTEGER NOT NULL,"
    "  optimum_dram_bytes INTEGER,"
    "  bound_dram_bytes INTEGER,"
    "  simulations INTEGER NOT NULL,"
    "  plans_proposed INTEGER NOT NULL,"
    "  invalid_groups INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX run_by_network ON run (network_id, hardware_id);"
    "CREATE TABLE run_group ("
    "  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
    "  ordinal INTEGER NOT NULL,"
    "  ops TEXT NOT NULL,"
    "  first_op TEXT NOT NULL,"
    "  last_op TEXT NOT NULL,"
    "  op_count INTEGER NOT NULL,"
    "  method TEXT NOT NULL,"
    "  valid INTEGER NOT NULL CHECK (valid IN (0, 1)),"
    "  fuseable INTEGER NOT NULL CHECK (fuseable IN (0, 1)),"
    "  required_bytes INTEGER NOT NULL,"
    "  dram_read_bytes INTEGER NOT NULL,"
    "  dram_write_bytes INTEGER NOT NULL,"
    "  weight_bytes INTEGER NOT NULL,"
    "  stripes INTEGER NOT NULL,"
    "  PRIMARY KEY (run_id, ordinal)"
    ") STRICT;"
    "CREATE TABLE run_curve ("
    "  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
    "  ordinal INTEGER NOT NULL,"
    "  plans INTEGER NOT NULL,"
    "  fuseable_dram_bytes INTEGER NOT NULL,"
    "  PRIMARY KEY (run_id, ordinal)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE run_explanation ("
    "  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
    "  ordinal INTEGER NOT NULL,"
    "  group_first_op TEXT NOT NULL,"
    "  group_last_op TEXT NOT NULL,"
    "  required_bytes INTEGER NOT NULL,"
    "  capacity_bytes INTEGER NOT NULL,"
    "  culprit_op TEXT NOT NULL,"
    "  culprit_weight_bytes INTEGER NOT NULL,"
    "  culprit_row_bytes INTEGER NOT NULL,"
    "  cut_from TEXT NOT NULL,"
    "  cut_to TEXT NOT NULL,"
    "  side_a_bytes INTEGER NOT NULL,"
    "  side_b_bytes INTEGER NOT NULL,"
    "  times INTEGER NOT NULL,"
    "  PRIMARY KEY (run_id, ordinal)"
    ") STRICT;"
    "CREATE VIEW v_run AS SELECT"
    "  run.id AS run_id, started_at, wall_seconds, tool_version, verb,"
    "  network.name AS network, network.hash AS network_hash,"
    "  hardware_id, hardware.name AS hardware, hardware.description AS hardware_description,"
    "  buffer_bytes, activation_bits, weight_bits, bias_bits,"
    "  method, search, splitter, budget, seed, jobs, options,"
    "  fuseable_dram_bytes, total_dram_bytes, dram_read_bytes, dram_write_bytes, weight_bytes,"
    "  max_required_bytes, group_count, layer_by_layer_dram_bytes, layer_by_layer_total_bytes,"
    "  compulsory_bytes, optimum_dram_bytes, bound_dram_bytes,"
    "  simulations, plans_proposed, invalid_groups"
    "  FROM run JOIN network ON network.id = run.network_id JOIN hardware ON hardware.id = run.hardware_id;"
    "CREATE VIEW v_group AS SELECT"
    "  run_id, ordinal, ops, first_op, last_op, op_count, method, valid, fuseable, required_bytes,"
    "  dram_read_bytes, dram_write_bytes, weight_bytes, stripes FROM run_group;"
    "CREATE VIEW v_curve AS SELECT run_id, ordinal, plans, fuseable_dram_bytes FROM run_curve;"
    "CREATE VIEW v_explanation AS SELECT"
    "  run_id, ordinal, group_first_op, group_last_op, required_bytes, capacity_bytes, culprit_op,"
    "  culprit_weight_bytes, culprit_row_bytes, cut_from, cut_to, side_a_bytes, side_b_bytes, times"
    "  FROM run_explanation;";

/* What a run takes on the clock. Untimed runs have no row here; the views show NULL. */
#define SCHEMA_TIMED_COLUMNS                                                                                  \
  "  cycles INTEGER NOT NULL,"                                                                                \
  "  phase_compute_cycles INTEGER NOT NULL,"                                                                  \
  "  phase_port_cycles INTEGER NOT NULL,"                                                                     \
  "  phase_dram_cycles INTEGER NOT NULL,"                                                                     \
  "  phase_room_cycles INTEGER NOT NULL,"                                                                     \
  "  array_busy_cycles INTEGER NOT NULL,"                                                                     \
  "  lanes_busy_cycles INTEGER NOT NULL,"                                                                     \
  "  dram_busy_cycles INTEGER NOT NULL,"                                                                      \
  "  macs INTEGER NOT NULL,"                                                                                  \
  "  vector_operations INTEGER NOT NULL,"                                                                     \
  "  buffer_read_bytes INTEGER NOT NULL,"                                                                     \
  "  buffer_write_bytes INTEGER NOT NULL,"                                                                    \
  "  dram_activates INTEGER NOT NULL,"                                                                        \
  "  peak_occupied_bytes INTEGER NOT NULL,"                                                                   \
  "  mac_pj REAL NOT NULL,"                                                                                   \
  "  vector_pj REAL NOT NULL,"                                                                                \
  "  buffer_pj REAL NOT NULL,"                                                                                \
  "  dram_pj REAL NOT NULL,"                                                                                  \
  "  static_pj REAL NOT NULL,"                                                                                \
  "  energy_pj REAL NOT NULL,"                                                                                \
  "  latency_seconds REAL NOT NULL,"                                                                          \
  "  array_utilisation REAL NOT NULL,"                                                                        \
  "  lanes_utilisation REAL NOT NULL,"                                                                        \
  "  dram_utilisation REAL NOT NULL,"                                                                         \
  "  arithmetic_intensity REAL NOT NULL,"                                                                     \
  "  machine_balance REAL,"                                                                                   \
  "  bound TEXT NOT NULL CHECK (bound IN ('compute', 'memory')),"

#define SCHEMA_TIMED_NAMES                                                                                    \
  "  cycles, phase_compute_cycles, phase_port_cycles, phase_dram_cycles, phase_room_cycles,"                  \
  "  array_busy_cycles, lanes_busy_cycles, dram_busy_cycles, macs, vector_operations,"                        \
  "  buffer_read_bytes, buffer_write_bytes, dram_activates, peak_occupied_bytes,"                             \
  "  mac_pj, vector_pj, buffer_pj, dram_pj, static_pj, energy_pj, latency_seconds,"                           \
  "  array_utilisation, lanes_utilisation, dram_utilisation, arithmetic_intensity, machine_balance, bound,"

#define SCHEMA_RUN_NAMES                                                                                      \
  "  run.id AS run_id, started_at, wall_seconds, tool_version, verb,"                                         \
  "  network.name AS network, network.hash AS network_hash,"                                                  \
  "  hardware_id, hardware.name AS hardware, hardware.description AS hardware_description,"                   \
  "  buffer_bytes, activation_bits, weight_bits, bias_bits,"                                                  \
  "  method, search, splitter, budget, seed, jobs, options,"                                                  \
  "  fuseable_dram_bytes, total_dram_bytes, dram_read_bytes, dram_write_bytes, weight_bytes,"                 \
  "  max_required_bytes, group_count, layer_by_layer_dram_bytes, layer_by_layer_total_bytes,"                 \
  "  compulsory_bytes, optimum_dram_bytes, bound_dram_bytes,"                                                 \
  "  simulations, plans_proposed, invalid_groups,"

#define SCHEMA_RUN_TABLES                                                                                     \
  "  FROM run JOIN network ON network.id = run.network_id JOIN hardware ON hardware.id = run.hardware_id"     \
  "  LEFT JOIN run_timed ON run_timed.run_id = run.id;"

static const char schema_timed[] =
    "CREATE TABLE run_timed ("
    "  run_id INTEGER PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE," SCHEMA_TIMED_COLUMNS
    "  inferences INTEGER NOT NULL,"
    "  layer_by_layer_cycles INTEGER NOT NULL,"
    "  layer_by_layer_pj REAL NOT NULL"
    ") STRICT;"
    "CREATE TABLE run_group_timed ("
    "  run_id INTEGER NOT NULL,"
    "  ordinal INTEGER NOT NULL," SCHEMA_TIMED_COLUMNS
    "  start_cycle INTEGER NOT NULL,"
    "  PRIMARY KEY (run_id, ordinal),"
    "  FOREIGN KEY (run_id, ordinal) REFERENCES run_group (run_id, ordinal) ON DELETE CASCADE"
    ") STRICT;"
    "DROP VIEW v_run;"
    "DROP VIEW v_group;"
    "CREATE VIEW v_run AS SELECT" SCHEMA_RUN_NAMES SCHEMA_TIMED_NAMES
    "  inferences, layer_by_layer_cycles, layer_by_layer_pj" SCHEMA_RUN_TABLES
    "CREATE VIEW v_group AS SELECT"
    "  run_id, ordinal, ops, first_op, last_op, op_count, method, valid, fuseable, required_bytes,"
    "  dram_read_bytes, dram_write_bytes, weight_bytes, stripes," SCHEMA_TIMED_NAMES
    "  start_cycle FROM run_group LEFT JOIN run_group_timed USING (run_id, ordinal);";

static const char schema_experiments[] =
    "ALTER TABLE run ADD COLUMN groups_proposed INTEGER;"
    "ALTER TABLE run ADD COLUMN groups_proposed_valid INTEGER;"
    "ALTER TABLE run ADD COLUMN experiment TEXT;"
    "ALTER TABLE run ADD COLUMN cell_key TEXT;"
    "CREATE UNIQUE INDEX run_by_cell ON run (cell_key);"
    "CREATE TABLE run_front ("
    "  run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,"
    "  ordinal INTEGER NOT NULL,"
    "  fuseable_dram_bytes INTEGER NOT NULL,"
    "  max_required_bytes INTEGER NOT NULL,"
    "  group_count INTEGER NOT NULL,"
    "  cycles INTEGER,"
    "  energy_pj REAL,"
    "  groups TEXT NOT NULL,"
    "  PRIMARY KEY (run_id, ordinal)"
    ") STRICT;"
    "DROP VIEW v_run;"
    "CREATE VIEW v_run AS SELECT" SCHEMA_RUN_NAMES SCHEMA_TIMED_NAMES
    "  inferences, layer_by_layer_cycles, layer_by_layer_pj,"
    "  groups_proposed, groups_proposed_valid, experiment, cell_key" SCHEMA_RUN_TABLES
    "CREATE VIEW v_front AS SELECT"
    "  run_id, ordinal, fuseable_dram_bytes, max_required_bytes, group_count, cycles, energy_pj, groups"
    " FROM run_front;";

static const char schema_samples[] =
    "CREATE TABLE sample ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  network_id INTEGER NOT NULL REFERENCES network (id),"
    "  hardware_id INTEGER NOT NULL REFERENCES hardware (id),"
    "  tool_version TEXT NOT NULL,"
    "  started_at TEXT NOT NULL,"
    "  wall_seconds REAL NOT NULL,"
    "  method TEXT NOT NULL,"
    "  seed INTEGER NOT NULL,"
    "  jobs INTEGER NOT NULL,"
    "  options TEXT NOT NULL,"
    "  groups_wanted INTEGER NOT NULL,"
    "  groups INTEGER NOT NULL,"
    "  valid_groups INTEGER NOT NULL,"
    "  mean_ops REAL NOT NULL,"
    "  plans_drawn INTEGER NOT NULL,"
    "  cell_key TEXT NOT NULL UNIQUE"
    ") STRICT;"
    "CREATE VIEW v_sample AS SELECT"
    "  sample.id AS sample_id, started_at, wall_seconds, tool_version,"
    "  network.name AS network, network.hash AS network_hash,"
    "  hardware_id, hardware.name AS hardware, hardware.description AS hardware_description,"
    "  buffer_bytes, activation_bits, weight_bits, bias_bits, method, seed, jobs, options,"
    "  groups_wanted, groups, valid_groups, mean_ops, plans_drawn, cell_key"
    "  FROM sample JOIN network ON network.id = sample.network_id JOIN hardware ON hardware.id = sample.hardware_id;";

/* Explainers that repaired the same groups. */
static const char schema_comparisons[] =
    "CREATE TABLE comparison ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  tool_version TEXT NOT NULL,"
    "  started_at TEXT NOT NULL,"
    "  wall_seconds REAL NOT NULL,"
    "  method TEXT NOT NULL,"
    "  fraction REAL NOT NULL,"
    "  breadth INTEGER NOT NULL,"
    "  seed INTEGER NOT NULL,"
    "  jobs INTEGER NOT NULL,"
    "  groups_wanted INTEGER NOT NULL,"
    "  options TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE comparison_explainer ("
    "  comparison_id INTEGER NOT NULL REFERENCES comparison (id) ON DELETE CASCADE,"
    "  ordinal INTEGER NOT NULL,"
    "  network_id INTEGER NOT NULL REFERENCES network (id),"
    "  hardware_id INTEGER NOT NULL REFERENCES hardware (id),"
    "  explainer TEXT NOT NULL,"
    "  group_count INTEGER NOT NULL,"
    "  rectified INTEGER NOT NULL,"
    "  rectified_at_once INTEGER NOT NULL,"
    "  first_cuts INTEGER NOT NULL,"
    "  possible_first_cuts INTEGER NOT NULL,"
    "  best_first_cuts INTEGER NOT NULL,"
    "  regret_groups INTEGER NOT NULL,"
    "  better INTEGER NOT NULL,"
    "  equal INTEGER NOT NULL,"
    "  regret_sum REAL NOT NULL,"
    "  regret_median REAL NOT NULL,"
    "  regret_mean REAL NOT NULL,"
    "  regret_worst REAL NOT NULL,"
    "  explanations INTEGER NOT NULL,"
    "  simulations INTEGER NOT NULL,"
    "  microseconds_median REAL NOT NULL,"
    "  microseconds_mean REAL NOT NULL,"
    "  PRIMARY KEY (comparison_id, ordinal)"
    ") STRICT;"
    "CREATE VIEW v_explainer AS SELECT"
    "  comparison_id, started_at, wall_seconds, tool_version,"
    "  network.name AS network, network.hash AS network_hash,"
    "  hardware_id, hardware.name AS hardware, hardware.description AS hardware_description,"
    "  buffer_bytes, activation_bits, weight_bits, bias_bits,"
    "  method, fraction, breadth, seed, jobs, groups_wanted, options,"
    "  ordinal, explainer, group_count, rectified, rectified_at_once, first_cuts, possible_first_cuts, best_first_cuts,"
    "  regret_groups, better, equal, regret_sum, regret_median, regret_mean, regret_worst,"
    "  explanations, simulations, microseconds_median, microseconds_mean"
    "  FROM comparison_explainer JOIN comparison ON comparison.id = comparison_id"
    "  JOIN network ON network.id = network_id JOIN hardware ON hardware.id = hardware_id;";

/* What is known of the edges that explanations name. Views gain columns at their end only. */
static const char schema_edges[] =
    "ALTER TABLE comparison_explainer ADD COLUMN sparsity REAL;"
    "ALTER TABLE comparison_explainer ADD COLUMN stability REAL;"
    "ALTER TABLE comparison_explainer ADD COLUMN fidelity_plus REAL;"
    "ALTER TABLE comparison_explainer ADD COLUMN fidelity_minus REAL;"
    "DROP VIEW v_explainer;"
    "CREATE VIEW v_explainer AS SELECT"
    "  comparison_id, started_at, wall_seconds, tool_version,"
    "  network.name AS network, network.hash AS network_hash,"
    "  hardware_id, hardware.name AS hardware, hardware.description AS hardware_description,"
    "  buffer_bytes, activation_bits, weight_bits, bias_bits,"
    "  method, fraction, breadth, seed, jobs, groups_wanted, options,"
    "  ordinal, explainer, group_count, rectified, rectified_at_once, first_cuts, possible_first_cuts, best_first_cuts,"
    "  regret_groups, better, equal, regret_sum, regret_median, regret_mean, regret_worst,"
    "  explanations, simulations, microseconds_median, microseconds_mean,"
    "  sparsity, stability, fidelity_plus, fidelity_minus"
    "  FROM comparison_explainer JOIN comparison ON comparison.id = comparison_id"
    "  JOIN network ON network.id = network_id JOIN hardware ON hardware.id = hardware_id;";

const char *const schema_steps[] = {schema_tables, schema_timed, schema_experiments, schema_samples,
                                    schema_comparisons, schema_edges};
const size_t schema_step_count = sizeof schema_steps / sizeof schema_steps[0];

int schema_identify(size_t *version, sqlite3 *db, const char *path, size_t newest, enum error_kind kind,
                    struct error *err) {
  int64_t application = 0, found = 0, entries = 0;
  /* In this order, tables that another process creates meanwhile are never seen unmarked. */
  if (sql_integer(db, "SELECT count(*) FROM sqlite_schema", &entries) != SQLITE_OK ||
      sql_integer(db, "PRAGMA application_id", &application) != SQLITE_OK ||
      sql_integer(db, "PRAGMA user_version", &found) != SQLITE_OK) {
    return sql_error(err, kind, path, "read the database", db);
  }
  if (application != SCHEMA_APPLICATION_ID && (application != 0 || entries != 0)) {
    return error_set(err, kind,
                     "%s: is an SQLite database of another program, not Spillway's; it was left as it is; "
                     "name another file",
                     path);
  }
  if (found < 0 || (uint64_t)found > newest) {
    return error_set(err, kind,
                     "%s: was written by a newer Spillway: schema version %" PRId64
                     ", this one knows versions up to %zu; update Spillway or name another file",
                     path, found, newest);
  }
  *version = entries == 0 ? 0 : (size_t)found;
  return 0;
}

int schema_migrate(sqlite3 *db, const char *path, const char *const *steps, size_t step_count,
                   struct error *err) {
  size_t version;
  if (schema_identify(&version, db, path, step_count, ERROR_OUTPUT, err) != 0) return -1;
  for (; version < step_count; version++) {
    if (sqlite3_exec(db, steps[version], NULL, NULL, NULL) != SQLITE_OK) {
      return sql_error(err, ERROR_OUTPUT, path, "create or update its tables", db);
    }
  }
  char sql[96];
  sqlite3_snprintf(sizeof sql, sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   SCHEMA_APPLICATION_ID, (int)step_count);
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
    return sql_error(err, ERROR_OUTPUT, path, "write its version", db);
  }
  return 0;
}
