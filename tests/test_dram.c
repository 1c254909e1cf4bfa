/* The DRAM channel: single gaps, closed forms, properties of random traces, contiguous
 * transfers, the trace reader. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dram_checker.h"
#include "dram_patterns.h"
#include "sim/dram_state.h"
#include "sim/dram_trace.h"
#include "suites.h"
#include "util/rng.h"

static struct dram *channel_open(const char *standard, const char *mapping, bool refresh) {
  struct error err = ERROR_INIT;
  struct dram *dram;
  ck_assert_int_eq(dram_create(&dram, dram_standard_find(standard), dram_mapping_find(mapping), &err), 0);
  dram_set_refresh(dram, refresh);
  return dram;
}

/* ---- the table ---- */

static bool is_power_of_two(uint32_t value) { return value != 0 && (value & (value - 1)) == 0; }

START_TEST(standards_are_consistent) {
  for (size_t i = 0; i < dram_standard_count; i++) {
    const struct dram_standard *s = &dram_standards[i];
    ck_assert_ptr_eq(dram_standard_find(s->name), s);
    ck_assert(is_power_of_two(s->bank_groups) && is_power_of_two(s->banks_per_group));
    ck_assert(is_power_of_two(s->rows) && is_power_of_two(s->row_bytes));
    ck_assert_uint_le(s->bank_groups, DRAM_MAX_GROUPS);
    ck_assert_uint_le(dram_standard_banks(s), DRAM_MAX_BANKS);
    ck_assert_uint_eq(s->trc_clocks, s->tras_clocks + s->trp_clocks);
    ck_assert_uint_le(s->tccd_s_clocks, s->tccd_l_clocks);
    ck_assert_uint_le(s->tccd_l_clocks, s->tccd_l_wr_clocks);
    ck_assert_uint_le(s->trrd_s_clocks, s->trrd_l_clocks);
    ck_assert_uint_ge(s->tfaw_clocks, 4 * s->trrd_s_clocks);
    ck_assert_uint_gt(s->read_to_write_clocks + s->write_latency_clocks, s->read_latency_clocks + s->burst_clocks - 1);
    ck_assert_uint_gt(strlen(s->source), 20);
  }
}
END_TEST

START_TEST(unknown_names_are_not_found) {
  ck_assert_ptr_null(dram_standard_find("DDR4"));
  ck_assert_ptr_null(dram_mapping_find("m2"));
  ck_assert_str_eq(dram_mapping_default(dram_standard_find("DDR4-2400"))->name, "m1");
  ck_assert_str_eq(dram_mapping_default(dram_standard_find("LPDDR4-3200"))->name, "m0");
}
END_TEST

/* DDR4: 128 columns of 64 bytes, 4 groups of 4 banks. */
START_TEST(mappings_take_their_fields_in_order) {
  const struct dram_standard *s = dram_standard_find("DDR4-2400");
  const struct dram_mapping *m0 = dram_mapping_find("m0"), *m1 = dram_mapping_find("m1");
  struct dram_place place = dram_place_of(s, m0, 64);
  ck_assert(place.bank == 0 && place.row == 0);
  place = dram_place_of(s, m0, 8192);
  ck_assert(place.group == 1 && place.bank == 4 && place.row == 0);
  place = dram_place_of(s, m0, 4 * 8192 + 63);
  ck_assert(place.group == 0 && place.bank == 1);
  place = dram_place_of(s, m1, 3 * 64);
  ck_assert(place.group == 3 && place.bank == 12 && place.row == 0);
  place = dram_place_of(s, m1, 4 * 8192);
  ck_assert(place.group == 0 && place.bank == 1 && place.row == 0);
  place = dram_place_of(s, m1, 16 * 8192 * UINT64_C(5));
  ck_assert(place.bank == 0 && place.row == 5);
  place = dram_place_of(s, m1, 16 * 8192 * UINT64_C(65536)); /* wraps around */
  ck_assert(place.bank == 0 && place.row == 0);
}
END_TEST

/* ---- gaps between two commands ---- */

enum where { SAME_BANK, SAME_GROUP, OTHER_GROUP };

static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

typedef uint64_t gap_function(const struct dram_standard *s);
#define GAP(name, expression) \
  static uint64_t name(const struct dram_standard *s) { return expression; }
