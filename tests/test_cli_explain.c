/* spillway explain: shares, cuts and parts, from a group, a plan and a trace alone. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli_plan.h"
#include "cli_run.h"
#include "sim_fixture.h"

/* alike: a trace shows every edge of the group. It does not show who reads a row that another
 * op lets go of later, as where a path goes around squeeze-and-excitation. */
static const struct explained {
  const char *network, *buffer, *group;
  bool alike;
} explained[] = {
    {"squeezenet1_1", "32KiB", "10..20", true},
    {"resnet18", "128KiB", "3..9", true},
    {"mobilenet_v2", "64KiB", "5..30", true},
    {"efficientnet_b0", "128KiB", "60..90", true},
};
enum { EXPLAINED = sizeof explained / sizeof explained[0] };

static json_t *explain(const struct explained *what) {
  return DOCUMENT("explain", what->network, "--buffer", what->buffer, "--group", what->group, "--json");
}

static void assert_shares(const json_t *finding) {
  json_t *share;
  size_t i;
  int64_t held = 0, at_first = 0;
  json_array_foreach(cli_at(finding, "shares"), i, share) {
    held += cli_number(share, "weight_bytes") + cli_number(share, "row_bytes");
    at_first += cli_number(share, "first_overflow_weight_bytes") + cli_number(share, "first_overflow_row_bytes");
  }
  ck_assert_int_eq(held, cli_number(finding, "required_bytes"));
  if (json_is_true(cli_at(finding, "valid"))) {
    ck_assert(json_is_null(cli_at(finding, "first_overflow")));
    return;
  }
  int64_t capacity = cli_number(finding, "capacity_bytes"),
          first = cli_number(finding, "first_overflow.occupied_bytes");
  ck_assert_int_eq(at_first, first);
  ck_assert_int_gt(first, capacity);
  ck_assert_int_le(first - cli_number(finding, "first_overflow.wanted_bytes"), capacity);
}

/* The ops of the group, each with how often it came. */
static json_t *op_counts(const json_t *finding) {
  json_t *counts = json_object(), *op;
  size_t i;
  json_array_foreach(cli_at(finding, "ops"), i, op) json_object_set_new(counts, json_string_value(op), json_integer(0));
  return counts;
}

static void assert_cuts(const json_t *finding, const json_t *counts) {
  json_t *cut;
  size_t i;
  ck_assert_uint_gt(json_array_size(cli_at(finding, "cuts")), 0);
  json_array_foreach(cli_at(finding, "cuts"), i, cut) {
    ck_assert_ptr_nonnull(json_object_get(counts, cli_text(cut, "from")));
    ck_assert_ptr_nonnull(json_object_get(counts, cli_text(cut, "to")));
    ck_assert_str_ne(cli_text(cut, "from"), cli_text(cut, "to"));
  }
}

/* They fit, and have every op of the group once. */
static void assert_parts(const json_t *finding, json_t *counts) {
  json_t *part, *op, *count;
  size_t p, i, ops = 0;
  int64_t bytes = 0;
  json_array_foreach(cli_at(finding, "parts"), p, part) {
    ck_assert_int_le(cli_number(part, "required_bytes"), cli_number(finding, "capacity_bytes"));
    bytes += cli_number(part, "dram_bytes");
    json_array_foreach(cli_at(part, "ops"), i, op) {
      count = json_object_get(counts, json_string_value(op));
      ck_assert_ptr_nonnull(count);
      ck_assert_int_eq(json_integer_value(count), 0);
      json_integer_set(count, 1);
      ops++;
    }
  }
  ck_assert_uint_gt(p, 1);
  ck_assert_uint_eq(ops, json_object_size(counts));
  ck_assert_int_eq(bytes, cli_number(finding, "parts_dram_bytes"));
}

START_TEST(shares_add_up_and_parts_fit_and_cover_the_group) {
  json_t *document = explain(&explained[_i]), *finding = cli_at(document, "findings.0"), *counts = op_counts(finding);
  ck_assert_str_eq(cli_keys(document), "network network_hash method hardware findings");
  ck_assert_uint_eq(json_array_size(cli_at(document, "findings")), 1);
  ck_assert(json_is_false(cli_at(finding, "valid")));
  assert_shares(finding);
  assert_cuts(finding, counts);
  assert_parts(finding, counts);
  const char *biggest = cli_text(finding, "shares.0.op");
  ck_assert_int_eq(strncmp(cli_text(finding, "reason"), biggest, strlen(biggest)), 0);
  json_decref(counts);
  json_decref(document);
}
END_TEST

