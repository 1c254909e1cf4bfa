/* The database's schema as a list of migrations. Internal to src/store. */
#ifndef SPILLWAY_STORE_SCHEMA_H
#define SPILLWAY_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>

#include "util/error.h"

/* "Spwy": marks a database as ours in the file's header. */
#define SCHEMA_APPLICATION_ID 0x53707779

/* Step i brings a database from user_version i to i + 1. A published step is never changed;
 * a new need is a new step at the end. */
extern const char *const schema_steps[];
extern const size_t schema_step_count;

/* Judges db by its header and changes nothing: an error of this kind if it belongs to
 * another program or has a version above newest. *version is 0 for an empty database. */
int schema_identify(size_t *version, sqlite3 *db, const char *path, size_t newest, enum error_kind kind,
                    struct error *err);

/* Runs the steps that db lacks; call it inside a transaction that holds the write lock. It
 * always writes, even if nothing is to be done. */
int schema_migrate(sqlite3 *db, const char *path, const char *const *steps, size_t step_count,
                   struct error *err);

#endif
