#include <stdio.h>
#include <stdlib.h>

#include "cli/document.h"
#include "cli/finding.h"
#include "cli/group.h"
#include "cli/memory.h"
#include "cli/plan_print.h"
#include "cli/table.h"
#include "util/bitset.h"
#include "util/units.h"

static double percent(uint64_t part, uint64_t whole) { return whole == 0 ? 0 : 100 * (double)part / (double)whole; }

static uint64_t held(const struct attribution *attribution, uint32_t op) {
  return attribution_op_bytes(attribution, op);
}

static uint64_t staged(const struct attribution *attribution, uint32_t op) {
  return held(attribution, op) - attribution->weight_bytes[op] - attribution->row_bytes[op];
}

static uint64_t required_bytes(const struct finding *finding) { return finding->peak.occupied_bytes; }

/* ---- who holds the buffer ---- */

struct holder {
  uint32_t op;
  uint64_t bytes;
};

static int compare_holders(const void *left, const void *right) {
  const struct holder *a = left, *b = right;
  if (a->bytes != b->bytes) return a->bytes > b->bytes ? -1 : 1;
  return a->op < b->op ? -1 : a->op > b->op;
}

/* The ops of the group that hold anything at the peak or the overflow, largest first. The
 * caller frees. */
static struct holder *holders(const struct finding *finding, size_t *count) {
  struct holder *list = cli_alloc(finding->graph->op_count, sizeof *list);
  *count = 0;
  for BITSET_EACH (v, finding->group, finding->graph->set_words) {
    uint64_t bytes = held(&finding->peak, (uint32_t)v);
    if (bytes > 0 || held(&finding->overflow, (uint32_t)v) > 0) list[(*count)++] = (struct holder){(uint32_t)v, bytes};
  }
  qsort(list, *count, sizeof *list, compare_holders);
  return list;
}

static uint64_t above_total(const struct finding *finding) {
  uint64_t total = 0;
  for (size_t v = 0; v < finding->peak.op_count; v++) total += finding->peak.above_capacity_byte_steps[v];
  return total;
}

static void more_rows(size_t count, uint64_t rows, const char *what) {
  if (count <= rows) return;
  cli_print("... and %zu more %s%s; --rows 0 shows all\n", count - (size_t)rows, what, count - rows == 1 ? "" : "s");
}

static void print_holders(const struct finding *finding, uint64_t rows) {
  const struct attribution *peak = &finding->peak;
  bool streams = peak->staging_bytes > 0;
  const struct table_column columns[] = {
      {"op", TABLE_LEFT},
      {streams ? "staging KiB" : "weights KiB", TABLE_RIGHT},
      {"rows KiB", TABLE_RIGHT},
      {"share %", TABLE_RIGHT},
      {"at first overflow KiB", TABLE_RIGHT},
      {"share while over %", TABLE_RIGHT},
  };
  size_t count, shown;
  struct holder *list = holders(finding, &count);
  uint64_t above = above_total(finding);
  struct table *table = table_create(columns, finding->overflows ? 6 : 4);
  shown = count < rows ? count : (size_t)rows;
  for (size_t i = 0; i < shown; i++) {
    uint32_t op = list[i].op;
    table_text(table, finding->graph->ops[op].name);
    table_kib(table, streams ? staged(peak, op) : peak->weight_bytes[op]);
    table_kib(table, peak->row_bytes[op]);
    table_format(table, "%.1f", percent(list[i].bytes, peak->occupied_bytes));
    if (!finding->overflows) continue;
    table_kib(table, held(&finding->overflow, op));
    table_format(table, "%.1f", percent(peak->above_capacity_byte_steps[op], above));
  }
  cli_print("\nWho holds the buffer at the peak (step %llu):\n", (unsigned long long)peak->step);
  table_finish(table, stdout);
  more_rows(count, rows, "op");
  free(list);
}

/* ---- where to cut ---- */

static size_t cut_columns(const struct finding *finding) { return finding->predicted ? 7 : finding->scored ? 5 : 3; }

