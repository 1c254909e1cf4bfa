#include "util/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK_BYTES = 64 * 1024 };

struct arena_block {
  struct arena_block *next;
  size_t capacity, used;
  alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *arena_grow(struct arena *arena, size_t bytes) {
  size_t capacity = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
  if (capacity > SIZE_MAX - sizeof(struct arena_block)) return NULL;
  struct arena_block *block = malloc(sizeof *block + capacity);
  if (block == NULL) return NULL;
  block->next = arena->head;
  block->capacity = capacity;
  block->used = 0;
  arena->head = block;
  return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size) {
  const size_t align = alignof(max_align_t);
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - align) return NULL;
  bytes = bytes == 0 ? align : (bytes + align - 1) / align * align;
  struct arena_block *block = arena->head;
  if (block == NULL || block->capacity - block->used < bytes) {
    block = arena_grow(arena, bytes);
    if (block == NULL) return NULL;
  }
  void *result = block->bytes + block->used;
  block->used += bytes;
  arena->used_bytes += bytes;
  return memset(result, 0, bytes);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length) {
  if (length == SIZE_MAX) return NULL;
  char *copy = arena_alloc(arena, length + 1, 1);
  return copy == NULL ? NULL : memcpy(copy, text, length);
}

char *arena_strdup(struct arena *arena, const char *text) {
  return arena_strndup(arena, text, strlen(text));
}

void arena_free(struct arena *arena) {
  while (arena->head != NULL) {
    struct arena_block *block = arena->head;
    arena->head = block->next;
    free(block);
  }
  arena->used_bytes = 0;
}
