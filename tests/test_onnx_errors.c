#include "onnx_model.h"
TCase *onnx_errors_case(void) { return tcase_create("errors"); }
