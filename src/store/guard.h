/* Lets a connection read and do nothing else. Internal to src/store. */
#ifndef SPILLWAY_STORE_GUARD_H
#define SPILLWAY_STORE_GUARD_H

#include <sqlite3.h>

struct guard {
  char refused[128]; /* what was refused last, such as "DROP TABLE run"; "" if nothing was */
};

/* guard must stay where it is as long as db is open. */
void guard_install(struct guard *guard, sqlite3 *db);

#endif
