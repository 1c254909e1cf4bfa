/* Dynamic programming over the order ideals of the network.
 *
 * The groups of a legal plan, in a topological order of their graph, lead from the empty ideal
 * to that of all ops through a chain of ideals. So the least value that the groups can have
 * that are left over at ideal I is
 *
 *   best(I) = min over groups G: value(G) + best(I + G)
 *
 * with G any valid connected group of fusable ops outside I such that I + G is an ideal. An op
 * that is not fusable runs alone, and may as well run as soon as all that it waits for is done:
 * it costs the same in every plan. best() is thus taken only of settled ideals, to which no such
 * op can be added, and every ideal counts as the settled one that follows from it.
 *
 * From each ideal, latest first, all groups within the buffer are enumerated, by growing them
 * op by op; each comes with a lower bound of its traffic (growth.h). They are evaluated in the
 * order of bound + best(I + G) until the next is not below the best that is certain: mostly one
 * or two of thousands.
 *
 * What is not even enumerated, under LBDF: groups that contain a closed group (growth.h) whose
 * rows, plus their own weights, exceed the capacity. Weights of a group only grow with it, and
 * so do the rows that its closed groups take; required bytes of groups in general need not.
 * Where a closed group stops to fit is found by bisection over the closed groups of an ideal,
 * one containing the next in a chain of layers: an invalid one rules out those that contain it,
 * a valid one spares those that it contains.
 *
 * Where weights are streamed as by BRR, closed groups tell instead that the weights of the groups
 * around them cannot stay, so that they are fetched as often as fetches.h says; and groups whose first
 * stripe exceeds the capacity (stripe.h) are not enumerated, nor those that go on from them.
 *
 * Where a limit is hit, the rest is a relaxation that is never above the truth: groups beyond an
 * ideal's share of the evaluations count as valid and at their bounds; what is before the ideals that were
 * solved within the limit of steps counts with what its groups cannot avoid to move; beyond the
 * limit of ideals, all of the network does. */
#include "sched/exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/group.h"
#include "sched/growth.h"
#include "sched/ideals.h"
#include "sched/stripe.h"
#include "util/bitset.h"

enum { BOUNDS_PER_EXIT = 16 };

/* Groups that contain this closed group take at least these rows. */
struct row_bound {
  uint64_t row_bytes;
  uint64_t *set; /* NULL: an empty place */
};

/* A group from an ideal at hand to the ideal `to`. */
struct step {
  double value; /* lower bound of the group's, plus what is left over at `to` */
  uint64_t weight_bytes;
  uint32_t to;
};

struct trial; /* a step whose group is evaluated */

struct exact {
  struct searcher *searcher;
  const struct graph *graph;
  const struct objective *objective;
  uint64_t capacity_bytes;
  bool weights_stay; /* under the method, as under LBDF, whose rules then apply */
  bool streams_whole; /* likewise, as under BRR */
  struct ideals ideals;
  struct growth growth;
  struct stripe stripe; /* if streams_whole */
  uint32_t *settled; /* by ideal */
  double *best;      /* by settled ideal */
  uint32_t *next;    /* by settled ideal: that after the first group of the best plan */
  struct row_bound *bounds;  /* op_count x BOUNDS_PER_EXIT, by exit */
  uint32_t *bound_count;     /* by exit: bounds ever added */
  uint64_t *bound_sets;      /* their sets */
  uint64_t *group;           /* scratch */
  struct trial *trials;      /* BATCH_MOST */
  uint64_t *trial_sets;      /* their groups */
  uint32_t *passed;          /* by op: depth at which groups with it were all enumerated; 0: not yet */
  struct step *steps;        /* from the ideal at hand; a heap once all are there */
  size_t step_count, step_capacity;
  uint32_t *closed; /* those of steps that are closed groups and not known to be valid or not */
  size_t closed_count, closed_capacity;
  struct row_bound *found; /* added at the ideal at hand; sets are those in bounds */
  size_t found_count;
  uint64_t steps_taken, groups_evaluated;
  uint64_t groups_allowed; /* evaluated by the end of the ideal at hand */
  bool relaxed; /* a limit was hit */
  bool out_of_steps; /* that one */
  uint32_t unsolved; /* then: ideals before this one are not solved */
};

/* ---- bounds of rows ---- */

enum { FOUND_MOST = 64 };

