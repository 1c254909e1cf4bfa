/* The controller: FR-FCFS (Rixner et al., ISCA 2000) over a read and a write queue, driven by
 * events: from one command it goes to the next clock at which any command is allowed. */
#include "sim/dram_channel.h"

#include <string.h>

static uint32_t bit(uint32_t index) { return UINT32_C(1) << index; }

void dram_queues_init(struct dram *dram) {
  memset(dram->queues, 0, sizeof dram->queues);
  for (uint32_t q = 0; q < DRAM_QUEUES; q++) {
    dram->queues[q].free_entries = UINT32_MAX;
    memset(dram->queues[q].banks, DRAM_NO_ENTRY, sizeof dram->queues[q].banks);
  }
  memset(dram->bursts_of_row, 0, sizeof dram->bursts_of_row);
  memset(dram->filter, 0, sizeof dram->filter);
  dram->opened_banks = 0;
  dram->draining_writes = dram->next_known = false;
  dram->floor_clock = dram->next_offer_clock = dram->forwarded_clock = 0;
}

bool dram_queues_empty(const struct dram *dram) {
  return dram->queues[DRAM_READS].count + dram->queues[DRAM_WRITES].count == 0 && dram->opened_banks == 0;
}

/* ---- the lists of the banks ---- */

static uint8_t find_row(const struct dram_queue *queue, uint8_t from, uint32_t row) {
  while (from != DRAM_NO_ENTRY && queue->entries[from].request.row != row) from = queue->entries[from].next;
  return from;
}

static void set_hit(struct dram_queue *queue, uint32_t bank, uint8_t hit) {
  queue->banks[bank].hit = hit;
  queue->hit_banks = hit == DRAM_NO_ENTRY ? queue->hit_banks & ~bit(bank) : queue->hit_banks | bit(bank);
}

/* Whether what the bank does next can differ for it. */
static bool append(struct dram_queue *queue, const struct dram_request *request, uint32_t open_row) {
  struct dram_bank_list *list = &queue->banks[request->bank];
  uint8_t e = (uint8_t)__builtin_ctz(queue->free_entries);
  queue->free_entries &= queue->free_entries - 1;
  queue->entries[e] = (struct dram_entry){*request, DRAM_NO_ENTRY, list->last};
  if (list->last == DRAM_NO_ENTRY) {
    list->first = e;
  } else {
    queue->entries[list->last].next = e;
  }
  list->last = e;
  if (list->hit == DRAM_NO_ENTRY && request->row == open_row) set_hit(queue, request->bank, e);
  queue->waiting_banks |= bit(request->bank);
  queue->count++;
  return list->first == e || list->hit == e;
}

static struct dram_request take(struct dram_queue *queue, uint8_t e) {
  const struct dram_entry *entry = &queue->entries[e];
  struct dram_bank_list *list = &queue->banks[entry->request.bank];
  if (list->hit == e) set_hit(queue, entry->request.bank, find_row(queue, entry->next, entry->request.row));
  if (entry->previous == DRAM_NO_ENTRY) {
    list->first = entry->next;
  } else {
    queue->entries[entry->previous].next = entry->next;
  }
  if (entry->next == DRAM_NO_ENTRY) {
    list->last = entry->previous;
  } else {
    queue->entries[entry->next].previous = entry->previous;
  }
  if (list->first == DRAM_NO_ENTRY) queue->waiting_banks &= ~bit(entry->request.bank);
  queue->free_entries |= bit(e);
  queue->count--;
  return entry->request;
}

static void find_hits(struct dram *dram, uint32_t bank) {
  uint32_t open_row = dram->state.banks[bank].open_row;
  for (uint32_t q = 0; q < DRAM_QUEUES; q++) {
    struct dram_queue *queue = &dram->queues[q];
    uint8_t first = open_row == DRAM_ROW_CLOSED ? DRAM_NO_ENTRY : queue->banks[bank].first;
    set_hit(queue, bank, find_row(queue, first, open_row));
  }
  dram->bursts_of_row[bank] = 0;
}

/* ---- writes that have not gone ---- */

