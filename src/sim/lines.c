#include "sim/lines.h"

#include <stdlib.h>
#include <string.h>

#include "graph/group.h"
#include "util/bitset.h"

int lines_create(struct lines *lines, const struct sim_model *model, struct error *err) {
  const struct graph *graph = model->graph;
  size_t uses = 1;
  for (uint32_t t = 0; t < graph->tensor_count; t++) uses += graph->tensors[t].input_count;
  *lines = (struct lines){.model = model};
  lines->items = malloc(graph->tensor_count * sizeof *lines->items);
  lines->uses = malloc(uses * sizeof *lines->uses);
  lines->maps = malloc(uses * sizeof *lines->maps);
  lines->of_tensor = malloc(graph->tensor_count * sizeof *lines->of_tensor);
  if (lines->items == NULL || lines->uses == NULL || lines->maps == NULL || lines->of_tensor == NULL) {
    lines_free(lines);
    return error_memory(err);
  }
  for (uint32_t t = 0; t < graph->tensor_count; t++) lines->of_tensor[t] = LINES_NONE;
  return 0;
}

void lines_free(struct lines *lines) {
  free(lines->items);
  free(lines->uses);
  free(lines->maps);
  free(lines->of_tensor);
  arena_free(&lines->tables);
  *lines = (struct lines){0};
}

/* ---- lines and who reads them ---- */

static void lines_clear(struct lines *lines) {
  for (uint32_t i = 0; i < lines->count; i++) lines->of_tensor[lines->items[i].tensor] = LINES_NONE;
  lines->count = lines->inside_count = lines->use_count = 0;
  if (lines->tables.used_bytes > 0) arena_free(&lines->tables);
}

static struct line *lines_add(struct lines *lines, uint32_t tensor, uint32_t op) {
  struct line *line = &lines->items[lines->count];
  *line = (struct line){
      .tensor = tensor,
      .op = op,
      .row_bytes = lines->model->row_bytes[tensor],
      .first_use = LINES_NONE,
  };
  lines->of_tensor[tensor] = lines->count++;
  return line;
}

static void lines_add_inside(struct lines *lines, const uint64_t *group) {
  const struct graph *graph = lines->model->graph;
  for BITSET_EACH (v, group, graph->set_words) {
    const struct op *op = &graph->ops[v];
    for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
      struct line *line = lines_add(lines, t, (uint32_t)v);
      line->stored = group_tensor_leaves(graph, t, group);
      line->in_place = graph->tensors[t].elementwise && lines->model->hw.in_place;
    }
  }
  lines->inside_count = lines->count;
}

/* Whether two maps of an output of so many rows are the same. */
static bool row_map_equal(const struct row_map *a, const struct row_map *b, uint32_t rows) {
  if (a->kind != b->kind) return false;
  switch (a->kind) {
    case ROW_STREAMED: return true;
    case ROW_TABLE: return memcmp(a->spans, b->spans, rows * sizeof *a->spans) == 0;
    case ROW_WINDOW: break;
  }
  return a->stride == b->stride && a->dilation == b->dilation && a->kernel == b->kernel && a->offset == b->offset;
}

/* Whether an earlier input reads the same rows of the same tensor, as in x * x. */
static bool input_repeats(const struct tensor *tensor, uint32_t input) {
  const struct tensor_input *b = &tensor->inputs[input];
  for (const struct tensor_input *a = tensor->inputs; a < b; a++) {
    if (a->tensor == b->tensor && row_map_equal(&a->map, &b->map, tensor->rows)) return true;
  }
  return false;
}

static void lines_add_uses(struct lines *lines, uint32_t consumer) {
  const struct tensor *tensor = &lines->model->graph->tensors[lines->items[consumer].tensor];
  lines->items[consumer].first_input = lines->use_count;
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    const struct tensor_input *input = &tensor->inputs[i];
    if (input_repeats(tensor, i)) continue;
    uint32_t index = lines->of_tensor[input->tensor];
    if (index == LINES_NONE) {
      index = lines->count;
      lines_add(lines, input->tensor, GRAPH_NO_OP);
    }
    lines->uses[lines->use_count] = (struct use){
        .line = index,
        .consumer = consumer,
        .next = lines->items[index].first_use,
        .streamed = input->map.kind == ROW_STREAMED,
    };
    lines->items[consumer].streams |= input->map.kind == ROW_STREAMED;
    lines->maps[lines->use_count] = &input->map;
    lines->items[index].first_use = lines->use_count++;
  }
  lines->items[consumer].input_count = lines->use_count - lines->items[consumer].first_input;
}

