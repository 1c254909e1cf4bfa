/* Command lines that make no sense: one message that says what was found and what was
 * expected, exit status 2, and nothing done. */
#include <stdlib.h>
#include <string.h>

#include "cli_run.h"

enum { MOST_WORDS = 6 };

static const struct line {
  const char *words[MOST_WORDS + 1], *message;
} lines[] = {
    {{"shedule"},
     "unknown verb 'shedule'; did you mean 'schedule'? known are show, simulate, schedule, "},
    {{"--json"}, "unknown verb '--json'; known are show, "},
    {{""}, "unknown verb ''; known are show, "},
    {{"show"}, "show needs NET: network: a name or an ONNX file"},
    {{"simulate"}, "simulate needs NET: network: a name or an ONNX file"},
    {{"schedule"}, "schedule needs NET: network: a name or an ONNX file"},
    {{"plot"}, "plot needs FIGURE: what to draw; 'spillway list figures' tells"},
    {{"show", "alexnet", "vgg16"}, "show: 'vgg16' is one argument too many"},
    {{"schedule", "alexnet", "--", "--json"}, "schedule: '--json' is one argument too many"},
    {{"list", "verbs", "x"}, "list verbs: 'x' is one argument too many"},
    {{"list", "vebs"}, "unknown kind 'vebs'; did you mean 'verbs'? known are methods, "},
    {{"help", "show", "plot"}, "help: 'plot' is one argument too many"},
    {{"help", "shw"}, "unknown verb 'shw'; did you mean 'show'?"},
    {{"schedule", "alexnet", "--bugdet", "3"}, "unknown option --bugdet; did you mean --budget?"},
    {{"schedule", "alexnet", "--bugdet=3"}, "unknown option --bugdet; did you mean --budget?"},
    {{"schedule", "--nothing-like-it", "alexnet"}, "unknown option --nothing-like-it"},
    {{"schedule", "alexnet", "-x"}, "unknown option -x"},
    {{"schedule", "alexnet", "-qx"}, "unknown option -x"},
    {{"schedule", "alexnet", "--se", "1"}, "option --se could be --search, --seed; write it out"},
    {{"schedule", "alexnet", "--b=1"},
     "option --b could be --budget, --bound, --breadth, --buffer, --bits, --bias-bits; write it out"},
    {{"schedule", "alexnet", "--budget"}, "option --budget needs an argument: N, plans that may be proposed"},
    {{"schedule", "alexnet", "-n"}, "option --budget needs an argument: N, plans that may be proposed"},
    {{"schedule", "alexnet", "--quiet=yes"}, "option --quiet takes no argument"},
    {{"schedule", "alexnet", "--help=yes"}, "option --help takes no argument"},
    {{"schedule", "alexnet", "--budget", "0"}, "--budget is '0'; expected a whole number from 1 to 1000000000"},
    {{"schedule", "alexnet", "--budget", "-1"}, "--budget is '-1'; expected a whole number from 1 to 1000000000"},
    {{"schedule", "alexnet", "--budget", "1000000001"},
     "--budget is '1000000001'; expected a whole number from 1 to 1000000000"},
    {{"schedule", "alexnet", "--budget", "99999999999999999999"},
     "--budget is '99999999999999999999'; expected a whole number"},
    {{"schedule", "alexnet", "--budget", "1e3"}, "--budget is '1e3'; expected a whole number from 1 to 1000000000"},
    {{"schedule", "alexnet", "--budget", ""}, "--budget is ''; expected a whole number from 1 to 1000000000"},
    {{"schedule", "alexnet", "--budget", " 5"}, "--budget is ' 5'; expected a whole number from 1 to 1000000000"},
    {{"schedule", "alexnet", "--seed", "-1"}, "--seed is '-1'; expected a whole number from 0 to 9223372036854775807"},
    {{"schedule", "alexnet", "--seed", "9223372036854775808"},
     "--seed is '9223372036854775808'; expected a whole number from 0"},
    {{"schedule", "alexnet", "--seed", "one"},
     "--seed is 'one'; expected a whole number from 0 to 9223372036854775807"},
    {{"schedule", "alexnet", "-j", "1025"}, "--jobs is '1025'; expected a whole number from 0 to 1024"},
    {{"schedule", "alexnet", "--fraction", "1.5"}, "--fraction is '1.5'; expected a number from 0 to 1"},
    {{"schedule", "alexnet", "--fraction", "nan"}, "--fraction is 'nan'; expected a number from 0 to 1"},
    {{"schedule", "alexnet", "--fraction", "0.3x"}, "--fraction is '0.3x'; expected a number from 0 to 1"},
    {{"schedule", "alexnet", "--breadth", "-3"}, "--breadth is '-3'; expected a whole number from 0 to 1000000"},
    {{"schedule", "alexnet", "--search", "locl"},
     "unknown search 'locl'; did you mean 'local'? known are "},
    {{"schedule", "alexnet", "--split", "tracegett"},
     "unknown explainer 'tracegett'; did you mean 'trace-get'? known are trace-get, gnn-cut, gnne, pg, rg, random"},
    {{"simulate", "alexnet", "--method", "lbfd"}, "unknown method 'lbfd'; did you mean 'lbdf'? known are lbdf"},
    {{"simulate", "alexnet", "--buffer", "0"},
     "--buffer: buffer.capacity is '0'; expected a size from 1 B to 1 TiB, such as 256KiB"},
    {{"simulate", "alexnet", "--buffer", "-5KiB"}, "--buffer: buffer.capacity is '-5KiB'; expected a size from 1 B"},
    {{"simulate", "alexnet", "--buffer", "256Kb/s"},
     "--buffer: buffer.capacity is '256Kb/s'; expected a size from 1 B"},
    {{"simulate", "alexnet", "--buffer", "1025GiB"},
     "--buffer: buffer.capacity is '1025GiB'; expected a size from 1 B to 1 TiB"},
    {{"simulate", "alexnet", "--bits", "0"},
     "--bits: data.activation_bits is '0'; expected a whole number of bits from 1 to 64"},
    {{"simulate", "alexnet", "--weight-bits", "65"},
     "--weight-bits: data.weight_bits is '65'; expected a whole number of bits from 1 to 64"},
    {{"simulate", "alexnet", "--bias-bits", "8.5"},
     "--bias-bits: data.bias_bits is '8.5'; expected a whole number of bits"},
    {{"simulate", "alexnet", "--db", ""}, "--db is empty; expected FILE"},
    {{"simulate", "alexnet", "--group", "1"}, "--group says which group --trace is about; give --trace FILE too"},
    {{"simulate", "alexnet", "--trace", "t.csv"},
     "--trace is of one group and the plan has 19; choose one with --group A..B"},
    {{"explain", "alexnet", "--group", "1..19"},
     "network 'alexnet' has no op '19'; 'spillway show alexnet --ops' lists labels 0 to 18"},
    {{"explain", "alexnet", "--group", "-1"}, "network 'alexnet' has no op '-1'; "},
    {{"explain", "alexnet", "--group", "5..2"},
     "op '/n/features/features.5/MaxPool' (label 5) comes after '/n/features/features.2/MaxPool' (label 2); write the "
     "range the other way round"},
    {{"explain", "alexnet", "--group", "1,4"},
     "the group is not connected: no tensor passes between /n/features/features.1/Relu and "
     "/n/features/features.4/Relu"},
    {{"explain", "alexnet", "--group", "/n/features/features.0/Cnv"},
     "network 'alexnet' has no op '/n/features/features.0/Cnv'; did you mean '/n/features/features.0/Conv'?"},
    {{"explain", "alexnet", "--group", "1..nope"}, "network 'alexnet' has no op 'nope'; "},
    {{"explain", "alexnet", "--group", "1,,2"}, "network 'alexnet' has no op ''; "},
    {{"explain", "alexnet", "--group", ".."}, "network 'alexnet' has no op '..'; "},
    {{"explain", "alexnet", "--group", ""}, "--group is empty; expected A..B"},
    {{"explain", "alexnet", "--group", "1", "--rows", "-1"},
     "--rows is '-1'; expected a whole number from 0 to 1000000"},
};

