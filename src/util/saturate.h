/* Sums and products of counts that stay at UINT64_MAX instead of wrapping around. */
#ifndef SPILLWAY_UTIL_SATURATE_H
#define SPILLWAY_UTIL_SATURATE_H

#include <stdint.h>

static inline uint64_t saturate_add(uint64_t a, uint64_t b) {
  uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static inline uint64_t saturate_multiply(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* Rounded up; b > 0. */
static inline uint64_t saturate_divide(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

#endif
