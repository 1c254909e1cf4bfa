#include "util/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "util/file.h"
#include "util/units.h"

/* A list or mapping that is still open. */
struct yaml_frame {
  struct yaml_node *node, *last; /* last: its newest child */
  const char *key;               /* a mapping's key that waits for its value */
  unsigned long key_line;
};

struct yaml_reader {
  yaml_parser_t parser;
  struct yaml_tree *tree;
  const unsigned char *bytes;
  uint32_t node_count;
  size_t depth;
  struct yaml_frame frames[YAML_MAX_DEPTH];
};

static unsigned long yaml_line(yaml_mark_t mark) { return (unsigned long)mark.line + 1; }

static unsigned long yaml_line_at(const unsigned char *bytes, size_t offset) {
  unsigned long line = 1;
  for (size_t i = 0; i < offset; i++) line += bytes[i] == '\n';
  return line;
}

/* What libyaml says about malformed text. Its errors below the level of tokens carry an
 * offset and no line. */
static int yaml_report(const struct yaml_reader *reader, struct error *err) {
  const yaml_parser_t *parser = &reader->parser;
  const char *problem = parser->problem == NULL ? "cannot be parsed" : parser->problem;
  if (parser->error == YAML_MEMORY_ERROR) return error_memory(err);
  if (parser->error == YAML_READER_ERROR) {
    return error_input(err, reader->tree->path, yaml_line_at(reader->bytes, parser->problem_offset),
                       "not YAML text: %s (byte %zu of the file)", problem, parser->problem_offset);
  }
  if (parser->context == NULL) {
    return error_input(err, reader->tree->path, yaml_line(parser->problem_mark),
                       "not valid YAML: %s (column %zu)", problem, parser->problem_mark.column + 1);
  }
  return error_input(err, reader->tree->path, yaml_line(parser->problem_mark),
                     "not valid YAML: %s (column %zu), %s that begins on line %lu", problem,
                     parser->problem_mark.column + 1, parser->context, yaml_line(parser->context_mark));
}

static struct yaml_frame *yaml_top(struct yaml_reader *reader) {
  return reader->depth == 0 ? NULL : &reader->frames[reader->depth - 1];
}

static bool yaml_wants_key(struct yaml_reader *reader) {
  const struct yaml_frame *top = yaml_top(reader);
  return top != NULL && top->node->kind == YAML_MAP && top->key == NULL;
}

/* Makes node the next child of the innermost open node, or the root. */
static void yaml_attach(struct yaml_reader *reader, struct yaml_node *node) {
  struct yaml_frame *top = yaml_top(reader);
  if (top == NULL) {
    reader->tree->root = node;
    return;
  }
  node->key = top->key;
  node->key_line = top->key_line;
  node->position = top->node->count++;
  if (top->last == NULL) {
    top->node->first = node;
  } else {
    top->last->next = node;
  }
  top->last = node;
  top->key = NULL;
}

static int yaml_add(struct yaml_reader *reader, struct yaml_node **out, enum yaml_kind kind,
                    unsigned long line, struct error *err) {
  if (reader->node_count == YAML_MAX_NODES) {
    return error_input(err, reader->tree->path, line, "more than %d values, the most that is read",
                       YAML_MAX_NODES);
  }
  struct yaml_node *node = ARENA_NEW(&reader->tree->arena, struct yaml_node, 1);
  if (node == NULL) return error_memory(err);
  reader->node_count++;
  node->kind = kind;
  node->line = line;
  yaml_attach(reader, node);
  *out = node;
  return 0;
}

static int yaml_check_plainness(const struct yaml_reader *reader, const yaml_char_t *anchor,
                                const yaml_char_t *tag, unsigned long line, struct error *err) {
  if (anchor != NULL) {
    return error_input(err, reader->tree->path, line,
                       "the anchor '&%s' is not supported; write the value out", (const char *)anchor);
  }
  if (tag != NULL) {
    return error_input(err, reader->tree->path, line, "the tag '%s' is not supported; leave it out",
                       (const char *)tag);
  }
  return 0;
}

