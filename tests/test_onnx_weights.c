#include "onnx_model.h"
TCase *onnx_weights_case(void) { return tcase_create("weights"); }
