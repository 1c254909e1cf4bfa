#include "build_graph.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static void require(int status, const struct error *err) {
  if (status != 0) ck_abort_msg("building a test network: %s", err->message);
}

void net_begin(struct net *net, uint64_t batch) {
  struct error err = ERROR_INIT;
  *net = (struct net){.builder = NULL};
  require(graph_builder_create(&net->builder, "test", batch, &err), &err);
}

struct graph *net_end(struct net *net) {
  struct error err = ERROR_INIT;
  struct graph *graph = NULL;
  require(graph_builder_finish(&graph, net->builder, &err), &err);
  net->builder = NULL;
  return graph;
}

void net_mark(struct net *net, uint32_t tensor) { graph_builder_mark_output(net->builder, tensor); }

static uint32_t remember(struct net *net, uint32_t tensor, uint32_t rows, uint64_t elements) {
  ck_assert_uint_lt(tensor, NET_MAX_TENSORS);
  ck_assert_uint_eq(tensor, net->tensor_count);
  net->rows[tensor] = rows;
  net->elements[tensor] = elements;
  net->tensor_count++;
  return tensor;
}

/* One image of map_channels channels. */
static void set_dims(struct tensor_spec *spec, struct net *net) {
  if (net->map_channels == 0) return;
  spec->rank = 4;
  spec->dims[0] = 1;
  spec->dims[1] = net->map_channels;
  spec->dims[2] = spec->rows;
  spec->dims[3] = spec->row_elements / net->map_channels;
  net->map_channels = 0;
}

uint32_t net_input(struct net *net, uint32_t rows, uint64_t elements) {
  struct error err = ERROR_INIT;
  char name[32];
  uint32_t tensor;
  snprintf(name, sizeof name, "in%u", net->tensor_count);
  struct tensor_spec spec = {.name = name, .rows = rows, .row_elements = elements};
  set_dims(&spec, net);
  require(graph_builder_input(net->builder, &tensor, &spec, &err), &err);
  return remember(net, tensor, rows, elements);
}

void net_op(struct net *net) {
  struct error err = ERROR_INIT;
  char name[32];
  uint32_t op;
  snprintf(name, sizeof name, "op%u", net->op_count);
  struct op_spec spec = {.name = name,
                         .type = net->type == NULL ? "Test" : net->type,
                         .weight_elements = net->weights,
                         .bias_elements = net->biases,
                         .macs = net->macs,
                         .work = net->work,
                         .out_channels = net->channels};
  require(graph_builder_op(net->builder, &op, &spec, &err), &err);
  ck_assert_uint_eq(op, net->op_count);
  net->op_count++;
  net->weights = net->biases = net->macs = 0;
  net->channels = 0;
  net->type = NULL;
  net->work = (struct op_work){0};
}

uint32_t net_output(struct net *net, uint32_t rows, uint64_t elements, bool elementwise,
                    const struct tensor_input *inputs, size_t input_count) {
  struct error err = ERROR_INIT;
  char name[32];
  uint32_t tensor;
  snprintf(name, sizeof name, "t%u", net->tensor_count);
  struct tensor_spec spec = {.name = name, .rows = rows, .row_elements = elements, .elementwise = elementwise};
  set_dims(&spec, net);
  require(graph_builder_output(net->builder, &tensor, &spec, inputs, input_count, &err), &err);
  for (size_t i = 0; i < input_count; i++) net->read[inputs[i].tensor] = true;
  return remember(net, tensor, rows, elements);
}

static void suppose_operations(struct net *net, uint64_t row_operations) {
  if (net->work.filters == 0 && net->work.row_operations == 0) net->work.row_operations = row_operations;
}

static void suppose_products(struct net *net, uint32_t rows, uint64_t elements, uint32_t kernel) {
  if (net->work.filters != 0 || net->work.row_operations != 0) return;
  uint64_t filters = net->channels == 0 || elements % net->channels != 0 ? 1 : net->channels;
  net->macs = rows * elements * kernel;
  net->work = (struct op_work){
      .filters = filters, .channels = 1, .groups = 1, .taps = kernel, .row_pixels = elements / filters};
}

static uint32_t one_input(struct net *net, uint32_t rows, uint64_t elements, bool elementwise, uint32_t from,
                          struct row_map map) {
  struct tensor_input input = {from, map};
  suppose_operations(net, map.kind == ROW_STREAMED ? net->elements[from] : elements);
  net_op(net);
  return net_output(net, rows, elements, elementwise, &input, 1);
}

