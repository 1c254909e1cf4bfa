/* Writes YAML into memory: block style, one value per line, nothing folded, so that every
 * text comes back as it was. Texts that another reader could take for a number, a boolean
 * or punctuation are quoted.
 *
 * Failures are kept until yaml_writer_finish(). */
#ifndef SPILLWAY_UTIL_YAML_WRITE_H
#define SPILLWAY_UTIL_YAML_WRITE_H

#include "util/error.h"

struct yaml_writer;

/* NULL without memory; the other calls take NULL. */
struct yaml_writer *yaml_writer_create(void);

/* Keys of a mapping are texts in turn with their values. */
void yaml_writer_map(struct yaml_writer *writer);
void yaml_writer_map_end(struct yaml_writer *writer);
void yaml_writer_list(struct yaml_writer *writer);
void yaml_writer_list_end(struct yaml_writer *writer);
/* A text must be UTF-8. */
void yaml_writer_text(struct yaml_writer *writer, const char *text);
/* A number or boolean: written as it is. */
void yaml_writer_plain(struct yaml_writer *writer, const char *text);

/* Ends the document, frees the writer and hands over the text, which the caller frees
 * with free(). NULL on an error: no memory, or a text that is no UTF-8. */
char *yaml_writer_finish(struct yaml_writer *writer, struct error *err);

#endif
