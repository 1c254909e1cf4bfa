#include "gnn/pg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gnn/descent.h"
#include "gnn/perceptron.h"
#include "gnn/pg_learn.h"

static struct perceptron layers_of(uint32_t embedding) {
  struct perceptron perceptron = perceptron_start();
  perceptron_add(&perceptron, "mlp.0", 2 * embedding, PG_HIDDEN);
  perceptron_add(&perceptron, "mlp.1", PG_HIDDEN, 1);
  return perceptron;
}

/* ---- the perceptron over the edges of a batch ---- */

static void edges_free(struct pg_edges *edges) {
  free(edges->ends);
  *edges = (struct pg_edges){0};
}

/* One block for all; what it held is lost. */
static int make_room(struct pg_edges *edges, uint32_t embedding, uint32_t count) {
  if (edges->ends != NULL && edges->capacity >= count) return 0;
  size_t floats = 2 * (size_t)embedding + 2 * PG_HIDDEN + 3;
  edges_free(edges);
  float *block = calloc((size_t)count + 1, floats * sizeof *block);
  if (block == NULL) return -1;
  edges->ends = block;
  edges->hidden = block += 2 * (size_t)embedding * count;
  edges->hidden_slopes = block += PG_HIDDEN * (size_t)count;
  edges->omegas = block += PG_HIDDEN * (size_t)count;
  edges->mask = block += count;
  edges->mask_slopes = block + count;
  edges->capacity = count;
  return 0;
}

static void gather_ends(struct pg_edges *edges, const struct gnn_batch *batch, const float *embeddings,
                        uint32_t width, float scale) {
  for (uint32_t e = 0; e < batch->edge_count; e++) {
    float *row = edges->ends + e * (size_t)width * 2;
    const float *from = embeddings + batch->from[e] * (size_t)width, *to = embeddings + batch->to[e] * (size_t)width;
    for (uint32_t i = 0; i < width; i++) {
      row[i] = scale * from[i];
      row[width + i] = scale * to[i];
    }
  }
}

/* Omegas of a batch that went through the classifier unmasked. 0, or -1 without memory. */
static int edges_forward(struct pg_edges *edges, const struct perceptron *perceptron, const float *parameters,
                         const struct gnn_pass *pass, const struct gnn_batch *batch) {
  uint32_t width = perceptron->layers[0].inputs / 2;
  if (make_room(edges, width, batch->edge_count) != 0) return -1;
  gather_ends(edges, batch, gnn_node_embeddings(pass), width, parameters[0]);
  dense_forward(&perceptron->layers[0], parameters, edges->ends, edges->hidden, batch->edge_count);
  relu_forward(edges->hidden, batch->edge_count * (size_t)PG_HIDDEN);
  dense_forward(&perceptron->layers[1], parameters, edges->hidden, edges->omegas, batch->edge_count);
  return 0;
}

static void edges_backward(struct pg_edges *edges, const struct perceptron *perceptron, const float *parameters,
                           const float *omega_slopes, float *slopes, uint32_t count) {
  dense_backward(&perceptron->layers[1], parameters, edges->hidden, omega_slopes, edges->hidden_slopes, slopes, count);
  relu_backward(edges->hidden_slopes, edges->hidden, count * (size_t)PG_HIDDEN);
  dense_backward(&perceptron->layers[0], parameters, edges->ends, edges->hidden_slopes, NULL, slopes, count);
}

/* ---- learning ---- */

struct training {
  const struct gnn_pg *pg;
  const struct gnn_sample *samples;
  const struct pg_options *options;
  struct pg_learner *learners;
};

static double temperature(const struct pg_options *options, uint64_t epoch) {
  double done = options->epochs > 1 ? (double)epoch / (double)(options->epochs - 1) : 0;
  return options->first_temperature * pow(options->last_temperature / options->first_temperature, done);
}

