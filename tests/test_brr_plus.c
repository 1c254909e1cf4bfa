/* Stripes with weights that stay and maps that pass in slices (docs/methods.md): small groups worked out by hand,
 * random ones against the reference and against trying everything, and what must hold of all. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "channel_net.h"
#include "get/attribution.h"
#include "plan/plan.h"
#include "reference.h"
#include "sched/search.h"
#include "sim/brr.h"
#include "sim/method.h"
#include "sim/program.h"
#include "sim/report.h"
#include "sim/residency.h"
#include "sim/slices.h"
#include "sim/timed.h"
#include "sim_fixture.h"
#include "suites.h"
#include "support.h"
#include "trace_replay.h"
#include "util/bitset.h"

enum { SEED = 20261125, REFERENCE_NETS = 1000, BRUTE_NETS = 250, PROPERTY_NETS = 800, TIMED_NETS = 300 };
enum { MOST_OPS = 64, MOST_TENSORS = 96 };

/* ---- subjects ---- */

struct subject {
  struct sim_fixture fixture;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  struct rng rng;
  uint32_t number;
};

static void subject_open(struct subject *subject, uint32_t stream, uint32_t number, uint32_t blocks, uint32_t rows) {
  subject->rng = rng_stream(SEED, stream, number);
  subject->number = number;
  struct graph *graph = channel_net_at_random(&subject->rng, blocks, rows);
  const struct hw hw = random_hw(&subject->rng);
  ck_assert_uint_le(graph->op_count, MOST_OPS);
  sim_fixture_open(&subject->fixture, graph, &hw);
  if (rng_below(&subject->rng, 2) == 0) {
    group_of_all(graph, subject->group);
  } else {
    group_at_random(graph, &subject->rng, 1 + rng_below(&subject->rng, 8), subject->group);
  }
}

static void subject_close(struct subject *subject) { sim_fixture_close(&subject->fixture); }

static uint64_t capacity(const struct subject *subject) { return subject->fixture.model.hw.buffer_capacity_bytes; }

/* Somewhere between nothing and what the group requires under LBDF. */
static void set_some_capacity(struct subject *subject) {
  struct group_cost lbdf;
  ck_assert_int_eq(sim_cost(subject->fixture.sim, subject->group, &lbdf), 0);
  uint32_t most = (uint32_t)lbdf.required_bytes + 2;
  uint64_t bytes = 1 + rng_below(&subject->rng, most);
  if (rng_below(&subject->rng, 2) == 0) bytes = most - most / (2 + rng_below(&subject->rng, 4));
  subject->fixture.model.hw.buffer_capacity_bytes = bytes;
}

static struct group_cost cost_under(const struct subject *subject, const char *method) {
  struct group_cost cost;
  ck_assert_int_eq(method_find(method)->cost(subject->fixture.sim, subject->group, &cost), 0);
  return cost;
}

/* ---- the reference ---- */

/* What a plan of slices is to the reference. */
struct refinement {
  bool stays[MOST_OPS], accumulates[MOST_OPS];
  uint32_t segment[MOST_OPS];
  uint64_t slice_bytes[MOST_TENSORS];
  struct reference_refinement view;
};

static void refinement_read(struct refinement *refinement, const struct walk *walk) {
  uint32_t number = 0, end = 0;
  *refinement = (struct refinement){0};
  refinement->view = (struct reference_refinement){refinement->stays, refinement->segment, refinement->accumulates,
                                                   refinement->slice_bytes};
  for (uint32_t i = 0; i < walk->lines.count; i++) {
    const struct line *line = &walk->lines.items[i];
    refinement->slice_bytes[line->tensor] = walk->slicing[i].slice_bytes;
    if (line->op == GRAPH_NO_OP) continue;
    refinement->accumulates[line->op] = walk->slicing[i].accumulates;
    refinement->stays[line->op] = walk->stays[line->op];
    if (walk->slicing[i].end > 0) {
      number++;
      end = walk->slicing[i].end;
    }
    if (i < end) refinement->segment[line->op] = number;
  }
}

