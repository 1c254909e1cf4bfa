/* What is known of groups, by their content; shared by the threads of a search. Values
 * are functions of the group alone, so it does not matter who finds them first. */
#ifndef SPILLWAY_SCHED_MEMO_H
#define SPILLWAY_SCHED_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "sched/evaluations.h"
#include "sched/split.h"

/* Why an invalid group was split where it was. */
struct memo_reason {
  uint32_t culprit;
  uint64_t weight_bytes, row_bytes, required_bytes; /* of the culprit, its staging with its weights; of the group */
  struct explained_cut cut;
};

const struct sim_model *memo_model(const struct split_memo *memo);

/* What other searches found out too; NULL unless it is set, and borrowed. */
void memo_share(struct split_memo *memo, struct evaluations *evaluations);
struct evaluations *memo_evaluations(const struct split_memo *memo);

/* The expense of a group that is not valid is not known; what it requires is given as one byte
 * more than there is. */
bool memo_find_cost(struct split_memo *memo, const uint64_t *group, struct group_cost *cost, struct expense *expense);
int memo_add_cost(struct split_memo *memo, const uint64_t *group, const struct group_cost *cost,
                  const struct expense *expense);

/* What a set of ops costs if each of its components runs by itself, in case they are all valid. */
struct memo_side {
  bool valid;
  struct expense expense;
};

bool memo_find_side(struct split_memo *memo, const uint64_t *ops, struct memo_side *side);
int memo_add_side(struct split_memo *memo, const uint64_t *ops, const struct memo_side *side);

/* The split found is owned by the memo. */
bool memo_find_split(struct split_memo *memo, const uint64_t *group, struct split *split);
/* Copies the split; *split is then the memo's copy. reason may be NULL. */
int memo_add_split(struct split_memo *memo, const uint64_t *group, struct split *split,
                   const struct memo_reason *reason);

/* Calls visit for every group with a reason, in order of content. For one thread. */
int memo_visit_reasons(const struct split_memo *memo,
                       void (*visit)(void *context, const uint64_t *group, const struct memo_reason *reason),
                       void *context);

void memo_count(const struct split_memo *memo, uint64_t *costs, uint64_t *splits);

#endif
