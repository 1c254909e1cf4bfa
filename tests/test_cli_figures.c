/* spillway plot: the figures of the results database, by what their scripts hold. The numbers are
 * worked out by hand from the runs that each test writes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_run.h"
#include "store_fixture.h"

#define DATABASE "results/spillway.db"

#define OPTIONS "\"fold_bn\":false,\"fraction\":0.3,\"objective\":\"dram\",\"breadth\":8"
#define BOUND_OPTIONS "{" OPTIONS ",\"max_ideals\":1,\"max_steps\":2,\"max_groups\":3}" /* with a proof beside it */

/* A run of "tiny"; what is NULL or 0 is as in the example run. */
struct made {
  uint64_t buffer_kib, seed, fuseable_kb;
  const char *network, *search, *splitter, *options;
  uint64_t optimum_kb, bound_kb; /* 0: not known */
};

/* kept: seed, optimum and bound, which the run refers to. */
static struct store_run make(const struct made *made, const uint64_t kept[3]) {
  struct store_run run = fixture_example_run();
  const char *yaml = cli_format("name: edge\nbuffer:\n  capacity: %dKiB\n  in_place: true\n", (int)made->buffer_kib);
  run.hardware = (struct store_hardware){"edge", yaml, made->buffer_kib * 1024, 8, 8, 32};
  run.options = "{" OPTIONS "}";
  if (made->options != NULL) run.options = made->options;
  if (made->network != NULL) run.network.name = run.network.hash = made->network;
  if (made->search != NULL) run.search = made->search;
  if (made->splitter != NULL) run.splitter = made->splitter;
  run.seed = &kept[0];
  run.fuseable_dram_bytes = made->fuseable_kb * 1000;
  run.total_dram_bytes = run.fuseable_dram_bytes + 500000;
  run.compulsory_bytes = 250000;
  run.optimum_dram_bytes = made->optimum_kb == 0 ? NULL : &kept[1];
  run.bound_dram_bytes = made->bound_kb + made->optimum_kb == 0 ? NULL : &kept[2];
  run.curve_count = run.explanation_count = run.front_count = 0;
  run.timed = NULL;
  return run;
}

/* With what the test puts in on top. */
struct further {
  const struct store_curve_point *curve;
  size_t curve_count;
  const struct store_explanation *explanations;
  size_t explanation_count;
  const struct store_front_point *front;
  size_t front_count;
};

static void write_run(const struct made *made, const struct further *further) {
  struct error err = ERROR_INIT;
  struct store *store;
  const uint64_t bound = made->bound_kb == 0 ? made->optimum_kb : made->bound_kb;
  const uint64_t kept[3] = {made->seed, made->optimum_kb * 1000, bound * 1000};
  struct store_run run = make(made, kept);
  if (further != NULL) {
    run.curve = further->curve;
    run.curve_count = further->curve_count;
    run.explanations = further->explanations;
    run.explanation_count = further->explanation_count;
    run.front = further->front;
    run.front_count = further->front_count;
  }
  ck_assert_msg(store_open(&store, DATABASE, &err) == 0, "%s", err.message);
  ck_assert_msg(store_write_run(store, NULL, &run, &err) == 0, "%s", err.message);
  store_close(store);
}

static void write_runs(const struct made *made, size_t count) {
  for (size_t i = 0; i < count; i++) write_run(&made[i], NULL);
}

/* buffer, seed, fuseable kB, and further fields. */
#define AT(kib, number, ...) {.buffer_kib = (kib), .seed = (number), .fuseable_kb = __VA_ARGS__}
#define WRITE_RUNS(...) \
  write_runs((const struct made[]){__VA_ARGS__}, sizeof((const struct made[]){__VA_ARGS__}) / sizeof(struct made))