GAP(gap_rcd, s->trcd_clocks)
GAP(gap_ras, s->tras_clocks)
GAP(gap_rp, s->trp_clocks)
GAP(gap_rtp, s->trtp_clocks)
GAP(gap_wr, s->write_latency_clocks + s->burst_clocks + s->twr_clocks)
GAP(gap_ccd_l, s->tccd_l_clocks)
GAP(gap_ccd_l_wr, s->tccd_l_wr_clocks)
GAP(gap_ccd_s, larger(s->tccd_s_clocks, s->burst_clocks))
GAP(gap_rtw, s->read_to_write_clocks)
GAP(gap_wtr_l, s->write_latency_clocks + s->burst_clocks + s->twtr_l_clocks)
GAP(gap_wtr_s, s->write_latency_clocks + s->burst_clocks + s->twtr_s_clocks)
GAP(gap_rrd_l, s->trrd_l_clocks)
GAP(gap_rrd_s, s->trrd_s_clocks)
GAP(gap_rfc, s->trfc_clocks)

static const struct gap {
  const char *name;
  enum dram_command_kind first, second;
  enum where where;
  gap_function *clocks;
} gaps[] = {
    {"tRCD, read", DRAM_ACTIVATE, DRAM_READ, SAME_BANK, gap_rcd},
    {"tRCD, write", DRAM_ACTIVATE, DRAM_WRITE, SAME_BANK, gap_rcd},
    {"tRAS", DRAM_ACTIVATE, DRAM_PRECHARGE, SAME_BANK, gap_ras},
    {"tRP", DRAM_PRECHARGE, DRAM_ACTIVATE, SAME_BANK, gap_rp},
    {"tRTP", DRAM_READ, DRAM_PRECHARGE, SAME_BANK, gap_rtp},
    {"tWR", DRAM_WRITE, DRAM_PRECHARGE, SAME_BANK, gap_wr},
    {"tCCD_L, same bank", DRAM_READ, DRAM_READ, SAME_BANK, gap_ccd_l},
    {"tCCD_L", DRAM_READ, DRAM_READ, SAME_GROUP, gap_ccd_l},
    {"tCCD_S", DRAM_READ, DRAM_READ, OTHER_GROUP, gap_ccd_s},
    {"tCCD_L_WR", DRAM_WRITE, DRAM_WRITE, SAME_GROUP, gap_ccd_l_wr},
    {"tCCD_S, write", DRAM_WRITE, DRAM_WRITE, OTHER_GROUP, gap_ccd_s},
    {"read to write", DRAM_READ, DRAM_WRITE, SAME_GROUP, gap_rtw},
    {"read to write, groups", DRAM_READ, DRAM_WRITE, OTHER_GROUP, gap_rtw},
    {"tWTR_L", DRAM_WRITE, DRAM_READ, SAME_GROUP, gap_wtr_l},
    {"tWTR_S", DRAM_WRITE, DRAM_READ, OTHER_GROUP, gap_wtr_s},
    {"tRRD_L", DRAM_ACTIVATE, DRAM_ACTIVATE, SAME_GROUP, gap_rrd_l},
    {"tRRD_S", DRAM_ACTIVATE, DRAM_ACTIVATE, OTHER_GROUP, gap_rrd_s},
    {"tRP before refresh", DRAM_PRECHARGE_ALL, DRAM_REFRESH, SAME_BANK, gap_rp},
    {"tRFC", DRAM_REFRESH, DRAM_ACTIVATE, SAME_GROUP, gap_rfc},
};
enum { GAP_COUNT = sizeof gaps / sizeof gaps[0], LONG_AGO = 100, NOW = 100000 };

static void issue_at(struct dram_state *state, enum dram_command_kind kind, uint32_t bank, uint64_t clock) {
  const struct dram_command command = {kind, bank, 5, clock};
  ck_assert(dram_state_allows(state, &command));
  dram_state_issue(state, &command);
}

static bool needs_open(enum dram_command_kind kind) {
  return kind == DRAM_READ || kind == DRAM_WRITE || kind == DRAM_PRECHARGE || kind == DRAM_PRECHARGE_ALL;
}

