/* A YAML file as a small read-only tree with the line of every node. Of YAML it takes one
 * document, in UTF-8, of scalars, lists and mappings. Anchors, aliases, tags, repeated keys, keys
 * that are no text, NUL characters, deep nesting and very large files are refused, each
 * with file and line. (The names begin with yaml_tree_ because libyaml exports yaml_free
 * and its like.) */
#ifndef SPILLWAY_UTIL_YAML_H
#define SPILLWAY_UTIL_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/error.h"

#define YAML_MAX_BYTES ((size_t)16 << 20)
#define YAML_MAX_NODES 262144
#define YAML_MAX_DEPTH 32

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
  enum yaml_kind kind;
  unsigned long line;
  const char *key; /* in a mapping: what it is the value of; else NULL */
  unsigned long key_line;
  const char *text;                     /* YAML_TEXT: its characters; else NULL */
  bool plain;                           /* YAML_TEXT: written without quotes */
  const struct yaml_node *first, *next; /* its first child; the next child of its parent */
  uint32_t position;                    /* among the children of its parent */
  uint32_t count;                       /* of its children */
};

struct yaml_tree {
  const char *path;
  const struct yaml_node *root;
  struct arena arena; /* owns everything above */
};

/* Both take an uninitialised tree; the caller frees it with yaml_tree_free(), after a
 * failure there is nothing to free. path is used in messages; bytes may be anything. */
int yaml_tree_read(struct yaml_tree *tree, const char *path, struct error *err);
int yaml_tree_parse(struct yaml_tree *tree, const void *bytes, size_t length, const char *path,
                    struct error *err);

void yaml_tree_free(struct yaml_tree *tree);

/* The value of key in a mapping, or NULL. */
const struct yaml_node *yaml_tree_get(const struct yaml_node *map, const char *key);

/* Nothing is written there: `key:` at the end of a line. */
bool yaml_tree_is_void(const struct yaml_node *node);

/* 0 if node is of that kind and, for a text, not void; else ERROR_INPUT. what names it. */
int yaml_tree_expect(const struct yaml_tree *tree, const struct yaml_node *node, enum yaml_kind kind,
                     const char *what, struct error *err);

/* Puts "FILE:LINE: " before the message in err, makes it ERROR_INPUT and returns -1. */
int yaml_tree_locate(const struct yaml_tree *tree, unsigned long line, struct error *err);

#define YAML_EACH(node, parent) \
  (const struct yaml_node *node = (parent)->first; node != NULL; node = node->next)

#endif
