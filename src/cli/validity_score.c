#include "cli/validity_score.h"

#include <stdlib.h>

#include "cli/document.h"
#include "cli/memory.h"
#include "cli/table.h"
#include "sched/fits.h"
#include "util/bitset.h"
#include "util/units.h"

/* ---- ops alone ---- */

/* alone[op * sizes + s] becomes whether the op alone fits size s. */
static int find_alone(bool *alone, const struct validity_score *score, uint32_t network, unsigned wide,
                      const struct method *method, struct error *err) {
  const struct dataset *dataset = &score->data->dataset;
  const struct sim_model *model = &score->data->networks[network].models[wide];
  uint64_t op[GRAPH_MAX_SET_WORDS];
  struct fits_models models;
  struct fits fits = {0};
  int status = fits_models_create(&models, model, dataset->sizes_bytes, dataset->size_count, err);
  if (status == 0) status = fits_create(&fits, &models, err);
  for (uint32_t v = 0; v < model->graph->op_count && status == 0; v++) {
    bitset_clear(op, model->graph->set_words);
    bitset_add(op, v);
    if (fits_find(alone + (size_t)v * dataset->size_count, &fits, method, op) != 0) status = error_memory(err);
  }
  fits_free(&fits);
  fits_models_free(&models);
  return status;
}

/* Of samples of that network and width. */
static void mark_trivial(struct validity_score *score, const bool *alone, uint32_t network, unsigned wide) {
  const struct dataset *dataset = &score->data->dataset;
  for (size_t i = 0; i < score->samples->count; i++) {
    const struct validity_origin *origin = &score->samples->origins[i];
    const struct dataset_group *group = &dataset->groups[origin->group];
    if (group->network != network || group->wide != (wide == 1)) continue;
    for (uint32_t o = 0; o < group->op_count && !score->trivial[i]; o++) {
      size_t op = dataset->ops[group->first_op + o];
      score->trivial[i] = !alone[op * dataset->size_count + origin->size];
    }
  }
}

static int find_trivial(struct validity_score *score, uint32_t method_number, struct error *err) {
  const struct dataset *dataset = &score->data->dataset;
  const struct method *method = method_find(dataset_methods[method_number]);
  int status = 0;
  for (uint32_t n = 0; n < dataset->network_count && status == 0; n++) {
    bool *alone = cli_alloc((size_t)dataset->networks[n].op_count * dataset->size_count, sizeof *alone);
    for (unsigned wide = 0; wide < VALIDITY_WIDTHS && status == 0; wide++) {
      status = find_alone(alone, score, n, wide, method, err);
      if (status == 0) mark_trivial(score, alone, n, wide);
    }
    free(alone);
  }
  return status;
}

int validity_score_create(struct validity_score *out, const struct validity_data *data,
                          const struct validity_samples *samples, const struct gnn_model *model, uint32_t method,
                          unsigned jobs, struct error *err) {
  *out = (struct validity_score){.data = data,
                                 .samples = samples,
                                 .predictions = cli_alloc(samples->count, sizeof *out->predictions),
                                 .trivial = cli_alloc(samples->count, sizeof *out->trivial)};
  if (find_trivial(out, method, err) != 0) return -1;
  return gnn_predict(out->predictions, model, samples->samples, samples->count, jobs, err);
}

void validity_score_free(struct validity_score *score) {
  free(score->predictions);
  free(score->trivial);
  *score = (struct validity_score){0};
}

/* ---- parts ---- */

/* By what samples are told apart: how many parts there are, to which each sample belongs and how a part is called. */
struct aspect {
  const char *name;
  uint32_t (*parts)(const struct validity_score *score);
  uint32_t (*part_of)(const struct validity_score *score, size_t sample);
  char *(*title)(const struct validity_score *score, uint32_t part); /* the caller frees it */
};

static const struct dataset_group *group_of(const struct validity_score *score, size_t sample) {
  return &score->data->dataset.groups[score->samples->origins[sample].group];
}

static uint32_t one(const struct validity_score *score) { return (void)score, 1; }
static uint32_t two(const struct validity_score *score) { return (void)score, 2; }
static uint32_t networks(const struct validity_score *score) { return score->data->dataset.network_count; }
static uint32_t sizes(const struct validity_score *score) { return score->data->dataset.size_count; }

static uint32_t of_all(const struct validity_score *score, size_t sample) { return (void)score, (void)sample, 0; }
static uint32_t of_triviality(const struct validity_score *score, size_t sample) { return score->trivial[sample]; }
static uint32_t of_origin(const struct validity_score *score, size_t sample) { return group_of(score, sample)->half; }
static uint32_t of_network(const struct validity_score *score, size_t sample) {
  return group_of(score, sample)->network;
}
static uint32_t of_size(const struct validity_score *score, size_t sample) {
  return score->samples->origins[sample].size;
}
static uint32_t of_width(const struct validity_score *score, size_t sample) { return group_of(score, sample)->wide; }

