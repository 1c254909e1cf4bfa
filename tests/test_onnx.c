/* The ONNX importer. The cases are in the files test_onnx_*.c. */
#include <check.h>

#include "onnx_model.h"
#include "suites.h"

Suite *onnx_suite(void) {
  Suite *suite = suite_create("onnx");
  suite_add_tcase(suite, onnx_networks_case());
  suite_add_tcase(suite, onnx_rows_case());
  suite_add_tcase(suite, onnx_weights_case());
  suite_add_tcase(suite, onnx_work_case());
  suite_add_tcase(suite, onnx_fold_case());
  suite_add_tcase(suite, onnx_blocks_case());
  suite_add_tcase(suite, onnx_errors_case());
  return suite;
}
