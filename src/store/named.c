#include "store/named.h"

#include <string.h>

#define NETWORK {"network", NAMED_TEXT, "only this network"}
#define BUFFER {"buffer", NAMED_BYTES, "only this buffer capacity, such as 256KiB"}
#define METHOD {"method", NAMED_TEXT, "only this method"}
#define END {NULL, NAMED_TEXT, NULL}

#define MATCH_NETWORK "(:network IS NULL OR network = :network)"
#define MATCH_BUFFER "(:buffer IS NULL OR buffer_bytes = :buffer)"
#define MATCH_METHOD "(:method IS NULL OR method = :method)"

#define BITS "activation_bits || '/' || weight_bits || '/' || bias_bits AS bits"
#define KIB(bytes) "round(" #bytes " / 1024.0, 2)"
#define MB(bytes) "round(" #bytes " / 1e6, 3)"
#define SAVING(less, more) "round(100.0 * (" #more " - " #less ") / nullif(" #more ", 0), 2)"

/* A plan with a fuseable group that overflows cannot run and is never the best. */
static const char sql_best[] =
    "WITH ranked AS ("
    "  SELECT *, row_number() OVER ("
    "    PARTITION BY network_hash, network, buffer_bytes, activation_bits, weight_bits, bias_bits, method"
    "    ORDER BY fuseable_dram_bytes, run_id) AS place"
    "  FROM v_run WHERE " MATCH_NETWORK " AND " MATCH_BUFFER " AND " MATCH_METHOD
    "    AND NOT EXISTS (SELECT 1 FROM v_group"
    "      WHERE v_group.run_id = v_run.run_id AND v_group.fuseable AND NOT v_group.valid))"
    " SELECT network, " KIB(buffer_bytes) " AS buffer_kib, " BITS ", method, search, splitter,"
    "  " MB(fuseable_dram_bytes) " AS fuseable_mb, " MB(total_dram_bytes) " AS total_mb,"
    "  group_count AS groups, " SAVING(fuseable_dram_bytes, layer_by_layer_dram_bytes) " AS saving_percent,"
    "  run_id AS run"
    " FROM ranked WHERE place = 1 ORDER BY network, buffer_bytes, bits, method, run_id";

/* Repeated runs give the same result, so the newest of each stands for all. */
static const char sql_saving[] =
    "WITH newest AS ("
    "  SELECT *, row_number() OVER ("
    "    PARTITION BY network_hash, network, hardware_id, method, search, splitter, budget, seed"
    "    ORDER BY run_id DESC) AS place"
    "  FROM v_run WHERE splitter IN ('random', 'trace-get')"
    "    AND " MATCH_NETWORK " AND " MATCH_BUFFER " AND " MATCH_METHOD "),"
    " random AS (SELECT * FROM newest WHERE place = 1 AND splitter = 'random'),"
    " get AS (SELECT * FROM newest WHERE place = 1 AND splitter = 'trace-get')"
    " SELECT get.network, " KIB(get.buffer_bytes) " AS buffer_kib,"
    "  get.activation_bits || '/' || get.weight_bits || '/' || get.bias_bits AS bits,"
    "  get.method, get.search, get.budget, get.seed,"
    "  " MB(random.fuseable_dram_bytes) " AS random_mb, " MB(get.fuseable_dram_bytes) " AS trace_get_mb,"
    "  " SAVING(get.fuseable_dram_bytes, random.fuseable_dram_bytes) " AS saving_percent,"
    "  random.run_id AS random_run, get.run_id AS trace_get_run"
    " FROM get JOIN random ON random.network_hash = get.network_hash AND random.network = get.network"
    "  AND random.hardware_id = get.hardware_id AND random.method = get.method"
    "  AND random.search IS get.search AND random.budget IS get.budget AND random.seed IS get.seed"
    " ORDER BY get.network, get.buffer_bytes, bits, get.method, get.search, get.budget, get.seed, get.run_id";

