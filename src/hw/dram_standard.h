/* DRAM standards and address mappings, as data. docs/dram.md explains where figures come from
 * and what was rounded. */
#ifndef SPILLWAY_HW_DRAM_STANDARD_H
#define SPILLWAY_HW_DRAM_STANDARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  DRAM_REQUEST_BYTES = 64, /* one burst of every standard here */
  DRAM_MAX_GROUPS = 8,
  DRAM_MAX_BANKS = 32, /* of a channel: groups times banks of a group */
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

#endif
