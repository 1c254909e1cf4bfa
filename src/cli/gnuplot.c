#include "cli/gnuplot.h"

#include <errno.h>
#include <math.h>
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

const char *gnuplot_line_colour(size_t i) {
  static const unsigned colours[] = {0, 5, 2, 3, 1, 4, 7};
  return gnuplot_colours[colours[i % (sizeof colours / sizeof colours[0])]];
}

unsigned gnuplot_line_point(size_t i) {
  static const unsigned points[] = {7, 5, 9, 13, 11, 4, 6, 8, 12, 10};
  return points[i % (sizeof points / sizeof points[0])];
}

void gnuplot_line_style(FILE *script, size_t i) {
  static const char *const dashes[] = {"1", "(9,4)", "(4,3)", "(10,3,2,3)", "(7,2,2,2,2,2)"};
  fprintf(script, "lc rgb '%s' dt %s", gnuplot_line_colour(i), dashes[i % (sizeof dashes / sizeof dashes[0])]);
}

/* A picture is this big without key and title, in units of the terminal, whose lines are so tall. */
struct layout {
  unsigned width, height, line;
  const char *font;
};

static const struct format {
  const char *ending, *terminal; /* terminal NULL: the script itself is written */
  struct layout page, column;
} formats[] = {
    {".svg", "svg background 'white' noenhanced", {900, 460, 18, "13"}, {317, 170, 13, "10"}},
    {".png", "pngcairo background 'white' noenhanced", {1350, 690, 22, "14"}, {990, 530, 38, "10"}},
    {".gp", NULL, {0}, {0}},
};

/* NULL if the ending is not known. */
static const struct format *find_format(const char *path) {
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    size_t length = strlen(path), ending = strlen(formats[i].ending);
    if (length > ending && strcmp(path + length - ending, formats[i].ending) == 0) return &formats[i];
  }
  return NULL;
}

int gnuplot_check_path(const char *path, struct error *err) {
  if (find_format(path) != NULL) return 0;
  return error_set(err, ERROR_USAGE,
                   "'%.200s' has no ending that can be drawn; expected .svg or .png, or .gp for gnuplot's script",
                   path);
}

/* What comes before a figure's own script. */
static void write_terminal(FILE *out, const struct format *format, const struct picture *picture) {
  const struct layout *layout = picture->column ? &format->column : &format->page;
  if (format->terminal == NULL) {
    fputs("# gnuplot -e \"set terminal pdfcairo; set output 'picture.pdf'\" FILE\nset termoption noenhanced\n", out);
    return;
  }
  bool scaled = picture->column && strcmp(format->ending, ".png") == 0; /* 300 dots an inch */
  fprintf(out, "set terminal %s size %u,%zu font 'DejaVu Sans,%s'%s\n", format->terminal, layout->width,
          layout->height + picture->further_lines * layout->line, layout->font,
          scaled ? " fontscale 2.35 linewidth 2 pointscale 2" : "");
}

/* gnuplot would run what is between backquotes, and a quote can end its strings; names come
 * from files. So whatever might mean something is written as an octal number. */
void gnuplot_text(FILE *script, const char *text) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ./_-,:";
  char *clean = cli_clean(text);
  putc('"', script);
  for (const char *c = clean; *c != '\0'; c++) {
    unsigned char byte = (unsigned char)*c;
    if (byte >= 0x80 || strchr(plain, *c) != NULL) {
      putc(*c, script);
    } else {
      fprintf(script, byte < 0100 ? "\\%04o" : "\\%03o", byte); /* it reads a fourth digit after a leading 0 */
    }
  }
  putc('"', script);
  free(clean);
}

char *gnuplot_short_name(const char *name, size_t length, size_t most) {
  if (length <= most) return cli_format("%.*s", (int)length, name);
  char *cut = cli_format("%.*s", (int)most - 1, name + length - most + 1);
  char *clean = cli_clean(cut); /* a letter of several bytes may have been cut */
  char *label = cli_format("\u2026%s", clean);
  free(cut);
  free(clean);
  return label;
}

/* Where the line that starts there ends: at the last comma within the width, if there is one. */
static size_t line_length(const char *text, size_t width) {
  size_t length = strlen(text), last = 0;
  if (length <= width) return length;
  for (size_t i = 0; i < length && (i < width || last == 0); i++) {
    if (text[i] == ',' && text[i + 1] == ' ') last = i + 1;
  }
  return last == 0 ? length : last;
}

/* A label, as gnuplot centres titles over the axes, which long names push aside. */
void gnuplot_title(struct picture *picture, const char *text) {
  enum { PAGE_WIDTH = 100, COLUMN_WIDTH = 46 };
  size_t lines = 0;
  fputs("set label 100 ", picture->script);
  for (; lines == 0 || *text != '\0'; lines++) {
    size_t length = line_length(text, picture->column ? COLUMN_WIDTH : PAGE_WIDTH);
    char *line = cli_format("%.*s", (int)length, text);
    if (lines > 0) fputs(".\"\\n\".", picture->script);
    gnuplot_text(picture->script, line);
    free(line);
    text += length;
    while (*text == ' ') text++;
  }
  fprintf(picture->script, " at screen 0.5, screen 1 center offset 0,-1.2\nset tmargin %zu\n", lines + 2);
  picture->further_lines += lines + 1;
}

void gnuplot_key_below(struct picture *picture, size_t entries, size_t longest) {
  enum { COLUMN_FITS = 43, COLUMN_FONT = 10, LEAST_FONT = 5 };
  if (picture->column && longest > COLUMN_FITS) {
    double font = (double)COLUMN_FONT * COLUMN_FITS / (double)longest;
    fprintf(picture->script, "set key font ',%.1f'\n", fmax(font, LEAST_FONT));
  }
  /* The empty title keeps the key away from the label of the axis. */
  fprintf(picture->script,
          "set key below left reverse Left maxcols 1 samplen %d title ' ' font ',3'\nset xlabel offset 0,0.4\n",
          picture->column ? 3 : 4);
  picture->further_lines += entries + 1;
}

double gnuplot_step(double range, unsigned most) {
  double step = pow(10, floor(log10(range / most)));
  static const double factors[] = {1, 2, 5, 10};
  for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
    if (range / (factors[i] * step) <= most) return factors[i] * step;
  }
  return 10 * step;
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

/* The whole input of gnuplot; the caller frees it. */
static char *whole_script(const struct format *format, const struct picture *picture, const char *script,
                          size_t length, size_t *whole_length) {
  char *whole = NULL;
  FILE *out = cli_checked(open_memstream(&whole, whole_length));
  write_terminal(out, format, picture);
  fwrite(script, 1, length, out);
  fclose(out);
  return cli_checked(whole);
}

static int run_script(const char *path, const char *script, size_t length, struct error *err) {
  FILE *in = tmpfile(), *out = tmpfile(), *messages = tmpfile();
  int status;
  if (in == NULL || out == NULL || messages == NULL || fwrite(script, 1, length, in) != length || fflush(in) != 0) {
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

int gnuplot_draw(const char *path, const struct picture *picture, const char *script, size_t length,
                 struct error *err) {
  const struct format *format = find_format(path);
  if (format == NULL) return gnuplot_check_path(path, err);
  char *whole = whole_script(format, picture, script, length, &length);
  int status = format->terminal == NULL ? file_write(path, whole, length, err) : run_script(path, whole, length, err);
  free(whole);
  return status;
}
