#include "hw/dram_standard.h"

#include <string.h>

const struct dram_standard dram_standards[] = {
    {
        .name = "DDR4-2400",
        .summary = "DDR4-2400U, 8 Gb x8 devices, one rank of 64 bits: 19.2 GB/s",
        .source = "JEDEC JESD79-4, speed bin DDR4-2400U, as tabulated by DRAMsim3 (DDR4_8Gb_x8_2400) and Ramulator 2.1 "
                  "(DDR4_2400U)",
        .clock_ps = 833,
        .read_latency_clocks = 17, .write_latency_clocks = 12, .burst_clocks = 4,
        .trcd_clocks = 17, .trp_clocks = 17, .tras_clocks = 39, .trc_clocks = 56,
        .tccd_s_clocks = 4, .tccd_l_clocks = 6, .tccd_l_wr_clocks = 6,
        .trrd_s_clocks = 4, .trrd_l_clocks = 6, .tfaw_clocks = 26,
        .twr_clocks = 18, .twtr_s_clocks = 3, .twtr_l_clocks = 9, .trtp_clocks = 9,
        .read_to_write_clocks = 10,
        .trfc_clocks = 420, .trefi_clocks = 9360,
        .bank_groups = 4, .banks_per_group = 4, .rows = 65536, .row_bytes = 8192,
    },
    {
        .name = "LPDDR4-3200",
        .summary = "LPDDR4-3200, two 8 Gb x16 channels in step, 32 bits: 12.8 GB/s",
        .source = "JEDEC JESD209-4, as tabulated by Ramulator 1.0 (LPDDR4_3200, LPDDR4_8Gb_x16)",
        .clock_ps = 625,
        .read_latency_clocks = 35, .write_latency_clocks = 18, .burst_clocks = 8,
        .trcd_clocks = 29, .trp_clocks = 27, .tras_clocks = 68, .trc_clocks = 95,
        .tccd_s_clocks = 8, .tccd_l_clocks = 8, .tccd_l_wr_clocks = 8,
        .trrd_s_clocks = 16, .trrd_l_clocks = 16, .tfaw_clocks = 64,
        .twr_clocks = 28, .twtr_s_clocks = 16, .twtr_l_clocks = 16, .trtp_clocks = 14,
        .read_to_write_clocks = 27,
        .trfc_clocks = 288, .trefi_clocks = 6247,
        .bank_groups = 1, .banks_per_group = 8, .rows = 32768, .row_bytes = 4096,
    },
    {
        .name = "HBM2",
        .summary = "HBM2 at 2 Gb/s a pin, one channel of 128 bits in legacy mode: 32 GB/s",
        .source = "JEDEC JESD235, as tabulated by DRAMsim3 (HBM2_8Gb_x128) and Ramulator",
        .clock_ps = 1000,
        .read_latency_clocks = 14, .write_latency_clocks = 4, .burst_clocks = 2,
        .trcd_clocks = 14, .trp_clocks = 14, .tras_clocks = 34, .trc_clocks = 48,
        .tccd_s_clocks = 1, .tccd_l_clocks = 2, .tccd_l_wr_clocks = 2,
        .trrd_s_clocks = 4, .trrd_l_clocks = 6, .tfaw_clocks = 30,
        .twr_clocks = 16, .twtr_s_clocks = 6, .twtr_l_clocks = 8, .trtp_clocks = 5,
        .read_to_write_clocks = 14,
        .trfc_clocks = 260, .trefi_clocks = 3900,
        .bank_groups = 4, .banks_per_group = 4, .rows = 32768, .row_bytes = 2048,
        .row_command_bus = true,
    },
    {
        .name = "DDR5-4800",
        .summary = "DDR5-4800B, 16 Gb x8 devices, one subchannel of 32 bits: 19.2 GB/s",
        .source = "JEDEC JESD79-5B, speed bin DDR5-4800B; Micron, DDR5 SDRAM Product Core Data Sheet, timing "
                  "parameters by speed grade (also in gem5, DDR5_4400_4x8)",
        .clock_ps = 416,
        .read_latency_clocks = 40, .write_latency_clocks = 38, .burst_clocks = 8,
        .trcd_clocks = 39, .trp_clocks = 39, .tras_clocks = 77, .trc_clocks = 116,
        .tccd_s_clocks = 8, .tccd_l_clocks = 12, .tccd_l_wr_clocks = 24,
        .trrd_s_clocks = 8, .trrd_l_clocks = 12, .tfaw_clocks = 32,
        .twr_clocks = 72, .twtr_s_clocks = 6, .twtr_l_clocks = 24, .trtp_clocks = 18,
        .read_to_write_clocks = 14,
        .trfc_clocks = 710, .trefi_clocks = 9375,
        .bank_groups = 8, .banks_per_group = 4, .rows = 65536, .row_bytes = 4096,
    },
    {
        .name = "LPDDR5-6400",
        .summary = "LPDDR5-6400 in bank-group mode, two 16 Gb x16 channels in step, 32 bits: 25.6 GB/s",
        .source = "JEDEC JESD209-5B, tables 235, 330 to 333, 339, 342, 344 and 372, CK at 800 MHz, WCK:CK 4:1, as "
                  "tabulated by Ramulator 2.1 (LPDDR5_6400) and gem5 (LPDDR5_6400_1x16_BG_BL16)",
        .clock_ps = 1250,
        .read_latency_clocks = 17, .write_latency_clocks = 9, .burst_clocks = 2,
        .trcd_clocks = 15, .trp_clocks = 15, .tras_clocks = 34, .trc_clocks = 49,
        .tccd_s_clocks = 2, .tccd_l_clocks = 4, .tccd_l_wr_clocks = 4,
        .trrd_s_clocks = 4, .trrd_l_clocks = 4, .tfaw_clocks = 16,
        .twr_clocks = 28, .twtr_s_clocks = 5, .twtr_l_clocks = 12, .trtp_clocks = 8,
        .read_to_write_clocks = 12,
        .trfc_clocks = 224, .trefi_clocks = 3125,
        .bank_groups = 4, .banks_per_group = 4, .rows = 65536, .row_bytes = 4096,
    },
};
const size_t dram_standard_count = sizeof dram_standards / sizeof dram_standards[0];

