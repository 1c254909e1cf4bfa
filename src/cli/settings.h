/* Options that several verbs share. */
#ifndef SPILLWAY_CLI_SETTINGS_H
#define SPILLWAY_CLI_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "hw/hw.h"
#include "sched/split.h"
#include "sim/method.h"
#include "util/error.h"

/* What the network is and what it runs on. */
struct target_options {
  bool fold_batch_norm;
  const char *hw; /* name or path; NULL: the default hardware */
  const char *buffer, *bits, *activation_bits, *weight_bits, *bias_bits; /* NULL: as hw says */
  bool no_in_place;
};
extern const struct option_group target_group;
extern const struct option_group unsized_target_group; /* without --buffer, for verbs that take several sizes */

struct method_options {
  const char *name; /* NULL: as the plan says, or the default */
};
extern const struct option_group method_group;

/* What to do about ops that fit the buffer in no way. */
struct fuseable_options {
  bool only;
};
extern const struct option_group fuseable_group;

/* Whether plans run on the clock too. */
struct clock_options {
  bool timed;
};
extern const struct option_group clock_group;

/* How groups that overflow are split. */
struct split_options {
  const char *explainer;
  double fraction;
  uint64_t breadth;
  const char *explainer_options, *models; /* NULL: the defaults; where weights are found (models.h) */
};
extern const struct option_group split_group;
extern const struct option_group tree_group;        /* without the explainer */
extern const struct option_group explanation_group; /* of what an explanation depends on alone */

/* For verbs that take several explainers. */
struct explainers_options {
  const char *list; /* names with commas between; NULL: all */
};
extern const struct option_group explainers_group;

struct database_options {
  const char *path;
};
extern const struct option_group database_group;

/* For verbs that write to it. */
struct log_options {
  const char *path;
  bool off;
};
extern const struct option_group log_group;

struct output_options {
  bool json;
};
extern const struct option_group output_group;

struct progress_options {
  bool quiet;
};
extern const struct option_group progress_group;

/* The hardware that the options describe. Errors name the option or the file. */
int settings_hardware(struct hw *hw, const struct target_options *options, struct error *err);

/* "128KiB,256KiB": sizes in the order given, none twice. option is what messages call it. The caller frees *sizes,
 * after a failure too. */
int settings_sizes(uint64_t **sizes_bytes, size_t *count, const char *option, const char *text, struct error *err);

/* Without what the explainer was trained to: see models.h. */
struct split_rules settings_split_rules(const struct split_options *options, const struct method *method);

/* The method of that name; NULL stands for the default. NULL with an error if there is none. */
const struct method *settings_method(const char *name, struct error *err);

/* The option's, or else the one that the plan file at path names (named is "" if it names none). */
const struct method *settings_plan_method(const struct method_options *options, const char *path, const char *named,
                                          struct error *err);

#endif