static void check_gap(const struct gap *gap, const struct dram_standard *s) {
  struct dram_state state;
  uint32_t second_bank = gap->where == SAME_BANK ? 0 : gap->where == SAME_GROUP ? 1 : s->banks_per_group;
  if (gap->where == OTHER_GROUP && s->bank_groups == 1) return;
  dram_state_init(&state, s);
  if (needs_open(gap->first)) issue_at(&state, DRAM_ACTIVATE, 0, LONG_AGO);
  if (second_bank != 0 && needs_open(gap->second)) issue_at(&state, DRAM_ACTIVATE, second_bank, LONG_AGO + 1000);
  issue_at(&state, gap->first, 0, NOW);
  struct dram_command second = {gap->second, second_bank, 5, NOW + gap->clocks(s)};
  ck_assert_msg(dram_state_allows(&state, &second), "%s of %s: refused", gap->name, s->name);
  second.clock--;
  ck_assert_msg(!dram_state_allows(&state, &second), "%s of %s: one clock early was allowed", gap->name, s->name);
}

START_TEST(each_gap_is_what_the_table_says_and_one_clock_earlier_is_refused) {
  for (size_t i = 0; i < dram_standard_count; i++) check_gap(&gaps[_i], &dram_standards[i]);
}
END_TEST

/* After the row has closed again as early as it may: tRAS + tRP = tRC. */
START_TEST(a_bank_opens_again_after_trc) {
  for (size_t i = 0; i < dram_standard_count; i++) {
    struct dram_state state;
    dram_state_init(&state, &dram_standards[i]);
    issue_at(&state, DRAM_ACTIVATE, 0, NOW);
    issue_at(&state, DRAM_PRECHARGE, 0, NOW + dram_standards[i].tras_clocks);
    ck_assert_uint_eq(dram_state_earliest(&state, DRAM_ACTIVATE, 0), NOW + dram_standards[i].trc_clocks);
  }
}
END_TEST

START_TEST(a_fifth_activate_waits_for_tfaw) {
  for (size_t i = 0; i < dram_standard_count; i++) {
    const struct dram_standard *s = &dram_standards[i];
    struct dram_state state;
    dram_state_init(&state, s);
    for (uint32_t a = 0; a < 4; a++) {
      uint32_t bank = a % s->bank_groups * s->banks_per_group + a / s->bank_groups;
      issue_at(&state, DRAM_ACTIVATE, bank, larger(NOW, dram_state_earliest(&state, DRAM_ACTIVATE, bank)));
    }
    uint32_t fifth = s->bank_groups == 8 ? 4 * s->banks_per_group : s->bank_groups == 1 ? 4 : 1;
    uint64_t clock = larger(NOW + s->tfaw_clocks, NOW + 3 * s->trrd_s_clocks + s->trrd_s_clocks);
    ck_assert_uint_eq(dram_state_earliest(&state, DRAM_ACTIVATE, fifth), clock);
  }
}
END_TEST

START_TEST(commands_in_the_wrong_state_are_refused) {
  struct dram_state state;
  dram_state_init(&state, dram_standard_find("DDR4-2400"));
  ck_assert(!dram_state_allows(&state, &(struct dram_command){DRAM_READ, 0, 5, NOW}));
  ck_assert(!dram_state_allows(&state, &(struct dram_command){DRAM_PRECHARGE, 0, 5, NOW}));
  issue_at(&state, DRAM_ACTIVATE, 0, NOW);
  ck_assert(!dram_state_allows(&state, &(struct dram_command){DRAM_ACTIVATE, 0, 6, 2 * NOW}));
  ck_assert(!dram_state_allows(&state, &(struct dram_command){DRAM_READ, 0, 6, 2 * NOW}));
  ck_assert(!dram_state_allows(&state, &(struct dram_command){DRAM_REFRESH, 0, 0, 2 * NOW}));
  ck_assert(dram_state_allows(&state, &(struct dram_command){DRAM_READ, 0, 5, 2 * NOW}));
}
END_TEST

/* ---- closed forms ---- */

/* DDR4: CL 17, burst 4, and a clock between acceptance and first command: 22 for a row hit;
 * tRCD 17 more if the bank is closed, tRP 17 more if another row is open. */
START_TEST(an_unloaded_read_takes_the_latencies_it_needs) {
  struct dram *dram = channel_open("DDR4-2400", "m1", false);
  ck_assert_uint_eq(dram_push(dram, false, 0, 0), 0);
  ck_assert_uint_eq(dram_drain(dram), 1 + 17 + 17 + 4);
  ck_assert_uint_eq(dram_push(dram, false, 4 * 64, 1000), 1000);
  ck_assert_uint_eq(dram_drain(dram), 1000 + 1 + 17 + 4);
  ck_assert_uint_eq(dram_push(dram, false, 16 * 8192, 2000), 2000);
  ck_assert_uint_eq(dram_drain(dram), 2000 + 1 + 17 + 17 + 17 + 4);
  ck_assert_uint_eq(dram_push(dram, true, 16 * 8192, 3000), 3000);
  ck_assert_uint_eq(dram_drain(dram), 3000 + 1 + 12 + 4);
  ck_assert_uint_eq(dram_counts(dram)->read_latency_clocks, 39 + 22 + 56);
  dram_free(dram);
}
END_TEST

