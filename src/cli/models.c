#include "cli/models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cli/document.h"
#include "cli/find.h"
#include "cli/memory.h"
#include "cli/names.h"
#include "get/explainer.h"
#include "gnn/safetensors.h"
#include "util/file.h"

/* Weights are sought file by file, but those of one method come from one directory. */
static int find_folder(char **folder, const struct split_options *options, const char *first_file,
                       struct error *err) {
  struct error cause = ERROR_INIT;
  if (options->models != NULL) {
    *folder = cli_strdup(options->models);
    return 0;
  }
  if (find_directory(folder, &find_models, first_file, &cause) == 0) return 0;
  return error_set(err, cause.kind, "%s; scripts/train makes them, and --models DIR names another directory",
                   cause.message);
}

static int hash_file(XXH3_state_t *state, const char *folder, const char *file, struct error *err) {
  struct error cause = ERROR_INIT;
  char *path = cli_format("%s/%s", folder, file), *bytes;
  size_t length;
  int status = file_read(&bytes, &length, path, SAFETENSORS_MAX_BYTES, &cause);
  free(path);
  if (status != 0) {
    return error_set(err, cause.kind, "%s (weights; scripts/train makes them, and --models DIR names another "
                     "directory)", cause.message);
  }
  XXH3_128bits_update(state, bytes, length);
  free(bytes);
  return 0;
}

static int hash_files(char hash[MODELS_HASH_BYTES], const char *folder, char *const *files, size_t count,
                      struct error *err) {
  XXH3_state_t *state = cli_checked(XXH3_createState());
  XXH3_128bits_reset(state);
  int status = 0;
  for (size_t i = 0; i < count && status == 0; i++) status = hash_file(state, folder, files[i], err);
  XXH128_hash_t digest = XXH3_128bits_digest(state);
  XXH3_freeState(state);
  snprintf(hash, MODELS_HASH_BYTES, "%016llx%016llx", (unsigned long long)digest.high64,
           (unsigned long long)digest.low64);
  return status;
}

/* *folder: where the weights are, which the caller frees; NULL if none is needed. */
static int identify(struct models *out, char **folder, const struct split_options *options, enum learned_need need,
                    const struct method *method, struct error *err) {
  char *files[LEARNED_MAX_FILES];
  *out = (struct models){.need = need};
  *folder = NULL;
  struct error cause = ERROR_INIT;
  if (learned_settings_parse(&out->learned.settings, options->explainer_options, &cause) != 0) {
    return error_set(err, cause.kind, "--explainer-options: %s", cause.message);
  }
  if (need == LEARNED_NOTHING) return 0;
  size_t count = learned_files(files, need, method->classifier);
  for (size_t i = 0; i < count; i++) cli_checked(files[i]);
  int status = find_folder(folder, options, files[0], err);
  if (status == 0) status = hash_files(out->hash, *folder, files, count, err);
  for (size_t i = 0; i < count; i++) free(files[i]);
  return status;
}

int models_identify(struct models *out, const struct split_options *options, enum learned_need need,
                    const struct method *method, struct error *err) {
  char *folder;
  int status = identify(out, &folder, options, need, method, err);
  free(folder);
  return status;
}

int models_open(struct models *out, const struct split_options *options, enum learned_need need,
                const struct method *method, struct error *err) {
  char *folder;
  int status = identify(out, &folder, options, need, method, err);
  if (status == 0 && folder != NULL) {
    const struct learned_settings settings = out->learned.settings;
    status = learned_load(&out->learned, need, folder, method->classifier, &settings, err);
  }
  free(folder);
  return status;
}

int models_choose(bool **left_out, const struct explainers_options *options, struct error *err) {
  *left_out = cli_alloc(explainer_count, sizeof **left_out);
  if (options->list == NULL) return 0;
  for (size_t e = 0; e < explainer_count; e++) (*left_out)[e] = true;
  char *list = cli_strdup(options->list), *rest = list, *name;
  int status = 0;
  while (status == 0 && (name = strsep(&rest, ",")) != NULL) {
    status = names_check("explainers", name, err);
    if (status == 0) (*left_out)[explainer_find(name) - explainers] = false;
  }
  free(list);
  return status;
}

int models_open_all(struct models *out, const struct split_options *options, const bool *left_out,
                    const struct method *method, struct error *err) {
  enum learned_need need = LEARNED_NOTHING;
  struct error cause = ERROR_INIT;
  for (size_t e = 0; e < explainer_count; e++) {
    if (!left_out[e]) need |= explainers[e].need;
  }
  if (models_open(out, options, need, method, &cause) == 0) return 0;
  return error_set(err, cause.kind, cause.kind == ERROR_INPUT ? "%s; --explainers LIST leaves out those that need it"
                                                              : "%s", cause.message);
}

void models_close(struct models *models) { learned_free(&models->learned); }

const struct learned *models_learned(const struct models *models) {
  return models->need == LEARNED_NOTHING ? NULL : &models->learned;
}

char *models_settings_text(const struct models *models, const char *explainer) {
  if (models->need == LEARNED_NOTHING) return cli_strdup("");
  return cli_checked(learned_settings_text(&models->learned.settings, explainer));
}

void models_add_documents(json_t *object, const struct models *models, const char *explainer) {
  if (models->need == LEARNED_NOTHING) return;
  char *settings = models_settings_text(models, explainer);
  document_add_text(object, "explainer_options", settings);
  document_add_text(object, "weights", models->hash);
  free(settings);
}
