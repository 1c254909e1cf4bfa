#include "util/rng.h"

#include <Random123/philox.h>

struct rng rng_stream(uint64_t seed, uint64_t stream, uint32_t substream) {
  return (struct rng){
      .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
      .counter = {0, substream, (uint32_t)stream, (uint32_t)(stream >> 32)},
      .used = 4,
  };
}

uint32_t rng_next(struct rng *rng) {
  if (rng->used == 4) {
    philox4x32_ctr_t counter = {{rng->counter[0], rng->counter[1], rng->counter[2], rng->counter[3]}};
    philox4x32_key_t key = {{rng->key[0], rng->key[1]}};
    philox4x32_ctr_t block = philox4x32(counter, key);
    for (unsigned i = 0; i < 4; i++) rng->block[i] = block.v[i];
    rng->counter[0]++;
    rng->used = 0;
  }
  return rng->block[rng->used++];
}

uint32_t rng_below(struct rng *rng, uint32_t bound) {
  /* Lemire, "Fast random integer generation in an interval", TOMACS 2019. */
  uint64_t product = (uint64_t)rng_next(rng) * bound;
  if ((uint32_t)product < bound) {
    uint32_t threshold = -bound % bound;
    while ((uint32_t)product < threshold) product = (uint64_t)rng_next(rng) * bound;
  }
  return (uint32_t)(product >> 32);
}

double rng_unit(struct rng *rng) { return rng_next(rng) * 0x1p-32; }

void rng_shuffle(struct rng *rng, uint32_t *items, size_t count) {
  for (size_t i = count; i > 1; i--) {
    uint32_t other = rng_below(rng, (uint32_t)i), swap = items[i - 1];
    items[i - 1] = items[other];
    items[other] = swap;
  }
}
