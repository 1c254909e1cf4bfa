/* spillway merge: puts the runs of several databases into one. */
#include <stdio.h>
#include <unistd.h>

#include "cli/document.h"
#include "cli/memory.h"
#include "cli/settings.h"
#include "cli/verb.h"
#include "store/store.h"

struct merge_settings {
  struct output_options output;
};

static void report(json_t *list, const char *path, const struct store_merged *merged) {
  if (list == NULL) {
    cli_print("%s: %llu run%s merged, %llu were there\n", path, (unsigned long long)merged->copied,
              merged->copied == 1 ? "" : "s", (unsigned long long)merged->present);
    return;
  }
  json_t *object = json_object();
  document_add_text(object, "database", path);
  document_add_count(object, "merged", merged->copied);
  document_add_count(object, "present", merged->present);
  document_append(list, object);
}

/* Before anything is written, so that a misspelt name leaves no new database behind. */
static int check_sources(const struct arguments *arguments, struct error *err) {
  for (size_t i = 1; i < arguments->count; i++) {
    const char *path = arguments->values[i];
    if (access(path, F_OK) != 0) return error_input(err, path, 0, "no such database");
  }
  return 0;
}

static enum verb_result merge_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  const struct merge_settings *settings = opaque;
  struct store *store;
  if (check_sources(arguments, err) != 0) return VERB_FAILED;
  if (store_open(&store, arguments->values[0], err) != 0) return VERB_FAILED;
  json_t *list = settings->output.json ? json_array() : NULL;
  int status = 0;
  for (size_t i = 1; i < arguments->count && status == 0; i++) {
    struct store_merged merged;
    status = store_merge(store, arguments->values[i], &merged, err);
    if (status == 0) report(list, arguments->values[i], &merged);
  }
  store_close(store);
  if (list != NULL && status == 0) {
    document_finish(list);
  } else {
    json_decref(list);
  }
  return status == 0 ? VERB_DONE : VERB_FAILED;
}

static const struct option_use merge_options[] = {{&output_group, offsetof(struct merge_settings, output)}, {0}};
static const struct verb_argument merge_arguments[] = {
    {"OUT", NULL, false, false, "database to merge into; it is made if it is missing"},
    {"IN", NULL, false, true, "databases whose runs are copied; they are not changed"},
    {0}};

const struct verb merge_verb = {
    .name = "merge",
    .summary = "put the runs of several results databases into one",
    .details = "Each database is merged whole or not at all. Cells of experiments that are there already, and\n"
               "other runs of which everything is the same, are not copied again: merging twice changes nothing.",
    .arguments = merge_arguments,
    .options = merge_options,
    .settings_bytes = sizeof(struct merge_settings),
    .run = merge_run,
};
