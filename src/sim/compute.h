/* Cycles of the compute array and of the vector lanes. Counts that do not fit 64 bits stay
 * at UINT64_MAX. Everything is const; any thread may call. */
#ifndef SPILLWAY_SIM_COMPUTE_H
#define SPILLWAY_SIM_COMPUTE_H

#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"
#include "hw/hw.h"

struct dataflow {
  const char *name, *summary;
  /* Cycles of an array of rows x columns for products (work->filters > 0) at that many
   * output places. */
  uint64_t (*cycles)(const struct op_work *work, uint64_t pixels, uint32_t rows, uint32_t columns);
};

/* In the order of the names that compute.dataflow can have; hw->dataflow is the place. */
extern const struct dataflow dataflows[];
extern const size_t dataflow_count;

/* NULL if there is none of that name. */
const struct dataflow *dataflow_find(const char *name);

/* Cycles of the array for products at `pixels` output places, that is row_pixels for each
 * row that one firing computes; 0 if computing takes no time. */
uint64_t compute_array_cycles(const struct hw *hw, const struct op_work *work, uint64_t pixels);

/* Cycles of the lanes for that many element operations; 0 if computing takes no time. */
uint64_t compute_vector_cycles(const struct hw *hw, uint64_t operations);

#endif
