/* Pictures, drawn by gnuplot. */
#ifndef SPILLWAY_CLI_GNUPLOT_H
#define SPILLWAY_CLI_GNUPLOT_H

#include <stdio.h>

#include "util/error.h"

/* Eight colours that the colour-blind can tell apart (Okabe and Ito 2008); grey is for
 * what has no colour of its own. */
#define GNUPLOT_COLOURS 8
extern const char *const gnuplot_colours[GNUPLOT_COLOURS];
#define GNUPLOT_GREY "#bbbbbb"

/* ERROR_USAGE if the file's ending is none that can be drawn (.svg, .png). */
int gnuplot_check_path(const char *path, struct error *err);

/* Draws the script, which sets neither terminal nor output, and writes path whole or not
 * at all. ERROR_OUTPUT if gnuplot cannot be run or fails; it then says what to install. */
int gnuplot_draw(const char *path, const char *script, size_t length, struct error *err);

/* Text as a gnuplot string in double quotes, nothing in it taken as markup. */
void gnuplot_text(FILE *script, const char *text);

#endif
