#include "util/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct parallel_worker {
  struct parallel *parallel;
  pthread_t thread;
  unsigned number;
};

struct parallel {
  pthread_mutex_t lock;
  pthread_cond_t start, done;
  struct parallel_worker *workers; /* all but the caller, who is worker 0 */
  unsigned worker_count;
  unsigned busy;
  uint64_t round; /* counts calls of parallel_for */
  bool ending;
  void (*work)(void *context, unsigned worker, uint64_t item);
  void *context;
  uint64_t count;
  atomic_uint_fast64_t next;
};

static void parallel_take_items(struct parallel *parallel, unsigned worker) {
  for (;;) {
    uint64_t item = atomic_fetch_add(&parallel->next, 1);
    if (item >= parallel->count) return;
    parallel->work(parallel->context, worker, item);
  }
}

static void *parallel_thread(void *argument) {
  struct parallel_worker *worker = argument;
  struct parallel *parallel = worker->parallel;
  uint64_t round = 0;
  pthread_mutex_lock(&parallel->lock);
  for (;;) {
    while (parallel->round == round && !parallel->ending) pthread_cond_wait(&parallel->start, &parallel->lock);
    if (parallel->ending) break;
    round = parallel->round;
    pthread_mutex_unlock(&parallel->lock);
    parallel_take_items(parallel, worker->number);
    pthread_mutex_lock(&parallel->lock);
    if (--parallel->busy == 0) pthread_cond_signal(&parallel->done);
  }
  pthread_mutex_unlock(&parallel->lock);
  return NULL;
}

int parallel_create(struct parallel **out, unsigned jobs, struct error *err) {
  struct parallel *parallel = calloc(1, sizeof *parallel);
  if (parallel == NULL) return error_memory(err);
  pthread_mutex_init(&parallel->lock, NULL);
  pthread_cond_init(&parallel->start, NULL);
  pthread_cond_init(&parallel->done, NULL);
  parallel->workers = calloc(jobs, sizeof *parallel->workers);
  if (parallel->workers == NULL) {
    parallel_free(parallel);
    return error_memory(err);
  }
  for (unsigned i = 1; i < jobs; i++) {
    struct parallel_worker *worker = &parallel->workers[i - 1];
    worker->parallel = parallel;
    worker->number = i;
    if (pthread_create(&worker->thread, NULL, parallel_thread, worker) != 0) {
      parallel_free(parallel);
      return error_set(err, ERROR_MEMORY, "cannot start %u threads; give fewer --jobs", jobs);
    }
    parallel->worker_count++;
  }
  *out = parallel;
  return 0;
}

void parallel_free(struct parallel *parallel) {
  if (parallel == NULL) return;
  pthread_mutex_lock(&parallel->lock);
  parallel->ending = true;
  pthread_cond_broadcast(&parallel->start);
  pthread_mutex_unlock(&parallel->lock);
  for (unsigned i = 0; i < parallel->worker_count; i++) pthread_join(parallel->workers[i].thread, NULL);
  pthread_mutex_destroy(&parallel->lock);
  pthread_cond_destroy(&parallel->start);
  pthread_cond_destroy(&parallel->done);
  free(parallel->workers);
  free(parallel);
}

void parallel_for(struct parallel *parallel, uint64_t count,
                  void (*work)(void *context, unsigned worker, uint64_t item), void *context) {
  pthread_mutex_lock(&parallel->lock);
  parallel->work = work;
  parallel->context = context;
  parallel->count = count;
  atomic_store(&parallel->next, 0);
  parallel->busy = parallel->worker_count;
  parallel->round++;
  pthread_cond_broadcast(&parallel->start);
  pthread_mutex_unlock(&parallel->lock);
  parallel_take_items(parallel, 0);
  pthread_mutex_lock(&parallel->lock);
  while (parallel->busy > 0) pthread_cond_wait(&parallel->done, &parallel->lock);
  pthread_mutex_unlock(&parallel->lock);
}
