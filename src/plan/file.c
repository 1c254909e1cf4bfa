#include "plan/file.h"

#include <stdlib.h>
#include <string.h>

#include "plan/check.h"
#include "util/bitset.h"
#include "util/file.h"
#include "util/text.h"
#include "util/yaml.h"
#include "util/yaml_write.h"

struct plan_name {
  const char *name;
  uint32_t op;
};

/* A plan file on its way into a plan. */
struct plan_reader {
  const struct graph *graph;
  const struct yaml_tree *tree;
  struct plan_name *names; /* of all ops, sorted, since a file looks each of them up */
  uint32_t *group_of;      /* by op */
  unsigned long *lines;    /* by op: where it is named */
  struct error *err;
};

static int plan_compare_names(const void *a, const void *b) {
  return strcmp(((const struct plan_name *)a)->name, ((const struct plan_name *)b)->name);
}

static int plan_unknown_op(const struct plan_reader *reader, const struct yaml_node *node) {
  struct text_nearest nearest = text_nearest_start(node->text);
  for (uint32_t v = 0; v < reader->graph->op_count; v++) {
    text_nearest_offer(&nearest, reader->graph->ops[v].name);
  }
  if (nearest.best == NULL) {
    return error_input(reader->err, reader->tree->path, node->line, "network '%s' has no op '%.200s'",
                       reader->graph->name, node->text);
  }
  return error_input(reader->err, reader->tree->path, node->line,
                     "network '%s' has no op '%.200s'; did you mean '%s'?", reader->graph->name, node->text,
                     nearest.best);
}

static int plan_take_op(struct plan_reader *reader, const struct yaml_node *node, uint32_t group) {
  if (yaml_tree_expect(reader->tree, node, YAML_TEXT, "an op of a group", reader->err) != 0) return -1;
  struct plan_name wanted = {.name = node->text};
  const struct plan_name *found =
      bsearch(&wanted, reader->names, reader->graph->op_count, sizeof wanted, plan_compare_names);
  if (found == NULL) return plan_unknown_op(reader, node);
  uint32_t op = found->op;
  if (reader->group_of[op] != PLAN_NO_GROUP) {
    return error_input(reader->err, reader->tree->path, node->line,
                       "op '%s' is in a group already, on line %lu", node->text, reader->lines[op]);
  }
  reader->lines[op] = node->line;
  reader->group_of[op] = group;
  return 0;
}

static int plan_take_groups(struct plan_reader *reader, const struct yaml_node *groups) {
  if (yaml_tree_expect(reader->tree, groups, YAML_LIST, "groups", reader->err) != 0) return -1;
  for YAML_EACH (group, groups) {
    if (yaml_tree_expect(reader->tree, group, YAML_LIST, "a group", reader->err) != 0) return -1;
    if (group->count == 0) {
      return error_input(reader->err, reader->tree->path, group->line,
                         "an empty group; expected names of ops");
    }
    for YAML_EACH (node, group) {
      if (plan_take_op(reader, node, group->position) != 0) return -1;
    }
  }
  return 0;
}

static int plan_check_keys(const struct yaml_tree *tree, struct error *err) {
  static const char *const keys[] = {"network", "method", "groups"};
  for YAML_EACH (node, tree->root) {
    struct text_nearest nearest = text_nearest_start(node->key);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) text_nearest_offer(&nearest, keys[i]);
    if (nearest.best != NULL && strcmp(nearest.best, node->key) == 0) continue;
    return error_input(err, tree->path, node->key_line,
                       "unknown key '%.80s'%s%s%s a plan file has network, method and groups", node->key,
                       nearest.best == NULL ? ";" : "; did you mean '",
                       nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "'?");
  }
  return 0;
}

static int plan_check_network(const struct plan_reader *reader) {
  const struct yaml_tree *tree = reader->tree;
  const struct yaml_node *network = yaml_tree_get(tree->root, "network");
  if (network == NULL) return error_input(reader->err, tree->path, 0, "the key 'network' is missing");
  if (yaml_tree_expect(tree, network, YAML_TEXT, "network", reader->err) != 0) return -1;
  if (strcmp(network->text, reader->graph->name) == 0) return 0;
  return error_input(reader->err, tree->path, network->line,
                     "a plan for network '%.200s'; expected one for '%s'", network->text,
                     reader->graph->name);
}

static int plan_take_method(const struct plan_reader *reader, char method[PLAN_METHOD_BYTES]) {
  const struct yaml_tree *tree = reader->tree;
  const struct yaml_node *node = yaml_tree_get(tree->root, "method");
  method[0] = '\0';
  if (node == NULL) return 0;
  if (yaml_tree_expect(tree, node, YAML_TEXT, "method", reader->err) != 0) return -1;
  size_t length = strlen(node->text);
  if (length == 0 || length >= PLAN_METHOD_BYTES) {
    return error_input(reader->err, tree->path, node->line,
                       "method is '%.80s'; expected the name of a method, 1 to %d bytes", node->text,
                       PLAN_METHOD_BYTES - 1);
  }
  memcpy(method, node->text, length + 1);
  return 0;
}

