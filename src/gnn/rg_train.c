/* Training of RG-Explainer: the locator by the worth of small surroundings of each node, then the generator by
 * imitation of lucky random walks, then by reinforcement. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gnn/descent.h"
#include "gnn/perceptron.h"
#include "gnn/rg.h"
#include "gnn/rg_walk.h"

#define SURROUNDINGS 3             /* steps from a node that the locator learns from */
#define LOCATOR_TEMPERATURE 0.1    /* of the rewards' softmax */
#define RANDOM_WALKS 10            /* the best of which is imitated */
#define MOST_NODES 24              /* of walks in training */
#define LEAST_ADVANTAGE 0.01       /* what is below is left small */
#define ENTROPY_PRICE 0.1          /* of decisions in reinforcement, which else soon tries nothing new */

enum phase { LOCATE, IMITATE, REINFORCE };

struct learner {
  struct gnn_pass *pass;
  struct rg_pass *rg;
  struct gnn_batch batch;
  struct rg_decisions record;
  struct rg_growth growth;
};

struct training {
  const struct gnn_rg *rg;
  const struct gnn_sample *samples;
  size_t count;
  const struct rg_options *options;
  struct rg_prices prices;
  struct learner *learners;
  float **locations; /* by sample: what the locator ought to say of each node; NULL: left out */
  bool *failed;      /* by worker: without memory */
};

/* ---- the locator ---- */

/* The nodes within so many steps of one, itself first. */
static uint32_t surroundings(uint32_t *nodes, const struct rg_graph *graph, uint32_t node, unsigned steps) {
  uint32_t count = 1, first = 0;
  nodes[0] = node;
  for (unsigned step = 0; step < steps; step++) {
    uint32_t end = count;
    for (; first < end; first++) {
      for (uint32_t n = graph->first_neighbour[nodes[first]]; n < graph->first_neighbour[nodes[first] + 1]; n++) {
        uint32_t neighbour = graph->neighbours[n], i = 0;
        while (i < count && nodes[i] != neighbour) i++;
        if (i == count) nodes[count++] = neighbour;
      }
    }
  }
  return count;
}

/* Softmax of the best reward among the surroundings of each node. */
static int find_locations(float *out, struct rg_pass *pass, const struct rg_prices *prices) {
  uint32_t nodes[RG_MOST_TRAINING_OPS], count = pass->graph.node_count;
  double best[RG_MOST_TRAINING_OPS], largest = -(double)INFINITY, sum = 0;
  rg_sets_clear(&pass->sets);
  for (uint32_t i = 0; i < count; i++) {
    for (unsigned steps = 0; steps <= SURROUNDINGS; steps++) {
      if (rg_sets_add(&pass->sets, nodes, surroundings(nodes, &pass->graph, i, steps)) != 0) return -1;
    }
  }
  if (rg_judge_sets(pass, prices) != 0) return -1;
  for (uint32_t i = 0; i < count; i++) {
    best[i] = -(double)INFINITY;
    for (unsigned s = 0; s <= SURROUNDINGS; s++) best[i] = fmax(best[i], pass->rewards[i * (SURROUNDINGS + 1) + s]);
    largest = fmax(largest, best[i]);
  }
  for (uint32_t i = 0; i < count; i++) sum += best[i] = exp((best[i] - largest) / LOCATOR_TEMPERATURE);
  for (uint32_t i = 0; i < count; i++) out[i] = (float)(best[i] / sum);
  return 0;
}

static int look(struct training *training, struct learner *learner, uint32_t sample) {
  if (descent_gather(&learner->batch, training->samples, &sample, 1) != 0) return -1;
  return rg_look(learner->rg, &learner->batch);
}

static int prepare(struct training *training, struct learner *learner, uint32_t sample) {
  if (descent_gather(&learner->batch, training->samples, &sample, 1) != 0) return -1;
  uint32_t nodes = learner->batch.node_count;
  if (nodes < 2 || nodes > RG_MOST_TRAINING_OPS) return 0;
  float *locations = training->locations[sample] = calloc(nodes, sizeof *locations);
  if (locations == NULL || rg_look(learner->rg, &learner->batch) != 0) return -1;
  return find_locations(locations, learner->rg, &training->prices);
}

static void prepare_sample(void *context, unsigned worker, uint64_t sample) {
  struct training *training = context;
  if (prepare(training, &training->learners[worker], (uint32_t)sample) != 0) training->failed[worker] = true;
}

