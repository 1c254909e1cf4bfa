/* The groups over which explainers are compared. */
#ifndef SPILLWAY_SCHED_COMPARE_GROUPS_H
#define SPILLWAY_SCHED_COMPARE_GROUPS_H

#include "sched/compare.h"
#include "util/parallel.h"

/* How groups are split with the explainer of that number. */
struct split_rules compare_rules(const struct compare_options *options, size_t explainer);

/* In order of cells. */
struct compare_groups {
  size_t count;
  uint32_t *cell_of;
  uint64_t *sets;     /* op sets, one after another, of as many words as the cell's network has */
  size_t *first_word; /* by group, in sets */
};

/* See comparison_run(). The caller frees with compare_groups_free(). ERROR_MEMORY. */
int compare_groups_draw(struct compare_groups *out, const struct compare_options *options, struct parallel *parallel,
                        struct error *err);
void compare_groups_free(struct compare_groups *groups);

static inline const uint64_t *compare_groups_set(const struct compare_groups *groups, size_t group) {
  return groups->sets + groups->first_word[group];
}

#endif
