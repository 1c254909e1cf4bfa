#include "store/bind.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/units.h"

struct binder {
  sqlite3_stmt *statement;
  const struct named_query *named; /* NULL for SQL */
  struct error *err;
};

void bind_list_add(char *list, const char *item) {
  size_t used = strlen(list);
  snprintf(list + used, BIND_LIST_BYTES - used, "%s%s", used == 0 ? "" : ", ", item);
}

/* The name of the statement's parameter without its prefix; "" for a bare ?. */
static const char *bind_name(const struct binder *binder, int index) {
  const char *name = sqlite3_bind_parameter_name(binder->statement, index);
  return name == NULL || name[0] == '?' ? "" : name + 1;
}

static bool bind_is_for(const char *parameter, const char *name) {
  size_t length = strlen(name);
  return length > 0 && strncmp(parameter, name, length) == 0 && parameter[length] == '=';
}

/* Every parameter given must be a name=value that the statement knows. */
static int bind_check(const struct binder *binder, const char *parameter) {
  char list[BIND_LIST_BYTES] = "";
  int length = (int)strcspn(parameter, "=");
  if (parameter[length] == '\0') {
    return error_set(binder->err, ERROR_USAGE, "parameter \"%s\": expected name=value", parameter);
  }
  for (int i = 1; i <= sqlite3_bind_parameter_count(binder->statement); i++) {
    if (bind_is_for(parameter, bind_name(binder, i))) return 0;
    if (bind_name(binder, i)[0] != '\0') bind_list_add(list, bind_name(binder, i));
  }
  return error_set(binder->err, ERROR_USAGE, "%s has no parameter \"%.*s\"; it takes %s",
                   binder->named == NULL ? "the SQL" : binder->named->name, length, parameter,
                   list[0] == '\0' ? "none" : list);
}

static int bind_status(const struct binder *binder, int code) {
  return code == SQLITE_OK ? 0 : error_set(binder->err, ERROR_USAGE, "a parameter's value is too long");
}

static int bind_text(const struct binder *binder, int index, const char *text) {
  return bind_status(binder, sqlite3_bind_text(binder->statement, index, text, -1, SQLITE_TRANSIENT));
}

static int bind_number(const struct binder *binder, int index, const char *text, enum named_type type) {
  uint64_t value;
  int status = type == NAMED_BYTES ? units_parse_bytes(&value, text) : units_parse_u64(&value, text);
  if (status != 0 || value > INT64_MAX) {
    return error_set(binder->err, ERROR_USAGE, "parameter %s=%s: expected a %s", bind_name(binder, index),
                     text, type == NAMED_BYTES ? "size such as 262144, 256KiB or 1MiB" : "whole number");
  }
  return bind_status(binder, sqlite3_bind_int64(binder->statement, index, (sqlite3_int64)value));
}

/* Plain SQL does not say what it expects. Only what is written just as a number would be
 * printed becomes one, so that a hash such as 0012 or 1e5 stays a text. */
static int bind_guess(const struct binder *binder, int index, const char *text) {
  char printed[32];
  long long value = strtoll(text, NULL, 10);
  snprintf(printed, sizeof printed, "%lld", value);
  if (strcmp(printed, text) == 0) {
    return bind_status(binder, sqlite3_bind_int64(binder->statement, index, value));
  }
  char *end;
  double real = strtod(text, &end);
  bool decimal = *end == '\0' && strchr(text, '.') != NULL && strspn(text, "-.0123456789") == strlen(text);
  if (!decimal) return bind_text(binder, index, text);
  return bind_status(binder, sqlite3_bind_double(binder->statement, index, real));
}

static int bind_value(const struct binder *binder, int index, const char *text) {
  if (binder->named == NULL) return bind_guess(binder, index, text);
  for (const struct named_parameter *p = binder->named->parameters; p->name != NULL; p++) {
    if (strcmp(p->name, bind_name(binder, index)) != 0) continue;
    return p->type == NAMED_TEXT ? bind_text(binder, index, text) : bind_number(binder, index, text, p->type);
  }
  return 0;
}

static int bind_missing(const struct binder *binder, int index) {
  const char *name = bind_name(binder, index);
  if (binder->named != NULL) return 0;
  if (name[0] == '\0') {
    return error_set(binder->err, ERROR_USAGE,
                     "a parameter ? of the SQL cannot be given a value; write :name");
  }
  return error_set(binder->err, ERROR_USAGE, "the SQL's parameter \"%s\" has no value; give it as %s=VALUE",
                   name, name);
}

int bind_parameters(sqlite3_stmt *statement, const struct named_query *named, const char *const *parameters,
                    size_t parameter_count, struct error *err) {
  const struct binder binder = {statement, named, err};
  for (size_t i = 0; i < parameter_count; i++) {
    if (bind_check(&binder, parameters[i]) != 0) return -1;
  }
  for (int index = 1; index <= sqlite3_bind_parameter_count(statement); index++) {
    const char *value = NULL;
    for (size_t i = 0; i < parameter_count; i++) {
      if (bind_is_for(parameters[i], bind_name(&binder, index))) value = strchr(parameters[i], '=') + 1;
    }
    int status = value == NULL ? bind_missing(&binder, index) : bind_value(&binder, index, value);
    if (status != 0) return -1;
  }
  return 0;
}
