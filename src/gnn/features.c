#include "gnn/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/group.h"
#include "sim/brr.h"
#include "sim/rows.h"
#include "util/bitset.h"
#include "util/saturate.h"

/* Those of the networks of configs/networks. */
const char *const gnn_op_vocabulary[] = {
    "Add",         "AveragePool", "Clip", "Concat", "Conv",   "Gemm",    "GlobalAveragePool",
    "HardSigmoid", "MaxPool",     "Mul",  "Relu",   "Resize", "Sigmoid", "other",
};
const size_t gnn_op_vocabulary_count = sizeof gnn_op_vocabulary / sizeof gnn_op_vocabulary[0];

enum feature {
  INPUT_CHANNELS,
  OUTPUT_CHANNELS,
  INPUT_ROWS,
  OUTPUT_ROWS,
  INPUT_COLUMNS,
  OUTPUT_COLUMNS,
  WEIGHT_BYTES,
  WINDOW_ROWS,
  ROWS_PER_ROW,
  IN_PLACE,
  STREAMS,
  FIXED_FEATURES, /* those above depend on the op alone */
  BUFFER_BYTES = FIXED_FEATURES,
  FROM_OUTSIDE,
  LEAVES,
  FIRST_RATIO, /* of the ratios, each plain and as a logarithm */
};

enum ratio {
  WEIGHTS,
  WINDOW,
  OUTSIDE_WINDOW,
  SHARED_MAP,
  OUTPUT_ROW,
  OUTPUT_MAP,
  STAGING,
  STRIPE,
  RATIOS,
};

enum { FEATURES = FIRST_RATIO + 2 * RATIOS };

/* "log2 n / k" of a count is log2(1 + n) / k; "x / buffer" is at most 4; "log of x / buffer" is
 * log2(1 + 1024 x / buffer) / 10. */
const char *const gnn_feature_names[FEATURES] = {
    "log2 channels of the widest input / 16",
    "log2 channels of the output / 16",
    "log2 rows of the tallest input / 16",
    "log2 rows of the output / 16",
    "log2 columns of the widest input / 16",
    "log2 columns of the output / 16",
    "log2 bytes of weights / 16",
    "log2 input rows that an output row needs together / 8",
    "log2 (input rows / output rows) / 4",
    "whether an output row may take the place of an input row",
    "whether input rows are taken one by one into an accumulator",
    "log2 bytes of the buffer / 16",
    "whether an input comes from outside the group",
    "whether an output leaves the group",
    "bytes of weights / buffer",
    "log of bytes of weights / buffer",
    "bytes of input rows that an output row needs together / buffer",
    "log of bytes of input rows that an output row needs together / buffer",
    "bytes of these rows that come from outside the group / buffer",
    "log of bytes of these rows that come from outside the group / buffer",
    "bytes of inputs from outside that other ops of the group read too / buffer",
    "log of bytes of inputs from outside that other ops of the group read too / buffer",
    "bytes of an output row / buffer",
    "log of bytes of an output row / buffer",
    "bytes of the output / buffer",
    "log of bytes of the output / buffer",
    "bytes of staged weights / buffer",
    "log of bytes of staged weights / buffer",
    "bytes of the group's staging area and of the op's rows in its first stripe of one row / buffer",
    "log of bytes of the group's staging area and of the op's rows in its first stripe of one row / buffer",
};

size_t gnn_feature_count(void) { return gnn_op_vocabulary_count + FEATURES; }

/* ---- networks ---- */

/* A tensor that an op reads. */
struct node_input {
  uint32_t tensor, producer;
  uint32_t window_rows; /* that an output row needs together */
  uint32_t step_rows;   /* by which they move on from one output row to the next */
  int64_t first_rows;   /* up to the last that the first output row needs */
  bool streamed;        /* some are taken one by one */
};

struct node {
  uint32_t first_input, input_count; /* in gnn_network.inputs */
  uint32_t rows;                     /* of its tallest output */
  uint64_t row_bytes, map_bytes;     /* of its outputs together */
  uint64_t staging_bytes;
};

struct gnn_network {
  const struct sim_model *model;
  struct node *nodes; /* by op */
  struct node_input *inputs;
  float *fixed; /* by op: the vocabulary and FIXED_FEATURES */
};

static size_t fixed_count(void) { return gnn_op_vocabulary_count + FIXED_FEATURES; }