START_TEST(a_line_without_sense_is_told_why) { cli_assert_has(cli_complaint(lines[_i].words), lines[_i].message); }
END_TEST

START_TEST(words_that_no_one_expects_do_no_harm) {
  char *huge = malloc(100001);
  memset(huge, 'x', 100000);
  huge[100000] = '\0';
  COMPLAINS_OF("unknown verb 'xxx", huge);
  COMPLAINS_OF("xxx: cannot open: File name too long", "show", cli_format("./%s", huge));
  COMPLAINS_OF("has no op 'xxx", "explain", "alexnet", "--group", huge);
  COMPLAINS_OF("--budget is 'xxx", "schedule", "alexnet", "--budget", huge);
  COMPLAINS_OF("unknown option --xxx", "show", "alexnet", cli_format("--%s", huge));
  COMPLAINS_OF("buffer.capacity is 'xxx", "show", "alexnet", "--buffer", huge);
  COMPLAINS_OF("missing.db: no such database", "query", huge, "--db", "missing.db");
  COMPLAINS_OF("unknown network 'xxx", "show", huge);
  free(huge);
  COMPLAINS_OF("unknown verb '%s%n?[31m'; ", "%s%n\x1b[31m");
  COMPLAINS_OF("unknown network 'a?b'; ", "show", "a\nb");
  COMPLAINS_OF("has no op '%n%s", "explain", "alexnet", "--group", "%n%s%s%s");
}
END_TEST

TCase *cli_bad_words_case(void) {
  TCase *tests = tcase_create("bad words");
  tcase_set_timeout(tests, CLI_TEST_SECONDS);
  tcase_add_checked_fixture(tests, cli_enter, cli_leave);
  tcase_add_loop_test(tests, a_line_without_sense_is_told_why, 0, sizeof lines / sizeof lines[0]);
  tcase_add_test(tests, words_that_no_one_expects_do_no_harm);
  return tests;
}
