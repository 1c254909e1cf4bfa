/* What the writer and the reader of the database share: file names, error messages and
 * small statements. Internal to src/store. */
#ifndef SPILLWAY_STORE_SQL_H
#define SPILLWAY_STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

/* path, such that SQLite takes it as a plain file name and never as a URI, :memory: or a
 * temporary database. The caller frees it; NULL without memory. */
char *sql_file_name(const char *path);

/* Fails, with an error of this kind, if path is empty or names something other than a
 * regular file. *exists tells whether it names anything. */
int sql_check_file(bool *exists, const char *path, enum error_kind kind, struct error *err);

/* "PATH: cannot ACTION: what happened (SQLite's words); what to do", from the last error of
 * db, which may be NULL if SQLite had no memory for it. Returns -1. */
int sql_error(struct error *err, enum error_kind kind, const char *path, const char *action, sqlite3 *db);

/* Settings for every connection: waits for other processes, believes nothing that the
 * file's own schema says. Returns an SQLite code. */
int sql_configure(sqlite3 *db);

/* The first column of the first row of sql. Returns an SQLite code. */
int sql_integer(sqlite3 *db, const char *sql, int64_t *value);

#endif
