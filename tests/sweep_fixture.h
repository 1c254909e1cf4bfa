/* Experiments for tests, and what they leave in a database. */
#ifndef SPILLWAY_TESTS_SWEEP_FIXTURE_H
#define SPILLWAY_TESTS_SWEEP_FIXTURE_H

#include <check.h>
#include <stdint.h>

/* 24 cells, a fraction of a second in all. */
#define SWEEP_CELLS 24
extern const char sweep_text[];

/* Writes sweep_text to exp.yaml. */
void sweep_write(void);

/* All that the cells of a database hold, in the order of their keys, but when and how fast they ran;
 * lives until cli_leave(). */
const char *sweep_contents(const char *database);

/* Runs exp.yaml whole into a database and gives its contents. */
const char *sweep_undisturbed(void);

int64_t sweep_runs(const char *database);

/* No run is there in part, and the file is well. */
void sweep_assert_whole(const char *database);

TCase *sweep_files_case(void);
TCase *sweep_runs_case(void);
TCase *sweep_faults_case(void);
TCase *sweep_merge_case(void);

#endif
