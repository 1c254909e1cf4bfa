#include "cli_run.h"
TCase *cli_bad_files_case(void) { return tcase_create("bad_files"); }
