#include "random_learned.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const struct pg_options pg_options = {
    .epochs = 1,
    .batch_graphs = 1,
    .rate = 0.003,
    .size = 0.05,
    .entropy = 1,
    .first_temperature = 5,
    .last_temperature = 2,
    .logit_scale = 10,
    .seed = 1,
    .jobs = 1,
};

static const struct rg_options rg_options = {
    .locator_steps = 1,
    .imitation_epochs = 1,
    .epochs = 1,
    .batch_graphs = 1,
    .rollouts = 1,
    .locator_rate = 0.01,
    .rate = 0.01,
    .edge_price = 0.01,
    .radius_price = 0.01,
    .embedding_price = 0.01,
    .seed = 1,
    .jobs = 1,
};

int random_learned(struct learned *out, uint32_t hidden, uint32_t layers, uint64_t seed, const struct sim_model *model,
                   const uint64_t *group, struct error *err) {
  const struct gnn_shape shape = {(uint32_t)gnn_feature_count(), hidden, layers};
  struct rng rng = rng_stream(seed, 0, 0);
  struct gnn_sample sample = {.group = group, .capacity_bytes = model->hw.buffer_capacity_bytes};
  struct gnn_network *network = NULL;
  *out = (struct learned){0};
  int status = learned_settings_parse(&out->settings, NULL, err);
  if (status == 0) status = gnn_network_create(&network, model, err);
  sample.network = network;
  if (status == 0) status = gnn_model_create(&out->model, shape, err);
  if (status == 0) {
    gnn_model_draw(&out->model, &rng);
    status = gnn_pg_train(&out->pg, &out->model, &sample, 1, &pg_options, err);
  }
  if (status == 0) status = gnn_rg_train(&out->rg, &out->model, &sample, 1, &rg_options, err);
  gnn_network_free(network);
  if (status != 0) learned_free(out);
  return status;
}

int random_learned_save(const struct learned *learned, const char *folder, const char *method, struct error *err) {
  const struct weights_origin origin = {.method = method, .seed = 1, .training = "none"};
  char path[4096];
  mkdir(folder, 0777);
  snprintf(path, sizeof path, "%s/%s", folder, method);
  mkdir(path, 0777);
  snprintf(path, sizeof path, "%s/%s/validity.safetensors", folder, method);
  if (gnn_model_save(&learned->model, &origin, path, err) != 0) return -1;
  snprintf(path, sizeof path, "%s/%s/pg.safetensors", folder, method);
  if (gnn_pg_save(&learned->pg, &origin, path, err) != 0) return -1;
  snprintf(path, sizeof path, "%s/%s/rg.safetensors", folder, method);
  return gnn_rg_save(&learned->rg, &origin, path, err);
}
