#include "onnx_model.h"
TCase *onnx_fold_case(void) { return tcase_create("fold"); }
