/* Whole files: read with a limit, written whole or not at all. */
#ifndef SPILLWAY_UTIL_FILE_H
#define SPILLWAY_UTIL_FILE_H

#include <stddef.h>
#include <stdio.h>

#include "util/error.h"

/* Reads all of path, a file or anything else that can be read to an end. A NUL, not
 * counted in *length, follows the bytes. ERROR_INPUT if it is missing, unreadable, a
 * directory, empty or larger than limit_bytes. The caller frees *bytes with free(). */
int file_read(char **bytes, size_t *length, const char *path, size_t limit_bytes, struct error *err);

/* Replaces path by a file of these bytes: they go to a temporary file in the same
 * directory, which is then renamed. A failure (ERROR_OUTPUT) leaves what was at path and
 * no temporary file. Symbolic links are followed, the mode of a file that was there is
 * kept. What is no regular file (/dev/stdout, a pipe) is written to directly. */
int file_write(const char *path, const void *bytes, size_t length, struct error *err);

/* The same for what put() writes to a stream, piece by piece. put() returns 0, or -1 with its
 * own *err, and nothing is left then; failures of the stream are found here. */
int file_stream(const char *path, int (*put)(void *context, FILE *file, struct error *err), void *context,
                struct error *err);

#endif