static uint8_t *filter_slot(struct dram *dram, uint64_t address) {
  uint64_t burst = address / DRAM_REQUEST_BYTES;
  return &dram->filter[(burst ^ burst >> 8 ^ burst >> 16) % DRAM_FILTER_SLOTS];
}

static bool write_waits(struct dram *dram, uint64_t address, uint32_t bank) {
  if (*filter_slot(dram, address) == 0) return false;
  const struct dram_queue *queue = &dram->queues[DRAM_WRITES];
  const struct dram_request *opened = &dram->opened[bank];
  if ((dram->opened_banks & bit(bank)) != 0 && opened->write && opened->address == address) return true;
  uint8_t e = queue->banks[bank].first;
  while (e != DRAM_NO_ENTRY && queue->entries[e].request.address != address) e = queue->entries[e].next;
  return e != DRAM_NO_ENTRY;
}

/* ---- which command comes next ---- */

static void update_direction(struct dram *dram) {
  uint32_t reads = dram->queues[DRAM_READS].count, writes = dram->queues[DRAM_WRITES].count;
  bool enough = dram->draining_writes ? writes > DRAM_WRITES_LOW : writes >= DRAM_WRITES_HIGH, before;
  before = dram->draining_writes;
  dram->draining_writes = enough || reads == 0;
  if (dram->draining_writes != before) dram->next_known = false;
}

static const struct dram_queue *current_queue(const struct dram *dram) {
  return &dram->queues[dram->draining_writes ? DRAM_WRITES : DRAM_READS];
}

static enum dram_command_kind column_kind(const struct dram_request *request) {
  return request->write ? DRAM_WRITE : DRAM_READ;
}

/* Requests for which a row was opened come first, in order of their numbers like the others. */
#define ORDER_NOT_OPENED (UINT64_C(1) << 63)

/* The best choice so far, and for each kind of command the clock before which none goes. */
struct search {
  struct dram_choice best;
  uint64_t floor_clocks[DRAM_COMMAND_KINDS];
};

static void search_start(struct search *search, const struct dram *dram) {
  search->best = (struct dram_choice){.clock = UINT64_MAX, .order = UINT64_MAX};
  for (uint32_t kind = 0; kind < DRAM_COMMAND_KINDS; kind++) {
    search->floor_clocks[kind] = dram_later(dram_state_shared_clock(&dram->state, kind), dram->floor_clock);
  }
}

/* The inner loop of the controller: written so that it compiles to selections, because which
 * of the candidates is better cannot be predicted. */
static inline void consider(struct search *search, const struct dram *dram, enum dram_command_kind kind,
                            uint32_t bank, uint64_t order) {
  uint64_t clock = dram_later(dram_state_bank_clock(&dram->state, kind, bank), search->floor_clocks[kind]);
  struct dram_choice best = search->best;
  bool better = (clock < best.clock) | ((clock == best.clock) & (order < best.order));
  best.clock = better ? clock : best.clock;
  best.order = better ? order : best.order;
  best.kind = better ? kind : best.kind;
  best.bank = better ? bank : best.bank;
  search->best = best;
}

static void consider_opened(struct search *search, const struct dram *dram) {
  for (uint32_t set = dram->opened_banks; set != 0; set &= set - 1) {
    uint32_t bank = (uint32_t)__builtin_ctz(set);
    const struct dram_request *request = &dram->opened[bank];
    consider(search, dram, column_kind(request), bank, request->number);
  }
}

static uint64_t order_of(const struct dram_queue *queue, uint8_t entry) {
  return queue->entries[entry].request.number | ORDER_NOT_OPENED;
}

/* Banks with a request for the row that is open: its burst, and if an older request wants
 * another row, closing it. */
