/* Random numbers from counter-based streams (Philox 4x32-10; Salmon et al., SC 2011).
 * A stream is named by a seed and two numbers, and its values depend on nothing else, so
 * work can be spread over threads in any way without changing a result. Not shared
 * between threads. */
#ifndef SPILLWAY_UTIL_RNG_H
#define SPILLWAY_UTIL_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
  uint32_t key[2];
  uint32_t counter[4];
  uint32_t block[4];
  unsigned used; /* words of block already handed out; 4 = none left */
};

/* The stream named (seed, stream, substream). Only the low 32 bits of substream count. */
struct rng rng_stream(uint64_t seed, uint64_t stream, uint32_t substream);

uint32_t rng_next(struct rng *rng);

/* Uniform in [0, bound), bound >= 1, without modulo bias. */
uint32_t rng_below(struct rng *rng, uint32_t bound);

/* Uniform in [0, 1). */
double rng_unit(struct rng *rng);

/* Any order of the items, at most UINT32_MAX, with the same chance (Fisher and Yates). */
void rng_shuffle(struct rng *rng, uint32_t *items, size_t count);

#endif
