#include "plan/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/group.h"
#include "util/bitset.h"

/* A cycle longer than this is told by its first edges. */
enum { CHECK_SHOWN_EDGES = 4 };

/* The graph of groups. An edge between groups is an edge between ops of theirs. */
struct check {
  const struct plan *plan;
  uint32_t *group_of; /* by op */
  uint32_t *waiting;  /* by group: incoming edges from groups not yet ordered */
  uint32_t *queue;    /* of groups */
  uint32_t *via;      /* by group: the op through which the search for a cycle came here */
  uint32_t culprit;
  struct error *err;
};

static const char *check_name(const struct check *check, uint32_t op) {
  return check->plan->graph->ops[op].name;
}

/* Fills in group_of. */
static int check_partition(struct check *check) {
  const struct graph *graph = check->plan->graph;
  for (uint32_t v = 0; v < graph->op_count; v++) check->group_of[v] = PLAN_NO_GROUP;
  for (uint32_t g = 0; g < check->plan->group_count; g++) {
    const uint64_t *group = plan_group(check->plan, g);
    if (bitset_empty(group, graph->set_words)) {
      return error_set(check->err, ERROR_INPUT, "group %u of the plan is empty", g + 1);
    }
    for BITSET_EACH (v, group, graph->set_words) {
      if (v >= graph->op_count) {
        return error_set(check->err, ERROR_INPUT, "group %u of the plan holds op %zu; the network has %u ops",
                         g + 1, v, graph->op_count);
      }
      if (check->group_of[v] != PLAN_NO_GROUP) {
        check->culprit = (uint32_t)v;
        return error_set(check->err, ERROR_INPUT, "op '%s' is in two groups", check_name(check, (uint32_t)v));
      }
      check->group_of[v] = g;
    }
  }
  return 0;
}

int plan_check_cover(const struct graph *graph, const uint32_t *group_of, uint32_t *first,
                     struct error *err) {
  uint32_t left_out = 0;
  *first = GRAPH_NO_OP;
  for (uint32_t v = graph->op_count; v-- > 0;) {
    if (group_of[v] != PLAN_NO_GROUP) continue;
    left_out++;
    *first = v;
  }
  if (left_out == 0) return 0;
  return error_set(err, ERROR_INPUT, "%u of the network's %u ops %s in no group, the first of them '%s'",
                   left_out, graph->op_count, left_out == 1 ? "is" : "are", graph->ops[*first].name);
}

static int check_connected(struct check *check) {
  const struct graph *graph = check->plan->graph;
  size_t words = graph->set_words;
  uint64_t rest[GRAPH_MAX_SET_WORDS], component[GRAPH_MAX_SET_WORDS];
  for (uint32_t g = 0; g < check->plan->group_count; g++) {
    const uint64_t *group = plan_group(check->plan, g);
    bitset_copy(rest, group, words);
    group_take_component(graph, rest, component);
    if (bitset_empty(rest, words)) continue;
    uint32_t first = (uint32_t)bitset_next(group, words, 0), last = first;
    for BITSET_EACH (v, group, words) last = (uint32_t)v;
    check->culprit = (uint32_t)bitset_next(rest, words, 0);
    return error_set(check->err, ERROR_INPUT,
                     "op '%s' does not hang together with the rest of its group, '%s' to '%s' (%zu ops); "
                     "expected a path of edges inside the group",
                     check_name(check, check->culprit), check_name(check, first), check_name(check, last),
                     bitset_count(group, words));
  }
  return 0;
}

/* Kahn's algorithm; afterwards waiting is zero just for the groups that could be ordered.
 * The result is their number. */
static uint32_t check_order(struct check *check) {
  const struct graph *graph = check->plan->graph;
  uint32_t ordered = 0, queued = 0;
  for (uint32_t v = 0; v < graph->op_count; v++) {
    for (uint32_t i = 0; i < graph->ops[v].predecessor_count; i++) {
      check->waiting[check->group_of[v]] +=
          check->group_of[graph->ops[v].predecessors[i]] != check->group_of[v];
    }
  }
  for (uint32_t g = 0; g < check->plan->group_count; g++) {
    if (check->waiting[g] == 0) check->queue[queued++] = g;
  }
  while (ordered < queued) {
    uint32_t g = check->queue[ordered++];
    for BITSET_EACH (v, plan_group(check->plan, g), graph->set_words) {
      for (uint32_t i = 0; i < graph->ops[v].successor_count; i++) {
        uint32_t to = check->group_of[graph->ops[v].successors[i]];
        if (to != g && --check->waiting[to] == 0) check->queue[queued++] = to;
      }
    }
  }
  return ordered;
}

