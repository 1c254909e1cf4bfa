/* Claims on the cells that processes with one database are running, so that they share the work
 * and do not do it twice. A claim is a lock on one byte of a file beside the database and goes
 * with the process, however that ends. Where files cannot be locked every claim is granted: a cell
 * done twice does no harm. */
#ifndef SPILLWAY_CLI_CLAIM_H
#define SPILLWAY_CLI_CLAIM_H

#include <stdbool.h>

struct claims {
  char *path;
  int file; /* -1: none */
};

void claims_open(struct claims *out, const char *database);

/* Deletes the file if no other process has it open. */
void claims_close(struct claims *claims);

/* Claims the cell with that key (hex) as long as claim_drop() is not called; false if another process has it,
 * unless wait: then it waits for that process. Of one process each cell is claimed once. */
bool claim_take(const struct claims *claims, const char *key, bool wait);
void claim_drop(const struct claims *claims, const char *key);

#endif
