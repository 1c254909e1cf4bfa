/* Pareto fronts of searches of several objectives. */
#include <stdlib.h>
#include <string.h>

#include "cli/series.h"

static const struct axis {
  const char *name, *sql, *label;
} axes[] = {
    {"dram", "v_front.fuseable_dram_bytes / 1e6", "DRAM traffic of fuseable ops (MB)"},
    {"buffer", "v_front.max_required_bytes / 1024.0", "buffer of the largest group (KiB)"},
    {"cycles", "v_front.cycles / 1e6", "cycles (millions)"},
    {"energy", "v_front.energy_pj / 1e9", "energy (mJ)"},
    {"groups", "v_front.group_count", "groups"},
};
enum { AXES = sizeof axes / sizeof axes[0] };

static const struct axis *find_axis(const char *name, size_t length) {
  for (size_t i = 0; i < AXES; i++) {
    if (strlen(axes[i].name) == length && strncmp(axes[i].name, name, length) == 0) return &axes[i];
  }
  return NULL;
}

static int find_axes(const struct axis *found[2], const char *text, struct error *err) {
  const char *comma = strchr(text, ',');
  if (comma != NULL) {
    found[0] = find_axis(text, (size_t)(comma - text));
    found[1] = find_axis(comma + 1, strlen(comma + 1));
    if (found[0] != NULL && found[1] != NULL && found[0] != found[1]) return 0;
  }
  return error_set(err, ERROR_USAGE,
                   "--axes '%.100s': expected two of dram, buffer, cycles, energy and groups with a comma between, "
                   "first what goes to the right",
                   text);
}

static int compare_samples(const void *left, const void *right) {
  const struct series_sample *a = left, *b = right;
  if (a->x != b->x) return a->x < b->x ? -1 : 1;
  return a->y < b->y ? -1 : a->y > b->y;
}

/* Of all seeds together, what nothing else is better than in both. */
static void keep_best(struct series *series) {
  struct series_sample *samples = series->samples;
  size_t kept = 0;
  qsort(samples, series->sample_count, sizeof *samples, compare_samples);
  for (size_t i = 0; i < series->sample_count; i++) {
    if (kept == 0 || samples[i].y < samples[kept - 1].y) samples[kept++] = samples[i];
  }
  series->sample_count = kept;
}

static const struct series_style steps = {
    .block = "front", .with = "steps", .always = 1u << SERIES_SEARCH | 1u << SERIES_SPLITTER};

/* The steps have no point of their own, the points no line: the key shows both. */
static void write_points(FILE *script, const struct series_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    char *label = series_label(list, i, SERIES_ALL, steps.always);
    fprintf(script, "%s$front%zu using 1:2 with steps lw 1.5 ", i == 0 ? "plot " : ", \\\n  ", i);
    gnuplot_line_style(script, i);
    fprintf(script, " notitle, \\\n  $front%zu using 1:2 with points lw 2 ", i);
    gnuplot_line_style(script, i);
    fprintf(script, " pt %u title ", gnuplot_line_point(i));
    gnuplot_text(script, label);
    free(label);
  }
  putc('\n', script);
}

/* Labels of the x axis would run into each other in a narrow picture. */
static void write_steps(const struct picture *picture, const struct series_list *list) {
  double low = list->items[0].points[0].x, high = low;
  for (size_t i = 0; i < list->count; i++) {
    const struct series *series = &list->items[i];
    if (series->points[0].x < low) low = series->points[0].x;
    if (series->points[series->point_count - 1].x > high) high = series->points[series->point_count - 1].x;
  }
  if (high > low) fprintf(picture->script, "set xtics %g\n", gnuplot_step(high - low, picture->column ? 4 : 9));
}

static void write_script(struct picture *picture, const struct series_list *list, const struct axis *const found[2],
                         const char *title) {
  char *words = series_title(list, "Pareto front");
  gnuplot_title(picture, title != NULL ? title : words);
  free(words);
  series_write_data(picture->script, list, steps.block);
  fprintf(picture->script,
          "set xlabel '%s'\nset ylabel '%s'\nset grid\nset tics out nomirror\nset border 3\nset rmargin 3\n"
          "set offsets graph 0.03, graph 0.03, graph 0.05, graph 0.05\n",
          found[0]->label, found[1]->label);
  write_steps(picture, list);
  gnuplot_key_below(picture, list->count, series_longest_label(list, steps.always));
  write_points(picture->script, list);
}

int figure_front(struct picture *picture, const struct plot_settings *settings, const char *network,
                 struct error *err) {
  const struct axis *found[2] = {NULL, NULL};
  struct series_list list;
  if (find_axes(found, settings->axes, err) != 0) return -1;
  const struct series_question question = {
      .x = found[0]->sql,
      .y = found[1]->sql,
      .join = "JOIN v_front USING (run_id)",
      .condition = "true",
      .parts = SERIES_ALL,
      .most = GNUPLOT_LINES,
      .what = "Pareto fronts with these axes",
      .command = "spillway schedule --search nsga2",
  };
  int status = series_ask(&list, &question, settings, network, err);
  if (status == 0) {
    for (size_t i = 0; i < list.count; i++) keep_best(&list.items[i]);
    series_pool(&list);
    write_script(picture, &list, found, settings->title);
  }
  series_free(&list);
  return status;
}
