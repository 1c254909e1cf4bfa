/* Which cuts of an invalid group the tree split follows. Internal to split.c. */
#ifndef SPILLWAY_SCHED_CHOICE_H
#define SPILLWAY_SCHED_CHOICE_H

#include "sched/memo.h"
#include "sched/split.h"

/* A cut that an explanation names, and what is known of it. */
struct choice {
  struct group_cut cut;
  size_t rank;         /* among those named */
  uint64_t dram_bytes; /* predicted of whatever comes of the cut; 0 if the explainer ranks nothing */
  size_t valid_ops;    /* of the side that is valid, or taken to be; 0 if neither is */
  /* scratch of choose_predicted() */
  const uint64_t *sides[2]; /* the larger, the smaller */
  const uint64_t *valid_side;
  size_t smaller_ops;
};

/* Whether the components of ops are all valid, and what they cost. 0, or -1 without memory. */
int splitter_side(struct splitter *splitter, const uint64_t *ops, struct memo_side *side);

/* Puts those of the cuts that are to be followed in front, by the rules of split.h; *count becomes
 * their number. Every cut is evaluated. 0, or -1 without memory. */
int choose_evaluated(struct splitter *splitter, const uint64_t *group, struct choice *cuts, size_t *count);

/* The same for cuts with predictions, with as few groups run as may be:
 *   - the cut predicted to be cheapest is tried first, and none that is predicted to cost more than a cut
 *     found that leaves both sides valid;
 *   - ops that hold an op set found to overflow are taken to overflow too, and ops within a valid side
 *     to fit. That is so but for rare groups, in which an op more changes the order of the others; it
 *     decides which cuts are followed, never what is valid;
 *   - where weights stay, a group's traffic does not grow with the buffer it needs. Then a cut is not
 *     followed if another one has a valid side that holds this one's and sends no more through DRAM:
 *     whatever comes of this cut, less what lies in that side, is a repair of the other. */
int choose_predicted(struct splitter *splitter, const uint64_t *group, struct choice *cuts, size_t *count);

/* For them. */
const struct split_rules *splitter_rules(const struct splitter *splitter);
const struct graph *splitter_graph(const struct splitter *splitter);

#endif
