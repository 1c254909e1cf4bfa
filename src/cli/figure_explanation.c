/* The graph of a group, once for each explainer, with the edges that it names; and beside it the
 * occupancy of the buffer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/figure.h"
#include "cli/group.h"
#include "cli/group_trace.h"
#include "cli/memory.h"
#include "cli/models.h"
#include "cli/subject.h"
#include "sched/split.h"
#include "util/bitset.h"

/* More rows than these cannot be read. */
enum { EXPLANATION_MOST_OPS = 60, CURVE_POINTS = 16, PAGE_LETTERS = 34, COLUMN_LETTERS = 24 };

enum mark { MARK_NONE, MARK_NAMED, MARK_FIRST, MARK_KINDS };

static const struct {
  const char *title, *colour;
  double width;
} marks[MARK_KINDS] = {
    [MARK_NONE] = {"edge of the group", GNUPLOT_GREY, 1},
    [MARK_NAMED] = {"named by the explainer", "#56b4e9", 2.5},
    [MARK_FIRST] = {"named first", "#d55e00", 4},
};

struct drawing {
  const struct subject *subject;
  const struct method *method;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  uint32_t *row;     /* by op: its place from the top */
  uint32_t op_count; /* of the group */
  size_t edge_count; /* of the network */
  size_t column_count;
  const struct explainer **columns;
  enum mark *edge_marks; /* by column and edge of the network */
  struct models models;
};

static bool edge_inside(const struct drawing *drawing, const struct edge *edge) {
  return bitset_has(drawing->group, edge->from) && bitset_has(drawing->group, edge->to);
}

/* ---- what the explainers name ---- */

static void mark_edges(struct drawing *drawing, size_t column, const struct explanation *explanation) {
  const struct graph *graph = drawing->subject->graph;
  enum mark *edge_marks = drawing->edge_marks + column * drawing->edge_count;
  for (size_t i = explanation->count; i-- > 0;) {
    const struct edge named = explanation->cuts[i].cut.edge, first = explanation->cuts[0].cut.edge;
    for (uint32_t e = 0; e < graph->edge_count; e++) {
      if (graph->edges[e].from != named.from || graph->edges[e].to != named.to) continue;
      edge_marks[e] = named.from == first.from && named.to == first.to ? MARK_FIRST : MARK_NAMED;
    }
  }
}

static int explain(struct drawing *drawing, const struct plot_settings *settings, size_t column, struct error *err) {
  struct split_options options = settings->split;
  options.explainer = drawing->columns[column]->name;
  struct split_rules rules = settings_split_rules(&options, drawing->method);
  rules.learned = models_learned(&drawing->models);
  struct split_memo *memo;
  struct splitter *splitter = NULL;
  struct rng rng = rng_stream(1, 0, 0);
  const struct explanation *explanation;
  if (split_memo_create(&memo, &drawing->subject->model, err) != 0) return -1;
  int status = splitter_create(&splitter, memo, &rules, err);
  if (status == 0) {
    status = splitter_explain(splitter, drawing->group, &rng, &explanation);
    if (status != 0) error_memory(err);
  }
  if (status == 0) mark_edges(drawing, column, explanation);
  splitter_free(splitter);
  split_memo_free(memo);
  return status;
}

/* ---- the graph ---- */

/* An edge is a line down its column; one that passes by other ops bends, the further the more it passes. */
static void write_edge(FILE *script, const struct drawing *drawing, size_t column, const struct edge *edge) {
  double from = drawing->row[edge->from], to = drawing->row[edge->to], rows = to - from;
  double bend = rows <= 1 ? 0 : 0.1 + 0.34 * fmin(1, rows / 12);
  int points = rows <= 1 ? 1 : CURVE_POINTS;
  for (int i = 0; i <= points; i++) {
    double along = (double)i / points;
    fprintf(script, "%.4f %.4f\n", (double)column + bend * sin(3.14159265358979 * along), from + along * rows);
  }
  fputs("\n", script);
}

