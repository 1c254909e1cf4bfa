/* spillway sweep: runs all cells of an experiment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/document.h"
#include "cli/find.h"
#include "cli/memory.h"
#include "cli/settings.h"
#include "cli/sweep.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "store/query.h"
#include "util/units.h"

struct sweep_settings {
  const char *shard, *sharing;
  uint64_t jobs;
  bool resume, again, dry_run;
  struct database_options database;
  struct progress_options progress;
  struct output_options output;
};

/* The cells that this process is to see to. */
struct selection {
  const struct cell **cells;
  bool *present; /* by cell: the database has it */
  size_t count, present_count;
};

struct shard {
  uint64_t number, count; /* 1 to count */
};

/* ---- what is to be done ---- */

static int parse_shard(struct shard *out, const char *text, struct error *err) {
  *out = (struct shard){1, 1};
  if (text == NULL) return 0;
  char *copy = cli_strdup(text), *slash = strchr(copy, '/');
  bool good = slash != NULL;
  if (good) *slash = '\0';
  good = good && units_parse_u64(&out->number, copy) == 0 && units_parse_u64(&out->count, slash + 1) == 0 &&
         out->number >= 1 && out->number <= out->count;
  free(copy);
  if (good) return 0;
  return error_set(err, ERROR_USAGE, "--shard is '%.80s'; expected i/n with i from 1 to n, such as 1/4", text);
}

static int parse_settings(const struct sweep_settings *settings, struct shard *shard, struct sweep_options *options,
                          struct error *err) {
  *options = (struct sweep_options){.jobs = run_jobs(settings->jobs), .quiet = settings->progress.quiet};
  if (settings->resume && settings->again) {
    return error_set(err, ERROR_USAGE, "--resume keeps what is there and --again deletes it; give one of them");
  }
  if (units_parse_bytes(&options->share_bytes, settings->sharing) != 0) {
    return error_set(err, ERROR_USAGE, "--sharing is '%.80s'; expected a size such as 1GiB, or 0 for none",
                     settings->sharing);
  }
  return parse_shard(shard, settings->shard, err);
}

/* Every count-th cell: neighbours, which take about as long, go to different shards. */
static void select_shard(struct selection *out, const struct experiment *experiment, struct shard shard) {
  *out = (struct selection){.cells = cli_alloc(experiment->cell_count, sizeof(struct cell *)),
                            .present = cli_alloc(experiment->cell_count, sizeof(bool))};
  for (uint64_t i = shard.number - 1; i < experiment->cell_count; i += shard.count) {
    out->cells[out->count++] = &experiment->cells[i];
  }
}

static void selection_free(struct selection *selection) {
  free(selection->cells);
  free(selection->present);
}

static int find_present(struct selection *selection, struct store *store, struct error *err) {
  selection->present_count = 0;
  for (size_t i = 0; i < selection->count; i++) {
    if (store_has_cell(store, selection->cells[i]->key, &selection->present[i], err) != 0) return -1;
    selection->present_count += selection->present[i];
  }
  return 0;
}

static int drop_cells(const struct selection *selection, struct store *store, struct error *err) {
  const char **keys = cli_alloc(selection->count, sizeof *keys);
  for (size_t i = 0; i < selection->count; i++) keys[i] = selection->cells[i]->key;
  int status = store_drop_cells(store, keys, selection->count, err);
  free(keys);
  return status;
}

/* Nobody loses results, or gets those of another day, without asking for it. */
static int agree(const struct sweep_settings *settings, const struct experiment *experiment,
                 struct selection *selection, struct store *store, struct error *err) {
  if (find_present(selection, store, err) != 0) return -1;
  if (selection->present_count == 0 || settings->resume) return 0;
  if (settings->again) return drop_cells(selection, store, err) == 0 ? find_present(selection, store, err) : -1;
  return error_set(err, ERROR_USAGE,
                   "%s holds %zu of the %zu cells of experiment '%s' already; give --resume to run the other %zu, or "
                   "--again to delete them and run all",
                   settings->database.path, selection->present_count, selection->count, experiment->name,
                   selection->count - selection->present_count);
}

/* ---- --dry-run ---- */

/* A key, and the place of its cell in the selection. */
struct keyed_place {
  const char *key;
  size_t place;
};

static int compare_keyed(const void *left, const void *right) {
  return strcmp(((const struct keyed_place *)left)->key, ((const struct keyed_place *)right)->key);
}

static struct keyed_place *sorted_keys(const struct selection *selection) {
  struct keyed_place *keys = cli_alloc(selection->count, sizeof *keys);
  for (size_t i = 0; i < selection->count; i++) keys[i] = (struct keyed_place){selection->cells[i]->key, i};
  if (selection->count > 0) qsort(keys, selection->count, sizeof *keys, compare_keyed);
  return keys;
}