/* `valid` of the 40 groups of a sample fit. */
static void write_sample(const char *network, uint64_t bits, uint64_t kib, uint64_t seed, uint64_t valid) {
  struct error err = ERROR_INIT;
  struct store *store;
  const char *yaml = cli_format("name: edge\ndata:\n  activation_bits: %d\n  weight_bits: %d\n"
                                "buffer:\n  capacity: %dKiB\n",
                                (int)bits, (int)bits, (int)kib);
  const struct store_sample sample = {
      .tool_version = "0.1.0", .started_at = "2024-05-06T07:08:09Z", .wall_seconds = 1.5, .network = {network, network},
      .hardware = {"edge", yaml, kib * 1024, bits, bits, 32}, .method = "lbdf", .seed = &seed, .jobs = 1,
      .options = "{\"fold_bn\":false}", .groups_wanted = 100, .groups = 40, .valid_groups = valid, .mean_ops = 2.5,
      .plans_drawn = 7,
      .cell_key = cli_format("%s %d %d %d", network, (int)bits, (int)kib, (int)seed)};
  ck_assert_msg(store_open(&store, DATABASE, &err) == 0, "%s", err.message);
  ck_assert_msg(store_write_samples(store, &sample, 1, &err) == 0, "%s", err.message);
  store_close(store);
}

/* The gnuplot script of the figure with these arguments. */
#define SCRIPT(...) (OUTPUT("plot", __VA_ARGS__, "-o", "picture.gp"), cli_read("picture.gp"))

/* ---- pooling ---- */

/* At 256 KiB seeds 1 to 3 have 3, 1 and 2 MB: median 2. At 512 KiB seeds 1 and 2 have 4 and 8:
 * median 6. An older run of seed 1 there does not count. All ops move 0.5 MB more. */
START_TEST(seeds_are_pooled_at_each_buffer) {
  WRITE_RUNS(AT(256, 1, 3000), AT(256, 2, 1000), AT(256, 3, 2000), AT(512, 1, 7000, .options = BOUND_OPTIONS),
             AT(512, 1, 4000), AT(512, 2, 8000));
  const char *script = SCRIPT("buffer", "--fuseable");
  cli_assert_has(script, "$line0 << EOD\n256 2 1 3\n512 6 4 8\nEOD\n");
  cli_assert_has(script, "$line0 using 1:3:4 with filledcurves");
  cli_assert_has(script, "set xtics ('256' 256, '512' 512)");
  cli_assert_has(script, "set xrange [255.999744:512.000512]"); /* 256 and 512 are inside */
  cli_assert_has(script, "\"DRAM traffic: tiny, 8 bits, lbdf\"");
  cli_assert_has(script, "set ylabel 'DRAM traffic of fuseable ops (MB)'");
  cli_assert_lacks(script, "$line1");
  /* Some ops are not fuseable, so the compulsory traffic of all is no bound there. */
  cli_assert_lacks(script, "compulsory traffic");
  script = SCRIPT("buffer");
  cli_assert_has(script, "$line0 << EOD\n256 2.5 1.5 3.5\n512 6.5 4.5 8.5\nEOD\n");
  cli_assert_has(script, "$compulsory0 << EOD\n256 0.25 0.25 0.25\n512 0.25 0.25 0.25\nEOD\n");
}
END_TEST

START_TEST(bounds_come_from_any_run_of_the_setting) {
  WRITE_RUNS(AT(256, 1, 3000), AT(256, 2, 2000, .bound_kb = 900),
             AT(256, 1, 1000, .search = "exact", .optimum_kb = 1000), AT(512, 1, 1500, .bound_kb = 800),
             AT(512, 2, 1500, .bound_kb = 700));
  const char *script = SCRIPT("buffer", "--fuseable", "--where", "seed = 1 AND search <> 'exact'");
  cli_assert_has(script, "$line0 << EOD\n256 3 3 3\n512 1.5 1.5 1.5\nEOD\n");
  cli_assert_has(script, "$optimum0 << EOD\n256 1 1 1\nEOD\n");
  cli_assert_has(script, "$bound0 << EOD\n512 0.8 0.8 0.8\nEOD\n");
  cli_assert_has(script, "\"certified optimum\"");
  cli_assert_has(script, "\"proven lower bound\"");
  /* With all other ops, 0.5 MB. */
  cli_assert_has(SCRIPT("buffer"), "$optimum0 << EOD\n256 1.5 1.5 1.5\nEOD\n");
  /* Exact searches alone are a picture too. */
  cli_assert_has(SCRIPT("buffer", "--where", "search = 'exact'"), "$least0 << EOD\n256 1.5 1.5 1.5\nEOD\n");
}
END_TEST

