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
#define PERCENT(ratio) "round(100.0 * (" #ratio "), 1)"
#define OF_CYCLES(part) "round(100.0 * " #part " / nullif(cycles, 0), 1)"
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

/* The options that the plan found depends on. Limits of a proof are there only with one, and matter to exact alone. */
#define RULES                                                                                                 \
  "CASE search WHEN 'exact' THEN options"                                                                     \
  " ELSE json_remove(options, '$.max_ideals', '$.max_steps', '$.max_groups') END"
#define WITHOUT_FRACTION(rules) "json_remove(" rules ", '$.fraction')"

/* Repeated runs give the same result, so the newest of each stands for all. Random splits take no fraction. */
static const char sql_saving[] =
    "WITH ruled AS ("
    "  SELECT *, CASE splitter WHEN 'random' THEN " WITHOUT_FRACTION(RULES) " ELSE " RULES " END AS rules FROM v_run),"
    " newest AS ("
    "  SELECT *, row_number() OVER ("
    "    PARTITION BY network_hash, network, hardware_id, method, search, splitter, budget, seed, rules"
    "    ORDER BY run_id DESC) AS place"
    "  FROM ruled WHERE splitter IN ('random', 'trace-get')"
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
    "  AND random.rules IS " WITHOUT_FRACTION("get.rules")
    " ORDER BY get.network, get.buffer_bytes, bits, get.method, get.search, get.budget, get.seed, get.run_id";

/* Runs that differ only in the seed, together. What is proven holds for all searches alike. */
#define POLICY "network_hash, network, hardware_id, method, search, splitter, budget, rules"
#define FOLDED "json_extract(options, '$.fold_bn')"

static const char sql_spread[] =
    "WITH ruled AS (SELECT *, " RULES " AS rules, " FOLDED " AS folded FROM v_run),"
    " newest AS ("
    "  SELECT *, row_number() OVER (PARTITION BY " POLICY ", seed ORDER BY run_id DESC) AS place"
    "  FROM ruled WHERE search IS NOT NULL AND (:experiment IS NULL OR experiment = :experiment)"
    "    AND " MATCH_NETWORK " AND " MATCH_BUFFER " AND " MATCH_METHOD "),"
    " ranked AS ("
    "  SELECT *, count(*) OVER (PARTITION BY " POLICY ") AS seeds,"
    "    row_number() OVER (PARTITION BY " POLICY " ORDER BY fuseable_dram_bytes, run_id) AS rank"
    "  FROM newest WHERE place = 1),"
    " pooled AS ("
    "  SELECT " POLICY ", folded, buffer_bytes, " BITS ", seeds,"
    "    avg(CASE WHEN rank IN ((seeds + 1) / 2, (seeds + 2) / 2) THEN fuseable_dram_bytes END) AS median,"
    "    min(fuseable_dram_bytes) AS least, max(fuseable_dram_bytes) AS most, max(max_required_bytes) AS required"
    "  FROM ranked GROUP BY " POLICY "),"
    " proven AS ("
    "  SELECT network_hash AS hash, hardware_id AS hardware, method AS how, " FOLDED " AS folded,"
    "    max(optimum_dram_bytes) AS optimum, max(bound_dram_bytes) AS bound"
    "  FROM v_run WHERE bound_dram_bytes IS NOT NULL GROUP BY 1, 2, 3, 4)"
    " SELECT network, " KIB(buffer_bytes) " AS buffer_kib, bits, method, search, splitter, budget, seeds,"
    "  " MB(median) " AS median_mb, " MB(least) " AS least_mb, " MB(most) " AS most_mb,"
    "  " KIB(required) " AS largest_kib, " MB(optimum) " AS optimum_mb, " MB(bound) " AS bound_mb,"
    "  round(100.0 * (median - bound) / nullif(bound, 0), 2) AS gap_percent"
    " FROM pooled LEFT JOIN proven"
    "  ON hash = network_hash AND hardware = hardware_id AND how = method AND proven.folded IS pooled.folded"
    " ORDER BY network, buffer_bytes, bits, method, search, budget, splitter, rules";

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

static const char sql_timed[] =
    "SELECT run_id AS run, started_at, verb, network, hardware, " KIB(buffer_bytes) " AS buffer_kib, " BITS ","
    "  method, search, group_count AS groups, cycles, round(latency_seconds * 1e3, 3) AS ms,"
    "  round(1.0 * layer_by_layer_cycles / nullif(cycles, 0), 2) AS speedup,"
    "  round(inferences / nullif(latency_seconds, 0), 2) AS inferences_per_second,"
    "  round(energy_pj / 1e6, 1) AS energy_uj, " PERCENT(array_utilisation) " AS array_percent,"
    "  " PERCENT(dram_utilisation) " AS dram_percent, bound"
    " FROM v_run WHERE cycles IS NOT NULL AND " MATCH_NETWORK " AND " MATCH_BUFFER " AND " MATCH_METHOD
    " ORDER BY run_id DESC LIMIT coalesce(:limit, 20)";

static const char sql_hotspots[] =
    "SELECT run_id AS run, ordinal, first_op, last_op, op_count AS ops, cycles,"
    "  round(100.0 * cycles / nullif((SELECT cycles FROM v_run AS r WHERE r.run_id = v_group.run_id), 0), 1)"
    "    AS share_percent,"
    "  " OF_CYCLES(phase_compute_cycles) " AS compute_percent, " OF_CYCLES(phase_port_cycles) " AS port_percent,"
    "  " OF_CYCLES(phase_dram_cycles) " AS dram_wait_percent, " OF_CYCLES(phase_room_cycles) " AS room_percent,"
    "  " PERCENT(array_utilisation) " AS array_percent, " PERCENT(dram_utilisation) " AS dram_percent,"
    "  round(energy_pj / 1e6, 1) AS energy_uj, bound"
    " FROM v_group WHERE cycles IS NOT NULL"
    "  AND run_id = coalesce(:run, (SELECT max(run_id) FROM v_run WHERE cycles IS NOT NULL))"
    " ORDER BY cycles DESC, ordinal LIMIT coalesce(:limit, 10)";

const struct named_query named_queries[] = {
    {"best",
     "best plan for each network, buffer, data widths and method, and its saving over layer by layer",
     {NETWORK, BUFFER, METHOD, END},
     sql_best},
    {"saving",
     "what splitting at trace-GET's edges saves over random cuts, all else being equal",
     {NETWORK, BUFFER, METHOD, END},
     sql_saving},
    {"spread",
     "median and range over seeds of each search and splitter, and how far the median is from the optimum or bound",
     {NETWORK, BUFFER, METHOD, {"experiment", NAMED_TEXT, "only this experiment"}, END},
     sql_spread},
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
    {"timed",
     "latest timed runs: cycles, time, energy and what bounds them, newest first",
     {NETWORK, BUFFER, METHOD, {"limit", NAMED_INTEGER, "how many; 20 if left out"}, END},
     sql_timed},
    {"hotspots",
     "groups of a timed run that take the most cycles, and what they spend them on",
     {{"run", NAMED_INTEGER, "number of the run; the newest timed one if left out"},
      {"limit", NAMED_INTEGER, "how many; 10 if left out"},
      END},
     sql_hotspots},
};
const size_t named_query_count = sizeof named_queries / sizeof named_queries[0];

const struct named_query *named_find(const char *name) {
  for (size_t i = 0; i < named_query_count; i++) {
    if (strcmp(named_queries[i].name, name) == 0) return &named_queries[i];
  }
  return NULL;
}
