#include "sched/candidate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/group.h"
#include "util/bitset.h"

#define NO_GROUP UINT32_MAX

int candidate_space_create(struct candidate_space *out, const struct graph *graph, const uint64_t *fuseable,
                           struct error *err) {
  *out = (struct candidate_space){.graph = graph, .fuseable = fuseable};
  out->numbers = malloc(graph->op_count * sizeof *out->numbers);
  out->queue = malloc(graph->op_count * sizeof *out->queue);
  out->sets = malloc((size_t)graph->op_count * graph->set_words * sizeof *out->sets);
  if (out->numbers != NULL && out->queue != NULL && out->sets != NULL) return 0;
  candidate_space_free(out);
  return error_memory(err);
}

void candidate_space_free(struct candidate_space *space) {
  free(space->numbers);
  free(space->queue);
  free(space->sets);
  *space = (struct candidate_space){0};
}

int candidate_create(struct candidate *out, const struct graph *graph, struct error *err) {
  *out = (struct candidate){.value = (double)INFINITY};
  out->group_of = malloc(graph->op_count * sizeof *out->group_of);
  return out->group_of == NULL ? error_memory(err) : 0;
}

void candidate_free(struct candidate *candidate) {
  free(candidate->group_of);
  *candidate = (struct candidate){0};
}

void candidate_copy(struct candidate *to, const struct candidate *from, const struct graph *graph) {
  memcpy(to->group_of, from->group_of, graph->op_count * sizeof *to->group_of);
  to->group_count = from->group_count;
  to->expense = from->expense;
  to->proposed_groups = from->proposed_groups;
  to->proposed_valid = from->proposed_valid;
  to->value = from->value;
}

static bool candidate_equal(const struct candidate *a, const struct candidate *b, const struct graph *graph) {
  return a->expense.dram_bytes == b->expense.dram_bytes && a->group_count == b->group_count &&
         memcmp(a->group_of, b->group_of, graph->op_count * sizeof *a->group_of) == 0;
}

bool candidate_is_among(const struct candidate *candidate, const struct candidate *others, size_t count,
                        const struct graph *graph) {
  for (size_t i = 0; i < count; i++) {
    if (candidate_equal(&others[i], candidate, graph)) return true;
  }
  return false;
}

/* Group numbers 0, 1, ... in order of smallest label, whatever they were. */
static void candidate_renumber(struct candidate *candidate, struct candidate_space *space) {
  uint32_t ops = space->graph->op_count, count = 0;
  for (uint32_t v = 0; v < ops; v++) space->numbers[v] = NO_GROUP;
  for (uint32_t v = 0; v < ops; v++) {
    uint32_t *number = &space->numbers[candidate->group_of[v]];
    if (*number == NO_GROUP) *number = count++;
    candidate->group_of[v] = *number;
  }
  candidate->group_count = count;
}

void candidate_sets(const struct candidate *candidate, struct candidate_space *space) {
  size_t words = space->graph->set_words;
  memset(space->sets, 0, candidate->group_count * words * sizeof *space->sets);
  for (uint32_t v = 0; v < space->graph->op_count; v++) {
    bitset_add(space->sets + candidate->group_of[v] * words, v);
  }
}

/* Whether the graph of groups has no cycle (Kahn 1962, on ops: a group is ready when all
 * that its ops wait for outside it is done). */
static bool candidate_acyclic(const struct candidate *candidate, struct candidate_space *space) {
  const struct graph *graph = space->graph;
  uint32_t *waiting = space->numbers, *queue = space->queue;
  uint32_t done = 0, queued = 0;
  memset(waiting, 0, candidate->group_count * sizeof *waiting);
  for (uint32_t e = 0; e < graph->edge_count; e++) {
    uint32_t from = candidate->group_of[graph->edges[e].from], to = candidate->group_of[graph->edges[e].to];
    if (from != to) waiting[to]++;
  }
  for (uint32_t g = 0; g < candidate->group_count; g++) {
    if (waiting[g] == 0) queue[queued++] = g;
  }
  candidate_sets(candidate, space);
  while (done < queued) {
    uint32_t group = queue[done++];
    for BITSET_EACH (v, space->sets + (size_t)group * graph->set_words, graph->set_words) {
      const struct op *op = &graph->ops[v];
      for (uint32_t i = 0; i < op->successor_count; i++) {
        uint32_t to = candidate->group_of[op->successors[i]];
        if (to != group && --waiting[to] == 0) queue[queued++] = to;
      }
    }
  }
  return done == candidate->group_count;
}

