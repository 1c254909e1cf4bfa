/* Merging a database into another. The tables are taken from the schema, in which parents come
 * before what refers to them, and whose columns say what they are: `id` numbers the rows of a
 * table, `x_id` is a number of table x. Everything else is content. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/handle.h"
#include "store/reader.h"
#include "store/schema.h"
#include "store/sql.h"

#define MERGE_ACTION "merge"

/* Where rows of the source with a number went; fresh: they were copied, and are not the same as
 * what was there. */
static const char merge_begin[] =
    "CREATE TEMP TABLE moved (tab TEXT, old INTEGER, new INTEGER, fresh INTEGER, PRIMARY KEY (tab, old)) WITHOUT ROWID";

/* ---- the columns of a table ---- */

enum { MERGE_COLUMNS = 128, MERGE_NAME_BYTES = 64 };

struct merge_table {
  char name[MERGE_NAME_BYTES];
  char columns[MERGE_COLUMNS][MERGE_NAME_BYTES]; /* all but id */
  size_t column_count;
  bool numbered; /* it has an id */
};

/* The table that a column has a number of, or 0: "run_id" of "run". */
static size_t parent_length(const char *column) {
  size_t length = strlen(column);
  return length > 3 && strcmp(column + length - 3, "_id") == 0 ? length - 3 : 0;
}

static int read_columns(sqlite3 *db, struct merge_table *table) {
  sqlite3_stmt *statement;
  char *sql = sqlite3_mprintf("SELECT name FROM main.pragma_table_info(%Q)", table->name);
  if (sql == NULL) return SQLITE_NOMEM;
  int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
  sqlite3_free(sql);
  while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(statement, 0);
    code = SQLITE_OK;
    if (strcmp(name, "id") == 0) {
      table->numbered = true;
    } else if (table->column_count < MERGE_COLUMNS && strlen(name) < MERGE_NAME_BYTES) {
      memcpy(table->columns[table->column_count++], name, strlen(name) + 1);
    } else {
      code = SQLITE_TOOBIG;
    }
  }
  sqlite3_finalize(statement);
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* ---- statements ---- */

/* Appends what the column of row s of the source is in the merged database. */
static void put_value(sqlite3_str *sql, const char *column) {
  if (parent_length(column) > 0) {
    sqlite3_str_appendf(sql, "%s.new", column);
  } else {
    sqlite3_str_appendf(sql, "s.%s", column);
  }
}

static void put_list(sqlite3_str *sql, const struct merge_table *table, bool values) {
  for (size_t i = 0; i < table->column_count; i++) {
    if (i > 0) sqlite3_str_appendall(sql, ", ");
    if (values) {
      put_value(sql, table->columns[i]);
    } else {
      sqlite3_str_appendall(sql, table->columns[i]);
    }
  }
}

/* Appends "FROM source.t AS s" and a join for each number of another table's, named like the column. */
static void put_source(sqlite3_str *sql, const struct merge_table *table) {
  sqlite3_str_appendf(sql, " FROM source.%s AS s", table->name);
  for (size_t i = 0; i < table->column_count; i++) {
    const char *column = table->columns[i];
    int parent = (int)parent_length(column);
    if (parent == 0) continue;
    sqlite3_str_appendf(sql, " JOIN moved AS %s ON %s.tab = '%.*s' AND %s.old = s.%s", column, column, parent, column,
                        column, column);
  }
}

static int run_statement(sqlite3 *db, sqlite3_str *sql) {
  char *text = sqlite3_str_finish(sql);
  int code = text == NULL ? SQLITE_NOMEM : sqlite3_exec(db, text, NULL, NULL, NULL);
  sqlite3_free(text);
  return code;
}

static bool has_column(const struct merge_table *table, const char *name) {
  for (size_t i = 0; i < table->column_count; i++) {
    if (strcmp(table->columns[i], name) == 0) return true;
  }
  return false;
}

