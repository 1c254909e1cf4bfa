/* Plans as simulate and schedule print them with --json. */
#ifndef SPILLWAY_TESTS_CLI_PLAN_H
#define SPILLWAY_TESTS_CLI_PLAN_H

#include <jansson.h>

/* Every promised key is there, the totals are those of the groups, and every op of the
 * network is in one group. */
void cli_assert_plan(const json_t *document);

/* "plan.yaml" with all ops of the network in one group. */
void cli_write_whole_plan(const char *path, const char *network);

/* The number behind a label in a table: "total DRAM  15.498  MB". */
double cli_table_number(const char *table, const char *label);

#endif
