#include "sim/dram.h"

#include <stdlib.h>
#include <string.h>

#include "sim/dram_channel.h"

void dram_reset(struct dram *dram) {
  struct dram_events events = dram->state.events;
  dram_state_init(&dram->state, dram->state.standard);
  dram->state.events = events;
  if (!dram->refresh) dram->state.refresh_due_clock = UINT64_MAX;
  dram_queues_init(dram);
  memset(dram->burst_clocks, 0, sizeof dram->burst_clocks);
  dram->next_burst = 0;
  dram->piece_end_clock = dram->last_burst_clock = dram->bus_clock = 0;
  dram->last_was_write = false;
}

int dram_create(struct dram **out, const struct dram_standard *standard, const struct dram_mapping *mapping,
                struct error *err) {
  struct dram *dram = calloc(1, sizeof *dram);
  if (dram == NULL) return error_memory(err);
  dram->state.standard = standard;
  dram->mapping = mapping;
  dram->refresh = true;
  dram_reset(dram);
  *out = dram;
  return 0;
}

void dram_free(struct dram *dram) { free(dram); }

void dram_set_refresh(struct dram *dram, bool on) {
  dram->refresh = on;
  dram_reset(dram);
}

void dram_set_events(struct dram *dram, const struct dram_events *events) {
  dram->state.events = events != NULL ? *events : (struct dram_events){0};
}

const struct dram_counts *dram_counts(const struct dram *dram) { return &dram->state.counts; }