static void bound_add(struct exact *exact, uint32_t exit, const uint64_t *set, uint64_t row_bytes) {
  size_t words = exact->graph->set_words;
  size_t place = (size_t)exit * BOUNDS_PER_EXIT + exact->bound_count[exit]++ % BOUNDS_PER_EXIT;
  struct row_bound *bound = &exact->bounds[place];
  bound->row_bytes = row_bytes;
  bound->set = exact->bound_sets + place * words;
  bitset_copy(bound->set, set, words);
  if (exact->found_count < FOUND_MOST) exact->found[exact->found_count++] = *bound;
}

/* Rows that the growing group takes at least, by closed groups with the exit op in it. */
static uint64_t bound_rows(const struct exact *exact, uint32_t op) {
  const struct row_bound *bounds = exact->bounds + (size_t)op * BOUNDS_PER_EXIT;
  uint64_t most = 0;
  for (uint32_t i = 0; i < BOUNDS_PER_EXIT && bounds[i].set != NULL; i++) {
    if (bounds[i].row_bytes <= most) continue;
    if (bitset_contains(exact->growth.group, bounds[i].set, exact->graph->set_words)) most = bounds[i].row_bytes;
  }
  return most;
}

/* Whether what was found at this ideal, after the group was enumerated, rules it out. */
static bool step_ruled_out(const struct exact *exact, const struct step *step, const uint64_t *group) {
  for (size_t i = 0; i < exact->found_count && exact->weights_stay; i++) {
    const struct row_bound *bound = &exact->found[i];
    if (bound->row_bytes + step->weight_bytes <= exact->capacity_bytes) continue;
    if (bitset_contains(group, bound->set, exact->graph->set_words)) return true;
  }
  return false;
}

/* ---- enumerating groups ---- */

static int step_add(struct exact *exact, uint32_t to, uint64_t row_bytes) {
  if (exact->step_count == exact->step_capacity) {
    size_t capacity = exact->step_capacity == 0 ? 1024 : 2 * exact->step_capacity;
    struct step *steps = realloc(exact->steps, capacity * sizeof *steps);
    if (steps != NULL) exact->steps = steps;
    uint32_t *closed = realloc(exact->closed, capacity * sizeof *closed);
    if (closed != NULL) exact->closed = closed;
    if (steps == NULL || closed == NULL) return -1;
    exact->step_capacity = capacity;
  }
  uint32_t exit;
  /* The clock gives no bound; values are not negative. */
  struct expense least = {.dram_bytes = growth_dram_bytes(&exact->growth, row_bytes)};
  double value = exact->objective->timed ? 0 : exact->objective->value(&least);
  bool fits = exact->growth.weight_bytes <= exact->capacity_bytes;
  if ((exact->weights_stay || exact->streams_whole) && fits && growth_closed(&exact->growth, &exit)) {
    exact->closed[exact->closed_count++] = to;
  }
  exact->steps[exact->step_count++] =
      (struct step){value + exact->best[exact->settled[to]], exact->growth.weight_bytes, to};
  return 0;
}

/* Whether a group whose weights cannot stay, or one that goes on from it, may run streamed. */
static bool may_stream(struct exact *exact, const uint64_t *group) {
  return !exact->streams_whole || stripe_least_bytes(&exact->stripe, group) <= exact->capacity_bytes;
}

/* Whether the growing group of so many ops, or one that contains it, may be valid; its rows take so much
 * if weights stay. Stripes take a look at all of its ops, so they are asked now and then only. */
static bool may_fit(struct exact *exact, uint64_t row_bytes, uint32_t ops) {
  enum { BETWEEN_LOOKS = 8 };
  if (exact->growth.weight_bytes + row_bytes <= exact->capacity_bytes) return true;
  if (exact->weights_stay) return false;
  return ops % BETWEEN_LOOKS != 0 || may_stream(exact, exact->growth.group);
}

/* Every group that contains the growing one, which leads to the ideal, and no op that was passed
 * over, once: of the ops that can be added first those by smaller labels, then none of them. */
