/* The DMA of the timed engine and the channels behind it. */
#include <math.h>
#include <stdlib.h>

#include "sim/timed_machine.h"

static const uint64_t fs_per_ps = 1000;

/* ---- creation ---- */

static int queue_create(struct request_queue *queue, uint32_t depth, uint32_t channels) {
  *queue = (struct request_queue){
      .items = malloc(depth * sizeof *queue->items),
      .first = malloc(channels * sizeof *queue->first),
      .last = malloc(channels * sizeof *queue->last),
      .depth = depth,
  };
  if (queue->items == NULL || queue->first == NULL || queue->last == NULL) return -1;
  for (uint32_t i = 0; i < depth; i++) queue->items[i].next = i + 1 < depth ? i + 1 : REQUEST_NONE;
  for (uint32_t c = 0; c < channels; c++) queue->first[c] = REQUEST_NONE;
  return 0;
}

static void queue_free(struct request_queue *queue) {
  free(queue->items);
  free(queue->first);
  free(queue->last);
}

static int find_standard(struct timed *timed, const struct dram_mapping **mapping, struct error *err) {
  const struct hw *hw = &timed->model->hw;
  timed->standard = dram_standard_find(hw->dram_standard);
  if (timed->standard == NULL) {
    return error_set(err, ERROR_INPUT, "hardware '%s': unknown DRAM standard '%s'; 'spillway list dram' names them",
                     hw->name, hw->dram_standard);
  }
  *mapping = hw->dram_mapping[0] == '\0' ? dram_mapping_default(timed->standard) : dram_mapping_find(hw->dram_mapping);
  if (*mapping != NULL) return 0;
  return error_set(err, ERROR_INPUT, "hardware '%s': unknown DRAM mapping '%s'; expected m0 or m1", hw->name,
                   hw->dram_mapping);
}

int dma_create(struct timed *timed, struct error *err) {
  const struct hw *hw = &timed->model->hw;
  const struct dram_mapping *mapping;
  if (find_standard(timed, &mapping, err) != 0) return -1;
  timed->cycle_fs = (uint64_t)llround(1e9 / hw->clock_mhz);
  timed->clock_fs = timed->standard->clock_ps * fs_per_ps;
  timed->channels = calloc(hw->dram_channels, sizeof *timed->channels);
  if (timed->channels == NULL || queue_create(&timed->reads, hw->dma_read_queue, hw->dram_channels) != 0 ||
      queue_create(&timed->writes, hw->dma_write_queue, hw->dram_channels) != 0) {
    return error_memory(err);
  }
  for (timed->channel_count = 0; timed->channel_count < hw->dram_channels; timed->channel_count++) {
    if (dram_create(&timed->channels[timed->channel_count].dram, timed->standard, mapping, err) != 0) return -1;
  }
  return 0;
}

void dma_free(struct timed *timed) {
  for (uint32_t c = 0; c < timed->channel_count; c++) dram_free(timed->channels[c].dram);
  free(timed->channels);
  queue_free(&timed->reads);
  queue_free(&timed->writes);
}

void dma_reset(struct timed *timed) {
  for (uint32_t c = 0; c < timed->channel_count; c++) {
    dram_reset(timed->channels[c].dram);
    timed->channels[c].busy = false;
  }
  /* The request queues are empty: a run ends when everything has moved. */
  timed->reads_in_flight = timed->writes_in_flight = 0;
  timed->load = STEP_NONE;
  timed->load_offset = 0;
  timed->store_first = timed->store_end = 0;
  timed->store_offset = 0;
  timed->draining = false;
}

/* ---- requests ---- */

/* The next request of a step from offset on: to the end of the DRAM page. Pages go round the
 * channels. */
static struct request next_request(const struct timed *timed, size_t step, uint64_t offset) {
  const struct step *moved = &timed->program.steps[step];
  uint64_t page = timed->standard->row_bytes, address = moved->address + offset;
  uint64_t left = moved->bytes - offset, in_page = page - address % page;
  return (struct request){
      .step = step,
      .address = address / page / timed->channel_count * page + address % page,
      .bytes = left < in_page ? left : in_page,
      .queued_cycle = timed->now,
      .channel = (uint32_t)(address / page % timed->channel_count),
  };
}

static void queue_put(struct request_queue *queue, const struct request *request) {
  uint32_t slot = queue->unused, channel = request->channel;
  queue->unused = queue->items[slot].next;
  queue->items[slot] = *request;
  queue->items[slot].next = REQUEST_NONE;
  if (queue->first[channel] == REQUEST_NONE) {
    queue->first[channel] = slot;
  } else {
    queue->items[queue->last[channel]].next = slot;
  }
  queue->last[channel] = slot;
  queue->count++;
}

