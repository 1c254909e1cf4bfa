#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/handle.h"
#include "store/schema.h"
#include "store/sql.h"
#include "store/write.h"

#define STORE_PATIENCE_SECONDS 30
#define STORE_PAUSE_MILLISECONDS 50

static int64_t store_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

static bool store_is_busy(int code) {
  int primary = code & 0xff;
  return primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_PROTOCOL;
}

/* SQLite's own wait does not cover every lock (recovery and the change to WAL answer at
 * once), so a busy answer is tried again. */
int store_exec(sqlite3 *db, const char *sql) {
  int64_t end = store_seconds() + STORE_PATIENCE_SECONDS;
  int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
  while (store_is_busy(code) && store_seconds() < end) {
    sqlite3_sleep(STORE_PAUSE_MILLISECONDS);
    code = sqlite3_exec(db, sql, NULL, NULL, NULL);
  }
  return code;
}

int store_fail(const struct store *store, const char *action, struct error *err) {
  return sql_error(err, ERROR_OUTPUT, store->path, action, store->db);
}

static int store_make_directory(const char *path, struct error *err) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL || slash == path) return 0;
  char *directory = strndup(path, (size_t)(slash - path));
  if (directory == NULL) return error_memory(err);
  int status = 0;
  if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
    status = error_set(err, ERROR_OUTPUT, "%s: cannot create the directory for the database: %s; %s",
                       directory, strerror(errno),
                       "create it first, choose another path with --db, or keep no record with --no-db");
  }
  free(directory);
  return status;
}

/* A WAL file that was there before belongs to whoever wrote it. Until the database is known
 * as ours, closing it must not fold that file in. */
static void store_keep_wal(struct store *store, const char *file_name, bool keep) {
  char *wal = sqlite3_mprintf("%s-wal", file_name);
  bool found = wal != NULL && access(wal, F_OK) == 0;
  sqlite3_free(wal);
  sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep && found ? 1 : 0, NULL);
}

/* synchronous=FULL costs one wait for the disk per run and keeps finished runs through a
 * power failure, where NORMAL would only keep the file consistent. */
static int store_setup(struct store *store, const char *file_name, struct error *err) {
  size_t version;
  store_keep_wal(store, file_name, true);
  if (sql_configure(store->db) != SQLITE_OK) return store_fail(store, "set up the database", err);
  if (schema_identify(&version, store->db, store->path, schema_step_count, ERROR_OUTPUT, err) != 0) return -1;
  if (store_exec(store->db, "PRAGMA journal_mode = WAL") != SQLITE_OK ||
      store_exec(store->db, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON") != SQLITE_OK ||
      store_exec(store->db, "BEGIN IMMEDIATE") != SQLITE_OK) {
    return store_fail(store, "write to the database", err);
  }
  int status = schema_migrate(store->db, store->path, schema_steps, schema_step_count, err);
  if (status == 0 && store_exec(store->db, "COMMIT") != SQLITE_OK) {
    status = store_fail(store, "write to the database", err);
  }
  if (status != 0) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  if (status == 0) store_keep_wal(store, file_name, false);
  return status;
}

static int store_connect(struct store *store, struct error *err) {
  char *file_name = sql_file_name(store->path);
  if (file_name == NULL) return error_memory(err);
  int status;
  if (sqlite3_open_v2(file_name, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK) {
    status = store_setup(store, file_name, err);
  } else {
    status = store_fail(store, "open the database", err);
  }
  free(file_name);
  return status;
}

int store_open(struct store **out, const char *path, struct error *err) {
  bool exists;
  *out = NULL;
  if (sql_check_file(&exists, path, ERROR_OUTPUT, err) != 0) return -1;
  if (!exists && store_make_directory(path, err) != 0) return -1;
  struct store *store = calloc(1, sizeof *store);
  if (store == NULL) return error_memory(err);
  store->path = strdup(path);
  int status = store->path == NULL ? error_memory(err) : store_connect(store, err);
  if (status == 0) {
    *out = store;
  } else {
    store_close(store);
  }
  return status;
}

int store_write_run(struct store *store, int64_t *run_id, const struct store_run *run, struct error *err) {
  static const char action[] = "store the run";
  if (store_exec(store->db, "BEGIN IMMEDIATE") != SQLITE_OK) return store_fail(store, action, err);
  int64_t id = 0;
  bool has = false;
  int status = run->cell_key == NULL ? 0 : store_has_cell(store, run->cell_key, &has, err);
  if (has) status = 1;
  if (status == 0) status = write_run(store->db, store->path, &id, run, err);
  if (status == 0 && store_exec(store->db, "COMMIT") != SQLITE_OK) status = store_fail(store, action, err);
  if (status != 0) {
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  } else if (run_id != NULL) {
    *run_id = id;
  }
  return status;
}

int store_write_samples(struct store *store, const struct store_sample *samples, size_t count, struct error *err) {
  static const char action[] = "store the samples";
  if (store_exec(store->db, "BEGIN IMMEDIATE") != SQLITE_OK) return store_fail(store, action, err);
  int status = 0;
  for (size_t i = 0; i < count && status == 0; i++) status = write_sample(store->db, store->path, &samples[i], err);
  if (status == 0 && store_exec(store->db, "COMMIT") != SQLITE_OK) status = store_fail(store, action, err);
  if (status != 0) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  return status;
}

int store_write_comparison(struct store *store, int64_t *comparison_id, const struct store_comparison *comparison,
                           struct error *err) {
  static const char action[] = "store the comparison";
  int64_t id = 0;
  if (store_exec(store->db, "BEGIN IMMEDIATE") != SQLITE_OK) return store_fail(store, action, err);
  int status = write_comparison(store->db, store->path, &id, comparison, err);
  if (status == 0 && store_exec(store->db, "COMMIT") != SQLITE_OK) status = store_fail(store, action, err);
  if (status != 0) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  if (status == 0 && comparison_id != NULL) *comparison_id = id;
  return status;
}

void store_close(struct store *store) {
  if (store == NULL) return;
  sqlite3_close(store->db);
  free(store->path);
  free(store);
}
