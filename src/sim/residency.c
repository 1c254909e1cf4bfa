#include "sim/residency.h"

#include <stdlib.h>
#include <string.h>

#include "util/saturate.h"

int residency_reserve(struct residency *residency, uint32_t count) {
  size_t room = count == 0 ? 1 : count;
  residency->ops = malloc(room * sizeof *residency->ops);
  residency->least = malloc(room * sizeof *residency->least);
  residency->segments = malloc(room * sizeof *residency->segments);
  residency->stays = malloc(room * sizeof *residency->stays);
  residency->trial = malloc(room * sizeof *residency->trial);
  bool complete = residency->ops != NULL && residency->least != NULL && residency->segments != NULL &&
                  residency->stays != NULL && residency->trial != NULL;
  if (complete) return 0;
  residency_free(residency);
  return -1;
}

void residency_free(struct residency *residency) {
  free(residency->ops);
  free(residency->least);
  free(residency->segments);
  free(residency->stays);
  free(residency->trial);
  *residency = (struct residency){0};
}

/* What saves most for each byte that it takes comes first. */
int residency_compare(const void *left, const void *right) {
  const struct residency_op *a = left, *b = right;
  if (a->fetches != b->fetches) return a->fetches > b->fetches ? -1 : 1;
  if (a->weight_bytes != b->weight_bytes) return a->weight_bytes > b->weight_bytes ? -1 : 1;
  return a->op < b->op ? -1 : a->op > b->op;
}

static uint64_t saving(const struct residency_op *op) {
  return saturate_multiply(op->fetches - 1, op->weight_bytes);
}

static uint64_t largest_staging(const struct residency *residency) {
  uint64_t most = 0;
  for (uint32_t i = 0; i < residency->segment_count; i++) {
    if (residency->segments[i] > most) most = residency->segments[i];
  }
  return most;
}

/* What the ops from number `from` on save in so much room if parts of weights could stay. */
static uint64_t bound_from(const struct residency *residency, uint32_t from, uint64_t room_bytes) {
  uint64_t saved = 0;
  for (uint32_t i = from; i < residency->count && room_bytes > 0; i++) {
    const struct residency_op *op = &residency->ops[i];
    uint64_t taken = op->weight_bytes < room_bytes ? op->weight_bytes : room_bytes;
    saved = saturate_add(saved, saturate_multiply(op->fetches - 1, taken));
    room_bytes -= taken;
  }
  return saved;
}

uint64_t residency_least_bytes(const struct residency_op *ops, uint32_t count, uint64_t saved_bytes) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint64_t each = ops[i].fetches - 1, whole = saving(&ops[i]);
    if (each == 0) break;
    if (whole >= saved_bytes) return bytes + saved_bytes / each + (saved_bytes % each != 0);
    saved_bytes -= whole;
    bytes += ops[i].weight_bytes;
  }
  return saved_bytes == 0 ? bytes : UINT64_MAX;
}

struct search {
  struct residency *residency;
  uint64_t room_bytes, best;
  uint32_t steps;
};

static void take(struct residency *residency, uint32_t i, bool stays) {
  const struct residency_op *op = &residency->ops[i];
  residency->trial[i] = stays;
  if (stays) {
    residency->segments[op->segment] -= op->staging_bytes;
  } else {
    residency->segments[op->segment] += op->staging_bytes;
  }
}

/* Decides op after op, first that it stays: `kept` and `saved` are of those that do so far. A choice fits only
 * if it fits when all that is undecided streams: an op that stays takes at least the staging that it spares. */
static void decide(struct search *search, uint32_t i, uint64_t kept_bytes, uint64_t saved_bytes) {
  struct residency *residency = search->residency;
  if (search->steps >= RESIDENCY_MAX_STEPS) return;
  search->steps++;
  uint64_t used = kept_bytes + largest_staging(residency);
  if (used > search->room_bytes) return;
  if (saved_bytes > search->best) {
    search->best = saved_bytes;
    memcpy(residency->stays, residency->trial, residency->count * sizeof *residency->stays);
  }
  if (i == residency->count) return;
  uint64_t bound = bound_from(residency, i, search->room_bytes - kept_bytes);
  if (saturate_add(saved_bytes, bound) <= search->best) return;
  const struct residency_op *op = &residency->ops[i];
  take(residency, i, true);
  decide(search, i + 1, kept_bytes + op->weight_bytes, saturate_add(saved_bytes, saving(op)));
  take(residency, i, false);
  decide(search, i + 1, kept_bytes, saved_bytes);
}

uint64_t residency_choose(struct residency *residency, uint64_t room_bytes) {
  struct search search = {.residency = residency, .room_bytes = room_bytes};
  qsort(residency->ops, residency->count, sizeof *residency->ops, residency_compare);
  memset(residency->stays, 0, residency->count * sizeof *residency->stays);
  memset(residency->trial, 0, residency->count * sizeof *residency->trial);
  decide(&search, 0, 0, 0);
  return search.best;
}
