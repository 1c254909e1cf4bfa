/* What the banks, bank groups and the bus of a channel allow, and what a command changes.
 * Every timing parameter is applied here and nowhere else: both ways into a channel ask for
 * the earliest clock of a command and then issue it. */
#ifndef SPILLWAY_SIM_DRAM_STATE_H
#define SPILLWAY_SIM_DRAM_STATE_H

#include "sim/dram.h"

#define DRAM_ROW_CLOSED UINT32_MAX

enum { DRAM_FAW_ACTIVATES = 4 };

/* Earliest clocks that the bank's own past allows. */
struct dram_bank {
  uint32_t open_row;
  uint32_t group;
  uint64_t activate_clock, precharge_clock, column_clock;
};

/* Earliest clocks that the past of a group, or of the whole rank, allows. */
struct dram_limits {
  uint64_t activate_clock, read_clock, write_clock;
};

struct dram_state {
  const struct dram_standard *standard;
  struct dram_bank banks[DRAM_MAX_BANKS];
  struct dram_limits groups[DRAM_MAX_GROUPS], rank;
  uint64_t activates[DRAM_FAW_ACTIVATES]; /* clocks from which tFAW lets the next ones pass */
  uint32_t next_activate;
  uint32_t open_banks; /* bit set */
  uint64_t row_bus_clock, column_bus_clock; /* free from then on */
  bool split_bus;                           /* row commands do not wait for column commands */
  uint64_t data_end_clock;                  /* of the latest burst */
  uint64_t refresh_due_clock;               /* UINT64_MAX: never */
  struct dram_counts counts;
  struct dram_events events;
};

void dram_state_init(struct dram_state *state, const struct dram_standard *standard);

/* The two halves of what a command to one bank waits for: the bank and its group, and what
 * the whole channel shares. */
static inline uint64_t dram_later(uint64_t a, uint64_t b) { return a > b ? a : b; }

static inline uint64_t dram_state_bank_clock(const struct dram_state *state, enum dram_command_kind kind, uint32_t b) {
  const struct dram_bank *bank = &state->banks[b];
  const struct dram_limits *group = &state->groups[bank->group];
  switch (kind) {
    case DRAM_ACTIVATE: return dram_later(bank->activate_clock, group->activate_clock);
    case DRAM_READ: return dram_later(bank->column_clock, group->read_clock);
    case DRAM_WRITE: return dram_later(bank->column_clock, group->write_clock);
    default: return bank->precharge_clock;
  }
}

static inline uint64_t dram_state_shared_clock(const struct dram_state *state, enum dram_command_kind kind) {
  const struct dram_limits *rank = &state->rank;
  switch (kind) {
    case DRAM_ACTIVATE:
      return dram_later(dram_later(rank->activate_clock, state->activates[state->next_activate]), state->row_bus_clock);
    case DRAM_READ: return dram_later(rank->read_clock, state->column_bus_clock);
    case DRAM_WRITE: return dram_later(rank->write_clock, state->column_bus_clock);
    default: return state->row_bus_clock;
  }
}

/* The earliest clock at which the command would break no rule, given all that was issued.
 * The bank must be in the right state for it (open for columns and precharge, closed for
 * activate, all closed for refresh). */
uint64_t dram_state_earliest(const struct dram_state *state, enum dram_command_kind kind, uint32_t bank);

/* Whether the command is allowed at that clock, state of the bank included. */
bool dram_state_allows(const struct dram_state *state, const struct dram_command *command);

/* Issues a command that is allowed, and counts it. */
void dram_state_issue(struct dram_state *state, const struct dram_command *command);

/* Issues the last of a run of bursts from or to one row, which stands for all of them: what
 * an earlier one forbids, the last one forbids for longer. */
void dram_state_issue_run(struct dram_state *state, const struct dram_command *last, uint64_t bursts);

/* Refreshes that fall due up to that clock while nobody wants the banks: each is issued as
 * soon as its turn and the banks allow. Takes time that does not depend on how many. */
void dram_state_refresh_idle(struct dram_state *state, uint64_t clock);

/* Closes what is open and refreshes, at from_clock at the earliest. */
void dram_state_refresh(struct dram_state *state, uint64_t from_clock);

/* The clock at which the data of a column command issued then has moved. */
uint64_t dram_state_data_end(const struct dram_state *state, bool write, uint64_t clock);

#endif
