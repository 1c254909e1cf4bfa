#include "sched/pareto.h"

#include <math.h>
#include <stdlib.h>

bool pareto_dominates(const double *a, const double *b, size_t axes) {
  bool better = false;
  for (size_t o = 0; o < axes; o++) {
    if (a[o] > b[o]) return false;
    if (a[o] < b[o]) better = true;
  }
  return better;
}

int pareto_compare(const double *a, const double *b, size_t axes) {
  for (size_t o = 0; o < axes; o++) {
    if (a[o] != b[o]) return a[o] < b[o] ? -1 : 1;
  }
  return 0;
}

/* ---- ranks ---- */

/* Peels off front after front. A point's count is of those that dominate it and are not peeled yet. */
static void sort_ranks(struct pareto_point *points, size_t count, size_t axes) {
  uint64_t dominated[PARETO_MOST_SORTED] = {0}; /* by point: set of points */
  uint32_t dominators[PARETO_MOST_SORTED] = {0};
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < count; j++) {
      if (!pareto_dominates(points[i].values, points[j].values, axes)) continue;
      dominated[i] |= UINT64_C(1) << j;
      dominators[j]++;
    }
  }
  uint64_t front = 0, next;
  for (size_t i = 0; i < count; i++) front |= (uint64_t)(dominators[i] == 0) << i;
  for (uint32_t rank = 0; front != 0; rank++, front = next) {
    next = 0;
    for (size_t i = 0; i < count; i++) {
      if ((front >> i & 1) == 0) continue;
      points[i].rank = rank;
      for (size_t j = 0; j < count; j++) {
        if ((dominated[i] >> j & 1) != 0 && --dominators[j] == 0) next |= UINT64_C(1) << j;
      }
    }
  }
}

/* ---- crowding ---- */

/* The points of that rank by one objective, of equal ones the first in the array first; how many. */
static size_t collect_front(struct pareto_point **front, struct pareto_point *points, size_t count, uint32_t rank,
                            size_t objective) {
  size_t members = 0;
  for (size_t i = 0; i < count; i++) {
    if (points[i].rank != rank) continue;
    size_t place = members++;
    while (place > 0 && front[place - 1]->values[objective] > points[i].values[objective]) {
      front[place] = front[place - 1];
      place--;
    }
    front[place] = &points[i];
  }
  return members;
}

static void add_distances(struct pareto_point **front, size_t count, size_t objective) {
  double span = front[count - 1]->values[objective] - front[0]->values[objective];
  front[0]->crowding = front[count - 1]->crowding = (double)INFINITY;
  for (size_t i = 1; i + 1 < count && span > 0; i++) {
    front[i]->crowding += (front[i + 1]->values[objective] - front[i - 1]->values[objective]) / span;
  }
}

void pareto_sort(struct pareto_point *points, size_t count, size_t axes) {
  struct pareto_point *front[PARETO_MOST_SORTED];
  sort_ranks(points, count, axes);
  for (size_t i = 0; i < count; i++) points[i].crowding = 0;
  size_t members;
  for (uint32_t rank = 0; (members = collect_front(front, points, count, rank, 0)) > 0; rank++) {
    for (size_t o = 0; o < axes; o++) {
      collect_front(front, points, count, rank, o);
      add_distances(front, members, o);
    }
  }
}

bool pareto_before(const struct pareto_point *a, const struct pareto_point *b) {
  return a->rank != b->rank ? a->rank < b->rank : a->crowding > b->crowding;
}

/* ---- archive ---- */

static struct pareto_plan *archive_place(struct pareto_archive *archive, struct error *err) {
  if (archive->count == archive->capacity) {
    size_t capacity = archive->capacity == 0 ? 16 : 2 * archive->capacity;
    struct pareto_plan *grown = realloc(archive->plans, capacity * sizeof *grown);
    if (grown == NULL) {
      error_memory(err);
      return NULL;
    }
    archive->plans = grown;
    archive->capacity = capacity;
  }
  struct pareto_plan *place = &archive->plans[archive->count];
  if (candidate_create(&place->plan, archive->graph, err) != 0) return NULL;
  archive->count++;
  return place;
}

int pareto_offer(struct pareto_archive *archive, const double *values, const struct expense *expense,
                 const struct candidate *candidate, struct error *err) {
  for (size_t i = 0; i < archive->count; i++) {
    const double *kept = archive->plans[i].values;
    if (pareto_compare(kept, values, archive->objectives) == 0 ||
        pareto_dominates(kept, values, archive->objectives)) {
      return 0;
    }
  }
  for (size_t i = archive->count; i-- > 0;) {
    if (!pareto_dominates(values, archive->plans[i].values, archive->objectives)) continue;
    candidate_free(&archive->plans[i].plan);
    archive->plans[i] = archive->plans[--archive->count];
  }
  struct pareto_plan *place = archive_place(archive, err);
  if (place == NULL) return -1;
  for (size_t o = 0; o < archive->objectives; o++) place->values[o] = values[o];
  for (size_t o = archive->objectives; o < PARETO_MOST_OBJECTIVES; o++) place->values[o] = 0;
  place->expense = *expense;
  candidate_copy(&place->plan, candidate, archive->graph);
  return 0;
}

/* Values beyond the objectives are 0. */
static int compare_plans(const void *left, const void *right) {
  const struct pareto_plan *a = left, *b = right;
  return pareto_compare(a->values, b->values, PARETO_MOST_OBJECTIVES);
}

void pareto_order(struct pareto_archive *archive) {
  if (archive->count > 0) qsort(archive->plans, archive->count, sizeof *archive->plans, compare_plans);
}

void pareto_archive_free(struct pareto_archive *archive) {
  for (size_t i = 0; i < archive->count; i++) candidate_free(&archive->plans[i].plan);
  free(archive->plans);
  *archive = (struct pareto_archive){0};
}
