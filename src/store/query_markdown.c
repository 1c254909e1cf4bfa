/* Query results as a table in Markdown, for pages and notes. */
#include <stdbool.h>
#include <string.h>

#include "store/query_print.h"
#include "store/query_text.h"

/* A cell is one line, and a bar in it does not end it. */
static void markdown_text(FILE *out, const char *bytes, size_t length) {
  for (size_t i = 0; i < length;) {
    size_t sequence = query_utf8_length(bytes + i, length - i);
    unsigned char c = (unsigned char)bytes[i];
    if (sequence == 0 || (c < 0x20 && c != '\n') || c == 0x7f) {
      fputc('?', out);
    } else if (c == '\n') {
      fputc(' ', out);
    } else {
      if (c == '|' || c == '\\') fputc('\\', out);
      fwrite(bytes + i, 1, sequence, out);
    }
    i += sequence == 0 ? 1 : sequence;
  }
}

static void markdown_row(FILE *out, const struct query *query, size_t columns) {
  for (size_t i = 0; i < columns; i++) {
    struct query_value value = query_value(query, i);
    fputs(i == 0 ? "| " : " | ", out);
    query_print_value(out, &value, markdown_text);
  }
  fputs(" |\n", out);
}

/* Columns whose first value is a number are set to the right. */
static void markdown_header(FILE *out, const struct query *query, size_t columns, bool has_row) {
  for (size_t i = 0; i < columns; i++) {
    const char *name = query_column_name(query, i);
    fputs(i == 0 ? "| " : " | ", out);
    markdown_text(out, name, strlen(name));
  }
  fputs(" |\n|", out);
  for (size_t i = 0; i < columns; i++) {
    enum query_type type = has_row ? query_value(query, i).type : QUERY_TEXT;
    fputs(type == QUERY_INTEGER || type == QUERY_REAL ? "---:|" : "---|", out);
  }
  fputc('\n', out);
}

int query_print_markdown(FILE *out, struct query *query, struct error *err) {
  size_t columns = query_column_count(query);
  int more = query_step(query, err);
  if (more >= 0) markdown_header(out, query, columns, more == 1);
  for (; more == 1 && !ferror(out); more = query_step(query, err)) markdown_row(out, query, columns);
  return more < 0 ? -1 : query_flush(out, err);
}
