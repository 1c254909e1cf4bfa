/* The values of the file by name, who needs them, and the shapes that the file states. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/onnx_import.h"
#include "util/text.h"

const char *onnx_node_name(struct importer *importer, uint32_t node) {
  const Onnx__NodeProto *proto = importer->graph->node[node];
  if (proto->name != NULL && proto->name[0] != '\0') return proto->name;
  const char *type = proto->op_type == NULL ? "" : proto->op_type;
  size_t bytes = strlen(type) + 16;
  char *name = arena_alloc(&importer->arena, bytes, 1);
  if (name != NULL) snprintf(name, bytes, "%s_%u", type, node);
  return name;
}

static bool is_named(const char *name) { return name != NULL && name[0] != '\0'; }

/* ---- listing ---- */

static int values_add(struct importer *importer, const char *name, uint32_t node, struct error *err) {
  if (!text_is_utf8(name)) {
    return error_input(err, importer->path, 0, "a value's name, '%s', is not UTF-8 text", name);
  }
  importer->values[importer->value_count++] = (struct value){.name = name, .node = node};
  return 0;
}

static const char *initializer_name(const Onnx__GraphProto *graph, size_t i) {
  if (i < graph->n_initializer) return graph->initializer[i]->name;
  const Onnx__TensorProto *values = graph->sparse_initializer[i - graph->n_initializer]->values;
  return values == NULL ? NULL : values->name;
}

static int values_list_initializers(struct importer *importer, struct error *err) {
  const Onnx__GraphProto *graph = importer->graph;
  for (size_t i = 0; i < graph->n_initializer + graph->n_sparse_initializer; i++) {
    const char *name = initializer_name(graph, i);
    if (!is_named(name)) return error_input(err, importer->path, 0, "initializer %zu has no name", i);
    if (values_add(importer, name, VALUE_FROM_OUTSIDE, err) != 0) return -1;
  }
  return 0;
}

static int values_list_outputs(struct importer *importer, struct error *err) {
  const Onnx__GraphProto *graph = importer->graph;
  for (size_t n = 0; n < graph->n_node; n++) {
    for (size_t k = 0; k < graph->node[n]->n_output; k++) {
      const char *name = graph->node[n]->output[k];
      if (is_named(name) && values_add(importer, name, (uint32_t)n, err) != 0) return -1;
    }
  }
  return 0;
}

static int compare_values(const void *a, const void *b) {
  return strcmp((*(struct value *const *)a)->name, (*(struct value *const *)b)->name);
}

static int compare_name_to_value(const void *name, const void *value) {
  return strcmp(name, (*(struct value *const *)value)->name);
}

struct value *onnx_value_find(const struct importer *importer, const char *name) {
  if (importer->value_count == 0) return NULL;
  struct value **found = bsearch(name, importer->by_name, importer->value_count, sizeof(struct value *),
                                 compare_name_to_value);
  return found == NULL ? NULL : *found;
}

static int values_sort(struct importer *importer, struct error *err) {
  for (uint32_t v = 0; v < importer->value_count; v++) importer->by_name[v] = &importer->values[v];
  qsort(importer->by_name, importer->value_count, sizeof(struct value *), compare_values);
  for (uint32_t v = 1; v < importer->value_count; v++) {
    const struct value *value = importer->by_name[v];
    if (strcmp(importer->by_name[v - 1]->name, value->name) == 0) {
      return error_input(err, importer->path, 0, "value '%s' is defined twice; each name may be produced once",
                         value->name);
    }
  }
  return 0;
}

/* Inputs of the network go last, because those that are initializers too are none. */
static int values_list_inputs(struct importer *importer, struct error *err) {
  const Onnx__GraphProto *graph = importer->graph;
  uint32_t initializers = importer->value_count;
  if (values_sort(importer, err) != 0) return -1;
  for (size_t i = 0; i < graph->n_input; i++) {
    const char *name = graph->input[i]->name;
    if (!is_named(name)) return error_input(err, importer->path, 0, "input %zu of the network has no name", i);
    uint32_t now = importer->value_count;
    importer->value_count = initializers;
    bool is_initializer = onnx_value_find(importer, name) != NULL;
    importer->value_count = now;
    if (!is_initializer && values_add(importer, name, VALUE_FROM_OUTSIDE, err) != 0) return -1;
  }
  return 0;
}

static int values_list(struct importer *importer, struct error *err) {
  const Onnx__GraphProto *graph = importer->graph;
  size_t count = graph->n_initializer + graph->n_sparse_initializer + graph->n_input;
  for (size_t n = 0; n < graph->n_node; n++) count += graph->node[n]->n_output;
  if (count >= UINT32_MAX || graph->n_node >= UINT32_MAX) {
    return error_input(err, importer->path, 0, "more values than can be told apart");
  }
  importer->values = ARENA_NEW(&importer->arena, struct value, count);
  importer->by_name = ARENA_NEW(&importer->arena, struct value *, count);
  if (importer->values == NULL || importer->by_name == NULL) return error_memory(err);
  if (values_list_initializers(importer, err) != 0 || values_list_inputs(importer, err) != 0 ||
      values_list_outputs(importer, err) != 0) {
    return -1;
  }
  return values_sort(importer, err);
}

/* ---- order and use ---- */