/* No two readers, and slices no larger than rows; every reader of one is in the segment of its maker. */
static void check_plan(const struct subject *subject, const struct refinement *refinement) {
  const struct graph *graph = subject->fixture.graph;
  for (uint32_t t = 0; t < graph->tensor_count; t++) {
    uint32_t producer = graph->tensors[t].producer, readers = 0;
    if (refinement->slice_bytes[t] == 0) continue;
    ck_assert_uint_le(refinement->slice_bytes[t], subject->fixture.model.row_bytes[t]);
    for (uint32_t i = 0; i < graph->tensors[t].consumer_count; i++) {
      uint32_t reader = graph->tensors[graph->tensors[t].consumers[i]].producer;
      if (!bitset_has(subject->group, reader)) continue;
      readers++;
      ck_assert_uint_gt(refinement->segment[reader], 0);
      bool inside = producer != GRAPH_NO_OP && bitset_has(subject->group, producer);
      if (inside) ck_assert_uint_eq(refinement->segment[reader], refinement->segment[producer]);
    }
    ck_assert_uint_le(readers, 1);
  }
}

static void check_height(const struct subject *subject, struct walk *walk, uint32_t slicing, bool skip) {
  struct refinement refinement;
  struct reference reference;
  struct rng rng = rng_stream(SEED, 2, subject->number);
  ck_assert_int_eq(walk_prepare(walk, subject->group), 0);
  slices_plan(walk, (enum slicing)slicing);
  for (uint32_t v = 0; v < subject->fixture.graph->op_count; v++) {
    bool stays = subject->fixture.model.weight_bytes[v] > 0 && rng_below(&rng, 3) == 0;
    if (bitset_has(subject->group, v)) walk->stays[v] = stays;
  }
  refinement_read(&refinement, walk);
  check_plan(subject, &refinement);
  uint32_t height = 1 + rng_below(&rng, brr_rows(walk));
  reference_run_refined(&reference, subject->fixture.graph, &subject->fixture.model.hw, subject->group, height,
                        &refinement.view);
  walk->skip_steady = skip;
  brr_run(walk, height);
  ck_assert_msg(reference.fault[0] == '\0', "network %u: %s", subject->number, reference.fault);
  ck_assert_msg(walk->peak_bytes == reference.required_bytes,
                "network %u in stripes of %u, slicing %u: %" PRIu64 ", expected %" PRIu64, subject->number, height,
                slicing, walk->peak_bytes, reference.required_bytes);
  uint64_t kept = 0;
  for (uint32_t v = 0; v < subject->fixture.graph->op_count; v++) kept += reference.weight_share[v];
  ck_assert_uint_eq(walk->fetched_bytes * subject->fixture.graph->batch + kept, reference.weight_bytes);
  reference_free(&reference);
}

START_TEST(any_height_takes_what_the_reference_says) {
  uint32_t rows = _i == 0 ? 12 : 90, count = _i == 0 ? REFERENCE_NETS : REFERENCE_NETS / 10;
  for (uint32_t i = 0; i < count; i++) {
    struct subject subject;
    struct walk walk;
    struct error err = ERROR_INIT;
    subject_open(&subject, 1 + (uint32_t)_i, i, 5, rows);
    ck_assert_int_eq(walk_create(&walk, &subject.fixture.model, &err), 0);
    for (uint32_t slicing = 0; slicing < SLICINGS; slicing++) {
      check_height(&subject, &walk, slicing, true);
      check_height(&subject, &walk, slicing, false);
    }
    walk_free(&walk);
    subject_close(&subject);
  }
}
END_TEST

/* ---- everything tried ---- */

struct best {
  bool any;
  uint64_t weight_bytes, required_bytes, least_required_bytes;
  uint32_t slicing, stripes;
};

static void try_all_subsets(const struct subject *subject, struct refinement *refinement, uint32_t slicing,
                            uint32_t height, uint32_t tallest, struct best *best) {
  uint32_t weighted[MOST_OPS], count = 0;
  for (uint32_t v = 0; v < subject->fixture.graph->op_count; v++) {
    bool holds = bitset_has(subject->group, v) && subject->fixture.model.weight_bytes[v] > 0;
    if (holds) weighted[count++] = v;
  }
  for (uint32_t subset = 0; subset < 1u << count; subset++) {
    struct reference reference;
    for (uint32_t i = 0; i < count; i++) refinement->stays[weighted[i]] = (subset >> i & 1) != 0;
    reference_run_refined(&reference, subject->fixture.graph, &subject->fixture.model.hw, subject->group, height,
                          &refinement->view);
    bool fits = reference.required_bytes <= capacity(subject);
    bool counts = height == 1 || (height == tallest && slicing > 0);
    if (counts && subset == 0 && reference.required_bytes < best->least_required_bytes) {
      best->least_required_bytes = reference.required_bytes;
    }
    if (fits && (!best->any || reference.weight_bytes < best->weight_bytes)) {
      *best = (struct best){true, reference.weight_bytes, reference.required_bytes, best->least_required_bytes,
                            slicing, (tallest + height - 1) / height};
    }
    reference_free(&reference);
  }
}