/* Gaps of 200 and 100 percent to the optimum, pooled to 150; one of 100 percent to a bound. */
START_TEST(gaps_are_to_the_optimum_or_marked) {
  WRITE_RUNS(AT(256, 1, 3000), AT(256, 2, 2000), AT(256, 1, 1000, .search = "exact", .optimum_kb = 1000));
  const char *script = SCRIPT("gap");
  cli_assert_has(script, "$line0 << EOD\n0.0000 150 100 200 1\nEOD\n");
  cli_assert_has(script, "set ylabel 'above the optimum (%)'");
  cli_assert_has(script, "\"local search, trace-get split\"");
  WRITE_RUNS(AT(512, 1, 1600, .bound_kb = 800));
  script = SCRIPT("gap");
  cli_assert_has(script, "$line0 << EOD\n0.0000 150 100 200 1\n1.0000 100 100 100 0\nEOD\n");
  cli_assert_has(script, "(\"256 KiB buffer\" 0, \"512 KiB buffer\" 1)");
  cli_assert_has(script, "above a bound, not the optimum");
}
END_TEST

/* The best plans of two seeds, each until its next: after 1 plan 10 and 8, after 2 10 and 4, after
 * 3 6 and 4. The corners of the steps between are there too. */
START_TEST(curves_of_seeds_are_pooled_as_steps) {
  const struct further one = {.curve = (const struct store_curve_point[]){{1, 10000000}, {3, 6000000}, {10, 6000000}},
                              .curve_count = 3};
  const struct further two = {.curve = (const struct store_curve_point[]){{1, 8000000}, {2, 4000000}, {10, 4000000}},
                              .curve_count = 3};
  write_run(&(const struct made)AT(256, 1, 6000), &one);
  write_run(&(const struct made)AT(256, 2, 4000), &two);
  const char *script = SCRIPT("curves");
  cli_assert_has(script, "$line0 << EOD\n1 9 8 10\n2 9 8 10\n2 7 4 10\n3 7 4 10\n3 5 4 6\n10 5 4 6\n10 5 4 6\nEOD\n");
  cli_assert_lacks(script, "$line1");
  script = SCRIPT("curves", "--where", "seed = 2");
  cli_assert_has(script, "$line0 << EOD\n1 8 8 8\n2 8 8 8\n2 4 4 4\n10 4 4 4\n10 4 4 4\nEOD\n");
  cli_assert_lacks(script, "filledcurves");
}
END_TEST

/* What a splitter was trained to is told where it tells lines of the same splitter apart, and nowhere else. */
START_TEST(weights_and_settings_are_told_where_they_differ) {
#define LEARNED(settings, weights) \
  "{" OPTIONS ",\"explainer_options\":\"" settings "\",\"weights\":\"" weights "\"}"
  WRITE_RUNS(AT(256, 1, 6000), AT(256, 1, 5000, .splitter = "pg", .options = LEARNED("", "0123456789")));
  const char *script = SCRIPT("buffer", "--fuseable");
  cli_assert_has(script, "title \"local search, trace-get split\"");
  cli_assert_has(script, "title \"local search, pg split\"");
  WRITE_RUNS(AT(256, 1, 4000, .splitter = "pg", .options = LEARNED("", "9876543210")),
             AT(256, 1, 3000, .splitter = "rg", .options = LEARNED("rg.seeds:1", "0123456789")),
             AT(256, 1, 2000, .splitter = "rg", .options = LEARNED("rg.seeds:2", "0123456789")));
  script = SCRIPT("buffer", "--fuseable");
  cli_assert_has(script, "title \"local search, trace-get split\"");
  cli_assert_has(script, "title \"local search, pg split, weights 01234567\"");
  cli_assert_has(script, "title \"local search, pg split, weights 98765432\"");
  cli_assert_has(script, "title \"local search, rg split, rg.seeds:1\"");
  cli_assert_has(script, "title \"local search, rg split, rg.seeds:2\"");
}
END_TEST

