#include "store/reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/sql.h"

/* Opening tells little: only the first read shows whether the file can be used. */
static int reader_connect(sqlite3 **db, const char *name, int flags) {
  int64_t version;
  sqlite3_close(*db);
  *db = NULL;
  int code = sqlite3_open_v2(name, db, SQLITE_OPEN_READONLY | flags, NULL);
  if (code == SQLITE_OK) code = sql_configure(*db);
  return code == SQLITE_OK ? sql_integer(*db, "PRAGMA user_version", &version) : code;
}

static bool reader_has_wal(const char *name) {
  struct stat status;
  char *wal = sqlite3_mprintf("%s-wal", name);
  bool found = wal != NULL && stat(wal, &status) == 0 && status.st_size > 0;
  sqlite3_free(wal);
  return found;
}

/* "file:" URI of a file name; every byte that means something in a URI is escaped. */
static char *reader_immutable_uri(const char *name) {
  sqlite3_str *uri = sqlite3_str_new(NULL);
  sqlite3_str_appendall(uri, name[0] == '/' ? "file://" : "file:");
  for (const char *c = name; *c != '\0'; c++) {
    if (strchr("%?#", *c) != NULL) {
      sqlite3_str_appendf(uri, "%%%02x", *c);
    } else {
      sqlite3_str_appendchar(uri, 1, *c);
    }
  }
  sqlite3_str_appendall(uri, "?immutable=1");
  return sqlite3_str_finish(uri);
}

/* A WAL database needs a writable directory even for reading, unless it is declared
 * immutable, which leaves out whatever is still in the -wal file: an error, not a guess. */
static int reader_connect_any(sqlite3 **db, const char *path, const char *name, struct error *err) {
  static const char action[] = "read the database";
  int code = reader_connect(db, name, 0);
  if (code == SQLITE_OK) return 0;
  if ((code & 0xff) != SQLITE_CANTOPEN && (code & 0xff) != SQLITE_READONLY) {
    return sql_error(err, ERROR_INPUT, path, action, *db);
  }
  if (reader_has_wal(name)) {
    return error_input(
        err, path, 0,
        "cannot read the database: its directory is not writable and its "
        "-wal file holds runs not yet merged; copy the file and its -wal file to a directory of yours");
  }
  char *uri = reader_immutable_uri(name);
  if (uri == NULL) return error_memory(err);
  code = reader_connect(db, uri, SQLITE_OPEN_URI);
  sqlite3_free(uri);
  return code == SQLITE_OK ? 0 : sql_error(err, ERROR_INPUT, path, action, *db);
}

int reader_open(sqlite3 **db, const char *path, struct error *err) {
  char *name = sql_file_name(path);
  *db = NULL;
  if (name == NULL) return error_memory(err);
  int status = reader_connect_any(db, path, name, err);
  free(name);
  return status;
}
