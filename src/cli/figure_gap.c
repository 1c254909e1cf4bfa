/* How far plans are from the optimum, or from the best bound: a row of points per policy over
 * networks, buffers and whatever else the runs differ in. */
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/series.h"

/* Places of the axis times policies. */
enum { PLACES_MOST = 24, LINES_MOST = PLACES_MOST * GNUPLOT_LINES };

#define GAP "100.0 * (fuseable_dram_bytes - known_bytes) / nullif(known_bytes, 0)"
#define CONDITION "search <> 'exact' AND known_bytes IS NOT NULL"

static const struct series_question question = {
    .x = "known_optimum",
    .y = GAP,
    .join = "",
    .condition = CONDITION,
    .parts = SERIES_ALL,
    .most = LINES_MOST,
    .what = "searches with a known optimum or bound",
    .command = "spillway schedule --search exact",
};

/* Distinct labels, in the order in which they are met. */
struct labels {
  char *texts[LINES_MOST];
  size_t count;
};

/* Takes over text. */
static size_t label_number(struct labels *labels, char *text) {
  for (size_t i = 0; i < labels->count; i++) {
    if (strcmp(labels->texts[i], text) != 0) continue;
    free(text);
    return i;
  }
  labels->texts[labels->count] = text;
  return labels->count++;
}

static size_t labels_longest(const struct labels *labels) {
  size_t longest = 0;
  for (size_t i = 0; i < labels->count; i++) {
    if (strlen(labels->texts[i]) > longest) longest = strlen(labels->texts[i]);
  }
  return longest;
}

static void labels_free(struct labels *labels) {
  for (size_t i = 0; i < labels->count; i++) free(labels->texts[i]);
}

struct gap {
  struct series_list list;
  struct labels places, policies;
  size_t place[LINES_MOST], policy[LINES_MOST]; /* by line of the list */
};

static int sort_out(struct gap *gap, struct error *err) {
  const unsigned always = 1u << SERIES_SEARCH | 1u << SERIES_SPLITTER;
  for (size_t i = 0; i < gap->list.count; i++) {
    gap->place[i] = label_number(&gap->places, series_label(&gap->list, i, SERIES_SETTING, 0));
    gap->policy[i] = label_number(&gap->policies, series_label(&gap->list, i, SERIES_POLICY, always));
  }
  if (gap->places.count <= PLACES_MOST && gap->policies.count <= GNUPLOT_LINES) return 0;
  return error_set(err, ERROR_USAGE,
                   "%zu settings and %zu policies to draw, more than %d and %d; choose some with NET or --where, "
                   "such as --where \"buffer_bytes = 262144\"",
                   gap->places.count, gap->policies.count, PLACES_MOST, GNUPLOT_LINES);
}

/* A block per policy: place, gap, lowest and highest of it, and whether it is to the optimum. */
static void write_data(FILE *script, const struct gap *gap) {
  for (size_t policy = 0; policy < gap->policies.count; policy++) {
    fprintf(script, "$line%zu << EOD\n", policy);
    for (size_t i = 0; i < gap->list.count; i++) {
      const struct series_point *point = &gap->list.items[i].points[0];
      if (gap->policy[i] != policy) continue;
      double shift = 0.6 * ((double)policy + 0.5) / (double)gap->policies.count - 0.3;
      fprintf(script, "%.4f %.6g %.6g %.6g %g\n", (double)gap->place[i] + shift, point->median, point->low,
              point->high, point->x);
    }
    fputs("EOD\n", script);
  }
}

static bool all_to_optimum(const struct gap *gap) {
  for (size_t i = 0; i < gap->list.count; i++) {
    if (gap->list.items[i].points[0].x == 0) return false;
  }
  return true;
}

static void write_axes(struct picture *picture, const struct gap *gap) {
  FILE *script = picture->script;
  size_t longest = labels_longest(&gap->places);
  fputs("set xtics scale 0 (", script);
  for (size_t i = 0; i < gap->places.count; i++) {
    fputs(i == 0 ? "" : ", ", script);
    gnuplot_text(script, gap->places.texts[i]);
    fprintf(script, " %zu", i);
  }
  bool fits = longest * gap->places.count <= (picture->column ? 36 : 110);
  if (!fits) picture->further_lines += longest / 2;
  fprintf(script, ")%s\nset xrange [-0.5:%zu.5]\n", fits ? "" : " rotate by 90 right", gap->places.count - 1);
  for (size_t i = 1; i < gap->places.count; i++) {
    fprintf(script, "set arrow from first %zu.5, graph 0 to first %zu.5, graph 1 nohead lc rgb '#dddddd'\n", i - 1,
            i - 1);
  }
  fprintf(script,
          "set ylabel 'above the %s (%%)'\nset yrange [0:*]\nset offsets 0, 0, graph 0.05, 0\n"
          "set grid ytics\nset tics out nomirror\nset border 3\nset rmargin 3\n",
          all_to_optimum(gap) ? "optimum" : "optimum or bound");
}

static void write_lines(FILE *script, const struct gap *gap) {
  for (size_t i = 0; i < gap->policies.count; i++) {
    fprintf(script, "%s$line%zu using 1:2:3:4 with yerrorbars lw 2 lc rgb '%s' pt %u title ",
            i == 0 ? "plot " : ", \\\n  ", i, gnuplot_line_colour(i), gnuplot_line_point(i));
    gnuplot_text(script, gap->policies.texts[i]);
  }
  if (!all_to_optimum(gap)) {
    for (size_t i = 0; i < gap->policies.count; i++) {
      fprintf(script, ", \\\n  $line%zu using 1:($5 == 0 ? $2 : NaN) with points pt 6 ps 2 lc rgb '#777777' title %s",
              i, i == 0 ? "'above a bound, not the optimum'" : "''");
    }
  }
  putc('\n', script);
}

static void write_script(struct picture *picture, const struct gap *gap, const char *title) {
  char *words = series_title(&gap->list, "gap to the optimum");
  gnuplot_title(picture, title != NULL ? title : words);
  free(words);
  write_data(picture->script, gap);
  write_axes(picture, gap);
  gnuplot_key_below(picture, gap->policies.count + !all_to_optimum(gap), labels_longest(&gap->policies));
  write_lines(picture->script, gap);
}

int figure_gap(struct picture *picture, const struct plot_settings *settings, const char *network, struct error *err) {
  struct gap *gap = cli_alloc(1, sizeof *gap);
  int status = series_ask(&gap->list, &question, settings, network, err);
  if (status == 0) {
    series_pool(&gap->list);
    status = sort_out(gap, err);
  }
  if (status == 0) write_script(picture, gap, settings->title);
  labels_free(&gap->places);
  labels_free(&gap->policies);
  series_free(&gap->list);
  free(gap);
  return status;
}
