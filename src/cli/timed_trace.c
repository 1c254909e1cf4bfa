#include "cli/timed_trace.h"

#include <string.h>

#include "cli/group_trace.h"
#include "sim/timeline.h"
#include "util/file.h"

bool timed_trace_is_timeline(const char *path) {
  static const char ending[] = ".json";
  size_t length = strlen(path), end = strlen(ending);
  return length > end && strcmp(path + length - end, ending) == 0;
}

/* ---- timelines ---- */

struct timeline_job {
  const struct subject *subject;
  struct timed *timed;
  const struct plan *plan;
  const struct plan_report *report;
  enum timeline_detail detail;
};

static int put_timeline(void *context, FILE *file, struct error *err) {
  struct timeline_job *job = context;
  struct timed_plan timed_plan;
  struct timeline *timeline;
  if (timeline_start(&timeline, file, &job->subject->model, job->plan, job->detail, err) != 0) return -1;
  int status = timed_plan_create(&timed_plan, job->timed, job->plan, job->report, timeline_sink(timeline), err);
  timeline_finish(timeline);
  if (status == 0) timed_plan_free(&timed_plan);
  return status;
}

int timed_trace_timeline(const char *path, const char *detail, const struct subject *subject, struct timed *timed,
                         const struct plan *plan, const struct plan_report *report, struct error *err) {
  size_t place = 0;
  while (place < timeline_detail_count && strcmp(timeline_details[place].name, detail) != 0) place++;
  struct timeline_job job = {subject, timed, plan, report, (enum timeline_detail)place};
  return file_stream(path, put_timeline, &job, err);
}

/* ---- CSV ---- */

int timed_trace_csv(const char *path, const struct subject *subject, const struct method *method, struct timed *timed,
                    const uint64_t *group, struct error *err) {
  struct trace trace;
  struct timed_cost cost;
  struct group_cost untimed;
  if (method->cost(subject->sim, group, &untimed) != 0) return error_memory(err);
  if (untimed.stripes > 0) {
    return error_set(err, ERROR_INPUT,
                     "the group runs in %u stripes with streamed weights, which a timed trace as CSV cannot tell; "
                     "write a timeline (.json), or leave --timed out",
                     untimed.stripes);
  }
  if (trace_create(&trace, subject->graph, subject->model.hw.buffer_capacity_bytes, err) != 0) return -1;
  const struct timed_sink sink = {.trace = trace_append, .context = &trace};
  int status = timed_run(timed, group, &untimed, &sink, &cost) == 0 && !trace.out_of_memory ? 0 : error_memory(err);
  if (status == 0) status = group_trace_save(&trace, path, err);
  trace_free(&trace);
  return status;
}
