/* Prints the rows of a query that has been asked. */
#ifndef SPILLWAY_STORE_QUERY_PRINT_H
#define SPILLWAY_STORE_QUERY_PRINT_H

#include <stddef.h>
#include <stdio.h>

#include "store/query.h"
#include "util/error.h"

/* Each prints all rows and flushes; ERROR_OUTPUT if out cannot be written, or the query's
 * own error, in which case what was printed before it is incomplete. Blobs show as hex. */

/* For people: aligned, numbers to the right, NULL empty; control characters and invalid
 * UTF-8 show as '?', and a JSON or many-line text is cut to 60 columns. */
int query_print_table(FILE *out, struct query *query, struct error *err);

/* RFC 4180 with a header line; NULL is empty, an empty text is "". */
int query_print_csv(FILE *out, struct query *query, struct error *err);

/* An array of objects, one on a line. Invalid UTF-8 becomes U+FFFD. */
int query_print_json(FILE *out, struct query *query, struct error *err);

/* A table in Markdown; NULL is empty, a line break a blank, other control characters and invalid UTF-8
 * show as '?'. */
int query_print_markdown(FILE *out, struct query *query, struct error *err);

struct query_format {
  const char *name;
  const char *summary;
  int (*print)(FILE *out, struct query *query, struct error *err);
};

extern const struct query_format query_formats[];
extern const size_t query_format_count;

#endif