/* ---- drawing ---- */

/* Group sets are over group numbers here. reach[g]: the groups that lead to g. */
static bool join_is_legal(const struct candidate *candidate, const struct candidate_space *space,
                          const uint64_t *reach, uint32_t v, uint32_t group) {
  const struct op *op = &space->graph->ops[v];
  size_t words = space->graph->set_words;
  for (uint32_t i = 0; i < op->predecessor_count; i++) {
    uint32_t other = candidate->group_of[op->predecessors[i]];
    if (other != group && bitset_has(reach + other * words, group)) return false;
  }
  return true;
}

/* Adds what v's predecessors lead from to its group and to all groups behind that. */
static void reach_add(const struct candidate *candidate, const struct candidate_space *space, uint64_t *reach,
                      uint32_t v) {
  const struct op *op = &space->graph->ops[v];
  size_t words = space->graph->set_words;
  uint32_t group = candidate->group_of[v];
  uint64_t added[GRAPH_MAX_SET_WORDS], *own = reach + group * words;
  bitset_clear(added, words);
  for (uint32_t i = 0; i < op->predecessor_count; i++) {
    uint32_t other = candidate->group_of[op->predecessors[i]];
    if (other == group) continue;
    bitset_or(added, reach + other * words, words);
    bitset_add(added, other);
  }
  bitset_minus(added, added, own, words);
  if (bitset_empty(added, words)) return;
  bitset_or(own, added, words);
  for (uint32_t g = 0; g < candidate->group_count; g++) {
    if (bitset_has(reach + g * words, group)) bitset_or(reach + g * words, added, words);
  }
}

static uint32_t draw_group(const struct candidate *candidate, const struct candidate_space *space,
                           const uint64_t *reach, uint32_t v, double join, struct rng *rng) {
  const struct op *op = &space->graph->ops[v];
  if (!bitset_has(space->fuseable, v) || op->predecessor_count == 0) return NO_GROUP;
  uint32_t first = rng_below(rng, op->predecessor_count);
  if (rng_unit(rng) >= join) return NO_GROUP;
  for (uint32_t i = 0; i < op->predecessor_count; i++) {
    uint32_t u = op->predecessors[(first + i) % op->predecessor_count];
    uint32_t group = candidate->group_of[u];
    if (bitset_has(space->fuseable, u) && join_is_legal(candidate, space, reach, v, group)) return group;
  }
  return NO_GROUP;
}

void candidate_draw(struct candidate *candidate, struct candidate_space *space, struct rng *rng) {
  const struct graph *graph = space->graph;
  uint64_t *reach = space->sets;
  double mean_ops = pow(graph->op_count, rng_unit(rng)), join = 1 - 1 / mean_ops;
  candidate->group_count = 0;
  for (uint32_t v = 0; v < graph->op_count; v++) {
    uint32_t group = draw_group(candidate, space, reach, v, join, rng);
    if (group == NO_GROUP) {
      group = candidate->group_count++;
      bitset_clear(reach + (size_t)group * graph->set_words, graph->set_words);
    }
    candidate->group_of[v] = group;
    reach_add(candidate, space, reach, v);
  }
  candidate->value = (double)INFINITY;
}

/* ---- mutation ---- */

static bool edge_joins_groups(const struct candidate *candidate, const struct candidate_space *space,
                              struct edge edge) {
  return bitset_has(space->fuseable, edge.from) && bitset_has(space->fuseable, edge.to) &&
         candidate->group_of[edge.from] != candidate->group_of[edge.to];
}

/* Moves one end of an edge between two groups over to the other end's group. What is left
 * behind may fall apart. */
