#include "dram_patterns.h"

#include <string.h>

#include "util/rng.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

static void emit(const struct pattern_sink *sink, char letter, uint64_t value) {
  sink->line(sink->context, letter, value);
}

static void emit_range(const struct pattern_sink *sink, char letter, uint64_t address, uint64_t bytes) {
  for (uint64_t at = 0; at < bytes; at += 64) emit(sink, letter, address + at);
}

/* count requests, bytes apart. */
static void strided_reads(const struct dram_pattern *self, const struct pattern_sink *sink) {
  for (uint64_t i = 0; i < self->count; i++) emit(sink, 'R', i * self->bytes);
}

static void strided_writes(const struct dram_pattern *self, const struct pattern_sink *sink) {
  for (uint64_t i = 0; i < self->count; i++) emit(sink, 'W', i * self->bytes);
}

/* count times: `bytes` read from 0 up, then as many written from `other` up. */
static void copy(const struct dram_pattern *self, const struct pattern_sink *sink) {
  for (uint64_t i = 0; i < self->count; i++) {
    emit_range(sink, 'R', i * self->bytes, self->bytes);
    emit_range(sink, 'W', self->other + i * self->bytes, self->bytes);
  }
}

/* count pieces of `bytes` anywhere in 256 MiB; `other` of ten are writes. */
static void random_pieces(const struct dram_pattern *self, const struct pattern_sink *sink) {
  struct rng rng = rng_stream(7, self->bytes, (uint32_t)self->other);
  for (uint64_t i = 0; i < self->count; i++) {
    uint64_t address = rng_below(&rng, (uint32_t)(256 * MIB / self->bytes)) * self->bytes;
    emit_range(sink, rng_below(&rng, 10) < self->other ? 'W' : 'R', address, self->bytes);
  }
}

/* count times: `bytes` read, wait, idle `other` clocks. */
static void bursts(const struct dram_pattern *self, const struct pattern_sink *sink) {
  for (uint64_t i = 0; i < self->count; i++) {
    emit_range(sink, 'R', i * self->bytes, self->bytes);
    emit(sink, 'I', self->other);
  }
}

/* Random reads, each of which waits for the one before. */
static void chase(const struct dram_pattern *self, const struct pattern_sink *sink) {
  struct rng rng = rng_stream(8, 0, 0);
  for (uint64_t i = 0; i < self->count; i++) {
    emit(sink, 'R', rng_below(&rng, (uint32_t)(256 * MIB / 64)) * UINT64_C(64));
    emit(sink, 'I', 0);
  }
}

/* `other` streams of reads, 16 MiB apart and so in the same banks, taking turns of `bytes`. */
static void streams(const struct dram_pattern *self, const struct pattern_sink *sink) {
  for (uint64_t i = 0; i < self->count; i++) {
    for (uint64_t s = 0; s < self->other; s++) emit_range(sink, 'R', s * 16 * MIB + i * self->bytes, self->bytes);
  }
}

/* Two streams read, one written. */
static void triad(const struct dram_pattern *self, const struct pattern_sink *sink) {
  for (uint64_t i = 0; i < self->count; i++) {
    emit(sink, 'R', i * 64);
    emit(sink, 'R', 32 * MIB + i * 64);
    emit(sink, 'W', 64 * MIB + 32 * KIB + i * 64);
  }
}

/* A read and a write in turn, each to another row. */
static void alternate(const struct dram_pattern *self, const struct pattern_sink *sink) {
  struct rng rng = rng_stream(9, 0, 0);
  for (uint64_t i = 0; i < self->count; i++) {
    emit(sink, 'R', rng_below(&rng, 2048) * 256 * KIB);
    emit(sink, 'W', rng_below(&rng, 2048) * 256 * KIB + 128 * KIB);
  }
}

/* A stream of reads with random ones strewn in. */
static void stream_and_random(const struct dram_pattern *self, const struct pattern_sink *sink) {
  struct rng rng = rng_stream(10, 0, 0);
  for (uint64_t i = 0, at = 0; i < self->count; i++) {
    if (rng_below(&rng, 2) == 0) {
      emit(sink, 'R', at++ * 64);
    } else {
      emit(sink, 'R', 64 * MIB + rng_below(&rng, (uint32_t)(128 * MIB / 64)) * UINT64_C(64));
    }
  }
}

const struct dram_pattern dram_patterns[] = {
    {"a_seqread", strided_reads, 16 * MIB / 64, 64, 0},
    {"b_seqwrite", strided_writes, 16 * MIB / 64, 64, 0},
    {"c_rw1k", copy, 8 * KIB, KIB, 64 * MIB},
    {"l_rw4k", copy, 2 * KIB, 4 * KIB, 64 * MIB},
    {"f_rand", random_pieces, 200000, 64, 0},
    {"h_burst4k", bursts, 512, 4 * KIB, 2000},
    {"j_chase", chase, 4000, 0, 0},
    {"rw64", copy, 40000, 64, 64 * MIB},
    {"rw256", copy, 16 * KIB, 256, 64 * MIB},
    {"rw16k", copy, 512, 16 * KIB, 64 * MIB},
    {"burst4k_idle0", bursts, 512, 4 * KIB, 0},
    {"burst4k_idle100", bursts, 512, 4 * KIB, 100},
    {"burst1k_idle500", bursts, 1000, KIB, 500},
    {"two_streams", streams, 50000, 64, 2},
    {"two_streams256", streams, 12500, 256, 2},
    {"four_streams", streams, 25000, 64, 4},
    {"triad", triad, 40000, 0, 0},
    {"stride128", strided_reads, 100000, 128, 0},
    {"stride256", strided_reads, 100000, 256, 0},
    {"stride1k", strided_reads, 100000, KIB, 0},
    {"stride4k", strided_reads, 60000, 4 * KIB, 0},
    {"stride8k", strided_reads, 60000, 8 * KIB, 0},
    {"stride32k", strided_reads, 16000, 32 * KIB, 0},
    {"stride128k", strided_reads, 4000, 128 * KIB, 0},
    {"stride1k_write", strided_writes, 100000, KIB, 0},
    {"stride8k_write", strided_writes, 60000, 8 * KIB, 0},
    {"rand256", random_pieces, 40000, 256, 0},
    {"rand1k", random_pieces, 10000, KIB, 0},
    {"rand4k", random_pieces, 3000, 4 * KIB, 0},
    {"rand256_w3", random_pieces, 40000, 256, 3},
    {"rand_w3", random_pieces, 100000, 64, 3},
    {"rand_w5", random_pieces, 100000, 64, 5},
    {"rand_w7", random_pieces, 100000, 64, 7},
    {"rand_w9", random_pieces, 100000, 64, 9},
    {"rand_write", random_pieces, 100000, 64, 10},
    {"alternate", alternate, 20000, 0, 0},
    {"stream_and_random", stream_and_random, 100000, 0, 0},
};
const size_t dram_pattern_count = sizeof dram_patterns / sizeof dram_patterns[0];

const struct dram_pattern *dram_pattern_find(const char *name) {
  for (size_t i = 0; i < dram_pattern_count; i++) {
    if (strcmp(dram_patterns[i].name, name) == 0) return &dram_patterns[i];
  }
  return NULL;
}
