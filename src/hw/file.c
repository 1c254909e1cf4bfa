#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/hw.h"
#include "hw/key.h"
#include "util/units.h"
#include "util/yaml.h"
#include "util/yaml_write.h"

static int hw_load_value(struct hw *hw, const struct yaml_tree *tree, const char *section,
                         const struct yaml_node *node, struct error *err) {
  const struct hw_key *key = hw_key_find(section, node->key);
  if (key == NULL) {
    hw_key_unknown(section, node->key, err);
    return yaml_tree_locate(tree, node->key_line, err);
  }
  if (yaml_tree_expect(tree, node, YAML_TEXT, key->key, err) != 0) return -1;
  return hw_set(hw, key->key, node->text, err) == 0 ? 0 : yaml_tree_locate(tree, node->line, err);
}

/* A section with nothing below it, its keys being commented out, is an empty mapping. */
static int hw_load_entry(struct hw *hw, const struct yaml_tree *tree, const struct yaml_node *entry,
                         struct error *err) {
  bool is_section = hw_section_exists(entry->key);
  if (is_section && yaml_tree_is_void(entry)) return 0;
  if (!is_section || entry->kind != YAML_MAP) return hw_load_value(hw, tree, "", entry, err);
  for YAML_EACH (node, entry) {
    if (hw_load_value(hw, tree, entry->key, node, err) != 0) return -1;
  }
  return 0;
}

static int hw_load_tree(struct hw *hw, const struct yaml_tree *tree, struct error *err) {
  if (yaml_tree_expect(tree, tree->root, YAML_MAP, "the hardware description", err) != 0) return -1;
  for YAML_EACH (entry, tree->root) {
    if (hw_load_entry(hw, tree, entry, err) != 0) return -1;
  }
  return 0;
}

/* Frees tree. */
static int hw_take_tree(struct hw *hw, struct yaml_tree *tree, struct error *err) {
  struct hw loaded = hw_default();
  int result = hw_load_tree(&loaded, tree, err);
  if (result == 0) *hw = loaded;
  yaml_tree_free(tree);
  return result;
}

int hw_load(struct hw *hw, const char *path, struct error *err) {
  struct yaml_tree tree;
  return yaml_tree_read(&tree, path, err) == 0 ? hw_take_tree(hw, &tree, err) : -1;
}

int hw_load_memory(struct hw *hw, const void *bytes, size_t length, const char *path, struct error *err) {
  struct yaml_tree tree;
  return yaml_tree_parse(&tree, bytes, length, path, err) == 0 ? hw_take_tree(hw, &tree, err) : -1;
}

static void hw_write_value(struct yaml_writer *writer, const struct hw *hw, const struct hw_key *key) {
  char text[UNITS_TEXT_BYTES];
  const void *field = (const unsigned char *)hw + key->offset;
  switch (key->type) {
    case HW_TEXT:
      yaml_writer_text(writer, field);
      return;
    case HW_BYTES:
      units_format_whole_bytes(text, *(const uint64_t *)field);
      break;
    case HW_COUNT:
      snprintf(text, sizeof text, "%u", *(const uint32_t *)field);
      break;
    case HW_REAL:
      units_format_real(text, *(const double *)field);
      break;
    case HW_NAME:
      yaml_writer_text(writer, key->names[*(const uint32_t *)field]);
      return;
    case HW_BOOL:
      snprintf(text, sizeof text, "%s", *(const bool *)field ? "true" : "false");
      break;
  }
  yaml_writer_plain(writer, text);
}

/* Opens and closes section mappings where key i differs from the one before. */
static void hw_write_section(struct yaml_writer *writer, const struct hw_key *before,
                             const struct hw_key *key) {
  char name[HW_NAME_BYTES];
  size_t length = hw_key_section_length(key);
  size_t length_before = before == NULL ? 0 : hw_key_section_length(before);
  if (before != NULL && length == length_before && memcmp(before->key, key->key, length) == 0) return;
  if (length_before > 0) yaml_writer_map_end(writer);
  if (length == 0) return;
  snprintf(name, sizeof name, "%.*s", (int)length, key->key);
  yaml_writer_text(writer, name);
  yaml_writer_map(writer);
}

char *hw_to_yaml(const struct hw *hw) {
  struct error err = ERROR_INIT;
  struct yaml_writer *writer = yaml_writer_create();
  const struct hw_key *before = NULL;
  yaml_writer_map(writer);
  for (size_t i = 0; i < hw_key_count; i++) {
    hw_write_section(writer, before, &hw_keys[i]);
    yaml_writer_text(writer, hw_key_leaf(&hw_keys[i]));
    hw_write_value(writer, hw, &hw_keys[i]);
    before = &hw_keys[i];
  }
  if (before != NULL && hw_key_section_length(before) > 0) yaml_writer_map_end(writer);
  yaml_writer_map_end(writer);
  return yaml_writer_finish(writer, &err);
}
