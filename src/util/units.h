/* Sizes and counts as people write and read them. */
#ifndef SPILLWAY_UTIL_UNITS_H
#define SPILLWAY_UTIL_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* "262144", "256KiB", "1.5 MiB", "256k"(= KiB), "2MB" (10^6): a whole number of bytes.
 * Units: B; KiB MiB GiB TiB and K M G T (powers of 1024); KB MB GB TB (powers of 1000); case
 * does not matter, a space before the unit is allowed. Returns 0, or -1 if text is not such a
 * size, is negative or does not fit 63 bits. */
int units_parse_bytes(uint64_t *bytes, const char *text);

/* A decimal whole number without sign or trailing characters; 0 or -1. */
int units_parse_u64(uint64_t *value, const char *text);

/* A decimal number, "1600", "0.25" or "1e-3", that is finite; 0 or -1. */
int units_parse_real(double *value, const char *text);

#define UNITS_TEXT_BYTES 32

/* The shortest text that units_parse_real() reads as value, which is finite. Returns text. */
const char *units_format_real(char *text, double value);

/* "256 KiB", "1.5 MiB", "147456 B": exact where short, else rounded to 4 significant
 * digits. Returns text, which holds at least UNITS_TEXT_BYTES. */
const char *units_format_bytes(char *text, uint64_t bytes);

/* "256KiB", "1536KiB", "100": the largest power-of-1024 unit that divides the size. */
const char *units_format_whole_bytes(char *text, uint64_t bytes);

#endif
