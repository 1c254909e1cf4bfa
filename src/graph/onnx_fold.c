/* Evaluation of nodes on constants: arithmetic, and the choice of the function. */
#include <math.h>
#include <string.h>

#include "graph/onnx_import.h"

union number number_from_double(enum number_kind kind, double value) {
  if (kind == NUMBER_INT) return (union number){.i = (int64_t)value};
  return (union number){.f = kind == NUMBER_FLOAT ? (double)(float)value : value};
}

double number_to_double(enum number_kind kind, union number number) {
  return kind == NUMBER_INT ? (double)number.i : number.f;
}

uint64_t fold_broadcast_place(const struct shape *out, const struct shape *in, uint64_t at) {
  uint64_t place = 0, stride = 1;
  for (uint32_t d = 1; d <= out->rank && d <= in->rank; d++) {
    uint64_t dim = in->dims[in->rank - d], size = out->dims[out->rank - d];
    if (dim != 1) place += at % size * stride;
    at /= size;
    stride *= dim;
  }
  return place;
}

/* ---- one operand ---- */

struct unary {
  const char *type;
  bool (*of_int)(int64_t *x);
  double (*of_double)(double x);
};

static bool int_keep(int64_t *x) {
  (void)x;
  return true;
}

static bool int_negate(int64_t *x) { return !__builtin_sub_overflow(0, *x, x); }

static bool int_abs(int64_t *x) { return *x >= 0 || int_negate(x); }

static bool int_not(int64_t *x) {
  *x = *x == 0;
  return true;
}

static double negate(double x) { return -x; }
static double reciprocal(double x) { return 1 / x; }

static const struct unary unaries[] = {
    {"Abs", int_abs, fabs},  {"Ceil", int_keep, ceil}, {"Exp", NULL, exp},
    {"Floor", int_keep, floor}, {"Log", NULL, log},       {"Neg", int_negate, negate},
    {"Not", int_not, NULL},  {"Reciprocal", NULL, reciprocal}, {"Round", int_keep, nearbyint},
    {"Sqrt", NULL, sqrt},
};

static bool fold_unary(struct fold *fold) {
  const struct unary *unary = NULL;
  for (size_t u = 0; u < sizeof unaries / sizeof unaries[0]; u++) {
    if (strcmp(unaries[u].type, fold->node->type->name) == 0) unary = &unaries[u];
  }
  if (fold->kind == NUMBER_INT ? unary->of_int == NULL : unary->of_double == NULL) return false;
  for (uint64_t i = 0; i < fold->count; i++) {
    union number x = fold->inputs[0]->items[i];
    if (fold->kind != NUMBER_INT) {
      x = number_from_double(fold->kind, unary->of_double(x.f));
    } else if (!unary->of_int(&x.i)) {
      return false;
    }
    fold->out[i] = x;
  }
  return true;
}

/* ---- two operands and more ---- */

struct binary {
  const char *type;
  bool (*of_int)(int64_t a, int64_t b, int64_t *result);
  double (*of_double)(double a, double b);
  bool compares; /* the result is a truth value */
};

static bool int_add(int64_t a, int64_t b, int64_t *result) { return !__builtin_add_overflow(a, b, result); }
static bool int_subtract(int64_t a, int64_t b, int64_t *result) { return !__builtin_sub_overflow(a, b, result); }
static bool int_multiply(int64_t a, int64_t b, int64_t *result) { return !__builtin_mul_overflow(a, b, result); }

static bool int_divide(int64_t a, int64_t b, int64_t *result) {
  if (b == 0 || (a == INT64_MIN && b == -1)) return false;
  *result = a / b;
  return true;
}

/* The sign is that of the divisor, as in Python. */
static bool int_modulo(int64_t a, int64_t b, int64_t *result) {
  if (b == 0 || b == -1) {
    *result = 0;
    return b != 0;
  }
  *result = a % b;
  if (*result != 0 && (*result < 0) != (b < 0)) *result += b;
  return true;
}

static bool int_power(int64_t a, int64_t b, int64_t *result) {
  if (b < 0 || b > 64) return false;
  *result = 1;
  for (int64_t i = 0; i < b; i++) {
    if (__builtin_mul_overflow(*result, a, result)) return false;
  }
  return true;
}

#define INT_FUNCTION(name, expression)                                \
  static bool name(int64_t a, int64_t b, int64_t *result) { \
    *result = expression;                                             \
    return true;                                                      \
  }

INT_FUNCTION(int_minimum, a < b ? a : b)
INT_FUNCTION(int_maximum, a > b ? a : b)
INT_FUNCTION(int_equal, a == b)
INT_FUNCTION(int_less, a < b)
INT_FUNCTION(int_greater, a > b)
INT_FUNCTION(int_less_equal, a <= b)
INT_FUNCTION(int_greater_equal, a >= b)
INT_FUNCTION(int_and, a != 0 && b != 0)
INT_FUNCTION(int_or, a != 0 || b != 0)
INT_FUNCTION(int_xor, (a != 0) != (b != 0))

