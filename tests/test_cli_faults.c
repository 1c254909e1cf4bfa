#include "cli_run.h"
TCase *cli_faults_case(void) { return tcase_create("faults"); }