static int grow(struct exact *exact, uint32_t ideal, uint64_t row_bytes, uint32_t depth) {
  const struct ideal_step *first = exact->ideals.steps + exact->ideals.first_step[ideal];
  const struct ideal_step *last = exact->ideals.steps + exact->ideals.first_step[ideal + 1];
  int status = 0;
  for (const struct ideal_step *step = first; step < last && status == 0; step++) {
    if (exact->passed[step->op] != 0 || !bitset_has(exact->searcher->fuseable, step->op)) continue;
    if (exact->steps_taken == exact->searcher->options->limits.steps) {
      exact->out_of_steps = true;
      break;
    }
    exact->steps_taken++;
    growth_add(&exact->growth, step->op);
    uint64_t rows = bound_rows(exact, step->op);
    if (rows < row_bytes) rows = row_bytes;
    if (may_fit(exact, rows, depth)) {
      status = step_add(exact, step->to, rows);
      if (status == 0) status = grow(exact, step->to, rows, depth + 1);
    }
    growth_remove(&exact->growth, step->op);
    exact->passed[step->op] = depth;
  }
  for (const struct ideal_step *step = first; step < last; step++) {
    if (exact->passed[step->op] == depth) exact->passed[step->op] = 0;
  }
  return status;
}

/* ---- evaluating them ---- */

static void step_group(const struct exact *exact, uint32_t ideal, uint32_t to, uint64_t *group) {
  bitset_minus(group, ideals_set(&exact->ideals, to), ideals_set(&exact->ideals, ideal), exact->graph->set_words);
}

/* Counts a group to be evaluated; false beyond what the ideal may use of the limit. */
static bool may_evaluate(struct exact *exact) {
  if (exact->groups_evaluated >= exact->groups_allowed) {
    exact->relaxed = true;
    return false;
  }
  exact->groups_evaluated++;
  return true;
}

static int compare_ideals(const void *left, const void *right) {
  const uint32_t *a = left, *b = right;
  return *a < *b ? -1 : *a > *b;
}

/* Keeps those closed groups that the group at hand tells nothing of. */
static void closed_forget(struct exact *exact, uint32_t known, bool valid) {
  size_t words = exact->graph->set_words, kept = 0;
  const uint64_t *set = ideals_set(&exact->ideals, known);
  for (size_t i = 0; i < exact->closed_count; i++) {
    const uint64_t *other = ideals_set(&exact->ideals, exact->closed[i]);
    bool told = valid ? bitset_contains(set, other, words) : bitset_contains(other, set, words);
    if (!told) exact->closed[kept++] = exact->closed[i];
  }
  exact->closed_count = kept;
}

/* Rows that the closed group takes, if its weights stay: at least, where it ran otherwise because it does
 * not fit so. */
static uint64_t closed_rows(const struct exact *exact, const uint64_t *group, int valid,
                            const struct group_cost *cost) {
  uint64_t weights = 0;
  if (exact->weights_stay || (valid == 1 && cost->stripes == 0)) return cost->required_bytes - cost->weight_bytes;
  for BITSET_EACH (v, group, exact->graph->set_words) weights += exact->growth.fetched_bytes[v];
  return exact->capacity_bytes + 1 - weights;
}

/* Finds out which of the closed groups fit with their weights. An op that leads to the exit alone has a
 * smaller label. */
static int closed_bisect(struct exact *exact, uint32_t ideal) {
  if (exact->closed_count > 0) qsort(exact->closed, exact->closed_count, sizeof *exact->closed, compare_ideals);
  while (exact->closed_count > 0) {
    uint32_t middle = exact->closed[exact->closed_count / 2];
    struct group_cost cost;
    struct expense expense;
    step_group(exact, ideal, middle, exact->group);
    if (!may_evaluate(exact)) return 0;
    int valid = splitter_cost(exact->searcher->workers[0].splitter, exact->group, &cost, &expense);
    if (valid < 0) return -1;
    bound_add(exact, (uint32_t)bitset_last(exact->group, exact->graph->set_words), exact->group,
              closed_rows(exact, exact->group, valid, &cost));
    closed_forget(exact, middle, valid == 1 && cost.stripes == 0);
  }
  return 0;
}

static bool step_before(const struct step *a, const struct step *b) {
  return a->value != b->value ? a->value < b->value : a->to < b->to;
}

static void heap_sink(struct exact *exact, size_t place) {
  struct step *steps = exact->steps, moving = steps[place];
  for (;;) {
    size_t child = 2 * place + 1;
    if (child >= exact->step_count) break;
    if (child + 1 < exact->step_count && step_before(&steps[child + 1], &steps[child])) child++;
    if (!step_before(&steps[child], &moving)) break;
    steps[place] = steps[child];
    place = child;
  }
  steps[place] = moving;
}

