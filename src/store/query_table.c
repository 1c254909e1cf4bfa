/* Query results as a table for people. Columns are as wide as the widest cell of a batch of
 * rows, so that memory stays bounded however many rows there are. */
#include <stdbool.h>
#include <string.h>

#include "store/query_print.h"
#include "store/query_text.h"
#include "util/arena.h"

#define TABLE_BATCH_ROWS 1000
#define TABLE_BATCH_BYTES (8u << 20)
#define TABLE_DOCUMENT_COLUMNS 60
#define TABLE_ELLIPSIS "\xe2\x80\xa6"

struct table_cell {
  const char *text;
  size_t width;    /* in code points, the zeros that fill up decimals left out */
  size_t decimals; /* digits behind the point of a real number without exponent */
  bool number;
};

struct table_column {
  size_t width;
  size_t decimals; /* most of any cell; others are filled up with zeros */
  bool text;       /* some cell is not a number */
};

struct table {
  FILE *out;
  struct query *query;
  struct error *err;
  size_t column_count;
  struct table_column *columns;
  struct table_cell *cells; /* TABLE_BATCH_ROWS rows */
  size_t row_count;
  struct arena arena; /* columns and cells */
  struct arena texts; /* of the batch */
};

static size_t table_width(const char *text) {
  size_t width = 0;
  for (; *text != '\0'; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
  return width;
}

static bool table_is_control(const char *sequence) {
  unsigned char first = (unsigned char)sequence[0];
  return first < 0x20 || first == 0x7f || (first == 0xc2 && (unsigned char)sequence[1] < 0xa0);
}

/* A copy that does no harm to a terminal, of at most most_columns code points. */
static const char *table_printable(struct arena *arena, const char *bytes, size_t length,
                                   size_t most_columns) {
  size_t used = 0, columns = 0, at = 0;
  size_t kept = length / 4 > most_columns ? most_columns * 4 : length;
  char *text = arena_alloc(arena, kept + sizeof TABLE_ELLIPSIS, 1);
  if (text == NULL) return NULL;
  for (; at < kept && columns < most_columns; columns++) {
    size_t sequence = query_utf8_length(bytes + at, length - at);
    if (sequence == 0 || table_is_control(bytes + at)) {
      text[used++] = '?';
    } else {
      memcpy(text + used, bytes + at, sequence);
      used += sequence;
    }
    at += sequence == 0 ? 1 : sequence;
  }
  if (at < length) memcpy(text + used, TABLE_ELLIPSIS, sizeof TABLE_ELLIPSIS);
  return text;
}

static const char *table_hex(struct arena *arena, const char *bytes, size_t length) {
  char *text = arena_alloc(arena, 2 * length + 1, 1);
  for (size_t i = 0; text != NULL && i < length; i++) query_hex(text + 2 * i, bytes[i]);
  return text;
}

static bool table_is_document(const struct query_value *value) {
  if (value->length == 0) return false;
  return value->bytes[0] == '[' || value->bytes[0] == '{' ||
         memchr(value->bytes, '\n', value->length) != NULL;
}

static const char *table_text(struct arena *arena, const struct query_value *value) {
  char number[QUERY_NUMBER_BYTES];
  switch (value->type) {
    case QUERY_TEXT:
      return table_printable(arena, value->bytes, value->length,
                             table_is_document(value) ? TABLE_DOCUMENT_COLUMNS : SIZE_MAX);
    case QUERY_BLOB:
      return table_hex(arena, value->bytes, value->length);
    default:
      return arena_strdup(arena, query_number_text(number, value));
  }
}

static int table_fill_cell(struct table *table, struct table_cell *cell, struct table_column *column,
                           const struct query_value *value) {
  cell->text = table_text(&table->texts, value);
  if (cell->text == NULL) return error_memory(table->err);
  const char *point = value->type == QUERY_REAL ? strchr(cell->text, '.') : NULL;
  cell->width = table_width(cell->text);
  cell->decimals = point == NULL || strchr(point, 'e') != NULL ? 0 : strlen(point + 1);
  cell->number = value->type == QUERY_INTEGER || value->type == QUERY_REAL;
  if (cell->decimals > column->decimals) column->decimals = cell->decimals;
  if (value->type != QUERY_NULL && !cell->number) column->text = true;
  return 0;
}

static size_t table_zeros(const struct table_cell *cell, const struct table_column *column) {
  return cell->decimals == 0 ? 0 : column->decimals - cell->decimals;
}

/* Reads rows until the batch is full: 1, or 0 if those were the last, or -1. */
static int table_read(struct table *table) {
  int more = 1;
  arena_free(&table->texts);
  for (table->row_count = 0; table->row_count < TABLE_BATCH_ROWS; table->row_count++) {
    if (table->texts.used_bytes > TABLE_BATCH_BYTES) break;
    more = query_step(table->query, table->err);
    if (more != 1) break;
    for (size_t i = 0; i < table->column_count; i++) {
      struct query_value value = query_value(table->query, i);
      struct table_cell *cell = &table->cells[table->row_count * table->column_count + i];
      if (table_fill_cell(table, cell, &table->columns[i], &value) != 0) return -1;
    }
  }
  for (size_t i = 0; i < table->row_count * table->column_count; i++) {
    struct table_column *column = &table->columns[i % table->column_count];
    size_t width = table->cells[i].width + table_zeros(&table->cells[i], column);
    if (width > column->width) column->width = width;
  }
  return more;
}

static void table_repeat(FILE *out, char c, size_t count) {
  while (count-- > 0) fputc(c, out);
}

/* A text of this width at its place in column i. No blanks at the end of a line. */
static void table_print_text(const struct table *table, size_t i, const char *text, size_t width,
                             size_t zeros, bool right) {
  size_t used = width + zeros;
  size_t pad = table->columns[i].width > used ? table->columns[i].width - used : 0;
  if (i > 0) fputs("  ", table->out);
  if (right) table_repeat(table->out, ' ', pad);
  fputs(text, table->out);
  table_repeat(table->out, '0', zeros);
  if (i + 1 == table->column_count) {
    fputc('\n', table->out);
  } else if (!right) {
    table_repeat(table->out, ' ', pad);
  }
}

static void table_print_header(const struct table *table) {
  for (size_t i = 0; i < table->column_count; i++) {
    const char *name = query_column_name(table->query, i);
    table_print_text(table, i, name, table_width(name), 0, !table->columns[i].text);
  }
  for (size_t i = 0; i < table->column_count; i++) {
    if (i > 0) fputs("  ", table->out);
    table_repeat(table->out, '-', table->columns[i].width);
  }
  fputc('\n', table->out);
}

static void table_print_rows(const struct table *table) {
  for (size_t i = 0; i < table->row_count * table->column_count; i++) {
    const struct table_cell *cell = &table->cells[i];
    size_t column = i % table->column_count;
    table_print_text(table, column, cell->text, cell->width, table_zeros(cell, &table->columns[column]),
                     cell->number);
  }
}

static int table_print(struct table *table) {
  for (size_t i = 0; i < table->column_count; i++)
    table->columns[i].width = table_width(query_column_name(table->query, i));
  int more = table_read(table);
  if (more < 0) return -1;
  table_print_header(table);
  if (table->row_count == 0) fputs("(no rows)\n", table->out);
  table_print_rows(table);
  while (more == 1 && !ferror(table->out)) {
    more = table_read(table);
    if (more >= 0) table_print_rows(table);
  }
  return more < 0 ? -1 : query_flush(table->out, table->err);
}

int query_print_table(FILE *out, struct query *query, struct error *err) {
  struct table table = {.out = out, .query = query, .err = err, .arena = ARENA_INIT, .texts = ARENA_INIT};
  table.column_count = query_column_count(query);
  table.columns = ARENA_NEW(&table.arena, struct table_column, table.column_count);
  table.cells = ARENA_NEW(&table.arena, struct table_cell, table.column_count * TABLE_BATCH_ROWS);
  int status = table.columns == NULL || table.cells == NULL ? error_memory(err) : table_print(&table);
  arena_free(&table.texts);
  arena_free(&table.arena);
  return status;
}
