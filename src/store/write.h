/* Writing rows of runs and samples. Internal to src/store. */
#ifndef SPILLWAY_STORE_WRITE_H
#define SPILLWAY_STORE_WRITE_H

#include <sqlite3.h>
#include <stdint.h>

#include "store/store.h"
#include "util/error.h"

/* Inserts the run and everything that belongs to it, inside the caller's transaction, which
 * the caller rolls back on an error. path is for messages. */
int write_run(sqlite3 *db, const char *path, int64_t *run_id, const struct store_run *run, struct error *err);

/* Likewise a sample, in place of one with its cell_key. */
int write_sample(sqlite3 *db, const char *path, const struct store_sample *sample, struct error *err);

/* The same for a comparison of explainers. */
int write_comparison(sqlite3 *db, const char *path, int64_t *comparison_id,
                     const struct store_comparison *comparison, struct error *err);

#endif