/* Ops that hold as much as each other come in the order of their labels, which a trace does not tell. */
static void assert_same_shares(const json_t *whole, const json_t *alone) {
  json_t *by_op = json_object(), *share;
  size_t i, others;
  json_array_foreach(cli_at(alone, "shares"), others, share) json_object_set(by_op, cli_text(share, "op"), share);
  json_array_foreach(cli_at(whole, "shares"), i, share) {
    ck_assert(json_equal(share, json_object_get(by_op, cli_text(share, "op"))));
  }
  ck_assert_uint_eq(i, others);
  json_decref(by_op);
}

START_TEST(a_trace_alone_tells_the_same_as_the_network) {
  const struct explained *what = &explained[_i];
  OUTPUT("simulate", what->network, "--buffer", what->buffer, "--group", what->group, "--no-db", "--trace", "t.csv");
  json_t *network = explain(what), *trace = DOCUMENT("explain", "--trace", "t.csv", "--json");
  json_t *whole = cli_at(network, "findings.0"), *alone = cli_at(trace, "findings.0");
  static const char *const same[] = {"capacity_bytes", "required_bytes", "peak_step",
                                     "valid",          "first_overflow", "reason",
                                     "cuts.0.from",    "cuts.0.to",      "cuts.0.relief_bytes"};
  assert_same_shares(whole, alone);
  for (size_t i = 0; i < (what->alike ? 9 : 5); i++) {
    ck_assert_msg(json_equal(cli_at(whole, same[i]), cli_at(alone, same[i])), "%s differs", same[i]);
  }
  ck_assert_str_eq(cli_text(trace, "network"), what->network);
  ck_assert_uint_eq(json_array_size(cli_at(whole, "ops")), json_array_size(cli_at(alone, "ops")));
  cli_assert_has(OUTPUT("explain", "--trace", "t.csv"), "overflows: it needs ");
  cli_assert_has(OUTPUT("explain", "--trace", "t.csv", "--buffer", "1GiB"), "fits: it needs ");
  json_decref(network);
  json_decref(trace);
}
END_TEST

START_TEST(the_words_have_reason_cut_and_parts) {
  const char *words = OUTPUT("explain", "squeezenet1_1", "--buffer", "32KiB", "--group", "10..20");
  json_t *document = explain(&explained[0]), *finding = cli_at(document, "findings.0");
  cli_assert_has(words, "overflows: it needs 50.41 KiB and the buffer has 32 KiB; first at step ");
  cli_assert_has(words,
                 cli_format("\nWho holds the buffer at the peak (step %d):\n", (int)cli_number(finding, "peak_step")));
  cli_assert_has(words, cli_format("\nIn words: %s.\n", cli_text(finding, "reason")));
  cli_assert_has(words, "\nWhere to cut, by trace-get ");
  cli_assert_has(words, cli_format("\nSplit into %zu parts that fit:\n", json_array_size(cli_at(finding, "parts"))));
  cli_assert_has(words, "... and 1 more op; --rows 0 shows all\n");
  const char *all = OUTPUT("explain", "squeezenet1_1", "--buffer", "32KiB", "--group", "10..20", "--rows", "0");
  cli_assert_lacks(all, "shows all");
  ck_assert_uint_gt(strlen(all), strlen(words) - strlen("... and 1 more op; --rows 0 shows all\n"));
  json_decref(document);
}
END_TEST

START_TEST(a_group_that_fits_needs_no_cut) {
  json_t *document = DOCUMENT("explain", "squeezenet1_1", "--buffer", "64KiB", "--group", "10..20", "--json");
  json_t *finding = cli_at(document, "findings.0");
  ck_assert(json_is_true(cli_at(finding, "valid")));
  assert_shares(finding);
  ck_assert_uint_eq(json_array_size(cli_at(finding, "cuts")), 0);
  ck_assert_uint_eq(json_array_size(cli_at(finding, "parts")), 0);
  ck_assert(json_is_null(cli_at(finding, "reason")));
  json_decref(document);
  const char *words = OUTPUT("explain", "squeezenet1_1", "--buffer", "64KiB", "--group", "10..20");
  cli_assert_has(words, "fits: it needs 50.41 KiB of the 64 KiB\n");
  cli_assert_lacks(words, "Where to cut");
}
END_TEST

