/* A search and what belongs to it, from settings to the record: what `schedule` does, and each
 * cell of a sweep. */
#ifndef SPILLWAY_CLI_RUN_H
#define SPILLWAY_CLI_RUN_H

#include "cli/models.h"
#include "cli/runlog.h"
#include "cli/settings.h"
#include "cli/subject.h"
#include "cli/timing.h"
#include "sched/search.h"
#include "util/error.h"

/* All that the result depends on but the network. */
struct run_settings {
  const char *search, *objectives; /* objectives: NULL, the default of the search */
  uint64_t budget, seed;
  bool bound;
  uint64_t ideals, steps, groups; /* see struct search_limits */
  struct split_options split;
  struct target_options target;
  struct method_options method;
  struct fuseable_options fuseable;
  struct clock_options clock;
};
/* Those that no group of settings.h sets. */
extern const struct option_group run_group;

struct run {
  const struct run_settings *settings;
  struct subject subject;
  const struct search *search;
  struct models models;
  struct search_options options;
  struct search_result result;
  struct plan_report report;
  struct baseline baseline;
  struct timing timing;
  double seconds;
  const char *experiment, *cell_key; /* NULL outside sweeps */
};

/* Everything up to the search: the network, the hardware and what is unknown or fits in no way.
 * network is a name or a path; jobs are threads. The settings are borrowed. The caller closes
 * with run_close(), after a failure too. */
int run_open(struct run *out, const char *network, const struct run_settings *settings, unsigned jobs,
             struct error *err);
void run_close(struct run *run);

/* Searches and runs the plan found. log tells when the run began. progress may be NULL. */
int run_search(struct run *run, const struct runlog *log, struct progress *progress, struct error *err);

/* Writes the record that the run leaves, if log wants one; as runlog_write(). */
int run_record(const struct run *run, struct runlog *log, struct error *err);

/* Threads for --jobs: one for each processor if it is 0. */
unsigned run_jobs(uint64_t jobs);

#endif