static void consider_hits(struct search *search, const struct dram *dram, const struct dram_queue *queue,
                          uint32_t banks) {
  enum dram_command_kind column = queue == &dram->queues[DRAM_WRITES] ? DRAM_WRITE : DRAM_READ;
  for (uint32_t set = banks; set != 0; set &= set - 1) {
    uint32_t bank = (uint32_t)__builtin_ctz(set), bursts = dram->bursts_of_row[bank];
    const struct dram_bank_list *list = &queue->banks[bank];
    bool older_waits = list->hit != list->first;
    if (!older_waits || bursts < DRAM_ROW_MAX_BURSTS) {
      consider(search, dram, column, bank, order_of(queue, list->hit));
    }
    if (older_waits && bursts >= DRAM_ROW_MIN_BURSTS) {
      consider(search, dram, DRAM_PRECHARGE, bank, order_of(queue, list->first));
    }
  }
}

static void consider_firsts(struct search *search, const struct dram *dram, const struct dram_queue *queue,
                            uint32_t banks, enum dram_command_kind kind) {
  if (search->floor_clocks[kind] > search->best.clock) return;
  for (uint32_t set = banks; set != 0; set &= set - 1) {
    uint32_t bank = (uint32_t)__builtin_ctz(set);
    consider(search, dram, kind, bank, order_of(queue, queue->banks[bank].first));
  }
}

/* What the requests could do next that wait in those banks, none of which is being opened. */
static void consider_banks(struct search *search, const struct dram *dram, const struct dram_queue *queue,
                           uint32_t banks) {
  uint32_t open = dram->state.open_banks;
  consider_hits(search, dram, queue, banks & queue->hit_banks);
  consider_firsts(search, dram, queue, banks & open & ~queue->hit_banks, DRAM_PRECHARGE);
  consider_firsts(search, dram, queue, banks & ~open, DRAM_ACTIVATE);
}

static struct dram_choice choose_opened(const struct dram *dram) {
  struct search search;
  search_start(&search, dram);
  consider_opened(&search, dram);
  return search.best;
}

static struct dram_choice choose(const struct dram *dram) {
  const struct dram_queue *queue = current_queue(dram);
  struct search search;
  search_start(&search, dram);
  consider_opened(&search, dram);
  consider_banks(&search, dram, queue, queue->waiting_banks & ~dram->opened_banks);
  return search.best;
}

/* A request has come to that bank. */
static void choose_again(struct dram *dram, const struct dram_queue *queue, uint32_t bank) {
  if (!dram->next_known || queue != current_queue(dram) || (dram->opened_banks & bit(bank)) != 0) return;
  if (dram->next.bank == bank) {
    dram->next_known = false;
    return;
  }
  struct search search;
  search_start(&search, dram);
  search.best = dram->next;
  consider_banks(&search, dram, queue, bit(bank));
  dram->next = search.best;
}

/* ---- doing it ---- */

static void finish(struct dram *dram, const struct dram_request *request, uint64_t clock) {
  uint64_t end_clock = dram_state_data_end(&dram->state, request->write, clock);
  if (request->write) {
    --*filter_slot(dram, request->address);
    return;
  }
  dram->state.counts.read_latency_clocks += end_clock - request->arrival_clock;
  if (dram->state.events.read_done != NULL) {
    dram->state.events.read_done(dram->state.events.context, request->number, end_clock);
  }
}

static void issue(struct dram *dram, const struct dram_choice *choice) {
  struct dram_queue *queue = &dram->queues[dram->draining_writes ? DRAM_WRITES : DRAM_READS];
  uint32_t bank = choice->bank, row = dram->state.banks[bank].open_row;
  if (choice->kind == DRAM_ACTIVATE) row = queue->entries[queue->banks[bank].first].request.row;
  const struct dram_command command = {choice->kind, bank, row, choice->clock};
  dram_state_issue(&dram->state, &command);
  dram->floor_clock = choice->clock;
  dram->next_known = false;
  switch (choice->kind) {
    case DRAM_ACTIVATE:
      dram->opened[bank] = take(queue, queue->banks[bank].first);
      dram->opened_banks |= bit(bank);
      find_hits(dram, bank);
      break;
    case DRAM_PRECHARGE: find_hits(dram, bank); break;
    default:
      dram->bursts_of_row[bank]++;
      if (choice->order < ORDER_NOT_OPENED) {
        dram->opened_banks &= ~bit(bank);
        finish(dram, &dram->opened[bank], choice->clock);
      } else {
        struct dram_request request = take(queue, queue->banks[bank].hit);
        dram->state.counts.row_hits++;
        finish(dram, &request, choice->clock);
      }
  }
  update_direction(dram);
}

