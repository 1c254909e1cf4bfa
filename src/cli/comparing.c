#include "cli/comparing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/document.h"
#include "cli/memory.h"
#include "cli/table.h"
#include "config.h"
#include "util/units.h"

/* ---- breakdowns ---- */

static size_t network_parts(const struct comparing *comparing) { return comparing->network_count; }
static size_t network_of(const struct comparing *comparing, size_t cell) { return cell / comparing->buffer_count; }
static char *network_title(const struct comparing *comparing, size_t part) {
  return cli_strdup(comparing->subjects[part * comparing->buffer_count].graph->name);
}

static size_t buffer_parts(const struct comparing *comparing) { return comparing->buffer_count; }
static size_t buffer_of(const struct comparing *comparing, size_t cell) { return cell % comparing->buffer_count; }
static char *buffer_title(const struct comparing *comparing, size_t part) {
  char text[UNITS_TEXT_BYTES];
  return cli_strdup(units_format_bytes(text, comparing->buffers[part]));
}

const struct breakdown breakdowns[] = {
    {"network", "a network's groups in all buffers", network_parts, network_of, network_title},
    {"buffer", "a buffer's groups of all networks", buffer_parts, buffer_of, buffer_title},
};
const size_t breakdown_count = sizeof breakdowns / sizeof breakdowns[0];

const struct breakdown *breakdown_find(const char *name) {
  for (size_t i = 0; name != NULL && i < breakdown_count; i++) {
    if (strcmp(breakdowns[i].name, name) == 0) return &breakdowns[i];
  }
  return NULL;
}

static struct repair_summary summary_of(const struct comparing *comparing, size_t explainer, const bool *cells) {
  struct repair_summary summary;
  if (comparison_summarise(&summary, &comparing->comparison, explainer, cells) != 0) cli_checked(NULL);
  return summary;
}

struct repair_summary comparing_summary(const struct comparing *comparing, size_t explainer,
                                        const struct breakdown *breakdown, size_t part) {
  if (breakdown == NULL) return summary_of(comparing, explainer, NULL);
  bool *cells = cli_alloc(comparing->subject_count, sizeof *cells);
  for (size_t c = 0; c < comparing->subject_count; c++) cells[c] = breakdown->part_of(comparing, c) == part;
  struct repair_summary summary = summary_of(comparing, explainer, cells);
  free(cells);
  return summary;
}

static double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

/* ---- for people ---- */

