/* Sets of rows of one tensor, and what a row map makes of them. */
#ifndef SPILLWAY_SIM_ROWS_H
#define SPILLWAY_SIM_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "graph/graph.h"
#include "util/arena.h"

/* first, first + step, ..., `count` of them; or, if rows is not NULL, the rows listed
 * there in ascending order. */
struct row_set {
  uint32_t first, step, count;
  const uint32_t *rows;
};

static inline uint32_t row_set_row(const struct row_set *set, uint32_t q) {
  return set->rows != NULL ? set->rows[q] : set->first + q * set->step;
}

/* The number of a row within the set; the row must be in it. */
uint32_t row_set_index(const struct row_set *set, uint32_t row);

/* A window of rows of an input with the taps that never meet it left out:
 * stride*r + base + j*dilation for j < taps, those in 0..rows-1. */
struct row_window {
  uint32_t stride, dilation, taps;
  int64_t base;
};

/* The rows of an input with `rows` rows that the consumer rows in `consumer` need through
 * the map. False if they are not evenly spaced, or the map is a table: row_set_list()
 * then. */
bool row_set_needed(struct row_set *out, const struct row_map *map, const struct row_set *consumer, uint32_t rows);

/* *into = the union of both; false, and *into unchanged, if that is not evenly spaced. */
bool row_set_join(struct row_set *into, const struct row_set *other);

/* Marks in `marks` (a bitset over the input's rows) what row_set_needed() would give. */
void row_set_mark(uint64_t *marks, const struct row_map *map, const struct row_set *consumer, uint32_t rows);

/* The set marked; listed in the arena if it is not evenly spaced. 0, or -1 without memory. */
int row_set_from_marks(struct row_set *out, const uint64_t *marks, uint32_t rows, struct arena *arena);

/* The rows of an input that row r needs, inside 0..rows-1: walk with
 * for (struct row_taps taps = row_taps(map, r, rows); taps.left > 0; row_taps_next(&taps)) taps.row */
struct row_taps {
  uint32_t row, step, left;
};
struct row_taps row_taps(const struct row_map *map, uint32_t r, uint32_t rows);
static inline void row_taps_next(struct row_taps *taps) {
  taps->row += taps->step;
  taps->left--;
}

/* The map's window over the rows of `consumer`, counted by their numbers in that set.
 * False if the set is a list, the map is a table, or no tap meets the input. */
bool row_window_over(struct row_window *out, const struct row_map *map, const struct row_set *consumer, uint32_t rows);

#endif
