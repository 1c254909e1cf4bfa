#include "cli/series.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "store/query.h"

/* What is of account only where runs alike in the columns `by` differ in it. */
#define WHERE_DIFFERENT(by, value, text) \
  "CASE WHEN NOT proven AND min(coalesce(" value ", '')) OVER (PARTITION BY " by ")" \
  " <> max(coalesce(" value ", '')) OVER (PARTITION BY " by ") THEN " text " END"
#define LEARNED "json_extract(options, '$.explainer_options')"
#define WEIGHTS "json_extract(options, '$.weights')"

/* By enum series_part. An exact search that ends with a proof owes nothing to splitter or budget. */
static const struct {
  const char *sql;
  bool in_title;
} parts[SERIES_PARTS] = {
    {"network", true},
    {"CASE WHEN min(network_hash) OVER (PARTITION BY network) <> max(network_hash) OVER (PARTITION BY network)"
     " THEN 'file ' || substr(network_hash, 1, 8) END",
     false},
    {"CASE WHEN fold_bn THEN 'batch norm folded' ELSE 'batch norm kept' END", false},
    {"printf('%s hardware, number %d', hardware, min(hardware_id) OVER (PARTITION BY machine))", false},
    {"printf('%g KiB buffer', buffer_bytes / 1024.0)", true},
    {"CASE WHEN activation_bits = weight_bits THEN printf('%d bits', activation_bits)"
     " ELSE printf('%d-bit rows, %d-bit weights', activation_bits, weight_bits) END",
     true},
    {"method", true},
    {"search || ' search'", false},
    {"CASE WHEN NOT proven THEN splitter || ' split' END", false},
    {"CASE WHEN NOT proven THEN printf('%d plans', budget) END", false},
    {"'for ' || coalesce((SELECT group_concat(value, '+') FROM json_each(options, '$.objectives')),"
     " json_extract(options, '$.objective'), 'dram')",
     false},
    {"CASE WHEN json_extract(options, '$.fuseable_only') THEN 'only fuseable ops' ELSE 'all ops' END", false},
    {"CASE WHEN NOT proven THEN printf('fraction %g, breadth %d', json_extract(options, '$.fraction'),"
     " json_extract(options, '$.breadth')) END",
     false},
    {WHERE_DIFFERENT("splitter", LEARNED, LEARNED), false},
    {WHERE_DIFFERENT("method, splitter", WEIGHTS, "'weights ' || substr(" WEIGHTS ", 1, 8)"), false},
    {"CASE WHEN NOT proven THEN json_remove(options, '$.fold_bn', '$.fuseable_only', '$.objective',"
     " '$.objectives', '$.fraction', '$.breadth', '$.explainer_options', '$.weights', '$.max_ideals', '$.max_steps',"
     " '$.max_groups') END",
     false},
};

/* A text of YAML without the line of that key. */
#define WITHOUT(text, key) \
  "replace(" text ", substr(" text ", instr(" text ", '" key ": ')," \
  " instr(substr(" text ", instr(" text ", '" key ": ')), char(10))), '')"

/* Repeated runs give the same result, so the newest of each stands for all. A machine is a
 * hardware description without the buffer's capacity. */
static const char chosen_sql[] =
    "WITH machine_run AS ("
    "  SELECT *, coalesce(json_extract(options, '$.fold_bn'), 0) AS fold_bn,"
    "    search IS 'exact' AND optimum_dram_bytes IS NOT NULL AS proven,"
    "    " WITHOUT("hardware_description", "capacity") " AS machine"
    "  FROM v_run),"
    " known AS ("
    "  SELECT network_hash, machine, buffer_bytes, method, fold_bn, max(bound_dram_bytes) AS known_bytes,"
    "    max(optimum_dram_bytes) IS NOT NULL AS known_optimum"
    "  FROM machine_run WHERE bound_dram_bytes IS NOT NULL GROUP BY 1, 2, 3, 4, 5),"
    " wanted AS (SELECT run_id FROM v_run WHERE search IS NOT NULL AND (:network = '' OR network = :network)"
    "  AND (%s)),"
    " newest AS ("
    "  SELECT *, row_number() OVER ("
    "    PARTITION BY network_hash, network, hardware_id, method, search, splitter, budget, seed,"
    "      CASE search WHEN 'exact' THEN options"
    "        ELSE json_remove(options, '$.max_ideals', '$.max_steps', '$.max_groups') END"
    "    ORDER BY run_id DESC) AS place"
    "  FROM machine_run JOIN wanted USING (run_id)),"
    " chosen AS ("
    "  SELECT * FROM newest LEFT JOIN known USING (network_hash, machine, buffer_bytes, method, fold_bn)"
    "  WHERE place = 1 AND (%s))";

