/* The systolic dataflows are those of SCALE-Sim (A. Samajdar et al., "A Systematic
 * Methodology for Characterizing Scalability of DNN Accelerators using SCALE-Sim", ISPASS
 * 2020): an operand matrix is cut into folds of the array's size, which follow one another
 * without overlap, each with its skewed fill and drain. */
#include "sim/compute.h"

#include <string.h>

#include "util/saturate.h"

/* Folds of `size` things on an array side of `side`. */
static uint64_t folds(uint64_t size, uint32_t side) { return saturate_divide(size, side); }

/* Filters of a group on the rows, its channels on the columns; a cycle does one tap of one
 * place, with an adder tree along the columns. A depthwise convolution has no channels to
 * add, so its groups share the rows. */
static uint64_t spatial_cycles(const struct op_work *work, uint64_t pixels, uint32_t rows, uint32_t columns) {
  uint64_t steps = saturate_multiply(pixels, work->taps);
  if (work->groups == work->channels) return saturate_multiply(steps, folds(work->filters, rows));
  uint64_t group = saturate_multiply(folds(work->filters / work->groups, rows),
                                     folds(work->channels / work->groups, columns));
  return saturate_multiply(saturate_multiply(steps, work->groups), group);
}

/* Products that one output of one filter sums up. */
static uint64_t window_elements(const struct op_work *work) {
  return saturate_multiply(work->taps, work->channels / work->groups);
}

static uint64_t all_folds(const struct op_work *work, uint64_t fold_count, uint64_t fold_cycles) {
  return saturate_multiply(saturate_multiply(work->groups, fold_count), fold_cycles);
}

/* Places on the rows, filters on the columns: a unit sums its output in window_elements
 * cycles; the skew over rows and columns adds rows + columns - 2. */
static uint64_t output_stationary_cycles(const struct op_work *work, uint64_t pixels, uint32_t rows,
                                         uint32_t columns) {
  uint64_t skew = (uint64_t)rows + columns - 2;
  return all_folds(work, saturate_multiply(folds(pixels, rows), folds(work->filters / work->groups, columns)),
                   saturate_add(window_elements(work), skew));
}

/* Window elements on the rows, filters on the columns: `rows` cycles load the weights, then
 * the places stream through. */
static uint64_t weight_stationary_cycles(const struct op_work *work, uint64_t pixels, uint32_t rows,
                                         uint32_t columns) {
  uint64_t load_and_skew = 2 * (uint64_t)rows + columns - 2;
  return all_folds(work, saturate_multiply(folds(window_elements(work), rows),
                                           folds(work->filters / work->groups, columns)),
                   saturate_add(pixels, load_and_skew));
}

const struct dataflow dataflows[] = {
    {"spatial", "output channels on the rows, input channels on the columns, summed along the columns",
     spatial_cycles},
    {"output_stationary", "systolic: output places on the rows, output channels on the columns; sums stay",
     output_stationary_cycles},
    {"weight_stationary", "systolic: window elements on the rows, output channels on the columns; weights stay",
     weight_stationary_cycles},
};
const size_t dataflow_count = sizeof dataflows / sizeof dataflows[0];

const struct dataflow *dataflow_find(const char *name) {
  for (size_t i = 0; i < dataflow_count; i++) {
    if (strcmp(dataflows[i].name, name) == 0) return &dataflows[i];
  }
  return NULL;
}

uint64_t compute_array_cycles(const struct hw *hw, const struct op_work *work, uint64_t pixels) {
  if (hw->compute_unlimited || pixels == 0) return 0;
  return dataflows[hw->dataflow].cycles(work, pixels, hw->array_rows, hw->array_columns);
}

uint64_t compute_vector_cycles(const struct hw *hw, uint64_t operations) {
  return hw->compute_unlimited ? 0 : saturate_divide(operations, hw->lanes);
}
