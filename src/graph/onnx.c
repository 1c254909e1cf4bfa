#include "graph/onnx.h"

#include <stdlib.h>
#include <string.h>

#include "graph/onnx_import.h"
#include "util/file.h"

#define ONNX_MAX_FILE_BYTES (UINT64_C(4) << 30)

/* ---- operator families ---- */

static const struct node_family *const families[] = {
    &onnx_constant_family, &onnx_elementwise_family, &onnx_index_family,  &onnx_matmul_family, &onnx_move_family,
    &onnx_normalise_family, &onnx_reduce_family,     &onnx_resize_family, &onnx_view_family,   &onnx_window_family,
};

const struct node_type *onnx_find_type(const char *name) {
  for (size_t f = 0; f < sizeof families / sizeof families[0]; f++) {
    for (size_t t = 0; t < families[f]->count; t++) {
      if (strcmp(families[f]->types[t].name, name) == 0) return &families[f]->types[t];
    }
  }
  return NULL;
}

/* ---- what the network starts from ---- */

static int import_initializers(struct importer *importer, struct error *err) {
  const Onnx__GraphProto *graph = importer->graph;
  struct error cause = ERROR_INIT;
  for (size_t i = 0; i < graph->n_initializer; i++) {
    const Onnx__TensorProto *proto = graph->initializer[i];
    struct value *value = onnx_value_find(importer, proto->name);
    if (onnx_tensor_shape(proto, &value->shape, &cause) != 0) {
      return error_input(err, importer->path, 0, "initializer '%s': %s", value->name, cause.message);
    }
    value->proto = proto;
    value->bound = true;
  }
  for (size_t i = 0; i < graph->n_sparse_initializer; i++) {
    const Onnx__SparseTensorProto *sparse = graph->sparse_initializer[i];
    const Onnx__TensorProto dense = {.n_dims = sparse->n_dims, .dims = sparse->dims};
    struct value *value = onnx_value_find(importer, sparse->values->name);
    if (onnx_tensor_shape(&dense, &value->shape, &cause) != 0) {
      return error_input(err, importer->path, 0, "initializer '%s': %s", value->name, cause.message);
    }
    value->bound = true;
  }
  return 0;
}

/* The batch is the first dimension of the first input; without a size it counts as 1. */
static int import_batch(struct importer *importer, const Onnx__TensorShapeProto *shape, struct error *err) {
  const int64_t most = GRAPH_MAX_BATCH;
  if (shape->n_dim == 0) return 0;
  const Onnx__TensorShapeProto__Dimension *dim = shape->dim[0];
  if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM) importer->batch_name = dim->dim_param;
  if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && dim->dim_value > 0) {
    if (dim->dim_value > most) {
      return error_input(err, importer->path, 0, "the batch is %lld images; expected at most %lld",
                         (long long)dim->dim_value, (long long)most);
    }
    importer->batch = (uint64_t)dim->dim_value;
  }
  return 0;
}

static int import_input_dims(const struct importer *importer, const char *name, const Onnx__TensorShapeProto *declared,
                             struct shape *shape, struct error *err) {
  if (declared->n_dim > GRAPH_MAX_RANK) {
    return error_input(err, importer->path, 0, "input '%s' has %zu dimensions; at most %d are supported", name,
                       declared->n_dim, GRAPH_MAX_RANK);
  }
  *shape = (struct shape){.rank = (uint32_t)declared->n_dim};
  for (size_t d = 0; d < declared->n_dim; d++) {
    const Onnx__TensorShapeProto__Dimension *dim = declared->dim[d];
    int64_t size = onnx_declared_dim(importer, declared, d);
    if (size == 0 && d == 0) size = (int64_t)importer->batch; /* whatever its symbol is called */
    if (size <= 0) {
      bool is_zero = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
      bool is_symbol = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
      return error_input(err, importer->path, 0,
                         "input '%s': dimension %zu is %s%s%s; expected a fixed size (only the batch may be left "
                         "open): export the network with fixed input sizes",
                         name, d, is_symbol ? "the symbol '" : size < 0 ? "negative" : is_zero ? "0" : "not given",
                         is_symbol ? dim->dim_param : "", is_symbol ? "'" : "");
    }
    shape->dims[d] = (uint64_t)size;
  }
  return 0;
}

