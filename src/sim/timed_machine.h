/* The machine that the timed engine runs a program on: what timed.c, timed_dma.c and
 * timed_cost.c share. Nothing else includes it. */
#ifndef SPILLWAY_SIM_TIMED_MACHINE_H
#define SPILLWAY_SIM_TIMED_MACHINE_H

#include "sim/dram.h"
#include "sim/event_queue.h"
#include "sim/program.h"
#include "sim/timed.h"
#include "sim/walk.h"

enum unit { UNIT_ARRAY, UNIT_LANES };
enum { UNIT_COUNT = 2 };

/* A page-sized piece of a load or store. */
struct request {
  size_t step;
  uint64_t address; /* within its channel */
  uint64_t bytes;
  uint64_t queued_cycle;
  uint32_t channel;
  uint32_t next; /* in its list, or REQUEST_NONE */
};

#define REQUEST_NONE UINT32_MAX

/* Requests that wait for their channel; a queue of the DMA. Each channel takes its own in their
 * order. */
struct request_queue {
  struct request *items;
  uint32_t *first, *last; /* by channel: lists of items */
  uint32_t unused;        /* a list too */
  uint32_t count, depth;
};

struct channel {
  struct dram *dram;
  bool busy;
  struct request request; /* being served */
  uint64_t start_cycle;
};

/* What a unit is at. */
struct job {
  bool running;
  size_t step;      /* WORK */
  size_t tail_end;  /* the STORE and FREE steps that happen at its end: up to here */
  size_t deferred;  /* FREE steps of later work that wait for its end too: a list, or STEP_NONE */
  uint64_t start_cycle, compute_end_cycle;
};

/* State of a step. */
enum { STEP_DONE = 1, STEP_FREED = 2 };

struct timed {
  const struct sim_model *model;
  struct walk walk;
  struct residency residency;
  struct dram_layout layout;
  struct program program;
  const struct dram_standard *standard;
  uint64_t cycle_fs, clock_fs; /* femtoseconds of a machine cycle and of a memory clock */
  struct channel *channels;
  uint32_t channel_count;
  struct request_queue reads, writes;
  struct event_queue queue;
  /* by step of the program */
  uint8_t *flags;
  uint64_t *left; /* bytes of a LOAD or STORE still to move; of a FREE: next in a list of deferred ones */
  size_t *ahead;   /* candidates for the largest ahead_bytes between sequencer and next load */
  size_t *stores;  /* STORE steps whose rows wait for the write queue */
  uint64_t *since; /* LOAD, STORE: cycle of issue */
  size_t step_room;
  /* state of a run */
  uint64_t now, limit_bytes, occupied_bytes, issued_load_bytes;
  size_t at;                     /* next step of the sequencer */
  size_t scan;                   /* next step to look for loads at */
  size_t load, load_offset;      /* the load that is being cut into requests, or STEP_NONE */
  size_t ahead_first, ahead_end; /* of ahead[] */
  size_t store_first, store_end; /* of stores[] */
  uint64_t store_offset;
  uint32_t reads_in_flight, writes_in_flight; /* requests queued or being served */
  bool draining, room_blocks_load;
  enum timed_phase waiting; /* why the sequencer stands still */
  struct job jobs[UNIT_COUNT];
  const struct timed_sink *sink;
  struct timed_cost cost;
};

/* ---- timed.c ---- */

void timed_begin(struct timed *timed, const struct timed_span *span);
void timed_end(struct timed *timed, const struct timed_span *span);
void timed_trace(struct timed *timed, enum trace_kind kind, const struct step *step);
void timed_take_room(struct timed *timed, enum trace_kind kind, const struct step *step);
void timed_give_room(struct timed *timed, size_t step);

/* ---- timed_dma.c ---- */

int dma_create(struct timed *timed, struct error *err);
void dma_free(struct timed *timed);
void dma_reset(struct timed *timed);

/* Issues loads and stores as far as room and queues allow, and starts idle channels. */
void dma_pump(struct timed *timed);

/* The store's row may go to DRAM from now on. */
void dma_store(struct timed *timed, size_t step);

/* A channel has served its request. */
void dma_channel_done(struct timed *timed, uint32_t channel);

bool dma_idle(const struct timed *timed);

/* ---- timed_cost.c ---- */

/* Adds the counts of the DRAM channels and the energy to the cost of the run. */
void timed_finish_cost(struct timed *timed);

#endif