/* One block of lines for each kind of mark, $edges0 and on, and the ops in $ops. */
static void write_graphs(FILE *script, const struct drawing *drawing) {
  const struct graph *graph = drawing->subject->graph;
  for (int mark = 0; mark < MARK_KINDS; mark++) {
    fprintf(script, "$edges%d << EOD\n", mark);
    for (size_t c = 0; c < drawing->column_count; c++) {
      for (uint32_t e = 0; e < graph->edge_count; e++) {
        if (!edge_inside(drawing, &graph->edges[e])) continue;
        if ((int)drawing->edge_marks[c * drawing->edge_count + e] != mark) continue;
        write_edge(script, drawing, c, &graph->edges[e]);
      }
    }
    fputs("NaN NaN\nEOD\n", script); /* a block may not be empty */
  }
  fputs("$ops << EOD\n", script);
  for (size_t c = 0; c < drawing->column_count; c++) {
    for (uint32_t row = 0; row < drawing->op_count; row++) fprintf(script, "%zu %u\n", c, row);
  }
  fputs("EOD\n", script);
}

static size_t most_letters(const struct picture *picture) { return picture->column ? COLUMN_LETTERS : PAGE_LETTERS; }

static void write_names(struct picture *picture, const struct drawing *drawing) {
  const struct graph *graph = drawing->subject->graph;
  FILE *script = picture->script;
  const char *separator = "";
  fprintf(script, "set ytics scale 0 font ',%s' (", picture->column ? "7" : "10");
  for BITSET_EACH (v, drawing->group, graph->set_words) {
    char *name = gnuplot_short_name(graph->ops[v].name, strlen(graph->ops[v].name), most_letters(picture));
    char *label = cli_format("%s %zu", name, v);
    fputs(separator, script);
    gnuplot_text(script, label);
    fprintf(script, " %u", drawing->row[v]);
    separator = ", ";
    free(label);
    free(name);
  }
  /* gnuplot would leave room for the larger font of the rest. */
  fprintf(script, ")\nset lmargin %zu\nset xtics scale 0 rotate by 30 right (", most_letters(picture) * 3 / 4 + 3);
  for (size_t c = 0; c < drawing->column_count; c++) {
    fprintf(script, "%s\"%s\" %zu", c == 0 ? "" : ", ", drawing->columns[c]->name, c);
  }
  fputs(")\n", script);
}

static void write_graph_panel(struct picture *picture, const struct drawing *drawing) {
  FILE *script = picture->script;
  write_names(picture, drawing);
  gnuplot_key_below(picture, MARK_KINDS, 0);
  fprintf(script, "set xrange [-0.5:%zu.5]\nset yrange [%u.5:-0.5]\nset border 0\nset rmargin 1\nplot ",
          drawing->column_count - 1, drawing->op_count - 1);
  for (int mark = 0; mark < MARK_KINDS; mark++) {
    fprintf(script, "$edges%d with lines lw %.1f lc rgb '%s' title '%s', \\\n  ", mark, marks[mark].width,
            marks[mark].colour, marks[mark].title);
  }
  fputs("$ops with points pt 7 ps 0.6 lc rgb '#333333' notitle\n", script);
}

/* ---- both ---- */

static int write_panels(struct picture *picture, const struct drawing *drawing, const struct trace *trace,
                        struct error *err) {
  FILE *script = picture->script;
  const char *left = picture->column ? "set origin 0,0.42\nset size 1,0.56\n" : "set origin 0,0\nset size 0.52,0.98\n";
  const char *right = picture->column ? "set origin 0,0\nset size 1,0.42\n" : "set origin 0.52,0\nset size 0.48,0.98\n";
  size_t lines = drawing->op_count > 14 ? drawing->op_count - 14 : 0;
  picture->further_lines += picture->column ? lines + 20 : lines;
  write_graphs(script, drawing);
  fprintf(script, "set multiplot\n%s", left);
  write_graph_panel(picture, drawing);
  fprintf(script, "reset\n%sset tmargin %d\n", right, picture->column ? 1 : 3);
  if (figure_occupancy_panel(picture, trace, most_letters(picture), err) != 0) return -1;
  fputs("unset multiplot\n", script);
  return 0;
}

