#include "cli_run.h"
TCase *cli_completion_case(void) { return tcase_create("completion"); }