static char *title_all(const struct validity_score *score, uint32_t part) {
  (void)score, (void)part;
  return cli_strdup("all");
}

static char *title_triviality(const struct validity_score *score, uint32_t part) {
  (void)score;
  return cli_strdup(part == 0 ? "each op fits alone" : "an op does not fit alone");
}

static char *title_origin(const struct validity_score *score, uint32_t part) {
  (void)score;
  return cli_strdup(part == 0 ? "drawn" : "halves");
}

static char *title_network(const struct validity_score *score, uint32_t part) {
  return cli_strdup(score->data->dataset.networks[part].name);
}

static char *title_size(const struct validity_score *score, uint32_t part) {
  char text[UNITS_TEXT_BYTES];
  return cli_strdup(units_format_bytes(text, score->data->dataset.sizes_bytes[part]));
}

static char *title_width(const struct validity_score *score, uint32_t part) {
  (void)score;
  return cli_strdup(part == 0 ? "8 bits" : "16 bits");
}

static const struct aspect aspects[] = {
    {"all", one, of_all, title_all},
    {"ops", two, of_triviality, title_triviality},
    {"origin", two, of_origin, title_origin},
    {"network", networks, of_network, title_network},
    {"buffer", sizes, of_size, title_size},
    {"width", two, of_width, title_width},
};
enum { ASPECTS = sizeof aspects / sizeof aspects[0] };

static struct gnn_score score_of(const struct validity_score *score, const struct aspect *aspect, uint32_t part) {
  size_t count = 0;
  struct gnn_sample *samples = cli_alloc(score->samples->count, sizeof *samples);
  bool *predictions = cli_alloc(score->samples->count, sizeof *predictions);
  for (size_t i = 0; i < score->samples->count; i++) {
    if (aspect->part_of(score, i) != part) continue;
    samples[count] = score->samples->samples[i];
    predictions[count++] = score->predictions[i];
  }
  struct gnn_score counts = gnn_score(samples, predictions, count);
  free(predictions);
  free(samples);
  return counts;
}

/* Calls show for each part that has samples. */
static void each_part(const struct validity_score *score,
                      void (*show)(void *context, const char *aspect, const char *title, const struct gnn_score *score),
                      void *context) {
  for (unsigned a = 0; a < ASPECTS; a++) {
    for (uint32_t p = 0; p < aspects[a].parts(score); p++) {
      struct gnn_score counts = score_of(score, &aspects[a], p);
      char *title = aspects[a].title(score, p);
      if (counts.true_positives + counts.true_negatives + counts.false_positives + counts.false_negatives > 0) {
        show(context, aspects[a].name, title, &counts);
      }
      free(title);
    }
  }
}

/* ---- telling ---- */

static uint64_t fitting(const struct gnn_score *score) { return score->true_positives + score->false_negatives; }
static uint64_t overflowing(const struct gnn_score *score) { return score->true_negatives + score->false_positives; }

static void put_row(void *context, const char *aspect, const char *title, const struct gnn_score *score) {
  struct table *table = context;
  uint64_t samples = fitting(score) + overflowing(score);
  table_text(table, aspect);
  table_text(table, title);
  table_count(table, samples);
  table_format(table, "%.1f", 100 * (double)fitting(score) / (double)samples);
  table_format(table, "%.2f", 100 * gnn_score_accuracy(score));
  table_format(table, "%.2f", 100 * gnn_score_f1(score));
  table_format(table, "%.2f", 100 * gnn_score_f1_overflow(score));
}

void validity_score_print(const struct validity_score *score) {
  static const struct table_column columns[] = {{"by", TABLE_LEFT},        {"part", TABLE_LEFT},
                                                {"samples", TABLE_RIGHT},  {"fit %", TABLE_RIGHT},
                                                {"accuracy", TABLE_RIGHT}, {"F1", TABLE_RIGHT},
                                                {"F1 overflow", TABLE_RIGHT}};
  struct table *table = table_create(columns, sizeof columns / sizeof columns[0]);
  each_part(score, put_row, table);
  table_finish(table, stdout);
}

static void append_row(void *context, const char *aspect, const char *title, const struct gnn_score *score) {
  json_t *row = json_object();
  document_add_text(row, "by", aspect);
  document_add_text(row, "part", title);
  document_add_count(row, "samples", fitting(score) + overflowing(score));
  document_add_count(row, "fit", fitting(score));
  document_add_real(row, "accuracy", gnn_score_accuracy(score));
  document_add_real(row, "f1", gnn_score_f1(score));
  document_add_real(row, "f1_overflow", gnn_score_f1_overflow(score));
  document_append(context, row);
}

json_t *validity_score_document(const struct validity_score *score) {
  json_t *rows = json_array();
  each_part(score, append_row, rows);
  return rows;
}
