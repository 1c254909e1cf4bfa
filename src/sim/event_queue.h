/* What happens next: events by time, then priority, then the order in which they were put,
 * which makes runs deterministic. A binary heap of fixed room. */
#ifndef SPILLWAY_SIM_EVENT_QUEUE_H
#define SPILLWAY_SIM_EVENT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
  uint64_t time;
  uint32_t priority; /* smaller first */
  uint32_t what;     /* for the one who put it */
  uint64_t sequence; /* set by event_queue_put() */
};

struct event_queue {
  struct event *heap;
  size_t count, room;
  uint64_t sequence;
};

/* Room for that many events at once. 0, or -1 without memory. */
int event_queue_create(struct event_queue *queue, size_t room);
void event_queue_free(struct event_queue *queue);
void event_queue_clear(struct event_queue *queue);

/* There must be room. */
void event_queue_put(struct event_queue *queue, uint64_t time, uint32_t priority, uint32_t what);

/* Takes the first event; false if there is none. */
bool event_queue_take(struct event_queue *queue, struct event *event);

#endif
