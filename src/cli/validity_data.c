#include "cli/validity_data.h"

#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/names.h"
#include "cli/settings.h"
#include "cli/subject.h"
#include "gnn/content.h"
#include "util/bitset.h"

/* ---- networks ---- */

static int open_width(struct validity_network *out, unsigned wide, struct error *err) {
  const struct target_options target = {.bits = wide ? "16" : "8"};
  struct hw hw;
  if (settings_hardware(&hw, &target, err) != 0) return -1;
  if (sim_model_create(&out->models[wide], out->graph, &hw, err) != 0) return -1;
  return gnn_network_create(&out->networks[wide], &out->models[wide], err);
}

int validity_network_open(struct validity_network *out, const char *name, struct error *err) {
  const struct target_options target = {0};
  struct subject subject = {0};
  *out = (struct validity_network){0};
  if (subject_load_network(&subject, name, &target, err) != 0) return -1;
  out->graph = subject.graph;
  int status = 0;
  for (unsigned wide = 0; wide < VALIDITY_WIDTHS && status == 0; wide++) status = open_width(out, wide, err);
  return status;
}

void validity_network_close(struct validity_network *network) {
  for (unsigned wide = 0; wide < VALIDITY_WIDTHS; wide++) {
    gnn_network_free(network->networks[wide]);
    sim_model_free(&network->models[wide]);
  }
  graph_free(network->graph);
  *network = (struct validity_network){0};
}

/* ---- data ---- */

static int open_networks(struct validity_data *out, const char *path, struct error *err) {
  out->networks = cli_alloc(out->dataset.network_count, sizeof *out->networks);
  for (uint32_t n = 0; n < out->dataset.network_count; n++) {
    const struct dataset_network *network = &out->dataset.networks[n];
    if (validity_network_open(&out->networks[n], network->name, err) != 0) return -1;
    const struct graph *graph = out->networks[n].graph;
    /* Labels were checked against the number of ops that the file names: the hash alone says nothing of it. */
    if (content_hash_graph(graph) == network->hash && graph->op_count == network->op_count) continue;
    return error_input(err, path, 0, "its groups of '%.80s' are of another network than that of this name; make the "
                       "data anew", network->name);
  }
  return 0;
}

static void list_sets(struct validity_data *out) {
  const struct dataset *dataset = &out->dataset;
  out->sets = cli_alloc(dataset->group_count, sizeof *out->sets);
  for (size_t g = 0; g < dataset->group_count; g++) {
    size_t words = out->networks[dataset->groups[g].network].graph->set_words;
    out->sets[g] = cli_alloc(words, sizeof **out->sets);
    dataset_group_set(out->sets[g], words, dataset, &dataset->groups[g]);
  }
}

int validity_data_open(struct validity_data *out, const char *path, struct error *err) {
  *out = (struct validity_data){0};
  if (dataset_read(&out->dataset, path, err) != 0 || open_networks(out, path, err) != 0) return -1;
  list_sets(out);
  return 0;
}

void validity_data_close(struct validity_data *data) {
  for (size_t g = 0; data->sets != NULL && g < data->dataset.group_count; g++) free(data->sets[g]);
  free(data->sets);
  for (uint32_t n = 0; data->networks != NULL && n < data->dataset.network_count; n++) {
    validity_network_close(&data->networks[n]);
  }
  free(data->networks);
  dataset_free(&data->dataset);
}

/* Says what the name is no name of, and frees the list of those that there are. */
static int refuse_name(const char *name, const char *what, struct name_list *known, struct error *err) {
  char suggestion[512] = "";
  names_suggest(suggestion, sizeof suggestion, known, name);
  name_list_free(known);
  return error_set(err, ERROR_USAGE, "%s '%.80s'%s", what, name, suggestion);
}

int validity_data_find(const struct validity_data *data, const char *name, uint32_t *network, struct error *err) {
  const struct dataset *dataset = &data->dataset;
  struct name_list known = {.arena = ARENA_INIT};
  for (*network = 0; *network < dataset->network_count; (*network)++) {
    if (strcmp(dataset->networks[*network].name, name) == 0) return 0;
  }
  for (uint32_t n = 0; n < dataset->network_count; n++) name_list_add(&known, dataset->networks[n].name, "");
  return refuse_name(name, "the data have no network", &known, err);
}

int validity_data_method(const char *name, uint32_t *method, struct error *err) {
  struct name_list known = {.arena = ARENA_INIT};
  for (*method = 0; *method < DATASET_METHODS; (*method)++) {
    if (strcmp(dataset_methods[*method], name) == 0) return 0;
  }
  for (uint32_t m = 0; m < DATASET_METHODS; m++) name_list_add(&known, dataset_methods[m], "");
  return refuse_name(name, "there are no labels for the method", &known, err);
}

/* ---- samples ---- */

static bool is_in_part(const struct dataset *dataset, const struct dataset_group *group, enum dataset_part part,
                       uint32_t apart) {
  if (apart != VALIDITY_NO_NETWORK && part == DATASET_TEST) return group->network == apart;
  return group->network != apart && dataset_part_of(dataset, group) == part;
}

void validity_samples_create(struct validity_samples *out, const struct validity_data *data, uint32_t method,
                             enum dataset_part part, uint32_t apart) {
  const struct dataset *dataset = &data->dataset;
  size_t room = dataset->group_count * dataset->size_count;
  *out = (struct validity_samples){.samples = cli_alloc(room, sizeof *out->samples),
                                   .origins = cli_alloc(room, sizeof *out->origins)};
  for (uint32_t g = 0; g < dataset->group_count; g++) {
    const struct dataset_group *group = &dataset->groups[g];
    if (!is_in_part(dataset, group, part, apart)) continue;
    for (uint32_t s = 0; s < dataset->size_count; s++) {
      out->origins[out->count] = (struct validity_origin){g, s};
      out->samples[out->count++] = (struct gnn_sample){
          .network = data->networks[group->network].networks[group->wide],
          .group = data->sets[g],
          .capacity_bytes = dataset->sizes_bytes[s],
          .fits = (group->fits[method] >> s & 1) != 0,
      };
    }
  }
}

void validity_samples_free(struct validity_samples *samples) {
  free(samples->samples);
  free(samples->origins);
  *samples = (struct validity_samples){0};
}
