/* spillway plot: pictures that are whole, of what was asked for. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_run.h"
#include "sim_fixture.h"
#include "get/explainer.h"

static void assert_svg(const char *path) {
  const char *svg = cli_read(path);
  ck_assert_msg(strncmp(svg, "<?xml", 5) == 0, "%s is no SVG", path);
  cli_assert_has(svg, "<svg");
  cli_assert_has(svg, "</svg>");
  cli_assert_has(svg, "<path");
}

static void assert_png(const char *path) {
  const char *png = cli_read(path);
  ck_assert_mem_eq(png, "\x89PNG\r\n\x1a\n", 8);
  ck_assert_mem_eq(png + 12, "IHDR", 4);
}

START_TEST(occupancy_is_drawn_of_a_group_and_of_a_trace) {
  if (cli_find_program("gnuplot") == NULL) return;
  OUTPUT("plot", "occupancy", "squeezenet1_1", "--group", "10..20", "--buffer", "32KiB", "-o", "a.svg");
  OUTPUT("plot", "occupancy", "squeezenet1_1", "--group", "10..20", "--buffer", "32KiB", "-o", "a.png");
  assert_svg("a.svg");
  assert_png("a.png");
  cli_assert_has(cli_read("a.svg"), "capacity 32 KiB");
  cli_assert_has(cli_read("a.svg"), "first overflow, step 17");
  cli_assert_has(cli_read("a.svg"), "/n/features/features.4/Concat");
  OUTPUT("simulate", "squeezenet1_1", "--group", "10..20", "--buffer", "32KiB", "--trace", "t.csv", "--no-db");
  OUTPUT("plot", "occupancy", "--trace", "t.csv", "-o", "b.svg", "--title", "of the trace");
  cli_assert_has(cli_read("b.svg"), "of the trace");
  cli_assert_has(cli_read("b.svg"), "first overflow, step 17");
  ck_assert_uint_eq(cli_count_files(), 4);
}
END_TEST

START_TEST(curves_are_drawn_of_the_database) {
  if (cli_find_program("gnuplot") == NULL) return;
  COMPLAINS_OF("results/spillway.db: no such database", "plot", "curves", "-o", "c.svg");
  OUTPUT("simulate", "squeezenet1_1");
  COMPLAINS("results/spillway.db: no searches to draw; run 'spillway schedule' first", "plot", "curves", "-o", "c.svg");
  OUTPUT("schedule", "squeezenet1_1", "--budget", "20");
  OUTPUT("schedule", "squeezenet1_1", "--budget", "20", "--search", "random");
  OUTPUT("plot", "curves", "-o", "c.svg");
  OUTPUT("plot", "curves", "squeezenet1_1", "-o", "c.png", "--where", "search = 'random'");
  assert_svg("c.svg");
  assert_png("c.png");
  cli_assert_has(cli_read("c.svg"), "local search, trace-get split");
  cli_assert_has(cli_read("c.svg"), "random search, trace-get split");
  COMPLAINS_OF("no searches of alexnet to draw", "plot", "curves", "alexnet", "-o", "d.svg");
  COMPLAINS_OF("no searches that --where lets through to draw", "plot", "curves", "-o", "d.svg", "--where",
               "budget = 3");
  COMPLAINS_OF("syntax error", "plot", "curves", "-o", "d.svg", "--where", "budget ==== 3");
}
END_TEST

/* gnuplot would run what stands between backquotes. */
/* Edges of a group are lines of $edges0 to 2, by how they are marked; each ends with an empty line. */
static size_t count_lines(const char *script, const char *block) {
  const char *from = strstr(script, block), *to = from == NULL ? NULL : strstr(from, "NaN NaN\n");
  size_t count = 0;
  ck_assert_ptr_nonnull(to);
  for (const char *c = from; c < to; c++) count += c[0] == '\n' && c[1] == '\n';
  return count;
}

