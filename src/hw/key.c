#include "hw/key.h"

#include <stdio.h>
#include <string.h>

#include "util/text.h"

enum { HW_LIST_BYTES = 512, HW_SECTION_BYTES = 64 };

size_t hw_key_section_length(const struct hw_key *key) {
  const char *point = strchr(key->key, '.');
  return point == NULL ? 0 : (size_t)(point - key->key);
}

const char *hw_key_leaf(const struct hw_key *key) {
  size_t length = hw_key_section_length(key);
  return length == 0 ? key->key : key->key + length + 1;
}

static bool hw_key_in(const struct hw_key *key, const char *section) {
  size_t length = hw_key_section_length(key);
  return strlen(section) == length && memcmp(key->key, section, length) == 0;
}

const struct hw_key *hw_key_find(const char *section, const char *leaf) {
  for (size_t i = 0; i < hw_key_count; i++) {
    if (hw_key_in(&hw_keys[i], section) && strcmp(hw_key_leaf(&hw_keys[i]), leaf) == 0) return &hw_keys[i];
  }
  return NULL;
}

bool hw_section_exists(const char *section) {
  for (size_t i = 0; i < hw_key_count && section[0] != '\0'; i++) {
    if (hw_key_in(&hw_keys[i], section)) return true;
  }
  return false;
}

/* The first key of a section stands for it. */
static bool hw_key_opens_section(size_t i) {
  size_t length = hw_key_section_length(&hw_keys[i]);
  if (length == 0) return false;
  return i == 0 || hw_key_section_length(&hw_keys[i - 1]) != length ||
         memcmp(hw_keys[i - 1].key, hw_keys[i].key, length) != 0;
}

static void hw_list_add(char *list, const char *name, size_t length) {
  size_t used = strlen(list);
  snprintf(list + used, HW_LIST_BYTES - used, "%s%.*s", used == 0 ? "" : ", ", (int)length, name);
}

/* What may stand in section; at top level, keys and sections. */
static void hw_list_section(char list[HW_LIST_BYTES], const char *section) {
  list[0] = '\0';
  for (size_t i = 0; i < hw_key_count; i++) {
    const char *leaf = hw_key_leaf(&hw_keys[i]);
    if (hw_key_in(&hw_keys[i], section)) {
      hw_list_add(list, leaf, strlen(leaf));
    } else if (section[0] == '\0' && hw_key_opens_section(i)) {
      hw_list_add(list, hw_keys[i].key, hw_key_section_length(&hw_keys[i]));
    }
  }
}

/* The section whose name is nearest, written to section; false if none is near. */
static bool hw_section_nearest(char section[HW_SECTION_BYTES], const char *found) {
  struct text_nearest nearest = text_nearest_start(found);
  bool near = false;
  for (size_t i = 0; i < hw_key_count; i++) {
    char name[HW_SECTION_BYTES];
    if (!hw_key_opens_section(i)) continue;
    snprintf(name, sizeof name, "%.*s", (int)hw_key_section_length(&hw_keys[i]), hw_keys[i].key);
    nearest.best = NULL;
    size_t limit = nearest.limit;
    text_nearest_offer(&nearest, name);
    if (nearest.best == NULL || (near && nearest.limit == limit)) continue;
    near = true;
    snprintf(section, HW_SECTION_BYTES, "%s", name);
  }
  return near;
}

/* The nearest key: of that section, else by its leaf in any, else by its full name. */
static const struct hw_key *hw_key_nearest(const char *section, const char *found) {
  for (int round = 0; round < 3; round++) {
    const struct hw_key *best = NULL;
    struct text_nearest nearest = text_nearest_start(found);
    for (size_t i = 0; i < hw_key_count; i++) {
      const char *name = round == 2 ? hw_keys[i].key : hw_key_leaf(&hw_keys[i]);
      if (round == 0 && !hw_key_in(&hw_keys[i], section)) continue;
      text_nearest_offer(&nearest, name);
      if (nearest.best == name) best = &hw_keys[i];
    }
    if (best != NULL) return best;
  }
  return NULL;
}

static void hw_suggest(char text[HW_LIST_BYTES], const char *section, const char *found) {
  char near_section[HW_SECTION_BYTES];
  text[0] = '\0';
  if (section[0] == '\0' && hw_section_nearest(near_section, found)) {
    snprintf(text, HW_LIST_BYTES, "; did you mean '%s'?", near_section);
    return;
  }
  const struct hw_key *key = hw_key_nearest(section, found);
  if (key == NULL) {
    snprintf(text, HW_LIST_BYTES, ";");
  } else if (hw_key_in(key, section)) {
    snprintf(text, HW_LIST_BYTES, "; did you mean '%s'?", hw_key_leaf(key));
  } else if (hw_key_section_length(key) == 0) {
    snprintf(text, HW_LIST_BYTES, "; did you mean '%s' at top level?", key->key);
  } else {
    snprintf(text, HW_LIST_BYTES, "; did you mean '%s' in section '%.*s'?", hw_key_leaf(key),
             (int)hw_key_section_length(key), key->key);
  }
}

int hw_key_unknown(const char *section, const char *leaf, struct error *err) {
  char list[HW_LIST_BYTES], suggestion[HW_LIST_BYTES];
  if (section[0] == '\0' && hw_section_exists(leaf)) {
    hw_list_section(list, leaf);
    return error_set(err, ERROR_INPUT, "'%s' is a section; expected a mapping with keys out of %s", leaf,
                     list);
  }
  hw_list_section(list, section);
  hw_suggest(suggestion, section, leaf);
  if (section[0] == '\0') {
    return error_set(err, ERROR_INPUT, "unknown key '%.80s'%s known are %s", leaf, suggestion, list);
  }
  return error_set(err, ERROR_INPUT, "unknown key '%.80s' in section '%s'%s known there are %s", leaf,
                   section, suggestion, list);
}
