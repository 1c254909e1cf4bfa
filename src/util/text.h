/* Questions about names that came from people and files. */
#ifndef SPILLWAY_UTIL_TEXT_H
#define SPILLWAY_UTIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool text_is_utf8(const char *text);

/* "Did you mean": start with what was found, offer every known name, and read `best`,
 * which is NULL as long as no name was near enough. Of equally near names the first wins.
 * All texts are borrowed. */
struct text_nearest {
  const char *found, *best;
  size_t limit; /* a name must be within this many edits to be taken */
};

struct text_nearest text_nearest_start(const char *found);

/* Edits are one byte inserted, removed or replaced, or two neighbours swapped. Names
 * longer than 255 bytes are never near. */
void text_nearest_offer(struct text_nearest *nearest, const char *name);

#endif