START_TEST(explanations_are_drawn_of_a_group) {
  sim_fixture_save_learned("models", 1);
  OUTPUT("plot", "explanation", "alexnet", "--group", "0..5", "--buffer", "256KiB", "--column", "-o", "a.gp",
         "--models", "models");
  const char *script = cli_read("a.gp");
  size_t plain = count_lines(script, "$edges0 <<"), named = count_lines(script, "$edges1 <<");
  size_t first = count_lines(script, "$edges2 <<");
  cli_assert_has(script, "\"trace-get\" 0");
  cli_assert_has(script, "\"gnn-cut\" 1");
  cli_assert_lacks(script, "\"exhaustive\"");
  cli_assert_has(script, "capacity 256 KiB");
  /* A chain of six ops has five edges in each column, of which each explainer names one first. */
  ck_assert_uint_ge(first, 3);
  ck_assert_uint_eq(plain + named + first, 5 * first);
  ck_assert_uint_ge(named, EXPLAIN_LEAST_EDGES - 1);
  OUTPUT("plot", "explanation", "alexnet", "--group", "0..5", "--buffer", "256KiB", "-o", "b.gp", "--explainers",
         "exhaustive,middle");
  cli_assert_has(cli_read("b.gp"), "(\"middle\" 0, \"exhaustive\" 1)");
  COMPLAINS_OF("the figure explanation needs NET and --group A..B", "plot", "explanation", "alexnet", "-o", "a.gp");
  COMPLAINS_OF("the group fits the buffer, so there is nothing to explain", "plot", "explanation", "alexnet", "--group",
               "0..1", "--buffer", "1GiB", "-o", "a.gp", "--models", "models");
  COMPLAINS_OF("the group has 1 op; the figure explanation can show from 2 to 60", "plot", "explanation", "alexnet",
               "--group", "0", "-o", "a.gp");
}
END_TEST

START_TEST(names_are_drawn_and_never_run) {
  static const char hostile[] = "`touch ran`'\"@x\\n%s{/=20 y}$(touch ran)";
  if (cli_find_program("gnuplot") == NULL) return;
  cli_write("t.csv",
            "# network: `touch ran`\n# capacity_bytes: 50\nstep,kind,op,tensor,row,bytes,occupied_bytes\n"
            "0,weights,`touch ran`'x\\,,0,30,30\n1,weights,\"'; system \"\"touch ran\"\"\",,0,30,60\n");
  OUTPUT("plot", "occupancy", "--trace", "t.csv", "-o", "a.svg");
  cli_assert_has(cli_read("a.svg"), "`touch ran`");
  OUTPUT("plot", "occupancy", "--trace", "t.csv", "-o", "b.svg", "--title", hostile);
  cli_assert_has(cli_read("b.svg"), "`touch ran`'\"@x\\n%s{/=20 y}$(touch ran)");
  ck_assert_int_ne(access("ran", F_OK), 0);
}
END_TEST

START_TEST(plot_says_what_it_needs) {
  COMPLAINS("plot needs --output FILE, a name that ends in .svg or .png", "plot", "occupancy");
  COMPLAINS("'a.jpg' has no ending that can be drawn; expected .svg or .png, or .gp for gnuplot's script", "plot",
            "occupancy", "-o", "a.jpg");
  COMPLAINS("'.svg' has no ending that can be drawn; expected .svg or .png, or .gp for gnuplot's script", "plot",
            "occupancy", "-o", ".svg");
  COMPLAINS("unknown figure 'ocupancy'; did you mean 'occupancy'? known are occupancy, curves, buffer, valid, gap, "
            "front, culprits, explanation",
            "plot", "ocupancy", "-o", "a.svg");
  COMPLAINS("the figure occupancy needs NET and --group A..B, or --trace FILE", "plot", "occupancy", "-o", "a.svg");
  COMPLAINS("the figure occupancy needs NET and --group A..B, or --trace FILE", "plot", "occupancy", "alexnet", "-o",
            "a.svg");
  COMPLAINS("missing.csv: cannot open: No such file or directory", "plot", "occupancy", "--trace", "missing.csv", "-o",
            "a.svg");
}
END_TEST

START_TEST(a_picture_that_cannot_be_written_leaves_nothing) {
  if (cli_find_program("gnuplot") == NULL) return;
  COMPLAINS_OF("nowhere/a.svg: cannot write: No such file or directory", "plot", "occupancy", "alexnet", "--group",
               "0..2", "-o", "nowhere/a.svg");
  cli_write("old.svg", "old");
  const struct cli_setting small = {.largest_file_bytes = 3000};
  struct cli_result result =
      cli_run(&small, ARGUMENTS("plot", "occupancy", "alexnet", "--group", "0..2", "-o", "old.svg"));
  cli_assert_complaint(&result);
  ck_assert_str_eq(cli_read("old.svg"), "old");
  ck_assert_uint_eq(cli_count_files(), 1);
}
END_TEST

TCase *cli_plot_case(void) {
  TCase *tests = tcase_create("plot");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_test(tests, occupancy_is_drawn_of_a_group_and_of_a_trace);
  tcase_add_test(tests, curves_are_drawn_of_the_database);
  tcase_add_test(tests, explanations_are_drawn_of_a_group);
  tcase_add_test(tests, names_are_drawn_and_never_run);
  tcase_add_test(tests, plot_says_what_it_needs);
  tcase_add_test(tests, a_picture_that_cannot_be_written_leaves_nothing);
  return tests;
}
