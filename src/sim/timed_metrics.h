/* What a timed cost comes to: times, shares, utilisation, power and the roofline. Every
 * number that is derived from counts is derived here, once.
 *
 * The roofline model: S. Williams, A. Waterman, D. Patterson, "Roofline: An Insightful Visual
 * Performance Model for Multicore Architectures", CACM 52(4), 2009, with multiply-accumulates
 * as its operations. Everything is const; any thread may call. */
#ifndef SPILLWAY_SIM_TIMED_METRICS_H
#define SPILLWAY_SIM_TIMED_METRICS_H

#include <stdint.h>

#include "sim/timed.h"

/* What the machine could do at best. A resource that takes no time has an infinite peak. */
struct timed_peaks {
  double cycles_per_second;
  double macs_per_cycle;       /* of the array */
  double operations_per_cycle; /* of the vector lanes */
  double dram_bytes_per_cycle; /* of all channels together */
  uint32_t dram_channels;
  uint64_t images; /* that a cost is of: the batch */
};

struct timed_peaks timed_peaks_of(const struct timed *timed, const struct sim_model *model);

enum roofline_bound { ROOFLINE_COMPUTE, ROOFLINE_MEMORY };
extern const char *const roofline_bound_names[]; /* "compute", "memory" */

struct roofline {
  double macs_per_byte;              /* arithmetic intensity: MACs for each byte of DRAM traffic */
  double balance_macs_per_byte;      /* machine balance: peak MAC/s over peak DRAM bytes/s */
  double peak_macs_per_second, peak_dram_bytes_per_second;
  double attainable_macs_per_second; /* the lower of the peak and intensity * peak bytes/s */
  double achieved_macs_per_second;   /* never more than attainable */
  enum roofline_bound bound;         /* memory if the intensity is below the balance */
};

/* Ratios are from 0 to 1. What has no value, as a rate in no time, is 0; what depends on an
 * infinite peak may be infinite. */
struct timed_metrics {
  double seconds;
  double images_per_second;
  double phase_ratio[TIMED_PHASES];          /* of the cycles */
  double array_utilisation;                  /* MACs over what the array could do in the cycles */
  double array_busy_ratio;                   /* cycles in which the array is at work */
  double lanes_utilisation, lanes_busy_ratio; /* the same of the vector lanes */
  double dram_utilisation;                   /* DRAM bytes over what the channels could move in the cycles */
  double dram_busy_ratio;                    /* cycles in which a channel serves a request, their mean over channels */
  double dram_bytes_per_second;
  double energy_j, image_energy_j; /* of everything, of one image */
  double power_w;                  /* average */
  double edp_js;                   /* energy-delay product: energy times time, of the whole batch */
  struct roofline roofline;
};

struct timed_metrics timed_metrics_of(const struct timed_cost *cost, const struct timed_peaks *peaks);

#endif