START_TEST(an_op_that_overflows_alone_is_named) {
  json_t *document = DOCUMENT("explain", "alexnet", "--group", "13..15", "--json"),
         *finding = cli_at(document, "findings.0");
  assert_shares(finding);
  ck_assert_str_eq(cli_text(finding, "unfusable_op"), "/n/classifier/classifier.1/Gemm");
  ck_assert_uint_eq(json_array_size(cli_at(finding, "parts")), 0);
  json_decref(document);
  cli_assert_has(OUTPUT("explain", "alexnet", "--group", "13..15"),
                 "/n/classifier/classifier.1/Gemm overflows even alone, so no split of this group fits");
}
END_TEST

#define STREAMED_GROUP "mobilenet_v2", "--method", "brr", "--buffer", "60KiB", "--group", "88..98"

/* The staging area is a share of its own, beside the rows of the op that needs most of it. */
START_TEST(the_staging_area_is_a_share) {
  json_t *document = DOCUMENT("explain", STREAMED_GROUP, "--json"), *finding = cli_at(document, "findings.0"), *share;
  int64_t held = 0, staging = 0;
  size_t i;
  json_array_foreach(cli_at(finding, "shares"), i, share) {
    ck_assert_int_eq(cli_number(share, "weight_bytes"), 0);
    staging += cli_number(share, "staging_bytes");
    held += cli_number(share, "row_bytes") + cli_number(share, "staging_bytes");
  }
  ck_assert_int_eq(held, cli_number(finding, "required_bytes"));
  ck_assert_int_eq(staging, 2 * (1280 + 4)); /* two of the classifier's 1000 channels */
  cli_assert_has(OUTPUT("explain", STREAMED_GROUP), "staging KiB");
  OUTPUT("simulate", STREAMED_GROUP, "--no-db", "--trace", "t.csv");
  json_t *trace = DOCUMENT("explain", "--trace", "t.csv", "--json");
  ck_assert(json_equal(cli_at(trace, "findings.0.required_bytes"), cli_at(finding, "required_bytes")));
  ck_assert(json_equal(cli_at(trace, "findings.0.reason"), cli_at(finding, "reason")));
  COMPLAINS_OF("stripes with streamed weights, which a timed trace as CSV cannot tell", "simulate", STREAMED_GROUP,
               "--no-db", "--timed", "--trace", "timed.csv");
  json_decref(document);
  json_decref(trace);
}
END_TEST

START_TEST(groups_can_be_written_in_several_ways) {
  json_t *labels = explain(&explained[0]);
  const char *first = cli_text(labels, "findings.0.ops.0"), *last = cli_text(labels, "findings.0.ops.10");
  const char *const ways[] = {
      cli_format("%s..%s", first, last), cli_format("10..%s", last), "10..15,16..20", "20,11..19,10",
      cli_format("%s,11,12..20", first), "10..20,15..20,12"};
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
    json_t *other = DOCUMENT("explain", "squeezenet1_1", "--buffer", "32KiB", "--group", ways[i], "--json");
    ck_assert_msg(json_equal(labels, other), "%s differs", ways[i]);
    json_decref(other);
  }
  json_decref(labels);
}
END_TEST

