/* A group on the timed engine, and all that the engine says of it. */
#ifndef SPILLWAY_TESTS_TIMED_FIXTURE_H
#define SPILLWAY_TESTS_TIMED_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/timed.h"
#include "sim/trace.h"
#include "util/rng.h"

/* Spans in the order in which they ended, and the trace. */
struct recording {
  struct timed_span *spans;
  size_t span_count, span_room;
  struct trace trace;
};

void recording_open(struct recording *recording, const struct sim_model *model);
void recording_close(struct recording *recording);
struct timed_sink recording_sink(struct recording *recording);

/* Any machine: dataflow, array, lanes, ports, queues, DRAM, clock, energy. */
void random_machine(struct hw *hw, struct rng *rng);

/* Lengths of the spans of a track; of TIMED_TRACK_CHANNEL, of one channel. */
uint64_t recording_busy(const struct recording *recording, enum timed_track track, uint32_t channel);

/* ---- rules; each fails the test where it is broken ---- */

/* Spans of units and channels follow one another. */
void check_units(const struct recording *recording, const struct hw *hw);

/* Work starts after what it reads is there, a store after its row is; channels move what is
 * loaded and stored. streamed: with streamed weights. */
void check_dependencies(const struct recording *recording, const struct graph *graph, const uint64_t *group,
                        bool streamed);

/* Of the counts of one run, whatever ran. */
void check_counts(const struct timed_cost *cost, const struct hw *hw);

#endif
