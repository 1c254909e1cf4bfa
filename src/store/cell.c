/* Runs that are cells of an experiment, by their key. */
#include "store/handle.h"

/* Runs a statement with the key as its one parameter; SQLITE_ROW or SQLITE_DONE if all is well. */
static int step_with_key(sqlite3 *db, const char *sql, const char *cell_key) {
  sqlite3_stmt *statement;
  int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
  if (code == SQLITE_OK) code = sqlite3_bind_text(statement, 1, cell_key, -1, SQLITE_STATIC);
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  int closed = sqlite3_finalize(statement);
  return closed == SQLITE_OK ? code : closed;
}

int store_has_cell(struct store *store, const char *cell_key, bool *has, struct error *err) {
  int code = step_with_key(store->db, "SELECT 1 FROM run WHERE cell_key = ?", cell_key);
  *has = code == SQLITE_ROW;
  return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : store_fail(store, "look for a cell", err);
}

int store_drop_cells(struct store *store, const char *const *cell_keys, size_t count, struct error *err) {
  static const char action[] = "delete cells";
  if (store_exec(store->db, "BEGIN IMMEDIATE") != SQLITE_OK) return store_fail(store, action, err);
  int status = 0;
  for (size_t i = 0; i < count && status == 0; i++) {
    int code = step_with_key(store->db, "DELETE FROM run WHERE cell_key = ?", cell_keys[i]);
    if (code != SQLITE_DONE) status = store_fail(store, action, err);
  }
  if (status == 0 && store_exec(store->db, "COMMIT") != SQLITE_OK) status = store_fail(store, action, err);
  if (status != 0) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  return status;
}