static void print_cuts(const struct finding *finding, uint64_t rows) {
  static const struct table_column predicted[] = {
      {"cut between", TABLE_LEFT},    {"and", TABLE_LEFT},      {"cuts off", TABLE_LEFT},
      {"leaves KiB", TABLE_RIGHT},    {"and KiB", TABLE_RIGHT}, {"relief KiB", TABLE_RIGHT},
      {"more DRAM KiB", TABLE_RIGHT},
  };
  static const struct table_column scored[] = {
      {"cut between", TABLE_LEFT}, {"and", TABLE_LEFT},            {"cuts off", TABLE_LEFT},
      {"score", TABLE_RIGHT},      {"more DRAM KiB", TABLE_RIGHT},
  };
  struct table *table = table_create(finding->scored ? scored : predicted, cut_columns(finding));
  for (size_t i = 0; i < finding->cut_count && i < rows; i++) {
    const struct explained_cut *cut = &finding->cuts[i];
    table_text(table, finding->graph->ops[cut->cut.edge.from].name);
    table_text(table, finding->graph->ops[cut->cut.edge.to].name);
    table_text(table, cut->cut.below ? "what follows" : "what leads there");
    if (finding->scored) {
      table_format(table, "%.4g", cut->score);
      table_kib(table, cut->crossing_bytes);
    }
    if (!finding->predicted) continue;
    table_kib(table, cut->cut.below ? cut->other_bytes : cut->side_bytes);
    table_kib(table, cut->cut.below ? cut->side_bytes : cut->other_bytes);
    table_kib(table, cut->relief_bytes);
    table_kib(table, cut->crossing_bytes);
  }
  cli_print("\nWhere to cut, by %s%s:\n", finding->explainer,
         finding->predicted ? " (as the shares at the peak predict: enough ones first, then most relief per DRAM byte)"
                            : "");
  table_finish(table, stdout);
  more_rows(finding->cut_count, rows, "cut");
}

/* "cutting before it": the cut as seen from the op that holds most. */
static char *cut_in_words(const struct finding *finding, const struct explained_cut *cut, uint32_t culprit) {
  const struct op *ops = finding->graph->ops;
  if (cut->cut.edge.to == culprit) return cli_strdup("cutting before it");
  if (cut->cut.edge.from == culprit) return cli_strdup("cutting after it");
  return cli_format("cutting between %s and %s", ops[cut->cut.edge.from].name, ops[cut->cut.edge.to].name);
}

static uint32_t culprit_of(const struct finding *finding) {
  size_t count;
  struct holder *list = holders(finding, &count);
  uint32_t culprit = list[0].op;
  free(list);
  return culprit;
}

/* "a holds 3 KiB of weights and 1 KiB of rows, 25% of the 16 KiB"; the caller frees it. */
static char *holding_in_words(const struct finding *finding, uint32_t op) {
  char weights[UNITS_TEXT_BYTES], rows[UNITS_TEXT_BYTES], capacity[UNITS_TEXT_BYTES];
  uint64_t staging_bytes = staged(&finding->peak, op), row_bytes = finding->peak.row_bytes[op];
  uint64_t weight_bytes = finding->peak.weight_bytes[op] + staging_bytes;
  const char *what = staging_bytes > 0 ? " of staging" : " of weights";
  bool both = weight_bytes > 0 && row_bytes > 0;
  units_format_bytes(weights, weight_bytes);
  units_format_bytes(rows, row_bytes);
  return cli_format("%s holds %s%s%s%s%s, %.0f%% of the %s", finding->graph->ops[op].name,
                    weight_bytes > 0 ? weights : "", weight_bytes > 0 ? what : "", both ? " and " : "",
                    row_bytes > 0 ? rows : "", row_bytes > 0 ? " of rows" : "",
                    percent(held(&finding->peak, op), finding->capacity_bytes),
                    units_format_bytes(capacity, finding->capacity_bytes));
}

/* The most responsible op and cut in a sentence; the caller frees it. */
static char *reason_text(const struct finding *finding) {
  char above[UNITS_TEXT_BYTES], below[UNITS_TEXT_BYTES];
  uint32_t culprit = culprit_of(finding);
  char *holds = holding_in_words(finding, culprit);
  if (finding->cut_count == 0 || !finding->predicted) return holds;
  const struct explained_cut *cut = &finding->cuts[0];
  char *where = cut_in_words(finding, cut, culprit);
  char *text = cli_format("%s; %s leaves %s and %s", holds, where,
                          units_format_bytes(above, cut->cut.below ? cut->other_bytes : cut->side_bytes),
                          units_format_bytes(below, cut->cut.below ? cut->side_bytes : cut->other_bytes));
  free(holds);
  free(where);
  return text;
}

/* ---- the split ---- */

