#include "sim/steady.h"

#include <string.h>

enum {
  STEADY_LEAST_TURNS = 6, /* with fewer left a comparison costs more than it saves */
  STEADY_SMALL_PART = 16, /* see order_periods() */
};

/* What is compared: a walk now and at an earlier turn. */
struct comparison {
  const struct walk *walk;
  const struct walk_snapshot *snapshot;
};

/* One counter between the snapshot and now. */
struct motion {
  int64_t before, now, step;
};

static struct motion use_motion(struct comparison c, uint32_t e) {
  const struct walk *walk = c.walk;
  const struct use *use = &walk->lines.uses[e];
  int64_t before = use->streamed ? c.snapshot->taken[e] : c.snapshot->next[use->consumer];
  int64_t now = walk_counter(walk, e);
  return (struct motion){before, now, now - before};
}

static struct motion line_motion(struct comparison c, uint32_t line) {
  int64_t before = c.snapshot->next[line], now = c.walk->next[line];
  return (struct motion){before, now, now - before};
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Periods for which a position that is at `now` and moves by step stays at or below limit. */
static int64_t periods_below(int64_t now, int64_t step, int64_t limit) {
  if (now > limit) return 0;
  return step <= 0 ? INT64_MAX : (limit - now) / step;
}

/* First row that firing q would need if the line had no first row. */
static int64_t window_first(const struct use *use, int64_t q) { return use->stride * q + use->base; }

static int64_t window_reach(const struct use *use) { return (int64_t)(use->taps - 1) * use->dilation; }

/* ---- tables ---- */

/* By how many rows of the line a table moves on from the firings of one period, beginning
 * with `from`, to those of the next; false if it does not. */
static bool table_pace(const struct use *use, int64_t from, int64_t step, int64_t *pace) {
  const uint32_t *begin = use->table->begin, *items = use->table->items;
  for (int64_t q = from; q < from + step && q + step < (int64_t)use->firings; q++) {
    if (begin[q + 1] == begin[q]) continue;
    if (begin[q + step + 1] == begin[q + step]) return false;
    *pace = (int64_t)items[begin[q + step]] - items[begin[q]];
    return *pace > 0;
  }
  return false;
}

static bool table_firing_repeats(const struct use_table *table, int64_t q, int64_t step, int64_t pace) {
  uint32_t now = table->begin[q], later = table->begin[q + step], count = table->begin[q + 1] - now;
  if (table->begin[q + step + 1] - later != count) return false;
  for (uint32_t k = 0; k < count; k++) {
    if (table->items[now + k] + pace != table->items[later + k]) return false;
  }
  return true;
}

/* The first firing q >= from whose rows are not those of q + step, moved by pace. */
static int64_t table_firings_until(const struct use *use, int64_t from, int64_t step, int64_t pace) {
  int64_t q = from;
  while (q + step < (int64_t)use->firings && table_firing_repeats(use->table, q, step, pace)) q++;
  return q;
}

/* The first row i >= from whose last firing is not `step` before that of row i + pace. */
static int64_t table_rows_until(const struct use *use, int64_t from, int64_t step, int64_t pace) {
  const int64_t *last = use->table->last_firing;
  int64_t i = from;
  while (i + pace < (int64_t)use->line_count && last[i + pace] == (last[i] < 0 ? -1 : last[i] + step)) i++;
  return i;
}

/* The first row i >= from of which, `fired` firings done, not the same holds as of row i +
 * pace: it is needed, or not. */
static int64_t table_needs_until(const struct use *use, int64_t from, int64_t fired, int64_t pace) {
  const int64_t *last = use->table->last_firing;
  int64_t i = from;
  while (i + pace < (int64_t)use->line_count && (last[i + pace] < fired) == (last[i] < fired)) i++;
  return i;
}

/* ---- uses ---- */

/* By how many rows of the line the use moves per period; false if it is not regular. */
static bool use_pace(const struct use *use, struct motion firing, int64_t *pace) {
  if (use->table != NULL) return table_pace(use, firing.before, firing.step, pace);
  *pace = use->stride * firing.step;
  return true;
}

/* So far from the first row of a firing, whether this firing or a later one needs a row, and
 * which is the last, depends on the row's place in the stride only. Stride at least 1. */
static int64_t window_onset(const struct use *use) {
  return least(window_reach(use), (int64_t)(use->stride - 1) * use->dilation);
}

/* Whether all rows between the first and the last that firings from q on need are needed. */
static bool use_gapless(const struct use *use, int64_t q) {
  if (use->dilation == 1 && use->taps >= use->stride) return true;
  return use->stride == 1 && use->dilation <= use->firings - q;
}

/* Rows of a line that a moving use touches: from `low` in the period seen, up to `high`
 * there and `pace` more each period. */
struct touched {
  int64_t low, high, pace;
};

static struct touched use_touches(const struct use *use, struct motion firing, int64_t pace) {
  struct touched rows = {INT64_MAX, -1, pace};
  if (use->table == NULL) {
    rows.low = window_first(use, firing.before);
    rows.high = window_first(use, firing.now - 1) + window_reach(use);
    return rows;
  }
  const struct use_table *table = use->table;
  for (uint32_t k = table->begin[firing.before]; k < table->begin[firing.now]; k++) {
    if (table->items[k] < rows.low) rows.low = table->items[k];
    if (table->items[k] > rows.high) rows.high = table->items[k];
  }
  return rows;
}

/* Periods for which the use's own firings stay clear of the borders of both lines. */
static int64_t use_interior(const struct use *use, struct motion firing, struct touched rows) {
  if (use->table != NULL) {
    int64_t firings_until = table_firings_until(use, firing.before, firing.step, rows.pace);
    int64_t rows_until = table_rows_until(use, rows.low, firing.step, rows.pace);
    return least(periods_below(firing.now, firing.step, firings_until),
                 periods_below(rows.high, rows.pace, rows_until));
  }
  if (use->stride == 0) return periods_below(firing.now, firing.step, (int64_t)use->firings - 1);
  if (rows.low < 0) return 0;
  int64_t inside = periods_below(rows.high, rows.pace, (int64_t)use->line_count - 1);
  int64_t reread = firing.now - 1 + window_reach(use) / use->stride;
  return least(inside, periods_below(reread, firing.step, (int64_t)use->firings - 1));
}

/* Periods for which a reader that stands still says the same of every row touched:
 * it still needs them all, or none. */
static int64_t still_reader(const struct use *other, int64_t fired, struct touched rows) {
  if (fired == (int64_t)other->firings) return INT64_MAX;
  if (other->table != NULL) {
    return periods_below(rows.high, rows.pace, table_needs_until(other, rows.low, fired, rows.pace));
  }
  if (other->taps == 0) return INT64_MAX;
  int64_t first = window_first(other, fired), last_first = window_first(other, (int64_t)other->firings - 1);
  int64_t last = last_first + window_reach(other);
  if (rows.low > last) return INT64_MAX;
  if (other->stride == 0) {
    bool all = other->base == 0 && other->dilation == 1 && other->taps >= other->line_count;
    return all ? INT64_MAX : 0;
  }
  if (rows.low < first) return periods_below(rows.high, rows.pace, first - 1);
  if (use_gapless(other, fired)) {
    return periods_below(rows.high, rows.pace, least(last, (int64_t)other->line_count - 1));
  }
  if (rows.pace % other->stride != 0 || rows.low < first + window_onset(other)) return 0;
  return periods_below(rows.high, rows.pace, last_first);
}

/* Periods for which a reader that moves along says the same, shifted, of every row. */
static int64_t moving_reader(const struct use *other, struct motion firing, struct touched rows) {
  int64_t pace;
  if (!use_pace(other, firing, &pace)) return 0;
  if (other->table != NULL) {
    if (pace != rows.pace) return 0;
    return periods_below(rows.high, rows.pace, table_rows_until(other, rows.low, firing.step, pace));
  }
  if (other->stride == 0) return still_reader(other, 0, rows); /* its interior keeps it from finishing */
  if (pace != rows.pace || rows.low < other->base + window_onset(other)) return 0;
  return periods_below(rows.high, rows.pace, window_first(other, (int64_t)other->firings - 1));
}

/* Periods for which every row that use e touches lives and dies as in the period seen. */
static int64_t use_deaths(struct comparison c, uint32_t e, struct touched rows) {
  const struct walk *walk = c.walk;
  const struct use *use = &walk->lines.uses[e];
  int64_t periods = INT64_MAX;
  for (uint32_t o = walk->lines.items[use->line].first_use; o != LINES_NONE; o = walk->lines.uses[o].next) {
    if (o == e) continue;
    struct motion other = use_motion(c, o);
    const struct use *reader = &walk->lines.uses[o];
    periods = least(periods, other.step == 0 ? still_reader(reader, other.now, rows)
                                             : moving_reader(reader, other, rows));
  }
  return periods;
}

/* Periods for which a use behaves as in the period seen. */
static int64_t use_periods(struct comparison c, uint32_t e) {
  const struct use *use = &c.walk->lines.uses[e];
  struct motion firing = use_motion(c, e), line = line_motion(c, use->line);
  int64_t pace;
  if (firing.step == 0) return INT64_MAX;
  if (use->table == NULL && use->taps == 0) return periods_below(firing.now, firing.step, use->firings);
  if (!use_pace(use, firing, &pace)) return 0;
  struct touched rows = use_touches(use, firing, pace);
  int64_t periods = INT64_MAX;
  if (pace != line.step) {
    /* It may run over rows that are all there already. */
    if (line.step != 0) return 0;
    periods = periods_below(rows.high, pace, (int64_t)c.walk->next[use->line] - 1);
  }
  if (periods > 0) periods = least(periods, use_interior(use, firing, rows));
  return periods == 0 ? 0 : least(periods, use_deaths(c, e, rows));
}

/* Periods for which the rows of a stored line stay needed, or not, inside the group. */
static int64_t stored_periods(struct comparison c, uint32_t index) {
  const struct lines *lines = &c.walk->lines;
  const struct line *line = &lines->items[index];
  struct motion motion = line_motion(c, index);
  if (motion.step == 0) return INT64_MAX;
  const struct touched rows = {motion.before, motion.now - 1, motion.step};
  int64_t periods = periods_below(motion.now, motion.step, line->set.count);
  for (uint32_t e = line->first_use; e != LINES_NONE; e = lines->uses[e].next) {
    periods = least(periods, still_reader(&lines->uses[e], 0, rows));
  }
  return periods;
}

/* Periods for which a pick (struct walk_picks) comes out the same: (next row + 1) / rows of
 * the output picked stays below that of every other, or equal to that of a larger label. */
static int64_t pick_periods(struct comparison c, const uint32_t *pick) {
  const struct walk *walk = c.walk;
  uint32_t u = walk->outputs[pick[0]], u_rows = pick[1 + pick[0]];
  int64_t periods = INT64_MAX, u_count = walk->lines.items[u].set.count;
  for (uint32_t i = 0; i < walk->output_count; i++) {
    uint32_t w = walk->outputs[i], w_rows = pick[1 + i];
    int64_t w_count = walk->lines.items[w].set.count;
    if (w == u || w_rows == w_count) continue;
    int64_t ahead = ((int64_t)u_rows + 1) * w_count - ((int64_t)w_rows + 1) * u_count;
    int64_t gain = line_motion(c, u).step * w_count - line_motion(c, w).step * u_count;
    periods = least(periods, periods_below(ahead, gain, u < w ? 0 : -1));
  }
  return periods;
}

/* Periods for which the outputs take turns as in the period seen; at most limit. 0 too if
 * that is a small part of the turns left: a run of one output between two turns of another
 * is no period, and skipping most of it would only hide the real one. */
static int64_t order_periods(struct comparison c, int64_t limit, int64_t left) {
  const struct walk_picks *picks = &c.walk->picks;
  int64_t periods = limit;
  if (picks->count != c.snapshot->turns) return 0; /* too many to remember */
  for (uint32_t i = 0; i < picks->count && periods > 0; i++) {
    periods = least(periods, pick_periods(c, picks->items + (size_t)i * (c.walk->output_count + 1)));
  }
  bool small = periods < limit && periods * c.snapshot->turns < left / STEADY_SMALL_PART;
  return small ? 0 : periods;
}

void steady_pick(struct walk *walk, uint32_t output) {
  struct walk_picks *picks = &walk->picks;
  size_t length = walk->output_count + 1;
  if (!walk->skip_steady || walk->output_count < 2 || (picks->count + 1) * length > STEADY_PICK_ITEMS) return;
  uint32_t *pick = picks->items + picks->count++ * length;
  pick[0] = output;
  for (uint32_t i = 0; i < walk->output_count; i++) pick[1 + i] = walk->next[walk->outputs[i]];
}

/* Whether all outputs come as many rows further in each period of stripes: what they are to
 * reach is a part of the rows of the tallest, rounded up. */
static bool stripes_repeat(struct comparison c) {
  const struct walk *walk = c.walk;
  uint64_t step = walk->striped_rows - c.snapshot->striped_rows, tallest = 0;
  for (uint32_t i = 0; i < walk->output_count; i++) {
    uint32_t rows = walk->lines.items[walk->outputs[i]].set.count;
    if (rows > tallest) tallest = rows;
  }
  for (uint32_t i = 0; i < walk->output_count; i++) {
    if (step * walk->lines.items[walk->outputs[i]].set.count % tallest != 0) return false;
  }
  return true;
}

static int64_t steady_periods(struct comparison c, enum walk_loop loop, int64_t left) {
  const struct walk *walk = c.walk;
  if (loop == WALK_STRIPES && !stripes_repeat(c)) return 0;
  int64_t periods = left / c.snapshot->turns;
  for (uint32_t i = 0; i < walk->output_count && periods > 0; i++) {
    periods = least(periods, stored_periods(c, walk->outputs[i]));
  }
  for (uint32_t e = 0; e < walk->lines.use_count && periods > 0; e++) {
    periods = least(periods, use_periods(c, e));
  }
  bool takes_turns = loop == WALK_TARGETS && walk->output_count > 1;
  return takes_turns && periods > 0 ? order_periods(c, periods, left) : periods;
}

static void steady_skip(struct walk *walk, const struct walk_snapshot *snapshot, int64_t periods) {
  const struct comparison c = {walk, snapshot};
  for (uint32_t e = 0; e < walk->lines.use_count; e++) {
    if (!walk->lines.uses[e].streamed) continue;
    walk->taken[e] += (uint32_t)(use_motion(c, e).step * periods);
  }
  for (uint32_t i = 0; i < walk->lines.count; i++) {
    walk->next[i] += (uint32_t)(line_motion(c, i).step * periods);
    walk->fetches[i] += (walk->fetches[i] - snapshot->fetches[i]) * (uint32_t)periods;
  }
  /* The change may be negative; unsigned arithmetic wraps to the right sum. */
  walk->occupied_bytes += (walk->occupied_bytes - snapshot->occupied_bytes) * (uint64_t)periods;
  walk->fetched_bytes += (walk->fetched_bytes - snapshot->fetched_bytes) * (uint64_t)periods;
  walk->striped_rows += (walk->striped_rows - snapshot->striped_rows) * (uint32_t)periods;
  walk->skipped_periods += (uint64_t)periods;
}

static void snapshot_take(struct walk_snapshot *snapshot, const struct walk *walk, uint32_t last_turns) {
  snapshot->valid = true;
  snapshot->turns = 0;
  snapshot->last_turns = last_turns;
  snapshot->occupied_bytes = walk->occupied_bytes;
  snapshot->fetched_bytes = walk->fetched_bytes;
  snapshot->striped_rows = walk->striped_rows;
  memcpy(snapshot->next, walk->next, walk->lines.count * sizeof *walk->next);
  memcpy(snapshot->taken, walk->taken, walk->lines.use_count * sizeof *walk->taken);
  memcpy(snapshot->fetches, walk->fetches, walk->lines.count * sizeof *walk->fetches);
}

/* Skips what it can; returns after how many turns the next snapshot is due, 0 for not yet.
 *
 * Brent's search for a cycle (1980): each turn is compared with a snapshot that is taken
 * anew after 1, 2, 3, 5, 8, ... turns, so that one is taken in steady state and kept for as
 * long as a period soon after it begins, whatever the period is. */
static uint32_t steady_compare(struct walk *walk, enum walk_loop loop, int64_t left) {
  struct walk_snapshot *snapshot = &walk->snapshots[loop];
  snapshot->turns++;
  int64_t periods = steady_periods((struct comparison){walk, snapshot}, loop, left);
  if (periods >= 2) {
    steady_skip(walk, snapshot, periods - 1);
    return 1;
  }
  return snapshot->turns < snapshot->last_turns ? 0 : snapshot->last_turns + (snapshot->last_turns + 1) / 2;
}

void steady_turn(struct walk *walk, enum walk_loop loop, uint32_t item, uint32_t upto, int64_t left) {
  struct walk_snapshot *snapshot = &walk->snapshots[loop];
  if (!walk->skip_steady || left < STEADY_LEAST_TURNS) return;
  bool same_loop = snapshot->valid && snapshot->item == item && snapshot->upto == upto;
  uint32_t last_turns = same_loop ? steady_compare(walk, loop, left) : 1;
  if (last_turns == 0) return;
  snapshot->item = item;
  snapshot->upto = upto;
  snapshot_take(snapshot, walk, last_turns);
  if (loop == WALK_TARGETS) walk->picks.count = 0;
}
