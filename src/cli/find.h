/* Networks and hardware descriptions by name: files that come with the program or that an
 * environment variable points to. */
#ifndef SPILLWAY_CLI_FIND_H
#define SPILLWAY_CLI_FIND_H

#include "cli/names.h"
#include "util/error.h"

struct find_place {
  const char *what;     /* "network" */
  const char *variable; /* of the environment: a directory that is searched first */
  const char *folder;   /* below configs/ and below the installed data */
  const char *ending;   /* of the files */
};

extern const struct find_place find_networks, find_hardware, find_experiments, find_models;

/* The path for what the user wrote: a name that is found in one of the directories, or else
 * a path, if it contains a slash, has the ending or exists. ERROR_INPUT says what is near
 * and where it looked. The caller frees *path. */
int find_path(char **path, const struct find_place *place, const char *name, struct error *err);

/* The first of the directories that has that file, itself a path below it; ERROR_INPUT says where it looked.
 * The caller frees *directory. */
int find_directory(char **directory, const struct find_place *place, const char *file, struct error *err);

/* Every name there is, sorted; the summary is the path. */
void find_list(struct name_list *list, const struct find_place *place);

#endif