static double add(double a, double b) { return a + b; }
static double subtract(double a, double b) { return a - b; }
static double multiply(double a, double b) { return a * b; }
static double divide(double a, double b) { return a / b; }
static double equal(double a, double b) { return a == b; }
static double less(double a, double b) { return a < b; }
static double greater(double a, double b) { return a > b; }
static double less_equal(double a, double b) { return a <= b; }
static double greater_equal(double a, double b) { return a >= b; }

static const struct binary binaries[] = {
    {"Add", int_add, add, false},
    {"And", int_and, NULL, true},
    {"Div", int_divide, divide, false},
    {"Equal", int_equal, equal, true},
    {"Greater", int_greater, greater, true},
    {"GreaterOrEqual", int_greater_equal, greater_equal, true},
    {"Less", int_less, less, true},
    {"LessOrEqual", int_less_equal, less_equal, true},
    {"Max", int_maximum, fmax, false},
    {"Min", int_minimum, fmin, false},
    {"Mod", int_modulo, fmod, false},
    {"Mul", int_multiply, multiply, false},
    {"Or", int_or, NULL, true},
    {"Pow", int_power, pow, false},
    {"Sub", int_subtract, subtract, false},
    {"Sum", int_add, add, false},
    {"Xor", int_xor, NULL, true},
};

static bool binary_apply(const struct binary *binary, enum number_kind kind, union number *a, union number b) {
  if (kind == NUMBER_INT) return binary->of_int(a->i, b.i, &a->i);
  if (binary->of_double == NULL) return false;
  double value = binary->of_double(a->f, b.f);
  *a = binary->compares ? (union number){.i = value != 0} : number_from_double(kind, value);
  return true;
}

static const struct binary *binary_find(const char *type) {
  const struct binary *binary = NULL;
  for (size_t b = 0; b < sizeof binaries / sizeof binaries[0]; b++) {
    if (strcmp(binaries[b].type, type) == 0) binary = &binaries[b];
  }
  return binary;
}

static bool fold_binary(struct fold *fold) {
  const struct node *node = fold->node;
  const struct binary *binary = binary_find(node->type->name);
  enum number_kind kind = fold->kind;
  if (kind == NUMBER_INT && node_int(node, "fmod", 0) != 0) return false; /* another sign than int_modulo() gives */
  for (uint32_t i = 0; i < node->input_count; i++) {
    if (fold->inputs[i] == NULL) return false;
    if (fold->inputs[i]->kind != kind && strcmp(binary->type, "Pow") == 0) return false;
    if ((fold->inputs[i]->kind == NUMBER_INT) != (kind == NUMBER_INT)) return false;
  }
  for (uint64_t at = 0; at < fold->count; at++) {
    union number value = {.i = 0};
    for (uint32_t i = 0; i < node->input_count; i++) {
      uint64_t place = fold_broadcast_place(&fold->result->shape, &node->inputs[i]->shape, at);
      union number next = fold->inputs[i]->items[place];
      if (i == 0) {
        value = next;
      } else if (!binary_apply(binary, kind, &value, next)) {
        return false;
      }
    }
    fold->out[at] = value;
  }
  if (binary->compares) fold->kind = NUMBER_INT;
  return true;
}

/* Over all elements, as the number of a shape's elements is computed. */
static bool fold_reduce(struct fold *fold, const char *type) {
  uint64_t count = shape_elements(&fold->node->inputs[0]->shape);
  if (fold->count != 1 || count == 0) return false;
  fold->out[0] = fold->inputs[0]->items[0];
  for (uint64_t i = 1; i < count; i++) {
    if (!binary_apply(binary_find(type), fold->kind, fold->out, fold->inputs[0]->items[i])) return false;
  }
  return true;
}

static bool fold_reduce_max(struct fold *fold) { return fold_reduce(fold, "Max"); }
static bool fold_reduce_min(struct fold *fold) { return fold_reduce(fold, "Min"); }
static bool fold_reduce_prod(struct fold *fold) { return fold_reduce(fold, "Mul"); }
static bool fold_reduce_sum(struct fold *fold) { return fold_reduce(fold, "Add"); }

static bool fold_where(struct fold *fold) {
  const struct node *node = fold->node;
  if (fold->inputs[0]->kind != NUMBER_INT || fold->inputs[1]->kind != fold->inputs[2]->kind) return false;
  fold->kind = fold->inputs[1]->kind;
  for (uint64_t at = 0; at < fold->count; at++) {
    const struct shape *out = &fold->result->shape;
    bool first = fold->inputs[0]->items[fold_broadcast_place(out, &node->inputs[0]->shape, at)].i != 0;
    uint32_t from = first ? 1 : 2;
    fold->out[at] = fold->inputs[from]->items[fold_broadcast_place(out, &node->inputs[from]->shape, at)];
  }
  return true;
}

