/* Running the cells of an experiment. */
#ifndef SPILLWAY_CLI_SWEEP_H
#define SPILLWAY_CLI_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/experiment.h"
#include "store/store.h"
#include "util/error.h"

struct sweep_options {
  unsigned jobs;        /* cells at a time, >= 1 */
  uint64_t share_bytes; /* memory for what cells of a network share; 0: none. The results are the same. */
  bool quiet;
};

/* A cell that has no result. */
struct sweep_failure {
  const struct cell *cell;
  struct error error;
};

struct sweep_result {
  size_t ran, present; /* present: done by another process meanwhile */
  struct sweep_failure *failures; /* in the order of the file */
  size_t failure_count;
};

/* Runs the cells and writes each result at once. The store belongs to the sweep as long as it runs;
 * database is its path. What goes wrong in a cell is no error of the sweep. Cells that were written
 * are kept after an error, whose message says how to go on. SIGINT and SIGTERM end the process, with
 * 128 and the number of the signal as its exit status. The caller frees *out with sweep_result_free(). */
int sweep_run(struct sweep_result *out, const struct experiment *experiment, const struct cell *const *cells,
              size_t count, struct store *store, const char *database, const struct sweep_options *options,
              struct error *err);
void sweep_result_free(struct sweep_result *result);

#endif
