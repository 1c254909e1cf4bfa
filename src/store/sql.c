#include "store/sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SQL_BUSY_MILLISECONDS 10000

/* A relative path gets "./" in front, which no special name of SQLite's has. */
char *sql_file_name(const char *path) {
  const char *prefix = path[0] == '/' ? "" : "./";
  size_t bytes = strlen(prefix) + strlen(path) + 1;
  char *name = malloc(bytes);
  if (name != NULL) snprintf(name, bytes, "%s%s", prefix, path);
  return name;
}

int sql_check_file(bool *exists, const char *path, enum error_kind kind, struct error *err) {
  struct stat status;
  *exists = false;
  if (path[0] == '\0') return error_set(err, kind, "the path of the database is empty; give one with --db");
  if (stat(path, &status) != 0) {
    if (errno == ENOENT) return 0;
    return error_set(err, kind, "%s: cannot open the database: %s; choose another path with --db", path,
                     strerror(errno));
  }
  *exists = true;
  if (S_ISREG(status.st_mode)) return 0;
  return error_set(err, kind, "%s: is %s where a database file was expected; choose another path with --db",
                   path, S_ISDIR(status.st_mode) ? "a directory" : "not a regular file");
}

#define SQL_FULL                                             \
  "the disk is full, or a quota or a size limit is reached", \
      "free some space, or see to the disk, and run again; what was stored is kept"

/* By extended code first, then by primary code. */
static const struct sql_trouble {
  int code;
  const char *what;
  const char *advice;
} sql_troubles[] = {
    {SQLITE_FULL, SQL_FULL},
    {SQLITE_IOERR_WRITE, SQL_FULL},
    {SQLITE_IOERR_SHMOPEN, SQL_FULL},
    {SQLITE_IOERR_SHMSIZE, SQL_FULL},
    {SQLITE_READONLY, "it is read-only",
     "make the file and its directory writable, or choose another with --db"},
    {SQLITE_PERM, "access is denied",
     "make the file and its directory writable, or choose another with --db"},
    {SQLITE_CANTOPEN, "it cannot be opened or created",
     "check that its directory exists and that you may use it, or name another file"},
    {SQLITE_BUSY, "another process keeps it locked", "end that process or wait for it, then run again"},
    {SQLITE_LOCKED, "another process keeps it locked", "end that process or wait for it, then run again"},
    {SQLITE_PROTOCOL, "another process keeps it locked", "end that process or wait for it, then run again"},
    {SQLITE_CORRUPT, "the file is damaged",
     "move it aside to begin a new one; `sqlite3 FILE .recover` can save what is left"},
    {SQLITE_NOTADB, "it is not an SQLite database", "name another file"},
    {SQLITE_IOERR, "the disk failed", "check the disk and its messages in the system log"},
    {SQLITE_TOOBIG, "a text is too long", "use a smaller network or shorter names"},
    {SQLITE_CONSTRAINT, "the record breaks a rule of the schema", "report this as an error in Spillway"},
    {SQLITE_MISMATCH, "the record breaks a rule of the schema", "report this as an error in Spillway"},
    {SQLITE_ERROR, "its tables are not as expected", "move the file aside to begin a new one"},
};

static const struct sql_trouble *sql_find_trouble(int extended_code) {
  for (size_t i = 0; i < sizeof sql_troubles / sizeof sql_troubles[0]; i++) {
    if (sql_troubles[i].code == extended_code) return &sql_troubles[i];
  }
  return extended_code > 0xff ? sql_find_trouble(extended_code & 0xff) : NULL;
}

int sql_error(struct error *err, enum error_kind kind, const char *path, const char *action, sqlite3 *db) {
  if (db == NULL || (sqlite3_errcode(db) & 0xff) == SQLITE_NOMEM) return error_memory(err);
  const struct sql_trouble *trouble = sql_find_trouble(sqlite3_extended_errcode(db));
  const char *text = sqlite3_errmsg(db);
  if (trouble == NULL) return error_set(err, kind, "%s: cannot %s: %s", path, action, text);
  return error_set(err, kind, "%s: cannot %s: %s (%s); %s", path, action, trouble->what, text,
                   trouble->advice);
}

int sql_configure(sqlite3 *db) {
  sqlite3_extended_result_codes(db, 1);
  int code = sqlite3_busy_timeout(db, SQL_BUSY_MILLISECONDS);
  if (code == SQLITE_OK) code = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  if (code == SQLITE_OK) code = sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  return code;
}

int sql_integer(sqlite3 *db, const char *sql, int64_t *value) {
  sqlite3_stmt *statement;
  int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
  if (code != SQLITE_OK) return code;
  code = sqlite3_step(statement);
  if (code == SQLITE_ROW) *value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return code == SQLITE_ROW ? SQLITE_OK : code;
}
