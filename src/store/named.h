/* The queries that have a name: the common questions, ready to ask. */
#ifndef SPILLWAY_STORE_NAMED_H
#define SPILLWAY_STORE_NAMED_H

#include <stddef.h>

enum named_type {
  NAMED_TEXT,
  NAMED_INTEGER,
  NAMED_BYTES, /* a size such as 256KiB */
};

struct named_parameter {
  const char *name; /* NULL ends a list */
  enum named_type type;
  const char *help; /* one line, with what holds if it is left out */
};

#define NAMED_PARAMETER_MAX 4

struct named_query {
  const char *name;
  const char *summary;                                        /* one line */
  struct named_parameter parameters[NAMED_PARAMETER_MAX + 1]; /* all optional */
  const char *sql;                                            /* on the views alone */
};

extern const struct named_query named_queries[];
extern const size_t named_query_count;

/* NULL if there is none of that name. */
const struct named_query *named_find(const char *name);

#endif
