#include "cli/experiment_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/names.h"
#include "cli/objectives.h"
#include "util/units.h"

#define CELL(field) offsetof(struct cell_settings, field)
#define RUN(field) offsetof(struct cell_settings, run.field)
#define TARGET(field) offsetof(struct cell_settings, run.target.field)

enum { MOST_BITS = 64 };
#define MOST_BYTES (UINT64_C(1) << 40)

/* Cells are in the order of the product: the values of the last key go round first. */
const struct experiment_key experiment_keys[] = {
    {"networks", EXPERIMENT_FILE, "networks", "", 0, 0, NULL, "none", "networks", CELL(network), false},
    {"fold_bn", EXPERIMENT_BOOL, NULL, "", 0, 0, "false", NULL,
     "fold BatchNormalization into the convolution before it", TARGET(fold_batch_norm), false},
    {"hardware", EXPERIMENT_FILE, "hardware", "", 0, 0, NULL, "built in", "hardware descriptions", TARGET(hw), true},
    {"bits", EXPERIMENT_DIGITS, NULL, "bits", 1, MOST_BITS, NULL, "as the hardware says",
     "size of an activation and of a weight", TARGET(bits), true},
    {"activation_bits", EXPERIMENT_DIGITS, NULL, "bits", 1, MOST_BITS, NULL, "as the hardware says",
     "size of an activation", TARGET(activation_bits), true},
    {"weight_bits", EXPERIMENT_DIGITS, NULL, "bits", 1, MOST_BITS, NULL, "as the hardware says", "size of a weight",
     TARGET(weight_bits), true},
    {"bias_bits", EXPERIMENT_DIGITS, NULL, "bits", 1, MOST_BITS, NULL, "as the hardware says", "size of a bias",
     TARGET(bias_bits), true},
    {"buffers", EXPERIMENT_SIZE, NULL, "bytes", 1, MOST_BYTES, NULL, "as the hardware says",
     "sizes of the on-chip buffer", TARGET(buffer), true},
    {"methods", EXPERIMENT_NAME, "methods", "", 0, 0, "lbdf", NULL, "execution methods", RUN(method.name), false},
    {"searches", EXPERIMENT_NAME, "searches", "", 0, 0, "local", NULL, "how plans are proposed", RUN(search), false},
    {"objectives", EXPERIMENT_NAMES, "objectives", "", 0, 0, NULL,
     OBJECTIVES_DEFAULT ", or " OBJECTIVES_DEFAULT_OF_FRONT " for nsga2",
     "what the search minimises; splits and the best plan go by the first", RUN(objectives), false},
    {"fuseable_only", EXPERIMENT_BOOL, NULL, "", 0, 0, "false", NULL,
     "leave ops that fit the buffer in no way out of the totals", RUN(fuseable.only), false},
    {"splitters", EXPERIMENT_NAME, "explainers", "", 0, 0, "trace-get", NULL, "how groups that overflow are split",
     RUN(split.explainer), false},
    {"fraction", EXPERIMENT_REAL, NULL, "the edges", 0, 1, "0.3", NULL,
     "share of a group's edges that an explanation may name, at least 4", RUN(split.fraction), false},
    {"breadth", EXPERIMENT_COUNT, NULL, "cuts", 0, 1000000, "8", NULL,
     "cuts followed where none leaves both sides fitting; 0 for the paper's rule", RUN(split.breadth), false},
    {"explainer_options", EXPERIMENT_LEARNED, NULL, "", 0, 0, NULL, "as 'spillway list explainer-options' says",
     "settings of explainers that learn", RUN(split.explainer_options), false},
    {"models", EXPERIMENT_FOLDER, NULL, "", 0, 0, NULL, "where --models looks",
     "directories of their trained weights", RUN(split.models), false},
    {"bound", EXPERIMENT_BOOL, NULL, "", 0, 0, "false", NULL, "prove how far from the optimum the plan is", RUN(bound),
     false},
    {"max_ideals", EXPERIMENT_COUNT, NULL, "ideals", 1, UINT32_MAX, "200000", NULL,
     "limit of a proof: order ideals of the network", RUN(ideals), false},
    {"max_steps", EXPERIMENT_COUNT, NULL, "groups", 1, INT64_MAX, "200000000", NULL,
     "limit of a proof: groups enumerated", RUN(steps), false},
    {"max_groups", EXPERIMENT_COUNT, NULL, "groups", 1, INT64_MAX, "1000000", NULL,
     "limit of a proof: groups evaluated", RUN(groups), false},
    {"timed", EXPERIMENT_BOOL, NULL, "", 0, 0, "false", NULL, "run the plan on the clock too", RUN(clock.timed), false},
    {"budgets", EXPERIMENT_COUNT, NULL, "plans", 1, 1000000000, "2000", NULL, "plans that may be proposed",
     RUN(budget), false},
    {"seeds", EXPERIMENT_COUNT, NULL, "", 0, INT64_MAX, "1", NULL, "seeds of everything that is drawn", RUN(seed),
     false},
};
const size_t experiment_key_count = sizeof experiment_keys / sizeof experiment_keys[0];

