#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/claim.h"
#include "cli/interrupt.h"
#include "cli/memory.h"
#include "cli/run.h"
#include "cli/sweep.h"
#include "cli/sweep_order.h"
#include "util/parallel.h"
#include "util/progress.h"

struct sweep {
  const struct experiment *experiment;
  const struct sweep_options *options;
  const char *database;
  struct store *store;
  struct claims claims;
  struct sweep_order order;
  struct parallel *parallel;
  struct progress *progress;
  double started;
  atomic_bool stop; /* after an error that no further cell would survive */
  pthread_mutex_t lock; /* of the store, the shares and everything below */
  struct sweep_result *result;
  struct error error;
  const struct sweep_item **postponed; /* another process is at them */
  size_t postponed_count;
};

static double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- telling ---- */

static size_t settled(const struct sweep *sweep) {
  return sweep->result->ran + sweep->result->present + sweep->result->failure_count;
}

static void show_running(struct sweep *sweep, const struct cell *cell) {
  char *label = cli_clean(cell->label);
  pthread_mutex_lock(&sweep->lock);
  char *note = cli_format("%zu/%zu cells  %s", settled(sweep), sweep->order.count, label);
  progress_update(sweep->progress, settled(sweep), note);
  pthread_mutex_unlock(&sweep->lock);
  free(note);
  free(label);
}

/* A line for a cell that is settled, where no progress is drawn. The lock is held. */
static void tell_settled(const struct sweep *sweep, const struct cell *cell, const char *how) {
  if (sweep->options->quiet || sweep->progress != NULL) return;
  size_t done = settled(sweep), left = sweep->order.count - done;
  char *label = cli_clean(cell->label);
  fprintf(stderr, "%zu/%zu %s: %s, about %.0f s left\n", done, sweep->order.count, label, how,
          (now_seconds() - sweep->started) * (double)left / (double)done);
  free(label);
}

/* ---- one cell ---- */

static void fail_sweep(struct sweep *sweep, const struct error *error) {
  pthread_mutex_lock(&sweep->lock);
  if (sweep->error.kind == ERROR_NONE) sweep->error = *error;
  pthread_mutex_unlock(&sweep->lock);
  atomic_store(&sweep->stop, true);
}

static void fail_cell(struct sweep *sweep, const struct cell *cell, const struct error *error) {
  struct sweep_result *result = sweep->result;
  pthread_mutex_lock(&sweep->lock);
  result->failures = cli_grow(result->failures, result->failure_count + 1, sizeof *result->failures);
  result->failures[result->failure_count++] = (struct sweep_failure){cell, *error};
  tell_settled(sweep, cell, "failed");
  pthread_mutex_unlock(&sweep->lock);
}

/* The lock is held. */
static void count_cell(struct sweep *sweep, const struct cell *cell, bool ran) {
  if (ran) sweep->result->ran++;
  if (!ran) sweep->result->present++;
  tell_settled(sweep, cell, ran ? "done" : "was done by another process");
}

/* The evaluations that the cell shares with others; NULL if it does not. */
static struct evaluations *join_share(struct sweep *sweep, struct share *share, const struct graph *graph) {
  struct error ignored = ERROR_INIT; /* it goes without */
  pthread_mutex_lock(&sweep->lock);
  if (share->evaluations == NULL && share->wanted && sweep->options->share_bytes > 0) {
    evaluations_create(&share->evaluations, graph, sweep->options->share_bytes, &ignored);
  }
  struct evaluations *evaluations = share->evaluations;
  pthread_mutex_unlock(&sweep->lock);
  return evaluations;
}

static void leave_share(struct sweep *sweep, struct share *share) {
  pthread_mutex_lock(&sweep->lock);
  struct evaluations *last = --share->cells_left == 0 ? share->evaluations : NULL;
  if (last != NULL) share->evaluations = NULL;
  pthread_mutex_unlock(&sweep->lock);
  evaluations_free(last);
}

/* Whether another process did the cell, which is counted then. */
static int find_present(struct sweep *sweep, const struct cell *cell, bool *present, struct error *err) {
  pthread_mutex_lock(&sweep->lock);
  int status = store_has_cell(sweep->store, cell->key, present, err);
  if (status == 0 && *present) count_cell(sweep, cell, false);
  pthread_mutex_unlock(&sweep->lock);
  return status;
}

/* Written and counted at once, so that what is told after a signal is what there is. */
static int keep_cell(struct sweep *sweep, const struct cell *cell, const struct run *run, struct runlog *log,
                     struct error *err) {
  pthread_mutex_lock(&sweep->lock);
  int status = run_record(run, log, err);
  if (status >= 0) count_cell(sweep, cell, status == 0);
  pthread_mutex_unlock(&sweep->lock);
  return status < 0 ? -1 : 0;
}

