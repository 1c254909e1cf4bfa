/* Contiguous transfers, costed by DRAM row. A range falls apart into pieces that lie in one
 * row of each bank they touch: one bank, or one bank of every group where the mapping
 * interleaves groups. Within a piece bursts follow one another at a fixed pace, so that its
 * first and last clocks tell everything; rows of the next piece are opened while the bursts of
 * the one before are under way, as far ahead as the controller's queue reaches. */
#include "sim/dram_channel.h"

/* Bursts in one row of each of `groups` banks. */
struct piece {
  uint64_t address, bursts;
  uint32_t groups;
  uint64_t pace_clocks; /* from burst to burst */
  enum dram_command_kind kind;
};

static uint64_t at_most(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Up to `left` bursts from address on. */
static struct piece piece_at(const struct dram *dram, bool write, uint64_t address, uint64_t left) {
  const struct dram_standard *s = dram->state.standard;
  uint32_t groups = dram->mapping->groups_interleave ? s->bank_groups : 1;
  uint64_t bytes = (uint64_t)s->row_bytes * groups;
  uint64_t in_row = (bytes - address % bytes) / DRAM_REQUEST_BYTES;
  uint64_t between_groups = dram_later(s->tccd_s_clocks, s->burst_clocks);
  uint64_t within_group = write ? s->tccd_l_wr_clocks : s->tccd_l_clocks;
  struct piece piece = {.address = address, .bursts = at_most(left, in_row)};
  piece.pace_clocks = dram_later(between_groups, (within_group + groups - 1) / groups);
  piece.groups = (uint32_t)at_most(piece.bursts, groups);
  piece.kind = write ? DRAM_WRITE : DRAM_READ;
  return piece;
}

static struct dram_place place_of_group(const struct dram *dram, const struct piece *piece, uint32_t group) {
  return dram_place_of(dram->state.standard, dram->mapping, piece->address + (uint64_t)group * DRAM_REQUEST_BYTES);
}

static void issue(struct dram_state *state, enum dram_command_kind kind, struct dram_place place,
                  uint64_t from_clock) {
  uint64_t clock = dram_later(from_clock, dram_state_earliest(state, kind, place.bank));
  const struct dram_command command = {kind, place.bank, place.row, clock};
  dram_state_issue(state, &command);
}

/* The first half of opening a row: closing the one that is in its way. */
static void make_way(struct dram_state *state, struct dram_place place, uint64_t from_clock) {
  uint32_t row = state->banks[place.bank].open_row;
  if (row != DRAM_ROW_CLOSED && row != place.row) issue(state, DRAM_PRECHARGE, place, from_clock);
}

static void open_row(struct dram_state *state, struct dram_place place, uint64_t from_clock) {
  if (state->banks[place.bank].open_row == DRAM_ROW_CLOSED) issue(state, DRAM_ACTIVATE, place, from_clock);
}

static bool bus_turns(const struct dram *dram, const struct piece *piece) {
  return dram->last_was_write != (piece->kind == DRAM_WRITE);
}

/* Opens the rows of the piece; the clock of its first burst, such that none comes too early
 * for its bank and group. What bursts to other banks leave of the bus is for bus_clock. */
static uint64_t open_rows(struct dram *dram, const struct piece *piece, uint64_t from_clock) {
  const struct dram_state *state = &dram->state;
  uint64_t first_clock = from_clock;
  bool turns = bus_turns(dram, piece);
  for (uint32_t g = 0; g < piece->groups; g++) make_way(&dram->state, place_of_group(dram, piece, g), from_clock);
  for (uint32_t g = 0; g < piece->groups; g++) open_row(&dram->state, place_of_group(dram, piece, g), from_clock);
  for (uint32_t g = 0; g < piece->groups; g++) {
    uint32_t bank = place_of_group(dram, piece, g).bank;
    uint64_t clock = turns ? dram_state_earliest(state, piece->kind, bank)
                           : dram_state_bank_clock(state, piece->kind, bank);
    uint64_t lead = g * piece->pace_clocks;
    if (clock > lead) first_clock = dram_later(first_clock, clock - lead);
  }
  return first_clock;
}

static void remember_bursts(struct dram *dram, const struct piece *piece, uint64_t first_clock, uint64_t bursts) {
  uint64_t kept = at_most(bursts, DRAM_QUEUE_ENTRIES);
  dram->next_burst = (uint32_t)((dram->next_burst + bursts - kept) % DRAM_QUEUE_ENTRIES);
  for (uint64_t i = bursts - kept; i < bursts; i++) {
    dram->burst_clocks[dram->next_burst] = first_clock + i * piece->pace_clocks;
    dram->next_burst = (dram->next_burst + 1) % DRAM_QUEUE_ENTRIES;
  }
  dram->piece_end_clock = first_clock + (bursts - 1) * piece->pace_clocks;
  dram->last_burst_clock = dram_later(dram->last_burst_clock, dram->piece_end_clock);
  dram->last_was_write = piece->kind == DRAM_WRITE;
}

/* The first `bursts` bursts of the piece: of each bank the last one, in the order of time. */
static void issue_bursts(struct dram *dram, const struct piece *piece, uint64_t first_clock, uint64_t bursts) {
  uint64_t banks = at_most(bursts, piece->groups);
  for (uint64_t i = bursts - banks; i < bursts; i++) {
    struct dram_place place = place_of_group(dram, piece, (uint32_t)(i % piece->groups));
    const struct dram_command last = {piece->kind, place.bank, place.row, first_clock + i * piece->pace_clocks};
    dram_state_issue_run(&dram->state, &last, i / piece->groups + 1);
  }
  remember_bursts(dram, piece, first_clock, bursts);
}

/* When the controller first sees the next burst. While the bus goes one way, rows for the
 * other way are not opened. */
static uint64_t seen_clock(const struct dram *dram, bool write, uint64_t earliest_clock) {
  uint64_t clock = dram_later(earliest_clock, dram->burst_clocks[dram->next_burst]);
  if (write != dram->last_was_write) clock = dram_later(clock, dram->last_burst_clock);
  return clock;
}

/* Refreshes that have fallen due by the time at which the next burst can come; whether there
 * were any. */
static bool refresh_if_due(struct dram *dram, const struct piece *piece, uint64_t from_clock) {
  struct dram_state *state = &dram->state;
  uint64_t before = state->counts.refreshes;
  dram_state_refresh_idle(state, from_clock - 1);
  if (dram_later(from_clock, dram->last_burst_clock + piece->pace_clocks) >= state->refresh_due_clock) {
    dram_state_refresh(state, state->refresh_due_clock);
  }
  return state->counts.refreshes != before;
}

/* How many bursts of the piece come before the next refresh, but at least one. */
static uint64_t bursts_before_refresh(const struct dram *dram, const struct piece *piece, uint64_t first_clock) {
  uint64_t due_clock = dram->state.refresh_due_clock;
  if (first_clock >= due_clock) return 1;
  return at_most(piece->bursts, (due_clock - first_clock - 1) / piece->pace_clocks + 1);
}

/* The piece, or what of it comes before the next refresh; returns how many bursts.
 *
 * bus_clock is where the bus would stand if bursts had followed one another without a gap.
 * Where one bank had to wait, or kept a pace of its own, bursts to other banks that the queue
 * holds fill the gap; but none fills a gap that is a change of direction or a refresh. */
static uint64_t move_some(struct dram *dram, const struct piece *piece, uint64_t earliest_clock) {
  const struct dram_standard *s = dram->state.standard;
  uint64_t from_clock = seen_clock(dram, piece->kind == DRAM_WRITE, earliest_clock) + 1;
  bool gap_stays = refresh_if_due(dram, piece, from_clock) || bus_turns(dram, piece);
  uint64_t first_clock = open_rows(dram, piece, from_clock);
  if (!gap_stays) first_clock = dram_later(first_clock, dram->bus_clock);
  uint64_t bursts = bursts_before_refresh(dram, piece, first_clock);
  dram->bus_clock = gap_stays ? first_clock : dram_later(dram->bus_clock, from_clock);
  dram->bus_clock += bursts * dram_later(s->tccd_s_clocks, s->burst_clocks);
  issue_bursts(dram, piece, first_clock, bursts);
  return bursts;
}

uint64_t dram_transfer(struct dram *dram, bool write, uint64_t address, uint64_t bytes, uint64_t earliest_clock) {
  struct dram_counts *counts = &dram->state.counts;
  uint64_t first = address / DRAM_REQUEST_BYTES, left = (address + bytes - 1) / DRAM_REQUEST_BYTES - first + 1;
  uint64_t at = first * DRAM_REQUEST_BYTES, activates = counts->activates, last_clock = 0;
  bool split_bus = dram->state.split_bus;
  dram_drain(dram);
  dram->state.split_bus = true; /* between bursts the bus has room for the rare row command */
  counts->requests += left;
  counts->row_hits += left;
  while (left > 0) {
    const struct piece piece = piece_at(dram, write, at, left);
    uint64_t bursts = move_some(dram, &piece, earliest_clock);
    at += bursts * DRAM_REQUEST_BYTES;
    left -= bursts;
    last_clock = dram_later(last_clock, dram->piece_end_clock);
  }
  counts->row_hits -= at_most(counts->row_hits, counts->activates - activates);
  dram->state.split_bus = split_bus;
  dram->floor_clock = dram_later(dram->floor_clock, dram->last_burst_clock + 1);
  return dram_state_data_end(&dram->state, write, last_clock);
}
