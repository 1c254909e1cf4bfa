/* What a verb works on: a network, the hardware, and a simulator over both. */
#ifndef SPILLWAY_CLI_SUBJECT_H
#define SPILLWAY_CLI_SUBJECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/settings.h"
#include "sim/model.h"
#include "sim/report.h"
#include "sim/sim.h"
#include "util/error.h"

struct subject {
  struct graph *graph;
  char hash[33]; /* XXH3-128 of the network's file, in hex */
  struct sim_model model;
  struct sim *sim;
  bool fuseable_only; /* ops that fit the buffer in no way are left out, and no error; the verb sets it */
};

/* name: of a network, or a path. The caller closes with subject_close(). */
int subject_open(struct subject *out, const char *name, const struct target_options *options, struct error *err);
void subject_close(struct subject *subject);

/* Only its graph and hash, of a zeroed subject. */
int subject_load_network(struct subject *subject, const char *name, const struct target_options *options,
                         struct error *err);

/* The plan's report, with or without ops that fit in no way; the caller frees with plan_report_free(). */
int subject_report(struct plan_report *out, const struct subject *subject, const struct method *method,
                   const struct plan *plan, struct error *err);

/* What plans are measured against. */
struct baseline {
  struct plan_report layers; /* every op its own group */
  uint64_t compulsory_bytes; /* of the ops that are not left out */
};

/* The caller frees with baseline_free(). */
int baseline_create(struct baseline *out, const struct subject *subject, const struct method *method,
                    struct error *err);
void baseline_free(struct baseline *baseline);

/* "efficientnet_b3 on edge-256k (buffer 256 KiB, 8-bit activations, 8-bit weights)" and the end of line. */
void subject_print(const struct subject *subject);

/* The hardware's keys as an object, sections as objects in it. */
json_t *subject_hardware_document(const struct hw *hw);

#endif
