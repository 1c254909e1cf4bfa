#include "hard_net.h"

#include <check.h>

#include "build_graph.h"
#include "util/rng.h"

/* A map as convolutions know it; build_graph.h knows rows and elements of a row. */
struct map {
  uint32_t tensor, channels, width;
};

static struct map image(struct net *net, uint32_t size, uint32_t channels) {
  return (struct map){net_input(net, size, (uint64_t)size * channels), channels, size};
}

/* groups: 1, or as many as channels. With its activation as an op of its own. */
static struct map conv(struct net *net, struct map in, uint32_t channels, uint32_t kernel, uint32_t stride,
                       uint32_t groups) {
  uint32_t pad = kernel / 2, width = (in.width + 2 * pad - kernel) / stride + 1;
  net->weights = (uint64_t)kernel * kernel * channels * (in.channels / groups);
  net->biases = net->channels = channels;
  uint32_t tensor = net_conv(net, in.tensor, (uint64_t)width * channels, (struct net_window){kernel, stride, pad, 1});
  if (groups == 1) tensor = net_unary(net, tensor);
  return (struct map){tensor, channels, width};
}

static struct map pool(struct net *net, struct map in, uint32_t stride) {
  uint32_t width = (in.width + 2 - 3) / stride + 1;
  uint32_t tensor = net_conv(net, in.tensor, (uint64_t)width * in.channels, (struct net_window){3, stride, 1, 1});
  return (struct map){tensor, in.channels, width};
}

static struct map concat(struct net *net, const struct map *parts, size_t count) {
  struct tensor_input inputs[64];
  struct map whole = {0, 0, parts[0].width};
  for (size_t i = 0; i < count; i++) {
    inputs[i] = (struct tensor_input){parts[i].tensor, ROW_MAP_SAME};
    whole.channels += parts[i].channels;
  }
  net->work.row_operations = 1;
  net_op(net);
  uint64_t elements = (uint64_t)whole.width * whole.channels;
  whole.tensor = net_output(net, net->rows[parts[0].tensor], elements, false, inputs, count);
  return whole;
}

static struct map add(struct net *net, struct map left, struct map right) {
  return (struct map){net_binary(net, left.tensor, right.tensor), left.channels, left.width};
}

/* ---- GoogLeNet (Szegedy et al. 2015, table 1) ---- */

static struct map inception(struct net *net, struct map in, const uint32_t channels[6]) {
  const struct map parts[4] = {
      conv(net, in, channels[0], 1, 1, 1),
      conv(net, conv(net, in, channels[1], 1, 1, 1), channels[2], 3, 1, 1),
      conv(net, conv(net, in, channels[3], 1, 1, 1), channels[4], 5, 1, 1),
      conv(net, pool(net, in, 1), channels[5], 1, 1, 1),
  };
  return concat(net, parts, 4);
}

static struct graph *googlenet(void) {
  static const uint32_t blocks[9][6] = {
      {64, 96, 128, 16, 32, 32},    {128, 128, 192, 32, 96, 64},  {192, 96, 208, 16, 48, 64},
      {160, 112, 224, 24, 64, 64},  {128, 128, 256, 24, 64, 64},  {112, 144, 288, 32, 64, 64},
      {256, 160, 320, 32, 128, 128}, {256, 160, 320, 32, 128, 128}, {384, 192, 384, 48, 128, 128},
  };
  struct net net;
  net_begin(&net, 1);
  struct map map = pool(&net, conv(&net, image(&net, 224, 3), 64, 7, 2, 1), 2);
  map = pool(&net, conv(&net, conv(&net, map, 64, 1, 1, 1), 192, 3, 1, 1), 2);
  for (size_t i = 0; i < 9; i++) {
    map = inception(&net, map, blocks[i]);
    if (i == 1 || i == 6) map = pool(&net, map, 2);
  }
  net_mark(&net, net_reduce(&net, map.tensor, map.channels));
  return net_end(&net);
}

/* ---- Inception-v3's widest blocks (Szegedy et al. 2016, figures 6 and 7) ---- */

static struct map wide_inception(struct net *net, struct map in) {
  struct map three = conv(net, in, 384, 1, 1, 1), stack = conv(net, conv(net, in, 448, 1, 1, 1), 384, 3, 1, 1);
  const struct map parts[6] = {
      conv(net, in, 320, 1, 1, 1),    conv(net, three, 384, 3, 1, 1), conv(net, three, 384, 3, 1, 1),
      conv(net, stack, 384, 3, 1, 1), conv(net, stack, 384, 3, 1, 1), conv(net, pool(net, in, 1), 192, 1, 1, 1),
  };
  return concat(net, parts, 6);
}