static bool mutate_move(struct candidate *child, struct candidate_space *space, struct rng *rng) {
  const struct graph *graph = space->graph;
  if (graph->edge_count == 0) return false;
  struct edge edge = graph->edges[rng_below(rng, graph->edge_count)];
  bool forward = rng_below(rng, 2) == 0;
  if (!edge_joins_groups(child, space, edge)) return false;
  uint32_t mover = forward ? edge.from : edge.to, goal = forward ? edge.to : edge.from;
  uint32_t old = child->group_of[mover];
  uint64_t rest[GRAPH_MAX_SET_WORDS], component[GRAPH_MAX_SET_WORDS];
  child->group_of[mover] = child->group_of[goal];
  bitset_clear(rest, graph->set_words);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    if (child->group_of[v] == old) bitset_add(rest, v);
  }
  for (uint32_t parts = 0; group_take_component(graph, rest, component); parts++) {
    if (parts == 0) continue; /* keeps its number */
    for BITSET_EACH (v, component, graph->set_words) child->group_of[v] = child->group_count;
    child->group_count++;
  }
  return true;
}

static bool mutate_merge(struct candidate *child, struct candidate_space *space, struct rng *rng) {
  const struct graph *graph = space->graph;
  if (graph->edge_count == 0) return false;
  struct edge edge = graph->edges[rng_below(rng, graph->edge_count)];
  if (!edge_joins_groups(child, space, edge)) return false;
  uint32_t from = child->group_of[edge.from], to = child->group_of[edge.to];
  for (uint32_t v = 0; v < graph->op_count; v++) {
    if (child->group_of[v] == from) child->group_of[v] = to;
  }
  return true;
}

/* Cuts a group at an edge inside it, into one side of the cut and the rest, each in its
 * connected parts. */
static bool mutate_split(struct candidate *child, struct candidate_space *space, struct rng *rng) {
  const struct graph *graph = space->graph;
  if (graph->edge_count == 0) return false;
  struct edge edge = graph->edges[rng_below(rng, graph->edge_count)];
  bool below = rng_below(rng, 2) == 0;
  uint32_t old = child->group_of[edge.from];
  if (child->group_of[edge.to] != old) return false;
  uint64_t group[GRAPH_MAX_SET_WORDS], side[GRAPH_MAX_SET_WORDS], component[GRAPH_MAX_SET_WORDS];
  bitset_clear(group, graph->set_words);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    if (child->group_of[v] == old) bitset_add(group, v);
  }
  group_cut_side(graph, group, (struct group_cut){edge, below}, side);
  bitset_minus(group, group, side, graph->set_words);
  for (uint32_t parts = 0;
       group_take_component(graph, side, component) || group_take_component(graph, group, component); parts++) {
    if (parts == 0) continue; /* keeps its number: there are none beyond op_count */
    for BITSET_EACH (v, component, graph->set_words) child->group_of[v] = child->group_count;
    child->group_count++;
  }
  return true;
}

void candidate_mutate(struct candidate *child, const struct candidate *parent, struct candidate_space *space,
                      struct rng *rng) {
  static bool (*const edits[])(struct candidate *, struct candidate_space *, struct rng *) = {
      mutate_move, mutate_merge, mutate_split};
  enum { TRIES = 64 };
  for (int i = 0; i < TRIES; i++) {
    candidate_copy(child, parent, space->graph);
    if (!edits[rng_below(rng, 3)](child, space, rng)) continue;
    candidate_renumber(child, space);
    if (candidate_acyclic(child, space)) return;
  }
  candidate_copy(child, parent, space->graph);
}

/* ---- crossover ---- */

/* The least set around the ideal that is an ideal and divides no group of the sets. */
static void ideal_close(uint64_t *ideal, const struct candidate_space *space, uint32_t groups) {
  const struct graph *graph = space->graph;
  size_t words = graph->set_words;
  uint64_t missing[GRAPH_MAX_SET_WORDS];
  for (bool grew = true; grew;) {
    grew = false;
    for (uint32_t g = 0; g < groups; g++) {
      const uint64_t *group = space->sets + g * words;
      if (!bitset_intersects(group, ideal, words)) continue;
      bitset_minus(missing, group, ideal, words);
      for BITSET_EACH (v, missing, words) {
        bitset_or(ideal, graph->ops[v].ancestors, words);
        grew = true;
      }
    }
  }
}

