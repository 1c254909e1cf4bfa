/* Tables for people: aligned columns, numbers to the right, a header. On a terminal too
 * narrow for all columns, the widest text column is shortened. */
#ifndef SPILLWAY_CLI_TABLE_H
#define SPILLWAY_CLI_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
  const char *title; /* NULL in all columns: no header */
  enum table_align align;
};

struct table;

/* columns are borrowed. */
struct table *table_create(const struct table_column *columns, size_t count);
void table_free(struct table *table);

/* Cells are filled from left to right, row by row; their text is cli_clean()ed. */
void table_text(struct table *table, const char *text);
void table_format(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_count(struct table *table, uint64_t count);
void table_kib(struct table *table, uint64_t bytes); /* in KiB, rounded to a tenth */

void table_print(struct table *table, FILE *out);

/* table_print() and table_free(). */
void table_finish(struct table *table, FILE *out);

#endif
