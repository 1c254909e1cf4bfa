/* Evaluation of nodes that move the elements of constants. */
#include <string.h>

#include "graph/onnx_import.h"

static uint64_t product_from(const struct shape *shape, uint32_t axis) {
  uint64_t product = 1;
  for (uint32_t d = axis; d < shape->rank; d++) product *= shape->dims[d];
  return product;
}

/* ---- Slice, Split, Transpose ---- */

/* The place in the input of what the pick puts at place at of the result. */
static uint64_t picked_place(const struct fold *fold, const struct shape *in, uint64_t at) {
  const struct shape *out = &fold->result->shape;
  const struct pick *pick = &fold->result->pick;
  uint64_t place = 0;
  for (uint32_t d = out->rank; d-- > 0;) {
    int64_t along = pick->start[d] + (int64_t)(at % out->dims[d]) * pick->step[d];
    place += (uint64_t)along * product_from(in, pick->from[d] + 1);
    at /= out->dims[d];
  }
  return place;
}

static bool fold_pick(struct fold *fold) {
  const struct shape *in = &fold->node->inputs[0]->shape;
  for (uint64_t at = 0; at < fold->count; at++) fold->out[at] = fold->inputs[0]->items[picked_place(fold, in, at)];
  return true;
}

/* ---- Concat ---- */

static bool fold_concat(struct fold *fold) {
  const struct node *node = fold->node;
  uint32_t axis;
  if (node_axis(node, node_int(node, "axis", 1), fold->result->shape.rank, &axis) != 0) return false;
  uint64_t out_run = product_from(&fold->result->shape, axis), before = 0;
  for (uint32_t i = 0; i < node->input_count; i++) {
    uint64_t run = product_from(&node->inputs[i]->shape, axis), count = shape_elements(&node->inputs[i]->shape);
    if (fold->inputs[i]->kind != fold->kind) return false;
    for (uint64_t at = 0; at < count; at++) {
      fold->out[at / run * out_run + before + at % run] = fold->inputs[i]->items[at];
    }
    before += run;
  }
  return true;
}

/* ---- Gather ---- */

static bool fold_gather(struct fold *fold) {
  const struct node *node = fold->node;
  const struct shape *in = &node->inputs[0]->shape;
  uint32_t axis;
  if (node_axis(node, node_int(node, "axis", 0), in->rank, &axis) != 0) return false;
  if (fold->inputs[1]->kind != NUMBER_INT) return false;
  uint64_t inner = product_from(in, axis + 1), picked = shape_elements(&node->inputs[1]->shape);
  int64_t size = (int64_t)in->dims[axis];
  for (uint64_t at = 0; at < fold->count; at++) {
    int64_t index = fold->inputs[1]->items[at / inner % picked].i;
    if (index < 0) index += size;
    if (index < 0 || index >= size) return false;
    uint64_t place = (at / inner / picked * in->dims[axis] + (uint64_t)index) * inner + at % inner;
    fold->out[at] = fold->inputs[0]->items[place];
  }
  return true;
}

/* ---- Expand, Tile ---- */

static bool fold_expand(struct fold *fold) {
  const struct shape *out = &fold->result->shape, *in = &fold->node->inputs[0]->shape;
  const union number *items = fold->inputs[0]->items;
  for (uint64_t at = 0; at < fold->count; at++) fold->out[at] = items[fold_broadcast_place(out, in, at)];
  return true;
}

static bool fold_tile(struct fold *fold) {
  const struct shape *out = &fold->result->shape, *in = &fold->node->inputs[0]->shape;
  for (uint64_t at = 0; at < fold->count; at++) {
    uint64_t place = 0, rest = at;
    for (uint32_t d = out->rank; d-- > 0;) {
      place += rest % out->dims[d] % in->dims[d] * product_from(in, d + 1);
      rest /= out->dims[d];
    }
    fold->out[at] = fold->inputs[0]->items[place];
  }
  return true;
}

static const struct fold_rule rules[] = {
    {"Concat", fold_concat, false}, {"Expand", fold_expand, false}, {"Gather", fold_gather, false},
    {"Slice", fold_pick, false},    {"Split", fold_pick, false},    {"Tile", fold_tile, false},
    {"Transpose", fold_pick, false},
};

const struct fold_rules onnx_move_folds = {rules, sizeof rules / sizeof rules[0]};
