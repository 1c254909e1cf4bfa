#include "cli/objectives.h"

#include <stdlib.h>
#include <string.h>

#include "cli/document.h"
#include "cli/memory.h"
#include "cli/names.h"

const struct objective *objectives_at(const struct search_options *options, size_t o) {
  return o == 0 ? options->split.objective : options->further[o - 1];
}

json_t *objectives_document(const struct search_options *options) {
  json_t *names = json_array();
  for (size_t o = 0; o <= options->further_count; o++) {
    document_append(names, document_text(objectives_at(options, o)->name));
  }
  return names;
}

const char *objectives_default(const struct search *search) {
  return search->has_front ? OBJECTIVES_DEFAULT_OF_FRONT : OBJECTIVES_DEFAULT;
}

static int complain_count(const char *list, const struct search *search, size_t count, struct error *err) {
  if (!search->has_front) {
    return error_set(err, ERROR_USAGE,
                     "objectives is '%.80s', but search '%s' minimises one objective; name one, or take search "
                     "nsga2",
                     list, search->name);
  }
  return error_set(err, ERROR_USAGE,
                   "objectives is '%.80s', but search '%s' takes two or three objectives, not %zu; name them in one "
                   "text with commas between, such as '" OBJECTIVES_DEFAULT_OF_FRONT "'",
                   list, search->name, count);
}

static int add_objective(const struct objective **chosen, size_t *count, const char *name, struct error *err) {
  if (names_check("objectives", name, err) != 0) return -1;
  for (size_t o = 0; o < *count; o++) {
    if (strcmp(chosen[o]->name, name) == 0) {
      return error_set(err, ERROR_USAGE, "objectives names '%s' twice; name each objective once", name);
    }
  }
  chosen[(*count)++] = objective_find(name);
  return 0;
}

int objectives_parse(struct search_options *out, const char *list, const struct search *search, struct error *err) {
  if (list == NULL) list = objectives_default(search);
  const struct objective **chosen = cli_alloc(objective_count, sizeof *chosen);
  char *copy = cli_strdup(list), *rest = copy, *name;
  size_t count = 0;
  int status = 0;
  while (status == 0 && (name = strsep(&rest, ",")) != NULL) status = add_objective(chosen, &count, name, err);
  if (status == 0 && (search->has_front ? count < 2 || count > SEARCH_MOST_OBJECTIVES : count != 1)) {
    status = complain_count(list, search, count, err);
  }
  if (status == 0) {
    out->split.objective = chosen[0];
    out->further_count = count - 1;
    for (size_t o = 1; o < count; o++) out->further[o - 1] = chosen[o];
  }
  free(copy);
  free(chosen);
  return status;
}
