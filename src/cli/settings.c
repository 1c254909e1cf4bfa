#include "cli/settings.h"

#include <stdlib.h>
#include <string.h>

#include "cli/find.h"
#include "cli/memory.h"
#include "cli/names.h"
#include "util/units.h"

#define DEFAULT_METHOD "lbdf"
#define DEFAULT_DATABASE "results/spillway.db"

#define TARGET(field) offsetof(struct target_options, field)

/* The first one is left out of unsized_target_group. */
static const struct option_spec target_options[] = {
    {"buffer", 0, OPTION_TEXT, "SIZE", NULL, NULL, 0, 0, "size of the on-chip buffer, such as 256KiB", TARGET(buffer)},
    {"hw", 0, OPTION_TEXT, "FILE", NULL, "hardware", 0, 0, "hardware description, a YAML file or a name",
     TARGET(hw)},
    {"bits", 0, OPTION_TEXT, "N", NULL, NULL, 0, 0, "size of an activation and of a weight", TARGET(bits)},
    {"activation-bits", 0, OPTION_TEXT, "N", NULL, NULL, 0, 0, "size of an activation", TARGET(activation_bits)},
    {"weight-bits", 0, OPTION_TEXT, "N", NULL, NULL, 0, 0, "size of a weight", TARGET(weight_bits)},
    {"bias-bits", 0, OPTION_TEXT, "N", NULL, NULL, 0, 0, "size of a bias", TARGET(bias_bits)},
    {"no-in-place", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "elementwise ops never write over their input",
     TARGET(no_in_place)},
    {"fold-bn", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "fold BatchNormalization into the convolution before it",
     TARGET(fold_batch_norm)},
};
const struct option_group target_group = OPTION_GROUP(target_options);
const struct option_group unsized_target_group = {target_options + 1,
                                                  sizeof target_options / sizeof target_options[0] - 1};

static const struct option_spec method_options[] = {
    {"method", 0, OPTION_NAME, "NAME", NULL, "methods", 0, 0,
     "execution method; " DEFAULT_METHOD " if neither this nor a plan file names one",
     offsetof(struct method_options, name)},
};
const struct option_group method_group = OPTION_GROUP(method_options);

static const struct option_spec fuseable_options[] = {
    {"fuseable-only", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0,
     "leave out ops that fit the buffer in no way, instead of giving up; no total counts them",
     offsetof(struct fuseable_options, only)},
};
const struct option_group fuseable_group = OPTION_GROUP(fuseable_options);

static const struct option_spec clock_options[] = {
    {"timed", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0,
     "run the plan on the clock too: cycles, energy, utilisation, roofline", offsetof(struct clock_options, timed)},
};
const struct option_group clock_group = OPTION_GROUP(clock_options);

#define SPLIT(field) offsetof(struct split_options, field)

static const struct option_spec split_options[] = {
    {"split", 0, OPTION_NAME, "NAME", "trace-get", "explainers", 0, 0, "how groups that overflow are split",
     SPLIT(explainer)},
    {"breadth", 0, OPTION_COUNT, "N", "8", NULL, 0, 1000000,
     "cuts followed where none leaves both sides fitting; 0 for the paper's rule", SPLIT(breadth)},
    {"fraction", 0, OPTION_REAL, "F", "0.3", NULL, 0, 1,
     "share of a group's edges that an explanation may name, at least 4", SPLIT(fraction)},
    {"explainer-options", 0, OPTION_TEXT, "LIST", NULL, NULL, 0, 0,
     "settings of explainers that learn, such as gnne.steps=50,rg.seeds=3", SPLIT(explainer_options)},
    {"models", 0, OPTION_TEXT, "DIR", NULL, NULL, 0, 0,
     "directory of their trained weights; if left out $SPILLWAY_MODELS, then configs/models",
     SPLIT(models)},
};
const struct option_group split_group = OPTION_GROUP(split_options);
const struct option_group tree_group = {split_options + 1, sizeof split_options / sizeof split_options[0] - 1};
const struct option_group explanation_group = {split_options + 2, sizeof split_options / sizeof split_options[0] - 2};

static int add_size(uint64_t **sizes_bytes, size_t *count, const char *option, const char *text, struct error *err) {
  uint64_t bytes;
  if (units_parse_bytes(&bytes, text) != 0 || bytes == 0) {
    return error_set(err, ERROR_USAGE, "%s: '%.80s' is no size; expected sizes with commas between, such as "
                     "128KiB,256KiB", option, text);
  }
  for (size_t i = 0; i < *count; i++) {
    if ((*sizes_bytes)[i] == bytes) return error_set(err, ERROR_USAGE, "%s: '%.80s' is there twice", option, text);
  }
  *sizes_bytes = cli_grow(*sizes_bytes, *count + 1, sizeof **sizes_bytes);
  (*sizes_bytes)[(*count)++] = bytes;
  return 0;
}

