#include "reference.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/bitset.h"

enum row_state { ROW_ABSENT, ROW_PRESENT, ROW_FREED };

struct row {
  bool needed;
  enum row_state state;
  uint32_t readers;    /* (output row, input) pairs of the group still to come */
  uint32_t owner;      /* op that it counts for */
  uint64_t room;       /* that it takes while it is there */
  uint64_t born, died; /* on the run's clock */
};

struct run {
  const struct graph *graph;
  const struct hw *hw;
  const uint64_t *group;
  struct row **rows; /* by tensor */
  uint32_t *next;    /* by tensor: rows before it are there, gone or not needed */
  uint64_t clock, occupied_bytes, peak_clock;
  const struct reference_refinement *refinement; /* NULL: none */
  const uint32_t *need;                          /* of the stripe that runs */
  struct reference *out;
};

__attribute__((format(printf, 2, 3))) static void fault(struct run *run, const char *format, ...) {
  if (run->out->fault[0] != '\0') return;
  va_list list;
  va_start(list, format);
  vsnprintf(run->out->fault, sizeof run->out->fault, format, list);
  va_end(list);
}

static void *allocate(size_t count, size_t size) {
  void *memory = calloc(count == 0 ? 1 : count, size);
  if (memory == NULL) abort();
  return memory;
}

/* ---- what the text calls needed ---- */

uint32_t reference_candidates(const struct row_map *map, uint32_t r, uint32_t rows_in) {
  switch (map->kind) {
    case ROW_WINDOW: return map->kernel;
    case ROW_STREAMED: return rows_in;
    case ROW_TABLE: return map->spans[r].count;
  }
  return 0;
}

int64_t reference_candidate(const struct row_map *map, uint32_t r, uint32_t k) {
  switch (map->kind) {
    case ROW_WINDOW: return (int64_t)r * map->stride + map->offset + (int64_t)k * map->dilation;
    case ROW_STREAMED: return k;
    case ROW_TABLE: return (int64_t)map->spans[r].first + k;
  }
  return -1;
}

static bool inside(const struct run *run, uint32_t t) {
  uint32_t op = run->graph->tensors[t].producer;
  return op != GRAPH_NO_OP && bitset_has(run->group, op);
}

bool reference_is_stored(const struct graph *graph, const uint64_t *group, uint32_t t) {
  if (graph->tensors[t].is_output) return true;
  for (uint32_t u = 0; u < graph->tensor_count; u++) {
    for (uint32_t i = 0; i < graph->tensors[u].input_count; i++) {
      bool reads = graph->tensors[u].inputs[i].tensor == t;
      if (reads && !bitset_has(group, graph->tensors[u].producer)) return true;
    }
  }
  return false;
}

static uint64_t bytes_of(uint64_t elements, uint32_t bits) { return (elements * bits + 7) / 8; }

static uint64_t row_bytes(const struct run *run, uint32_t t) {
  return bytes_of(run->graph->tensors[t].row_elements, run->hw->activation_bits);
}

static uint64_t op_weight_bytes(const struct run *run, uint32_t v) {
  const struct op *op = &run->graph->ops[v];
  uint64_t bias = bytes_of(op->bias_elements, run->hw->bias_bits);
  return bytes_of(op->weight_elements, run->hw->weight_bits) + bias;
}

/* Consumers come after their inputs, so one pass from the end marks everything. */
static void mark_needed(struct run *run) {
  for (uint32_t t = run->graph->tensor_count; t-- > 0;) {
    if (!inside(run, t)) continue;
    const struct tensor *tensor = &run->graph->tensors[t];
    bool stored = reference_is_stored(run->graph, run->group, t);
    for (uint32_t r = 0; r < tensor->rows; r++) {
      if (stored) run->rows[t][r].needed = true;
      if (!run->rows[t][r].needed) continue;
      for (uint32_t i = 0; i < tensor->input_count; i++) {
        uint32_t from = tensor->inputs[i].tensor, rows_in = run->graph->tensors[from].rows;
        uint32_t count = reference_candidates(&tensor->inputs[i].map, r, rows_in);
        for (uint32_t k = 0; k < count; k++) {
          int64_t q = reference_candidate(&tensor->inputs[i].map, r, k);
          if (q < 0 || q >= rows_in) continue;
          run->rows[from][q].needed = true;
          run->rows[from][q].readers++;
        }
      }
    }
  }
}

/* ---- rows coming and going ---- */