static struct step heap_take(struct exact *exact) {
  struct step first = exact->steps[0];
  exact->steps[0] = exact->steps[--exact->step_count];
  if (exact->step_count > 0) heap_sink(exact, 0);
  return first;
}

/* Groups are evaluated in batches, by all threads. A batch may hold groups that the better ones of it
 * make idle, so batches begin with one group and grow with what the ideal has taken already; they do
 * not depend on the number of threads, and so neither does the result. */
enum { BATCH_MOST = 32, BATCH_SHARE = 8 };

struct trial {
  struct step step;
  uint64_t *group;
  int valid; /* as splitter_cost() */
  struct expense expense;
};

static void trial_run(void *context, unsigned worker, uint64_t item) {
  struct exact *exact = context;
  struct trial *trial = &exact->trials[item];
  struct group_cost cost;
  trial->valid = splitter_cost(exact->searcher->workers[worker].splitter, trial->group, &cost, &trial->expense);
}

/* Takes the best step; true if its group is to be evaluated. */
static bool trial_take(struct exact *exact, uint32_t ideal, struct trial *trial) {
  trial->step = heap_take(exact);
  step_group(exact, ideal, trial->step.to, trial->group);
  if (!exact->weights_stay && trial->step.weight_bytes > exact->capacity_bytes && !may_stream(exact, trial->group)) {
    return false;
  }
  return !step_ruled_out(exact, &trial->step, trial->group) && group_connected(exact->graph, trial->group);
}

static void improve(struct exact *exact, uint32_t ideal, double value, uint32_t to) {
  if (value >= exact->best[ideal]) return;
  exact->best[ideal] = value;
  exact->next[ideal] = to;
}

/* The next steps that may be better than the best, at most so many; where no more groups may be
 * evaluated, the first counts as valid and at its bound. */
static size_t batch_take(struct exact *exact, uint32_t ideal, size_t most) {
  size_t count = 0;
  while (count < most && exact->step_count > 0 && exact->steps[0].value < exact->best[ideal]) {
    struct trial *trial = &exact->trials[count];
    if (!trial_take(exact, ideal, trial)) continue;
    if (!may_evaluate(exact)) {
      improve(exact, ideal, trial->step.value, trial->step.to);
      break;
    }
    count++;
  }
  return count;
}

static int batch_run(struct exact *exact, uint32_t ideal, size_t count) {
  if (count == 1) {
    trial_run(exact, 0, 0);
  } else {
    parallel_for(exact->searcher->parallel, count, trial_run, exact);
  }
  for (size_t i = 0; i < count; i++) {
    const struct trial *trial = &exact->trials[i];
    if (trial->valid < 0) return -1;
    if (trial->valid == 0) continue;
    improve(exact, ideal, exact->objective->value(&trial->expense) + exact->best[exact->settled[trial->step.to]],
            trial->step.to);
  }
  return 0;
}

static int try_steps(struct exact *exact, uint32_t ideal) {
  for (size_t count, tried = 0;; tried += count) {
    size_t most = 1 + tried / BATCH_SHARE;
    count = batch_take(exact, ideal, most < BATCH_MOST ? most : BATCH_MOST);
    if (count == 0) return 0;
    if (batch_run(exact, ideal, count) != 0) return -1;
  }
}

/* ---- the whole ---- */

/* Never above what groups of just these ops take together. */
static double least_of(const struct exact *exact, const uint64_t *ops) {
  struct expense least = {.dram_bytes = growth_least_bytes(&exact->growth, ops, exact->searcher->fuseable)};
  return exact->objective->timed ? 0 : exact->objective->value(&least);
}

static double least_of_all(const struct exact *exact) {
  uint64_t all[GRAPH_MAX_SET_WORDS] = {0};
  for (uint32_t v = 0; v < exact->graph->op_count; v++) bitset_add(all, v);
  return least_of(exact, all);
}