/* Legality, told with the line of the op that breaks it. */
static int plan_check_located(const struct plan_reader *reader, const struct plan *plan) {
  uint32_t culprit;
  if (plan_check_where(plan, &culprit, reader->err) == 0) return 0;
  if (reader->err->kind != ERROR_INPUT) return -1;
  return yaml_tree_locate(reader->tree, culprit == GRAPH_NO_OP ? 0 : reader->lines[culprit], reader->err);
}

static int plan_take_tree(struct plan_reader *reader, struct plan *plan, char method[PLAN_METHOD_BYTES]) {
  const struct yaml_tree *tree = reader->tree;
  if (yaml_tree_expect(tree, tree->root, YAML_MAP, "the plan", reader->err) != 0) return -1;
  if (plan_check_keys(tree, reader->err) != 0 || plan_check_network(reader) != 0) return -1;
  if (plan_take_method(reader, method) != 0) return -1;
  const struct yaml_node *groups = yaml_tree_get(tree->root, "groups");
  if (groups == NULL) return error_input(reader->err, tree->path, 0, "the key 'groups' is missing");
  uint32_t left_out;
  if (plan_take_groups(reader, groups) != 0) return -1;
  if (plan_check_cover(reader->graph, reader->group_of, &left_out, reader->err) != 0) {
    return yaml_tree_locate(tree, groups->key_line, reader->err);
  }
  if (plan_from_numbers(plan, reader->graph, reader->group_of, groups->count, reader->err) != 0) return -1;
  if (plan_check_located(reader, plan) == 0) return 0;
  plan_free(plan);
  return -1;
}

static int plan_read_tree(struct plan *plan, char method[PLAN_METHOD_BYTES], const struct graph *graph,
                          const struct yaml_tree *tree, struct error *err) {
  struct arena arena = ARENA_INIT;
  struct plan_reader reader = {
      .graph = graph,
      .tree = tree,
      .names = ARENA_NEW(&arena, struct plan_name, graph->op_count),
      .group_of = ARENA_NEW(&arena, uint32_t, graph->op_count),
      .lines = ARENA_NEW(&arena, unsigned long, graph->op_count),
      .err = err,
  };
  int result = -1;
  if (reader.names == NULL || reader.group_of == NULL || reader.lines == NULL) {
    error_memory(err);
  } else {
    for (uint32_t v = 0; v < graph->op_count; v++) {
      reader.names[v] = (struct plan_name){graph->ops[v].name, v};
      reader.group_of[v] = PLAN_NO_GROUP;
    }
    qsort(reader.names, graph->op_count, sizeof *reader.names, plan_compare_names);
    result = plan_take_tree(&reader, plan, method);
  }
  arena_free(&arena);
  return result;
}

int plan_file_load(struct plan *plan, char method[PLAN_METHOD_BYTES], const struct graph *graph,
                   const char *path, struct error *err) {
  struct yaml_tree tree;
  if (yaml_tree_read(&tree, path, err) != 0) return -1;
  int result = plan_read_tree(plan, method, graph, &tree, err);
  yaml_tree_free(&tree);
  return result;
}

int plan_file_load_memory(struct plan *plan, char method[PLAN_METHOD_BYTES], const struct graph *graph,
                          const void *bytes, size_t length, const char *path, struct error *err) {
  struct yaml_tree tree;
  if (yaml_tree_parse(&tree, bytes, length, path, err) != 0) return -1;
  int result = plan_read_tree(plan, method, graph, &tree, err);
  yaml_tree_free(&tree);
  return result;
}

static void plan_write_groups(struct yaml_writer *writer, const struct plan *plan) {
  yaml_writer_list(writer);
  for (uint32_t g = 0; g < plan->group_count; g++) {
    yaml_writer_list(writer);
    for BITSET_EACH (v, plan_group(plan, g), plan->graph->set_words) {
      yaml_writer_text(writer, plan->graph->ops[v].name);
    }
    yaml_writer_list_end(writer);
  }
  yaml_writer_list_end(writer);
}

char *plan_file_to_yaml(const struct plan *plan, const char *method, struct error *err) {
  struct yaml_writer *writer = yaml_writer_create();
  yaml_writer_map(writer);
  yaml_writer_text(writer, "network");
  yaml_writer_text(writer, plan->graph->name);
  if (method[0] != '\0') {
    yaml_writer_text(writer, "method");
    yaml_writer_text(writer, method);
  }
  yaml_writer_text(writer, "groups");
  plan_write_groups(writer, plan);
  yaml_writer_map_end(writer);
  return yaml_writer_finish(writer, err);
}

int plan_file_save(const struct plan *plan, const char *method, const char *path, struct error *err) {
  char *text = plan_file_to_yaml(plan, method, err);
  if (text == NULL) return -1;
  int result = file_write(path, text, strlen(text), err);
  free(text);
  return result;
}
