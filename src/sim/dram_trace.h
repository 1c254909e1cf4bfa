/* Address traces: text, one request a line.
 *
 *   R <hex address>   read 64 bytes
 *   W <hex address>   write 64 bytes
 *   I <clocks>        wait until everything before is complete, then idle that many clocks
 *
 * Addresses may start with 0x. Empty lines are allowed, and comments from # to the end of a
 * line. Requests are offered in order, one a clock; a full queue blocks. */
#ifndef SPILLWAY_SIM_DRAM_TRACE_H
#define SPILLWAY_SIM_DRAM_TRACE_H

#include <stdio.h>

#include "sim/dram.h"

/* An idle line and the whole trace end before this clock. */
#define DRAM_TRACE_MAX_CLOCK (UINT64_C(1) << 60)

/* Sends the trace through the channel, from clock 0 on; *total_clocks is the clock at which
 * the last data arrived or was written. Takes the same memory whatever the length of the file.
 * Errors name path, line, what was found and what was expected. */
int dram_trace_replay(uint64_t *total_clocks, struct dram *dram, FILE *file, const char *path, struct error *err);

#endif
