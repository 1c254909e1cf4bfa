/* struct dram: the state of a channel, and the controller's queues in front of it. */
#ifndef SPILLWAY_SIM_DRAM_CHANNEL_H
#define SPILLWAY_SIM_DRAM_CHANNEL_H

#include "sim/dram_state.h"

/* The controller's policy. Writes wait until many have gathered, because turning the bus round
 * costs both ways. While an older request wants another row of the bank, a row that was opened
 * is good for two bursts; then it closes at the first clock at which that is allowed and no
 * burst from it is, and after sixteen in any case. */
enum {
  DRAM_WRITES_HIGH = 30, /* so many waiting writes go before waiting reads */
  DRAM_WRITES_LOW = 4,   /* and go on until so few are left, or while no read waits */
  DRAM_ROW_MIN_BURSTS = 2,
  DRAM_ROW_MAX_BURSTS = 16,
};

enum { DRAM_NO_ENTRY = 0xff };

struct dram_request {
  uint64_t address, arrival_clock, number;
  uint32_t row;
  uint8_t bank;
  bool write;
};

/* Requests of a bank, oldest first, by number of their entry. hit is the oldest of them that
 * wants the open row. */
struct dram_bank_list {
  uint8_t first, last, hit;
};

struct dram_entry {
  struct dram_request request;
  uint8_t next, previous;
};

struct dram_queue {
  struct dram_entry entries[DRAM_QUEUE_ENTRIES];
  struct dram_bank_list banks[DRAM_MAX_BANKS];
  uint32_t free_entries, waiting_banks, hit_banks; /* bit sets; hit_banks have a hit */
  uint32_t count;
};

enum { DRAM_READS, DRAM_WRITES, DRAM_QUEUES };
enum { DRAM_FILTER_SLOTS = 256 };

/* A command that could come next, on behalf of one request. Of commands that are allowed at
 * the same clock the one with the lowest order goes first. */
struct dram_choice {
  uint64_t clock, order;
  enum dram_command_kind kind;
  uint32_t bank;
};

struct dram {
  struct dram_state state;
  const struct dram_mapping *mapping;
  bool refresh;

  struct dram_queue queues[DRAM_QUEUES];
  /* A request leaves its queue when its row is opened, and is served from here, before others
   * and whatever the direction, so that no row is opened in vain. */
  struct dram_request opened[DRAM_MAX_BANKS];
  uint32_t opened_banks;                 /* bit set */
  uint32_t bursts_of_row[DRAM_MAX_BANKS]; /* since it was opened */
  bool draining_writes;
  bool next_known; /* next is what choose() would return */
  struct dram_choice next;
  uint64_t floor_clock;       /* no command comes before */
  uint64_t next_offer_clock;  /* one request a clock */
  uint64_t forwarded_clock;   /* of the latest read answered from the write queue */
  uint8_t filter[DRAM_FILTER_SLOTS]; /* writes that have not gone, by hash of their address */

  /* Of dram_transfer(): clocks of the latest bursts, in a ring; the controller sees no further
   * ahead of the data than its queue holds. */
  uint64_t burst_clocks[DRAM_QUEUE_ENTRIES];
  uint32_t next_burst;
  uint64_t piece_end_clock;  /* last burst of the latest piece */
  uint64_t last_burst_clock; /* latest burst of all */
  uint64_t bus_clock;        /* where the bus would stand without gaps */
  bool last_was_write;
};

void dram_queues_init(struct dram *dram);
bool dram_queues_empty(const struct dram *dram);

#endif
