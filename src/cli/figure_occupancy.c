/* Buffer occupancy over the steps of a group, stacked by op. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/figure.h"
#include "cli/gnuplot.h"
#include "cli/group.h"
#include "cli/group_trace.h"
#include "cli/memory.h"
#include "cli/subject.h"
#include "get/occupancy.h"
#include "util/bitset.h"
#include "util/units.h"

enum { LAYERS = GNUPLOT_COLOURS - 1, SAMPLES = 1200 };

struct layer {
  uint32_t op;
  uint64_t largest_bytes; /* over the samples */
};

static int compare_layers(const void *left, const void *right) {
  const struct layer *a = left, *b = right;
  if (a->largest_bytes != b->largest_bytes) return a->largest_bytes > b->largest_bytes ? -1 : 1;
  return a->op < b->op ? -1 : a->op > b->op;
}

static int compare_ops(const void *left, const void *right) {
  const struct layer *a = left, *b = right;
  return a->op < b->op ? -1 : a->op > b->op;
}

/* The ops that hold most, in their order; all others share the last layer. */
static size_t choose_layers(struct layer chosen[LAYERS], const struct occupancy *occupancy) {
  size_t ops = occupancy->op_count, count = 0;
  struct layer *layers = cli_alloc(ops, sizeof *layers);
  for (uint32_t v = 0; v < ops; v++) {
    layers[v].op = v;
    for (size_t s = 0; s < occupancy->sample_count; s++) {
      uint64_t bytes = occupancy->bytes[s * ops + v];
      if (bytes > layers[v].largest_bytes) layers[v].largest_bytes = bytes;
    }
  }
  qsort(layers, ops, sizeof *layers, compare_layers);
  for (; count < LAYERS && count < ops && layers[count].largest_bytes > 0; count++) chosen[count] = layers[count];
  free(layers);
  qsort(chosen, count, sizeof *chosen, compare_ops);
  return count;
}

/* step, then the upper border of each layer in KiB, then all that is occupied. */
static void write_data(FILE *script, const struct occupancy *occupancy, const struct layer *layers, size_t count) {
  fputs("$data << EOD\n", script);
  for (size_t s = 0; s < occupancy->sample_count; s++) {
    uint64_t sum = 0;
    fprintf(script, "%" PRIu64, occupancy->steps[s]);
    for (size_t i = 0; i < count; i++) {
      sum += occupancy->bytes[s * occupancy->op_count + layers[i].op];
      fprintf(script, " %.3f", (double)sum / 1024);
    }
    fprintf(script, " %.3f\n", (double)occupancy->occupied_bytes[s] / 1024);
  }
  fputs("EOD\n", script);
}

static const struct trace_event *first_overflow(const struct trace *trace) {
  for (size_t i = 0; i < trace->event_count; i++) {
    if (trace->capacity_bytes > 0 && trace->events[i].occupied_bytes > trace->capacity_bytes) return &trace->events[i];
  }
  return NULL;
}

static void write_marks(FILE *script, const struct trace *trace) {
  char text[UNITS_TEXT_BYTES];
  const struct trace_event *overflow = first_overflow(trace);
  if (trace->capacity_bytes == 0) return;
  double capacity = (double)trace->capacity_bytes / 1024;
  fprintf(script, "set arrow 1 from graph 0, first %.3f to graph 1, first %.3f nohead front lw 2 lc rgb '#d40000'\n",
          capacity, capacity);
  fprintf(script,
          "set label 1 'capacity %s' at graph 0.99, first %.3f right offset 0,0.7 front tc rgb '#d40000' boxed\n",
          units_format_bytes(text, trace->capacity_bytes), capacity);
  if (overflow == NULL) return;
  fprintf(script, "set label 2 ' first overflow, step %" PRIu64 "' at first %" PRIu64 ", first %.3f left rotate by 0 "
                  "offset 0.5,1.7 point pt 9 ps 2 lc rgb '#d40000' front tc rgb '#d40000' boxed\n",
          overflow->step, overflow->step, capacity);
}

