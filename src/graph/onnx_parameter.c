/* Files that were exported without their parameters. They list each parameter as an input
 * of the network, after those that hold data, and nothing in the file tells one from the
 * other; only how they are used does. */
#include <string.h>

#include "graph/onnx_import.h"

/* Where a parameter cannot be anything else. */
static bool takes_parameter(const char *type, size_t input) {
  if (strcmp(type, "Conv") == 0 || strcmp(type, "ConvTranspose") == 0) return input == 1 || input == 2;
  return strcmp(type, "BatchNormalization") == 0 && input >= 1;
}

/* The input of the network of that name, or NULL. */
static struct value *outside_value(const struct importer *importer, const char *name) {
  struct value *value = onnx_value_find(importer, name);
  return value == NULL || value->node != VALUE_FROM_OUTSIDE || value->bound ? NULL : value;
}

/* Sets is_data or is_parameter of what is used in a way that leaves no doubt; true if
 * there is any parameter. */
static bool mark_sure(const struct importer *importer) {
  bool found = false;
  for (size_t n = 0; n < importer->graph->n_node; n++) {
    const Onnx__NodeProto *node = importer->graph->node[n];
    const char *type = node->op_type == NULL ? "" : node->op_type;
    bool takes = takes_parameter(type, 1);
    for (size_t i = 0; i < node->n_input && takes; i++) {
      struct value *value = outside_value(importer, node->input[i]);
      if (value == NULL) continue;
      if (takes_parameter(type, i)) {
        found = value->is_parameter = true;
      } else {
        value->is_data = true;
      }
    }
  }
  return found;
}

void onnx_parameters_mark(struct importer *importer) {
  const Onnx__GraphProto *graph = importer->graph;
  bool is_first = true;
  if (!mark_sure(importer)) return;
  for (size_t i = 0; i < graph->n_input; i++) {
    struct value *value = outside_value(importer, graph->input[i]->name);
    if (value == NULL || value->is_parameter) continue;
    value->is_parameter = !is_first && !value->is_data;
    is_first = false;
  }
}
