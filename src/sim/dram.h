/* A DRAM channel: banks in bank groups, open rows, the timing of JEDEC commands, refresh, and
 * a controller in front of it. Two ways in share one state, one clock and one set of counts:
 *
 *   - dram_push() and dram_drain() take 64-byte requests through the controller's queues, as a
 *     trace replay does: first ready, first come, first served, writes drained in batches;
 *   - dram_transfer() moves a contiguous range and costs time by DRAM row, not by byte.
 *
 * Clocks are memory clocks (dram_standard.clock_ps) and start at 0. Nothing is allocated after
 * dram_create(). A channel belongs to one thread; the same calls give the same clocks. */
#ifndef SPILLWAY_SIM_DRAM_H
#define SPILLWAY_SIM_DRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/dram_standard.h"
#include "util/error.h"

enum { DRAM_QUEUE_ENTRIES = 32 };

enum dram_command_kind {
  DRAM_ACTIVATE,
  DRAM_PRECHARGE,     /* one bank */
  DRAM_PRECHARGE_ALL, /* every open bank, before a refresh */
  DRAM_READ,
  DRAM_WRITE,
  DRAM_REFRESH, /* all banks */
};
enum { DRAM_COMMAND_KINDS = 6 };

struct dram_command {
  enum dram_command_kind kind;
  uint32_t bank, row; /* 0 where they do not matter */
  uint64_t clock;
};

/* What has happened since dram_create() or dram_reset(). */
struct dram_counts {
  uint64_t activates, precharges; /* precharges count banks that were closed */
  uint64_t reads, writes;         /* bursts on the data bus */
  uint64_t refreshes;
  uint64_t row_hits;         /* bursts that needed no activate of their own */
  uint64_t data_busy_clocks; /* of the data bus */
  uint64_t requests;         /* accepted; those below among them */
  uint64_t forwarded_reads;  /* answered from the write queue */
  uint64_t merged_writes;    /* to an address that was in the write queue already */
  uint64_t read_requests;
  uint64_t read_latency_clocks; /* sum over reads, from acceptance to the last beat of data */
};

/* Listeners, either of which may be NULL. */
struct dram_events {
  void *context;
  void (*command)(void *context, const struct dram_command *command);
  /* The read request with that number (counted from 0 in order of acceptance, writes
   * included) has its last data at that clock. Called when that becomes known. */
  void (*read_done)(void *context, uint64_t request, uint64_t clock);
};

struct dram;

/* standard and mapping are borrowed and must outlive the channel. */
int dram_create(struct dram **out, const struct dram_standard *standard, const struct dram_mapping *mapping,
                struct error *err);
void dram_free(struct dram *dram);

/* Back to clock 0, all banks closed, counts 0. Keeps events and refresh as they were set. */
void dram_reset(struct dram *dram);

/* The next two are for a channel at clock 0. Refresh is on unless turned off. */
void dram_set_refresh(struct dram *dram, bool on);
void dram_set_events(struct dram *dram, const struct dram_events *events); /* copied; NULL: none */

const struct dram_counts *dram_counts(const struct dram *dram);

/* ---- requests of 64 bytes, through the queues ---- */

/* Offers the request at each clock from earliest_clock on, one request a clock, until its
 * queue has room, and returns the clock at which it was taken. Its first command follows a
 * clock later at the earliest. earliest_clock may lie in the past. */
uint64_t dram_push(struct dram *dram, bool write, uint64_t address, uint64_t earliest_clock);

/* Whether a request offered at that clock, or after the latest one if that is later, would be
 * taken at once. Simulates up to it; no request can be offered before it any more. */
bool dram_has_room(struct dram *dram, bool write, uint64_t clock);

/* Finishes every request and transfer; returns the clock at which the last data so far arrived or was
 * written. */
uint64_t dram_drain(struct dram *dram);

/* ---- contiguous ranges ---- */

/* Moves bytes (at least 1, and address + bytes does not overflow), none of it before
 * earliest_clock, and returns the clock at which the last byte has arrived or was written.
 * Transfers follow one another in the order of the calls; an activate may run ahead of the data
 * as far as a full queue sees. A short write after reads waits for more writes, as in the write
 * queue, until enough have gathered or nothing else wants the bus; what is returned is then
 * when it would be done if the bus turned at once. dram_drain() returns when all was done. */
uint64_t dram_transfer(struct dram *dram, bool write, uint64_t address, uint64_t bytes, uint64_t earliest_clock);

#endif
