#include "store/guard.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What a query might ask for; everything else that SQLite knows changes the schema. `subject`
 * tells which of the authorizer's two arguments names the thing, 0 that none does. */
static const struct guard_action {
  int code;
  const char *name;
  int subject;
} guard_actions[] = {
    {SQLITE_INSERT, "INSERT INTO", 1},    {SQLITE_UPDATE, "UPDATE", 1},
    {SQLITE_DELETE, "DELETE FROM", 1},    {SQLITE_PRAGMA, "PRAGMA", 1},
    {SQLITE_ATTACH, "ATTACH", 0},         {SQLITE_DETACH, "DETACH", 0},
    {SQLITE_FUNCTION, "the function", 2}, {SQLITE_ANALYZE, "ANALYZE", 0},
    {SQLITE_REINDEX, "REINDEX", 0},       {SQLITE_TRANSACTION, "a transaction:", 1},
    {SQLITE_SAVEPOINT, "SAVEPOINT", 2},
};

/* Pragmas that only tell something. Without `argument`, giving one would set it. */
static const struct guard_pragma {
  const char *name;
  bool argument;
} guard_pragmas[] = {
    {"application_id", false}, {"user_version", false},    {"schema_version", false},
    {"page_count", false},     {"page_size", false},       {"freelist_count", false},
    {"encoding", false},       {"foreign_keys", false},    {"compile_options", false},
    {"database_list", false},  {"function_list", false},   {"table_list", true},
    {"table_info", true},      {"table_xinfo", true},      {"index_list", true},
    {"index_info", true},      {"foreign_key_list", true}, {"integrity_check", true},
    {"quick_check", true},     {"index_xinfo", true},      {"foreign_key_check", true},
    {"collation_list", false},
};

/* Functions that reach beyond the database. */
static const char *const guard_functions[] = {"load_extension", "fts3_tokenizer"};

static bool guard_pragma_reads(const char *name, const char *argument) {
  for (size_t i = 0; i < sizeof guard_pragmas / sizeof guard_pragmas[0]; i++) {
    if (sqlite3_stricmp(name, guard_pragmas[i].name) != 0) continue;
    return argument == NULL || guard_pragmas[i].argument;
  }
  return false;
}

static bool guard_function_reads(const char *name) {
  for (size_t i = 0; i < sizeof guard_functions / sizeof guard_functions[0]; i++) {
    if (sqlite3_stricmp(name, guard_functions[i]) == 0) return false;
  }
  return true;
}

static int guard_refuse(struct guard *guard, int code, const char *first, const char *second) {
  const char *name = "a change of the schema", *subject = NULL;
  bool schema = first != NULL && strncmp(first, "sqlite_", 7) == 0;
  for (size_t i = 0; i < sizeof guard_actions / sizeof guard_actions[0]; i++) {
    if (guard_actions[i].code != code || schema) continue;
    const char *const subjects[] = {NULL, first, second};
    name = guard_actions[i].name;
    subject = subjects[guard_actions[i].subject];
  }
  snprintf(guard->refused, sizeof guard->refused, "%s%s%s", name, subject == NULL ? "" : " ",
           subject == NULL ? "" : subject);
  return SQLITE_DENY;
}

/* Table-valued functions such as json_each() make SQLite ask for UPDATE of the schema when it
 * first meets them. Leave is given: what really changes the schema asks for more than that. */
static bool guard_reads(int code, const char *first, const char *second) {
  switch (code) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return true;
    case SQLITE_UPDATE:
      return strcmp(first, "sqlite_master") == 0;
    case SQLITE_PRAGMA:
      return guard_pragma_reads(first, second);
    case SQLITE_FUNCTION:
      return guard_function_reads(second);
    default:
      return false;
  }
}

static int guard_ask(void *context, int code, const char *first, const char *second, const char *database,
                     const char *trigger) {
  (void)database;
  (void)trigger;
  return guard_reads(code, first, second) ? SQLITE_OK : guard_refuse(context, code, first, second);
}

void guard_install(struct guard *guard, sqlite3 *db) {
  guard->refused[0] = '\0';
  sqlite3_set_authorizer(db, guard_ask, guard);
}
