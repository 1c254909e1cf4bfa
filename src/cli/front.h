/* The Pareto front that a search found: for people, for programs, and as plan files. */
#ifndef SPILLWAY_CLI_FRONT_H
#define SPILLWAY_CLI_FRONT_H

#include <jansson.h>

#include "sched/search.h"
#include "util/error.h"

/* Groups of a plan: a list of lists of op names. */
json_t *front_groups_document(const struct plan *plan);

/* Adds the objectives and the points of the front to the search's object; nothing if it has none. */
void front_add_documents(json_t *search, const struct search_options *options, const struct search_result *result);

/* A row per point; nothing if there are none. */
void front_print(const struct search_options *options, const struct search_result *result);

/* Whether plan files can be written to the directory, which is made if it is not there and must be
 * empty otherwise. ERROR_OUTPUT. */
int front_open_directory(const char *path, struct error *err);

/* Writes DIRECTORY/0.yaml, 1.yaml, ...: the plans of the front in its order. */
int front_save(const char *directory, const struct search_options *options, const struct search_result *result,
               struct error *err);

#endif
