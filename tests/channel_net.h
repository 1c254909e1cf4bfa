/* Networks of maps with channels, for what runs on slices of them: convolutions of both kinds, pools,
 * elementwise ops, residual sums and branches that are concatenated. */
#ifndef SPILLWAY_TESTS_CHANNEL_NET_H
#define SPILLWAY_TESTS_CHANNEL_NET_H

#include "build_graph.h"
#include "util/rng.h"

/* A map: channels times columns elements in each row. */
struct channel_map {
  uint32_t tensor, channels, columns;
};

struct channel_map channel_input(struct net *net, uint32_t channels, uint32_t rows, uint32_t columns);

/* With any square window and any groups. */
struct channel_map channel_conv_by(struct net *net, struct channel_map from, uint32_t channels, uint32_t groups,
                                   struct net_window window, uint32_t bias);
struct channel_map channel_pool_by(struct net *net, struct channel_map from, struct net_window window);

/* Square windows; stride divides rows and columns alike; padding keeps them otherwise. bias: elements. */
struct channel_map channel_conv(struct net *net, struct channel_map from, uint32_t channels, uint32_t kernel,
                                uint32_t stride, uint32_t bias);
struct channel_map channel_depthwise(struct net *net, struct channel_map from, uint32_t kernel, uint32_t stride,
                                     uint32_t bias);
struct channel_map channel_pool(struct net *net, struct channel_map from, uint32_t kernel, uint32_t stride);
struct channel_map channel_global_pool(struct net *net, struct channel_map from);
struct channel_map channel_relu(struct net *net, struct channel_map from);
struct channel_map channel_add(struct net *net, struct channel_map a, struct channel_map b);
struct channel_map channel_concat(struct net *net, struct channel_map a, struct channel_map b);

/* Of at most that many blocks, each of one to five ops. */
struct graph *channel_net_at_random(struct rng *rng, uint32_t most_blocks, uint32_t most_rows);

/* MobileNetV1 (Howard et al., 2017) at width 1.0 for images of 224 x 224, BatchNormalization folded into
 * biases, a ReLU6 behind each convolution; with global pooling and classifier. */
struct graph *channel_net_mobilenet_v1(void);

#endif
