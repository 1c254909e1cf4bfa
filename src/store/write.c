#include "store/write.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "store/sql.h"

#define WRITE_KEY_COUNT 4

enum field_type {
  FIELD_TEXT,           /* const char *, NULL is NULL */
  FIELD_COUNT,          /* uint64_t */
  FIELD_OPTIONAL_COUNT, /* const uint64_t *, NULL is NULL */
  FIELD_OPTIONAL_BITS,  /* the same, stored as the signed number of the same bits */
  FIELD_REAL,           /* double; infinite is NULL */
  FIELD_OPTIONAL_REAL,  /* const double *, NULL is NULL */
  FIELD_BOOL,           /* bool */
};

/* A column and the member of a record that goes there: statements are built and bound from
 * lists of these, so that a column and its value cannot get out of step. */
struct field {
  const char *column;
  enum field_type type;
  size_t offset;
};

/* clang-format off */
#define FIELD_TYPE(record, member) _Generic(((const record *)NULL)->member, \
    const char *: FIELD_TEXT, uint64_t: FIELD_COUNT, const uint64_t *: FIELD_OPTIONAL_COUNT, \
    double: FIELD_REAL, const double *: FIELD_OPTIONAL_REAL, bool: FIELD_BOOL)
#define FIELD(record, member) {#member, FIELD_TYPE(record, member), offsetof(record, member)}
#define FIELD_WITHIN(record, part, member) \
  {#member, FIELD_TYPE(record, part.member), offsetof(record, part.member)}
/* clang-format on */

static const struct field network_fields[] = {
    FIELD(struct store_network, name),
    FIELD(struct store_network, hash),
};

static const struct field hardware_fields[] = {
    FIELD(struct store_hardware, name),         FIELD(struct store_hardware, description),
    FIELD(struct store_hardware, buffer_bytes), FIELD(struct store_hardware, activation_bits),
    FIELD(struct store_hardware, weight_bits),  FIELD(struct store_hardware, bias_bits),
};

static const struct field run_fields[] = {
    FIELD(struct store_run, tool_version),
    FIELD(struct store_run, started_at),
    FIELD(struct store_run, wall_seconds),
    FIELD(struct store_run, verb),
    FIELD(struct store_run, method),
    FIELD(struct store_run, search),
    FIELD(struct store_run, splitter),
    FIELD(struct store_run, budget),
    {"seed", FIELD_OPTIONAL_BITS, offsetof(struct store_run, seed)},
    FIELD(struct store_run, jobs),
    FIELD(struct store_run, options),
    FIELD(struct store_run, fuseable_dram_bytes),
    FIELD(struct store_run, total_dram_bytes),
    FIELD(struct store_run, dram_read_bytes),
    FIELD(struct store_run, dram_write_bytes),
    FIELD(struct store_run, weight_bytes),
    FIELD(struct store_run, max_required_bytes),
    FIELD(struct store_run, group_count),
    FIELD(struct store_run, layer_by_layer_dram_bytes),
    FIELD(struct store_run, layer_by_layer_total_bytes),
    FIELD(struct store_run, compulsory_bytes),
    FIELD(struct store_run, optimum_dram_bytes),
    FIELD(struct store_run, bound_dram_bytes),
    FIELD(struct store_run, simulations),
    FIELD(struct store_run, plans_proposed),
    FIELD(struct store_run, invalid_groups),
    FIELD(struct store_run, groups_proposed),
    FIELD(struct store_run, groups_proposed_valid),
    FIELD(struct store_run, experiment),
    FIELD(struct store_run, cell_key),
};

static const struct field group_fields[] = {
    FIELD(struct store_group, ops),
    FIELD(struct store_group, first_op),
    FIELD(struct store_group, last_op),
    FIELD(struct store_group, op_count),
    FIELD(struct store_group, method),
    FIELD(struct store_group, valid),
    FIELD(struct store_group, fuseable),
    FIELD(struct store_group, required_bytes),
    FIELD(struct store_group, dram_read_bytes),
    FIELD(struct store_group, dram_write_bytes),
    FIELD(struct store_group, weight_bytes),
    FIELD(struct store_group, stripes),
};

/* clang-format off */
#define TIMED_FIELDS(record) \
    FIELD_WITHIN(record, cost, cycles), \
    FIELD_WITHIN(record, cost, phase_compute_cycles), \
    FIELD_WITHIN(record, cost, phase_port_cycles), \
    FIELD_WITHIN(record, cost, phase_dram_cycles), \
    FIELD_WITHIN(record, cost, phase_room_cycles), \
    FIELD_WITHIN(record, cost, array_busy_cycles), \
    FIELD_WITHIN(record, cost, lanes_busy_cycles), \
    FIELD_WITHIN(record, cost, dram_busy_cycles), \
    FIELD_WITHIN(record, cost, macs), \
    FIELD_WITHIN(record, cost, vector_operations), \
    FIELD_WITHIN(record, cost, buffer_read_bytes), \
    FIELD_WITHIN(record, cost, buffer_write_bytes), \
    FIELD_WITHIN(record, cost, dram_activates), \
    FIELD_WITHIN(record, cost, peak_occupied_bytes), \
    FIELD_WITHIN(record, cost, mac_pj), \
    FIELD_WITHIN(record, cost, vector_pj), \
    FIELD_WITHIN(record, cost, buffer_pj), \
    FIELD_WITHIN(record, cost, dram_pj), \
    FIELD_WITHIN(record, cost, static_pj), \
    FIELD_WITHIN(record, cost, energy_pj), \
    FIELD_WITHIN(record, cost, latency_seconds), \
    FIELD_WITHIN(record, cost, array_utilisation), \
    FIELD_WITHIN(record, cost, lanes_utilisation), \
    FIELD_WITHIN(record, cost, dram_utilisation), \
    FIELD_WITHIN(record, cost, arithmetic_intensity), \
    FIELD_WITHIN(record, cost, machine_balance), \
    FIELD_WITHIN(record, cost, bound)
/* clang-format on */

static const struct field run_timed_fields[] = {
    TIMED_FIELDS(struct store_run_timed),
    FIELD(struct store_run_timed, inferences),
    FIELD(struct store_run_timed, layer_by_layer_cycles),
    FIELD(struct store_run_timed, layer_by_layer_pj),
};

static const struct field group_timed_fields[] = {
    TIMED_FIELDS(struct store_group_timed),
    FIELD(struct store_group_timed, start_cycle),
};

static const struct field curve_fields[] = {
    FIELD(struct store_curve_point, plans),
    FIELD(struct store_curve_point, fuseable_dram_bytes),
};

static const struct field explanation_fields[] = {
    FIELD(struct store_explanation, group_first_op),
    FIELD(struct store_explanation, group_last_op),
    FIELD(struct store_explanation, required_bytes),
    FIELD(struct store_explanation, capacity_bytes),
    FIELD(struct store_explanation, culprit_op),
    FIELD(struct store_explanation, culprit_weight_bytes),
    FIELD(struct store_explanation, culprit_row_bytes),
    FIELD(struct store_explanation, cut_from),
    FIELD(struct store_explanation, cut_to),
    FIELD(struct store_explanation, side_a_bytes),
    FIELD(struct store_explanation, side_b_bytes),
    FIELD(struct store_explanation, times),
};

static const struct field front_fields[] = {
    FIELD(struct store_front_point, fuseable_dram_bytes),
    FIELD(struct store_front_point, max_required_bytes),
    FIELD(struct store_front_point, group_count),
    FIELD(struct store_front_point, cycles),
    FIELD(struct store_front_point, energy_pj),
    FIELD(struct store_front_point, groups),
};

static const struct field sample_fields[] = {
    FIELD(struct store_sample, tool_version),
    FIELD(struct store_sample, started_at),
    FIELD(struct store_sample, wall_seconds),
    FIELD(struct store_sample, method),
    {"seed", FIELD_OPTIONAL_BITS, offsetof(struct store_sample, seed)},
    FIELD(struct store_sample, jobs),
    FIELD(struct store_sample, options),
    FIELD(struct store_sample, groups_wanted),
    FIELD(struct store_sample, groups),
    FIELD(struct store_sample, valid_groups),
    FIELD(struct store_sample, mean_ops),
    FIELD(struct store_sample, plans_drawn),
    FIELD(struct store_sample, cell_key),
};

static const struct field comparison_fields[] = {
    FIELD(struct store_comparison, tool_version),
    FIELD(struct store_comparison, started_at),
    FIELD(struct store_comparison, wall_seconds),
    FIELD(struct store_comparison, method),
    FIELD(struct store_comparison, fraction),
    FIELD(struct store_comparison, breadth),
    {"seed", FIELD_OPTIONAL_BITS, offsetof(struct store_comparison, seed)},
    FIELD(struct store_comparison, jobs),
    FIELD(struct store_comparison, groups_wanted),
    FIELD(struct store_comparison, options),
};

static const struct field explainer_fields[] = {
    FIELD(struct store_explainer, explainer),
    FIELD(struct store_explainer, group_count),
    FIELD(struct store_explainer, rectified),
    FIELD(struct store_explainer, rectified_at_once),
    FIELD(struct store_explainer, first_cuts),
    FIELD(struct store_explainer, possible_first_cuts),
    FIELD(struct store_explainer, best_first_cuts),
    FIELD(struct store_explainer, regret_groups),
    FIELD(struct store_explainer, better),
    FIELD(struct store_explainer, equal),
    FIELD(struct store_explainer, regret_sum),
    FIELD(struct store_explainer, regret_median),
    FIELD(struct store_explainer, regret_mean),
    FIELD(struct store_explainer, regret_worst),
    FIELD(struct store_explainer, explanations),
    FIELD(struct store_explainer, simulations),
    FIELD(struct store_explainer, microseconds_median),
    FIELD(struct store_explainer, microseconds_mean),
    FIELD(struct store_explainer, sparsity),
    FIELD(struct store_explainer, stability),
    FIELD(struct store_explainer, fidelity_plus),
    FIELD(struct store_explainer, fidelity_minus),
};

/* A table whose rows are made of keys, which are numbers given apart, and a record. */
struct table {
  const char *name;
  const char *keys[WRITE_KEY_COUNT]; /* NULL where there is none */
  const struct field *fields;
  size_t field_count;
  bool replaces; /* a new row takes the place of one that it cannot stand beside */
};

#define FIELDS(list) .fields = list, .field_count = sizeof list / sizeof list[0]

static const struct table network_table = {"network", {NULL, NULL}, FIELDS(network_fields)};
static const struct table hardware_table = {"hardware", {NULL, NULL}, FIELDS(hardware_fields)};
static const struct table run_table = {"run", {"network_id", "hardware_id"}, FIELDS(run_fields)};
static const struct table group_table = {"run_group", {"run_id", "ordinal"}, FIELDS(group_fields)};
static const struct table run_timed_table = {"run_timed", {"run_id", NULL}, FIELDS(run_timed_fields)};
static const struct table group_timed_table = {
    "run_group_timed", {"run_id", "ordinal"}, FIELDS(group_timed_fields)};
static const struct table curve_table = {"run_curve", {"run_id", "ordinal"}, FIELDS(curve_fields)};
static const struct table explanation_table = {
    "run_explanation", {"run_id", "ordinal"}, FIELDS(explanation_fields)};
static const struct table front_table = {"run_front", {"run_id", "ordinal"}, FIELDS(front_fields)};
static const struct table sample_table = {
    "sample", {"network_id", "hardware_id"}, FIELDS(sample_fields), .replaces = true};

static const struct table comparison_table = {"comparison", {NULL, NULL}, FIELDS(comparison_fields)};
static const struct table explainer_table = {
    "comparison_explainer", {"comparison_id", "ordinal", "network_id", "hardware_id"}, FIELDS(explainer_fields)};

struct writer {
  sqlite3 *db;
  const char *path;
  struct error *err;
};

static int write_fail(const struct writer *writer) {
  return sql_error(writer->err, ERROR_OUTPUT, writer->path, "store the run", writer->db);
}

static size_t write_key_count(const struct table *table) {
  size_t count = 0;
  while (count < WRITE_KEY_COUNT && table->keys[count] != NULL) count++;
  return count;
}

/* The columns in the order in which they are bound: keys, then fields. */
static size_t write_column_count(const struct table *table) {
  return write_key_count(table) + table->field_count;
}

static const char *write_column(const struct table *table, size_t column) {
  size_t keys = write_key_count(table);
  return column < keys ? table->keys[column] : table->fields[column - keys].column;
}

/* Takes sql. NULL after an error. */
static sqlite3_stmt *write_prepare(const struct writer *writer, sqlite3_str *sql) {
  char *text = sqlite3_str_finish(sql);
  sqlite3_stmt *statement = NULL;
  if (text == NULL) {
    error_memory(writer->err);
  } else if (sqlite3_prepare_v2(writer->db, text, -1, &statement, NULL) != SQLITE_OK) {
    write_fail(writer);
  }
  sqlite3_free(text);
  return statement;
}

static sqlite3_stmt *write_prepare_insert(const struct writer *writer, const struct table *table,
                                          const char *tail) {
  sqlite3_str *sql = sqlite3_str_new(writer->db);
  sqlite3_str_appendf(sql, "INSERT%s INTO %s (", table->replaces ? " OR REPLACE" : "", table->name);
  for (size_t i = 0; i < write_column_count(table); i++) {
    sqlite3_str_appendf(sql, "%s%s", i == 0 ? "" : ", ", write_column(table, i));
  }
  sqlite3_str_appendall(sql, ") VALUES (");
  for (size_t i = 0; i < write_column_count(table); i++) sqlite3_str_appendall(sql, i == 0 ? "?" : ", ?");
  sqlite3_str_appendf(sql, ")%s", tail);
  return write_prepare(writer, sql);
}

static sqlite3_stmt *write_prepare_find(const struct writer *writer, const struct table *table) {
  sqlite3_str *sql = sqlite3_str_new(writer->db);
  sqlite3_str_appendf(sql, "SELECT id FROM %s WHERE ", table->name);
  for (size_t i = 0; i < write_column_count(table); i++) {
    sqlite3_str_appendf(sql, "%s%s = ?", i == 0 ? "" : " AND ", write_column(table, i));
  }
  return write_prepare(writer, sql);
}

static int write_bind_count(const struct writer *writer, sqlite3_stmt *statement, int index,
                            const char *column, uint64_t value) {
  if (value > INT64_MAX) {
    return error_set(writer->err, ERROR_OUTPUT,
                     "%s: cannot store the run: %s is %" PRIu64 ", the most is %" PRId64, writer->path,
                     column, value, INT64_MAX);
  }
  return sqlite3_bind_int64(statement, index, (sqlite3_int64)value) == SQLITE_OK ? 0 : write_fail(writer);
}

static int write_bind_field(const struct writer *writer, sqlite3_stmt *statement, int index,
                            const struct field *field, const void *record) {
  const void *member = (const char *)record + field->offset;
  const uint64_t *count = field->type == FIELD_COUNT ? member : NULL;
  const double *real = field->type == FIELD_REAL ? member : NULL;
  int code = SQLITE_OK;
  switch (field->type) {
    case FIELD_TEXT:
      code = sqlite3_bind_text(statement, index, *(const char *const *)member, -1, SQLITE_STATIC);
      break;
    case FIELD_OPTIONAL_COUNT:
    case FIELD_OPTIONAL_BITS:
      count = *(const uint64_t *const *)member;
      break;
    case FIELD_OPTIONAL_REAL:
      real = *(const double *const *)member;
      break;
    case FIELD_BOOL:
      code = sqlite3_bind_int(statement, index, *(const bool *)member);
      break;
    case FIELD_COUNT:
    case FIELD_REAL:
      break;
  }
  if (real != NULL && !isinf(*real)) code = sqlite3_bind_double(statement, index, *real);
  if (count != NULL && field->type == FIELD_OPTIONAL_BITS) {
    code = sqlite3_bind_int64(statement, index, (sqlite3_int64)*count);
  } else if (count != NULL) {
    return write_bind_count(writer, statement, index, field->column, *count);
  }
  return code == SQLITE_OK ? 0 : write_fail(writer);
}

static int write_bind(const struct writer *writer, sqlite3_stmt *statement, const struct table *table,
                      const int64_t *keys, const void *record) {
  int index = 1;
  sqlite3_clear_bindings(statement);
  for (size_t i = 0; i < write_key_count(table); i++) sqlite3_bind_int64(statement, index++, keys[i]);
  for (size_t i = 0; i < table->field_count; i++) {
    if (write_bind_field(writer, statement, index++, &table->fields[i], record) != 0) return -1;
  }
  return 0;
}

static int write_row(const struct writer *writer, sqlite3_stmt *insert, const struct table *table,
                     const int64_t *keys, const void *record) {
  if (write_bind(writer, insert, table, keys, record) != 0) return -1;
  if (sqlite3_step(insert) != SQLITE_DONE) return write_fail(writer);
  sqlite3_reset(insert);
  return 0;
}

static int write_one(const struct writer *writer, const struct table *table, const char *tail,
                     const int64_t *keys, const void *record) {
  sqlite3_stmt *insert = write_prepare_insert(writer, table, tail);
  int status = insert == NULL ? -1 : write_row(writer, insert, table, keys, record);
  sqlite3_finalize(insert);
  return status;
}

/* The id of the row with this content, which is added if there is none. */
static int write_shared(const struct writer *writer, const struct table *table, int64_t *id,
                        const void *record) {
  if (write_one(writer, table, " ON CONFLICT DO NOTHING", NULL, record) != 0) return -1;
  sqlite3_stmt *find = write_prepare_find(writer, table);
  if (find == NULL) return -1;
  int status = write_bind(writer, find, table, NULL, record);
  if (status == 0 && sqlite3_step(find) != SQLITE_ROW) status = write_fail(writer);
  if (status == 0) *id = sqlite3_column_int64(find, 0);
  sqlite3_finalize(find);
  return status;
}

/* The run's rows in a table of its parts, numbered from 0. */
static int write_parts(const struct writer *writer, const struct table *table, int64_t run_id,
                       const void *records, size_t record_bytes, uint64_t count) {
  sqlite3_stmt *insert = write_prepare_insert(writer, table, "");
  int status = insert == NULL ? -1 : 0;
  for (uint64_t i = 0; i < count && status == 0; i++) {
    const int64_t keys[WRITE_KEY_COUNT] = {run_id, (int64_t)i};
    status = write_row(writer, insert, table, keys, (const char *)records + i * record_bytes);
  }
  sqlite3_finalize(insert);
  return status;
}

/* Rows of those groups that were timed. */
static int write_timed_groups(const struct writer *writer, int64_t run_id, const struct store_group *groups,
                              uint64_t count) {
  sqlite3_stmt *insert = write_prepare_insert(writer, &group_timed_table, "");
  int status = insert == NULL ? -1 : 0;
  for (uint64_t i = 0; i < count && status == 0; i++) {
    const int64_t keys[WRITE_KEY_COUNT] = {run_id, (int64_t)i};
    if (groups[i].timed != NULL) status = write_row(writer, insert, &group_timed_table, keys, groups[i].timed);
  }
  sqlite3_finalize(insert);
  return status;
}

static int write_timed(const struct writer *writer, int64_t run_id, const struct store_run *run) {
  const int64_t keys[WRITE_KEY_COUNT] = {run_id, 0};
  if (run->timed != NULL && write_one(writer, &run_timed_table, "", keys, run->timed) != 0) return -1;
  return write_timed_groups(writer, run_id, run->groups, run->group_count);
}

/* A row of a table whose keys are network and hardware. */
static int write_measured(const struct writer *writer, const struct table *table, const struct store_network *network,
                          const struct store_hardware *hardware, const void *record) {
  int64_t keys[WRITE_KEY_COUNT];
  if (write_shared(writer, &network_table, &keys[0], network) != 0) return -1;
  if (write_shared(writer, &hardware_table, &keys[1], hardware) != 0) return -1;
  return write_one(writer, table, "", keys, record);
}

int write_sample(sqlite3 *db, const char *path, const struct store_sample *sample, struct error *err) {
  const struct writer writer = {db, path, err};
  return write_measured(&writer, &sample_table, &sample->network, &sample->hardware, sample);
}

int write_run(sqlite3 *db, const char *path, int64_t *run_id, const struct store_run *run,
              struct error *err) {
  const struct writer writer = {db, path, err};
  if (write_measured(&writer, &run_table, &run->network, &run->hardware, run) != 0) return -1;
  int64_t id = sqlite3_last_insert_rowid(db);
  *run_id = id;
  if (write_parts(&writer, &group_table, id, run->groups, sizeof *run->groups, run->group_count) != 0 ||
      write_timed(&writer, id, run) != 0 ||
      write_parts(&writer, &curve_table, id, run->curve, sizeof *run->curve, run->curve_count) != 0 ||
      write_parts(&writer, &front_table, id, run->front, sizeof *run->front, run->front_count) != 0) {
    return -1;
  }
  return write_parts(&writer, &explanation_table, id, run->explanations, sizeof *run->explanations,
                     run->explanation_count);
}

static int write_explainers(const struct writer *writer, int64_t id, const struct store_comparison *comparison) {
  sqlite3_stmt *insert = write_prepare_insert(writer, &explainer_table, "");
  int status = insert == NULL ? -1 : 0;
  for (uint64_t i = 0; i < comparison->explainer_count && status == 0; i++) {
    const struct store_explainer *row = &comparison->explainers[i];
    int64_t keys[WRITE_KEY_COUNT] = {id, (int64_t)i};
    status = write_shared(writer, &network_table, &keys[2], &row->network);
    if (status == 0) status = write_shared(writer, &hardware_table, &keys[3], &row->hardware);
    if (status == 0) status = write_row(writer, insert, &explainer_table, keys, row);
  }
  sqlite3_finalize(insert);
  return status;
}

int write_comparison(sqlite3 *db, const char *path, int64_t *comparison_id,
                     const struct store_comparison *comparison, struct error *err) {
  const struct writer writer = {db, path, err};
  if (write_one(&writer, &comparison_table, "", NULL, comparison) != 0) return -1;
  *comparison_id = sqlite3_last_insert_rowid(db);
  return write_explainers(&writer, *comparison_id, comparison);
}
