/* Matrix products. */
#include <inttypes.h>
#include <string.h>

#include "graph/onnx_import.h"
#include "util/saturate.h"

/* ---- Gemm ---- */

static int gemm_matrix(const struct node *node, uint32_t input, const char *transposed, uint64_t *rows,
                       uint64_t *columns) {
  const struct shape *shape = &node->inputs[input]->shape;
  char text[SHAPE_TEXT_BYTES];
  if (shape->rank != 2) {
    return node_error(node, "input '%s' is %s; expected 2 dimensions", node->inputs[input]->name,
                      shape_text(text, shape));
  }
  bool swap = node_int(node, transposed, 0) != 0;
  *rows = shape->dims[swap ? 1 : 0];
  *columns = shape->dims[swap ? 0 : 1];
  return 0;
}

static int gemm_add_bias(struct node *node, const struct shape *out) {
  const struct value *bias = node_input(node, 2);
  struct shape fitted = *out;
  if (bias == NULL) return 0;
  if (!shape_broadcast(&fitted, &bias->shape) || !shape_equal(&fitted, out)) {
    char text[SHAPE_TEXT_BYTES];
    return node_error(node, "its bias '%s' %s does not fit its output", bias->name, shape_text(text, &bias->shape));
  }
  if (!bias->active) node->cost.bias_elements = shape_elements(&bias->shape);
  return 0;
}

static int set_channels(struct node *node, uint64_t channels) {
  if (channels > UINT32_MAX) return node_error(node, "it has %" PRIu64 " output channels; too many", channels);
  node->cost.out_channels = (uint32_t)channels;
  return 0;
}

static int infer_gemm(struct node *node) {
  static const enum axis_role roles[] = {AXIS_PIXEL, AXIS_FILTER};
  uint64_t m, k, k_right, n;
  if (gemm_matrix(node, 0, "transA", &m, &k) != 0 || gemm_matrix(node, 1, "transB", &k_right, &n) != 0) return -1;
  if (k != k_right) {
    return node_error(node, "cannot multiply by '%s': its input has %" PRIu64 " columns, and that %" PRIu64 " rows",
                      node->inputs[1]->name, k, k_right);
  }
  const struct shape out = {.rank = 2, .dims = {m, n}};
  if (node_set_shape(node, 0, &out) != 0 || gemm_add_bias(node, &out) != 0 || set_channels(node, n) != 0) return -1;
  for (uint32_t i = 0; i < node->input_count; i++) node_set_rows_broadcast(node, 0, i);
  if (!node->inputs[1]->active) node_set_reduces(node, 0, 0);
  node_add_weights(node, 0);
  node_add_weights(node, 1);
  node_set_macs(node, shape_elements(&out), k);
  node_set_work(node, roles, 1, k);
  return 0;
}

/* ---- MatMul ---- */

/* Whether a factor with these leading axes differs along an axis of `rank` leading ones. */
static bool matmul_varies(const struct shape *leading, uint32_t axis, uint32_t rank) {
  return axis + leading->rank >= rank && leading->dims[axis + leading->rank - rank] > 1;
}

static void matmul_roles(enum axis_role *roles, const struct shape *left, const struct shape *right) {
  uint32_t rank = left->rank > right->rank ? left->rank : right->rank;
  for (uint32_t d = 0; d < rank; d++) {
    bool on_left = matmul_varies(left, d, rank), on_right = matmul_varies(right, d, rank);
    roles[d] = on_left && on_right ? AXIS_GROUP : on_right ? AXIS_FILTER : AXIS_PIXEL;
  }
}

/* As numpy: vectors become matrices, and lose the added dimension in the result. */
static int matmul_shape(struct node *node, struct shape *out, enum axis_role *roles, uint64_t *inner) {
  struct shape left = node->inputs[0]->shape, right = node->inputs[1]->shape;
  bool left_vector = left.rank == 1, right_vector = right.rank == 1;
  if (left.rank == 0 || right.rank == 0) return node_error(node, "cannot multiply by a single number");
  if (left_vector) shape_insert_axis(&left, 0, 1);
  if (right_vector) shape_insert_axis(&right, 1, 1);
  uint64_t m = left.dims[left.rank - 2], n = right.dims[right.rank - 1];
  *inner = left.dims[left.rank - 1];
  bool fits = *inner == right.dims[right.rank - 2];
  left.rank -= 2;
  right.rank -= 2;
  matmul_roles(roles, &left, &right);
  if (!fits || !shape_broadcast(&left, &right)) {
    char a[SHAPE_TEXT_BYTES], b[SHAPE_TEXT_BYTES];
    return node_error(node, "cannot multiply %s by %s ('%s')", shape_text(a, &node->inputs[0]->shape),
                      shape_text(b, &node->inputs[1]->shape), node->inputs[1]->name);
  }
  *out = left;
  roles[out->rank] = AXIS_PIXEL;
  if (!left_vector) out->dims[out->rank++] = m;
  roles[out->rank] = AXIS_FILTER;
  if (!right_vector) out->dims[out->rank++] = n;
  return set_channels(node, node->inputs[1]->active && !node->inputs[0]->active ? m : n);
}

static int infer_matmul(struct node *node) {
  struct shape out;
  enum axis_role roles[GRAPH_MAX_RANK + 1];
  uint64_t inner = 0;
  if (matmul_shape(node, &out, roles, &inner) != 0 || node_set_shape(node, 0, &out) != 0) return -1;
  /* The row axis of the left stays the row axis of the result unless a vector takes the
   * last dimension away. The right is needed whole: it is summed over its rows. */
  if (node->inputs[1]->shape.rank >= 2) node_set_rows_broadcast(node, 0, 0);
  if (!node->inputs[1]->active) node_set_reduces(node, 0, 0);
  node_add_weights(node, 0);
  node_add_weights(node, 1);
  node_set_macs(node, shape_elements(&out), inner);
  node_set_work(node, roles, 1, inner);
  return 0;
}

