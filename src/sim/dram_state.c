#include "sim/dram_state.h"

#include <string.h>

static void raise_to(uint64_t *clock, uint64_t to) { *clock = dram_later(*clock, to); }

void dram_state_init(struct dram_state *state, const struct dram_standard *standard) {
  memset(state, 0, sizeof *state);
  state->standard = standard;
  state->refresh_due_clock = standard->trefi_clocks;
  state->split_bus = standard->row_command_bus;
  for (uint32_t b = 0; b < DRAM_MAX_BANKS; b++) {
    state->banks[b].open_row = DRAM_ROW_CLOSED;
    state->banks[b].group = b / standard->banks_per_group % DRAM_MAX_GROUPS;
  }
}

/* ---- what is allowed ---- */

static uint64_t earliest_for_rank(const struct dram_state *state, bool refresh) {
  uint64_t clock = state->row_bus_clock;
  for (uint32_t b = 0; b < dram_standard_banks(state->standard); b++) {
    const struct dram_bank *bank = &state->banks[b];
    if (refresh) {
      clock = dram_later(clock, bank->activate_clock);
    } else if (bank->open_row != DRAM_ROW_CLOSED) {
      clock = dram_later(clock, bank->precharge_clock);
    }
  }
  return clock;
}

uint64_t dram_state_earliest(const struct dram_state *state, enum dram_command_kind kind, uint32_t bank) {
  if (kind == DRAM_PRECHARGE_ALL || kind == DRAM_REFRESH) return earliest_for_rank(state, kind == DRAM_REFRESH);
  return dram_later(dram_state_bank_clock(state, kind, bank), dram_state_shared_clock(state, kind));
}

bool dram_state_allows(const struct dram_state *state, const struct dram_command *command) {
  bool open = (state->open_banks >> command->bank & 1) != 0, fits = true;
  switch (command->kind) {
    case DRAM_ACTIVATE: fits = !open; break;
    case DRAM_PRECHARGE: fits = open; break;
    case DRAM_READ:
    case DRAM_WRITE: fits = open && state->banks[command->bank].open_row == command->row; break;
    case DRAM_PRECHARGE_ALL: break;
    case DRAM_REFRESH: fits = state->open_banks == 0; break;
  }
  return fits && command->clock >= dram_state_earliest(state, command->kind, command->bank);
}

/* ---- what commands change ---- */

static void do_activate(struct dram_state *state, struct dram_bank *bank, const struct dram_command *command) {
  const struct dram_standard *s = state->standard;
  uint64_t clock = command->clock;
  bank->open_row = command->row;
  state->open_banks |= UINT32_C(1) << command->bank;
  raise_to(&bank->activate_clock, clock + s->trc_clocks);
  raise_to(&bank->precharge_clock, clock + s->tras_clocks);
  raise_to(&bank->column_clock, clock + s->trcd_clocks);
  raise_to(&state->groups[bank->group].activate_clock, clock + s->trrd_l_clocks);
  raise_to(&state->rank.activate_clock, clock + s->trrd_s_clocks);
  state->activates[state->next_activate] = clock + s->tfaw_clocks;
  state->next_activate = (state->next_activate + 1) % DRAM_FAW_ACTIVATES;
  state->counts.activates++;
}

static void do_precharge(struct dram_state *state, struct dram_bank *bank, uint64_t clock) {
  if (bank->open_row == DRAM_ROW_CLOSED) return;
  bank->open_row = DRAM_ROW_CLOSED;
  state->open_banks &= ~(UINT32_C(1) << (bank - state->banks));
  raise_to(&bank->activate_clock, clock + state->standard->trp_clocks);
  state->counts.precharges++;
}

static void do_precharge_all(struct dram_state *state, uint64_t clock) {
  for (uint32_t b = 0; b < dram_standard_banks(state->standard); b++) do_precharge(state, &state->banks[b], clock);
}

static void do_refresh(struct dram_state *state, uint64_t clock) {
  for (uint32_t b = 0; b < dram_standard_banks(state->standard); b++) {
    raise_to(&state->banks[b].activate_clock, clock + state->standard->trfc_clocks);
  }
  state->refresh_due_clock += state->standard->trefi_clocks;
  state->counts.refreshes++;
}

