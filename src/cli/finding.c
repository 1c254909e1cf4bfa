#include "cli/finding.h"

#include <stdlib.h>
#include <string.h>

#include "cli/group_trace.h"
#include "cli/memory.h"
#include "get/rank.h"
#include "get/trace_graph.h"
#include "graph/group.h"
#include "sim/report.h"
#include "util/bitset.h"

static void finding_start(struct finding *out, const struct graph *graph, const char *explainer,
                          uint64_t capacity_bytes) {
  *out = (struct finding){
      .graph = graph, .explainer = explainer, .capacity_bytes = capacity_bytes, .unfusable_op = GRAPH_NO_OP};
  out->group = cli_alloc(graph->set_words, sizeof *out->group);
}

void finding_free(struct finding *finding) {
  free(finding->group);
  free(finding->cuts);
  attribution_free(&finding->peak);
  attribution_free(&finding->overflow);
  *finding = (struct finding){0};
}

static void set_cuts(struct finding *out, const struct explained_cut *cuts, size_t count) {
  out->cuts = cli_alloc(count, sizeof *out->cuts);
  memcpy(out->cuts, cuts, count * sizeof *out->cuts);
  out->cut_count = count;
}

/* ---- from the trace ---- */

static void find_overflow_event(struct finding *out, const struct trace *trace) {
  for (size_t i = 0; i < trace->event_count && !out->overflows; i++) {
    const struct trace_event *event = &trace->events[i];
    if (event->occupied_bytes <= out->capacity_bytes) continue;
    out->overflows = true;
    out->overflow_op = event->op;
    out->overflow_wanted_bytes = event->bytes;
  }
}

static int set_attributions(struct finding *out, const struct trace *trace, struct error *err) {
  find_overflow_event(out, trace);
  if (attribution_create(&out->peak, trace, ATTRIBUTION_PEAK, err) != 0) return -1;
  return attribution_create(&out->overflow, trace, ATTRIBUTION_OVERFLOW, err);
}

/* ---- by simulation ---- */

int finder_create(struct finder *finder, const struct subject *subject, const struct split_rules *rules, uint64_t seed,
                  struct error *err) {
  *finder = (struct finder){.subject = subject, .rules = *rules, .seed = seed};
  if (split_memo_create(&finder->memo, &subject->model, err) != 0) return -1;
  if (splitter_create(&finder->splitter, finder->memo, rules, err) == 0) return 0;
  split_memo_free(finder->memo);
  return -1;
}

void finder_free(struct finder *finder) {
  splitter_free(finder->splitter);
  split_memo_free(finder->memo);
}

/* What the ops move one by one; names one that overflows even alone. */
static int find_layers(struct finding *out, struct finder *finder, struct error *err) {
  struct sim *sim = finder->subject->sim;
  uint64_t alone[GRAPH_MAX_SET_WORDS];
  bitset_clear(alone, out->graph->set_words);
  for BITSET_EACH (v, out->group, out->graph->set_words) {
    struct group_cost cost;
    bitset_add(alone, v);
    int status = finder->rules.method->cost(sim, alone, &cost);
    bool fits = status == 0 && cost.required_bytes <= out->capacity_bytes;
    if (status == 0 && !fits) status = method_alone(finder->rules.method)->cost(sim, alone, &cost);
    if (status < 0) return error_memory(err);
    if (!fits && out->unfusable_op == GRAPH_NO_OP) {
      out->unfusable_op = (uint32_t)v;
      out->unrunnable = cost.required_bytes > out->capacity_bytes;
    }
    out->layers_dram_bytes += group_cost_dram_bytes(&cost);
    bitset_remove(alone, v);
  }
  return 0;
}

static int find_cuts(struct finding *out, struct finder *finder, struct error *err) {
  const struct explanation *explanation;
  struct rng rng = rng_stream(finder->seed, 0, 0);
  if (splitter_explain(finder->splitter, out->group, &rng, &explanation) != 0) return error_memory(err);
  set_cuts(out, explanation->cuts, explanation->count);
  out->predicted = finder->rules.explainer->uses_trace;
  out->scored = finder->rules.explainer->ranks && !out->predicted;
  if (out->unfusable_op != GRAPH_NO_OP) return 0;
  rng = rng_stream(finder->seed, 0, 0);
  return splitter_split(finder->splitter, out->group, &rng, &out->split) == 0 ? 0 : error_memory(err);
}

