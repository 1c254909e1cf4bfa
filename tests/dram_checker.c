#include "dram_checker.h"

#include <check.h>
#include <inttypes.h>

struct dram_checker dram_checker_start(const struct dram_standard *standard) {
  return (struct dram_checker){.standard = standard};
}

/* since: clock + 1 of what came before, or 0. */
static void expect_gap(const struct dram_command *command, uint64_t since, uint64_t clocks, const char *rule) {
  if (since == 0 || command->clock + 1 >= since + clocks) return;
  ck_abort_msg("%s: command %d to bank %u at clock %" PRIu64 " follows clock %" PRIu64 ", needs %" PRIu64, rule,
               (int)command->kind, command->bank, command->clock, since - 1, clocks);
}

/* Like ck_assert(), which is too slow for every command. */
static void expect(bool holds, const struct dram_command *command, const char *what) {
  if (holds) return;
  ck_abort_msg("command %d to bank %u at clock %" PRIu64 ": %s", (int)command->kind, command->bank, command->clock,
               what);
}

static void expect_bus(const struct dram_checker *checker, const struct dram_command *command, bool column) {
  bool split = checker->standard->row_command_bus;
  if (column || !split) expect_gap(command, checker->column_command, 1, "command bus");
  if (!column || !split) expect_gap(command, checker->row_command, 1, "command bus");
}

static void check_activate(struct dram_checker *checker, const struct dram_command *command) {
  const struct dram_standard *s = checker->standard;
  uint32_t bank = command->bank;
  expect(!checker->open[bank], command, "the bank is open");
  expect_gap(command, checker->activate[bank], s->trc_clocks, "tRC");
  expect_gap(command, checker->precharge[bank], s->trp_clocks, "tRP");
  expect_gap(command, checker->refresh, s->trfc_clocks, "tRFC");
  expect_gap(command, checker->latest_activates[0], s->tfaw_clocks, "tFAW");
  for (uint32_t b = 0; b < dram_standard_banks(s); b++) {
    bool same_group = b / s->banks_per_group == bank / s->banks_per_group;
    expect_gap(command, checker->activate[b], same_group ? s->trrd_l_clocks : s->trrd_s_clocks, "tRRD");
  }
  for (int i = 0; i < 3; i++) checker->latest_activates[i] = checker->latest_activates[i + 1];
  checker->latest_activates[3] = checker->activate[bank] = command->clock + 1;
  checker->open[bank] = true;
  checker->row[bank] = command->row;
}

static void check_precharge(struct dram_checker *checker, const struct dram_command *command, uint32_t bank) {
  const struct dram_standard *s = checker->standard;
  expect_gap(command, checker->activate[bank], s->tras_clocks, "tRAS");
  expect_gap(command, checker->read[bank], s->trtp_clocks, "tRTP");
  expect_gap(command, checker->write[bank], s->write_latency_clocks + s->burst_clocks + s->twr_clocks, "tWR");
  checker->precharge[bank] = command->clock + 1;
  checker->open[bank] = false;
}

static void check_column(struct dram_checker *checker, const struct dram_command *command) {
  const struct dram_standard *s = checker->standard;
  bool write = command->kind == DRAM_WRITE;
  uint32_t bank = command->bank, data_clocks = s->write_latency_clocks + s->burst_clocks;
  expect(checker->open[bank] && checker->row[bank] == command->row, command, "the row is not open");
  expect_gap(command, checker->activate[bank], s->trcd_clocks, "tRCD");
  for (uint32_t b = 0; b < dram_standard_banks(s); b++) {
    bool same_group = b / s->banks_per_group == bank / s->banks_per_group;
    const uint64_t *same_way = write ? checker->write : checker->read;
    uint32_t in_group = write ? s->tccd_l_wr_clocks : s->tccd_l_clocks;
    expect_gap(command, same_way[b], same_group ? in_group : s->tccd_s_clocks, "tCCD");
    expect_gap(command, same_way[b], s->burst_clocks, "data bus");
    if (write) expect_gap(command, checker->read[b], s->read_to_write_clocks, "read to write");
    if (!write) expect_gap(command, checker->write[b], data_clocks + (same_group ? s->twtr_l_clocks : s->twtr_s_clocks), "tWTR");
  }
  (write ? checker->write : checker->read)[bank] = command->clock + 1;
}

static void check_refresh(struct dram_checker *checker, const struct dram_command *command) {
  const struct dram_standard *s = checker->standard;
  expect(command->clock >= (checker->counts[DRAM_REFRESH] + 1) * s->trefi_clocks, command, "not due yet");
  for (uint32_t b = 0; b < dram_standard_banks(s); b++) {
    expect(!checker->open[b], command, "a bank is open");
    expect_gap(command, checker->precharge[b], s->trp_clocks, "tRP");
  }
  expect_gap(command, checker->refresh, s->trfc_clocks, "tRFC");
  checker->refresh = command->clock + 1;
}

void dram_checker_command(void *context, const struct dram_command *command) {
  struct dram_checker *checker = context;
  bool column = command->kind == DRAM_READ || command->kind == DRAM_WRITE;
  expect_bus(checker, command, column);
  switch (command->kind) {
    case DRAM_ACTIVATE: check_activate(checker, command); break;
    case DRAM_PRECHARGE:
      expect(checker->open[command->bank], command, "the bank is closed");
      check_precharge(checker, command, command->bank);
      break;
    case DRAM_PRECHARGE_ALL:
      for (uint32_t b = 0; b < dram_standard_banks(checker->standard); b++) {
        if (checker->open[b]) check_precharge(checker, command, b);
      }
      break;
    case DRAM_READ:
    case DRAM_WRITE: check_column(checker, command); break;
    case DRAM_REFRESH: check_refresh(checker, command); break;
  }
  *(column ? &checker->column_command : &checker->row_command) = command->clock + 1;
  checker->counts[command->kind]++;
}
