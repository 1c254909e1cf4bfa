#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "cli/memory.h"

struct interrupt {
  void (*on_signal)(void *context, int number);
  void *context;
  pthread_t watcher;
  sigset_t before; /* the mask of the thread that started it */
  atomic_bool over;
};

static sigset_t stop_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

static void *watch_signals(void *context) {
  struct interrupt *interrupt = context;
  const sigset_t set = stop_signals();
  int number;
  if (sigwait(&set, &number) == 0 && !atomic_load(&interrupt->over)) {
    interrupt->on_signal(interrupt->context, number);
  }
  return NULL;
}

int interrupt_start(struct interrupt **out, void (*on_signal)(void *context, int number), void *context,
                    struct error *err) {
  struct interrupt *interrupt = cli_alloc(1, sizeof *interrupt);
  const sigset_t set = stop_signals();
  interrupt->on_signal = on_signal;
  interrupt->context = context;
  pthread_sigmask(SIG_BLOCK, &set, &interrupt->before);
  if (pthread_create(&interrupt->watcher, NULL, watch_signals, interrupt) != 0) {
    pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
    free(interrupt);
    return error_set(err, ERROR_MEMORY, "cannot start a thread; give fewer --jobs");
  }
  *out = interrupt;
  return 0;
}

void interrupt_end(struct interrupt *interrupt) {
  if (interrupt == NULL) return;
  atomic_store(&interrupt->over, true);
  pthread_kill(interrupt->watcher, SIGTERM); /* to itself alone: it wakes up, unless it is done */
  pthread_join(interrupt->watcher, NULL);
  pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
  free(interrupt);
}