static uint32_t count_weighted(const struct subject *subject) {
  uint32_t count = 0;
  for (uint32_t v = 0; v < subject->fixture.graph->op_count; v++) {
    count += bitset_has(subject->group, v) && subject->fixture.model.weight_bytes[v] > 0;
  }
  return count;
}

/* All ways of slicing, all numbers of stripes from one on, all sets of weights that stay. */
static struct best try_everything(const struct subject *subject, struct walk *walk) {
  struct best best = {.least_required_bytes = UINT64_MAX};
  uint32_t tallest = reference_tallest(subject->fixture.graph, subject->group);
  for (uint32_t slicing = 0; slicing < SLICINGS; slicing++) {
    struct refinement refinement;
    ck_assert_int_eq(walk_prepare(walk, subject->group), 0);
    if (slices_plan(walk, (enum slicing)slicing) == 0 && slicing > 0) continue;
    refinement_read(&refinement, walk);
    for (uint32_t stripes = 1; stripes <= tallest; stripes++) {
      uint32_t height = (tallest + stripes - 1) / stripes;
      try_all_subsets(subject, &refinement, slicing, height, tallest, &best);
    }
  }
  return best;
}

START_TEST(no_choice_fetches_fewer_weights) {
  uint32_t tried = 0, resident = 0, sliced = 0;
  for (uint32_t i = 0; i < BRUTE_NETS; i++) {
    struct subject subject;
    struct walk walk;
    struct error err = ERROR_INIT;
    subject_open(&subject, 5, i, 3, 7);
    set_some_capacity(&subject);
    struct group_cost lbdf = cost_under(&subject, "lbdf"), cost = cost_under(&subject, "brr-plus");
    if (lbdf.required_bytes > capacity(&subject) && count_weighted(&subject) <= 4) {
      ck_assert_int_eq(walk_create(&walk, &subject.fixture.model, &err), 0);
      const struct best best = try_everything(&subject, &walk);
      bool fits = best.least_required_bytes <= capacity(&subject);
      ck_assert_int_eq(cost.required_bytes <= capacity(&subject), fits);
      if (fits) {
        ck_assert_msg(cost.weight_bytes == best.weight_bytes, "network %u: fetches %" PRIu64 ", expected %" PRIu64, i,
                      cost.weight_bytes, best.weight_bytes);
        ck_assert_uint_eq(cost.slicing, best.slicing);
        ck_assert_uint_eq(cost.stripes, best.stripes);
        tried++;
        resident += cost.resident_ops > 0;
        sliced += cost.sliced_maps > 0;
      } else {
        uint64_t least = best.least_required_bytes;
        ck_assert_uint_eq(cost.required_bytes, least < lbdf.required_bytes ? least : lbdf.required_bytes);
      }
      walk_free(&walk);
    }
    subject_close(&subject);
  }
  ck_assert_uint_gt(tried, BRUTE_NETS / 10);
  ck_assert_uint_gt(resident, BRUTE_NETS / 50);
  ck_assert_uint_gt(sliced, BRUTE_NETS / 50);
}
END_TEST

/* ---- the knapsack ---- */

enum { KNAPSACKS = 3000, MOST_ITEMS = 10, SEGMENTS = 4 };

static void draw_knapsack(struct residency *residency, struct rng *rng) {
  residency->count = 1 + rng_below(rng, MOST_ITEMS);
  residency->segment_count = SEGMENTS;
  for (uint32_t s = 0; s < SEGMENTS; s++) residency->segments[s] = rng_below(rng, 6);
  for (uint32_t i = 0; i < residency->count; i++) {
    uint64_t weights = 1 + rng_below(rng, 40), staging = rng_below(rng, (uint32_t)weights + 1);
    uint32_t segment = rng_below(rng, SEGMENTS);
    residency->ops[i] = (struct residency_op){i, segment, weights, staging, 2 + rng_below(rng, 4)};
    residency->segments[segment] += staging;
  }
}

/* What those of the subset save; 0 if they and the staging of the others do not fit. */
static uint64_t subset_saves(const struct residency *residency, uint32_t subset, uint64_t room_bytes) {
  uint64_t segments[SEGMENTS], kept = 0, saved = 0, most = 0;
  memcpy(segments, residency->segments, sizeof segments);
  for (uint32_t i = 0; i < residency->count; i++) {
    const struct residency_op *op = &residency->ops[i];
    if ((subset >> i & 1) == 0) continue;
    segments[op->segment] -= op->staging_bytes;
    kept += op->weight_bytes;
    saved += (op->fetches - 1) * op->weight_bytes;
  }
  for (uint32_t s = 0; s < SEGMENTS; s++) most = segments[s] > most ? segments[s] : most;
  return kept + most <= room_bytes ? saved : 0;
}

