#include "gnn/rg_growth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the walk with restarts, z <- CONTINUE A z + (1 - CONTINUE) x. */
#define PROPAGATIONS 3
#define CONTINUE 0.85F

enum place { OUTSIDE, ON_BOUNDARY, INSIDE };

/* ---- the graph ---- */

void rg_graph_free(struct rg_graph *graph) {
  free(graph->first_neighbour);
  free(graph->neighbours);
  free(graph->roots);
  *graph = (struct rg_graph){0};
}

static int graph_make_room(struct rg_graph *graph, uint32_t nodes, uint32_t edges) {
  if (graph->roots != NULL && graph->node_capacity >= nodes && graph->edge_capacity >= edges) return 0;
  rg_graph_free(graph);
  graph->first_neighbour = calloc((size_t)nodes + 2, sizeof *graph->first_neighbour);
  graph->neighbours = calloc(2 * (size_t)edges + 1, sizeof *graph->neighbours);
  graph->roots = calloc((size_t)nodes + 1, 2 * sizeof *graph->roots);
  if (graph->first_neighbour == NULL || graph->neighbours == NULL || graph->roots == NULL) {
    rg_graph_free(graph);
    return -1;
  }
  graph->node_capacity = nodes;
  graph->edge_capacity = edges;
  return 0;
}

/* Counts by node one place up, so that filling in leaves each first neighbour where it belongs. */
static void list_neighbours(struct rg_graph *graph) {
  uint32_t *next = graph->first_neighbour + 1;
  memset(graph->first_neighbour, 0, ((size_t)graph->node_count + 2) * sizeof *next);
  for (uint32_t e = 0; e < graph->edge_count; e++) {
    if (graph->from[e] + 1 < graph->node_count) next[graph->from[e] + 1]++;
    if (graph->to[e] + 1 < graph->node_count) next[graph->to[e] + 1]++;
  }
  for (uint32_t i = 1; i < graph->node_count; i++) next[i] += next[i - 1];
  for (uint32_t e = 0; e < graph->edge_count; e++) {
    graph->neighbours[next[graph->from[e]]++] = graph->to[e];
    graph->neighbours[next[graph->to[e]]++] = graph->from[e];
  }
}

int rg_graph_read(struct rg_graph *graph, const struct gnn_batch *batch) {
  if (graph_make_room(graph, batch->node_count, batch->edge_count) != 0) return -1;
  graph->node_count = batch->node_count;
  graph->edge_count = batch->edge_count;
  graph->from = batch->from;
  graph->to = batch->to;
  graph->spare = graph->roots + graph->node_count;
  list_neighbours(graph);
  for (uint32_t i = 0; i < graph->node_count; i++) {
    graph->roots[i] = 1 / sqrtf((float)(graph->first_neighbour[i + 1] - graph->first_neighbour[i] + 1));
  }
  return 0;
}

/* A = D^-1/2 (edges + I) D^-1/2. */
static float apply_at(const struct rg_graph *graph, const float *values, uint32_t node) {
  float sum = graph->roots[node] * values[node];
  for (uint32_t n = graph->first_neighbour[node]; n < graph->first_neighbour[node + 1]; n++) {
    sum += graph->roots[graph->neighbours[n]] * values[graph->neighbours[n]];
  }
  return graph->roots[node] * sum;
}

/* x is 1 at the nodes and 0 elsewhere. */
static void propagate(float *out, const struct rg_graph *graph, const uint32_t *nodes, uint32_t count) {
  memset(out, 0, graph->node_count * sizeof *out);
  for (uint32_t i = 0; i < count; i++) out[nodes[i]] = 1;
  for (unsigned step = 0; step < PROPAGATIONS; step++) {
    memcpy(graph->spare, out, graph->node_count * sizeof *out);
    for (uint32_t i = 0; i < graph->node_count; i++) out[i] = CONTINUE * apply_at(graph, graph->spare, i);
    for (uint32_t i = 0; i < count; i++) out[nodes[i]] += 1 - CONTINUE;
  }
}

/* ---- growing ---- */

void rg_growth_free(struct rg_growth *growth) {
  free(growth->nodes);
  free(growth->near_seed);
  free(growth->places);
  *growth = (struct rg_growth){0};
}

int rg_growth_make_room(struct rg_growth *growth, const struct rg_graph *graph) {
  size_t nodes = graph->node_count;
  if (growth->nodes != NULL && growth->capacity >= nodes) return 0;
  rg_growth_free(growth);
  growth->nodes = calloc(nodes + 1, 2 * sizeof *growth->nodes);
  growth->near_seed = calloc(nodes + 1, 2 * sizeof *growth->near_seed);
  growth->places = calloc(nodes + 1, sizeof *growth->places);
  if (growth->nodes == NULL || growth->near_seed == NULL || growth->places == NULL) {
    rg_growth_free(growth);
    return -1;
  }
  growth->capacity = graph->node_count;
  growth->boundary = growth->nodes + nodes;
  growth->near_set = growth->near_seed + nodes;
  return 0;
}

static void take_in(struct rg_growth *growth, const struct rg_graph *graph, uint32_t node) {
  growth->nodes[growth->count++] = node;
  growth->places[node] = INSIDE;
  for (uint32_t n = graph->first_neighbour[node]; n < graph->first_neighbour[node + 1]; n++) {
    uint32_t neighbour = graph->neighbours[n];
    if (growth->places[neighbour] != OUTSIDE) continue;
    growth->places[neighbour] = ON_BOUNDARY;
    growth->boundary[growth->boundary_count++] = neighbour;
  }
  propagate(growth->near_set, graph, growth->nodes, growth->count);
}

void rg_growth_start(struct rg_growth *growth, const struct rg_graph *graph, uint32_t seed) {
  growth->count = growth->boundary_count = 0;
  memset(growth->places, OUTSIDE, graph->node_count);
  take_in(growth, graph, seed);
  memcpy(growth->near_seed, growth->near_set, graph->node_count * sizeof *growth->near_seed);
}

void rg_growth_add(struct rg_growth *growth, const struct rg_graph *graph, uint32_t node) {
  uint32_t kept = 0;
  for (uint32_t b = 0; b < growth->boundary_count; b++) {
    if (growth->boundary[b] != node) growth->boundary[kept++] = growth->boundary[b];
  }
  growth->boundary_count = kept;
  take_in(growth, graph, node);
}

void rg_growth_copy(struct rg_growth *to, const struct rg_growth *from, const struct rg_graph *graph) {
  size_t nodes = graph->node_count;
  to->count = from->count;
  to->boundary_count = from->boundary_count;
  memcpy(to->nodes, from->nodes, from->count * sizeof *to->nodes);
  memcpy(to->boundary, from->boundary, from->boundary_count * sizeof *to->boundary);
  memcpy(to->places, from->places, nodes);
  memcpy(to->near_seed, from->near_seed, nodes * sizeof *to->near_seed);
  memcpy(to->near_set, from->near_set, nodes * sizeof *to->near_set);
}