static struct map factored_inception(struct net *net, struct map in) {
  struct map twice = conv(net, in, 128, 1, 1, 1), once = conv(net, in, 128, 1, 1, 1);
  for (int i = 0; i < 3; i++) twice = conv(net, twice, 128, 7, 1, 1);
  const struct map parts[4] = {
      conv(net, in, 192, 1, 1, 1),
      conv(net, conv(net, once, 128, 7, 1, 1), 192, 7, 1, 1),
      conv(net, twice, 192, 7, 1, 1),
      conv(net, pool(net, in, 1), 192, 1, 1, 1),
  };
  return concat(net, parts, 4);
}

static struct graph *inception_v3(void) {
  struct net net;
  net_begin(&net, 1);
  struct map map = conv(&net, image(&net, 34, 192), 768, 3, 2, 1);
  for (int i = 0; i < 4; i++) map = factored_inception(&net, map);
  map = conv(&net, map, 1280, 3, 2, 1);
  for (int i = 0; i < 2; i++) map = wide_inception(&net, map);
  net_mark(&net, net_reduce(&net, map.tensor, map.channels));
  return net_end(&net);
}

/* ---- a block of DenseNet-121 (Huang et al. 2017) ---- */

static struct graph *densenet(void) {
  enum { LAYERS = 12 };
  struct net net;
  struct map maps[LAYERS + 1];
  net_begin(&net, 1);
  maps[0] = conv(&net, image(&net, 56, 64), 128, 3, 2, 1);
  for (size_t i = 0; i < LAYERS; i++) {
    struct map all = i == 0 ? maps[0] : concat(&net, maps, i + 1);
    maps[i + 1] = conv(&net, conv(&net, all, 128, 1, 1, 1), 32, 3, 1, 1);
  }
  struct map last = concat(&net, maps, LAYERS + 1);
  net_mark(&net, net_reduce(&net, last.tensor, last.channels));
  return net_end(&net);
}

/* ---- cells as in NASNet-A (Zoph et al. 2018): five sums of two ops on earlier maps each ---- */

static struct map cell_op(struct net *net, struct map in, struct rng *rng) {
  switch (rng_below(rng, 4)) {
    case 0: return in;
    case 1: return pool(net, in, 1);
    case 2: return conv(net, conv(net, in, in.channels, 3, 1, in.channels), in.channels, 1, 1, 1);
    default: return conv(net, conv(net, in, in.channels, 5, 1, in.channels), in.channels, 1, 1, 1);
  }
}

static struct map cell(struct net *net, struct map before, struct map in, struct rng *rng) {
  struct map states[7] = {conv(net, before, 44, 1, 1, 1), conv(net, in, 44, 1, 1, 1)}, unread[7];
  size_t count = 0;
  for (size_t b = 2; b < 7; b++) {
    /* The first two blocks do not wait for each other. */
    uint32_t choice = b < 4 ? 2 : (uint32_t)b;
    struct map left = cell_op(net, states[rng_below(rng, choice)], rng);
    states[b] = add(net, left, cell_op(net, states[rng_below(rng, choice)], rng));
  }
  for (size_t b = 2; b < 7; b++) {
    if (!net->read[states[b].tensor]) unread[count++] = states[b];
  }
  return concat(net, unread, count);
}

static struct graph *cells(uint64_t seed) {
  struct rng rng = rng_stream(seed, 0, 0);
  struct net net;
  net_begin(&net, 1);
  struct map before = conv(&net, image(&net, 57, 3), 32, 3, 2, 1), map = before;
  for (int i = 0; i < 3; i++) {
    struct map next = cell(&net, before, map, &rng);
    before = map;
    map = next;
  }
  net_mark(&net, net_reduce(&net, add(&net, conv(&net, before, 44, 1, 1, 1), conv(&net, map, 44, 1, 1, 1)).tensor, 44));
  return net_end(&net);
}

static struct graph *cells_a(void) { return cells(1); }
static struct graph *cells_b(void) { return cells(2); }

const struct hard_net hard_nets[] = {
    {"googlenet", googlenet}, {"inception_v3", inception_v3}, {"densenet", densenet},
    {"cells-a", cells_a},     {"cells-b", cells_b},
};
const size_t hard_net_count = sizeof hard_nets / sizeof hard_nets[0];
