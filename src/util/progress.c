#include "util/progress.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BAR_CELLS = 24, LINE_BYTES = 512 };
static const double REDRAW_SECONDS = 0.05;

struct progress {
  pthread_mutex_t lock;
  char label[64];
  uint64_t total, done;
  double started, drawn;
};

static double progress_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct progress *progress_start(const char *label, uint64_t total, bool quiet) {
  if (quiet || !isatty(STDERR_FILENO)) return NULL;
  struct progress *progress = calloc(1, sizeof *progress);
  if (progress == NULL) return NULL;
  pthread_mutex_init(&progress->lock, NULL);
  snprintf(progress->label, sizeof progress->label, "%s", label);
  progress->total = total == 0 ? 1 : total;
  progress->started = progress_now();
  return progress;
}

/* A line that wraps could not be wiped. */
static int progress_columns(void) {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void progress_draw(const struct progress *progress, double now, const char *note) {
  char bar[BAR_CELLS + 1];
  double share = (double)progress->done / (double)progress->total;
  size_t filled = (size_t)(share * BAR_CELLS);
  memset(bar, '.', BAR_CELLS);
  memset(bar, '#', filled > BAR_CELLS ? BAR_CELLS : filled);
  bar[BAR_CELLS] = '\0';
  double elapsed = now - progress->started;
  double left = progress->done == 0 ? 0 : elapsed * (1 / share - 1);
  char line[LINE_BYTES];
  snprintf(line, sizeof line, "%s [%s] %3.0f%% %.0f s left  %s", progress->label, bar, 100 * share, left,
           note == NULL ? "" : note);
  fprintf(stderr, "\r\033[K%.*s", progress_columns() - 1, line);
  fflush(stderr);
}

void progress_update(struct progress *progress, uint64_t done, const char *note) {
  if (progress == NULL) return;
  pthread_mutex_lock(&progress->lock);
  double now = progress_now();
  if (done > progress->done) progress->done = done > progress->total ? progress->total : done;
  if (now - progress->drawn >= REDRAW_SECONDS) {
    progress->drawn = now;
    progress_draw(progress, now, note);
  }
  pthread_mutex_unlock(&progress->lock);
}

void progress_end(struct progress *progress) {
  if (progress == NULL) return;
  fputs("\r\033[K", stderr);
  pthread_mutex_destroy(&progress->lock);
  free(progress);
}
