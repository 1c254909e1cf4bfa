/* Why one group overflows and how it can be split: what explain finds and prints. */
#ifndef SPILLWAY_CLI_FINDING_H
#define SPILLWAY_CLI_FINDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/subject.h"
#include "get/attribution.h"
#include "sched/split.h"
#include "sim/trace.h"
#include "util/rng.h"

/* Arrays by op are by label and belong to the finding. */
struct finding {
  const struct graph *graph; /* borrowed */
  const char *explainer;
  uint64_t capacity_bytes;
  uint64_t *group;
  bool overflows;
  struct attribution peak, overflow; /* at the largest occupancy, and at the first overflow */
  uint64_t overflow_wanted_bytes;    /* what the op of overflow_op asked for when nothing was left */
  uint32_t overflow_op;
  struct explained_cut *cuts; /* most responsible first */
  size_t cut_count;
  bool predicted; /* the cuts come with what they leave, relieve and send through DRAM */
  bool scored;    /* they come with scores, and what they send through DRAM */
  /* Only of a group that was simulated: */
  bool simulated;
  uint64_t fused_dram_bytes;  /* what the group would move if the buffer were large enough */
  uint64_t layers_dram_bytes; /* its ops one by one, those that overflow alone with streamed weights */
  uint32_t unfusable_op;      /* an op of the group that overflows even alone, or GRAPH_NO_OP */
  bool unrunnable;            /* it does so with streamed weights too */
  struct split split;         /* part_count 0 if there is none; owned by the finder */
};

void finding_free(struct finding *finding);

/* What finding by simulation takes. */
struct finder {
  const struct subject *subject;
  struct split_rules rules;
  struct split_memo *memo;
  struct splitter *splitter;
  uint64_t seed;
};

int finder_create(struct finder *finder, const struct subject *subject, const struct split_rules *rules, uint64_t seed,
                  struct error *err);
void finder_free(struct finder *finder);

/* Runs the group. The split of *out lives until the next call; the caller frees the rest. */
int finder_find(struct finding *out, struct finder *finder, const uint64_t *group, struct error *err);

/* From a trace alone, in which the buffer has capacity_bytes. *graph is what the trace
 * shows of the network; it outlives the finding, and the caller frees both. */
int finding_from_trace(struct finding *out, struct graph **graph, const struct trace *trace, uint64_t capacity_bytes,
                       double fraction, struct error *err);

/* For people: at most `rows` rows of each table. */
void finding_print(const struct finding *finding, uint64_t rows);
json_t *finding_document(const struct finding *finding);

#endif