static uint32_t subset_chosen(const struct residency *residency) {
  uint32_t subset = 0;
  for (uint32_t i = 0; i < residency->count; i++) subset |= (uint32_t)residency->stays[i] << i;
  return subset;
}

START_TEST(no_set_of_weights_that_stay_saves_more) {
  struct residency residency = {0};
  ck_assert_int_eq(residency_reserve(&residency, MOST_ITEMS), 0);
  for (uint32_t n = 0; n < KNAPSACKS; n++) {
    struct rng rng = rng_stream(SEED, 11, n);
    draw_knapsack(&residency, &rng);
    uint64_t room = rng_below(&rng, 250), best = 0;
    uint64_t saved = residency_choose(&residency, room);
    for (uint32_t subset = 0; subset < 1u << residency.count; subset++) {
      uint64_t saves = subset_saves(&residency, subset, room);
      if (saves > best) best = saves;
      uint64_t kept = 0;
      for (uint32_t i = 0; i < residency.count; i++) kept += (subset >> i & 1) * residency.ops[i].weight_bytes;
      ck_assert_uint_le(residency_least_bytes(residency.ops, residency.count, saves), saves == 0 ? 0 : kept);
    }
    ck_assert_uint_eq(saved, best);
    ck_assert_uint_eq(subset_saves(&residency, subset_chosen(&residency), room), best);
  }
  residency_free(&residency);
}
END_TEST

/* ---- what must hold ---- */

static void check_against_brr(const struct subject *subject) {
  uint64_t room = capacity(subject);
  const struct group_cost lbdf = cost_under(subject, "lbdf"), brr = cost_under(subject, "brr");
  const struct group_cost plus = cost_under(subject, "brr-plus"), best = cost_under(subject, "auto");
  const char *ran = method_ran(method_find("auto"), subject->fixture.sim, subject->group, &best);
  ck_assert_uint_le(plus.required_bytes <= room ? 0 : plus.required_bytes, brr.required_bytes);
  ck_assert_uint_eq(plus.dram_in_bytes, brr.dram_in_bytes);
  ck_assert_uint_eq(plus.dram_out_bytes, brr.dram_out_bytes);
  ck_assert_mem_eq(&best, &plus, sizeof best);
  if (lbdf.required_bytes <= room) {
    ck_assert_uint_eq(plus.stripes, 0);
    ck_assert_str_eq(ran, "lbdf");
    return;
  }
  if (plus.required_bytes > room) return;
  bool same = brr.required_bytes <= room && brr.weight_bytes == plus.weight_bytes;
  ck_assert_str_eq(ran, same ? "brr" : "brr-plus");
  if (brr.required_bytes <= room) ck_assert_uint_le(plus.weight_bytes, brr.weight_bytes);
}

/* Wide maps of four rows, x, b and c, a narrow one behind each. In one stripe there is one wide map at a time, four
 * rows. In stripes of one row the first needs two rows of c, three of b and all of x, and when c is made two rows each
 * of x and b wait: six. Where four fit and six do not, slices make the group valid, which then runs in one stripe
 * without them: no more so under BRR, which is not valid where stripes of one row are not. */
START_TEST(what_is_not_valid_under_brr_does_not_run_so) {
  struct subject subject = {.number = 0};
  struct net net;
  uint32_t plain = 0;
  net_begin(&net, 1);
  struct channel_map map = channel_input(&net, 8, 4, 50);
  for (int i = 0; i < 2; i++) map = channel_conv(&net, channel_conv(&net, map, 1, 3, 1, 0), 8, 1, 1, 0);
  net_mark(&net, channel_conv(&net, map, 1, 3, 1, 0).tensor);
  const struct hw hw = support_hw(1);
  sim_fixture_open(&subject.fixture, net_end(&net), &hw);
  group_of_all(subject.fixture.graph, subject.group);
  struct group_cost cost = cost_under(&subject, "lbdf");
  for (uint64_t bytes = cost.required_bytes; bytes-- > 1;) {
    subject.fixture.model.hw.buffer_capacity_bytes = bytes;
    check_against_brr(&subject);
    cost = cost_under(&subject, "auto");
    bool refined = cost.resident_ops > 0 || cost.sliced_maps > 0;
    plain += cost.required_bytes <= bytes && !refined && cost_under(&subject, "brr").required_bytes > bytes;
  }
  ck_assert_uint_gt(plain, 0);
  subject_close(&subject);
}
END_TEST