static int import_input(struct importer *importer, struct value *value, const Onnx__TensorShapeProto *declared,
                        struct error *err) {
  struct shape shape;
  if (declared == NULL) {
    return error_input(err, importer->path, 0, "input '%s' has no shape; export the network with fixed input sizes",
                       value->name);
  }
  if (import_input_dims(importer, value->name, declared, &shape, err) != 0) return -1;
  return onnx_draft_input(importer, value, &shape, err);
}

static int import_inputs(struct importer *importer, struct error *err) {
  const Onnx__GraphProto *graph = importer->graph;
  bool is_first = true;
  onnx_parameters_mark(importer);
  for (size_t i = 0; i < graph->n_input; i++) {
    struct value *value = onnx_value_find(importer, graph->input[i]->name);
    if (value->bound) continue;
    const Onnx__TensorShapeProto *declared = onnx_declared_shape(graph->input[i]);
    if (is_first && !value->is_parameter) {
      if (declared != NULL && import_batch(importer, declared, err) != 0) return -1;
      is_first = false;
    }
    if (value->uses > 0 && import_input(importer, value, declared, err) != 0) return -1;
  }
  return is_first ? error_input(err, importer->path, 0, "the network has no inputs; expected one at least") : 0;
}

/* ---- the whole ---- */

static int import_graph(struct graph **out, struct importer *importer, const char *name, struct error *err) {
  const Onnx__GraphProto *graph = importer->graph;
  if (graph->n_node == 0) return error_input(err, importer->path, 0, "the network has no nodes");
  if (onnx_values_collect(importer, err) != 0) return -1;
  importer->ops = ARENA_NEW(&importer->arena, struct draft_op, graph->n_node);
  importer->tensors = ARENA_NEW(&importer->arena, struct draft_tensor, importer->value_count);
  if (importer->ops == NULL || importer->tensors == NULL) return error_memory(err);
  if (import_initializers(importer, err) != 0 || import_inputs(importer, err) != 0) return -1;
  for (uint32_t n = 0; n < graph->n_node; n++) {
    if (importer->live[n] && onnx_import_node(importer, n, err) != 0) return -1;
  }
  return onnx_emit(out, importer, name, err);
}

/* The version of the standard operators that the file uses. */
static int64_t model_opset(const Onnx__ModelProto *model) {
  int64_t opset = 1;
  for (size_t i = 0; i < model->n_opset_import; i++) {
    const Onnx__OperatorSetIdProto *id = model->opset_import[i];
    bool standard = id->domain == NULL || id->domain[0] == '\0' || strcmp(id->domain, "ai.onnx") == 0;
    if (standard && id->has_version) opset = id->version;
  }
  return opset;
}

/* The base name without its ending; the caller frees it. */
static char *network_name(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *base = slash == NULL ? path : slash + 1;
  const char *dot = strrchr(base, '.');
  return strndup(base, dot == NULL || dot == base ? strlen(base) : (size_t)(dot - base));
}

static int import_model(struct graph **out, const Onnx__ModelProto *model, const char *path,
                        const struct onnx_options *options, struct error *err) {
  const uint64_t numbers = UINT64_C(1) << 23, spans = UINT64_C(1) << 21;
  if (model->graph == NULL) return error_input(err, path, 0, "not an ONNX file: it holds no graph");
  struct importer importer = {
      .path = path,
      .options = options,
      .graph = model->graph,
      .opset = model_opset(model),
      .batch = 1,
      .arena = ARENA_INIT,
      .scratch = ARENA_INIT,
      .numbers_left = numbers,
      .spans_left = spans,
  };
  char *name = network_name(path);
  int status = name == NULL ? error_memory(err) : import_graph(out, &importer, name, err);
  free(name);
  arena_free(&importer.arena);
  arena_free(&importer.scratch);
  return status;
}

int onnx_import_memory(struct graph **out, const void *bytes, size_t length, const char *path,
                       const struct onnx_options *options, struct error *err) {
  Onnx__ModelProto *model;
  if (length == 0) return error_input(err, path, 0, "is empty; expected an ONNX file");
  if (onnx_unpack(&model, bytes, length, path, err) != 0) return -1;
  int status = import_model(out, model, path, options, err);
  onnx_unpack_free(model);
  return status;
}

int onnx_import(struct graph **out, const char *path, const struct onnx_options *options, struct error *err) {
  char *bytes;
  size_t length;
  if (file_read(&bytes, &length, path, ONNX_MAX_FILE_BYTES, err) != 0) return -1;
  int status = onnx_import_memory(out, bytes, length, path, options, err);
  free(bytes);
  return status;
}
