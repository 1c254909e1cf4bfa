/* Read-only questions to the results database: one SQL statement, or a named query of
 * named.h. Nothing that is asked here can change a file. Messages about the query itself
 * are ERROR_USAGE, those about the database ERROR_INPUT. */
#ifndef SPILLWAY_STORE_QUERY_H
#define SPILLWAY_STORE_QUERY_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct query;

enum query_type { QUERY_NULL, QUERY_INTEGER, QUERY_REAL, QUERY_TEXT, QUERY_BLOB };

struct query_value {
  enum query_type type;
  int64_t integer;   /* QUERY_INTEGER */
  double real;       /* QUERY_REAL; may be infinite, never NaN */
  const char *bytes; /* QUERY_TEXT (as stored, perhaps not UTF-8) and QUERY_BLOB */
  size_t length;     /* of bytes */
};

/* Opens the database for reading. If stop is not NULL, a running query ends with an error
 * soon after *stop becomes non-zero. The caller closes *query, NULL after a failure. */
int query_open(struct query **query, const char *path, const volatile sig_atomic_t *stop, struct error *err);

/* Asks text, which is the name of a named query (a single word) or an SQL statement.
 * Parameters are "name=value" texts: for a named query those of its list, in SQL the
 * :name, @name and $name that it contains, all of which must be given. One question per query. */
int query_ask(struct query *query, const char *text, const char *const *parameters, size_t parameter_count,
              struct error *err);

/* Of the question asked. The name is borrowed until query_close(). */
size_t query_column_count(const struct query *query);
const char *query_column_name(const struct query *query, size_t column);

/* Goes to the next row: 1, or 0 after the last, or -1. */
int query_step(struct query *query, struct error *err);

/* A value of the current row, borrowed until the next step. */
struct query_value query_value(const struct query *query, size_t column);

/* Takes NULL. */
void query_close(struct query *query);

#endif
