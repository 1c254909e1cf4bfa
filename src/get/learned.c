#include "get/learned.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/text.h"
#include "util/units.h"

#define SETTING(field) offsetof(struct learned_settings, field)

/* The largest whole number that a double holds exactly, as bounds do. */
#define MOST_COUNT 9007199254740991.0

const struct learned_parameter learned_parameters[] = {
    {"gnne.steps", LEARNED_COUNT, 0, 1000000, 50, "steps of Adam", SETTING(gnne.steps)},
    {"gnne.rate", LEARNED_REAL, 0, 1000, 0.1, "learning rate of Adam", SETTING(gnne.rate)},
    {"gnne.size", LEARNED_REAL, 0, 1000, 0.02, "price of the sum of the mask", SETTING(gnne.size)},
    {"gnne.entropy", LEARNED_REAL, 0, 1000, 0.1, "price of the mean entropy of the mask", SETTING(gnne.entropy)},
    {"gnne.logit_scale", LEARNED_REAL, 1e-6, 1e6, 3, "what the classifier's logits are divided by",
     SETTING(gnne.logit_scale)},
    {"gnne.noise", LEARNED_REAL, 0, 1000, 0, "standard deviation of where the mask's logits begin, 0 for none",
     SETTING(gnne.noise)},
    {"gnne.seed", LEARNED_COUNT, 0, MOST_COUNT, 1, "seed of that noise", SETTING(gnne.seed)},
    {"rg.seeds", LEARNED_COUNT, 1, 1000000, 1, "ops to begin from, the likeliest; the best part by the reward is kept",
     SETTING(rg.seeds)},
    {"rg.most_nodes", LEARNED_COUNT, 0, 1000000, 0, "ops of the part at most, 0 for as many as the policy takes",
     SETTING(rg.most_nodes)},
    {"rg.edge_price", LEARNED_REAL, 0, 1000, 0.01, "price of an edge of the part", SETTING(rg.edge_price)},
    {"rg.radius_price", LEARNED_REAL, 0, 1000, 0.01, "price of its radius", SETTING(rg.radius_price)},
    {"rg.embedding_price", LEARNED_REAL, 0, 1000, 0.01,
     "price of the distance between its embedding and the group's", SETTING(rg.embedding_price)},
};
const size_t learned_parameter_count = sizeof learned_parameters / sizeof learned_parameters[0];

/* ---- settings ---- */

static void set(struct learned_settings *settings, const struct learned_parameter *parameter, double value) {
  char *field = (char *)settings + parameter->offset;
  if (parameter->type == LEARNED_COUNT) {
    *(uint64_t *)(void *)field = (uint64_t)value;
  } else {
    *(double *)(void *)field = value;
  }
}

static double get(const struct learned_settings *settings, const struct learned_parameter *parameter) {
  const char *field = (const char *)settings + parameter->offset;
  if (parameter->type == LEARNED_COUNT) return (double)*(const uint64_t *)(const void *)field;
  return *(const double *)(const void *)field;
}

static const struct learned_parameter *find_parameter(const char *name) {
  for (size_t i = 0; i < learned_parameter_count; i++) {
    if (strcmp(learned_parameters[i].name, name) == 0) return &learned_parameters[i];
  }
  return NULL;
}

static int unknown_parameter(const char *name, struct error *err) {
  struct text_nearest nearest = text_nearest_start(name);
  for (size_t i = 0; i < learned_parameter_count; i++) text_nearest_offer(&nearest, learned_parameters[i].name);
  return error_set(err, ERROR_USAGE, "unknown '%.80s'%s%s%s; 'spillway list explainer-options' "
                   "shows all", name, nearest.best == NULL ? "" : "; did you mean '",
                   nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "'?");
}

static bool parse_value(double *value, const struct learned_parameter *parameter, const char *text) {
  if (units_parse_real(value, text) != 0) return false;
  if (parameter->type == LEARNED_COUNT && *value != floor(*value)) return false;
  return *value >= parameter->minimum && *value <= parameter->maximum;
}

