/* Pictures that plot can draw. One const table, one file per figure; adding one is adding a
 * file and a line. */
#ifndef SPILLWAY_CLI_FIGURE_H
#define SPILLWAY_CLI_FIGURE_H

#include "cli/gnuplot.h"
#include "cli/settings.h"
#include "sim/trace.h"
#include "util/error.h"

struct plot_settings {
  const char *output, *group, *trace, *where, *title, *axes;
  bool column, fuseable;
  struct target_options target;
  struct method_options method;
  struct explainers_options explainers;
  struct split_options split;
  struct database_options database;
};

struct figure {
  const char *name, *summary;
  /* Writes the gnuplot script. network is NULL if none was given. */
  int (*draw)(struct picture *picture, const struct plot_settings *settings, const char *network, struct error *err);
};

extern const struct figure figures[];
extern const size_t figure_count;

/* The figures behind the table in plot.c. */
int figure_occupancy(struct picture *picture, const struct plot_settings *settings, const char *network,
                     struct error *err);
int figure_curves(struct picture *picture, const struct plot_settings *settings, const char *network,
                  struct error *err);
int figure_buffer(struct picture *picture, const struct plot_settings *settings, const char *network,
                  struct error *err);
int figure_valid(struct picture *picture, const struct plot_settings *settings, const char *network,
                 struct error *err);
int figure_gap(struct picture *picture, const struct plot_settings *settings, const char *network,
               struct error *err);
int figure_front(struct picture *picture, const struct plot_settings *settings, const char *network,
                 struct error *err);
int figure_culprits(struct picture *picture, const struct plot_settings *settings, const char *network,
                    struct error *err);
int figure_explanation(struct picture *picture, const struct plot_settings *settings, const char *network,
                       struct error *err);

/* The axes, the key and the curves of a trace's occupancy, for a figure of several panels. Names of ops are cut to
 * that many letters. */
int figure_occupancy_panel(struct picture *picture, const struct trace *trace, size_t most_letters, struct error *err);

#endif