/* Whether an output row that no stripe so far has made needs the row. */
static bool needed_later(const struct run *run, uint32_t t, uint32_t r) {
  for (uint32_t u = 0; u < run->graph->tensor_count; u++) {
    const struct tensor *reader = &run->graph->tensors[u];
    if (!inside(run, u)) continue;
    for (uint32_t q = run->need[u]; q < reader->rows; q++) {
      for (uint32_t i = 0; run->rows[u][q].needed && i < reader->input_count; i++) {
        if (reader->inputs[i].tensor != t) continue;
        uint32_t count = reference_candidates(&reader->inputs[i].map, q, run->graph->tensors[t].rows);
        for (uint32_t k = 0; k < count; k++) {
          if (reference_candidate(&reader->inputs[i].map, q, k) == r) return true;
        }
      }
    }
  }
  return false;
}

static uint64_t room_of(const struct run *run, uint32_t t, uint32_t r) {
  bool sliced = run->refinement != NULL && run->refinement->slice_bytes[t] > 0 && !needed_later(run, t, r);
  return sliced ? run->refinement->slice_bytes[t] : row_bytes(run, t);
}

static void acquire(struct run *run, uint32_t t, uint32_t r) {
  struct row *row = &run->rows[t][r];
  if (row->state != ROW_ABSENT) fault(run, "row %u of tensor %u comes twice", r, t);
  row->state = ROW_PRESENT;
  row->born = ++run->clock;
  row->room = room_of(run, t, r);
  run->occupied_bytes += row->room;
  if (run->occupied_bytes > run->out->required_bytes) {
    run->out->required_bytes = run->occupied_bytes;
    run->peak_clock = run->clock;
  }
  struct reference *out = run->out;
  if (out->acquired_count == out->acquired_capacity) {
    out->acquired_capacity = 2 * out->acquired_capacity + 64;
    out->acquired = realloc(out->acquired, out->acquired_capacity * sizeof *out->acquired);
    if (out->acquired == NULL) abort();
  }
  out->acquired[out->acquired_count++] = (struct reference_row){t, r};
}

/* op: whose step lets the row go */
static void let_go(struct run *run, uint32_t t, uint32_t r, uint32_t op) {
  struct row *row = &run->rows[t][r];
  if (row->state != ROW_PRESENT) fault(run, "row %u of tensor %u is freed but not there", r, t);
  row->state = ROW_FREED;
  row->died = ++run->clock;
  row->owner = inside(run, t) ? run->graph->tensors[t].producer : op;
  run->occupied_bytes -= row->room;
}

static void use_row(struct run *run, uint32_t t, uint32_t r) {
  struct row *row = &run->rows[t][r];
  if (row->state == ROW_ABSENT) fault(run, "row %u of tensor %u is read before it is there", r, t);
  if (row->state == ROW_FREED) fault(run, "row %u of tensor %u is read after it was freed", r, t);
  if (row->readers == 0) fault(run, "row %u of tensor %u is read too often", r, t);
  row->readers--;
}

/* ---- firing ---- */

static void fire(struct run *run, uint32_t t, uint32_t r);

static void make_present(struct run *run, uint32_t t, uint32_t last) {
  while (run->next[t] <= last) {
    uint32_t q = run->next[t]++;
    if (!run->rows[t][q].needed) continue;
    if (inside(run, t)) {
      fire(run, t, q);
    } else {
      acquire(run, t, q);
      run->out->dram_in_bytes += row_bytes(run, t) * run->graph->batch;
    }
  }
}

static void take_streamed(struct run *run, uint32_t from, uint32_t op) {
  for (uint32_t q = 0; q < run->graph->tensors[from].rows; q++) {
    make_present(run, from, q);
    use_row(run, from, q);
    if (run->rows[from][q].readers == 0) let_go(run, from, q, op);
  }
}

static void bring_window(struct run *run, const struct tensor_input *input, uint32_t r) {
  uint32_t rows_in = run->graph->tensors[input->tensor].rows;
  int64_t last = -1;
  for (uint32_t k = 0; k < reference_candidates(&input->map, r, rows_in); k++) {
    int64_t q = reference_candidate(&input->map, r, k);
    if (q >= 0 && q < rows_in && q > last) last = q;
  }
  if (last >= 0) make_present(run, input->tensor, (uint32_t)last);
}

