#include "cli/experiment.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/find.h"
#include "cli/memory.h"
#include "cli/names.h"
#include "util/text.h"
#include "util/units.h"
#include "util/yaml.h"

enum { KEYS = 64 }; /* at least as many as there are */

/* The values of a key. */
struct axis {
  const char **texts;
  size_t count, capacity;
};

/* One product. An axis without values is not given. */
struct block {
  struct axis axes[KEYS];
  unsigned long line;
};

struct loader {
  struct experiment *experiment;
  struct yaml_tree tree;
  const char *directory; /* of the file */
  size_t capacity;       /* of the cells */
};

/* ---- one value ---- */

static bool has_suffix(const char *text, const char *ending) {
  size_t length = strlen(text), end = strlen(ending);
  return length > end && strcmp(text + length - end, ending) == 0;
}

static const struct find_place *place_of(const struct experiment_key *key) {
  return strcmp(key->kind, "networks") == 0 ? &find_networks : &find_hardware;
}

/* Whether there is such a file; what is in it shows later. */
static int check_file(const struct experiment_key *key, const char *name, struct error *err) {
  char *path;
  if (find_path(&path, place_of(key), name, err) != 0) return -1;
  int status = access(path, R_OK) == 0 ? 0 : error_input(err, path, 0, "cannot open: %s", strerror(errno));
  free(path);
  return status;
}

/* Paths are relative to the experiment's file. */
static const char *locate_file(struct loader *loader, const struct experiment_key *key, const char *text) {
  struct arena *arena = &loader->experiment->arena;
  bool is_path = key->type == EXPERIMENT_FOLDER || strchr(text, '/') != NULL || has_suffix(text, place_of(key)->ending);
  if (!is_path || text[0] == '/' || strcmp(loader->directory, ".") == 0) return cli_checked(arena_strdup(arena, text));
  char *path = cli_format("%s/%s", loader->directory, text);
  const char *kept = cli_checked(arena_strdup(arena, path));
  free(path);
  return kept;
}

static int add_value(struct loader *loader, struct axis *axis, const struct experiment_key *key, const char *text,
                     unsigned long line, struct error *err) {
  struct cell_settings scratch;
  if (axis->count == EXPERIMENT_MAX_CELLS) {
    return error_input(err, loader->tree.path, line, "%s has more than %d values", key->key, EXPERIMENT_MAX_CELLS);
  }
  if (experiment_key_set(&scratch, key, text, err) != 0) return yaml_tree_locate(&loader->tree, line, err);
  if (axis->count == axis->capacity) {
    axis->capacity = 2 * axis->capacity + 8;
    axis->texts = cli_grow(axis->texts, axis->capacity, sizeof *axis->texts);
  }
  bool file = key->type == EXPERIMENT_FILE, path = file || key->type == EXPERIMENT_FOLDER;
  text = path ? locate_file(loader, key, text) : cli_checked(arena_strdup(&loader->experiment->arena, text));
  axis->texts[axis->count++] = text;
  return file && check_file(key, text, err) != 0 ? yaml_tree_locate(&loader->tree, line, err) : 0;
}

/* ---- ranges ---- */

struct range {
  uint64_t from, to, step, factor; /* one of the last two is 0 */
};

static int add_range(struct loader *loader, struct axis *axis, const struct experiment_key *key, struct range range,
                     unsigned long line, struct error *err) {
  char text[UNITS_TEXT_BYTES];
  for (uint64_t value = range.from; value <= range.to;) {
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    if (add_value(loader, axis, key, text, line, err) != 0) return -1;
    uint64_t next;
    bool over = range.step > 0 ? __builtin_add_overflow(value, range.step, &next)
                               : __builtin_mul_overflow(value, range.factor, &next);
    if (over) break;
    value = next;
  }
  return 0;
}

static int expect_order(const struct loader *loader, const struct experiment_key *key, struct range range,
                        unsigned long line, struct error *err) {
  if (range.from <= range.to) return 0;
  return error_input(err, loader->tree.path, line, "%s goes from %llu to %llu; expected the smaller end first",
                     key->key, (unsigned long long)range.from, (unsigned long long)range.to);
}

