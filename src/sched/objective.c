#include "sched/objective.h"

#include <string.h>

void expense_add(struct expense *to, const struct expense *from) {
  to->dram_bytes += from->dram_bytes;
  to->cycles += from->cycles;
  to->energy_pj += from->energy_pj;
  if (from->required_bytes > to->required_bytes) to->required_bytes = from->required_bytes;
}

static double value_dram(const struct expense *expense) { return (double)expense->dram_bytes; }
static double value_cycles(const struct expense *expense) { return (double)expense->cycles; }
static double value_energy(const struct expense *expense) { return expense->energy_pj; }
static double value_edp(const struct expense *expense) { return expense->energy_pj * (double)expense->cycles; }

static double value_buffer(const struct expense *expense) { return (double)expense->required_bytes; }

const struct objective objectives[] = {
    {"dram", "DRAM bytes, the paper's objective", false, true, value_dram, "DRAM MB", 1e6, 3},
    {"cycles", "cycles of the timed engine", true, true, value_cycles, "cycles", 1, 0},
    {"energy", "energy of the timed engine", true, true, value_energy, "energy uJ", 1e6, 1},
    {"edp", "energy times delay", true, false, value_edp, "EDP uJ cycles", 1e6, 0},
    {"buffer", "the most buffer bytes that a group of fusable ops requires", false, false, value_buffer, "buffer KiB",
     1024, 3},
};
const size_t objective_count = sizeof objectives / sizeof objectives[0];

const struct objective *objective_find(const char *name) {
  for (size_t i = 0; i < objective_count; i++) {
    if (strcmp(objectives[i].name, name) == 0) return &objectives[i];
  }
  return NULL;
}