START_TEST(it_never_moves_more_than_brr_nor_fails_where_brr_fits) {
  for (uint32_t i = 0; i < PROPERTY_NETS; i++) {
    struct subject subject;
    struct group_cost attempt;
    subject_open(&subject, 6, i, 5, 14);
    set_some_capacity(&subject);
    check_against_brr(&subject);
    const struct group_cost cost = cost_under(&subject, "brr-plus");
    ck_assert_int_eq(sim_try_brr_plus(subject.fixture.sim, subject.group, &attempt), 0);
    bool fits = cost.required_bytes <= capacity(&subject);
    ck_assert_int_eq(attempt.required_bytes <= capacity(&subject), fits);
    if (fits) ck_assert_mem_eq(&attempt, &cost, sizeof cost);
    subject_close(&subject);
  }
}
END_TEST

START_TEST(more_room_never_fetches_more) {
  for (uint32_t i = 0; i < PROPERTY_NETS / 5; i++) {
    struct subject subject;
    uint64_t last = UINT64_MAX;
    subject_open(&subject, 7, i, 4, 12);
    uint64_t most = cost_under(&subject, "lbdf").required_bytes;
    for (uint64_t room = 1; room <= most + 3; room += 1 + most / 23) {
      subject.fixture.model.hw.buffer_capacity_bytes = room;
      const struct group_cost cost = cost_under(&subject, "brr-plus");
      ck_assert(cost.required_bytes <= room || last == UINT64_MAX);
      if (cost.required_bytes > room) continue;
      ck_assert_uint_le(cost.weight_bytes, last);
      last = cost.weight_bytes;
    }
    subject_close(&subject);
  }
}
END_TEST

START_TEST(without_its_options_it_is_brr) {
  for (uint32_t i = 0; i < PROPERTY_NETS / 5; i++) {
    struct subject subject;
    subject_open(&subject, 8, i, 4, 12);
    set_some_capacity(&subject);
    subject.fixture.model.hw.brr_residency = subject.fixture.model.hw.brr_slicing = false;
    const struct group_cost brr = cost_under(&subject, "brr"), plus = cost_under(&subject, "brr-plus");
    ck_assert_uint_eq(plus.required_bytes, brr.required_bytes);
    if (brr.required_bytes <= capacity(&subject)) ck_assert_mem_eq(&plus, &brr, sizeof plus);
    subject_close(&subject);
  }
}
END_TEST

/* ---- traces, shares, time ---- */

static uint64_t loaded_bytes(const struct subject *subject, const struct trace *trace) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < trace->event_count; i++) {
    const struct trace_event *event = &trace->events[i];
    if (event->kind == TRACE_LOAD) bytes += subject->fixture.model.row_bytes[event->tensor];
  }
  return bytes;
}

static void check_trace(const struct subject *subject, const struct trace *trace, const struct group_cost *cost) {
  struct replay replay;
  uint64_t batch = subject->fixture.graph->batch;
  replay_trace(&replay, subject->fixture.graph, subject->group, trace);
  ck_assert_uint_eq(replay.peak_bytes, cost->required_bytes);
  ck_assert_uint_eq(loaded_bytes(subject, trace) * batch, cost->dram_in_bytes);
  ck_assert_uint_eq(replay.store_bytes * batch, cost->dram_out_bytes);
  ck_assert_uint_eq(replay.weight_bytes + replay.fetched_bytes * batch, cost->weight_bytes);
  ck_assert_int_eq(replay.overflows > 0, cost->required_bytes > capacity(subject));
}

static void check_shares(const struct subject *subject, const struct trace *trace, const struct group_cost *cost) {
  uint64_t weights[MOST_OPS], rows[MOST_OPS], total = 0;
  struct sim_peak peak = {.weight_bytes = weights, .row_bytes = rows};
  struct group_cost again;
  struct attribution attribution;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(sim_find_peak_brr_plus(subject->fixture.sim, subject->group, &again, &peak), 0);
  ck_assert_mem_eq(&again, cost, sizeof again);
  ck_assert_int_eq(attribution_create(&attribution, trace, ATTRIBUTION_PEAK, &err), 0);
  ck_assert_uint_eq(peak.staging_bytes, attribution.staging_bytes);
  for (uint32_t v = 0; v < subject->fixture.graph->op_count; v++) {
    total += weights[v] + rows[v];
    ck_assert_msg(rows[v] == attribution.row_bytes[v], "network %u, op %u: %" PRIu64 " of rows, expected %" PRIu64,
                  subject->number, v, rows[v], attribution.row_bytes[v]);
    ck_assert_uint_eq(weights[v], attribution.weight_bytes[v]);
  }
  ck_assert_uint_eq(total + peak.staging_bytes, cost->required_bytes);
  attribution_free(&attribution);
}

