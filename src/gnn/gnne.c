#include "gnn/gnne.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#include "gnn/adam.h"
#include "util/rng.h"

/* All that the network sees of the graph. */
static uint64_t graph_hash(const struct gnn_batch *batch) {
  size_t values = batch->node_count * gnn_feature_count();
  uint64_t hash = XXH3_64bits(batch->features, values * sizeof *batch->features);
  hash = XXH3_64bits_withSeed(batch->from, batch->edge_count * sizeof *batch->from, hash);
  return XXH3_64bits_withSeed(batch->to, batch->edge_count * sizeof *batch->to, hash);
}

/* Of the normal distribution (Box and Muller). */
static double draw_normal(struct rng *rng) {
  double radius = sqrt(-2 * log(1 - rng_unit(rng)));
  return radius * cos(2 * acos(-1) * rng_unit(rng));
}

/* Logits of 0, a mask of 1/2, but for the noise: there the entropy has no slope, so that an edge goes to whichever
 * side the classifier and its price send it, and not where it began. */
static void start(float *mask_logits, const struct gnn_batch *batch, const struct gnne_options *options) {
  for (uint32_t e = 0; e < batch->edge_count; e++) mask_logits[e] = 0;
  if (options->noise == 0) return;
  struct rng rng = rng_stream(options->seed, graph_hash(batch), 0);
  for (uint32_t e = 0; e < batch->edge_count; e++) mask_logits[e] = (float)(options->noise * draw_normal(&rng));
}

struct gnne {
  const struct gnne_options *options;
  struct gnn_pass *pass;
  const struct gnn_batch *batch;
  float target;                      /* 1 if the classifier holds the whole graph to fit, else 0 */
  float *mask_logits, *mask, *slopes; /* by edge */
  struct adam adam;
};

static void set_mask(struct gnne *gnne) {
  for (uint32_t e = 0; e < gnne->batch->edge_count; e++) gnne->mask[e] = gnn_probability(gnne->mask_logits[e]);
}

/* Slopes of the loss by mask logit. The entropy of m = 1 / (1 + exp(-w)) has slope -w by m. */
static void set_slopes(struct gnne *gnne) {
  const struct gnne_options *options = gnne->options;
  uint32_t edges = gnne->batch->edge_count;
  float scale = (float)options->logit_scale, size = (float)options->size;
  float entropy = (float)(options->entropy / edges);
  float logit = gnn_logits(gnne->pass)[0] / scale;
  float cross_entropy_slope = (gnn_probability(logit) - gnne->target) / scale;
  for (uint32_t e = 0; e < edges; e++) gnne->slopes[e] = 0;
  gnn_backward(gnne->pass, &cross_entropy_slope, NULL, gnne->slopes);
  for (uint32_t e = 0; e < edges; e++) {
    float by_mask = gnne->slopes[e] + size - entropy * gnne->mask_logits[e];
    gnne->slopes[e] = by_mask * gnne->mask[e] * (1 - gnne->mask[e]);
  }
}

static int learn(struct gnne *gnne) {
  start(gnne->mask_logits, gnne->batch, gnne->options);
  if (gnn_forward(gnne->pass, gnne->batch, NULL) != 0) return -1;
  gnne->target = gnn_logits(gnne->pass)[0] > 0 ? 1 : 0;
  set_mask(gnne);
  for (uint64_t step = 0; step < gnne->options->steps; step++) {
    if (gnn_forward(gnne->pass, gnne->batch, gnne->mask) != 0) return -1;
    set_slopes(gnne);
    adam_step(&gnne->adam, gnne->mask_logits, gnne->slopes, (float)gnne->options->rate);
    set_mask(gnne);
  }
  return 0;
}

int gnn_gnne(float *scores, struct gnn_pass *pass, const struct gnn_batch *batch, const struct gnne_options *options) {
  struct gnne gnne = {.options = options, .pass = pass, .batch = batch, .mask = scores};
  struct error ignored;
  size_t edges = batch->edge_count;
  if (edges == 0) return 0;
  if (adam_create(&gnne.adam, edges, &ignored) != 0) return -1;
  gnne.mask_logits = malloc(2 * edges * sizeof *gnne.mask_logits);
  gnne.slopes = gnne.mask_logits + edges;
  int status = gnne.mask_logits == NULL ? -1 : learn(&gnne);
  free(gnne.mask_logits);
  adam_free(&gnne.adam);
  return status;
}
