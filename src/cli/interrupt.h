/* SIGINT and SIGTERM as something to be told of instead of an end. */
#ifndef SPILLWAY_CLI_INTERRUPT_H
#define SPILLWAY_CLI_INTERRUPT_H

#include "util/error.h"

struct interrupt;

/* Until interrupt_end(), the first of these signals has on_signal(context, number) called, on a thread of its own;
 * further ones do nothing. One at a time. */
int interrupt_start(struct interrupt **out, void (*on_signal)(void *context, int number), void *context,
                    struct error *err);
/* Takes NULL. */
void interrupt_end(struct interrupt *interrupt);

#endif
