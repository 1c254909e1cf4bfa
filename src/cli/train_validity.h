/* spillway train-validity: what its files share. */
#ifndef SPILLWAY_CLI_TRAIN_VALIDITY_H
#define SPILLWAY_CLI_TRAIN_VALIDITY_H

#include <stdint.h>

#include "cli/settings.h"
#include "util/error.h"

struct train_validity_settings {
  const char *make_data, *evaluate; /* what is to be done, if it is not training */
  const char *buffers;              /* of the data that are made; so are these: */
  uint64_t groups, halves;
  const char *method, *output, *checkpoint, *leave_out, *log;
  uint64_t epochs, hidden, layers, batch, seed, jobs;
  double rate, final_rate, clip;
  struct progress_options progress;
  struct output_options output_options;
};

/* Draws and labels groups, writes them and tells what they are. */
int train_validity_make(const struct train_validity_settings *settings, const struct arguments *networks,
                        struct error *err);

#endif
