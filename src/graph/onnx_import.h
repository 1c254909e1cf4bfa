/* What the files of the ONNX importer share. Nothing outside onnx*.c includes it.
 *
 * The importer walks the nodes of the file once, in their order. Each value of the file is
 * either a constant, of which the shape and for small ones the numbers are known, or an
 * activation: a draft tensor seen through a shape, which differs from the tensor's own
 * where Reshape and its like stand between. A node type's infer function gives the shapes
 * of the results, and for each input which of its rows (of the shape it is seen through) a
 * result's row needs; import_node() turns that into constants, views or a draft op, and
 * onnx_emit() passes the drafts that lead to an output of the network to a graph builder. */
#ifndef SPILLWAY_GRAPH_ONNX_IMPORT_H
#define SPILLWAY_GRAPH_ONNX_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"
#include "graph/onnx.h"
#include "graph/onnx.pb-c.h"

/* ---- shapes (onnx_shape.c) ---- */

#define SHAPE_MAX_ELEMENTS (UINT64_C(1) << 40)
#define SHAPE_NO_AXIS UINT32_MAX

struct shape {
  uint32_t rank; /* <= GRAPH_MAX_RANK */
  uint64_t dims[GRAPH_MAX_RANK];
};

/* The product of the dimensions, 0 if one is 0, UINT64_MAX if above SHAPE_MAX_ELEMENTS. */
uint64_t shape_elements(const struct shape *shape);
uint64_t shape_rows(const struct shape *shape);
/* The axis that rows are counted on, or SHAPE_NO_AXIS: shapes of rank < 3 are one row. */
uint32_t shape_row_axis(const struct shape *shape);
bool shape_equal(const struct shape *a, const struct shape *b);
/* Two shapes of the same elements in the same order: row r of one is row r of the other. */
bool shape_same_rows(const struct shape *a, const struct shape *b);
/* Broadcasts *shape with other as numpy does; false if they do not fit. */
bool shape_broadcast(struct shape *shape, const struct shape *other);
/* Removes or inserts an axis; inserting needs rank < GRAPH_MAX_RANK. */
void shape_remove_axis(struct shape *shape, uint32_t axis);
void shape_insert_axis(struct shape *shape, uint32_t axis, uint64_t dim);
/* "[1, 3, 224, 224]" */
#define SHAPE_TEXT_BYTES 192
const char *shape_text(char *text, const struct shape *shape);

/* ---- values ---- */

/* Constants with more elements keep only their shape. */
#define VALUE_MAX_NUMBERS 65536

enum number_kind { NUMBER_INT, NUMBER_FLOAT, NUMBER_DOUBLE }; /* booleans are INT */

union number {
  int64_t i;
  double f; /* NUMBER_FLOAT: rounded to single precision */
};

/* The numbers of a constant in row-major order. */
struct numbers {
  enum number_kind kind;
  const union number *items; /* NULL if not known */
};

struct value {
  const char *name;
  uint32_t node;  /* that produces it; VALUE_FROM_OUTSIDE for inputs and initializers */
  uint32_t uses;  /* by live nodes and outputs of the network */
  bool active;    /* depends on the network's input */
  bool bound;     /* what follows is known */
  bool is_parameter, is_data; /* inputs of the network, by how they are used; onnx_parameter.c */
  struct shape shape;
  /* constants */
  const Onnx__TensorProto *proto; /* numbers not decoded yet, or NULL */
  struct numbers numbers;
  uint64_t stored; /* elements of what it repeats, 0 if it is not repeated */
  /* activations */
  uint32_t tensor; /* draft tensor */
};

#define VALUE_FROM_OUTSIDE UINT32_MAX

/* ---- drafts ---- */

struct draft_tensor {
  const char *name;
  struct shape shape;
  uint32_t rows;
  uint64_t row_elements;
  uint32_t op; /* draft op, or GRAPH_NO_OP for an input of the network */
  bool elementwise, is_output, live;
  struct tensor_input *inputs; /* tensor: a draft */
  uint32_t input_count;
  uint32_t emitted; /* the builder's index */
};

struct draft_op {
  struct op_spec spec; /* name: not yet unique */
  uint32_t node;
  uint32_t first_tensor, tensor_count;
  bool live;
};

struct shape_hint; /* a shape that the file states: value_info and outputs */