/* The parts in the order of their first ops, as numbers; the caller frees it. */
static uint32_t *parts_in_order(const struct finding *finding) {
  const struct split *split = &finding->split;
  size_t words = finding->graph->set_words;
  uint32_t *order = cli_alloc(split->part_count, sizeof *order);
  for (uint32_t p = 0; p < split->part_count; p++) {
    size_t first = bitset_next(split->sets + p * words, words, 0);
    uint32_t place = p;
    for (; place > 0 && bitset_next(split->sets + order[place - 1] * words, words, 0) > first; place--) {
      order[place] = order[place - 1];
    }
    order[place] = p;
  }
  return order;
}

static void print_parts(const struct finding *finding) {
  static const struct table_column columns[] = {
      {"part", TABLE_RIGHT}, {"ops", TABLE_LEFT}, {"needs KiB", TABLE_RIGHT}, {"weights KiB", TABLE_RIGHT},
      {"DRAM KiB", TABLE_RIGHT},
  };
  const struct split *split = &finding->split;
  uint32_t *order = parts_in_order(finding);
  struct table *table = table_create(columns, sizeof columns / sizeof columns[0]);
  for (uint32_t i = 0; i < split->part_count; i++) {
    uint32_t p = order[i];
    char *ops = group_text(finding->graph, split->sets + (size_t)p * finding->graph->set_words);
    table_count(table, i);
    table_text(table, ops);
    table_kib(table, split->costs[p].required_bytes);
    table_kib(table, split->costs[p].weight_bytes);
    table_kib(table, group_cost_dram_bytes(&split->costs[p]));
    free(ops);
  }
  free(order);
  cli_print("\nSplit into %u parts that fit:\n", split->part_count);
  table_finish(table, stdout);
}

static void print_traffic(const struct finding *finding) {
  double fused = (double)finding->fused_dram_bytes / 1e6, layers = (double)finding->layers_dram_bytes / 1e6;
  if (finding->split.part_count > 0) {
    cli_print(
        "\nThe parts move %.3f MB; one by one the ops move %.3f MB, and fused in a large enough buffer %.3f MB.\n",
        (double)finding->split.expense.dram_bytes / 1e6, layers, fused);
  } else {
    cli_print("\nFused the group moves %.3f MB; one by one its ops move %.3f MB.\n", fused, layers);
  }
}

static void print_verdict(const struct finding *finding) {
  char needs[UNITS_TEXT_BYTES], has[UNITS_TEXT_BYTES], wanted[UNITS_TEXT_BYTES];
  char *ops = group_text(finding->graph, finding->group);
  units_format_bytes(needs, required_bytes(finding));
  units_format_bytes(has, finding->capacity_bytes);
  if (finding->overflows) {
    cli_print("%s\noverflows: it needs %s and the buffer has %s; first at step %llu, when %s asks for %s\n", ops, needs,
              has, (unsigned long long)finding->overflow.step, finding->graph->ops[finding->overflow_op].name,
              units_format_bytes(wanted, finding->overflow_wanted_bytes));
  } else {
    cli_print("%s\nfits: it needs %s of the %s\n", ops, needs, has);
  }
  free(ops);
}

void finding_print(const struct finding *finding, uint64_t rows) {
  uint64_t most = rows == 0 ? UINT64_MAX : rows;
  print_verdict(finding);
  print_holders(finding, most);
  if (finding->overflows) {
    char *reason = reason_text(finding);
    cli_print("\nIn words: %s.\n", reason);
    free(reason);
  }
  if (finding->unfusable_op != GRAPH_NO_OP && finding->overflows) {
    cli_print("\n%s overflows even alone, so no split of this group fits; %s.\n",
              finding->graph->ops[finding->unfusable_op].name,
              finding->unrunnable ? "with streamed weights it does so too, so no plan can run it"
                                  : "a plan runs it with streamed weights");
  }
  if (finding->cut_count > 0) print_cuts(finding, most);
  if (finding->split.part_count > 0) print_parts(finding);
  if (finding->simulated) print_traffic(finding);
}

/* ---- JSON ---- */