static void mark_present(struct selection *selection, const struct keyed_place *keys, struct query_value key) {
  char *text = cli_format("%.*s", (int)key.length, key.bytes);
  const struct keyed_place wanted = {text, 0};
  const struct keyed_place *found =
      selection->count == 0 ? NULL : bsearch(&wanted, keys, selection->count, sizeof *keys, compare_keyed);
  free(text);
  if (found == NULL) return;
  selection->present[found->place] = true;
  selection->present_count++;
}

/* Only reads the database, which need not exist. */
static int look_for_present(struct selection *selection, const char *database, struct error *err) {
  struct query *query;
  if (access(database, F_OK) != 0) return 0;
  if (query_open(&query, database, NULL, err) != 0) return -1;
  struct keyed_place *keys = sorted_keys(selection);
  int status = query_ask(query, "SELECT cell_key FROM v_run WHERE cell_key IS NOT NULL", NULL, 0, err);
  while (status == 0 && (status = query_step(query, err)) == 1) {
    mark_present(selection, keys, query_value(query, 0));
    status = 0;
  }
  free(keys);
  query_close(query);
  return status;
}

static void print_cells(const struct selection *selection) {
  static const struct table_column columns[] = {{"cell", TABLE_LEFT}, {"settings", TABLE_LEFT}, {"state", TABLE_LEFT}};
  struct table *table = table_create(columns, 3);
  for (size_t i = 0; i < selection->count; i++) {
    table_format(table, "%.12s", selection->cells[i]->key);
    table_text(table, selection->cells[i]->label);
    table_text(table, selection->present[i] ? "done" : "missing");
  }
  table_finish(table, stdout);
  printf("\n%zu cells, %zu done, %zu missing\n", selection->count, selection->present_count,
         selection->count - selection->present_count);
}

static json_t *cell_document(const struct cell *cell, bool present) {
  json_t *object = json_object(), *settings = json_object();
  document_add_text(object, "cell_key", cell->key);
  document_add_text(object, "label", cell->label);
  document_add(object, "done", json_boolean(present));
  document_add_text(object, "network_hash", cell->network_hash);
  document_add_count(object, "buffer_bytes", cell->hw.buffer_capacity_bytes);
  for (size_t i = 0; i < experiment_key_count; i++) {
    char *value = experiment_key_value(&experiment_keys[i], &cell->settings);
    document_add_text(settings, experiment_keys[i].key, value[0] == '\0' ? NULL : value);
    free(value);
  }
  document_add(object, "settings", settings);
  return object;
}

static void print_cells_json(const struct experiment *experiment, const struct selection *selection) {
  json_t *object = json_object(), *cells = json_array();
  document_add_text(object, "experiment", experiment->name);
  document_add_count(object, "repeated", experiment->repeated);
  for (size_t i = 0; i < selection->count; i++) {
    document_append(cells, cell_document(selection->cells[i], selection->present[i]));
  }
  document_add(object, "cells", cells);
  document_finish(object);
}

static int dry_run(const struct sweep_settings *settings, const struct experiment *experiment,
                   struct selection *selection, struct error *err) {
  if (look_for_present(selection, settings->database.path, err) != 0) return -1;
  if (settings->output.json) {
    print_cells_json(experiment, selection);
  } else {
    print_cells(selection);
  }
  return 0;
}

/* ---- telling what was done ---- */

static void print_result(const struct experiment *experiment, const struct selection *selection,
                         const struct sweep_result *result, const char *database) {
  cli_print("experiment %s: %zu cell%s: %zu run, %zu were there, %zu failed; %s\n", experiment->name, selection->count,
            selection->count == 1 ? "" : "s", result->ran, selection->present_count + result->present,
            result->failure_count, database);
}

static void print_result_json(const struct experiment *experiment, const struct selection *selection,
                              const struct sweep_result *result) {
  json_t *object = json_object(), *failures = json_array();
  document_add_text(object, "experiment", experiment->name);
  document_add_count(object, "cells", selection->count);
  document_add_count(object, "ran", result->ran);
  document_add_count(object, "present", selection->present_count + result->present);
  for (size_t i = 0; i < result->failure_count; i++) {
    json_t *failure = json_object();
    document_add_text(failure, "cell_key", result->failures[i].cell->key);
    document_add_text(failure, "label", result->failures[i].cell->label);
    document_add_text(failure, "message", result->failures[i].error.message);
    document_append(failures, failure);
  }
  document_add(object, "failed", failures);
  document_finish(object);
}

