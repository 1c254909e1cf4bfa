#include "cli_run.h"
TCase *cli_terminal_case(void) { return tcase_create("terminal"); }
