/* JSON that is written piece by piece, for documents too large to be built. */
#ifndef SPILLWAY_UTIL_JSON_H
#define SPILLWAY_UTIL_JSON_H

#include <stdio.h>

/* prefix and text, one behind the other, as a JSON string in quotes. What is not UTF-8 becomes
 * '?'. */
void json_put_string(FILE *file, const char *prefix, const char *text);

#endif
