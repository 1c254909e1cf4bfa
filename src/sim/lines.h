/* Line buffers of a fusion group: one line per tensor that the group touches, holding the
 * rows of it that somebody needs, and one use per reader of a line.
 *
 * A row that nobody needs does not exist here: the rows of a line are numbered q = 0, 1,
 * ... over its needed rows only, and uses are rewritten to those numbers, so that the
 * walk never meets a row that has to be skipped. */
#ifndef SPILLWAY_SIM_LINES_H
#define SPILLWAY_SIM_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "graph/graph.h"
#include "sim/model.h"
#include "sim/rows.h"
#include "util/arena.h"

#define LINES_NONE UINT32_MAX

struct line {
  uint32_t tensor;
  uint32_t op; /* producer, or GRAPH_NO_OP if the tensor comes from outside */
  uint64_t row_bytes;
  struct row_set set;                /* its needed rows */
  uint32_t first_input, input_count; /* the uses that its rows are computed from */
  uint32_t first_use;                /* its readers in the group: a list through use.next */
  bool stored;                       /* somebody outside the group needs it */
  bool in_place;                     /* may write over a dying input row of the same bytes */
  bool streams;                      /* has a streamed input: its row is an accumulator */
};

/* Rows needed where they follow no window. */
struct use_table {
  const uint32_t *begin;      /* row q needs items begin[q] .. begin[q+1]-1 */
  const uint32_t *items;      /* ascending for each q */
  const int64_t *last_firing; /* by row of the line read; -1 if no firing needs it */
};

/* Row q of the consumer needs rows stride*q + base + j*dilation of the line it reads, for
 * j < taps, those in 0..count-1; or, if table is not NULL, those listed there. */
struct use {
  uint32_t line, consumer; /* indices of lines: read, and computed from it */
  uint32_t next;           /* next use of the same line, or LINES_NONE */
  bool streamed;           /* row by row; then stride 1, base 0, one tap */
  uint32_t stride, dilation, taps;
  int64_t base;
  uint32_t line_count; /* rows of the line read */
  uint32_t firings;    /* rows that the consumer computes or, streamed, takes */
  const struct use_table *table;
};

/* Workspace of one thread; rebuilt for each group. */
struct lines {
  const struct sim_model *model;
  struct line *items; /* those of the group's ops by ascending tensor, then those from outside */
  uint32_t count, inside_count;
  struct use *uses; /* by consumer, in input order */
  const struct row_map **maps; /* of each use */
  uint32_t use_count;
  uint32_t *of_tensor; /* line of a tensor, or LINES_NONE */
  struct arena tables; /* of irregular uses and sets, emptied for each group */
};

int lines_create(struct lines *lines, const struct sim_model *model, struct error *err);
void lines_free(struct lines *lines);

/* Lines and uses of the group (an op set). Returns 0, or -1 without memory. */
int lines_build(struct lines *lines, const uint64_t *group);

/* The last row of the line that firing q needs, or -1 if it needs none. */
int64_t use_last_row(const struct use *use, uint32_t q);

/* The last row that firings from .. to-1 need, or -1. */
int64_t use_last_row_of(const struct use *use, uint32_t from, uint32_t to);

/* The last firing that needs row i of the line, or -1 if none does. */
int64_t use_last_firing(const struct use *use, uint32_t i);

/* The rows of the line that firing q needs:
 * for (struct use_rows rows = use_rows(use, q); rows.left > 0; use_rows_next(&rows)) rows.row */
struct use_rows {
  uint32_t row, step, left;
  const uint32_t *list; /* NULL for evenly spaced rows */
};
struct use_rows use_rows(const struct use *use, uint32_t q);
static inline void use_rows_next(struct use_rows *rows) {
  if (--rows->left == 0) return;
  rows->row = rows->list != NULL ? *++rows->list : rows->row + rows->step;
}

#endif
