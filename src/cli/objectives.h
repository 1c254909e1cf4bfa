/* The objectives of a search, as --objectives lists them. */
#ifndef SPILLWAY_CLI_OBJECTIVES_H
#define SPILLWAY_CLI_OBJECTIVES_H

#include <jansson.h>

#include "sched/search.h"
#include "util/error.h"

#define OBJECTIVES_DEFAULT "dram"
#define OBJECTIVES_DEFAULT_OF_FRONT "dram,buffer"

const char *objectives_default(const struct search *search);

/* Sets the objectives of out from a list of names with commas between, the first of which is that of
 * splits and of the best plan; NULL stands for the search's default. ERROR_USAGE if the search takes
 * more of them or fewer. */
int objectives_parse(struct search_options *out, const char *list, const struct search *search, struct error *err);

/* Their names: a list. */
json_t *objectives_document(const struct search_options *options);

/* Objective number o of the search, 0 up to options->further_count. */
const struct objective *objectives_at(const struct search_options *options, size_t o);

#endif
