/* Pictures, drawn by gnuplot. */
#ifndef SPILLWAY_CLI_GNUPLOT_H
#define SPILLWAY_CLI_GNUPLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "util/error.h"

/* Eight colours that the colour-blind can tell apart (Okabe and Ito 2008); grey is for
 * what has no colour of its own. */
#define GNUPLOT_COLOURS 8
extern const char *const gnuplot_colours[GNUPLOT_COLOURS];
#define GNUPLOT_GREY "#bbbbbb"

/* The style of line i: these colours but yellow, which is too pale for lines, each with a dash
 * and a point of its own. */
#define GNUPLOT_LINES 14
const char *gnuplot_line_colour(size_t i);
unsigned gnuplot_line_point(size_t i);
void gnuplot_line_style(FILE *script, size_t i); /* colour and dashes */

struct picture {
  FILE *script;     /* sets neither terminal nor output */
  bool column;      /* as wide as a column of a paper, 3.3 inches, with fonts of 7.5 points */
  size_t further_lines; /* of text around the axes: the picture is so much taller */
};

/* ERROR_USAGE if the file's ending is none that can be drawn: .svg, .png, or .gp for the script. */
int gnuplot_check_path(const char *path, struct error *err);

/* Draws the picture's script, that text, and writes path whole or not at all. ERROR_OUTPUT if
 * gnuplot cannot be run or fails; it then says what to install. */
int gnuplot_draw(const char *path, const struct picture *picture, const char *script, size_t length,
                 struct error *err);

/* Text as a gnuplot string; nothing in it is taken as markup or run. */
void gnuplot_text(FILE *script, const char *text);

/* The name, of length bytes, or what its end has within that many: the beginning of a long name tells
 * least. The caller frees it. */
char *gnuplot_short_name(const char *name, size_t length, size_t most);

/* Sets the picture's title, in lines that are not wider than it, broken at commas. */
void gnuplot_title(struct picture *picture, const char *text);

/* Sets the key below the plot, of that many entries, one a line; the longest has so many letters, for which a column
 * may take a smaller font. */
void gnuplot_key_below(struct picture *picture, size_t entries, size_t longest);

/* A round step that divides the range, which is > 0, into at most so many. */
double gnuplot_step(double range, unsigned most);

#endif