/* Adds to the child what the groups of the sets have in part, in connected pieces. */
static void cross_add(struct candidate *child, const struct candidate_space *space, uint32_t groups,
                      const uint64_t *part) {
  const struct graph *graph = space->graph;
  uint64_t rest[GRAPH_MAX_SET_WORDS], component[GRAPH_MAX_SET_WORDS];
  for (uint32_t g = 0; g < groups; g++) {
    bitset_and(rest, space->sets + (size_t)g * graph->set_words, part, graph->set_words);
    while (group_take_component(graph, rest, component)) {
      for BITSET_EACH (v, component, graph->set_words) child->group_of[v] = child->group_count;
      child->group_count++;
    }
  }
}

/* An order ideal has all ancestors of its ops. L and H are ideals, L within H, that divide no group
 * of the outer parent. The child has the outer parent's groups in L and beyond H, and in between the
 * inner parent's, cut to that and in connected pieces. The graph of its groups has no cycle: edges
 * lead from L to what is between and beyond, and from between to beyond, never back; so all of a
 * cycle would be in one of the three, where all groups come from one parent. The groups of a legal
 * plan have a topological order: an edge between pieces of two of them follows it, and between
 * pieces of the same one there is none, or they would be one piece. */
void candidate_cross(struct candidate *child, const struct candidate *outer, const struct candidate *inner,
                     struct candidate_space *space, struct rng *rng) {
  const struct graph *graph = space->graph;
  size_t words = graph->set_words;
  uint64_t low[GRAPH_MAX_SET_WORDS], high[GRAPH_MAX_SET_WORDS], part[GRAPH_MAX_SET_WORDS];
  uint32_t a = rng_below(rng, graph->op_count), b = rng_below(rng, graph->op_count);
  bitset_clear(low, words);
  bitset_clear(high, words);
  bitset_clear(part, words);
  for (uint32_t v = 0; v < (a < b ? a : b); v++) bitset_add(low, v);
  for (uint32_t v = 0; v <= (a < b ? b : a); v++) bitset_add(high, v);
  candidate_sets(outer, space);
  ideal_close(low, space, outer->group_count);
  bitset_or(high, low, words);
  ideal_close(high, space, outer->group_count);
  for (uint32_t v = 0; v < graph->op_count; v++) {
    if (!bitset_has(high, v) || bitset_has(low, v)) bitset_add(part, v);
  }
  child->group_count = 0;
  cross_add(child, space, outer->group_count, part);
  bitset_minus(part, high, low, words);
  candidate_sets(inner, space);
  cross_add(child, space, inner->group_count, part);
  candidate_renumber(child, space);
}

/* ---- repair ---- */

int candidate_repair(struct candidate *candidate, struct candidate_space *space, struct splitter *splitter,
                     struct rng *rng) {
  const struct graph *graph = space->graph;
  size_t words = graph->set_words;
  uint32_t groups = candidate->group_count;
  candidate_sets(candidate, space);
  candidate->expense = (struct expense){0};
  candidate->proposed_groups = candidate->proposed_valid = 0;
  for (uint32_t g = 0; g < groups; g++) {
    const uint64_t *group = space->sets + g * words;
    struct split split;
    if (!bitset_intersects(group, space->fuseable, words)) continue;
    if (splitter_split(splitter, group, rng, &split) != 0) return -1;
    expense_add(&candidate->expense, &split.expense);
    if (bitset_count(group, words) > 1) {
      candidate->proposed_groups++;
      candidate->proposed_valid += split.part_count == 1; /* a group that overflows has parts */
    }
    for (uint32_t part = 1; part < split.part_count; part++) {
      for BITSET_EACH (v, split.sets + part * words, words) candidate->group_of[v] = candidate->group_count;
      candidate->group_count++;
    }
  }
  candidate_renumber(candidate, space);
  return 0;
}