/* 10 and 30 of 40 groups of two seeds fit: median 50 percent. Searches have no part in it. */
START_TEST(shares_of_valid_groups_are_percents) {
  WRITE_RUNS(AT(256, 1, 1000));
  write_sample("tiny", 8, 256, 1, 10);
  write_sample("tiny", 8, 256, 2, 30);
  write_sample("tiny", 8, 512, 1, 40);
  const char *script = SCRIPT("valid");
  cli_assert_has(script, "$line0 << EOD\n256 50 25 75\n512 100 100 100\nEOD\n");
  cli_assert_has(script, "\"groups that fit: tiny, 8 bits, lbdf\"");
  cli_assert_has(script, "set logscale x 2");
  cli_assert_has(script, "set ylabel 'valid groups (%)'");
  cli_assert_has(SCRIPT("valid", "--where", "seed = 2 AND groups_wanted = 100"), "$line0 << EOD\n256 75 75 75\nEOD\n");
}
END_TEST

/* Widths are named as such, not as hardware of another number. */
START_TEST(samples_are_a_line_for_each_network_and_width) {
  write_sample("tiny", 8, 256, 1, 20);
  write_sample("tiny", 16, 256, 1, 10);
  write_sample("other", 8, 256, 1, 0);
  const char *script = SCRIPT("valid");
  cli_assert_has(script, "$line0 << EOD\n256 0 0 0\nEOD\n$line1 << EOD\n256 50 50 50\nEOD\n");
  cli_assert_has(script, "title \"other, 8 bits\"");
  cli_assert_has(script, "title \"tiny, 8 bits\"");
  cli_assert_has(script, "title \"tiny, 16 bits\"");
  cli_assert_has(SCRIPT("valid", "other"), "\"groups that fit: other, 8 bits, lbdf\"");
}
END_TEST

/* Of (buffer KiB, MB) the first seed has (100, 4), (200, 2), the second (100, 3), (150, 3), (250, 1). */
START_TEST(fronts_of_seeds_are_joined) {
  static const double pj = 2e9;
  static const uint64_t cycles = 3000000;
  const struct further one = {
      .front = (const struct store_front_point[]){{4000000, 102400, 5, &cycles, &pj, "[]"},
                                                  {2000000, 204800, 4, NULL, NULL, "[]"}},
      .front_count = 2};
  const struct further two = {
      .front = (const struct store_front_point[]){{3000000, 102400, 9, NULL, NULL, "[]"},
                                                  {3000000, 153600, 8, NULL, NULL, "[]"},
                                                  {1000000, 256000, 7, NULL, NULL, "[]"}},
      .front_count = 3};
  write_run(&(const struct made)AT(256, 1, 2000), &one);
  write_run(&(const struct made)AT(256, 2, 1000), &two);
  cli_assert_has(SCRIPT("front"), "$front0 << EOD\n100 3 3 3\n200 2 2 2\n250 1 1 1\nEOD\n");
  const char *script = SCRIPT("front", "--axes", "cycles,energy");
  cli_assert_has(script, "$front0 << EOD\n3 2 2 2\nEOD\n");
  cli_assert_has(script, "set xlabel 'cycles (millions)'\nset ylabel 'energy (mJ)'");
  COMPLAINS_OF("no Pareto fronts with these axes that --where lets through to draw", "plot", "front", "-o", "a.gp",
               "--axes", "cycles,dram", "--where", "seed = 2");
}
END_TEST

/* Op "w" is named 4 + 2 times, the 4 by 3 bytes of weights to 1 of rows: 3 + 0 by weights. */
START_TEST(culprits_are_summed_and_shared_out) {
  const struct further one = {
      .explanations =
          (const struct store_explanation[]){{"a", "z", 9, 8, "w", 3, 1, "a", "b", 4, 5, 4},
                                             {"a", "z", 9, 8, "r", 0, 7, "a", "b", 4, 5, 5}},
      .explanation_count = 2};
  const struct further two = {
      .explanations = (const struct store_explanation[]){{"a", "z", 9, 8, "w", 0, 7, "a", "c", 4, 5, 2}},
      .explanation_count = 1};
  write_run(&(const struct made)AT(256, 1, 2000), &one);
  write_run(&(const struct made)AT(256, 2, 2000), &two);
  const char *script = SCRIPT("culprits");
  cli_assert_has(script, "$culprits << EOD\n0 3 6\n1 0 5\nEOD\n");
  cli_assert_has(script, "(\"w\" 0, \"r\" 1)");
  write_run(&(const struct made)AT(256, 1, 2000, .network = "other"), &one);
  COMPLAINS("layers of other and tiny do not go into one picture; give NET: spillway plot culprits other", "plot",
            "culprits", "-o", "a.gp");
  cli_assert_has(SCRIPT("culprits", "other"), "$culprits << EOD\n0 0 5\n1 3 4\nEOD\n");
}
END_TEST

