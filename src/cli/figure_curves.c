/* Fuseable DRAM bytes of the best plan against plans proposed, a line per policy, with the
 * range over seeds. */
#include <stdlib.h>

#include "cli/memory.h"
#include "cli/series.h"

static const struct series_question question = {
    .x = "plans",
    .y = "v_curve.fuseable_dram_bytes / 1e6",
    .join = "JOIN v_curve USING (run_id)",
    .condition = "true",
    .parts = SERIES_ALL,
    .most = GNUPLOT_LINES,
    .what = "searches",
    .command = "spillway schedule",
};

static const struct series_style lines = {
    .block = "line", .with = "lines", .always = 1u << SERIES_SEARCH | 1u << SERIES_SPLITTER};

/* What is proven holds at any number of plans. */
static void extend_proven(struct series_list *list) {
  double last = 0;
  for (size_t i = 0; i < list->count; i++) {
    const struct series *series = &list->items[i];
    if (series->points[series->point_count - 1].x > last) last = series->points[series->point_count - 1].x;
  }
  for (size_t i = 0; i < list->count; i++) {
    struct series *series = &list->items[i];
    struct series_point end = series->points[series->point_count - 1];
    if (series->parts[SERIES_BUDGET][0] != '\0' || end.x == last) continue;
    end.x = last;
    series->points = cli_grow(series->points, series->point_count + 1, sizeof *series->points);
    series->points[series->point_count++] = end;
  }
}

/* All of each median is drawn, but not the worst of the first few plans, which would dwarf the rest. */
static double highest_median(const struct series_list *list) {
  double highest = 0;
  for (size_t i = 0; i < list->count; i++) {
    if (list->items[i].points[0].median > highest) highest = list->items[i].points[0].median;
  }
  return highest;
}

static void write_script(struct picture *picture, const struct series_list *list, const char *title) {
  bool first = true;
  char *words = series_title(list, "best plan found");
  gnuplot_title(picture, title != NULL ? title : words);
  free(words);
  series_write_data(picture->script, list, lines.block);
  fputs("set xlabel 'plans proposed'\nset ylabel 'DRAM traffic of fuseable ops (MB)'\nset logscale x\n"
        "set xrange [*:*] noextend\nset grid\nset tics out nomirror\nset border 3\nset rmargin 3\n",
        picture->script);
  fprintf(picture->script, "set yrange [*:%.6g]\n", 1.1 * highest_median(list));
  gnuplot_key_below(picture, list->count, series_longest_label(list, lines.always));
  series_write_lines(picture->script, list, &lines, &first);
  putc('\n', picture->script);
}

int figure_curves(struct picture *picture, const struct plot_settings *settings, const char *network,
                  struct error *err) {
  struct series_list list;
  int status = series_ask(&list, &question, settings, network, err);
  if (status == 0) {
    series_pool_steps(&list);
    extend_proven(&list);
    write_script(picture, &list, settings->title);
  }
  series_free(&list);
  return status;
}
