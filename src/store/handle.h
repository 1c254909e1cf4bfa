/* What a struct store is. Internal to src/store. */
#ifndef SPILLWAY_STORE_HANDLE_H
#define SPILLWAY_STORE_HANDLE_H

#include <sqlite3.h>

#include "store/store.h"
#include "util/error.h"

struct store {
  sqlite3 *db;
  char *path; /* as the caller gave it, for messages */
};

/* Runs sql; as long as another process is in the way, again. Returns an SQLite code. */
int store_exec(sqlite3 *db, const char *sql);

/* ERROR_OUTPUT from the last error of the database. Returns -1. */
int store_fail(const struct store *store, const char *action, struct error *err);

#endif
