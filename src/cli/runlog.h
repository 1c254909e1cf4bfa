/* Records of finished runs for the results database. */
#ifndef SPILLWAY_CLI_RUNLOG_H
#define SPILLWAY_CLI_RUNLOG_H

#include <stdint.h>

#include "cli/models.h"
#include "cli/settings.h"
#include "cli/subject.h"
#include "cli/timing.h"
#include "plan/plan.h"
#include "sched/search.h"
#include "sim/report.h"
#include "store/store.h"
#include "util/arena.h"
#include "util/error.h"

/* From opening the database, before the work begins, to the record after it. */
struct runlog {
  struct store *store; /* NULL if no record is wanted */
  char started_at[32];
  double started; /* seconds of a monotonic clock */
};

int runlog_open(struct runlog *log, const struct log_options *options, struct error *err);
void runlog_close(struct runlog *log);

/* One run of several that share an open database, which is borrowed, begins now. */
int runlog_begin(struct runlog *out, struct store *store, struct error *err);

double runlog_seconds(const struct runlog *log);

/* Texts belong to the arena or to what is described. */
struct store_network runlog_network(struct arena *arena, const struct subject *subject);
struct store_hardware runlog_hardware(struct arena *arena, const struct hw *hw);

struct runlog_search {
  const struct search *search;
  const struct search_options *options;
  const struct search_result *result;
  const struct models *models; /* of the explainer */
};

/* One run's record. search is NULL if nothing was searched. */
struct runlog_record {
  const char *verb;
  const struct subject *subject;
  const struct method *method;
  const struct plan *plan;
  const struct plan_report *report;
  const struct baseline *baseline;
  const struct timing *timing; /* NULL: untimed */
  const struct runlog_search *search;
  bool fold_batch_norm;
  double seconds;
  const char *experiment, *cell_key; /* NULL outside sweeps */
};

/* Returns 1 if the database has a run with the same cell_key; nothing is written then. */
int runlog_write(struct runlog *log, const struct runlog_record *record, struct error *err);

#endif