/* ---- what tells lines apart ---- */

START_TEST(the_key_says_what_differs_and_the_title_what_does_not) {
  WRITE_RUNS(AT(256, 1, 1000), AT(256, 1, 1000, .splitter = "random"), AT(256, 1, 1000, .network = "other"));
  const char *script = SCRIPT("buffer");
  cli_assert_has(script, "\"DRAM traffic: 8 bits, lbdf\"");
  cli_assert_has(script, "\"other, local search, trace-get split\"");
  cli_assert_has(script, "\"tiny, local search, random split\"");
  cli_assert_has(script, "\"compulsory traffic\""); /* once, as it looks the same for both networks */
  cli_assert_lacks(script, "compulsory traffic, ");
  cli_assert_has(SCRIPT("buffer", "other"), "\"DRAM traffic: other, 8 bits, lbdf\"");
  cli_assert_has(SCRIPT("buffer", "--title", "of my own"), "\"of my own\"");
}
END_TEST

START_TEST(the_key_names_objectives_and_ops_in_words) {
  WRITE_RUNS(AT(256, 1, 1000, .options = "{\"fuseable_only\":false,\"objective\":\"dram\",\"objectives\":[\"dram\"]}"),
             AT(256, 1, 2000,
                .options = "{\"fuseable_only\":true,\"objective\":\"dram\",\"objectives\":[\"dram\",\"buffer\"]}"));
  const char *script = SCRIPT("buffer");
  cli_assert_has(script, "for dram, all ops\"");
  cli_assert_has(script, "for dram\\0053buffer, only fuseable ops\"");
  /* The longer label, "local search, trace-get split, for dram+buffer, only fuseable ops", has 65 letters, and 43 fit
   * at 10 points. */
  cli_assert_lacks(script, "set key font");
  cli_assert_has(SCRIPT("buffer", "--column"), "set key font ',6.6'\n");
}
END_TEST

START_TEST(too_many_lines_are_refused) {
  char names[15][8];
  for (int i = 0; i < 15; i++) {
    snprintf(names[i], sizeof names[i], "net%d", i);
    write_run(&(const struct made)AT(256, 1, 1000, .network = names[i]), NULL);
    write_sample(names[i], 8, 256, 1, 20);
  }
  COMPLAINS("more than 14 lines to draw; choose some with NET or --where, such as --where \"budget = 2000\"", "plot",
            "buffer", "-o", "a.gp");
  COMPLAINS("more than 14 lines to draw; choose some with NET or --where, such as --where \"method = 'lbdf' AND "
            "activation_bits = 8\"",
            "plot", "valid", "-o", "a.gp");
  cli_assert_has(SCRIPT("valid", "--where", "network <> 'net7'"), "$line13");
}
END_TEST

START_TEST(nothing_to_draw_is_told_with_what_to_run) {
  static const struct {
    const char *figure, *words;
  } figures[] = {
      {"curves", "no searches of alexnet to draw; run 'spillway schedule' first"},
      {"buffer", "no searches of alexnet to draw; run 'spillway schedule' first"},
      {"valid", "no samples of groups of alexnet to draw; run 'spillway sample' first"},
      {"gap", "no searches with a known optimum or bound of alexnet to draw; run 'spillway schedule --search exact' "
              "first"},
      {"front", "no Pareto fronts with these axes of alexnet to draw; run 'spillway schedule --search nsga2' first"},
      {"culprits", "no overflows explained of alexnet to draw; run 'spillway schedule --split trace-get' first"},
  };
  WRITE_RUNS(AT(256, 1, 1000));
  for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
    COMPLAINS(cli_format(DATABASE ": %s", figures[i].words), "plot", figures[i].figure, "alexnet", "-o", "a.svg");
    COMPLAINS_OF("syntax error", "plot", figures[i].figure, "-o", "a.svg", "--where", "budget ==== 3");
  }
  COMPLAINS("--axes 'dram,dram': expected two of dram, buffer, cycles, energy and groups with a comma between, first "
            "what goes to the right",
            "plot", "front", "-o", "a.svg", "--axes", "dram,dram");
}
END_TEST