/* "1..5"; whether it is meant as a range at all. */
static bool is_dotted(const struct experiment_key *key, const char *text) {
  return experiment_key_has_ranges(key) && key->type != EXPERIMENT_SIZE && strstr(text, "..") != NULL;
}

static int add_dotted(struct loader *loader, struct axis *axis, const struct experiment_key *key,
                      const struct yaml_node *node, struct error *err) {
  struct range range = {.step = 1};
  char expected[EXPERIMENT_EXPECTED_BYTES];
  char *from = cli_strdup(node->text), *dots = strstr(from, "..");
  *dots = '\0';
  int status = experiment_key_number(key, from, &range.from);
  if (status == 0) status = experiment_key_number(key, dots + 2, &range.to);
  free(from);
  if (status == 0) {
    if (expect_order(loader, key, range, node->line, err) != 0) return -1;
    return add_range(loader, axis, key, range, node->line, err);
  }
  experiment_key_expected(expected, key);
  return error_input(err, loader->tree.path, node->line,
                     "%s is '%.80s'; expected a range such as 1..5 with both ends %s", key->key, node->text, expected);
}

static const char *const range_keys[] = {"from", "to", "step", "factor"};
enum { RANGE_FROM, RANGE_TO, RANGE_STEP, RANGE_FACTOR, RANGE_KEYS };

static int unknown_range_key(const struct loader *loader, const struct experiment_key *key,
                             const struct yaml_node *node, struct error *err) {
  return error_input(err, loader->tree.path, node->key_line,
                     "unknown key '%.80s' in the range of %s; known there are from, to, and step or factor", node->key,
                     key->key);
}

/* One of the numbers of a range; its ends must be what the key takes. */
static int read_range_number(const struct loader *loader, const struct experiment_key *key,
                             const struct yaml_node *node, size_t which, uint64_t *value, struct error *err) {
  char expected[EXPERIMENT_EXPECTED_BYTES];
  if (yaml_tree_expect(&loader->tree, node, YAML_TEXT, node->key, err) != 0) return -1;
  int status;
  if (which == RANGE_STEP && key->type == EXPERIMENT_SIZE) {
    status = units_parse_bytes(value, node->text);
  } else if (which >= RANGE_STEP) {
    status = units_parse_u64(value, node->text);
  } else {
    status = experiment_key_number(key, node->text, value);
  }
  if (which >= RANGE_STEP && status == 0 && *value < (which == RANGE_STEP ? 1 : 2)) status = -1;
  if (status == 0) return 0;
  if (which == RANGE_STEP) {
    snprintf(expected, sizeof expected, "%s of at least 1", key->type == EXPERIMENT_SIZE ? "a size" : "a whole number");
  } else if (which == RANGE_FACTOR) {
    snprintf(expected, sizeof expected, "a whole number of at least 2");
  } else {
    experiment_key_expected(expected, key);
  }
  return error_input(err, loader->tree.path, node->line, "%s of the range of %s is '%.80s'; expected %s", node->key,
                     key->key, node->text, expected);
}

static int add_mapped(struct loader *loader, struct axis *axis, const struct experiment_key *key,
                      const struct yaml_node *map, struct error *err) {
  uint64_t numbers[RANGE_KEYS] = {0};
  bool given[RANGE_KEYS] = {false};
  for YAML_EACH (node, map) {
    size_t which = 0;
    while (which < RANGE_KEYS && strcmp(range_keys[which], node->key) != 0) which++;
    if (which == RANGE_KEYS) return unknown_range_key(loader, key, node, err);
    if (read_range_number(loader, key, node, which, &numbers[which], err) != 0) return -1;
    given[which] = true;
  }
  if (!given[RANGE_FROM] || !given[RANGE_TO] || given[RANGE_STEP] == given[RANGE_FACTOR]) {
    return error_input(err, loader->tree.path, map->line, "a range of %s needs from, to, and either step or factor",
                       key->key);
  }
  const struct range range = {numbers[RANGE_FROM], numbers[RANGE_TO], numbers[RANGE_STEP], numbers[RANGE_FACTOR]};
  if (expect_order(loader, key, range, map->line, err) != 0) return -1;
  if (range.factor > 0 && range.from == 0) {
    return error_input(err, loader->tree.path, map->line, "a range of %s by a factor cannot begin at 0", key->key);
  }
  return add_range(loader, axis, key, range, map->line, err);
}

