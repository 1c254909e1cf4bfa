/* The timed engine: a group's row schedule on a machine with a clock. A discrete-event
 * simulation of the compute array, the vector lanes, the buffer, the DMA queues and the DRAM
 * channels; what is computed, moved and kept is what the untimed walk says, in its order.
 *
 *   - Work starts in the order of the schedule. Array and lanes may overlap where one does not
 *     need what the other is at. A firing takes the longest of computing, reading its rows and
 *     weights from the buffer, and writing its row.
 *   - Loads are issued in order, ahead of their need, as long as room remains for everything
 *     that the schedule does before them: prefetch never overflows the buffer.
 *   - A stored row keeps its room until DRAM has it.
 *   - Rows are split into requests at DRAM pages. A channel serves reads first, and writes when
 *     there are no reads or many writes.
 *   - Groups run one after another, each from an empty buffer and an idle DRAM, so a group's
 *     time depends on the group alone.
 *   - A group that overflows runs as if the buffer had what it requires. */
#ifndef SPILLWAY_SIM_TIMED_H
#define SPILLWAY_SIM_TIMED_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/model.h"
#include "sim/sim.h"
#include "sim/trace.h"
#include "util/error.h"

/* What the machine was doing, or waiting for while it did nothing. */
enum timed_phase {
  TIMED_COMPUTE, /* array or lanes work, bound by their own speed */
  TIMED_PORT,    /* they work, bound by the buffer's ports */
  TIMED_DRAM,    /* nothing works: rows or weights are not there yet, or the last rows are being stored */
  TIMED_ROOM,    /* nothing works: no room, because rows that are stored still hold it */
};
enum { TIMED_PHASES = 4 };
extern const char *const timed_phase_names[TIMED_PHASES];

enum timed_energy { TIMED_MAC, TIMED_VECTOR, TIMED_BUFFER, TIMED_DRAM_ENERGY, TIMED_STATIC };
enum { TIMED_ENERGIES = 5 };
extern const char *const timed_energy_names[TIMED_ENERGIES];

/* Of a group, or a sum over groups; for the whole batch. A batch takes the time of its first
 * image and, for each further one, that of an image whose weights are there already. Counts that
 * do not fit 64 bits stay at UINT64_MAX. */
struct timed_cost {
  uint64_t cycles;
  uint64_t phase_cycles[TIMED_PHASES]; /* they add up to cycles */
  uint64_t array_busy_cycles, lanes_busy_cycles;
  uint64_t dram_busy_cycles; /* summed over channels */
  uint64_t macs, vector_operations;
  uint64_t buffer_read_bytes, buffer_write_bytes; /* by array, lanes and DMA */
  uint64_t dram_read_bytes, dram_write_bytes, dram_activates;
  double energy_pj[TIMED_ENERGIES];
  uint64_t peak_occupied_bytes; /* with what was prefetched; the largest of the groups */
  uint64_t events;              /* simulated */
};

double timed_total_pj(const struct timed_cost *cost);

/* *sum += times * cost, one after the other. */
void timed_add(struct timed_cost *sum, const struct timed_cost *cost, uint64_t times);

enum timed_track { TIMED_TRACK_ARRAY, TIMED_TRACK_LANES, TIMED_TRACK_READ, TIMED_TRACK_WRITE, TIMED_TRACK_CHANNEL };

/* Something that took from start to end. On the array, the lanes and each channel spans follow
 * one another; reads and writes are from issue to completion and overlap. */
struct timed_span {
  enum timed_track track;
  uint32_t channel;          /* TIMED_TRACK_CHANNEL */
  bool write;                /* likewise */
  uint32_t op, tensor, row;  /* tensor TRACE_NO_TENSOR: weights, row then the sub-group */
  uint64_t bytes;            /* moved; 0 for work */
  uint64_t start_cycle, end_cycle;
  uint64_t number; /* of a read or write: no other one that overlaps has it */
};

/* Receives what happens, in the order of the cycles; any function may be NULL. */
struct timed_sink {
  void (*begin)(void *context, const struct timed_span *span); /* when it starts: end_cycle is not known */
  void (*span)(void *context, const struct timed_span *span);  /* when it ends */
  /* As in an untimed trace, with the cycle as step and occupied bytes with what is prefetched. Of
   * an op with streamed weights each sub-group comes and goes by a WEIGHTS and a FREE event
   * without a tensor, which trace files do not know. */
  void (*trace)(void *context, const struct trace_event *event);
  /* What the schedule requires at the work that starts now, without what is prefetched. */
  void (*required)(void *context, uint64_t cycle, uint64_t bytes);
  /* Of a plan: one of its groups starts, or ends. */
  void (*group)(void *context, uint32_t group, uint64_t cycle, bool ends);
  void *context;
};

/* Workspace of one thread. */
struct timed;

/* ERROR_INPUT if the hardware names a DRAM standard or mapping that does not exist. */
int timed_create(struct timed **out, const struct sim_model *model, struct error *err);
void timed_free(struct timed *timed);

/* A group as it ran untimed at that cost; NULL for LBDF. 0, or -1 without memory. sink may be NULL; it sees
 * the first image, its cycles counted from 0. */
int timed_run(struct timed *timed, const uint64_t *group, const struct group_cost *untimed,
              const struct timed_sink *sink, struct timed_cost *cost);

/* Whether the last run failed because the schedule is longer than is timed. */
bool timed_was_too_long(const struct timed *timed);

/* Bytes that all DRAM channels can move in a cycle; infinite if transfers take no time. */
double timed_peak_dram_bytes_per_cycle(const struct timed *timed);

#endif
