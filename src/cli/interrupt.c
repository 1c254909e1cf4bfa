#include "cli/interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "cli/memory.h"

enum { SIGNALS = 2 };
static const int signals[SIGNALS] = {SIGINT, SIGTERM};

struct interrupt {
  void (*on_signal)(void *context, int number);
  void *context;
  pthread_t watcher;
  atomic_bool over;
  struct sigaction before[SIGNALS];
};

/* What the handler is to tell. A handler has no other way to say it, and signals cannot be waited for with a mask
 * instead: libraries have threads of their own (OpenBLAS starts some before main() runs), which do not have the mask,
 * and any of which may get the signal. Never freed, for a handler may still run on one of them. */
static sem_t wake;
static atomic_int caught; /* the first signal; 0: none yet */

static void handle(int number) {
  int kept = errno, none = 0;
  if (atomic_compare_exchange_strong(&caught, &none, number)) sem_post(&wake);
  errno = kept;
}

/* Woken by a signal, or by interrupt_end() if none came. */
static void *watch_signals(void *context) {
  struct interrupt *interrupt = context;
  while (atomic_load(&caught) == 0 && !atomic_load(&interrupt->over)) sem_wait(&wake);
  int number = atomic_load(&caught);
  if (number != 0) interrupt->on_signal(interrupt->context, number);
  return NULL;
}

int interrupt_start(struct interrupt **out, void (*on_signal)(void *context, int number), void *context,
                    struct error *err) {
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
  struct interrupt *interrupt = cli_alloc(1, sizeof *interrupt);
  interrupt->on_signal = on_signal;
  interrupt->context = context;
  sem_init(&wake, 0, 0);
  atomic_store(&caught, 0);
  if (pthread_create(&interrupt->watcher, NULL, watch_signals, interrupt) != 0) {
    free(interrupt);
    return error_set(err, ERROR_MEMORY, "cannot start a thread; give fewer --jobs");
  }
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &action, &interrupt->before[i]);
  *out = interrupt;
  return 0;
}

void interrupt_end(struct interrupt *interrupt) {
  if (interrupt == NULL) return;
  for (int i = 0; i < SIGNALS; i++) sigaction(signals[i], &interrupt->before[i], NULL);
  atomic_store(&interrupt->over, true);
  sem_post(&wake);
  pthread_join(interrupt->watcher, NULL);
  free(interrupt);
}