/* Weights of the fusable ops of the ideal that no unsolved ideal has. */
static uint64_t weights_beyond(const struct exact *exact, uint32_t ideal, const uint64_t *unsolved) {
  uint64_t beyond[GRAPH_MAX_SET_WORDS], bytes = 0;
  bitset_minus(beyond, ideals_set(&exact->ideals, ideal), unsolved, exact->graph->set_words);
  bitset_and(beyond, beyond, exact->searcher->fuseable, exact->graph->set_words);
  for BITSET_EACH (v, beyond, exact->graph->set_words) bytes += exact->searcher->model->weight_bytes[v];
  return bytes;
}

/* What is certain where not all ideals were solved. A plan's chain of ideals has a first that is
 * solved. The group that leads to it comes from one that is not, so it contains all that no
 * unsolved ideal has, whose weights must fit. The groups before hold just the ops of that ideal. */
static double least_by_solved(const struct exact *exact) {
  uint64_t unsolved[GRAPH_MAX_SET_WORDS] = {0};
  double least = (double)INFINITY, least_all = least_of_all(exact);
  for (uint32_t i = 0; i < exact->unsolved; i++) {
    bitset_or(unsolved, ideals_set(&exact->ideals, i), exact->graph->set_words);
  }
  for (uint32_t i = exact->unsolved; i < exact->ideals.count; i++) {
    if (exact->settled[i] != i) continue;
    if (exact->weights_stay && weights_beyond(exact, i, unsolved) > exact->capacity_bytes) continue;
    double value = least_of(exact, ideals_set(&exact->ideals, i)) + exact->best[i];
    if (value < least) least = value;
  }
  return least > least_all ? least : least_all;
}

static int solve_ideal(struct exact *exact, uint32_t ideal) {
  exact->step_count = exact->closed_count = exact->found_count = 0;
  exact->best[ideal] = (double)INFINITY;
  if (grow(exact, ideal, 0, 1) != 0) return -1;
  if (exact->out_of_steps) return 0;
  if (closed_bisect(exact, ideal) != 0) return -1;
  for (size_t i = exact->step_count / 2; i-- > 0;) heap_sink(exact, i);
  return try_steps(exact, ideal);
}

/* The ideal that follows when all ops have run that are not fusable and wait for nothing. */
static void settle(struct exact *exact, uint32_t ideal) {
  const struct ideals *ideals = &exact->ideals;
  exact->settled[ideal] = ideal;
  for (uint32_t i = ideals->first_step[ideal]; i < ideals->first_step[ideal + 1]; i++) {
    if (bitset_has(exact->searcher->fuseable, ideals->steps[i].op)) continue;
    exact->settled[ideal] = exact->settled[ideals->steps[i].to];
    return;
  }
}

/* Most ideals need few groups, so each may use a multiple of its share of what is left. The bound is
 * better where all ideals are solved a little less than where the first ones are not at all. */
static void allow_groups(struct exact *exact, uint32_t ideal) {
  enum { SHARES = 4 };
  uint64_t left = exact->searcher->options->limits.groups - exact->groups_evaluated;
  uint64_t share = left / ((uint64_t)ideal + 1);
  exact->groups_allowed = exact->groups_evaluated + (share < left / SHARES ? SHARES * share : left);
}

static int solve(struct exact *exact) {
  uint32_t last = exact->ideals.count - 1;
  settle(exact, last);
  exact->best[last] = 0;
  for (uint32_t ideal = last; ideal-- > 0;) {
    settle(exact, ideal);
    if (exact->settled[ideal] != ideal) continue;
    allow_groups(exact, ideal);
    if (solve_ideal(exact, ideal) != 0) return -1;
    if (!exact->out_of_steps) continue;
    exact->relaxed = true;
    exact->unsolved = ideal + 1;
    return 0;
  }
  return 0;
}

static void read_plan(const struct exact *exact, struct candidate *plan) {
  uint32_t last = exact->ideals.count - 1, groups = 0;
  for (uint32_t v = 0; v < exact->graph->op_count; v++) plan->group_of[v] = UINT32_MAX;
  for (uint32_t ideal = exact->settled[0]; ideal != last; ideal = exact->settled[exact->next[ideal]]) {
    step_group(exact, ideal, exact->next[ideal], exact->group);
    for BITSET_EACH (v, exact->group, exact->graph->set_words) plan->group_of[v] = groups;
    groups++;
  }
  for (uint32_t v = 0; v < exact->graph->op_count; v++) {
    if (plan->group_of[v] == UINT32_MAX) plan->group_of[v] = groups++;
  }
  plan->group_count = groups;
}

