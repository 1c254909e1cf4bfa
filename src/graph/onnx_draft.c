/* Nodes become constants, views or draft ops. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "graph/onnx_import.h"
#include "util/saturate.h"

/* ---- tensors ---- */

/* -1 with a message without file and node if the shape cannot be a tensor. */
static int draft_check(const struct shape *shape, struct error *err) {
  char text[SHAPE_TEXT_BYTES];
  uint64_t elements = shape_elements(shape);
  if (elements == 0 || elements == UINT64_MAX) {
    return error_set(err, ERROR_INPUT, "has shape %s; expected 1 to 2^40 elements", shape_text(text, shape));
  }
  if (shape_rows(shape) > GRAPH_MAX_ROWS) {
    return error_set(err, ERROR_INPUT,
                     "has shape %s, that is %" PRIu64 " rows (second-to-last dimension); expected at most %u",
                     shape_text(text, shape), shape_rows(shape), GRAPH_MAX_ROWS);
  }
  return 0;
}

/* The arrays of drafts are sized for every value and node of the file. */
static uint32_t draft_tensor(struct importer *importer, struct value *value, const struct shape *shape) {
  uint32_t index = importer->tensor_count++;
  uint64_t elements = shape_elements(shape), rows = shape_rows(shape);
  uint64_t image_rows = importer->batch * rows;
  importer->tensors[index] = (struct draft_tensor){
      .name = value->name,
      .shape = *shape,
      .rows = (uint32_t)rows,
      .row_elements = elements / image_rows + (elements % image_rows != 0),
      .op = GRAPH_NO_OP,
  };
  value->bound = value->active = true;
  value->shape = *shape;
  value->tensor = index;
  return index;
}

int onnx_draft_input(struct importer *importer, struct value *value, const struct shape *shape,
                     struct error *err) {
  struct error cause = ERROR_INIT;
  if (draft_check(shape, &cause) != 0) {
    return error_input(err, importer->path, 0, "input '%s' %s", value->name, cause.message);
  }
  if (value->is_parameter) {
    value->bound = true;
    value->shape = *shape;
  } else {
    draft_tensor(importer, value, shape);
  }
  return 0;
}

/* ---- row maps ---- */

/* From rows of the shape that an input is seen through to rows of the tensor behind it. */
static struct row_map draft_map(const struct importer *importer, const struct value *value,
                                const struct input_rows *needs, uint32_t output_rows) {
  const struct draft_tensor *tensor = &importer->tensors[value->tensor];
  bool same_rows = shape_same_rows(&value->shape, &tensor->shape);
  bool all = !same_rows || (needs->map.kind == ROW_WINDOW && needs->map.kernel == 0);
  bool streamed = same_rows ? needs->map.kind == ROW_STREAMED : needs->reduces && output_rows == 1;
  if (tensor->rows == 1 && (all || streamed)) return output_rows == 1 ? ROW_MAP_SAME : ROW_MAP_FIRST;
  if (streamed) return ROW_MAP_STREAMED;
  return all ? ROW_MAP_ALL(tensor->rows) : needs->map;
}

static bool map_equal(const struct row_map *a, const struct row_map *b) {
  return a->kind == b->kind && a->stride == b->stride && a->dilation == b->dilation && a->kernel == b->kernel &&
         a->offset == b->offset && a->spans == b->spans;
}

/* An input read twice in the same way counts once. */
static bool draft_has_input(const struct draft_tensor *tensor, const struct tensor_input *input) {
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    if (tensor->inputs[i].tensor == input->tensor && map_equal(&tensor->inputs[i].map, &input->map)) return true;
  }
  return false;
}

static int draft_result(struct node *node, const struct result *result, uint32_t op) {
  struct importer *importer = node->importer;
  struct error cause = ERROR_INIT;
  if (draft_check(&result->shape, &cause) != 0) {
    return node_error(node, "its output '%s' %s", result->value->name, cause.message);
  }
  struct draft_tensor *tensor = &importer->tensors[draft_tensor(importer, result->value, &result->shape)];
  tensor->op = op;
  tensor->elementwise = result->elementwise;
  tensor->inputs = ARENA_NEW(&importer->arena, struct tensor_input, node->input_count);
  if (tensor->inputs == NULL) return error_memory(node->err);
  for (uint32_t i = 0; i < node->input_count; i++) {
    const struct value *value = node->inputs[i];
    if (value == NULL || !value->active) continue;
    struct tensor_input input = {value->tensor, draft_map(importer, value, &result->inputs[i], tensor->rows)};
    if (!draft_has_input(tensor, &input)) tensor->inputs[tensor->input_count++] = input;
  }
  return 0;
}

