/* spillway dram: replays an address trace through a DRAM channel. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/document.h"
#include "cli/memory.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "sim/dram.h"
#include "sim/dram_trace.h"

struct dram_settings {
  const char *standard, *mapping, *trace;
  bool no_refresh;
  struct output_options output;
};

struct replay {
  const struct dram_standard *standard;
  const struct dram_mapping *mapping;
  struct dram_counts counts;
  uint64_t total_clocks;
};

static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

static double replay_bytes(const struct replay *replay) {
  return (double)replay->counts.requests * DRAM_REQUEST_BYTES;
}

static double fraction_of_peak(const struct replay *replay) {
  double peak = dram_standard_peak_bytes_per_clock(replay->standard) * (double)replay->total_clocks;
  return ratio(replay_bytes(replay), peak);
}

static double row_hit_rate(const struct replay *replay) {
  return ratio((double)replay->counts.row_hits, (double)(replay->counts.reads + replay->counts.writes));
}

static double average_read_latency_clocks(const struct replay *replay) {
  return ratio((double)replay->counts.read_latency_clocks, (double)replay->counts.read_requests);
}

static double replay_seconds(const struct replay *replay) {
  return (double)replay->total_clocks * replay->standard->clock_ps * 1e-12;
}

/* ---- printing ---- */

struct named_count {
  const char *key, *title;
  size_t offset; /* in struct dram_counts */
};

static const struct named_count named_counts[] = {
    {"activates", "activates", offsetof(struct dram_counts, activates)},
    {"precharges", "precharges", offsetof(struct dram_counts, precharges)},
    {"reads", "reads", offsetof(struct dram_counts, reads)},
    {"writes", "writes", offsetof(struct dram_counts, writes)},
    {"refreshes", "refreshes", offsetof(struct dram_counts, refreshes)},
    {"row_hits", "row hits", offsetof(struct dram_counts, row_hits)},
    {"forwarded_reads", "reads answered by a waiting write", offsetof(struct dram_counts, forwarded_reads)},
    {"merged_writes", "writes merged into a waiting one", offsetof(struct dram_counts, merged_writes)},
    {"data_busy_clocks", "clocks with data on the bus", offsetof(struct dram_counts, data_busy_clocks)},
};
enum { NAMED_COUNTS = sizeof named_counts / sizeof named_counts[0] };

static uint64_t count_of(const struct replay *replay, const struct named_count *named) {
  return *(const uint64_t *)((const char *)&replay->counts + named->offset);
}

static void print_json(const struct replay *replay) {
  json_t *document = json_object();
  document_add_text(document, "standard", replay->standard->name);
  document_add_text(document, "mapping", replay->mapping->name);
  document_add_count(document, "requests", replay->counts.requests);
  document_add_count(document, "bytes", replay->counts.requests * DRAM_REQUEST_BYTES);
  document_add_count(document, "total_clocks", replay->total_clocks);
  document_add(document, "seconds", json_real(replay_seconds(replay)));
  document_add(document, "fraction_of_peak", json_real(fraction_of_peak(replay)));
  document_add(document, "row_hit_rate", json_real(row_hit_rate(replay)));
  document_add(document, "average_read_latency_clocks", json_real(average_read_latency_clocks(replay)));
  for (size_t i = 0; i < NAMED_COUNTS; i++) {
    document_add_count(document, named_counts[i].key, count_of(replay, &named_counts[i]));
  }
  document_finish(document);
}

/* Takes value over. */
static void pair(struct table *table, const char *title, char *value) {
  table_text(table, title);
  table_text(table, value);
  free(value);
}

