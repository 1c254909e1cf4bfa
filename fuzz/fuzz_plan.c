/* Any bytes as a plan file for a fixed network: no crash, one line of message, and what
 * loads is legal and comes back the same from plan_file_to_yaml(). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan/file.h"
#include "plan/plan.h"
#include "util/bitset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_OPS = 8 };

/* Two diamonds, one after the other; names that need quoting among them. */
static struct graph *fuzz_graph(void) {
  static const char *const names[FUZZ_OPS] = {"a", "b", "c", "d", "- e: #", "f\n", "/g/Conv", "\xc3\xa9"};
  static const uint32_t sources[FUZZ_OPS][2] = {{0, 0}, {0, 0}, {0, 0}, {1, 2},
                                                {3, 3}, {4, 4}, {4, 4}, {5, 6}};
  struct graph_builder *builder;
  struct graph *graph;
  struct error err = ERROR_INIT;
  uint32_t input, op, tensors[FUZZ_OPS];
  struct tensor_spec spec = {.name = "t", .rows = 1, .row_elements = 1};
  if (graph_builder_create(&builder, "net", 1, &err) != 0) abort();
  if (graph_builder_input(builder, &input, &spec, &err) != 0) abort();
  for (uint32_t v = 0; v < FUZZ_OPS; v++) {
    struct op_spec op_spec = {.name = names[v], .type = "Add"};
    struct tensor_input inputs[2];
    for (size_t i = 0; i < 2; i++) {
      inputs[i] = (struct tensor_input){v == 0 ? input : tensors[sources[v][i]], ROW_MAP_SAME};
    }
    if (graph_builder_op(builder, &op, &op_spec, &err) != 0) abort();
    if (graph_builder_output(builder, &tensors[v], &spec, inputs, 2, &err) != 0) abort();
  }
  graph_builder_mark_output(builder, tensors[FUZZ_OPS - 1]);
  if (graph_builder_finish(&graph, builder, &err) != 0) abort();
  return graph;
}

static void fuzz_comes_back(const struct plan *plan, const char *method) {
  struct plan again;
  struct error err = ERROR_INIT;
  char method_again[PLAN_METHOD_BYTES];
  char *yaml = plan_file_to_yaml(plan, method, &err);
  if (yaml == NULL) abort();
  if (plan_file_load_memory(&again, method_again, plan->graph, yaml, strlen(yaml), "written", &err) != 0) {
    abort();
  }
  size_t words = (size_t)plan->group_count * plan->graph->set_words;
  if (strcmp(method, method_again) != 0 || plan->group_count != again.group_count) abort();
  if (!bitset_equal(plan->groups, again.groups, words) || plan_check(&again, &err) != 0) abort();
  plan_free(&again);
  free(yaml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct graph *graph = fuzz_graph();
  struct plan plan;
  struct error err = ERROR_INIT;
  char method[PLAN_METHOD_BYTES];
  if (plan_file_load_memory(&plan, method, graph, data, size, "fuzz", &err) == 0) {
    fuzz_comes_back(&plan, method);
    plan_free(&plan);
  } else if (err.kind == ERROR_NONE || strlen(err.message) == 0 || strchr(err.message, '\n') != NULL) {
    abort();
  }
  graph_free(graph);
  return 0;
}
