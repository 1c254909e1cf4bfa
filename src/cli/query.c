/* spillway query: asks the results database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/settings.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "store/named.h"
#include "store/query.h"
#include "store/query_print.h"

struct query_settings {
  const char *format;
  struct database_options database;
  struct output_options output;
};

static void print_named(void) {
  static const struct table_column columns[] = {
      {"query", TABLE_LEFT}, {"parameters", TABLE_LEFT}, {"answers", TABLE_LEFT}};
  struct table *table = table_create(columns, 3);
  for (size_t i = 0; i < named_query_count; i++) {
    char parameters[128] = "";
    for (const struct named_parameter *p = named_queries[i].parameters; p->name != NULL; p++) {
      size_t used = strlen(parameters);
      snprintf(parameters + used, sizeof parameters - used, "%s%s=", used == 0 ? "" : " ", p->name);
    }
    table_text(table, named_queries[i].name);
    table_text(table, parameters);
    table_text(table, named_queries[i].summary);
  }
  table_finish(table, stdout);
}

static int ask(const struct query_format *format, const char *path, const struct arguments *arguments,
               struct error *err) {
  struct query *query;
  if (query_open(&query, path, NULL, err) != 0) return -1;
  const char *const *parameters = (const char *const *)arguments->values + 1;
  int status = query_ask(query, arguments->values[0], parameters, arguments->count - 1, err);
  if (status == 0) status = format->print(stdout, query, err);
  query_close(query);
  return status;
}

static enum verb_result query_run(const void *opaque, const struct arguments *arguments, struct error *err) {
  const struct query_settings *settings = opaque;
  const char *wanted = settings->output.json ? "json" : settings->format;
  if (arguments->count == 0) {
    print_named();
    return VERB_DONE;
  }
  const struct query_format *format = query_formats;
  while (strcmp(format->name, wanted) != 0) format++; /* the name was checked */
  return ask(format, settings->database.path, arguments, err) == 0 ? VERB_DONE : VERB_FAILED;
}

#define SETTING(field) offsetof(struct query_settings, field)

static const struct option_spec query_own_options[] = {
    {"format", 'f', OPTION_NAME, "NAME", "table", "formats", 0, 0, "how the answer is printed", SETTING(format)},
};
static const struct option_group query_group = OPTION_GROUP(query_own_options);
static const struct option_use query_options[] = {
    {&query_group, 0}, {&database_group, SETTING(database)}, {&output_group, SETTING(output)}, {0}};
static const struct verb_argument query_arguments[] = {
    {"QUERY", "queries", true, false, "a named query or an SQL statement; lists the named ones if left out"},
    {"KEY=VALUE", NULL, true, true, "parameters of the query"},
    {0}};

const struct verb query_verb = {
    .name = "query",
    .summary = "ask the results database, by a named query or in SQL",
    .arguments = query_arguments,
    .options = query_options,
    .settings_bytes = sizeof(struct query_settings),
    .run = query_run,
};
