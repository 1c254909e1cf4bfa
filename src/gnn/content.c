#include "gnn/content.h"

#include <string.h>
#include <xxhash.h>

#include "graph/group.h"
#include "util/bitset.h"

struct content {
  const struct graph *graph;
  const struct sim_model *model; /* NULL: elements, not bytes */
  const uint64_t *group;
  uint64_t hash;
};

static void mix(struct content *content, const void *bytes, size_t length) {
  content->hash = XXH3_64bits_withSeed(bytes, length, content->hash);
}

/* Which tensor it is without saying where in the network: an output of an op of the group, or an input of the
 * first op of the group that reads it. */
struct tensor_place {
  uint64_t outside, node, output, input;
};

static struct tensor_place tensor_place(const struct content *content, uint32_t tensor) {
  const struct graph *graph = content->graph;
  const struct tensor *from = &graph->tensors[tensor];
  if (from->producer != GRAPH_NO_OP && bitset_has(content->group, from->producer)) {
    uint32_t output = tensor - graph->ops[from->producer].first_output;
    return (struct tensor_place){false, bitset_rank(content->group, from->producer), output, 0};
  }
  const uint32_t *reader = from->consumers;
  while (!bitset_has(content->group, graph->tensors[*reader].producer)) reader++;
  uint32_t op = graph->tensors[*reader].producer, input = 0;
  while (graph->tensors[*reader].inputs[input].tensor != tensor) input++;
  return (struct tensor_place){true, bitset_rank(content->group, op), *reader - graph->ops[op].first_output, input};
}

static void mix_tensor(struct content *content, uint32_t index) {
  const struct tensor *tensor = &content->graph->tensors[index];
  const uint64_t channels = tensor->rank == 4 ? tensor->dims[1] : 0;
  const uint64_t words[] = {tensor->rows, content->model != NULL ? content->model->row_bytes[index] : 0,
                            tensor->row_elements, channels};
  mix(content, words, sizeof words);
}

static void mix_map(struct content *content, const struct row_map *map, uint32_t output_rows) {
  const bool window = map->kind == ROW_WINDOW;
  const uint64_t words[] = {map->kind, window ? map->stride : 0, window ? map->dilation : 0, window ? map->kernel : 0,
                            window ? (uint64_t)map->offset : 0};
  mix(content, words, sizeof words);
  if (map->kind == ROW_TABLE) mix(content, map->spans, output_rows * sizeof *map->spans);
}

static void mix_output(struct content *content, uint32_t index) {
  const struct tensor *tensor = &content->graph->tensors[index];
  const bool leaves = group_tensor_leaves(content->graph, index, content->group);
  const uint64_t words[] = {tensor->elementwise, leaves, tensor->input_count};
  mix_tensor(content, index);
  mix(content, words, sizeof words);
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    const struct tensor_place place = tensor_place(content, tensor->inputs[i].tensor);
    mix(content, &place, sizeof place);
    if (place.outside) mix_tensor(content, tensor->inputs[i].tensor);
    mix_map(content, &tensor->inputs[i].map, tensor->rows);
  }
}

static void mix_op(struct content *content, uint32_t v) {
  const struct op *op = &content->graph->ops[v];
  const uint64_t words[] = {content->model != NULL ? content->model->weight_bytes[v] : 0, op->weight_elements,
                            op->bias_elements, op->out_channels, op->output_count};
  mix(content, op->type, strlen(op->type));
  mix(content, words, sizeof words);
  for (uint32_t o = 0; o < op->output_count; o++) mix_output(content, op->first_output + o);
}

static uint64_t hash_ops(struct content *content) {
  for BITSET_EACH (v, content->group, content->graph->set_words) mix_op(content, (uint32_t)v);
  return content->hash;
}

uint64_t content_hash_group(const struct sim_model *model, const uint64_t *group) {
  struct content content = {.graph = model->graph, .model = model, .group = group};
  const uint64_t words[] = {model->hw.in_place, model->hw.brr_subgroup_channels};
  mix(&content, words, sizeof words);
  return hash_ops(&content);
}

uint64_t content_hash_graph(const struct graph *graph) {
  uint64_t all[GRAPH_MAX_SET_WORDS] = {0};
  for (uint32_t v = 0; v < graph->op_count; v++) bitset_add(all, v);
  struct content content = {.graph = graph, .group = all};
  mix(&content, &graph->batch, sizeof graph->batch);
  return hash_ops(&content);
}
