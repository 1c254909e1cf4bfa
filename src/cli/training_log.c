#include "cli/training_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "util/file.h"

#define HEADER "epoch,loss,validation_accuracy,validation_f1,seconds\n"
#define LIMIT_BYTES ((size_t)16 << 20)

void training_log_open(struct training_log *log, const char *path, bool tells) {
  struct error ignored = ERROR_INIT; /* it opens no database */
  *log = (struct training_log){.path = path, .tells = tells};
  runlog_begin(&log->clock, NULL, &ignored);
}

void training_log_close(struct training_log *log) {
  free(log->text);
  log->text = NULL;
}

/* The header and the rows before that epoch of the file that a training left which now goes on; the header alone if
 * there is no such file. */
static char *rows_before(const struct training_log *log, uint64_t epoch) {
  struct error ignored = ERROR_INIT;
  char *bytes, *end;
  size_t length;
  if (epoch == 1 || log->path == NULL || file_read(&bytes, &length, log->path, LIMIT_BYTES, &ignored) != 0) {
    return cli_strdup(HEADER);
  }
  if (strncmp(bytes, HEADER, strlen(HEADER)) != 0) {
    free(bytes);
    return cli_strdup(HEADER);
  }
  for (end = bytes + strlen(HEADER); *end != '\0' && strtoull(end, NULL, 10) < epoch;) {
    char *next = strchr(end, '\n');
    if (next == NULL) break;
    end = next + 1;
  }
  *end = '\0';
  return bytes;
}

static void tell(const struct training_log *log, const struct training_epoch *row, double seconds) {
  double done = (double)(row->epoch - log->first_epoch + 1), left = (double)(row->epochs - row->epoch);
  fprintf(stderr, "epoch %llu/%llu: loss %.4f, validation accuracy %.2f %%, F1 %.2f %%, about %.0f s left\n",
          (unsigned long long)row->epoch, (unsigned long long)row->epochs, row->loss, 100 * row->accuracy,
          100 * row->f1, seconds / done * left);
}

int training_log_add(struct training_log *log, const struct training_epoch *row, struct error *err) {
  double seconds = runlog_seconds(&log->clock);
  if (log->text == NULL) {
    log->text = rows_before(log, row->epoch);
    log->first_epoch = row->epoch;
  }
  char *text = cli_format("%s%llu,%.6f,%.6f,%.6f,%.2f\n", log->text, (unsigned long long)row->epoch, row->loss,
                          row->accuracy, row->f1, seconds - log->told_seconds);
  free(log->text);
  log->text = text;
  log->told_seconds = seconds;
  if (log->tells) tell(log, row, seconds);
  return log->path == NULL ? 0 : file_write(log->path, text, strlen(text), err);
}
