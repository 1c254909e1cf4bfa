/* Recursive greedy tree split: repairs a group that overflows the buffer (arXiv
 * 2501.00636, section on the method; paper.md). Every cut that the explainer names is
 * evaluated:
 *   1. both sides valid: the cut that costs least (DRAM bytes, or another objective), and done;
 *   2. else one side valid: the cut whose valid side has the most ops; the other side is
 *      split again;
 *   3. else both sides of every such cut are split again, and the cheapest result kept.
 * An explainer that ranks cuts also predicts what they cost; then fewer are run (choice.h).
 * The paper follows one cut in the second case and all in the third. With a breadth of B
 * the B cuts with the largest valid sides are followed in the second case, and in the third
 * the B most responsible ones if the explainer ranks them; the cheapest result is kept. */
#ifndef SPILLWAY_SCHED_SPLIT_H
#define SPILLWAY_SCHED_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "get/explainer.h"
#include "sched/objective.h"
#include "sim/method.h"
#include "sim/model.h"
#include "util/error.h"

/* Parts of a group: op sets, each connected and valid, with their costs. */
struct split {
  struct expense expense; /* of all parts */
  uint32_t part_count;
  const struct group_cost *costs; /* by part */
  const uint64_t *sets;           /* part_count x set_words */
};

/* Shared by all threads: every group's cost and every repeatable split, once. */
struct split_memo;

int split_memo_create(struct split_memo **out, const struct sim_model *model, struct error *err);
void split_memo_free(struct split_memo *memo);

struct split_rules {
  const struct method *method;
  const struct explainer *explainer;
  double fraction;  /* see struct explain_context */
  uint64_t breadth; /* 0: as in the paper */
  const struct objective *objective;
  const struct learned *learned; /* what the explainer needs of it, borrowed; NULL if it needs nothing */
};

#define SPLIT_DEFAULT_BREADTH 8

/* Workspace of one thread. */
struct splitter;

int splitter_create(struct splitter **out, struct split_memo *memo, const struct split_rules *rules,
                    struct error *err);
void splitter_free(struct splitter *splitter);

/* Turns to another memo of the same model. */
void splitter_use_memo(struct splitter *splitter, struct split_memo *memo);

/* From now on cycles and energy of valid groups are known, even if the rules' objective is not timed. */
int splitter_time(struct splitter *splitter, struct error *err);

/* Whether the group is valid, and then its cost. 1 valid, 0 not, -1 without memory. Its
 * weights alone may rule it out: then nothing is run and nothing filled in. */
int splitter_cost(struct splitter *splitter, const uint64_t *group, struct group_cost *cost,
                  struct expense *expense);

/* What a cut leaves of an invalid group: its two sides, each in its connected parts. */
struct cut_result {
  bool valid;             /* all parts are */
  struct expense expense; /* of all parts, then */
  size_t valid_ops;       /* of the valid side if just one is; else 0 */
};

/* 0, or -1 without memory. */
int splitter_cut(struct splitter *splitter, const uint64_t *group, struct group_cut cut, struct cut_result *out);

/* Parts of a connected group of ops that are each valid alone; the group itself if it is
 * valid. rng is used by explainers that draw. *out lives until the next call on this
 * splitter. 0, or -1 without memory. */
int splitter_split(struct splitter *splitter, const uint64_t *group, struct rng *rng, struct split *out);

/* Invalid groups split so far that the memo does not keep, because the explainer draws. */
uint64_t splitter_drawn_splits(const struct splitter *splitter);

/* Explanation of an invalid group as the splitter's explainer gives it, borrowed until
 * the next call on this splitter. 0, or -1 without memory. */
int splitter_explain(struct splitter *splitter, const uint64_t *group, struct rng *rng,
                     const struct explanation **out);

#endif
