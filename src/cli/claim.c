#include "cli/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/memory.h"

/* Whoever has the file open holds this byte, beyond those of cells, with others. */
#define PRESENCE ((off_t)1 << 60)

/* Locks of the open file, not of the process: closing the database does not drop them. */
static int set_lock(const struct claims *claims, int command, short type, off_t start) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = 1};
  int status;
  do status = fcntl(claims->file, command, &lock);
  while (status != 0 && errno == EINTR);
  return status;
}

/* Another process may have deleted the file after it was opened here and before it was locked: then it is no longer
 * where others look. */
static bool is_deleted(const struct claims *claims) {
  struct stat status;
  return fstat(claims->file, &status) == 0 && status.st_nlink == 0;
}

void claims_open(struct claims *out, const char *database) {
  out->path = cli_format("%s-cells", database);
  for (;;) {
    out->file = open(out->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (out->file < 0 || set_lock(out, F_OFD_SETLKW, F_RDLCK, PRESENCE) != 0 || !is_deleted(out)) return;
    close(out->file);
  }
}

void claims_close(struct claims *claims) {
  if (claims->file >= 0) {
    if (set_lock(claims, F_OFD_SETLK, F_WRLCK, PRESENCE) == 0) unlink(claims->path);
    close(claims->file);
  }
  free(claims->path);
  *claims = (struct claims){.file = -1};
}

/* The byte of a cell. Two cells may have the same one; then they wait for one another. */
static off_t byte_of(const char *key) {
  char digits[16];
  memcpy(digits, key, sizeof digits - 1);
  digits[sizeof digits - 1] = '\0';
  return (off_t)strtoull(digits, NULL, 16);
}

bool claim_take(const struct claims *claims, const char *key, bool wait) {
  if (claims->file < 0) return true;
  if (set_lock(claims, wait ? F_OFD_SETLKW : F_OFD_SETLK, F_WRLCK, byte_of(key)) == 0) return true;
  return errno != EAGAIN && errno != EACCES;
}

void claim_drop(const struct claims *claims, const char *key) {
  if (claims->file >= 0) set_lock(claims, F_OFD_SETLK, F_UNLCK, byte_of(key));
}