struct replay {
  struct dram *dram;
  uint64_t clock;
};

static void replay_line(void *context, char letter, uint64_t value) {
  struct replay *replay = context;
  if (letter == 'I') {
    replay->clock = dram_drain(replay->dram) + value;
  } else {
    replay->clock = dram_push(replay->dram, letter == 'W', value, replay->clock);
  }
}

static uint64_t replay_pattern(struct dram *dram, const char *name) {
  const struct dram_pattern *pattern = dram_pattern_find(name);
  struct replay replay = {dram, 0};
  const struct pattern_sink sink = {replay_line, &replay};
  dram_reset(dram);
  pattern->write(pattern, &sink);
  return dram_drain(dram);
}

static double fraction_of_peak(struct dram *dram, const char *standard, const char *pattern) {
  double clocks = (double)replay_pattern(dram, pattern);
  double bytes = 64.0 * (double)dram_counts(dram)->requests;
  return bytes / (clocks * dram_standard_peak_bytes_per_clock(dram_standard_find(standard)));
}

/* With refresh, tRFC and closing and opening the rows around it are lost of each tREFI. */
START_TEST(streaming_reaches_the_peak_but_for_refresh) {
  struct dram *dram = channel_open("DDR4-2400", "m1", false);
  ck_assert_double_gt(fraction_of_peak(dram, "DDR4-2400", "a_seqread"), 0.9995);
  dram_set_refresh(dram, true);
  double lost = (420.0 + 17 + 17 + 9) / 9360;
  ck_assert_double_eq_tol(fraction_of_peak(dram, "DDR4-2400", "a_seqread"), 1 - lost, 0.002);
  dram_free(dram);
}
END_TEST

/* m0 stays within a group for a row: tCCD_L 6 for 4 clocks of data, but where a row ends. */
START_TEST(without_group_interleaving_streaming_is_bound_by_tccd_l) {
  struct dram *dram = channel_open("DDR4-2400", "m0", false);
  double fraction = fraction_of_peak(dram, "DDR4-2400", "a_seqread");
  ck_assert_double_gt(fraction, 4.0 / 6);
  ck_assert_double_lt(fraction, 0.85);
  dram_free(dram);
}
END_TEST

/* Four activates in tFAW = 26 clocks, each for one burst of 4. */
START_TEST(random_reads_are_bound_by_tfaw) {
  struct dram *dram = channel_open("DDR4-2400", "m1", false);
  ck_assert_double_eq_tol(fraction_of_peak(dram, "DDR4-2400", "f_rand"), 16.0 / 26, 0.008);
  dram_free(dram);
}
END_TEST

START_TEST(refreshes_come_once_in_trefi) {
  struct dram *dram = channel_open("DDR4-2400", "m1", true);
  uint64_t clocks = replay_pattern(dram, "a_seqread");
  ck_assert_uint_eq(dram_counts(dram)->refreshes, clocks / 9360);
  dram_push(dram, false, 0, 9360 * UINT64_C(1000000) - 100);
  dram_drain(dram);
  ck_assert_uint_eq(dram_counts(dram)->refreshes, 999999);
  dram_push(dram, false, 0, 9360 * UINT64_C(3000000000000) + 1); /* takes no longer */
  dram_drain(dram);
  ck_assert_uint_eq(dram_counts(dram)->refreshes, UINT64_C(3000000000000));
  dram_free(dram);
}
END_TEST

/* Reads of one bank, each of another row. The first leaves its queue when its row is opened,
 * at clock 1, the next tRC later: 33 are taken at once, then one every 56 clocks. */
START_TEST(a_full_queue_holds_requests_back) {
  struct dram *dram = channel_open("DDR4-2400", "m1", false);
  for (uint64_t i = 0; i < 33; i++) ck_assert_uint_eq(dram_push(dram, false, i * 16 * 8192, 0), i);
  ck_assert(!dram_has_room(dram, false, 33));
  ck_assert(dram_has_room(dram, true, 33));
  ck_assert(!dram_has_room(dram, false, 56));
  ck_assert(dram_has_room(dram, false, 57));
  ck_assert_uint_eq(dram_push(dram, false, 33 * 16 * 8192, 0), 57);
  ck_assert_uint_eq(dram_push(dram, false, 34 * 16 * 8192, 0), 57 + 56);
  dram_free(dram);
}
END_TEST

