/* The layers that were named when groups overflowed: how often, and whether by weights or rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/series.h"
#include "store/query.h"

enum { CULPRITS_MOST = 15 };

/* What the runs are of, for the title: x and y do not matter. */
static const struct series_question question = {
    .x = "1",
    .y = "1",
    .join = "",
    .condition = "run_id IN (SELECT run_id FROM v_explanation)",
    .parts = SERIES_SETTING,
    .most = 1000,
    .what = "overflows explained",
    .command = "spillway schedule --split trace-get",
};

static const char culprits_sql[] =
    "%s SELECT culprit_op, sum(times) AS named, sum(times * (1.0 * culprit_weight_bytes"
    "   / max(culprit_weight_bytes + culprit_row_bytes, 1))) AS by_weights"
    " FROM chosen JOIN v_explanation USING (run_id) GROUP BY culprit_op ORDER BY named DESC, culprit_op LIMIT 15";

static double number(const struct query *query, size_t column) {
  struct query_value value = query_value(query, column);
  return value.type == QUERY_INTEGER ? (double)value.integer : value.real;
}

/* Place from the top, times by weights, times; and the names as labels of the axis. */
static int write_data(struct picture *picture, struct query *query, size_t *count, double *most, struct error *err) {
  char *labels[CULPRITS_MOST];
  int more;
  size_t longest = 0;
  *count = 0;
  *most = 1;
  fputs("$culprits << EOD\n", picture->script);
  while ((more = query_step(query, err)) == 1) {
    const struct query_value name = query_value(query, 0);
    fprintf(picture->script, "%zu %.6g %.6g\n", *count, number(query, 2), number(query, 1));
    if (number(query, 1) > *most) *most = number(query, 1);
    labels[*count] = gnuplot_short_name(name.bytes, name.length, picture->column ? 31 : 60);
    if (strlen(labels[*count]) > longest) longest = strlen(labels[*count]);
    ++*count;
  }
  fprintf(picture->script, "EOD\nset ytics scale 0 font ',%s' (", picture->column ? "8" : "12");
  for (size_t i = 0; i < *count; i++) {
    fputs(i == 0 ? "" : ", ", picture->script);
    gnuplot_text(picture->script, labels[i]);
    fprintf(picture->script, " %zu", i);
    free(labels[i]);
  }
  /* gnuplot would leave room for the larger font of the rest. */
  fprintf(picture->script, ")\nset lmargin %zu\n", longest * (picture->column ? 7 : 9) / 10 + 3);
  return more;
}

static void write_plot(struct picture *picture, size_t count, double most) {
  fprintf(picture->script,
          "set xlabel 'times named'\nset yrange [%zu.5:-0.5]\nset xrange [0:*]\nset xtics %g\nset grid xtics\n"
          "set tics out nomirror\nset border 3\nset rmargin 3\nset style fill solid 0.85 noborder\n",
          count - 1, gnuplot_step(most, picture->column ? 3 : 8));
  gnuplot_key_below(picture, 2, 0);
  if (count > 12) picture->further_lines += count - 12; /* a line a bar */
  fprintf(picture->script,
          "plot $culprits using (0):1:(0):2:($1-0.35):($1+0.35) with boxxyerror lc rgb '%s' title 'by weights', \\\n"
          "  $culprits using 2:1:2:3:($1-0.35):($1+0.35) with boxxyerror lc rgb '%s' title 'by rows'\n",
          gnuplot_line_colour(0), gnuplot_line_colour(4));
}

static int draw(struct picture *picture, const struct plot_settings *settings, const char *network,
                struct error *err) {
  struct query *query;
  size_t count;
  double most;
  char *chosen = series_sql("true", settings), *sql = cli_format(culprits_sql, chosen);
  char *parameter = cli_format("network=%s", network == NULL ? "" : network);
  const char *const parameters[] = {parameter};
  int status = query_open(&query, settings->database.path, NULL, err);
  if (status == 0) status = query_ask(query, sql, parameters, 1, err);
  if (status == 0) status = write_data(picture, query, &count, &most, err);
  if (status == 0) write_plot(picture, count, most);
  query_close(query);
  free(chosen);
  free(sql);
  free(parameter);
  return status;
}

static int check_one_network(const struct series_list *list, struct error *err) {
  for (size_t i = 1; i < list->count; i++) {
    const char *one = list->items[0].parts[SERIES_NETWORK], *other = list->items[i].parts[SERIES_NETWORK];
    if (strcmp(one, other) == 0) continue;
    return error_set(err, ERROR_USAGE, "layers of %s and %s do not go into one picture; give NET: spillway plot "
                     "culprits %s", one, other, one);
  }
  return 0;
}

int figure_culprits(struct picture *picture, const struct plot_settings *settings, const char *network,
                    struct error *err) {
  struct series_list list;
  int status = series_ask(&list, &question, settings, network, err);
  if (status == 0) status = check_one_network(&list, err);
  if (status == 0) {
    char *title = series_title(&list, "layers named at overflows");
    gnuplot_title(picture, settings->title != NULL ? settings->title : title);
    free(title);
    status = draw(picture, settings, network, err);
  }
  series_free(&list);
  return status;
}
