/* Passes what leads to an output of the network to a graph builder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/onnx_import.h"
#include "util/text.h"

/* ---- what is needed ---- */

static int mark_outputs(struct importer *importer, struct error *err) {
  const Onnx__GraphProto *graph = importer->graph;
  if (graph->n_output == 0) {
    return error_input(err, importer->path, 0, "the network has no outputs; expected one at least");
  }
  bool depends = false;
  for (size_t i = 0; i < graph->n_output; i++) {
    const struct value *value = onnx_value_find(importer, graph->output[i]->name);
    if (!value->active) continue; /* a constant costs nothing */
    struct draft_tensor *tensor = &importer->tensors[value->tensor];
    if (tensor->op != GRAPH_NO_OP) tensor->is_output = tensor->live = true;
    depends = true;
  }
  if (depends) return 0;
  return error_input(err, importer->path, 0, "output '%s' does not depend on any input of the network",
                     graph->output[0]->name);
}

/* Producers come before consumers, so one pass from the end reaches everything. */
static void mark_needed(struct importer *importer) {
  for (uint32_t t = importer->tensor_count; t-- > 0;) {
    const struct draft_tensor *tensor = &importer->tensors[t];
    if (!tensor->live) continue;
    if (tensor->op != GRAPH_NO_OP) importer->ops[tensor->op].live = true;
    for (uint32_t i = 0; i < tensor->input_count; i++) importer->tensors[tensor->inputs[i].tensor].live = true;
  }
}

/* ---- names ---- */

static int compare_ops(const void *a, const void *b) {
  const struct draft_op *left = *(struct draft_op *const *)a, *right = *(struct draft_op *const *)b;
  int order = strcmp(left->spec.name, right->spec.name);
  return order != 0 ? order : (left->node > right->node) - (left->node < right->node);
}

/* "conv" again at node 7 becomes "conv_7". */
static int rename_op(struct importer *importer, struct draft_op *op, struct error *err) {
  size_t bytes = strlen(op->spec.name) + 16;
  char *name = arena_alloc(&importer->arena, bytes, 1);
  if (name == NULL) return error_memory(err);
  snprintf(name, bytes, "%s_%u", op->spec.name, op->node);
  op->spec.name = name;
  return 0;
}

/* A new name may be that of another op, hence the rounds. They are few: to need another, a
 * file must hold a name made for it. */
static int make_names_unique(struct importer *importer, struct error *err) {
  const int rounds = 16;
  struct draft_op **sorted = ARENA_NEW(&importer->arena, struct draft_op *, importer->op_count);
  if (sorted == NULL) return error_memory(err);
  for (uint32_t v = 0; v < importer->op_count; v++) {
    sorted[v] = &importer->ops[v];
    if (!text_is_utf8(sorted[v]->spec.name)) {
      return error_input(err, importer->path, 0, "the name of node %u, '%s', is not UTF-8 text", sorted[v]->node,
                         sorted[v]->spec.name);
    }
  }
  bool repeated = true;
  for (int round = 0; round < rounds && repeated; round++) {
    repeated = false;
    qsort(sorted, importer->op_count, sizeof(struct draft_op *), compare_ops);
    const char *before = "";
    for (uint32_t v = 0; v < importer->op_count; v++) {
      const char *name = sorted[v]->spec.name;
      bool same = strcmp(before, name) == 0;
      before = name;
      if (!same) continue;
      if (rename_op(importer, sorted[v], err) != 0) return -1;
      repeated = true;
    }
  }
  return 0;
}

/* ---- building ---- */

static struct tensor_spec emit_spec(const struct draft_tensor *tensor) {
  struct tensor_spec spec = {
      .name = tensor->name,
      .rows = tensor->rows,
      .row_elements = tensor->row_elements,
      .rank = tensor->shape.rank,
      .elementwise = tensor->elementwise,
  };
  memcpy(spec.dims, tensor->shape.dims, sizeof spec.dims);
  return spec;
}

static int emit_output(struct importer *importer, struct graph_builder *builder, struct draft_tensor *tensor,
                       struct error *err) {
  struct tensor_spec spec = emit_spec(tensor);
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    tensor->inputs[i].tensor = importer->tensors[tensor->inputs[i].tensor].emitted;
  }
  if (graph_builder_output(builder, &tensor->emitted, &spec, tensor->inputs, tensor->input_count, err) != 0) return -1;
  if (tensor->is_output) graph_builder_mark_output(builder, tensor->emitted);
  return 0;
}

static int emit_op(struct importer *importer, struct graph_builder *builder, const struct draft_op *op,
                   struct error *err) {
  uint32_t index;
  if (!op->live) return 0;
  if (graph_builder_op(builder, &index, &op->spec, err) != 0) return -1;
  for (uint32_t t = op->first_tensor; t < op->first_tensor + op->tensor_count; t++) {
    struct draft_tensor *tensor = &importer->tensors[t];
    if (tensor->live && emit_output(importer, builder, tensor, err) != 0) return -1;
  }
  return 0;
}

static int emit_all(struct importer *importer, struct graph_builder *builder, struct error *err) {
  for (uint32_t t = 0; t < importer->tensor_count; t++) {
    struct draft_tensor *tensor = &importer->tensors[t];
    if (tensor->op != GRAPH_NO_OP || !tensor->live) continue;
    struct tensor_spec spec = emit_spec(tensor);
    if (graph_builder_input(builder, &tensor->emitted, &spec, err) != 0) return -1;
  }
  for (uint32_t v = 0; v < importer->op_count; v++) {
    if (emit_op(importer, builder, &importer->ops[v], err) != 0) return -1;
  }
  return 0;
}

/* The builder does not know the file. */
static int emit_locate(const struct importer *importer, struct error *err) {
  if (err->kind != ERROR_INPUT) return -1;
  const struct error cause = *err;
  return error_input(err, importer->path, 0, "%s", cause.message);
}

int onnx_emit(struct graph **out, struct importer *importer, const char *name, struct error *err) {
  struct graph_builder *builder;
  if (mark_outputs(importer, err) != 0) return -1;
  mark_needed(importer);
  if (make_names_unique(importer, err) != 0) return -1;
  if (graph_builder_create(&builder, name, importer->batch, err) != 0) return -1;
  if (emit_all(importer, builder, err) != 0) {
    graph_builder_free(builder);
    return emit_locate(importer, err);
  }
  return graph_builder_finish(out, builder, err) == 0 ? 0 : emit_locate(importer, err);
}