START_TEST(a_plan_is_explained_group_by_group) {
  cli_write_whole_plan("plan.yaml", "squeezenet1_1");
  json_t *plan = DOCUMENT("explain", "squeezenet1_1", "--buffer", "600KiB", "--plan", "plan.yaml", "--json");
  json_t *group = DOCUMENT("explain", "squeezenet1_1", "--buffer", "600KiB", "--group", "0..63", "--json");
  ck_assert(json_equal(plan, group));
  ck_assert_uint_eq(json_array_size(cli_at(plan, "findings")), 1);
  assert_shares(cli_at(plan, "findings.0"));
  json_decref(plan);
  json_decref(group);
  OUTPUT("schedule", "squeezenet1_1", "--no-db", "--buffer", "128KiB", "--budget", "20", "-o", "fits.yaml");
  plan = DOCUMENT("simulate", "squeezenet1_1", "--no-db", "--json", "--buffer", "128KiB", "--plan", "fits.yaml");
  cli_assert_has(OUTPUT("explain", "squeezenet1_1", "--buffer", "128KiB", "--plan", "fits.yaml"),
                 cli_format("All %d groups of the plan fit", (int)cli_number(plan, "totals.groups")));
  json_decref(plan);
  plan = DOCUMENT("explain", "squeezenet1_1", "--buffer", "128KiB", "--plan", "fits.yaml", "--json");
  ck_assert_uint_eq(json_array_size(cli_at(plan, "findings")), 0);
  json_decref(plan);
  plan = DOCUMENT("explain", "squeezenet1_1", "--buffer", "24KiB", "--plan", "fits.yaml", "--json");
  ck_assert_uint_gt(json_array_size(cli_at(plan, "findings")), 0);
  json_decref(plan);
}
END_TEST

START_TEST(every_explainer_explains) {
  const char *const *names = cli_names("explainers");
  sim_fixture_save_learned("models", 1);
  for (size_t i = 0; names[i] != NULL; i++) {
    const char *const line[] = {"explain", "squeezenet1_1", "--buffer", "32KiB", "--group",
                                "10..20",  "--split",       names[i],   "--models", "models", NULL};
    json_t *document = DOCUMENT("explain", "squeezenet1_1", "--buffer", "32KiB", "--group", "10..20", "--json",
                                "--split", names[i], "--seed", "5", "--models", "models");
    json_t *finding = cli_at(document, "findings.0"), *counts = op_counts(finding);
    ck_assert_str_eq(cli_text(finding, "explainer"), names[i]);
    assert_shares(finding);
    assert_cuts(finding, counts);
    assert_parts(finding, counts);
    cli_assert_has(cli_output(line), cli_format("Where to cut, by %s", names[i]));
    ck_assert_str_eq(cli_output(line), cli_output(line));
    json_decref(counts);
    json_decref(document);
  }
}
END_TEST

START_TEST(explain_says_what_it_needs) {
  COMPLAINS("explain needs one of --group A..B, --plan FILE and --trace FILE; none was given", "explain", "alexnet");
  COMPLAINS("explain needs one of --group A..B, --plan FILE and --trace FILE; more than one was given", "explain",
            "alexnet", "--group", "1", "--plan", "x");
  COMPLAINS("explain needs NET, unless it is given a trace with --trace FILE", "explain", "--group", "1");
  COMPLAINS("--trace explains a trace by itself; leave the network out", "explain", "alexnet", "--trace", "t.csv");
  cli_write("t.csv", "step,kind,op,tensor,row,bytes,occupied_bytes\n0,weights,a,,0,10,10\n");
  COMPLAINS("t.csv: does not tell the capacity of the buffer; give it with --buffer SIZE", "explain", "--trace",
            "t.csv");
  cli_assert_has(OUTPUT("explain", "--trace", "t.csv", "--buffer", "16"), "fits: it needs 10 B of the 16 B");
}
END_TEST

TCase *cli_explain_case(void) {
  TCase *tests = tcase_create("explain");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_loop_test(tests, shares_add_up_and_parts_fit_and_cover_the_group, 0, EXPLAINED);
  tcase_add_loop_test(tests, a_trace_alone_tells_the_same_as_the_network, 0, EXPLAINED);
  tcase_add_test(tests, the_words_have_reason_cut_and_parts);
  tcase_add_test(tests, a_group_that_fits_needs_no_cut);
  tcase_add_test(tests, an_op_that_overflows_alone_is_named);
  tcase_add_test(tests, the_staging_area_is_a_share);
  tcase_add_test(tests, groups_can_be_written_in_several_ways);
  tcase_add_test(tests, a_plan_is_explained_group_by_group);
  tcase_add_test(tests, every_explainer_explains);
  tcase_add_test(tests, explain_says_what_it_needs);
  return tests;
}
