/* The parts of the manual page that come from tables. */
#ifndef SPILLWAY_CLI_MANUAL_H
#define SPILLWAY_CLI_MANUAL_H

/* The sections VERBS, HARDWARE FILES and NAMES as roff, on stdout. */
void manual_print(void);

#endif