const struct experiment_key *experiment_key_find(const char *name) {
  for (size_t i = 0; i < experiment_key_count; i++) {
    if (strcmp(experiment_keys[i].key, name) == 0) return &experiment_keys[i];
  }
  return NULL;
}

/* ---- values ---- */

/* Each type has a parser into the field, 0 or -1, a sentence on what it takes, and a printer. */

static int parse_text(void *field, const struct experiment_key *key, const char *text) {
  (void)key;
  if (text[0] == '\0') return -1;
  *(const char **)field = text;
  return 0;
}

int experiment_key_number(const struct experiment_key *key, const char *text, uint64_t *value) {
  int status = key->type == EXPERIMENT_SIZE ? units_parse_bytes(value, text) : units_parse_u64(value, text);
  return status == 0 && *value >= key->minimum && *value <= key->maximum ? 0 : -1;
}

static int parse_number_text(void *field, const struct experiment_key *key, const char *text) {
  uint64_t value;
  if (experiment_key_number(key, text, &value) != 0) return -1;
  *(const char **)field = text;
  return 0;
}

static int parse_count(void *field, const struct experiment_key *key, const char *text) {
  uint64_t value;
  if (experiment_key_number(key, text, &value) != 0) return -1;
  *(uint64_t *)field = value;
  return 0;
}

/* Written so that a NaN fails. */
static int parse_real(void *field, const struct experiment_key *key, const char *text) {
  double value;
  if (units_parse_real(&value, text) != 0) return -1;
  if (!(value >= (double)key->minimum && value <= (double)key->maximum)) return -1;
  *(double *)field = value;
  return 0;
}

static int parse_bool(void *field, const struct experiment_key *key, const char *text) {
  (void)key;
  if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) return -1;
  *(bool *)field = text[0] == 't';
  return 0;
}

static void expect_file(char *out, size_t size, const struct experiment_key *key) {
  snprintf(out, size, "a name that 'spillway list %s' shows, or a path relative to the file", key->kind);
}

static void expect_folder(char *out, size_t size, const struct experiment_key *key) {
  (void)key;
  snprintf(out, size, "a path relative to the file");
}

static void expect_learned(char *out, size_t size, const struct experiment_key *key) {
  (void)key;
  snprintf(out, size, "NAME=VALUE with commas between, such as gnne.steps=50,rg.seeds=3");
}

static void expect_name(char *out, size_t size, const struct experiment_key *key) {
  snprintf(out, size, "a name that 'spillway list %s' shows", key->kind);
}

static void expect_names(char *out, size_t size, const struct experiment_key *key) {
  snprintf(out, size, "names that 'spillway list %s' shows, with commas between", key->kind);
}

static void expect_size(char *out, size_t size, const struct experiment_key *key) {
  char low[UNITS_TEXT_BYTES], high[UNITS_TEXT_BYTES];
  snprintf(out, size, "a size from %s to %s, such as 256KiB", units_format_bytes(low, key->minimum),
           units_format_bytes(high, key->maximum));
}

static void expect_count(char *out, size_t size, const struct experiment_key *key) {
  bool plain = key->unit[0] == '\0';
  snprintf(out, size, "a whole number %s%s%sfrom %llu to %llu", plain ? "" : "of ", key->unit, plain ? "" : " ",
           (unsigned long long)key->minimum, (unsigned long long)key->maximum);
}

static void expect_real(char *out, size_t size, const struct experiment_key *key) {
  snprintf(out, size, "a number from %llu to %llu", (unsigned long long)key->minimum,
           (unsigned long long)key->maximum);
}

static void expect_bool(char *out, size_t size, const struct experiment_key *key) {
  (void)key;
  snprintf(out, size, "true or false");
}

