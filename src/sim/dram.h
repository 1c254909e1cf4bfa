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

#include "util/error.h"

enum {
  DRAM_REQUEST_BYTES = 64, /* one burst of every standard here */
  DRAM_MAX_GROUPS = 8,
  DRAM_MAX_BANKS = 32, /* of a channel: groups times banks of a group */
  DRAM_QUEUE_ENTRIES = 32,
};

/* One channel of one rank. Timings in clocks, named as JEDEC names them; _s holds between
 * bank groups, _l within one. */
struct dram_standard {
  const char *name, *summary;
  const char *source; /* where the figures are from */
  uint32_t clock_ps;
  uint32_t read_latency_clocks, write_latency_clocks; /* CL (RL), CWL (WL) */
  uint32_t burst_clocks;                              /* data of one request on the bus */
  uint32_t trcd_clocks, trp_clocks, tras_clocks, trc_clocks;
  uint32_t tccd_s_clocks, tccd_l_clocks;
  uint32_t tccd_l_wr_clocks; /* write to write within a group, where that takes longer (DDR5) */
  uint32_t trrd_s_clocks, trrd_l_clocks, tfaw_clocks;
  uint32_t twr_clocks, twtr_s_clocks, twtr_l_clocks, trtp_clocks;
  uint32_t read_to_write_clocks; /* command to command, with the gap on the data bus */
  uint32_t trfc_clocks, trefi_clocks;
  uint32_t bank_groups, banks_per_group; /* these four are powers of two */
  uint32_t rows, row_bytes;              /* of a bank, over all devices of the channel */
  bool row_command_bus;     /* row and column commands have a bus each (HBM) */
};

extern const struct dram_standard dram_standards[];
extern const size_t dram_standard_count;

/* NULL if there is none of that name. */
const struct dram_standard *dram_standard_find(const char *name);

static inline uint32_t dram_standard_banks(const struct dram_standard *standard) {
  return standard->bank_groups * standard->banks_per_group;
}

/* Bytes that the data bus can move in a clock. */
double dram_standard_peak_bytes_per_clock(const struct dram_standard *standard);

/* Where an address lies. Banks are numbered group * banks_per_group + bank in group. */
struct dram_place {
  uint32_t bank, group, row;
};

/* How addresses spread over banks. Addresses above the channel's capacity wrap around. */
struct dram_mapping {
  const char *name, *summary;
  bool groups_interleave; /* consecutive bursts lie in consecutive bank groups */
};

extern const struct dram_mapping dram_mappings[];
extern const size_t dram_mapping_count;

/* NULL if there is none of that name. */
const struct dram_mapping *dram_mapping_find(const char *name);

/* What real controllers use: bank groups interleave where there are any. */
const struct dram_mapping *dram_mapping_default(const struct dram_standard *standard);

struct dram_place dram_place_of(const struct dram_standard *standard, const struct dram_mapping *mapping,
                                uint64_t address);

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

/* Finishes every request; returns the clock at which the last data so far arrived or was
 * written. */
uint64_t dram_drain(struct dram *dram);

/* ---- contiguous ranges ---- */

/* Moves bytes (at least 1) from address on, none of it before earliest_clock, and returns the
 * clock at which the last byte has arrived or was written. Transfers follow one another in the
 * order of the calls; an activate may run ahead of the data as far as a full queue sees. The
 * queues are drained first. */
uint64_t dram_transfer(struct dram *dram, bool write, uint64_t address, uint64_t bytes, uint64_t earliest_clock);

#endif