/* The same columns, as far as samples have them. Here a machine has no widths either, as nothing of
 * other widths is looked up. */
static const char sample_sql[] =
    "WITH wanted AS (SELECT sample_id FROM v_sample WHERE (:network = '' OR network = :network) AND (%s)),"
    " any_capacity AS ("
    "  SELECT *, " WITHOUT("hardware_description", "capacity") " AS rest FROM v_sample JOIN wanted USING (sample_id)),"
    " any_rows AS (SELECT *, " WITHOUT("rest", "activation_bits") " AS further FROM any_capacity),"
    " chosen AS ("
    "  SELECT sample_id AS run_id, network, network_hash, hardware, hardware_id, buffer_bytes, activation_bits,"
    "    weight_bits, method, groups, valid_groups, json_object('groups_wanted', groups_wanted) AS options,"
    "    coalesce(json_extract(options, '$.fold_bn'), 0) AS fold_bn, false AS proven,"
    "    NULL AS search, NULL AS splitter, NULL AS budget, " WITHOUT("further", "weight_bits") " AS machine"
    "  FROM any_rows WHERE (%s))";

enum { COLUMN_RUN = SERIES_PARTS, COLUMN_X, COLUMN_Y };

char *series_sql(const char *condition, const struct plot_settings *settings) {
  return cli_format(chosen_sql, settings->where == NULL ? "true" : settings->where, condition);
}

static char *question_chosen(const struct series_question *question, const struct plot_settings *settings) {
  if (!question->samples) return series_sql(question->condition, settings);
  return cli_format(sample_sql, settings->where == NULL ? "true" : settings->where, question->condition);
}

/* ---- asking ---- */

static char *question_sql(const struct series_question *question, const struct plot_settings *settings) {
  char *chosen = question_chosen(question, settings), *columns = cli_strdup(""), *names = cli_strdup("");
  for (size_t p = 0; p < SERIES_PARTS; p++) {
    bool counts = (question->parts >> p & 1) != 0;
    char *more = cli_format("%s coalesce(%s, '') AS part%zu,", columns, counts ? parts[p].sql : "NULL", p);
    char *further = cli_format("%s part%zu,", names, p);
    free(columns);
    free(names);
    columns = more;
    names = further;
  }
  char *sql = cli_format("%s, told AS (SELECT%s chosen.* FROM chosen)"
                         " SELECT%s run_id, %s AS x, %s AS y FROM told AS chosen %s"
                         " WHERE x IS NOT NULL AND y IS NOT NULL"
                         " ORDER BY chosen.network, chosen.buffer_bytes, chosen.method, chosen.search,"
                         "  chosen.splitter, chosen.budget, run_id, x",
                         chosen, columns, names, question->x, question->y, question->join);
  free(chosen);
  free(columns);
  free(names);
  return sql;
}

static char *value_text(const struct query *query, size_t column) {
  struct query_value value = query_value(query, column);
  return value.length > 0 ? cli_format("%.*s", (int)value.length, value.bytes) : cli_strdup("");
}

static double value_number(const struct query *query, size_t column) {
  struct query_value value = query_value(query, column);
  return value.type == QUERY_INTEGER ? (double)value.integer : value.type == QUERY_REAL ? value.real : 0;
}

static bool parts_match(char *const *own, const struct query *query) {
  for (size_t p = 0; p < SERIES_PARTS; p++) {
    struct query_value value = query_value(query, p);
    if (strlen(own[p]) != value.length) return false;
    if (value.length > 0 && memcmp(own[p], value.bytes, value.length) != 0) return false; /* bytes of "" may be NULL */
  }
  return true;
}

/* The line of the row at hand; NULL if there is no place for it. */
static struct series *find_or_add(struct series_list *list, const struct query *query) {
  for (size_t i = list->count; i-- > 0;) {
    if (parts_match(list->items[i].parts, query)) return &list->items[i];
  }
  if (list->count == list->most) return NULL;
  struct series *series = &list->items[list->count++];
  for (size_t p = 0; p < SERIES_PARTS; p++) series->parts[p] = value_text(query, p);
  return series;
}

static void add_sample(struct series *series, const struct series_sample *sample) {
  if (series->sample_count == series->sample_capacity) {
    series->sample_capacity = series->sample_capacity == 0 ? 16 : 2 * series->sample_capacity;
    series->samples = cli_grow(series->samples, series->sample_capacity, sizeof *series->samples);
  }
  series->samples[series->sample_count++] = *sample;
}