const struct dram_mapping dram_mappings[] = {
    {"m0", "row, bank, bank group, column: consecutive bursts stay in one bank", false},
    {"m1", "row, bank, column, bank group: consecutive bursts go round the bank groups", true},
};
const size_t dram_mapping_count = sizeof dram_mappings / sizeof dram_mappings[0];

const struct dram_standard *dram_standard_find(const char *name) {
  for (size_t i = 0; i < dram_standard_count; i++) {
    if (strcmp(dram_standards[i].name, name) == 0) return &dram_standards[i];
  }
  return NULL;
}

const struct dram_mapping *dram_mapping_find(const char *name) {
  for (size_t i = 0; i < dram_mapping_count; i++) {
    if (strcmp(dram_mappings[i].name, name) == 0) return &dram_mappings[i];
  }
  return NULL;
}

const struct dram_mapping *dram_mapping_default(const struct dram_standard *standard) {
  return dram_mapping_find(standard->bank_groups > 1 ? "m1" : "m0");
}

double dram_standard_peak_bytes_per_clock(const struct dram_standard *standard) {
  return (double)DRAM_REQUEST_BYTES / standard->burst_clocks;
}

/* Every count of a geometry is a power of two, so that a field of the address is a run of bits. */
static uint32_t take_field(uint64_t *rest, uint32_t values) {
  uint32_t field = (uint32_t)*rest & (values - 1);
  *rest >>= __builtin_ctz(values);
  return field;
}

struct dram_place dram_place_of(const struct dram_standard *standard, const struct dram_mapping *mapping,
                                uint64_t address) {
  uint64_t rest = address / DRAM_REQUEST_BYTES;
  uint32_t columns = standard->row_bytes / DRAM_REQUEST_BYTES, group;
  if (!mapping->groups_interleave) take_field(&rest, columns);
  group = take_field(&rest, standard->bank_groups);
  if (mapping->groups_interleave) take_field(&rest, columns);
  uint32_t bank = take_field(&rest, standard->banks_per_group), row = take_field(&rest, standard->rows);
  return (struct dram_place){group * standard->banks_per_group + bank, group, row};
}