/* ---- the values of a key ---- */

static int add_item(struct loader *loader, struct axis *axis, const struct experiment_key *key,
                    const struct yaml_node *node, struct error *err) {
  if (node->kind == YAML_MAP && experiment_key_has_ranges(key)) return add_mapped(loader, axis, key, node, err);
  if (yaml_tree_expect(&loader->tree, node, YAML_TEXT, key->key, err) != 0) return -1;
  if (is_dotted(key, node->text)) return add_dotted(loader, axis, key, node, err);
  return add_value(loader, axis, key, node->text, node->line, err);
}

static int read_axis(struct loader *loader, struct axis *axis, const struct experiment_key *key,
                     const struct yaml_node *node, struct error *err) {
  axis->count = 0;
  if (node->kind != YAML_LIST) return add_item(loader, axis, key, node, err);
  if (node->count == 0) {
    return error_input(err, loader->tree.path, node->line, "%s is an empty list; expected at least one value",
                       key->key);
  }
  for YAML_EACH (item, node) {
    if (add_item(loader, axis, key, item, err) != 0) return -1;
  }
  return 0;
}

/* ---- products ---- */

static int count_cells(const struct loader *loader, const struct block *block, size_t *count, struct error *err) {
  *count = 1;
  for (size_t k = 0; k < experiment_key_count; k++) {
    if (block->axes[k].count == 0) continue;
    *count *= block->axes[k].count;
    if (*count + loader->experiment->cell_count > EXPERIMENT_MAX_CELLS) {
      return error_input(err, loader->tree.path, block->line,
                         "describes more than %d cells; use several files, or fewer values", EXPERIMENT_MAX_CELLS);
    }
  }
  return 0;
}

/* The values of cell number n of the product, the last key going round first. */
static struct cell_settings nth_cell(const struct block *block, size_t n) {
  struct cell_settings settings = experiment_defaults();
  struct error err = ERROR_INIT; /* all values were tried before */
  for (size_t k = experiment_key_count; k-- > 0;) {
    const struct axis *axis = &block->axes[k];
    if (axis->count == 0) continue;
    experiment_key_set(&settings, &experiment_keys[k], axis->texts[n % axis->count], &err);
    n /= axis->count;
  }
  return settings;
}

static int add_product(struct loader *loader, const struct block *block, struct error *err) {
  struct experiment *experiment = loader->experiment;
  size_t count;
  if (block->axes[experiment_key_find("networks") - experiment_keys].count == 0) {
    return error_input(err, loader->tree.path, block->line, "names no networks; expected a key 'networks'");
  }
  if (count_cells(loader, block, &count, err) != 0) return -1;
  if (experiment->cell_count + count > loader->capacity) {
    loader->capacity = 2 * loader->capacity + count;
    experiment->cells = cli_grow(experiment->cells, loader->capacity, sizeof *experiment->cells);
  }
  for (size_t n = 0; n < count; n++) {
    experiment->cells[experiment->cell_count++] =
        (struct cell){.settings = nth_cell(block, n), .line = block->line, .label = ""};
  }
  return 0;
}

/* ---- the file ---- */

static int unknown_key(const struct loader *loader, const struct yaml_node *node, bool top, struct error *err) {
  char suggestion[700] = "";
  struct name_list list = {.arena = ARENA_INIT};
  for (size_t i = 0; i < experiment_key_count; i++) name_list_add(&list, experiment_keys[i].key, "");
  if (top) {
    name_list_add(&list, "name", "");
    name_list_add(&list, "cells", "");
  }
  names_suggest(suggestion, sizeof suggestion, &list, node->key);
  name_list_free(&list);
  if (!top && (strcmp(node->key, "name") == 0 || strcmp(node->key, "cells") == 0)) {
    return error_input(err, loader->tree.path, node->key_line, "'%s' belongs at the top of the file", node->key);
  }
  return error_input(err, loader->tree.path, node->key_line, "unknown key '%.80s'%s", node->key, suggestion);
}