static void write_plot(FILE *script, char *const *names, size_t count) {
  fputs("plot ", script);
  for (size_t i = 0; i < count; i++) {
    if (i == 0) {
      fputs("$data using 1:2 with filledcurves y1=0", script);
    } else {
      fprintf(script, ", \\\n  $data using 1:%zu:%zu with filledcurves", i + 1, i + 2);
    }
    fprintf(script, " lc rgb '%s' title ", gnuplot_colours[i]);
    gnuplot_text(script, names[i]);
  }
  fprintf(script, ", \\\n  $data using 1:%zu:%zu with filledcurves lc rgb '" GNUPLOT_GREY "' title 'all other ops'",
          count + 1, count + 2);
  fprintf(script, ", \\\n  $data using 1:%zu with lines lw 1 lc rgb '#333333' notitle\n", count + 2);
}

int figure_occupancy_panel(struct picture *picture, const struct trace *trace, size_t most_letters,
                           struct error *err) {
  struct occupancy occupancy;
  struct layer layers[LAYERS];
  char *names[LAYERS];
  FILE *script = picture->script;
  if (occupancy_create(&occupancy, trace, SAMPLES, err) != 0) return -1;
  size_t count = choose_layers(layers, &occupancy), longest = 0;
  write_data(script, &occupancy, layers, count);
  for (size_t i = 0; i < count; i++) {
    const char *name = trace->op_names[layers[i].op];
    names[i] = gnuplot_short_name(name, strlen(name), most_letters);
    if (strlen(names[i]) > longest) longest = strlen(names[i]);
  }
  gnuplot_key_below(picture, count + 1, longest);
  fputs("set xlabel 'step'\nset ylabel 'occupied buffer (KiB)'\nset xrange [*:*] noextend\nset yrange [0:*]\n"
        "set grid ytics\nset style textbox opaque fillcolor rgb '#ffffff' noborder\n"
        "set style fill solid 0.85 noborder\nset rmargin 3\nset tics out nomirror\nset border 3\n",
        script);
  write_marks(script, trace);
  write_plot(script, names, count);
  for (size_t i = 0; i < count; i++) free(names[i]);
  occupancy_free(&occupancy);
  return 0;
}

static int write_script(struct picture *picture, const struct plot_settings *settings, const struct trace *trace,
                        const char *title, struct error *err) {
  gnuplot_title(picture, settings->title != NULL ? settings->title : title);
  return figure_occupancy_panel(picture, trace, SIZE_MAX, err);
}

/* ---- where the trace comes from ---- */

static int draw_file(struct picture *picture, const struct plot_settings *settings, struct error *err) {
  struct trace trace;
  if (group_trace_load(&trace, settings->trace, err) != 0) return -1;
  char *title = cli_format("%s: buffer occupancy by layer", trace.network[0] == '\0' ? settings->trace : trace.network);
  int status = write_script(picture, settings, &trace, title, err);
  free(title);
  trace_free(&trace);
  return status;
}

static int draw_group(struct picture *picture, const struct plot_settings *settings, const struct subject *subject,
                      struct error *err) {
  const struct method *method = settings_method(settings->method.name, err);
  uint64_t group[GRAPH_MAX_SET_WORDS];
  struct trace trace;
  if (method == NULL || group_parse(group, subject->graph, settings->group, err) != 0) return -1;
  if (group_trace(&trace, subject, method, group, err) != 0) return -1;
  char *title = cli_format("%s under %s: buffer occupancy by layer, %zu ops (%s)", subject->graph->name, method->name,
                           bitset_count(group, subject->graph->set_words), settings->group);
  int status = write_script(picture, settings, &trace, title, err);
  free(title);
  trace_free(&trace);
  return status;
}

int figure_occupancy(struct picture *picture, const struct plot_settings *settings, const char *network,
                     struct error *err) {
  struct subject subject;
  if ((settings->trace != NULL) == (network != NULL && settings->group != NULL)) {
    return error_set(err, ERROR_USAGE, "the figure occupancy needs NET and --group A..B, or --trace FILE");
  }
  if (settings->trace != NULL) return draw_file(picture, settings, err);
  if (subject_open(&subject, network, &settings->target, err) != 0) return -1;
  int status = draw_group(picture, settings, &subject, err);
  subject_close(&subject);
  return status;
}
