#include "trace_replay.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#include "reference.h"
#include "util/bitset.h"

/* Numbers of events, counted from 1; 0 is never. */
struct row_life {
  size_t came, fired, stored, freed;
};

struct player {
  const struct graph *graph;
  const uint64_t *group;
  const struct trace *trace;
  struct row_life **rows; /* by tensor */
  uint64_t *weight_bytes; /* by op */
  uint64_t occupied_bytes;
  struct replay *out;
};

#define RULE(condition, number, what) \
  ck_assert_msg(condition, "event %zu of the trace: %s", (size_t)(number), what)

static bool is_inside(const struct player *player, uint32_t tensor) {
  uint32_t op = player->graph->tensors[tensor].producer;
  return op != GRAPH_NO_OP && bitset_has(player->group, op);
}

static struct row_life *life(const struct player *player, const struct trace_event *event) {
  ck_assert_uint_lt(event->tensor, player->graph->tensor_count);
  ck_assert_uint_lt(event->row, player->graph->tensors[event->tensor].rows);
  return &player->rows[event->tensor][event->row];
}

static void play_arrival(struct player *player, const struct trace_event *event, size_t number) {
  struct row_life *row = life(player, event);
  RULE(row->came == 0, number, "a row comes twice");
  RULE((event->kind == TRACE_ALLOC) == is_inside(player, event->tensor), number, "a row comes the wrong way");
  row->came = number;
  player->occupied_bytes += event->bytes;
  if (event->kind == TRACE_LOAD) player->out->load_bytes += event->bytes;
}

/* A row written over may be let go just before the room of the new row is taken. */
static void check_read(const struct row_life *input, const struct row_life *output, size_t number) {
  RULE(input->came != 0, number, "a row is read before it is there");
  bool written_over = input->freed != 0 && input->freed + 1 == output->came;
  RULE(input->freed == 0 || written_over, number, "a row is read after it was let go");
}

/* A row taken by a reduction must be there at some time between its accumulator and its firing. */
static void check_taken(const struct row_life *input, const struct row_life *output, size_t number) {
  RULE(input->came != 0, number, "a row is taken before it is there");
  RULE(input->freed == 0 || input->freed > output->came, number, "a row is taken after it was let go");
}

static void check_inputs(const struct player *player, const struct trace_event *event, size_t number) {
  const struct tensor *tensor = &player->graph->tensors[event->tensor];
  const struct row_life *output = life(player, event);
  for (uint32_t i = 0; i < tensor->input_count; i++) {
    const struct tensor_input *input = &tensor->inputs[i];
    uint32_t rows = player->graph->tensors[input->tensor].rows;
    for (uint32_t k = 0; k < reference_candidates(&input->map, event->row, rows); k++) {
      int64_t q = reference_candidate(&input->map, event->row, k);
      if (q < 0 || q >= rows) continue;
      const struct row_life *read = &player->rows[input->tensor][q];
      if (input->map.kind == ROW_STREAMED) {
        check_taken(read, output, number);
      } else {
        check_read(read, output, number);
      }
    }
  }
}

static void play_fire(struct player *player, const struct trace_event *event, size_t number) {
  struct row_life *row = life(player, event);
  RULE(row->came != 0 && row->freed == 0, number, "a row is computed without room");
  RULE(row->fired == 0, number, "a row is computed twice");
  row->fired = number;
  check_inputs(player, event, number);
}

static void play_read(struct player *player, const struct trace_event *event, size_t number) {
  const struct row_life *row = life(player, event);
  RULE(row->came != 0 && row->freed == 0, number, "a row is read that is not there");
  RULE(!is_inside(player, event->tensor) || row->fired != 0, number, "a row is read before it was computed");
}

static void play_store(struct player *player, const struct trace_event *event, size_t number) {
  struct row_life *row = life(player, event);
  RULE(row->fired != 0 && row->freed == 0 && row->stored == 0, number, "a row is stored that is not there");
  RULE(reference_is_stored(player->graph, player->group, event->tensor), number, "nobody outside needs the row");
  row->stored = number;
  player->out->store_bytes += event->bytes;
}

