/* A connection that only reads. Internal to src/store. */
#ifndef SPILLWAY_STORE_READER_H
#define SPILLWAY_STORE_READER_H

#include <sqlite3.h>

#include "util/error.h"

/* Opens a database that exists, also in a directory that may not be written. ERROR_INPUT. The
 * caller closes *db, also after a failure; it may be NULL. */
int reader_open(sqlite3 **db, const char *path, struct error *err);

#endif