static int check_input(struct importer *importer, uint32_t node, const char *name, struct error *err) {
  const struct value *value = onnx_value_find(importer, name);
  if (value != NULL && (value->node == VALUE_FROM_OUTSIDE || value->node < node)) return 0;
  const char *type = importer->graph->node[node]->op_type;
  const char *node_name = onnx_node_name(importer, node);
  if (node_name == NULL) return error_memory(err);
  if (value == NULL) {
    return error_input(err, importer->path, 0,
                       "node '%s' (%s) uses value '%s', which is neither an input, an initializer nor the "
                       "output of a node",
                       node_name, type == NULL ? "" : type, name);
  }
  return error_input(err, importer->path, 0,
                     "node '%s' (%s) uses value '%s' before it is produced: the graph is cyclic or its nodes are "
                     "not in topological order",
                     node_name, type == NULL ? "" : type, name);
}

static int check_order(struct importer *importer, struct error *err) {
  const Onnx__GraphProto *graph = importer->graph;
  for (uint32_t n = 0; n < graph->n_node; n++) {
    for (size_t i = 0; i < graph->node[n]->n_input; i++) {
      const char *name = graph->node[n]->input[i];
      if (is_named(name) && check_input(importer, n, name, err) != 0) return -1;
    }
  }
  return 0;
}

static int use_outputs(struct importer *importer, struct error *err) {
  const Onnx__GraphProto *graph = importer->graph;
  for (size_t i = 0; i < graph->n_output; i++) {
    const char *name = graph->output[i]->name;
    struct value *value = is_named(name) ? onnx_value_find(importer, name) : NULL;
    if (value == NULL) {
      return error_input(err, importer->path, 0, "output '%s' of the network is produced by no node",
                         name == NULL ? "" : name);
    }
    value->uses++;
  }
  return 0;
}

/* Nodes come in topological order, so backwards every use is seen before the producer. */
static void mark_live(struct importer *importer) {
  const Onnx__GraphProto *graph = importer->graph;
  for (size_t n = graph->n_node; n-- > 0;) {
    const Onnx__NodeProto *node = graph->node[n];
    for (size_t k = 0; k < node->n_output && !importer->live[n]; k++) {
      if (is_named(node->output[k])) importer->live[n] = onnx_value_find(importer, node->output[k])->uses > 0;
    }
    for (size_t i = 0; i < node->n_input && importer->live[n]; i++) {
      if (is_named(node->input[i])) onnx_value_find(importer, node->input[i])->uses++;
    }
  }
}

/* ---- shapes that the file states ---- */

static int compare_hints(const void *a, const void *b) {
  return strcmp((*(const Onnx__ValueInfoProto *const *)a)->name, (*(const Onnx__ValueInfoProto *const *)b)->name);
}

static int compare_name_to_hint(const void *name, const void *hint) {
  return strcmp(name, (*(const Onnx__ValueInfoProto *const *)hint)->name);
}

static void hints_add(struct importer *importer, Onnx__ValueInfoProto *const *infos, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (is_named(infos[i]->name) && onnx_declared_shape(infos[i]) != NULL) {
      importer->hints[importer->hint_count++] = infos[i];
    }
  }
}

static int hints_collect(struct importer *importer, struct error *err) {
  const Onnx__GraphProto *graph = importer->graph;
  importer->hints = ARENA_NEW(&importer->arena, const Onnx__ValueInfoProto *, graph->n_value_info + graph->n_output);
  if (importer->hints == NULL) return error_memory(err);
  hints_add(importer, graph->value_info, graph->n_value_info);
  hints_add(importer, graph->output, graph->n_output);
  qsort(importer->hints, importer->hint_count, sizeof *importer->hints, compare_hints);
  return 0;
}

const Onnx__TensorShapeProto *onnx_declared_shape(const Onnx__ValueInfoProto *info) {
  if (info->type == NULL || info->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) return NULL;
  return info->type->tensor_type == NULL ? NULL : info->type->tensor_type->shape;
}

int64_t onnx_declared_dim(const struct importer *importer, const Onnx__TensorShapeProto *shape, size_t d) {
  const Onnx__TensorShapeProto__Dimension *dim = shape->dim[d];
  if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && dim->dim_value != 0) {
    return dim->dim_value;
  }
  bool is_symbol = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM &&
                   dim->dim_param != NULL && dim->dim_param[0] != '\0';
  if (!is_symbol) return d == 0 ? (int64_t)importer->batch : 0;
  return importer->batch_name != NULL && strcmp(dim->dim_param, importer->batch_name) == 0 ? 1 : 0;
}

/* Only the batch is known among the symbols: the first dimension may be a multiple of it. */
bool onnx_hint_shape(const struct importer *importer, const char *name, struct shape *shape) {
  if (importer->hint_count == 0) return false;
  const Onnx__ValueInfoProto *const *found = bsearch(name, importer->hints, importer->hint_count,
                                                     sizeof *importer->hints, compare_name_to_hint);
  const Onnx__TensorShapeProto *declared = found == NULL ? NULL : onnx_declared_shape(*found);
  if (declared == NULL || declared->n_dim > GRAPH_MAX_RANK) return false;
  *shape = (struct shape){.rank = (uint32_t)declared->n_dim};
  for (size_t d = 0; d < declared->n_dim; d++) {
    int64_t dim = onnx_declared_dim(importer, declared, d);
    if (dim <= 0) return false;
    shape->dims[d] = (uint64_t)dim;
  }
  return true;
}

int onnx_values_collect(struct importer *importer, struct error *err) {
  importer->live = ARENA_NEW(&importer->arena, bool, importer->graph->n_node);
  if (importer->live == NULL) return error_memory(err);
  if (values_list(importer, err) != 0 || check_order(importer, err) != 0 || use_outputs(importer, err) != 0 ||
      hints_collect(importer, err) != 0) {
    return -1;
  }
  mark_live(importer);
  return 0;
}
