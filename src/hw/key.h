/* Lookups in hw_keys, for this module. A key is a section, "" at top level, and a leaf. */
#ifndef SPILLWAY_HW_KEY_H
#define SPILLWAY_HW_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "hw/hw.h"

/* Length of the section, with which key->key begins; 0 at top level. */
size_t hw_key_section_length(const struct hw_key *key);
const char *hw_key_leaf(const struct hw_key *key);

/* NULL if there is no such key. */
const struct hw_key *hw_key_find(const char *section, const char *leaf);

/* False for "". */
bool hw_section_exists(const char *section);

/* Says that section has no such key, what is near, and which keys there are; or, if it
 * names a section, what the section holds. ERROR_INPUT without file and line, always -1. */
int hw_key_unknown(const char *section, const char *leaf, struct error *err);

#endif