static int learn_locations(void *context, unsigned worker, uint64_t epoch, const uint32_t *samples, size_t count,
                           float *slopes) {
  struct training *training = context;
  struct learner *learner = &training->learners[worker];
  (void)epoch;
  for (size_t i = 0; i < count; i++) {
    if (training->locations[samples[i]] == NULL) continue;
    if (look(training, learner, samples[i]) != 0) return -1;
    rg_locate(&learner->rg->network);
    rg_locate_backward(&learner->rg->network, training->locations[samples[i]], slopes);
  }
  return 0;
}

/* ---- imitation ---- */

static uint32_t draw_seed(struct learner *learner, struct rng *rng) {
  uint32_t nodes = learner->rg->graph.node_count;
  rg_locate(&learner->rg->network);
  uint32_t seed = rg_draw(learner->rg->network.locations, nodes, rng);
  return seed < nodes ? seed : nodes - 1;
}

/* Random walks from the seed, of random lengths; the best of them by the rewards. */
static int walk_at_random(struct training *training, struct learner *learner, uint32_t seed, struct rng *rng,
                          size_t *best) {
  struct rg_pass *pass = learner->rg;
  uint32_t nodes = pass->graph.node_count;
  if (rg_walks_make_room(pass, RANDOM_WALKS) != 0) return -1;
  for (size_t w = 0; w < RANDOM_WALKS; w++) {
    struct rg_growth *growth = &pass->walks[w].growth;
    uint32_t length = 1 + rng_below(rng, nodes < MOST_NODES ? nodes : MOST_NODES);
    rg_walk_start(pass, w, seed);
    while (growth->count < length && growth->boundary_count > 0) {
      rg_growth_add(growth, &pass->graph, growth->boundary[rng_below(rng, growth->boundary_count)]);
    }
  }
  if (rg_judge_walks(pass, &training->prices) != 0) return -1;
  *best = 0;
  for (size_t w = 1; w < RANDOM_WALKS; w++) *best = pass->rewards[w] > pass->rewards[*best] ? w : *best;
  return 0;
}

static uint32_t place_in_boundary(const struct rg_growth *growth, uint32_t node) {
  uint32_t place = 0;
  while (growth->boundary[place] != node) place++;
  return place;
}

/* The decisions that make the set in that order and then stop; each counts alike. */
static int record_walk(struct learner *learner, const struct rg_growth *walk) {
  struct rg_growth *growth = &learner->growth;
  const struct rg_graph *graph = &learner->rg->graph;
  if (rg_growth_make_room(growth, graph) != 0) return -1;
  rg_growth_start(growth, graph, walk->nodes[0]);
  for (uint32_t i = 1; i < walk->count; i++) {
    if (rg_decisions_add(&learner->record, growth, place_in_boundary(growth, walk->nodes[i])) != 0) return -1;
    rg_growth_add(growth, graph, walk->nodes[i]);
  }
  if (growth->boundary_count == 0) return 0;
  return rg_decisions_add(&learner->record, growth, growth->boundary_count);
}

/* Slopes of the recorded decisions, which are then forgotten. */
static int learn_record(struct learner *learner, double entropy_price, float *slopes) {
  struct rg_decisions *record = &learner->record;
  if (record->count == 0) return 0;
  for (size_t d = 0; d < record->count; d++) record->items[d].weight /= (float)record->count;
  if (rg_decide(&learner->rg->network, record) != 0) return -1;
  rg_decide_backward(&learner->rg->network, record, entropy_price / (double)record->count, slopes);
  rg_decisions_clear(record);
  return 0;
}

static int imitate(struct training *training, struct learner *learner, struct rng *rng, float *slopes) {
  size_t best;
  uint32_t seed = draw_seed(learner, rng);
  if (walk_at_random(training, learner, seed, rng, &best) != 0) return -1;
  if (record_walk(learner, &learner->rg->walks[best].growth) != 0) return -1;
  return learn_record(learner, 0, slopes);
}

/* ---- reinforcement ---- */

/* For each prefix of the walk, itself the last, so many walks of the generator that go on from there. */
static int roll_out(struct learner *learner, const uint32_t *nodes, uint32_t count, uint64_t rollouts,
                    struct rng *rng) {
  struct rg_pass *pass = learner->rg;
  struct rg_growth *growth = &learner->growth;
  if (rg_walks_make_room(pass, count * rollouts) != 0 || rg_growth_make_room(growth, &pass->graph) != 0) return -1;
  for (uint32_t i = 0; i < count; i++) {
    if (i == 0) rg_growth_start(growth, &pass->graph, nodes[0]);
    else rg_growth_add(growth, &pass->graph, nodes[i]);
    for (uint64_t r = 0; r < rollouts; r++) {
      rg_growth_copy(&pass->walks[i * rollouts + r].growth, growth, &pass->graph);
    }
  }
  return rg_walk_all(pass, MOST_NODES, rng, NULL);
}

