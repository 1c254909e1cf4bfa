/* The keys of an experiment file: one table, from which parsing, messages, the manual page, the
 * reference and the hash of a cell all come. */
#ifndef SPILLWAY_CLI_EXPERIMENT_KEY_H
#define SPILLWAY_CLI_EXPERIMENT_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/run.h"
#include "util/error.h"

/* What a cell is: one value for each key. */
struct cell_settings {
  const char *network; /* name or path */
  struct run_settings run;
};

/* The type of the field that a key sets. */
enum experiment_type {
  EXPERIMENT_FILE,    /* const char *: a name, or a path relative to the experiment's file */
  EXPERIMENT_FOLDER,  /* const char *: a path relative to the experiment's file; NULL if not given */
  EXPERIMENT_LEARNED, /* const char *: settings of explainers that learn (learned.h); NULL if not given */
  EXPERIMENT_NAME,    /* const char *: one of a kind of names */
  EXPERIMENT_NAMES,   /* const char *: one or more of them with commas between; NULL if not given */
  EXPERIMENT_SIZE,    /* const char *: a size; NULL if not given */
  EXPERIMENT_DIGITS,  /* const char *: a whole number; NULL if not given */
  EXPERIMENT_COUNT,   /* uint64_t */
  EXPERIMENT_REAL,    /* double */
  EXPERIMENT_BOOL,    /* bool */
};

/* One key; each takes a value or a list, those of sizes and whole numbers ranges too. */
struct experiment_key {
  const char *key;
  enum experiment_type type;
  const char *kind;          /* EXPERIMENT_FILE, EXPERIMENT_NAME: what it is a name of (names.h); else NULL */
  const char *unit;          /* "" if none */
  uint64_t minimum, maximum; /* inclusive; of numbers */
  const char *initial;       /* the default as it would be written; NULL: none, and then: */
  const char *absent;        /* what holds if it is left out; else NULL */
  const char *help;          /* one line */
  size_t offset;             /* of the field in struct cell_settings */
  bool hardware;             /* part of the hardware, whose whole description a cell's hash covers */
};

extern const struct experiment_key experiment_keys[];
extern const size_t experiment_key_count;

/* NULL if there is none of that name. */
const struct experiment_key *experiment_key_find(const char *name);

/* Sets the key's field from text, which is kept; ERROR_INPUT without file and line. */
int experiment_key_set(struct cell_settings *cell, const struct experiment_key *key, const char *text,
                       struct error *err);

/* Every key at its default. */
struct cell_settings experiment_defaults(void);

/* Whether the key takes ranges. */
bool experiment_key_has_ranges(const struct experiment_key *key);

/* Parses an end of a range; 0 or -1. */
int experiment_key_number(const struct experiment_key *key, const char *text, uint64_t *value);

/* "a whole number of plans from 1 to 1000000000": what the key takes. */
#define EXPERIMENT_EXPECTED_BYTES 160
void experiment_key_expected(char text[EXPERIMENT_EXPECTED_BYTES], const struct experiment_key *key);

/* For the manual page, the list of keys and the reference: "plans that may be proposed, in plans",
 * which the caller frees; and the default. */
char *experiment_key_text(const struct experiment_key *key);
const char *experiment_key_default(const struct experiment_key *key);

/* The field's value as text, in one way whatever way it was written; the caller frees it. */
char *experiment_key_value(const struct experiment_key *key, const struct cell_settings *cell);

#endif
