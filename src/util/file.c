#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/units.h"

enum { FILE_FIRST_BYTES = 64 * 1024, FILE_TEMPORARY_TRIES = 1000 };

struct file_buffer {
  char *bytes;
  size_t length, capacity;
};

static int file_too_large(const char *path, size_t limit_bytes, struct error *err) {
  char limit[UNITS_TEXT_BYTES];
  return error_input(err, path, 0, "larger than %s, the most that is read of such a file",
                     units_format_bytes(limit, limit_bytes));
}

static int file_grow(struct file_buffer *buffer, size_t capacity, struct error *err) {
  char *bytes = realloc(buffer->bytes, capacity + 1);
  if (bytes == NULL) return error_memory(err);
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return 0;
}

/* limit_bytes + 1 bytes may be read, to tell a file of just that size from a larger one. */
static int file_read_to_end(struct file_buffer *buffer, int descriptor, const char *path, size_t limit_bytes,
                            struct error *err) {
  for (;;) {
    if (buffer->length == buffer->capacity) {
      size_t wanted = buffer->capacity > limit_bytes / 2 ? limit_bytes + 1 : buffer->capacity * 2;
      if (file_grow(buffer, wanted, err) != 0) return -1;
    }
    ssize_t got = read(descriptor, buffer->bytes + buffer->length, buffer->capacity - buffer->length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return error_input(err, path, 0, "cannot read: %s", strerror(errno));
    if (got == 0) return 0;
    buffer->length += (size_t)got;
    if (buffer->length > limit_bytes) return file_too_large(path, limit_bytes, err);
  }
}

static int file_read_open(struct file_buffer *buffer, int descriptor, const char *path, size_t limit_bytes,
                          struct error *err) {
  struct stat status;
  size_t expected = FILE_FIRST_BYTES;
  if (fstat(descriptor, &status) != 0) return error_input(err, path, 0, "cannot read: %s", strerror(errno));
  if (S_ISDIR(status.st_mode)) return error_input(err, path, 0, "is a directory; expected a file");
  if (S_ISREG(status.st_mode)) {
    if ((uintmax_t)status.st_size > limit_bytes) return file_too_large(path, limit_bytes, err);
    expected = (size_t)status.st_size + 1; /* the extra byte sees the end without growing */
  }
  if (expected > limit_bytes) expected = limit_bytes + 1;
  if (file_grow(buffer, expected, err) != 0) return -1;
  if (file_read_to_end(buffer, descriptor, path, limit_bytes, err) != 0) return -1;
  if (buffer->length == 0) return error_input(err, path, 0, "is empty");
  return 0;
}

int file_read(char **bytes, size_t *length, const char *path, size_t limit_bytes, struct error *err) {
  struct file_buffer buffer = {NULL, 0, 0};
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return error_input(err, path, 0, "cannot open: %s", strerror(errno));
  int result = file_read_open(&buffer, descriptor, path, limit_bytes, err);
  close(descriptor);
  if (result != 0) {
    free(buffer.bytes);
    return -1;
  }
  buffer.bytes[buffer.length] = '\0';
  *bytes = buffer.bytes;
  *length = buffer.length;
  return 0;
}

/* 0, or -1 with errno. */
static int file_write_all(int descriptor, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t put = write(descriptor, bytes, length);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return -1;
    bytes += put;
    length -= (size_t)put;
  }
  return 0;
}

/* What goes into a file: bytes, or what put() writes. */
struct file_source {
  const void *bytes;
  size_t length;
  int (*put)(void *context, FILE *file, struct error *err);
  void *context;
  struct error *err;
  bool put_failed; /* err is put()'s own */
};

/* 0, or -1 with errno. */
static int file_fill(int descriptor, struct file_source *source) {
  if (source->put == NULL) return file_write_all(descriptor, source->bytes, source->length);
  int copy = dup(descriptor);
  FILE *file = copy < 0 ? NULL : fdopen(copy, "w");
  if (file == NULL) {
    int reason = errno;
    if (copy >= 0) close(copy);
    errno = reason;
    return -1;
  }
  source->put_failed = source->put(source->context, file, source->err) != 0;
  int failure = fflush(file) == 0 && !ferror(file) ? 0 : errno;
  if (fclose(file) != 0 && failure == 0) failure = errno;
  errno = failure;
  return failure == 0 && !source->put_failed ? 0 : -1;
}

static int file_write_directly(const char *path, struct file_source *source) {
  int descriptor = open(path, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return -1;
  int failure = file_fill(descriptor, source) == 0 ? 0 : source->put_failed ? EIO : errno;
  if (close(descriptor) != 0 && failure == 0) failure = errno;
  errno = failure;
  return failure == 0 ? 0 : -1;
}

/* Creates a new file in the directory of path. Its name does not contain that of path,
 * which may be as long as names can be; the mode is left to the umask. */
static int file_create_beside(char **name, const char *path) {
  const char *slash = strrchr(path, '/');
  int directory = slash == NULL ? 0 : (int)(slash - path + 1);
  size_t capacity = (size_t)directory + sizeof ".spillway-.tmp" + 40;
  *name = malloc(capacity);
  if (*name == NULL) return -1;
  for (unsigned try = 0; try < FILE_TEMPORARY_TRIES; try++) {
    snprintf(*name, capacity, "%.*s.spillway-%ld-%u.tmp", directory, path, (long)getpid(), try);
    int descriptor = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) return descriptor;
    if (errno != EEXIST) break;
  }
  int failure = errno;
  free(*name);
  errno = failure;
  return -1;
}

/* old: what is at path now, or NULL. */
static int file_replace(const char *path, const struct stat *old, struct file_source *source) {
  char *name;
  int descriptor = file_create_beside(&name, path);
  if (descriptor < 0) return -1;
  bool written = file_fill(descriptor, source) == 0 &&
                 (old == NULL || fchmod(descriptor, old->st_mode & 07777) == 0) && fsync(descriptor) == 0;
  int failure = written ? 0 : source->put_failed ? EIO : errno;
  if (close(descriptor) != 0 && failure == 0) failure = errno;
  if (failure == 0 && rename(name, path) != 0) failure = errno;
  if (failure != 0) unlink(name);
  free(name);
  errno = failure;
  return failure == 0 ? 0 : -1;
}

static int file_put(const char *path, struct file_source *source) {
  struct stat status;
  if (stat(path, &status) != 0) return errno == ENOENT ? file_replace(path, NULL, source) : -1;
  if (!S_ISREG(status.st_mode)) return file_write_directly(path, source);
  char *target = realpath(path, NULL);
  if (target == NULL) return -1;
  int result = file_replace(target, &status, source);
  int failure = errno;
  free(target);
  errno = failure;
  return result;
}

static int file_put_or_tell(const char *path, struct file_source *source, struct error *err) {
  if (file_put(path, source) == 0) return 0;
  if (source->put_failed) return -1;
  if (errno == ENOMEM) return error_memory(err);
  return error_set(err, ERROR_OUTPUT, "%s: cannot write: %s", path, strerror(errno));
}

int file_write(const char *path, const void *bytes, size_t length, struct error *err) {
  struct file_source source = {.bytes = bytes, .length = length};
  return file_put_or_tell(path, &source, err);
}

int file_stream(const char *path, int (*put)(void *context, FILE *file, struct error *err), void *context,
                struct error *err) {
  struct file_source source = {.put = put, .context = context, .err = err};
  return file_put_or_tell(path, &source, err);
}