static char *print_text(const void *field) {
  const char *text = *(const char *const *)field;
  return cli_strdup(text == NULL ? "" : text);
}
static char *print_size(const void *field) {
  const char *text = *(const char *const *)field;
  char size[UNITS_TEXT_BYTES];
  uint64_t bytes;
  if (text == NULL || units_parse_bytes(&bytes, text) != 0) return cli_strdup("");
  return cli_strdup(units_format_whole_bytes(size, bytes));
}
static char *print_count(const void *field) {
  return cli_format("%llu", (unsigned long long)*(const uint64_t *)field);
}
static char *print_real(const void *field) {
  char text[UNITS_TEXT_BYTES];
  return cli_strdup(units_format_real(text, *(const double *)field));
}
static char *print_bool(const void *field) { return cli_strdup(*(const bool *)field ? "true" : "false"); }

static const struct {
  int (*parse)(void *field, const struct experiment_key *key, const char *text);
  void (*expect)(char *out, size_t size, const struct experiment_key *key);
  char *(*print)(const void *field);
} types[] = {
    [EXPERIMENT_FILE] = {parse_text, expect_file, print_text},
    [EXPERIMENT_FOLDER] = {parse_text, expect_folder, print_text},
    [EXPERIMENT_LEARNED] = {parse_text, expect_learned, print_text},
    [EXPERIMENT_NAME] = {parse_text, expect_name, print_text},
    [EXPERIMENT_NAMES] = {parse_text, expect_names, print_text},
    [EXPERIMENT_SIZE] = {parse_number_text, expect_size, print_size},
    [EXPERIMENT_DIGITS] = {parse_number_text, expect_count, print_text},
    [EXPERIMENT_COUNT] = {parse_count, expect_count, print_count},
    [EXPERIMENT_REAL] = {parse_real, expect_real, print_real},
    [EXPERIMENT_BOOL] = {parse_bool, expect_bool, print_bool},
};

void experiment_key_expected(char text[EXPERIMENT_EXPECTED_BYTES], const struct experiment_key *key) {
  types[key->type].expect(text, EXPERIMENT_EXPECTED_BYTES, key);
}

/* Each of the names, which commas separate. */
static int check_names(const struct experiment_key *key, const char *text, struct error *err) {
  char *copy = cli_strdup(text), *rest = copy, *name;
  int status = 0;
  while (status == 0 && (name = strsep(&rest, ",")) != NULL) status = names_check(key->kind, name, err);
  free(copy);
  return status;
}

int experiment_key_set(struct cell_settings *cell, const struct experiment_key *key, const char *text,
                       struct error *err) {
  char expected[EXPERIMENT_EXPECTED_BYTES];
  struct error cause = ERROR_INIT;
  bool named = key->type == EXPERIMENT_NAME || key->type == EXPERIMENT_NAMES;
  if (named && check_names(key, text, &cause) != 0) {
    return error_set(err, ERROR_INPUT, "%s: %s", key->key, cause.message);
  }
  struct learned_settings scratch;
  if (key->type == EXPERIMENT_LEARNED && learned_settings_parse(&scratch, text, &cause) != 0) {
    return error_set(err, ERROR_INPUT, "%s: %s", key->key, cause.message);
  }
  if (types[key->type].parse((char *)cell + key->offset, key, text) == 0) return 0;
  experiment_key_expected(expected, key);
  return error_set(err, ERROR_INPUT, "%s is '%.80s'; expected %s", key->key, text, expected);
}

struct cell_settings experiment_defaults(void) {
  struct cell_settings cell = {.network = NULL};
  for (size_t i = 0; i < experiment_key_count; i++) {
    const struct experiment_key *key = &experiment_keys[i];
    if (key->initial != NULL) types[key->type].parse((char *)&cell + key->offset, key, key->initial);
  }
  return cell;
}

bool experiment_key_has_ranges(const struct experiment_key *key) {
  return key->type == EXPERIMENT_SIZE || key->type == EXPERIMENT_DIGITS || key->type == EXPERIMENT_COUNT;
}

char *experiment_key_value(const struct experiment_key *key, const struct cell_settings *cell) {
  return types[key->type].print((const char *)cell + key->offset);
}

/* ---- texts ---- */

char *experiment_key_text(const struct experiment_key *key) {
  char expected[EXPERIMENT_EXPECTED_BYTES];
  experiment_key_expected(expected, key);
  return cli_format("%s: %s", key->help, expected);
}

const char *experiment_key_default(const struct experiment_key *key) {
  return key->initial == NULL ? key->absent : key->initial;
}
