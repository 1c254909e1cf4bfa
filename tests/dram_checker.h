/* An independent check of a channel's commands: goes through their log with the parameter
 * table alone, and fails the test at the first one that comes too early or cannot be. */
#ifndef SPILLWAY_TESTS_DRAM_CHECKER_H
#define SPILLWAY_TESTS_DRAM_CHECKER_H

#include "sim/dram.h"

/* Clocks at which something last happened, plus one, so that 0 means never. */
struct dram_checker {
  const struct dram_standard *standard;
  uint64_t activate[DRAM_MAX_BANKS], precharge[DRAM_MAX_BANKS], read[DRAM_MAX_BANKS], write[DRAM_MAX_BANKS];
  bool open[DRAM_MAX_BANKS];
  uint32_t row[DRAM_MAX_BANKS];
  uint64_t latest_activates[4], refresh, row_command, column_command;
  uint64_t counts[DRAM_COMMAND_KINDS];
};

struct dram_checker dram_checker_start(const struct dram_standard *standard);

/* A listener for dram_set_events(); context is the checker. */
void dram_checker_command(void *context, const struct dram_command *command);

#endif