START_TEST(a_read_is_answered_by_a_waiting_write_and_writes_merge) {
  struct dram *dram = channel_open("DDR4-2400", "m1", false);
  for (uint64_t i = 0; i < 8; i++) dram_push(dram, false, i * 16 * 8192, 0);
  dram_push(dram, true, 640, 8);
  dram_push(dram, true, 640 + 63, 9);
  dram_push(dram, false, 640, 10);
  dram_drain(dram);
  const struct dram_counts *counts = dram_counts(dram);
  ck_assert_uint_eq(counts->forwarded_reads, 1);
  ck_assert_uint_eq(counts->merged_writes, 1);
  ck_assert_uint_eq(counts->reads, 8);
  ck_assert_uint_eq(counts->writes, 1);
  dram_free(dram);
}
END_TEST

/* ---- random traces ---- */

enum { TRACE_REQUESTS = 20000, HOT_ADDRESSES = 64 };

/* What a random trace does: reads and writes over `span` addresses, runs and pauses. */
struct habit {
  uint32_t span, run, writes_of_ten, pauses_of_hundred;
};

struct watch {
  struct dram_checker checker;
  uint64_t done, latest_clock;
  uint64_t address_of[TRACE_REQUESTS], done_clock[TRACE_REQUESTS];
  bool is_write[TRACE_REQUESTS];
};

static void watch_command(void *context, const struct dram_command *command) {
  dram_checker_command(&((struct watch *)context)->checker, command);
}

static void watch_read(void *context, uint64_t request, uint64_t clock) {
  struct watch *watch = context;
  if (watch->done_clock[request] != 0) ck_abort_msg("read %" PRIu64 " is answered twice", request);
  watch->done_clock[request] = clock;
  watch->latest_clock = larger(watch->latest_clock, clock);
  watch->done++;
}

static uint64_t run_habit(struct dram *dram, struct watch *watch, const struct habit *habit, uint64_t seed) {
  struct rng rng = rng_stream(seed, habit->span, habit->run);
  uint64_t clock = 0, address = 0;
  for (uint32_t i = 0; i < TRACE_REQUESTS; i++) {
    address = i % habit->run == 0 ? rng_below(&rng, habit->span) * UINT64_C(64) * habit->run : address + 64;
    if (rng_below(&rng, 100) < habit->pauses_of_hundred) clock += rng_below(&rng, 3000);
    watch->address_of[i] = address;
    watch->is_write[i] = rng_below(&rng, 10) < habit->writes_of_ten;
    clock = dram_push(dram, watch->is_write[i], address, clock);
  }
  return dram_drain(dram);
}

/* Reads of one address are answered in the order in which they came, unless a write between
 * them answers the later one. */
static void check_order(const struct watch *watch) {
  for (uint32_t i = 0; i < TRACE_REQUESTS; i++) {
    for (uint32_t k = i + 1; k < i + 200 && k < TRACE_REQUESTS && !watch->is_write[i]; k++) {
      if (watch->address_of[k] != watch->address_of[i]) continue;
      if (watch->is_write[k]) break;
      if (watch->done_clock[k] <= watch->done_clock[i]) ck_abort_msg("read %u overtakes read %u", k, i);
    }
  }
}

static void check_habit(const struct dram_standard *standard, const struct dram_mapping *mapping,
                        const struct habit *habit) {
  struct watch *watch = calloc(1, sizeof *watch);
  const struct dram_events events = {watch, watch_command, watch_read};
  struct dram *dram = channel_open(standard->name, mapping->name, true);
  watch->checker = dram_checker_start(standard);
  dram_set_events(dram, &events);
  uint64_t clocks = run_habit(dram, watch, habit, 1);
  const struct dram_counts *counts = dram_counts(dram);
  ck_assert_uint_eq(watch->done, counts->read_requests);
  ck_assert_uint_eq(counts->reads + counts->forwarded_reads, counts->read_requests);
  ck_assert_uint_eq(counts->writes + counts->merged_writes, TRACE_REQUESTS - counts->read_requests);
  ck_assert_uint_eq(counts->row_hits + counts->activates, counts->reads + counts->writes);
  ck_assert_uint_eq(watch->checker.counts[DRAM_REFRESH], counts->refreshes);
  ck_assert_uint_ge(clocks, watch->latest_clock);
  ck_assert_uint_ge(clocks, counts->data_busy_clocks);
  check_order(watch);
  dram_set_events(dram, NULL); /* and once more, unwatched */
  dram_reset(dram);
  ck_assert_uint_eq(run_habit(dram, watch, habit, 1), clocks);
  dram_free(dram);
  free(watch);
}