/* ---- as pictures ---- */

START_TEST(every_figure_is_drawn_in_every_format) {
  static const char *const names[] = {"curves", "buffer", "valid", "gap", "front", "culprits"};
  static const char *const endings[] = {"svg", "png"};
  if (cli_find_program("gnuplot") == NULL) return;
  struct store_run run = fixture_example_run();
  const struct further further = {run.curve, run.curve_count, run.explanations, run.explanation_count, run.front,
                                  run.front_count};
  for (uint64_t seed = 1; seed <= 3; seed++) {
    for (uint64_t kib = 128; kib <= 512; kib *= 2) {
      write_run(&(const struct made)AT(kib, seed, 1000 * seed + kib, .optimum_kb = kib == 128 ? 900 : 0,
                                     .bound_kb = 800),
                &further);
      write_sample("tiny", 8, kib, seed, 5 * seed + kib / 64);
    }
  }
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    for (size_t e = 0; e < 2; e++) {
      const char *path = cli_format("%s.%s", names[i], endings[e]);
      OUTPUT("plot", names[i], "-o", path);
      OUTPUT("plot", names[i], "-o", cli_format("column-%s", path), "--column");
      ck_assert_uint_gt(strlen(cli_read(cli_format("column-%s", path))), 0);
    }
    cli_assert_has(cli_read(cli_format("%s.svg", names[i])), "</svg>");
    cli_assert_has(cli_read(cli_format("column-%s.svg", names[i])), "width=\"317\"");
  }
}
END_TEST

/* Names come from files; gnuplot would run what stands between backquotes. */
START_TEST(names_in_the_database_are_never_run) {
  static const char hostile[] = "`touch ran`\"; system 'touch ran'";
  const struct further further = {
      .explanations = (const struct store_explanation[]){{"a", "z", 9, 8, hostile, 3, 1, "a", "b", 4, 5, 4}},
      .explanation_count = 1};
  write_run(&(const struct made)AT(256, 1, 1000, .network = hostile, .bound_kb = 900), &further);
  write_run(&(const struct made)AT(512, 1, 1000, .network = "plain", .bound_kb = 900), NULL);
  if (cli_find_program("gnuplot") == NULL) return;
  OUTPUT("plot", "gap", "-o", "gap.svg");
  OUTPUT("plot", "buffer", "-o", "buffer.svg");
  OUTPUT("plot", "culprits", "-o", "culprits.svg");
  ck_assert_int_ne(access("ran", F_OK), 0);
}
END_TEST

TCase *cli_figures_case(void) {
  TCase *tests = tcase_create("figures");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, seeds_are_pooled_at_each_buffer);
  tcase_add_test(tests, bounds_come_from_any_run_of_the_setting);
  tcase_add_test(tests, gaps_are_to_the_optimum_or_marked);
  tcase_add_test(tests, curves_of_seeds_are_pooled_as_steps);
  tcase_add_test(tests, weights_and_settings_are_told_where_they_differ);
  tcase_add_test(tests, shares_of_valid_groups_are_percents);
  tcase_add_test(tests, samples_are_a_line_for_each_network_and_width);
  tcase_add_test(tests, fronts_of_seeds_are_joined);
  tcase_add_test(tests, culprits_are_summed_and_shared_out);
  tcase_add_test(tests, the_key_says_what_differs_and_the_title_what_does_not);
  tcase_add_test(tests, the_key_names_objectives_and_ops_in_words);
  tcase_add_test(tests, too_many_lines_are_refused);
  tcase_add_test(tests, nothing_to_draw_is_told_with_what_to_run);
  tcase_add_test(tests, every_figure_is_drawn_in_every_format);
  tcase_add_test(tests, names_in_the_database_are_never_run);
  return tests;
}