static void do_read(struct dram_state *state, struct dram_bank *bank, uint64_t clock) {
  const struct dram_standard *s = state->standard;
  raise_to(&bank->precharge_clock, clock + s->trtp_clocks);
  raise_to(&state->groups[bank->group].read_clock, clock + s->tccd_l_clocks);
  raise_to(&state->rank.read_clock, clock + dram_later(s->tccd_s_clocks, s->burst_clocks));
  raise_to(&state->rank.write_clock, clock + s->read_to_write_clocks);
  state->counts.reads++;
}

static void do_write(struct dram_state *state, struct dram_bank *bank, uint64_t clock) {
  const struct dram_standard *s = state->standard;
  uint64_t data_end_clock = clock + s->write_latency_clocks + s->burst_clocks;
  raise_to(&bank->precharge_clock, data_end_clock + s->twr_clocks);
  raise_to(&state->groups[bank->group].write_clock, clock + s->tccd_l_wr_clocks);
  raise_to(&state->groups[bank->group].read_clock, data_end_clock + s->twtr_l_clocks);
  raise_to(&state->rank.write_clock, clock + dram_later(s->tccd_s_clocks, s->burst_clocks));
  raise_to(&state->rank.read_clock, data_end_clock + s->twtr_s_clocks);
  state->counts.writes++;
}

uint64_t dram_state_data_end(const struct dram_state *state, bool write, uint64_t clock) {
  const struct dram_standard *s = state->standard;
  return clock + (write ? s->write_latency_clocks : s->read_latency_clocks) + s->burst_clocks;
}

static void take_bus(struct dram_state *state, bool column, uint64_t clock) {
  if (column || !state->split_bus) state->column_bus_clock = clock + 1;
  if (!column || !state->split_bus) state->row_bus_clock = clock + 1;
}

void dram_state_issue(struct dram_state *state, const struct dram_command *command) {
  struct dram_bank *bank = &state->banks[command->bank];
  bool column = command->kind == DRAM_READ || command->kind == DRAM_WRITE;
  switch (command->kind) {
    case DRAM_ACTIVATE: do_activate(state, bank, command); break;
    case DRAM_PRECHARGE: do_precharge(state, bank, command->clock); break;
    case DRAM_PRECHARGE_ALL: do_precharge_all(state, command->clock); break;
    case DRAM_READ: do_read(state, bank, command->clock); break;
    case DRAM_WRITE: do_write(state, bank, command->clock); break;
    case DRAM_REFRESH: do_refresh(state, command->clock); break;
  }
  if (column) {
    state->counts.data_busy_clocks += state->standard->burst_clocks;
    raise_to(&state->data_end_clock, dram_state_data_end(state, command->kind == DRAM_WRITE, command->clock));
  }
  take_bus(state, column, command->clock);
  if (state->events.command != NULL) state->events.command(state->events.context, command);
}

void dram_state_issue_run(struct dram_state *state, const struct dram_command *last, uint64_t bursts) {
  dram_state_issue(state, last);
  *(last->kind == DRAM_WRITE ? &state->counts.writes : &state->counts.reads) += bursts - 1;
  state->counts.data_busy_clocks += (bursts - 1) * state->standard->burst_clocks;
}

/* ---- refresh ---- */

static void issue_rank(struct dram_state *state, enum dram_command_kind kind, uint64_t from_clock) {
  struct dram_command command = {.kind = kind, .clock = dram_later(from_clock, dram_state_earliest(state, kind, 0))};
  dram_state_issue(state, &command);
}

void dram_state_refresh(struct dram_state *state, uint64_t from_clock) {
  if (state->open_banks != 0) issue_rank(state, DRAM_PRECHARGE_ALL, from_clock);
  issue_rank(state, DRAM_REFRESH, from_clock);
}

void dram_state_refresh_idle(struct dram_state *state, uint64_t clock) {
  if (state->refresh_due_clock > clock) return;
  dram_state_refresh(state, state->refresh_due_clock);
  /* From here on each falls due long after the one before is over, and nothing is open. */
  if (state->refresh_due_clock > clock) return;
  uint64_t interval = state->standard->trefi_clocks, skipped = (clock - state->refresh_due_clock) / interval;
  if (state->events.command == NULL) {
    state->refresh_due_clock += skipped * interval;
    state->counts.refreshes += skipped;
  }
  while (state->refresh_due_clock <= clock) dram_state_refresh(state, state->refresh_due_clock);
}
