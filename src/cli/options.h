/* Options of the command line as tables: parsing, messages, --help and completion all come
 * from the same rows. */
#ifndef SPILLWAY_CLI_OPTIONS_H
#define SPILLWAY_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* The type of the field that an option sets. */
enum option_type {
  OPTION_FLAG,  /* bool; takes no argument */
  OPTION_TEXT,  /* const char *, not empty; NULL if not given */
  OPTION_NAME,  /* const char *; one of a kind of names (names.h) */
  OPTION_COUNT, /* uint64_t within minimum and maximum */
  OPTION_REAL,  /* double within minimum and maximum */
};

struct option_spec {
  const char *name; /* without dashes */
  char letter;      /* 0 if it has none */
  enum option_type type;
  const char *argument;      /* how help calls the argument; NULL for a flag */
  const char *initial;       /* the default as it would be written; NULL if there is none */
  const char *kind;          /* OPTION_NAME: the kind; OPTION_TEXT: for completion; else NULL */
  uint64_t minimum, maximum; /* OPTION_COUNT, OPTION_REAL */
  const char *help;          /* one line */
  size_t offset;             /* of the field in the group's struct */
};

/* Options that set the fields of one struct. */
struct option_group {
  const struct option_spec *options;
  size_t count;
};

#define OPTION_GROUP(table) {(table), sizeof(table) / sizeof((table)[0])}

/* A group as part of a verb's settings. A verb's list ends with a NULL group. */
struct option_use {
  const struct option_group *group;
  size_t offset; /* of the group's struct in the verb's settings */
};

struct verb;

struct arguments {
  char *const *values;
  size_t count;
  bool help; /* --help was given: nothing else counts */
};

/* Sets every field of zeroed settings to its default, then to what argv says (argv[0] is
 * skipped); *arguments receives the rest, whose number is checked. ERROR_USAGE. */
int options_parse(void *settings, struct arguments *arguments, const struct verb *verb, int argc, char **argv,
                  struct error *err);

/* The next option of the verb after *use and *index (start with the verb's list and 0), or
 * NULL after the last. *use is the group that it belongs to. */
const struct option_spec *options_next(const struct option_use **use, size_t *index);

#endif