static int read_samples(struct series_list *list, const struct series_question *question, struct query *query,
                        struct error *err) {
  int more;
  while ((more = query_step(query, err)) == 1) {
    struct series *series = find_or_add(list, query);
    if (series == NULL) {
      return error_set(err, ERROR_USAGE,
                       "more than %zu lines to draw; choose some with NET or --where, such as --where \"%s\"",
                       list->most, question->samples ? "method = 'lbdf' AND activation_bits = 8" : "budget = 2000");
    }
    add_sample(series, &(struct series_sample){query_value(query, COLUMN_RUN).integer, value_number(query, COLUMN_X),
                                               value_number(query, COLUMN_Y)});
  }
  return more;
}

int series_ask_further(struct series_list *out, const struct series_question *question,
                       const struct plot_settings *settings, const char *network, struct error *err) {
  struct query *query;
  char *sql = question_sql(question, settings);
  char *parameter = cli_format("network=%s", network == NULL ? "" : network);
  const char *const parameters[] = {parameter};
  *out = (struct series_list){cli_alloc(question->most, sizeof *out->items), 0, question->most};
  int status = query_open(&query, settings->database.path, NULL, err);
  if (status == 0) status = query_ask(query, sql, parameters, 1, err);
  if (status == 0) status = read_samples(out, question, query, err);
  query_close(query);
  free(sql);
  free(parameter);
  return status;
}

int series_nothing(const struct series_question *question, const struct plot_settings *settings, const char *network,
                   struct error *err) {
  return error_set(err, ERROR_INPUT, "%s: no %s%s%s%s to draw; run '%s' first", settings->database.path,
                   question->what, network == NULL ? "" : " of ", network == NULL ? "" : network,
                   settings->where == NULL ? "" : " that --where lets through", question->command);
}

int series_ask(struct series_list *out, const struct series_question *question, const struct plot_settings *settings,
               const char *network, struct error *err) {
  if (series_ask_further(out, question, settings, network, err) != 0) return -1;
  return out->count > 0 ? 0 : series_nothing(question, settings, network, err);
}

void series_free(struct series_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    for (size_t p = 0; p < SERIES_PARTS; p++) free(list->items[i].parts[p]);
    free(list->items[i].samples);
    free(list->items[i].points);
  }
  free(list->items);
  *list = (struct series_list){0};
}

/* ---- pooling ---- */

static int compare_samples(const void *left, const void *right) {
  const struct series_sample *a = left, *b = right;
  if (a->x != b->x) return a->x < b->x ? -1 : 1;
  return a->y < b->y ? -1 : a->y > b->y;
}

/* Of `count` samples of one x, by ascending y. */
static struct series_point point_of(const struct series_sample *samples, size_t count) {
  double median = (samples[(count - 1) / 2].y + samples[count / 2].y) / 2;
  return (struct series_point){samples[0].x, median, samples[0].y, samples[count - 1].y};
}

static void pool(struct series *series) {
  struct series_sample *samples = series->samples;
  qsort(samples, series->sample_count, sizeof *samples, compare_samples);
  series->points = cli_alloc(series->sample_count, sizeof *series->points);
  for (size_t first = 0, next; first < series->sample_count; first = next) {
    for (next = first + 1; next < series->sample_count && samples[next].x == samples[first].x; next++) continue;
    series->points[series->point_count++] = point_of(samples + first, next - first);
  }
}

void series_pool(struct series_list *list) {
  for (size_t i = 0; i < list->count; i++) pool(&list->items[i]);
}

static int compare_numbers(const void *left, const void *right) {
  const double *a = left, *b = right;
  return *a < *b ? -1 : *a > *b;
}

/* Each x that a sample has, once, ascending. */
static size_t distinct_x(double *x, const struct series *series) {
  size_t count = 0;
  for (size_t i = 0; i < series->sample_count; i++) x[i] = series->samples[i].x;
  qsort(x, series->sample_count, sizeof *x, compare_numbers);
  for (size_t i = 0; i < series->sample_count; i++) {
    if (count == 0 || x[i] != x[count - 1]) x[count++] = x[i];
  }
  return count;
}

/* What each run has at x, if it has begun; the number of those. */
static size_t samples_at(struct series_sample *out, const struct series *series, double x) {
  size_t count = 0;
  for (size_t i = 0; i < series->sample_count; i++) {
    const struct series_sample *sample = &series->samples[i];
    bool last = i + 1 == series->sample_count || sample[1].run != sample->run || sample[1].x > x;
    if (sample->x <= x && last) out[count++] = (struct series_sample){sample->run, x, sample->y};
  }
  qsort(out, count, sizeof *out, compare_samples);
  return count;
}