static void check_run(const struct subject *subject, const struct group_cost *cost) {
  struct trace trace;
  struct error err = ERROR_INIT;
  ck_assert_int_eq(trace_create(&trace, subject->fixture.graph, capacity(subject), &err), 0);
  const struct trace_sink sink = {trace_append, &trace};
  ck_assert_int_eq(sim_trace_brr_plus(subject->fixture.sim, subject->group, capacity(subject), &sink), 0);
  check_trace(subject, &trace, cost);
  check_shares(subject, &trace, cost);
  trace_free(&trace);
}

START_TEST(a_trace_keeps_every_rule_and_tells_the_shares) {
  for (uint32_t i = 0; i < PROPERTY_NETS; i++) {
    struct subject subject;
    subject_open(&subject, 9, i, 5, i % 5 == 0 ? 60 : 12);
    set_some_capacity(&subject);
    const struct group_cost cost = cost_under(&subject, "brr-plus");
    check_run(&subject, &cost);
    subject_close(&subject);
  }
}
END_TEST

/* The second convolution's rows pass in slices to the depthwise one, but for the last two of each stripe, which wait
 * whole for the next: there the first convolution, with two groups, not sliced, may have the peak. */
START_TEST(rows_that_wait_for_their_stripe_are_whole) {
  struct subject subject = {.number = 0};
  struct net net;
  uint32_t sliced = 0;
  net_begin(&net, 1);
  struct net_window valid = {.kernel = 3, .stride = 1, .pad = 0, .dilation = 1};
  struct channel_map map = channel_input(&net, 16, 24, 6);
  map = channel_conv_by(&net, map, 2, 2, (struct net_window){.kernel = 3, .stride = 1, .pad = 1, .dilation = 1}, 0);
  map = channel_conv(&net, map, 12, 1, 1, 0);
  map = channel_conv_by(&net, map, 12, 12, valid, 0);
  net_mark(&net, map.tensor);
  const struct hw hw = support_hw(1);
  sim_fixture_open(&subject.fixture, net_end(&net), &hw);
  group_of_all(subject.fixture.graph, subject.group);
  struct group_cost cost = cost_under(&subject, "lbdf");
  for (uint64_t bytes = cost.required_bytes; bytes-- > 1;) {
    subject.fixture.model.hw.buffer_capacity_bytes = bytes;
    cost = cost_under(&subject, "brr-plus");
    if (cost.required_bytes > bytes) break;
    sliced += cost.sliced_maps > 0;
    check_run(&subject, &cost);
  }
  ck_assert_uint_gt(sliced, 0);
  subject_close(&subject);
}
END_TEST

static void check_timed(struct timed *timed, const uint64_t *group, const struct group_cost *untimed) {
  struct timed_cost cost;
  ck_assert_int_eq(timed_run(timed, group, untimed, NULL, &cost), 0);
  ck_assert_uint_eq(cost.dram_read_bytes, untimed->dram_in_bytes + untimed->weight_bytes);
  ck_assert_uint_eq(cost.dram_write_bytes, untimed->dram_out_bytes);
}

/* The steps give back what they take and ask for no more than the group requires; each store has the step that gives
 * its room back. */
static void check_program(const struct subject *subject, const struct group_cost *cost) {
  struct program program = {0};
  struct residency residency = {0};
  struct dram_layout layout;
  struct walk walk;
  struct error err = ERROR_INIT;
  uint64_t occupied = 0;
  ck_assert_int_eq(walk_create(&walk, &subject->fixture.model, &err), 0);
  ck_assert_int_eq(residency_reserve(&residency, subject->fixture.graph->tensor_count), 0);
  ck_assert_int_eq(dram_layout_create(&layout, &subject->fixture.model, &err), 0);
  ck_assert_int_eq(program_build_streamed(&program, &walk, &residency, &layout, subject->group, cost, true), 0);
  for (size_t i = 0; i < program.count; i++) {
    const struct step *step = &program.steps[i];
    if (step->kind == STEP_LOAD || step->kind == STEP_ALLOC) occupied += step->bytes;
    if (step->kind == STEP_FREE) occupied -= step->bytes;
    if (step->kind == STEP_STORE) ck_assert_uint_lt(step->pair, program.count);
    if (step->pair != STEP_NONE) ck_assert_uint_eq(program.steps[step->pair].pair, i);
    if (step->pair != STEP_NONE) ck_assert_uint_eq(program.steps[step->pair].bytes, step->bytes);
  }
  uint64_t kept = 0;
  for (uint32_t v = 0; v < subject->fixture.graph->op_count; v++) {
    if (bitset_has(subject->group, v) && walk.stays[v]) kept += subject->fixture.model.weight_bytes[v];
  }
  ck_assert_uint_eq(occupied, kept);
  ck_assert_uint_le(program.peak_bytes, cost->required_bytes);
  program_free(&program);
  dram_layout_free(&layout);
  residency_free(&residency);
  walk_free(&walk);
}