/* Remembers the rows of the source that are there: with the same key, or without one in all columns. */
static int find_present(sqlite3 *db, const struct merge_table *table) {
  sqlite3_str *sql = sqlite3_str_new(db);
  bool keyed = has_column(table, "cell_key");
  sqlite3_str_appendf(sql, "INSERT INTO moved SELECT '%s', s.id, min(m.id), 0", table->name);
  put_source(sql, table);
  sqlite3_str_appendf(sql, " JOIN main.%s AS m ON %s", table->name, keyed ? "s.cell_key IS NULL" : "1");
  for (size_t i = 0; i < table->column_count; i++) {
    sqlite3_str_appendf(sql, " AND m.%s IS ", table->columns[i]);
    put_value(sql, table->columns[i]);
  }
  sqlite3_str_appendall(sql, " GROUP BY s.id");
  int code = run_statement(db, sql);
  if (code != SQLITE_OK || !keyed) return code;
  sql = sqlite3_str_new(db);
  sqlite3_str_appendf(sql,
                      "INSERT INTO moved SELECT '%s', s.id, m.id, 0 FROM source.%s AS s JOIN main.%s AS m"
                      " ON m.cell_key = s.cell_key",
                      table->name, table->name, table->name);
  return run_statement(db, sql);
}

/* Numbers the others, in their order, above all numbers that were ever used. */
static int number_fresh(sqlite3 *db, const struct merge_table *table) {
  sqlite3_str *sql = sqlite3_str_new(db);
  sqlite3_str_appendf(
      sql,
      "INSERT INTO moved SELECT '%s', id, row_number() OVER (ORDER BY id) +"
      " max((SELECT coalesce(max(id), 0) FROM main.%s),"
      " (SELECT coalesce(max(seq), 0) FROM main.sqlite_sequence WHERE name = '%s')), 1"
      " FROM source.%s WHERE id NOT IN (SELECT old FROM moved WHERE tab = '%s')",
      table->name, table->name, table->name, table->name, table->name);
  return run_statement(db, sql);
}

static int copy_numbered(sqlite3 *db, const struct merge_table *table) {
  int code = find_present(db, table);
  if (code == SQLITE_OK) code = number_fresh(db, table);
  if (code != SQLITE_OK) return code;
  sqlite3_str *sql = sqlite3_str_new(db);
  sqlite3_str_appendf(sql, "INSERT INTO main.%s (id, ", table->name);
  put_list(sql, table, false);
  sqlite3_str_appendall(sql, ") SELECT own.new, ");
  put_list(sql, table, true);
  put_source(sql, table);
  sqlite3_str_appendf(sql, " JOIN moved AS own ON own.tab = '%s' AND own.old = s.id AND own.fresh ORDER BY own.new",
                      table->name);
  return run_statement(db, sql);
}

/* Rows that belong to one of another table go where it went; its number is their first column. */
static int copy_parts(sqlite3 *db, const struct merge_table *table) {
  sqlite3_str *sql = sqlite3_str_new(db);
  sqlite3_str_appendf(sql, "INSERT INTO main.%s (", table->name);
  put_list(sql, table, false);
  sqlite3_str_appendall(sql, ") SELECT ");
  put_list(sql, table, true);
  put_source(sql, table);
  sqlite3_str_appendf(sql, " WHERE %s.fresh", table->columns[0]);
  return run_statement(db, sql);
}

static int copy_table(sqlite3 *db, const char *name) {
  struct merge_table table = {.column_count = 0};
  if (strlen(name) >= sizeof table.name) return SQLITE_TOOBIG;
  memcpy(table.name, name, strlen(name) + 1);
  int code = read_columns(db, &table);
  if (code != SQLITE_OK) return code;
  return table.numbered ? copy_numbered(db, &table) : copy_parts(db, &table);
}

