#include "sim/event_queue.h"

#include <stdlib.h>

int event_queue_create(struct event_queue *queue, size_t room) {
  *queue = (struct event_queue){.heap = malloc(room * sizeof *queue->heap), .room = room};
  return queue->heap == NULL ? -1 : 0;
}

void event_queue_free(struct event_queue *queue) {
  free(queue->heap);
  *queue = (struct event_queue){0};
}

void event_queue_clear(struct event_queue *queue) {
  queue->count = 0;
  queue->sequence = 0;
}

static bool comes_before(const struct event *a, const struct event *b) {
  if (a->time != b->time) return a->time < b->time;
  if (a->priority != b->priority) return a->priority < b->priority;
  return a->sequence < b->sequence;
}

static void swap(struct event *a, struct event *b) {
  struct event kept = *a;
  *a = *b;
  *b = kept;
}

void event_queue_put(struct event_queue *queue, uint64_t time, uint32_t priority, uint32_t what) {
  size_t at = queue->count++;
  queue->heap[at] = (struct event){time, priority, what, queue->sequence++};
  while (at > 0 && comes_before(&queue->heap[at], &queue->heap[(at - 1) / 2])) {
    swap(&queue->heap[at], &queue->heap[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
}

bool event_queue_take(struct event_queue *queue, struct event *event) {
  if (queue->count == 0) return false;
  *event = queue->heap[0];
  queue->heap[0] = queue->heap[--queue->count];
  for (size_t at = 0;;) {
    size_t first = at, left = 2 * at + 1;
    if (left < queue->count && comes_before(&queue->heap[left], &queue->heap[first])) first = left;
    if (left + 1 < queue->count && comes_before(&queue->heap[left + 1], &queue->heap[first])) first = left + 1;
    if (first == at) return true;
    swap(&queue->heap[at], &queue->heap[first]);
    at = first;
  }
}