/* ---- Cast ---- */

static bool fold_cast(struct fold *fold) {
  int64_t to = node_int(fold->node, "to", 0);
  enum number_kind from = fold->kind;
  bool truth = to == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL;
  bool single = to == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  bool twice = to == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;
  bool whole = to == ONNX__TENSOR_PROTO__DATA_TYPE__INT64 || to == ONNX__TENSOR_PROTO__DATA_TYPE__INT32;
  if (!truth && !single && !twice && !whole) return false;
  fold->kind = single ? NUMBER_FLOAT : twice ? NUMBER_DOUBLE : NUMBER_INT;
  for (uint64_t i = 0; i < fold->count; i++) {
    union number x = fold->inputs[0]->items[i];
    if (truth) {
      x.i = from == NUMBER_INT ? x.i != 0 : x.f != 0;
    } else if (from != NUMBER_INT || !whole) {
      double value = number_to_double(from, x);
      if (whole && !(fabs(value) < 0x1p62)) return false;
      x = number_from_double(fold->kind, value);
    }
    fold->out[i] = x;
  }
  return true;
}

#define UNARY(name) {name, fold_unary, false}
#define BINARY(name) {name, fold_binary, false}

static const struct fold_rule rules[] = {
    UNARY("Abs"),         BINARY("Add"),          BINARY("And"),
    {"Cast", fold_cast, false},                   UNARY("Ceil"),
    BINARY("Div"),        BINARY("Equal"),        UNARY("Exp"),
    UNARY("Floor"),       BINARY("Greater"),      BINARY("GreaterOrEqual"),
    BINARY("Less"),       BINARY("LessOrEqual"),  UNARY("Log"),
    BINARY("Max"),        BINARY("Min"),          BINARY("Mod"),
    BINARY("Mul"),        UNARY("Neg"),           UNARY("Not"),
    BINARY("Or"),         BINARY("Pow"),          UNARY("Reciprocal"),
    {"ReduceMax", fold_reduce_max, false},        {"ReduceMin", fold_reduce_min, false},
    {"ReduceProd", fold_reduce_prod, false},      {"ReduceSum", fold_reduce_sum, false},
    UNARY("Round"),       UNARY("Sqrt"),          BINARY("Sub"),
    BINARY("Sum"),        {"Where", fold_where, false},
    BINARY("Xor"),
};

const struct fold_rules onnx_arithmetic_folds = {rules, sizeof rules / sizeof rules[0]};

/* ---- the choice ---- */

static const struct fold_rule *fold_rule_find(const char *type) {
  static const struct fold_rules *const all[] = {&onnx_constant_folds, &onnx_move_folds, &onnx_arithmetic_folds};
  for (size_t a = 0; a < sizeof all / sizeof all[0]; a++) {
    for (size_t r = 0; r < all[a]->count; r++) {
      if (strcmp(all[a]->rules[r].type, type) == 0) return &all[a]->rules[r];
    }
  }
  return NULL;
}

/* Reading counts against the limit as well as writing, so that a file of many small nodes
 * on one large constant does not keep the importer busy. */
static bool fold_read_inputs(struct fold *fold) {
  struct node *node = fold->node;
  struct importer *importer = node->importer;
  fold->inputs = ARENA_NEW(&importer->scratch, const struct numbers *, node->input_count);
  if (fold->inputs == NULL) return false;
  for (uint32_t i = 0; i < node->input_count; i++) {
    if (node->inputs[i] == NULL) continue;
    fold->inputs[i] = node_numbers(node, i);
    uint64_t count = shape_elements(&node->inputs[i]->shape);
    if (fold->inputs[i] == NULL || count > importer->numbers_left) return false;
    importer->numbers_left -= count;
  }
  if (node->input_count > 0 && fold->inputs[0] != NULL) fold->kind = fold->inputs[0]->kind;
  return true;
}

struct numbers onnx_fold(struct node *node, uint32_t k) {
  const struct numbers unknown = {NUMBER_INT, NULL};
  const struct fold_rule *rule = fold_rule_find(node->type->name);
  struct fold fold = {.node = node, .result = &node->results[k], .count = shape_elements(&node->results[k].shape)};
  if (rule == NULL || fold.count > VALUE_MAX_NUMBERS) return unknown;
  if (!rule->needs_shapes_only && !fold_read_inputs(&fold)) return unknown;
  fold.out = onnx_numbers_new(node->importer, fold.count);
  if (fold.out == NULL || !rule->function(&fold)) return unknown;
  return (struct numbers){fold.kind, fold.out};
}