/* Every row that the firing reads, streamed inputs left out; the caller frees the list. */
static struct reference_row *list_reads(const struct run *run, uint32_t t, uint32_t r, size_t *count) {
  const struct tensor *tensor = &run->graph->tensors[t];
  size_t limit = 0;
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    const struct tensor_input *input = &tensor->inputs[i];
    limit += reference_candidates(&input->map, r, run->graph->tensors[input->tensor].rows);
  }
  struct reference_row *reads = allocate(limit, sizeof *reads);
  *count = 0;
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    const struct tensor_input *input = &tensor->inputs[i];
    uint32_t rows_in = run->graph->tensors[input->tensor].rows;
    if (input->map.kind == ROW_STREAMED) continue;
    for (uint32_t k = 0; k < reference_candidates(&input->map, r, rows_in); k++) {
      int64_t q = reference_candidate(&input->map, r, k);
      if (q >= 0 && q < rows_in) reads[(*count)++] = (struct reference_row){input->tensor, (uint32_t)q};
    }
  }
  return reads;
}

static bool dies_now(const struct run *run, struct reference_row read) {
  const struct row *row = &run->rows[read.tensor][read.row];
  return row->readers == 0 && row->state == ROW_PRESENT;
}

static bool reduces(const struct tensor *tensor) {
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    if (tensor->inputs[i].map.kind == ROW_STREAMED) return true;
  }
  return false;
}

/* Lets go the first dying row that has the bytes of an elementwise output row. */
static void overwrite(struct run *run, uint32_t t, const struct reference_row *reads, size_t count) {
  if (!run->hw->in_place || !run->graph->tensors[t].elementwise) return;
  for (size_t i = 0; i < count; i++) {
    if (!dies_now(run, reads[i]) || row_bytes(run, reads[i].tensor) != row_bytes(run, t)) continue;
    let_go(run, reads[i].tensor, reads[i].row, run->graph->tensors[t].producer);
    return;
  }
}

static void compute(struct run *run, uint32_t t, uint32_t r) {
  const struct tensor *tensor = &run->graph->tensors[t];
  size_t count;
  struct reference_row *reads = list_reads(run, t, r, &count);
  for (size_t i = 0; i < count; i++) use_row(run, reads[i].tensor, reads[i].row);
  if (!reduces(tensor)) {
    overwrite(run, t, reads, count);
    acquire(run, t, r);
  }
  for (size_t i = 0; i < count; i++) {
    if (dies_now(run, reads[i])) let_go(run, reads[i].tensor, reads[i].row, tensor->producer);
  }
  free(reads);
}

static void fire(struct run *run, uint32_t t, uint32_t r) {
  const struct tensor *tensor = &run->graph->tensors[t];
  if (reduces(tensor)) acquire(run, t, r);
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    const struct tensor_input *input = &tensor->inputs[i];
    if (input->map.kind == ROW_STREAMED) {
      take_streamed(run, input->tensor, tensor->producer);
    } else {
      bring_window(run, input, r);
    }
  }
  compute(run, t, r);
  if (reference_is_stored(run->graph, run->group, t)) {
    run->out->dram_out_bytes += row_bytes(run, t) * run->graph->batch;
  }
  if (run->rows[t][r].readers == 0) let_go(run, t, r, tensor->producer);
}

/* The output whose (next row + 1) / rows is smallest; of equal ones the first. */
static bool next_target(const struct run *run, const uint32_t *next, uint32_t *target) {
  const struct graph *graph = run->graph;
  bool found = false;
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    if (!inside(run, t) || !reference_is_stored(graph, run->group, t)) continue;
    uint64_t rows = graph->tensors[t].rows;
    if (next[t] == rows) continue;
    uint64_t best_rows = graph->tensors[*target].rows;
    if (found && (next[t] + 1) * best_rows >= (next[*target] + 1) * rows) continue;
    *target = t;
    found = true;
  }
  return found;
}

static void walk_targets(struct run *run) {
  uint32_t *next = allocate(run->graph->tensor_count, sizeof *next), t = 0;
  while (next_target(run, next, &t)) make_present(run, t, next[t]++);
  free(next);
}

/* ---- the whole run ---- */