static const struct habit habits[] = {
    {1 << 22, 1, 0, 0}, {1 << 22, 1, 3, 1},  {1 << 22, 1, 9, 0}, {HOT_ADDRESSES, 1, 3, 0}, {HOT_ADDRESSES, 1, 5, 20},
    {1 << 16, 16, 5, 2}, {1 << 12, 200, 3, 0}, {1 << 18, 4, 10, 0}, {2048, 1, 2, 60},
};
enum { HABITS = sizeof habits / sizeof habits[0] };

START_TEST(random_traces_break_no_rule_and_lose_no_request) {
  for (size_t s = 0; s < dram_standard_count; s++) {
    for (size_t m = 0; m < dram_mapping_count; m++) check_habit(&dram_standards[s], &dram_mappings[m], &habits[_i]);
  }
}
END_TEST

/* ---- contiguous transfers ---- */

struct transfers {
  const char *name;
  uint64_t count, bytes; /* bytes 0: a row of a bank */
  bool random;
  uint32_t writes; /* 0 none, 1 all, 2 every other, from 64 MiB up */
  double tolerance;
};

static const struct transfers transfers[] = {
    {"sequential reads", 2048, 4096, false, 0, 0.005},     {"sequential writes", 2048, 4096, false, 1, 0.005},
    {"odd sizes", 2048, 3136, false, 0, 0.005},            {"reads and writes by 4 KiB", 2048, 4096, false, 2, 0.025},
    {"reads and writes by 16 KiB", 512, 16384, false, 2, 0.01}, {"random rows, read", 2048, 0, true, 0, 0.04},
    {"random rows, written", 2048, 0, true, 1, 0.04},
};
enum { TRANSFERS = sizeof transfers / sizeof transfers[0] };

static uint64_t move(struct dram *dram, bool by_segment, bool write, uint64_t address, uint64_t bytes) {
  if (by_segment) return dram_transfer(dram, write, address, bytes, 0);
  for (uint64_t at = 0; at < bytes; at += 64) dram_push(dram, write, address + at, 0);
  return 0;
}

static uint64_t run_transfers(struct dram *dram, const struct transfers *what, uint64_t bytes, bool by_segment) {
  struct rng rng = rng_stream(3, bytes, 0);
  uint64_t end_clock = 0;
  dram_reset(dram);
  for (uint64_t i = 0; i < what->count; i++) {
    bool write = what->writes == 1 || (what->writes == 2 && i % 2 == 1);
    uint64_t piece = what->random ? rng_below(&rng, 65536) : what->writes == 2 ? i / 2 : i;
    uint64_t base = what->writes == 2 && write ? UINT64_C(64) << 20 : 0;
    end_clock = larger(end_clock, move(dram, by_segment, write, base + piece * bytes, bytes));
  }
  return by_segment ? end_clock : dram_drain(dram);
}

START_TEST(transfers_by_row_agree_with_requests_through_the_queues) {
  const struct transfers *what = &transfers[_i];
  for (size_t s = 0; s < dram_standard_count; s++) {
    const struct dram_standard *standard = &dram_standards[s];
    uint64_t bytes = what->bytes != 0 ? what->bytes : standard->row_bytes;
    struct dram *dram = channel_open(standard->name, dram_mapping_default(standard)->name, true);
    double queued = (double)run_transfers(dram, what, bytes, false);
    struct dram_counts counts = *dram_counts(dram);
    double by_row = (double)run_transfers(dram, what, bytes, true);
    ck_assert_msg(by_row / queued > 1 - what->tolerance && by_row / queued < 1 + what->tolerance,
                  "%s on %s: %.0f clocks by row, %.0f through the queues", what->name, standard->name, by_row, queued);
    ck_assert_uint_eq(dram_counts(dram)->reads, counts.reads);
    ck_assert_uint_eq(dram_counts(dram)->writes, counts.writes);
    ck_assert_uint_eq(dram_counts(dram)->data_busy_clocks, counts.data_busy_clocks);
    dram_free(dram);
  }
}
END_TEST

