#include "sched/memo.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define HASH_NONFATAL_OOM 1
#define HASH_BKT_CAPACITY_THRESH 2 /* short chains: look-ups are what most of the time goes to */
#include <uthash.h>

#include "util/arena.h"

enum { MEMO_SHARDS = 64 };

struct memo_entry {
  bool has_cost, has_side, has_split, has_reason;
  struct group_cost cost;
  struct expense expense;
  struct memo_side side;
  struct split split;
  struct memo_reason reason;
  UT_hash_handle hh;
  uint64_t group[];
};

struct memo_shard {
  pthread_mutex_t lock;
  struct memo_entry *entries;
  struct arena arena;
};

struct split_memo {
  const struct sim_model *model;
  size_t group_bytes;
  struct memo_shard shards[MEMO_SHARDS];
};

int split_memo_create(struct split_memo **out, const struct sim_model *model, struct error *err) {
  struct split_memo *memo = calloc(1, sizeof *memo);
  if (memo == NULL) return error_memory(err);
  memo->model = model;
  memo->group_bytes = model->graph->set_words * sizeof(uint64_t);
  for (size_t i = 0; i < MEMO_SHARDS; i++) pthread_mutex_init(&memo->shards[i].lock, NULL);
  *out = memo;
  return 0;
}

void split_memo_free(struct split_memo *memo) {
  if (memo == NULL) return;
  for (size_t i = 0; i < MEMO_SHARDS; i++) {
    HASH_CLEAR(hh, memo->shards[i].entries);
    arena_free(&memo->shards[i].arena);
    pthread_mutex_destroy(&memo->shards[i].lock);
  }
  free(memo);
}

const struct sim_model *memo_model(const struct split_memo *memo) { return memo->model; }

/* The shard of a group, locked, and the hash value by which uthash finds the group. */
static struct memo_shard *memo_lock(struct split_memo *memo, const uint64_t *group, unsigned *hash) {
  XXH64_hash_t full = XXH3_64bits(group, memo->group_bytes);
  struct memo_shard *shard = &memo->shards[(full >> 32) % MEMO_SHARDS];
  *hash = (unsigned)full;
  pthread_mutex_lock(&shard->lock);
  return shard;
}

static struct memo_entry *shard_find(struct memo_shard *shard, const uint64_t *group, size_t bytes, unsigned hash) {
  struct memo_entry *entry;
  HASH_FIND_BYHASHVALUE(hh, shard->entries, group, bytes, hash, entry);
  return entry;
}

static struct memo_entry *shard_find_or_add(struct memo_shard *shard, const uint64_t *group, size_t bytes,
                                            unsigned hash) {
  struct memo_entry *entry = shard_find(shard, group, bytes, hash);
  if (entry != NULL) return entry;
  entry = arena_alloc(&shard->arena, 1, sizeof *entry + bytes);
  if (entry == NULL) return NULL;
  memcpy(entry->group, group, bytes);
  HASH_ADD_KEYPTR_BYHASHVALUE(hh, shard->entries, entry->group, bytes, hash, entry);
  return entry->hh.tbl == NULL ? NULL : entry;
}

bool memo_find_cost(struct split_memo *memo, const uint64_t *group, struct group_cost *cost, struct expense *expense) {
  unsigned hash;
  struct memo_shard *shard = memo_lock(memo, group, &hash);
  const struct memo_entry *entry = shard_find(shard, group, memo->group_bytes, hash);
  bool found = entry != NULL && entry->has_cost;
  if (found) {
    *cost = entry->cost;
    *expense = entry->expense;
  }
  pthread_mutex_unlock(&shard->lock);
  return found;
}

int memo_add_cost(struct split_memo *memo, const uint64_t *group, const struct group_cost *cost,
                  const struct expense *expense) {
  unsigned hash;
  struct memo_shard *shard = memo_lock(memo, group, &hash);
  struct memo_entry *entry = shard_find_or_add(shard, group, memo->group_bytes, hash);
  if (entry != NULL) {
    entry->cost = *cost;
    entry->expense = *expense;
    entry->has_cost = true;
  }
  pthread_mutex_unlock(&shard->lock);
  return entry == NULL ? -1 : 0;
}

