#include "channel_net.h"

#include <check.h>

static struct net_window same_window(uint32_t kernel, uint32_t stride) {
  return (struct net_window){.kernel = kernel, .stride = stride, .pad = kernel / 2, .dilation = 1};
}

static uint32_t columns_after(uint32_t columns, struct net_window w) {
  return (columns + 2 * w.pad - w.kernel) / w.stride + 1;
}

struct channel_map channel_input(struct net *net, uint32_t channels, uint32_t rows, uint32_t columns) {
  net->map_channels = channels;
  uint32_t tensor = net_input(net, rows, (uint64_t)channels * columns);
  return (struct channel_map){tensor, channels, columns};
}

struct channel_map channel_conv_by(struct net *net, struct channel_map from, uint32_t channels, uint32_t groups,
                                   struct net_window w, uint32_t bias) {
  uint32_t columns = columns_after(from.columns, w);
  net->weights = (uint64_t)channels * (from.channels / groups) * w.kernel * w.kernel;
  net->biases = bias;
  net->channels = channels;
  net->work = (struct op_work){.filters = channels,
                               .channels = from.channels,
                               .groups = groups,
                               .taps = (uint64_t)w.kernel * w.kernel,
                               .row_pixels = columns};
  net->map_channels = channels;
  return (struct channel_map){net_conv(net, from.tensor, (uint64_t)channels * columns, w), channels, columns};
}

struct channel_map channel_conv(struct net *net, struct channel_map from, uint32_t channels, uint32_t kernel,
                                uint32_t stride, uint32_t bias) {
  return channel_conv_by(net, from, channels, 1, same_window(kernel, stride), bias);
}

struct channel_map channel_depthwise(struct net *net, struct channel_map from, uint32_t kernel, uint32_t stride,
                                     uint32_t bias) {
  return channel_conv_by(net, from, from.channels, from.channels, same_window(kernel, stride), bias);
}

struct channel_map channel_pool_by(struct net *net, struct channel_map from, struct net_window w) {
  uint32_t columns = columns_after(from.columns, w);
  net->type = "MaxPool";
  net->work.row_operations = (uint64_t)from.channels * columns * w.kernel * w.kernel;
  net->map_channels = from.channels;
  uint32_t tensor = net_conv(net, from.tensor, (uint64_t)from.channels * columns, w);
  return (struct channel_map){tensor, from.channels, columns};
}

struct channel_map channel_pool(struct net *net, struct channel_map from, uint32_t kernel, uint32_t stride) {
  return channel_pool_by(net, from, same_window(kernel, stride));
}

struct channel_map channel_global_pool(struct net *net, struct channel_map from) {
  net->type = "GlobalAveragePool";
  net->map_channels = from.channels;
  return (struct channel_map){net_reduce(net, from.tensor, from.channels), from.channels, 1};
}

struct channel_map channel_relu(struct net *net, struct channel_map from) {
  net->map_channels = from.channels;
  return (struct channel_map){net_unary(net, from.tensor), from.channels, from.columns};
}

struct channel_map channel_add(struct net *net, struct channel_map a, struct channel_map b) {
  net->map_channels = a.channels;
  return (struct channel_map){net_binary(net, a.tensor, b.tensor), a.channels, a.columns};
}

struct channel_map channel_concat(struct net *net, struct channel_map a, struct channel_map b) {
  const struct tensor_input inputs[] = {{a.tensor, ROW_MAP_SAME}, {b.tensor, ROW_MAP_SAME}};
  uint32_t channels = a.channels + b.channels;
  uint64_t elements = (uint64_t)channels * a.columns;
  net->type = "Concat";
  net->work.row_operations = elements;
  net_op(net);
  net->map_channels = channels;
  uint32_t tensor = net_output(net, net->rows[a.tensor], elements, false, inputs, 2);
  return (struct channel_map){tensor, channels, a.columns};
}

/* ---- at random ---- */

static uint32_t some_kernel(struct rng *rng) { return 1 + 2 * rng_below(rng, 3); }

static uint32_t some_channels(struct rng *rng) { return 1 + rng_below(rng, 9); }