static void play_free(struct player *player, const struct trace_event *event, size_t number) {
  struct row_life *row = life(player, event);
  RULE(row->came != 0 && row->freed == 0, number, "a row is let go that is not there");
  RULE(!is_inside(player, event->tensor) || row->fired != 0, number, "a row is let go before it was computed");
  row->freed = number;
  player->occupied_bytes -= event->bytes;
}

static void play_weights(struct player *player, const struct trace_event *event, size_t number) {
  RULE(player->weight_bytes[event->op] == 0, number, "weights are loaded twice");
  player->weight_bytes[event->op] = event->bytes;
  player->out->weight_bytes += event->bytes;
  player->occupied_bytes += event->bytes;
}

static void play_staging(struct player *player, const struct trace_event *event, size_t number) {
  RULE(number == 1, number, "the staging area comes late, or twice");
  player->out->staging_bytes = event->bytes;
  player->occupied_bytes += event->bytes;
}

/* The event before took what is now too much. */
static void play_overflow(struct player *player, const struct trace_event *event, size_t number) {
  const struct trace_event *cause = &player->trace->events[number - 2];
  RULE(cause->bytes == event->bytes && cause->tensor == event->tensor, number, "an overflow names another row");
  player->out->overflows++;
}

static void play(struct player *player, const struct trace_event *event, size_t number) {
  uint64_t before = player->occupied_bytes, capacity = player->trace->capacity_bytes;
  RULE(bitset_has(player->group, event->op), number, "an op outside the group acts");
  switch (event->kind) {
    case TRACE_WEIGHTS: play_weights(player, event, number); break;
    case TRACE_STAGING: play_staging(player, event, number); break;
    case TRACE_FETCH: player->out->fetched_bytes += event->bytes; break;
    case TRACE_LOAD:
    case TRACE_ALLOC: play_arrival(player, event, number); break;
    case TRACE_READ: play_read(player, event, number); break;
    case TRACE_FIRE: play_fire(player, event, number); break;
    case TRACE_STORE: play_store(player, event, number); break;
    case TRACE_FREE: play_free(player, event, number); break;
    case TRACE_OVERFLOW: play_overflow(player, event, number); break;
  }
  RULE(event->occupied_bytes == player->occupied_bytes, number, "bytes appear or vanish");
  bool crosses = before <= capacity && player->occupied_bytes > capacity;
  bool told = number < player->trace->event_count && player->trace->events[number].kind == TRACE_OVERFLOW;
  RULE(crosses == told, number, "an overflow without its event, or the other way round");
  if (player->occupied_bytes > player->out->peak_bytes) player->out->peak_bytes = player->occupied_bytes;
}

static void check_end(const struct player *player) {
  ck_assert_uint_eq(player->occupied_bytes, player->out->weight_bytes + player->out->staging_bytes);
  for (uint32_t t = 0; t < player->graph->tensor_count; t++) {
    bool stored = is_inside(player, t) && reference_is_stored(player->graph, player->group, t);
    for (uint32_t r = 0; r < player->graph->tensors[t].rows; r++) {
      const struct row_life *row = &player->rows[t][r];
      ck_assert_msg(row->came == 0 || row->freed != 0, "row %u of tensor %u stays", r, t);
      ck_assert_msg(stored == (row->stored != 0), "row %u of tensor %u should be stored or not", r, t);
    }
  }
}

void replay_trace(struct replay *out, const struct graph *graph, const uint64_t *group, const struct trace *trace) {
  struct player player = {.graph = graph, .group = group, .trace = trace, .out = out};
  *out = (struct replay){0};
  player.weight_bytes = calloc(graph->op_count, sizeof *player.weight_bytes);
  player.rows = calloc(graph->tensor_count, sizeof *player.rows);
  ck_assert(player.weight_bytes != NULL && player.rows != NULL);
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    player.rows[t] = calloc(graph->tensors[t].rows, sizeof **player.rows);
    ck_assert_ptr_nonnull(player.rows[t]);
  }
  ck_assert(!trace->out_of_memory);
  for (size_t i = 0; i < trace->event_count; i++) {
    ck_assert(i == 0 || trace->events[i].step >= trace->events[i - 1].step);
    play(&player, &trace->events[i], i + 1);
  }
  check_end(&player);
  for (uint32_t t = 0; t < graph->tensor_count; t++) free(player.rows[t]);
  free(player.rows);
  free(player.weight_bytes);
}