static void run_cell(struct sweep *sweep, const struct sweep_item *item) {
  const struct cell *cell = item->cell;
  struct error err = ERROR_INIT;
  struct runlog log;
  struct run run;
  if (runlog_begin(&log, sweep->store, &err) != 0) {
    fail_sweep(sweep, &err);
    return;
  }
  int status = run_open(&run, cell->settings.network, &cell->settings.run, 1, &err);
  if (status == 0) {
    run.experiment = sweep->experiment->name;
    run.cell_key = cell->key;
    if (run.options.split.method->steady) {
      run.options.evaluations = join_share(sweep, item->share, run.subject.graph);
    }
    status = run_search(&run, &log, NULL, &err);
  }
  if (status != 0) {
    (err.kind == ERROR_MEMORY ? fail_sweep(sweep, &err) : fail_cell(sweep, cell, &err));
  } else if (keep_cell(sweep, cell, &run, &log, &err) != 0) {
    fail_sweep(sweep, &err);
  }
  run_close(&run);
}

/* The cell is claimed. */
static void settle_cell(struct sweep *sweep, const struct sweep_item *item) {
  struct error err = ERROR_INIT;
  bool present;
  show_running(sweep, item->cell);
  if (find_present(sweep, item->cell, &present, &err) != 0) {
    fail_sweep(sweep, &err);
  } else if (!present) {
    run_cell(sweep, item);
  }
  claim_drop(&sweep->claims, item->cell->key);
  leave_share(sweep, item->share);
}

/* ---- all cells ---- */

static void postpone(struct sweep *sweep, const struct sweep_item *item) {
  pthread_mutex_lock(&sweep->lock);
  sweep->postponed[sweep->postponed_count++] = item;
  pthread_mutex_unlock(&sweep->lock);
}

static void take_item(void *context, unsigned worker, uint64_t i) {
  struct sweep *sweep = context;
  const struct sweep_item *item = &sweep->order.items[i];
  (void)worker;
  if (atomic_load(&sweep->stop)) return;
  if (claim_take(&sweep->claims, item->cell->key, false)) {
    settle_cell(sweep, item);
  } else {
    postpone(sweep, item);
  }
}

/* The process that was at the cell may have been killed. */
static void take_postponed(void *context, unsigned worker, uint64_t i) {
  struct sweep *sweep = context;
  const struct sweep_item *item = sweep->postponed[i];
  (void)worker;
  if (atomic_load(&sweep->stop)) return;
  claim_take(&sweep->claims, item->cell->key, true);
  settle_cell(sweep, item);
}

static void run_all(struct sweep *sweep) {
  sweep->postponed = cli_alloc(sweep->order.count, sizeof(struct sweep_item *));
  parallel_for(sweep->parallel, sweep->order.count, take_item, sweep);
  parallel_for(sweep->parallel, sweep->postponed_count, take_postponed, sweep);
  free(sweep->postponed);
}

/* ---- signals ---- */

/* Ends the process between two writes; cells that are running are lost, and nothing else. */
static void give_up(void *context, int number) {
  struct sweep *sweep = context;
  pthread_mutex_lock(&sweep->lock);
  progress_end(sweep->progress);
  fprintf(stderr, "spillway: interrupted; %zu of %zu cells were done and are kept in %s; --resume runs the others\n",
          settled(sweep) - sweep->result->failure_count, sweep->order.count, sweep->database);
  store_close(sweep->store);
  claims_close(&sweep->claims);
  _exit(128 + number);
}

static int run_watched(struct sweep *sweep, struct error *err) {
  struct interrupt *interrupt = NULL;
  int status = interrupt_start(&interrupt, give_up, sweep, err);
  if (status == 0) status = parallel_create(&sweep->parallel, sweep->options->jobs, err);
  if (status == 0) run_all(sweep);
  parallel_free(sweep->parallel);
  interrupt_end(interrupt);
  return status;
}

/* ---- the whole ---- */

static int compare_failures(const void *left, const void *right) {
  const struct sweep_failure *a = left, *b = right;
  return a->cell < b->cell ? -1 : a->cell > b->cell;
}

static int conclude(struct sweep *sweep, struct error *err) {
  struct sweep_result *result = sweep->result;
  if (result->failure_count > 0) {
    qsort(result->failures, result->failure_count, sizeof *result->failures, compare_failures);
  }
  if (sweep->error.kind == ERROR_NONE) return 0;
  return error_set(err, sweep->error.kind, "%s (%zu of %zu cells were done; --resume runs the others)",
                   sweep->error.message, result->ran + result->present, sweep->order.count);
}

int sweep_run(struct sweep_result *out, const struct experiment *experiment, const struct cell *const *cells,
              size_t count, struct store *store, const char *database, const struct sweep_options *options,
              struct error *err) {
  struct sweep sweep = {.experiment = experiment,
                        .options = options,
                        .database = database,
                        .store = store,
                        .started = now_seconds(),
                        .result = out,
                        .error = ERROR_INIT};
  *out = (struct sweep_result){.ran = 0};
  if (sweep_order_create(&sweep.order, cells, count, err) != 0) return -1;
  pthread_mutex_init(&sweep.lock, NULL);
  claims_open(&sweep.claims, database);
  sweep.progress = progress_start(experiment->name, count, options->quiet);
  int status = run_watched(&sweep, err);
  progress_end(sweep.progress);
  claims_close(&sweep.claims);
  pthread_mutex_destroy(&sweep.lock);
  if (status == 0) status = conclude(&sweep, err);
  sweep_order_free(&sweep.order);
  return status;
}

void sweep_result_free(struct sweep_result *result) {
  free(result->failures);
  *result = (struct sweep_result){.ran = 0};
}
