/* What searches minimise. One const table. */
#ifndef SPILLWAY_SCHED_OBJECTIVE_H
#define SPILLWAY_SCHED_OBJECTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What groups cost together; cycles and energy are 0 unless an objective is timed. */
struct expense {
  uint64_t dram_bytes, cycles;
  double energy_pj;
  uint64_t required_bytes; /* the most that one of them requires */
};

void expense_add(struct expense *to, const struct expense *from);

struct objective {
  const char *name, *summary;
  bool timed;                                      /* needs the clock */
  bool additive;                                   /* a plan's value is the sum of its groups' */
  double (*value)(const struct expense *expense); /* smaller is better */
  const char *title;                               /* for people, with the unit */
  double unit;                                     /* values in it */
  int decimals;                                    /* that matter in it */
};

extern const struct objective objectives[];
extern const size_t objective_count;

/* NULL if there is none of that name. */
const struct objective *objective_find(const char *name);

#endif