static int yaml_take_text(struct yaml_reader *reader, const yaml_event_t *event, struct error *err) {
  unsigned long line = yaml_line(event->start_mark);
  const char *value = (const char *)event->data.scalar.value;
  size_t length = event->data.scalar.length;
  if (yaml_check_plainness(reader, event->data.scalar.anchor, event->data.scalar.tag, line, err) != 0) {
    return -1;
  }
  if (memchr(value, '\0', length) != NULL) {
    return error_input(err, reader->tree->path, line, "a NUL character in '%s'", value);
  }
  const char *text = arena_strndup(&reader->tree->arena, value, length);
  if (text == NULL) return error_memory(err);
  if (yaml_wants_key(reader)) {
    struct yaml_frame *top = yaml_top(reader);
    top->key = text;
    top->key_line = line;
    return 0;
  }
  struct yaml_node *node;
  if (yaml_add(reader, &node, YAML_TEXT, line, err) != 0) return -1;
  node->text = text;
  node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  return 0;
}

static int yaml_take_open(struct yaml_reader *reader, enum yaml_kind kind, unsigned long line,
                          struct error *err) {
  struct yaml_node *node;
  if (yaml_wants_key(reader)) {
    return error_input(err, reader->tree->path, line, "a %s as a key; expected text",
                       kind == YAML_LIST ? "list" : "mapping");
  }
  if (reader->depth == YAML_MAX_DEPTH) {
    return error_input(err, reader->tree->path, line, "nested deeper than %d levels", YAML_MAX_DEPTH);
  }
  if (yaml_add(reader, &node, kind, line, err) != 0) return -1;
  reader->frames[reader->depth++] = (struct yaml_frame){.node = node};
  return 0;
}

static int yaml_compare_keys(const void *a, const void *b) {
  const struct yaml_node *left = *(const struct yaml_node *const *)a;
  const struct yaml_node *right = *(const struct yaml_node *const *)b;
  int order = strcmp(left->key, right->key);
  if (order != 0) return order;
  return left->position < right->position ? -1 : left->position > right->position;
}

/* Sorted rather than compared in pairs: a mapping can have very many keys. */
static int yaml_check_keys(const struct yaml_reader *reader, const struct yaml_node *map, struct error *err) {
  const struct yaml_node *first = NULL, *again = NULL;
  if (map->count < 2) return 0;
  const struct yaml_node **sorted = malloc(map->count * sizeof(const struct yaml_node *));
  if (sorted == NULL) return error_memory(err);
  for YAML_EACH (node, map) sorted[node->position] = node;
  qsort(sorted, map->count, sizeof *sorted, yaml_compare_keys);
  for (size_t i = 1; i < map->count; i++) {
    if (strcmp(sorted[i - 1]->key, sorted[i]->key) != 0) continue;
    if (again != NULL && again->position < sorted[i]->position) continue;
    first = sorted[i - 1];
    again = sorted[i];
  }
  free(sorted);
  if (again == NULL) return 0;
  return error_input(err, reader->tree->path, again->key_line, "the key '%s' is there already, on line %lu",
                     again->key, first->key_line);
}

static int yaml_take_close(struct yaml_reader *reader, struct error *err) {
  const struct yaml_node *node = reader->frames[--reader->depth].node;
  return node->kind == YAML_MAP ? yaml_check_keys(reader, node, err) : 0;
}

