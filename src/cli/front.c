#include "cli/front.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/document.h"
#include "cli/memory.h"
#include "cli/objectives.h"
#include "cli/plan_print.h"
#include "cli/table.h"
#include "plan/file.h"

/* ---- for programs ---- */

json_t *front_groups_document(const struct plan *plan) {
  json_t *groups = json_array();
  for (uint32_t g = 0; g < plan->group_count; g++) {
    document_append(groups, plan_ops_document(plan->graph, plan_group(plan, g)));
  }
  return groups;
}

static json_t *point_document(const struct search_options *options, const struct search_front_point *point) {
  json_t *object = json_object(), *values = json_array();
  for (size_t o = 0; o <= options->further_count; o++) {
    document_append(values, document_real(objectives_at(options, o)->value(&point->expense)));
  }
  document_add(object, "values", values);
  document_add_count(object, "fuseable_dram_bytes", point->expense.dram_bytes);
  document_add_count(object, "max_required_bytes", point->expense.required_bytes);
  if (search_options_timed(options)) {
    document_add_count(object, "cycles", point->expense.cycles);
    document_add_real(object, "energy_pj", point->expense.energy_pj);
  }
  document_add(object, "groups", front_groups_document(&point->plan));
  return object;
}

void front_add_documents(json_t *search, const struct search_options *options, const struct search_result *result) {
  json_t *points = json_array();
  for (size_t i = 0; i < result->front_count; i++) document_append(points, point_document(options, &result->front[i]));
  document_add(search, "objectives", objectives_document(options));
  document_add(search, "front", points);
}

/* ---- for people ---- */

static void print_rows(const struct table_column *columns, size_t count, const struct search_options *options,
                       const struct search_result *result) {
  struct table *table = table_create(columns, count);
  for (size_t i = 0; i < result->front_count; i++) {
    const struct search_front_point *point = &result->front[i];
    table_count(table, i);
    for (size_t o = 0; o <= options->further_count; o++) {
      const struct objective *objective = objectives_at(options, o);
      table_format(table, "%.*f", objective->decimals, objective->value(&point->expense) / objective->unit);
    }
    table_count(table, point->plan.group_count);
  }
  table_finish(table, stdout);
}

void front_print(const struct search_options *options, const struct search_result *result) {
  struct table_column columns[SEARCH_MOST_OBJECTIVES + 2] = {{"point", TABLE_RIGHT}};
  size_t count = 1;
  if (result->front_count == 0) return;
  for (size_t o = 0; o <= options->further_count; o++) {
    columns[count++] = (struct table_column){objectives_at(options, o)->title, TABLE_RIGHT};
  }
  columns[count++] = (struct table_column){"groups", TABLE_RIGHT};
  printf("\nPareto front of the plans proposed: %zu point%s; the best plan is point 0\n\n", result->front_count,
         result->front_count == 1 ? "" : "s");
  print_rows(columns, count, options, result);
}

/* ---- files ---- */

static int complain_directory(const char *path, const char *why, struct error *err) {
  return error_set(err, ERROR_OUTPUT,
                   "%s: cannot write the plans of the front there: %s; give a new or an empty directory with "
                   "--front-dir",
                   path, why);
}

static bool has_files(DIR *directory) {
  for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) return true;
  }
  return false;
}

int front_open_directory(const char *path, struct error *err) {
  if (mkdir(path, 0777) == 0) return 0;
  if (errno != EEXIST) return complain_directory(path, strerror(errno), err);
  DIR *directory = opendir(path);
  if (directory == NULL) return complain_directory(path, strerror(errno), err);
  bool full = has_files(directory);
  closedir(directory);
  if (full) return complain_directory(path, "it has files", err);
  return access(path, W_OK | X_OK) == 0 ? 0 : complain_directory(path, strerror(errno), err);
}

int front_save(const char *directory, const struct search_options *options, const struct search_result *result,
               struct error *err) {
  int status = 0;
  for (size_t i = 0; i < result->front_count && status == 0; i++) {
    char *path = cli_format("%s/%zu.yaml", directory, i);
    status = plan_file_save(&result->front[i].plan, options->split.method->name, path, err);
    free(path);
  }
  return status;
}