static int read_block(struct loader *loader, struct block *block, const struct yaml_node *map, bool top,
                      struct error *err) {
  block->line = map->line;
  for YAML_EACH (node, map) {
    const struct experiment_key *key = experiment_key_find(node->key);
    if (top && (strcmp(node->key, "name") == 0 || strcmp(node->key, "cells") == 0)) continue;
    if (key == NULL) return unknown_key(loader, node, top, err);
    if (read_axis(loader, &block->axes[key - experiment_keys], key, node, err) != 0) return -1;
  }
  return 0;
}

/* A block begins as the top of the file and has its own values where it gives some. */
static int read_cells(struct loader *loader, const struct block *top, const struct yaml_node *list, struct error *err) {
  if (yaml_tree_expect(&loader->tree, list, YAML_LIST, "cells", err) != 0) return -1;
  if (list->count == 0) {
    return error_input(err, loader->tree.path, list->line, "cells is an empty list; expected at least one mapping");
  }
  for YAML_EACH (item, list) {
    struct block block = {.line = item->line};
    if (yaml_tree_expect(&loader->tree, item, YAML_MAP, "an item of cells", err) != 0) return -1;
    int status = read_block(loader, &block, item, false, err);
    struct block whole = block;
    for (size_t k = 0; k < experiment_key_count; k++) {
      if (whole.axes[k].count == 0) whole.axes[k] = top->axes[k];
    }
    if (status == 0) status = add_product(loader, &whole, err);
    for (size_t k = 0; k < experiment_key_count; k++) free(block.axes[k].texts);
    if (status != 0) return -1;
  }
  return 0;
}

static int read_name(struct loader *loader, const char *path, struct error *err) {
  const struct yaml_node *node = yaml_tree_get(loader->tree.root, "name");
  char *copy = cli_strdup(path), *base = basename(copy);
  if (has_suffix(base, ".yaml")) base[strlen(base) - strlen(".yaml")] = '\0';
  int status = 0;
  const char *name = base;
  if (node != NULL) {
    status = yaml_tree_expect(&loader->tree, node, YAML_TEXT, "name", err);
    name = node->text;
  }
  char *clean = status == 0 ? cli_clean(name) : NULL;
  if (status == 0 && (name[0] == '\0' || strlen(name) >= EXPERIMENT_NAME_BYTES || strcmp(clean, name) != 0)) {
    status = error_input(err, path, node == NULL ? 0 : node->line,
                         "the name of the experiment is '%.80s'; expected 1 to %d bytes without control characters%s",
                         name, EXPERIMENT_NAME_BYTES - 1, node == NULL ? "; give a key 'name'" : "");
  }
  if (status == 0) memcpy(loader->experiment->name, name, strlen(name) + 1);
  free(clean);
  free(copy);
  return status;
}

static int read_tree(struct loader *loader, const char *path, struct error *err) {
  struct block top = {.line = 0};
  if (yaml_tree_expect(&loader->tree, loader->tree.root, YAML_MAP, "the experiment", err) != 0) return -1;
  const struct yaml_node *cells = yaml_tree_get(loader->tree.root, "cells");
  int status = read_name(loader, path, err);
  if (status == 0) status = read_block(loader, &top, loader->tree.root, true, err);
  if (status == 0) status = cells == NULL ? add_product(loader, &top, err) : read_cells(loader, &top, cells, err);
  for (size_t k = 0; k < experiment_key_count; k++) free(top.axes[k].texts);
  return status;
}

int experiment_parse(struct experiment *out, const char *path, struct error *err) {
  struct loader loader = {.experiment = out};
  *out = (struct experiment){.arena = ARENA_INIT};
  if (yaml_tree_read(&loader.tree, path, err) != 0) return -1;
  char *copy = cli_strdup(path);
  loader.directory = dirname(copy);
  int status = read_tree(&loader, path, err);
  free(copy);
  yaml_tree_free(&loader.tree);
  if (status != 0) experiment_free(out);
  return status;
}

int experiment_load(struct experiment *out, const char *path, struct error *err) {
  if (experiment_parse(out, path, err) != 0) return -1;
  int status = experiment_identify(out, path, err);
  if (status != 0) experiment_free(out);
  return status;
}

void experiment_free(struct experiment *experiment) {
  free(experiment->cells);
  arena_free(&experiment->arena);
  *experiment = (struct experiment){.arena = ARENA_INIT};
}
