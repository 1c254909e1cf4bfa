#include "cli/sweep_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cli/memory.h"
#include "sim/method.h"

/* What costs of groups depend on, but for the capacity. */
static int share_key(char key[33], const struct cell *cell, struct error *err) {
  struct hw hw = cell->hw;
  hw.buffer_capacity_bytes = 1;
  hw.name[0] = '\0';
  char *yaml = hw_to_yaml(&hw);
  if (yaml == NULL) return error_memory(err);
  const struct run_settings *run = &cell->settings.run;
  char *text =
      cli_format("%s %d %s\n%s", cell->network_hash, run->target.fold_batch_norm, run->method.name, yaml);
  XXH128_hash_t hash = XXH3_128bits(text, strlen(text));
  snprintf(key, 33, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
  free(text);
  free(yaml);
  return 0;
}

struct keyed_cell {
  const struct cell *cell, *first; /* the first cell of the same key */
  char key[33];
};

static int compare_places(const struct cell *a, const struct cell *b) { return a < b ? -1 : a > b; }

static int compare_keys(const void *left, const void *right) {
  const struct keyed_cell *a = left, *b = right;
  int order = strcmp(a->key, b->key);
  return order != 0 ? order : compare_places(a->cell, b->cell);
}

/* Shares in the order of the file; within one the largest buffers first. */
static int compare_turns(const void *left, const void *right) {
  const struct keyed_cell *a = left, *b = right;
  uint64_t x = a->cell->hw.buffer_capacity_bytes, y = b->cell->hw.buffer_capacity_bytes;
  if (a->first != b->first) return compare_places(a->first, b->first);
  if (x != y) return x > y ? -1 : 1;
  return compare_places(a->cell, b->cell);
}

static void sort(struct keyed_cell *keyed, size_t count) {
  qsort(keyed, count, sizeof *keyed, compare_keys);
  for (size_t i = 0; i < count; i++) {
    bool same = i > 0 && strcmp(keyed[i].key, keyed[i - 1].key) == 0;
    keyed[i].first = same ? keyed[i - 1].first : keyed[i].cell;
  }
  qsort(keyed, count, sizeof *keyed, compare_turns);
}

/* keyed is sorted. */
static void fill(struct sweep_order *out, const struct keyed_cell *keyed, size_t count) {
  struct share *share = out->shares;
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && keyed[i].first != keyed[i - 1].first) share++;
    share->cells_left++;
    share->wanted = share->cells_left > 1;
    out->items[i] = (struct sweep_item){keyed[i].cell, share};
  }
}

int sweep_order_create(struct sweep_order *out, const struct cell *const *cells, size_t count, struct error *err) {
  struct keyed_cell *keyed = cli_alloc(count, sizeof *keyed);
  int status = 0;
  for (size_t i = 0; i < count && status == 0; i++) {
    keyed[i].cell = cells[i];
    status = share_key(keyed[i].key, cells[i], err);
  }
  *out = (struct sweep_order){
      .items = cli_alloc(count, sizeof *out->items), .shares = cli_alloc(count, sizeof *out->shares), .count = count};
  if (status == 0 && count > 0) {
    sort(keyed, count);
    fill(out, keyed, count);
  }
  free(keyed);
  if (status != 0) sweep_order_free(out);
  return status;
}

void sweep_order_free(struct sweep_order *order) {
  for (size_t i = 0; i < order->count; i++) evaluations_free(order->shares[i].evaluations);
  free(order->items);
  free(order->shares);
  *order = (struct sweep_order){.items = NULL};
}