static void share_peak(struct run *run) {
  for (uint32_t t = 0; t < run->graph->tensor_count; t++) {
    for (uint32_t r = 0; r < run->graph->tensors[t].rows; r++) {
      const struct row *row = &run->rows[t][r];
      if (row->state == ROW_PRESENT) fault(run, "row %u of tensor %u is still there at the end", r, t);
      if (row->needed && row->state == ROW_ABSENT) fault(run, "row %u of tensor %u never came", r, t);
      if (!row->needed && row->state != ROW_ABSENT) fault(run, "row %u of tensor %u came unneeded", r, t);
      if (row->readers > 0) fault(run, "row %u of tensor %u has readers left", r, t);
      bool held = row->state == ROW_FREED && row->born <= run->peak_clock && row->died > run->peak_clock;
      if (held) run->out->row_share[row->owner] += row->room;
    }
  }
}

static void load_weights(struct run *run) {
  for (uint32_t v = 0; v < run->graph->op_count; v++) {
    if (!bitset_has(run->group, v)) continue;
    run->out->weight_share[v] = op_weight_bytes(run, v);
    run->occupied_bytes += run->out->weight_share[v];
  }
  run->out->weight_bytes = run->occupied_bytes;
  run->out->required_bytes = run->occupied_bytes;
}

static void run_open(struct run *run, struct reference *out, const struct graph *graph, const struct hw *hw,
                     const uint64_t *group) {
  *out = (struct reference){
      .weight_share = allocate(graph->op_count, sizeof *out->weight_share),
      .row_share = allocate(graph->op_count, sizeof *out->row_share),
  };
  *run = (struct run){.graph = graph, .hw = hw, .group = group, .out = out};
  run->next = allocate(graph->tensor_count, sizeof *run->next);
  run->rows = allocate(graph->tensor_count, sizeof *run->rows);
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    run->rows[t] = allocate(graph->tensors[t].rows, sizeof *run->rows[t]);
  }
  mark_needed(run);
}

static void run_close(struct run *run, uint64_t constant_bytes) {
  share_peak(run);
  if (run->occupied_bytes != constant_bytes) fault(run, "rows leak");
  for (uint32_t t = 0; t < run->graph->tensor_count; t++) free(run->rows[t]);
  free(run->rows);
  free(run->next);
}

void reference_run(struct reference *out, const struct graph *graph, const struct hw *hw,
                   const uint64_t *group) {
  struct run run;
  run_open(&run, out, graph, hw, group);
  load_weights(&run);
  walk_targets(&run);
  run_close(&run, out->weight_bytes);
}

/* ---- stripes (2.4) ---- */

uint32_t reference_tallest(const struct graph *graph, const uint64_t *group) {
  uint32_t tallest = 0;
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    uint32_t op = graph->tensors[t].producer;
    bool output = op != GRAPH_NO_OP && bitset_has(group, op) && reference_is_stored(graph, group, t);
    if (output && graph->tensors[t].rows > tallest) tallest = graph->tensors[t].rows;
  }
  return tallest;
}

static uint64_t staging_of_op(const struct run *run, uint32_t v) {
  uint64_t weights = op_weight_bytes(run, v), channels = run->graph->ops[v].out_channels;
  uint64_t two = 2 * run->hw->brr_subgroup_channels * ((weights + channels - 1) / channels);
  return two < weights ? two : weights;
}

/* need[t]: rows of the tensor that are to be there, plus those above them. A tensor's readers come after it. */
static void find_needs(const struct run *run, uint32_t *need, uint32_t done, uint32_t tallest) {
  const struct graph *graph = run->graph;
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    need[t] = 0;
    if (!inside(run, t) || !reference_is_stored(graph, run->group, t)) continue;
    while ((uint64_t)need[t] * tallest < (uint64_t)graph->tensors[t].rows * done) need[t]++;
  }
  for (uint32_t t = graph->tensor_count; t-- > 0;) {
    const struct tensor *tensor = &graph->tensors[t];
    for (uint32_t r = 0; inside(run, t) && r < need[t]; r++) {
      for (uint32_t i = 0; run->rows[t][r].needed && i < tensor->input_count; i++) {
        uint32_t from = tensor->inputs[i].tensor, rows_in = graph->tensors[from].rows;
        for (uint32_t k = 0; k < reference_candidates(&tensor->inputs[i].map, r, rows_in); k++) {
          int64_t q = reference_candidate(&tensor->inputs[i].map, r, k);
          if (q >= 0 && q < rows_in && q >= need[from]) need[from] = (uint32_t)q + 1;
        }
      }
    }
  }
}

static bool is_new(const struct run *run, uint32_t t, uint32_t r) {
  return run->rows[t][r].needed && run->rows[t][r].state == ROW_ABSENT;
}