static struct channel_map some_conv(struct net *net, struct rng *rng, struct channel_map from, uint32_t stride) {
  uint32_t kernel = some_kernel(rng), bias = rng_below(rng, 2) * rng_below(rng, 5);
  if (rng_below(rng, 3) == 0) return channel_depthwise(net, from, kernel, stride, bias);
  return channel_conv(net, from, some_channels(rng), kernel, stride, bias);
}

static struct channel_map maybe_relu(struct net *net, struct rng *rng, struct channel_map from) {
  return rng_below(rng, 2) == 0 ? from : channel_relu(net, from);
}

static struct channel_map some_fire(struct net *net, struct rng *rng, struct channel_map from) {
  struct channel_map a = maybe_relu(net, rng, channel_conv(net, from, some_channels(rng), 1, 1, 0));
  struct channel_map b = maybe_relu(net, rng, channel_conv(net, from, some_channels(rng), 3, 1, 1));
  return channel_concat(net, a, b);
}

static struct channel_map some_residual(struct net *net, struct rng *rng, struct channel_map from) {
  struct channel_map a = maybe_relu(net, rng, channel_conv(net, from, some_channels(rng), 3, 1, 1));
  struct channel_map b = channel_conv(net, a, from.channels, 1 + 2 * rng_below(rng, 2), 1, 0);
  return maybe_relu(net, rng, rng_below(rng, 2) == 0 ? channel_add(net, b, from) : channel_add(net, from, b));
}

/* Ends the maps: one row of one column is left. */
static struct channel_map some_head(struct net *net, struct rng *rng, struct channel_map from) {
  struct channel_map last = maybe_relu(net, rng, channel_conv(net, from, some_channels(rng), 1, 1, 1));
  struct channel_map mean = channel_global_pool(net, last);
  return rng_below(rng, 2) == 0 ? mean : channel_conv(net, mean, some_channels(rng), 1, 1, 1);
}

static struct channel_map some_block(struct net *net, struct rng *rng, struct channel_map from) {
  switch (rng_below(rng, 6)) {
    case 0: return some_fire(net, rng, from);
    case 1: return some_residual(net, rng, from);
    case 2: return channel_pool(net, from, 1 + 2 * rng_below(rng, 2), 1 + rng_below(rng, 2));
    case 3: return channel_relu(net, from);
    default: return maybe_relu(net, rng, some_conv(net, rng, from, 1 + rng_below(rng, 4) / 3));
  }
}

struct graph *channel_net_at_random(struct rng *rng, uint32_t most_blocks, uint32_t most_rows) {
  struct net net;
  net_begin(&net, 1 + rng_below(rng, 4) / 3 * rng_below(rng, 3));
  uint32_t blocks = 1 + rng_below(rng, most_blocks);
  struct channel_map map = channel_input(&net, some_channels(rng), 1 + rng_below(rng, most_rows),
                                         1 + rng_below(rng, 6));
  for (uint32_t i = 0; i < blocks; i++) map = some_block(&net, rng, map);
  if (rng_below(rng, 3) == 0) some_head(&net, rng, map);
  for (uint32_t t = 0; t < net.tensor_count; t++) {
    if (!net.read[t] || rng_below(rng, 16) == 0) net_mark(&net, t);
  }
  return net_end(&net);
}

/* ---- MobileNetV1 ---- */

static struct channel_map separable(struct net *net, struct channel_map from, uint32_t channels, uint32_t stride) {
  struct channel_map depthwise = channel_relu(net, channel_depthwise(net, from, 3, stride, from.channels));
  return channel_relu(net, channel_conv(net, depthwise, channels, 1, 1, channels));
}

struct graph *channel_net_mobilenet_v1(void) {
  static const uint32_t blocks[][2] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                                       {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};
  struct net net;
  net_begin(&net, 1);
  struct channel_map map = channel_input(&net, 3, 224, 224);
  map = channel_relu(&net, channel_conv(&net, map, 32, 3, 2, 32));
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) map = separable(&net, map, blocks[i][0], blocks[i][1]);
  net_mark(&net, channel_conv(&net, channel_global_pool(&net, map), 1000, 1, 1, 1000).tensor);
  return net_end(&net);
}
