/* Every suite of the test program; tests/main.c runs them in this order. */
#ifndef SPILLWAY_TESTS_SUITES_H
#define SPILLWAY_TESTS_SUITES_H

#include <check.h>

#define SUITES(X) \
  X(include_law) \
  X(file) \
  X(yaml) \
  X(hw) \
  X(plan) \
  X(onnx) \
  X(conformance) \
  X(compute) \
  X(sim) \
  X(sim_property) \
  X(brr) \
  X(brr_property) \
  X(brr_plus) \
  X(sim_networks) \
  X(timed_metrics) \
  X(dram) \
  X(timeline) \
  X(dram_reference) \
  X(timed) \
  X(timed_golden) \
  X(timed_property) \
  X(gnn) \
  X(safetensors) \
  X(train) \
  X(get) \
  X(fuzz_corpus) \
  X(learned) \
  X(evaluations) \
  X(search) \
  X(optimus) \
  X(nsga2) \
  X(sample) \
  X(compare) \
  X(compare_edges) \
  X(exact) \
  X(store) \
  X(query) \
  X(sweep) \
  X(cli) \
  X(docs)

#define DECLARE_SUITE(name) Suite *name##_suite(void);
SUITES(DECLARE_SUITE)
#undef DECLARE_SUITE

#endif
