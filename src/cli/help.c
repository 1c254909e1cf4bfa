#include "cli/help.h"

#include <stdlib.h>

#include "cli/manual.h"
#include "cli/memory.h"
#include "cli/table.h"

static const struct table_column help_columns[] = {{NULL, TABLE_LEFT}, {NULL, TABLE_LEFT}};

static struct table *help_table(void) { return table_create(help_columns, 2); }

void help_program(FILE *out) {
  fputs("Usage: spillway VERB [ARGUMENT]... [OPTION]...\n"
        "Simulates fused execution of neural networks on an on-chip buffer, finds the layers that\n"
        "overflow it, and searches for plans that do not.\n\nVerbs:\n",
        out);
  struct table *table = help_table();
  for (size_t i = 0; i < verb_count; i++) {
    table_format(table, "  %s", verbs[i]->name);
    table_text(table, verbs[i]->summary);
  }
  table_finish(table, out);
  fputs("\n'spillway help VERB' says more of a verb; 'spillway --version' tells the version.\n", out);
}

char *help_option_name(const struct option_spec *option) {
  return cli_format("--%s%s%s", option->name, option->argument == NULL ? "" : " ",
                    option->argument == NULL ? "" : option->argument);
}

char *help_option_text(const struct option_spec *option) {
  return cli_format("%s%s%s%s", option->help, option->initial == NULL ? "" : " [",
                    option->initial == NULL ? "" : option->initial, option->initial == NULL ? "" : "]");
}

char *help_hw_key_text(const struct hw_key *key) {
  char names[HW_EXPECTED_BYTES] = "";
  if (key->type == HW_NAME) hw_key_expected(names, key);
  const char *more = key->type == HW_NAME ? names : key->unit;
  return cli_format("%s%s%s", key->help, more[0] == '\0' ? "" : key->type == HW_NAME ? ", " : ", in ", more);
}

const char *help_hw_key_default(const struct hw_key *key) { return key->initial[0] == '\0' ? "''" : key->initial; }

static void help_usage(const struct verb *verb) {
  printf("Usage: spillway %s", verb->name);
  for (const struct verb_argument *argument = verb->arguments; argument->name != NULL; argument++) {
    printf(argument->optional ? " [%s]%s" : " %s%s", argument->name, argument->repeated ? "..." : "");
  }
  printf(" [OPTION]...\n%c%s.\n", verb->summary[0] - 'a' + 'A', verb->summary + 1);
  if (verb->details != NULL) printf("\n%s\n", verb->details);
}

void help_about(const struct verb *verb) {
  help_usage(verb);
  struct table *table = help_table();
  for (const struct verb_argument *argument = verb->arguments; argument->name != NULL; argument++) {
    table_format(table, "      %s", argument->name);
    table_text(table, argument->help);
  }
  const struct option_use *use = verb->options;
  size_t index = 0;
  for (const struct option_spec *option; (option = options_next(&use, &index)) != NULL;) {
    char *name = help_option_name(option), *text = help_option_text(option);
    char letter[] = {'-', option->letter, ',', '\0'};
    table_format(table, "  %s %s", option->letter == '\0' ? "   " : letter, name);
    table_text(table, text);
    free(name);
    free(text);
  }
  table_text(table, "  -h, --help");
  table_text(table, "show this help");
  putchar('\n');
  table_finish(table, stdout);
}

/* ---- the verb ---- */

struct help_settings {
  bool man;
};

static enum verb_result help_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  const struct help_settings *settings = opaque;
  if (settings->man) {
    manual_print();
    return VERB_DONE;
  }
  if (arguments->count == 0) {
    help_program(stdout);
    return VERB_DONE;
  }
  const struct verb *verb = verb_find(arguments->values[0], err);
  if (verb == NULL) return VERB_FAILED;
  help_about(verb);
  return VERB_DONE;
}

static const struct verb_argument help_arguments[] = {
    {"VERB", "verbs", true, false, "the verb; all of them in short if left out"}, {0}};
static const struct option_spec help_own_options[] = {
    {"man", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0,
     "print the sections of the manual page that list verbs, options and keys", offsetof(struct help_settings, man)},
};
static const struct option_group help_group = OPTION_GROUP(help_own_options);
static const struct option_use help_options[] = {{&help_group, 0}, {0}};

const struct verb help_verb = {
    .name = "help",
    .summary = "explain a verb and its options",
    .arguments = help_arguments,
    .options = help_options,
    .settings_bytes = sizeof(struct help_settings),
    .run = help_run,
};
