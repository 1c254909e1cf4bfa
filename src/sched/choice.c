#include "sched/choice.h"

#include <math.h>
#include <stdlib.h>

#include "util/bitset.h"

/* ---- every cut ---- */

static int compare_valid_ops(const void *left, const void *right) {
  const struct choice *a = left, *b = right;
  if (a->valid_ops != b->valid_ops) return a->valid_ops > b->valid_ops ? -1 : 1;
  return a->rank < b->rank ? -1 : a->rank > b->rank;
}

/* How many of so many cuts with a valid side are followed. */
static size_t followed_halves(const struct split_rules *rules, size_t halves) {
  if (rules->breadth == 0) return 1;
  return rules->breadth < halves ? (size_t)rules->breadth : halves;
}

int choose_evaluated(struct splitter *splitter, const uint64_t *group, struct choice *cuts, size_t *count) {
  const struct split_rules *rules = splitter_rules(splitter);
  size_t halves = 0, best = SIZE_MAX;
  double least = (double)INFINITY;
  for (size_t i = 0; i < *count; i++) {
    struct cut_result result;
    if (splitter_cut(splitter, group, cuts[i].cut, &result) != 0) return -1;
    if (result.valid && rules->objective->value(&result.expense) < least) {
      least = rules->objective->value(&result.expense);
      best = i;
    }
    cuts[i].valid_ops = result.valid_ops;
    halves += result.valid_ops > 0;
  }
  if (best != SIZE_MAX) {
    cuts[0] = cuts[best];
    *count = 1;
  } else if (halves > 0) {
    qsort(cuts, *count, sizeof *cuts, compare_valid_ops);
    *count = followed_halves(rules, halves);
  }
  return 0;
}

/* ---- cuts with predictions ---- */

struct chooser {
  struct splitter *splitter;
  const struct split_rules *rules;
  size_t words;
  struct choice *cuts;
  size_t count;
  uint64_t *sets; /* the sides of all cuts */
  /* sides that were run */
  const uint64_t **known;
  bool *known_valid;
  size_t known_count;
  size_t *open; /* scratch, of cuts */
};

static void chooser_free(struct chooser *chooser) {
  free(chooser->sets);
  free(chooser->known);
  free(chooser->known_valid);
  free(chooser->open);
}

static int chooser_create(struct chooser *chooser, const uint64_t *group) {
  size_t words = chooser->words, ops = bitset_count(group, words), sides = 2 * chooser->count;
  chooser->sets = malloc(sides * words * sizeof *chooser->sets);
  chooser->known = malloc(sides * sizeof *chooser->known);
  chooser->known_valid = malloc(sides * sizeof *chooser->known_valid);
  chooser->open = malloc(chooser->count * sizeof *chooser->open);
  if (chooser->sets == NULL || chooser->known == NULL || chooser->known_valid == NULL || chooser->open == NULL) {
    return -1;
  }
  for (size_t i = 0; i < chooser->count; i++) {
    uint64_t *side = chooser->sets + 2 * i * words, *other = side + words;
    group_cut_side(splitter_graph(chooser->splitter), group, chooser->cuts[i].cut, side);
    bitset_minus(other, group, side, words);
    bool larger = 2 * bitset_count(side, words) > ops;
    chooser->cuts[i].sides[0] = larger ? side : other;
    chooser->cuts[i].sides[1] = larger ? other : side;
    chooser->cuts[i].smaller_ops = bitset_count(chooser->cuts[i].sides[1], words);
  }
  return 0;
}

enum verdict { FAILED = -1, OVERFLOWS, FITS, OPEN };

static enum verdict infer(const struct chooser *chooser, const uint64_t *ops) {
  for (size_t i = 0; i < chooser->known_count; i++) {
    const uint64_t *known = chooser->known[i];
    if (!chooser->known_valid[i] && bitset_contains(ops, known, chooser->words)) return OVERFLOWS;
    if (chooser->known_valid[i] && bitset_contains(known, ops, chooser->words)) return FITS;
  }
  return OPEN;
}

/* Runs the side. */
static enum verdict ask(struct chooser *chooser, const uint64_t *ops, struct memo_side *side) {
  if (splitter_side(chooser->splitter, ops, side) != 0) return FAILED;
  chooser->known[chooser->known_count] = ops;
  chooser->known_valid[chooser->known_count++] = side->valid;
  return side->valid ? FITS : OVERFLOWS;
}

/* Runs it unless it is taken to overflow: what a valid side costs is known by running it only. */
static enum verdict ask_unless_hopeless(struct chooser *chooser, const uint64_t *ops, struct memo_side *side) {
  return infer(chooser, ops) == OVERFLOWS ? OVERFLOWS : ask(chooser, ops, side);
}

