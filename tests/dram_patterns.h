/* Address traces of known kinds: those of tests/data/dram_reference.csv, and further ones. */
#ifndef SPILLWAY_TESTS_DRAM_PATTERNS_H
#define SPILLWAY_TESTS_DRAM_PATTERNS_H

#include <stddef.h>
#include <stdint.h>

/* Receives a trace line by line: 'R' or 'W' and an address, 'I' and clocks. */
struct pattern_sink {
  void (*line)(void *context, char letter, uint64_t value);
  void *context;
};

struct dram_pattern {
  const char *name;
  void (*write)(const struct dram_pattern *self, const struct pattern_sink *sink);
  uint64_t count, bytes, other; /* what they mean depends on the function */
};

extern const struct dram_pattern dram_patterns[];
extern const size_t dram_pattern_count;

const struct dram_pattern *dram_pattern_find(const char *name);

#endif