bool memo_find_side(struct split_memo *memo, const uint64_t *ops, struct memo_side *side) {
  unsigned hash;
  struct memo_shard *shard = memo_lock(memo, ops, &hash);
  const struct memo_entry *entry = shard_find(shard, ops, memo->group_bytes, hash);
  bool found = entry != NULL && entry->has_side;
  if (found) *side = entry->side;
  pthread_mutex_unlock(&shard->lock);
  return found;
}

int memo_add_side(struct split_memo *memo, const uint64_t *ops, const struct memo_side *side) {
  unsigned hash;
  struct memo_shard *shard = memo_lock(memo, ops, &hash);
  struct memo_entry *entry = shard_find_or_add(shard, ops, memo->group_bytes, hash);
  if (entry != NULL) {
    entry->side = *side;
    entry->has_side = true;
  }
  pthread_mutex_unlock(&shard->lock);
  return entry == NULL ? -1 : 0;
}

bool memo_find_split(struct split_memo *memo, const uint64_t *group, struct split *split) {
  unsigned hash;
  struct memo_shard *shard = memo_lock(memo, group, &hash);
  const struct memo_entry *entry = shard_find(shard, group, memo->group_bytes, hash);
  bool found = entry != NULL && entry->has_split;
  if (found) *split = entry->split;
  pthread_mutex_unlock(&shard->lock);
  return found;
}

static int split_copy(struct split *to, const struct split *from, size_t group_bytes, struct arena *arena) {
  uint64_t *sets = arena_alloc(arena, from->part_count, group_bytes);
  struct group_cost *costs = ARENA_NEW(arena, struct group_cost, from->part_count);
  if (sets == NULL || costs == NULL) return -1;
  memcpy(sets, from->sets, from->part_count * group_bytes);
  memcpy(costs, from->costs, from->part_count * sizeof *costs);
  *to = (struct split){from->expense, from->part_count, costs, sets};
  return 0;
}

int memo_add_split(struct split_memo *memo, const uint64_t *group, struct split *split,
                   const struct memo_reason *reason) {
  unsigned hash;
  struct memo_shard *shard = memo_lock(memo, group, &hash);
  struct memo_entry *entry = shard_find_or_add(shard, group, memo->group_bytes, hash);
  int status = entry == NULL ? -1 : 0;
  if (entry != NULL && !entry->has_split) {
    status = split_copy(&entry->split, split, memo->group_bytes, &shard->arena);
    entry->has_split = status == 0;
    entry->has_reason = reason != NULL;
    if (reason != NULL) entry->reason = *reason;
  }
  if (status == 0) *split = entry->split;
  pthread_mutex_unlock(&shard->lock);
  return status;
}

struct reason_order {
  const struct memo_entry *entry;
  size_t bytes;
};

static int compare_reasons(const void *left, const void *right) {
  const struct reason_order *a = left, *b = right;
  return memcmp(a->entry->group, b->entry->group, a->bytes);
}

int memo_visit_reasons(const struct split_memo *memo,
                       void (*visit)(void *context, const uint64_t *group, const struct memo_reason *reason),
                       void *context) {
  uint64_t costs, splits;
  size_t count = 0;
  memo_count(memo, &costs, &splits);
  struct reason_order *order = malloc((splits + 1) * sizeof *order);
  if (order == NULL) return -1;
  for (size_t i = 0; i < MEMO_SHARDS; i++) {
    for (struct memo_entry *entry = memo->shards[i].entries; entry != NULL; entry = entry->hh.next) {
      if (entry->has_reason) order[count++] = (struct reason_order){entry, memo->group_bytes};
    }
  }
  qsort(order, count, sizeof *order, compare_reasons);
  for (size_t i = 0; i < count; i++) visit(context, order[i].entry->group, &order[i].entry->reason);
  free(order);
  return 0;
}

void memo_count(const struct split_memo *memo, uint64_t *costs, uint64_t *splits) {
  *costs = *splits = 0;
  for (size_t i = 0; i < MEMO_SHARDS; i++) {
    for (const struct memo_entry *entry = memo->shards[i].entries; entry != NULL; entry = entry->hh.next) {
      *costs += entry->has_cost;
      *splits += entry->has_split;
    }
  }
}
