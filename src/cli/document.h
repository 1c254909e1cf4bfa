/* JSON documents. Keys keep the order in which they were added; memory cannot run out
 * (memory.h), so none of these fails. */
#ifndef SPILLWAY_CLI_DOCUMENT_H
#define SPILLWAY_CLI_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Values to add; a value belongs to the object or list that it is added to. */
json_t *document_text(const char *text); /* cli_clean()ed; NULL becomes null */
json_t *document_count(uint64_t count);
json_t *document_real(double value); /* null if it is infinite or no number: JSON has none of these */

void document_add(json_t *object, const char *key, json_t *value);
void document_add_text(json_t *object, const char *key, const char *text);
void document_add_count(json_t *object, const char *key, uint64_t count);
void document_add_real(json_t *object, const char *key, double value);
void document_append(json_t *list, json_t *value);

/* Prints and frees. */
void document_finish(json_t *document);

#endif
