/* Values as text, the same in every format. Internal to src/store. */
#ifndef SPILLWAY_STORE_QUERY_TEXT_H
#define SPILLWAY_STORE_QUERY_TEXT_H

#include <stddef.h>
#include <stdio.h>

#include "store/query.h"

#define QUERY_NUMBER_BYTES 48

/* An integer, or a real number with up to 15 significant digits and always a point; "" for
 * other types. Does not depend on the locale. */
const char *query_number_text(char *text, const struct query_value *value);

/* Bytes of the valid UTF-8 sequence at the start of bytes; 0 if there is none. */
size_t query_utf8_length(const char *bytes, size_t length);

/* A value by itself: nothing for NULL, numbers as query_number_text(), blobs as hex, texts as print_text
 * shows them. */
void query_print_value(FILE *out, const struct query_value *value,
                       void (*print_text)(FILE *out, const char *bytes, size_t length));
void query_print_hex(FILE *out, const struct query_value *blob);

/* Two lower-case digits of a byte, and a terminator. */
void query_hex(char text[3], char byte);

/* Flushes; ERROR_OUTPUT if anything written to out since it was opened failed. */
int query_flush(FILE *out, struct error *err);

#endif
