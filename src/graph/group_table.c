#include "graph/group_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define HASH_NONFATAL_OOM 1
#define HASH_BKT_CAPACITY_THRESH 2 /* short chains: look-ups are what most of the time goes to */
#include <uthash.h>

enum { SHARDS = 64 };

/* The group's words, and behind them the value. */
struct group_entry {
  UT_hash_handle hh;
  uint64_t words[];
};

struct group_shard {
  pthread_mutex_t lock;
  struct group_entry *entries;
  struct arena arena;
};

struct group_table {
  size_t group_bytes, value_bytes, shard_limit_bytes;
  struct group_shard shards[SHARDS];
};

int group_table_create(struct group_table **out, const struct graph *graph, size_t value_bytes, size_t limit_bytes,
                       struct error *err) {
  struct group_table *table = calloc(1, sizeof *table);
  if (table == NULL) return error_memory(err);
  table->group_bytes = graph->set_words * sizeof(uint64_t);
  table->value_bytes = value_bytes;
  table->shard_limit_bytes = limit_bytes / SHARDS;
  for (size_t i = 0; i < SHARDS; i++) pthread_mutex_init(&table->shards[i].lock, NULL);
  *out = table;
  return 0;
}

void group_table_free(struct group_table *table) {
  if (table == NULL) return;
  for (size_t i = 0; i < SHARDS; i++) {
    HASH_CLEAR(hh, table->shards[i].entries);
    arena_free(&table->shards[i].arena);
    pthread_mutex_destroy(&table->shards[i].lock);
  }
  free(table);
}

static void *entry_value(const struct group_table *table, struct group_entry *entry) {
  return (unsigned char *)entry->words + table->group_bytes;
}

/* The group's shard, locked, and its entry; *hash is what uthash finds it by. */
static struct group_entry *lock_and_find(struct group_table *table, const uint64_t *group, unsigned *hash,
                                         struct group_slot *slot) {
  XXH64_hash_t full = XXH3_64bits(group, table->group_bytes);
  struct group_shard *shard = &table->shards[(full >> 32) % SHARDS];
  struct group_entry *entry;
  *hash = (unsigned)full;
  pthread_mutex_lock(&shard->lock);
  HASH_FIND_BYHASHVALUE(hh, shard->entries, group, table->group_bytes, *hash, entry);
  *slot = (struct group_slot){entry == NULL ? NULL : entry_value(table, entry), &shard->arena, shard};
  return entry;
}

struct group_slot group_table_find(struct group_table *table, const uint64_t *group) {
  struct group_slot slot;
  unsigned hash;
  lock_and_find(table, group, &hash, &slot);
  return slot;
}

struct group_slot group_table_add(struct group_table *table, const uint64_t *group) {
  struct group_slot slot;
  unsigned hash;
  if (lock_and_find(table, group, &hash, &slot) != NULL) return slot;
  struct group_shard *shard = slot.shard;
  if (shard->arena.used_bytes >= table->shard_limit_bytes) return slot;
  struct group_entry *entry = arena_alloc(&shard->arena, 1, sizeof *entry + table->group_bytes + table->value_bytes);
  if (entry == NULL) return slot;
  memcpy(entry->words, group, table->group_bytes);
  HASH_ADD_KEYPTR_BYHASHVALUE(hh, shard->entries, entry->words, table->group_bytes, hash, entry);
  if (entry->hh.tbl != NULL) slot.value = entry_value(table, entry);
  return slot;
}

void group_slot_release(struct group_slot slot) { pthread_mutex_unlock(&slot.shard->lock); }

void group_table_visit(const struct group_table *table,
                       void (*visit)(void *context, const uint64_t *group, const void *value), void *context) {
  for (size_t i = 0; i < SHARDS; i++) {
    for (struct group_entry *entry = table->shards[i].entries; entry != NULL; entry = entry->hh.next) {
      visit(context, entry->words, entry_value(table, entry));
    }
  }
}
