/* What a run cost: counts of the channels, and energy. */
#include <math.h>

#include "sim/timed_machine.h"
#include "util/saturate.h"

const char *const timed_energy_names[TIMED_ENERGIES] = {"mac", "vector", "buffer", "dram", "static"};

static void count_moved(struct timed *timed) {
  struct timed_cost *cost = &timed->cost;
  for (size_t i = 0; i < timed->program.count; i++) {
    const struct step *step = &timed->program.steps[i];
    if (step->kind == STEP_LOAD) cost->dram_read_bytes += step->bytes;
    if (step->kind == STEP_STORE) cost->dram_write_bytes += step->bytes;
  }
  for (uint32_t c = 0; c < timed->channel_count; c++) {
    cost->dram_activates += dram_counts(timed->channels[c].dram)->activates;
  }
  cost->buffer_write_bytes = saturate_add(cost->buffer_write_bytes, cost->dram_read_bytes);
  cost->buffer_read_bytes = saturate_add(cost->buffer_read_bytes, cost->dram_write_bytes);
}

void timed_finish_cost(struct timed *timed) {
  const struct hw *hw = &timed->model->hw;
  struct timed_cost *cost = &timed->cost;
  count_moved(timed);
  double seconds = (double)cost->cycles / (hw->clock_mhz * 1e6);
  cost->energy_pj[TIMED_MAC] = (double)cost->macs * hw->mac_pj;
  cost->energy_pj[TIMED_VECTOR] = (double)cost->vector_operations * hw->vector_op_pj;
  cost->energy_pj[TIMED_BUFFER] = (double)cost->buffer_read_bytes * hw->buffer_read_pj_per_byte +
                                  (double)cost->buffer_write_bytes * hw->buffer_write_pj_per_byte;
  cost->energy_pj[TIMED_DRAM_ENERGY] = (double)cost->dram_read_bytes * hw->dram_read_pj_per_byte +
                                       (double)cost->dram_write_bytes * hw->dram_write_pj_per_byte +
                                       (double)cost->dram_activates * hw->dram_activate_pj;
  cost->energy_pj[TIMED_STATIC] = seconds * hw->static_mw * 1e9;
}

double timed_total_pj(const struct timed_cost *cost) {
  double total = 0;
  for (int e = 0; e < TIMED_ENERGIES; e++) total += cost->energy_pj[e];
  return total;
}

static void add_times(uint64_t *sum, uint64_t count, uint64_t times) {
  *sum = saturate_add(*sum, saturate_multiply(count, times));
}

void timed_add(struct timed_cost *sum, const struct timed_cost *cost, uint64_t times) {
  add_times(&sum->cycles, cost->cycles, times);
  for (int p = 0; p < TIMED_PHASES; p++) add_times(&sum->phase_cycles[p], cost->phase_cycles[p], times);
  add_times(&sum->array_busy_cycles, cost->array_busy_cycles, times);
  add_times(&sum->lanes_busy_cycles, cost->lanes_busy_cycles, times);
  add_times(&sum->dram_busy_cycles, cost->dram_busy_cycles, times);
  add_times(&sum->macs, cost->macs, times);
  add_times(&sum->vector_operations, cost->vector_operations, times);
  add_times(&sum->buffer_read_bytes, cost->buffer_read_bytes, times);
  add_times(&sum->buffer_write_bytes, cost->buffer_write_bytes, times);
  add_times(&sum->dram_read_bytes, cost->dram_read_bytes, times);
  add_times(&sum->dram_write_bytes, cost->dram_write_bytes, times);
  add_times(&sum->dram_activates, cost->dram_activates, times);
  for (int e = 0; e < TIMED_ENERGIES; e++) sum->energy_pj[e] += cost->energy_pj[e] * (double)times;
  if (cost->peak_occupied_bytes > sum->peak_occupied_bytes) sum->peak_occupied_bytes = cost->peak_occupied_bytes;
  add_times(&sum->events, cost->events, times);
}

double timed_peak_dram_bytes_per_cycle(const struct timed *timed) {
  if (timed->model->hw.dram_unlimited) return HUGE_VAL;
  double per_clock = dram_standard_peak_bytes_per_clock(timed->standard);
  return per_clock * timed->channel_count * (double)timed->cycle_fs / (double)timed->clock_fs;
}