static double mean_reward(const struct rg_pass *pass, uint32_t prefix, uint64_t rollouts) {
  double sum = 0;
  for (uint64_t r = 0; r < rollouts; r++) sum += pass->rewards[prefix * rollouts + r];
  return sum / (double)rollouts;
}

/* Rewards of the rollouts, and behind them that of the walk itself. */
static int judge_rollouts(struct training *training, struct learner *learner, const uint32_t *nodes, uint32_t count) {
  struct rg_pass *pass = learner->rg;
  rg_sets_clear(&pass->sets);
  for (size_t w = 0; w < pass->walk_count; w++) {
    const struct rg_growth *growth = &pass->walks[w].growth;
    if (rg_sets_add(&pass->sets, growth->nodes, growth->count) != 0) return -1;
  }
  if (rg_sets_add(&pass->sets, nodes, count) != 0) return -1;
  return rg_judge_sets(pass, &training->prices);
}

/* A decision is worth what can be expected after it less what could be before, both by rollouts; over their root mean
 * square in the walk, since a verdict that is lost costs far more than what else is to be learned. */
static void weigh_record(struct training *training, struct learner *learner, uint32_t count) {
  uint64_t rollouts = training->options->rollouts;
  const struct rg_pass *pass = learner->rg;
  double squares = 0;
  for (uint32_t d = 0; d < learner->record.count; d++) {
    double before = mean_reward(pass, d, rollouts);
    double after = d + 1 < count ? mean_reward(pass, d + 1, rollouts) : pass->rewards[count * rollouts];
    learner->record.items[d].weight = (float)(after - before);
    squares += (after - before) * (after - before);
  }
  double scale = sqrt(squares / (double)learner->record.count) + LEAST_ADVANTAGE;
  for (uint32_t d = 0; d < learner->record.count; d++) learner->record.items[d].weight /= (float)scale;
}

static int reinforce(struct training *training, struct learner *learner, struct rng *rng, float *slopes) {
  struct rg_pass *pass = learner->rg;
  uint32_t nodes[MOST_NODES], seed = draw_seed(learner, rng);
  if (rg_walks_make_room(pass, 1) != 0) return -1;
  rg_walk_start(pass, 0, seed);
  if (rg_walk_all(pass, MOST_NODES, rng, &learner->record) != 0) return -1;
  uint32_t count = pass->walks[0].growth.count;
  memcpy(nodes, pass->walks[0].growth.nodes, count * sizeof *nodes);
  if (roll_out(learner, nodes, count, training->options->rollouts, rng) != 0) return -1;
  if (judge_rollouts(training, learner, nodes, count) != 0) return -1;
  weigh_record(training, learner, count);
  return learn_record(learner, ENTROPY_PRICE, slopes);
}

/* ---- phases ---- */

static int learn_walks(struct training *training, enum phase phase, unsigned worker, uint64_t epoch,
                       const uint32_t *samples, size_t count, float *slopes) {
  struct learner *learner = &training->learners[worker];
  for (size_t i = 0; i < count; i++) {
    struct rng rng = descent_rng(training->options->seed, phase, epoch, samples[i]);
    if (training->locations[samples[i]] == NULL) continue;
    if (look(training, learner, samples[i]) != 0) return -1;
    int status = phase == IMITATE ? imitate(training, learner, &rng, slopes)
                                  : reinforce(training, learner, &rng, slopes);
    if (status != 0) return -1;
  }
  return 0;
}

static int learn_by_imitation(void *context, unsigned worker, uint64_t epoch, const uint32_t *samples, size_t count,
                              float *slopes) {
  return learn_walks(context, IMITATE, worker, epoch, samples, count, slopes);
}

static int learn_by_reinforcement(void *context, unsigned worker, uint64_t epoch, const uint32_t *samples,
                                  size_t count, float *slopes) {
  return learn_walks(context, REINFORCE, worker, epoch, samples, count, slopes);
}

/* Whole epochs, at least one unless there are no steps. */
static uint64_t locator_epochs(const struct rg_options *options, size_t count) {
  uint64_t batches = (count + options->batch_graphs - 1) / options->batch_graphs;
  return batches == 0 ? 0 : (options->locator_steps + batches - 1) / batches;
}