static void refresh(struct dram *dram, uint64_t limit_clock) {
  if (dram_queues_empty(dram)) {
    dram_state_refresh_idle(&dram->state, limit_clock);
  } else {
    dram_state_refresh(&dram->state, dram_later(dram->state.refresh_due_clock, dram->floor_clock));
  }
  for (uint32_t b = 0; b < dram_standard_banks(dram->state.standard); b++) find_hits(dram, b);
  dram->next_known = false;
}

/* Does the next thing that happens up to limit_clock; false if nothing does. While a refresh
 * is due nothing new starts, but requests whose row has been opened for them are served. */
static bool step(struct dram *dram, uint64_t limit_clock) {
  uint64_t due_clock = dram->state.refresh_due_clock;
  if (!dram->next_known) {
    dram->next = choose(dram);
    dram->next_known = true;
  }
  struct dram_choice choice = dram->next;
  if (choice.clock >= due_clock) {
    if (dram->opened_banks == 0) {
      if (due_clock > limit_clock) return false;
      refresh(dram, limit_clock);
      return true;
    }
    choice = choose_opened(dram);
  }
  if (choice.clock > limit_clock || choice.clock == UINT64_MAX) return false;
  issue(dram, &choice);
  return true;
}

static void advance(struct dram *dram, uint64_t clock) {
  while (step(dram, clock)) continue;
}

/* ---- requests ---- */

static void accept(struct dram *dram, bool write, uint64_t address, uint64_t clock) {
  struct dram_counts *counts = &dram->state.counts;
  struct dram_place place = dram_place_of(dram->state.standard, dram->mapping, address);
  struct dram_request request = {address, clock, counts->requests++, place.row, (uint8_t)place.bank, write};
  counts->read_requests += !write;
  if (write_waits(dram, address, place.bank)) {
    counts->forwarded_reads += !write;
    counts->merged_writes += write;
    if (write) return;
    counts->read_latency_clocks++;
    dram->forwarded_clock = clock + 1;
    if (dram->state.events.read_done != NULL) {
      dram->state.events.read_done(dram->state.events.context, request.number, clock + 1);
    }
    return;
  }
  if (write) ++*filter_slot(dram, address);
  struct dram_queue *queue = &dram->queues[write ? DRAM_WRITES : DRAM_READS];
  bool matters = append(queue, &request, dram->state.banks[place.bank].open_row);
  dram->floor_clock = dram_later(dram->floor_clock, clock + 1);
  update_direction(dram);
  if (matters) choose_again(dram, queue, place.bank);
}

bool dram_has_room(struct dram *dram, bool write, uint64_t clock) {
  dram->next_offer_clock = dram_later(clock, dram->next_offer_clock);
  advance(dram, dram->next_offer_clock);
  return dram->queues[write ? DRAM_WRITES : DRAM_READS].count < DRAM_QUEUE_ENTRIES;
}

uint64_t dram_push(struct dram *dram, bool write, uint64_t address, uint64_t earliest_clock) {
  const struct dram_queue *queue = &dram->queues[write ? DRAM_WRITES : DRAM_READS];
  uint64_t clock = dram_later(earliest_clock, dram->next_offer_clock);
  advance(dram, clock);
  while (queue->count == DRAM_QUEUE_ENTRIES) {
    step(dram, UINT64_MAX);
    clock = dram_later(clock, dram->floor_clock);
  }
  accept(dram, write, address - address % DRAM_REQUEST_BYTES, clock);
  dram->next_offer_clock = clock + 1;
  return clock;
}

uint64_t dram_drain(struct dram *dram) {
  while (!dram_queues_empty(dram)) step(dram, UINT64_MAX);
  return dram_later(dram->state.data_end_clock, dram->forwarded_clock);
}