static void bring_inputs(struct run *run, const struct op *op, const uint32_t *need) {
  const struct graph *graph = run->graph;
  for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
    for (uint32_t r = run->next[t]; r < need[t]; r++) {
      for (uint32_t i = 0; is_new(run, t, r) && i < graph->tensors[t].input_count; i++) {
        bring_window(run, &graph->tensors[t].inputs[i], r);
      }
    }
  }
}

static void make_room(struct run *run, const struct op *op, const uint32_t *need) {
  for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
    for (uint32_t r = run->next[t]; r < need[t]; r++) {
      if (is_new(run, t, r)) acquire(run, t, r);
    }
  }
}

/* A reduction takes rows that are all there, and the last to need one lets it go. */
static void take_all(struct run *run, const struct tensor *tensor, uint32_t v) {
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    uint32_t from = tensor->inputs[i].tensor;
    if (tensor->inputs[i].map.kind != ROW_STREAMED) continue;
    for (uint32_t q = 0; q < run->graph->tensors[from].rows; q++) {
      use_row(run, from, q);
      if (run->rows[from][q].readers == 0) let_go(run, from, q, v);
    }
  }
}

static void finish_rows(struct run *run, const struct op *op, const uint32_t *need, uint32_t v) {
  const struct graph *graph = run->graph;
  for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
    for (; run->next[t] < need[t]; run->next[t]++) {
      uint32_t r = run->next[t];
      size_t count;
      if (!run->rows[t][r].needed) continue;
      struct reference_row *reads = list_reads(run, t, r, &count);
      take_all(run, &graph->tensors[t], v);
      for (size_t i = 0; i < count; i++) use_row(run, reads[i].tensor, reads[i].row);
      for (size_t i = 0; i < count; i++) {
        if (dies_now(run, reads[i])) let_go(run, reads[i].tensor, reads[i].row, v);
      }
      free(reads);
      if (reference_is_stored(graph, run->group, t)) run->out->dram_out_bytes += row_bytes(run, t) * graph->batch;
      if (run->rows[t][r].readers == 0) let_go(run, t, r, v);
    }
  }
}

/* All inputs and all new rows of an op's outputs are there together; then the inputs go. */
static void compute_together(struct run *run, const struct op *op, const uint32_t *need, uint32_t v) {
  bring_inputs(run, op, need);
  make_room(run, op, need);
  finish_rows(run, op, need, v);
}

static bool streams(const struct run *run, uint32_t v) {
  return run->refinement == NULL || !run->refinement->stays[v];
}

/* Whether any row of the op is new; then its weights are fetched, unless they stay. */
static bool op_begins(struct run *run, uint32_t v, const uint32_t *need) {
  const struct op *op = &run->graph->ops[v];
  bool any = false;
  for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
    for (uint32_t r = 0; r < need[t]; r++) any = any || is_new(run, t, r);
  }
  if (any && streams(run, v)) run->out->weight_bytes += op_weight_bytes(run, v) * run->graph->batch;
  return any;
}

/* What all ops of a segment need of inputs, and what they make, is there together. */
static void stripe_segment(struct run *run, uint32_t segment, const uint32_t *need) {
  const struct graph *graph = run->graph;
  const uint32_t *segments = run->refinement->segment;
  for (uint32_t v = 0; v < graph->op_count; v++) {
    if (segments[v] != segment) continue;
    op_begins(run, v, need);
    uint32_t t = graph->ops[v].first_output;
    for (uint32_t r = run->next[t]; r < need[t]; r++) {
      for (uint32_t i = 0; is_new(run, t, r) && i < graph->tensors[t].input_count; i++) {
        if (!inside(run, graph->tensors[t].inputs[i].tensor)) bring_window(run, &graph->tensors[t].inputs[i], r);
      }
    }
  }
  for (uint32_t v = 0; v < graph->op_count; v++) {
    if (segments[v] == segment) make_room(run, &graph->ops[v], need);
  }
  for (uint32_t v = 0; v < graph->op_count; v++) {
    if (segments[v] == segment) finish_rows(run, &graph->ops[v], need, v);
  }
}

static void stripe_op(struct run *run, uint32_t v, const uint32_t *need) {
  const struct op *op = &run->graph->ops[v];
  if (!op_begins(run, v, need)) return;
  if (op_weight_bytes(run, v) > 0 && !reduces(&run->graph->tensors[op->first_output])) {
    compute_together(run, op, need, v);
    return;
  }
  for (uint32_t t = op->first_output; t < op->first_output + op->output_count; t++) {
    if (need[t] > 0) make_present(run, t, need[t] - 1);
  }
}

