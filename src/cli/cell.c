/* What the cells of an experiment are known by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cli/experiment.h"
#include "cli/memory.h"
#include "cli/models.h"
#include "cli/objectives.h"
#include "cli/subject.h"
#include "config.h"

/* Goes up when the results of the same inputs change within a version, or what is stored of them. */
#define CELL_RESULTS_VERSION 1

/* ---- networks, each read once ---- */

struct known_network {
  const char *path; /* borrowed */
  bool fold_batch_norm;
  char hash[33];
  char *name; /* cleaned */
};

struct network_list {
  struct known_network *items;
  size_t count;
};

static const struct known_network *find_network(const struct network_list *list, const struct cell_settings *settings) {
  for (size_t i = 0; i < list->count; i++) {
    const struct known_network *known = &list->items[i];
    if (known->fold_batch_norm == settings->run.target.fold_batch_norm && strcmp(known->path, settings->network) == 0) {
      return known;
    }
  }
  return NULL;
}

static const struct known_network *read_network(struct network_list *list, const struct cell_settings *settings,
                                                struct error *err) {
  const struct known_network *known = find_network(list, settings);
  struct subject subject = {.graph = NULL};
  if (known != NULL) return known;
  if (subject_load_network(&subject, settings->network, &settings->run.target, err) != 0) return NULL;
  list->items = cli_grow(list->items, list->count + 1, sizeof *list->items);
  struct known_network *added = &list->items[list->count++];
  *added = (struct known_network){
      .path = settings->network,
      .fold_batch_norm = settings->run.target.fold_batch_norm,
      .name = cli_clean(subject.graph->name),
  };
  memcpy(added->hash, subject.hash, sizeof added->hash);
  subject_close(&subject);
  return added;
}

static void free_networks(struct network_list *list) {
  for (size_t i = 0; i < list->count; i++) free(list->items[i].name);
  free(list->items);
}

/* ---- keys ---- */

/* Of what such keys lead to, and not of how they are written. */
static bool hashed_by_content(const struct experiment_key *key) {
  return key->type == EXPERIMENT_FILE || key->type == EXPERIMENT_FOLDER || key->type == EXPERIMENT_LEARNED;
}

/* Nothing of a splitter that does not learn. */
static int write_models(FILE *stream, const struct run_settings *run, struct error *err) {
  const struct explainer *explainer = explainer_find(run->split.explainer);
  struct models models;
  if (models_identify(&models, &run->split, explainer->need, method_find(run->method.name), err) != 0) return -1;
  if (explainer->need == LEARNED_NOTHING) return 0;
  char *settings = models_settings_text(&models, explainer->name);
  fprintf(stream, "explainer_options=%s\nweights=%s\n", settings, models.hash);
  free(settings);
  return 0;
}

static int compute_key(struct cell *cell, const char *experiment, const struct known_network *network,
                       struct error *err) {
  char *text = NULL, *hw = hw_to_yaml(&cell->hw);
  size_t length = 0;
  FILE *stream = open_memstream(&text, &length);
  if (hw == NULL || stream == NULL) return error_memory(err);
  fprintf(stream, "results=%d\nversion=%s\nexperiment=%s\nnetwork=%s\nnetwork_hash=%s\nhardware=%s\n",
          CELL_RESULTS_VERSION, PACKAGE_VERSION, experiment, network->name, network->hash, hw);
  for (size_t i = 0; i < experiment_key_count; i++) {
    const struct experiment_key *key = &experiment_keys[i];
    if (key->hardware || hashed_by_content(key)) continue;
    char *value = experiment_key_value(key, &cell->settings);
    fprintf(stream, "%s=%s\n", key->key, value);
    free(value);
  }
  int status = write_models(stream, &cell->settings.run, err);
  if (fclose(stream) != 0) status = error_memory(err);
  XXH128_hash_t hash = XXH3_128bits(text, length);
  snprintf(cell->key, sizeof cell->key, "%016llx%016llx", (unsigned long long)hash.high64,
           (unsigned long long)hash.low64);
  free(text);
  free(hw);
  return status;
}

