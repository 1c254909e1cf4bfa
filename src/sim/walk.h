/* The LBDF walk: rows flow on demand through a group (design: weights of all ops stay;
 * Shi et al., JETCAS 2021). One engine serves costs, traces and the peak: a cost walk
 * skips over steady state (steady.h), a traced walk visits every row. */
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
enum walk_loop { WALK_TARGETS, WALK_STREAM, WALK_ROWS };
enum { WALK_LOOP_COUNT = 3 };

/* State at an earlier turn of a loop. */
struct walk_snapshot {
  uint32_t item, upto; /* which loop: the use or line, and the frame's upto */
  bool valid;
  uint32_t turns, last_turns; /* turns since; there is a new snapshot after the last */
  uint32_t *next, *taken;
  uint64_t occupied_bytes;
};

/* The targets picked since the snapshot of their loop: of each its number among the outputs and `next` of
 * every output before it. */
struct walk_picks {
  uint32_t *items;
  size_t count;
};

struct walk;

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
  bool *open;      /* by line: the next row has its room already (an accumulator) */
  bool *traced;    /* by use: the trace shows that the consumer reads the line */
  uint32_t *outputs; /* lines that are stored */
  uint32_t output_count;
  struct walk_frame *stack;
  uint32_t depth;
  uint64_t weight_bytes, occupied_bytes, peak_bytes;
  uint64_t capacity_bytes; /* for overflow events */
  bool skip_steady;
  struct walk_snapshot snapshots[WALK_LOOP_COUNT]; /* one per kind: loops of rows lie within those of targets */
  struct walk_picks picks;
  const struct trace_sink *sink; /* NULL: no trace */
  uint64_t step;
  const struct walk_watch *watch; /* NULL: none */
  uint64_t watch_bytes;
  bool stop; /* the watch has seen enough: leave the rest */
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

/* Back to before the first step; forgets sink, watch and capacity. */
void walk_rewind(struct walk *walk);

/* Runs the prepared group; peak_bytes is then its required bytes. */
void walk_run(struct walk *walk);

/* Rows of a use's counter so far: those its consumer computed or, streamed, took. */
static inline uint32_t walk_counter(const struct walk *walk, uint32_t use) {
  const struct use *e = &walk->lines.uses[use];
  return e->streamed ? walk->taken[use] : walk->next[e->consumer];
}

/* Whether no reader will need row q of the line any more. */
bool walk_row_dead(const struct walk *walk, const struct line *line, uint32_t q);

#endif