static void run_stripe(struct run *run, const uint32_t *need) {
  uint32_t last = 0;
  for (uint32_t v = 0; v < run->graph->op_count; v++) {
    uint32_t segment = run->refinement == NULL ? 0 : run->refinement->segment[v];
    if (!bitset_has(run->group, v)) continue;
    if (segment == 0) {
      stripe_op(run, v, need);
    } else if (segment != last) {
      stripe_segment(run, segment, need);
    }
    last = segment;
  }
}

/* By input channels where the op takes slices. */
static uint64_t refined_staging(const struct run *run, uint32_t v) {
  uint64_t weights = op_weight_bytes(run, v), channels = run->graph->ops[v].work.channels;
  if (!streams(run, v)) return 0;
  if (run->refinement == NULL || !run->refinement->accumulates[v]) return staging_of_op(run, v);
  uint64_t two = 2 * run->hw->brr_subgroup_channels * ((weights + channels - 1) / channels);
  return two < weights ? two : weights;
}

/* The largest sum over a segment, which an op outside of all is to itself. */
static uint64_t staging_of_all(const struct run *run) {
  uint64_t most = 0, sum = 0;
  uint32_t last = 0;
  for (uint32_t v = 0; v < run->graph->op_count; v++) {
    if (!bitset_has(run->group, v)) continue;
    uint32_t segment = run->refinement == NULL ? 0 : run->refinement->segment[v];
    if (segment == 0 || segment != last) sum = 0;
    sum += refined_staging(run, v);
    if (sum > most) most = sum;
    last = segment;
  }
  return most;
}

static void keep_weights(struct run *run) {
  for (uint32_t v = 0; v < run->graph->op_count; v++) {
    if (!bitset_has(run->group, v) || streams(run, v)) continue;
    run->out->weight_share[v] = op_weight_bytes(run, v);
    run->out->weight_bytes += run->out->weight_share[v];
    run->occupied_bytes += run->out->weight_share[v];
  }
}

void reference_run_refined(struct reference *out, const struct graph *graph, const struct hw *hw,
                           const uint64_t *group, uint32_t height, const struct reference_refinement *refinement) {
  struct run run;
  uint32_t tallest = reference_tallest(graph, group), done = 0;
  uint32_t *need = allocate(graph->tensor_count, sizeof *need);
  run_open(&run, out, graph, hw, group);
  run.refinement = refinement;
  run.need = need;
  out->staging_bytes = run.occupied_bytes = staging_of_all(&run);
  keep_weights(&run);
  out->required_bytes = run.occupied_bytes;
  uint64_t constant = run.occupied_bytes;
  while (done < tallest) {
    done = tallest - done < height ? tallest : done + height;
    find_needs(&run, need, done, tallest);
    run_stripe(&run, need);
  }
  run_close(&run, constant);
  free(need);
}

void reference_run_stripes(struct reference *out, const struct graph *graph, const struct hw *hw,
                           const uint64_t *group, uint32_t height) {
  reference_run_refined(out, graph, hw, group, height, NULL);
}

void reference_brr(struct reference *out, uint32_t *stripes, const struct graph *graph, const struct hw *hw,
                   const uint64_t *group, uint64_t capacity_bytes) {
  uint32_t tallest = reference_tallest(graph, group);
  struct reference streamed;
  *stripes = 0;
  reference_run(out, graph, hw, group);
  if (out->required_bytes <= capacity_bytes) return;
  reference_run_stripes(&streamed, graph, hw, group, 1);
  if (streamed.required_bytes > capacity_bytes && streamed.required_bytes >= out->required_bytes) {
    reference_free(&streamed);
    return;
  }
  reference_free(out);
  *out = streamed;
  *stripes = tallest;
  if (streamed.required_bytes > capacity_bytes) return;
  for (uint32_t t = 1; t < tallest; t++) {
    uint32_t height = (tallest + t - 1) / t;
    reference_run_stripes(&streamed, graph, hw, group, height);
    if (streamed.required_bytes <= capacity_bytes) {
      reference_free(out);
      *out = streamed;
      *stripes = (tallest + height - 1) / height;
      return;
    }
    reference_free(&streamed);
  }
}

void reference_free(struct reference *reference) {
  free(reference->weight_share);
  free(reference->row_share);
  free(reference->acquired);
  *reference = (struct reference){0};
}
