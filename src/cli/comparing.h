/* What compare-explainers has measured, for its printing and its record. */
#ifndef SPILLWAY_CLI_COMPARING_H
#define SPILLWAY_CLI_COMPARING_H

#include "cli/models.h"
#include "cli/runlog.h"
#include "cli/settings.h"
#include "cli/subject.h"
#include "sched/compare.h"

struct comparing_settings {
  uint64_t groups, seed, jobs;
  const char *by; /* of breakdowns; NULL: all in one */
  struct explainers_options explainers;
  struct split_options split;
  struct target_options target;
  struct method_options method;
  struct log_options log;
  struct progress_options progress;
  struct output_options output;
};

/* Subjects and cells are numbered network by network, and there buffer by buffer. */
struct comparing {
  const struct comparing_settings *settings;
  uint64_t *buffers; /* bytes */
  size_t buffer_count, network_count;
  struct subject *subjects; /* by cell; how many are open */
  size_t subject_count;
  struct sim_model *cells; /* the subjects' models */
  struct compare_options options;
  bool *left_out; /* by explainer */
  struct models models;
  struct comparison comparison;
  struct runlog log;
  double seconds;
};

/* A way to break the figures down: parts, and which cells belong to one. */
struct breakdown {
  const char *name, *summary;
  size_t (*parts)(const struct comparing *comparing);
  size_t (*part_of)(const struct comparing *comparing, size_t cell);
  char *(*title)(const struct comparing *comparing, size_t part); /* the caller frees it */
};
extern const struct breakdown breakdowns[];
extern const size_t breakdown_count;

/* NULL if there is none of that name. */
const struct breakdown *breakdown_find(const char *name);

/* Sums up what the explainer made of the groups of one part, or of all if breakdown is NULL. */
struct repair_summary comparing_summary(const struct comparing *comparing, size_t explainer,
                                        const struct breakdown *breakdown, size_t part);

void comparing_print_table(const struct comparing *comparing);
void comparing_print_json(const struct comparing *comparing);

/* Adds the comparison to the database, unless that is off. */
int comparing_write(struct comparing *comparing, struct error *err);

#endif
