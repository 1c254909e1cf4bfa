/* Values for a statement's parameters. Internal to src/store. */
#ifndef SPILLWAY_STORE_BIND_H
#define SPILLWAY_STORE_BIND_H

#include <sqlite3.h>
#include <stddef.h>

#include "store/named.h"
#include "util/error.h"

#define BIND_LIST_BYTES 512

/* Binds "name=value" texts (SQLite keeps copies). With named, types are those of its list
 * and what is left out is NULL. Without it, a value that looks like a number is one, and every
 * parameter must be given. Errors are ERROR_USAGE. */
int bind_parameters(sqlite3_stmt *statement, const struct named_query *named, const char *const *parameters,
                    size_t parameter_count, struct error *err);

/* Appends "item" or ", item" to a list of BIND_LIST_BYTES, which is cut if it gets too long. */
void bind_list_add(char *list, const char *item);

#endif
