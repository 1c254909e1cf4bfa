/* spillway list: what exists, for people, programs and the shell's completion. */
#include <stdlib.h>
#include <string.h>

#include "cli/document.h"
#include "cli/help.h"
#include "cli/memory.h"
#include "cli/names.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "cli/verb.h"

struct list_settings {
  bool names;
  struct output_options output;
};

static void print_names(const struct name_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    char *clean = cli_clean(list->items[i].name);
    puts(clean);
    free(clean);
  }
}

static void print_json(const struct name_list *list) {
  json_t *document = json_array();
  for (size_t i = 0; i < list->count; i++) {
    json_t *item = json_object();
    document_add_text(item, "name", list->items[i].name);
    document_add_text(item, "summary", list->items[i].summary);
    document_append(document, item);
  }
  document_finish(document);
}

static void print_table(const struct name_list *list) {
  static const struct table_column columns[] = {{"name", TABLE_LEFT}, {"summary", TABLE_LEFT}};
  struct table *table = table_create(columns, 2);
  for (size_t i = 0; i < list->count; i++) {
    table_text(table, list->items[i].name);
    table_text(table, list->items[i].summary);
  }
  table_finish(table, stdout);
}

/* "--budget N" and, if there is one, "-n N". */
static void add_option(struct name_list *list, const struct option_spec *option) {
  char *name = help_option_name(option), *text = help_option_text(option);
  name_list_add(list, name, text);
  if (option->letter != '\0') {
    char *letter = cli_format("-%c%s", option->letter, name + strlen("--") + strlen(option->name));
    name_list_add(list, letter, text);
    free(letter);
  }
  free(name);
  free(text);
}

static void add_options(struct name_list *list, const struct verb *verb) {
  const struct option_use *use = verb->options;
  size_t index = 0;
  for (const struct option_spec *option; (option = options_next(&use, &index)) != NULL;) add_option(list, option);
  name_list_add(list, "--help", "show this help");
  name_list_add(list, "-h", "show this help");
}

static bool option_is_called(const struct option_spec *option, const char *name) {
  return strcmp(option->name, name) == 0 || (option->letter == name[0] && name[0] != '\0' && name[1] == '\0');
}

/* What the option of that name or letter, or the argument number "1", 2, ... of the verb can be. */
static const char *kind_of(const struct verb *verb, const char *where) {
  const struct option_use *use = verb->options;
  size_t index = 0, number = strtoul(where, NULL, 10);
  for (const struct option_spec *option; (option = options_next(&use, &index)) != NULL;) {
    if (option_is_called(option, where)) return option->kind;
  }
  for (size_t i = 0; i < number && verb->arguments[i].name != NULL; i++) {
    if (i + 1 == number) return verb->arguments[i].kind;
  }
  return NULL;
}

/* list options VERB, list values VERB WHERE: what completion asks. */
static int fill_of_verb(struct name_list *list, const struct arguments *arguments, bool values, struct error *err) {
  size_t wanted = values ? 3 : 2;
  *list = (struct name_list){.arena = ARENA_INIT};
  if (arguments->count != wanted) {
    return error_set(err, ERROR_USAGE, values ? "list values needs a verb, and an option or the number of an argument"
                                              : "list options needs a verb");
  }
  const struct verb *verb = verb_find(arguments->values[1], err);
  if (verb == NULL) return -1;
  if (!values) {
    add_options(list, verb);
    return 0;
  }
  const char *kind = kind_of(verb, arguments->values[2]);
  if (kind != NULL) name_list_create(list, name_kind_find(kind));
  return 0;
}

static int fill(struct name_list *list, const struct arguments *arguments, struct error *err) {
  const char *wanted = arguments->count == 0 ? "kinds" : arguments->values[0];
  bool options = strcmp(wanted, "options") == 0, values = strcmp(wanted, "values") == 0;
  if (options || values) return fill_of_verb(list, arguments, values, err);
  if (names_check("kinds", wanted, err) != 0) return -1;
  if (arguments->count > 1) {
    return error_set(err, ERROR_USAGE, "list %s: '%.80s' is one argument too many", wanted, arguments->values[1]);
  }
  name_list_create(list, name_kind_find(wanted));
  return 0;
}

static enum verb_result list_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  const struct list_settings *settings = opaque;
  struct name_list list;
  if (fill(&list, arguments, err) != 0) return VERB_FAILED;
  (settings->output.json ? print_json : settings->names ? print_names : print_table)(&list);
  name_list_free(&list);
  return VERB_DONE;
}

static const struct option_spec list_own_options[] = {
    {"names", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "print the names alone", offsetof(struct list_settings, names)},
};
static const struct option_group list_group = OPTION_GROUP(list_own_options);
static const struct option_use list_options[] = {
    {&list_group, 0}, {&output_group, offsetof(struct list_settings, output)}, {0}};
static const struct verb_argument list_arguments[] = {
    {"KIND", "kinds", true, false, "what to list; the kinds themselves if left out"},
    {"MORE", "verbs", true, true, "'options VERB' lists the options of a verb, with their arguments"},
    {0}};

const struct verb list_verb = {
    .name = "list",
    .summary = "list methods, searches, explainers, networks and so on",
    .details = "'list values VERB OPTION' and 'list values VERB NUMBER' list what an option (named without dashes)\n"
               "or an argument of a verb can be, where that is a kind of name; this is for completion.",
    .arguments = list_arguments,
    .options = list_options,
    .settings_bytes = sizeof(struct list_settings),
    .run = list_run,
};
