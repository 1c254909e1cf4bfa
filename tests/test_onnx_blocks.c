#include "onnx_model.h"
TCase *onnx_blocks_case(void) { return tcase_create("blocks"); }
