#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

#include "cli/memory.h"

struct interrupt {
  void (*on_signal)(void *context, int number);
  void *context;
  pthread_t watcher;
  sigset_t before; /* the mask of the thread that started it */
  struct sigaction actions[2]; /* before, of the signals */
  atomic_bool over;
};

static const int stop_numbers[2] = {SIGINT, SIGTERM};

static sigset_t stop_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < 2; i++) sigaddset(&set, stop_numbers[i]);
  return set;
}

/* In a thread that was there before and is not ours, such as those that BLAS starts when it is loaded: it gets no
 * such signal any more, and the watcher gets this one. */
static void pass_on(int number, siginfo_t *info, void *interrupted) {
  ucontext_t *thread = interrupted;
  (void)info;
  sigaddset(&thread->uc_sigmask, number);
  kill(getpid(), number);
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

static void restore_actions(const struct interrupt *interrupt) {
  for (size_t i = 0; i < 2; i++) sigaction(stop_numbers[i], &interrupt->actions[i], NULL);
}

int interrupt_start(struct interrupt **out, void (*on_signal)(void *context, int number), void *context,
                    struct error *err) {
  struct interrupt *interrupt = cli_alloc(1, sizeof *interrupt);
  const sigset_t set = stop_signals();
  interrupt->on_signal = on_signal;
  interrupt->context = context;
  pthread_sigmask(SIG_BLOCK, &set, &interrupt->before);
  struct sigaction passing = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigemptyset(&passing.sa_mask);
  for (size_t i = 0; i < 2; i++) sigaction(stop_numbers[i], &passing, &interrupt->actions[i]);
  if (pthread_create(&interrupt->watcher, NULL, watch_signals, interrupt) != 0) {
    restore_actions(interrupt);
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
  restore_actions(interrupt);
  pthread_sigmask(SIG_SETMASK, &interrupt->before, NULL);
  free(interrupt);
}