static const struct table_column columns[] = {
    {"", TABLE_LEFT},
    {"explainer", TABLE_LEFT},
    {"groups", TABLE_RIGHT},
    {"rectified", TABLE_RIGHT},
    {"at once", TABLE_RIGHT},
    {"first cut", TABLE_RIGHT},
    {"best cut", TABLE_RIGHT},
    {"regret median", TABLE_RIGHT},
    {"mean", TABLE_RIGHT},
    {"worst", TABLE_RIGHT},
    {"better", TABLE_RIGHT},
    {"equal", TABLE_RIGHT},
    {"simulations", TABLE_RIGHT},
    {"of exhaustive", TABLE_RIGHT},
    {"us median", TABLE_RIGHT},
    {"mean", TABLE_RIGHT},
    {"sparsity", TABLE_RIGHT},
    {"stability", TABLE_RIGHT},
    {"fidelity+", TABLE_RIGHT},
    {"fidelity-", TABLE_RIGHT},
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

static void put_percent(struct table *table, uint64_t part, uint64_t whole) {
  if (whole == 0) {
    table_text(table, "-");
  } else {
    table_format(table, "%.1f %%", 100 * ratio((double)part, (double)whole));
  }
}

static void put_summary(struct table *table, const struct repair_summary *summary,
                        const struct repair_summary *exhaustive, bool judged) {
  double groups = (double)summary->groups;
  table_count(table, summary->groups);
  put_percent(table, summary->rectified, summary->groups);
  put_percent(table, summary->at_once, summary->groups);
  put_percent(table, summary->first_cuts, summary->groups);
  put_percent(table, summary->best_first_cuts, summary->possible_first_cuts);
  table_format(table, "%.2f %%", 100 * summary->regret_median);
  table_format(table, "%.2f %%", 100 * summary->regret_mean);
  table_format(table, "%.1f %%", 100 * summary->regret_worst);
  put_percent(table, summary->better, summary->regret_groups);
  put_percent(table, summary->equal, summary->regret_groups);
  table_format(table, "%.1f", ratio((double)summary->simulations, groups));
  put_percent(table, summary->simulations, exhaustive->simulations);
  table_format(table, "%.0f", summary->microseconds_median);
  table_format(table, "%.0f", summary->microseconds_mean);
  table_format(table, "%.2f", summary->sparsity);
  table_format(table, "%.2f", summary->stability);
  if (judged) {
    table_format(table, "%.3f", summary->fidelity_plus);
    table_format(table, "%.3f", summary->fidelity_minus);
  } else {
    table_text(table, "-");
    table_text(table, "-");
  }
}

static void put_part(struct table *table, const struct comparing *comparing, const struct breakdown *breakdown,
                     size_t part) {
  struct repair_summary exhaustive = comparing_summary(comparing, comparison_reference(), breakdown, part);
  if (exhaustive.groups == 0) return;
  char *title = breakdown == NULL ? cli_strdup("all") : breakdown->title(comparing, part);
  const char *once = title;
  for (size_t e = 0; e < explainer_count; e++) {
    if (comparing->left_out[e]) continue;
    const struct repair_summary summary = comparing_summary(comparing, e, breakdown, part);
    table_text(table, once);
    table_text(table, explainers[e].name);
    put_summary(table, &summary, &exhaustive, comparing->options.learned != NULL);
    once = "";
  }
  free(title);
}

void comparing_print_table(const struct comparing *comparing) {
  const struct breakdown *breakdown = breakdown_find(comparing->settings->by);
  const struct compare_options *options = &comparing->options;
  const struct hw *hw = &comparing->cells[0].hw;
  printf("%zu groups that overflow, of %zu network%s in %zu buffer%s: %s, %u-bit activations, %u-bit weights, "
         "fraction %g, breadth %llu, seed %llu\n\n",
         comparing->comparison.group_count, comparing->network_count, comparing->network_count == 1 ? "" : "s",
         comparing->buffer_count, comparing->buffer_count == 1 ? "" : "s", options->method->name, hw->activation_bits,
         hw->weight_bits, options->fraction, (unsigned long long)options->breadth, (unsigned long long)options->seed);
  struct table *table = table_create(columns, COLUMN_COUNT);
  for (size_t i = 0; breakdown != NULL && i < breakdown->parts(comparing); i++) {
    put_part(table, comparing, breakdown, i);
  }
  put_part(table, comparing, NULL, 0);
  table_finish(table, stdout);
  if (comparing->comparison.group_count < options->groups) {
    printf("\nOf %llu groups that were wanted, no more were found.\n", (unsigned long long)options->groups);
  }
}

/* ---- for programs ---- */

static void add_summary(json_t *object, const struct repair_summary *summary, bool judged) {
  document_add_count(object, "groups", summary->groups);
  document_add_count(object, "rectified", summary->rectified);
  document_add_count(object, "rectified_at_once", summary->at_once);
  document_add_count(object, "first_cuts", summary->first_cuts);
  document_add_count(object, "possible_first_cuts", summary->possible_first_cuts);
  document_add_count(object, "best_first_cuts", summary->best_first_cuts);
  document_add_count(object, "regret_groups", summary->regret_groups);
  document_add_count(object, "better", summary->better);
  document_add_count(object, "equal", summary->equal);
  document_add_real(object, "regret_sum", summary->regret_sum);
  document_add_real(object, "regret_median", summary->regret_median);
  document_add_real(object, "regret_mean", summary->regret_mean);
  document_add_real(object, "regret_worst", summary->regret_worst);
  document_add_count(object, "explanations", summary->explanations);
  document_add_count(object, "simulations", summary->simulations);
  document_add_real(object, "microseconds_median", summary->microseconds_median);
  document_add_real(object, "microseconds_mean", summary->microseconds_mean);
  document_add_real(object, "sparsity", summary->sparsity);
  document_add_real(object, "stability", summary->stability);
  document_add(object, "fidelity_plus", judged ? json_real(summary->fidelity_plus) : json_null());
  document_add(object, "fidelity_minus", judged ? json_real(summary->fidelity_minus) : json_null());
}

/* Appends a row for each explainer, of the part's groups, if there are any. */
static void append_rows(json_t *rows, const struct comparing *comparing, const struct breakdown *breakdown,
                        size_t part) {
  for (size_t e = 0; e < explainer_count; e++) {
    const struct repair_summary summary = comparing_summary(comparing, e, breakdown, part);
    if (summary.groups == 0 || comparing->left_out[e]) continue;
    json_t *row = json_object();
    char *title = breakdown == NULL ? NULL : breakdown->title(comparing, part);
    if (breakdown != NULL) document_add_text(row, breakdown->name, title);
    document_add_text(row, "explainer", explainers[e].name);
    add_summary(row, &summary, comparing->options.learned != NULL);
    document_append(rows, row);
    free(title);
  }
}

static void add_question(json_t *document, const struct comparing *comparing) {
  const struct compare_options *options = &comparing->options;
  json_t *networks = json_array(), *buffers = json_array();
  for (size_t n = 0; n < comparing->network_count; n++) {
    document_append(networks, document_text(comparing->subjects[n * comparing->buffer_count].graph->name));
  }
  for (size_t b = 0; b < comparing->buffer_count; b++) document_append(buffers, document_count(comparing->buffers[b]));
  document_add(document, "networks", networks);
  document_add(document, "buffer_bytes", buffers);
  document_add_count(document, "activation_bits", comparing->cells[0].hw.activation_bits);
  document_add_count(document, "weight_bits", comparing->cells[0].hw.weight_bits);
  document_add_text(document, "method", options->method->name);
  document_add_real(document, "fraction", options->fraction);
  document_add_count(document, "breadth", options->breadth);
  models_add_documents(document, &comparing->models, NULL);
  document_add_count(document, "seed", options->seed);
  document_add_count(document, "jobs", options->jobs);
  document_add_count(document, "groups_wanted", options->groups);
  document_add_count(document, "groups", comparing->comparison.group_count);
  document_add_real(document, "seconds", comparing->seconds);
}

void comparing_print_json(const struct comparing *comparing) {
  const struct breakdown *breakdown = breakdown_find(comparing->settings->by);
  json_t *document = json_object(), *all = json_array(), *parts = json_array();
  add_question(document, comparing);
  append_rows(all, comparing, NULL, 0);
  document_add(document, "explainers", all);
  for (size_t i = 0; breakdown != NULL && i < breakdown->parts(comparing); i++) {
    append_rows(parts, comparing, breakdown, i);
  }
  if (breakdown != NULL) document_add_text(document, "by", breakdown->name);
  document_add(document, "parts", parts);
  document_finish(document);
}

/* ---- for the database ---- */

static struct store_explainer explainer_record(struct arena *arena, const struct subject *subject, size_t explainer,
                                               const struct repair_summary *summary, bool judged) {
  return (struct store_explainer){
      .network = runlog_network(arena, subject),
      .hardware = runlog_hardware(arena, &subject->model.hw),
      .explainer = explainers[explainer].name,
      .group_count = summary->groups,
      .rectified = summary->rectified,
      .rectified_at_once = summary->at_once,
      .first_cuts = summary->first_cuts,
      .possible_first_cuts = summary->possible_first_cuts,
      .best_first_cuts = summary->best_first_cuts,
      .regret_groups = summary->regret_groups,
      .better = summary->better,
      .equal = summary->equal,
      .regret_sum = summary->regret_sum,
      .regret_median = summary->regret_median,
      .regret_mean = summary->regret_mean,
      .regret_worst = summary->regret_worst,
      .explanations = summary->explanations,
      .simulations = summary->simulations,
      .microseconds_median = summary->microseconds_median,
      .microseconds_mean = summary->microseconds_mean,
      .sparsity = summary->sparsity,
      .stability = summary->stability,
      .fidelity_plus = judged ? summary->fidelity_plus : (double)INFINITY,
      .fidelity_minus = judged ? summary->fidelity_minus : (double)INFINITY,
  };
}

/* A row for each explainer and each cell with groups; how many. */
static size_t fill_explainers(struct store_explainer *out, struct arena *arena, const struct comparing *comparing) {
  size_t count = 0;
  bool *cells = cli_alloc(comparing->subject_count, sizeof *cells);
  for (size_t c = 0; c < comparing->subject_count; c++) {
    cells[c] = true;
    for (size_t e = 0; e < explainer_count; e++) {
      const struct repair_summary summary = summary_of(comparing, e, cells);
      if (summary.groups == 0 || comparing->left_out[e]) continue;
      out[count++] = explainer_record(arena, &comparing->subjects[c], e, &summary, comparing->options.learned != NULL);
    }
    cells[c] = false;
  }
  free(cells);
  return count;
}

static char *options_text(const struct comparing *comparing) {
  json_t *options = json_object();
  document_add(options, "fold_bn", json_boolean(comparing->settings->target.fold_batch_norm));
  models_add_documents(options, &comparing->models, NULL);
  char *text = cli_checked(json_dumps(options, JSON_COMPACT));
  json_decref(options);
  return text;
}

int comparing_write(struct comparing *comparing, struct error *err) {
  const struct compare_options *options = &comparing->options;
  struct arena arena = ARENA_INIT;
  if (comparing->log.store == NULL) return 0;
  char *described = options_text(comparing);
  struct store_explainer *rows = cli_alloc(comparing->subject_count * explainer_count, sizeof *rows);
  const struct store_comparison record = {
      .tool_version = PACKAGE_VERSION,
      .started_at = comparing->log.started_at,
      .wall_seconds = comparing->seconds,
      .method = options->method->name,
      .fraction = options->fraction,
      .breadth = options->breadth,
      .seed = &options->seed,
      .jobs = options->jobs,
      .groups_wanted = options->groups,
      .options = described,
      .explainers = rows,
      .explainer_count = fill_explainers(rows, &arena, comparing),
  };
  int status = store_write_comparison(comparing->log.store, NULL, &record, err);
  free(rows);
  free(described);
  arena_free(&arena);
  return status;
}
