/* The row schedule of a group as a program for the timed engine: the steps of the untimed walk
 * in their order, with what each costs the machine. */
#ifndef SPILLWAY_SIM_PROGRAM_H
#define SPILLWAY_SIM_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/residency.h"
#include "sim/sim.h"
#include "sim/walk.h"
#include "util/error.h"

enum step_kind {
  STEP_LOAD,  /* takes room, and DRAM fills it: a row from outside, or weights */
  STEP_ALLOC, /* takes room for a row that will be computed */
  STEP_WORK,  /* computes a row, or takes one into an accumulator */
  STEP_STORE, /* sends a row to DRAM */
  STEP_FREE,  /* gives room back */
};

#define STEP_NONE SIZE_MAX

/* STORE and FREE steps follow a WORK step and happen when it ends; only a row that is written
 * over is let go before that, right before the ALLOC of the row that takes its place, which the
 * WORK step follows. */
struct step {
  enum step_kind kind;
  uint32_t op, tensor, row;      /* tensor: TRACE_NO_TENSOR for weights */
  uint64_t bytes;                /* that take room or move */
  uint64_t address;              /* LOAD, STORE: in DRAM; of slices as if they lay packed */
  uint64_t occupied_bytes;       /* after the step, if nothing ran ahead */
  int64_t ahead_bytes;           /* occupied_bytes less all bytes loaded so far */
  size_t pair;                   /* STORE: the FREE of its row; FREE: the STORE; or STEP_NONE */
  bool on_array;                 /* WORK: on the compute array, else on the vector lanes */
  bool overwritten;              /* FREE: by the row that the next ALLOC is for */
  bool takes;                    /* WORK: a row into an accumulator; tensor and row are what is taken */
  uint32_t fires;                /* WORK: output rows that are there when it ends, from row on */
  uint64_t compute_cycles, read_bytes, write_bytes; /* WORK */
  uint64_t macs, vector_operations;                 /* WORK */
};

/* A small file can ask for maps of any height; 2^22 steps take about 700 MB. */
#define PROGRAM_MAX_STEPS ((size_t)1 << 22)

struct program {
  struct step *steps;
  size_t count, capacity;
  uint64_t resident_bytes; /* weights that are there before the first step */
  uint64_t peak_bytes;     /* of occupied_bytes */
  bool out_of_memory;
  bool too_long; /* more than PROGRAM_MAX_STEPS; counts as no memory */
  size_t *stores;       /* scratch: STORE steps of the stored lines' rows */
  size_t store_room;
  uint32_t *store_base; /* scratch: by line, its first in stores */
  size_t line_room;
};

/* Where tensors and weights lie in DRAM, one behind the other in the network's order. */
struct dram_layout {
  uint64_t *tensor_address, *weight_address; /* by tensor, by op */
};

int dram_layout_create(struct dram_layout *out, const struct sim_model *model, struct error *err);
void dram_layout_free(struct dram_layout *layout);

/* The program of a group under LBDF, one image; with_weights: they are loaded first, else they
 * are there already (a further image of a batch). walk: any. 0, or -1 without memory. */
int program_build(struct program *program, struct walk *walk, const struct dram_layout *layout, const uint64_t *group,
                  bool with_weights);

/* The program of a group that runs with streamed weights as at that cost (brr_plus.h), one image; with_weights
 * as above, of the weights that stay. Sub-groups of weights take room one at a time, and so do slices of maps
 * that pass; the machine loads the next ahead. */
int program_build_streamed(struct program *program, struct walk *walk, struct residency *residency,
                           const struct dram_layout *layout, const uint64_t *group, const struct group_cost *cost,
                           bool with_weights);

/* Takes a zeroed program. */
void program_free(struct program *program);

#endif
