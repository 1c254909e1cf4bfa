/* Hardware description: values, the table of its keys, and its YAML file. docs/hardware.md
 * says what each key means and where its default is from. */
#ifndef SPILLWAY_HW_HW_H
#define SPILLWAY_HW_HW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define HW_NAME_BYTES 64

struct hw {
  char name[HW_NAME_BYTES];
  double clock_mhz;
  uint32_t array_rows, array_columns; /* multiply-accumulate units */
  uint32_t dataflow;                  /* of the array; its place in the key's names */
  uint32_t lanes;                     /* element operations per cycle */
  bool compute_unlimited;             /* every firing takes no time */
  uint64_t buffer_capacity_bytes;
  uint32_t buffer_read_bytes_per_cycle, buffer_write_bytes_per_cycle;
  bool in_place;                         /* elementwise ops write over a dying input row */
  uint32_t dma_read_queue, dma_write_queue; /* requests of a DRAM page that may be in flight */
  char dram_standard[HW_NAME_BYTES];
  char dram_mapping[HW_NAME_BYTES]; /* "": the standard's usual one */
  uint32_t dram_channels;
  bool dram_unlimited; /* transfers take no time */
  uint32_t activation_bits, weight_bits, bias_bits;
  uint32_t brr_subgroup_channels; /* output channels whose weights stream at a time; of a slice under brr-plus */
  bool brr_residency, brr_slicing; /* refinements of brr-plus */
  double mac_pj, vector_op_pj;
  double buffer_read_pj_per_byte, buffer_write_pj_per_byte;
  double dram_read_pj_per_byte, dram_write_pj_per_byte;
  double dram_activate_pj; /* of one row of one channel, its precharge included */
  double static_mw;        /* that flows as long as the network runs */
};

enum hw_type { HW_TEXT, HW_BYTES, HW_COUNT, HW_REAL, HW_NAME, HW_BOOL };

/* One key of a hardware file; parsing, messages and documentation all come from here. */
struct hw_key {
  const char *key; /* "section.name", or "name" at top level */
  enum hw_type type;
  const char *unit;         /* "" if none */
  uint64_t minimum, maximum; /* inclusive: of the number, of the bytes of a text */
  const char *initial;      /* the default as it would be written */
  const char *help;         /* one line */
  size_t offset;            /* of the field in struct hw */
  const char *const *names; /* HW_NAME: what it can be, then NULL */
};

extern const struct hw_key hw_keys[];
extern const size_t hw_key_count;

/* "a whole number of bits from 1 to 64": what a key takes. */
#define HW_EXPECTED_BYTES 160
void hw_key_expected(char text[HW_EXPECTED_BYTES], const struct hw_key *key);

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
