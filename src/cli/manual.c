#include "cli/manual.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/experiment_key.h"
#include "cli/help.h"
#include "cli/memory.h"
#include "cli/names.h"
#include "cli/verb.h"
#include "hw/hw.h"

/* Text as roff: backslashes and dashes stand for themselves, nothing begins a request. */
static void put_text(const char *text) {
  if (*text == '.' || *text == '\'') fputs("\\&", stdout);
  for (const char *c = text; *c != '\0'; c++) {
    switch (*c) {
      case '\\': fputs("\\e", stdout); break;
      case '-': fputs("\\-", stdout); break;
      case '\'': fputs("\\(aq", stdout); break;
      case '\n': fputs("\n", stdout); break;
      default: putchar(*c);
    }
  }
}

static void put_line(const char *request, const char *text) {
  printf("%s", request);
  put_text(text);
  putchar('\n');
}

static void put_arguments(const struct verb *verb) {
  for (const struct verb_argument *argument = verb->arguments; argument->name != NULL; argument++) {
    printf(argument->optional ? " [\\fI" : " \\fI");
    put_text(argument->name);
    printf(argument->optional ? "\\fR]%s" : "\\fR%s", argument->repeated ? "..." : "");
  }
}

static void put_options(const struct verb *verb) {
  const struct option_use *use = verb->options;
  size_t index = 0;
  for (const struct option_spec *option; (option = options_next(&use, &index)) != NULL;) {
    char *text = help_option_text(option);
    fputs(".TP\n", stdout);
    if (option->letter != '\0') printf("\\fB\\-%c\\fR, ", option->letter);
    printf("\\fB\\-\\-");
    put_text(option->name);
    printf("\\fR");
    if (option->argument != NULL) {
      printf(" \\fI");
      put_text(option->argument);
      printf("\\fR");
    }
    putchar('\n');
    put_line("", text);
    free(text);
  }
}

static void put_verb(const struct verb *verb) {
  printf(".SS \"spillway %s", verb->name);
  put_arguments(verb);
  fputs("\"\n", stdout);
  printf("%c%s.\n", verb->summary[0] - 'a' + 'A', verb->summary + 1);
  if (verb->details != NULL) {
    fputs(".PP\n", stdout);
    put_line("", verb->details);
  }
  for (const struct verb_argument *argument = verb->arguments; argument->name != NULL; argument++) {
    fputs(".TP\n", stdout);
    put_line(".I ", argument->name);
    put_line("", argument->help);
  }
  put_options(verb);
}

/* Takes the text. */
static void put_key(const char *name, const char *value, char *text) {
  char *sentence = cli_format("%s.", text);
  fputs(".TP\n\\fB", stdout);
  put_text(name);
  printf("\\fR (");
  put_text(value);
  puts(")");
  put_line("", sentence);
  free(sentence);
  free(text);
}

/* Kinds of names that are few and belong to the program; networks and the like are files. */
static void put_names(const struct name_kind *kind) {
  struct name_list list;
  fputs(".TP\n", stdout);
  put_line(".B ", kind->name);
  put_line("", kind->summary);
  name_list_create(&list, kind);
  fputs(".RS\n", stdout);
  for (size_t i = 0; i < list.count; i++) {
    fputs(".TP\n", stdout);
    put_line(".B ", list.items[i].name);
    put_line("", list.items[i].summary);
  }
  fputs(".RE\n", stdout);
  name_list_free(&list);
}

void manual_print(void) {
  static const char *const kinds[] = {"methods", "searches", "objectives", "explainers", "dataflows",
                                      "figures", "queries",  "formats"};
  puts(".SH VERBS");
  puts("Every verb also takes \\fB\\-h\\fR, \\fB\\-\\-help\\fR. Defaults are in brackets.");
  for (size_t i = 0; i < verb_count; i++) put_verb(verbs[i]);
  puts(".SH HARDWARE FILES");
  puts("YAML; every key is optional, its default in parentheses. A dot stands for a section.");
  for (size_t i = 0; i < hw_key_count; i++) put_key(hw_keys[i].key, help_hw_key_default(&hw_keys[i]), help_hw_key_text(&hw_keys[i]));
  puts(".SH EXPERIMENT FILES");
  puts("YAML; what a sweep runs. Each key takes one value or a list of them, sizes and whole numbers also ranges");
  puts("({from: 128KiB, to: 2MiB, factor: 2}, {from: 1, to: 9, step: 2} or 1..5); the cells are the product of all");
  puts("keys. \\fBname\\fR names the experiment, the file does if it is left out; \\fBcells\\fR is a list of");
  puts("products, each of which may override keys of the file. Defaults are in parentheses.");
  for (size_t i = 0; i < experiment_key_count; i++) {
    const struct experiment_key *key = &experiment_keys[i];
    put_key(key->key, experiment_key_default(key), experiment_key_text(key));
  }
  puts(".SH NAMES");
  puts("What options and arguments can be; \\fBspillway list\\fR shows the same.");
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) put_names(name_kind_find(kinds[i]));
}
