#include "sim/rows.h"

#include <stddef.h>

#include "util/bitset.h"

static int64_t divide_up(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }
static int64_t divide_down(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

uint32_t row_set_index(const struct row_set *set, uint32_t row) {
  if (set->rows == NULL) return (row - set->first) / set->step;
  uint32_t low = 0, high = set->count;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (set->rows[middle] <= row) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

struct row_taps row_taps(const struct row_map *map, uint32_t r, uint32_t rows) {
  if (map->kind == ROW_STREAMED) return (struct row_taps){0, 1, rows};
  if (map->kind == ROW_TABLE) return (struct row_taps){map->spans[r].first, 1, map->spans[r].count};
  int64_t start = (int64_t)r * map->stride + map->offset;
  int64_t from = start >= 0 ? 0 : -start, to = (int64_t)rows - 1 - start;
  if (map->dilation != 1) { /* most often it is, and divisions are slow */
    from = divide_up(from, map->dilation);
    to = divide_down(to, map->dilation);
  }
  if (to > (int64_t)map->kernel - 1) to = (int64_t)map->kernel - 1;
  if (to < from) return (struct row_taps){0, 1, 0};
  return (struct row_taps){(uint32_t)(start + from * map->dilation), map->dilation, (uint32_t)(to - from + 1)};
}

bool row_window_over(struct row_window *out, const struct row_map *map, const struct row_set *consumer, uint32_t rows) {
  if (map->kind == ROW_TABLE || consumer->rows != NULL || consumer->count == 0) return false;
  if (map->kind == ROW_STREAMED) {
    *out = (struct row_window){0, 1, rows, 0};
    return true;
  }
  int64_t stride = (int64_t)consumer->step * map->stride, dilation = map->dilation;
  int64_t base = (int64_t)consumer->first * map->stride + map->offset;
  int64_t reach = base + (int64_t)(consumer->count - 1) * stride; /* tap 0 of the last row */
  int64_t from = reach >= 0 ? 0 : divide_up(-reach, dilation);
  int64_t to = divide_down((int64_t)rows - 1 - base, dilation);
  if (to > (int64_t)map->kernel - 1) to = (int64_t)map->kernel - 1;
  if (to < from) return false;
  *out = (struct row_window){(uint32_t)stride, (uint32_t)dilation, (uint32_t)(to - from + 1), base + from * dilation};
  if (out->taps == 1) out->dilation = 1;
  return true;
}

/* The step between the rows that `count` windows cover together, or 0 if it varies. */
static uint32_t window_step(const struct row_window *window, uint32_t count) {
  uint32_t stride = window->stride, dilation = window->dilation, taps = window->taps;
  if (count == 1 || stride == 0) return dilation;
  if (taps == 1) return stride;
  if (dilation % stride == 0 && (uint64_t)count * stride >= dilation) return stride;
  if (stride % dilation == 0 && (uint64_t)taps * dilation >= stride) return dilation;
  return 0;
}

bool row_set_needed(struct row_set *out, const struct row_map *map, const struct row_set *consumer, uint32_t rows) {
  struct row_window window;
  *out = (struct row_set){0, 1, 0, NULL};
  if (consumer->count == 0) return true;
  if (map->kind == ROW_TABLE || consumer->rows != NULL) return false;
  if (!row_window_over(&window, map, consumer, rows)) return true;
  int64_t step = window_step(&window, consumer->count);
  if (step == 0) return false;
  int64_t last = window.base + (int64_t)(consumer->count - 1) * window.stride +
                 (int64_t)(window.taps - 1) * window.dilation;
  int64_t from = window.base >= 0 ? 0 : divide_up(-window.base, step);
  int64_t first = window.base + from * step;
  if (last > (int64_t)rows - 1) last -= divide_up(last - ((int64_t)rows - 1), step) * step;
  if (last < first) return true;
  *out = (struct row_set){(uint32_t)first, (uint32_t)step, (uint32_t)((last - first) / step + 1), NULL};
  if (out->count == 1) out->step = 1;
  return true;
}

static uint32_t row_set_last(const struct row_set *set) { return row_set_row(set, set->count - 1); }

bool row_set_join(struct row_set *into, const struct row_set *other) {
  if (other->count == 0) return true;
  if (into->count == 0) {
    *into = *other;
    return true;
  }
  if (into->rows != NULL || other->rows != NULL) return false;
  const struct row_set *low = into->first <= other->first ? into : other;
  const struct row_set *high = low == into ? other : into;
  uint32_t last = row_set_last(low) > row_set_last(high) ? row_set_last(low) : row_set_last(high);
  uint32_t step = low->step;
  /* The rows of high must all be rows of low's progression, which must reach them. */
  bool fits = (high->first - low->first) % step == 0 && (high->count == 1 || high->step % step == 0);
  bool inside = row_set_last(high) <= row_set_last(low);
  bool reaches = high->first <= row_set_last(low) + step && (high->count == 1 || high->step == step);
  if (!fits || !(inside || reaches)) return false;
  *into = (struct row_set){low->first, step, (last - low->first) / step + 1, NULL};
  return true;
}

void row_set_mark(uint64_t *marks, const struct row_map *map, const struct row_set *consumer, uint32_t rows) {
  for (uint32_t q = 0; q < consumer->count; q++) {
    struct row_taps taps = row_taps(map, row_set_row(consumer, q), rows);
    for (; taps.left > 0; row_taps_next(&taps)) bitset_add(marks, taps.row);
  }
}

int row_set_from_marks(struct row_set *out, const uint64_t *marks, uint32_t rows, struct arena *arena) {
  size_t words = bitset_words(rows);
  uint32_t count = (uint32_t)bitset_count(marks, words), n = 0;
  uint32_t *list = ARENA_NEW(arena, uint32_t, count);
  if (list == NULL) return -1;
  for BITSET_EACH (row, marks, words) list[n++] = (uint32_t)row;
  *out = (struct row_set){count == 0 ? 0 : list[0], 1, count, NULL};
  if (count < 2) return 0;
  out->step = list[1] - list[0];
  for (n = 1; n < count; n++) {
    if (list[n] - list[n - 1] != out->step) out->rows = list;
  }
  return 0;
}