uint32_t net_conv(struct net *net, uint32_t from, uint64_t elements, struct net_window w) {
  uint32_t reach = w.dilation * (w.kernel - 1) + 1, padded = net->rows[from] + 2 * w.pad;
  ck_assert_uint_ge(padded, reach);
  struct row_map map = {.kind = ROW_WINDOW,
                        .stride = w.stride,
                        .dilation = w.dilation,
                        .kernel = w.kernel,
                        .offset = -(int64_t)w.pad};
  uint32_t rows = (padded - reach) / w.stride + 1;
  suppose_products(net, rows, elements, w.kernel);
  return one_input(net, rows, elements, false, from, map);
}

uint32_t net_unary(struct net *net, uint32_t from) {
  return one_input(net, net->rows[from], net->elements[from], true, from, ROW_MAP_SAME);
}

static uint32_t two_inputs(struct net *net, uint32_t left, uint32_t right, struct row_map right_map) {
  struct tensor_input inputs[2] = {{left, ROW_MAP_SAME}, {right, right_map}};
  suppose_operations(net, net->elements[left]);
  net_op(net);
  return net_output(net, net->rows[left], net->elements[left], true, inputs, 2);
}

uint32_t net_binary(struct net *net, uint32_t left, uint32_t right) {
  ck_assert_uint_eq(net->rows[left], net->rows[right]);
  return two_inputs(net, left, right, ROW_MAP_SAME);
}

uint32_t net_scale(struct net *net, uint32_t from, uint32_t one_row) {
  ck_assert_uint_eq(net->rows[one_row], 1);
  return two_inputs(net, from, one_row, ROW_MAP_FIRST);
}

uint32_t net_reduce(struct net *net, uint32_t from, uint64_t elements) {
  return one_input(net, 1, elements, false, from, ROW_MAP_STREAMED);
}

uint32_t net_table(struct net *net, uint32_t from, uint32_t rows, const struct row_span *spans) {
  struct row_map map = {.kind = ROW_TABLE, .spans = spans};
  return one_input(net, rows, net->elements[from], false, from, map);
}

uint32_t net_nearest(struct net *net, uint32_t from, uint32_t rows) {
  struct row_span *spans = calloc(rows, sizeof *spans);
  ck_assert_ptr_nonnull(spans);
  for (uint32_t r = 0; r < rows; r++) {
    spans[r] = (struct row_span){(uint32_t)((uint64_t)r * net->rows[from] / rows), 1};
  }
  uint32_t tensor = net_table(net, from, rows, spans);
  free(spans);
  return tensor;
}

/* x = (r + 0.5) * in / out - 0.5, or r * (in - 1) / (out - 1), as an exact fraction */
static struct row_span linear_span(uint32_t r, uint32_t in, uint32_t out, bool align_corners) {
  int64_t above = align_corners ? (int64_t)r * (in - 1) : ((int64_t)2 * r + 1) * in - out;
  int64_t below = align_corners ? (out > 1 ? out - 1 : 1) : (int64_t)2 * out;
  if (above < 0) above = 0;
  uint32_t first = (uint32_t)(above / below);
  bool second = above % below != 0 && first + 1 < in;
  return (struct row_span){first, second ? 2 : 1};
}

uint32_t net_linear(struct net *net, uint32_t from, uint32_t rows, bool align_corners) {
  struct row_span *spans = calloc(rows, sizeof *spans);
  ck_assert_ptr_nonnull(spans);
  for (uint32_t r = 0; r < rows; r++) spans[r] = linear_span(r, net->rows[from], rows, align_corners);
  uint32_t tensor = net_table(net, from, rows, spans);
  free(spans);
  return tensor;
}

struct graph *net_heavy_third(void) {
  static const uint64_t weights[] = {10, 10, 1000, 10}, elements[] = {10, 5, 2, 10};
  struct net net;
  net_begin(&net, 1);
  uint32_t tensor = net_input(&net, 4, 10);
  for (uint32_t v = 0; v < 4; v++) {
    net.weights = weights[v];
    tensor = net_conv(&net, tensor, elements[v], (struct net_window){1, 1, 0, 1});
  }
  net_mark(&net, tensor);
  return net_end(&net);
}
