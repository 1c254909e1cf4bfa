/* Channel slicing (after Optimus: Cai et al., LCTES 2021, TECS 2022): within a stripe a map passes from the op
 * that makes it to the op that reads it in slices of brr.subgroup_channels channels, so that it never exists
 * whole. docs/methods.md has the rules. */
#ifndef SPILLWAY_SIM_SLICES_H
#define SPILLWAY_SIM_SLICES_H

#include <stdint.h>

#include "sim/walk.h"

/* Which maps pass in slices. Of two dense ops in a row only one can: the one between them, which makes the
 * second accumulate, or those before and after. */
enum slicing {
  SLICING_NONE,
  SLICING_INPUTS,  /* begin with the maps from outside that dense ops read */
  SLICING_BETWEEN, /* load those whole */
};
enum { SLICINGS = 3 };

/* Decides for each line of the prepared group whether it passes in slices: sets walk->slicing. Returns how
 * many do. */
uint32_t slices_plan(struct walk *walk, enum slicing slicing);

#endif