static void pool_steps(struct series *series) {
  double *x = cli_alloc(series->sample_count, sizeof *x);
  struct series_sample *now = cli_alloc(series->sample_count, sizeof *now);
  size_t count = distinct_x(x, series);
  series->points = cli_alloc(2 * count, sizeof *series->points);
  for (size_t i = 0; i < count; i++) {
    struct series_point point = point_of(now, samples_at(now, series, x[i]));
    if (i > 0) {
      series->points[series->point_count] = series->points[series->point_count - 1];
      series->points[series->point_count++].x = x[i];
    }
    series->points[series->point_count++] = point;
  }
  free(x);
  free(now);
}

void series_pool_steps(struct series_list *list) {
  for (size_t i = 0; i < list->count; i++) pool_steps(&list->items[i]);
}

/* ---- words ---- */

/* The text of all lines that have one there; NULL if they differ. */
static const char *shared_part(const struct series_list *list, size_t part) {
  const char *shared = "";
  for (size_t i = 0; i < list->count; i++) {
    const char *own = list->items[i].parts[part];
    if (own[0] != '\0' && shared[0] != '\0' && strcmp(own, shared) != 0) return NULL;
    if (own[0] != '\0') shared = own;
  }
  return shared;
}

/* Takes over text and gives it back longer. */
static char *append(char *text, const char *words) {
  if (words[0] == '\0') return text;
  char *longer = cli_format("%s%s%s", text, text[0] == '\0' ? "" : ", ", words);
  free(text);
  return longer;
}

char *series_label(const struct series_list *list, size_t i, unsigned which, unsigned always) {
  char *label = cli_strdup("");
  for (size_t p = 0; p < SERIES_PARTS; p++) {
    if ((which >> p & 1) == 0 || ((always >> p & 1) == 0 && shared_part(list, p) != NULL)) continue;
    label = append(label, list->items[i].parts[p]);
  }
  return label;
}

size_t series_longest_label(const struct series_list *list, unsigned always) {
  size_t longest = 0;
  for (size_t i = 0; i < list->count; i++) {
    char *label = series_label(list, i, SERIES_ALL, always);
    if (strlen(label) > longest) longest = strlen(label);
    free(label);
  }
  return longest;
}

char *series_title(const struct series_list *list, const char *words) {
  char *shared = cli_strdup("");
  for (size_t p = 0; p < SERIES_PARTS; p++) {
    const char *part = shared_part(list, p);
    if (parts[p].in_title && part != NULL) shared = append(shared, part);
  }
  char *title = cli_format("%s%s%s", words, shared[0] == '\0' ? "" : ": ", shared);
  free(shared);
  return title;
}

/* ---- the script ---- */

void series_write_data(FILE *script, const struct series_list *list, const char *block) {
  for (size_t i = 0; i < list->count; i++) {
    const struct series *series = &list->items[i];
    fprintf(script, "$%s%zu << EOD\n", block, i);
    for (size_t p = 0; p < series->point_count; p++) {
      const struct series_point *point = &series->points[p];
      fprintf(script, "%.9g %.9g %.9g %.9g\n", point->x, point->median, point->low, point->high);
    }
    fputs("EOD\n", script);
  }
}

static bool has_band(const struct series *series) {
  for (size_t p = 0; p < series->point_count; p++) {
    if (series->points[p].low < series->points[p].high) return true;
  }
  return false;
}

static void next_clause(FILE *script, bool *first) {
  fputs(*first ? "plot " : ", \\\n  ", script);
  *first = false;
}

static void write_style(FILE *script, const struct series_style *style, size_t i) {
  if (style->look != NULL) {
    fputs(style->look, script);
  } else {
    gnuplot_line_style(script, i);
    if (strstr(style->with, "points") != NULL) fprintf(script, " pt %u", gnuplot_line_point(i));
  }
}

/* Lines that look the same are one entry of the key. */
static char *entry_label(const struct series_list *list, size_t i, const struct series_style *style) {
  if (style->look == NULL) return series_label(list, i, SERIES_ALL, style->always);
  return cli_strdup(i > 0 || style->label == NULL ? "" : style->label);
}

size_t series_write_lines(FILE *script, const struct series_list *list, const struct series_style *style,
                          bool *first) {
  size_t entries = 0;
  for (size_t i = 0; i < list->count; i++) {
    if (style->look != NULL || !has_band(&list->items[i])) continue;
    next_clause(script, first);
    fprintf(script, "$%s%zu using 1:3:4 with filledcurves fs transparent solid 0.2 noborder lc rgb '%s' notitle",
            style->block, i, gnuplot_line_colour(i));
  }
  for (size_t i = 0; i < list->count; i++) {
    char *label = entry_label(list, i, style);
    next_clause(script, first);
    fprintf(script, "$%s%zu using 1:2 with %s lw 2 ", style->block, i, style->with);
    write_style(script, style, i);
    fputs(" title ", script); /* an empty one makes no entry */
    gnuplot_text(script, label);
    entries += label[0] != '\0';
    free(label);
  }
  return entries;
}