static int copy_tables(sqlite3 *db) {
  sqlite3_stmt *statement;
  int code = sqlite3_prepare_v2(
      db, "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid", -1,
      &statement, NULL);
  while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
    code = copy_table(db, (const char *)sqlite3_column_text(statement, 0));
  }
  sqlite3_finalize(statement);
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* ---- the source ---- */

static int copy_whole(sqlite3 *to, const char *to_name, sqlite3 *from) {
  sqlite3_backup *backup = sqlite3_backup_init(to, to_name, from, "main");
  if (backup == NULL) return sqlite3_errcode(to);
  int code = sqlite3_backup_step(backup, -1);
  sqlite3_backup_finish(backup);
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int fail_to_read(const char *path, sqlite3 *db, struct error *err) {
  return sql_error(err, ERROR_INPUT, path, "read the database", db);
}

/* *copy becomes a private copy of the database at path with the current schema. */
static int read_source(sqlite3 **copy, const char *path, struct error *err) {
  sqlite3 *db;
  size_t version;
  *copy = NULL;
  int status = reader_open(&db, path, err);
  if (status == 0) status = schema_identify(&version, db, path, schema_step_count, ERROR_INPUT, err);
  if (status == 0 && (sqlite3_open("", copy) != SQLITE_OK || copy_whole(*copy, "main", db) != SQLITE_OK)) {
    status = fail_to_read(path, *copy, err);
  }
  sqlite3_close(db);
  return status == 0 ? schema_migrate(*copy, path, schema_steps, schema_step_count, err) : -1;
}

static int same_file(const char *a, const char *b) {
  struct stat first, second;
  return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

static int check_source(const struct store *store, const char *path, struct error *err) {
  bool exists;
  if (sql_check_file(&exists, path, ERROR_INPUT, err) != 0) return -1;
  if (!exists) return error_input(err, path, 0, "no such database");
  if (!same_file(store->path, path)) return 0;
  return error_input(err, path, 0, "is the database to merge into; leave it out");
}

static int count_runs(sqlite3 *db, struct store_merged *out) {
  int64_t copied = 0, present = 0;
  int code = sql_integer(db, "SELECT count(*) FROM moved WHERE tab = 'run' AND fresh", &copied);
  if (code == SQLITE_OK) code = sql_integer(db, "SELECT count(*) FROM moved WHERE tab = 'run' AND NOT fresh", &present);
  *out = (struct store_merged){(uint64_t)copied, (uint64_t)present};
  return code;
}

/* In one transaction; the source is attached. */
static int merge_attached(struct store *store, struct store_merged *out, struct error *err) {
  if (store_exec(store->db, merge_begin) != SQLITE_OK || store_exec(store->db, "BEGIN IMMEDIATE") != SQLITE_OK) {
    return store_fail(store, MERGE_ACTION, err);
  }
  int status = 0;
  if (copy_tables(store->db) != SQLITE_OK || count_runs(store->db, out) != SQLITE_OK ||
      store_exec(store->db, "COMMIT") != SQLITE_OK) {
    status = store_fail(store, MERGE_ACTION, err);
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  }
  return status;
}

int store_merge(struct store *store, const char *path, struct store_merged *out, struct error *err) {
  sqlite3 *source;
  if (check_source(store, path, err) != 0) return -1;
  int status = read_source(&source, path, err);
  if (status == 0) {
    int code = sqlite3_exec(store->db, "ATTACH '' AS source", NULL, NULL, NULL);
    if (code == SQLITE_OK) code = copy_whole(store->db, "source", source);
    status = code == SQLITE_OK ? merge_attached(store, out, err) : store_fail(store, MERGE_ACTION, err);
    sqlite3_exec(store->db, "DROP TABLE IF EXISTS temp.moved", NULL, NULL, NULL);
    sqlite3_exec(store->db, "DETACH source", NULL, NULL, NULL);
  }
  sqlite3_close(source);
  return status;
}