uint64_t gnn_rg_visits(const struct rg_options *options, size_t count) {
  return (1 + locator_epochs(options, count) + options->imitation_epochs + options->epochs) * count;
}

static int find_all_locations(struct training *training, struct parallel *parallel, struct error *err) {
  parallel_for(parallel, training->count, prepare_sample, training);
  for (unsigned j = 0; j < training->options->jobs; j++) {
    if (training->failed[j]) return error_memory(err);
  }
  return 0;
}

static int run_phases(struct training *training, struct parallel *parallel, struct error *err) {
  const struct rg_options *options = training->options;
  uint64_t done = training->count;
  struct descent descent = {.parameters = training->rg->parameters, .parameter_count = training->rg->parameter_count,
                            .sample_count = training->count, .batch_samples = options->batch_graphs,
                            .seed = options->seed, .parallel = parallel, .progress = options->progress,
                            .done = &done, .context = training};
  if (find_all_locations(training, parallel, err) != 0) return -1;
  struct descent locator = descent, imitation = descent, reinforcement = descent;
  locator.phase = LOCATE;
  locator.epochs = locator_epochs(options, training->count);
  locator.rate = options->locator_rate;
  locator.learn = learn_locations;
  imitation.phase = IMITATE;
  imitation.epochs = options->imitation_epochs;
  imitation.rate = reinforcement.rate = options->rate;
  imitation.learn = learn_by_imitation;
  reinforcement.phase = REINFORCE;
  reinforcement.epochs = options->epochs;
  reinforcement.learn = learn_by_reinforcement;
  if (descent_run(&locator, err) != 0 || descent_run(&imitation, err) != 0) return -1;
  return descent_run(&reinforcement, err);
}

/* ---- training ---- */

static void training_free(struct training *training) {
  for (unsigned j = 0; training->learners != NULL && j < training->options->jobs; j++) {
    struct learner *learner = &training->learners[j];
    rg_pass_free(learner->rg);
    gnn_pass_free(learner->pass);
    gnn_batch_free(&learner->batch);
    rg_decisions_free(&learner->record);
    rg_growth_free(&learner->growth);
  }
  for (size_t i = 0; training->locations != NULL && i < training->count; i++) free(training->locations[i]);
  free(training->learners);
  free(training->locations);
  free(training->failed);
}

static int training_create(struct training *training, const struct gnn_model *model, struct error *err) {
  unsigned jobs = training->options->jobs;
  training->learners = calloc(jobs, sizeof *training->learners);
  training->failed = calloc(jobs, sizeof *training->failed);
  training->locations = calloc(training->count + 1, sizeof *training->locations);
  if (training->learners == NULL || training->failed == NULL || training->locations == NULL) return error_memory(err);
  for (unsigned j = 0; j < jobs; j++) {
    struct learner *learner = &training->learners[j];
    if (gnn_pass_create(&learner->pass, model, err) != 0) return -1;
    if (rg_pass_create(&learner->rg, training->rg, learner->pass, err) != 0) return -1;
  }
  return 0;
}

static int train(struct training *training, const struct gnn_model *model, struct error *err) {
  struct parallel *parallel;
  if (descent_scale(&training->rg->parameters[0], model, training->samples, training->count, err) != 0) return -1;
  if (training_create(training, model, err) != 0) return -1;
  if (parallel_create(&parallel, training->options->jobs, err) != 0) return -1;
  int status = run_phases(training, parallel, err);
  parallel_free(parallel);
  return status;
}

int gnn_rg_train(struct gnn_rg *out, const struct gnn_model *model, const struct gnn_sample *samples, size_t count,
                 const struct rg_options *options, struct error *err) {
  struct perceptron perceptron = rg_layers(model->shape.hidden);
  struct rng rng = rng_stream(options->seed, UINT64_MAX, 1);
  *out = (struct gnn_rg){.embedding = model->shape.hidden, .parameter_count = perceptron.parameter_count,
                         .parameters = perceptron_draw(&perceptron, &rng)};
  if (out->parameters == NULL) return error_memory(err);
  struct training training = {
      .rg = out, .samples = samples, .count = count, .options = options,
      .prices = {options->edge_price, options->radius_price, options->embedding_price}};
  int status = train(&training, model, err);
  training_free(&training);
  if (status != 0) gnn_rg_free(out);
  return status;
}
