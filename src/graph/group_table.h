/* A hash table from op sets to values, for all threads: in shards, each with its lock, so that
 * threads seldom wait for one another. Nothing is ever taken out. */
#ifndef SPILLWAY_GRAPH_GROUP_TABLE_H
#define SPILLWAY_GRAPH_GROUP_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"
#include "util/arena.h"
#include "util/error.h"

struct group_table;

/* The graph tells how large op sets are, and is not needed afterwards. Values begin as zeros. Once
 * there are about limit_bytes of them none is added. */
int group_table_create(struct group_table **out, const struct graph *graph, size_t value_bytes, size_t limit_bytes,
                       struct error *err);
void group_table_free(struct group_table *table);

/* A value and its shard, which is locked until group_slot_release(). value is NULL if there is
 * none. The arena is the shard's: for what values point to. */
struct group_slot {
  void *value;
  struct arena *arena;
  struct group_shard *shard;
};

struct group_slot group_table_find(struct group_table *table, const uint64_t *group);
/* Adds the value if need be; NULL without memory or at the limit. */
struct group_slot group_table_add(struct group_table *table, const uint64_t *group);
void group_slot_release(struct group_slot slot);

/* Calls visit with every value, in no order that means anything. For one thread. */
void group_table_visit(const struct group_table *table,
                       void (*visit)(void *context, const uint64_t *group, const void *value), void *context);

#endif
