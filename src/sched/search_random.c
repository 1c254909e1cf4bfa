/* Random search: plans drawn one by one, each repaired, the best one kept. */
#include <stdlib.h>

#include "sched/searcher.h"

enum { BATCH = 256 };

struct batch {
  struct searcher *searcher;
  struct candidate candidates[BATCH];
  uint64_t first; /* proposal of candidates[0] */
};

static void batch_propose(void *context, unsigned worker, uint64_t item) {
  struct batch *batch = context;
  struct rng rng = searcher_rng(batch->searcher, batch->first + item);
  struct candidate *candidate = &batch->candidates[item];
  candidate_draw(candidate, &batch->searcher->workers[worker].space, &rng);
  searcher_repair(batch->searcher, worker, candidate, &rng);
}

static int batch_run(struct batch *batch, struct error *err) {
  struct searcher *searcher = batch->searcher;
  uint64_t left = searcher->options->budget - searcher->proposed;
  uint64_t count = left < BATCH ? left : BATCH;
  batch->first = searcher->proposed;
  parallel_for(searcher->parallel, count, batch_propose, batch);
  for (uint64_t i = 0; i < count; i++) {
    if (searcher_record(searcher, &batch->candidates[i], err) != 0) return -1;
  }
  return 0;
}

int search_random(struct searcher *searcher, struct error *err) {
  struct batch *batch = calloc(1, sizeof *batch);
  if (batch == NULL) return error_memory(err);
  batch->searcher = searcher;
  int status = 0;
  for (size_t i = 0; i < BATCH && status == 0; i++) {
    status = candidate_create(&batch->candidates[i], searcher->model->graph, err);
  }
  while (status == 0 && searcher->proposed < searcher->options->budget) status = batch_run(batch, err);
  for (size_t i = 0; i < BATCH; i++) candidate_free(&batch->candidates[i]);
  free(batch);
  return status;
}