START_TEST(timed_groups_move_the_same_bytes_and_keep_within_the_buffer) {
  for (uint32_t i = 0; i < TIMED_NETS; i++) {
    struct subject subject;
    struct timed *timed;
    struct timed_cost run;
    struct error err = ERROR_INIT;
    subject_open(&subject, 10, i, 5, 12);
    set_some_capacity(&subject);
    const struct group_cost cost = cost_under(&subject, "brr-plus");
    ck_assert_int_eq(timed_create(&timed, &subject.fixture.model, &err), 0);
    check_timed(timed, subject.group, &cost);
    if (cost.stripes > 0) check_program(&subject, &cost);
    ck_assert_int_eq(timed_run(timed, subject.group, &cost, NULL, &run), 0);
    if (cost.required_bytes <= capacity(&subject)) ck_assert_uint_le(run.peak_occupied_bytes, capacity(&subject));
    timed_free(timed);
    subject_close(&subject);
  }
}
END_TEST

/* ---- by hand ---- */

struct expected {
  uint64_t room, required, weights;
  uint32_t stripes, resident, sliced;
};

/* All ops of the network, in buffers of these sizes; 8 bits, one channel a slice. */
static void check_costs(struct net *net, const struct expected *expected, size_t count) {
  const struct hw hw = support_hw(1);
  struct sim_fixture fixture;
  uint64_t group[GRAPH_MAX_SET_WORDS];
  sim_fixture_open(&fixture, net_end(net), &hw);
  group_of_all(fixture.graph, group);
  for (size_t i = 0; i < count; i++) {
    const struct expected *want = &expected[i];
    struct group_cost cost;
    fixture.model.hw.buffer_capacity_bytes = want->room;
    ck_assert_int_eq(sim_cost_brr_plus(fixture.sim, group, &cost), 0);
    ck_assert_uint_eq(cost.required_bytes, want->required);
    ck_assert_uint_eq(cost.weight_bytes, want->weights);
    ck_assert_uint_eq(cost.stripes, want->stripes);
    ck_assert_uint_eq(cost.resident_ops, want->resident);
    ck_assert_uint_eq(cost.sliced_maps, want->sliced);
  }
  sim_fixture_close(&fixture);
}

#define CHECK_COSTS(net, expected) check_costs(net, expected, sizeof(expected) / sizeof(expected)[0])

/* x has 6 rows of 2 channels of 5, so 10 bytes. A 1x1 convolution to 3 channels has 6 bytes of weights and makes
 * rows of 15; one to 40 channels has 120 and makes rows of 200. LBDF: weights 126, a row of t0, one of t1: 341.
 *   Slices of the maps outside, x and t1: op 0 accumulates the 15 of each row of t0 from slices of 5; op 1 makes
 *   slices of 5 from t0: 20 for each row, whichever runs. Staging 6: op 0's is 2 * ceil(6 / 2), of input channels,
 *   and op 1's is 2 * ceil(120 / 40).
 *   One stripe: 6 * 20 + 6 = 126, and each weight once, 126.
 *   Two of 3 rows: 60 + 6 = 66. With 6 bytes more op 0 can stay, and op 1 still needs the staging: 72. */
START_TEST(slices_keep_wide_maps_out_of_the_buffer) {
  static const struct expected expected[] = {
      {341, 341, 126, 0, 0, 0}, {340, 126, 126, 1, 0, 2}, {126, 126, 126, 1, 0, 2},
      {125, 72, 6 + 240, 2, 1, 2}, {71, 66, 252, 2, 0, 2},
  };
  struct net net;
  net_begin(&net, 1);
  struct channel_map t0 = channel_conv(&net, channel_input(&net, 2, 6, 5), 3, 1, 1, 0);
  net_mark(&net, channel_conv(&net, t0, 40, 1, 1, 0).tensor);
  CHECK_COSTS(&net, expected);
}
END_TEST

