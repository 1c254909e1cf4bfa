#include "sim/method.h"

#include <string.h>

#include "sim/report.h"

/* BRR runs a group as LBDF does wherever that is valid, and streamed weights are never fetched
 * less than once: so far the cheapest valid method is the one that BRR picks. */
const struct method methods[] = {
    {.name = "lbdf",
     .summary = "line-buffer depth-first: weights of the whole group stay on chip, rows flow on demand",
     .weights_stay = true,
     .steady = true,
     .cost = sim_cost,
     .attempt = sim_try,
     .find_peak = sim_find_peak,
     .trace = sim_trace},
    {.name = REPORT_STREAMED,
     .summary = "lbdf where it fits, else stripes of rows through one op after another, weights streamed for each",
     .steady = true,
     .cost = sim_cost_brr,
     .attempt = sim_try_brr,
     .find_peak = sim_find_peak_brr,
     .trace = sim_trace_brr},
    {.name = "auto",
     .summary = "each group under whichever method is valid and moves the fewest bytes; lbdf wins ties",
     .chooses = true,
     .steady = true,
     .cost = sim_cost_brr,
     .attempt = sim_try_brr,
     .find_peak = sim_find_peak_brr,
     .trace = sim_trace_brr},
};
const size_t method_count = sizeof methods / sizeof methods[0];

const struct method *method_find(const char *name) {
  for (size_t i = 0; i < method_count; i++) {
    if (strcmp(methods[i].name, name) == 0) return &methods[i];
  }
  return NULL;
}

const char *method_ran(const struct method *method, const struct group_cost *cost) {
  if (!method->chooses) return method->name;
  return cost->stripes == 0 ? methods[0].name : REPORT_STREAMED;
}
