/* Memory for the command line, where running out of it ends the program (exit status 2).
 * Also what JSON documents are made of. */
#ifndef SPILLWAY_CLI_MEMORY_H
#define SPILLWAY_CLI_MEMORY_H

#include <stddef.h>

/* Ends the program if memory is NULL; else returns it. */
void *cli_checked(void *memory);

/* Zeroed; never NULL. free() frees it. */
void *cli_alloc(size_t count, size_t size);
void *cli_grow(void *memory, size_t count, size_t size);
char *cli_strdup(const char *text);
char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A copy that is UTF-8 and does no harm to a terminal: other bytes become '?'. */
char *cli_clean(const char *text);

/* printf() of text with names from files: cli_clean()ed but for the ends of lines. */
void cli_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Makes jansson allocate here, so that building a document cannot fail. */
void cli_memory_start(void);

#endif
