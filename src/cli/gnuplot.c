#include "cli/gnuplot.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/memory.h"
#include "config.h"
#include "util/file.h"

extern char **environ;

const char *const gnuplot_colours[GNUPLOT_COLOURS] = {
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000",
};

static const struct {
  const char *ending, *terminal;
} formats[] = {
    {".svg", "set terminal svg size 900,540 font 'DejaVu Sans,13' background 'white' noenhanced\n"},
    {".png", "set terminal pngcairo size 1350,810 font 'DejaVu Sans,14' background 'white' noenhanced\n"},
};

/* NULL if the ending is not known. */
static const char *find_terminal(const char *path) {
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    size_t length = strlen(path), ending = strlen(formats[i].ending);
    if (length > ending && strcmp(path + length - ending, formats[i].ending) == 0) return formats[i].terminal;
  }
  return NULL;
}

int gnuplot_check_path(const char *path, struct error *err) {
  if (find_terminal(path) != NULL) return 0;
  return error_set(err, ERROR_USAGE, "'%.200s' has no ending that can be drawn; expected .svg or .png", path);
}

void gnuplot_text(FILE *script, const char *text) {
  char *clean = cli_clean(text);
  putc('"', script);
  for (const char *c = clean; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\') putc('\\', script);
    putc(*c, script);
  }
  putc('"', script);
  free(clean);
}

/* ---- running it ---- */

static int spawn_gnuplot(FILE *in, FILE *out, FILE *messages, int *status) {
  char name[] = "gnuplot", *const arguments[] = {name, NULL};
  posix_spawn_file_actions_t actions;
  pid_t child;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(in), 0);
  posix_spawn_file_actions_adddup2(&actions, fileno(out), 1);
  posix_spawn_file_actions_adddup2(&actions, fileno(messages), 2);
  int failure = posix_spawnp(&child, GNUPLOT, &actions, NULL, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return failure;
  while (waitpid(child, status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

/* All of a temporary file; the caller frees it. */
static char *slurp(FILE *file, size_t *length) {
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  char *bytes = cli_alloc((size_t)(size < 0 ? 0 : size) + 1, 1);
  *length = fread(bytes, 1, (size_t)(size < 0 ? 0 : size), file);
  return bytes;
}

static int complain(FILE *messages, int failure, struct error *err) {
  size_t length;
  if (failure != 0) {
    return error_set(err, ERROR_OUTPUT, "cannot run " GNUPLOT " (%s); pictures take the Debian package gnuplot-nox",
                     strerror(failure));
  }
  char *text = slurp(messages, &length), *clean = cli_clean(text);
  error_set(err, ERROR_OUTPUT, "gnuplot failed: %.400s", length == 0 ? "it said nothing" : clean);
  free(text);
  free(clean);
  return -1;
}

static int draw(const char *path, FILE *in, FILE *out, FILE *messages, struct error *err) {
  int status = 0, failure = spawn_gnuplot(in, out, messages, &status);
  if (failure != 0 || status != 0) return complain(messages, failure, err);
  size_t length;
  char *picture = slurp(out, &length);
  int written = length == 0 ? complain(messages, 0, err) : file_write(path, picture, length, err);
  free(picture);
  return written;
}

int gnuplot_draw(const char *path, const char *script, size_t length, struct error *err) {
  FILE *in = tmpfile(), *out = tmpfile(), *messages = tmpfile();
  int status;
  if (gnuplot_check_path(path, err) != 0) {
    status = -1;
  } else if (in == NULL || out == NULL || messages == NULL || fputs(find_terminal(path), in) == EOF ||
             fwrite(script, 1, length, in) != length || fflush(in) != 0) {
    status = error_set(err, ERROR_OUTPUT, "cannot write a temporary file for gnuplot: %s", strerror(errno));
  } else {
    rewind(in);
    status = draw(path, in, out, messages, err);
  }
  if (in != NULL) fclose(in);
  if (out != NULL) fclose(out);
  if (messages != NULL) fclose(messages);
  return status;
}
