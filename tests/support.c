#include "support.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph/onnx.h"
#include "scaled_network.h"

const char *const support_networks[SUPPORT_NETWORKS] = {
    "alexnet",           "deeplabv3_mobilenet_v3_large", "efficientnet_b0", "efficientnet_b3", "mobilenet_v2",
    "mobilenet_v3_large", "mobilenet_v3_small",          "resnet101",       "resnet152",       "resnet18",
    "resnet50",          "squeezenet1_0",                "squeezenet1_1",   "vgg16",
};

const char *support_path(const char *below) {
  static char path[4096];
  const char *top = getenv("SPILLWAY_SOURCE_DIR");
  snprintf(path, sizeof path, "%s/%s", top == NULL ? "." : top, below);
  return path;
}

struct graph *support_network(const char *name) {
  char below[256];
  const struct onnx_options options = ONNX_OPTIONS_INIT;
  struct error err = ERROR_INIT;
  struct graph *graph = NULL;
  snprintf(below, sizeof below, "configs/networks/%s.onnx", name);
  int status = onnx_import(&graph, support_path(below), &options, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  return graph;
}

struct graph *support_network_scaled(const char *name, uint32_t factor) {
  char below[256];
  struct error err = ERROR_INIT;
  struct graph *graph = NULL;
  snprintf(below, sizeof below, "configs/networks/%s.onnx", name);
  int status = scaled_network_import(&graph, support_path(below), factor, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  return graph;
}

struct hw support_hw(uint64_t capacity_bytes) {
  struct hw hw = hw_default();
  hw.buffer_capacity_bytes = capacity_bytes;
  return hw;
}

static char directory[64];

void support_enter(void) {
  strcpy(directory, "/tmp/spillway-test-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(directory));
  ck_assert_int_eq(chdir(directory), 0);
}

void support_leave(void) {
  DIR *entries = opendir(".");
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) remove(entry->d_name);
  closedir(entries);
  ck_assert_int_eq(chdir("/"), 0);
  ck_assert_int_eq(rmdir(directory), 0);
}
