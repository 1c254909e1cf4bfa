/* What a training tells as it goes: a row an epoch in a CSV file, and where no progress line is drawn, on stderr. */
#ifndef SPILLWAY_CLI_TRAINING_LOG_H
#define SPILLWAY_CLI_TRAINING_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/runlog.h"
#include "util/error.h"

struct training_log {
  const char *path; /* NULL: no file */
  bool tells;       /* on stderr */
  char *text;       /* of the file, so far; NULL before the first epoch */
  struct runlog clock;
  double told_seconds; /* of the clock, at the last row */
  uint64_t first_epoch; /* of this process */
};

struct training_epoch {
  uint64_t epoch, epochs; /* done, of how many */
  double loss, accuracy, f1; /* mean over the training part; the others on the validation part */
};

void training_log_open(struct training_log *log, const char *path, bool tells);
void training_log_close(struct training_log *log);

/* The file is replaced whole: what it has of this epoch and later ones, from a training that was killed, is left out.
 * ERROR_OUTPUT. */
int training_log_add(struct training_log *log, const struct training_epoch *row, struct error *err);

#endif
