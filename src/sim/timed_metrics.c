#include "sim/timed_metrics.h"

#include <math.h>

const char *const roofline_bound_names[] = {"compute", "memory"};

struct timed_peaks timed_peaks_of(const struct timed *timed, const struct sim_model *model) {
  const struct hw *hw = &model->hw;
  return (struct timed_peaks){
      .cycles_per_second = hw->clock_mhz * 1e6,
      .macs_per_cycle = hw->compute_unlimited ? HUGE_VAL : (double)hw->array_rows * hw->array_columns,
      .operations_per_cycle = hw->compute_unlimited ? HUGE_VAL : (double)hw->lanes,
      .dram_bytes_per_cycle = timed_peak_dram_bytes_per_cycle(timed),
      .dram_channels = hw->dram_channels,
      .images = model->graph->batch,
  };
}

/* 0 of nothing. */
static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

/* Infinity over infinity: neither side can bound, and the balance is of no use. */
static double balance(const struct roofline *roofline) {
  if (isinf(roofline->peak_macs_per_second) && isinf(roofline->peak_dram_bytes_per_second)) return 0;
  return ratio(roofline->peak_macs_per_second, roofline->peak_dram_bytes_per_second);
}

/* Without MACs nothing is attainable, even where bytes move in no time. */
static double attainable(const struct roofline *roofline, double macs) {
  double by_memory = macs > 0 ? roofline->macs_per_byte * roofline->peak_dram_bytes_per_second : 0;
  return fmin(roofline->peak_macs_per_second, by_memory);
}

static struct roofline roofline_of(double macs, double bytes, double seconds, const struct timed_peaks *peaks) {
  struct roofline roofline = {
      .peak_macs_per_second = peaks->macs_per_cycle * peaks->cycles_per_second,
      .peak_dram_bytes_per_second = peaks->dram_bytes_per_cycle * peaks->cycles_per_second,
      .macs_per_byte = ratio(macs, bytes),
      .achieved_macs_per_second = ratio(macs, seconds),
  };
  roofline.balance_macs_per_byte = balance(&roofline);
  roofline.attainable_macs_per_second = attainable(&roofline, macs);
  roofline.bound = roofline.macs_per_byte < roofline.balance_macs_per_byte ? ROOFLINE_MEMORY : ROOFLINE_COMPUTE;
  return roofline;
}

struct timed_metrics timed_metrics_of(const struct timed_cost *cost, const struct timed_peaks *peaks) {
  double cycles = (double)cost->cycles, seconds = cycles / peaks->cycles_per_second;
  double images = (double)peaks->images, energy_j = timed_total_pj(cost) * 1e-12;
  double bytes = (double)cost->dram_read_bytes + (double)cost->dram_write_bytes;
  struct timed_metrics metrics = {
      .seconds = seconds,
      .images_per_second = ratio(images, seconds),
      .array_utilisation = ratio((double)cost->macs, cycles * peaks->macs_per_cycle),
      .array_busy_ratio = ratio((double)cost->array_busy_cycles, cycles),
      .lanes_utilisation = ratio((double)cost->vector_operations, cycles * peaks->operations_per_cycle),
      .lanes_busy_ratio = ratio((double)cost->lanes_busy_cycles, cycles),
      .dram_utilisation = ratio(bytes, cycles * peaks->dram_bytes_per_cycle),
      .dram_busy_ratio = ratio((double)cost->dram_busy_cycles, cycles * peaks->dram_channels),
      .dram_bytes_per_second = ratio(bytes, seconds),
      .energy_j = energy_j,
      .image_energy_j = ratio(energy_j, images),
      .power_w = ratio(energy_j, seconds),
      .edp_js = energy_j * seconds,
      .roofline = roofline_of((double)cost->macs, bytes, seconds, peaks),
  };
  for (int p = 0; p < TIMED_PHASES; p++) metrics.phase_ratio[p] = ratio((double)cost->phase_cycles[p], cycles);
  return metrics;
}