static uint32_t least(uint64_t a, uint32_t b) { return a < b ? (uint32_t)a : b; }
static uint32_t largest(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* Raises the input's rows to what the map asks for; taps that never meet the input do not count. */
static void input_add_map(struct node_input *input, const struct row_map *map, uint32_t input_rows,
                          uint32_t output_rows) {
  const struct row_set all = {.step = 1, .count = output_rows};
  struct row_window window = {.taps = 1};
  uint32_t together = 1;
  if (map->kind == ROW_TABLE) {
    for (uint32_t r = 0; r < output_rows; r++) together = largest(together, map->spans[r].count);
    window.stride = (uint32_t)saturate_divide(input_rows, output_rows);
    window.base = (int64_t)map->spans[0].first + map->spans[0].count - 1;
  } else if (row_window_over(&window, map, &all, input_rows)) {
    uint64_t reach = ((uint64_t)window.taps - 1) * window.dilation;
    if (map->kind == ROW_WINDOW) together = least(reach + 1, input_rows);
    window.base += (int64_t)reach;
  }
  input->streamed |= map->kind == ROW_STREAMED;
  input->window_rows = largest(input->window_rows, together);
  input->step_rows = largest(input->step_rows, window.stride);
  if (window.base + 1 > input->first_rows) input->first_rows = window.base + 1;
}

/* The op's input of that tensor, a new one if need be. */
static struct node_input *node_input(struct gnn_network *network, struct node *node, uint32_t tensor) {
  struct node_input *inputs = network->inputs + node->first_input;
  for (uint32_t i = 0; i < node->input_count; i++) {
    if (inputs[i].tensor == tensor) return &inputs[i];
  }
  struct node_input *input = &inputs[node->input_count++];
  *input = (struct node_input){.tensor = tensor, .producer = network->model->graph->tensors[tensor].producer};
  return input;
}

static void node_add_output(struct gnn_network *network, struct node *node, uint32_t output) {
  const struct tensor *tensors = network->model->graph->tensors, *tensor = &tensors[output];
  node->rows = largest(node->rows, tensor->rows);
  node->row_bytes += network->model->row_bytes[output];
  node->map_bytes += network->model->row_bytes[output] * tensor->rows;
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    const struct tensor_input *from = &tensor->inputs[i];
    struct node_input *input = node_input(network, node, from->tensor);
    input_add_map(input, &from->map, tensors[from->tensor].rows, tensor->rows);
  }
}

static void add_nodes(struct gnn_network *network) {
  const struct graph *graph = network->model->graph;
  uint32_t first_input = 0;
  for (uint32_t v = 0; v < graph->op_count; v++) {
    const struct op *op = &graph->ops[v];
    struct node *node = &network->nodes[v];
    *node = (struct node){.first_input = first_input, .staging_bytes = brr_staging_bytes(network->model, v)};
    for (uint32_t o = 0; o < op->output_count; o++) node_add_output(network, node, op->first_output + o);
    first_input += node->input_count;
  }
}

/* ---- features of an op alone ---- */

static size_t vocabulary_index(const char *type) {
  size_t i = 0;
  while (i + 1 < gnn_op_vocabulary_count && strcmp(gnn_op_vocabulary[i], type) != 0) i++;
  return i;
}

static uint64_t tensor_channels(const struct tensor *tensor) {
  bool map = tensor->rank == 4 && tensor->dims[1] > 0 && tensor->dims[1] <= tensor->row_elements;
  return map ? tensor->dims[1] : tensor->row_elements;
}

static uint64_t tensor_columns(const struct tensor *tensor) {
  return saturate_divide(tensor->row_elements, tensor_channels(tensor));
}

static float logarithm(uint64_t count, double scale) { return (float)(log2(1 + (double)count) / scale); }

/* A row of an elementwise output takes the place of a row of the same bytes. */
static bool may_write_in_place(const struct gnn_network *network, uint32_t v) {
  const struct sim_model *model = network->model;
  const struct node *node = &network->nodes[v];
  if (!model->hw.in_place || !model->graph->tensors[model->graph->ops[v].first_output].elementwise) return false;
  for (uint32_t i = 0; i < node->input_count; i++) {
    if (model->row_bytes[network->inputs[node->first_input + i].tensor] == node->row_bytes) return true;
  }
  return false;
}

/* The largest of its inputs. */
struct input_shape {
  uint64_t channels, columns;
  uint32_t rows, window_rows;
  bool streamed;
};

static struct input_shape input_shape(const struct gnn_network *network, const struct node *node) {
  struct input_shape shape = {0};
  for (uint32_t i = 0; i < node->input_count; i++) {
    const struct node_input *input = &network->inputs[node->first_input + i];
    const struct tensor *tensor = &network->model->graph->tensors[input->tensor];
    uint64_t channels = tensor_channels(tensor), columns = tensor_columns(tensor);
    if (channels > shape.channels) shape.channels = channels;
    if (columns > shape.columns) shape.columns = columns;
    shape.rows = largest(shape.rows, tensor->rows);
    shape.window_rows = largest(shape.window_rows, input->window_rows);
    shape.streamed |= input->streamed;
  }
  return shape;
}

