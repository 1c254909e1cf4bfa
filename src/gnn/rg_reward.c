#include "gnn/rg_reward.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Subgraphs go through the classifier together up to that many nodes, which a cache holds. */
#define NODES_AT_ONCE 512

#define NOWHERE UINT32_MAX

/* ---- sets ---- */

void rg_sets_clear(struct rg_sets *sets) { sets->count = 0; }

void rg_sets_free(struct rg_sets *sets) {
  free(sets->first);
  free(sets->nodes);
  *sets = (struct rg_sets){0};
}

static int grow(uint32_t **array, size_t capacity) {
  uint32_t *grown = realloc(*array, capacity * sizeof *grown);
  if (grown == NULL) return -1;
  *array = grown;
  return 0;
}

int rg_sets_add(struct rg_sets *sets, const uint32_t *nodes, uint32_t count) {
  size_t used = sets->count == 0 ? 0 : sets->first[sets->count];
  if (sets->count + 1 >= sets->capacity) {
    size_t capacity = 2 * sets->capacity + 16;
    if (grow(&sets->first, capacity) != 0) return -1;
    sets->capacity = capacity;
  }
  if (used + count > sets->node_capacity) {
    size_t capacity = 2 * (used + count);
    if (grow(&sets->nodes, capacity) != 0) return -1;
    sets->node_capacity = capacity;
  }
  memcpy(sets->nodes + used, nodes, count * sizeof *nodes);
  sets->first[0] = 0;
  sets->first[++sets->count] = (uint32_t)(used + count);
  return 0;
}

/* ---- subgraphs ---- */

static void mark(struct rg_judge *judge, const uint32_t *nodes, uint32_t count) {
  for (uint32_t i = 0; i < judge->graph->node_count; i++) judge->marks[i] = NOWHERE;
  for (uint32_t i = 0; i < count; i++) judge->marks[nodes[i]] = 0;
}

/* Nodes ascend, so that the reward of a set does not depend on its order. */
static int add_subgraph(struct rg_judge *judge, const uint32_t *nodes, uint32_t count) {
  const struct rg_graph *graph = judge->graph;
  struct gnn_batch *out = &judge->subgraphs;
  size_t width = gnn_feature_count();
  if (gnn_batch_reserve(out, 1, count, graph->edge_count) != 0) return -1;
  mark(judge, nodes, count);
  out->first_node[out->graph_count] = out->node_count;
  out->first_edge[out->graph_count] = out->edge_count;
  for (uint32_t i = 0; i < graph->node_count; i++) {
    if (judge->marks[i] == NOWHERE) continue;
    memcpy(out->features + out->node_count * width, judge->batch->features + i * width, width * sizeof(float));
    judge->marks[i] = out->node_count++;
  }
  for (uint32_t e = 0; e < graph->edge_count; e++) {
    uint32_t from = judge->marks[graph->from[e]], to = judge->marks[graph->to[e]];
    if (from == NOWHERE || to == NOWHERE) continue;
    out->from[out->edge_count] = from;
    out->to[out->edge_count++] = to;
  }
  out->graph_count++;
  out->first_node[out->graph_count] = out->node_count;
  out->first_edge[out->graph_count] = out->edge_count;
  return 0;
}

/* Breadth first within the set, whose nodes are all reached: at each round those at that distance reach further. */
static uint32_t radius_of(struct rg_judge *judge, const uint32_t *nodes, uint32_t count) {
  const struct rg_graph *graph = judge->graph;
  mark(judge, nodes, count);
  judge->marks[nodes[0]] = 1;
  uint32_t distance = 0;
  for (bool further = true; further; distance++) {
    further = false;
    for (uint32_t i = 0; i < count; i++) {
      if (judge->marks[nodes[i]] != distance + 1) continue;
      for (uint32_t n = graph->first_neighbour[nodes[i]]; n < graph->first_neighbour[nodes[i] + 1]; n++) {
        if (judge->marks[graph->neighbours[n]] != 0) continue;
        judge->marks[graph->neighbours[n]] = distance + 2;
        further = true;
      }
    }
  }
  return distance - 1;
}

/* ---- rewards ---- */

void rg_judge_free(struct rg_judge *judge) {
  free(judge->whole);
  free(judge->marks);
  gnn_batch_free(&judge->subgraphs);
  *judge = (struct rg_judge){0};
}

int rg_judge_look(struct rg_judge *judge, const struct gnn_batch *batch, const struct rg_graph *graph) {
  size_t bytes = judge->hidden * sizeof *judge->whole;
  if (judge->whole == NULL && (judge->whole = malloc(bytes)) == NULL) return -1;
  if (graph->node_count > judge->mark_capacity) {
    if (grow(&judge->marks, graph->node_count) != 0) return -1;
    judge->mark_capacity = graph->node_count;
  }
  judge->batch = batch;
  judge->graph = graph;
  judge->verdict = gnn_logits(judge->pass)[0] > 0 ? 1 : -1;
  memcpy(judge->whole, gnn_graph_embeddings(judge->pass), bytes);
  judge->whole_square = 0;
  for (uint32_t i = 0; i < judge->hidden; i++) {
    judge->whole_square += (double)judge->whole[i] * (double)judge->whole[i];
  }
  return 0;
}

static double embedding_distance(const struct rg_judge *judge, const float *embedding) {
  double sum = 0;
  for (uint32_t i = 0; i < judge->hidden; i++) {
    double difference = (double)embedding[i] - (double)judge->whole[i];
    sum += difference * difference;
  }
  return judge->whole_square > 0 ? sum / judge->whole_square : 0;
}

static double reward_of(struct rg_judge *judge, uint32_t subgraph, const uint32_t *nodes, uint32_t count,
                        const struct rg_prices *prices) {
  const struct gnn_batch *batch = &judge->subgraphs;
  uint32_t edges = batch->first_edge[subgraph + 1] - batch->first_edge[subgraph];
  const float *embedding = gnn_graph_embeddings(judge->pass) + subgraph * (size_t)judge->hidden;
  double cost = gnn_softplus(-judge->verdict * (double)gnn_logits(judge->pass)[subgraph]) + prices->edge * edges;
  if (prices->radius != 0) cost += prices->radius * radius_of(judge, nodes, count);
  if (prices->embedding != 0) cost += prices->embedding * embedding_distance(judge, embedding);
  return -cost;
}

/* Of sets first .. end-1. */
static int rewards_at_once(double *rewards, struct rg_judge *judge, const struct rg_sets *sets, size_t first,
                           size_t end, const struct rg_prices *prices) {
  struct gnn_batch *batch = &judge->subgraphs;
  gnn_batch_clear(batch);
  for (size_t s = first; s < end; s++) {
    if (add_subgraph(judge, sets->nodes + sets->first[s], sets->first[s + 1] - sets->first[s]) != 0) return -1;
  }
  if (gnn_forward(judge->pass, batch, NULL) != 0) return -1;
  for (size_t s = first; s < end; s++) {
    rewards[s] = reward_of(judge, (uint32_t)(s - first), sets->nodes + sets->first[s],
                           sets->first[s + 1] - sets->first[s], prices);
  }
  return 0;
}

int rg_rewards(double *rewards, struct rg_judge *judge, const struct rg_sets *sets, const struct rg_prices *prices) {
  size_t end;
  for (size_t first = 0; first < sets->count; first = end) {
    for (end = first + 1; end < sets->count; end++) {
      if (sets->first[end + 1] - sets->first[first] > NODES_AT_ONCE) break;
    }
    if (rewards_at_once(rewards, judge, sets, first, end, prices) != 0) return -1;
  }
  return 0;
}
