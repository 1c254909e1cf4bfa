#include "store/query.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/bind.h"
#include "store/guard.h"
#include "store/named.h"
#include "store/reader.h"
#include "store/schema.h"
#include "store/sql.h"
#include "util/text.h"

#define QUERY_VALUE_MAX_BYTES (64 << 20)
#define QUERY_STOP_INTERVAL 10000 /* virtual machine steps between two looks at the stop flag */

struct query {
  sqlite3 *db;
  sqlite3_stmt *statement;
  char *path; /* as the caller gave it, for messages */
  const volatile sig_atomic_t *stop;
  struct guard guard;
};

static int query_must_stop(void *context) {
  const struct query *query = context;
  return *query->stop != 0;
}

static int query_check_version(struct query *query, struct error *err) {
  size_t version;
  if (schema_identify(&version, query->db, query->path, schema_step_count, ERROR_INPUT, err) != 0) return -1;
  if (version == schema_step_count) return 0;
  if (version == 0) {
    return error_input(err, query->path, 0,
                       "the database is empty; `spillway schedule` or `spillway simulate` fills it");
  }
  return error_input(err, query->path, 0,
                     "has schema version %zu, but version %zu is needed; the next `spillway simulate` or "
                     "`spillway schedule` with this --db brings it up to date",
                     version, schema_step_count);
}

static int query_setup(struct query *query, struct error *err) {
  if (reader_open(&query->db, query->path, err) != 0 || query_check_version(query, err) != 0) return -1;
  sqlite3_limit(query->db, SQLITE_LIMIT_LENGTH, QUERY_VALUE_MAX_BYTES);
  guard_install(&query->guard, query->db);
  if (query->stop != NULL) sqlite3_progress_handler(query->db, QUERY_STOP_INTERVAL, query_must_stop, query);
  return 0;
}

int query_open(struct query **out, const char *path, const volatile sig_atomic_t *stop, struct error *err) {
  bool exists;
  *out = NULL;
  if (sql_check_file(&exists, path, ERROR_INPUT, err) != 0) return -1;
  if (!exists) {
    return error_input(err, path, 0,
                       "no such database; `spillway schedule` or `spillway simulate` creates it, "
                       "--db chooses another");
  }
  struct query *query = calloc(1, sizeof *query);
  if (query == NULL) return error_memory(err);
  query->stop = stop;
  query->path = strdup(path);
  int status = query->path == NULL ? error_memory(err) : query_setup(query, err);
  if (status == 0) {
    *out = query;
  } else {
    query_close(query);
  }
  return status;
}

/* The message for the last failure of the statement: refused, interrupted, a mistake in the
 * SQL, or trouble with the file. */
static int query_fail(struct query *query, struct error *err) {
  int code = sqlite3_errcode(query->db);
  if (query->guard.refused[0] != '\0') {
    return error_set(err, ERROR_USAGE, "%s: the query was refused: it may only read, and it asks for %s",
                     query->path, query->guard.refused);
  }
  if (code == SQLITE_INTERRUPT)
    return error_set(err, ERROR_USAGE, "%s: the query was interrupted", query->path);
  if (code == SQLITE_TOOBIG) {
    return error_set(err, ERROR_USAGE, "the query makes a value of more than %d MiB; ask for less at a time",
                     QUERY_VALUE_MAX_BYTES >> 20);
  }
  if (code != SQLITE_ERROR && code != SQLITE_MISMATCH && code != SQLITE_RANGE && code != SQLITE_CONSTRAINT) {
    return sql_error(err, ERROR_INPUT, query->path, "run the query", query->db);
  }
  const char *text = sqlite3_errmsg(query->db);
  bool table = strncmp(text, "no such table", 13) == 0;
  return error_set(err, ERROR_USAGE, "cannot run the query: %s%s", text,
                   table ? "; the views are v_run, v_group, v_curve, v_explanation, v_front, v_sample and v_explainer"
                         : "");
}

