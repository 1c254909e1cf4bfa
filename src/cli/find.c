#include "cli/find.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"

const struct find_place find_networks = {"network", "SPILLWAY_NETWORKS", "networks", ".onnx"};
const struct find_place find_hardware = {"hardware", "SPILLWAY_HARDWARE", "hw", ".yaml"};
const struct find_place find_experiments = {"experiment", "SPILLWAY_EXPERIMENTS", "experiments", ".yaml"};

const struct find_place find_models = {"weights", "SPILLWAY_MODELS", "models", ""};

/* Calls visit with each directory in order until it returns true; whether it did. */
typedef bool find_visit(void *context, const char *directory);

/* The program in its build tree finds the source tree's files above itself. */
static bool visit_above_program(const char *folder, find_visit *visit, void *context) {
  char program[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0) return false;
  program[length] = '\0';
  for (char *slash = strrchr(program, '/'); slash != NULL; slash = strrchr(program, '/')) {
    *slash = '\0';
    char *directory = cli_format("%s/configs/%s", program, folder);
    bool found = access(directory, X_OK) == 0;
    bool done = found && visit(context, directory);
    free(directory);
    if (found) return done;
  }
  return false;
}

static bool visit_places(const struct find_place *place, find_visit *visit, void *context) {
  const char *own = getenv(place->variable);
  if (own != NULL && own[0] != '\0' && visit(context, own)) return true;
  char *here = cli_format("configs/%s", place->folder);
  char *installed = cli_format("%s/%s", SPILLWAY_DATA_DIR, place->folder);
  bool done = visit(context, here) || visit_above_program(place->folder, visit, context) ||
              visit(context, installed);
  free(here);
  free(installed);
  return done;
}

struct find_search {
  const struct find_place *place;
  const char *name;
  char *path; /* found */
};

static bool find_in(void *context, const char *directory) {
  struct find_search *search = context;
  char *path = cli_format("%s/%s%s", directory, search->name, search->place->ending);
  if (access(path, F_OK) == 0) {
    search->path = path;
    return true;
  }
  free(path);
  return false;
}

static bool ends_with(const char *text, const char *ending) {
  size_t length = strlen(text), end = strlen(ending);
  return length > end && strcmp(text + length - end, ending) == 0;
}

struct find_places_text {
  char text[512];
};

static bool find_note_place(void *context, const char *directory) {
  struct find_places_text *places = context;
  size_t used = strlen(places->text);
  snprintf(places->text + used, sizeof places->text - used, "%s%s", used == 0 ? "" : ", ", directory);
  return false;
}

static int find_unknown(const struct find_place *place, const char *name, struct error *err) {
  struct find_places_text places = {""};
  char suggestion[400] = "";
  struct name_list list = {.arena = ARENA_INIT};
  find_list(&list, place);
  names_suggest(suggestion, sizeof suggestion, &list, name);
  name_list_free(&list);
  visit_places(place, find_note_place, &places);
  return error_set(err, ERROR_INPUT, "unknown %s '%.80s'%s (looked in %s; a path works too)", place->what, name,
                   suggestion, places.text);
}

int find_path(char **path, const struct find_place *place, const char *name, struct error *err) {
  struct find_search search = {.place = place, .name = name};
  bool is_path = strchr(name, '/') != NULL || ends_with(name, place->ending);
  if (!is_path && name[0] != '\0' && visit_places(place, find_in, &search)) {
    *path = search.path;
    return 0;
  }
  if (!is_path && access(name, F_OK) != 0) return find_unknown(place, name, err);
  *path = cli_strdup(name);
  return 0;
}

int find_directory(char **directory, const struct find_place *place, const char *file, struct error *err) {
  struct find_places_text places = {""};
  struct find_search search = {.place = place, .name = file};
  if (visit_places(place, find_in, &search)) {
    search.path[strlen(search.path) - strlen(file) - strlen(place->ending) - 1] = '\0';
    *directory = search.path;
    return 0;
  }
  visit_places(place, find_note_place, &places);
  return error_set(err, ERROR_INPUT, "no %s %s (looked in %s)", place->what, file, places.text);
}

struct find_listing {
  const struct find_place *place;
  struct name_list *list;
};

static bool list_has(const struct name_list *list, const char *name) {
  for (size_t i = 0; i < list->count; i++) {
    if (strcmp(list->items[i].name, name) == 0) return true;
  }
  return false;
}

static bool find_list_in(void *context, const char *directory) {
  const struct find_listing *listing = context;
  DIR *stream = opendir(directory);
  if (stream == NULL) return false;
  for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
    if (entry->d_name[0] == '.' || !ends_with(entry->d_name, listing->place->ending)) continue;
    char *path = cli_format("%s/%s", directory, entry->d_name);
    char *name = cli_strdup(entry->d_name);
    name[strlen(name) - strlen(listing->place->ending)] = '\0';
    if (!list_has(listing->list, name)) name_list_add(listing->list, name, path);
    free(name);
    free(path);
  }
  closedir(stream);
  return false;
}

static int compare_items(const void *a, const void *b) {
  return strcmp(((const struct name_item *)a)->name, ((const struct name_item *)b)->name);
}

void find_list(struct name_list *list, const struct find_place *place) {
  struct find_listing listing = {place, list};
  visit_places(place, find_list_in, &listing);
  if (list->count > 0) qsort(list->items, list->count, sizeof *list->items, compare_items);
}
