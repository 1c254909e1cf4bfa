#include "cli/run.h"

#include <unistd.h>

#include "cli/objectives.h"

#define RUN(field) offsetof(struct run_settings, field)

static const struct option_spec run_options[] = {
    {"search", 0, OPTION_NAME, "NAME", "local", "searches", 0, 0, "how plans are proposed", RUN(search)},
    {"objectives", 0, OPTION_TEXT, "LIST", NULL, "objectives", 0, 0,
     "what the search minimises: " OBJECTIVES_DEFAULT ", or " OBJECTIVES_DEFAULT_OF_FRONT
     " for nsga2; splits and the best plan go by the first", RUN(objectives)},
    {"budget", 'n', OPTION_COUNT, "N", "2000", NULL, 1, 1000000000, "plans that may be proposed", RUN(budget)},
    {"seed", 's', OPTION_COUNT, "N", "1", NULL, 0, INT64_MAX, "seed of everything that is drawn", RUN(seed)},
    {"bound", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "prove how far from the optimum the plan is; exact does anyway",
     RUN(bound)},
    {"max-ideals", 0, OPTION_COUNT, "N", "200000", NULL, 1, UINT32_MAX,
     "limit of a proof: order ideals of the network", RUN(ideals)},
    {"max-steps", 0, OPTION_COUNT, "N", "200000000", NULL, 1, INT64_MAX, "limit of a proof: groups enumerated",
     RUN(steps)},
    {"max-groups", 0, OPTION_COUNT, "N", "1000000", NULL, 1, INT64_MAX, "limit of a proof: groups evaluated",
     RUN(groups)},
};
const struct option_group run_group = OPTION_GROUP(run_options);

unsigned run_jobs(uint64_t jobs) {
  if (jobs > 0) return (unsigned)jobs;
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : (unsigned)count;
}

int run_open(struct run *out, const char *network, const struct run_settings *settings, unsigned jobs,
             struct error *err) {
  *out = (struct run){.settings = settings, .search = search_find(settings->search)};
  if (subject_open(&out->subject, network, &settings->target, err) != 0) return -1;
  out->subject.fuseable_only = settings->fuseable.only;
  out->options = (struct search_options){
      .split = settings_split_rules(&settings->split, settings_method(settings->method.name, err)),
      .budget = settings->budget,
      .seed = settings->seed,
      .bound = settings->bound,
      .limits = {settings->ideals, settings->steps, settings->groups},
      .jobs = jobs,
  };
  if (out->options.split.method == NULL) return -1;
  enum learned_need need = out->options.split.explainer->need;
  if (models_open(&out->models, &settings->split, need, out->options.split.method, err) != 0) return -1;
  out->options.split.learned = models_learned(&out->models);
  if (objectives_parse(&out->options, settings->objectives, out->search, err) != 0) return -1;
  if (baseline_create(&out->baseline, &out->subject, out->options.split.method, err) != 0) return -1;
  return timing_open(&out->timing, &out->subject, &settings->clock, err);
}

void run_close(struct run *run) {
  timing_close(&run->timing);
  search_result_free(&run->result);
  plan_report_free(&run->report);
  baseline_free(&run->baseline);
  models_close(&run->models);
  subject_close(&run->subject);
}

int run_search(struct run *run, const struct runlog *log, struct progress *progress, struct error *err) {
  run->options.progress = progress;
  int status = search_run(&run->result, run->search, &run->subject.model, &run->options, err);
  run->options.progress = NULL;
  if (status != 0) return -1;
  run->seconds = runlog_seconds(log);
  const struct plan *plan = &run->result.plan;
  if (subject_report(&run->report, &run->subject, run->options.split.method, plan, err) != 0) return -1;
  return timing_run(&run->timing, &run->subject, plan, &run->report, &run->baseline, err);
}

int run_record(const struct run *run, struct runlog *log, struct error *err) {
  const struct runlog_search search = {run->search, &run->options, &run->result, &run->models};
  const struct runlog_record record = {
      .verb = "schedule",
      .subject = &run->subject,
      .method = run->options.split.method,
      .plan = &run->result.plan,
      .report = &run->report,
      .baseline = &run->baseline,
      .timing = &run->timing,
      .search = &search,
      .fold_batch_norm = run->settings->target.fold_batch_norm,
      .seconds = run->seconds,
      .experiment = run->experiment,
      .cell_key = run->cell_key,
  };
  return runlog_write(log, &record, err);
}