/* ---- Einsum ---- */

enum { EINSUM_LETTERS = 128 };

/* The letters of an operand or of the result. */
struct einsum_term {
  uint32_t count;
  unsigned char letters[GRAPH_MAX_RANK];
};

/* Reads up to ',', '-' or the end; false if there is anything but letters, such as "...". */
static bool einsum_read(const char **at, const char *end, struct einsum_term *term) {
  term->count = 0;
  for (; *at < end && **at != ',' && **at != '-'; (*at)++) {
    unsigned char letter = (unsigned char)**at;
    if (letter == ' ') continue;
    if (letter >= EINSUM_LETTERS || letter == '.' || term->count == GRAPH_MAX_RANK) return false;
    term->letters[term->count++] = letter;
  }
  return true;
}

/* Reads one operand and the sizes of its letters, of which broadcasting takes the larger. */
static bool einsum_operand(const char **at, const char *end, const struct shape *shape, struct einsum_term *term,
                           uint64_t *dims) {
  if (!einsum_read(at, end, term) || term->count != shape->rank) return false;
  for (uint32_t d = 0; d < term->count; d++) {
    uint64_t *dim = &dims[term->letters[d]];
    if (*dim <= 1) *dim = shape->dims[d];
  }
  return true;
}

static bool einsum_result(const char *at, const char *end, const uint64_t *dims, struct einsum_term *term,
                          struct shape *out) {
  if (end - at < 2 || at[0] != '-' || at[1] != '>') return false;
  at += 2;
  if (!einsum_read(&at, end, term) || at != end) return false;
  *out = (struct shape){.rank = term->count};
  for (uint32_t d = 0; d < term->count; d++) {
    out->dims[d] = dims[term->letters[d]];
    if (out->dims[d] == 0) return false;
  }
  return true;
}

/* An operand whose row axis has the letter of the result's is needed row by row. */
static void einsum_set_rows(struct node *node, uint32_t input, const struct einsum_term *term,
                            const struct einsum_term *result) {
  if (term->count < 3 || result->count < 3) return;
  if (term->letters[term->count - 2] != result->letters[result->count - 2]) return;
  node_set_rows_broadcast(node, 0, input);
}

static bool einsum_has(const struct einsum_term *term, unsigned char letter) {
  return memchr(term->letters, letter, term->count) != NULL;
}

/* The last operand is the second factor, the others together are the first. */
static void einsum_set_work(struct node *node, const struct einsum_term *terms, const struct einsum_term *result,
                            uint64_t inner) {
  enum axis_role roles[GRAPH_MAX_RANK];
  for (uint32_t d = 0; d < result->count; d++) {
    bool first = false, second = einsum_has(&terms[node->input_count - 1], result->letters[d]);
    for (uint32_t i = 0; i + 1 < node->input_count; i++) first |= einsum_has(&terms[i], result->letters[d]);
    roles[d] = first && second ? AXIS_GROUP : second ? AXIS_FILTER : AXIS_PIXEL;
  }
  node_set_work(node, roles, 1, inner);
}

/* A product for each combination of all letters, summed over those that the result lacks. */
static void einsum_set_cost(struct node *node, const struct einsum_term *terms, const struct einsum_term *result,
                            const uint64_t *dims) {
  uint64_t products = 1, inner = 1;
  for (size_t letter = 0; letter < EINSUM_LETTERS; letter++) {
    if (dims[letter] == 0) continue;
    products = saturate_multiply(products, dims[letter]);
    if (!einsum_has(result, (unsigned char)letter)) inner = saturate_multiply(inner, dims[letter]);
  }
  if (node->input_count < 2) return;
  node_set_macs(node, products, 1);
  einsum_set_work(node, terms, result, inner);
}

static int infer_einsum(struct node *node) {
  const Onnx__AttributeProto *equation = node_attribute(node, "equation");
  uint64_t dims[EINSUM_LETTERS] = {0};
  struct einsum_term result, *terms = ARENA_NEW(&node->importer->scratch, struct einsum_term, node->input_count);
  struct shape out;
  if (terms == NULL) return error_memory(node->err);
  if (equation == NULL || !equation->has_s || equation->s.data == NULL) {
    return node_error(node, "attribute 'equation' is missing");
  }
  for (uint32_t i = 0; i < node->input_count; i++) node_add_weights(node, i);
  const char *at = (const char *)equation->s.data, *end = at + equation->s.len;
  for (uint32_t i = 0; i < node->input_count; i++) {
    if (i > 0 && (at == end || *at++ != ',')) return 0; /* the file may state the shape */
    if (node->inputs[i] == NULL || !einsum_operand(&at, end, &node->inputs[i]->shape, &terms[i], dims)) return 0;
  }
  if (!einsum_result(at, end, dims, &result, &out)) return 0;
  if (node_set_shape(node, 0, &out) != 0) return -1;
  for (uint32_t i = 0; i < node->input_count; i++) einsum_set_rows(node, i, &terms[i], &result);
  einsum_set_cost(node, terms, &result, dims);
  return 0;
}

static const struct node_type types[] = {
    {"Einsum", infer_einsum, 1, NODE_MAX_ARITY, 1, false},
    {"Gemm", infer_gemm, 2, 3, 1, false},
    {"MatMul", infer_matmul, 2, 2, 1, false},
};

const struct node_family onnx_matmul_family = {types, sizeof types / sizeof types[0]};