/* The first request for the channel leaves the queue. */
static bool queue_take(struct request_queue *queue, uint32_t channel, struct request *request) {
  uint32_t slot = queue->first[channel];
  if (slot == REQUEST_NONE) return false;
  *request = queue->items[slot];
  queue->first[channel] = request->next;
  queue->items[slot].next = queue->unused;
  queue->unused = slot;
  queue->count--;
  return true;
}

/* A load or store from its issue on; end_cycle is 0 when it starts. */
static struct timed_span move_span(const struct timed *timed, size_t index, uint64_t end_cycle) {
  const struct step *step = &timed->program.steps[index];
  bool write = step->kind == STEP_STORE;
  return (struct timed_span){
      .track = write ? TIMED_TRACK_WRITE : TIMED_TRACK_READ,
      .write = write,
      .op = step->op,
      .tensor = step->tensor,
      .row = step->row,
      .bytes = step->bytes,
      .start_cycle = timed->since[index],
      .end_cycle = end_cycle,
      .number = index,
  };
}

static void move_begin(struct timed *timed, size_t step) {
  timed->left[step] = timed->program.steps[step].bytes;
  timed->since[step] = timed->now;
  const struct timed_span span = move_span(timed, step, 0);
  timed_begin(timed, &span);
}

static void move_end(struct timed *timed, size_t step) {
  timed->flags[step] |= STEP_DONE;
  const struct timed_span span = move_span(timed, step, timed->now);
  timed_end(timed, &span);
}

static void store_done(struct timed *timed, size_t step) {
  const struct step *stored = &timed->program.steps[step];
  move_end(timed, step);
  timed_trace(timed, TRACE_STORE, stored);
  if ((timed->flags[stored->pair] & STEP_FREED) != 0) timed_give_room(timed, stored->pair);
}

/* ---- loads ---- */

/* The largest ahead_bytes of the steps from the sequencer to the next load, kept as in a sliding
 * window maximum: candidates fall from front to back. */
static void ahead_push(struct timed *timed, size_t step) {
  const struct step *steps = timed->program.steps;
  while (timed->ahead_end > timed->ahead_first &&
         steps[timed->ahead[timed->ahead_end - 1]].ahead_bytes <= steps[step].ahead_bytes) {
    timed->ahead_end--;
  }
  timed->ahead[timed->ahead_end++] = step;
}

/* Whether the load, issued now, leaves room for everything that comes before its turn. */
static bool load_fits(struct timed *timed, const struct step *step) {
  while (timed->ahead_first < timed->ahead_end && timed->ahead[timed->ahead_first] < timed->at) timed->ahead_first++;
  if (timed->occupied_bytes + step->bytes > timed->limit_bytes) return false;
  if (timed->ahead_first == timed->ahead_end) return true;
  int64_t ahead = timed->program.steps[timed->ahead[timed->ahead_first]].ahead_bytes;
  return (int64_t)(timed->issued_load_bytes + step->bytes) + ahead <= (int64_t)timed->limit_bytes;
}

static void load_issue(struct timed *timed, size_t index) {
  const struct step *step = &timed->program.steps[index];
  timed->issued_load_bytes += step->bytes;
  timed_take_room(timed, step->tensor == TRACE_NO_TENSOR ? TRACE_WEIGHTS : TRACE_LOAD, step);
  move_begin(timed, index);
  timed->load = index;
  timed->load_offset = 0;
  if (step->bytes == 0) move_end(timed, index);
}

/* Finds the next load and issues it; false if there is none or no room for it. */
static bool load_next(struct timed *timed) {
  const struct program *program = &timed->program;
  timed->room_blocks_load = false;
  while (timed->scan < program->count && program->steps[timed->scan].kind != STEP_LOAD) {
    ahead_push(timed, timed->scan++);
  }
  if (timed->scan == program->count) return false;
  if (!load_fits(timed, &program->steps[timed->scan])) {
    timed->room_blocks_load = true;
    return false;
  }
  load_issue(timed, timed->scan);
  ahead_push(timed, timed->scan++);
  return true;
}

static void pump_loads(struct timed *timed) {
  while (timed->load != STEP_NONE || load_next(timed)) {
    const struct step *step = &timed->program.steps[timed->load];
    while (timed->load_offset < step->bytes && timed->reads_in_flight < timed->reads.depth) {
      struct request request = next_request(timed, timed->load, timed->load_offset);
      queue_put(&timed->reads, &request);
      timed->reads_in_flight++;
      timed->load_offset += request.bytes;
    }
    if (timed->load_offset < step->bytes) return;
    timed->load = STEP_NONE;
  }
}

