#include "cli/group.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "graph/group.h"
#include "util/bitset.h"
#include "util/text.h"
#include "util/units.h"

/* The op called name, or with that label; GRAPH_NO_OP if there is none. */
static uint32_t find_op(const struct graph *graph, const char *name) {
  uint64_t label;
  uint32_t op = graph_find_op(graph, name);
  if (op != GRAPH_NO_OP || units_parse_u64(&label, name) != 0) return op;
  return label < graph->op_count ? (uint32_t)label : GRAPH_NO_OP;
}

static int complain_op(const struct graph *graph, const char *name, struct error *err) {
  struct text_nearest nearest = text_nearest_start(name);
  for (uint32_t v = 0; v < graph->op_count; v++) text_nearest_offer(&nearest, graph->ops[v].name);
  return error_set(err, ERROR_USAGE,
                   "network '%.80s' has no op '%.200s'%s%.200s%s; 'spillway show %.80s --ops' lists labels 0 to %u",
                   graph->name, name, nearest.best == NULL ? "" : "; did you mean '",
                   nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "'?", graph->name,
                   graph->op_count - 1);
}

static int add_range(uint64_t *set, const struct graph *graph, uint32_t from, uint32_t to, struct error *err) {
  if (from > to) {
    return error_set(err, ERROR_USAGE,
                     "op '%.200s' (label %u) comes after '%.200s' (label %u); write the range the other way round",
                     graph->ops[from].name, from, graph->ops[to].name, to);
  }
  for (uint32_t v = from; v <= to; v++) bitset_add(set, v);
  return 0;
}

/* An op, or A..B. Names may contain dots, so every ".." is tried. */
static int add_item(uint64_t *set, const struct graph *graph, char *item, struct error *err) {
  uint32_t op = find_op(graph, item);
  if (op != GRAPH_NO_OP) return add_range(set, graph, op, op, err);
  for (char *dots = strstr(item, ".."); dots != NULL; dots = strstr(dots + 1, "..")) {
    *dots = '\0';
    uint32_t from = find_op(graph, item), to = find_op(graph, dots + 2);
    if (from != GRAPH_NO_OP && to != GRAPH_NO_OP) return add_range(set, graph, from, to, err);
    if (from != GRAPH_NO_OP) return complain_op(graph, dots + 2, err);
    if (to != GRAPH_NO_OP) return complain_op(graph, item, err);
    *dots = '.';
  }
  return complain_op(graph, item, err);
}

static int check_connected(const uint64_t *set, const struct graph *graph, struct error *err) {
  uint64_t rest[GRAPH_MAX_SET_WORDS], part[GRAPH_MAX_SET_WORDS];
  bitset_copy(rest, set, graph->set_words);
  group_take_component(graph, rest, part);
  if (bitset_empty(rest, graph->set_words)) return 0;
  char *first = group_text(graph, part), *other = group_text(graph, rest);
  error_set(err, ERROR_USAGE, "the group is not connected: no tensor passes between %.300s and %.300s", first, other);
  free(first);
  free(other);
  return -1;
}

int group_parse(uint64_t *set, const struct graph *graph, const char *text, struct error *err) {
  char *copy = cli_strdup(text), *rest = copy;
  int status = 0;
  bitset_clear(set, graph->set_words);
  while (rest != NULL && status == 0) {
    char *item = strsep(&rest, ",");
    status = add_item(set, graph, item, err);
  }
  free(copy);
  return status == 0 ? check_connected(set, graph, err) : -1;
}

char *group_text(const struct graph *graph, const uint64_t *set) {
  size_t count = bitset_count(set, graph->set_words), first = bitset_next(set, graph->set_words, 0), last = first;
  for BITSET_EACH (v, set, graph->set_words) last = v;
  if (count == 1) return cli_strdup(graph->ops[first].name);
  return cli_format("%s .. %s (%zu)", graph->ops[first].name, graph->ops[last].name, count);
}