static void count_command(void *context, const struct dram_command *command) {
  (void)command;
  ++*(uint64_t *)context;
}

/* 16 MiB of DDR4 lie in 2048 rows: an activate, a precharge and a run of bursts each, and a
 * few more for each of the 118 refreshes in that time; not 262144 bursts. */
START_TEST(the_work_of_a_transfer_goes_with_rows_not_bytes) {
  struct dram *dram = channel_open("DDR4-2400", "m1", true);
  uint64_t commands = 0;
  const struct dram_events events = {&commands, count_command, NULL};
  dram_set_events(dram, &events);
  dram_transfer(dram, false, 0, UINT64_C(16) << 20, 0);
  ck_assert_uint_eq(dram_counts(dram)->reads, 262144);
  ck_assert_uint_lt(commands, 3 * 2048 + 118 * 16);
  dram_free(dram);
}
END_TEST

START_TEST(a_transfer_waits_for_its_time_and_for_the_bus) {
  struct dram *dram = channel_open("DDR4-2400", "m1", false);
  ck_assert_uint_eq(dram_transfer(dram, false, 0, 1, 1000), 1000 + 1 + 17 + 17 + 4);
  ck_assert_uint_eq(dram_transfer(dram, false, 64 * 4, 64, 2000), 2000 + 1 + 17 + 4);
  /* Two bursts; the second is in another group, where the row is still closed. */
  ck_assert_uint_eq(dram_transfer(dram, false, 63, 2, 3000), 3000 + 1 + 17 + 17 + 4);
  uint64_t all = dram_transfer(dram, false, 32768 * 3, 32768, 5000);
  ck_assert_uint_ge(all, 5000 + 1 + 17 + 17 + 4 + 511 * 4);
  ck_assert_uint_lt(all, 5000 + 1 + 17 + 17 + 4 + 511 * 4 + 30);
  dram_free(dram);
}
END_TEST

START_TEST(both_ways_into_a_channel_can_follow_one_another) {
  struct dram *dram = channel_open("DDR4-2400", "m1", true);
  uint64_t first = dram_transfer(dram, true, 0, 100000, 0);
  uint64_t second = dram_push(dram, false, 64, first);
  uint64_t third = dram_transfer(dram, false, 4096, 4096, second);
  ck_assert_uint_ge(second, first);
  ck_assert_uint_gt(third, dram_counts(dram)->data_busy_clocks);
  ck_assert_uint_eq(dram_counts(dram)->requests, 1563 + 1 + 64);
  dram_free(dram);
}
END_TEST

/* ---- the trace reader ---- */

static int replay_text(const char *text, uint64_t *clocks, struct dram_counts *counts, struct error *err) {
  struct dram *dram = channel_open("DDR4-2400", "m1", false);
  char *copy = strdup(text);
  FILE *file = fmemopen(copy, strlen(copy), "r");
  int status = dram_trace_replay(clocks, dram, file, "t.trace", err);
  *counts = *dram_counts(dram);
  fclose(file);
  free(copy);
  dram_free(dram);
  return status;
}

START_TEST(a_trace_may_have_comments_blanks_and_both_ways_to_write_hex) {
  const char *text = "# a comment\n\n  R 0x40\t# read\r\nW ABCDEF40\nW\t0Xabcdef40\nI 100\n\nR 0";
  struct error err = ERROR_INIT;
  struct dram_counts counts;
  uint64_t clocks;
  ck_assert_int_eq(replay_text(text, &clocks, &counts, &err), 0);
  ck_assert_uint_eq(counts.requests, 4);
  ck_assert_uint_eq(counts.read_requests, 2);
  ck_assert_uint_eq(counts.merged_writes, 1);
}
END_TEST

/* The read is over at 39; 100 clocks later the same row is read: 22. An idle line at the end
 * moves no data. */
START_TEST(an_idle_line_waits_and_then_idles) {
  struct error err = ERROR_INIT;
  struct dram_counts counts;
  uint64_t clocks;
  ck_assert_int_eq(replay_text("R 0\nI 100\nR 0\nI 5000\n", &clocks, &counts, &err), 0);
  ck_assert_uint_eq(clocks, 39 + 100 + 22);
}
END_TEST