static int yaml_take(struct yaml_reader *reader, const yaml_event_t *event, struct error *err) {
  unsigned long line = yaml_line(event->start_mark);
  switch (event->type) {
    case YAML_SCALAR_EVENT:
      return yaml_take_text(reader, event, err);
    case YAML_SEQUENCE_START_EVENT:
      if (yaml_check_plainness(reader, event->data.sequence_start.anchor, event->data.sequence_start.tag,
                               line, err) != 0) {
        return -1;
      }
      return yaml_take_open(reader, YAML_LIST, line, err);
    case YAML_MAPPING_START_EVENT:
      if (yaml_check_plainness(reader, event->data.mapping_start.anchor, event->data.mapping_start.tag, line,
                               err) != 0) {
        return -1;
      }
      return yaml_take_open(reader, YAML_MAP, line, err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      return yaml_take_close(reader, err);
    case YAML_ALIAS_EVENT:
      return error_input(err, reader->tree->path, line,
                         "the alias '*%s' is not supported; write the value out",
                         (const char *)event->data.alias.anchor);
    case YAML_DOCUMENT_START_EVENT:
      if (reader->tree->root == NULL) return 0;
      return error_input(err, reader->tree->path, line, "a second document; expected one in the file");
    default:
      return 0;
  }
}

static int yaml_build(struct yaml_reader *reader, struct error *err) {
  for (;;) {
    yaml_event_t event;
    if (!yaml_parser_parse(&reader->parser, &event)) return yaml_report(reader, err);
    bool end = event.type == YAML_STREAM_END_EVENT;
    int result = yaml_take(reader, &event, err);
    yaml_event_delete(&event);
    if (result != 0) return -1;
    if (!end) continue;
    if (reader->tree->root != NULL) return 0;
    return error_input(err, reader->tree->path, 0, "holds nothing but comments");
  }
}

/* libyaml compares every %TAG directive with all before it, which takes for ever if a file
 * is full of them; they are of no use without tags. A directive starts a line, and what
 * ends one is a control character or a byte of a longer character. */
static int yaml_check_directives(const unsigned char *bytes, size_t length, const char *path,
                                 struct error *err) {
  const unsigned char *at = bytes, *end = bytes + length;
  while (at < end && (at = memchr(at, '%', (size_t)(end - at))) != NULL) {
    bool starts_line = at == bytes || at[-1] < ' ' || at[-1] >= 0x80;
    if (starts_line && end - at >= 4 && memcmp(at, "%TAG", 4) == 0) {
      return error_input(err, path, yaml_line_at(bytes, (size_t)(at - bytes)),
                         "a %%TAG directive is not supported; leave it out");
    }
    at++;
  }
  return 0;
}

static int yaml_check_bytes(const unsigned char *bytes, size_t length, const char *path, struct error *err) {
  char limit[UNITS_TEXT_BYTES];
  if (length > YAML_MAX_BYTES) {
    return error_input(err, path, 0, "larger than %s, the most that is read of such a file",
                       units_format_bytes(limit, YAML_MAX_BYTES));
  }
  if (length >= 2 && ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff))) {
    return error_input(err, path, 0, "is UTF-16 text; expected UTF-8");
  }
  return yaml_check_directives(bytes, length, path, err);
}

int yaml_tree_parse(struct yaml_tree *tree, const void *bytes, size_t length, const char *path,
                    struct error *err) {
  *tree = (struct yaml_tree){.arena = ARENA_INIT};
  if (yaml_check_bytes(bytes, length, path, err) != 0) return -1;
  struct yaml_reader reader = {.tree = tree, .bytes = bytes};
  tree->path = arena_strdup(&tree->arena, path);
  if (tree->path == NULL) return error_memory(err);
  int result = -1;
  if (yaml_parser_initialize(&reader.parser)) {
    yaml_parser_set_input_string(&reader.parser, bytes, length);
    result = yaml_build(&reader, err);
    yaml_parser_delete(&reader.parser);
  } else {
    error_memory(err);
  }
  if (result != 0) yaml_tree_free(tree);
  return result;
}

int yaml_tree_read(struct yaml_tree *tree, const char *path, struct error *err) {
  char *bytes;
  size_t length;
  if (file_read(&bytes, &length, path, YAML_MAX_BYTES, err) != 0) return -1;
  int result = yaml_tree_parse(tree, bytes, length, path, err);
  free(bytes);
  return result;
}

void yaml_tree_free(struct yaml_tree *tree) {
  arena_free(&tree->arena);
  tree->root = NULL;
  tree->path = NULL;
}

const struct yaml_node *yaml_tree_get(const struct yaml_node *map, const char *key) {
  for YAML_EACH (node, map) {
    if (node->key != NULL && strcmp(node->key, key) == 0) return node;
  }
  return NULL;
}

bool yaml_tree_is_void(const struct yaml_node *node) {
  return node->kind == YAML_TEXT && node->plain && node->text[0] == '\0';
}

int yaml_tree_expect(const struct yaml_tree *tree, const struct yaml_node *node, enum yaml_kind kind,
                     const char *what, struct error *err) {
  static const char *const names[] = {
      [YAML_TEXT] = "a single value", [YAML_LIST] = "a list", [YAML_MAP] = "a mapping"};
  if (yaml_tree_is_void(node)) {
    return error_input(err, tree->path, node->line, "%s has no value; expected %s", what, names[kind]);
  }
  if (node->kind == kind) return 0;
  if (node->kind == YAML_TEXT) {
    return error_input(err, tree->path, node->line, "%s is '%.80s'; expected %s", what, node->text,
                       names[kind]);
  }
  return error_input(err, tree->path, node->line, "%s is %s; expected %s", what, names[node->kind],
                     names[kind]);
}

int yaml_tree_locate(const struct yaml_tree *tree, unsigned long line, struct error *err) {
  char message[ERROR_MESSAGE_BYTES];
  memcpy(message, err->message, sizeof message);
  return error_input(err, tree->path, line, "%s", message);
}