static int find_by_trace(struct finding *out, struct finder *finder, struct error *err) {
  struct trace trace;
  if (group_trace(&trace, finder->subject, finder->rules.method, out->group, err) != 0) return -1;
  int status = set_attributions(out, &trace, err);
  trace_free(&trace);
  return status;
}

static int find_all(struct finding *out, struct finder *finder, struct error *err) {
  struct group_cost cost;
  if (find_by_trace(out, finder, err) != 0 || find_layers(out, finder, err) != 0) return -1;
  if (finder->rules.method->cost(finder->subject->sim, out->group, &cost) != 0) return error_memory(err);
  if (out->overflows && sim_traffic(finder->subject->sim, out->group, &cost) != 0) return error_memory(err);
  out->fused_dram_bytes = group_cost_dram_bytes(&cost);
  bool cuttable = bitset_count(out->group, out->graph->set_words) > 1;
  return out->overflows && cuttable ? find_cuts(out, finder, err) : 0;
}

int finder_find(struct finding *out, struct finder *finder, const uint64_t *group, struct error *err) {
  const struct sim_model *model = &finder->subject->model;
  finding_start(out, model->graph, finder->rules.explainer->name, model->hw.buffer_capacity_bytes);
  out->simulated = true;
  bitset_copy(out->group, group, model->graph->set_words);
  if (find_all(out, finder, err) == 0) return 0;
  finding_free(out);
  return -1;
}

/* ---- from a trace alone ---- */

static void relabel(uint64_t *by_op, const uint32_t *labels, size_t count) {
  uint64_t *copy = cli_alloc(count, sizeof *copy);
  memcpy(copy, by_op, count * sizeof *copy);
  for (size_t i = 0; i < count; i++) by_op[labels[i]] = copy[i];
  free(copy);
}

static void relabel_attribution(struct attribution *attribution, const uint32_t *labels) {
  relabel(attribution->weight_bytes, labels, attribution->op_count);
  relabel(attribution->row_bytes, labels, attribution->op_count);
  relabel(attribution->above_capacity_byte_steps, labels, attribution->op_count);
  if (attribution->staging_bytes > 0) attribution->staging_op = labels[attribution->staging_op];
}

static int rank_from_trace(struct finding *out, double fraction, struct error *err) {
  const struct graph *graph = out->graph;
  struct group_cut_list list;
  if (group_cut_list_create(&list, graph, err) != 0) return -1;
  group_cuts(graph, out->group, &list);
  uint64_t *op_bytes = cli_alloc(graph->op_count, sizeof *op_bytes);
  uint64_t *tensor_bytes = cli_alloc(graph->tensor_count, sizeof *tensor_bytes);
  struct explained_cut *cuts = cli_alloc(list.count, sizeof *cuts);
  for (uint32_t v = 0; v < graph->op_count; v++) op_bytes[v] = attribution_op_bytes(&out->peak, v);
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    tensor_bytes[t] = graph->tensors[t].row_elements * graph->tensors[t].rows;
  }
  int status = rank_cuts(cuts, graph, out->group, &list, op_bytes, tensor_bytes, out->capacity_bytes);
  size_t named = rank_cuts_of_edges(cuts, list.count, explanation_edge_count(graph, out->group, fraction));
  if (status == 0) set_cuts(out, cuts, named);
  free(op_bytes);
  free(tensor_bytes);
  free(cuts);
  group_cut_list_free(&list);
  return status == 0 ? 0 : error_memory(err);
}

static int read_trace(struct finding *out, const struct trace *trace, const uint32_t *labels, double fraction,
                      struct error *err) {
  for (uint32_t v = 0; v < out->graph->op_count; v++) bitset_add(out->group, v);
  if (set_attributions(out, trace, err) != 0) return -1;
  relabel_attribution(&out->peak, labels);
  relabel_attribution(&out->overflow, labels);
  if (out->overflows) out->overflow_op = labels[out->overflow_op];
  out->predicted = true;
  return out->overflows ? rank_from_trace(out, fraction, err) : 0;
}

int finding_from_trace(struct finding *out, struct graph **graph, const struct trace *trace, uint64_t capacity_bytes,
                       double fraction, struct error *err) {
  struct trace sized = *trace;
  uint32_t *labels;
  if (trace_graph_create(graph, &labels, trace, err) != 0) return -1;
  sized.capacity_bytes = capacity_bytes;
  finding_start(out, *graph, "trace-get", capacity_bytes);
  int status = read_trace(out, &sized, labels, fraction, err);
  free(labels);
  if (status == 0) return 0;
  finding_free(out);
  graph_free(*graph);
  return -1;
}
