/* The verbs of the command line.
 *
 * To add one: write src/cli/<verb>.c with a `const struct verb <verb>_verb` (list.c is a short
 * example), add VERB(<verb>) to VERB_LIST below and the file to src/cli/local.mk. Help,
 * messages, completion and the list of verbs follow from it; tests ask that docs/spillway.1
 * has the verb and each of its options. Things to build on:
 *   - settings: a struct of your own that embeds the structs of the shared groups in
 *     settings.h (hardware, method, database, --json, --quiet), plus a table of your own options;
 *   - subject.h opens a network by name or path on the hardware of those settings;
 *   - group.h finds the ops of "A..B"; table.h and document.h print tables and JSON;
 *   - names.h lists what exists of a kind (networks, methods, ...) and says "did you mean".
 * Results go to stdout; main() checks that all of it was written. */
#ifndef SPILLWAY_CLI_VERB_H
#define SPILLWAY_CLI_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"
#include "util/error.h"

#define VERB_LIST(VERB) \
  VERB(show) VERB(simulate) VERB(schedule) VERB(sweep) VERB(sample) VERB(explain) \
  VERB(compare_explainers) VERB(train_validity) VERB(dram) VERB(merge) VERB(plot) VERB(query) VERB(list) VERB(help)

struct verb_argument {
  const char *name; /* NULL ends a list */
  const char *kind; /* what it is a name of (names.h), for completion; NULL: a file or any text */
  bool optional;
  bool repeated; /* the last one only */
  const char *help;
};

enum verb_result {
  VERB_FAILED = -1,  /* err says why; exit status 2 */
  VERB_DONE = 0,     /* exit status 0 */
  VERB_NEGATIVE = 1, /* done, and the answer is no; exit status 1 */
};

struct verb {
  const char *name, *summary;
  const char *details; /* further lines for --help; NULL if there are none */
  const struct verb_argument *arguments;
  const struct option_use *options;
  size_t settings_bytes; /* of the struct that run() is given */
  /* settings are as the options say, arguments as many as the table allows. */
  enum verb_result (*run)(const void *settings, const struct arguments *arguments, struct error *err);
};

#define VERB_DECLARE(name) extern const struct verb name##_verb;
VERB_LIST(VERB_DECLARE)
#undef VERB_DECLARE

extern const struct verb *const verbs[];
extern const size_t verb_count;

/* NULL if there is none of that name, and then an ERROR_USAGE with what is near. */
const struct verb *verb_find(const char *name, struct error *err);

#endif
