#include "cli_plan.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"

struct sums {
  int64_t reads, writes, weights, fuseable, most, invalid, ops;
};

#define GROUP_KEYS                                                                                               \
  "ops method valid fuseable required_bytes dram_read_bytes dram_write_bytes weight_bytes stripes resident_ops " \
  "sliced_maps"

static void assert_group(const json_t *group, bool timed) {
  ck_assert_str_eq(cli_keys(group), timed ? GROUP_KEYS " timed" : GROUP_KEYS);
  ck_assert(json_is_boolean(cli_at(group, "valid")));
  ck_assert_int_gt(json_array_size(cli_at(group, "ops")), 0);
  ck_assert_int_le(cli_number(group, "weight_bytes"), cli_number(group, "dram_read_bytes"));
  cli_text(group, "method");
  cli_text(group, "ops.0");
  cli_number(group, "stripes");
}

static void add_group(struct sums *sums, const json_t *group) {
  int64_t reads = cli_number(group, "dram_read_bytes"), writes = cli_number(group, "dram_write_bytes");
  int64_t required = cli_number(group, "required_bytes");
  sums->reads += reads;
  sums->writes += writes;
  sums->weights += cli_number(group, "weight_bytes");
  if (json_is_true(cli_at(group, "fuseable"))) sums->fuseable += reads + writes;
  if (required > sums->most) sums->most = required;
  sums->invalid += json_is_false(cli_at(group, "valid"));
  sums->ops += (int64_t)json_array_size(cli_at(group, "ops"));
}

/* In one group each, if they are as many as the network has and none comes twice. */
static void assert_partition(const json_t *document, int64_t ops) {
  json_t *network = DOCUMENT("show", cli_text(document, "network"), "--json"), *seen = json_object(), *group, *op;
  size_t g, i;
  json_array_foreach(cli_at(document, "groups"), g, group) {
    json_array_foreach(cli_at(group, "ops"), i, op) json_object_set_new(seen, json_string_value(op), json_true());
  }
  ck_assert_int_eq(ops, cli_number(network, "op_count"));
  ck_assert_int_eq(json_object_size(seen), ops);
  json_decref(seen);
  json_decref(network);
}

void cli_assert_plan(const json_t *document) {
  struct sums sums = {0};
  json_t *group, *totals = cli_at(document, "totals");
  size_t g;
  int64_t capacity = cli_number(document, "hardware.buffer.capacity");
  json_array_foreach(cli_at(document, "groups"), g, group) {
    assert_group(group, json_object_get(totals, "timed") != NULL);
    add_group(&sums, group);
    ck_assert_int_eq(json_is_true(cli_at(group, "valid")), cli_number(group, "required_bytes") <= capacity);
  }
  ck_assert_int_eq(cli_number(totals, "dram_read_bytes"), sums.reads);
  ck_assert_int_eq(cli_number(totals, "dram_write_bytes"), sums.writes);
  ck_assert_int_eq(cli_number(totals, "total_dram_bytes"), sums.reads + sums.writes);
  ck_assert_int_eq(cli_number(totals, "weight_bytes"), sums.weights);
  ck_assert_int_eq(cli_number(totals, "fuseable_dram_bytes"), sums.fuseable);
  ck_assert_int_eq(cli_number(totals, "max_required_bytes"), sums.most);
  ck_assert_int_eq(cli_number(totals, "groups"), (int64_t)g);
  ck_assert_int_eq(cli_number(totals, "invalid_groups"), sums.invalid);
  ck_assert_int_le(cli_number(document, "compulsory_bytes"), sums.reads + sums.writes);
  ck_assert_int_eq(strlen(cli_text(document, "network_hash")), 32);
  assert_partition(document, sums.ops);
}

void cli_write_whole_plan(const char *path, const char *network) {
  json_t *document = DOCUMENT("show", network, "--json"), *op;
  const char *text = cli_format("network: %s\ngroups:\n-", network);
  size_t i;
  json_array_foreach(cli_at(document, "ops"), i, op) {
    text = cli_format("%s%s- %s\n", text, i == 0 ? " " : "  ", cli_text(op, "name"));
  }
  json_decref(document);
  cli_write(path, text);
}

double cli_table_number(const char *table, const char *label) {
  const char *line = table;
  while (line != NULL && strncmp(line, label, strlen(label)) != 0) {
    line = strchr(line, '\n');
    if (line != NULL) line++;
  }
  ck_assert_msg(line != NULL, "no line \"%s\" in:\n%s", label, table);
  char *end;
  double number = strtod(line + strlen(label), &end);
  ck_assert_msg(end != line + strlen(label), "no number behind \"%s\"", label);
  return number;
}