/* ---- needed rows ---- */

static int line_set_by_marks(struct lines *lines, struct line *line, uint32_t rows) {
  uint64_t *marks = ARENA_NEW(&lines->tables, uint64_t, bitset_words(rows));
  if (marks == NULL) return -1;
  for (uint32_t e = line->first_use; e != LINES_NONE; e = lines->uses[e].next) {
    row_set_mark(marks, lines->maps[e], &lines->items[lines->uses[e].consumer].set, rows);
  }
  return row_set_from_marks(&line->set, marks, rows, &lines->tables);
}

static int line_find_set(struct lines *lines, struct line *line) {
  uint32_t rows = lines->model->graph->tensors[line->tensor].rows;
  line->set = (struct row_set){0, 1, line->stored ? rows : 0, NULL};
  if (line->stored) return 0;
  for (uint32_t e = line->first_use; e != LINES_NONE; e = lines->uses[e].next) {
    struct row_set needed;
    const struct row_set *consumer = &lines->items[lines->uses[e].consumer].set;
    if (!row_set_needed(&needed, lines->maps[e], consumer, rows) || !row_set_join(&line->set, &needed)) {
      return line_set_by_marks(lines, line, rows);
    }
  }
  return 0;
}

/* ---- uses in terms of needed rows ---- */

static bool use_set_window(struct use *use, const struct row_map *map, const struct row_set *line,
                           const struct row_set *consumer, uint32_t rows) {
  struct row_window window;
  if (line->rows != NULL || consumer->rows != NULL || map->kind == ROW_TABLE) return false;
  if (!row_window_over(&window, map, consumer, rows)) {
    window = (struct row_window){0, 1, 0, 0}; /* no tap meets the input */
  }
  int64_t base = window.base - (int64_t)line->first;
  if (window.taps > 0 && (base % line->step != 0 || window.stride % line->step != 0)) return false;
  if (window.taps > 1 && window.dilation % line->step != 0) return false;
  use->stride = window.stride / line->step;
  use->dilation = window.taps > 1 ? window.dilation / line->step : 1;
  use->taps = window.taps;
  use->base = window.taps > 0 ? base / (int64_t)line->step : 0;
  return true;
}

static int use_set_table(struct use *use, const struct row_map *map, const struct row_set *line,
                         const struct row_set *consumer, uint32_t rows, struct arena *arena) {
  uint32_t items = 0, n = 0;
  for (uint32_t q = 0; q < consumer->count; q++) items += row_taps(map, row_set_row(consumer, q), rows).left;
  struct use_table *table = ARENA_NEW(arena, struct use_table, 1);
  uint32_t *begin = ARENA_NEW(arena, uint32_t, (size_t)consumer->count + 1);
  uint32_t *list = ARENA_NEW(arena, uint32_t, items);
  int64_t *last_firing = ARENA_NEW(arena, int64_t, line->count);
  if (table == NULL || begin == NULL || list == NULL || last_firing == NULL) return -1;
  for (uint32_t i = 0; i < line->count; i++) last_firing[i] = -1;
  for (uint32_t q = 0; q < consumer->count; q++) {
    struct row_taps taps = row_taps(map, row_set_row(consumer, q), rows);
    for (; taps.left > 0; row_taps_next(&taps)) {
      uint32_t i = row_set_index(line, taps.row);
      last_firing[i] = q;
      list[n++] = i;
    }
    begin[q + 1] = n;
  }
  *table = (struct use_table){.begin = begin, .items = list, .last_firing = last_firing};
  use->table = table;
  return 0;
}

static int use_finish(struct lines *lines, struct use *use, const struct row_map *map) {
  const struct row_set *line = &lines->items[use->line].set;
  const struct row_set *consumer = &lines->items[use->consumer].set;
  uint32_t rows = lines->model->graph->tensors[lines->items[use->line].tensor].rows;
  use->line_count = line->count;
  use->firings = consumer->count;
  if (use->streamed) {
    use->firings = consumer->count == 0 ? 0 : line->count;
    use->stride = use->dilation = use->taps = 1;
    return 0;
  }
  if (use_set_window(use, map, line, consumer, rows)) return 0;
  return use_set_table(use, map, line, consumer, rows, &lines->tables);
}

