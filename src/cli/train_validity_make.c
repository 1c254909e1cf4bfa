#include <stdlib.h>
#include <string.h>

#include "cli/document.h"
#include "cli/memory.h"
#include "cli/names.h"
#include "cli/run.h"
#include "cli/table.h"
#include "cli/train_validity.h"
#include "cli/validity_data.h"
#include "sched/label.h"
#include "util/text.h"
#include "util/units.h"

enum { DEFAULT_GROUPS = 1000 }; /* of a network for which the paper has no number */

struct making {
  const struct train_validity_settings *settings;
  uint64_t *sizes_bytes;
  size_t size_count;
  struct validity_network *opened;
  struct label_network *networks; /* their names are those of arguments, or of the list */
  size_t network_count;
  struct name_list known;
  struct dataset dataset;
};

/* ---- making ---- */

static int compare_sizes(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

static int find_sizes(struct making *making, struct error *err) {
  if (settings_sizes(&making->sizes_bytes, &making->size_count, "--buffers", making->settings->buffers, err) != 0) {
    return -1;
  }
  qsort(making->sizes_bytes, making->size_count, sizeof *making->sizes_bytes, compare_sizes);
  if (making->size_count <= DATASET_MAX_SIZES) return 0;
  return error_set(err, ERROR_USAGE, "--buffers has %zu sizes; expected at most %d", making->size_count,
                   DATASET_MAX_SIZES);
}

static int open_network(struct making *making, const char *name, struct error *err) {
  uint64_t groups = making->settings->groups > 0 ? making->settings->groups : label_default_groups(name);
  for (size_t n = 0; n < making->network_count; n++) {
    if (strcmp(making->networks[n].name, name) != 0) continue;
    return error_set(err, ERROR_USAGE, "'%.80s' is named twice", name);
  }
  if (!text_is_utf8(name)) {
    return error_set(err, ERROR_USAGE, "'%.80s' is no UTF-8; give the file another name, which data can hold", name);
  }
  struct validity_network *opened = &making->opened[making->network_count];
  making->networks[making->network_count++] = (struct label_network){
      .name = name,
      .models = {&opened->models[0], &opened->models[1]},
      .groups = groups > 0 ? groups : DEFAULT_GROUPS,
  };
  return validity_network_open(opened, name, err);
}

static int open_networks(struct making *making, const char *const *names, size_t count, struct error *err) {
  making->opened = cli_alloc(count, sizeof *making->opened);
  making->networks = cli_alloc(count, sizeof *making->networks);
  for (size_t i = 0; i < count; i++) {
    if (open_network(making, names[i], err) != 0) return -1;
  }
  return 0;
}

static int draw(struct making *making, struct error *err) {
  const struct train_validity_settings *settings = making->settings;
  uint64_t total = 0;
  for (size_t n = 0; n < making->network_count; n++) total += making->networks[n].groups;
  total += total * settings->halves / 100;
  struct label_options options = {
      .sizes_bytes = making->sizes_bytes,
      .size_count = making->size_count,
      .halves_percent = settings->halves,
      .seed = settings->seed,
      .jobs = run_jobs(settings->jobs),
      .progress = progress_start("groups", total, settings->progress.quiet),
  };
  int status = label_draw(&making->dataset, making->networks, making->network_count, &options, err);
  progress_end(options.progress);
  return status == 0 ? dataset_write(&making->dataset, settings->make_data, err) : -1;
}

/* ---- telling ---- */

/* Groups of a network, or of all networks. */
struct tally {
  uint64_t drawn, halves;
  uint64_t fitting[DATASET_METHODS][DATASET_MAX_SIZES];
};

#define ALL_NETWORKS UINT32_MAX

static struct tally tally_of(const struct dataset *dataset, uint32_t network) {
  struct tally tally = {0};
  for (size_t g = 0; g < dataset->group_count; g++) {
    const struct dataset_group *group = &dataset->groups[g];
    if (network != ALL_NETWORKS && group->network != network) continue;
    (*(group->half ? &tally.halves : &tally.drawn))++;
    for (unsigned m = 0; m < DATASET_METHODS; m++) {
      for (uint32_t s = 0; s < dataset->size_count; s++) tally.fitting[m][s] += group->fits[m] >> s & 1;
    }
  }
  return tally;
}

static void put_tally(struct table *table, const struct dataset *dataset, const char *name, uint32_t network) {
  struct tally tally = tally_of(dataset, network);
  double groups = (double)(tally.drawn + tally.halves);
  table_text(table, name);
  table_count(table, tally.drawn);
  table_count(table, tally.halves);
  for (unsigned m = 0; m < DATASET_METHODS; m++) {
    for (uint32_t s = 0; s < dataset->size_count; s++) {
      table_format(table, "%.1f", groups > 0 ? 100 * (double)tally.fitting[m][s] / groups : 0);
    }
  }
}

static void print_table(const struct making *making) {
  const struct dataset *dataset = &making->dataset;
  size_t fixed = 3, count = fixed + DATASET_METHODS * (size_t)dataset->size_count;
  struct table_column *columns = cli_alloc(count, sizeof *columns);
  char **titles = cli_alloc(count, sizeof *titles);
  memcpy(columns, (const struct table_column[]){{"network", TABLE_LEFT}, {"drawn", TABLE_RIGHT},
                                                {"halves", TABLE_RIGHT}}, fixed * sizeof *columns);
  for (size_t c = fixed; c < count; c++) {
    char size[UNITS_TEXT_BYTES];
    size_t m = (c - fixed) / dataset->size_count, s = (c - fixed) % dataset->size_count;
    titles[c] = cli_format("%s %s", dataset_methods[m], units_format_whole_bytes(size, dataset->sizes_bytes[s]));
    columns[c] = (struct table_column){titles[c], TABLE_RIGHT};
  }
  cli_print("%s: %zu groups, seed %llu; groups that fit, in percent, by method and buffer\n\n",
            making->settings->make_data, dataset->group_count, (unsigned long long)dataset->seed);
  struct table *table = table_create(columns, count);
  for (uint32_t n = 0; n < dataset->network_count; n++) put_tally(table, dataset, dataset->networks[n].name, n);
  put_tally(table, dataset, "all", ALL_NETWORKS);
  table_finish(table, stdout);
  for (size_t c = 0; c < count; c++) free(titles[c]);
  free(titles);
  free(columns);
}

static json_t *tally_document(const struct dataset *dataset, uint32_t network) {
  struct tally tally = tally_of(dataset, network);
  json_t *object = json_object(), *fits = json_array();
  document_add_text(object, "network", dataset->networks[network].name);
  document_add_count(object, "drawn", tally.drawn);
  document_add_count(object, "halves", tally.halves);
  for (unsigned m = 0; m < DATASET_METHODS; m++) {
    for (uint32_t s = 0; s < dataset->size_count; s++) {
      json_t *row = json_object();
      document_add_text(row, "method", dataset_methods[m]);
      document_add_count(row, "buffer_bytes", dataset->sizes_bytes[s]);
      document_add_count(row, "groups", tally.fitting[m][s]);
      document_append(fits, row);
    }
  }
  document_add(object, "fit", fits);
  return object;
}

static void print_json(const struct making *making) {
  const struct dataset *dataset = &making->dataset;
  json_t *object = json_object(), *networks = json_array();
  document_add_text(object, "data", making->settings->make_data);
  document_add_count(object, "seed", dataset->seed);
  document_add_count(object, "groups", dataset->group_count);
  for (uint32_t n = 0; n < dataset->network_count; n++) document_append(networks, tally_document(dataset, n));
  document_add(object, "networks", networks);
  document_finish(object);
}

/* ---- the whole ---- */

static void making_free(struct making *making) {
  dataset_free(&making->dataset);
  for (size_t n = 0; n < making->network_count; n++) validity_network_close(&making->opened[n]);
  free(making->opened);
  free(making->networks);
  free(making->sizes_bytes);
  name_list_free(&making->known);
}

static int open_named(struct making *making, const struct arguments *arguments, struct error *err) {
  if (arguments->count > 0) {
    return open_networks(making, (const char *const *)arguments->values, arguments->count, err);
  }
  name_list_create(&making->known, name_kind_find("networks"));
  const char **names = cli_alloc(making->known.count, sizeof *names);
  for (size_t i = 0; i < making->known.count; i++) names[i] = making->known.items[i].name;
  int status = open_networks(making, names, making->known.count, err);
  free(names);
  return status;
}

int train_validity_make(const struct train_validity_settings *settings, const struct arguments *networks,
                        struct error *err) {
  struct making making = {.settings = settings, .known = {.arena = ARENA_INIT}};
  int status = find_sizes(&making, err);
  if (status == 0) status = open_named(&making, networks, err);
  if (status == 0) status = draw(&making, err);
  if (status == 0) (settings->output_options.json ? print_json : print_table)(&making);
  making_free(&making);
  return status;
}
