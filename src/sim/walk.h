/* The LBDF walk: rows flow on demand through a group (design: weights of all ops stay;
 * Shi et al., JETCAS 2021). One engine serves costs, traces and the peak: a cost walk
 * skips over steady state (steady.h), a traced walk visits every row. Execution in stripes
 * (brr.h) drives the same engine in another order. */
#ifndef SPILLWAY_SIM_WALK_H
#define SPILLWAY_SIM_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/lines.h"
#include "sim/trace.h"

/* Being produced: rows of `line` up to number `upto`, inputs before `input` present. */
struct walk_frame {
  uint32_t line, upto, input;
};

/* A loop that brings one row per turn; see steady.h. */
enum walk_loop { WALK_TARGETS, WALK_STREAM, WALK_ROWS, WALK_STRIPES };
enum { WALK_LOOP_COUNT = 4 };

/* State at an earlier turn of a loop. */
struct walk_snapshot {
  uint32_t item, upto; /* which loop: the use or line, and the frame's upto */
  bool valid;
  uint32_t turns, last_turns; /* turns since; there is a new snapshot after the last */
  uint32_t *next, *taken, *fetches;
  uint32_t striped_rows;
  uint64_t occupied_bytes, fetched_bytes;
};

/* The targets picked since the snapshot of their loop: of each its number among the outputs and `next` of
 * every output before it. */
struct walk_picks {
  uint32_t *items;
  size_t count;
};

struct walk;

/* How a line is handed on in stripes where it passes in slices of its channels (slices.h): rows that are
 * new in a stripe and that no later one needs take the room of a slice. */
struct walk_slicing {
  uint64_t slice_bytes; /* of a row's slice; 0 where rows exist whole */
  uint64_t channels;    /* of the map that passes */
  uint32_t born;        /* first of the rows that are new in the stripe */
  uint32_t end;         /* of a segment's first line: the line after its last; else 0 */
  bool accumulates;     /* computed from slices of its inputs by an op that sums over their channels */
};

/* Somebody who looks on; may set walk->stop, and turn off walk->skip_steady. */
struct walk_watch {
  /* Room was taken and occupied_bytes reached walk->watch_bytes. */
  void (*reached)(void *context, struct walk *walk);
  /* Every row let go: `use` is the reader that needed it last. */
  void (*freed)(void *context, struct walk *walk, const struct use *use, uint32_t q);
  void *context;
};

struct walk {
  struct lines lines;
  uint32_t *next;  /* by line: rows computed or loaded so far */
  uint32_t *taken; /* by use: rows taken so far, if streamed */
  uint32_t *open;  /* by line: next rows that have their room already: an accumulator, or rows computed together */
  uint32_t *upto;  /* by line: rows that the stripe needs (brr.h) */
  uint32_t *fetches; /* by line, of an op's first one: times that its weights were streamed */
  struct walk_slicing *slicing; /* by line */
  bool *stays;     /* by op: in stripes, its weights are loaded once and stay */
  bool *traced;    /* by use: the trace shows that the consumer reads the line */
  uint32_t *outputs; /* lines that are stored */
  uint32_t output_count;
  struct walk_frame *stack;
  uint32_t depth;
  uint64_t weight_bytes, occupied_bytes, peak_bytes;
  uint64_t capacity_bytes; /* for overflow events */
  uint64_t give_up_bytes;  /* stop once more than this is occupied */
  uint64_t fetched_bytes;  /* weights streamed so far */
  uint64_t one_row_bytes;  /* required in stripes of one row, after brr_cost() */
  uint32_t striped_rows;   /* of the tallest output, that the stripes so far are for */
  bool skip_steady;
  struct walk_snapshot snapshots[WALK_LOOP_COUNT]; /* one per kind: loops of rows lie within those of targets */
  struct walk_picks picks;
  const struct trace_sink *sink; /* NULL: no trace */
  uint64_t step;
  const struct walk_watch *watch; /* NULL: none */
  uint64_t watch_bytes;
  bool stop; /* the watch has seen enough, or too much was occupied: leave the rest */
  uint32_t firing;    /* the line whose row takes room now, counted in next already; or LINES_NONE */
  uint32_t overwrites; /* line whose row is being written over, or LINES_NONE; and that row: */
  uint32_t overwritten_row;
  bool overwriting; /* the row that is being let go is written over */
  uint64_t skipped_periods, firings; /* statistics of the last walk */
};

int walk_create(struct walk *walk, const struct sim_model *model, struct error *err);
void walk_free(struct walk *walk);

/* Builds the lines of a group and rewinds. 0, or -1 without memory. */
int walk_prepare(struct walk *walk, const uint64_t *group);

/* Back to before the first step; forgets sink, watch and capacity, but neither what stays nor slices. */
void walk_rewind(struct walk *walk);

/* Runs the prepared group; peak_bytes is then its required bytes. */
void walk_run(struct walk *walk);

/* ---- for execution in stripes ---- */

/* Takes room; the only place where occupied bytes rise. tensor: or TRACE_NO_TENSOR. */
void walk_grow(struct walk *walk, enum trace_kind kind, uint32_t op, uint32_t tensor, uint32_t row, uint64_t bytes);

/* The weights of the op whose first line that is pass through the staging area. */
void walk_fetch(struct walk *walk, uint32_t line);

/* The weights of an op come, and stay. */
void walk_keep_weights(struct walk *walk, uint32_t op);

/* Whether the row passes in slices through the segment that runs. */
bool walk_row_sliced(const struct walk *walk, uint32_t line, uint32_t q);

/* The room that a row takes which is there, or about to be. */
uint64_t walk_row_room(const struct walk *walk, uint32_t line, uint32_t q);

/* Computes the line's rows up to number upto, and before them whatever they need. */
void walk_produce(struct walk *walk, uint32_t index, uint32_t upto);

/* Computes rows up to upto[line] - 1 of the lines first to last - 1 with all their input rows and all of them
 * present together: whole, or as slices. */
void walk_produce_together(struct walk *walk, uint32_t first, uint32_t last);

/* ---- rows ---- */

/* Rows of a use's counter so far: those its consumer computed or, streamed, took. */
static inline uint32_t walk_counter(const struct walk *walk, uint32_t use) {
  const struct use *e = &walk->lines.uses[use];
  return e->streamed ? walk->taken[use] : walk->next[e->consumer];
}

/* Whether no reader will need row q of the line any more. */
bool walk_row_dead(const struct walk *walk, const struct line *line, uint32_t q);

#endif