/* ---- stores ---- */

void dma_store(struct timed *timed, size_t step) {
  move_begin(timed, step);
  timed->stores[timed->store_end++] = step;
}

static void pump_stores(struct timed *timed) {
  while (timed->store_first < timed->store_end && timed->writes_in_flight < timed->writes.depth) {
    size_t step = timed->stores[timed->store_first];
    struct request request = next_request(timed, step, timed->store_offset);
    queue_put(&timed->writes, &request);
    timed->writes_in_flight++;
    timed->store_offset += request.bytes;
    if (timed->store_offset < timed->program.steps[step].bytes) continue;
    timed->store_offset = 0;
    timed->store_first++;
  }
}

bool dma_idle(const struct timed *timed) {
  return timed->reads_in_flight == 0 && timed->writes_in_flight == 0 && timed->store_first == timed->store_end;
}

/* ---- channels ---- */

/* Stays at UINT64_MAX. */
static uint64_t scale_up(uint64_t count, uint64_t from_fs, uint64_t to_fs) {
  unsigned __int128 scaled = ((unsigned __int128)count * from_fs + to_fs - 1) / to_fs;
  return scaled > UINT64_MAX ? UINT64_MAX : (uint64_t)scaled;
}

/* The channels count no further. */
static const uint64_t last_clock = UINT64_MAX / 4;

static uint64_t serve(struct timed *timed, struct dram *dram, const struct request *request, bool write) {
  if (timed->model->hw.dram_unlimited) return timed->now;
  uint64_t queued_clock = scale_up(request->queued_cycle, timed->cycle_fs, timed->clock_fs);
  if (queued_clock > last_clock) return timed->now; /* computing takes all the time that can be counted */
  uint64_t end_clock = dram_transfer(dram, write, request->address, request->bytes, queued_clock);
  uint64_t end_cycle = scale_up(end_clock, timed->clock_fs, timed->cycle_fs);
  return end_cycle > timed->now ? end_cycle : timed->now;
}

/* Writes are served in batches, since turning the bus round costs time. */
static bool writes_first(struct timed *timed) {
  uint32_t waiting = timed->writes.count, depth = timed->writes.depth;
  if (waiting * 4 >= depth * 3) timed->draining = true;
  if (waiting * 4 <= depth) timed->draining = false;
  return timed->draining;
}

static struct timed_span channel_span(const struct timed *timed, uint32_t index, uint64_t end_cycle) {
  const struct channel *channel = &timed->channels[index];
  const struct step *moved = &timed->program.steps[channel->request.step];
  return (struct timed_span){
      .track = TIMED_TRACK_CHANNEL,
      .channel = index,
      .write = moved->kind == STEP_STORE,
      .op = moved->op,
      .tensor = moved->tensor,
      .row = moved->row,
      .bytes = channel->request.bytes,
      .start_cycle = channel->start_cycle,
      .end_cycle = end_cycle,
  };
}

static void channel_start(struct timed *timed, uint32_t index) {
  struct channel *channel = &timed->channels[index];
  bool prefer_writes = writes_first(timed);
  struct request_queue *first = prefer_writes ? &timed->writes : &timed->reads;
  struct request_queue *second = prefer_writes ? &timed->reads : &timed->writes;
  if (channel->busy) return;
  if (!queue_take(first, index, &channel->request) && !queue_take(second, index, &channel->request)) return;
  bool write = timed->program.steps[channel->request.step].kind == STEP_STORE;
  channel->busy = true;
  channel->start_cycle = timed->now;
  const struct timed_span span = channel_span(timed, index, 0);
  timed_begin(timed, &span);
  event_queue_put(&timed->queue, serve(timed, channel->dram, &channel->request, write), 0, UNIT_COUNT + index);
}

void dma_channel_done(struct timed *timed, uint32_t index) {
  struct channel *channel = &timed->channels[index];
  size_t step = channel->request.step;
  bool write = timed->program.steps[step].kind == STEP_STORE;
  channel->busy = false;
  timed->cost.dram_busy_cycles += timed->now - channel->start_cycle;
  (write ? &timed->writes_in_flight : &timed->reads_in_flight)[0]--;
  const struct timed_span span = channel_span(timed, index, timed->now);
  timed_end(timed, &span);
  timed->left[step] -= channel->request.bytes;
  if (timed->left[step] > 0) return;
  if (write) {
    store_done(timed, step);
  } else {
    move_end(timed, step);
  }
}

void dma_pump(struct timed *timed) {
  pump_loads(timed);
  pump_stores(timed);
  for (uint32_t c = 0; c < timed->channel_count; c++) channel_start(timed, c);
}