/* Masks from the concrete distribution: sigmoid((logit(u) + omega) / temperature). */
static void draw_mask(struct pg_learner *learner, uint32_t graph, double heat, struct rng *rng) {
  const struct gnn_batch *batch = &learner->batch;
  for (uint32_t e = batch->first_edge[graph]; e < batch->first_edge[graph + 1]; e++) {
    double u = PG_MARGIN + (1 - 2 * PG_MARGIN) * rng_unit(rng);
    learner->edges.mask[e] = gnn_probability((float)((log(u / (1 - u)) + (double)learner->edges.omegas[e]) / heat));
  }
}

/* Of the cross entropy towards the verdict: softplus(-verdict * logit / scale). */
static void find_logit_slopes(struct pg_learner *learner, double scale) {
  const float *logits = gnn_logits(learner->pass);
  for (uint32_t g = 0; g < learner->batch.graph_count; g++) {
    float verdict = learner->verdicts[g] / (float)scale;
    learner->logit_slopes[g] = -verdict * gnn_probability(-verdict * logits[g]);
  }
}

/* From masks to omegas, in place, with what masks cost by themselves. */
static void finish_slopes(struct pg_learner *learner, uint32_t graph, const struct pg_options *options, double heat) {
  const struct gnn_batch *batch = &learner->batch;
  uint32_t first = batch->first_edge[graph], end = batch->first_edge[graph + 1];
  for (uint32_t e = first; e < end; e++) {
    double mask = (double)learner->edges.mask[e], inner = (1 - PG_MARGIN) * mask + PG_MARGIN / 2;
    double entropy_slope = (1 - PG_MARGIN) * log((1 - inner) / inner) / (end - first);
    double slope = (double)learner->edges.mask_slopes[e] + options->size + options->entropy * entropy_slope;
    learner->edges.mask_slopes[e] = (float)(slope * mask * (1 - mask) / heat);
  }
}

int pg_learn(struct pg_learner *learner, float *slopes, const struct gnn_pg *pg, const struct pg_options *options,
             uint64_t epoch, const struct gnn_sample *samples, const uint32_t *chosen, size_t count) {
  struct gnn_batch *batch = &learner->batch;
  const struct perceptron perceptron = layers_of(pg->embedding);
  double heat = temperature(options, epoch);
  if (descent_gather(batch, samples, chosen, count) != 0 || gnn_forward(learner->pass, batch, NULL) != 0) return -1;
  if (edges_forward(&learner->edges, &perceptron, pg->parameters, learner->pass, batch) != 0) return -1;
  for (uint32_t g = 0; g < batch->graph_count; g++) {
    struct rng rng = descent_rng(options->seed, 0, epoch, chosen[g]);
    learner->verdicts[g] = gnn_logits(learner->pass)[g] > 0 ? 1 : -1;
    draw_mask(learner, g, heat, &rng);
  }
  if (gnn_forward(learner->pass, batch, learner->edges.mask) != 0) return -1;
  find_logit_slopes(learner, options->logit_scale);
  memset(learner->edges.mask_slopes, 0, batch->edge_count * sizeof(float));
  gnn_backward(learner->pass, learner->logit_slopes, NULL, learner->edges.mask_slopes);
  for (uint32_t g = 0; g < batch->graph_count; g++) finish_slopes(learner, g, options, heat);
  edges_backward(&learner->edges, &perceptron, pg->parameters, learner->edges.mask_slopes, slopes, batch->edge_count);
  return 0;
}

static int learn(void *context, unsigned worker, uint64_t epoch, const uint32_t *chosen, size_t count,
                 float *slopes) {
  struct training *training = context;
  return pg_learn(&training->learners[worker], slopes, training->pg, training->options, epoch, training->samples,
                  chosen, count);
}

void pg_learner_free(struct pg_learner *learner) {
  gnn_pass_free(learner->pass);
  gnn_batch_free(&learner->batch);
  edges_free(&learner->edges);
  free(learner->verdicts);
  free(learner->logit_slopes);
  *learner = (struct pg_learner){0};
}

