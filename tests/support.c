#include "support.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "graph/onnx.h"

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

struct hw support_hw(uint64_t capacity_bytes) {
  struct hw hw = hw_default();
  hw.buffer_capacity_bytes = capacity_bytes;
  return hw;
}
