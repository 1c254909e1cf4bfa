/* spillway plot: pictures of traces and of what the results database holds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/figure.h"
#include "cli/gnuplot.h"
#include "cli/names.h"
#include "cli/verb.h"

const struct figure figures[] = {
    {"occupancy", "buffer occupancy over the steps of a group, stacked by layer", figure_occupancy},
    {"curves", "DRAM traffic of the best plan against plans proposed, with the range over seeds", figure_curves},
    {"buffer", "DRAM traffic against buffer size, with the optimum and the compulsory traffic", figure_buffer},
    {"valid", "share of valid groups of a sample, against buffer size", figure_valid},
    {"gap", "how far plans are above the optimum, or above the best bound", figure_gap},
    {"front", "Pareto fronts of searches of several objectives", figure_front},
    {"culprits", "layers that were named when groups overflowed: how often, by weights and by rows", figure_culprits},
    {"explanation", "the graph of a group with the edges that each explainer names, beside its occupancy",
     figure_explanation},
};
const size_t figure_count = sizeof figures / sizeof figures[0];

static int plot(const struct figure *figure, const struct plot_settings *settings, const char *network,
                struct error *err) {
  char *text = NULL;
  size_t length = 0;
  if (gnuplot_check_path(settings->output, err) != 0) return -1;
  struct picture picture = {.script = open_memstream(&text, &length), .column = settings->column};
  if (picture.script == NULL) return error_memory(err);
  int status = figure->draw(&picture, settings, network, err);
  if (fclose(picture.script) != 0 && status == 0) status = error_memory(err);
  if (status == 0) status = gnuplot_draw(settings->output, &picture, text, length, err);
  free(text);
  return status;
}

static enum verb_result plot_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  const struct plot_settings *settings = opaque;
  const struct figure *figure = figures;
  if (settings->output == NULL) {
    error_set(err, ERROR_USAGE, "plot needs --output FILE, a name that ends in .svg or .png");
    return VERB_FAILED;
  }
  while (figure < figures + figure_count && strcmp(figure->name, arguments->values[0]) != 0) figure++;
  if (figure == figures + figure_count) {
    names_check("figures", arguments->values[0], err);
    return VERB_FAILED;
  }
  const char *network = arguments->count > 1 ? arguments->values[1] : NULL;
  return plot(figure, settings, network, err) == 0 ? VERB_DONE : VERB_FAILED;
}

#define SETTING(field) offsetof(struct plot_settings, field)

static const struct option_spec plot_own_options[] = {
    {"output", 'o', OPTION_TEXT, "FILE", NULL, NULL, 0, 0, "the picture, .svg or .png, or .gp: the script for gnuplot",
     SETTING(output)},
    {"column", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "as wide as a column of a paper, 3.3 inches", SETTING(column)},
    {"title", 0, OPTION_TEXT, "TEXT", NULL, NULL, 0, 0, "title of the picture", SETTING(title)},
    {"group", 'g', OPTION_TEXT, "A..B", NULL, NULL, 0, 0, "occupancy, explanation: ops A to B, by name or label",
     SETTING(group)},
    {"trace", 't', OPTION_TEXT, "FILE", NULL, NULL, 0, 0, "occupancy: a trace (CSV) instead of a group",
     SETTING(trace)},
    {"where", 0, OPTION_TEXT, "SQL", NULL, NULL, 0, 0,
     "what to draw: a condition on the columns of v_run; of v_sample for valid", SETTING(where)},
    {"fuseable", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "buffer: traffic of fuseable ops only, the paper's metric",
     SETTING(fuseable)},
    {"axes", 0, OPTION_TEXT, "X,Y", "buffer,dram", NULL, 0, 0, "front: two of dram, buffer, cycles, energy, groups",
     SETTING(axes)},
};
static const struct option_group plot_group = OPTION_GROUP(plot_own_options);
static const struct option_use plot_options[] = {{&plot_group, 0},
                                                 {&method_group, SETTING(method)},
                                                 {&explainers_group, SETTING(explainers)},
                                                 {&explanation_group, SETTING(split)},
                                                 {&target_group, SETTING(target)},
                                                 {&database_group, SETTING(database)},
                                                 {0}};
static const struct verb_argument plot_arguments[] = {
    {"FIGURE", "figures", false, false, "what to draw; 'spillway list figures' tells"},
    {"NET", "networks", true, false, "network: a name, or for occupancy and explanation an ONNX file too"},
    {0}};

const struct verb plot_verb = {
    .name = "plot",
    .summary = "draw a trace or what the results database holds, as SVG or PNG",
    .details = "The figure explanation has no column for the exhaustive explainer, which names every\n"
               "edge, unless --explainers asks for it.",
    .arguments = plot_arguments,
    .options = plot_options,
    .settings_bytes = sizeof(struct plot_settings),
    .run = plot_run,
};
