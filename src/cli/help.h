/* Help texts, all of them from the tables of verbs and options. */
#ifndef SPILLWAY_CLI_HELP_H
#define SPILLWAY_CLI_HELP_H

#include <stdio.h>

#include "cli/verb.h"
#include "hw/hw.h"

/* What the program can do. */
void help_program(FILE *out);

/* What a verb can do, on stdout. */
void help_about(const struct verb *verb);

/* "--budget N" and the like. The caller frees it. */
char *help_option_name(const struct option_spec *option);

/* The help of the option with its default. The caller frees it. */
char *help_option_text(const struct option_spec *option);

/* What the key is, in which unit or out of which names. The caller frees it. */
char *help_hw_key_text(const struct hw_key *key);

/* Its default as one would write it. */
const char *help_hw_key_default(const struct hw_key *key);

#endif