int settings_sizes(uint64_t **sizes_bytes, size_t *count, const char *option, const char *text, struct error *err) {
  char *list = cli_strdup(text), *rest = list;
  int status = 0;
  *sizes_bytes = NULL;
  *count = 0;
  for (char *word; status == 0 && (word = strsep(&rest, ",")) != NULL;) {
    status = add_size(sizes_bytes, count, option, word, err);
  }
  free(list);
  return status;
}

struct split_rules settings_split_rules(const struct split_options *options, const struct method *method) {
  return (struct split_rules){method, explainer_find(options->explainer), options->fraction, options->breadth,
                              objective_find("dram"), NULL};
}

static const struct option_spec explainers_options[] = {
    {"explainers", 0, OPTION_TEXT, "LIST", NULL, "explainers", 0, 0,
     "explainers to take, with commas between; all if left out", offsetof(struct explainers_options, list)},
};
const struct option_group explainers_group = OPTION_GROUP(explainers_options);

static const struct option_spec database_options[] = {
    {"db", 0, OPTION_TEXT, "FILE", DEFAULT_DATABASE, NULL, 0, 0, "results database",
     offsetof(struct database_options, path)},
};
const struct option_group database_group = OPTION_GROUP(database_options);

static const struct option_spec log_options[] = {
    {"db", 0, OPTION_TEXT, "FILE", DEFAULT_DATABASE, NULL, 0, 0, "results database that the run is added to",
     offsetof(struct log_options, path)},
    {"no-db", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "leave no record in the database",
     offsetof(struct log_options, off)},
};
const struct option_group log_group = OPTION_GROUP(log_options);

static const struct option_spec output_options[] = {
    {"json", 0, OPTION_FLAG, NULL, NULL, NULL, 0, 0, "print JSON for programs", offsetof(struct output_options, json)},
};
const struct option_group output_group = OPTION_GROUP(output_options);

static const struct option_spec progress_options[] = {
    {"quiet", 'q', OPTION_FLAG, NULL, NULL, NULL, 0, 0, "no progress line",
     offsetof(struct progress_options, quiet)},
};
const struct option_group progress_group = OPTION_GROUP(progress_options);

/* Options that set keys of the hardware. The more special ones come last. */
static const struct {
  size_t offset;
  const char *option, *keys[2];
} hardware_keys[] = {
    {TARGET(buffer), "buffer", {"buffer.capacity", NULL}},
    {TARGET(bits), "bits", {"data.activation_bits", "data.weight_bits"}},
    {TARGET(activation_bits), "activation-bits", {"data.activation_bits", NULL}},
    {TARGET(weight_bits), "weight-bits", {"data.weight_bits", NULL}},
    {TARGET(bias_bits), "bias-bits", {"data.bias_bits", NULL}},
};

static int set_key(struct hw *hw, const char *option, const char *key, const char *text, struct error *err) {
  struct error cause = ERROR_INIT;
  if (hw_set(hw, key, text, &cause) == 0) return 0;
  return error_set(err, ERROR_USAGE, "--%s: %s", option, cause.message);
}

static int load_hardware(struct hw *hw, const char *name, struct error *err) {
  char *path;
  if (find_path(&path, &find_hardware, name, err) != 0) return -1;
  int status = hw_load(hw, path, err);
  free(path);
  return status;
}

int settings_hardware(struct hw *hw, const struct target_options *options, struct error *err) {
  *hw = hw_default();
  if (options->hw != NULL && load_hardware(hw, options->hw, err) != 0) return -1;
  for (size_t i = 0; i < sizeof hardware_keys / sizeof hardware_keys[0]; i++) {
    const char *text = *(const char *const *)(const void *)((const char *)options + hardware_keys[i].offset);
    for (size_t k = 0; text != NULL && k < 2 && hardware_keys[i].keys[k] != NULL; k++) {
      if (set_key(hw, hardware_keys[i].option, hardware_keys[i].keys[k], text, err) != 0) return -1;
    }
  }
  if (options->no_in_place) hw->in_place = false;
  return 0;
}

const struct method *settings_method(const char *name, struct error *err) {
  const char *wanted = name == NULL ? DEFAULT_METHOD : name;
  return names_check("methods", wanted, err) == 0 ? method_find(wanted) : NULL;
}

const struct method *settings_plan_method(const struct method_options *options, const char *path, const char *named,
                                          struct error *err) {
  struct error cause = ERROR_INIT;
  if (options->name != NULL || named[0] == '\0') return settings_method(options->name, err);
  const struct method *method = settings_method(named, &cause);
  if (method == NULL) error_input(err, path, 0, "%s", cause.message);
  return method;
}