/* "gnne.steps=50" */
static int parse_item(struct learned_settings *settings, char *item, struct error *err) {
  char low[UNITS_TEXT_BYTES], high[UNITS_TEXT_BYTES], *text = strchr(item, '=');
  double value;
  if (text == NULL) {
    return error_set(err, ERROR_USAGE, "'%.80s' is no setting; expected NAME=VALUE with commas "
                     "between, such as %s=%g", item, learned_parameters[0].name, learned_parameters[0].initial);
  }
  *text++ = '\0';
  const struct learned_parameter *parameter = find_parameter(item);
  if (parameter == NULL) return unknown_parameter(item, err);
  if (parse_value(&value, parameter, text)) {
    set(settings, parameter, value);
    return 0;
  }
  return error_set(err, ERROR_USAGE, "%s is '%.80s'; expected a %snumber from %s to %s", item, text,
                   parameter->type == LEARNED_COUNT ? "whole " : "", units_format_real(low, parameter->minimum),
                   units_format_real(high, parameter->maximum));
}

int learned_settings_parse(struct learned_settings *out, const char *text, struct error *err) {
  for (size_t i = 0; i < learned_parameter_count; i++) set(out, &learned_parameters[i], learned_parameters[i].initial);
  if (text == NULL || text[0] == '\0') return 0;
  char *copy = strdup(text), *rest = copy, *item;
  int status = copy == NULL ? error_memory(err) : 0;
  while (status == 0 && (item = strsep(&rest, ",")) != NULL) status = parse_item(out, item, err);
  free(copy);
  return status;
}

/* Whether it is one of that explainer. */
static bool belongs(const struct learned_parameter *parameter, const char *explainer) {
  size_t length = strlen(explainer);
  return strncmp(parameter->name, explainer, length) == 0 && parameter->name[length] == '.';
}

char *learned_settings_text(const struct learned_settings *settings, const char *explainer) {
  char *text = NULL, value[UNITS_TEXT_BYTES];
  size_t length = 0, listed = 0;
  FILE *stream = open_memstream(&text, &length);
  if (stream == NULL) return NULL;
  for (size_t i = 0; i < learned_parameter_count; i++) {
    const struct learned_parameter *parameter = &learned_parameters[i];
    if (explainer != NULL && !belongs(parameter, explainer)) continue;
    fprintf(stream, "%s%s=%s", listed++ == 0 ? "" : ",", parameter->name,
            units_format_real(value, get(settings, parameter)));
  }
  if (fclose(stream) == 0) return text;
  free(text);
  return NULL;
}

/* ---- weights ---- */

static char *file_below(const char *folder, const char *name) {
  char *path = NULL;
  return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static int load_model(struct learned *out, const char *path, const char *method, struct error *err) {
  return gnn_model_load(&out->model, path, method, err);
}
static int load_pg(struct learned *out, const char *path, const char *method, struct error *err) {
  return gnn_pg_load(&out->pg, &out->model, path, method, err);
}
static int load_rg(struct learned *out, const char *path, const char *method, struct error *err) {
  return gnn_rg_load(&out->rg, &out->model, path, method, err);
}

/* In the order in which they are loaded. */
static const struct {
  enum learned_need need;
  const char *name;
  int (*load)(struct learned *out, const char *path, const char *method, struct error *err);
} weight_files[LEARNED_MAX_FILES] = {
    {LEARNED_MODEL, "validity.safetensors", load_model},
    {LEARNED_PG, "pg.safetensors", load_pg},
    {LEARNED_RG, "rg.safetensors", load_rg},
};

static bool is_needed(size_t file, enum learned_need need) {
  return (need & weight_files[file].need) == weight_files[file].need;
}

size_t learned_files(char *files[LEARNED_MAX_FILES], enum learned_need need, const char *method) {
  size_t count = 0;
  for (size_t i = 0; i < LEARNED_MAX_FILES; i++) {
    if (is_needed(i, need)) files[count++] = file_below(method, weight_files[i].name);
  }
  return count;
}

static int load_file(struct learned *out, size_t number, const char *folder, const char *method, struct error *err) {
  char *file = file_below(method, weight_files[number].name), *path = file == NULL ? NULL : file_below(folder, file);
  int status = path == NULL ? error_memory(err) : weight_files[number].load(out, path, method, err);
  free(path);
  free(file);
  return status;
}

int learned_load(struct learned *out, enum learned_need need, const char *folder, const char *method,
                 const struct learned_settings *settings, struct error *err) {
  int status = 0;
  *out = (struct learned){.settings = *settings};
  for (size_t i = 0; i < LEARNED_MAX_FILES && status == 0; i++) {
    if (is_needed(i, need)) status = load_file(out, i, folder, method, err);
  }
  if (status != 0) learned_free(out);
  return status;
}

void learned_free(struct learned *learned) {
  gnn_rg_free(&learned->rg);
  gnn_pg_free(&learned->pg);
  gnn_model_free(&learned->model);
}