static int identify_cell(struct cell *cell, struct network_list *networks, const char *experiment, struct error *err) {
  struct run_settings *run = &cell->settings.run;
  const struct search *search = search_find(run->search);
  struct search_options scratch;
  if (run->objectives == NULL) run->objectives = objectives_default(search);
  if (objectives_parse(&scratch, run->objectives, search, err) != 0) return -1;
  if (settings_hardware(&cell->hw, &run->target, err) != 0) return -1;
  const struct known_network *network = read_network(networks, &cell->settings, err);
  if (network == NULL) return -1;
  memcpy(cell->network_hash, network->hash, sizeof cell->network_hash);
  return compute_key(cell, experiment, network, err);
}

/* ---- cells that are there twice ---- */

static int compare_keys(const void *left, const void *right) {
  const struct cell *const *a = left, *const *b = right;
  int order = strcmp((*a)->key, (*b)->key);
  return order != 0 ? order : *a < *b ? -1 : *a > *b;
}

/* Leaves the first of each. */
static void leave_out_repeated(struct experiment *experiment) {
  size_t count = experiment->cell_count, kept = 0;
  struct cell **sorted = cli_alloc(count, sizeof *sorted);
  for (size_t i = 0; i < count; i++) sorted[i] = &experiment->cells[i];
  qsort(sorted, count, sizeof *sorted, compare_keys);
  bool *repeats = cli_alloc(count, sizeof *repeats);
  for (size_t i = 1; i < count; i++) {
    if (strcmp(sorted[i]->key, sorted[i - 1]->key) == 0) repeats[sorted[i] - experiment->cells] = true;
  }
  for (size_t i = 0; i < count; i++) {
    if (!repeats[i]) experiment->cells[kept++] = experiment->cells[i];
  }
  experiment->repeated = count - kept;
  experiment->cell_count = kept;
  free(sorted);
  free(repeats);
}

/* ---- labels ---- */

static bool key_varies(const struct experiment *experiment, const struct experiment_key *key) {
  char *first = experiment_key_value(key, &experiment->cells[0].settings);
  bool varies = false;
  for (size_t i = 1; i < experiment->cell_count && !varies; i++) {
    char *value = experiment_key_value(key, &experiment->cells[i].settings);
    varies = strcmp(first, value) != 0;
    free(value);
  }
  free(first);
  return varies;
}

static char *label_of(const struct cell *cell, const bool *varies) {
  char *label = cli_strdup(cell->settings.network);
  for (size_t k = 0; k < experiment_key_count; k++) {
    const struct experiment_key *key = &experiment_keys[k];
    if (!varies[k] || key->offset == offsetof(struct cell_settings, network)) continue;
    char *value = experiment_key_value(key, &cell->settings);
    char *longer = cli_format("%s %s=%s", label, key->key, value);
    free(value);
    free(label);
    label = longer;
  }
  return label;
}

static void label_cells(struct experiment *experiment) {
  bool *varies = cli_alloc(experiment_key_count, sizeof *varies);
  for (size_t k = 0; k < experiment_key_count; k++) varies[k] = key_varies(experiment, &experiment_keys[k]);
  for (size_t i = 0; i < experiment->cell_count; i++) {
    char *label = label_of(&experiment->cells[i], varies);
    experiment->cells[i].label = cli_checked(arena_strdup(&experiment->arena, label));
    free(label);
  }
  free(varies);
}

int experiment_identify(struct experiment *experiment, const char *path, struct error *err) {
  struct network_list networks = {.items = NULL};
  int status = 0;
  for (size_t i = 0; i < experiment->cell_count && status == 0; i++) {
    struct error cause = ERROR_INIT;
    struct cell *cell = &experiment->cells[i];
    status = identify_cell(cell, &networks, experiment->name, &cause);
    if (status != 0) error_input(err, path, cell->line, "%s", cause.message);
  }
  free_networks(&networks);
  if (status != 0) return -1;
  leave_out_repeated(experiment);
  label_cells(experiment);
  return 0;
}