static void tell_failures(const struct sweep_result *result) {
  for (size_t i = 0; i < result->failure_count; i++) {
    char *label = cli_clean(result->failures[i].cell->label);
    fprintf(stderr, "spillway: cell %s: %s\n", label, result->failures[i].error.message);
    free(label);
  }
}

/* ---- the verb ---- */

/* Runs the cells that the database lacks. VERB_NEGATIVE if some have no result. */
static enum verb_result run_missing(const struct sweep_settings *settings, const struct experiment *experiment,
                                    struct selection *selection, struct store *store,
                                    const struct sweep_options *options, struct error *err) {
  const struct cell **missing = cli_alloc(selection->count, sizeof *missing);
  struct sweep_result result;
  size_t count = 0;
  for (size_t i = 0; i < selection->count; i++) {
    if (!selection->present[i]) missing[count++] = selection->cells[i];
  }
  int status = sweep_run(&result, experiment, missing, count, store, settings->database.path, options, err);
  tell_failures(&result);
  if (status == 0 && settings->output.json) {
    print_result_json(experiment, selection, &result);
  } else if (status == 0) {
    print_result(experiment, selection, &result, settings->database.path);
  }
  enum verb_result answer = status != 0 ? VERB_FAILED : result.failure_count > 0 ? VERB_NEGATIVE : VERB_DONE;
  sweep_result_free(&result);
  free(missing);
  return answer;
}

static enum verb_result run_experiment(const struct sweep_settings *settings, const struct experiment *experiment,
                                       struct selection *selection, const struct sweep_options *options,
                                       struct error *err) {
  struct store *store;
  if (settings->dry_run) return dry_run(settings, experiment, selection, err) == 0 ? VERB_DONE : VERB_FAILED;
  if (store_open(&store, settings->database.path, err) != 0) return VERB_FAILED;
  enum verb_result answer = VERB_FAILED;
  if (agree(settings, experiment, selection, store, err) == 0) {
    answer = run_missing(settings, experiment, selection, store, options, err);
  }
  store_close(store);
  return answer;
}

static enum verb_result sweep_verb_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  const struct sweep_settings *settings = opaque;
  struct sweep_options options;
  struct experiment experiment;
  struct selection selection;
  struct shard shard;
  char *path;
  if (parse_settings(settings, &shard, &options, err) != 0) return VERB_FAILED;
  if (find_path(&path, &find_experiments, arguments->values[0], err) != 0) return VERB_FAILED;
  int status = experiment_load(&experiment, path, err);
  free(path);
  if (status != 0) return VERB_FAILED;
  select_shard(&selection, &experiment, shard);
  enum verb_result answer = run_experiment(settings, &experiment, &selection, &options, err);
  selection_free(&selection);
  experiment_free(&experiment);
  return answer;
}

#define SETTING(field) offsetof(struct sweep_settings, field)

static const struct option_spec sweep_own_options[] = {
    {"jobs", 'j', OPTION_COUNT, "N", "0", NULL, 0, 1024,
     "cells at a time, 0 for one per processor; results are the same", SETTING(jobs)},
    {"resume", 'r', OPTION_FLAG, NULL, NULL, NULL, 0, 0, "run only the cells that the database lacks", SETTING(resume)},
    {"again", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "first delete the cells that the database has", SETTING(again)},
    {"shard", 0, OPTION_TEXT, "I/N", NULL, NULL, 0, 0, "run part I of N, each of which has every N-th cell",
     SETTING(shard)},
    {"sharing", 0, OPTION_TEXT, "SIZE", "1GiB", NULL, 0, 0,
     "memory for what cells of a network share, 0 for none; results are the same", SETTING(sharing)},
    {"dry-run", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "list the cells and run none", SETTING(dry_run)},
};
static const struct option_group sweep_group = OPTION_GROUP(sweep_own_options);
static const struct option_use sweep_verb_options[] = {{&sweep_group, 0},
                                                       {&database_group, SETTING(database)},
                                                       {&progress_group, SETTING(progress)},
                                                       {&output_group, SETTING(output)},
                                                       {0}};
static const struct verb_argument sweep_arguments[] = {
    {"EXPERIMENT", "experiments", false, false,
     "experiment: a name or a YAML file; keys: 'spillway list experiment-keys'"},
    {0}};

const struct verb sweep_verb = {
    .name = "sweep",
    .summary = "run every cell of an experiment, each once",
    .details = "A cell is one search: one value for each key of the experiment. Its result is on record as soon as\n"
               "it is there; whatever ends a sweep, --resume runs exactly the cells that are missing. Several\n"
               "processes may share one database.",
    .arguments = sweep_arguments,
    .options = sweep_verb_options,
    .settings_bytes = sizeof(struct sweep_settings),
    .run = sweep_verb_run,
};