/* Rows among which the operations of an image divide: those of the input if it is streamed. */
static uint32_t draft_firings(const struct importer *importer, const struct draft_tensor *tensor) {
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    if (tensor->inputs[i].map.kind == ROW_STREAMED) return importer->tensors[tensor->inputs[i].tensor].rows;
  }
  return tensor->rows;
}

static void draft_set_operations(const struct node *node, struct draft_op *op) {
  const struct importer *importer = node->importer;
  struct op_work *work = &op->spec.work;
  if (work->filters != 0) return;
  for (uint32_t t = op->first_tensor; t < op->first_tensor + op->tensor_count; t++) {
    const struct draft_tensor *tensor = &importer->tensors[t];
    uint64_t image_rows = importer->batch * draft_firings(importer, tensor);
    uint64_t operations = node->operations == 0 ? tensor->row_elements : saturate_divide(node->operations, image_rows);
    if (operations > work->row_operations) work->row_operations = operations;
  }
}

static int draft_op(struct node *node) {
  struct importer *importer = node->importer;
  uint32_t index = importer->op_count++;
  struct draft_op *op = &importer->ops[index];
  *op = (struct draft_op){.spec = node->cost, .node = node->index, .first_tensor = importer->tensor_count};
  op->spec.name = node->name;
  op->spec.type = node->type->name;
  for (uint32_t k = 0; k < node->result_count; k++) {
    if (node->results[k].value == NULL) continue;
    if (draft_result(node, &node->results[k], index) != 0) return -1;
  }
  op->tensor_count = importer->tensor_count - op->first_tensor;
  draft_set_operations(node, op);
  return 0;
}

/* ---- nodes ---- */

/* *count pointers into values, NULL where a name is empty. */
static int node_find_inputs(struct node *node) {
  const Onnx__NodeProto *proto = node->proto;
  node->inputs = ARENA_NEW(&node->importer->scratch, struct value *, proto->n_input);
  if (node->inputs == NULL) return error_memory(node->err);
  node->input_count = (uint32_t)proto->n_input;
  for (uint32_t i = 0; i < node->input_count; i++) {
    if (proto->input[i][0] != '\0') node->inputs[i] = onnx_value_find(node->importer, proto->input[i]);
  }
  while (node->input_count > 0 && node->inputs[node->input_count - 1] == NULL) node->input_count--;
  return 0;
}

static int node_find_outputs(struct node *node) {
  const Onnx__NodeProto *proto = node->proto;
  struct arena *scratch = &node->importer->scratch;
  uint32_t most = node->type->max_outputs;
  node->results = ARENA_NEW(scratch, struct result, proto->n_output < most ? proto->n_output : most);
  if (node->results == NULL) return error_memory(node->err);
  for (size_t k = 0; k < proto->n_output; k++) {
    struct value *value = proto->output[k][0] == '\0' ? NULL : onnx_value_find(node->importer, proto->output[k]);
    if (value == NULL || value->uses == 0) continue;
    if (k >= most) {
      return node_error(node, "its output '%s' is used, but of a %s only the first %u can be", value->name,
                        node->type->name, most);
    }
    node->results[k].value = value;
    node->results[k].inputs = ARENA_NEW(scratch, struct input_rows, node->input_count);
    if (node->results[k].inputs == NULL) return error_memory(node->err);
    node->result_count = (uint32_t)k + 1;
  }
  return 0;
}