static const char sql_culprits[] =
    "WITH named AS ("
    "  SELECT network, culprit_op, sum(times) AS times, count(DISTINCT run_id) AS runs,"
    "    max(culprit_weight_bytes) AS weight_bytes, max(culprit_row_bytes) AS row_bytes"
    "  FROM v_explanation JOIN v_run USING (run_id)"
    "  WHERE " MATCH_NETWORK " AND " MATCH_BUFFER " AND " MATCH_METHOD " GROUP BY network, culprit_op),"
    " ranked AS ("
    "  SELECT *, sum(times) OVER (PARTITION BY network) AS network_times,"
    "    row_number() OVER (PARTITION BY network ORDER BY times DESC, culprit_op) AS place FROM named)"
    " SELECT network, place, culprit_op AS op, times,"
    "  round(100.0 * times / nullif(network_times, 0), 2) AS share_percent, runs,"
    "  " KIB(weight_bytes) " AS max_weight_kib, " KIB(row_bytes) " AS max_row_kib"
    " FROM ranked WHERE place <= coalesce(:limit, 10) ORDER BY network, place";

static const char sql_curve[] =
    "SELECT run_id AS run, network, " KIB(buffer_bytes) " AS buffer_kib, method, search, splitter, seed,"
    "  plans, " MB(v_curve.fuseable_dram_bytes) " AS fuseable_mb"
    " FROM v_curve JOIN v_run USING (run_id)"
    " WHERE " MATCH_NETWORK " AND " MATCH_BUFFER " AND " MATCH_METHOD " AND (:run IS NULL OR run_id = :run)"
    " ORDER BY run_id, ordinal";

static const char sql_runs[] =
    "SELECT run_id AS run, started_at, verb, network, " KIB(buffer_bytes) " AS buffer_kib, " BITS ","
    "  method, search, splitter, budget, seed, " MB(fuseable_dram_bytes) " AS fuseable_mb,"
    "  " MB(total_dram_bytes) " AS total_mb, group_count AS groups, round(wall_seconds, 3) AS seconds"
    " FROM v_run WHERE " MATCH_NETWORK " AND " MATCH_BUFFER " AND " MATCH_METHOD
    " ORDER BY run_id DESC LIMIT coalesce(:limit, 20)";

static const char sql_groups[] =
    "SELECT run_id AS run, ordinal, first_op, last_op, op_count AS ops, method, valid, fuseable,"
    "  " KIB(required_bytes) " AS required_kib, " MB(dram_read_bytes) " AS read_mb,"
    "  " MB(dram_write_bytes) " AS write_mb, " MB(weight_bytes) " AS weight_mb, stripes"
    " FROM v_group WHERE run_id = coalesce(:run, (SELECT max(run_id) FROM v_run)) ORDER BY ordinal";

const struct named_query named_queries[] = {
    {"best",
     "best plan for each network, buffer, data widths and method, and its saving over layer by layer",
     {NETWORK, BUFFER, METHOD, END},
     sql_best},
    {"saving",
     "what splitting at trace-GET's edges saves over random cuts, all else being equal",
     {NETWORK, BUFFER, METHOD, END},
     sql_saving},
    {"culprits",
     "ops most often named as the cause of an overflow, for each network",
     {NETWORK, BUFFER, METHOD, {"limit", NAMED_INTEGER, "ops for each network; 10 if left out"}, END},
     sql_culprits},
    {"curve",
     "best plan so far against plans proposed, for each run",
     {NETWORK, BUFFER, METHOD, {"run", NAMED_INTEGER, "only this run"}, END},
     sql_curve},
    {"runs",
     "latest runs, newest first",
     {NETWORK, BUFFER, METHOD, {"limit", NAMED_INTEGER, "how many; 20 if left out"}, END},
     sql_runs},
    {"groups",
     "fusion groups of one run",
     {{"run", NAMED_INTEGER, "number of the run; the newest if left out"}, END},
     sql_groups},
};
const size_t named_query_count = sizeof named_queries / sizeof named_queries[0];

const struct named_query *named_find(const char *name) {
  for (size_t i = 0; i < named_query_count; i++) {
    if (strcmp(named_queries[i].name, name) == 0) return &named_queries[i];
  }
  return NULL;
}
