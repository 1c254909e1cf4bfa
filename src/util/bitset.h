/* Sets of small integers as arrays of 64-bit words. All sets of one universe have the
 * same number of words; bits beyond the universe are zero. */
#ifndef SPILLWAY_UTIL_BITSET_H
#define SPILLWAY_UTIL_BITSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline size_t bitset_words(size_t universe) { return (universe + 63) / 64; }

static inline void bitset_clear(uint64_t *set, size_t words) { memset(set, 0, words * sizeof *set); }

static inline void bitset_copy(uint64_t *to, const uint64_t *from, size_t words) {
  memcpy(to, from, words * sizeof *to);
}

static inline void bitset_add(uint64_t *set, size_t item) { set[item / 64] |= UINT64_C(1) << item % 64; }

static inline void bitset_remove(uint64_t *set, size_t item) {
  set[item / 64] &= ~(UINT64_C(1) << item % 64);
}

static inline bool bitset_has(const uint64_t *set, size_t item) {
  return (set[item / 64] >> item % 64 & 1) != 0;
}

static inline void bitset_or(uint64_t *to, const uint64_t *other, size_t words) {
  for (size_t w = 0; w < words; w++) to[w] |= other[w];
}

/* out = a & b; out may be a or b. */
static inline void bitset_and(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words) {
  for (size_t w = 0; w < words; w++) out[w] = a[w] & b[w];
}

/* out = a \ b; out may be a or b. */
static inline void bitset_minus(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words) {
  for (size_t w = 0; w < words; w++) out[w] = a[w] & ~b[w];
}

static inline bool bitset_equal(const uint64_t *a, const uint64_t *b, size_t words) {
  return memcmp(a, b, words * sizeof *a) == 0;
}

static inline bool bitset_empty(const uint64_t *set, size_t words) {
  for (size_t w = 0; w < words; w++) {
    if (set[w] != 0) return false;
  }
  return true;
}

static inline bool bitset_intersects(const uint64_t *a, const uint64_t *b, size_t words) {
  for (size_t w = 0; w < words; w++) {
    if ((a[w] & b[w]) != 0) return true;
  }
  return false;
}

/* Whether every item of part is in set. */
static inline bool bitset_contains(const uint64_t *set, const uint64_t *part, size_t words) {
  for (size_t w = 0; w < words; w++) {
    if ((part[w] & ~set[w]) != 0) return false;
  }
  return true;
}

static inline size_t bitset_count(const uint64_t *set, size_t words) {
  size_t count = 0;
  for (size_t w = 0; w < words; w++) count += (size_t)__builtin_popcountll(set[w]);
  return count;
}

/* How many items lie before that one. */
static inline size_t bitset_rank(const uint64_t *set, size_t item) {
  uint64_t before = set[item / 64] & ((UINT64_C(1) << item % 64) - 1);
  return bitset_count(set, item / 64) + (size_t)__builtin_popcountll(before);
}

/* The smallest item >= from, or words * 64 if there is none:
 * for (size_t i = bitset_next(s, n, 0); i < n * 64; i = bitset_next(s, n, i + 1)) */
static inline size_t bitset_next(const uint64_t *set, size_t words, size_t from) {
  size_t w = from / 64;
  if (w >= words) return words * 64;
  uint64_t rest = set[w] & (~UINT64_C(0) << from % 64);
  while (rest == 0) {
    if (++w == words) return words * 64;
    rest = set[w];
  }
  return w * 64 + (size_t)__builtin_ctzll(rest);
}

/* The largest item of a set that is not empty. */
static inline size_t bitset_last(const uint64_t *set, size_t words) {
  size_t w = words - 1;
  while (set[w] == 0) w--;
  return w * 64 + 63 - (size_t)__builtin_clzll(set[w]);
}

#define BITSET_EACH(item, set, words) \
  (size_t item = bitset_next((set), (words), 0); item < (words)*64; item = bitset_next((set), (words), item + 1))

#endif