/* x has 8 rows of one channel of 10, and three 1x1 convolutions make as much; 1 byte of weights and 4 of bias each,
 * and as much staging, min(5, 2 * 5). A slice of the only channel is the whole row. LBDF: 15 and two rows, 35. In
 * stripes of one row there are two rows as well: of 34 bytes 14 are left, for staging 5 and one op that stays, not
 * two. Fetched are then 5 + 2 * 8 * 5 = 85. */
START_TEST(what_stays_is_fetched_once) {
  static const struct expected expected[] = {{35, 35, 15, 0, 0, 0}, {34, 30, 85, 8, 1, 0}, {29, 25, 120, 8, 0, 0}};
  struct net net;
  net_begin(&net, 1);
  struct channel_map map = channel_input(&net, 1, 8, 10);
  for (int i = 0; i < 3; i++) map = channel_conv(&net, map, 1, 1, 1, 1);
  net_mark(&net, map.tensor);
  CHECK_COSTS(&net, expected);
}
END_TEST

/* ---- networks ---- */

static void check_plan_on_the_clock(const struct sim_fixture *fixture, const struct plan *plan) {
  struct plan_report report;
  struct timed *timed;
  struct error err = ERROR_INIT;
  if (plan_report_create(&report, fixture->sim, method_find("brr-plus"), plan, &err) != 0) return;
  ck_assert_int_eq(timed_create(&timed, &fixture->model, &err), 0);
  for (uint32_t g = 0; g < plan->group_count; g++) {
    if (report.groups[g].valid) check_timed(timed, plan_group(plan, g), &report.groups[g].cost);
  }
  timed_free(timed);
  plan_report_free(&report);
}

/* Layer by layer, and by the plan that a local search finds. */
START_TEST(networks_move_the_same_bytes_on_the_clock) {
  struct hw hw = support_hw(256 << 10);
  struct sim_fixture fixture;
  struct plan layers;
  struct search_result result;
  struct error err = ERROR_INIT;
  struct search_options options = {
      .split = {method_find("brr-plus"), explainer_find("trace-get"), EXPLAIN_DEFAULT_FRACTION, SPLIT_DEFAULT_BREADTH,
                objective_find("dram"), NULL},
      .budget = 1,
      .seed = 1,
      .limits = SEARCH_DEFAULT_LIMITS,
      .jobs = 1,
  };
  hw.dram_unlimited = hw.compute_unlimited = true; /* the same bytes, sooner */
  sim_fixture_open(&fixture, support_network(support_networks[_i]), &hw);
  ck_assert_int_eq(plan_layer_by_layer(&layers, fixture.graph, &err), 0);
  check_plan_on_the_clock(&fixture, &layers);
  int status = search_run(&result, search_find("local"), &fixture.model, &options, &err);
  ck_assert_msg(status == 0, "%s", err.message);
  check_plan_on_the_clock(&fixture, &result.plan);
  search_result_free(&result);
  plan_free(&layers);
  sim_fixture_close(&fixture);
}
END_TEST

Suite *brr_plus_suite(void) {
  Suite *suite = suite_create("brr_plus");
  TCase *hand = tcase_create("by hand");
  tcase_add_test(hand, slices_keep_wide_maps_out_of_the_buffer);
  tcase_add_test(hand, what_stays_is_fetched_once);
  suite_add_tcase(suite, hand);
  TCase *costs = tcase_create("costs");
  tcase_set_timeout(costs, 240);
  tcase_add_loop_test(costs, any_height_takes_what_the_reference_says, 0, 2);
  tcase_add_test(costs, no_choice_fetches_fewer_weights);
  tcase_add_test(costs, no_set_of_weights_that_stay_saves_more);
  tcase_add_test(costs, it_never_moves_more_than_brr_nor_fails_where_brr_fits);
  tcase_add_test(costs, what_is_not_valid_under_brr_does_not_run_so);
  tcase_add_test(costs, more_room_never_fetches_more);
  tcase_add_test(costs, without_its_options_it_is_brr);
  suite_add_tcase(suite, costs);
  TCase *runs = tcase_create("runs");
  tcase_set_timeout(runs, 240);
  tcase_add_test(runs, a_trace_keeps_every_rule_and_tells_the_shares);
  tcase_add_test(runs, rows_that_wait_for_their_stripe_are_whole);
  tcase_add_test(runs, timed_groups_move_the_same_bytes_and_keep_within_the_buffer);
  tcase_add_loop_test(runs, networks_move_the_same_bytes_on_the_clock, 0, SUPPORT_NETWORKS);
  suite_add_tcase(suite, runs);
  return suite;
}