struct importer {
  const char *path;
  const struct onnx_options *options;
  const Onnx__GraphProto *graph;
  int64_t opset;
  uint64_t batch;
  const char *batch_name; /* the symbol that stands for the batch, or NULL */
  struct arena arena;     /* lives as long as the import */
  struct arena scratch;   /* emptied after each node */
  struct value *values;
  uint32_t value_count;
  struct value **by_name; /* sorted */
  const Onnx__ValueInfoProto **hints; /* sorted by name */
  uint32_t hint_count;
  bool *live; /* by node: leads to an output of the network, if only by a shape */
  struct draft_op *ops;
  uint32_t op_count;
  struct draft_tensor *tensors;
  uint32_t tensor_count;
  uint64_t numbers_left; /* how many more numbers may be decoded or computed */
  uint64_t spans_left;   /* how many more rows row tables may have */
};

/* ---- nodes (onnx_node.c) ---- */

/* Which rows of an input a result needs. A zeroed one means all rows at once. */
struct input_rows {
  struct row_map map; /* in rows of the shape that the input is seen through */
  bool reduces;       /* takes all rows one by one where a view changes the rows */
};

/* Where the elements of a result that is part of input 0 come from: along axis d of the
 * result, axis from[d] of the input is walked from start[d] by step[d]. */
struct pick {
  uint32_t from[GRAPH_MAX_RANK];
  int64_t start[GRAPH_MAX_RANK], step[GRAPH_MAX_RANK];
};

struct result {
  struct value *value; /* NULL if the node leaves it out or nobody uses it */
  bool known;          /* shape is */
  bool elementwise;
  struct shape shape;
  struct pick pick; /* by infer of Slice, Split and Transpose */
  struct input_rows *inputs; /* by input of the node */
};

struct node {
  struct importer *importer;
  const Onnx__NodeProto *proto;
  const struct node_type *type;
  const char *name;
  uint32_t index;
  int64_t opset;
  struct value **inputs; /* NULL where left out */
  uint32_t input_count;
  struct result *results;
  uint32_t result_count;
  bool is_view;        /* infer: result 0 is input 0 seen through another shape */
  bool keeps_numbers;  /* infer: a view that leaves the numbers as they are */
  bool repeats;        /* infer: each element of result 0 is one of input 0 */
  struct op_spec cost; /* infer: weights, bias, macs, channels, work; name and type unused */
  uint64_t operations; /* infer: element operations of the whole batch; 0: one for each element */
  const struct value *unknown; /* infer: the input whose numbers it would have needed */
  struct error *err;
};

struct node_type {
  const char *name; /* ONNX op type */
  int (*infer)(struct node *node);
  uint32_t min_inputs, max_inputs, max_outputs;
  bool needs_shape_only; /* the result is a constant whatever the inputs are */
};

#define NODE_MAX_ARITY 1024

struct node_family {
  const struct node_type *types;
  size_t count;
};

extern const struct node_family onnx_constant_family, onnx_elementwise_family, onnx_index_family,
    onnx_matmul_family, onnx_move_family, onnx_normalise_family, onnx_reduce_family, onnx_resize_family,
    onnx_view_family, onnx_window_family;

/* NULL if there is no such type. */
const struct node_type *onnx_find_type(const char *name);

