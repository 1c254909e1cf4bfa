/* What depends on the buffer's size: DRAM traffic with the optimum and the compulsory bound, and
 * the share of valid groups. */
#include <math.h>
#include <stdlib.h>

#include "cli/series.h"

#define SIZE_KIB "buffer_bytes / 1024.0"
#define PARTS (SERIES_ALL & ~(1u << SERIES_BUFFER))
/* Ops that are not fuseable run alone in every plan, so they cost the same. */
#define KNOWN_TOTAL_BYTES "(known_bytes + total_dram_bytes - fuseable_dram_bytes)"

/* Sizes that are drawn, as labels of the axis. Of a logarithmic axis gnuplot leaves out a label at its very end if
 * the logarithm is rounded up (256 KiB), so it ends a little later. */
static void write_axis(FILE *script, const struct series_list *list, const char *ylabel) {
  const char *before = "";
  double largest = 0, smallest = (double)INFINITY;
  fputs("set xlabel 'buffer (KiB)'\nset logscale x 2\nset xtics (", script);
  for (size_t i = 0; i < list->count; i++) {
    for (size_t p = 0; p < list->items[i].point_count; p++) {
      double size = list->items[i].points[p].x;
      fprintf(script, "%s'%g' %.9g", before, size, size);
      before = ", ";
      smallest = fmin(smallest, size);
      largest = fmax(largest, size);
    }
  }
  fprintf(script,
          ")\nset ylabel '%s'\nset grid\nset tics out nomirror\nset border 3\nset rmargin 3\n"
          "set offsets 0, 0, graph 0.05, graph 0.02\n",
          ylabel);
  if (smallest < largest) fprintf(script, "set xrange [%.9g:%.9g]\n", smallest * (1 - 1e-6), largest * (1 + 1e-6));
}

static void write_title(struct picture *picture, const struct plot_settings *settings, const struct series_list *list,
                        const char *words) {
  char *title = series_title(list, words);
  gnuplot_title(picture, settings->title != NULL ? settings->title : title);
  free(title);
}

/* ---- DRAM traffic ---- */

/* What is drawn, one over the other; of bounds a list is mostly one line. */
enum { LEAST, POLICIES, OPTIMUM, BOUND, COMPULSORY, LISTS };

static const struct {
  const char *y, *fuseable_y, *condition, *fuseable_condition;
  struct series_style style;
} lists[LISTS] = {
    {KNOWN_TOTAL_BYTES " / 1e6", "known_bytes / 1e6", "true", "true",
     {.block = "least", .with = "lines", .look = "lc rgb '#000000' dt 1"}},
    {"total_dram_bytes / 1e6", "fuseable_dram_bytes / 1e6", "search <> 'exact'", "search <> 'exact'",
     {.block = "line", .with = "linespoints", .always = 1u << SERIES_SEARCH | 1u << SERIES_SPLITTER}},
    {KNOWN_TOTAL_BYTES " / 1e6", "known_bytes / 1e6", "known_optimum", "known_optimum",
     {.block = "optimum", .with = "points", .look = "lc rgb '#000000' pt 2", .label = "certified optimum"}},
    {KNOWN_TOTAL_BYTES " / 1e6", "known_bytes / 1e6", "NOT known_optimum", "NOT known_optimum",
     {.block = "bound", .with = "points", .look = "lc rgb '#000000' pt 1", .label = "proven lower bound"}},
    /* It counts all ops, so beside the fuseable ones only where these are all. */
    {"compulsory_bytes / 1e6", "compulsory_bytes / 1e6", "true",
     "layer_by_layer_dram_bytes = layer_by_layer_total_bytes",
     {.block = "compulsory", .with = "linespoints", .look = "lc rgb '#777777' dt (4,3) pt 4",
      .label = "compulsory traffic"}},
};

static int ask(struct series_list out[LISTS], const struct plot_settings *settings, const char *network,
               struct error *err) {
  struct series_question question = {.x = SIZE_KIB, .join = "", .most = GNUPLOT_LINES, .what = "searches",
                                     .command = "spillway schedule"};
  for (size_t i = 0; i < LISTS; i++) {
    question.parts = i == POLICIES ? PARTS : PARTS & SERIES_SETTING;
    question.y = settings->fuseable ? lists[i].fuseable_y : lists[i].y;
    question.condition = settings->fuseable ? lists[i].fuseable_condition : lists[i].condition;
    if (series_ask_further(&out[i], &question, settings, network, err) != 0) return -1;
    series_pool(&out[i]);
  }
  if (out[POLICIES].count + out[LEAST].count > 0) return 0;
  return series_nothing(&question, settings, network, err);
}

static void write_lists(FILE *script, const struct series_list drawn[LISTS]) {
  bool first = true;
  for (size_t i = 0; i < LISTS; i++) {
    struct series_style style = lists[i].style;
    /* Beside policies it only joins the marks, those of all settings alike; by itself each setting has a line of its
     * own. */
    if (i == LEAST && drawn[POLICIES].count == 0) style.look = NULL;
    series_write_lines(script, &drawn[i], &style, &first);
  }
  putc('\n', script);
}

static void write_script(struct picture *picture, const struct plot_settings *settings,
                         const struct series_list drawn[LISTS]) {
  size_t main = drawn[POLICIES].count > 0 ? POLICIES : LEAST, entries = 0;
  write_title(picture, settings, &drawn[main], "DRAM traffic");
  for (size_t i = 0; i < LISTS; i++) {
    series_write_data(picture->script, &drawn[i], lists[i].style.block);
    if (i != LEAST || main == LEAST) entries += i == main ? drawn[i].count : drawn[i].count > 0;
  }
  write_axis(picture->script, &drawn[main],
             settings->fuseable ? "DRAM traffic of fuseable ops (MB)" : "DRAM traffic of all ops (MB)");
  gnuplot_key_below(picture, entries, series_longest_label(&drawn[main], lists[main].style.always));
  write_lists(picture->script, drawn);
}

int figure_buffer(struct picture *picture, const struct plot_settings *settings, const char *network,
                  struct error *err) {
  struct series_list drawn[LISTS] = {{0}};
  int status = ask(drawn, settings, network, err);
  if (status == 0) write_script(picture, settings, drawn);
  for (size_t i = 0; i < LISTS; i++) series_free(&drawn[i]);
  return status;
}

/* ---- the share of valid groups ---- */

static const struct series_question valid_question = {
    .samples = true,
    .x = SIZE_KIB,
    .y = "100.0 * valid_groups / nullif(groups, 0)",
    .join = "",
    .condition = "true",
    .parts = PARTS,
    .most = GNUPLOT_LINES,
    .what = "samples of groups",
    .command = "spillway sample",
};

static const struct series_style valid_style = {.block = "line", .with = "linespoints"};

int figure_valid(struct picture *picture, const struct plot_settings *settings, const char *network,
                 struct error *err) {
  struct series_list list;
  bool first = true;
  int status = series_ask(&list, &valid_question, settings, network, err);
  if (status == 0) {
    series_pool(&list);
    write_title(picture, settings, &list, "groups that fit");
    series_write_data(picture->script, &list, valid_style.block);
    write_axis(picture->script, &list, "valid groups (%)");
    fputs("set yrange [0:100]\nset offsets 0, 0, 0, 0\n", picture->script);
    if (list.count > 1) gnuplot_key_below(picture, list.count, series_longest_label(&list, 0));
    series_write_lines(picture->script, &list, &valid_style, &first);
    putc('\n', picture->script);
  }
  series_free(&list);
  return status;
}
