/* Why one group overflows and how it can be split: what explain prints. */
#ifndef SPILLWAY_CLI_FINDING_H
#define SPILLWAY_CLI_FINDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/subject.h"
#include "get/explainer.h"
#include "sched/split.h"
#include "sim/trace.h"

struct finding_context {
  const char *network;  /* "" if not known */
  const char *explainer;
  uint64_t capacity_bytes;
  bool simulated; /* else all that is known is a trace */
  bool over_time; /* the bytes above capacity are wanted */
};

/* Arrays by op are by label and belong to the finding. */
struct finding {
  const struct finding_context *context;
  const struct graph *graph;
  uint64_t *group;
  uint64_t required_bytes;
  uint64_t peak_step;
  bool overflows;
  struct trace_event overflow; /* the first; op is a label */
  uint64_t *weight_bytes, *row_bytes;                         /* at the peak */
  uint64_t *first_weight_bytes, *first_row_bytes;             /* at the first overflow; NULL without over_time */
  uint64_t first_occupied_bytes;
  uint64_t *above_capacity_byte_steps;                        /* likewise NULL */
  struct explained_cut *cuts; /* most responsible first */
  size_t cut_count;
  bool predicted; /* the cuts come with numbers */
  /* Only if simulated: */
  uint64_t fused_dram_bytes, layers_dram_bytes; /* if the buffer were large enough; every op alone */
  uint32_t unfusable_op; /* an op of the group that overflows even alone, or GRAPH_NO_OP */
  struct split split;    /* part_count 0 if there is none */
};

void finding_allocate(struct finding *finding, const struct finding_context *context, const struct graph *graph);
void finding_free(struct finding *finding);

void finding_print(const struct finding *finding);
json_t *finding_document(const struct finding *finding);

/* Copies the cuts. */
void finding_set_cuts(struct finding *finding, const struct explained_cut *cuts, size_t count);

/* Fills the second view from a trace; label_of gives the label of each op of the trace, NULL
 * if they are the same. */
int finding_set_over_time(struct finding *finding, const struct trace *trace, const uint32_t *label_of,
                          struct error *err);

/* A finding from a trace alone. *graph is the trace's own and outlives the finding; the
 * caller frees both. */
int finding_from_trace(struct finding *out, struct graph **graph, const struct finding_context *context,
                       const struct trace *trace, struct error *err);

/* What finding a group by simulation takes. */
struct finder {
  const struct finding_context *context;
  const struct subject *subject;
  const struct method *method;
  const struct explainer *explainer;
  struct split_memo *memo;
  struct splitter *splitter;
  uint64_t seed;
};

int finder_create(struct finder *finder, const struct finding_context *context, const struct subject *subject,
                  const struct method *method, const struct explainer *explainer, double fraction, uint64_t seed,
                  struct error *err);
void finder_free(struct finder *finder);

/* The split of *out lives until the next call. */
int finder_find(struct finding *out, struct finder *finder, const uint64_t *group, struct error *err);

#endif
