/* Small ONNX models written as text, for the tests of the importer.
 *
 * Statements end with ';' and are words between blanks:
 *
 *   # anything but ';'      a remark
 *   in x N,3,8,8            an input of the network; letters are symbols, '?' is unknown,
 *                           '-' no dimensions, '~' no shape at all
 *   out y [dims]            an output of the network
 *   info v 1,2              value_info
 *   weight w 4,3,3,3        an initializer of floats, dimensions only
 *   data w 4,3              one with its numbers (all zero)
 *   external w 4,3          one whose numbers are in another file
 *   ints s 1,2,3            an initializer of whole numbers, one-dimensional; "int s 5": of
 *   floats f 1,2            rank 0; the same of fractions, and "float f 2"
 *   Conv@name x w _ -> y pads=[1,1] group=2 auto_pad=VALID scales=[1.0,2.0] value={1,2}
 *                           a node; '@name' may be left out, '_' is an input left out,
 *                           [...] are lists, a '.' makes fractions, {...} is a tensor of one
 *                           dimension, {=5} one of rank 0 */
#ifndef SPILLWAY_TESTS_ONNX_MODEL_H
#define SPILLWAY_TESTS_ONNX_MODEL_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"
#include "graph/onnx.h"
#include "graph/onnx.pb-c.h"
#include "util/arena.h"

enum { ONNX_MODEL_MAX_ITEMS = 2048 }; /* of each list of the graph and of a node */

/* Lives as long as the arena and may be changed before it is packed. */
Onnx__ModelProto *onnx_model_parse(struct arena *arena, int64_t opset, const char *text);
uint8_t *onnx_model_pack(struct arena *arena, size_t *length, const Onnx__ModelProto *model);

/* The text imported as "model.onnx"; the test fails if it is refused. The caller frees it. */
struct graph *onnx_model_import(int64_t opset, const char *text);
struct graph *onnx_model_import_with(int64_t opset, const char *text, const struct onnx_options *options);

/* The message that the text is refused with; the test fails if it is not. Overwritten by
 * the next call. */
const char *onnx_model_refusal(int64_t opset, const char *text);

/* The tensor of that name; the test fails if there is none. */
const struct tensor *onnx_model_tensor(const struct graph *graph, const char *name);
bool onnx_model_has_tensor(const struct graph *graph, const char *name);

/* Sums over all ops. */
uint64_t onnx_model_weights(const struct graph *graph);
uint64_t onnx_model_biases(const struct graph *graph);

/* "x:01|12|2 z:stream", for each input of the tensor what rows its rows need: digits then
 * letters are rows, '|' stands between output rows, "stream" is a reduction. */
#define ONNX_MODEL_TEXT_BYTES 8192
const char *onnx_model_rows(char *text, const struct graph *graph, const char *tensor);

/* "1,16,112,112" */
const char *onnx_model_dims(char *text, const struct tensor *tensor);

/* "Conv Relu Add": the types of all ops in their order. */
const char *onnx_model_types(char *text, const struct graph *graph);

/* Whether both have the same ops, tensors and row maps, under whatever names. */
bool onnx_model_same(const struct graph *a, const struct graph *b);

/* The parts of the suite, one a file. */
TCase *onnx_blocks_case(void);
TCase *onnx_errors_case(void);
TCase *onnx_fold_case(void);
TCase *onnx_networks_case(void);
TCase *onnx_rows_case(void);
TCase *onnx_weights_case(void);
TCase *onnx_work_case(void);

#endif