/* Behind the statement there may be only blanks, comments and semicolons. */
static int query_check_tail(struct query *query, const char *tail, struct error *err) {
  while (*tail != '\0') {
    sqlite3_stmt *more = NULL;
    const char *next = NULL;
    int code = sqlite3_prepare_v2(query->db, tail, -1, &more, &next);
    bool statement = more != NULL;
    sqlite3_finalize(more);
    if (statement || code != SQLITE_OK || next == tail) {
      return error_set(err, ERROR_USAGE,
                       "a query is a single SQL statement, but another text follows it: \"%.60s\"", tail);
    }
    tail = next;
  }
  return 0;
}

static int query_prepare(struct query *query, const char *sql, struct error *err) {
  const char *tail;
  sqlite3_finalize(query->statement);
  query->statement = NULL;
  query->guard.refused[0] = '\0';
  if (sqlite3_prepare_v2(query->db, sql, -1, &query->statement, &tail) != SQLITE_OK)
    return query_fail(query, err);
  if (query->statement == NULL && *tail == '\0') return error_set(err, ERROR_USAGE, "the query is empty");
  if (query_check_tail(query, tail, err) != 0) return -1;
  if (query->statement == NULL) return error_set(err, ERROR_USAGE, "the query is empty");
  if (!sqlite3_stmt_readonly(query->statement)) {
    return error_set(err, ERROR_USAGE, "%s: the query was refused: it may only read", query->path);
  }
  return 0;
}

static int query_unknown_name(const char *name, struct error *err) {
  char list[BIND_LIST_BYTES] = "";
  struct text_nearest nearest = text_nearest_start(name);
  for (size_t i = 0; i < named_query_count; i++) {
    bind_list_add(list, named_queries[i].name);
    text_nearest_offer(&nearest, named_queries[i].name);
  }
  return error_set(err, ERROR_USAGE, "no query is called \"%s\"; %s%s%sthere are %s, or give an SQL statement", name,
                   nearest.best == NULL ? "" : "did you mean \"", nearest.best == NULL ? "" : nearest.best,
                   nearest.best == NULL ? "" : "\"? ", list);
}

int query_ask(struct query *query, const char *text, const char *const *parameters, size_t parameter_count,
              struct error *err) {
  static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  const struct named_query *named = NULL;
  if (text[0] != '\0' && strspn(text, word) == strlen(text)) {
    named = named_find(text);
    if (named == NULL) return query_unknown_name(text, err);
  }
  if (query_prepare(query, named == NULL ? text : named->sql, err) != 0) return -1;
  return bind_parameters(query->statement, named, parameters, parameter_count, err);
}

size_t query_column_count(const struct query *query) {
  return (size_t)sqlite3_column_count(query->statement);
}

const char *query_column_name(const struct query *query, size_t column) {
  const char *name = sqlite3_column_name(query->statement, (int)column);
  return name == NULL ? "" : name;
}

int query_step(struct query *query, struct error *err) {
  switch (sqlite3_step(query->statement)) {
    case SQLITE_ROW:
      return 1;
    case SQLITE_DONE:
      return 0;
    default:
      return query_fail(query, err);
  }
}

struct query_value query_value(const struct query *query, size_t column) {
  int index = (int)column;
  switch (sqlite3_column_type(query->statement, index)) {
    case SQLITE_INTEGER:
      return (struct query_value){.type = QUERY_INTEGER,
                                  .integer = sqlite3_column_int64(query->statement, index)};
    case SQLITE_FLOAT:
      return (struct query_value){.type = QUERY_REAL, .real = sqlite3_column_double(query->statement, index)};
    case SQLITE_NULL:
      return (struct query_value){.type = QUERY_NULL};
    default:
      break;
  }
  bool text = sqlite3_column_type(query->statement, index) == SQLITE_TEXT;
  struct query_value value = {.type = text ? QUERY_TEXT : QUERY_BLOB};
  value.bytes = sqlite3_column_blob(query->statement, index);
  value.length = (size_t)sqlite3_column_bytes(query->statement, index);
  return value;
}

void query_close(struct query *query) {
  if (query == NULL) return;
  sqlite3_finalize(query->statement);
  sqlite3_close(query->db);
  free(query->path);
  free(query);
}