/* The exhaustive explainer would mark every edge, so that it has a column only if it is asked for. */
static int choose_columns(struct drawing *drawing, const struct plot_settings *settings, struct error *err) {
  bool *left_out;
  int status = models_choose(&left_out, &settings->explainers, err);
  if (settings->explainers.list == NULL) left_out[explainer_find("exhaustive") - explainers] = true;
  drawing->columns = cli_alloc(explainer_count, sizeof *drawing->columns);
  for (size_t e = 0; e < explainer_count; e++) {
    if (!left_out[e]) drawing->columns[drawing->column_count++] = &explainers[e];
  }
  if (status == 0) status = models_open_all(&drawing->models, &settings->split, left_out, drawing->method, err);
  free(left_out);
  return status;
}

static int drawing_open(struct drawing *drawing, const struct plot_settings *settings, const struct subject *subject,
                        struct error *err) {
  const struct graph *graph = subject->graph;
  drawing->subject = subject;
  drawing->method = settings_method(settings->method.name, err);
  if (drawing->method == NULL || group_parse(drawing->group, graph, settings->group, err) != 0) return -1;
  drawing->row = cli_alloc(graph->op_count, sizeof *drawing->row);
  for BITSET_EACH (v, drawing->group, graph->set_words) drawing->row[v] = drawing->op_count++;
  if (drawing->op_count < 2 || drawing->op_count > EXPLANATION_MOST_OPS) {
    return error_set(err, ERROR_USAGE, "the group has %u %s; the figure explanation can show from 2 to %d",
                     drawing->op_count, drawing->op_count == 1 ? "op" : "ops", EXPLANATION_MOST_OPS);
  }
  drawing->edge_count = graph->edge_count;
  if (choose_columns(drawing, settings, err) != 0) return -1;
  drawing->edge_marks = cli_alloc(drawing->column_count * graph->edge_count, sizeof *drawing->edge_marks);
  return 0;
}

static void drawing_close(struct drawing *drawing) {
  free(drawing->row);
  free(drawing->columns);
  free(drawing->edge_marks);
  models_close(&drawing->models);
}

/* An explanation is of an overflow. */
static int check_overflow(const struct trace *trace, struct error *err) {
  uint64_t most_bytes = 0;
  for (size_t i = 0; i < trace->event_count; i++) {
    if (trace->events[i].occupied_bytes > most_bytes) most_bytes = trace->events[i].occupied_bytes;
  }
  if (most_bytes > trace->capacity_bytes) return 0;
  return error_set(err, ERROR_USAGE, "the group fits the buffer, so there is nothing to explain; try a larger group or "
                   "a smaller --buffer");
}

static int draw_group(struct picture *picture, const struct plot_settings *settings, const struct subject *subject,
                      struct error *err) {
  struct drawing drawing = {0};
  struct trace trace = {0};
  int status = drawing_open(&drawing, settings, subject, err);
  if (status == 0) status = group_trace(&trace, subject, drawing.method, drawing.group, err);
  if (status == 0) status = check_overflow(&trace, err);
  for (size_t c = 0; c < drawing.column_count && status == 0; c++) status = explain(&drawing, settings, c, err);
  if (status == 0) {
    char *title = cli_format("%s under %s: edges named in %u ops (%s), and who holds the buffer", subject->graph->name,
                             drawing.method->name, drawing.op_count, settings->group);
    gnuplot_title(picture, settings->title != NULL ? settings->title : title);
    free(title);
    status = write_panels(picture, &drawing, &trace, err);
  }
  trace_free(&trace);
  drawing_close(&drawing);
  return status;
}

int figure_explanation(struct picture *picture, const struct plot_settings *settings, const char *network,
                       struct error *err) {
  struct subject subject;
  if (network == NULL || settings->group == NULL) {
    return error_set(err, ERROR_USAGE, "the figure explanation needs NET and --group A..B");
  }
  if (subject_open(&subject, network, &settings->target, err) != 0) return -1;
  int status = draw_group(picture, settings, &subject, err);
  subject_close(&subject);
  return status;
}