static void print_table(const struct replay *replay) {
  static const struct table_column columns[] = {{NULL, TABLE_LEFT}, {NULL, TABLE_RIGHT}};
  struct table *table = table_create(columns, 2);
  pair(table, "standard", cli_format("%s", replay->standard->name));
  pair(table, "mapping", cli_format("%s", replay->mapping->name));
  pair(table, "requests of 64 bytes", cli_format("%llu", (unsigned long long)replay->counts.requests));
  pair(table, "total clocks", cli_format("%llu", (unsigned long long)replay->total_clocks));
  pair(table, "time", cli_format("%.3f us", 1e6 * replay_seconds(replay)));
  pair(table, "fraction of peak", cli_format("%.4f", fraction_of_peak(replay)));
  pair(table, "row-hit rate", cli_format("%.4f", row_hit_rate(replay)));
  pair(table, "average read latency", cli_format("%.2f clocks", average_read_latency_clocks(replay)));
  for (size_t i = 0; i < NAMED_COUNTS; i++) {
    table_text(table, named_counts[i].title);
    table_count(table, count_of(replay, &named_counts[i]));
  }
  table_finish(table, stdout);
}

/* ---- the verb ---- */

static int replay_file(struct replay *out, struct dram *dram, const char *path, struct error *err) {
  bool standard_input = strcmp(path, "-") == 0;
  FILE *file = standard_input ? stdin : fopen(path, "rb");
  if (file == NULL) return error_input(err, path, 0, "cannot be opened: %s", strerror(errno));
  int status = dram_trace_replay(&out->total_clocks, dram, file, standard_input ? "standard input" : path, err);
  if (!standard_input) fclose(file);
  out->counts = *dram_counts(dram);
  return status;
}

static int replay_run(struct replay *out, const struct dram_settings *settings, struct error *err) {
  struct dram *dram;
  if (settings->standard == NULL) {
    return error_set(err, ERROR_USAGE, "dram needs --standard NAME; 'spillway list dram' lists them");
  }
  if (settings->trace == NULL) return error_set(err, ERROR_USAGE, "dram needs --trace FILE, or '-' for standard input");
  out->standard = dram_standard_find(settings->standard);
  out->mapping = settings->mapping == NULL ? dram_mapping_default(out->standard) : dram_mapping_find(settings->mapping);
  if (dram_create(&dram, out->standard, out->mapping, err) != 0) return -1;
  dram_set_refresh(dram, !settings->no_refresh);
  int status = replay_file(out, dram, settings->trace, err);
  dram_free(dram);
  return status;
}

static enum verb_result dram_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  const struct dram_settings *settings = opaque;
  struct replay replay = {.standard = NULL};
  (void)arguments;
  if (replay_run(&replay, settings, err) != 0) return VERB_FAILED;
  (settings->output.json ? print_json : print_table)(&replay);
  return VERB_DONE;
}

#define SETTING(field) offsetof(struct dram_settings, field)

static const struct option_spec dram_own_options[] = {
    {"standard", 0, OPTION_NAME, "NAME", NULL, "dram", 0, 0, "DRAM standard and speed", SETTING(standard)},
    {"mapping", 0, OPTION_NAME, "NAME", NULL, "mappings", 0, 0,
     "how addresses spread over banks; m1 where there are bank groups, else m0", SETTING(mapping)},
    {"trace", 0, OPTION_TEXT, "FILE", NULL, NULL, 0, 0, "address trace; '-' is standard input", SETTING(trace)},
    {"no-refresh", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "never refresh", SETTING(no_refresh)},
};
static const struct option_group dram_group = OPTION_GROUP(dram_own_options);
static const struct option_use dram_options[] = {{&dram_group, 0}, {&output_group, SETTING(output)}, {0}};
static const struct verb_argument dram_arguments[] = {{0}};

const struct verb dram_verb = {
    .name = "dram",
    .summary = "replay an address trace through a model of a DRAM channel",
    .details = "A trace has a request a line: 'R ADDRESS' reads 64 bytes, 'W ADDRESS' writes them (the address in\n"
               "hexadecimal, with or without 0x), 'I CLOCKS' waits until everything before it is complete and then\n"
               "idles that many clocks: reads that wait for one another have 'I 0' between them. Empty lines and\n"
               "comments from # are allowed. Requests are offered in order, at most one a memory clock; a full\n"
               "queue blocks. Total clocks end when the last data has arrived or was written; the latency of a\n"
               "read counts from the clock at which its queue takes it to its last data.",
    .arguments = dram_arguments,
    .options = dram_options,
    .settings_bytes = sizeof(struct dram_settings),
    .run = dram_run,
};
