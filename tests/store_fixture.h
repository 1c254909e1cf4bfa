/* A results database in a directory of its own, and a run to put into it. */
#ifndef SPILLWAY_TESTS_STORE_FIXTURE_H
#define SPILLWAY_TESTS_STORE_FIXTURE_H

#include <stdint.h>
#include <stdio.h>

#include "store/query.h"
#include "store/store.h"
#include "util/error.h"

/* Set by fixture_setup(); the database does not exist yet. */
extern char fixture_directory[64];
extern char fixture_database[128];

void fixture_setup(void);
void fixture_teardown(void);

/* Two groups, of which the first was timed, three points of a curve and one explanation;
 * every number differs. */
struct store_run fixture_example_run(void);
extern const struct store_group fixture_example_groups[2];
extern const struct store_run_timed fixture_example_timed;

struct store *fixture_open_database(void);
int64_t fixture_write(struct store *store, const struct store_run *run);
void fixture_write_example(void);

typedef int (*fixture_print)(FILE *, struct query *, struct error *);

/* The whole printed answer; the caller frees it. NULL, with the error, if it failed. */
char *fixture_ask(const char *text, const char *const *parameters, size_t count, fixture_print print,
                  struct error *err);

/* parameter may be NULL. */
void fixture_assert_answer(const char *text, const char *parameter, fixture_print print,
                           const char *expected);
void fixture_assert_csv(const char *text, const char *parameter, const char *expected);

/* The answer of SQLite itself. */
int64_t fixture_integer(const char *sql);

void fixture_write_text(const char *path, const char *text);

#endif
