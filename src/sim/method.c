#include "sim/method.h"

#include <string.h>

/* BRR runs a group as LBDF does wherever that is valid, and brr-plus never fetches more than BRR, nor does
 * either fetch a weight less than once: the cheapest valid method is one that brr-plus picks. For
 * classifiers brr stands for both brr-plus and auto, by approximation: these also run groups that do not
 * fit under brr. */
const struct method methods[] = {
    {.name = METHOD_LBDF,
     .summary = "line-buffer depth-first: weights of the whole group stay on chip, rows flow on demand",
     .weights_stay = true,
     .steady = true,
     .alone = METHOD_BRR,
     .classifier = METHOD_LBDF,
     .cost = sim_cost,
     .attempt = sim_try,
     .find_peak = sim_find_peak,
     .trace = sim_trace},
    {.name = METHOD_BRR,
     .summary = "lbdf where it fits, else stripes of rows through one op after another, weights streamed for each",
     .steady = true,
     .streams_whole = true,
     .alone = METHOD_BRR,
     .classifier = METHOD_BRR,
     .cost = sim_cost_brr,
     .attempt = sim_try_brr,
     .find_peak = sim_find_peak_brr,
     .trace = sim_trace_brr},
    {.name = METHOD_BRR_PLUS,
     .summary = "brr with weights of some ops kept on chip, and maps that pass in slices of channels",
     .alone = METHOD_BRR_PLUS,
     .classifier = METHOD_BRR,
     .cost = sim_cost_brr_plus,
     .attempt = sim_try_brr_plus,
     .find_peak = sim_find_peak_brr_plus,
     .trace = sim_trace_brr_plus},
    {.name = "auto",
     .summary = "each group under whichever method is valid and moves the fewest bytes; lbdf wins ties, then brr",
     .chooses = true,
     .alone = METHOD_BRR_PLUS,
     .classifier = METHOD_BRR,
     .cost = sim_cost_brr_plus,
     .attempt = sim_try_brr_plus,
     .find_peak = sim_find_peak_brr_plus,
     .trace = sim_trace_brr_plus},
};
const size_t method_count = sizeof methods / sizeof methods[0];

const struct method *method_find(const char *name) {
  for (size_t i = 0; i < method_count; i++) {
    if (strcmp(methods[i].name, name) == 0) return &methods[i];
  }
  return NULL;
}

/* Without what brr-plus adds a group need not run as under BRR: that is not valid where stripes of one row do
 * not fit, even if taller ones do. */
const char *method_ran(const struct method *method, struct sim *sim, const uint64_t *group,
                       const struct group_cost *cost) {
  struct group_cost plain;
  if (!method->chooses) return method->name;
  if (cost->stripes == 0) return methods[0].name;
  if (cost->resident_ops > 0 || cost->sliced_maps > 0) return METHOD_BRR_PLUS;
  if (sim_cost_brr(sim, group, &plain) != 0) return NULL;
  bool same = plain.stripes == cost->stripes && plain.required_bytes == cost->required_bytes;
  return same ? METHOD_BRR : METHOD_BRR_PLUS;
}

const struct method *method_alone(const struct method *method) { return method_find(method->alone); }
