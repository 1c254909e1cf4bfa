/* A timed run as a timeline: Chrome trace-event JSON, which Perfetto and chrome://tracing open
 * ("Trace Event Format", Google, 2016). Written as it happens; timestamps never decrease.
 *
 *   process "accelerator": threads "groups", "compute array", "vector lanes"; counters of the
 *     capacity, of the bytes occupied and required, and of what each tensor and op holds
 *   process "DMA": loads and stores as asynchronous slices, since they overlap
 *   process "DRAM": a thread per channel */
#ifndef SPILLWAY_SIM_TIMELINE_H
#define SPILLWAY_SIM_TIMELINE_H

#include <stddef.h>
#include <stdio.h>

#include "plan/plan.h"
#include "sim/model.h"
#include "sim/timed.h"
#include "util/error.h"

/* What one slice stands for. */
enum timeline_detail {
  TIMELINE_ROW,   /* a firing, a load, a store, a request of a channel */
  TIMELINE_OP,    /* all work of an op in a group, from its first start to its last end */
  TIMELINE_GROUP, /* a group */
};

/* In the order of the enum. */
struct timeline_detail_name {
  const char *name, *summary;
};
extern const struct timeline_detail_name timeline_details[];
extern const size_t timeline_detail_count;

struct timeline;

/* file, model and plan are borrowed until timeline_finish(). */
int timeline_start(struct timeline **out, FILE *file, const struct sim_model *model, const struct plan *plan,
                   enum timeline_detail detail, struct error *err);

/* For timed_plan_create(); lives as long as the timeline. */
const struct timed_sink *timeline_sink(const struct timeline *timeline);

/* Closes the document and frees. Failures to write are the stream's. */
void timeline_finish(struct timeline *timeline);

#endif