int pg_learner_create(struct pg_learner *out, const struct gnn_model *model, size_t graphs, struct error *err) {
  *out = (struct pg_learner){0};
  if (gnn_pass_create(&out->pass, model, err) != 0) return -1;
  out->verdicts = calloc(graphs, sizeof *out->verdicts);
  out->logit_slopes = calloc(graphs, sizeof *out->logit_slopes);
  return out->verdicts == NULL || out->logit_slopes == NULL ? error_memory(err) : 0;
}

static void free_learners(struct training *training) {
  for (unsigned j = 0; training->learners != NULL && j < training->options->jobs; j++) {
    pg_learner_free(&training->learners[j]);
  }
  free(training->learners);
}

static int make_learners(struct training *training, const struct gnn_model *model, struct error *err) {
  const struct pg_options *options = training->options;
  training->learners = calloc(options->jobs, sizeof *training->learners);
  if (training->learners == NULL) return error_memory(err);
  for (unsigned j = 0; j < options->jobs; j++) {
    if (pg_learner_create(&training->learners[j], model, options->batch_graphs, err) != 0) return -1;
  }
  return 0;
}

static int descend(struct training *training, size_t count, struct error *err) {
  const struct pg_options *options = training->options;
  uint64_t done = 0;
  struct descent descent = {.parameters = training->pg->parameters, .parameter_count = training->pg->parameter_count,
                            .sample_count = count, .epochs = options->epochs, .batch_samples = options->batch_graphs,
                            .rate = options->rate, .seed = options->seed, .progress = options->progress,
                            .done = &done, .learn = learn, .context = training};
  if (parallel_create(&descent.parallel, options->jobs, err) != 0) return -1;
  int status = descent_run(&descent, err);
  parallel_free(descent.parallel);
  return status;
}

int gnn_pg_train(struct gnn_pg *out, const struct gnn_model *model, const struct gnn_sample *samples, size_t count,
                 const struct pg_options *options, struct error *err) {
  struct training training = {.pg = out, .samples = samples, .options = options};
  struct perceptron perceptron = layers_of(model->shape.hidden);
  struct rng rng = rng_stream(options->seed, UINT64_MAX, 0);
  *out = (struct gnn_pg){.embedding = model->shape.hidden, .parameter_count = perceptron.parameter_count,
                         .parameters = perceptron_draw(&perceptron, &rng)};
  int status = out->parameters == NULL ? error_memory(err) : 0;
  if (status == 0) status = descent_scale(&out->parameters[0], model, samples, count, err);
  if (status == 0) status = make_learners(&training, model, err);
  if (status == 0) status = descend(&training, count, err);
  free_learners(&training);
  if (status != 0) gnn_pg_free(out);
  return status;
}

void gnn_pg_free(struct gnn_pg *pg) {
  free(pg->parameters);
  *pg = (struct gnn_pg){0};
}

/* ---- what was learned ---- */

int gnn_pg_omegas(float *omegas, const struct gnn_pg *pg, struct gnn_pass *pass, const struct gnn_batch *batch) {
  struct perceptron perceptron = layers_of(pg->embedding);
  struct pg_edges edges = {0};
  if (gnn_forward(pass, batch, NULL) != 0) return -1;
  int status = edges_forward(&edges, &perceptron, pg->parameters, pass, batch);
  if (status == 0) memcpy(omegas, edges.omegas, batch->edge_count * sizeof *omegas);
  edges_free(&edges);
  return status;
}

int gnn_pg_save(const struct gnn_pg *pg, const struct weights_origin *origin, const char *path, struct error *err) {
  struct perceptron perceptron = layers_of(pg->embedding);
  return perceptron_save(&perceptron, pg->parameters, "pg", origin, path, err);
}

int gnn_pg_load(struct gnn_pg *out, const struct gnn_model *model, const char *path, const char *method,
                struct error *err) {
  struct perceptron perceptron = layers_of(model->shape.hidden);
  *out = (struct gnn_pg){.embedding = model->shape.hidden, .parameter_count = perceptron.parameter_count};
  if (perceptron_load(&out->parameters, &perceptron, "pg", method, path, err) == 0) return 0;
  *out = (struct gnn_pg){0};
  return -1;
}