static void add_fixed(struct gnn_network *network, uint32_t v) {
  const struct graph *graph = network->model->graph;
  const struct op *op = &graph->ops[v];
  const struct node *node = &network->nodes[v];
  const struct tensor *output = &graph->tensors[op->first_output];
  const struct input_shape input = input_shape(network, node);
  float *fixed = network->fixed + v * fixed_count(), *features = fixed + gnn_op_vocabulary_count;
  fixed[vocabulary_index(op->type)] = 1;
  features[INPUT_CHANNELS] = logarithm(input.channels, 16);
  features[OUTPUT_CHANNELS] = logarithm(tensor_channels(output), 16);
  features[INPUT_ROWS] = logarithm(input.rows, 16);
  features[OUTPUT_ROWS] = logarithm(node->rows, 16);
  features[INPUT_COLUMNS] = logarithm(input.columns, 16);
  features[OUTPUT_COLUMNS] = logarithm(tensor_columns(output), 16);
  features[WEIGHT_BYTES] = logarithm(network->model->weight_bytes[v], 16);
  features[WINDOW_ROWS] = logarithm(input.window_rows, 8);
  features[ROWS_PER_ROW] = (float)(log2((double)input.rows / node->rows) / 4);
  features[IN_PLACE] = may_write_in_place(network, v);
  features[STREAMS] = input.streamed;
}

int gnn_network_create(struct gnn_network **out, const struct sim_model *model, struct error *err) {
  const struct graph *graph = model->graph;
  size_t inputs = 0;
  for (uint32_t t = 0; t < graph->tensor_count; t++) inputs += graph->tensors[t].input_count;
  struct gnn_network *network = *out = calloc(1, sizeof *network);
  if (network == NULL) return error_memory(err);
  network->model = model;
  network->nodes = calloc(graph->op_count, sizeof *network->nodes);
  network->inputs = calloc(inputs, sizeof *network->inputs);
  network->fixed = calloc(graph->op_count * fixed_count(), sizeof *network->fixed);
  if (network->nodes == NULL || network->inputs == NULL || network->fixed == NULL) {
    gnn_network_free(network);
    *out = NULL;
    return error_memory(err);
  }
  add_nodes(network);
  for (uint32_t v = 0; v < graph->op_count; v++) add_fixed(network, v);
  return 0;
}

void gnn_network_free(struct gnn_network *network) {
  if (network == NULL) return;
  free(network->nodes);
  free(network->inputs);
  free(network->fixed);
  free(network);
}

/* ---- features of an op in a group ---- */

static bool op_leaves(const struct graph *graph, const struct op *op, const uint64_t *group) {
  for (uint32_t o = 0; o < op->output_count; o++) {
    if (group_tensor_leaves(graph, op->first_output + o, group)) return true;
  }
  return false;
}

static bool other_reader(const struct graph *graph, uint32_t tensor, uint32_t v, const uint64_t *group) {
  const struct tensor *from = &graph->tensors[tensor];
  for (uint32_t i = 0; i < from->consumer_count; i++) {
    uint32_t reader = graph->tensors[from->consumers[i]].producer;
    if (reader != v && bitset_has(group, reader)) return true;
  }
  return false;
}

/* What all nodes of a group have in common. */
struct surroundings {
  const struct gnn_network *network;
  const uint64_t *group;
  double capacity_bytes;
  float buffer;           /* the feature */
  uint64_t staging_bytes; /* of its staging area */
  uint32_t stripe_rows[GRAPH_MAX_OPS]; /* by op of the group: rows that it makes in the first stripe of one row */
};

/* Of an input, for the first rows of the op. */
static uint32_t rows_for(const struct gnn_network *network, const struct node_input *input, uint32_t op_rows) {
  int64_t rows = (int64_t)(op_rows - 1) * input->step_rows + input->first_rows;
  return least(rows > 1 ? (uint64_t)rows : 1, network->model->graph->tensors[input->tensor].rows);
}

static void find_stripe_inputs(struct surroundings *around, uint32_t v) {
  const struct node *node = &around->network->nodes[v];
  for (uint32_t i = 0; i < node->input_count; i++) {
    const struct node_input *input = &around->network->inputs[node->first_input + i];
    if (input->producer == GRAPH_NO_OP || !bitset_has(around->group, input->producer)) continue;
    uint32_t *rows = &around->stripe_rows[input->producer];
    *rows = largest(*rows, rows_for(around->network, input, around->stripe_rows[v]));
  }
}

