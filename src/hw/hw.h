/* Hardware description: values, the table of its keys, and its YAML file. */
#ifndef SPILLWAY_HW_HW_H
#define SPILLWAY_HW_HW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define HW_NAME_BYTES 64

struct hw {
  char name[HW_NAME_BYTES];
  uint64_t buffer_capacity_bytes;
  uint32_t activation_bits, weight_bits, bias_bits;
  bool in_place;                   /* elementwise ops write over a dying input row */
  uint32_t brr_subgroup_channels;  /* output channels whose weights stream at a time */
};

enum hw_type { HW_TEXT, HW_BYTES, HW_COUNT, HW_BOOL };

/* One key of a hardware file; parsing, messages and documentation all come from here. */
struct hw_key {
  const char *key; /* "section.name", or "name" at top level */
  enum hw_type type;
  const char *unit;         /* "" if none */
  uint64_t minimum, maximum; /* HW_BYTES and HW_COUNT: inclusive */
  const char *initial;      /* the default as it would be written */
  const char *help;         /* one line */
  size_t offset;            /* of the field in struct hw */
};

extern const struct hw_key hw_keys[];
extern const size_t hw_key_count;

/* Every key at its default. */
struct hw hw_default(void);

/* Sets one key from text, as in a file; ERROR_INPUT without a file name on a bad value
 * (names key, value, allowed range and unit). For options such as --buffer. */
int hw_set(struct hw *hw, const char *key, const char *text, struct error *err);

/* Reads a YAML hardware file over hw_default(). */
int hw_load(struct hw *hw, const char *path, struct error *err);
int hw_load_memory(struct hw *hw, const void *bytes, size_t length, const char *path, struct error *err);

/* The whole description as YAML with every key, for logs and for files. The caller
 * frees the text with free(); NULL without memory. */
char *hw_to_yaml(const struct hw *hw);

#endif