static void exact_free(struct exact *exact) {
  ideals_free(&exact->ideals);
  growth_free(&exact->growth);
  stripe_free(&exact->stripe);
  free(exact->settled);
  free(exact->best);
  free(exact->next);
  free(exact->bounds);
  free(exact->bound_count);
  free(exact->bound_sets);
  free(exact->group);
  free(exact->trials);
  free(exact->trial_sets);
  free(exact->passed);
  free(exact->steps);
  free(exact->closed);
  free(exact->found);
}

static int exact_allocate(struct exact *exact) {
  size_t ops = exact->graph->op_count, words = exact->graph->set_words, ideals = exact->ideals.count;
  exact->settled = malloc(ideals * sizeof *exact->settled);
  exact->best = malloc(ideals * sizeof *exact->best);
  exact->next = malloc(ideals * sizeof *exact->next);
  exact->bounds = calloc(ops * BOUNDS_PER_EXIT, sizeof *exact->bounds);
  exact->bound_count = calloc(ops, sizeof *exact->bound_count);
  exact->bound_sets = malloc(ops * BOUNDS_PER_EXIT * words * sizeof *exact->bound_sets);
  exact->group = malloc(words * sizeof *exact->group);
  exact->trials = calloc(BATCH_MOST, sizeof *exact->trials);
  exact->trial_sets = malloc(BATCH_MOST * words * sizeof *exact->trial_sets);
  exact->passed = calloc(ops, sizeof *exact->passed);
  exact->found = malloc(FOUND_MOST * sizeof *exact->found);
  bool enough = exact->settled != NULL && exact->best != NULL && exact->next != NULL && exact->bounds != NULL &&
                exact->bound_count != NULL && exact->bound_sets != NULL && exact->group != NULL &&
                exact->trials != NULL && exact->trial_sets != NULL && exact->passed != NULL && exact->found != NULL;
  if (!enough) return -1;
  for (size_t i = 0; i < BATCH_MOST; i++) exact->trials[i].group = exact->trial_sets + i * words;
  return 0;
}

static int prove(struct exact *exact, double *value, struct error *err) {
  if (growth_create(&exact->growth, exact->searcher->model, exact->streams_whole, err) != 0) return -1;
  if (exact->streams_whole && stripe_create(&exact->stripe, exact->searcher->model, err) != 0) return -1;
  int status = ideals_create(&exact->ideals, exact->graph, exact->searcher->options->limits.ideals, err);
  if (status < 0) return -1;
  if (status > 0) {
    exact->relaxed = true;
    *value = least_of_all(exact);
    return 0;
  }
  if (exact_allocate(exact) != 0 || solve(exact) != 0) return error_memory(err);
  *value = exact->unsolved > 0 ? least_by_solved(exact) : exact->best[exact->settled[0]];
  return 0;
}

int exact_check(const struct search_options *options, struct error *err) {
  const struct objective *objective = options->split.objective;
  if (objective->additive) return 0;
  return error_set(err, ERROR_USAGE,
                   "no optimum or bound can be proven for the objective '%s': it is no sum over groups; minimise dram, "
                   "cycles or energy, or search without a proof",
                   objective->name);
}

int exact_prove(struct searcher *searcher, struct search_bound *bound, struct candidate *plan, struct error *err) {
  const struct search_options *options = searcher->options;
  struct exact exact = {
      .searcher = searcher,
      .graph = searcher->model->graph,
      .objective = options->split.objective,
      .capacity_bytes = searcher->model->hw.buffer_capacity_bytes,
      .weights_stay = options->split.method->weights_stay,
      .streams_whole = options->split.method->streams_whole,
  };
  double value = 0;
  if (exact_check(options, err) != 0) return -1;
  int status = prove(&exact, &value, err);
  if (status == 0) {
    *bound = (struct search_bound){
        .known = true,
        .optimum = !exact.relaxed,
        .value = value + exact.objective->value(&searcher->unfusable),
        .dram_bytes = exact.objective->timed ? 0 : (uint64_t)value,
        .groups_evaluated = exact.groups_evaluated,
    };
    if (plan != NULL && exact.next != NULL && exact.unsolved == 0) read_plan(&exact, plan);
  }
  exact_free(&exact);
  return status;
}
