/* Exact search: the best plan there is. Where that takes more than the limits allow, the best of
 * what its relaxation comes to once repaired and of a local search, and how far below it a plan might
 * still be. */
#include "sched/exact.h"
#include "sched/searcher.h"

static int search_proven(struct searcher *searcher, struct candidate *plan, struct error *err) {
  struct search_bound *bound = &searcher->result->bound;
  struct rng rng = searcher_rng(searcher, 0);
  plan->group_count = 0;
  if (exact_prove(searcher, bound, plan, err) != 0) return -1;
  if (plan->group_count > 0) {
    searcher_repair(searcher, 0, plan, &rng);
    plan->proposed_groups = plan->proposed_valid = 0; /* it was proven, not proposed */
    if (searcher_record(searcher, plan, err) != 0) return -1;
  }
  return bound->optimum ? 0 : search_local(searcher, err);
}

int search_exact(struct searcher *searcher, struct error *err) {
  struct candidate plan;
  if (candidate_create(&plan, searcher->model->graph, err) != 0) return -1;
  int status = search_proven(searcher, &plan, err);
  candidate_free(&plan);
  return status;
}