static int node_check(struct node *node) {
  const Onnx__NodeProto *proto = node->proto;
  const struct node_type *type = node->type;
  if (proto->domain != NULL && proto->domain[0] != '\0' && strcmp(proto->domain, "ai.onnx") != 0) {
    return node_error(node, "unknown op type: it is of the domain '%s'; only the standard ONNX operators are known",
                      proto->domain);
  }
  if (type == NULL) return node_error(node, "unknown op type; see the manual for those that are known");
  if (node->input_count < type->min_inputs || node->input_count > type->max_inputs) {
    bool few = node->input_count < type->min_inputs, exact = type->min_inputs == type->max_inputs;
    return node_error(node, "it has %u inputs; expected %s %u", node->input_count,
                      exact ? "exactly" : few ? "at least" : "at most", few ? type->min_inputs : type->max_inputs);
  }
  for (uint32_t i = 0; i < type->min_inputs; i++) {
    if (node->inputs[i] == NULL) return node_error(node, "its input %u is left out; it is required", i);
  }
  return 0;
}

/* Shapes that infer could not know are taken from the file. */
static int node_settle_shape(struct node *node, uint32_t k) {
  struct result *result = &node->results[k];
  if (result->value == NULL || result->known) return 0;
  struct shape shape;
  if (onnx_hint_shape(node->importer, result->value->name, &shape)) return node_set_shape(node, k, &shape);
  if (node->unknown == NULL) {
    return node_error(node, "the shape of its output '%s' cannot be known; export the network with value_info "
                            "(ONNX shape inference) or fixed shapes",
                      result->value->name);
  }
  return node_error(node, "the shape of its output '%s' cannot be known, because it depends on the numbers of '%s', "
                          "which %s; export the network with value_info (ONNX shape inference) or fixed shapes",
                    result->value->name, node->unknown->name,
                    node->unknown->active ? "depend on the network's input" : "are not in the file");
}

static bool node_is_active(const struct node *node) {
  for (uint32_t i = 0; i < node->input_count; i++) {
    if (node->inputs[i] != NULL && node->inputs[i]->active) return true;
  }
  return false;
}

static uint64_t value_stored(const struct value *value) {
  return value->stored != 0 ? value->stored : shape_elements(&value->shape);
}

static void node_bind_constants(struct node *node) {
  for (uint32_t k = 0; k < node->result_count; k++) {
    struct value *value = node->results[k].value;
    if (value == NULL) continue;
    value->bound = true;
    value->shape = node->results[k].shape;
    if (node->keeps_numbers || node->repeats) value->stored = value_stored(node->inputs[0]);
    if (node->keeps_numbers) { /* which may not have been decoded yet */
      value->numbers = node->inputs[0]->numbers;
      value->proto = node->inputs[0]->proto;
    } else {
      value->numbers = onnx_fold(node, k);
    }
  }
}

static void node_bind_view(struct node *node) {
  struct value *value = node->results[0].value;
  value->bound = value->active = true;
  value->shape = node->results[0].shape;
  value->tensor = node->inputs[0]->tensor;
}

/* Of constants too: as many numbers are read through the new shape as through the old. */
static int node_check_view(const struct node *node) {
  const struct shape *seen = &node->inputs[0]->shape, *shape = &node->results[0].shape;
  if (shape_elements(shape) == shape_elements(seen)) return 0;
  char from[SHAPE_TEXT_BYTES], to[SHAPE_TEXT_BYTES];
  return node_error(node, "cannot see %s as %s: different numbers of elements", shape_text(from, seen),
                    shape_text(to, shape));
}

static int node_import(struct node *node) {
  if (node_find_inputs(node) != 0) return -1;
  if (node_check(node) != 0 || node_find_outputs(node) != 0) return -1;
  if (node->type->infer(node) != 0) return -1;
  for (uint32_t k = 0; k < node->result_count; k++) {
    if (node_settle_shape(node, k) != 0) return -1;
  }
  if (node->is_view && node_check_view(node) != 0) return -1;
  bool active = node_is_active(node) && !node->type->needs_shape_only;
  if (active && !node->is_view) return draft_op(node);
  if (active) {
    node_bind_view(node);
  } else {
    node_bind_constants(node);
  }
  return 0;
}

int onnx_import_node(struct importer *importer, uint32_t index, struct error *err) {
  const Onnx__NodeProto *proto = importer->graph->node[index];
  struct node node = {
      .importer = importer,
      .proto = proto,
      .type = onnx_find_type(proto->op_type == NULL ? "" : proto->op_type),
      .name = onnx_node_name(importer, index),
      .index = index,
      .opset = importer->opset,
      .err = err,
  };
  if (node.name == NULL) return error_memory(err);
  int status = node_import(&node);
  arena_free(&importer->scratch);
  return status;
}
