#include "cli/subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cli/document.h"
#include "cli/find.h"
#include "cli/memory.h"
#include "graph/onnx.h"
#include "plan/plan.h"
#include "util/bitset.h"
#include "util/file.h"
#include "util/units.h"

#define NETWORK_MAX_BYTES ((size_t)4 << 30)

static void hash_text(char text[33], const void *bytes, size_t length) {
  XXH128_hash_t hash = XXH3_128bits(bytes, length);
  snprintf(text, 33, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
}

int subject_load_network(struct subject *subject, const char *name, const struct target_options *options,
                         struct error *err) {
  const struct onnx_options import = {.fold_batch_norm = options->fold_batch_norm};
  char *path, *bytes;
  size_t length;
  if (find_path(&path, &find_networks, name, err) != 0) return -1;
  int status = file_read(&bytes, &length, path, NETWORK_MAX_BYTES, err);
  if (status == 0) {
    hash_text(subject->hash, bytes, length);
    status = onnx_import_memory(&subject->graph, bytes, length, path, &import, err);
    free(bytes);
  }
  free(path);
  return status;
}

static int build(struct subject *subject, const char *name, const struct target_options *options, struct error *err) {
  struct hw hw;
  if (settings_hardware(&hw, options, err) != 0 || subject_load_network(subject, name, options, err) != 0) return -1;
  if (sim_model_create(&subject->model, subject->graph, &hw, err) != 0) return -1;
  return sim_create(&subject->sim, &subject->model, err);
}

int subject_open(struct subject *out, const char *name, const struct target_options *options, struct error *err) {
  *out = (struct subject){0};
  int status = build(out, name, options, err);
  if (status != 0) subject_close(out);
  return status;
}

void subject_close(struct subject *subject) {
  sim_free(subject->sim);
  sim_model_free(&subject->model);
  graph_free(subject->graph);
  *subject = (struct subject){0};
}

int subject_report(struct plan_report *out, const struct subject *subject, const struct method *method,
                   const struct plan *plan, struct error *err) {
  return (subject->fuseable_only ? plan_report_create_runnable : plan_report_create)(out, subject->sim, method, plan,
                                                                                     err);
}

int baseline_create(struct baseline *out, const struct subject *subject, const struct method *method,
                    struct error *err) {
  struct plan plan;
  uint64_t ops[GRAPH_MAX_SET_WORDS];
  *out = (struct baseline){0};
  bitset_clear(ops, subject->graph->set_words);
  for (uint32_t v = 0; v < subject->graph->op_count; v++) bitset_add(ops, v);
  if (report_compulsory_bytes(subject->sim, ops, &out->compulsory_bytes, err) != 0) return -1;
  if (plan_layer_by_layer(&plan, subject->graph, err) != 0) return -1;
  int status = subject_report(&out->layers, subject, method, &plan, err);
  plan_free(&plan);
  if (status != 0 || out->layers.left_out_groups == 0) return status;
  for (uint32_t v = 0; v < subject->graph->op_count; v++) {
    if (out->layers.groups[v].left_out) bitset_remove(ops, v);
  }
  return report_compulsory_bytes(subject->sim, ops, &out->compulsory_bytes, err);
}

void baseline_free(struct baseline *baseline) { plan_report_free(&baseline->layers); }

void subject_print(const struct subject *subject) {
  char buffer[UNITS_TEXT_BYTES];
  const struct hw *hw = &subject->model.hw;
  cli_print("%s on %s: buffer %s, %u-bit activations, %u-bit weights, %u-bit biases\n", subject->graph->name, hw->name,
            units_format_bytes(buffer, hw->buffer_capacity_bytes), hw->activation_bits, hw->weight_bits, hw->bias_bits);
}

/* ---- JSON ---- */

static json_t *hardware_value(const struct hw *hw, const struct hw_key *key) {
  const void *field = (const char *)hw + key->offset;
  switch (key->type) {
    case HW_TEXT: return document_text(field);
    case HW_BYTES: return document_count(*(const uint64_t *)field);
    case HW_COUNT: return document_count(*(const uint32_t *)field);
    case HW_REAL: return json_real(*(const double *)field);
    case HW_NAME: return document_text(key->names[*(const uint32_t *)field]);
    case HW_BOOL: return json_boolean(*(const bool *)field);
  }
  return json_null();
}

json_t *subject_hardware_document(const struct hw *hw) {
  json_t *document = json_object();
  for (size_t i = 0; i < hw_key_count; i++) {
    const struct hw_key *key = &hw_keys[i];
    json_t *value = hardware_value(hw, key);
    const char *point = strchr(key->key, '.');
    if (point == NULL) {
      document_add(document, key->key, value);
      continue;
    }
    char *section = cli_format("%.*s", (int)(point - key->key), key->key);
    if (json_object_get(document, section) == NULL) document_add(document, section, json_object());
    document_add(json_object_get(document, section), point + 1, value);
    free(section);
  }
  return document;
}
