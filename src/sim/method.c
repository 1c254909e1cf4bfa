#include "sim/method.h"

#include <string.h>

const struct method methods[] = {
    {"lbdf", "line-buffer depth-first: weights of the whole group stay on chip, rows flow on demand", sim_cost,
     sim_find_peak, sim_trace},
};
const size_t method_count = sizeof methods / sizeof methods[0];

const struct method *method_find(const char *name) {
  for (size_t i = 0; i < method_count; i++) {
    if (strcmp(methods[i].name, name) == 0) return &methods[i];
  }
  return NULL;
}
