#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/memory.h"

enum { TABLE_GAP = 2, TABLE_LEAST_WIDTH = 12 };
#define TABLE_ELLIPSIS "\xe2\x80\xa6"

struct table {
  const struct table_column *columns;
  size_t column_count;
  size_t *widths;
  char **cells;
  size_t cell_count, cell_room;
};

struct table *table_create(const struct table_column *columns, size_t count) {
  struct table *table = cli_alloc(1, sizeof *table);
  table->columns = columns;
  table->column_count = count;
  table->widths = cli_alloc(count, sizeof *table->widths);
  return table;
}

void table_free(struct table *table) {
  for (size_t i = 0; i < table->cell_count; i++) free(table->cells[i]);
  free(table->cells);
  free(table->widths);
  free(table);
}

/* Takes the text. */
static void table_add(struct table *table, char *text) {
  if (table->cell_count == table->cell_room) {
    table->cell_room = table->cell_room == 0 ? 64 : 2 * table->cell_room;
    table->cells = cli_grow(table->cells, table->cell_room, sizeof *table->cells);
  }
  table->cells[table->cell_count++] = text;
}

void table_text(struct table *table, const char *text) { table_add(table, cli_clean(text)); }

void table_format(struct table *table, const char *format, ...) {
  char text[256];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  table_text(table, text);
}

void table_count(struct table *table, uint64_t count) { table_format(table, "%llu", (unsigned long long)count); }

void table_kib(struct table *table, uint64_t bytes) { table_format(table, "%.1f", (double)bytes / 1024); }

static size_t is_character_start(char byte) { return ((unsigned char)byte & 0xc0) != 0x80; }

static size_t text_width(const char *text) {
  size_t width = 0;
  for (; *text != '\0'; text++) width += is_character_start(*text);
  return width;
}

static void table_measure(struct table *table) {
  for (size_t c = 0; c < table->column_count; c++) {
    table->widths[c] = table->columns[c].title == NULL ? 0 : text_width(table->columns[c].title);
  }
  for (size_t i = 0; i < table->cell_count; i++) {
    size_t *width = &table->widths[i % table->column_count], own = text_width(table->cells[i]);
    if (own > *width) *width = own;
  }
}

/* Columns of the terminal that out is; 0 if it is none. */
static size_t terminal_width(FILE *out) {
  struct winsize size;
  if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

static void table_fit(struct table *table, size_t limit) {
  for (;;) {
    size_t total = (table->column_count - 1) * TABLE_GAP, widest = table->column_count;
    for (size_t c = 0; c < table->column_count; c++) {
      total += table->widths[c];
      if (table->columns[c].align != TABLE_LEFT || table->widths[c] <= TABLE_LEAST_WIDTH) continue;
      if (widest == table->column_count || table->widths[c] > table->widths[widest]) widest = c;
    }
    if (total <= limit || widest == table->column_count) return;
    table->widths[widest]--;
  }
}

static void print_blanks(FILE *out, size_t count) {
  while (count-- > 0) fputc(' ', out);
}

/* No more than that many characters of text. */
static void print_cut(FILE *out, const char *text, size_t width) {
  if (text_width(text) <= width) {
    fputs(text, out);
    return;
  }
  size_t shown = 0, end = 0;
  while (shown < width) shown += is_character_start(text[end++]);
  fwrite(text, 1, end - 1, out);
  fputs(TABLE_ELLIPSIS, out);
}

/* No blanks at the end of a line. */
static void print_cell(FILE *out, const struct table *table, size_t c, const char *text) {
  size_t width = text_width(text), room = table->widths[c];
  size_t pad = width < room ? room - width : 0;
  if (c > 0 && (text[0] != '\0' || c + 1 < table->column_count)) print_blanks(out, TABLE_GAP);
  if (table->columns[c].align == TABLE_RIGHT && text[0] != '\0') print_blanks(out, pad);
  print_cut(out, text, room);
  if (c + 1 == table->column_count) {
    fputc('\n', out);
  } else if (table->columns[c].align == TABLE_LEFT || text[0] == '\0') {
    print_blanks(out, pad);
  }
}

void table_print(struct table *table, FILE *out) {
  size_t limit = terminal_width(out);
  table_measure(table);
  if (limit > 0) table_fit(table, limit);
  if (table->columns[0].title != NULL) {
    for (size_t c = 0; c < table->column_count; c++) print_cell(out, table, c, table->columns[c].title);
  }
  for (size_t i = 0; i < table->cell_count; i++) print_cell(out, table, i % table->column_count, table->cells[i]);
}

void table_finish(struct table *table, FILE *out) {
  table_print(table, out);
  table_free(table);
}