static const struct bad_line {
  const char *text, *message;
} bad_lines[] = {
    {"R 0\nX 5\n", "t.trace:2: found 'X', expected R, W or I"},
    {"RD 0\n", "t.trace:1: found 'RD', expected R, W or I"},
    {"R\n", "t.trace:1: the line ends here, expected a hexadecimal address of at most 64 bits"},
    {"W # 40\n", "t.trace:1: the line ends here, expected a hexadecimal address of at most 64 bits"},
    {"R 0x\n", "t.trace:1: found '0x', expected a hexadecimal address of at most 64 bits"},
    {"R -40\n", "t.trace:1: found '-40', expected a hexadecimal address of at most 64 bits"},
    {"R 10000000000000000\n",
     "t.trace:1: found '10000000000000000', expected a hexadecimal address of at most 64 bits"},
    {"R 40 W 80\n", "t.trace:1: found 'W', expected the end of the line or a comment"},
    {"\n\nI 1f\n", "t.trace:3: found '1f', expected a number of clocks"},
    {"I 2000000000000000000\n",
     "t.trace:1: found '2000000000000000000', expected fewer clocks: a trace ends before clock 2^60"},
};
enum { BAD_LINES = sizeof bad_lines / sizeof bad_lines[0] };

START_TEST(a_bad_line_is_named_with_what_was_expected) {
  struct error err = ERROR_INIT;
  struct dram_counts counts;
  uint64_t clocks;
  ck_assert_int_eq(replay_text(bad_lines[_i].text, &clocks, &counts, &err), -1);
  ck_assert_int_eq(err.kind, ERROR_INPUT);
  ck_assert_str_eq(err.message, bad_lines[_i].message);
}
END_TEST

START_TEST(a_trace_of_nothing_takes_no_time) {
  struct error err = ERROR_INIT;
  struct dram_counts counts;
  uint64_t clocks;
  ck_assert_int_eq(replay_text("#", &clocks, &counts, &err), 0);
  ck_assert_uint_eq(clocks, 0);
}
END_TEST

Suite *dram_suite(void) {
  Suite *suite = suite_create("dram");
  TCase *timing = tcase_create("timing"), *forms = tcase_create("closed forms"), *random = tcase_create("random");
  TCase *segments = tcase_create("transfers"), *reader = tcase_create("trace reader");
  tcase_add_test(timing, standards_are_consistent);
  tcase_add_test(timing, unknown_names_are_not_found);
  tcase_add_test(timing, mappings_take_their_fields_in_order);
  tcase_add_loop_test(timing, each_gap_is_what_the_table_says_and_one_clock_earlier_is_refused, 0, GAP_COUNT);
  tcase_add_test(timing, a_bank_opens_again_after_trc);
  tcase_add_test(timing, a_fifth_activate_waits_for_tfaw);
  tcase_add_test(timing, commands_in_the_wrong_state_are_refused);
  tcase_add_test(forms, an_unloaded_read_takes_the_latencies_it_needs);
  tcase_add_test(forms, streaming_reaches_the_peak_but_for_refresh);
  tcase_add_test(forms, without_group_interleaving_streaming_is_bound_by_tccd_l);
  tcase_add_test(forms, random_reads_are_bound_by_tfaw);
  tcase_add_test(forms, refreshes_come_once_in_trefi);
  tcase_add_test(forms, a_full_queue_holds_requests_back);
  tcase_add_test(forms, a_read_is_answered_by_a_waiting_write_and_writes_merge);
  tcase_set_timeout(random, 60);
  tcase_add_loop_test(random, random_traces_break_no_rule_and_lose_no_request, 0, HABITS);
  tcase_set_timeout(segments, 60);
  tcase_add_loop_test(segments, transfers_by_row_agree_with_requests_through_the_queues, 0, TRANSFERS);
  tcase_add_test(segments, the_work_of_a_transfer_goes_with_rows_not_bytes);
  tcase_add_test(segments, a_transfer_waits_for_its_time_and_for_the_bus);
  tcase_add_test(segments, both_ways_into_a_channel_can_follow_one_another);
  tcase_add_test(reader, a_trace_may_have_comments_blanks_and_both_ways_to_write_hex);
  tcase_add_test(reader, an_idle_line_waits_and_then_idles);
  tcase_add_loop_test(reader, a_bad_line_is_named_with_what_was_expected, 0, BAD_LINES);
  tcase_add_test(reader, a_trace_of_nothing_takes_no_time);
  suite_add_tcase(suite, timing);
  suite_add_tcase(suite, forms);
  suite_add_tcase(suite, random);
  suite_add_tcase(suite, segments);
  suite_add_tcase(suite, reader);
  return suite;
}
