#include "cli/timing.h"

int timing_open(struct timing *out, const struct subject *subject, const struct clock_options *options,
                struct error *err) {
  *out = (struct timing){0};
  if (!options->timed) return 0;
  if (timed_create(&out->timed, &subject->model, err) != 0) return -1;
  out->peaks = timed_peaks_of(out->timed, &subject->model);
  return 0;
}

void timing_close(struct timing *timing) {
  timed_plan_free(&timing->plan);
  timed_free(timing->timed);
}

static int run_layers(struct timing *timing, const struct subject *subject, const struct baseline *baseline,
                      struct error *err) {
  struct plan layers;
  struct timed_plan timed_layers;
  if (timing->plan.group_count == subject->graph->op_count) { /* the plan is that one */
    timing->layers = timing->plan.total;
    return 0;
  }
  if (plan_layer_by_layer(&layers, subject->graph, err) != 0) return -1;
  int status = timed_plan_create(&timed_layers, timing->timed, &layers, &baseline->layers, NULL, err);
  if (status == 0) {
    timing->layers = timed_layers.total;
    timed_plan_free(&timed_layers);
  }
  plan_free(&layers);
  return status;
}

int timing_run(struct timing *timing, const struct subject *subject, const struct plan *plan,
               const struct plan_report *report, const struct baseline *baseline, struct error *err) {
  if (timing->timed == NULL) return 0;
  if (timed_plan_create(&timing->plan, timing->timed, plan, report, NULL, err) != 0) return -1;
  return run_layers(timing, subject, baseline, err);
}