/* -1; ERROR_INPUT with file, node and op type in front. */
int node_error(const struct node *node, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* NULL if left out. */
const struct value *node_input(const struct node *node, uint32_t input);
const Onnx__AttributeProto *node_attribute(const struct node *node, const char *name);
int64_t node_int(const struct node *node, const char *name, int64_t fallback);

/* *choice = the place of the attribute's text in choices, or of fallback if it is left out. */
int node_choice(const struct node *node, const char *name, const char *const *choices, size_t count,
                const char *fallback, size_t *choice);

/* A list that some opsets give as an attribute and others as an input. Lives until the
 * node is done. */
struct int_list {
  const int64_t *items;
  size_t count;
  bool given;
  bool known; /* not given, or given with numbers */
};

#define NODE_NO_INPUT UINT32_MAX

/* attribute may be NULL, input may be NODE_NO_INPUT. If the numbers are not known,
 * node->unknown names the input. */
int node_int_list(struct node *node, const char *attribute, uint32_t input, struct int_list *list);

/* The numbers of a constant input, decoded now if need be; NULL, and node->unknown set, if
 * they are not known. */
const struct numbers *node_numbers(struct node *node, uint32_t input);

/* axis of a shape of that rank, negative from the end. */
int node_axis(const struct node *node, int64_t axis, uint32_t rank, uint32_t *out);
/* The same for a list, as a mask; an axis named twice is an error. */
int node_axes(const struct node *node, const struct int_list *axes, uint32_t rank, uint32_t *mask);

/* Gives result k its shape; too large or too many dimensions are an error. */
int node_set_shape(struct node *node, uint32_t result, const struct shape *shape);
/* Result k's row r needs ... of input i; ignored if result k is not used. */
void node_set_rows(struct node *node, uint32_t result, uint32_t input, struct row_map map);
/* Row r for an input that has as many rows as the result, row 0 for one with one row. */
void node_set_rows_broadcast(struct node *node, uint32_t result, uint32_t input);
void node_set_reduces(struct node *node, uint32_t result, uint32_t input);

/* A table with spans for `rows` rows to be filled in; an error if there are too many. */
int node_new_spans(struct node *node, uint64_t rows, struct row_span **spans);

/* Counts input i, if it is a constant, as weights. */
void node_add_weights(struct node *node, uint32_t input);

/* Multiply-accumulates of one image from those of all images; saturates. */
void node_set_macs(struct node *node, uint64_t outputs, uint64_t per_output);

/* What tells a product's work of one output row from the axes of its result. */
enum axis_role {
  AXIS_PIXEL,  /* the second factor, as the weights of a convolution, is the same along it */
  AXIS_FILTER, /* the first factor, as the image, is the same along it */
  AXIS_GROUP,  /* both differ along it */
};

/* A product of result 0's shape that sums over `taps` places of `channels` channels. */
void node_set_work(struct node *node, const enum axis_role *roles, uint64_t taps, uint64_t channels);

/* ---- constants (onnx_value.c, onnx_fold.c) ---- */

/* The shape of an initializer or constant; -1 with a message without file and node. */
int onnx_tensor_shape(const Onnx__TensorProto *proto, struct shape *shape, struct error *err);
/* Decodes value->proto if there are numbers, few enough; false without memory. */
bool onnx_value_decode(struct importer *importer, struct value *value);
/* Room for that many numbers; NULL if there are too many or no memory. */
union number *onnx_numbers_new(struct importer *importer, uint64_t count);

/* Evaluation of one result of a node on constants. */
struct fold {
  struct node *node;
  const struct result *result;
  const struct numbers **inputs; /* by input of the node; NULL where left out */
  uint64_t count;                /* numbers of the result */
  enum number_kind kind;         /* of the result; that of input 0 until the function sets it */
  union number *out;
};

/* false: cannot be known. */
typedef bool fold_function(struct fold *fold);

struct fold_rule {
  const char *type;
  fold_function *function;
  bool needs_shapes_only; /* input numbers may be missing */
};

struct fold_rules {
  const struct fold_rule *rules;
  size_t count;
};

extern const struct fold_rules onnx_constant_folds, onnx_move_folds, onnx_arithmetic_folds;

/* Single precision unless kind is NUMBER_DOUBLE. */
union number number_from_double(enum number_kind kind, double value);
double number_to_double(enum number_kind kind, union number number);

/* The place in a tensor of shape in of what broadcasting puts at place at of shape out. */
uint64_t fold_broadcast_place(const struct shape *out, const struct shape *in, uint64_t at);

/* The numbers of result k of a node on constants; items NULL if they cannot be known. */
struct numbers onnx_fold(struct node *node, uint32_t result);

/* ---- the walk ---- */

/* onnx_scan.c: a checked, bounded unpacking; the caller frees *model with
 * onnx_unpack_free(). */
int onnx_unpack(Onnx__ModelProto **model, const void *bytes, size_t length, const char *path,
                struct error *err);
void onnx_unpack_free(Onnx__ModelProto *model);

/* onnx_names.c: lists all values, checks that each is produced once and before it is used,
 * and marks live nodes and uses. */
int onnx_values_collect(struct importer *importer, struct error *err);
struct value *onnx_value_find(const struct importer *importer, const char *name);
/* The shape that the file states for a value; false if there is none without unknown
 * dimensions. */
bool onnx_hint_shape(const struct importer *importer, const char *name, struct shape *shape);
/* Dimension d of a declared shape, the batch put in; 0 if it is not a fixed size. */
int64_t onnx_declared_dim(const struct importer *importer, const Onnx__TensorShapeProto *shape, size_t d);
const Onnx__TensorShapeProto *onnx_declared_shape(const Onnx__ValueInfoProto *info);
/* The node's name, or its op type and index. */
const char *onnx_node_name(struct importer *importer, uint32_t node);

/* onnx_parameter.c: sets is_parameter of the inputs that are parameters of the network. */
void onnx_parameters_mark(struct importer *importer);

/* onnx_draft.c */
int onnx_import_node(struct importer *importer, uint32_t node, struct error *err);
/* Binds an input of the network: a draft tensor, or a constant if it is a parameter. */
int onnx_draft_input(struct importer *importer, struct value *value, const struct shape *shape,
                     struct error *err);

/* onnx_emit.c */
int onnx_emit(struct graph **out, struct importer *importer, const char *name, struct error *err);

#endif
