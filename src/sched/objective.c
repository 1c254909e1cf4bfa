#include "sched/objective.h"

#include <string.h>

void expense_add(struct expense *to, const struct expense *from) {
  to->dram_bytes += from->dram_bytes;
  to->cycles += from->cycles;
  to->energy_pj += from->energy_pj;
}

static double value_dram(const struct expense *expense) { return (double)expense->dram_bytes; }
static double value_cycles(const struct expense *expense) { return (double)expense->cycles; }
static double value_energy(const struct expense *expense) { return expense->energy_pj; }
static double value_edp(const struct expense *expense) { return expense->energy_pj * (double)expense->cycles; }

const struct objective objectives[] = {
    {"dram", "DRAM bytes, the paper's objective", false, true, value_dram},
    {"cycles", "cycles of the timed engine", true, true, value_cycles},
    {"energy", "energy of the timed engine", true, true, value_energy},
    {"edp", "energy times delay", true, false, value_edp},
};
const size_t objective_count = sizeof objectives / sizeof objectives[0];

const struct objective *objective_find(const char *name) {
  for (size_t i = 0; i < objective_count; i++) {
    if (strcmp(objectives[i].name, name) == 0) return &objectives[i];
  }
  return NULL;
}