/* What the first row of the tallest output needs, and as much of the others. */
static void find_stripe_rows(struct surroundings *around) {
  const struct graph *graph = around->network->model->graph;
  const struct node *nodes = around->network->nodes;
  uint32_t tallest = 1, last = 0;
  for BITSET_EACH (v, around->group, graph->set_words) {
    around->stripe_rows[v] = 1;
    last = (uint32_t)v;
    if (op_leaves(graph, &graph->ops[v], around->group)) tallest = largest(tallest, nodes[v].rows);
  }
  for (uint32_t v = last + 1; v-- > 0;) {
    if (!bitset_has(around->group, v)) continue;
    uint32_t share = (uint32_t)saturate_divide(nodes[v].rows, tallest), *rows = &around->stripe_rows[v];
    if (op_leaves(graph, &graph->ops[v], around->group)) *rows = largest(*rows, share);
    find_stripe_inputs(around, v);
  }
}

static void find_surroundings(struct surroundings *around, const struct gnn_network *network, const uint64_t *group,
                              uint64_t capacity_bytes) {
  around->network = network;
  around->group = group;
  around->capacity_bytes = capacity_bytes > 0 ? (double)capacity_bytes : 1;
  around->buffer = logarithm(capacity_bytes, 16);
  around->staging_bytes = 0;
  for BITSET_EACH (v, group, network->model->graph->set_words) {
    const struct node *node = &network->nodes[v];
    if (node->staging_bytes > around->staging_bytes) around->staging_bytes = node->staging_bytes;
  }
  find_stripe_rows(around);
}

/* Rows of an input that are there together in a stripe. At the border a window is small, later it is whole. From
 * outside an op without weights takes them row by row, and so does an accumulator. */
static uint32_t stripe_input_rows(const struct surroundings *around, const struct node_input *input, uint32_t v,
                                  bool outside) {
  bool one_by_one = input->streamed || around->network->model->weight_bytes[v] == 0;
  if (outside && one_by_one) return input->window_rows;
  return largest(rows_for(around->network, input, around->stripe_rows[v]), input->window_rows);
}

static void measure_inputs(double bytes[RATIOS], float *features, const struct surroundings *around, uint32_t v) {
  const struct gnn_network *network = around->network;
  const struct node *node = &network->nodes[v];
  for (uint32_t i = 0; i < node->input_count; i++) {
    const struct node_input *input = &network->inputs[node->first_input + i];
    double row_bytes = (double)network->model->row_bytes[input->tensor];
    uint32_t rows = network->model->graph->tensors[input->tensor].rows;
    bool outside = input->producer == GRAPH_NO_OP || !bitset_has(around->group, input->producer);
    bytes[WINDOW] += row_bytes * input->window_rows;
    bytes[STRIPE] += row_bytes * stripe_input_rows(around, input, v, outside);
    if (!outside) continue;
    features[FROM_OUTSIDE] = 1;
    bytes[OUTSIDE_WINDOW] += row_bytes * input->window_rows;
    if (other_reader(network->model->graph, input->tensor, v, around->group)) bytes[SHARED_MAP] += row_bytes * rows;
  }
}

static void put_ratio(float *features, enum ratio which, double ratio) {
  features[FIRST_RATIO + 2 * which] = (float)(ratio < 4 ? ratio : 4);
  features[FIRST_RATIO + 2 * which + 1] = (float)(log2(1 + 1024 * ratio) / 10);
}

static void put_node(float *row, const struct surroundings *around, uint32_t v) {
  const struct gnn_network *network = around->network;
  const struct node *node = &network->nodes[v];
  float *features = row + gnn_op_vocabulary_count;
  double bytes[RATIOS] = {
      [WEIGHTS] = (double)network->model->weight_bytes[v],
      [OUTPUT_ROW] = (double)node->row_bytes,
      [OUTPUT_MAP] = (double)node->map_bytes,
      [STAGING] = (double)node->staging_bytes,
      [STRIPE] = (double)around->staging_bytes + (double)node->row_bytes * around->stripe_rows[v],
  };
  memcpy(row, network->fixed + v * fixed_count(), fixed_count() * sizeof *row);
  features[BUFFER_BYTES] = around->buffer;
  features[FROM_OUTSIDE] = 0;
  features[LEAVES] = op_leaves(network->model->graph, &network->model->graph->ops[v], around->group);
  measure_inputs(bytes, features, around, v);
  for (enum ratio r = 0; r < RATIOS; r++) put_ratio(features, r, bytes[r] / around->capacity_bytes);
}

