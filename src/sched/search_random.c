/* Random search: plans drawn one by one, each repaired, the best one kept. */
#include <stdlib.h>

#include "sched/searcher.h"

enum { BATCH = 256 };

static void draw(void *context, uint64_t item, struct candidate *candidate, struct candidate_space *space,
                 struct rng *rng) {
  (void)context;
  (void)item;
  candidate_draw(candidate, space, rng);
}

int search_random(struct searcher *searcher, struct error *err) {
  struct candidate *batch = calloc(BATCH, sizeof *batch);
  if (batch == NULL) return error_memory(err);
  int status = 0;
  for (size_t i = 0; i < BATCH && status == 0; i++) {
    status = candidate_create(&batch[i], searcher->model->graph, err);
  }
  while (status >= 0 && searcher->proposed < searcher->options->budget) {
    status = searcher_propose(searcher, batch, BATCH, draw, NULL, err);
  }
  for (size_t i = 0; i < BATCH; i++) candidate_free(&batch[i]);
  free(batch);
  return status < 0 ? -1 : 0;
}