static json_t *holders_document(const struct finding *finding) {
  size_t count;
  struct holder *list = holders(finding, &count);
  json_t *document = json_array();
  for (size_t i = 0; i < count; i++) {
    uint32_t op = list[i].op;
    json_t *object = json_object();
    document_add_text(object, "op", finding->graph->ops[op].name);
    document_add_count(object, "weight_bytes", finding->peak.weight_bytes[op]);
    document_add_count(object, "row_bytes", finding->peak.row_bytes[op]);
    if (finding->peak.staging_bytes > 0) document_add_count(object, "staging_bytes", staged(&finding->peak, op));
    document_add_count(object, "first_overflow_weight_bytes", finding->overflow.weight_bytes[op]);
    document_add_count(object, "first_overflow_row_bytes", finding->overflow.row_bytes[op]);
    document_add_count(object, "above_capacity_byte_steps", finding->peak.above_capacity_byte_steps[op]);
    document_append(document, object);
  }
  free(list);
  return document;
}

static json_t *cuts_document(const struct finding *finding) {
  json_t *document = json_array();
  for (size_t i = 0; i < finding->cut_count; i++) {
    const struct explained_cut *cut = &finding->cuts[i];
    json_t *object = json_object();
    document_add_text(object, "from", finding->graph->ops[cut->cut.edge.from].name);
    document_add_text(object, "to", finding->graph->ops[cut->cut.edge.to].name);
    document_add_text(object, "side", cut->cut.below ? "below" : "above");
    if (finding->predicted) {
      document_add_count(object, "predicted_above_bytes", cut->cut.below ? cut->other_bytes : cut->side_bytes);
      document_add_count(object, "predicted_below_bytes", cut->cut.below ? cut->side_bytes : cut->other_bytes);
      document_add_count(object, "relief_bytes", cut->relief_bytes);
    }
    if (finding->scored) document_add(object, "score", json_real(cut->score));
    if (finding->predicted || finding->scored) {
      document_add_count(object, "crossing_dram_bytes", cut->crossing_bytes);
    }
    document_append(document, object);
  }
  return document;
}

static json_t *parts_document(const struct finding *finding) {
  const struct split *split = &finding->split;
  json_t *document = json_array();
  uint32_t *order = parts_in_order(finding);
  for (uint32_t i = 0; i < split->part_count; i++) {
    uint32_t p = order[i];
    json_t *object = json_object();
    const uint64_t *set = split->sets + (size_t)p * finding->graph->set_words;
    document_add(object, "ops", plan_ops_document(finding->graph, set));
    document_add_count(object, "required_bytes", split->costs[p].required_bytes);
    document_add_count(object, "weight_bytes", split->costs[p].weight_bytes);
    document_add_count(object, "dram_bytes", group_cost_dram_bytes(&split->costs[p]));
    document_append(document, object);
  }
  free(order);
  return document;
}

static json_t *overflow_document(const struct finding *finding) {
  if (!finding->overflows) return json_null();
  json_t *object = json_object();
  document_add_count(object, "step", finding->overflow.step);
  document_add_text(object, "op", finding->graph->ops[finding->overflow_op].name);
  document_add_count(object, "wanted_bytes", finding->overflow_wanted_bytes);
  document_add_count(object, "occupied_bytes", finding->overflow.occupied_bytes);
  return object;
}

static void add_simulated(json_t *document, const struct finding *finding) {
  const char *unfusable = finding->unfusable_op == GRAPH_NO_OP ? NULL : finding->graph->ops[finding->unfusable_op].name;
  document_add_text(document, "unfusable_op", unfusable);
  document_add_count(document, "fused_dram_bytes", finding->fused_dram_bytes);
  document_add_count(document, "layer_by_layer_dram_bytes", finding->layers_dram_bytes);
  document_add(document, "parts", parts_document(finding));
  if (finding->split.part_count == 0) return;
  document_add_count(document, "parts_dram_bytes", finding->split.expense.dram_bytes);
}

json_t *finding_document(const struct finding *finding) {
  json_t *document = json_object();
  document_add(document, "ops", plan_ops_document(finding->graph, finding->group));
  document_add_text(document, "explainer", finding->explainer);
  document_add_count(document, "capacity_bytes", finding->capacity_bytes);
  document_add_count(document, "required_bytes", required_bytes(finding));
  document_add_count(document, "peak_step", finding->peak.step);
  document_add(document, "valid", json_boolean(!finding->overflows));
  document_add(document, "first_overflow", overflow_document(finding));
  document_add(document, "shares", holders_document(finding));
  char *reason = finding->overflows ? reason_text(finding) : NULL;
  document_add_text(document, "reason", reason);
  free(reason);
  document_add(document, "cuts", cuts_document(finding));
  if (finding->simulated) add_simulated(document, finding);
  return document;
}