int lines_build(struct lines *lines, const uint64_t *group) {
  lines_clear(lines);
  lines_add_inside(lines, group);
  for (uint32_t i = 0; i < lines->inside_count; i++) lines_add_uses(lines, i);
  /* Readers come before what they read: inside backwards, then outside. */
  for (uint32_t i = lines->inside_count; i-- > 0;) {
    if (line_find_set(lines, &lines->items[i]) != 0) return -1;
  }
  for (uint32_t i = lines->inside_count; i < lines->count; i++) {
    if (line_find_set(lines, &lines->items[i]) != 0) return -1;
  }
  for (uint32_t e = 0; e < lines->use_count; e++) {
    if (use_finish(lines, &lines->uses[e], lines->maps[e]) != 0) return -1;
  }
  return 0;
}

/* ---- uses ---- */

int64_t use_last_row(const struct use *use, uint32_t q) {
  if (use->table != NULL) {
    uint32_t end = use->table->begin[q + 1];
    return end == use->table->begin[q] ? -1 : (int64_t)use->table->items[end - 1];
  }
  if (use->taps == 0) return -1;
  int64_t row = (int64_t)use->stride * q + use->base + (int64_t)(use->taps - 1) * use->dilation;
  int64_t beyond = row - ((int64_t)use->line_count - 1);
  if (beyond <= 0) return row;
  if (use->dilation == 1) {
    bool meets = (int64_t)use->stride * q + use->base < (int64_t)use->line_count;
    return meets ? (int64_t)use->line_count - 1 : -1;
  }
  struct use_rows rows = use_rows(use, q);
  return rows.left == 0 ? -1 : (int64_t)rows.row + (int64_t)(rows.left - 1) * rows.step;
}

/* No firing up to q needs a row after this one. */
static int64_t use_last_possible(const struct use *use, uint32_t q) {
  int64_t end = (int64_t)use->line_count - 1;
  if (use->table != NULL) return end;
  int64_t last = (int64_t)use->stride * q + use->base + (int64_t)(use->taps - 1) * use->dilation;
  return last < end ? last : end;
}

/* At the lower border the taps of a dilated window fall outside one by one, so the last row
 * that a firing needs may lie before that of the firing above. */
int64_t use_last_row_of(const struct use *use, uint32_t from, uint32_t to) {
  int64_t last = -1;
  if (use->streamed) return from < to ? (int64_t)use->firings - 1 : -1;
  if (use->table == NULL && use->taps == 0) return -1;
  for (uint32_t q = to; q > from && last < use_last_possible(use, q - 1); q--) {
    int64_t row = use_last_row(use, q - 1);
    if (row > last) last = row;
  }
  return last;
}

int64_t use_last_firing(const struct use *use, uint32_t i) {
  if (use->table != NULL) return use->table->last_firing[i];
  int64_t x = (int64_t)i - use->base; /* stride * q + j * dilation */
  if (use->stride == 0) {
    bool hit = x >= 0 && x % use->dilation == 0 && x / use->dilation < use->taps;
    return hit ? (int64_t)use->firings - 1 : -1;
  }
  for (uint32_t j = 0; j < use->taps && x >= 0; j++, x -= use->dilation) {
    int64_t q = use->stride == 1 ? x : x / use->stride;
    if (q * use->stride == x && q < use->firings) return q;
  }
  return -1;
}

struct use_rows use_rows(const struct use *use, uint32_t q) {
  if (use->table != NULL) {
    const uint32_t *list = use->table->items + use->table->begin[q];
    uint32_t count = use->table->begin[q + 1] - use->table->begin[q];
    return (struct use_rows){count > 0 ? *list : 0, 0, count, list};
  }
  struct row_map window = {.kind = ROW_WINDOW,
                           .stride = use->stride,
                           .dilation = use->dilation,
                           .kernel = use->taps,
                           .offset = use->base};
  struct row_taps taps = row_taps(&window, q, use->line_count);
  return (struct use_rows){taps.row, taps.step, taps.left, NULL};
}
