/* Plan files: YAML with `network`, `method` and `groups`, a list of lists of op names. */
#ifndef SPILLWAY_PLAN_FILE_H
#define SPILLWAY_PLAN_FILE_H

#include <stddef.h>

#include "plan/plan.h"

#define PLAN_METHOD_BYTES 32

/* Reads and checks a plan for graph (plan_check() included). method receives the file's
 * method, or "" if it names none. ERROR_INPUT names file, line, what was found and what
 * was expected: unknown or repeated op, op left out, other network, group not connected,
 * cycle between groups. The caller frees *plan with plan_free(). */
int plan_file_load(struct plan *plan, char method[PLAN_METHOD_BYTES], const struct graph *graph,
                   const char *path, struct error *err);
int plan_file_load_memory(struct plan *plan, char method[PLAN_METHOD_BYTES], const struct graph *graph,
                          const void *bytes, size_t length, const char *path, struct error *err);

/* The plan as YAML, one op per line; a method of "" is left out. ERROR_INPUT if a name is
 * no UTF-8. The caller frees the text with free(); NULL on an error. */
char *plan_file_to_yaml(const struct plan *plan, const char *method, struct error *err);

/* Writes path whole or not at all (temporary file beside it, then rename). */
int plan_file_save(const struct plan *plan, const char *method, const char *path, struct error *err);

#endif
