/* An experiment: a file that describes cells, each of which is one run. */
#ifndef SPILLWAY_CLI_EXPERIMENT_H
#define SPILLWAY_CLI_EXPERIMENT_H

#include <stddef.h>
#include <stdint.h>

#include "cli/experiment_key.h"
#include "hw/hw.h"
#include "util/arena.h"
#include "util/error.h"

#define EXPERIMENT_NAME_BYTES 65
#define EXPERIMENT_MAX_CELLS 100000

struct cell {
  struct cell_settings settings;
  unsigned long line;  /* of the file, where its block begins */
  char key[33];        /* hash of all that the result depends on, in hex */
  char network_hash[33];
  struct hw hw;
  const char *label;   /* what tells it from the other cells */
};

struct experiment {
  char name[EXPERIMENT_NAME_BYTES];
  struct cell *cells; /* in the order of the file, none twice */
  size_t cell_count;
  size_t repeated; /* cells that the file describes again; they are left out */
  struct arena arena;
};

/* Reads the file and all networks and hardware that it names. ERROR_INPUT with file and line. The caller
 * frees with experiment_free(), unless it fails. */
int experiment_load(struct experiment *out, const char *path, struct error *err);
void experiment_free(struct experiment *experiment);

/* ---- the two steps of it ---- */

/* Cells with their settings and lines. */
int experiment_parse(struct experiment *out, const char *path, struct error *err);

/* Their keys, hardware and labels; leaves out cells that are there twice. */
int experiment_identify(struct experiment *experiment, const char *path, struct error *err);

#endif