/* An op of another group that could not be ordered and feeds this one. */
static uint32_t check_waits_for(const struct check *check, uint32_t group) {
  const struct graph *graph = check->plan->graph;
  for BITSET_EACH (v, plan_group(check->plan, group), graph->set_words) {
    for (uint32_t i = 0; i < graph->ops[v].predecessor_count; i++) {
      uint32_t u = graph->ops[v].predecessors[i];
      if (check->group_of[u] != group && check->waiting[check->group_of[u]] > 0) return u;
    }
  }
  return GRAPH_NO_OP;
}

/* Every group that could not be ordered waits for another such, so that going back from
 * one to the next ends in a cycle. The result is a group on it. */
static uint32_t check_group_on_cycle(struct check *check) {
  uint32_t group = 0;
  while (check->waiting[group] == 0) group++;
  for (uint32_t g = 0; g < check->plan->group_count; g++) check->via[g] = GRAPH_NO_OP;
  while (check->via[group] == GRAPH_NO_OP) {
    check->via[group] = check_waits_for(check, group);
    group = check->group_of[check->via[group]];
  }
  return group;
}

/* The shortest cycle through group, by breadth-first search: afterwards via[g] is the op
 * that feeds g, on the way back from group to group. */
static void check_shortest_cycle(struct check *check, uint32_t group) {
  const struct graph *graph = check->plan->graph;
  uint32_t head = 0, queued = 0;
  for (uint32_t g = 0; g < check->plan->group_count; g++) check->via[g] = GRAPH_NO_OP;
  check->queue[queued++] = group;
  while (head < queued && check->via[group] == GRAPH_NO_OP) {
    uint32_t from = check->queue[head++];
    for BITSET_EACH (v, plan_group(check->plan, from), graph->set_words) {
      for (uint32_t i = 0; i < graph->ops[v].successor_count; i++) {
        uint32_t to = check->group_of[graph->ops[v].successors[i]];
        if (to == from || check->via[to] != GRAPH_NO_OP) continue;
        check->via[to] = (uint32_t)v;
        if (to != group) check->queue[queued++] = to;
      }
    }
  }
}

/* An op of group that op feeds. */
static uint32_t check_fed_by(const struct check *check, uint32_t op, uint32_t group) {
  const struct op *from = &check->plan->graph->ops[op];
  for (uint32_t i = 0; i < from->successor_count; i++) {
    if (check->group_of[from->successors[i]] == group) return from->successors[i];
  }
  return GRAPH_NO_OP;
}

static int check_tell_cycle(struct check *check, uint32_t group) {
  char edges[ERROR_MESSAGE_BYTES] = "";
  uint32_t at = group, length = 0;
  check->culprit = check_fed_by(check, check->via[group], group);
  do {
    uint32_t from = check->via[at];
    size_t used = strlen(edges);
    if (length < CHECK_SHOWN_EDGES) {
      snprintf(edges + used, sizeof edges - used, "%s'%s' needs '%s'", length == 0 ? "" : "; in its group ",
               check_name(check, check_fed_by(check, from, at)), check_name(check, from));
    }
    at = check->group_of[from];
    length++;
  } while (at != group);
  return error_set(check->err, ERROR_INPUT, "%u groups need each other in a cycle: %s%s of the group of '%s'",
                   length, edges, length > CHECK_SHOWN_EDGES ? ", and so on back to an op" : ", an op",
                   check_name(check, check->culprit));
}

static int check_acyclic(struct check *check) {
  if (check_order(check) == check->plan->group_count) return 0;
  uint32_t group = check_group_on_cycle(check);
  check_shortest_cycle(check, group);
  return check_tell_cycle(check, group);
}

static int check_run(struct check *check) {
  const struct graph *graph = check->plan->graph;
  if (check_partition(check) != 0) return -1;
  if (plan_check_cover(graph, check->group_of, &check->culprit, check->err) != 0) return -1;
  if (check_connected(check) != 0) return -1;
  return check_acyclic(check);
}

int plan_check_where(const struct plan *plan, uint32_t *culprit, struct error *err) {
  size_t groups = plan->group_count == 0 ? 1 : plan->group_count;
  struct check check = {
      .plan = plan,
      .group_of = calloc(plan->graph->op_count, sizeof *check.group_of),
      .waiting = calloc(groups, sizeof *check.waiting),
      .queue = calloc(groups, sizeof *check.queue),
      .via = calloc(groups, sizeof *check.via),
      .culprit = GRAPH_NO_OP,
      .err = err,
  };
  bool enough = check.group_of != NULL && check.waiting != NULL && check.queue != NULL && check.via != NULL;
  int result = enough ? check_run(&check) : error_memory(err);
  free(check.group_of);
  free(check.waiting);
  free(check.queue);
  free(check.via);
  *culprit = check.culprit;
  return result;
}

int plan_check(const struct plan *plan, struct error *err) {
  uint32_t culprit;
  return plan_check_where(plan, &culprit, err);
}