static int compare_predictions(const void *left, const void *right) {
  const struct choice *a = left, *b = right;
  if (a->dram_bytes != b->dram_bytes) return a->dram_bytes < b->dram_bytes ? -1 : 1;
  return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void take_half(struct choice *cut, const uint64_t *side, size_t words) {
  cut->valid_side = side;
  cut->valid_ops = bitset_count(side, words);
}

/* *best: the cheapest cut that leaves both sides valid, or SIZE_MAX. Larger sides that are valid alone
 * are noted on the way, if there is none. */
static int find_best(struct chooser *chooser, size_t *best) {
  const struct objective *objective = chooser->rules->objective;
  double least = (double)INFINITY;
  *best = SIZE_MAX;
  for (size_t i = 0; i < chooser->count; i++) {
    struct choice *cut = &chooser->cuts[i];
    struct memo_side larger, smaller;
    if (objective->value(&(struct expense){.dram_bytes = cut->dram_bytes}) >= least) return 0;
    enum verdict verdict = ask_unless_hopeless(chooser, cut->sides[0], &larger);
    if (verdict == FITS) {
      take_half(cut, cut->sides[0], chooser->words);
      verdict = ask_unless_hopeless(chooser, cut->sides[1], &smaller);
    }
    if (verdict == FAILED) return -1;
    if (verdict == OVERFLOWS) continue;
    expense_add(&larger.expense, &smaller.expense);
    if (objective->value(&larger.expense) >= least) continue;
    least = objective->value(&larger.expense);
    *best = i;
  }
  return 0;
}

static int compare_smaller_sides(const void *left, const void *right) {
  const struct choice *a = left, *b = right;
  if (a->smaller_ops != b->smaller_ops) return a->smaller_ops > b->smaller_ops ? -1 : 1;
  return a->rank < b->rank ? -1 : a->rank > b->rank;
}

/* The cuts whose smaller side may or may not fit, for all that is known; how many. */
static size_t list_open(struct chooser *chooser) {
  size_t count = 0;
  for (size_t i = 0; i < chooser->count; i++) {
    struct choice *cut = &chooser->cuts[i];
    if (cut->valid_ops > 0) continue;
    enum verdict verdict = infer(chooser, cut->sides[1]);
    if (verdict == FITS) take_half(cut, cut->sides[1], chooser->words);
    if (verdict == OPEN) chooser->open[count++] = i;
  }
  return count;
}

/* Finds the valid sides where the larger one is not valid. Along a chain, asking for the middle one of
 * those that are open halves their number. */
static int find_halves(struct chooser *chooser) {
  struct memo_side side;
  qsort(chooser->cuts, chooser->count, sizeof *chooser->cuts, compare_smaller_sides);
  for (size_t open; (open = list_open(chooser)) > 0;) {
    if (ask(chooser, chooser->cuts[chooser->open[open / 2]].sides[1], &side) == FAILED) return -1;
  }
  return 0;
}

static bool is_dominated(const struct chooser *chooser, const struct choice *cut, size_t kept) {
  for (size_t i = 0; i < kept; i++) {
    const struct choice *other = &chooser->cuts[i];
    if (other->dram_bytes <= cut->dram_bytes && bitset_contains(other->valid_side, cut->valid_side, chooser->words)) {
      return true;
    }
  }
  return false;
}

/* Of the first `count` cuts, which have a valid side, the larger ones first. Returns how many are left. */
static size_t drop_dominated(struct chooser *chooser, size_t count) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (!is_dominated(chooser, &chooser->cuts[i], kept)) chooser->cuts[kept++] = chooser->cuts[i];
  }
  return kept;
}

/* No cut leaves both sides valid. */
static int choose_several(struct chooser *chooser, size_t *count) {
  uint64_t breadth = chooser->rules->breadth;
  size_t halves = 0;
  if (find_halves(chooser) != 0) return -1;
  qsort(chooser->cuts, chooser->count, sizeof *chooser->cuts, compare_valid_ops);
  while (halves < chooser->count && chooser->cuts[halves].valid_ops > 0) halves++;
  if (halves > 0) {
    if (chooser->rules->method->weights_stay) halves = drop_dominated(chooser, halves);
    *count = followed_halves(chooser->rules, halves);
  } else if (breadth > 0 && breadth < *count) {
    *count = (size_t)breadth;
  }
  /* The cheap ones first, so that others need not be followed. */
  qsort(chooser->cuts, *count, sizeof *chooser->cuts, compare_predictions);
  return 0;
}

int choose_predicted(struct splitter *splitter, const uint64_t *group, struct choice *cuts, size_t *count) {
  struct chooser chooser = {.splitter = splitter, .rules = splitter_rules(splitter), .cuts = cuts, .count = *count};
  size_t best;
  chooser.words = splitter_graph(splitter)->set_words;
  int status = chooser_create(&chooser, group);
  if (status == 0) {
    qsort(cuts, *count, sizeof *cuts, compare_predictions);
    status = find_best(&chooser, &best);
  }
  if (status == 0 && best != SIZE_MAX) {
    cuts[0] = cuts[best];
    *count = 1;
  } else if (status == 0) {
    status = choose_several(&chooser, count);
  }
  chooser_free(&chooser);
  return status;
}
