/* Bump allocator: many small allocations with one lifetime. Not thread-safe. */
#ifndef SPILLWAY_UTIL_ARENA_H
#define SPILLWAY_UTIL_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
  struct arena_block *head;
  size_t used_bytes; /* handed out so far, padding included */
};

#define ARENA_INIT {NULL, 0}

/* Zeroed memory, aligned for any type, valid until arena_free(); NULL if there is none
 * or count * size overflows. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* A copy of text, owned by the arena; NULL if there is no memory. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);

/* Releases everything; the arena can be used again. */
void arena_free(struct arena *arena);

#define ARENA_NEW(arena, type, count) ((type *)arena_alloc((arena), (count), sizeof(type)))

#endif