/* ---- batches ---- */

void gnn_batch_clear(struct gnn_batch *batch) { batch->graph_count = batch->node_count = batch->edge_count = 0; }

void gnn_batch_free(struct gnn_batch *batch) {
  free(batch->first_node);
  free(batch->first_edge);
  free(batch->from);
  free(batch->to);
  free(batch->features);
  *batch = (struct gnn_batch){0};
}

static uint32_t doubled(uint32_t capacity, uint32_t least_capacity) {
  return capacity > least_capacity / 2 ? 2 * capacity : least_capacity;
}

/* One more than the capacity: where the last graph ends. */
static int reserve_graphs(struct gnn_batch *batch, uint32_t count) {
  if (batch->graph_count + count <= batch->graph_capacity) return 0;
  uint32_t capacity = doubled(batch->graph_capacity, batch->graph_count + count + 15);
  uint32_t *first_node = realloc(batch->first_node, ((size_t)capacity + 1) * sizeof *first_node);
  if (first_node != NULL) batch->first_node = first_node;
  uint32_t *first_edge = realloc(batch->first_edge, ((size_t)capacity + 1) * sizeof *first_edge);
  if (first_edge != NULL) batch->first_edge = first_edge;
  if (first_node == NULL || first_edge == NULL) return -1;
  batch->graph_capacity = capacity;
  return 0;
}

static int reserve_nodes(struct gnn_batch *batch, uint32_t count) {
  if (batch->node_count + count <= batch->node_capacity) return 0;
  uint32_t capacity = doubled(batch->node_capacity, batch->node_count + count);
  float *features = realloc(batch->features, capacity * gnn_feature_count() * sizeof *features);
  if (features == NULL) return -1;
  batch->features = features;
  batch->node_capacity = capacity;
  return 0;
}

static int reserve_edges(struct gnn_batch *batch, uint32_t count) {
  if (batch->edge_count + count <= batch->edge_capacity) return 0;
  uint32_t capacity = doubled(batch->edge_capacity, batch->edge_count + count);
  uint32_t *from = realloc(batch->from, capacity * sizeof *from);
  if (from != NULL) batch->from = from;
  uint32_t *to = realloc(batch->to, capacity * sizeof *to);
  if (to != NULL) batch->to = to;
  if (from == NULL || to == NULL) return -1;
  batch->edge_capacity = capacity;
  return 0;
}

int gnn_batch_reserve(struct gnn_batch *batch, uint32_t graphs, uint32_t nodes, uint32_t edges) {
  if (reserve_graphs(batch, graphs) != 0 || reserve_nodes(batch, nodes) != 0) return -1;
  return reserve_edges(batch, edges);
}

/* Op v is node `node`. */
static int add_edges(struct gnn_batch *batch, const struct graph *graph, const uint64_t *group, uint32_t v,
                     uint32_t first_node, uint32_t node) {
  const struct op *op = &graph->ops[v];
  if (reserve_edges(batch, op->successor_count) != 0) return -1;
  for (uint32_t i = 0; i < op->successor_count; i++) {
    if (!bitset_has(group, op->successors[i])) continue;
    batch->from[batch->edge_count] = node;
    batch->to[batch->edge_count++] = first_node + (uint32_t)bitset_rank(group, op->successors[i]);
  }
  return 0;
}

int gnn_batch_add(struct gnn_batch *batch, const struct gnn_network *network, const uint64_t *group,
                  uint64_t capacity_bytes) {
  const struct graph *graph = network->model->graph;
  struct surroundings around;
  uint32_t first_node = batch->node_count, first_edge = batch->edge_count, node = first_node;
  find_surroundings(&around, network, group, capacity_bytes);
  if (gnn_batch_reserve(batch, 1, (uint32_t)bitset_count(group, graph->set_words), 0) != 0) return -1;
  for BITSET_EACH (v, group, graph->set_words) {
    if (add_edges(batch, graph, group, (uint32_t)v, first_node, node) != 0) {
      batch->edge_count = first_edge;
      return -1;
    }
    put_node(batch->features + node++ * gnn_feature_count(), &around, (uint32_t)v);
  }
  batch->first_node[batch->graph_count] = first_node;
  batch->first_edge[batch->graph_count++] = first_edge;
  batch->first_node[batch->graph_count] = batch->node_count = node;
  batch->first_edge[batch->graph_count] = batch->edge_count;
  return 0;
}
