/* Kinds of things that have names: methods, searches, networks and so on. What `spillway list`
 * shows, what an option of that kind takes, and what a message offers when a name is wrong. */
#ifndef SPILLWAY_CLI_NAMES_H
#define SPILLWAY_CLI_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/arena.h"
#include "util/error.h"

struct name_item {
  const char *name, *summary;
};

/* Items and texts belong to the arena. */
struct name_list {
  struct name_item *items;
  size_t count;
  struct arena arena;
};

struct name_kind {
  const char *name;     /* "methods" */
  const char *singular; /* "method" */
  const char *summary;
  void (*fill)(struct name_list *list);
};

extern const struct name_kind name_kinds[];
extern const size_t name_kind_count;

/* NULL if there is none of that name. */
const struct name_kind *name_kind_find(const char *name);

/* Everything of that kind, in the order of its table, networks and hardware by name. */
void name_list_create(struct name_list *list, const struct name_kind *kind);
void name_list_add(struct name_list *list, const char *name, const char *summary);
void name_list_free(struct name_list *list);

/* 0 if the kind has that name; else ERROR_USAGE: what is near, and what there is. */
int names_check(const char *kind, const char *name, struct error *err);

/* Appends "; did you mean 'x'?" or "" and " known are a, b, c" to text. */
void names_suggest(char *text, size_t size, const struct name_list *list, const char *found);

#endif
