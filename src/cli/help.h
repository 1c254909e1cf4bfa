/* Help texts, all of them from the tables of verbs and options. */
#ifndef SPILLWAY_CLI_HELP_H
#define SPILLWAY_CLI_HELP_H

#include <stdio.h>

#include "cli/verb.h"

/* What the program can do. */
void help_program(FILE *out);

/* What a verb can do, on stdout. */
void help_about(const struct verb *verb);

/* "--budget N" and the like. The caller frees it. */
char *help_option_name(const struct option_spec *option);

/* The help of the option with its default. The caller frees it. */
char *help_option_text(const struct option_spec *option);

#endif
