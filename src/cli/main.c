/* The program: finds the verb, reads its options, runs it, and answers for its output. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/memory.h"
#include "cli/names.h"
#include "cli/verb.h"
#include "config.h"

enum { EXIT_BAD = 2 };

#define VERB_POINTER(name) &name##_verb,
const struct verb *const verbs[] = {VERB_LIST(VERB_POINTER)};
const size_t verb_count = sizeof verbs / sizeof verbs[0];

const struct verb *verb_find(const char *name, struct error *err) {
  for (size_t i = 0; i < verb_count; i++) {
    if (strcmp(verbs[i]->name, name) == 0) return verbs[i];
  }
  names_check("verbs", name, err);
  return NULL;
}

static int complain(const struct error *err, const struct verb *verb) {
  fprintf(stderr, "spillway: %s\n", err->message);
  if (err->kind != ERROR_USAGE) return EXIT_BAD;
  if (verb == NULL) {
    fputs("Try 'spillway help'.\n", stderr);
  } else {
    fprintf(stderr, "Try 'spillway %s --help'.\n", verb->name);
  }
  return EXIT_BAD;
}

static int run_verb(const struct verb *verb, int argc, char **argv, struct error *err) {
  struct arguments arguments;
  void *settings = cli_alloc(1, verb->settings_bytes);
  int result = options_parse(settings, &arguments, verb, argc, argv, err);
  if (result == 0 && arguments.help) {
    help_about(verb);
  } else if (result == 0) {
    result = (int)verb->run(settings, &arguments, err);
  }
  free(settings);
  return result == VERB_FAILED ? complain(err, verb) : result;
}

/* A closed standard descriptor would be given to the next file opened, and what is meant
 * for the user would be written into it. Output to the stand-ins fails. */
static void hold_standard_descriptors(void) {
  for (int descriptor = 0; descriptor <= 2; descriptor++) {
    if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) {
      if (open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) != descriptor) exit(EXIT_BAD);
    }
  }
}

/* Whether all of stdout was written; says so if not. */
static bool output_written(void) {
  errno = 0;
  bool failed = ferror(stdout) != 0;
  if (fflush(stdout) != 0) failed = true;
  if (!failed) return true;
  fprintf(stderr, "spillway: cannot write to standard output%s%s\n", errno == 0 ? "" : ": ",
          errno == 0 ? "" : strerror(errno));
  return false;
}

static int run_line(int argc, char **argv) {
  struct error err = ERROR_INIT;
  if (argc < 2) {
    help_program(stderr);
    return EXIT_BAD;
  }
  if (strcmp(argv[1], "--version") == 0) {
    puts(PACKAGE_NAME " " PACKAGE_VERSION);
    return EXIT_SUCCESS;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    help_program(stdout);
    return EXIT_SUCCESS;
  }
  const struct verb *verb = verb_find(argv[1], &err);
  return verb == NULL ? complain(&err, NULL) : run_verb(verb, argc - 1, argv + 1, &err);
}

/* SIGPIPE keeps its default: a reader that has seen enough, such as head, ends the program
 * without a message, and nothing is printed before it is on record. */
int main(int argc, char **argv) {
  hold_standard_descriptors();
  signal(SIGXFSZ, SIG_IGN);
  cli_memory_start();
  int status = run_line(argc, argv);
  return status == EXIT_BAD || output_written() ? status : EXIT_BAD; /* one message is enough */
}
